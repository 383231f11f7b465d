#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "support/visits_fixture.h"
#include "visits/pseudonym.h"

/*
 * Order does not matter. Random statements of some days about few visits of few persons (openings, pre-admissions,
 * updates, moves, ends, class changes, cancellations of visits, pre-admissions and movements, visits that change hands
 * or numbers) are told in many orders, some of them several times; what is refused because its visit is not known yet
 * is told again later. All orders end in the same visits, the same persons of visits, and the same sums of what the
 * feed said. And after every step these sums are what plain loops over the state count.
 */

enum { RUNS = 120, ORDERS = 8, STATEMENTS_MAX = 36, NUMBERS = 5, RIDS = 3, LOCALS = 3, DAYS = 6, FACILITIES = 2 };

static const char *const facilities[FACILITIES] = {"h1", "h2"};
static const uint32_t regions[FACILITIES] = {411002, 411081};
static const struct {
    int year, month, day;
} days[DAYS] = {{2019, 12, 31}, {2020, 1, 1}, {2020, 1, 2}, {2020, 2, 1}, {2020, 2, 1}, {2021, 1, 1}};

static uint64_t random_next(uint64_t *seed) {
    *seed += UINT64_C(0x9e3779b97f4a7c15);
    return hash_mix64(*seed);
}

static unsigned random_below(uint64_t *seed, unsigned n) {
    return (unsigned)(random_next(seed) % n);
}

/* --- statements --- */

struct spoken {
    struct act act;
    int64_t at_ms;
    int64_t recorded_ms;
    char number[16], other[16], rid[RESIDENT_ID_BYTES];
};

static int64_t random_day_ms(uint64_t *seed) {
    const unsigned i = random_below(seed, DAYS);
    const int32_t day = civil_day_from_date(days[i].year, (unsigned)days[i].month, (unsigned)days[i].day);
    return civil_ms_of_day(day) + random_below(seed, 24) * INT64_C(3600000);
}

static void random_person(struct spoken *s, uint64_t *seed) {
    static const char *const locals[LOCALS] = {"La", "Lb", "Lc"};
    const unsigned which = random_below(seed, 3);
    make_resident_id(random_below(seed, RIDS), s->rid);
    s->act.rid = which != 0 ? s->rid : NULL;
    s->act.local2 = random_below(seed, 4) == 0 ? locals[random_below(seed, LOCALS)] : NULL;
    s->act.local = which != 1 ? locals[random_below(seed, LOCALS)] : NULL;
}

static enum verb random_verb(uint64_t *seed) {
    static const enum verb verbs[] = {OPEN, OPEN, CANCEL, CLOSE, CHANGE, SAY, SAY, SAY, SAY, SAY, SAY, SAY, SAY, MOVE};
    return verbs[random_below(seed, sizeof verbs / sizeof verbs[0])];
}

/* As a statement may come; `spread`: of how many seconds its recorded time is one (few: many are equal). */
static void random_statement(struct spoken *s, uint64_t *seed, unsigned spread) {
    static const char *const departments[] = {NULL, "a", "b"};
    static const char *const movements[] = {NULL, NULL, "m1", "m2"};
    *s = (struct spoken){.at_ms = random_day_ms(seed)};
    s->recorded_ms = INT64_C(1600000000000) + random_below(seed, spread) * INT64_C(1000);
    snprintf(s->number, sizeof s->number, "V%u", random_below(seed, NUMBERS));
    snprintf(s->other, sizeof s->other, "V%u", random_below(seed, NUMBERS));
    s->act = (struct act){.verb = random_verb(seed),
                          .org = facilities[random_below(seed, FACILITIES)],
                          .number = s->number,
                          .card = random_below(seed, 4) == 0 ? 4 : 1,
                          .class_of = 1 + (int)random_below(seed, 6),
                          .said = (enum said)(1 + random_below(seed, 10)),
                          .department = departments[random_below(seed, 3)],
                          .movement = movements[random_below(seed, 4)],
                          .opened_ms = random_below(seed, 2) ? random_day_ms(seed) : 0,
                          .creates = random_below(seed, 4) != 0};
    random_person(s, seed);
    if (random_below(seed, s->act.verb == MOVE ? 2 : 10) == 0) {
        s->act.other = s->other;
    }
    if (random_below(seed, 4) == 0) {
        static const char *const arrivals[] = {"2020-01-01T10:20", "2020-01-01T11:30", "2020-01-01T13:00"};
        s->act.called = "2020-01-01T10:00";
        s->act.arrived = arrivals[random_below(seed, 3)];
        s->act.urban = random_below(seed, 2);
    }
    if (s->act.verb == MOVE && random_below(seed, 3) == 0 && s->act.other != NULL) {
        s->act.rid = s->act.local = NULL;
    }
}

