#include <string.h>

#include "base/check.h"
#include "base/civil.h"
#include "issues/rules.h"

/* What is alike in issues, tasks and clues. */

#define KIND(name) ISSUES__V1__RECORD_KIND__RECORD_KIND_##name

struct record record_find(const struct issues *self, Issues__V1__RecordKind kind, const char *number) {
    switch ((int)kind) {
    case KIND(ISSUE):
        return RECORD_ISSUE(issues_find_issue(self, number));
    case KIND(TASK):
        return RECORD_TASK(issues_find_task(self, number));
    case KIND(CLUE):
        return RECORD_CLUE(issues_find_clue(self, number));
    }
    return (struct record){0};
}

const char *record_number(const struct issues *self, struct record record) {
    switch ((int)record.kind) {
    case KIND(ISSUE):
        return issues_issue(self, record.row)->number;
    case KIND(TASK):
        return issues_task(self, record.row)->number;
    case KIND(CLUE):
        return issues_clue(self, record.row)->number;
    }
    return "";
}

/* Its last event, in its row. */
static uint64_t *last_seq_of(const struct issues *self, struct record record) {
    switch ((int)record.kind) {
    case KIND(ISSUE):
        return &issues_issue(self, record.row)->last_seq;
    case KIND(TASK):
        return &issues_task(self, record.row)->last_seq;
    case KIND(CLUE):
        return &issues_clue(self, record.row)->last_seq;
    }
    CHECK(false); /* events of a record name its kind */
    return NULL;
}

uint64_t record_last_seq(const struct issues *self, struct record record) {
    return *last_seq_of(self, record);
}

void record_set_last_seq(struct issues *self, struct record record, uint64_t seq) {
    *last_seq_of(self, record) = seq;
}

uint32_t *record_first_slip(const struct issues *self, struct record record) {
    switch ((int)record.kind) {
    case KIND(ISSUE):
        return &issues_issue(self, record.row)->first_slip;
    case KIND(TASK):
        return &issues_task(self, record.row)->first_slip;
    case KIND(CLUE):
        return &issues_clue(self, record.row)->first_slip;
    }
    CHECK(false);
    return NULL;
}

uint16_t clue_agency(const struct clue *row) {
    return row->state == ISSUES__V1__CLUE_STATE__CLUE_STATE_TRANSFERRED ||
                   row->state == ISSUES__V1__CLUE_STATE__CLUE_STATE_RECEIVED ||
                   row->state == ISSUES__V1__CLUE_STATE__CLUE_STATE_REVIEWING ||
                   row->state == ISSUES__V1__CLUE_STATE__CLUE_STATE_FILED
               ? row->procuratorate
               : row->agency;
}

uint16_t record_agency(const struct issues *self, struct record record) {
    switch ((int)record.kind) {
    case KIND(ISSUE):
        return issues_issue(self, record.row)->lead;
    case KIND(TASK):
        return issues_task(self, record.row)->lead;
    case KIND(CLUE):
        return clue_agency(issues_clue(self, record.row));
    }
    return 0;
}

static bool issue_is_ended(const struct issue *row) {
    switch ((Issues__V1__IssueState)row->state) {
    case ISSUES__V1__ISSUE_STATE__ISSUE_STATE_REGISTERED:
    case ISSUES__V1__ISSUE_STATE__ISSUE_STATE_SCREENED:
    case ISSUES__V1__ISSUE_STATE__ISSUE_STATE_DISPATCHED:
    case ISSUES__V1__ISSUE_STATE__ISSUE_STATE_DISPUTED:
    case ISSUES__V1__ISSUE_STATE__ISSUE_STATE_HANDLING:
    case ISSUES__V1__ISSUE_STATE__ISSUE_STATE_ANSWERED:
    case ISSUES__V1__ISSUE_STATE__ISSUE_STATE_CONFIRMED:
    case ISSUES__V1__ISSUE_STATE__ISSUE_STATE_LONG_TERM:
        return false;
    case ISSUES__V1__ISSUE_STATE__ISSUE_STATE_UNSPECIFIED:
    case ISSUES__V1__ISSUE_STATE__ISSUE_STATE_RESOLVED:
    case ISSUES__V1__ISSUE_STATE__ISSUE_STATE_SIGNED_OFF:
    case ISSUES__V1__ISSUE_STATE__ISSUE_STATE_TRANSFERRED:
    case ISSUES__V1__ISSUE_STATE__ISSUE_STATE_CANCELLED:
    case ISSUES__V1__ISSUE_STATE__ISSUE_STATE_DUPLICATE:
    case ISSUES__V1__ISSUE_STATE__ISSUE_STATE_INVALID:
    case _ISSUES__V1__ISSUE_STATE_IS_INT_SIZE:
        break;
    }
    return true;
}

static bool task_is_ended(const struct task *row) {
    return row->state == ISSUES__V1__TASK_STATE__TASK_STATE_DRAFT ||
           row->state == ISSUES__V1__TASK_STATE__TASK_STATE_SIGNED_OFF ||
           row->state == ISSUES__V1__TASK_STATE__TASK_STATE_CANCELLED ||
           row->state == ISSUES__V1__TASK_STATE__TASK_STATE_CARRIED_OVER;
}

