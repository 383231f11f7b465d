#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "issues/task_steps.h"
#include "support/issues_ledger.h"

/* The sums of what the feed says of the ledger are what there is: tasks by state and colour, progress, indicators and
 * their values, milestones, after any walk of commands, ticks and notices. */

enum { TASKS = 12, CODES = 4, STATES = 9, LAGS = 5, WALKS = 12, ACTS = 4000 };
static const char *const codes[CODES] = {"jobs", "days", "law", "towns"};

/* What can be summed. */
struct sums {
    int64_t tasks[STATES]; /* issued ones, by the state they are in */
    int64_t lags[LAGS];    /* of those that are issued: signed changes alone, so none of NONE */
    int64_t progress, indicators, met, milestones, closed, mapped;
    int64_t baseline[CODES], target[CODES], measured[CODES], total[CODES];
    int64_t slips_open;
};

static uint32_t seen[128]; /* by step */

static size_t code_of(const char *code) {
    for (size_t i = 0; i < CODES; i++) {
        if (strcmp(codes[i], code) == 0) {
            return i;
        }
    }
    fail_msg("there is no indicator %s", code);
    return 0;
}

static void count_lag(struct sums *sums, int lag, int by) {
    if (lag > TASK_LAG(NONE)) {
        sums->lags[lag] += by;
    }
}

static void add_moved(struct sums *sums, const Issues__V1__TaskMoved *moved) {
    assert_true(moved->after != TASK_STATE(DRAFT) && moved->step != TASK_STEP(COMMENTED));
    assert_string_equal(moved->facts->agency, "plan");
    seen[moved->step]++;
    assert_true(moved->facts->region == 411000 && moved->facts->year == 2020);
    sums->tasks[moved->before] -= moved->before != TASK_STATE(DRAFT);
    sums->tasks[moved->after]++;
    count_lag(sums, (int)moved->lag_before, -1);
    count_lag(sums, (int)moved->lag_after, 1);
    sums->progress += moved->progress_permille;
    sums->indicators += moved->indicators;
    sums->met += moved->indicators_met;
    sums->milestones += moved->milestones;
    sums->closed += moved->milestones_closed;
    sums->mapped += moved->provincial_mapped;
    for (size_t i = 0; i < moved->n_changes; i++) {
        const size_t code = code_of(moved->changes[i]->code);
        sums->baseline[code] += moved->changes[i]->baseline;
        sums->target[code] += moved->changes[i]->target;
        sums->measured[code] += moved->changes[i]->measured;
        sums->total[code] += moved->changes[i]->total;
    }
}

/* A slip is open from its issue on, and while it waits for the judgement of a reply. */
static void add_slip(struct sums *sums, const Issues__V1__SlipChanged *changed) {
    sums->slips_open += changed->state == COMMON__V1__SLIP_STATE__SLIP_STATE_ISSUED ? 1 : 0;
    sums->slips_open -= changed->state == COMMON__V1__SLIP_STATE__SLIP_STATE_LAPSED ||
                        changed->state == COMMON__V1__SLIP_STATE__SLIP_STATE_CLOSED;
}

static void watch(void *user, const struct event *event) {
    struct sums *sums = user;
    const Issues__V1__Event *message = (const Issues__V1__Event *)event->public_body;
    if (message != NULL && message->body_case == ISSUES__V1__EVENT__BODY_TASK_MOVED) {
        add_moved(sums, message->task_moved);
    } else if (message != NULL && message->body_case == ISSUES__V1__EVENT__BODY_SLIP_CHANGED) {
        add_slip(sums, message->slip_changed);
    }
}

/* --- what there is --- */

