#include "approvals/case_steps.h"
#include "approvals/rules.h"
#include "base/check.h"
#include "base/civil.h"

/*
 * What time does, in small decisions. First, after a notice, every open deadline is planned anew, a slice of cases at a
 * time. Then what is due, earliest first: of each case one thing at a time, so that the next one sees the state with
 * it. Each thing bears the instant at which it became true, not the one at which it was found: after a month's
 * standstill the figures are those of a registry that never stood still. A flag of the case says that a thing was said;
 * a step of an officer never takes it back, so no comment starts a clock again.
 */
enum {
    SLICE_ROWS = 4096,   /* looked at in one decision of planning anew */
    EVENTS_OF_LAPSE = 5, /* of a case: its open slips with it */
    EVENTS_OF_THING = 2, /* of anything else: a slip is issued */
};

typedef Approvals__V1__CaseStep Step;
#define STEP(name) APPROVALS__V1__CASE_STEP__CASE_STEP_##name
#define STATE(name) APPROVALS__V1__CASE_STATE__CASE_STATE_##name

/* --- what comes next for a case --- */

struct thing {
    int64_t at; /* s; INT64_MAX: nothing */
    Step step;
    uint32_t slip; /* not 0: it is this slip that is due, no step */
};

/* Of things at one instant the one looked at first comes first. */
static void look(struct thing *first, int64_t at, Step step) {
    if (at < first->at) {
        *first = (struct thing){.at = at, .step = step};
    }
}

/* Licensing Law, article 32: no answer within five workdays is acceptance. */
static void look_at_silence(const struct approvals *self, const struct approval_case *row, struct thing *first) {
    int32_t day;
    if (case_silence_ends(self, row, &day)) {
        look(first, day_end_s(day), STEP(DEEMED_ACCEPTED));
    }
}

static void look_at_certificate(const struct approvals *self, const struct approval_case *row, struct thing *first) {
    int32_t day;
    if ((row->flags & CASE_CERTIFICATE_LATE) == 0 && case_certificate_due(self, row, &day)) {
        look(first, day_end_s(day), STEP(CERTIFICATE_LATE));
    }
}

static void look_at_papers(const struct approval_case *row, struct thing *first) {
    if ((row->flags & (CASE_DEFICIENT | CASE_PAPERS_LATE)) == CASE_DEFICIENT && row->until_day != 0) {
        look(first, day_end_s(row->until_day), STEP(PAPERS_LATE));
    }
}

/* The first second at which a limit has passed. */
static int64_t passed_at(const struct approvals *self, const struct approval_case *row, enum clock_kind kind) {
    const int64_t end_s = case_clock_end_s(self, row, kind);
    return end_s == INT64_MAX ? INT64_MAX : end_s + 1;
}

static bool has_passed(const struct approvals *self, const struct approval_case *row, enum clock_kind kind,
                       uint32_t now) {
    return passed_at(self, row, kind) <= now;
}

/* Whose acceptance is a fiction of the law was not late before that: not sooner than the silence ended. */
static int64_t known_since(const struct approvals *self, const struct approval_case *row, uint32_t now) {
    int32_t day;
    if ((row->flags & CASE_DEEMED) == 0 || !case_silence_ends(self, row, &day)) {
        return 0;
    }
    return day_end_s(day) < now ? day_end_s(day) : now;
}

static void look_at_clocks(const struct approvals *self, const struct approval_case *row, uint32_t now,
                           struct thing *first) {
    const int32_t yellow = (row->flags & CASE_WARNED) != 0 ? 0 : case_yellow_day(self, row);
    if (row->state == STATE(SUSPENDED) && row->until_day != 0) {
        look(first, day_end_s(row->until_day), STEP(SUSPENSION_CAPPED));
    }
    if (yellow != 0) {
        look(first, day_end_s(yellow - 1), STEP(WARNED));
    }
    if ((row->flags & CASE_PROMISED_PASSED) == 0) {
        look(first, passed_at(self, row, CLOCK_PROMISED), STEP(PROMISED_PASSED));
    }
    if ((row->flags & CASE_STATUTORY_PASSED) == 0) {
        look(first, passed_at(self, row, CLOCK_STATUTORY), STEP(STATUTORY_PASSED));
    }
    const int64_t since = known_since(self, row, now);
    first->at = first->at < since ? since : first->at;
}

