#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "support/visits_fixture.h"

/*
 * Exactness as a property: random commands over few persons, cards, visit numbers and days, in any order, repeated,
 * cancelled, reclassified, late, some records gaining their identity on the way. After every step the sum of all deltas
 * the events carried must equal a recount by plain loops over a model that knows nothing of the registry's state.
 */

enum { FACILITIES = 4, PLACES = 8, RIDS = 5, LOCALS = 4, NUMBERS = 8, DAYS = 10, PERIODS = 4, GROUPS = 4 };
enum { RECORDS_MAX = 123, PERSONS = RIDS + RECORDS_MAX, STATEMENTS_MAX = 400 };
enum { RUNS = 150, STEPS = 120 };

static const struct {
    const char *code;
    uint32_t region;
    int place; /* of its region: 0 is the city, 1..3 regions, 4..7 facilities */
} facilities[FACILITIES] = {{"h1", 411002, 1}, {"h2", 411002, 1}, {"h3", 411081, 2}, {"h4", 411024, 3}};

static const struct {
    int year, month, day;
} days[DAYS] = {{1970, 1, 2},  {2019, 12, 31}, {2020, 1, 1}, {2020, 1, 31}, {2020, 2, 1},
                {2020, 2, 29}, {2020, 3, 1},   {2020, 7, 3}, {2020, 7, 4},  {2021, 1, 1}};

typedef int32_t counts[PLACES][PERIODS][DAYS][GROUPS]; /* a period is named by the first of `days` that is in it */

static uint64_t random_next(uint64_t *seed) {
    *seed += UINT64_C(0x9e3779b97f4a7c15);
    return hash_mix64(*seed);
}

static int random_below(uint64_t *seed, int n) {
    return (int)(random_next(seed) % (unsigned)n);
}

/* --- a command, small --- */

struct small {
    enum verb verb;
    int facility, number, rid, local; /* rid, local: -1 none */
    int card, class_of;
    int day, hour;
    int recorded; /* minutes after some time; -1: not given */
    int arrived;
};

static int64_t small_at_ms(const struct small *c) {
    const int32_t day =
        civil_day_from_date(days[c->day].year, (unsigned)days[c->day].month, (unsigned)days[c->day].day);
    return civil_ms_of_day(day) + c->hour * INT64_C(3600000);
}

/* What it says about when it was recorded, in seconds. */
static int64_t small_recorded_s(const struct small *c) {
    return c->recorded < 0 ? small_at_ms(c) / 1000 : INT64_C(1577836800) + c->recorded * 60;
}

static void step(struct fixture *fixture, const struct small *c, struct decision *decision) {
    char number[16], rid[RESIDENT_ID_BYTES], local[16];
    struct act act = {.verb = c->verb,
                      .org = facilities[c->facility].code,
                      .number = number,
                      .card = c->card,
                      .class_of = c->class_of};
    snprintf(number, sizeof number, "V%d", c->number);
    snprintf(local, sizeof local, "L%d", c->local);
    if (c->rid >= 0) {
        make_resident_id((uint32_t)c->rid, rid);
        act.rid = rid;
    }
    act.local = c->local >= 0 ? local : NULL;
    struct act_body body;
    const struct command command =
        act_command_at(&act, small_at_ms(c), c->recorded < 0 ? 0 : small_recorded_s(c) * 1000, &body);
    fixture_step(fixture, &command, decision);
}

static void start(struct fixture *fixture) {
    fixture_init(fixture, 1000, 1000);
    for (int i = 0; i < FACILITIES; i++) {
        struct decision decision;
        fixture_act(fixture, &(struct act){REGISTER, facilities[i].code, "name", .region = facilities[i].region},
                    &decision);
        assert_int_equal(decision.event_count, 1);
    }
}

/* --- the sums of what the events said --- */

struct sums {
    counts patients;
    counts visits;
};

static int day_index(int32_t day) {
    for (int i = 0; i < DAYS; i++) {
        if (civil_day_from_date(days[i].year, (unsigned)days[i].month, (unsigned)days[i].day) == day) {
            return i;
        }
    }
    fail_msg("day %d was never sent", day);
    return 0;
}

/* The first day of the list that is in the same period as day i. */
static int period_index(int period, int i) {
    for (int j = 0; j < DAYS; j++) {
        const bool same_year = days[j].year == days[i].year;
        const bool same_month = same_year && days[j].month == days[i].month;
        if (period == 3 || (period == 2 && same_year) || (period == 1 && same_month) || (period == 0 && j == i)) {
            return j;
        }
    }
    return -1;
}

