/* Receipts: what explain finds in a real log against all its events folded at once, export against the log, and both
 * programs as their users run them. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <sodium.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "aggregator/explain.h"
#include "aggregator/fold.h"
#include "base/file.h"
#include "journal/chain.h"
#include "journal/journal.h"
#include "support/ctl_runner.h"
#include "support/peers.h"
#include "support/random_events.h"

#define DAY RANDOM_DAY
#define ROWS 20000 /* more than two chunks */
#define CANARY "CANARY-411099199001011237-END"

typedef size_t pack_function(uint8_t *body);

struct fixture {
    char folder[256];
    char path[300];
    struct run run;
};

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    assert_non_null(f);
    test_folder_make("explain", f->folder);
    snprintf(f->path, sizeof f->path, "%s/log.db", f->folder);
    assert_true(sodium_init() >= 0);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    run_release(&f->run);
    test_folder_remove(f->folder);
    free(f);
    return 0;
}

/* --- Logs --------------------------------------------------------------------------------------------------------- */

static struct journal *open_log(const struct fixture *f, const char *service) {
    const struct journal_options options = {.path = f->path, .service = service};
    struct journal *journal = NULL;
    assert_int_equal(journal_open(&options, &journal), STATUS_OK);
    assert_int_equal(journal_begin(journal), STATUS_OK);
    return journal;
}

static void close_log(struct journal **journal) {
    assert_int_equal(journal_commit(*journal), STATUS_OK);
    journal_close(journal);
}

/* As a tick's: without a command. The private body holds the canary. */
static void append(struct journal *journal, const uint8_t *body, size_t size) {
    uint64_t seq = journal_next(journal);
    struct journal_row row = {.prev = seq > 3 ? seq - 3 : 0,
                              .at_ms = INT64_C(1583020800000) + (int64_t)seq * 1000,
                              .type = 2,
                              .private_body = (const uint8_t *)CANARY,
                              .private_size = seq % 5 == 0 ? 0 : strlen(CANARY),
                              .public_body = body,
                              .public_size = size};
    assert_int_equal(journal_append(journal, &row), STATUS_OK);
}

/* Some rows are not for the feed, some of a later contract. Returns how many of the latter. */
static uint64_t append_random(struct journal *journal, pack_function *pack, uint64_t rows) {
    uint8_t body[RANDOM_EVENT_BYTES];
    uint64_t later = 0;
    for (uint64_t i = 0; i < rows; i++) {
        uint32_t kind = draw(20);
        if (kind == 0) {
            append(journal, NULL, 0);
        } else if (kind == 1) {
            append(journal, (const uint8_t *)"\xf2\x01\x02\x08\x01", 5); /* member 30 */
            later++;
        } else {
            append(journal, body, pack(body));
        }
    }
    return later;
}

/* A correction with more deltas than the small set of cells holds: each of a facility of its own, +1 patient of the
 * month. */
static void append_large_correction(struct journal *journal, size_t deltas) {
    Visits__V1__PatientsDelta *rows = calloc(deltas, sizeof *rows), **list = calloc(deltas, sizeof *list);
    char(*facilities)[16] = calloc(deltas, sizeof *facilities);
    assert_true(rows != NULL && list != NULL && facilities != NULL);
    for (size_t i = 0; i < deltas; i++) {
        snprintf(facilities[i], sizeof facilities[i], "f-%zu", i);
        visits__v1__patients_delta__init(&rows[i]);
        rows[i].scope = VISITS__V1__SCOPE__SCOPE_FACILITY;
        rows[i].region = 411002;
        rows[i].facility = facilities[i];
        rows[i].period = VISITS__V1__PERIOD__PERIOD_MONTH;
        rows[i].day = DAY;
        rows[i].patients = 1;
        list[i] = &rows[i];
    }
    Visits__V1__PatientsCorrected corrected = VISITS__V1__PATIENTS_CORRECTED__INIT;
    Visits__V1__Event event = VISITS__V1__EVENT__INIT;
    corrected.n_deltas = deltas;
    corrected.deltas = list;
    event.body_case = VISITS__V1__EVENT__BODY_PATIENTS_CORRECTED;
    event.patients_corrected = &corrected;
    uint8_t *body = malloc(visits__v1__event__get_packed_size(&event));
    assert_non_null(body);
    append(journal, body, visits__v1__event__pack(&event, body));
    free(body);
    free(facilities);
    free(list);
    free(rows);
}

