#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "aggregator/explain.h"
#include "base/check.h"
#include "base/civil.h"
#include "base/hash.h"
#include "base/log.h"
#include "journal/journal.h"
#include "visits/v1/events.pb-c.h"

/*
 * How long a figure's receipt takes from a log of visits, in seconds for two million events: "name value unit" lines.
 * bench_explain [FOLDER [EVENTS]]
 */
#define BATCH_EVENTS 5008 /* whole groups of ids */
#define PRIVATE_BYTES 64  /* as a visit's event has */
#define FIRST_DAY 18262   /* 2020-01-01 */
#define HOSPITALS 40
#define REPEATS 3

static char folder[4096], path[4200];
static const struct journal_options options = {.path = path, .service = "visits"};

static void print(const char *name, double value, const char *unit) {
    printf("%-36s %14.2f %s\n", name, value, unit);
    fflush(stdout);
}

static double seconds_of(clockid_t clock) {
    struct timespec t;
    clock_gettime(clock, &t);
    return (double)t.tv_sec + (double)t.tv_nsec / 1e9;
}

/* --- The log: a year of visits in order of their days, some published late ---------------------------------------- */

/* Three in four visits use a card, and of these one in six is its person's only one in a period. */
static size_t body_of(uint64_t number, uint64_t events, uint8_t body[64]) {
    static const uint32_t counties[] = {411002, 411003, 411024, 411025, 411081, 411082};
    uint64_t random = hash_mix64(number + 1);
    uint32_t hospital = (uint32_t)(random >> 8) % HOSPITALS;
    char facility[16];
    snprintf(facility, sizeof facility, "hospital-%02u", hospital);
    Visits__V1__Visit visit = VISITS__V1__VISIT__INIT;
    visit.day = FIRST_DAY + (uint32_t)(number * 366 / events) - (uint32_t)(random >> 24) % 3;
    visit.region = counties[hospital % 6];
    visit.facility = facility;
    visit.visit_class = (Visits__V1__VisitClass)(1 + (random >> 32) % 3);
    visit.one_card = (random >> 40) % 4 != 0;
    visit.edge = !visit.one_card ? 0 : (random >> 48) % 6 == 0 ? 0xffffff : 0x030303;
    Visits__V1__Event event = VISITS__V1__EVENT__INIT;
    event.body_case = number % 50 == 0 ? VISITS__V1__EVENT__BODY_VISIT_LEFT : VISITS__V1__EVENT__BODY_VISIT_APPEARED;
    event.visit_appeared = &visit;
    return visits__v1__event__pack(&event, body);
}

static void append_group(struct journal *journal, uint64_t first, uint64_t events) {
    static const uint8_t private_body[PRIVATE_BYTES] = {1};
    struct id ids[JOURNAL_GROUP];
    const struct id *pointers[JOURNAL_GROUP];
    bool known[JOURNAL_GROUP];
    uint8_t body[64];
    for (size_t i = 0; i < JOURNAL_GROUP; i++) {
        ids[i] = id_make_from(1577808000000 + first + i, 1, first + i);
        pointers[i] = &ids[i];
    }
    CHECK(journal_claim_group(journal, pointers, JOURNAL_GROUP, known) == STATUS_OK);
    for (size_t i = 0; i < JOURNAL_GROUP; i++) {
        size_t size = body_of(first + i, events, body);
        struct journal_row row = {.command = ids[i],
                                  .at_ms = (int64_t)(1577808000000 + first + i),
                                  .type = 2,
                                  .private_body = private_body,
                                  .private_size = PRIVATE_BYTES,
                                  .public_body = body,
                                  .public_size = size};
        CHECK(!known[i] && journal_append(journal, &row) == STATUS_OK);
    }
}

static uint64_t make_log(uint64_t events) {
    struct journal *journal;
    CHECK(journal_open(&options, &journal) == STATUS_OK);
    for (uint64_t first = 0; first < events; first += BATCH_EVENTS) {
        CHECK(journal_begin(journal) == STATUS_OK);
        for (uint64_t at = 0; at < BATCH_EVENTS; at += JOURNAL_GROUP) {
            append_group(journal, first + at, events);
        }
        CHECK(journal_commit(journal) == STATUS_OK);
    }
    uint64_t head = journal_head(journal);
    journal_close(&journal);
    return head;
}

/* --- Measuring ---------------------------------------------------------------------------------------------------- */

static bool count(const struct explain_event *event, void *user) {
    (void)event;
    ++*(uint64_t *)user;
    return true;
}

static void measure(const char *name, const struct explain_want *want, uint64_t head) {
    double best = 1e9, cpu = 0;
    uint64_t found = 0;
    char line[64];
    for (int i = 0; i < REPEATS; i++) {
        struct explain_result result;
        found = 0;
        const struct explain_query query = {
            .path = path, .kind = "visits", .wants = want, .want_count = 1, .visit = count, .user = &found};
        double start = seconds_of(CLOCK_MONOTONIC), cpu_start = seconds_of(CLOCK_PROCESS_CPUTIME_ID);
        CHECK(explain_log(&query, &result) == STATUS_OK && result.head == head);
        double took = seconds_of(CLOCK_MONOTONIC) - start;
        if (took < best) {
            best = took;
            cpu = seconds_of(CLOCK_PROCESS_CPUTIME_ID) - cpu_start;
        }
    }
    double scale = 2e6 / (double)head;
    snprintf(line, sizeof line, "explain_%s", name);
    print(line, best * scale, "s/2 million events");
    snprintf(line, sizeof line, "explain_%s_cpu", name);
    print(line, cpu / (double)head * 1e6, "us/event");
    snprintf(line, sizeof line, "explain_%s_found", name);
    print(line, (double)found, "events");
}

int main(int argc, char **argv) {
    const uint64_t events = argc > 2 ? strtoull(argv[2], NULL, 10) : 2000000;
    int32_t march = civil_day_from_date(2020, 3, 1);
    log_init("bench", LOG_LEVEL_INFO);
    snprintf(folder, sizeof folder, "%s/liancheng-bench-XXXXXX", argc > 1 ? argv[1] : "/tmp");
    CHECK(mkdtemp(folder) != NULL);
    snprintf(path, sizeof path, "%s/log.db", folder);
    const uint64_t head = make_log(events);
    const struct {
        const char *name;
        struct explain_want want;
    } figures[] = {
        {"month", {METRIC_VISITS, 0, march, civil_month_end(march) - 1, NULL, EXPLAIN_ANY_CATEGORY}},
        {"patients_month", {METRIC_PATIENTS_MONTH, METRIC_CITY_REGION, march, march, "", CATEGORY_ALL}},
        {"year", {METRIC_VISITS, 0, FIRST_DAY, FIRST_DAY + 365, NULL, EXPLAIN_ANY_CATEGORY}},
    };
    for (size_t i = 0; i < sizeof figures / sizeof figures[0]; i++) {
        measure(figures[i].name, &figures[i].want, head);
    }
    static const char *const names[] = {"log.db", "log.db-wal", "log.db-shm", "log.db.lock"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        char file[4300];
        snprintf(file, sizeof file, "%s/%s", folder, names[i]);
        unlink(file);
    }
    return rmdir(folder) == 0 ? 0 : 1;
}
