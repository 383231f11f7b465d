#include <string.h>

#include "base/civil.h"
#include "issues/rules.h"

/* A circular: what lags on that day is frozen under a number. */

#define KIND(name) ISSUES__V1__RECORD_KIND__RECORD_KIND_##name

/* Lines are counted first, then made. */
struct list {
    const struct issues *self;
    struct circular_line *lines; /* NULL: only counted */
    uint32_t count;
    int32_t day;
};

static void add(struct list *list, const struct circular_line *line) {
    if (list->lines != NULL) {
        list->lines[list->count] = *line;
    }
    list->count++;
}

/* Overdue, or with a slip of the second level or above. */
static void add_issue(struct list *list, uint32_t number) {
    const struct issue *row = issues_issue(list->self, number);
    if (record_is_ended(list->self, RECORD_ISSUE(number))) {
        return;
    }
    const Issues__V1__Light light = issue_light(list->self, row, list->day);
    if (light == ISSUES__V1__LIGHT__LIGHT_RED || slips_are_open(&list->self->slips, row->first_slip, 2)) {
        add(list,
            &(struct circular_line){.row = number, .due = row->due, .agency = row->lead, .light = (uint8_t)light});
    }
}

static void add_task(struct list *list, uint32_t number) {
    const struct task *row = issues_task(list->self, number);
    const Issues__V1__TaskLag lag = task_lag(list->self, row, list->day);
    if (lag > ISSUES__V1__TASK_LAG__TASK_LAG_NONE) {
        add(list,
            &(struct circular_line){
                .row = number, .due = row->due, .agency = row->lead, .progress = row->progress, .lag = (uint8_t)lag});
    }
}

static void walk(struct list *list, Issues__V1__RecordKind kind) {
    const uint32_t count = kind == KIND(ISSUE) ? list->self->issues.count : list->self->tasks.count;
    for (uint32_t number = 1; number <= count; number++) {
        if (kind == KIND(ISSUE)) {
            add_issue(list, number);
        } else {
            add_task(list, number);
        }
    }
}

static uint32_t check(const struct issues *self, const Issues__V1__PublishCircular *said, const char **field) {
    *field = "circular_number";
    uint32_t code = record_check_number(said->circular_number, ISSUES_NUMBER_BYTES - 2);
    if (code != 0) {
        return code;
    }
    if (issues_find_circular(self, said->circular_number) != 0) {
        return ISSUES__V1__CODE__CODE_CIRCULAR_EXISTS;
    }
    *field = "kind";
    if (said->kind != KIND(ISSUE) && said->kind != KIND(TASK)) {
        return said->kind == 0 ? COMMON__V1__CODE__CODE_MISSING : COMMON__V1__CODE__CODE_UNKNOWN_VALUE;
    }
    *field = said->first_day == 0 ? "first_day" : "last_day";
    if (said->first_day == 0 || said->last_day == 0) {
        return COMMON__V1__CODE__CODE_MISSING;
    }
    if (said->last_day < said->first_day || said->last_day > INT32_MAX / 2) {
        return COMMON__V1__CODE__CODE_MALFORMED;
    }
    *field = "title";
    code = record_check_text(said->title, true, ISSUES_TITLE_BYTES_MAX);
    if (code != 0) {
        return code;
    }
    *field = NULL;
    return table_is_full(&self->circulars) ? COMMON__V1__CODE__CODE_EXHAUSTED : 0;
}

static void publish(struct deciding *d, const Issues__V1__PublishCircular *said, uint32_t at, struct list *list) {
    const size_t size = sizeof(struct event_circular) + list->count * sizeof(struct circular_line);
    struct event_circular *body = decide_take(d, size);
    struct texts texts;
    body->at = at;
    body->first_day = (int32_t)said->first_day;
    body->last_day = (int32_t)said->last_day;
    body->by = (uint16_t)d->agency;
    body->line_count = (uint16_t)list->count;
    body->kind = (uint8_t)said->kind;
    memcpy(body->number, said->circular_number, strlen(said->circular_number));
    list->lines = (struct circular_line *)(body + 1);
    list->count = 0;
    walk(list, said->kind);
    texts_begin(d, &texts, body, size, strlen(said->title), 1);
    texts_add(&texts, TEXT_TITLE, said->title);
    decide_emit(d, EVENT_CIRCULAR, texts.bytes, texts.size, 0)->public_body = publish_circular(d, body);
}

void circular_publish(struct deciding *d, const Issues__V1__PublishCircular *said) {
    const char *field = NULL;
    uint32_t code = check(d->self, said, &field);
    const uint32_t at = decide_seconds(d->command->occurred_at_ms);
    struct list list = {.self = d->self, .day = civil_day_of_s(at)};
    if (code == 0) {
        walk(&list, said->kind);
        field = NULL;
        code = list.count == 0                          ? (uint32_t)ISSUES__V1__CODE__CODE_CIRCULAR_EMPTY
               : list.count > ISSUES_CIRCULAR_LINES_MAX ? (uint32_t)COMMON__V1__CODE__CODE_EXHAUSTED
                                                        : 0;
    }
    if (code != 0) {
        decide_refuse(d, code, field);
    } else {
        publish(d, said, at, &list);
    }
}

const ProtobufCMessage *publish_circular(struct deciding *d, const struct event_circular *body) {
    Issues__V1__Event *event = decide_take(d, sizeof *event);
    Issues__V1__CircularPublished *published = decide_take(d, sizeof *published);
    issues__v1__event__init(event);
    issues__v1__circular_published__init(published);
    published->kind = (Issues__V1__RecordKind)body->kind;
    published->day = (uint32_t)civil_day_of_s(body->at);
    published->lines = body->line_count;
    event->body_case = ISSUES__V1__EVENT__BODY_CIRCULAR_PUBLISHED;
    event->circular_published = published;
    return &event->base;
}
