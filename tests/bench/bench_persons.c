#include <sys/resource.h>
#include <time.h>

#include "base/hash.h"
#include "support/persons_fixture.h"

/*
 * Persons alone: 1,000,000 of them with 5,000,000 visits at 40 facilities, decided and folded in memory, no log and no
 * socket; three in ten are known by a local id only. Then persons are linked, merged, and separated again, each time two at
 * random; prints microseconds a command (hashing, all phases of decide, evolve), of the clock and of CPU (what others run
 * on the machine only shows in the former), bytes of state and the most memory the process ever had. BENCH_PERSONS (persons) makes it smaller.
 */

enum { FACILITIES = 40, VISITS_OF_PERSON = 5, SAMPLES = 20000, TRIES_MAX = 64 };

static uint32_t persons = 1000000;

static int64_t now_ns(clockid_t clock) {
    struct timespec now;
    clock_gettime(clock, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

static uint64_t random_at(uint64_t n) {
    return hash_mix64(n * UINT64_C(0x9e3779b97f4a7c15) + 1);
}

static uint32_t home_of(uint32_t person) {
    return (uint32_t)(random_at(person) % FACILITIES);
}

static bool has_number(uint32_t person) {
    return person % 10 < 7;
}

static void facility_code(uint32_t facility, char code[16]) {
    snprintf(code, 16, "hospital-%02u", facility + 1);
}

static void register_facilities(struct people *p) {
    static const uint32_t regions[] = {411002, 411003, 411024, 411025, 411071, 411081, 411082};
    for (unsigned i = 0; i < FACILITIES; i++) {
        char code[16];
        facility_code(i, code);
        people_register(p, code, regions[i % 7]);
    }
}

/* The first visit is at home; of the others every fifth elsewhere, by whoever has a number. */
static void open_visit(struct people *p, uint32_t visit) {
    const uint32_t person = (uint32_t)((uint64_t)visit * 390001 % persons);
    const uint64_t r = random_at(UINT64_C(1) << 40 | visit);
    const bool is_away = visit >= persons && has_number(person) && r % 5 == 0;
    char code[16], number[16], local[16], rid[RESIDENT_ID_BYTES];
    facility_code(is_away ? (uint32_t)(r >> 32) % FACILITIES : home_of(person), code);
    snprintf(number, sizeof number, "V%09u", visit);
    snprintf(local, sizeof local, "L%u", person);
    make_resident_id(person, rid);
    const struct act act = {.verb = OPEN,
                            .org = code,
                            .number = number,
                            .rid = has_number(person) ? rid : NULL,
                            .local = is_away ? NULL : local,
                            .class_of = r % 10 == 0 ? 1 : r % 10 == 1 ? 3 : 2};
    const int64_t year_ms = INT64_C(366) * 86400000;
    const int64_t at_ms =
        INT64_C(1577836800000) - 28800000 + (int64_t)((double)visit / (persons * VISITS_OF_PERSON) * (double)year_ms);
    struct act_body body;
    struct decision decision;
    const struct command command = act_command_at(&act, at_ms, 0, &body);
    fixture_step(&p->base, &command, &decision);
    if (decision.refused) {
        abort();
    }
}

/* --- pairs of persons --- */

struct couple {
    uint32_t first, second; /* the second one has no number: joining them needs no registrar */
};

static struct couple random_couple(uint64_t n, bool same_home) {
    struct couple couple = {0, 0};
    for (uint64_t try = 0; try < TRIES_MAX * TRIES_MAX; try++) {
        couple.first = (uint32_t)(random_at(n << 20 | try << 1) % persons);
        couple.second = (uint32_t)(random_at(n << 20 | try << 1 | 1) % persons);
        if (couple.first != couple.second && !has_number(couple.second) &&
            (!same_home || home_of(couple.first) == home_of(couple.second))) {
            return couple;
        }
    }
    abort();
}

static int compare_ns(const void *a, const void *b) {
    const int64_t x = *(const int64_t *)a, y = *(const int64_t *)b;
    return (x > y) - (x < y);
}

struct measured {
    int64_t ns[SAMPLES];
    int64_t cpu_ns[SAMPLES];
    size_t count;
    size_t corrected; /* commands that changed counts */
};

static void measure(struct people *p, const struct told *told, struct measured *out) {
    struct decision decision;
    arena_reset(&p->bodies);
    const bool is_publisher = people_role(told->verb) == ROLE_PUBLISHER;
    const struct command command = {.organisation = is_publisher ? told->org : "bureau",
                                    .role = people_role(told->verb),
                                    .principal = "bench",
                                    .occurred_at_ms = told->at_ms,
                                    .received_at_ms = AS_RECEIVED_MS,
                                    .body = &people_command(p, told)->base};
    const int64_t begun = now_ns(CLOCK_MONOTONIC), cpu_begun = now_ns(CLOCK_THREAD_CPUTIME_ID);
    fixture_step(&p->base, &command, &decision);
    out->cpu_ns[out->count] = now_ns(CLOCK_THREAD_CPUTIME_ID) - cpu_begun;
    out->ns[out->count++] = now_ns(CLOCK_MONOTONIC) - begun;
    for (size_t i = 0; i < decision.event_count; i++) {
        if (decision.events[i].public_body != NULL) {
            out->corrected++;
            break;
        }
    }
    if (decision.refused && decision.code != VISITS__V1__CODE__CODE_MERGE_LOOP) {
        abort();
    }
}

static void print(const char *name, struct measured *m) {
    const size_t half = m->count / 2, most = m->count * 99 / 100;
    qsort(m->ns, m->count, sizeof m->ns[0], compare_ns);
    qsort(m->cpu_ns, m->count, sizeof m->cpu_ns[0], compare_ns);
    printf("%-8s %6zu commands, %6zu changed counts: p50 %7.1f us, p99 %7.1f us; CPU p50 %7.1f us, p99 %7.1f us\n", name,
           m->count, m->corrected, (double)m->ns[half] / 1000, (double)m->ns[most] / 1000,
           (double)m->cpu_ns[half] / 1000, (double)m->cpu_ns[most] / 1000);
}

static void run(struct people *p, enum person_verb verb, const char *name, bool same_home, uint64_t stream) {
    static struct measured m;
    m = (struct measured){.count = 0};
    for (uint64_t i = 0; i < SAMPLES; i++) {
        const struct couple couple = random_couple(stream << 32 | i, same_home);
        char first[48], second[48], code[16], other[16];
        facility_code(home_of(couple.first), code);
        facility_code(home_of(couple.second), other);
        snprintf(first, sizeof first, "L:L%u@%s", couple.first, code);
        snprintf(second, sizeof second, "L:L%u@%s", couple.second, other);
        const struct told told = {
            .verb = verb, .org = code, .a = first, .b = second, .at_ms = INT64_C(1610000000000) + (int64_t)i * 1000};
        measure(p, &told, &m);
    }
    print(name, &m);
}

static void print_state(const struct people *p) {
    size_t sum = 0;
    struct rusage usage;
    for (size_t i = 0; i < p->base.state.table_count; i++) {
        const struct table *table = p->base.state.tables[i];
        if (table->count > 0) {
            printf("%-12s %10u rows %12zu bytes\n", table->name, table->count, state_table_bytes(&p->base.state, table));
        }
        sum += state_table_bytes(&p->base.state, table);
    }
    getrusage(RUSAGE_SELF, &usage);
    printf("%.1f MiB of state in all, peak RSS %.1f MiB\n", (double)sum / 1048576, (double)usage.ru_maxrss / 1024);
}

int main(void) {
    const char *text = getenv("BENCH_PERSONS");
    struct people p;
    if (text != NULL) {
        persons = (uint32_t)strtoul(text, NULL, 10);
    }
    if (persons < 1000 || persons > 10000000) {
        fprintf(stderr, "BENCH_PERSONS: 1000 to 10000000\n");
        return 64;
    }
    people_init(&p, 20000000, 100000000);
    register_facilities(&p);
    const int64_t begun = now_ns(CLOCK_THREAD_CPUTIME_ID);
    for (uint32_t i = 0; i < persons * VISITS_OF_PERSON; i++) {
        open_visit(&p, i);
    }
    printf("%u persons, %u visits: %.0f ns of CPU an opening\n", persons, persons * VISITS_OF_PERSON,
           (double)(now_ns(CLOCK_THREAD_CPUTIME_ID) - begun) / (persons * VISITS_OF_PERSON));
    run(&p, LINK, "link", false, 1);
    run(&p, UNLINK, "unlink", false, 1);
    run(&p, MERGE, "merge", true, 2);
    run(&p, SEPARATE, "unmerge", true, 2);
    print_state(&p);
    people_release(&p);
    return 0;
}
