#include "approvals/catalogue.h"

#include <string.h>

#include "base/civil.h"
#include "base/hash.h"

/* The same content whatever the order of its lists, and whether it was imported as history. */
static bool hash_content(struct catalogue_check *check, struct arena *arena) {
    Approvals__V1__PublishItem copy = *check->item;
    const uint32_t sets[] = {check->clients,         check->channels,      check->online,
                             check->promised.amount, check->promised.unit, check->statutory.amount,
                             check->statutory.unit};
    copy.agency = approvals_agency(check->self, check->agency)->code;
    copy.historical = false;
    copy.n_clients = copy.n_channels = copy.n_online = 0;
    copy.promised = copy.statutory = NULL;
    copy.base.n_unknown_fields = 0;
    const size_t size = approvals__v1__publish_item__get_packed_size(&copy);
    uint8_t *packed = arena_alloc(arena, size);
    if (packed == NULL) {
        return false;
    }
    approvals__v1__publish_item__pack(&copy, packed);
    check->content = hash_mix64(hash_bytes(packed, size) ^ hash_bytes(sets, sizeof sets));
    return true;
}

static unsigned bits_of(size_t count, const int *values) {
    unsigned bits = 0;
    for (size_t i = 0; i < count; i++) {
        bits |= values[i] >= 0 && values[i] < 16 ? 1u << values[i] : 0;
    }
    return bits;
}

static struct limit limit_of(const Approvals__V1__Limit *limit) {
    struct limit row = {.unit = LIMIT_NONE};
    if (limit != NULL && limit->unit != APPROVALS__V1__LIMIT_UNIT__LIMIT_UNIT_UNSPECIFIED) {
        row.unit = (uint8_t)limit->unit;
        row.amount =
            limit->amount > UINT16_MAX ? UINT16_MAX : (uint16_t)limit->amount; /* beyond what the checks let pass */
    }
    return row;
}

bool catalogue_begin(struct catalogue_check *check, const struct approvals *self,
                     const Approvals__V1__PublishItem *item, const char *organisation, enum role role, int32_t today,
                     struct arena *arena) {
    *check = (struct catalogue_check){
        .self = self, .item = item, .organisation = organisation, .role = role, .today = today};
    check->agency = approvals_find_agency(self, item->agency[0] == 0 ? organisation : item->agency);
    check->known = approvals_find_item(self, item->code);
    check->clients = bits_of(item->n_clients, (const int *)item->clients) & ~1u;
    check->channels = bits_of(item->n_channels, (const int *)item->channels) & ~1u;
    check->online = bits_of(item->n_online, (const int *)item->online) & ~1u;
    check->promised = limit_of(item->promised);
    check->statutory = limit_of(item->statutory);
    return hash_content(check, arena);
}

bool catalogue_is_unchanged(const struct catalogue_check *check) {
    uint32_t row = check->known == 0 ? 0 : approvals_item(check->self, check->known)->newest;
    while (row != 0 && approvals_version(check->self, row)->number > check->item->version) {
        row = approvals_version(check->self, row)->older;
    }
    const struct item_version *version = approvals_version(check->self, row);
    return row != 0 && version->number == check->item->version && version->content == check->content;
}

const struct catalogue_rule *catalogue_next_broken(const struct catalogue_check *check, size_t *at,
                                                   const char **field) {
    for (; catalogue_rules[*at].rule != NULL; (*at)++) {
        *field = catalogue_rules[*at].broken(check);
        if (*field != NULL) {
            return &catalogue_rules[(*at)++];
        }
    }
    return NULL;
}

static uint16_t flags_of(const Approvals__V1__PublishItem *item) {
    return (uint16_t)((item->no_meeting ? VERSION_NO_MEETING : 0) | (item->instant ? VERSION_INSTANT : 0) |
                      (item->app ? VERSION_APP : 0) | (item->joint ? VERSION_JOINT : 0) |
                      (item->deficiency_allowed ? VERSION_DEFICIENCY : 0) |
                      (item->supplement_stops_statutory ? VERSION_PAPERS_STOP_STATUTORY : 0) |
                      (item->fee != NULL && item->fee->charged ? VERSION_FEE : 0));
}

void catalogue_fill_version(const struct catalogue_check *check, struct item_version *version) {
    const Approvals__V1__PublishItem *item = check->item;
    *version = (struct item_version){.content = check->content,
                                     .number = item->version,
                                     .effective_day = (int32_t)item->effective_day,
                                     .promised = check->promised,
                                     .statutory = check->statutory,
                                     .flags = flags_of(item),
                                     .clients = (uint16_t)check->clients,
                                     .channels = (uint16_t)check->channels,
                                     .online = (uint16_t)check->online,
                                     .type = (uint8_t)item->type,
                                     .level = (uint8_t)item->level,
                                     .visits = (uint8_t)item->visits};
    memcpy(version->name, item->name, strlen(item->name));
}

int32_t catalogue_today(const struct approvals *self, int64_t now_ms) {
    return civil_day_of_ms(self->options.time_by_commands ? approvals_course(self)->now_ms : now_ms);
}

uint32_t catalogue_newest_live(const struct approvals *self, uint32_t item) {
    uint32_t row = approvals_item(self, item)->newest;
    while (row != 0 && !catalogue_is_live(approvals_version(self, row))) {
        row = approvals_version(self, row)->older;
    }
    return row;
}
