/*
 * The synthetic year of issues, tasks and clues: its printed figures, its order, and that the registry takes all of it and says in
 * its feed what the generator noted. Pure.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/civil.h"
#include "ctl/city_issues.h"
#include "issues/evolve.h"
#include "issues/rules.h"

#define ISTEP(name) ISSUES__V1__ISSUE_STEP__ISSUE_STEP_##name
#define TSTEP(name) ISSUES__V1__TASK_STEP__TASK_STEP_##name
#define CSTEP(name) ISSUES__V1__CLUE_STEP__CLUE_STEP_##name
#define SEEDS 3

static struct city_issues *make(uint64_t seed) {
    struct city_issues *city = NULL;
    const struct city_issues_options options = {.seed = seed, .base_ms = UINT64_C(1750000000000)};
    assert_int_equal(city_issues_new(&options, &city), STATUS_OK);
    return city;
}

static void it_is_the_printed_year(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        struct city_issues *city = make(seed);
        const struct city_issues_totals *t = city_issues_totals(city);
        assert_int_equal(t->registered - t->duplicates - t->invalid, 1194);
        assert_int_equal(t->resolved, 1131);
        assert_int_equal(t->confirmed + t->silent, 1131);
        assert_int_equal(t->tasks, 150);
        assert_int_equal(t->provincial, 152);
        assert_int_equal(t->key_items, 11);
        assert_int_equal(t->clues_transferred, 49);
        assert_int_equal(t->clues_filed, 37);
        assert_true(t->silent > 30 && t->dissatisfied > 20 && t->disputes > 10 && t->extensions > 10 && t->late > 5);
        assert_true(t->objections > 0 && t->reopened == 1 && t->circulars == 2);
        for (unsigned field = 1; field <= 6; field++) {
            assert_true(t->tasks_in_field[field] > 0);
        }
        city_issues_destroy(&city);
    }
}

static void it_comes_in_order(void **state) {
    (void)state;
    struct city_issues *city = make(7), *again = make(7);
    struct city_approvals_command command, same;
    int64_t last = 0;
    uint64_t count = 0;
    uint8_t body[CITY_APPROVALS_BODY_BYTES_MAX], other[CITY_APPROVALS_BODY_BYTES_MAX];
    while (city_issues_next(city, &command)) {
        assert_true(city_issues_next(again, &same));
        const size_t size = city_issues_pack(city, &command, body);
        assert_int_equal(size, city_issues_pack(again, &same, other));
        assert_memory_equal(body, other, size);
        assert_memory_equal(&command.id, &same.id, sizeof command.id);
        assert_true(command.occurred_at_ms >= last);
        assert_true(command.wave > 0 || command.sender == CITY_SENDER_OPERATOR);
        last = command.occurred_at_ms;
        count++;
    }
    assert_int_equal(count, city_issues_totals(city)->commands);
    city_issues_destroy(&city);
    city_issues_destroy(&again);
}

/* --- The registry takes all of it ----------------------------------------------------------------------------------------------- */

struct registry {
    struct issues issues;
    struct state state;
    struct arena arena;
    uint64_t seq;
    struct city_issues_totals counted;
    int64_t open, open_overdue, lagging;
    uint64_t provincial_mapped, warned;
};

static void count_issue(struct registry *r, const Issues__V1__IssueMoved *moved) {
    struct city_issues_totals *c = &r->counted;
    r->open_overdue += moved->open_overdue;
    c->registered += moved->step == ISTEP(REGISTERED);
    c->duplicates += moved->step == ISTEP(DUPLICATE);
    c->invalid += moved->step == ISTEP(INVALID);
    c->dissatisfied += moved->step == ISTEP(DISSATISFIED);
    c->disputes += moved->step == ISTEP(DISPUTED);
    c->extensions += moved->step == ISTEP(EXTENDED);
    c->raised += moved->raised;
    c->dispatched_late += moved->step == ISTEP(DISPATCH_LATE);
    c->long_term += moved->step == ISTEP(LONG_TERM);
    c->transferred += moved->step == ISTEP(TRANSFERRED);
    c->cancelled += moved->step == ISTEP(CANCELLED);
    c->signed_off += moved->step == ISTEP(SIGNED_OFF);
    c->silent += moved->step == ISTEP(SILENT);
    c->about_item += moved->step == ISTEP(REGISTERED) && moved->facts->item_code[0] != 0;
    c->about_task += moved->step == ISTEP(REGISTERED) && moved->facts->task_number[0] != 0;
    c->cited += moved->n_rules;
    if (moved->closing != NULL) {
        c->resolved++;
        c->confirmed += moved->closing->confirmed;
        c->on_time += moved->closing->on_time;
        c->late += !moved->closing->on_time;
    }
}

