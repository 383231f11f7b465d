#include "ctl/city_issues.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "ctl/city_issues_internal.h"

/* The stream: agencies, notices, contact rules, a Tick for each day, what the other files draw, sorted by time. */

#define FIRST_DAY 2019, 12, 23
#define LAST_DAY 2021, 1, 1 /* its Tick ends the year */
#define MORNING_S (9 * 3600u)
#define EVENING_S (17 * 3600u + 1800)
#define SPREAD_S (7 * 3600u)
#define POSITIVE_RULES 18
#define NEGATIVE_RULES 21

/* --- Keeping ---------------------------------------------------------------------------------------------------------------------- */

static void *grown(void *memory, size_t bytes, bool *out_of_memory) {
    void *more = *out_of_memory ? NULL : realloc(memory, bytes);
    *out_of_memory = more == NULL;
    return more != NULL ? more : memory;
}

void city_issues_add(struct city_issues *city, uint32_t at, uint32_t record, struct city_who who, const Issues__V1__Command *command) {
    const size_t size = issues__v1__command__get_packed_size(command);
    CHECK(size <= CITY_APPROVALS_BODY_BYTES_MAX);
    if (city->count == city->capacity) {
        city->capacity = city->capacity * 2 + 8192;
        city->rows = grown(city->rows, city->capacity * sizeof(*city->rows), &city->out_of_memory);
    }
    if (city->bodies_size + size > city->bodies_capacity) {
        city->bodies_capacity = city->bodies_capacity * 2 + (1 << 20);
        city->bodies = grown(city->bodies, city->bodies_capacity, &city->out_of_memory);
    }
    if (!city->out_of_memory) {
        city->rows[city->count++] = (struct city_row){.at = at,
                                                      .record = record,
                                                      .body = (uint32_t)city->bodies_size,
                                                      .size = (uint32_t)size,
                                                      .agency = (uint16_t)who.agency,
                                                      .sender = (uint8_t)who.sender};
        city->bodies_size += issues__v1__command__pack(command, city->bodies + city->bodies_size);
    }
}

/* --- Time ------------------------------------------------------------------------------------------------------------------------- */

uint32_t city_issues_later(struct city_random *random, uint32_t at, uint32_t workdays) {
    const int32_t day = day_of_s(at);
    const uint32_t soon = at + 300 + city_below(random, 5400);
    if (workdays == 0 && day_of_s(soon) == day && soon <= s_of_day(day) + EVENING_S) {
        return soon;
    }
    const int32_t then = city_nth_workday(day, workdays == 0 ? 1 : workdays);
    return s_of_day(then) + MORNING_S + city_below(random, SPREAD_S);
}

uint32_t city_issues_on(struct city_random *random, unsigned month, unsigned day) {
    int32_t then = civil_day_from_date(CITY_YEAR, month, day);
    while (!city_is_workday(then, CITY_KNOWS_ALL)) {
        then++;
    }
    return s_of_day(then) + MORNING_S + city_below(random, SPREAD_S);
}

/* --- What is of no record ----------------------------------------------------------------------------------------------------------- */

static void add_agencies(struct city_issues *city) {
    const uint32_t at = s_of_day(civil_day_from_date(FIRST_DAY)) + MORNING_S;
    for (uint32_t i = 0; i < city_agency_count(); i++) {
        Common__V1__RegisterAgency body;
        Issues__V1__Command command = ISSUES__V1__COMMAND__INIT;
        command.body_case = ISSUES__V1__COMMAND__BODY_REGISTER_AGENCY;
        command.register_agency = city_agency_fill(i, &body);
        city_issues_add(city, at + i, CITY_NO_RECORD, WHO_OPERATOR, &command);
    }
}

/* Those published before the stream begins are loaded on its first day, the others on their day. */
static void add_notices(struct city_issues *city) {
    const int32_t first = civil_day_from_date(FIRST_DAY);
    for (size_t i = 0; i < city_notice_count(); i++) {
        struct city_notice_message message;
        Issues__V1__Command command = ISSUES__V1__COMMAND__INIT;
        const uint16_t *published = city_notice(i)->published;
        const int32_t day = civil_day_from_date(published[0], published[1], published[2]);
        command.body_case = ISSUES__V1__COMMAND__BODY_LOAD_NOTICE;
        command.load_notice = city_notice_fill(i, &message);
        city_issues_add(city, s_of_day(day > first ? day : first) + 15 * 3600 + (uint32_t)i, CITY_NO_RECORD, WHO_OPERATOR, &command);
    }
}