static struct thing next_step(const struct approvals *self, const struct approval_case *row, uint32_t now) {
    struct thing first = {.at = INT64_MAX, .step = STEP(UNSPECIFIED)};
    switch ((Approvals__V1__CaseState)row->state) {
    case STATE(RECEIVED):
        look_at_silence(self, row, &first);
        break;
    case STATE(SUPPLEMENT):
        look(&first, day_end_s(row->until_day), STEP(SUPPLEMENT_LAPSED));
        break;
    case STATE(ACCEPTED):
    case STATE(REVIEW):
    case STATE(SUSPENDED):
        look_at_clocks(self, row, now, &first);
        break;
    case STATE(DECIDED):
        look_at_certificate(self, row, &first);
        look_at_papers(row, &first);
        break;
    case STATE(DELIVERED):
        look_at_papers(row, &first);
        break;
    case STATE(UNSPECIFIED):
    case STATE(NOT_ACCEPTED):
    case STATE(WITHDRAWN):
    case STATE(REVOKED):
    case _APPROVALS__V1__CASE_STATE_IS_INT_SIZE:
        break;
    }
    return first;
}

/* The earliest of what the case and its slips wait for in the agendas; a slip first. The agenda says whether, next_step
 * what: the yellow day alone depends on settings, and when those were changed since, what the agenda waited for is the
 * warning. */
static struct thing next_thing(const struct approvals *self, uint32_t case_row, uint32_t now) {
    const struct approval_case *row = approvals_case(self, case_row);
    const uint32_t minute = agenda_minute(&self->case_agenda, case_row);
    struct thing first = {.at = INT64_MAX, .step = STEP(UNSPECIFIED)};
    if (minute != 0 && minute <= now / 60) {
        first = next_step(self, row, now);
        if (first.at > now) {
            CHECK(case_has_clocks(row->state) && (row->flags & CASE_WARNED) == 0);
            first = (struct thing){.at = (int64_t)minute * 60, .step = STEP(WARNED)};
        }
    }
    for (uint32_t slip = row->first_slip; slip != 0; slip = approvals_slip(self, slip)->next) {
        const uint32_t due = agenda_minute(&self->slips.agenda, slip);
        if (due != 0 && due <= now / 60 && (int64_t)due * 60 <= first.at) {
            first = (struct thing){.at = (int64_t)due * 60, .slip = slip};
        }
    }
    return first;
}

/* --- a step of the registry itself --- */

/* Both clocks of a case as it will be; 0 where there is no limit or it lies beyond the calendar. */
static void plan(const struct approvals *self, const struct approval_case *row, int32_t today,
                 struct event_case_step *body) {
    if (!case_clock_due(self, row, CLOCK_PROMISED, today, &body->promised_due)) {
        body->promised_due = 0;
    }
    if (!case_clock_due(self, row, CLOCK_STATUTORY, today, &body->statutory_due)) {
        body->statutory_due = 0;
    }
}

static struct event_case_step *begin_step(struct deciding *d, uint32_t case_row, uint32_t at, Step step) {
    const struct approval_case *row = approvals_case(d->self, case_row);
    struct event_case_step *body = decide_take(d, sizeof *body);
    body->case_row = case_row;
    body->at = at;
    body->step = (uint8_t)step;
    body->actor = COMMON__V1__ACTOR__ACTOR_SYSTEM;
    body->after = row->state;
    body->until_day = row->until_day;
    body->promised_due = row->promised_due;
    body->statutory_due = row->statutory_due;
    return body;
}

static void emit_step(struct deciding *d, const struct event_case_step *body) {
    const struct approval_case *row = approvals_case(d->self, body->case_row);
    decide_emit(d, EVENT_CASE_STEP, body, sizeof *body, row->last_seq)->public_body = publish_step(d, row, body);
}

/* Silence is acceptance as of the receipt, or of the day on which the last papers came. */
static void fill_deemed(struct deciding *d, struct event_case_step *body) {
    struct approval_case after = *approvals_case(d->self, body->case_row);
    after.accepted_at = case_silent_since(&after);
    after.state = STATE(ACCEPTED);
    body->after = STATE(ACCEPTED);
    body->flags = CASE_DEEMED;
    body->until_day = 0;
    plan(d->self, &after, civil_day_of_s(after.accepted_at), body);
}