static int facility_index(const char *code) {
    for (int i = 0; i < FACILITIES; i++) {
        if (strcmp(code, facilities[i].code) == 0) {
            return i;
        }
    }
    fail_msg("facility %s was never sent", code);
    return 0;
}

static void add_visit(struct sums *sums, const Visits__V1__Visit *visit, int sign) {
    const int facility = facility_index(visit->facility);
    const int places[] = {0, facilities[facility].place, 4 + facility};
    const int day = day_index((int32_t)visit->day);
    const int group = visit->visit_class <= 3 ? (int)visit->visit_class : 0;
    assert_int_equal(visit->region, facilities[facility].region);
    assert_true(visit->edge < 1 << 24 && (visit->one_card || visit->edge == 0));
    assert_true(group != 0 || (visit->edge & 0xaaaaaa) == 0);
    for (int scope = 0; scope < 3; scope++) {
        for (int period = 0; period < PERIODS; period++) {
            const int at = period_index(period, day);
            const unsigned bits = visit->edge >> (8 * scope + 2 * period);
            sums->patients[places[scope]][period][at][0] += sign * (int)(bits & 1);
            sums->visits[places[scope]][period][at][0] += sign;
            if (group != 0) {
                sums->patients[places[scope]][period][at][group] += sign * (int)(bits >> 1 & 1);
                sums->visits[places[scope]][period][at][group] += sign;
            }
        }
    }
}

static int period_of_first_day(const Visits__V1__PatientsDelta *delta) {
    for (int i = 0; i < DAYS; i++) {
        const unsigned month = delta->period == VISITS__V1__PERIOD__PERIOD_YEAR ? 1 : (unsigned)days[i].month;
        const unsigned day = delta->period == VISITS__V1__PERIOD__PERIOD_DAY ? (unsigned)days[i].day : 1;
        if (delta->period == VISITS__V1__PERIOD__PERIOD_ALL_TIME ||
            civil_day_from_date(days[i].year, month, day) == (int32_t)delta->day) {
            return i;
        }
    }
    fail_msg("no period begins on day %u", delta->day);
    return 0;
}

static void add_delta(struct sums *sums, const Visits__V1__PatientsDelta *delta) {
    int place = 0;
    if (delta->scope == VISITS__V1__SCOPE__SCOPE_COUNTY) {
        for (int i = 0; i < FACILITIES; i++) {
            place = facilities[i].region == delta->region ? facilities[i].place : place;
        }
        assert_true(place > 0);
        assert_string_equal(delta->facility, "");
    } else if (delta->scope == VISITS__V1__SCOPE__SCOPE_FACILITY) {
        place = 4 + facility_index(delta->facility);
        assert_int_equal(delta->region, facilities[place - 4].region);
    } else {
        assert_int_equal(delta->scope, VISITS__V1__SCOPE__SCOPE_CITY);
        assert_int_equal(delta->region, 0);
    }
    assert_true(delta->patients < 0 && delta->visit_class <= 3);
    sums->patients[place][delta->period - 1][period_of_first_day(delta)][delta->visit_class] += delta->patients;
}

static void add_decision(struct sums *sums, const struct decision *decision) {
    for (size_t i = 0; i < decision->event_count; i++) {
        const Visits__V1__Event *event = (const Visits__V1__Event *)decision->events[i].public_body;
        if (event == NULL) {
            continue;
        }
        if (event->body_case == VISITS__V1__EVENT__BODY_VISIT_APPEARED) {
            add_visit(sums, event->visit_appeared, 1);
        } else if (event->body_case == VISITS__V1__EVENT__BODY_VISIT_LEFT) {
            add_visit(sums, event->visit_left, -1);
        } else if (event->body_case == VISITS__V1__EVENT__BODY_VISIT_CHANGED) {
            add_visit(sums, event->visit_changed->before, -1);
            add_visit(sums, event->visit_changed->after, 1);
        } else {
            assert_int_equal(event->body_case, VISITS__V1__EVENT__BODY_PATIENTS_CORRECTED);
            assert_true(event->patients_corrected->n_deltas > 0);
            for (size_t j = 0; j < event->patients_corrected->n_deltas; j++) {
                add_delta(sums, event->patients_corrected->deltas[j]);
            }
        }
    }
}

