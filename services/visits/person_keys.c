#include "visits/persons.h"

#include <string.h>

#include "common/v1/problem.pb-c.h"
#include "visits/pseudonym.h"
#include "codes/resident_id.h"
#include "visits/v1/codes.pb-c.h"

/* The numbers of a statement, hashed; whose they are to give. */

/* Of IdentifierKind: which of a statement's ids names the source record (identifiers.proto). */
static const uint8_t ranks[] = {4, 0, 1, 2, 3, 5, 6, 7, 8};
enum { KINDS = sizeof ranks };

static bool is_shared(unsigned kind) {
    return kind >= VISITS__V1__IDENTIFIER_KIND__IDENTIFIER_KIND_HEALTH_CODE;
}

static void refuse(struct stated_person *out, uint32_t code, const char *field) {
    if (out->code == 0) {
        out->code = code;
        out->field = field;
    }
}

static bool is_owner(const struct domain *domain, uint32_t facility) {
    for (unsigned i = 0; i < domain->owner_count; i++) {
        if (domain->owners[i] == facility) {
            return facility != 0;
        }
    }
    return false;
}

/* A domain given by name: a registered one, or a facility's own. */
static bool find_domain(const struct visits *self, const char *name, uint32_t facility, struct stated_id *id) {
    const uint32_t domain = visits_find_domain(self, name);
    const uint32_t other = domain == 0 ? visits_find_facility(self, name) : 0;
    if (domain == 0 && other == 0) {
        return false;
    }
    id->facility = (uint16_t)(domain != 0 ? RECORD_OF_DOMAIN | domain : other);
    id->is_foreign = domain != 0 ? !is_owner(visits_domain(self, domain), facility) : other != facility;
    return true;
}

/* Where a local id comes from, and under which name it is hashed (NULL: refused). */
static const char *place_id(const struct visits *self, const char *organisation, uint32_t facility,
                            const Visits__V1__LocalId *local, struct stated_person *out, struct stated_id *id) {
    *id = (struct stated_id){.facility = (uint16_t)facility, .kind = (uint8_t)local->kind};
    if (is_shared(id->kind)) {
        id->facility = 0;
        if (local->domain[0] != 0) {
            refuse(out, VISITS__V1__CODE__CODE_IDENTIFIER_NOT_YOURS, "local_ids.domain");
            return NULL;
        }
        return "";
    }
    if (local->domain[0] == 0) {
        if (facility == 0) {
            refuse(out, COMMON__V1__CODE__CODE_MISSING, "local_ids.domain");
        }
        return facility == 0 ? NULL : organisation;
    }
    if (!find_domain(self, local->domain, facility, id)) {
        refuse(out, VISITS__V1__CODE__CODE_IDENTIFIER_NOT_YOURS, "local_ids.domain");
        return NULL;
    }
    return local->domain;
}

static bool check_value(const char *value, const char *field, struct stated_person *out) {
    const size_t size = strlen(value);
    if (size == 0 || size > VISITS_NUMBER_BYTES_MAX) {
        refuse(out, size == 0 ? COMMON__V1__CODE__CODE_MISSING : VISITS__V1__CODE__CODE_FIELD_TOO_LONG, field);
        return false;
    }
    return true;
}

/* Puts it behind those of the same or a better rank; drops repetitions. */
static void put_id(struct stated_person *out, const struct stated_id *id) {
    size_t at = 0;
    for (size_t i = 0; i < out->count; i++) {
        if (memcmp(&out->ids[i].key, &id->key, sizeof id->key) == 0) {
            return;
        }
        at += ranks[out->ids[i].kind] <= ranks[id->kind];
    }
    if (out->count == VISITS_LOCAL_IDS_MAX) {
        refuse(out, COMMON__V1__CODE__CODE_TOO_LARGE, "local_ids");
        return;
    }
    memmove(&out->ids[at + 1], &out->ids[at], (out->count - at) * sizeof *out->ids);
    out->ids[at] = *id;
    out->count++;
}

static void hash_local_id(const struct visits *self, const char *organisation, uint32_t facility,
                          const Visits__V1__LocalId *local, struct stated_person *out) {
    struct stated_id id;
    if ((unsigned)local->kind >= KINDS) {
        refuse(out, COMMON__V1__CODE__CODE_UNKNOWN_VALUE, "local_ids.kind");
        return;
    }
    if (!check_value(local->value, "local_ids.value", out)) {
        return;
    }
    const char *domain = place_id(self, organisation, facility, local, out, &id);
    if (domain != NULL) {
        pseudonym_of_identifier(self->local_key, id.kind, domain, local->value, &id.key);
        put_id(out, &id);
    }
}

static void hash_short_id(const struct visits *self, const char *organisation, uint32_t facility, const char *local_id,
                          struct stated_person *out) {
    struct stated_id id = {.facility = (uint16_t)facility};
    if (check_value(local_id, "local_id", out)) {
        pseudonym_of_local_id(self->local_key, organisation, local_id, &id.key);
        put_id(out, &id);
    }
}

static void hash_number(const struct visits *self, uint32_t facility, const char *number, struct stated_person *out) {
    char id[RESIDENT_ID_BYTES];
    out->has_number = number[0] != 0;
    out->has_identity = out->has_number && resident_id_normalise(number, id);
    if (out->has_identity) {
        pseudonym_of_resident_id(self->options.pseudonym_key, id, &out->identity);
        memcpy(out->last4, id + RESIDENT_ID_BYTES - 1 - sizeof out->last4, sizeof out->last4);
        out->alone = pseudonym_of_identity_at(&out->identity, (uint16_t)facility);
    }
}

void person_hash(const struct visits *self, const char *organisation, uint32_t facility,
                 const Visits__V1__Identifiers *person, const char *resident_id, const char *local_id,
                 struct stated_person *out) {
    out->code = 0;
    out->field = NULL;
    out->count = 0;
    out->birth_contradicts = person != NULL && person->birth_date_contradicts;
    memset(&out->identity, 0, sizeof out->identity);
    memset(&out->alone, 0, sizeof out->alone);
    memset(out->last4, 0, sizeof out->last4);
    hash_number(self, facility, resident_id[0] != 0 || person == NULL ? resident_id : person->resident_id, out);
    if (local_id[0] != 0) {
        hash_short_id(self, organisation, facility, local_id, out);
    }
    if (person != NULL && person->n_local_ids > VISITS_LOCAL_IDS_MAX) {
        refuse(out, COMMON__V1__CODE__CODE_TOO_LARGE, "local_ids");
        return;
    }
    for (size_t i = 0; person != NULL && i < person->n_local_ids; i++) {
        hash_local_id(self, organisation, facility, person->local_ids[i], out);
    }
}

bool person_is_named(const struct stated_person *person) {
    return person->count > 0 || person->has_identity;
}