static void add_contact_rules(struct city_issues *city) {
    uint32_t at = s_of_day(civil_day_from_date(CITY_YEAR, 1, 2)) + MORNING_S;
    for (unsigned i = 0; i < POSITIVE_RULES + NEGATIVE_RULES; i++) {
        const bool is_negative = i >= POSITIVE_RULES;
        const unsigned number = is_negative ? i - POSITIVE_RULES + 1 : i + 1;
        char rule[8], text[96];
        Issues__V1__PublishContactRule body = ISSUES__V1__PUBLISH_CONTACT_RULE__INIT;
        Issues__V1__Command command = ISSUES__V1__COMMAND__INIT;
        snprintf(rule, sizeof rule, "%c%02u", is_negative ? 'N' : 'P', number);
        snprintf(text, sizeof text, is_negative ? "政商交往负面清单第%u项（模拟）" : "政商交往正面清单第%u项（模拟）", number);
        body.rule = rule;
        body.negative = is_negative;
        body.text = text;
        command.body_case = ISSUES__V1__COMMAND__BODY_PUBLISH_CONTACT_RULE;
        command.publish_contact_rule = &body;
        city_issues_add(city, at++, CITY_NO_RECORD, WHO_SUPERVISOR, &command);
    }
}

/* At midnight, before anything else of the day. */
static void add_ticks(struct city_issues *city) {
    for (int32_t day = civil_day_from_date(FIRST_DAY); day <= civil_day_from_date(LAST_DAY); day++) {
        Common__V1__Tick body = COMMON__V1__TICK__INIT;
        Issues__V1__Command command = ISSUES__V1__COMMAND__INIT;
        command.body_case = ISSUES__V1__COMMAND__BODY_TICK;
        command.tick = &body;
        city_issues_add(city, s_of_day(day), CITY_NO_RECORD, WHO_OPERATOR, &command);
    }
}

static void add_circular(struct city_issues *city, Issues__V1__RecordKind kind, int32_t day) {
    char number[40];
    const struct civil_date date = civil_date_from_day(day);
    Issues__V1__PublishCircular body = ISSUES__V1__PUBLISH_CIRCULAR__INIT;
    Issues__V1__Command command = ISSUES__V1__COMMAND__INIT;
    const bool is_task = kind == ISSUES__V1__RECORD_KIND__RECORD_KIND_TASK;
    snprintf(number, sizeof number, "%d-%02u-%s", date.year, date.month, is_task ? "ledger" : "issues");
    body.circular_number = number;
    body.kind = kind;
    body.first_day = (uint32_t)civil_day_from_date(CITY_YEAR, 1, 1);
    body.last_day = (uint32_t)day - 1;
    body.title = city_text(is_task ? "改革任务滞后事项通报" : "企业问题超时事项通报");
    command.body_case = ISSUES__V1__COMMAND__BODY_PUBLISH_CIRCULAR;
    command.publish_circular = &body;
    city_issues_add(city, s_of_day(day) + MORNING_S / 2, CITY_NO_RECORD, WHO_SUPERVISOR, &command);
    city->totals.circulars++;
}

/* --- Order -------------------------------------------------------------------------------------------------------------------------- */

static int compare_rows(const void *a, const void *b) {
    const struct city_row *x = a, *y = b;
    return x->at != y->at ? (x->at < y->at ? -1 : 1) : (x->body < y->body ? -1 : x->body > y->body);
}

static int compare_records(const void *a, const void *b) {
    const struct city_row *x = *(const struct city_row *const *)a, *y = *(const struct city_row *const *)b;
    return x->record != y->record ? (x->record < y->record ? -1 : 1) : (x < y ? -1 : x > y);
}

static bool is_tick(const struct city_row *row) {
    return row->record == CITY_NO_RECORD && row->at == s_of_day(day_of_s(row->at));
}