/* --- sums --- */

enum { CELLS = 1 << 14 };
struct sums {
    uint64_t keys[CELLS];
    int32_t counts[CELLS];
};

enum metric { VISITS = 1, PATIENTS, RESCUES };

static void add(struct sums *sums, uint64_t key, int by) {
    size_t at = hash_mix64(key) % CELLS;
    while (sums->keys[at] != 0 && sums->keys[at] != key) {
        at = (at + 1) % CELLS;
    }
    sums->keys[at] = key;
    sums->counts[at] += by;
}

static int count_of(const struct sums *sums, uint64_t key) {
    size_t at = hash_mix64(key) % CELLS;
    while (sums->keys[at] != 0 && sums->keys[at] != key) {
        at = (at + 1) % CELLS;
    }
    return sums->counts[at];
}

static bool has_all_of(const struct sums *a, const struct sums *b) {
    for (size_t i = 0; i < CELLS; i++) {
        if (a->counts[i] != 0 && a->counts[i] != count_of(b, a->keys[i])) {
            return false;
        }
    }
    return true;
}

static bool equal_sums(const struct sums *a, const struct sums *b) {
    return has_all_of(a, b) && has_all_of(b, a);
}

static uint64_t cell(enum metric metric, unsigned scope, unsigned period, unsigned kind, uint32_t place, int32_t day) {
    return (uint64_t)metric << 60 | (uint64_t)scope << 56 | (uint64_t)period << 52 | (uint64_t)kind << 48 |
           (uint64_t)place << 24 | (uint64_t)(uint32_t)day;
}

static unsigned facility_index(const char *code) {
    return code[1] - '1';
}

static int32_t first_day(unsigned period, int32_t day) {
    return period == 0 ? day : period == 1 ? civil_month_start(day) : period == 2 ? civil_year_start(day) : 0;
}

/* What an event says of a visit. */
static void add_visit(struct sums *sums, const Visits__V1__Visit *visit, int sign) {
    const unsigned facility = facility_index(visit->facility);
    const uint32_t places[] = {0, visit->region, facility + 1};
    const unsigned own = visit->visit_class <= 3 ? visit->visit_class : 0;
    assert_int_equal(visit->region, regions[facility]);
    assert_true(visit->one_card || visit->edge == 0);
    add(sums, cell(VISITS, 0, 0, visit->visit_class, facility + 1, (int32_t)visit->day), sign);
    if (visit->rescue != 0) {
        assert_int_equal(visit->visit_class, 3);
        add(sums, cell(RESCUES, 0, 0, visit->rescue, facility + 1, (int32_t)visit->day), sign);
    }
    for (unsigned bit = 0; bit < 24; bit++) {
        const unsigned scope = bit >> 3, period = bit >> 1 & 3;
        if (visit->edge >> bit & 1) {
            assert_true((bit & 1) == 0 || own != 0);
            add(sums,
                cell(PATIENTS, scope + 1, period + 1, bit & 1 ? own : 0, places[scope],
                     first_day(period, (int32_t)visit->day)),
                sign);
        }
    }
}

static void add_event(struct sums *sums, const Visits__V1__Event *event) {
    if (event->body_case == VISITS__V1__EVENT__BODY_VISIT_APPEARED) {
        add_visit(sums, event->visit_appeared, 1);
    } else if (event->body_case == VISITS__V1__EVENT__BODY_VISIT_LEFT) {
        add_visit(sums, event->visit_left, -1);
    } else if (event->body_case == VISITS__V1__EVENT__BODY_VISIT_CHANGED) {
        add_visit(sums, event->visit_changed->before, -1);
        add_visit(sums, event->visit_changed->after, 1);
    } else if (event->body_case == VISITS__V1__EVENT__BODY_PATIENTS_CORRECTED) {
        for (size_t i = 0; i < event->patients_corrected->n_deltas; i++) {
            const Visits__V1__PatientsDelta *delta = event->patients_corrected->deltas[i];
            const uint32_t place =
                delta->scope == VISITS__V1__SCOPE__SCOPE_FACILITY ? facility_index(delta->facility) + 1 : delta->region;
            add(sums, cell(PATIENTS, delta->scope, delta->period, delta->visit_class, place, (int32_t)delta->day),
                delta->patients);
        }
    } else {
        assert_int_equal(event->body_case, VISITS__V1__EVENT__BODY_FACILITY_REGISTERED);
    }
}

