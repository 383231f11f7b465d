#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/check.h"
#include "base/civil.h"
#include "base/file.h"
#include "base/hash.h"
#include "support/feed_owner.h"
#include "support/issues_oracle.h"
#include "support/peers.h"
#include "support/postgres.h"
#include "support/process.h"

/*
 * Events of the contract of issues through the real aggregator into a real PostgreSQL, and what the bureau's views then
 * show, against an oracle that counts with plain loops. The test plays the registry. (Each column on numbers by hand:
 * test_issues_views.c.)
 */
#define FIRST_DAY 18240u /* 2019-12-10: two years, four months */
#define DAYS 80u
#define AGENCIES 6u
#define ISSUES_MAX 600u
#define TASKS_MAX 80u
#define CLUES_MAX 150u

#define ISSUE_STEP(name) ISSUES__V1__ISSUE_STEP__ISSUE_STEP_##name
#define ISSUE(name) ISSUES__V1__ISSUE_STATE__ISSUE_STATE_##name
#define TASK_STEP(name) ISSUES__V1__TASK_STEP__TASK_STEP_##name
#define TASK(name) ISSUES__V1__TASK_STATE__TASK_STATE_##name
#define CLUE_STEP(name) ISSUES__V1__CLUE_STEP__CLUE_STEP_##name
#define CLUE(name) ISSUES__V1__CLUE_STATE__CLUE_STATE_##name
#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])

struct issue_row {
    Issues__V1__IssueFacts facts;
    int state;
    bool overdue;
};
struct task_row {
    Issues__V1__TaskFacts facts;
    int state, lag, progress, met, closed;
    bool on_time;
};
struct clue_row {
    Issues__V1__ClueFacts facts;
    int state;
};

struct bench {
    struct test_keys keys;
    struct feed_owner owner;
    struct issues_oracle *oracle;
    struct process aggregator;
    char config_path[320];
    char programs[512];
    uint64_t random;
    uint64_t unknown_events;
    struct issue_row issues[ISSUES_MAX];
    struct task_row tasks[TASKS_MAX];
    struct clue_row clues[CLUES_MAX];
    uint32_t issue_count, task_count, clue_count;
    int in_force[2];
};

static struct postgres cluster;

static int start_cluster(void **state) {
    (void)state;
    postgres_start(&cluster);
    return 0;
}

static int stop_cluster(void **state) {
    (void)state;
    postgres_stop(&cluster);
    return 0;
}

/* --- Starting ----------------------------------------------------------------------------------------------------- */

static void find_programs(struct bench *bench) {
    const char *given = getenv("LIANCHENG_PROGRAMS");
    if (given != NULL) {
        snprintf(bench->programs, sizeof bench->programs, "%s", given);
        return;
    }
    char self[400]; /* build/FLAVOUR/tests/system/NAME */
    ssize_t size = readlink("/proc/self/exe", self, sizeof self - 1);
    assert_true(size > 0);
    self[size] = '\0';
    for (int i = 0; i < 3; i++) {
        *strrchr(self, '/') = '\0';
    }
    snprintf(bench->programs, sizeof bench->programs, "%s/bin", self);
}

static void write_config(struct bench *bench, const char *follower_key) {
    struct buffer text = {0};
    buffer_printf(&text,
                  "server\n    bind = \"tcp://127.0.0.1:*\"\n    key = \"%s\"\n    keys = \"%s\"\n"
                  "postgres\n    conninfo = \"host=%s dbname=liancheng user=liancheng_writer\"\n"
                  "client\n    key = \"%s\"\nsources\n",
                  bench->keys.server_key_path, bench->keys.keys_path, cluster.folder, follower_key);
    buffer_printf(&text,
                  "    issues\n        endpoint = \"%s\"\n        server_key = \"%s\"\n        kind = \"issues\"\n",
                  server_endpoint(bench->owner.server), bench->keys.server_public_path);
    snprintf(bench->config_path, sizeof bench->config_path, "%s/aggregator.conf", bench->keys.folder);
    assert_int_equal(file_write_atomic(bench->config_path, text.data, text.size, 0600), STATUS_OK);
    buffer_release(&text);
}

static void migrate(struct bench *bench) {
    struct process process;
    char program[600], flag[300], log_path[320];
    snprintf(program, sizeof program, "%s/aggregator", bench->programs);
    snprintf(flag, sizeof flag, "--postgres-conninfo=%s", postgres_conninfo(&cluster));
    snprintf(log_path, sizeof log_path, "%s/migrate.log", bench->keys.folder);
    const char *argv[] = {program, "migrate", flag, NULL};
    process_start(&process, argv, log_path);
    int code = process_wait(&process);
    if (code != 0) {
        process_show_log(&process);
    }
    assert_int_equal(code, 0);
    PQclear(postgres_query(&cluster, "ALTER ROLE liancheng_writer LOGIN"));
}

