#include "base/check.h"
#include "issues/rules.h"

/*
 * What time does, in small decisions. First, after a notice, every open deadline is planned anew, a slice of records at a
 * time. Then what is due: of each record one thing at a time, earliest first, so that the next one sees the state with it.
 * Each thing bears the instant at which it became true, not the one at which it was found: after a month's standstill the
 * figures are those of a registry that never stood still.
 */
enum { SLICE_ROWS = 4096 /* looked at in one decision of planning anew */ };

#define KIND(name) ISSUES__V1__RECORD_KIND__RECORD_KIND_##name

/* --- what is due --- */

/* The records that have something due, each once. */
struct due_records {
    struct record records[4 * DECISION_EVENTS_MAX];
    uint32_t count;
};

static void add_record(struct due_records *due, struct record record) {
    for (uint32_t i = 0; i < due->count; i++) {
        if (due->records[i].kind == record.kind && due->records[i].row == record.row) {
            return;
        }
    }
    due->records[due->count++] = record;
}

static void add_due(const struct agenda *agenda, Issues__V1__RecordKind kind, uint32_t minute,
                    struct due_records *due) {
    uint32_t rows[DECISION_EVENTS_MAX];
    const uint32_t count = agenda_due_rows(agenda, minute, rows, DECISION_EVENTS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        add_record(due, (struct record){kind, rows[i]});
    }
}

static void find_due(const struct issues *self, uint32_t minute, struct due_records *due) {
    uint32_t rows[DECISION_EVENTS_MAX];
    const uint32_t count = agenda_due_rows(&self->slips.agenda, minute, rows, DECISION_EVENTS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        const struct slip *slip = issues_slip(self, rows[i]);
        add_record(due, (struct record){(Issues__V1__RecordKind)slip->kind, slip->subject});
    }
    add_due(&self->issue_agenda, KIND(ISSUE), minute, due);
    add_due(&self->task_agenda, KIND(TASK), minute, due);
    add_due(&self->clue_agenda, KIND(CLUE), minute, due);
}

static const struct agenda *agenda_of(const struct issues *self, Issues__V1__RecordKind kind) {
    return kind == KIND(ISSUE) ? &self->issue_agenda : kind == KIND(TASK) ? &self->task_agenda : &self->clue_agenda;
}

/* The slip of a record that is due not later than the record itself; 0: none. */
static uint32_t slip_first(const struct issues *self, struct record record, uint32_t minute) {
    const uint32_t own = agenda_minute(agenda_of(self, record.kind), record.row);
    uint32_t best = own == 0 || own > minute ? minute : own, found = 0;
    for (uint32_t slip = *record_first_slip(self, record); slip != 0; slip = issues_slip(self, slip)->next) {
        const uint32_t due = agenda_minute(&self->slips.agenda, slip);
        if (due != 0 && due <= best) {
            best = due;
            found = slip;
        }
    }
    return found;
}

static void do_record(struct deciding *d, struct record record, uint32_t now) {
    const uint32_t slip = slip_first(d->self, record, now / 60);
    const size_t before = d->decision->event_count;
    if (slip != 0) {
        issues_slip_tick(d, slip, now);
    } else if (record.kind == KIND(ISSUE)) {
        issue_tick(d, record.row, now);
    } else if (record.kind == KIND(TASK)) {
        task_tick(d, record.row, now);
    } else {
        clue_tick(d, record.row, now);
    }
    CHECK(d->decision->event_count > before); /* else the same would be found for ever */
}

/* False: that was all. */
static bool do_due(struct deciding *d, uint32_t now) {
    struct due_records due = {.count = 0};
    find_due(d->self, now / 60, &due);
    for (uint32_t i = 0; i < due.count && d->decision->event_count + TICK_EVENTS_MAX <= DECISION_EVENTS_MAX; i++) {
        do_record(d, due.records[i], now);
    }
    return due.count > 0;
}

/* --- planning anew --- */

static uint32_t rows_of(const struct issues *self, uint32_t kind) {
    return kind == KIND(ISSUE) ? self->issues.count : kind == KIND(TASK) ? self->tasks.count : self->clues.count;
}

static size_t replan_record(struct deciding *d, struct record record, uint32_t now, bool emits) {
    const size_t slips = *record_first_slip(d->self, record) == 0 ? 0 : issues_slip_replan(d, record, now, emits);
    switch ((int)record.kind) {
    case KIND(ISSUE):
        return slips + issue_replan(d, record.row, now, emits);
    case KIND(TASK):
        return slips + task_replan(d, record.row, now, emits);
    default:
        return slips + clue_replan(d, record.row, now, emits);
    }
}

/* Ends with where it has come to: that event takes the last place. */
static void replan(struct deciding *d, uint32_t now) {
    const struct issues_course *course = issues_course(d->self);
    const uint32_t kind = course->replan_kind, count = rows_of(d->self, kind);
    uint32_t row = course->replan_next;
    for (uint32_t looked = 0; row <= count && looked < SLICE_ROWS; row++, looked++) {
        const struct record record = {(Issues__V1__RecordKind)kind, row};
        const size_t events = replan_record(d, record, now, false);
        if (d->decision->event_count + events + 1 > DECISION_EVENTS_MAX) {
            break;
        }
        if (events > 0) {
            replan_record(d, record, now, true);
        }
    }
    struct event_replanned_to *body = decide_take(d, sizeof *body);
    body->kind = row <= count ? kind : kind == KIND(CLUE) ? 0 : kind + 1;
    body->next = row <= count ? row : body->kind == 0 ? 0 : 1;
    decide_emit(d, EVENT_REPLANNED_TO, body, sizeof *body, 0);
}

bool issues_tick(const void *self, int64_t now_ms, struct arena *arena, struct decision *decision) {
    struct deciding d = {.self = self, .arena = arena, .decision = decision, .sees_all = true};
    const uint32_t now = decide_seconds(issues_of(&d)->options.time_by_commands ? issues_course(self)->now_ms : now_ms);
    if (now == 0) { /* no time has come yet */
        return true;
    }
    if (issues_course(self)->replan_kind != 0) {
        replan(&d, now);
        return false;
    }
    return !do_due(&d, now);
}