/* --- the same, counted in the state --- */

static unsigned rescue_of(const struct extra *extra) {
    const uint32_t minutes = (extra->arrived_at - extra->called_at) / 60;
    if (extra->rescue_recorded == 0) {
        return 0;
    }
    return extra->is_urban ? (minutes <= 30 ? 1u : minutes <= 120 ? 2u : 3u) : (minutes <= 120 ? 4u : 5u);
}

/* Whether an earlier row of the same person is in the same bucket. */
struct presence {
    uint64_t cell;
    uint32_t person;
};
struct presences {
    struct presence list[4096];
    size_t count;
};

static void be_present(struct presences *presences, struct sums *sums, uint64_t cell_key, uint32_t person) {
    for (size_t i = 0; i < presences->count; i++) {
        if (presences->list[i].cell == cell_key && presences->list[i].person == person) {
            return;
        }
    }
    assert_true(presences->count < 4096);
    presences->list[presences->count++] = (struct presence){cell_key, person};
    add(sums, cell_key, 1);
}

static void count_state(const struct visits *self, struct sums *sums) {
    static struct presences presences;
    presences.count = 0;
    memset(sums, 0, sizeof *sums);
    for (uint32_t number = 1; number <= self->visits.count; number++) {
        const struct visit *visit = visits_visit(self, number);
        if ((visit->flags & VISIT_IS_OTHER) || !visit_counts(visit)) {
            continue;
        }
        const int32_t day = civil_day_of_s(visit->opened_at);
        const uint32_t places[] = {0, visits_facility(self, visit->facility)->region, visit->facility};
        assert_true(visit->record != 0 && visit->owner_recorded != 0 && visit->begin_recorded != 0);
        add(sums, cell(VISITS, 0, 0, visit->visit_class, visit->facility, day), 1);
        const unsigned rescue = rescue_of(visits_extra(self, visit->extra));
        if (visit->visit_class == 3 && rescue != 0) {
            add(sums, cell(RESCUES, 0, 0, rescue, visit->facility, day), 1);
        }
        const uint32_t person = visits_record(self, visit->record)->person;
        for (unsigned scope = 0; scope < 3 && (visit->flags & VISIT_ONE_CARD); scope++) {
            for (unsigned period = 0; period < 4; period++) {
                const int32_t first = first_day(period, day);
                be_present(&presences, sums, cell(PATIENTS, scope + 1, period + 1, 0, places[scope], first), person);
                if (visit->visit_class <= 3) {
                    be_present(&presences, sums,
                               cell(PATIENTS, scope + 1, period + 1, visit->visit_class, places[scope], first), person);
                }
            }
        }
    }
}

/* --- the state as text, by keys --- */

struct text {
    char bytes[1 << 16];
    size_t size;
};

__attribute__((format(printf, 2, 3))) static void put(struct text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(text->bytes + text->size, sizeof text->bytes - text->size, format, arguments);
    va_end(arguments);
    assert_true(length >= 0 && text->size + (size_t)length < sizeof text->bytes);
    text->size += (size_t)length;
}

static void put_key(struct text *text, const void *key) {
    const uint8_t *bytes = key;
    put(text, " %02x%02x%02x", bytes[0], bytes[1], bytes[2]);
}

static void put_owner(const struct visits *self, struct text *text, uint32_t base, uint32_t identity) {
    put_key(text, &visits_record(self, base)->key);
    put_key(text, &visits_identity(self, identity)->key);
}