/* --- Against the whole fold --------------------------------------------------------------------------------------- */

/* Every event between two numbers in one set of cells. */
static void fold_whole(const struct fixture *f, const char *kind, uint64_t after, uint64_t up_to, struct cells *cells) {
    const struct journal_options options = {.path = f->path, .service = kind, .read_only = true};
    struct journal_reader *reader = NULL;
    struct journal_row row;
    struct arena arena;
    arena_init(&arena, FOLD_UNPACK_BYTES_MAX);
    assert_int_equal(journal_reader_open(&options, &reader), STATUS_OK);
    assert_int_equal(journal_reader_seek(reader, after, up_to, false), STATUS_OK);
    while (journal_reader_next(reader, &row) == STATUS_OK) {
        if (row.public_size > 0) {
            assert_int_not_equal(fold_kind_find(kind)->fold(row.public_body, row.public_size, &arena, cells),
                                 FOLD_FULL);
        }
    }
    journal_reader_close(&reader);
    arena_release(&arena);
}

struct sums {
    int64_t *values; /* by wanted set */
    uint64_t events, last_seq;
    size_t last_want;
    uint64_t stop_after; /* 0: never */
};

static bool sum_up(const struct explain_event *event, void *user) {
    struct sums *sums = user;
    assert_true(event->seq > sums->last_seq || (event->seq == sums->last_seq && event->want > sums->last_want));
    assert_int_equal(event->at_ms, INT64_C(1583020800000) + (int64_t)event->seq * 1000);
    assert_true(event->delta != 0 && event->cells > 0 && event->type[0] != '\0');
    sums->last_seq = event->seq;
    sums->last_want = event->want;
    sums->values[event->want] += event->delta;
    return ++sums->events != sums->stop_after;
}

static enum status walk(const struct fixture *f, const char *kind, const struct explain_want *wants, size_t count,
                        uint64_t after, uint64_t up_to, struct sums *sums, struct explain_result *result) {
    const struct explain_query query = {.path = f->path,
                                        .kind = kind,
                                        .after = after,
                                        .up_to = up_to,
                                        .wants = wants,
                                        .want_count = count,
                                        .visit = sum_up,
                                        .user = sums};
    return explain_log(&query, result);
}

/* Each cell that the fold made is a wanted set; asked in lots of many and, some of them, alone. */
static void compare_cells(const struct fixture *f, const char *kind, uint64_t after, uint64_t up_to) {
    static struct cells cells;
    assert_true(cells_init(&cells, 1 << 20));
    fold_whole(f, kind, after, up_to, &cells);
    assert_true(cells.count > 100 && cells.count < EXPLAIN_WANTS_MAX);
    struct explain_want *wants = calloc(cells.count, sizeof *wants);
    struct sums sums = {.values = calloc(cells.count, sizeof *sums.values)};
    struct explain_result result;
    assert_true(wants != NULL && sums.values != NULL);
    for (size_t i = 0; i < cells.count; i++) {
        struct cell_key key = cell_unpack(&cells.cells[i]);
        wants[i] = (struct explain_want){(enum metric_number)key.metric,        key.region,  key.period, key.period,
                                         cells.organisations[key.organisation], key.category};
    }
    assert_int_equal(walk(f, kind, wants, cells.count, after, up_to, &sums, &result), STATUS_OK);
    assert_int_equal(result.up_to, up_to);
    for (size_t i = 0; i < cells.count; i++) {
        if (sums.values[i] != cells.cells[i].value) {
            fail_msg("cell %zu of metric %d is %lld, not %lld", i, (int)wants[i].metric, (long long)sums.values[i],
                     (long long)cells.cells[i].value);
        }
    }
    for (size_t i = 0; i < cells.count; i += cells.count / 20) {
        int64_t alone = 0;
        struct sums one = {.values = &alone};
        assert_int_equal(walk(f, kind, &wants[i], 1, after, up_to, &one, &result), STATUS_OK);
        assert_int_equal(alone, cells.cells[i].value);
    }
    free(wants);
    free(sums.values);
    cells_release(&cells);
}