static void count_task(struct registry *r, const Issues__V1__TaskMoved *moved) {
    struct city_issues_totals *c = &r->counted;
    c->tasks += moved->step == TSTEP(SIGNED_OFF);
    c->reports += moved->step == TSTEP(REPORTED);
    c->objections += moved->step == TSTEP(OBJECTED);
    c->reopened += moved->step == TSTEP(REOPENED);
    r->provincial_mapped += moved->provincial_mapped;
    r->lagging += (moved->lag_after >= ISSUES__V1__TASK_LAG__TASK_LAG_YELLOW) - (moved->lag_before >= ISSUES__V1__TASK_LAG__TASK_LAG_YELLOW);
}

static void count_clue(struct registry *r, const Issues__V1__ClueMoved *moved) {
    struct city_issues_totals *c = &r->counted;
    c->clues += moved->step == CSTEP(FOUND);
    c->clues_transferred += moved->step == CSTEP(TRANSFERRED);
    c->clues_filed += moved->step == CSTEP(FILED);
    c->clues_not_filed += moved->step == CSTEP(NOT_FILED);
    c->suggestions += moved->step == CSTEP(SUGGESTED);
    c->clues_signed_off += moved->step == CSTEP(SIGNED_OFF);
    c->receipts_late += moved->step == CSTEP(RECEIPT_LATE);
}

static void take_events(struct registry *r, struct decision *decision) {
    for (size_t i = 0; i < decision->event_count; i++) {
        struct event *event = &decision->events[i];
        const Issues__V1__Event *said = (const Issues__V1__Event *)event->public_body;
        event->seq = ++r->seq;
        if (event->prev == EVENT_PREV_BEFORE) {
            event->prev = r->seq - 1;
        }
        if (said != NULL && said->body_case == ISSUES__V1__EVENT__BODY_ISSUE_MOVED) {
            count_issue(r, said->issue_moved);
        } else if (said != NULL && said->body_case == ISSUES__V1__EVENT__BODY_TASK_MOVED) {
            count_task(r, said->task_moved);
        } else if (said != NULL && said->body_case == ISSUES__V1__EVENT__BODY_CLUE_MOVED) {
            count_clue(r, said->clue_moved);
        }
        r->counted.circulars += said != NULL && said->body_case == ISSUES__V1__EVENT__BODY_CIRCULAR_PUBLISHED;
        issues_evolve(&r->issues, event);
    }
}

static void run_tick(struct registry *r) {
    struct decision decision;
    bool is_done;
    do {
        memset(&decision, 0, sizeof decision);
        arena_reset(&r->arena);
        is_done = issues_tick(&r->issues, 0, &r->arena, &decision);
        take_events(r, &decision);
    } while (!is_done);
}

static enum role role_of(enum city_sender sender) {
    static const enum role roles[] = {[CITY_SENDER_AGENCY] = ROLE_PUBLISHER,
                                      [CITY_SENDER_CLERK] = ROLE_CLERK,
                                      [CITY_SENDER_OPERATOR] = ROLE_OPERATOR,
                                      [CITY_SENDER_SUPERVISOR] = ROLE_SUPERVISOR,
                                      [CITY_SENDER_LEADER] = ROLE_LEADER};
    return roles[sender];
}