/* The pause ends on its planned day, whoever forgot to end it. */
static void fill_capped(struct deciding *d, struct event_case_step *body) {
    const struct approval_case *row = approvals_case(d->self, body->case_row);
    body->after = STATE(REVIEW);
    plan(d->self, row, row->until_day, body);
}

static void fill_step(struct deciding *d, struct event_case_step *body) {
    switch ((int)body->step) {
    case STEP(DEEMED_ACCEPTED):
        fill_deemed(d, body);
        return;
    case STEP(SUPPLEMENT_LAPSED):
        body->after = STATE(WITHDRAWN);
        return;
    case STEP(SUSPENSION_CAPPED):
        fill_capped(d, body);
        return;
    case STEP(WARNED):
        body->flags = CASE_WARNED;
        return;
    case STEP(PROMISED_PASSED):
        body->flags = CASE_PROMISED_PASSED;
        return;
    case STEP(STATUTORY_PASSED):
        body->flags = CASE_STATUTORY_PASSED;
        return;
    case STEP(CERTIFICATE_LATE):
        body->flags = CASE_CERTIFICATE_LATE;
        return;
    case STEP(PAPERS_LATE):
        body->flags = CASE_PAPERS_LATE;
        return;
    }
    CHECK(false); /* next_step knows no other */
}

static void take_step(struct deciding *d, uint32_t case_row, const struct thing *thing) {
    struct event_case_step *body = begin_step(d, case_row, (uint32_t)thing->at, thing->step);
    fill_step(d, body);
    emit_step(d, body);
    if (thing->step == STEP(PROMISED_PASSED)) {
        case_slip_issue(d, case_row, body->at, 1, SLIP_PROMISED_PASSED);
    } else if (thing->step == STEP(STATUTORY_PASSED)) {
        case_slip_issue(d, case_row, body->at, 2, SLIP_STATUTORY_PASSED);
    } else if (thing->step == STEP(SUPPLEMENT_LAPSED)) {
        case_slip_close_all(d, case_row, body->at);
    }
}

/* --- what is due --- */

/* The cases that have something due: those of slips first, then cases, each once. */
struct due_cases {
    uint32_t rows[2 * DECISION_EVENTS_MAX];
    uint32_t count;
};

static void add_case(struct due_cases *due, uint32_t case_row) {
    for (uint32_t i = 0; i < due->count; i++) {
        if (due->rows[i] == case_row) {
            return;
        }
    }
    due->rows[due->count++] = case_row;
}

static void find_due(const struct approvals *self, uint32_t now, struct due_cases *due) {
    uint32_t rows[DECISION_EVENTS_MAX];
    uint32_t count = agenda_due_rows(&self->slips.agenda, now / 60, rows, DECISION_EVENTS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        add_case(due, approvals_slip(self, rows[i])->subject);
    }
    count = agenda_due_rows(&self->case_agenda, now / 60, rows, DECISION_EVENTS_MAX);
    for (uint32_t i = 0; i < count; i++) {
        add_case(due, rows[i]);
    }
}

static bool has_room(const struct deciding *d, const struct thing *thing) {
    const size_t events = thing->step == STEP(SUPPLEMENT_LAPSED) ? EVENTS_OF_LAPSE : EVENTS_OF_THING;
    return d->decision->event_count + events <= DECISION_EVENTS_MAX;
}

/* False: that was all. */
static bool do_due(struct deciding *d, uint32_t now) {
    struct due_cases due = {.count = 0};
    find_due(d->self, now, &due);
    for (uint32_t i = 0; i < due.count; i++) {
        const struct thing thing = next_thing(d->self, due.rows[i], now);
        if (!has_room(d, &thing)) {
            break;
        }
        if (thing.slip != 0) {
            case_slip_tick(d, thing.slip, now);
        } else {
            take_step(d, due.rows[i], &thing);
        }
    }
    return due.count > 0;
}

/* --- planning anew --- */