static void receipts_are_the_cells(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *kind;
        pack_function *pack;
    } logs[] = {{"visits", pack_visits}, {"approvals", pack_approvals}};
    for (size_t i = 0; i < sizeof logs / sizeof logs[0]; i++) {
        random_seed = i;
        snprintf(f->path, sizeof f->path, "%s/%s.db", f->folder, logs[i].kind);
        struct journal *journal = open_log(f, logs[i].kind);
        append_random(journal, logs[i].pack, ROWS);
        close_log(&journal);
        compare_cells(f, logs[i].kind, 0, ROWS);
        compare_cells(f, logs[i].kind, 1234, 9999);
    }
}

/* While the daemon goes on writing: as far as what is committed. */
static void a_log_in_use_is_read_as_committed(void **state) {
    struct fixture *f = *state;
    uint8_t body[RANDOM_EVENT_BYTES];
    struct journal *journal = open_log(f, "visits");
    append_random(journal, pack_visits, 1000);
    assert_int_equal(journal_commit(journal), STATUS_OK);
    assert_int_equal(journal_begin(journal), STATUS_OK);
    append(journal, body, pack_visits(body));
    const struct explain_want want = {METRIC_VISITS, 0, INT32_MIN, INT32_MAX, NULL, EXPLAIN_ANY_CATEGORY};
    struct explain_result result;
    int64_t value = 0;
    struct sums sums = {.values = &value};
    uint8_t chain[32];
    journal_head_chain(journal, chain);
    assert_int_equal(walk(f, "visits", &want, 1, 0, 0, &sums, &result), STATUS_OK);
    assert_int_equal(result.head, 1000);
    assert_int_equal(result.up_to, 1000);
    assert_memory_equal(result.chain, chain, 32);
    assert_true(id_equal(&result.epoch, journal_epoch(journal)));
    close_log(&journal);
}

/* An event of more cells than the small set holds, and more matches in a chunk than a queue holds. */
static void large_events_and_many_matches_are_whole(void **state) {
    struct fixture *f = *state;
    enum { DELTAS = 3000, WANTS = 16 };
    struct journal *journal = open_log(f, "visits");
    uint64_t later = append_random(journal, pack_visits, 10000);
    append_large_correction(journal, DELTAS);
    close_log(&journal);
    struct explain_want wants[WANTS];
    int64_t values[WANTS] = {0}, alone = 0;
    for (size_t i = 0; i < WANTS; i++) {
        wants[i] = (struct explain_want){METRIC_VISITS, 0, INT32_MIN, INT32_MAX, NULL, EXPLAIN_ANY_CATEGORY};
    }
    struct explain_result result;
    struct sums sums = {.values = values}, one = {.values = &alone}, most = {.values = &alone};
    assert_int_equal(walk(f, "visits", wants, WANTS, 0, 0, &sums, &result), STATUS_OK);
    assert_true(sums.events > 3 * 8192);
    assert_true(result.unknown >= later);
    assert_int_equal(walk(f, "visits", wants, 1, 0, 0, &one, &result), STATUS_OK);
    assert_int_equal(sums.events, WANTS * one.events);
    for (size_t i = 0; i < WANTS; i++) {
        assert_int_equal(values[i], alone);
    }
    const struct explain_want month = {METRIC_PATIENTS_MONTH, 411002, DAY, DAY, NULL, EXPLAIN_ANY_CATEGORY};
    alone = 0;
    assert_int_equal(walk(f, "visits", &month, 1, 10000, 10001, &most, &result), STATUS_OK);
    assert_int_equal(most.events, 1);
    assert_int_equal(alone, DELTAS);
}

static void the_caller_may_stop(void **state) {
    struct fixture *f = *state;
    const struct explain_want want = {METRIC_VISITS, 0, INT32_MIN, INT32_MAX, NULL, EXPLAIN_ANY_CATEGORY};
    static const uint64_t stops[] = {1, 100, 9000};
    struct journal *journal = open_log(f, "visits");
    append_random(journal, pack_visits, 40000);
    close_log(&journal);
    for (size_t i = 0; i < sizeof stops / sizeof stops[0]; i++) {
        int64_t value = 0;
        struct sums sums = {.values = &value, .stop_after = stops[i]};
        struct explain_result result;
        assert_int_equal(walk(f, "visits", &want, 1, 0, 0, &sums, &result), STATUS_OK);
        assert_int_equal(sums.events, stops[i]);
    }
}