static void launch(struct bench *bench) {
    char program[600], log_path[320];
    snprintf(program, sizeof program, "%s/aggregator", bench->programs);
    snprintf(log_path, sizeof log_path, "%s/aggregator.log", bench->keys.folder);
    const char *argv[] = {program, "--config", bench->config_path, NULL};
    process_start(&bench->aggregator, argv, log_path);
}

static int set_up(void **state) {
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    test_keys_make(&bench->keys);
    const char *follower_key = test_keys_add(&bench->keys, "aggregator/follower", "aggregator", "follower");
    find_programs(bench);
    feed_owner_open(&bench->owner, NULL, bench->keys.server_key_path, bench->keys.keys_path);
    bench->oracle = issues_oracle_new();
    postgres_renew_database(&cluster);
    write_config(bench, follower_key);
    migrate(bench);
    *state = bench;
    return 0;
}

static int tear_down(void **state) {
    struct bench *bench = *state;
    if (bench->aggregator.pid > 0) {
        process_kill(&bench->aggregator);
    }
    feed_owner_release(&bench->owner);
    issues_oracle_destroy(&bench->oracle);
    test_keys_remove(&bench->keys);
    free(bench);
    return 0;
}

/* --- Waiting ------------------------------------------------------------------------------------------------------ */

static int64_t number(const char *sql) {
    char text[64];
    postgres_value(&cluster, sql, text, sizeof text);
    return strtoll(text, NULL, 10);
}