/* --- the model: every statement kept, everything worked out anew --- */

struct model {
    struct {
        int facility, local, rid;
    } records[RECORDS_MAX];
    int record_count;
    struct small statements[STATEMENTS_MAX]; /* those accepted, as they arrived */
    int statement_count;
    int record_of[FACILITIES][NUMBERS]; /* of each visit; -1 none */
};

struct standing { /* a visit as it stands */
    bool known, live;
    int64_t cancelled; /* newest cancellation, s */
    struct small opening;
    int class_of;
};

static void model_init(struct model *m) {
    m->record_count = 0;
    m->statement_count = 0;
    memset(m->record_of, -1, sizeof m->record_of);
}

static int64_t newest_cancel(const struct model *m, int facility, int number, bool *known) {
    int64_t newest = 0;
    for (int i = 0; i < m->statement_count; i++) {
        const struct small *s = &m->statements[i];
        if (s->facility == facility && s->number == number) {
            *known = true;
            if (s->verb == CANCEL && small_recorded_s(s) > newest) {
                newest = small_recorded_s(s);
            }
        }
    }
    return newest;
}

/* Of what was recorded since the last cancellation: the newest opening; the newest class, a change before an opening.
 */
static struct standing standing_of(const struct model *m, int facility, int number) {
    struct standing now = {.known = false};
    int64_t open_s = 0, class_s = 0;
    bool changed = false;
    now.cancelled = newest_cancel(m, facility, number, &now.known);
    for (int i = 0; i < m->statement_count; i++) {
        const struct small *s = &m->statements[i];
        const int64_t at = small_recorded_s(s);
        if (s->facility != facility || s->number != number || at <= now.cancelled) {
            continue;
        }
        if (s->verb == OPEN && at >= open_s) {
            now.opening = *s;
            now.live = true;
            open_s = at;
        }
        if ((s->verb == OPEN && (at > class_s || (at == class_s && !changed))) ||
            (s->verb == CHANGE && at >= class_s)) {
            now.class_of = s->class_of;
            class_s = at;
            changed = s->verb == CHANGE;
        }
    }
    return now;
}

static int find_record(const struct model *m, int facility, int local, int rid) {
    for (int i = 0; i < m->record_count; i++) {
        if (m->records[i].facility == facility && m->records[i].local == local &&
            (rid < 0 || m->records[i].rid == rid)) {
            return i;
        }
    }
    return -1;
}

static int add_record(struct model *m, int facility, int local, int rid) {
    assert_true(m->record_count < RECORDS_MAX);
    m->records[m->record_count].facility = facility;
    m->records[m->record_count].local = local;
    m->records[m->record_count].rid = rid;
    return m->record_count++;
}

/* The record an opening names; made, or given its number, on the way. */
static int resolve(struct model *m, const struct small *c) {
    int record = c->local < 0 ? find_record(m, c->facility, -1, c->rid) : find_record(m, c->facility, c->local, -1);
    if (record >= 0 && c->local >= 0 && c->rid >= 0 && m->records[record].rid < 0) {
        m->records[record].rid = c->rid;
    }
    if (record >= 0 && c->rid >= 0 && m->records[record].rid != c->rid) {
        record = find_record(m, c->facility, c->local, c->rid);
    }
    return record >= 0 ? record : add_record(m, c->facility, c->local, c->rid);
}

static void model_open(struct model *m, const struct small *c, const struct standing *before) {
    int *record = &m->record_of[c->facility][c->number];
    const bool is_void = small_recorded_s(c) <= before->cancelled;
    if (!is_void && !before->live) {
        *record = resolve(m, c);
        return;
    }
    if (c->local >= 0 && c->rid >= 0) {
        resolve(m, c); /* whose card it is holds in any case */
    }
    if (!is_void && c->rid >= 0 && m->records[*record].rid < 0) {
        m->records[*record].rid = c->rid;
    }
}

/* False: refused. */
static bool model_step(struct model *m, const struct small *c) {
    const struct standing before = standing_of(m, c->facility, c->number);
    if (c->verb == OPEN && c->rid < 0 && c->local < 0) {
        return false;
    }
    if ((c->verb == CHANGE || c->verb == CLOSE) && !before.known) {
        return false;
    }
    if (c->verb == OPEN) {
        model_open(m, c, &before);
    }
    assert_true(m->statement_count < STATEMENTS_MAX);
    m->statements[m->statement_count++] = *c;
    return true;
}