static void send(struct registry *r, struct city_issues *city, const struct city_approvals_command *sent) {
    uint8_t packed[CITY_APPROVALS_BODY_BYTES_MAX];
    const size_t size = city_issues_pack(city, sent, packed);
    Issues__V1__Command *message = issues__v1__command__unpack(NULL, size, packed);
    const struct command command = {.organisation = city_sender_organisation(sent->sender, sent->agency),
                                    .role = role_of(sent->sender),
                                    .principal = city_sender_key(sent->sender, sent->agency),
                                    .occurred_at_ms = sent->occurred_at_ms,
                                    .received_at_ms = INT64_C(1750000000000),
                                    .body = &message->base};
    struct decision decision = {.event_count = 0};
    arena_reset(&r->arena);
    assert_true(issues_may_submit(command.role, command.body));
    issues_decide(&r->issues, &command, &r->arena, &decision);
    if (decision.refused) {
        char time[32];
        civil_time_format(sent->occurred_at_ms, time);
        const int step = message->body_case == ISSUES__V1__COMMAND__BODY_REPORT_ISSUE  ? (int)message->report_issue->step
                         : message->body_case == ISSUES__V1__COMMAND__BODY_REPORT_TASK ? (int)message->report_task->step
                         : message->body_case == ISSUES__V1__COMMAND__BODY_REPORT_CLUE ? (int)message->report_clue->step
                                                                                       : 0;
        const char *number = message->body_case == ISSUES__V1__COMMAND__BODY_REPORT_ISSUE  ? message->report_issue->issue_number
                             : message->body_case == ISSUES__V1__COMMAND__BODY_REPORT_TASK ? message->report_task->task_number
                             : message->body_case == ISSUES__V1__COMMAND__BODY_REPORT_CLUE ? message->report_clue->clue_number
                                                                                           : "";
        fail_msg("%s: command %lu (body %d, step %d, %s) is refused: code %u, field %s", time, (unsigned long)sent->number,
                 (int)message->body_case, step, number, decision.code, decision.field != NULL ? decision.field : "");
    }
    const bool runs_tick = decision.runs_tick;
    take_events(r, &decision);
    if (runs_tick) {
        run_tick(r);
    }
    issues__v1__command__free_unpacked(message, NULL);
}

static void the_registry_takes_it(uint64_t seed) {
    struct city_issues *city = make(seed);
    struct registry *r = calloc(1, sizeof *r);
    struct city_approvals_command command;
    const struct issues_options options = {.future_ms = 600000,
                                           .issues_max = 10000,
                                           .time_by_commands = true,
                                           .dispatch_workdays = 3,
                                           .class_workdays = {0, 22, 15, 5},
                                           .part_workdays = 3,
                                           .silence_workdays = 10,
                                           .confirm_workdays = 5,
                                           .receipt_workdays = 3,
                                           .yellow_tenths = 9,
                                           .yellow_days = 1,
                                           .lag_permille = 100,
                                           .report_days = 31};
    arena_init(&r->arena, DECISION_ARENA_BYTES);
    issues_state_init(&r->issues, &options, &r->state);
    while (city_issues_next(city, &command)) {
        send(r, city, &command);
    }
    const struct city_issues_totals *t = city_issues_totals(city), *c = &r->counted;
#define SAME(name) assert_int_equal(c->name, t->name)
    SAME(registered);
    SAME(duplicates);
    SAME(invalid);
    SAME(resolved);
    SAME(confirmed);
    SAME(silent);
    SAME(signed_off);
    SAME(long_term);
    SAME(transferred);
    SAME(cancelled);
    SAME(dissatisfied);
    SAME(disputes);
    SAME(extensions);
    SAME(raised);
    SAME(dispatched_late);
    SAME(on_time);
    SAME(late);
    SAME(about_item);
    SAME(about_task);
    SAME(cited);
    SAME(reports);
    SAME(objections);
    SAME(reopened);
    SAME(clues);
    SAME(clues_transferred);
    SAME(clues_filed);
    SAME(clues_not_filed);
    SAME(suggestions);
    SAME(clues_signed_off);
    SAME(receipts_late);
    SAME(circulars);
#undef SAME
    assert_int_equal(c->tasks, t->tasks + t->reopened); /* one was signed off twice */
    assert_int_equal(r->provincial_mapped, t->provincial);
    assert_int_equal(r->lagging, 0);
    state_release(&r->state);
    arena_release(&r->arena);
    free(r);
    city_issues_destroy(&city);
}

static void the_registry_counts_the_same(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= SEEDS; seed++) {
        the_registry_takes_it(seed);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_is_the_printed_year),
        cmocka_unit_test(it_comes_in_order),
        cmocka_unit_test(the_registry_counts_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