static void wait_caught_up(struct bench *bench) {
    while (number("SELECT coalesce(sum(cursor), 0) FROM metrics.source") != (int64_t)bench->owner.head) {
        siginfo_t info = {0};
        feed_owner_pump(&bench->owner, 5);
        bool ended =
            waitid(P_PID, (id_t)bench->aggregator.pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid != 0;
        if (ended) {
            process_show_log(&bench->aggregator);
        }
        assert_false(ended);
    }
}

/* --- Random events ------------------------------------------------------------------------------------------------ */

static const struct {
    const char *code;
    uint32_t region;
} agencies[AGENCIES] = {{"service-office", 411000}, {"market", 411000},      {"weidu-hall", 411002},
                        {"weidu-tax", 411002},      {"yuzhou-hall", 411081}, {"zone-hall", 411071}};
static const uint32_t regions[] = {411000, 411002, 411003, 411071, 411081};

static uint32_t draw(struct bench *bench, uint32_t below) {
    bench->random += UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(hash_mix64(bench->random) >> 33) % below;
}

/* Where a record may go. after 0: it stays. */
struct way {
    int before, step, after;
};

/* One of the ways on from a state, each as likely; NULL: it has ended. */
static const struct way *draw_way(struct bench *bench, const struct way *ways, size_t count, int state) {
    const struct way *drawn = NULL;
    uint32_t fitting = 0;
    for (size_t i = 0; i < count; i++) {
        if (ways[i].before == state && draw(bench, ++fitting) == 0) {
            drawn = &ways[i];
        }
    }
    return drawn;
}

static char *words(const char *text) {
    return (char *)(uintptr_t)text;
}

static void append(struct bench *bench, const Issues__V1__Event *event) {
    size_t size = issues__v1__event__get_packed_size(event);
    uint8_t *body = malloc(size);
    CHECK(body != NULL);
    issues__v1__event__pack(event, body);
    feed_owner_append(&bench->owner, body, size);
    free(body);
    issues_oracle_take(bench->oracle, event);
}

static void append_agencies(struct bench *bench) {
    for (uint32_t i = 0; i < AGENCIES; i++) {
        Common__V1__AgencyRegistered registered = COMMON__V1__AGENCY_REGISTERED__INIT;
        Issues__V1__Event event = ISSUES__V1__EVENT__INIT;
        registered.agency = words(agencies[i].code);
        registered.name = words("政府部门");
        registered.region = agencies[i].region;
        event.body_case = ISSUES__V1__EVENT__BODY_AGENCY_REGISTERED;
        event.agency_registered = &registered;
        append(bench, &event);
    }
}

/* --- Issues ------------------------------------------------------------------------------------------------------- */

static void append_issue(struct bench *bench, Issues__V1__IssueMoved *moved) {
    Issues__V1__Event event = ISSUES__V1__EVENT__INIT;
    event.body_case = ISSUES__V1__EVENT__BODY_ISSUE_MOVED;
    event.issue_moved = moved;
    append(bench, &event);
}

static void append_registration(struct bench *bench, uint32_t day) {
    /* The first two are one in a cell. */
    static const char *const items[] = {"11411000MB123456789400012000100001", "11411000MB123456789400012000100002",
                                        "xk-1", ""};
    static const char *const tasks[] = {"许改〔2020〕3号-17（营商环境）", "2020-5", "", ""};
    char *rules[] = {words("ZM-01"), words("FM-07"), words("FM-21")};
    struct issue_row *row = &bench->issues[bench->issue_count++];
    Issues__V1__IssueMoved moved = ISSUES__V1__ISSUE_MOVED__INIT;
    issues__v1__issue_facts__init(&row->facts);
    row->facts.region = regions[draw(bench, COUNT(regions))];
    row->facts.registered_day = day;
    row->facts.item_code = words(items[draw(bench, 4)]);
    row->facts.task_number = words(tasks[draw(bench, 4)]);
    row->state = ISSUE(REGISTERED);
    moved.facts = &row->facts;
    moved.step = ISSUE_STEP(REGISTERED);
    moved.after = ISSUE(REGISTERED);
    moved.day = day;
    moved.rules = rules + draw(bench, 2);
    moved.n_rules = draw(bench, 3);
    append_issue(bench, &moved);
}

static const struct way issue_ways[] = {
    {ISSUE(REGISTERED), ISSUE_STEP(SCREENED), ISSUE(SCREENED)},
    {ISSUE(REGISTERED), ISSUE_STEP(SCREENED), ISSUE(SCREENED)},
    {ISSUE(REGISTERED), ISSUE_STEP(SCREENED), ISSUE(SCREENED)},
    {ISSUE(REGISTERED), ISSUE_STEP(DUPLICATE), ISSUE(DUPLICATE)},
    {ISSUE(REGISTERED), ISSUE_STEP(DISPATCH_LATE), 0},
    {ISSUE(SCREENED), ISSUE_STEP(INVALID), ISSUE(INVALID)},
    {ISSUE(SCREENED), ISSUE_STEP(DISPATCHED), ISSUE(DISPATCHED)},
    {ISSUE(SCREENED), ISSUE_STEP(DISPATCHED), ISSUE(DISPATCHED)},
    {ISSUE(SCREENED), ISSUE_STEP(DISPATCHED), ISSUE(DISPATCHED)},
    {ISSUE(DISPATCHED), ISSUE_STEP(DISPUTED), ISSUE(DISPUTED)},
    {ISSUE(DISPATCHED), ISSUE_STEP(STARTED), ISSUE(HANDLING)},
    {ISSUE(DISPATCHED), ISSUE_STEP(OVERDUE), 0},
    {ISSUE(DISPUTED), ISSUE_STEP(DISPATCHED), ISSUE(DISPATCHED)},
    {ISSUE(HANDLING), ISSUE_STEP(EXTENDED), 0},
    {ISSUE(HANDLING), ISSUE_STEP(PART_LATE), 0},
    {ISSUE(HANDLING), ISSUE_STEP(OVERDUE), 0},
    {ISSUE(HANDLING), ISSUE_STEP(RAISED), 0},
    {ISSUE(HANDLING), ISSUE_STEP(ANSWERED), ISSUE(ANSWERED)},
    {ISSUE(HANDLING), ISSUE_STEP(ANSWERED), ISSUE(ANSWERED)},
    {ISSUE(HANDLING), ISSUE_STEP(ANSWERED), ISSUE(ANSWERED)},
    {ISSUE(HANDLING), ISSUE_STEP(LONG_TERM), ISSUE(LONG_TERM)},
    {ISSUE(HANDLING), ISSUE_STEP(TRANSFERRED), ISSUE(TRANSFERRED)},
    {ISSUE(HANDLING), ISSUE_STEP(CANCELLED), ISSUE(CANCELLED)},
    {ISSUE(ANSWERED), ISSUE_STEP(CONFIRMED), ISSUE(CONFIRMED)},
    {ISSUE(ANSWERED), ISSUE_STEP(CONFIRMED), ISSUE(CONFIRMED)},
    {ISSUE(ANSWERED), ISSUE_STEP(DISSATISFIED), ISSUE(HANDLING)},
    {ISSUE(ANSWERED), ISSUE_STEP(SILENT), ISSUE(RESOLVED)},
    {ISSUE(CONFIRMED), ISSUE_STEP(RESOLVED), ISSUE(RESOLVED)},
    {ISSUE(RESOLVED), ISSUE_STEP(SIGNED_OFF), ISSUE(SIGNED_OFF)},
    {ISSUE(LONG_TERM), ISSUE_STEP(REVIEW_DUE), 0},
    {ISSUE(LONG_TERM), ISSUE_STEP(RESUMED), ISSUE(HANDLING)},
};

static uint32_t draw_charged(struct bench *bench) {
    static const uint32_t long_ones[] = {30, 31, 32, 59, 60, 61, 66, 100, 1001, 1500};
    return draw(bench, 6) == 0 ? long_ones[draw(bench, COUNT(long_ones))] : draw(bench, 25);
}

/* Overdue is said once, and taken back by an answer and all that ends the clock. */
static int change_overdue(struct issue_row *row, int step) {
    const bool was = row->overdue;
    row->overdue =
        step == ISSUE_STEP(OVERDUE) || (was && (row->state == ISSUE(HANDLING) || row->state == ISSUE(DISPATCHED)));
    return row->overdue - was;
}

static void append_issue_step(struct bench *bench, uint32_t day) {
    if (bench->issue_count == 0) {
        return;
    }
    struct issue_row *row = &bench->issues[draw(bench, bench->issue_count)];
    const struct way *way = draw_way(bench, issue_ways, COUNT(issue_ways), row->state);
    if (way == NULL || (row->overdue && (way->step == ISSUE_STEP(OVERDUE) || way->step == ISSUE_STEP(DISPUTED)))) {
        return;
    }
    Issues__V1__IssueClosing closing = ISSUES__V1__ISSUE_CLOSING__INIT;
    Issues__V1__IssueMoved moved = ISSUES__V1__ISSUE_MOVED__INIT;
    moved.facts = &row->facts;
    moved.step = (Issues__V1__IssueStep)way->step;
    moved.before = (Issues__V1__IssueState)row->state;
    moved.day = day;
    row->state = way->after == 0 ? row->state : way->after;
    moved.after = (Issues__V1__IssueState)row->state;
    if (way->step == ISSUE_STEP(DISPATCHED)) {
        row->facts.agency = words(agencies[draw(bench, AGENCIES)].code);
        row->facts.class_ = (Issues__V1__IssueClass)(1 + draw(bench, 3));
    }
    moved.open_overdue = change_overdue(row, way->step);
    closing.confirmed = way->step == ISSUE_STEP(RESOLVED);
    closing.on_time = draw(bench, 3) != 0;
    closing.charged_days = draw_charged(bench);
    moved.closing = row->state == ISSUE(RESOLVED) ? &closing : NULL;
    moved.unit = words(way->step == ISSUE_STEP(PART_LATE) ? agencies[draw(bench, AGENCIES)].code : "");
    moved.raised = way->step == ISSUE_STEP(RAISED) || (way->step == ISSUE_STEP(DISSATISFIED) && draw(bench, 3) == 0);
    append_issue(bench, &moved);
}

/* --- The ledger --------------------------------------------------------------------------------------------------- */

static void append_task(struct bench *bench, Issues__V1__TaskMoved *moved) {
    Issues__V1__Event event = ISSUES__V1__EVENT__INIT;
    event.body_case = ISSUES__V1__EVENT__BODY_TASK_MOVED;
    event.task_moved = moved;
    append(bench, &event);
}

static Issues__V1__IndicatorChange draw_change(struct bench *bench) {
    static const char *const codes[] = {"documents", "covered_hospitals_of_the_counties", "new_schools"};
    Issues__V1__IndicatorChange change = ISSUES__V1__INDICATOR_CHANGE__INIT;
    const uint32_t code = draw(bench, 3);
    change.code = words(codes[code]);
    change.baseline = (int64_t)draw(bench, 2000) - 500;
    change.measured = change.baseline + 1;
    change.target = 100000 + draw(bench, 100);
    change.total = code == 1 ? 100 * (1 + draw(bench, 9)) : 0;
    return change;
}

static void append_issued(struct bench *bench, uint32_t day) {
    struct task_row *row = &bench->tasks[bench->task_count++];
    const uint32_t agency = draw(bench, AGENCIES);
    Issues__V1__IndicatorChange changes[] = {draw_change(bench), draw_change(bench)};
    Issues__V1__IndicatorChange *list[] = {&changes[0], &changes[1]};
    Issues__V1__TaskMoved moved = ISSUES__V1__TASK_MOVED__INIT;
    issues__v1__task_facts__init(&row->facts);
    row->facts.agency = words(agencies[agency].code);
    row->facts.region = agencies[agency].region;
    row->facts.year = (uint32_t)civil_date_from_day((int32_t)day).year;
    row->facts.field = (Issues__V1__ReformField)(1 + draw(bench, 6));
    row->facts.key = draw(bench, 5) == 0;
    row->state = TASK(ISSUED);
    row->lag = ISSUES__V1__TASK_LAG__TASK_LAG_NONE;
    moved.facts = &row->facts;
    moved.step = TASK_STEP(ISSUED);
    moved.before = TASK(DRAFT);
    moved.after = TASK(ISSUED);
    moved.day = day;
    moved.lag_before = moved.lag_after = ISSUES__V1__TASK_LAG__TASK_LAG_NONE;
    moved.indicators = 2;
    moved.milestones = 3;
    moved.provincial_mapped = draw(bench, 3);
    moved.changes = list;
    moved.n_changes = COUNT(list);
    append_task(bench, &moved);
}

static const struct way task_ways[] = {
    {TASK(ISSUED), TASK_STEP(STARTED), TASK(DOING)},
    {TASK(ISSUED), TASK_STEP(DEFERRED), TASK(DEFERRED)},
    {TASK(DOING), TASK_STEP(REPORTED), 0},
    {TASK(DOING), TASK_STEP(MEASURED), 0},
    {TASK(DOING), TASK_STEP(MEASURED), 0},
    {TASK(DOING), TASK_STEP(MILESTONE_CLOSED), 0},
    {TASK(DOING), TASK_STEP(SIGNOFF_ASKED), TASK(SIGNOFF_ASKED)},
    {TASK(DOING), TASK_STEP(SIGNOFF_ASKED), TASK(SIGNOFF_ASKED)},
    {TASK(DOING), TASK_STEP(DEFERRED), TASK(DEFERRED)},
    {TASK(DOING), TASK_STEP(CANCELLED), TASK(CANCELLED)},
    {TASK(DOING), TASK_STEP(LAG_CHANGED), 0},
    {TASK(DOING), TASK_STEP(LAG_CHANGED), 0},
    {TASK(DOING), TASK_STEP(LAG_CHANGED), 0},
    {TASK(SIGNOFF_ASKED), TASK_STEP(LAG_CHANGED), 0},
    {TASK(SIGNOFF_ASKED), TASK_STEP(OBJECTED), 0},
    {TASK(SIGNOFF_ASKED), TASK_STEP(RETURNED), TASK(DOING)},
    {TASK(SIGNOFF_ASKED), TASK_STEP(SIGNED_OFF), TASK(SIGNED_OFF)},
    {TASK(SIGNOFF_ASKED), TASK_STEP(SIGNED_OFF), TASK(SIGNED_OFF)},
    {TASK(SIGNED_OFF), TASK_STEP(REOPENED), TASK(DOING)},
    {TASK(DEFERRED), TASK_STEP(RESUMED), TASK(DOING)},
    {TASK(DEFERRED), TASK_STEP(RESUMED), TASK(DOING)},
    {TASK(DEFERRED), TASK_STEP(CARRIED_OVER), TASK(CARRIED_OVER)},
    {TASK(DEFERRED), TASK_STEP(CANCELLED), TASK(CANCELLED)},
};

static int change_lag(struct bench *bench, const struct task_row *row, int step) {
    if (step == TASK_STEP(LAG_CHANGED)) {
        return 1 + (int)draw(bench, 4);
    }
    return row->state == TASK(DOING) || row->state == TASK(SIGNOFF_ASKED) ? row->lag
                                                                          : (int)ISSUES__V1__TASK_LAG__TASK_LAG_NONE;
}

static void measure(struct bench *bench, struct task_row *row, Issues__V1__TaskMoved *moved,
                    Issues__V1__IndicatorChange *change) {
    const int progress = (int)draw(bench, 1001), met = (int)draw(bench, 3);
    moved->progress_permille = progress - row->progress;
    moved->indicators_met = met - row->met;
    row->progress = progress;
    row->met = met;
    change->baseline = change->target = change->total = 0;
    change->measured = (int64_t)draw(bench, 5000) - 2000;
    moved->n_changes = 1;
}

static void append_task_step(struct bench *bench, uint32_t day) {
    if (bench->task_count == 0) {
        return;
    }
    struct task_row *row = &bench->tasks[draw(bench, bench->task_count)];
    const struct way *way = draw_way(bench, task_ways, COUNT(task_ways), row->state);
    if (way == NULL || (way->step == TASK_STEP(REOPENED) && draw(bench, 8) != 0)) { /* most stay signed off */
        return;
    }
    Issues__V1__IndicatorChange change = draw_change(bench), *list[] = {&change};
    Issues__V1__TaskMoved moved = ISSUES__V1__TASK_MOVED__INIT;
    moved.facts = &row->facts;
    moved.step = (Issues__V1__TaskStep)way->step;
    moved.before = (Issues__V1__TaskState)row->state;
    row->state = way->after == 0 ? row->state : way->after;
    moved.after = (Issues__V1__TaskState)row->state;
    moved.day = day;
    moved.changes = list;
    moved.lag_before = (Issues__V1__TaskLag)row->lag;
    row->lag = change_lag(bench, row, way->step);
    moved.lag_after = (Issues__V1__TaskLag)row->lag;
    if (way->step == TASK_STEP(MEASURED)) {
        measure(bench, row, &moved, &change);
    } else if (way->step == TASK_STEP(MILESTONE_CLOSED) && row->closed < 3) {
        moved.milestones_closed = 1;
        row->closed++;
    } else if (way->step == TASK_STEP(SIGNED_OFF)) {
        moved.on_time = row->on_time = draw(bench, 3) != 0;
    } else if (way->step == TASK_STEP(REOPENED)) {
        moved.on_time = row->on_time;
    }
    append_task(bench, &moved);
}

/* --- River clues -------------------------------------------------------------------------------------------------- */

static void append_clue(struct bench *bench, Issues__V1__ClueMoved *moved) {
    Issues__V1__Event event = ISSUES__V1__EVENT__INIT;
    event.body_case = ISSUES__V1__EVENT__BODY_CLUE_MOVED;
    event.clue_moved = moved;
    append(bench, &event);
}

static void append_found(struct bench *bench, uint32_t day) {
    struct clue_row *row = &bench->clues[bench->clue_count++];
    Issues__V1__ClueMoved moved = ISSUES__V1__CLUE_MOVED__INIT;
    issues__v1__clue_facts__init(&row->facts);
    row->facts.region = regions[draw(bench, COUNT(regions))];
    row->facts.kind = (Issues__V1__ClueKind)(1 + draw(bench, 4));
    row->facts.grade = (Issues__V1__ClueGrade)(1 + draw(bench, 3));
    row->facts.found_day = day;
    row->state = CLUE(FOUND);
    moved.facts = &row->facts;
    moved.step = CLUE_STEP(FOUND);
    moved.after = CLUE(FOUND);
    moved.day = day;
    append_clue(bench, &moved);
}

static const struct way clue_ways[] = {
    {CLUE(FOUND), CLUE_STEP(NOTICE), CLUE(NOTICE)},
    {CLUE(NOTICE), CLUE_STEP(RECTIFIED), CLUE(RECTIFIED)},
    {CLUE(NOTICE), CLUE_STEP(NOTICE_PASSED), 0},
    {CLUE(NOTICE), CLUE_STEP(TRANSFERRED), CLUE(TRANSFERRED)},
    {CLUE(TRANSFERRED), CLUE_STEP(RECEIPT_LATE), 0},
    {CLUE(TRANSFERRED), CLUE_STEP(RECEIVED), CLUE(RECEIVED)},
    {CLUE(RECEIVED), CLUE_STEP(FILED), CLUE(FILED)},
    {CLUE(RECEIVED), CLUE_STEP(FILED), CLUE(FILED)},
    {CLUE(RECEIVED), CLUE_STEP(NOT_FILED), CLUE(NOT_FILED)},
    {CLUE(FILED), CLUE_STEP(SUGGESTED), CLUE(SUGGESTED)},
    {CLUE(FILED), CLUE_STEP(SUGGESTED), CLUE(SUGGESTED)},
    {CLUE(FILED), CLUE_STEP(SUED), CLUE(SUED)},
    {CLUE(SUGGESTED), CLUE_STEP(REPLIED), CLUE(REPLIED)},
    {CLUE(REPLIED), CLUE_STEP(RECTIFIED), CLUE(RECTIFIED)},
    {CLUE(NOT_FILED), CLUE_STEP(CLOSED), CLUE(CLOSED)},
    {CLUE(RECTIFIED), CLUE_STEP(SIGNED_OFF), CLUE(SIGNED_OFF)},
};

static void append_clue_step(struct bench *bench, uint32_t day) {
    if (bench->clue_count == 0) {
        return;
    }
    struct clue_row *row = &bench->clues[draw(bench, bench->clue_count)];
    const struct way *way = draw_way(bench, clue_ways, COUNT(clue_ways), row->state);
    if (way == NULL) {
        return;
    }
    Issues__V1__ClueMoved moved = ISSUES__V1__CLUE_MOVED__INIT;
    moved.facts = &row->facts;
    moved.step = (Issues__V1__ClueStep)way->step;
    moved.before = (Issues__V1__ClueState)row->state;
    row->state = way->after == 0 ? row->state : way->after;
    row->facts.transferred_day = way->step == CLUE_STEP(TRANSFERRED) ? day : row->facts.transferred_day;
    moved.after = (Issues__V1__ClueState)row->state;
    moved.day = day;
    moved.on_time = way->step == CLUE_STEP(REPLIED) && draw(bench, 3) != 0;
    append_clue(bench, &moved);
}

/* --- The rest ----------------------------------------------------------------------------------------------------- */

static void append_other(struct bench *bench, uint32_t day) {
    Issues__V1__SlipChanged slip = ISSUES__V1__SLIP_CHANGED__INIT;
    Issues__V1__ContactRuleChanged rule = ISSUES__V1__CONTACT_RULE_CHANGED__INIT;
    Issues__V1__ProvincialTaskPublished provincial = ISSUES__V1__PROVINCIAL_TASK_PUBLISHED__INIT;
    Issues__V1__Event event = ISSUES__V1__EVENT__INIT;
    const uint32_t agency = draw(bench, AGENCIES), list = draw(bench, 2);
    switch (draw(bench, 4)) {
    case 0:
        provincial.year = (uint32_t)civil_date_from_day((int32_t)day).year;
        event.body_case = ISSUES__V1__EVENT__BODY_PROVINCIAL_TASK_PUBLISHED;
        event.provincial_task_published = &provincial;
        break;
    case 1:
        rule.day = day;
        rule.negative = list == 1;
        rule.in_force = bench->in_force[list] > 0 ? (int)draw(bench, 3) - 1 : 1;
        bench->in_force[list] += rule.in_force;
        event.body_case = ISSUES__V1__EVENT__BODY_CONTACT_RULE_CHANGED;
        event.contact_rule_changed = &rule;
        break;
    default:
        slip.kind = (Issues__V1__RecordKind)(1 + draw(bench, 3));
        slip.agency = words(agencies[agency].code);
        slip.region = agencies[agency].region;
        slip.day = day;
        slip.level = 1 + draw(bench, 4);
        slip.state = (Common__V1__SlipState)(1 + draw(bench, 6));
        event.body_case = ISSUES__V1__EVENT__BODY_SLIP_CHANGED;
        event.slip_changed = &slip;
        break;
    }
    append(bench, &event);
}

static void append_random(struct bench *bench, uint32_t from, uint32_t days, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t day = from + days * i / count, kind = draw(bench, 100);
        if (kind < 1) {
            feed_owner_append(&bench->owner, NULL, 0);
        } else if (kind == 1) {
            feed_owner_append(&bench->owner, "\x7a\x02\x08\x01", 4); /* of a later contract */
            bench->unknown_events++;
        } else if (kind < 6 && bench->issue_count < ISSUES_MAX) {
            append_registration(bench, day);
        } else if (kind < 50) {
            append_issue_step(bench, day);
        } else if (kind <= 51 && bench->task_count < TASKS_MAX) {
            append_issued(bench, day);
        } else if (kind < 72) {
            append_task_step(bench, day);
        } else if (kind < 75 && bench->clue_count < CLUES_MAX) {
            append_found(bench, day);
        } else if (kind < 92) {
            append_clue_step(bench, day);
        } else {
            append_other(bench, day);
        }
    }
}

