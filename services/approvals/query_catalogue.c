#include "approvals/query_catalogue.h"

#include <string.h>

#include "approvals/catalogue.h"
#include "calendar/notices.h"
#include "approvals/publish_item.h"
#include "base/civil.h"

/* NULL and EXHAUSTED where the arena gives no more. */
static Approvals__V1__Answer *answer_new(struct arena *arena, Approvals__V1__Answer__BodyCase body_case,
                                         uint32_t *code) {
    Approvals__V1__Answer *answer = arena_alloc(arena, sizeof *answer);
    if (answer == NULL) {
        *code = COMMON__V1__CODE__CODE_EXHAUSTED;
        return NULL;
    }
    approvals__v1__answer__init(answer);
    answer->body_case = body_case;
    return answer;
}

/* --- items --- */

/* One bit set for each number; numbers in a list of the arena. False: no room. */
static bool list_bits(unsigned bits, struct arena *arena, size_t *count, int **list) {
    *list = arena_alloc(arena, 16 * sizeof **list);
    for (int value = 0; *list != NULL && value < 16; value++) {
        if ((bits & 1u << value) != 0) {
            (*list)[(*count)++] = value;
        }
    }
    return *list != NULL;
}

static Approvals__V1__Limit *limit_message(const struct limit *limit, struct arena *arena) {
    Approvals__V1__Limit *out = arena_alloc(arena, sizeof *out);
    if (out != NULL) {
        approvals__v1__limit__init(out);
        out->amount = limit->amount;
        out->unit = (Approvals__V1__LimitUnit)limit->unit;
    }
    return out;
}

/* First day on which the version in force on `day` is no longer; 0: none known. */
static uint32_t until_day(const struct approvals *self, const struct item *item, uint32_t version, int32_t day) {
    int32_t until = approvals_version(self, version)->until_day;
    for (uint32_t row = item->newest; row != version; row = approvals_version(self, row)->older) {
        const int32_t next = approvals_version(self, row)->effective_day;
        until = next > day && next < until ? next : until;
    }
    return until == INT32_MAX ? 0 : (uint32_t)until;
}

static Approvals__V1__ItemVersion *item_message(const struct approvals *self, uint32_t item_row, uint32_t version_row,
                                                int32_t day, struct arena *arena) {
    const struct item *item = approvals_item(self, item_row);
    struct item_version *version = approvals_version(self, version_row);
    Approvals__V1__ItemVersion *out = arena_alloc(arena, sizeof *out);
    int *channels, *clients;
    if (out == NULL) {
        return NULL;
    }
    approvals__v1__item_version__init(out);
    out->code = approvals_item(self, item_row)->code;
    out->version = version->number;
    out->name = version->name;
    out->agency = approvals_agency(self, item->agency)->code;
    out->effective_day = (uint32_t)version->effective_day;
    out->until_day = until_day(self, item, version_row, day);
    out->facts = item_facts(self, arena, version, item->agency);
    out->promised = limit_message(&version->promised, arena);
    out->statutory = limit_message(&version->statutory, arena);
    if (!list_bits(version->channels, arena, &out->n_channels, &channels) ||
        !list_bits(version->clients, arena, &out->n_clients, &clients) || out->facts == NULL || out->promised == NULL ||
        out->statutory == NULL) {
        return NULL;
    }
    out->channels = (Approvals__V1__Channel *)channels;
    out->clients = (Approvals__V1__ClientKind *)clients;
    return out;
}

struct item_page {
    const struct approvals *self;
    struct arena *arena;
    int32_t day;
    uint32_t agency; /* 0: all */
    uint32_t limit;
    Approvals__V1__Items *out;
};

/* False: no room. */
static bool add_item(struct item_page *page, uint32_t row) {
    const uint32_t version = approvals_version_on(page->self, row, page->day);
    if (version == 0 || (page->agency != 0 && approvals_item(page->self, row)->agency != page->agency)) {
        return true;
    }
    Approvals__V1__ItemVersion *message = item_message(page->self, row, version, page->day, page->arena);
    if (message != NULL) {
        page->out->items[page->out->n_items++] = message;
    }
    return message != NULL;
}

static bool fill_page(struct item_page *page, uint32_t after) {
    const uint32_t count = page->self->items.count;
    uint32_t row = after;
    for (uint32_t looked_at = 0; row < count && looked_at < QUERY_ITEMS_LOOKED_AT && page->out->n_items < page->limit;
         looked_at++) {
        row++;
        if (!add_item(page, row)) {
            return false;
        }
    }
    page->out->next = row < count ? row : 0;
    return true;
}