static void what_cannot_be_read_is_refused(void **state) {
    struct fixture *f = *state;
    const struct explain_want want = {METRIC_VISITS, 0, INT32_MIN, INT32_MAX, NULL, EXPLAIN_ANY_CATEGORY};
    static const uint8_t zeros[32];
    int64_t value = 0;
    struct sums sums = {.values = &value};
    struct explain_result result;
    assert_int_equal(walk(f, "visits", &want, 1, 0, 0, &sums, &result), STATUS_NOT_FOUND);
    struct journal *journal = open_log(f, "visits");
    assert_int_equal(journal_commit(journal), STATUS_OK);
    assert_int_equal(walk(f, "visits", &want, 1, 0, 0, &sums, &result), STATUS_OK); /* empty */
    assert_int_equal(result.up_to, 0);
    assert_memory_equal(result.chain, zeros, 32);
    assert_int_equal(journal_begin(journal), STATUS_OK);
    append_random(journal, pack_visits, 10);
    close_log(&journal);
    assert_int_equal(walk(f, "visits", &want, 1, 0, 11, &sums, &result), STATUS_USAGE);
    assert_int_equal(result.head, 10);
    assert_int_equal(walk(f, "visits", &want, 1, 6, 5, &sums, &result), STATUS_USAGE);
    assert_int_equal(walk(f, "approvals", &want, 1, 0, 0, &sums, &result), STATUS_CORRUPT);
    assert_int_equal(sums.events, 0);
}

/* --- The programs ------------------------------------------------------------------------------------------------- */

#define RUN(f, want, ...)                                                                                              \
    do {                                                                                                               \
        run_program(&(f)->run, "lianchengctl", NULL, __VA_ARGS__);                                                     \
        if ((f)->run.exit_code != (want)) {                                                                            \
            fail_msg("line %d: exit code %d, not %d\n%s\n%s", __LINE__, (f)->run.exit_code, want,                      \
                     buffer_text(&(f)->run.out), buffer_text(&(f)->run.err));                                          \
        }                                                                                                              \
    } while (0)

static void assert_says(struct fixture *f, const char *text) {
    if (strstr(buffer_text(&f->run.out), text) == NULL && strstr(buffer_text(&f->run.err), text) == NULL) {
        fail_msg("\"%s\" is not in\n%s\n%s", text, buffer_text(&f->run.out), buffer_text(&f->run.err));
    }
}

/* The next line of what was printed; NULL at the end. */
static json_t *next_line(const char **at) {
    json_error_t error;
    const char *end = strchr(*at, '\n');
    if (end == NULL) {
        return NULL;
    }
    json_t *line = json_loadb(*at, (size_t)(end - *at), 0, &error);
    if (line == NULL) {
        fail_msg("no JSON: %.*s", (int)(end - *at), *at);
    }
    *at = end + 1;
    return line;
}

static json_int_t integer_of(json_t *object, const char *name) {
    json_t *value = json_object_get(object, name);
    assert_true(json_is_integer(value));
    return json_integer_value(value);
}

static Visits__V1__Visit a_plain_visit(uint32_t region, char *facility, uint32_t day) {
    Visits__V1__Visit v = VISITS__V1__VISIT__INIT;
    v.day = day;
    v.region = region;
    v.facility = facility;
    v.visit_class = VISITS__V1__VISIT_CLASS__VISIT_CLASS_OUTPATIENT;
    v.one_card = true;
    return v;
}

/* Four visits in March, one of them taken back, two of a county; one in April. */
static void make_small_log(struct fixture *f, const char *path) {
    static const struct {
        uint32_t region, day;
        bool left;
    } rows[] = {{411002, DAY, false},     {411024, DAY + 3, false},  {411002, DAY + 30, false},
                {411024, DAY + 9, false}, {411002, DAY + 31, false}, {411002, DAY, true}};
    uint8_t body[RANDOM_EVENT_BYTES];
    snprintf(f->path, sizeof f->path, "%s", path);
    struct journal *journal = open_log(f, "visits");
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        Visits__V1__Visit v = a_plain_visit(rows[i].region, codes[rows[i].region == 411002 ? 0 : 1], rows[i].day);
        Visits__V1__Event event = VISITS__V1__EVENT__INIT;
        event.body_case = rows[i].left ? VISITS__V1__EVENT__BODY_VISIT_LEFT : VISITS__V1__EVENT__BODY_VISIT_APPEARED;
        event.visit_appeared = &v;
        append(journal, body, visits__v1__event__pack(&event, body));
    }
    close_log(&journal);
}