static void add_indicators(const struct issues *issues, const struct task *row, struct sums *sums) {
    for (uint32_t i = 0; i < row->indicator_count; i++) {
        const struct indicator *indicator = issues_indicator(issues, row->first_indicator + i);
        const size_t code = code_of(indicator->code);
        sums->met += indicator_is_met(indicator);
        sums->baseline[code] += indicator->baseline;
        sums->target[code] += indicator->target;
        sums->measured[code] += indicator->measured;
        sums->total[code] += indicator->total;
    }
    for (uint32_t i = 0; i < row->milestone_count; i++) {
        sums->closed += issues_milestone(issues, row->first_milestone + i)->closed_at != 0;
    }
    sums->indicators += row->indicator_count;
    sums->milestones += row->milestone_count;
}

static void add_task(const struct issues *issues, uint32_t number, struct sums *sums) {
    const struct task *row = issues_task(issues, number);
    if (row->issued_at == 0) {
        return; /* a draft, or one that was cancelled */
    }
    sums->tasks[row->state]++;
    count_lag(sums, row->lag, 1);
    sums->progress += task_progress(issues, row);
    add_indicators(issues, row, sums);
    for (uint32_t slip = row->first_slip; slip != 0; slip = issues_slip(issues, slip)->next) {
        sums->slips_open += slip_is_open(issues_slip(issues, slip));
    }
}

static void check_sums(const struct office *office, const struct sums *said) {
    struct sums there = {.progress = 0};
    for (uint32_t number = 1; number <= office->issues.tasks.count; number++) {
        add_task(&office->issues, number, &there);
    }
    for (uint32_t number = 1; number <= office->issues.provincial_tasks.count; number++) {
        there.mapped += issues_provincial(&office->issues, number)->task != 0;
    }
    assert_memory_equal(&there, said, sizeof there);
}

/* Behind a tick the feed was told what is true on that day. */
static void check_colours(const struct office *office, int32_t day) {
    for (uint32_t number = 1; number <= office->issues.tasks.count; number++) {
        const struct task *row = issues_task(&office->issues, number);
        assert_int_equal(row->lag, task_lag(&office->issues, row, day));
    }
}

/* --- a walk --- */

static uint64_t seed;
static uint32_t draw(uint32_t below) {
    seed += UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(hash_mix64(seed) >> 33) % below;
}

static const char *at_of(int64_t minute) {
    static char text[48];
    civil_time_format(minute * 60000, text);
    text[16] = '\0';
    return text;
}

static const char *number_of(uint32_t n) {
    static char text[16];
    snprintf(text, sizeof text, "T%u", n);
    return text;
}

static void draw_draft(struct office *office, const char *at) {
    static const struct ledger_indicator of_kind[] = {{"jobs", INDICATOR_KIND(INCREASE), 0, 1000, 0},
                                                      {"days", INDICATOR_KIND(DECREASE), 1000, 0, 0},
                                                      {"law", INDICATOR_KIND(BOOLEAN), 0, 100, 0},
                                                      {"towns", INDICATOR_KIND(COVERAGE), 100, 900, 1000}};
    static const char *const due[] = {"2020-04-30", "2020-08-31", "2020-12-31"};
    struct ledger_draft draft = {.number = number_of(draw(TASKS)), .at = at, .key = draw(3) == 0, .due = due[draw(3)]};
    const uint32_t count = 1 + draw(3), from = draw(2);
    for (uint32_t i = 0; i < count; i++) {
        draft.indicators[i] = of_kind[from + i];
    }
    draft.no_indicators = draw(5) == 0;
    if (draft.no_indicators) {
        memset(draft.indicators, 0, sizeof draft.indicators);
    }
    draft.milestones[0] = (struct ledger_milestone){"2020-03-31", draw(2) * 300};
    draft.milestones[1] = (struct ledger_milestone){"2020-04-15", 0};
    draft.parts[0] = draw(4) == 0 ? NOTHING : "fire";
    draft.provincial[0] = draw(2) == 0 ? NULL : "P1";
    draft.provincial[1] = draft.provincial[0] == NULL || draw(2) == 0 ? NULL : "P2";
    office_draft(office, &draft);
}