/* What was said of a clock and no longer holds by its new days. */
static uint16_t flags_that_hold(const struct approvals *self, const struct approval_case *row, uint32_t now) {
    uint16_t flags = row->flags;
    if (!has_passed(self, row, CLOCK_PROMISED, now)) {
        flags &= (uint16_t)~CASE_PROMISED_PASSED;
    }
    if (!has_passed(self, row, CLOCK_STATUTORY, now)) {
        flags &= (uint16_t)~CASE_STATUTORY_PASSED;
    }
    if ((flags & CASE_WARNED) != 0) {
        const int32_t yellow = case_yellow_day(self, row);
        flags &= (uint16_t)(yellow == 0 || day_end_s(yellow - 1) > now ? ~CASE_WARNED : ~0);
    }
    return flags;
}

/* False: its days and flags stay. */
static bool plan_case(struct deciding *d, uint32_t case_row, uint32_t now, struct event_case_step *body) {
    const struct approval_case *row = approvals_case(d->self, case_row);
    struct approval_case after = *row;
    plan(d->self, row, row->state == STATE(SUSPENDED) ? row->until_day : civil_day_of_s(now), body);
    after.promised_due = body->promised_due;
    after.statutory_due = body->statutory_due;
    body->flags = (row->flags & (CASE_WARNED | CASE_PROMISED_PASSED | CASE_STATUTORY_PASSED)) == 0
                      ? row->flags
                      : flags_that_hold(d->self, &after, now);
    return body->promised_due != row->promised_due || body->statutory_due != row->statutory_due ||
           body->flags != row->flags;
}

static void emit_due_changed(struct deciding *d, uint32_t case_row, uint32_t now,
                             const struct event_case_step *planned) {
    const struct approval_case *row = approvals_case(d->self, case_row);
    struct event_case_step *body = begin_step(d, case_row, now, STEP(DUE_CHANGED));
    body->promised_due = planned->promised_due;
    body->statutory_due = planned->statutory_due;
    body->flags = planned->flags;
    body->notice = approvals_course(d->self)->replan_notice;
    body->old_due = row->promised_due != 0 ? row->promised_due : row->statutory_due;
    emit_step(d, body);
}

/* False: this decision has no room for what it takes. */
static bool replan_case(struct deciding *d, uint32_t case_row, uint32_t now) {
    const struct approval_case *row = approvals_case(d->self, case_row);
    struct event_case_step planned;
    const bool changes = case_has_clocks(row->state) && plan_case(d, case_row, now, &planned);
    const size_t events = changes + (row->first_slip == 0 ? 0 : case_slip_replan(d, case_row, now, false));
    if (d->decision->event_count + events > DECISION_EVENTS_MAX) {
        return false;
    }
    if (changes) {
        emit_due_changed(d, case_row, now, &planned);
    }
    if (events > changes) {
        case_slip_replan(d, case_row, now, true);
    }
    return true;
}

/* Where it has come to is said by the last case that changed, where no room is left to say it otherwise. */
static void replan(struct deciding *d, uint32_t now) {
    const uint32_t from = approvals_course(d->self)->replan_next, count = approvals_of(d)->cases.count;
    const uint32_t left = from <= count ? count - from + 1 : 0;
    const uint32_t end = from + (left < SLICE_ROWS ? left : SLICE_ROWS);
    uint32_t row = from;
    while (row < end && replan_case(d, row, now)) {
        row++;
    }
    if (d->decision->event_count < DECISION_EVENTS_MAX) {
        struct event_replanned_to *body = decide_take(d, sizeof *body);
        body->next = row > count ? 0 : row;
        decide_emit(d, EVENT_REPLANNED_TO, body, sizeof *body, 0);
    }
}

bool approvals_tick(const void *self, int64_t now_ms, struct arena *arena, struct decision *decision) {
    struct deciding d = {.self = self, .arena = arena, .decision = decision, .sees_all = true};
    const struct course *course = approvals_course(d.self);
    const uint32_t now = decide_seconds(approvals_of(&d)->options.time_by_commands ? course->now_ms : now_ms);
    if (now == 0) { /* no time has come yet */
        return true;
    }
    if (course->replan_next != 0) {
        replan(&d, now);
        return false;
    }
    return !do_due(&d, now);
}