/* --- Tests -------------------------------------------------------------------------------------------------------- */

static void views_show_what_the_events_say(void **state) {
    struct bench *bench = *state;
    bench->random = 20200102;
    append_agencies(bench);
    append_random(bench, FIRST_DAY, DAYS / 2, 3000);
    launch(bench);
    wait_caught_up(bench);
    assert_true(issues_oracle_equals(bench->oracle, &cluster));
    assert_int_equal(number("SELECT unknown_events FROM metrics.source"), bench->unknown_events);
    append_random(bench, FIRST_DAY + DAYS / 2, DAYS / 2,
                  2500); /* live; a gap behind it shows that what is open stays */
    append_random(bench, FIRST_DAY + DAYS + 70, 2, 60);
    wait_caught_up(bench);
    assert_true(issues_oracle_equals(bench->oracle, &cluster));
    assert_true(issues_oracle_rows(bench->oracle) > 1000);
    assert_int_equal(number("SELECT count(*) FROM bureau.issues_by_month WHERE scope = 'city'"), 6);
    assert_int_equal(process_stop(&bench->aggregator), 0);
}

/* A column that shows nothing but zeros would pass a comparison that never met its events. */
static void no_column_is_idle(void **state) {
    struct bench *bench = *state;
    static const char *const views[] = {
        "issues_by_year", "issues_open_by_age", "issue_stalls",   "contact_rules",     "contact_rules_cited",
        "ledger_by_year", "ledger_by_field",    "ledger_by_unit", "ledger_indicators", "clues_by_year"};
    bench->random = 8;
    append_agencies(bench);
    append_random(bench, FIRST_DAY, DAYS, 4000);
    launch(bench);
    wait_caught_up(bench);
    for (size_t i = 0; i < COUNT(views); i++) {
        char sql[400], idle[300];
        snprintf(sql, sizeof sql,
                 "SELECT coalesce(string_agg(key, ' '), '') FROM (SELECT c.key FROM bureau.%s v,"
                 " jsonb_each_text(to_jsonb(v)) c GROUP BY c.key"
                 " HAVING bool_and(coalesce(c.value, '0') IN ('0', '0.0000', '0.00', ''))) idle",
                 views[i]);
        postgres_value(&cluster, sql, idle, sizeof idle);
        if (idle[0] != '\0') {
            fail_msg("%s: always nothing: %s", views[i], idle);
        }
    }
}

