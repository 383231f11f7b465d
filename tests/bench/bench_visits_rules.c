#include <time.h>

#include "base/hash.h"
#include "support/visits_fixture.h"

/*
 * The rules alone: 2,000,000 openings by 754,000 persons at 40 facilities, decided and folded in memory, no log and no
 * socket. Prints nanoseconds of CPU and of the clock a command (hashing, decide, evolve) and bytes of state.
 *
 *     bench_visits_rules [VISITS [PERSONS]]
 */

enum { FACILITIES = 40, BATCH = 5000 };

struct order {
    char rid[RESIDENT_ID_BYTES];
    char number[16];
    char facility[16];
    struct act_body body;
    struct command command;
};

struct timer {
    clockid_t clock;
    int64_t sum_ns;
    int64_t begun_ns;
};

static int64_t read_clock(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static void timers_begin(struct timer timers[2]) {
    for (int i = 0; i < 2; i++) {
        timers[i].begun_ns = read_clock(timers[i].clock);
    }
}

static void timers_end(struct timer timers[2]) {
    for (int i = 0; i < 2; i++) {
        timers[i].sum_ns += read_clock(timers[i].clock) - timers[i].begun_ns;
    }
}

static void prepare(struct order *order, uint32_t visit, uint32_t visits, uint32_t persons) {
    const uint64_t r = hash_mix64(visit * UINT64_C(0x9e3779b97f4a7c15) + 1);
    /* Everyone comes once, in a random order of persons; further visits are anybody's. */
    const uint32_t person =
        visit < persons ? (uint32_t)((visit * UINT64_C(390001)) % persons) : (uint32_t)(r % persons);
    const uint32_t home = (uint32_t)hash_mix64(person) % FACILITIES;
    const uint32_t facility = r >> 60 < 13 ? home : (uint32_t)(r >> 32) % FACILITIES;
    make_resident_id(person, order->rid);
    snprintf(order->number, sizeof order->number, "V%09u", visit);
    snprintf(order->facility, sizeof order->facility, "hospital-%02u", facility + 1);
    const struct act act = {.verb = OPEN,
                            .org = order->facility,
                            .number = order->number,
                            .rid = order->rid,
                            .class_of = r % 10 == 0   ? 1
                                        : r % 10 == 1 ? 3
                                                      : 2};
    const int64_t year_ms = INT64_C(366) * 86400000;
    const int64_t at_ms = INT64_C(1577836800000) - 28800000 + (int64_t)((double)visit / visits * (double)year_ms);
    order->command = act_command_at(&act, at_ms, 0, &order->body);
}

static void register_facilities(struct fixture *fixture) {
    static const uint32_t regions[] = {411002, 411003, 411024, 411025, 411071, 411081, 411082};
    for (unsigned i = 0; i < FACILITIES; i++) {
        char code[16];
        struct decision decision;
        snprintf(code, sizeof code, "hospital-%02u", i + 1);
        fixture_act(fixture, &(struct act){REGISTER, code, "name", .region = regions[i % 7]}, &decision);
    }
}

static void print_table(const struct fixture *fixture, const struct table *table) {
    const double bytes = (double)state_table_bytes(&fixture->state, table);
    printf("%-12s %10u rows %12.0f bytes %6.1f a row\n", table->name, table->count, bytes, bytes / table->count);
}

int main(int argc, char **argv) {
    const uint32_t visits = argc > 1 ? (uint32_t)strtoul(argv[1], NULL, 10) : 2000000;
    const uint32_t persons = argc > 2 ? (uint32_t)strtoul(argv[2], NULL, 10) : 754000;
    struct fixture fixture;
    struct order *orders = calloc(BATCH, sizeof *orders);
    uint64_t patients = 0;
    struct timer timers[2] = {{.clock = CLOCK_THREAD_CPUTIME_ID}, {.clock = CLOCK_MONOTONIC}};
    if (orders == NULL || visits == 0 || persons == 0) {
        return 64;
    }
    fixture_init(&fixture, 20000000, 100000000);
    register_facilities(&fixture);
    for (uint32_t done = 0; done < visits;) {
        const uint32_t count = visits - done < BATCH ? visits - done : BATCH;
        for (uint32_t i = 0; i < count; i++) {
            prepare(&orders[i], done + i, visits, persons);
        }
        timers_begin(timers);
        for (uint32_t i = 0; i < count; i++) {
            struct decision decision;
            fixture_step(&fixture, &orders[i].command, &decision);
            patients += ((const Visits__V1__Event *)decision.events[0].public_body)->visit_appeared->edge >> 6 & 1;
        }
        timers_end(timers);
        done += count;
    }
    const double person_bytes = (double)(state_table_bytes(&fixture.state, &fixture.visits.identities) +
                                         state_table_bytes(&fixture.state, &fixture.visits.records));
    printf("%u visits, %llu distinct patients\n", visits, (unsigned long long)patients);
    printf("%.0f ns of CPU, %.0f ns a command (hashing, decide, evolve)\n", (double)timers[0].sum_ns / visits,
           (double)timers[1].sum_ns / visits);
    for (size_t i = 0; i < fixture.state.table_count; i++) {
        print_table(&fixture, fixture.state.tables[i]);
    }
    printf("%.1f bytes a visit, %.1f bytes a person\n",
           (double)state_table_bytes(&fixture.state, &fixture.visits.visits) / visits, person_bytes / (double)patients);
    fixture_release(&fixture);
    free(orders);
    return 0;
}