static void put_claims(const struct visits *self, const struct visit *visit, struct text *text) {
    if (visit->extra == 0) {
        if (visit->open_recorded != 0) {
            put(text, "  claim %u 0 0", visit->open_recorded % 100000);
            put_owner(self, text, person_base(self, visit->record),
                      visit->flags & VISIT_NAMED ? visits_record(self, visit->record)->identity : 0);
            put(text, "\n");
        }
        return;
    }
    for (uint32_t i = visits_extra(self, visit->extra)->first_claim; i != 0; i = visits_claim(self, i)->next) {
        const struct claim *claim = visits_claim(self, i);
        put(text, "  claim %u %x %u", claim->recorded % 100000, claim->movement, claim->flags);
        put_owner(self, text, claim->base, claim->identity);
        put(text, "\n");
    }
}

/* A visit is named by the first of its numbers, in order. */
struct named {
    uint32_t rows[FACILITIES * NUMBERS];
    size_t count;
};

static size_t name_of(const struct named *named, uint32_t row) {
    size_t i = 0;
    while (i < named->count && named->rows[i] != row) {
        i++;
    }
    return i;
}

/* The first live visit of the same person: who is one with whom, whatever stands for them. */
static size_t first_of_person(const struct visits *self, const struct named *named, const struct visit *visit) {
    for (size_t i = 0; i < named->count; i++) {
        const struct visit *other = visits_visit(self, named->rows[i]);
        if (visit_is_live(other) &&
            visits_record(self, other->record)->person == visits_record(self, visit->record)->person) {
            return i;
        }
    }
    return named->count;
}

static void put_visit(const struct visits *self, const struct named *named, const struct visit *visit,
                      struct text *text) {
    const struct extra *extra = visits_extra(self, visit->extra);
    const unsigned flags = visit->flags & ~(unsigned)(VISIT_IS_OTHER | VISIT_NAMED | VISIT_OWNER_WEAK);
    if (visit->begin_recorded != 0) {
        put(text, " begin %u@%u", visit->opened_at, visit->begin_recorded % 100000);
    }
    put(text, " flags %x open %u cancel %u class %u@%u end %u@%u place %s@%u pre %u,%u", flags,
        visit->open_recorded % 100000, visit->cancel_recorded % 100000, visit->visit_class,
        visit->class_recorded % 100000, visit->closed_at, visit->end_recorded % 100000,
        visits_department(self, visit->department)->code, visit->place_recorded % 100000, extra->pre_recorded % 100000,
        extra->pre_cancel_recorded % 100000);
    put(text, " rescue %u-%u %u@%u moved %u", extra->called_at, extra->arrived_at, extra->is_urban,
        extra->rescue_recorded % 100000, extra->moved_recorded % 100000);
    put_owner(self, text, extra->moved_base, extra->moved_identity);
    if (visit->owner_recorded != 0) {
        put(text, " owner %s@%u", visit->flags & VISIT_OWNER_WEAK ? "weak" : "", visit->owner_recorded % 100000);
        put_key(text, &visits_record(self, visit->record)->key);
    }
    if (visit_is_live(visit)) {
        put(text, " live with %zu", first_of_person(self, named, visit));
    }
    put(text, "\n");
    put_claims(self, visit, text);
}

static uint32_t row_of(const struct visits *self, unsigned i) {
    char number[16];
    struct key16 key;
    snprintf(number, sizeof number, "V%u", i % NUMBERS);
    pseudonym_of_visit(self->local_key, facilities[i / NUMBERS], number, &key);
    return visits_find_visit(self, &key);
}

/* Numbers in order; each with the visit it leads to. */
static void put_state(const struct visits *self, struct text *text) {
    struct named named = {.count = 0};
    text->size = 0;
    for (unsigned i = 0; i < FACILITIES * NUMBERS; i++) {
        const uint32_t row = row_of(self, i);
        const size_t name = name_of(&named, row);
        put(text, "%s V%u is visit %zu\n", facilities[i / NUMBERS], i % NUMBERS, row == 0 ? 99 : name);
        if (row != 0 && name == named.count) {
            named.rows[named.count++] = row;
        }
    }
    for (size_t i = 0; i < named.count; i++) {
        put(text, "%zu", i);
        put_visit(self, &named, visits_visit(self, named.rows[i]), text);
    }
}

/* --- telling --- */

struct told {
    struct fixture fixture;
    struct sums sums;
    struct text text;
};

