#include "approvals/catalogue.h"
#include "approvals/evolve_internal.h"
#include "approvals/notices.h"
#include "base/civil.h"

/* What agencies, notices and items become: events 1 to 5. */

static void agency_registered(struct approvals *self, const struct event *event) {
    struct event_agency_registered body;
    BODY_OF(event, body);
    uint32_t number = approvals_find_agency(self, body.code);
    const bool is_new = number == 0;
    struct agency *row = is_new ? table_add(&self->agencies, &number) : approvals_agency(self, number);
    row->last_seq = event->seq;
    row->region = body.region;
    row->is_window = body.is_window;
    memcpy(row->code, body.code, sizeof row->code);
    memcpy(row->name, body.name, sizeof row->name);
    memcpy(row->credit_code, body.credit_code, sizeof row->credit_code);
    if (is_new) {
        index_add(&self->agency_by_code, number);
    }
}

/* --- the calendar --- */

/* The rows of all its days, made by the first notice. */
static struct calendar calendar_of(struct approvals *self) {
    uint32_t number;
    while (self->calendar_days.count < CALENDAR_DAYS) {
        table_add(&self->calendar_days, &number);
    }
    return approvals_calendar(self);
}

/* Of a day within the calendar: as the notices that hold now say. Ordinary days of known years: name_year. */
static void name_day(struct approvals *self, struct calendar *calendar, int32_t day) {
    struct calendar_day *row = &calendar->days[day - civil_day_from_date(CALENDAR_FIRST_YEAR, 1, 1)];
    const uint32_t line = notice_line_as_known(self, day, NOTICES_NOW);
    row->kind = CALENDAR_UNKNOWN;
    row->notice = 0;
    if (line != 0) {
        const struct notice_line *holds = approvals_line(self, line);
        calendar_name_day(calendar, &(struct calendar_line){.day = day, .is_off = holds->is_off != 0}, holds->notice);
    }
}

static void name_year(struct approvals *self, struct calendar *calendar, int32_t year) {
    if (notice_year_as_known(self, year, NOTICES_NOW)) {
        calendar_load_year(calendar, year);
    }
}

/* The whole year from the notices that hold. Returns its first day. */
static int32_t rename_year(struct approvals *self, struct calendar *calendar, int32_t year) {
    const int32_t first = civil_day_from_date(year, 1, 1), end = civil_day_from_date(year + 1, 1, 1);
    for (int32_t day = first; day < end; day++) {
        name_day(self, calendar, day);
    }
    name_year(self, calendar, year);
    return first;
}

/* All days that a notice speaks of, from the notices that hold; open deadlines follow in slices, on ticks. */
static void recompute(struct approvals *self, uint32_t number) {
    struct calendar calendar = calendar_of(self);
    const struct notice *notice = approvals_notice(self, number);
    int32_t first = INT32_MAX;
    for (unsigned i = 0; i < APPROVALS_NOTICE_YEARS_MAX; i++) {
        if (notice->years[i] != 0) {
            const int32_t day = rename_year(self, &calendar, notice->years[i]);
            first = day < first ? day : first;
        }
    }
    for (uint32_t i = 0; i < notice->line_count; i++) { /* those of the years are right already */
        const int32_t day = approvals_line(self, notice->first_line + i)->day;
        name_day(self, &calendar, day);
        name_year(self, &calendar, civil_date_from_day(day).year);
        first = day < first ? day : first;
    }
    calendar_count_from(&calendar, first);
    struct course *course = evolve_course(self);
    if (self->cases.count > 0) {
        course->replan_next = 1;
        course->replan_notice = number;
    }
}

static void add_line(struct approvals *self, const struct event_notice_line *line, uint32_t notice) {
    uint32_t number;
    const uint32_t older = approvals_find_line(self, line->day);
    struct notice_line *row = table_add(&self->notice_lines, &number);
    row->day = line->day;
    row->older = older;
    row->notice = (uint16_t)notice;
    row->is_off = line->is_off;
    memcpy(row->name, line->name, sizeof row->name);
    index_add(&self->line_by_day, number);
}