/* Nothing is divided by nothing, nobody is nameless, and parts are no more than the whole. */
static void views_are_whole(void **state) {
    struct bench *bench = *state;
    static const char *const none[] = {
        "SELECT count(*) FROM bureau.issues_by_day WHERE (share_resolved IS NULL) <> (scope = 'unit' OR collected = 0)",
        "SELECT count(*) FROM bureau.issues_by_day WHERE (share_confirmed IS NULL) <> (scope = 'unit' OR resolved = 0)",
        "SELECT count(*) FROM bureau.issues_by_day WHERE (share_on_time IS NULL) <> (on_time + late + open_overdue = "
        "0)",
        "SELECT count(*) FROM bureau.issues_by_day WHERE (workdays_p50 IS NULL) <> (on_time + late = 0)",
        "SELECT count(*) FROM bureau.issues_by_year WHERE resolved <> confirmed + unconfirmed OR resolved > collected",
        "SELECT count(*) FROM bureau.issues_by_year WHERE region_name_zh IS NULL OR region_name_en IS NULL",
        "SELECT count(*) FROM bureau.issues_by_year WHERE (scope = 'unit') <> (organisation_name IS NOT NULL)",
        "SELECT count(*) FROM bureau.issues_open_by_age WHERE region_name_zh IS NULL OR open <= 0",
        "SELECT count(*) FROM bureau.ledger_by_unit WHERE organisation_name IS NULL",
        "SELECT count(*) FROM bureau.ledger_by_year WHERE (progress IS NULL) <> (tasks = 0) OR progress > 1",
        "SELECT count(*) FROM bureau.clues_by_year WHERE (filing_rate IS NULL) <> (transferred = 0)",
        "SELECT count(*) FROM bureau.clues_by_year WHERE region_name_zh IS NULL OR filed > transferred",
        "SELECT abs((SELECT sum(open) FROM bureau.issues_open_by_age WHERE scope = 'city') -"
        " (SELECT open FROM bureau.issues_by_day WHERE scope = 'city' ORDER BY day DESC LIMIT 1))",
        "SELECT count(*) FROM metrics.cell c LEFT JOIN metrics.category k ON k.number = c.category WHERE k.id IS NULL",
        "SELECT count(*) FROM metrics.cell c LEFT JOIN metrics.metric m ON m.number = c.metric WHERE m.id IS NULL",
        "SELECT count(*) FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_description d ON d.objoid = c.oid AND"
        " d.objsubid = 0 WHERE c.relnamespace = 'bureau'::regnamespace AND d.description IS NULL",
    };
    bench->random = 7;
    append_agencies(bench);
    append_random(bench, FIRST_DAY, DAYS, 3000);
    launch(bench);
    wait_caught_up(bench);
    for (size_t i = 0; i < COUNT(none); i++) {
        int64_t wrong = number(none[i]);
        if (wrong != 0) {
            fail_msg("%lld rows: %s", (long long)wrong, none[i]);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(views_show_what_the_events_say, set_up, tear_down),
        cmocka_unit_test_setup_teardown(no_column_is_idle, set_up, tear_down),
        cmocka_unit_test_setup_teardown(views_are_whole, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, start_cluster, stop_cluster);
}