static void a_receipt_is_printed(void **state) {
    struct fixture *f = *state;
    char path[300];
    snprintf(path, sizeof path, "%s/log.db", f->folder);
    make_small_log(f, path);
    RUN(f, 0, "explain visits.visits --period 2020-03 --region 411000 --log visits=%s", path);
    assert_says(f, "value       3\nevents      5\n");
    assert_says(f, "就诊人次");
    assert_says(f, "2020-03-01T08:00:06.000+08:00  visit_left             -1");
    RUN(f, 0, "explain visits.visits --period 2020-03 --region 411000 --log visits=%s --limit 2", path);
    assert_says(f, "... and 3 more; --json lists all");
    RUN(f, 0, "explain visits.visits --period 2020-03 --region 411002 --log=visits=%s", path);
    assert_says(f, "value       1\nevents      3\n");
    RUN(f, 0, "explain visits.visits --period 2020 --region 411000 --organisation a --log visits=%s", path);
    assert_says(f, "value       2\nevents      4\n");
    RUN(f, 0, "explain visits.visits --period 2020-03 --region 411000 --up-to visits=4 --log visits=%s", path);
    assert_says(f, "value       4\nevents      4\n");
    RUN(f, 0, "explain visits.visits --period 2019 --region 411000 --category inpatient --log visits=%s", path);
    assert_says(f, "value       0\nevents      0\n");
}

static void a_receipt_is_json_lines(void **state) {
    struct fixture *f = *state;
    char path[300];
    snprintf(path, sizeof path, "%s/log.db", f->folder);
    make_small_log(f, path);
    RUN(f, 0, "--json explain visits.visits --period 2020-03 --region 411024 --log visits=%s", path);
    const char *at = buffer_text(&f->run.out);
    json_t *first = next_line(&at), *receipt = json_object_get(first, "receipt"),
           *source = json_object_get(receipt, "source");
    assert_int_equal(integer_of(receipt, "format"), 1);
    assert_int_equal(integer_of(receipt, "region"), 411024);
    assert_string_equal(json_string_value(json_object_get(receipt, "metric")), "visits.visits");
    assert_string_equal(json_string_value(json_object_get(receipt, "category")), "all");
    assert_string_equal(json_string_value(json_object_get(source, "kind")), "visits");
    assert_int_equal(strlen(json_string_value(json_object_get(source, "chain"))), 64);
    assert_int_equal(integer_of(source, "up_to"), 6);
    static const int numbers[] = {2, 4};
    for (size_t i = 0; i < 2; i++) {
        json_t *event = next_line(&at);
        assert_int_equal(integer_of(event, "seq"), numbers[i]);
        assert_int_equal(integer_of(event, "delta"), 1);
        assert_string_equal(json_string_value(json_object_get(event, "type")), "visit_appeared");
        json_decref(event);
    }
    json_t *last = next_line(&at), *end = json_object_get(last, "end");
    assert_int_equal(integer_of(end, "events"), 2);
    assert_int_equal(integer_of(end, "value"), 2);
    assert_null(next_line(&at));
    json_decref(first);
    json_decref(last);
}