static void notice_loaded(struct approvals *self, const struct event *event) {
    struct event_notice_loaded body;
    uint32_t number;
    BODY_OF(event, body);
    CHECK(event->private_size == sizeof body + (size_t)body.line_count * sizeof(struct event_notice_line));
    struct notice *notice = table_add(&self->notices, &number);
    notice->seq = event->seq;
    notice->published_day = body.published_day;
    notice->first_line = self->notice_lines.count + 1;
    notice->line_count = body.line_count;
    memcpy(notice->years, body.years, sizeof notice->years);
    memcpy(notice->name, body.name, sizeof notice->name);
    index_add(&self->notice_by_name, number);
    for (uint32_t i = 0; i < body.line_count; i++) {
        struct event_notice_line line;
        memcpy(&line, (const uint8_t *)event->private_body + sizeof body + i * sizeof line, sizeof line);
        add_line(self, &line, number);
    }
    recompute(self, number);
}

static void notice_withdrawn(struct approvals *self, const struct event *event) {
    struct event_notice_withdrawn body;
    BODY_OF(event, body);
    approvals_notice(self, body.notice)->withdrawn_seq = event->seq;
    recompute(self, body.notice);
}

/* --- items --- */

static void item_published(struct approvals *self, const struct event *event) {
    struct event_item_published body;
    uint32_t number, version_number;
    BODY_OF(event, body);
    number = body.version.item;
    const bool is_new = number > self->items.count;
    struct item_version *version = table_add(&self->versions, &version_number);
    struct item *item = is_new ? table_add(&self->items, &number) : approvals_item(self, number);
    *version = body.version;
    version->item = number;
    version->older = item->newest;
    version->until_day = INT32_MAX;
    item->last_seq = event->seq;
    item->newest = version_number;
    item->removed_day = INT32_MAX; /* it is back from the version's day on */
    item->removed_round = 0;
    item->agency = body.agency;
    if (is_new) {
        memcpy(item->code, body.code, sizeof item->code);
        index_add(&self->item_by_code, number);
    }
}

static void count_round(struct approvals *self, uint32_t number, int32_t day) {
    struct round *round = NULL;
    for (uint32_t row = 1; row <= self->rounds.count && round == NULL; row++) {
        struct round *found = table_row(&self->rounds, row);
        round = found->number == number ? found : NULL;
    }
    if (round == NULL) {
        uint32_t row;
        round = table_add(&self->rounds, &row);
        round->number = number;
        round->first_day = day;
    }
    round->removed++;
}

static void item_removed(struct approvals *self, const struct event *event) {
    struct event_item_removed body;
    BODY_OF(event, body);
    struct item *item = approvals_item(self, body.item);
    /* All of them: those that were replaced before that day do not care. */
    for (uint32_t row = item->newest; row != 0; row = approvals_version(self, row)->older) {
        struct item_version *version = approvals_version(self, row);
        version->until_day = version->until_day > body.day ? body.day : version->until_day;
    }
    item->last_seq = event->seq;
    item->removed_day = body.day;
    item->removed_round = (uint16_t)body.round;
    if (body.round != 0) {
        count_round(self, body.round, body.day);
    }
}

bool evolve_catalogue(struct approvals *self, const struct event *event) {
    switch (event->type) {
    case EVENT_AGENCY_REGISTERED:
        agency_registered(self, event);
        return true;
    case EVENT_NOTICE_LOADED:
        notice_loaded(self, event);
        return true;
    case EVENT_NOTICE_WITHDRAWN:
        notice_withdrawn(self, event);
        return true;
    case EVENT_ITEM_PUBLISHED:
        item_published(self, event);
        return true;
    case EVENT_ITEM_REMOVED:
        item_removed(self, event);
        return true;
    default: /* of the other files */
        return false;
    }
}