Approvals__V1__Answer *approvals_list_items(const struct approvals *self, const struct question *question,
                                            const Approvals__V1__ListItems *ask, struct arena *arena, uint32_t *code) {
    const uint32_t asked = ask->limit == 0 ? 100 : ask->limit;
    struct item_page page = {.self = self, .arena = arena, .limit = asked > QUERY_ITEMS_MAX ? QUERY_ITEMS_MAX : asked};
    page.day = ask->day == 0 ? catalogue_today(self, question->received_at_ms)
                             : (int32_t)(ask->day < INT32_MAX ? ask->day : INT32_MAX - 1);
    page.agency = ask->agency[0] == 0 ? 0 : approvals_find_agency(self, ask->agency);
    const uint32_t item = ask->code[0] == 0 ? 0 : approvals_find_item(self, ask->code);
    if (ask->agency[0] != 0 && page.agency == 0) {
        *code = APPROVALS__V1__CODE__CODE_AGENCY_UNKNOWN;
        return NULL;
    }
    if (ask->code[0] != 0 && item == 0) {
        *code = APPROVALS__V1__CODE__CODE_ITEM_UNKNOWN;
        return NULL;
    }
    Approvals__V1__Answer *answer = answer_new(arena, APPROVALS__V1__ANSWER__BODY_ITEMS, code);
    page.out = arena_alloc(arena, sizeof *page.out);
    Approvals__V1__ItemVersion **list = arena_alloc(arena, page.limit * sizeof *list);
    if (answer == NULL || page.out == NULL || list == NULL) {
        *code = COMMON__V1__CODE__CODE_EXHAUSTED;
        return NULL;
    }
    approvals__v1__items__init(page.out);
    page.out->items = list;
    answer->items = page.out;
    if (!(item != 0 ? add_item(&page, item) : fill_page(&page, ask->after))) {
        *code = COMMON__V1__CODE__CODE_EXHAUSTED;
        return NULL;
    }
    return answer;
}

/* --- checking --- */

static bool add_finding(Approvals__V1__CheckedItems *out, uint32_t item, const struct catalogue_rule *rule,
                        const char *field, struct arena *arena) {
    Approvals__V1__Finding *finding = arena_alloc(arena, sizeof *finding);
    if (finding == NULL) {
        return false;
    }
    approvals__v1__finding__init(finding);
    finding->item = item;
    finding->rule = (char *)rule->rule;
    finding->field = (char *)field;
    finding->code = rule->code;
    finding->message = (char *)rule->english;
    finding->message_zh = (char *)rule->chinese;
    out->findings[out->n_findings++] = finding;
    return true;
}

/* False: no room. */
static bool check_item(const struct approvals *self, const struct question *question,
                       const Approvals__V1__CheckItems *ask, uint32_t place, struct arena *arena,
                       Approvals__V1__CheckedItems *out) {
    struct catalogue_check check;
    const struct principal *principal = question->principal;
    const char *field = NULL;
    size_t at = 0;
    if (!catalogue_begin(&check, self, ask->items[place], principal->organisation, principal->role,
                         catalogue_today(self, question->received_at_ms), arena)) {
        return false;
    }
    if (catalogue_is_unchanged(&check)) {
        out->unchanged++;
        return true;
    }
    const struct catalogue_rule *broken;
    while ((broken = catalogue_next_broken(&check, &at, &field)) != NULL) {
        if (!add_finding(out, place, broken, field, arena)) {
            return false;
        }
    }
    return true;
}

Approvals__V1__Answer *approvals_check_items(const struct approvals *self, const struct question *question,
                                             const Approvals__V1__CheckItems *ask, struct arena *arena,
                                             uint32_t *code) {
    if (ask->n_items > QUERY_CHECKED_ITEMS_MAX) {
        *code = COMMON__V1__CODE__CODE_TOO_LARGE;
        return NULL;
    }
    Approvals__V1__Answer *answer = answer_new(arena, APPROVALS__V1__ANSWER__BODY_CHECKED_ITEMS, code);
    Approvals__V1__CheckedItems *out = arena_alloc(arena, sizeof *out);
    Approvals__V1__Finding **list = arena_alloc(arena, ask->n_items * CATALOGUE_RULES_MAX * sizeof *list);
    bool has_room = answer != NULL && out != NULL && list != NULL;
    if (has_room) {
        approvals__v1__checked_items__init(out);
        out->findings = list;
        answer->checked_items = out;
    }
    for (uint32_t i = 0; i < ask->n_items && has_room; i++) {
        has_room = check_item(self, question, ask, i, arena, out);
    }
    if (!has_room) {
        *code = COMMON__V1__CODE__CODE_EXHAUSTED;
        return NULL;
    }
    return answer;
}