/* Mostly what brings it on. */
static int draw_step(void) {
    static const int steps[] = {
        TASK_STEP(ISSUED),           TASK_STEP(STARTED),       TASK_STEP(REPORTED),        TASK_STEP(MEASURED),
        TASK_STEP(MEASURED),         TASK_STEP(MEASURED),      TASK_STEP(MEASURED),        TASK_STEP(MILESTONE_CLOSED),
        TASK_STEP(MILESTONE_CLOSED), TASK_STEP(SIGNOFF_ASKED), TASK_STEP(SIGNOFF_ASKED),   TASK_STEP(CONFIRMED),
        TASK_STEP(CONFIRMED),        TASK_STEP(OBJECTED),      TASK_STEP(LEADER_APPROVED), TASK_STEP(SIGNED_OFF),
        TASK_STEP(SIGNED_OFF),       TASK_STEP(RETURNED),      TASK_STEP(DEFERRED),        TASK_STEP(RESUMED),
        TASK_STEP(RESUMED),          TASK_STEP(REOPENED),      TASK_STEP(COMMENTED),       TASK_STEP(CANCELLED),
        TASK_STEP(CARRIED_OVER)};
    const uint32_t count = sizeof steps / sizeof steps[0];
    return steps[draw(20) == 0 ? draw(count) : draw(count - 2)];
}

static void draw_act(struct office *office, const char *at) {
    static const int64_t values[] = {0, 0, 100, 100, 500, 900, 1000, 1000, 1000, 1500, -300};
    office_task(office, &(struct task_act){.step = draw_step(),
                                           .number = number_of(draw(TASKS)),
                                           .at = at,
                                           .indicator = codes[draw(CODES)],
                                           .value = values[draw(sizeof values / sizeof values[0])],
                                           .milestone = 1 + draw(2)});
}

static void draw_slip(struct office *office, const char *at) {
    const uint32_t slip = 1 + draw(office->issues.slips.rows.count + 1);
    if (draw(2) == 0) {
        office_slip_reply(office, "plan", slip, at);
    } else {
        office_slip_issue(office, ISSUES__V1__RECORD_KIND__RECORD_KIND_TASK, number_of(draw(TASKS)), 1 + draw(4), at);
    }
}

static void walk(uint64_t from) {
    struct office office;
    struct sums sums = {.progress = 0};
    int64_t minute = office_ms("2020-01-02T09:00") / 60000;
    seed = from;
    office_init(&office, 100);
    office_begin(&office, "2020-01-01");
    office.watch = watch;
    office.user = &sums;
    assert_true(office_provincial(&office, 2020, "P1", "") && office_provincial(&office, 2020, "P2", ""));
    for (unsigned i = 0; i < ACTS; i++) {
        const uint32_t what = draw(100);
        if (what < 6) {
            draw_draft(&office, at_of(minute));
        } else if (what < 80) {
            draw_act(&office, at_of(minute));
        } else if (what < 84) {
            draw_slip(&office, at_of(minute));
        } else {
            minute += draw(12) == 0 ? draw(20 * 1440) : draw(480);
            office_tick_ms(&office, minute * 60000);
            check_colours(&office, civil_day_of_ms(minute * 60000));
        }
        if (i == ACTS / 4) {
            office_load_notice(&office, "2020-B");
        }
        if (i % 8 == 0) {
            check_sums(&office, &sums);
        }
    }
    check_sums(&office, &sums);
    assert_true(office_folds(&office));
    office_release(&office);
}

static void the_sums_are_what_there_is(void **state) {
    (void)state;
    for (uint64_t i = 1; i <= WALKS; i++) {
        walk(i * 1000003);
    }
    for (int step = TASK_STEP(ISSUED); step <= TASK_STEP(REOPENED); step++) { /* the walks go everywhere */
        assert_true(seen[step] > 3);
    }
    assert_true(seen[TASK_STEP(LAG_CHANGED)] > 100 && seen[TASK_STEP(CONFIRMATION_LATE)] > 3);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_sums_are_what_there_is)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