static void wrong_questions_are_told(void **state) {
    struct fixture *f = *state;
    char path[300];
    snprintf(path, sizeof path, "%s/log.db", f->folder);
    make_small_log(f, path);
    static const struct {
        const char *arguments;
        int code;
        const char *says;
    } cases[] = {
        {"visits.nothing --period 2020 --region 411000", 64, "not in the catalogue"},
        {"visits.visits --region 411000", 64, "--period is missing"},
        {"visits.visits --period 2020", 64, "--region is missing"},
        {"--period 2020 --region 411000", 64, "a metric is missing"},
        {"visits.visits --period 2020-14 --region 411000", 64, "not a year, month or day"},
        {"visits.visits --period 2020 --region Xuchang", 64, "not a code of GB/T 2260"},
        {"visits.visits --period 2020 --region 411000 --category none", 64, "not in the catalogue of categories"},
        {"visits.visits --period 2020 --region 411000 --nothing", 64, "no option --nothing"},
        {"visits.patients_year --period 2020-03 --region 411000", 64, "do not add up"},
        {"visits.visits --period 2020 --region 411000 --up-to approvals=3", 64, "--up-to is about approvals"},
        {"visits.visits --period 2020 --region 411000 --up-to visits=7", 64, "as far as number 6"},
        {"approvals.items --period 2020 --region 411000", 70, "cannot be read as the log of a registry of approvals"},
        {"visits.visits visits.visits --period 2020 --region 411000", 64, "one metric at a time"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        RUN(f, cases[i].code, "explain %s --log visits=%s", cases[i].arguments, path);
        assert_says(f, cases[i].says);
    }
    RUN(f, 64, "explain visits.visits --region 411000 --log visits=%s --period", path);
    assert_says(f, "--period needs a value");
    RUN(f, 64, "explain visits.visits --period 2020 --region 411000 --log a=%s --log b=%s", path, path);
    assert_says(f, "name its log");
    RUN(f, 0, "explain --help");
    assert_says(f, "--period PERIOD");
}

/* Without --log: the log of the source in aggregator.conf, as init writes it. */
static void the_configuration_knows_the_logs(void **state) {
    struct fixture *f = *state;
    char path[300], table[300];
    snprintf(table, sizeof table, "%s/facilities.tsv", f->folder);
    static const char facilities[] = "a\tHospital\t411002\n";
    assert_int_equal(file_write_atomic(table, facilities, strlen(facilities), 0644), STATUS_OK);
    RUN(f, 0, "init --folder %s/conf --facilities %s --postgres dbname=nothing", f->folder, table);
    snprintf(path, sizeof path, "%s/conf/data/visits/log.db", f->folder);
    make_small_log(f, path);
    RUN(f, 0, "--config %s/conf/ctl.conf explain visits.visits --period 2020-03 --region 411000", f->folder);
    assert_says(f, "value       3\n");
    RUN(f, 0, "explain visits.visits --period 2020-03 --region 411000 --config %s/conf/ctl.conf", f->folder);
    assert_says(f, "value       3\n");
    RUN(f, 70, "--config %s/conf/ctl.conf explain approvals.items --period 2020 --region 411000", f->folder);
    assert_says(f, "data/approvals/log.db cannot be read");
    RUN(f, 0, "--config %s/conf/ctl.conf export", f->folder);
    assert_says(f, "\"head\":6");
}

/* --- Export ------------------------------------------------------------------------------------------------------- */

static void hex_of(json_t *object, const char *name, uint8_t *bytes, size_t size) {
    const char *text = json_string_value(json_object_get(object, name));
    size_t length = 0;
    assert_non_null(text);
    assert_int_equal(sodium_hex2bin(bytes, size, text, strlen(text), NULL, &length, NULL), 0);
    assert_int_equal(length, size);
}

/* The chain hash of a row from what the export says alone. */
static void chain_of(json_t *row, uint8_t chain[CHAIN_BYTES], uint8_t *body, size_t *size) {
    uint8_t bytes[CHAIN_PUBLIC_AT + RANDOM_EVENT_BYTES];
    const char *text = json_string_value(json_object_get(row, "public"));
    assert_int_equal(sodium_base642bin(body, RANDOM_EVENT_BYTES, text, strlen(text), NULL, size, NULL,
                                       sodium_base64_VARIANT_ORIGINAL),
                     0);
    const uint64_t numbers[] = {(uint64_t)integer_of(row, "seq"), (uint64_t)integer_of(row, "prev"),
                                (uint64_t)integer_of(row, "at_ms"), (uint64_t)integer_of(row, "type"), *size};
    static const size_t places[] = {32, 40, 64, 72, 108}, widths[] = {8, 8, 8, 4, 4};
    memcpy(bytes, chain, CHAIN_BYTES);
    for (size_t i = 0; i < 5; i++) {
        for (size_t byte = 0; byte < widths[i]; byte++) {
            bytes[places[i] + byte] = (uint8_t)(numbers[i] >> (8 * byte));
        }
    }
    hex_of(row, "command", bytes + 48, ID_BYTES);
    hex_of(row, "private", bytes + 76, CHAIN_BYTES);
    memcpy(bytes + CHAIN_PUBLIC_AT, body, *size);
    crypto_generichash(chain, CHAIN_BYTES, bytes, CHAIN_PUBLIC_AT + *size, NULL, 0);
}

/* Follows the export of rows after+1 .. last beside the log itself. */
static void compare_export(struct fixture *f, uint64_t after, uint64_t last) {
    const struct journal_options options = {.path = f->path, .read_only = true};
    struct journal_reader *reader = NULL;
    struct journal_row row;
    uint8_t chain[CHAIN_BYTES], want[CHAIN_BYTES], body[RANDOM_EVENT_BYTES];
    size_t size;
    const char *at = buffer_text(&f->run.out);
    json_t *line = next_line(&at), *log = json_object_get(line, "log");
    assert_int_equal(integer_of(log, "after"), (json_int_t)after);
    assert_string_equal(json_string_value(json_object_get(log, "service")), "visits");
    hex_of(log, "chain", chain, sizeof chain);
    json_decref(line);
    assert_int_equal(journal_reader_open(&options, &reader), STATUS_OK);
    assert_int_equal(journal_reader_seek(reader, after, last, true), STATUS_OK);
    for (uint64_t seq = after + 1; seq <= last; seq++) {
        line = next_line(&at);
        assert_int_equal(journal_reader_next(reader, &row), STATUS_OK);
        assert_int_equal(integer_of(line, "seq"), (json_int_t)seq);
        chain_of(line, chain, body, &size);
        hex_of(line, "chain", want, sizeof want);
        assert_memory_equal(chain, want, sizeof chain);
        assert_memory_equal(chain, row.chain, sizeof chain);
        assert_int_equal(size, row.public_size);
        json_decref(line);
    }
    journal_reader_close(&reader);
    line = next_line(&at);
    hex_of(json_object_get(line, "end"), "chain", want, sizeof want);
    assert_memory_equal(chain, want, sizeof chain);
    assert_int_equal(integer_of(json_object_get(line, "end"), "head"), (json_int_t)last);
    assert_null(next_line(&at));
    json_decref(line);
}

static void an_export_can_be_checked_by_itself(void **state) {
    struct fixture *f = *state;
    struct journal *journal = open_log(f, "visits");
    append_random(journal, pack_visits, 2000);
    close_log(&journal);
    RUN(f, 0, "export %s", f->path);
    compare_export(f, 0, 2000);
    RUN(f, 0, "export %s --after 500 --up-to 777", f->folder);
    compare_export(f, 500, 777);
    RUN(f, 0, "export %s --after 2000", f->path);
    compare_export(f, 2000, 2000);
    RUN(f, 64, "export %s --up-to 2001", f->path);
    assert_says(f, "goes as far as number 2000");
    RUN(f, 64, "export %s/nothing", f->folder);
    assert_says(f, "there is no log");
}

/* No private body leaves, in whatever dress; the patterns would be found if one did. */
static void nothing_private_is_exported(void **state) {
    struct fixture *f = *state;
    char hex[2 * sizeof CANARY], base64[2 * sizeof CANARY];
    sodium_bin2hex(hex, sizeof hex, (const uint8_t *)CANARY, strlen(CANARY));
    sodium_bin2base64(base64, sizeof base64, (const uint8_t *)CANARY, strlen(CANARY), sodium_base64_VARIANT_ORIGINAL);
    base64[strlen(CANARY) / 3 * 4] = '\0';
    struct journal *journal = open_log(f, "visits");
    append_random(journal, pack_visits, 50);
    append(journal, (const uint8_t *)CANARY, strlen(CANARY)); /* as if it were public */
    close_log(&journal);
    RUN(f, 0, "export %s --up-to 50", f->path);
    assert_null(strstr(buffer_text(&f->run.out), CANARY));
    assert_null(strstr(buffer_text(&f->run.out), hex));
    assert_null(strstr(buffer_text(&f->run.out), base64));
    RUN(f, 0, "export %s", f->path);
    assert_non_null(strstr(buffer_text(&f->run.out), base64));
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(receipts_are_the_cells, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_log_in_use_is_read_as_committed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(large_events_and_many_matches_are_whole, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_caller_may_stop, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_read_is_refused, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_receipt_is_printed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_receipt_is_json_lines, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wrong_questions_are_told, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_configuration_knows_the_logs, set_up, tear_down),
        cmocka_unit_test_setup_teardown(an_export_can_be_checked_by_itself, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nothing_private_is_exported, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