static void recount(const struct model *m, struct sums *sums) {
    static uint8_t present[PLACES][PERIODS][DAYS][GROUPS][PERSONS];
    memset(present, 0, sizeof present);
    memset(sums, 0, sizeof *sums);
    for (int f = 0; f < FACILITIES; f++) {
        for (int n = 0; n < NUMBERS; n++) {
            const struct standing v = standing_of(m, f, n);
            if (!v.live || v.class_of == 4 || v.class_of == 5) {
                continue;
            }
            const int record = m->record_of[f][n];
            const int person = m->records[record].rid >= 0 ? m->records[record].rid : RIDS + record;
            const int places[] = {0, facilities[f].place, 4 + f};
            for (int g = 0; g < GROUPS; g++) {
                for (int at = 0; at < 3 * PERIODS && (g == 0 || g == v.class_of); at++) {
                    const int place = places[at / PERIODS], period = at % PERIODS;
                    const int i = period_index(period, v.opening.day);
                    sums->visits[place][period][i][g]++;
                    if (v.opening.card < 4 && !present[place][period][i][g][person]) {
                        present[place][period][i][g][person] = 1;
                        sums->patients[place][period][i][g]++;
                    }
                }
            }
        }
    }
}

/* The lists of persons in the state, against what they mean: same identity, same person. */
static void check_persons(const struct visits *v) {
    for (uint32_t a = 1; a <= v->records.count; a++) {
        const struct record *x = visits_record(v, a);
        int listed = 0;
        for (uint32_t i = x->person; i != 0; i = visits_record(v, i)->next_in_person) {
            listed += i == a;
        }
        assert_int_equal(listed, 1);
        for (uint32_t b = 1; b <= v->records.count; b++) {
            const struct record *y = visits_record(v, b);
            assert_int_equal(x->person == y->person, a == b || (x->identity != 0 && x->identity == y->identity));
        }
    }
}

/* --- random commands, any order --- */

static struct small random_command(uint64_t *seed) {
    static const enum verb verbs[] = {OPEN, OPEN, OPEN, OPEN, OPEN, OPEN, CANCEL, CANCEL, CHANGE, CHANGE, CLOSE};
    struct small c = {.verb = verbs[random_below(seed, (int)(sizeof verbs / sizeof verbs[0]))]};
    c.facility = random_below(seed, FACILITIES);
    c.number = random_below(seed, NUMBERS);
    c.rid = random_below(seed, 3) == 0 ? -1 : random_below(seed, RIDS);
    c.local = random_below(seed, 2) == 0 ? -1 : random_below(seed, LOCALS);
    c.card = random_below(seed, 6) == 0 ? 4 : 1 + random_below(seed, 3);
    c.class_of = 1 + random_below(seed, 6);
    c.day = random_below(seed, DAYS);
    c.hour = random_below(seed, 24);
    c.recorded = random_below(seed, 4) == 0 ? -1 : random_below(seed, 30);
    return c;
}

static void compare(const struct sums *got, const struct sums *want, uint64_t seed, int at) {
    for (int place = 0; place < PLACES; place++) {
        for (int i = 0; i < PERIODS * DAYS * GROUPS; i++) {
            const int period = i / (DAYS * GROUPS), day = i / GROUPS % DAYS, group = i % GROUPS;
            if (got->patients[place][period][day][group] != want->patients[place][period][day][group] ||
                got->visits[place][period][day][group] != want->visits[place][period][day][group]) {
                fail_msg("seed %llu step %d: place %d period %d day %d group %d: patients %d, recounted %d; visits %d, "
                         "recounted %d",
                         (unsigned long long)seed, at, place, period, day, group,
                         got->patients[place][period][day][group], want->patients[place][period][day][group],
                         got->visits[place][period][day][group], want->visits[place][period][day][group]);
            }
        }
    }
}