/* --- agencies --- */

Approvals__V1__Answer *approvals_list_agencies(const struct approvals *self, const struct question *question,
                                               const Common__V1__ListAgencies *ask, struct arena *arena,
                                               uint32_t *code) {
    (void)question;
    (void)ask;
    Approvals__V1__Answer *answer = answer_new(arena, APPROVALS__V1__ANSWER__BODY_AGENCIES, code);
    Common__V1__Agencies *agencies = agencies_list(&self->agencies, arena);
    if (answer == NULL || agencies == NULL) {
        *code = COMMON__V1__CODE__CODE_EXHAUSTED;
        return NULL;
    }
    answer->agencies = agencies;
    return answer;
}

/* --- the calendar --- */

static void known_years(const struct approvals *self, Approvals__V1__Calendar *out) {
    for (uint32_t row = 1; row <= self->notices.rows.count; row++) {
        const struct notice *notice = notices_row(&self->notices, row);
        for (unsigned i = 0; i < NOTICE_YEARS_MAX && notice->withdrawn_seq == 0; i++) {
            const uint32_t year = notice->years[i];
            out->first_year = year != 0 && (out->first_year == 0 || year < out->first_year) ? year : out->first_year;
            out->last_year = year > out->last_year ? year : out->last_year;
        }
    }
}

static void fill_day(const struct approvals *self, int32_t day, enum calendar_kind kind,
                     Approvals__V1__CalendarDay *out) {
    const uint32_t line = notice_line_as_known(&self->notices, day, NOTICES_NOW);
    approvals__v1__calendar_day__init(out);
    out->day = (uint32_t)day;
    out->work = calendar_kind_is_work(kind);
    if (line != 0) {
        out->notice = notices_row(&self->notices, notices_line(&self->notices, line)->notice)->name;
        out->holiday = notices_line(&self->notices, line)->name;
    }
}

Approvals__V1__Answer *approvals_get_calendar(const struct approvals *self, const struct question *question,
                                              const Approvals__V1__GetCalendar *ask, struct arena *arena,
                                              uint32_t *code) {
    (void)question;
    if (ask->from_day > (uint32_t)INT32_MAX || ask->until_day < ask->from_day ||
        ask->until_day - ask->from_day >= QUERY_CALENDAR_DAYS_MAX) {
        *code = ask->until_day < ask->from_day ? COMMON__V1__CODE__CODE_MALFORMED : COMMON__V1__CODE__CODE_TOO_LARGE;
        return NULL;
    }
    const uint32_t count = ask->until_day - ask->from_day + 1;
    const struct calendar calendar = approvals_calendar(self);
    Approvals__V1__Answer *answer = answer_new(arena, APPROVALS__V1__ANSWER__BODY_CALENDAR, code);
    Approvals__V1__Calendar *out = arena_alloc(arena, sizeof *out);
    Approvals__V1__CalendarDay *list = arena_alloc(arena, count * sizeof *list);
    Approvals__V1__CalendarDay **pointers = arena_alloc(arena, count * sizeof *pointers);
    if (answer == NULL || out == NULL || list == NULL || pointers == NULL) {
        *code = COMMON__V1__CODE__CODE_EXHAUSTED;
        return NULL;
    }
    approvals__v1__calendar__init(out);
    out->days = pointers;
    known_years(self, out);
    for (uint32_t i = 0; i < count; i++) {
        const int64_t day = (int64_t)ask->from_day + i;
        const enum calendar_kind kind = day > INT32_MAX ? CALENDAR_UNKNOWN : calendar_kind_of(&calendar, (int32_t)day);
        if (kind != CALENDAR_UNKNOWN) { /* of other days nothing is known */
            fill_day(self, (int32_t)day, kind, &list[out->n_days]);
            pointers[out->n_days] = &list[out->n_days];
            out->n_days++;
        }
    }
    answer->calendar = out;
    return answer;
}