bool clue_is_ended(const struct clue *row) {
    return row->state == ISSUES__V1__CLUE_STATE__CLUE_STATE_RECTIFIED ||
           row->state == ISSUES__V1__CLUE_STATE__CLUE_STATE_CLOSED ||
           row->state == ISSUES__V1__CLUE_STATE__CLUE_STATE_SIGNED_OFF;
}

bool record_is_ended(const struct issues *self, struct record record) {
    switch ((int)record.kind) {
    case KIND(ISSUE):
        return issue_is_ended(issues_issue(self, record.row));
    case KIND(TASK):
        return task_is_ended(issues_task(self, record.row));
    case KIND(CLUE):
        return clue_is_ended(issues_clue(self, record.row));
    }
    return true;
}

uint32_t record_began_at(const struct issues *self, struct record record) {
    switch ((int)record.kind) {
    case KIND(ISSUE):
        return issues_issue(self, record.row)->registered_at;
    case KIND(TASK):
        return issues_task(self, record.row)->issued_at;
    case KIND(CLUE):
        return issues_clue(self, record.row)->found_at;
    }
    return 0;
}

/* --- events --- */

static uint32_t row_in(const struct event *event, size_t offset) {
    uint32_t row;
    memcpy(&row, (const uint8_t *)event->private_body + offset, sizeof row);
    return row;
}

/* The record whose event this is; kind UNSPECIFIED: of none that further events of a decision may belong to. */
static struct record record_of_event(const struct issues *self, const struct event *event) {
    uint32_t slip;
    switch (event->type) {
    case EVENT_ISSUE_STEP:
        return RECORD_ISSUE(row_in(event, offsetof(struct event_issue_step, issue)));
    case EVENT_TASK_STEP:
        return RECORD_TASK(row_in(event, offsetof(struct event_task_step, task)));
    case EVENT_CLUE_STEP:
        return RECORD_CLUE(row_in(event, offsetof(struct event_clue_step, clue)));
    case EVENT_SLIP_ISSUED:
        return (struct record){(Issues__V1__RecordKind)row_in(event, sizeof(struct slip_issued_body)),
                               row_in(event, offsetof(struct slip_issued_body, subject))};
    case EVENT_SLIP_MOVED:
        slip = row_in(event, offsetof(struct slip_moved_body, slip));
        return (struct record){(Issues__V1__RecordKind)issues_slip(self, slip)->kind, issues_slip(self, slip)->subject};
    default: /* they stand alone */
        return (struct record){0};
    }
}

static uint64_t prev_of(const struct deciding *d, struct record record) {
    const size_t count = d->decision->event_count;
    if (count > 0) {
        const struct record before = record_of_event(d->self, &d->decision->events[count - 1]);
        if (before.kind == record.kind && before.row == record.row) {
            return EVENT_PREV_BEFORE;
        }
    }
    return record_last_seq(d->self, record);
}

struct event *record_emit(struct deciding *d, uint32_t type, const void *body, size_t size, struct record record) {
    return decide_emit(d, type, body, size, prev_of(d, record));
}

struct event *record_emit_text(struct deciding *d, uint32_t type, const void *body, size_t size, struct record record,
                               enum text_kind kind, const char *text) {
    struct texts texts;
    texts_begin(d, &texts, body, size, text == NULL ? 0 : strlen(text), 1);
    texts_add(&texts, kind, text);
    return record_emit(d, type, texts.bytes, texts.size, record);
}

/* --- fields --- */

uint32_t record_check_text(const char *text, bool needed, size_t bytes_max) {
    if (text[0] == '\0') {
        return needed ? COMMON__V1__CODE__CODE_MISSING : 0;
    }
    return strlen(text) > bytes_max ? ISSUES__V1__CODE__CODE_FIELD_TOO_LONG : 0;
}

uint32_t record_check_number(const char *number, size_t bytes_max) {
    return record_check_text(number, true, bytes_max);
}

const char *record_evidence(struct deciding *d, const ProtobufCBinaryData *evidence) {
    static const char digits[] = "0123456789abcdef";
    if (evidence->len == 0) {
        return NULL;
    }
    char *text = decide_take(d, 2 * evidence->len + 1);
    for (size_t i = 0; i < evidence->len; i++) {
        text[2 * i] = digits[evidence->data[i] >> 4];
        text[2 * i + 1] = digits[evidence->data[i] & 15];
    }
    return text;
}

/* --- time --- */

int64_t record_day_end_s(int32_t day) {
    return civil_ms_of_day(day + 1) / 1000;
}

int32_t record_nth_workday(const struct issues *self, int32_t day, uint32_t workdays) {
    const struct calendar calendar = issues_calendar(self);
    int32_t last;
    return calendar_nth_workday(&calendar, day, (int32_t)workdays, &last) ? last : 0;
}
