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
#include "base/file.h"
#include "base/hash.h"
#include "support/approvals_oracle.h"
#include "support/feed_owner.h"
#include "support/peers.h"
#include "support/postgres.h"
#include "support/process.h"
#include "visits/v1/events.pb-c.h"

/*
 * Events of the contract of approvals through the real aggregator into a real PostgreSQL, and what the bureau's views
 * then show, against an oracle that counts with plain loops. The test plays the registries (the registry itself:
 * test_approvals.c).
 */
#define FIRST_DAY 18240u /* 2019-12-10: two years, four months */
#define DAYS 80u
#define ITEMS 90u
#define AGENCIES 6u
#define FAR_DAY 47481u /* 2099-12-31 */

struct bench {
    struct test_keys keys;
    struct feed_owner owner;
    struct approvals_oracle *oracle;
    struct process aggregator;
    char config_path[320];
    char programs[512];
    uint64_t random;
    uint64_t unknown_events;
    Approvals__V1__ItemFacts items[ITEMS];
    bool in_force[ITEMS];
    bool is_done[ITEMS]; /* its last change lies in the time to come */
    int overdue[AGENCIES][3];
    uint32_t rounds;
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

/* --- Starting -------------------------------------------------------------------------------------------------------
 */

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

static void write_config(struct bench *bench, const char *follower_key, const char *kind) {
    struct buffer text = {0};
    buffer_printf(&text,
                  "server\n    bind = \"tcp://127.0.0.1:*\"\n    key = \"%s\"\n    keys = \"%s\"\n"
                  "postgres\n    conninfo = \"host=%s dbname=liancheng user=liancheng_writer\"\n"
                  "client\n    key = \"%s\"\nsources\n",
                  bench->keys.server_key_path, bench->keys.keys_path, cluster.folder, follower_key);
    buffer_printf(&text, "    west\n        endpoint = \"%s\"\n        server_key = \"%s\"\n",
                  server_endpoint(bench->owner.server), bench->keys.server_public_path);
    if (kind != NULL) {
        buffer_printf(&text, "        kind = \"%s\"\n", kind);
    }
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
    PQclear(postgres_query(&cluster, "ALTER ROLE liancheng_writer LOGIN; ALTER ROLE bureau LOGIN"));
}

static void launch(struct bench *bench) {
    char program[600], log_path[320];
    snprintf(program, sizeof program, "%s/aggregator", bench->programs);
    snprintf(log_path, sizeof log_path, "%s/aggregator.log", bench->keys.folder);
    const char *argv[] = {program, "--config", bench->config_path, NULL};
    process_start(&bench->aggregator, argv, log_path);
}

static void make_items(struct bench *bench);

static int set_up_with(void **state, const char *kind) {
    struct bench *bench = calloc(1, sizeof *bench);
    assert_non_null(bench);
    test_keys_make(&bench->keys);
    const char *follower_key = test_keys_add(&bench->keys, "aggregator/follower", "aggregator", "follower");
    find_programs(bench);
    feed_owner_open(&bench->owner, NULL, bench->keys.server_key_path, bench->keys.keys_path);
    bench->oracle = approvals_oracle_new();
    postgres_renew_database(&cluster);
    write_config(bench, follower_key, kind);
    migrate(bench);
    make_items(bench);
    *state = bench;
    return 0;
}

static int set_up(void **state) {
    return set_up_with(state, "approvals");
}

static int set_up_default_kind(void **state) {
    return set_up_with(state, NULL);
}

static int set_up_unknown_kind(void **state) {
    return set_up_with(state, "approval");
}

static int tear_down(void **state) {
    struct bench *bench = *state;
    if (bench->aggregator.pid > 0) {
        process_kill(&bench->aggregator);
    }
    feed_owner_release(&bench->owner);
    approvals_oracle_destroy(&bench->oracle);
    test_keys_remove(&bench->keys);
    free(bench);
    return 0;
}

/* --- Waiting --------------------------------------------------------------------------------------------------------
 */

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

/* --- Random events
 * ---------------------------------------------------------------------------------------------------- */

static const struct {
    const char *code;
    uint32_t region;
} agencies[AGENCIES] = {{"bureau-market", 411000}, {"bureau-housing", 411000}, {"weidu-hall", 411002},
                        {"weidu-health", 411002},  {"yuzhou-hall", 411081},    {"zone-hall", 411071}};
static const int types[3] = {1, 7, 20};

static uint32_t draw(struct bench *bench, uint32_t below) {
    bench->random += UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(hash_mix64(bench->random) >> 33) % below;
}

static void append(struct bench *bench, const Approvals__V1__Event *event) {
    size_t size = approvals__v1__event__get_packed_size(event);
    uint8_t *body = malloc(size);
    CHECK(body != NULL);
    approvals__v1__event__pack(event, body);
    feed_owner_append(&bench->owner, body, size);
    free(body);
    approvals_oracle_take(bench->oracle, event);
}

static char *words(const char *text) {
    return (char *)(uintptr_t)text;
}

static void append_agencies(struct bench *bench) {
    for (uint32_t i = 0; i < AGENCIES; i++) {
        Common__V1__AgencyRegistered registered = COMMON__V1__AGENCY_REGISTERED__INIT;
        Approvals__V1__Event event = APPROVALS__V1__EVENT__INIT;
        registered.agency = words(agencies[i].code);
        registered.name = words("政务服务机构");
        registered.region = agencies[i].region;
        event.body_case = APPROVALS__V1__EVENT__BODY_AGENCY_REGISTERED;
        event.agency_registered = &registered;
        append(bench, &event);
    }
}

static void draw_item(struct bench *bench, Approvals__V1__ItemFacts *item) {
    static const uint32_t limits[] = {100, 300, 500, 700, 1333, 2000, 2200, 6600};
    uint32_t agency = draw(bench, AGENCIES);
    approvals__v1__item_facts__init(item);
    item->agency = words(agencies[agency].code);
    item->region = agencies[agency].region;
    item->type = (Approvals__V1__ItemType)types[draw(bench, 3)];
    item->level = (Approvals__V1__ItemLevel)(3 + draw(bench, 2));
    item->visits = draw(bench, 3);
    item->no_meeting = item->visits == 0 && draw(bench, 3) != 0;
    item->depth = 1 + draw(bench, 4);
    item->online = draw(bench, 4) != 0;
    item->app = draw(bench, 3) == 0;
    item->has_limits = draw(bench, 5) != 0;
    item->statutory_hundredths = item->has_limits && draw(bench, 20) != 0 ? limits[draw(bench, 8)] : 0;
    item->promised_hundredths = item->statutory_hundredths * draw(bench, 4) / 3;
    item->instant = item->has_limits && item->promised_hundredths == 0;
}

static void make_items(struct bench *bench) {
    for (size_t i = 0; i < ITEMS; i++) {
        draw_item(bench, &bench->items[i]);
    }
}

/* An item appears, changes, or leaves, in a round or not. */
static void append_item_changed(struct bench *bench, uint32_t day) {
    size_t number_of_item = draw(bench, ITEMS);
    Approvals__V1__ItemFacts *item = &bench->items[number_of_item], before = *item;
    if (bench->is_done[number_of_item]) {
        return;
    }
    bool was = bench->in_force[number_of_item], leaves = was && draw(bench, 3) == 0;
    Approvals__V1__ItemChanged changed = APPROVALS__V1__ITEM_CHANGED__INIT;
    Approvals__V1__Event event = APPROVALS__V1__EVENT__INIT;
    bench->is_done[number_of_item] = draw(bench, 60) == 0;
    changed.day = bench->is_done[number_of_item] ? FAR_DAY : day; /* said at once, of a day to come */
    changed.before = was ? &before : NULL;
    if (leaves) {
        changed.opens_round = changed.day == day && draw(bench, 8) == 0;
        bench->rounds += changed.opens_round;
        changed.round = changed.opens_round || draw(bench, 3) != 0 ? bench->rounds : 0;
        bench->in_force[number_of_item] = false;
    } else {
        draw_item(bench, item);
        changed.after = item;
        bench->in_force[number_of_item] = true;
    }
    event.body_case = APPROVALS__V1__EVENT__BODY_ITEM_CHANGED;
    event.item_changed = &changed;
    append(bench, &event);
}

struct drawn_case {
    Approvals__V1__CaseFacts facts;
    uint32_t agency, type;
};

static struct drawn_case draw_case(struct bench *bench) {
    struct drawn_case drawn = {.facts = APPROVALS__V1__CASE_FACTS__INIT};
    drawn.agency = draw(bench, AGENCIES - 1); /* the last has items alone */
    drawn.type = draw(bench, 3);
    drawn.facts.agency = words(agencies[drawn.agency].code);
    drawn.facts.region = agencies[drawn.agency].region;
    drawn.facts.type = (Approvals__V1__ItemType)types[drawn.type];
    drawn.facts.level = APPROVALS__V1__ITEM_LEVEL__ITEM_LEVEL_CITY;
    drawn.facts.joint = draw(bench, 4) == 0;
    return drawn;
}

static uint32_t draw_charged(struct bench *bench) {
    static const uint32_t long_ones[] = {30, 31, 32, 33, 60, 61, 66, 120, 121, 250, 251, 499, 501, 1000, 1001, 1500};
    return draw(bench, 6) == 0 ? long_ones[draw(bench, 16)] : draw(bench, 25);
}

static void append_case_moved(struct bench *bench, uint32_t day) {
    static const int steps[] = {1,   1,   2,   3,   3,   4,   5,   6,   7,   8,   9,   9,   10,
                                11,  11,  11,  11,  12,  13,  14,  15,  16,  100, 100, 100, 101,
                                102, 110, 111, 112, 113, 114, 114, 114, 115, 116, 117, 118};
    struct drawn_case drawn = draw_case(bench);
    Approvals__V1__Closing closing = APPROVALS__V1__CLOSING__INIT;
    Approvals__V1__CaseMoved moved = APPROVALS__V1__CASE_MOVED__INIT;
    Approvals__V1__Event event = APPROVALS__V1__EVENT__INIT;
    int *overdue = &bench->overdue[drawn.agency][drawn.type];
    int step = steps[draw(bench, sizeof steps / sizeof steps[0])];
    moved.facts = &drawn.facts;
    moved.step = (Approvals__V1__CaseStep)step;
    moved.day = day;
    moved.special = (Approvals__V1__SpecialKind)(step == 9 ? 1 + draw(bench, 10) : 0);
    moved.minutes = step == 100 ? draw(bench, 240) : 0;
    moved.late = step == 100 && draw(bench, 4) == 0;
    if (step >= 11 && step <= 13) {
        moved.after = draw(bench, 8) == 0 ? APPROVALS__V1__CASE_STATE__CASE_STATE_REVIEW
                                          : APPROVALS__V1__CASE_STATE__CASE_STATE_DECIDED;
        closing.on_time = draw(bench, 3) != 0;
        closing.lawful = closing.on_time || draw(bench, 3) != 0;
        closing.charged_days = draw_charged(bench);
        closing.has_statutory = draw(bench, 4) != 0;
        closing.statutory_hundredths = closing.has_statutory ? 500 * (1 + draw(bench, 6)) : 0;
        moved.closing = moved.after == APPROVALS__V1__CASE_STATE__CASE_STATE_DECIDED ? &closing : NULL;
    }
    moved.open_overdue = step == 114                                                            ? 1
                         : *overdue > 0 && (moved.closing != NULL || step == 14 || step == 118) ? -1
                                                                                                : 0;
    *overdue += moved.open_overdue;
    event.body_case = APPROVALS__V1__EVENT__BODY_CASE_MOVED;
    event.case_moved = &moved;
    append(bench, &event);
}

static void append_other(struct bench *bench, uint32_t day) {
    struct drawn_case drawn = draw_case(bench);
    Approvals__V1__CaseRated rated = APPROVALS__V1__CASE_RATED__INIT;
    Approvals__V1__RectificationDone done = APPROVALS__V1__RECTIFICATION_DONE__INIT;
    Approvals__V1__SlipChanged slip = APPROVALS__V1__SLIP_CHANGED__INIT;
    Approvals__V1__Event event = APPROVALS__V1__EVENT__INIT;
    switch (draw(bench, 4)) {
    case 0:
        done.facts = &drawn.facts;
        done.day = day;
        done.on_time = draw(bench, 3) != 0;
        event.body_case = APPROVALS__V1__EVENT__BODY_RECTIFICATION_DONE;
        event.rectification_done = &done;
        break;
    case 1:
        slip.facts = &drawn.facts;
        slip.day = day;
        slip.level = 1 + draw(bench, 4);
        slip.state = (Common__V1__SlipState)(1 + draw(bench, 6));
        event.body_case = APPROVALS__V1__EVENT__BODY_SLIP_CHANGED;
        event.slip_changed = &slip;
        break;
    default:
        rated.facts = &drawn.facts;
        rated.day = day;
        rated.rating = 1 + draw(bench, 5);
        event.body_case = APPROVALS__V1__EVENT__BODY_CASE_RATED;
        event.case_rated = &rated;
        break;
    }
    append(bench, &event);
}

/* Some of what came before is told late; what adds up to a stock stays in order, as none is fewer than none. */
static void append_random(struct bench *bench, uint32_t from, uint32_t days, uint32_t count) {
    for (uint32_t i = 0; i < count; i++) {
        uint32_t day = from + days * i / count, kind = draw(bench, 100);
        uint32_t late_day = draw(bench, 5) == 0 ? from + draw(bench, day - from + 1) : day;
        if (kind < 2) {
            feed_owner_append(&bench->owner, NULL, 0);
        } else if (kind == 2) {
            feed_owner_append(&bench->owner, "\x7a\x02\x08\x01", 4); /* of a later contract */
            bench->unknown_events++;
        } else if (kind < 30) {
            append_item_changed(bench, day);
        } else if (kind < 45) {
            append_other(bench, late_day);
        } else {
            append_case_moved(bench, day);
        }
    }
}

/* --- Tests
 * -------------------------------------------------------------------------------------------------------------- */

static void views_show_what_the_events_say(void **state) {
    struct bench *bench = *state;
    bench->random = 20200101;
    append_agencies(bench);
    append_random(bench, FIRST_DAY, DAYS / 2, 2000);
    launch(bench);
    wait_caught_up(bench);
    assert_true(approvals_oracle_equals(bench->oracle, &cluster));
    assert_int_equal(number("SELECT unknown_events FROM metrics.source"), bench->unknown_events);
    append_random(bench, FIRST_DAY + DAYS / 2, DAYS / 2,
                  1500); /* live; a gap behind it shows that what is open stays */
    append_random(bench, FIRST_DAY + DAYS + 70, 2, 20);
    wait_caught_up(bench);
    assert_true(approvals_oracle_equals(bench->oracle, &cluster));
    assert_true(approvals_oracle_rows(bench->oracle) > 5000);
    assert_true(bench->rounds > 3);
    assert_int_equal(number("SELECT count(*) FROM bureau.approvals_by_month WHERE scope = 'city' AND type = 'all'"), 6);
    assert_int_equal(process_stop(&bench->aggregator), 0);
}

/* Nothing is divided by nothing, and nobody is nameless. */
static void views_are_whole(void **state) {
    struct bench *bench = *state;
    static const char *const none[] = {
        "SELECT count(*) FROM bureau.approvals_by_day WHERE (share_on_time IS NULL) <> (on_time + late + open_overdue "
        "= 0)",
        "SELECT count(*) FROM bureau.approvals_by_day WHERE (compression_actual IS NULL) <> (statutory_hundredths = 0)",
        "SELECT count(*) FROM bureau.approvals_by_day WHERE type = 'all' AND (share_ratings_good IS NULL) <> (ratings "
        "= 0)",
        "SELECT count(*) FROM bureau.approval_items WHERE (limit_compression IS NULL) <> (with_limits = 0)",
        "SELECT count(*) FROM bureau.approval_items WHERE (share_instant IS NULL) <> (items = 0)",
        "SELECT count(*) FROM bureau.approval_items WHERE region_name_zh IS NULL OR region_name_en IS NULL",
        "SELECT count(*) FROM bureau.approvals_by_year WHERE region_name_zh IS NULL OR region_name_en IS NULL",
        "SELECT count(*) FROM bureau.approvals_by_year WHERE (scope = 'agency') <> (organisation_name IS NOT NULL)",
        "SELECT count(*) FROM bureau.approval_items WHERE (scope = 'agency') <> (organisation_name IS NOT NULL)",
        "SELECT count(*) FROM bureau.approvals_by_year WHERE (scope = 'municipal') <> (region = 411000 AND"
        " organisation = '' AND scope <> 'city')",
        "SELECT count(*) FROM metrics.cell c LEFT JOIN metrics.category k ON k.number = c.category WHERE k.id IS NULL",
        "SELECT count(*) FROM metrics.cell c LEFT JOIN metrics.metric m ON m.number = c.metric WHERE m.id IS NULL",
        "SELECT count(*) FROM metrics.day_bucket b LEFT JOIN metrics.category k ON k.number = b.category WHERE k.id IS "
        "NULL",
        "SELECT count(*) FROM pg_catalog.pg_class c LEFT JOIN pg_catalog.pg_description d ON d.objoid = c.oid AND"
        " d.objsubid = 0 WHERE c.relnamespace = 'bureau'::regnamespace AND d.description IS NULL",
    };
    bench->random = 7;
    append_agencies(bench);
    append_random(bench, FIRST_DAY, DAYS, 1500);
    launch(bench);
    wait_caught_up(bench);
    for (size_t i = 0; i < sizeof none / sizeof none[0]; i++) {
        int64_t wrong = number(none[i]);
        if (wrong != 0) {
            fail_msg("%lld rows: %s", (long long)wrong, none[i]);
        }
    }
}

/* A source without a kind is one of visits, as it was before there were others. */
static void a_source_is_read_by_its_kind(void **state) {
    struct bench *bench = *state;
    Visits__V1__Visit visit = VISITS__V1__VISIT__INIT;
    Visits__V1__Event event = VISITS__V1__EVENT__INIT;
    uint8_t body[128];
    visit.day = FIRST_DAY;
    visit.region = 411002;
    visit.facility = words("h-1");
    visit.visit_class = VISITS__V1__VISIT_CLASS__VISIT_CLASS_OUTPATIENT;
    event.body_case = VISITS__V1__EVENT__BODY_VISIT_APPEARED;
    event.visit_appeared = &visit;
    assert_true(visits__v1__event__get_packed_size(&event) <= sizeof body);
    feed_owner_append(&bench->owner, body, visits__v1__event__pack(&event, body));
    append_case_moved(bench, FIRST_DAY); /* none of its words */
    launch(bench);
    wait_caught_up(bench);
    assert_int_equal(number("SELECT unknown_events FROM metrics.source"), 1);
    assert_int_equal(number("SELECT visits FROM bureau.visits_by_year WHERE scope = 'city' AND class = 'all'"), 1);
    assert_int_equal(number("SELECT count(*) FROM bureau.approvals_by_year"), 0);
}

static void a_source_of_an_unknown_kind_is_refused(void **state) {
    struct bench *bench = *state;
    launch(bench);
    assert_int_equal(process_wait(&bench->aggregator), 78);
}

static void the_bureau_reads_its_views_and_nothing_else(void **state) {
    struct bench *bench = *state;
    static const struct {
        const char *relation;
        bool allowed;
    } cases[] = {
        {"bureau.approval_items", true},   {"bureau.approval_items_now", true}, {"bureau.approval_rounds", true},
        {"bureau.approvals_by_day", true}, {"bureau.approvals_by_month", true}, {"bureau.approvals_by_year", true},
        {"metrics.approval_cell", false},  {"metrics.approval_flow", false},    {"metrics.approval_report", false},
        {"metrics.day_bucket", false},
    };
    (void)bench;
    char conninfo[300];
    snprintf(conninfo, sizeof conninfo, "host=%s dbname=liancheng user=bureau", cluster.folder);
    PGconn *connection = PQconnectdb(conninfo);
    assert_int_equal(PQstatus(connection), CONNECTION_OK);
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        char sql[128];
        snprintf(sql, sizeof sql, "SELECT * FROM %s", cases[i].relation);
        PGresult *result = PQexec(connection, sql);
        if ((PQresultStatus(result) == PGRES_TUPLES_OK) != cases[i].allowed) {
            fail_msg("%s: %s", cases[i].relation, PQresultErrorMessage(result));
        }
        PQclear(result);
    }
    PQfinish(connection);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(views_show_what_the_events_say, set_up, tear_down),
        cmocka_unit_test_setup_teardown(views_are_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_source_is_read_by_its_kind, set_up_default_kind, tear_down),
        cmocka_unit_test_setup_teardown(a_source_of_an_unknown_kind_is_refused, set_up_unknown_kind, tear_down),
        cmocka_unit_test_setup_teardown(the_bureau_reads_its_views_and_nothing_else, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, start_cluster, stop_cluster);
}