/* Within a day a record may pass from one sender to another: each such step is a wave later than the one before it. */
static enum status give_waves(struct city_issues *city) {
    struct city_row **order = malloc(city->count * sizeof(*order));
    if (order == NULL) {
        return STATUS_MEMORY;
    }
    for (uint32_t i = 0; i < city->count; i++) {
        order[i] = &city->rows[i];
    }
    qsort(order, city->count, sizeof(*order), compare_records);
    for (uint32_t i = 0; i < city->count; i++) {
        struct city_row *row = order[i];
        const struct city_row *before = i > 0 ? order[i - 1] : NULL;
        const bool goes_on = row->record != CITY_NO_RECORD && before != NULL && before->record == row->record &&
                             day_of_s(before->at) == day_of_s(row->at);
        const bool is_same = goes_on && before->sender == row->sender && before->agency == row->agency;
        row->wave = is_tick(row) ? 0 : !goes_on ? 1 : (uint8_t)(before->wave + !is_same);
    }
    free(order);
    return STATUS_OK;
}

/* --- Life --------------------------------------------------------------------------------------------------------------------------- */

static enum status draw(struct city_issues *city) {
    const enum status status = city_catalogue_draw(city->options.seed, &city->catalogue);
    if (status != STATUS_OK) {
        return status;
    }
    add_agencies(city);
    add_notices(city);
    add_contact_rules(city);
    add_ticks(city);
    city_issues_draw_issues(city);
    city_issues_draw_ledger(city);
    city_issues_draw_clues(city);
    add_circular(city, ISSUES__V1__RECORD_KIND__RECORD_KIND_TASK, civil_day_from_date(CITY_YEAR, 3, 20));
    if (city->first_overdue_day != 0) {
        add_circular(city, ISSUES__V1__RECORD_KIND__RECORD_KIND_ISSUE, (int32_t)city->first_overdue_day);
    }
    if (city->out_of_memory) {
        return STATUS_MEMORY;
    }
    qsort(city->rows, city->count, sizeof(*city->rows), compare_rows);
    city->totals.commands = city->count;
    city->totals.bytes = sizeof(*city) + city->capacity * sizeof(*city->rows) + city->bodies_capacity;
    return give_waves(city);
}

enum status city_issues_new(const struct city_issues_options *options, struct city_issues **city) {
    struct city_issues *made = calloc(1, sizeof(*made));
    *city = NULL;
    if (made == NULL) {
        return STATUS_MEMORY;
    }
    made->options = *options;
    const enum status status = draw(made);
    if (status != STATUS_OK) {
        city_issues_destroy(&made);
        return status;
    }
    *city = made;
    return STATUS_OK;
}

void city_issues_destroy(struct city_issues **city) {
    if (*city == NULL) {
        return;
    }
    city_catalogue_release(&(*city)->catalogue);
    free((*city)->rows);
    free((*city)->bodies);
    free(*city);
    *city = NULL;
}

const struct city_issues_totals *city_issues_totals(const struct city_issues *city) {
    return &city->totals;
}

/* --- The stream --------------------------------------------------------------------------------------------------------------------- */

bool city_issues_next(struct city_issues *city, struct city_approvals_command *command) {
    if (city->next == city->count) {
        return false;
    }
    const struct city_row *row = &city->rows[city->next];
    const int32_t day = day_of_s(row->at);
    *command = (struct city_approvals_command){
        .sender = (enum city_sender)row->sender,
        .agency = row->agency,
        .wave = row->wave,
        .day = day,
        .occurred_at_ms = (int64_t)row->at * 1000,
        .number = city->next,
    };
    const uint64_t since = (uint64_t)(day - civil_day_from_date(FIRST_DAY));
    command->id = id_make_from(city->options.base_ms + since, city->options.seed ^ UINT64_C(0x155), city->next);
    city->next++;
    return true;
}

size_t city_issues_pack(const struct city_issues *city, const struct city_approvals_command *command,
                        uint8_t body[CITY_APPROVALS_BODY_BYTES_MAX]) {
    const struct city_row *row = &city->rows[command->number];
    memcpy(body, city->bodies + row->body, row->size);
    return row->size;
}