static void run_random(uint64_t first_seed) {
    static struct sums sums, want;
    static struct model model;
    struct fixture fixture;
    struct small last = {.verb = CANCEL};
    uint64_t seed = first_seed;
    start(&fixture);
    model_init(&model);
    memset(&sums, 0, sizeof sums);
    for (int i = 0; i < STEPS; i++) {
        const struct small c = random_below(&seed, 8) == 0 ? last : random_command(&seed);
        struct decision decision;
        step(&fixture, &c, &decision);
        if (model_step(&model, &c) != !decision.refused) {
            fail_msg("seed %llu step %d: the model %s it", (unsigned long long)first_seed, i,
                     decision.refused ? "accepts" : "refuses");
        }
        add_decision(&sums, &decision);
        recount(&model, &want);
        compare(&sums, &want, first_seed, i);
        last = c;
    }
    check_persons(&fixture.visits);
    fixture_release(&fixture);
}

static void sums_equal_recount(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= RUNS; seed++) {
        run_random(seed);
    }
}

/* --- the same commands in any order, repeated --- */

enum { SCRIPT = 60 };

/* Statements that do not contradict each other: a number of a facility is one person's, a card has one identity, no two
 * statements about a visit are of the same minute. */
static void make_script(uint64_t *seed, struct small *script) {
    for (int i = 0; i < SCRIPT; i++) {
        struct small c = random_command(seed);
        const int person = (c.facility * 7 + c.number * 3) % (LOCALS + 1);
        c.recorded = i + 1;
        if (person == LOCALS) { /* comes without a card */
            c.local = -1;
            c.rid = RIDS - 1;
        } else {
            c.local = person;
            c.rid = random_below(seed, 3) == 0 && person < 3 ? (c.facility + person) % (RIDS - 1) : -1;
        }
        script[i] = c;
    }
}

static void shuffle(uint64_t *seed, struct small *list, int count) {
    for (int i = count - 1; i > 0; i--) {
        const int j = random_below(seed, i + 1);
        const struct small kept = list[i];
        list[i] = list[j];
        list[j] = kept;
    }
}

/* Plays it; what is refused for want of its opening is sent again at the end, as a sender would. */
static void play(const struct small *list, int count, struct sums *sums) {
    struct fixture fixture;
    start(&fixture);
    memset(sums, 0, sizeof *sums);
    for (int i = 0; i < 2 * count; i++) {
        struct decision decision;
        step(&fixture, &list[i % count], &decision);
        add_decision(sums, &decision);
    }
    fixture_release(&fixture);
}

static void any_order_ends_the_same(void **state) {
    (void)state;
    static struct sums first, other;
    for (uint64_t run = 1; run <= 60; run++) {
        uint64_t seed = run;
        struct small list[SCRIPT + SCRIPT / 3];
        make_script(&seed, list);
        play(list, SCRIPT, &first);
        for (int i = 0; i < SCRIPT / 3; i++) {
            list[SCRIPT + i] = list[random_below(&seed, SCRIPT)];
        }
        for (int order = 0; order < 6; order++) {
            shuffle(&seed, list, SCRIPT + SCRIPT / 3);
            play(list, SCRIPT + SCRIPT / 3, &other);
            compare(&other, &first, run, order);
        }
    }
}

/* --- bounds --- */

/* A card with a long history gains its number: beyond the bound of one correction it is refused, and nothing changes.
 */
static void too_long_a_correction(void **state) {
    (void)state;
    struct fixture f;
    struct decision decision = {.event_count = 0};
    char rid[RESIDENT_ID_BYTES];
    make_resident_id(0, rid);
    fixture_init(&f, 10, 4000);
    fixture_act(&f, &(struct act){REGISTER, "h1", "name", .region = 411002}, &decision);
    for (int i = 0; i < 2 * 900; i++) {
        char number[16];
        snprintf(number, sizeof number, "V%d", i);
        const struct act act = {OPEN, "h1", number, .local = i % 2 ? "L" : NULL, .rid = i % 2 ? NULL : rid};
        struct act_body body;
        const struct command command =
            act_command_at(&act, INT64_C(1577836800000) + i / 2 * INT64_C(86400000), 0, &body);
        fixture_step(&f, &command, &decision);
        assert_false(decision.refused);
    }
    fixture_act(&f, &(struct act){OPEN, "h1", "last", "2020-07-03T10:00", .local = "L", .rid = rid}, &decision);
    assert_true(decision.refused);
    assert_int_equal(decision.code, COMMON__V1__CODE__CODE_EXHAUSTED);
    assert_int_equal(decision.event_count, 0);
    fixture_release(&f);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_equal_recount),
        cmocka_unit_test(any_order_ends_the_same),
        cmocka_unit_test(too_long_a_correction),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