static void start(struct told *told) {
    fixture_init(&told->fixture, 1000, 1000);
    memset(&told->sums, 0, sizeof told->sums);
    for (int i = 0; i < FACILITIES; i++) {
        struct decision decision;
        fixture_act(&told->fixture, &(struct act){REGISTER, facilities[i], "name", .region = regions[i]}, &decision);
        assert_int_equal(decision.event_count, 1);
    }
}

/* False: refused, its visit is not known yet. */
static bool tell(struct told *told, const struct spoken *s) {
    static struct sums counted;
    struct act_body body;
    struct decision decision;
    const struct command command = act_command_at(&s->act, s->at_ms, s->recorded_ms, &body);
    fixture_step(&told->fixture, &command, &decision);
    for (size_t i = 0; i < decision.event_count; i++) {
        if (decision.events[i].public_body != NULL) {
            add_event(&told->sums, (const Visits__V1__Event *)decision.events[i].public_body);
        }
    }
    count_state(&told->fixture.visits, &counted);
    assert_true(equal_sums(&told->sums, &counted));
    if (decision.refused) {
        assert_int_equal(decision.code, VISITS__V1__CODE__CODE_VISIT_UNKNOWN);
    }
    return !decision.refused;
}

static void shuffle(unsigned *order, size_t count, uint64_t *seed) {
    for (size_t i = count; i > 1; i--) {
        const size_t j = random_below(seed, (unsigned)i);
        const unsigned kept = order[i - 1];
        order[i - 1] = order[j];
        order[j] = kept;
    }
}

/* In the order given; what was refused is told again and again until nothing more of it is taken. */
static void tell_all(struct told *told, const struct spoken *spoken, const unsigned *order, size_t count) {
    bool taken[2 * STATEMENTS_MAX] = {false};
    bool goes_on = true;
    while (goes_on) {
        goes_on = false;
        for (size_t i = 0; i < count; i++) {
            if (!taken[i]) {
                taken[i] = tell(told, &spoken[order[i]]);
                goes_on |= taken[i];
            }
        }
    }
    put_state(&told->fixture.visits, &told->text);
}

/* Where the two differ first, with the line before. */
static void show_difference(const char *a, const char *b) {
    size_t at = 0, line = 0, before = 0;
    while (a[at] != 0 && a[at] == b[at]) {
        if (a[at++] == '\n') {
            before = line;
            line = at;
        }
    }
    const int shared = (int)(line - before);
    print_error("%.*sin order:         %.*s\nin another order: %.*s\n", shared, a + before,
                (int)strcspn(a + line, "\n"), a + line, (int)strcspn(b + line, "\n"), b + line);
}

static void one_run(uint64_t run) {
    static struct told first, again;
    struct spoken spoken[STATEMENTS_MAX];
    uint64_t seed = run * UINT64_C(1000003);
    const unsigned count = 4 + random_below(&seed, STATEMENTS_MAX - 3);
    const unsigned spread = run % 3 == 0 ? 6 : run % 3 == 1 ? 60 : 100000;
    for (unsigned i = 0; i < count; i++) {
        random_statement(&spoken[i], &seed, spread);
        spoken[i].act.number = spoken[i].number;
    }
    for (int k = 0; k < ORDERS; k++) {
        unsigned order[2 * STATEMENTS_MAX];
        size_t told_count = 0;
        for (unsigned i = 0; i < count; i++) {
            order[told_count++] = i;
            if (k > 0 && random_below(&seed, 3) == 0) {
                order[told_count++] = i;
            }
        }
        struct told *told = k == 0 ? &first : &again;
        if (k > 0) {
            shuffle(order, told_count, &seed);
        }
        start(told);
        tell_all(told, spoken, order, told_count);
        if (k > 0 && strcmp(first.text.bytes, again.text.bytes) != 0) {
            show_difference(first.text.bytes, again.text.bytes);
            fail_msg("run %llu, order %d: another state", (unsigned long long)run, k);
        }
        if (k > 0) {
            assert_true(equal_sums(&first.sums, &again.sums));
            fixture_release(&again.fixture);
        }
    }
    fixture_release(&first.fixture);
}

static void any_order_ends_the_same(void **state) {
    (void)state;
    const char *only = getenv("LC_TEST_RUN");
    for (uint64_t run = 1; run <= RUNS; run++) {
        if (only == NULL || strtoull(only, NULL, 10) == run) {
            one_run(run);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(any_order_ends_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
