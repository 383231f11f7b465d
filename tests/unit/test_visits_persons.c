#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "support/persons_fixture.h"
#include "visits/codes.h"
#include "visits/edges.h"
#include "visits/query.h"
#include "visits/regroup.h"

/* Persons: every rule of identity, with what it does to the counts of patients. */

/* --- counts, as a reader of the feed has them --- */

enum { CELLS_MAX = 65536 };

struct cell {
    unsigned scope, period, group;
    uint32_t region;
    char facility[VISITS_CODE_BYTES];
    int32_t day;
    int32_t patients, visits;
};

struct counts {
    struct cell *cells;
    size_t count;
    size_t corrections; /* events that were corrections */
};

static struct cell *cell_at(struct counts *c, unsigned scope, uint32_t region, const char *facility, unsigned period,
                            int32_t day, unsigned group) {
    const struct cell key = {.scope = scope, .period = period, .group = group, .region = region, .day = day};
    for (size_t i = 0; i < c->count; i++) {
        struct cell *cell = &c->cells[i];
        if (cell->scope == scope && cell->period == period && cell->group == group && cell->region == region &&
            cell->day == day && strcmp(cell->facility, facility) == 0) {
            return cell;
        }
    }
    assert_true(c->count < CELLS_MAX);
    c->cells[c->count] = key;
    snprintf(c->cells[c->count].facility, VISITS_CODE_BYTES, "%s", facility);
    return &c->cells[c->count++];
}

static void count_visit(struct counts *c, const Visits__V1__Visit *visit, int sign) {
    const int32_t day = (int32_t)visit->day;
    const int32_t starts[] = {day, civil_month_start(day), civil_year_start(day), 0};
    for (unsigned bit = 0; bit < 24; bit++) {
        const unsigned scope = bit / 8 + 1, period = bit % 8 / 2 + 1;
        const unsigned group = bit % 2 == 0 ? 0 : (unsigned)visit->visit_class;
        if (bit % 2 == 1 && (group == 0 || group > 3)) {
            continue;
        }
        struct cell *cell = cell_at(c, scope, scope == 1 ? 0 : visit->region, scope == 3 ? visit->facility : "", period,
                                    starts[period - 1], group);
        cell->visits += sign;
        cell->patients += visit->edge >> bit & 1 ? sign : 0;
    }
}

static void count_event(struct counts *c, const Visits__V1__Event *event) {
    if (event->body_case == VISITS__V1__EVENT__BODY_VISIT_APPEARED) {
        count_visit(c, event->visit_appeared, 1);
    } else if (event->body_case == VISITS__V1__EVENT__BODY_VISIT_LEFT) {
        count_visit(c, event->visit_left, -1);
    } else if (event->body_case == VISITS__V1__EVENT__BODY_VISIT_CHANGED) {
        count_visit(c, event->visit_changed->before, -1);
        count_visit(c, event->visit_changed->after, 1);
    } else if (event->body_case == VISITS__V1__EVENT__BODY_PATIENTS_CORRECTED) {
        c->corrections++;
        assert_true(event->patients_corrected->n_deltas > 0);
        assert_true(visits__v1__event__get_packed_size(event) <= EVENT_PUBLIC_BYTES_MAX);
        for (size_t i = 0; i < event->patients_corrected->n_deltas; i++) {
            const Visits__V1__PatientsDelta *d = event->patients_corrected->deltas[i];
            assert_int_not_equal(d->patients, 0);
            cell_at(c, d->scope, d->region, d->facility, d->period, (int32_t)d->day, d->visit_class)->patients +=
                d->patients;
        }
    }
}

static void count_decision(struct counts *c, const struct decision *decision) {
    for (size_t i = 0; i < decision->event_count; i++) {
        if (decision->events[i].public_body != NULL) {
            count_event(c, (const Visits__V1__Event *)decision->events[i].public_body);
        }
    }
}

/* The persons with a visit in each cell, by plain loops over the rows. */
static void recount(const struct visits *v, struct counts *c) {
    uint32_t *heads = calloc(v->visits.count + 1, sizeof *heads);
    assert_non_null(heads);
    for (size_t i = 0; i < c->count; i++) {
        const struct cell *cell = &c->cells[i];
        size_t patients = 0;
        int32_t visits = 0;
        for (uint32_t n = 1; n <= v->visits.count; n++) {
            const struct visit *row = visits_visit(v, n);
            const int32_t day = civil_day_of_s(row->opened_at);
            const int32_t starts[] = {day, civil_month_start(day), civil_year_start(day), 0};
            const struct facility *facility = visits_facility(v, row->facility);
            if (!visit_counts(row) || starts[cell->period - 1] != cell->day ||
                (cell->group != 0 && cell->group != row->visit_class) ||
                (cell->scope > 1 && facility->region != cell->region) ||
                (cell->scope > 2 && strcmp(facility->code, cell->facility) != 0)) {
                continue;
            }
            visits++;
            if (visit_counts_patient(row)) {
                const uint32_t head = visits_record(v, row->record)->person;
                size_t at = 0;
                while (at < patients && heads[at] != head) {
                    at++;
                }
                patients += at == patients;
                heads[at] = head;
            }
        }
        if ((size_t)cell->patients != patients || cell->visits != visits) {
            fail_msg("scope %u %s period %u day %d group %u: %d patients said, %zu there; %d visits said, %d there",
                     cell->scope, cell->facility, cell->period, cell->day, cell->group, cell->patients, patients,
                     cell->visits, visits);
        }
    }
    free(heads);
}

/* --- a city of four hospitals --- */

struct world {
    struct people p;
    struct counts counts;
    struct decision decision; /* of the last command */
};

static struct world *world_new(void) {
    struct world *w = calloc(1, sizeof *w);
    assert_non_null(w);
    w->counts.cells = calloc(CELLS_MAX, sizeof *w->counts.cells);
    assert_non_null(w->counts.cells);
    people_init(&w->p, 5000, 20000);
    w->p.base.keeps_log = true;
    people_register(&w->p, "h1", 411002);
    people_register(&w->p, "h2", 411081);
    people_register(&w->p, "h3", 411002);
    people_register(&w->p, "h4", 411024);
    return w;
}

/* Whatever was done: the counts are those of the rows, and the log folds to the same bytes. */
static void world_end(struct world *w) {
    if (w->counts.count < 3000) {
        recount(&w->p.base.visits, &w->counts);
    }
    assert_true(people_folds_alike(&w->p));
    people_release(&w->p);
    free(w->counts.cells);
    free(w);
}

static const struct decision *tell(struct world *w, const struct told *told) {
    people_tell(&w->p, told, &w->decision);
    count_decision(&w->counts, &w->decision);
    return &w->decision;
}

/* Accepted without a warning. */
static void ok(struct world *w, const struct told *told) {
    tell(w, told);
    if (w->decision.refused || w->decision.code != 0) {
        fail_msg("%s of %s, %s: code %u", w->decision.refused ? "refused" : "warned", text_or_empty(told->a),
                 text_or_empty(told->b), w->decision.code);
    }
}

static void warned(struct world *w, const struct told *told, uint32_t code) {
    tell(w, told);
    assert_false(w->decision.refused);
    assert_int_equal(w->decision.code, code);
}

static void refused(struct world *w, const struct told *told, uint32_t code) {
    const uint64_t seq = w->p.base.seq;
    tell(w, told);
    if (!w->decision.refused || w->decision.code != code) {
        fail_msg("%s, %s: %s with %u, not %u", text_or_empty(told->a), text_or_empty(told->b), w->decision.refused ? "refused" : "accepted",
                 w->decision.code, code);
    }
    assert_int_equal(w->p.base.seq, seq);
}

/* Accepted, and nothing is new. */
static void nothing(struct world *w, const struct told *told) {
    ok(w, told);
    assert_int_equal(w->decision.event_count, 0);
}

static int32_t patients(struct world *w, unsigned scope, uint32_t region, const char *facility, unsigned period,
                        const char *day) {
    int32_t number = 0;
    if (day != NULL) {
        assert_true(civil_date_parse(day, &number));
    }
    return cell_at(&w->counts, scope, region, facility, period, number, 0)->patients;
}

static int32_t city_day(struct world *w, const char *day) {
    return patients(w, VISITS__V1__SCOPE__SCOPE_CITY, 0, "", VISITS__V1__PERIOD__PERIOD_DAY, day);
}

static int32_t city_ever(struct world *w) {
    return patients(w, VISITS__V1__SCOPE__SCOPE_CITY, 0, "", VISITS__V1__PERIOD__PERIOD_ALL_TIME, NULL);
}

static bool one(struct world *w, const char *org_a, const char *a, const char *org_b, const char *b) {
    arena_reset(&w->p.bodies);
    return people_are_one(&w->p, org_a, a, org_b, b);
}

static uint32_t conflicts(const struct world *w) {
    return w->p.base.visits.conflicts.count;
}

static const struct conflict *conflict(const struct world *w, uint32_t number) {
    assert_in_range(number, 1, conflicts(w));
    return visits_conflict(&w->p.base.visits, number);
}

/* --- the worked example of the definition --- */

static void worked_example(void **state) {
    (void)state;
    struct world *w = world_new();
    const char *year = "2020-01-01", *d3 = "2020-07-03", *d4 = "2020-07-04";
    const unsigned of_year = VISITS__V1__PERIOD__PERIOD_YEAR, of_day = VISITS__V1__PERIOD__PERIOD_DAY;
    ok(w, TOLD(OPENING, "h1", "2020-07-03T08:00", "R7", "V1"));
    ok(w, TOLD(OPENING, "h2", "2020-07-03T09:00", "M:u", "V1", .number = 3));
    ok(w, TOLD(OPENING, "h2", "2020-07-04T09:00", "M:u", "V2", .number = 3));
    assert_int_equal(city_day(w, d3), 2);
    assert_int_equal(city_day(w, d4), 1);
    assert_int_equal(patients(w, 1, 0, "", of_year, year), 2);
    assert_int_equal(patients(w, 3, 411081, "h2", of_day, d3), 1);

    ok(w, TOLD(UPDATE, "h2", "2020-07-05T09:00", "M:u R7"));
    assert_int_equal(city_day(w, d3), 1);
    assert_int_equal(city_day(w, d4), 1);
    assert_int_equal(patients(w, 1, 0, "", of_year, year), 1);
    assert_int_equal(patients(w, 3, 411081, "h2", of_day, d3), 1);
    assert_int_equal(patients(w, 3, 411081, "h2", of_year, year), 1);

    people_act(&w->p, &(struct act){CANCEL, "h2", "V1", "2020-07-06T10:00", .card = 0}, &w->decision);
    count_decision(&w->counts, &w->decision);
    assert_int_equal(city_day(w, d3), 1);
    assert_int_equal(patients(w, 3, 411081, "h2", of_day, d3), 0);
    assert_int_equal(cell_at(&w->counts, 1, 0, "", of_day, civil_day_from_date(2020, 7, 3), 0)->visits, 1);

    ok(w, TOLD(SEPARATE, NULL, NULL, "M:u@h2", "R7"));
    assert_int_equal(patients(w, 1, 0, "", of_year, year), 2);
    assert_int_equal(city_day(w, d3), 1);
    assert_int_equal(city_day(w, d4), 1);
    world_end(w);
}

/* --- resident identity numbers --- */

static void number_joins(void **state) {
    (void)state;
    struct world *w = world_new();
    ok(w, TOLD(OPENING, "h1", "2020-07-03T08:00", "M:1 R1", "V1"));
    ok(w, TOLD(OPENING, "h2", "2020-07-03T08:00", "V:9 R1", "V1"));
    ok(w, TOLD(OPENING, "h2", "2020-07-03T08:00", "V:8", "V2"));
    assert_true(one(w, "h1", "M:1", "h2", "V:9"));
    assert_false(one(w, "h1", "M:1", "h2", "V:8"));
    assert_int_equal(city_ever(w), 2);
    /* All ids of a statement carry its number. */
    ok(w, TOLD(UPDATE, "h2", "2020-07-04T08:00", "R1 V:8 I:5"));
    assert_true(one(w, "h1", "M:1", "h2", "V:8"));
    assert_true(one(w, "h1", "M:1", "h2", "I:5"));
    assert_int_equal(city_ever(w), 1);
    nothing(w, TOLD(UPDATE, "h2", "2020-07-04T08:00", "R1 V:8 I:5"));
    nothing(w, TOLD(UPDATE, "h2", "2020-07-09T08:00", "I:5 R1"));
    /* A number that fails its check is no number. */
    warned(w, TOLD(UPDATE, "h2", "2020-07-04T08:00", "R! V:3"), VISITS__V1__CODE__CODE_RESIDENT_ID_INVALID);
    refused(w, TOLD(UPDATE, "h2", "2020-07-04T08:00", "R!"), VISITS__V1__CODE__CODE_RESIDENT_ID_INVALID);
    refused(w, TOLD(UPDATE, "h2", "2020-07-04T08:00", ""), VISITS__V1__CODE__CODE_IDENTITY_MISSING);
    refused(w, TOLD(UPDATE, "h2", "2020-07-04T08:00", NULL), VISITS__V1__CODE__CODE_IDENTITY_MISSING);
    world_end(w);
}

/* Ids of one statement without a number go together, weakly. */
static void together(void **state) {
    (void)state;
    struct world *w = world_new();
    ok(w, TOLD(OPENING, "h1", "2020-07-03T08:00", "M:1 V:2", "V1"));
    ok(w, TOLD(OPENING, "h1", "2020-07-03T09:00", "V:2", "V2"));
    assert_int_equal(city_ever(w), 1);
    ok(w, TOLD(UPDATE, "h1", "2020-07-03T08:00", "M:1 R1"));
    assert_int_equal(conflicts(w), 0);
    assert_true(one(w, "h1", "M:1", "h1", "V:2"));
    /* Another number on the other id: they part, and a registrar hears of it. */
    warned(w, TOLD(UPDATE, "h1", "2020-07-03T08:00", "V:2 R2"), VISITS__V1__CODE__CODE_CONFLICT_OPENED);
    assert_false(one(w, "h1", "M:1", "h1", "V:2"));
    assert_int_equal(city_ever(w), 2);
    assert_int_equal(conflict(w, 1)->kind, VISITS__V1__CONFLICT_KIND__CONFLICT_KIND_DIFFERENT_RESIDENT_IDS);
    world_end(w);
}

/* Two numbers on one local id never join; the local id alone is the one stated first. */
static void second_number(void **state) {
    (void)state;
    struct world *w = world_new();
    ok(w, TOLD(OPENING, "h1", "2020-07-03T08:00", "M:1 R5", "V1"));
    ok(w, TOLD(OPENING, "h1", "2020-07-03T09:00", "M:1", "V2"));
    warned(w, TOLD(OPENING, "h1", "2020-07-04T08:00", "M:1 R6", "V3"), VISITS__V1__CODE__CODE_CONFLICT_OPENED);
    assert_int_equal(conflict(w, 1)->kind, VISITS__V1__CONFLICT_KIND__CONFLICT_KIND_SECOND_RESIDENT_ID);
    ok(w, TOLD(OPENING, "h1", "2020-07-05T08:00", "M:1 R6", "V4")); /* said once */
    assert_int_equal(conflicts(w), 1);
    assert_int_equal(city_ever(w), 2);
    ok(w, TOLD(OPENING, "h2", "2020-07-04T08:00", "R6", "V1"));
    ok(w, TOLD(OPENING, "h2", "2020-07-04T08:00", "R5", "V2"));
    assert_int_equal(city_ever(w), 2);
    assert_true(one(w, "h1", "M:1", "h2", "R5"));
    /* An older statement arrives: the local id was R6's first, and what named R5 stays R5's. */
    ok(w, TOLD(UPDATE, "h1", "2020-07-02T08:00", "M:1 R6"));
    assert_true(one(w, "h1", "M:1", "h2", "R6"));
    assert_int_equal(city_ever(w), 2);
    assert_int_equal(city_day(w, "2020-07-03"), 2); /* V1 is R5's, V2 R6's now */
    assert_int_equal(city_day(w, "2020-07-04"), 2);
    assert_int_equal(conflicts(w), 1);
    world_end(w);
}

/* A registrar takes the wrong one of two numbers off: all of the local id is the other's. */
static void wrong_number_taken_off(void **state) {
    (void)state;
    struct world *w = world_new();
    ok(w, TOLD(OPENING, "h1", "2020-07-03T08:00", "M:1 R5", "V1"));
    ok(w, TOLD(OPENING, "h1", "2020-07-04T08:00", "M:1", "V2"));
    tell(w, TOLD(OPENING, "h1", "2020-07-05T08:00", "M:1 R6", "V3"));
    ok(w, TOLD(OPENING, "h2", "2020-07-06T08:00", "R5", "V1"));
    ok(w, TOLD(OPENING, "h2", "2020-07-07T08:00", "R6", "V2"));
    assert_int_equal(city_ever(w), 2);
    ok(w, TOLD(SEPARATE, NULL, NULL, "M:1@h1", "R5"));
    assert_true(one(w, "h1", "M:1", "h2", "R6"));
    assert_false(one(w, "h1", "M:1", "h2", "R5"));
    assert_int_equal(city_ever(w), 2);
    /* It stays off, whatever the facility says again, earlier or later. */
    ok(w, TOLD(OPENING, "h1", "2020-07-01T08:00", "M:1 R5", "V4"));
    ok(w, TOLD(UPDATE, "h1", "2020-07-09T08:00", "M:1 R5"));
    assert_true(one(w, "h1", "M:1", "h2", "R6"));
    assert_false(one(w, "h1", "M:1", "h2", "R5"));
    ok(w, TOLD(SEPARATE, NULL, NULL, "R6", "M:1@h1"));
    assert_false(one(w, "h1", "M:1", "h2", "R6"));
    assert_int_equal(city_ever(w), 3);
    world_end(w);
}

/* A visit that names a number which was taken off names none: it follows the local id. */
static void named_in_vain(void **state) {
    (void)state;
    struct world *w = world_new();
    ok(w, TOLD(UPDATE, "h1", "2020-07-10T08:00", "M:1 R1"));
    ok(w, TOLD(SEPARATE, NULL, NULL, "M:1@h1", "R1"));
    ok(w, TOLD(UPDATE, "h1", "2020-07-09T08:00", "M:1 R2"));
    ok(w, TOLD(OPENING, "h1", "2020-07-11T08:00", "M:1 R1", "V1"));
    ok(w, TOLD(OPENING, "h2", "2020-07-11T08:00", "R2", "V1"));
    assert_int_equal(city_day(w, "2020-07-11"), 1);
    ok(w, TOLD(OPENING, "h3", "2020-07-11T08:00", "R3", "V1"));
    ok(w, TOLD(OPENING, "h3", "2020-07-12T08:00", "R2", "V2"));
    assert_int_equal(city_day(w, "2020-07-11"), 2);
    warned(w, TOLD(UPDATE, "h1", "2020-07-08T08:00", "M:1 R3"), VISITS__V1__CODE__CODE_CONFLICT_OPENED);
    people_act(&w->p, &(struct act){CANCEL, "h2", "V1", "2020-07-12T10:00", .card = 0}, &w->decision);
    count_decision(&w->counts, &w->decision);
    assert_int_equal(city_day(w, "2020-07-11"), 1); /* V1 at h1 and at h3 are R3's */
    world_end(w);
}

static void birth_date(void **state) {
    (void)state;
    struct world *w = world_new();
    ok(w, TOLD(OPENING, "h1", "2020-07-03T08:00", "R1", "V1"));
    /* A newborn under the mother's number. */
    warned(w, TOLD(OPENING, "h1", "2020-07-03T09:00", "M:baby R1 !", "V2"),
           VISITS__V1__CODE__CODE_CONFLICT_OPENED);
    assert_int_equal(conflict(w, 1)->kind, VISITS__V1__CONFLICT_KIND__CONFLICT_KIND_BIRTH_DATE);
    assert_false(one(w, "h1", "M:baby", "h1", "R1"));
    assert_int_equal(city_ever(w), 2);
    ok(w, TOLD(OPENING, "h1", "2020-07-04T09:00", "M:baby R1 !", "V3")); /* said once */
    assert_int_equal(city_ever(w), 2);
    assert_int_equal(conflicts(w), 1);
    /* Nothing else to know them by: the number is used all the same. */
    warned(w, TOLD(OPENING, "h2", "2020-07-04T09:00", "R1 !", "V1"), VISITS__V1__CODE__CODE_CONFLICT_OPENED);
    assert_true(one(w, "h1", "R1", "h2", "R1"));
    assert_int_equal(city_ever(w), 2);
    /* A registrar keeps them apart: the number does not come to the local id later, without the contradiction. */
    ok(w, TOLD(DECIDE, .number = 1, .decision = KEEP_THEM_APART));
    ok(w, TOLD(OPENING, "h1", "2020-07-05T09:00", "M:baby R1", "V4"));
    assert_false(one(w, "h1", "M:baby", "h1", "R1"));
    assert_int_equal(city_ever(w), 2);
    world_end(w);
}

static void birth_date_joined(void **state) {
    (void)state;
    struct world *w = world_new();
    ok(w, TOLD(OPENING, "h1", "2020-07-03T08:00", "R1", "V1"));
    tell(w, TOLD(OPENING, "h1", "2020-07-03T09:00", "M:2 R1 !", "V2"));
    ok(w, TOLD(DECIDE, .number = 1, .decision = JOIN_THEM));
    assert_true(one(w, "h1", "M:2", "h1", "R1"));
    assert_int_equal(city_ever(w), 1);
    refused(w, TOLD(DECIDE, .number = 1, .decision = KEEP_THEM_APART), VISITS__V1__CODE__CODE_CONFLICT_DECIDED);
    refused(w, TOLD(DECIDE, .number = 2, .decision = JOIN_THEM), COMMON__V1__CODE__CODE_NOT_FOUND);
    refused(w, TOLD(DECIDE, .number = 0, .decision = JOIN_THEM), COMMON__V1__CODE__CODE_NOT_FOUND);
    refused(w, TOLD(DECIDE, .number = 1), COMMON__V1__CODE__CODE_MISSING);
    world_end(w);
}

/* --- domains --- */

static void ownership(void **state) {
    (void)state;
    struct world *w = world_new();
    ok(w, TOLD(DOMAIN, .a = "group-12", .b = "h1 h2 h1"));
    nothing(w, TOLD(DOMAIN, .a = "group-12", .b = "h1 h2"));
    refused(w, TOLD(DOMAIN, .a = "h1", .b = "h1"), COMMON__V1__CODE__CODE_MALFORMED);
    refused(w, TOLD(DOMAIN, .a = "UP", .b = "h1"), COMMON__V1__CODE__CODE_MALFORMED);
    refused(w, TOLD(DOMAIN, .a = "", .b = "h1"), COMMON__V1__CODE__CODE_MISSING);
    refused(w, TOLD(DOMAIN, .a = "d", .b = ""), COMMON__V1__CODE__CODE_MISSING);
    refused(w, TOLD(DOMAIN, .a = "d", .b = "h1 h9"), VISITS__V1__CODE__CODE_FACILITY_UNKNOWN);
    refused(w, TOLD(DOMAIN, .a = "d", .b = "h1 h1 h1 h1 h1 h1 h1 h1 h1 h1 h1 h1 h1 h1 h1 h1 h1"),
            COMMON__V1__CODE__CODE_TOO_LARGE);
    /* Owners of a domain share its numbers; a facility's own code is its own domain. */
    ok(w, TOLD(OPENING, "h1", "2020-07-03T08:00", "M:5@group-12", "V1"));
    ok(w, TOLD(OPENING, "h2", "2020-07-03T08:00", "M:5@group-12", "V1"));
    ok(w, TOLD(OPENING, "h2", "2020-07-03T08:00", "M:5", "V2"));
    assert_true(one(w, "h1", "M:5@group-12", "h2", "M:5@group-12"));
    assert_int_equal(people_record(&w->p, "h2", "M:5"), people_record(&w->p, "h2", "M:5@h2"));
    assert_int_equal(city_ever(w), 2);
    /* Of others only what is known may be cited, and not merged. */
    refused(w, TOLD(UPDATE, "h3", "2020-07-03T08:00", "M:6@group-12 M:1"),
            VISITS__V1__CODE__CODE_IDENTIFIER_NOT_YOURS);
    refused(w, TOLD(OPENING, "h3", "2020-07-03T08:00", "M:6@h2", "V1"),
            VISITS__V1__CODE__CODE_IDENTIFIER_NOT_YOURS);
    ok(w, TOLD(OPENING, "h3", "2020-07-03T08:00", "M:1 M:5@h2", "V1"));
    assert_true(one(w, "h3", "M:1", "h2", "M:5"));
    refused(w, TOLD(MERGE, "h3", "2020-07-03T08:00", "M:5@h2", "M:5@h2"),
            VISITS__V1__CODE__CODE_IDENTIFIER_NOT_YOURS);
    refused(w, TOLD(MERGE, "h3", "2020-07-03T08:00", "M:5@group-12", "M:6@group-12"),
            VISITS__V1__CODE__CODE_IDENTIFIER_NOT_YOURS);
    ok(w, TOLD(MERGE, "h2", "2020-07-03T08:00", "M:5@group-12", "M:6@group-12"));
    /* No such domain; a shared kind has none. */
    refused(w, TOLD(UPDATE, "h1", "2020-07-03T08:00", "M:5@nobody"), VISITS__V1__CODE__CODE_IDENTIFIER_NOT_YOURS);
    refused(w, TOLD(UPDATE, "h1", "2020-07-03T08:00", "H:5@h1"), VISITS__V1__CODE__CODE_IDENTIFIER_NOT_YOURS);
    refused(w, TOLD(LINK, "h4", "2020-07-03T08:00", "M:5@h2", "M:5@group-12"),
            VISITS__V1__CODE__CODE_IDENTIFIER_NOT_YOURS);
    refused(w, TOLD(DELETE, "h4", "2020-07-03T08:00", "M:5@h2"), VISITS__V1__CODE__CODE_IDENTIFIER_NOT_YOURS);
    refused(w, TOLD(JOIN, .a = "M:5", .b = "M:5@h2"), COMMON__V1__CODE__CODE_MISSING);
    /* A domain's code is not a facility's. */
    people_act(&w->p, &(struct act){REGISTER, "group-12", "name", .region = 411002}, &w->decision);
    assert_true(w->decision.refused);
    /* The owners change. */
    ok(w, TOLD(DOMAIN, .a = "group-12", .b = "h3"));
    refused(w, TOLD(UPDATE, "h1", "2020-07-03T08:00", "M:77@group-12"),
            VISITS__V1__CODE__CODE_IDENTIFIER_NOT_YOURS);
    world_end(w);
}

/* Kinds that the whole city shares. */
static void shared_kinds(void **state) {
    (void)state;
    struct world *w = world_new();
    ok(w, TOLD(OPENING, "h1", "2020-07-03T08:00", "H:abc M:1", "V1"));
    ok(w, TOLD(OPENING, "h2", "2020-07-03T08:00", "H:abc M:1", "V1"));
    assert_true(one(w, "h1", "M:1", "h2", "M:1"));
    assert_int_equal(city_ever(w), 1);
    /* The card number of another person's card, once: weak, so two numbers never join by it. */
    ok(w, TOLD(OPENING, "h1", "2020-07-04T08:00", "N:A12345678 R1", "V2"));
    warned(w, TOLD(OPENING, "h2", "2020-07-04T08:00", "N:A12345678 R2", "V2"),
           VISITS__V1__CODE__CODE_CONFLICT_OPENED);
    assert_int_equal(city_ever(w), 3);
    assert_false(one(w, "h1", "H:abc", "h2", "N:abc"));
    world_end(w);
}

static const struct {
    const char *ids;
    uint32_t code;
} forms[] = {
    {"M:", COMMON__V1__CODE__CODE_MISSING},
    {"M:1 M:2 M:3 M:4 M:5 M:6 M:7 M:8", 0},
    {"M:1 M:2 M:3 M:4 M:5 M:6 M:7 M:8 M:9", COMMON__V1__CODE__CODE_TOO_LARGE},
    {"M:1234567890123456789012345678901234567890123456789012345678901234", 0},
    {"M:12345678901234567890123456789012345678901234567890123456789012345", VISITS__V1__CODE__CODE_FIELD_TOO_LONG},
    {"H:12345678901234567890123456789012345678901234567890123456789012345", VISITS__V1__CODE__CODE_FIELD_TOO_LONG},
};

static void form_of_ids(void **state) {
    (void)state;
    struct world *w = world_new();
    for (size_t i = 0; i < sizeof forms / sizeof forms[0]; i++) {
        const struct told told = TOLD_ROW(UPDATE, "h1", "2020-07-03T08:00", forms[i].ids);
        if (forms[i].code == 0) {
            ok(w, &told);
        } else {
            refused(w, &told, forms[i].code);
        }
    }
    world_end(w);
}

/* Which id names the source record: of visits, and so of merges. */
static void order_of_ids(void **state) {
    (void)state;
    struct world *w = world_new();
    static const char *const better[] = {"M:1", "I:1", "O:1", "V:1", "L:1", "X:1", "H:1", "N:1", "K:1"};
    for (size_t i = 0; i + 1 < sizeof better / sizeof better[0]; i++) {
        char both[32];
        struct stated_person person;
        struct owner_key owner;
        snprintf(both, sizeof both, "%s %s", better[i + 1], better[i]);
        arena_reset(&w->p.bodies);
        person_hash(&w->p.base.visits, "h1", 1, people_ids(&w->p, both), "", "", &person);
        person_owner(&w->p.base.visits, &person, 1, &owner);
        const struct key12 named = owner.base;
        person_hash(&w->p.base.visits, "h1", 1, people_ids(&w->p, better[i]), "", "", &person);
        assert_memory_equal(&named, &person.ids[0].key, sizeof named);
    }
    world_end(w);
}

/* --- merges --- */

static void merge_is_an_alias(void **state) {
    (void)state;
    struct world *w = world_new();
    ok(w, TOLD(OPENING, "h1", "2020-07-03T08:00", "M:1", "V1"));
    ok(w, TOLD(OPENING, "h1", "2020-07-03T09:00", "M:2", "V2"));
    assert_int_equal(city_ever(w), 2);
    ok(w, TOLD(MERGE, "h1", "2020-07-04T08:00", "M:2", "M:1"));
    assert_int_equal(city_ever(w), 1);
    nothing(w, TOLD(MERGE, "h1", "2020-07-04T08:00", "M:2", "M:1"));
    /* For ever: what comes late under the old one is the survivor's. */
    ok(w, TOLD(OPENING, "h1", "2020-07-09T09:00", "M:1", "V3"));
    assert_int_equal(city_ever(w), 1);
    /* A prior that is not known is kept for what may come. */
    refused(w, TOLD(MERGE, "h1", "2020-07-04T08:00", "M:2", "M:7", .prior_must_exist = true),
            VISITS__V1__CODE__CODE_IDENTIFIER_UNKNOWN);
    ok(w, TOLD(MERGE, "h1", "2020-07-04T08:00", "M:2", "M:7"));
    ok(w, TOLD(OPENING, "h1", "2020-07-09T09:00", "M:7", "V4"));
    assert_int_equal(city_ever(w), 1);
    /* The survivor's number is what the statement says of it. */
    ok(w, TOLD(MERGE, "h1", "2020-07-05T08:00", "M:3 R1", "M:2"));
    ok(w, TOLD(OPENING, "h2", "2020-07-09T09:00", "R1", "V1"));
    assert_int_equal(city_ever(w), 1);
    world_end(w);
}

static void merge_loops(void **state) {
    (void)state;
    struct world *w = world_new();
    const uint32_t loop = VISITS__V1__CODE__CODE_MERGE_LOOP;
    ok(w, TOLD(MERGE, "h1", "2020-07-04T08:00", "M:2", "M:1"));
    ok(w, TOLD(MERGE, "h1", "2020-07-04T08:00", "M:3", "M:2"));
    refused(w, TOLD(MERGE, "h1", "2020-07-04T08:00", "M:9", "M:9"), loop);
    refused(w, TOLD(MERGE, "h1", "2020-07-04T08:00", "M:1", "M:2"), loop);
    refused(w, TOLD(MERGE, "h1", "2020-07-04T08:00", "M:1", "M:3"), loop);
    refused(w, TOLD(MERGE, "h1", "2020-07-04T08:00", "R1", "R1"), loop);
    /* Within one command; nothing of it is taken then. */
    refused(w, TOLD(MERGE, "h1", "2020-07-04T08:00", "M:5;M:6;M:4", "M:4;M:5;M:6"), loop);
    assert_int_equal(people_record(&w->p, "h1", "M:5"), 0);
    refused(w, TOLD(MERGE, "h1", "2020-07-04T08:00", "M:1;M:8", "M:7;M:8"), loop);
    assert_int_equal(people_record(&w->p, "h1", "M:7"), 0);
    /* Two survivors of one, and back over another way, are no loop until they are. */
    ok(w, TOLD(MERGE, "h1", "2020-07-04T08:00", "M:8", "M:1"));
    ok(w, TOLD(MERGE, "h1", "2020-07-04T08:00", "M:3", "M:8"));
    refused(w, TOLD(MERGE, "h1", "2020-07-04T08:00", "M:1", "M:3"), loop);
    /* What a registrar took back closes none. */
    ok(w, TOLD(SEPARATE, NULL, NULL, "M:1@h1", "M:2@h1"));
    ok(w, TOLD(SEPARATE, NULL, NULL, "M:1@h1", "M:8@h1"));
    ok(w, TOLD(MERGE, "h1", "2020-07-04T08:00", "M:1", "M:3"));
    world_end(w);
}

static const struct {
    const char *survivor, *prior;
    uint32_t code;
    const char *joined[2][2];
    const char *apart[2];
} pairings[] = {
    {"M:1 V:2", "V:12 M:11", 0, {{"M:1", "M:11"}, {"V:2", "V:12"}}, {NULL, NULL}},
    {"M:1 V:2 R1", "V:12", 0, {{"V:2", "V:12"}, {"M:1", "V:12"}}, {NULL, NULL}},
    {"M:1", "L:11", 0, {{"M:1", "L:11"}, {NULL, NULL}}, {NULL, NULL}},
    {"L:1", "V:11", 0, {{"L:1", "V:11"}, {NULL, NULL}}, {NULL, NULL}},
    {"M:1", "V:11", 0, {{"M:1", "V:11"}, {NULL, NULL}}, {NULL, NULL}}, /* by position */
    {"M:1", "H:11", VISITS__V1__CODE__CODE_NOTHING_TO_MERGE, {{NULL, NULL}, {NULL, NULL}}, {"M:1", "H:11"}},
    {"H:1", "N:11", VISITS__V1__CODE__CODE_NOTHING_TO_MERGE, {{NULL, NULL}, {NULL, NULL}}, {"H:1", "N:11"}},
    {"N:1", "N:11", 0, {{"N:1", "N:11"}, {NULL, NULL}}, {NULL, NULL}},
    {"M:1 R1", "R2", VISITS__V1__CODE__CODE_NOTHING_TO_MERGE, {{NULL, NULL}, {NULL, NULL}}, {NULL, NULL}},
    {"M:1", "M:5@h2", VISITS__V1__CODE__CODE_NOTHING_TO_MERGE, {{NULL, NULL}, {NULL, NULL}}, {NULL, NULL}},
};

static void merge_pairs(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof pairings / sizeof pairings[0]; i++) {
        struct world *w = world_new();
        ok(w, TOLD(UPDATE, "h2", "2020-07-03T08:00", "M:5"));
        const struct told told = TOLD_ROW(MERGE, "h1", "2020-07-04T08:00", pairings[i].survivor, pairings[i].prior);
        if (pairings[i].code != 0) {
            refused(w, &told, pairings[i].code);
        } else {
            ok(w, &told);
        }
        for (size_t j = 0; j < 2; j++) {
            const char *const *joined = pairings[i].joined[j];
            assert_true(joined[0] == NULL || one(w, "h1", joined[0], "h1", joined[1]));
        }
        assert_true(pairings[i].apart[0] == NULL || !one(w, "h1", pairings[i].apart[0], "h1", pairings[i].apart[1]));
        world_end(w);
    }
}

/* Persons with different numbers are not fused by a facility: it waits for a registrar. */
static void pending_merge(void **state) {
    (void)state;
    for (int decision = JOIN_THEM; decision <= KEEP_THEM_APART; decision++) {
        struct world *w = world_new();
        ok(w, TOLD(OPENING, "h1", "2020-07-03T08:00", "M:1 R1", "V1"));
        ok(w, TOLD(OPENING, "h1", "2020-07-03T09:00", "M:2 R2", "V2"));
        warned(w, TOLD(MERGE, "h1", "2020-07-04T08:00", "M:2", "M:1"), VISITS__V1__CODE__CODE_CONFLICT_OPENED);
        assert_int_equal(city_ever(w), 2);
        assert_int_equal(conflicts(w), 1);
        assert_int_equal(conflict(w, 1)->kind, VISITS__V1__CONFLICT_KIND__CONFLICT_KIND_DIFFERENT_RESIDENT_IDS);
        nothing(w, TOLD(MERGE, "h1", "2020-07-04T08:00", "M:2", "M:1"));
        ok(w, TOLD(MERGE, "h1", "2020-07-05T08:00", "M:2", "M:1"));
        assert_int_equal(conflicts(w), 1);
        ok(w, TOLD(DECIDE, .number = 1, .decision = decision));
        assert_int_equal(city_ever(w), decision == JOIN_THEM ? 1 : 2);
        assert_int_equal(conflict(w, 1)->decision, decision);
        ok(w, TOLD(MERGE, "h1", "2020-07-06T08:00", "M:2", "M:1"));
        assert_int_equal(city_ever(w), decision == JOIN_THEM ? 1 : 2);
        assert_int_equal(conflicts(w), 1);
        /* Both numbers are of one person now: each brings what is known of it elsewhere. */
        ok(w, TOLD(OPENING, "h2", "2020-07-03T08:00", "R1", "V1"));
        ok(w, TOLD(OPENING, "h2", "2020-07-03T09:00", "R2", "V2"));
        assert_int_equal(city_ever(w), decision == JOIN_THEM ? 1 : 2);
        world_end(w);
    }
}

/* A merge that waited joins once the number that was in its way is taken off. */
static void pending_merge_becomes_free(void **state) {
    (void)state;
    struct world *w = world_new();
    ok(w, TOLD(OPENING, "h1", "2020-07-03T08:00", "M:1 R1", "V1"));
    ok(w, TOLD(OPENING, "h1", "2020-07-03T09:00", "M:2 R2", "V2"));
    tell(w, TOLD(MERGE, "h1", "2020-07-04T08:00", "M:2", "M:1"));
    assert_int_equal(city_ever(w), 2);
    ok(w, TOLD(SEPARATE, NULL, NULL, "M:1@h1", "R1"));
    assert_int_equal(city_ever(w), 1);
    assert_true(one(w, "h1", "M:1", "h1", "M:2"));
    world_end(w);
}

/* A conflict of two numbers on one local id, decided: they are one person's, both of them. */
static void second_number_decided(void **state) {
    (void)state;
    struct world *w = world_new();
    ok(w, TOLD(OPENING, "h1", "2020-07-03T08:00", "M:1 R1", "V1"));
    tell(w, TOLD(OPENING, "h1", "2020-07-03T09:00", "M:1 R2", "V2"));
    ok(w, TOLD(DECIDE, .number = 1, .decision = JOIN_THEM));
    assert_int_equal(city_ever(w), 1);
    ok(w, TOLD(OPENING, "h2", "2020-07-03T08:00", "R1", "V1"));
    ok(w, TOLD(OPENING, "h3", "2020-07-03T09:00", "R2", "V1"));
    assert_int_equal(city_ever(w), 1);
    /* Also when the local id turns out to be the other one's first. */
    ok(w, TOLD(UPDATE, "h1", "2020-07-02T08:00", "M:1 R2"));
    assert_int_equal(city_ever(w), 1);
    ok(w, TOLD(SEPARATE, NULL, NULL, "R1", "R2"));
    assert_int_equal(city_ever(w), 2);
    world_end(w);
}

/* Of several edges that cannot all hold, the kind and what was said first decide, not the order of arrival. */
static void which_edge_holds(void **state) {
    (void)state;
    for (int order = 0; order < 6; order++) {
        struct world *w = world_new();
        const struct told told[] = {
            TOLD_ROW(LINK, "h1", "2020-07-02T08:00", "M:x", "M:1"),
            TOLD_ROW(MERGE, "h1", "2020-07-04T08:00", "M:x", "M:2"),
            TOLD_ROW(MERGE, "h1", "2020-07-03T08:00", "M:x", "M:3"),
        };
        static const int orders[6][3] = {{0, 1, 2}, {0, 2, 1}, {1, 0, 2}, {1, 2, 0}, {2, 0, 1}, {2, 1, 0}};
        ok(w, TOLD(OPENING, "h1", "2020-07-01T08:00", "M:1 R1", "V1"));
        ok(w, TOLD(OPENING, "h1", "2020-07-01T08:00", "M:2 R2", "V2"));
        ok(w, TOLD(OPENING, "h1", "2020-07-01T08:00", "M:3 R3", "V3"));
        ok(w, TOLD(OPENING, "h1", "2020-07-01T08:00", "M:x", "Vx"));
        for (int i = 0; i < 3; i++) {
            tell(w, &told[orders[order][i]]);
            assert_false(w->decision.refused);
        }
        assert_true(one(w, "h1", "M:x", "h1", "M:3"));
        assert_int_equal(city_ever(w), 3);
        world_end(w);
    }
}

/* --- links, unlinking, separating, deleting --- */

static void links(void **state) {
    (void)state;
    struct world *w = world_new();
    ok(w, TOLD(OPENING, "h1", "2020-07-03T08:00", "M:1", "V1"));
    ok(w, TOLD(OPENING, "h2", "2020-07-03T09:00", "M:2", "V1"));
    ok(w, TOLD(LINK, "h1", "2020-07-04T08:00", "M:1", "M:2@h2"));
    assert_int_equal(city_ever(w), 1);
    nothing(w, TOLD(LINK, "h1", "2020-07-04T08:00", "M:2@h2", "M:1"));
    ok(w, TOLD(UNLINK, "h1", "2020-07-05T08:00", "M:2@h2", "M:1"));
    assert_int_equal(city_ever(w), 2);
    nothing(w, TOLD(LINK, "h1", "2020-07-04T08:00", "M:2@h2", "M:1"));
    ok(w, TOLD(LINK, "h1", "2020-07-06T08:00", "M:2@h2", "M:1")); /* newer than that */
    assert_int_equal(city_ever(w), 1);
    ok(w, TOLD(UNLINK, "h1", "2020-07-05T09:00", "M:2@h2", "M:1"));
    assert_int_equal(city_ever(w), 1);
    /* Unlinked before it was linked. */
    ok(w, TOLD(UNLINK, "h1", "2020-07-05T08:00", "M:8", "M:9"));
    ok(w, TOLD(LINK, "h1", "2020-07-04T08:00", "M:8", "M:9"));
    assert_false(one(w, "h1", "M:8", "h1", "M:9"));
    nothing(w, TOLD(LINK, "h1", "2020-07-04T08:00", "M:1", "M:1"));
    refused(w, TOLD(LINK, "h1", "2020-07-04T08:00", "M:1", NULL), COMMON__V1__CODE__CODE_MISSING);
    refused(w, TOLD(LINK, "h1", "2020-07-04T08:00", "M:1", ""), VISITS__V1__CODE__CODE_IDENTITY_MISSING);
    refused(w, TOLD(LINK, "h1", "2020-07-04T08:00", "M:1", "M:77@h2"),
            VISITS__V1__CODE__CODE_IDENTIFIER_NOT_YOURS);
    refused(w, TOLD(UNLINK, "h1", "2020-07-04T08:00", "M:1", "M:77@h2"),
            VISITS__V1__CODE__CODE_IDENTIFIER_NOT_YOURS);
    world_end(w);
}

static void deleting(void **state) {
    (void)state;
    struct world *w = world_new();
    ok(w, TOLD(OPENING, "h1", "2020-07-03T08:00", "M:1 R1", "V1"));
    ok(w, TOLD(OPENING, "h1", "2020-07-03T09:00", "M:2", "V2"));
    ok(w, TOLD(OPENING, "h2", "2020-07-03T08:00", "R1", "V1"));
    ok(w, TOLD(MERGE, "h1", "2020-07-04T08:00", "M:1", "M:2"));
    assert_int_equal(city_ever(w), 1);
    refused(w, TOLD(DELETE, "h1", "2020-07-05T08:00", "M:1"), VISITS__V1__CODE__CODE_PERSON_IN_USE);
    people_act(&w->p, &(struct act){CANCEL, "h1", "V1", "2020-07-06T10:00", .card = 0}, &w->decision);
    count_decision(&w->counts, &w->decision);
    ok(w, TOLD(DELETE, "h1", "2020-07-07T08:00", "M:1"));
    assert_false(one(w, "h1", "M:1", "h1", "M:2"));
    assert_false(one(w, "h1", "M:1", "h2", "R1"));
    assert_int_equal(city_ever(w), 2);
    nothing(w, TOLD(DELETE, "h1", "2020-07-07T08:00", "M:1"));
    nothing(w, TOLD(DELETE, "h1", "2020-07-07T08:00", "M:unknown"));
    /* What was recorded up to then stays forgotten, what is said later holds. */
    ok(w, TOLD(UPDATE, "h1", "2020-07-06T08:00", "M:1 R1"));
    assert_false(one(w, "h1", "M:1", "h2", "R1"));
    ok(w, TOLD(UPDATE, "h1", "2020-07-08T08:00", "M:1 R1"));
    assert_true(one(w, "h1", "M:1", "h2", "R1"));
    world_end(w);
}

/* Whatever joins two: separating takes it back, and the counts are as they were. */
static void separating_is_exact(void **state) {
    (void)state;
    static const struct told joins[] = {
        TOLD_ROW(MERGE, "h1", "2020-07-04T08:00", "M:2", "M:1"),
        TOLD_ROW(LINK, "h1", "2020-07-04T08:00", "M:1", "M:2"),
        TOLD_ROW(UPDATE, "h1", "2020-07-04T08:00", "M:1 M:2"),
        TOLD_ROW(JOIN, .a = "M:1@h1", .b = "M:2@h1"),
    };
    for (size_t i = 0; i < sizeof joins / sizeof joins[0]; i++) {
        struct world *w = world_new();
        for (int visit = 0; visit < 40; visit++) {
            char number[16], at[24];
            snprintf(number, sizeof number, "V%d", visit);
            snprintf(at, sizeof at, "2020-%02d-%02dT08:00", 1 + visit % 5, 1 + visit % 28);
            ok(w, TOLD(OPENING, "h1", at, visit % 3 == 0 ? "M:1" : visit % 3 == 1 ? "M:2" : "M:3", number,
                                 .number = 1 + (unsigned)visit % 3));
        }
        const size_t cells = w->counts.count;
        struct cell *before = calloc(cells, sizeof *before);
        memcpy(before, w->counts.cells, cells * sizeof *before);
        ok(w, &joins[i]);
        assert_int_equal(city_ever(w), 2);
        assert_memory_not_equal(before, w->counts.cells, cells * sizeof *before);
        recount(&w->p.base.visits, &w->counts);
        ok(w, TOLD(SEPARATE, NULL, NULL, "M:1@h1", "M:2@h1"));
        assert_memory_equal(before, w->counts.cells, cells * sizeof *before);
        free(before);
        /* For ever. */
        for (size_t j = 0; j < 3; j++) {
            ok(w, &joins[j]);
            assert_int_equal(city_ever(w), 3);
        }
        ok(w, &joins[3]); /* but for a registrar's own word */
        assert_int_equal(city_ever(w), 2);
        ok(w, TOLD(SEPARATE, NULL, NULL, "M:1@h1", "M:2@h1"));
        assert_int_equal(city_ever(w), 3);
        world_end(w);
    }
}

static void registrars(void **state) {
    (void)state;
    struct world *w = world_new();
    char long_reason[202];
    memset(long_reason, 'x', 201);
    long_reason[201] = 0;
    ok(w, TOLD(OPENING, "h1", "2020-07-03T08:00", "M:1 R1", "V1"));
    ok(w, TOLD(OPENING, "h2", "2020-07-03T09:00", "M:2 R2", "V1"));
    ok(w, TOLD(OPENING, "h3", "2020-07-03T09:00", "M:3", "V1"));
    refused(w, TOLD(JOIN, .a = "M:1@h1", .b = "M:2@h2", .reason = ""), COMMON__V1__CODE__CODE_MISSING);
    refused(w, TOLD(JOIN, .a = "M:1@h1", .b = "M:2@h2", .reason = long_reason),
            VISITS__V1__CODE__CODE_FIELD_TOO_LONG);
    refused(w, TOLD(JOIN, .a = "M:1@h1", .b = "M:9@h2"), VISITS__V1__CODE__CODE_IDENTIFIER_UNKNOWN);
    refused(w, TOLD(JOIN, .a = "R9", .b = "M:2@h2"), VISITS__V1__CODE__CODE_IDENTIFIER_UNKNOWN);
    refused(w, TOLD(JOIN, .a = "M:1@h1", .b = "M:1@h1"), VISITS__V1__CODE__CODE_MERGE_LOOP);
    refused(w, TOLD(SEPARATE, NULL, NULL, "M:9@h1", "R1"), VISITS__V1__CODE__CODE_IDENTIFIER_UNKNOWN);
    refused(w, TOLD(SEPARATE, NULL, NULL, "M:1@h1", "R9"), VISITS__V1__CODE__CODE_IDENTIFIER_UNKNOWN);
    refused(w, TOLD(SEPARATE, NULL, NULL, "R1", "R9"), VISITS__V1__CODE__CODE_IDENTIFIER_UNKNOWN);
    refused(w, TOLD(SEPARATE, NULL, NULL, "M:1@h1", "M:1@h1"), VISITS__V1__CODE__CODE_MERGE_LOOP);
    assert_int_equal(w->p.base.visits.lookups.count, 0);
    /* Whatever their numbers say. */
    ok(w, TOLD(JOIN, .a = "M:1@h1", .b = "M:2@h2", .reason = "same person, two papers"));
    assert_int_equal(city_ever(w), 2);
    const struct lookup *lookup = visits_lookup(&w->p.base.visits, 1);
    assert_int_equal(lookup->what, LOOKUP_JOIN);
    assert_string_equal(lookup->principal, "bureau/registrar");
    assert_string_equal(lookup->reason, "same person, two papers");
    /* By the numbers alone. */
    ok(w, TOLD(SEPARATE, NULL, NULL, "R2", "R1"));
    assert_int_equal(city_ever(w), 3);
    ok(w, TOLD(JOIN, .a = "R1", .b = "R2"));
    assert_int_equal(city_ever(w), 2);
    ok(w, TOLD(SEPARATE, NULL, NULL, "R1", "R2"));
    assert_int_equal(city_ever(w), 3);
    /* A weaker word does not join what a registrar has separated. */
    ok(w, TOLD(JOIN, .a = "M:3@h3", .b = "R1"));
    assert_int_equal(city_ever(w), 2);
    assert_int_equal(w->p.base.visits.lookups.count, 5);
    world_end(w);
}

/* --- bounds --- */

static void many_visits(struct world *w, const char *org, const char *ids, int count, const char *prefix) {
    for (int i = 0; i < count; i++) {
        char number[24];
        snprintf(number, sizeof number, "%s%d", prefix, i);
        people_tell(&w->p,
                    TOLD(OPENING, org, .a = ids, .b = number,
                                   .at_ms = INT64_C(1577836800000) + i * INT64_C(43200000)),
                    &w->decision);
        assert_false(w->decision.refused);
    }
}

/* A person of too many visits: the edge waits, a number is refused, nothing is split. */
static void too_many_visits(void **state) {
    (void)state;
    struct world *w = world_new();
    many_visits(w, "h1", "M:1", REGROUP_SMALLER_VISITS_MAX + 1, "A");
    many_visits(w, "h1", "M:2", REGROUP_SMALLER_VISITS_MAX + 1, "B");
    many_visits(w, "h1", "M:3", 10, "C");
    warned(w, TOLD(MERGE, "h1", "2020-07-04T08:00", "M:2", "M:1"), VISITS__V1__CODE__CODE_CONFLICT_OPENED);
    assert_int_equal(conflict(w, 1)->kind, VISITS__V1__CONFLICT_KIND__CONFLICT_KIND_TOO_LARGE);
    assert_false(one(w, "h1", "M:1", "h1", "M:2"));
    ok(w, TOLD(MERGE, "h1", "2020-07-04T08:00", "M:1", "M:3")); /* few to many */
    assert_true(one(w, "h1", "M:1", "h1", "M:3"));
    /* A registrar says so: it fits into the events of one command. */
    ok(w, TOLD(DECIDE, .number = 1, .decision = JOIN_THEM));
    assert_true(one(w, "h1", "M:1", "h1", "M:2"));
    ok(w, TOLD(SEPARATE, NULL, NULL, "M:1@h1", "M:2@h1"));
    assert_false(one(w, "h1", "M:1", "h1", "M:2"));
    many_visits(w, "h1", "M:2", REGROUP_VISITS_MAX, "D");
    refused(w, TOLD(JOIN, .a = "M:1@h1", .b = "M:2@h1"), COMMON__V1__CODE__CODE_EXHAUSTED);
    many_visits(w, "h1", "R1", 10, "E");
    refused(w, TOLD(UPDATE, "h1", "2020-07-04T08:00", "M:2 R1"), COMMON__V1__CODE__CODE_EXHAUSTED);
    ok(w, TOLD(UPDATE, "h1", "2020-07-04T08:00", "M:new R1"));
    assert_true(one(w, "h1", "M:new", "h1", "R1"));
    w->counts.count = CELLS_MAX; /* they were not all counted */
    world_end(w);
}

static void too_many_records(void **state) {
    (void)state;
    struct world *w = world_new();
    /* One default number under which everybody was booked once. */
    for (int i = 0; i < 1100; i++) {
        char ids[32];
        snprintf(ids, sizeof ids, "M:%d V:0", i);
        tell(w, TOLD(UPDATE, "h1", .a = ids, .at_ms = time_of("2020-07-04T08:00") + i * 1000));
        assert_false(w->decision.refused);
        assert_int_equal(w->decision.code, i < REGROUP_PERSON_RECORDS_MAX - 1 ? 0 : VISITS__V1__CODE__CODE_CONFLICT_OPENED);
    }
    assert_true(one(w, "h1", "M:0", "h1", "V:0"));
    assert_true(one(w, "h1", "M:198", "h1", "V:0"));
    assert_false(one(w, "h1", "M:199", "h1", "V:0"));
    assert_int_equal(conflicts(w), 1100 - 199);
    /* Beyond what is looked through the edge is not even kept; saying it again says nothing new. */
    assert_in_range(w->p.base.visits.edges.count, 1000, REGROUP_STATED_RECORDS_MAX);
    ok(w, TOLD(UPDATE, "h1", "2020-07-05T08:00", "M:1099 V:0"));
    assert_int_equal(conflicts(w), 1100 - 199);
    /* And nobody is stuck: visits and numbers come as ever. */
    ok(w, TOLD(OPENING, "h1", "2020-07-03T08:00", "M:500 R1", "V1"));
    ok(w, TOLD(OPENING, "h2", "2020-07-03T08:00", "R1", "V1"));
    assert_int_equal(city_ever(w), 1);
    ok(w, TOLD(OPENING, "h1", "2020-07-03T08:00", "V:0", "V2"));
    world_end(w);
}

/* One local id under which many numbers were booked. */
static void too_many_numbers(void **state) {
    (void)state;
    struct world *w = world_new();
    for (unsigned i = 0; i < 1500; i++) {
        char ids[32], number[16];
        snprintf(ids, sizeof ids, "V:0 R%u", i);
        snprintf(number, sizeof number, "V%u", i);
        tell(w, TOLD(OPENING, "h1", "2020-07-04T08:00", ids, number));
        assert_false(w->decision.refused);
    }
    assert_int_equal(city_ever(w), 1500);
    /* Its first number is taken off: the next one has it then. */
    ok(w, TOLD(SEPARATE, NULL, NULL, "V:0@h1", "R0"));
    assert_int_equal(city_ever(w), 1499);
    assert_false(one(w, "h1", "V:0", "h1", "R0"));
    recount(&w->p.base.visits, &w->counts);
    world_end(w);
}

static void tables_are_full(void **state) {
    (void)state;
    struct world *w = calloc(1, sizeof *w);
    w->counts.cells = calloc(CELLS_MAX, sizeof *w->counts.cells);
    people_init(&w->p, 3, 100); /* 3 identities, 6 records */
    people_register(&w->p, "h1", 411002);
    ok(w, TOLD(OPENING, "h1", "2020-07-03T08:00", "M:1 R1", "V1"));
    ok(w, TOLD(OPENING, "h1", "2020-07-03T08:00", "M:2 R2", "V2"));
    ok(w, TOLD(OPENING, "h1", "2020-07-03T08:00", "M:3 R3", "V3"));
    refused(w, TOLD(OPENING, "h1", "2020-07-03T08:00", "M:4 R4", "V4"), COMMON__V1__CODE__CODE_EXHAUSTED);
    refused(w, TOLD(UPDATE, "h1", "2020-07-03T08:00", "M:4 R4"), COMMON__V1__CODE__CODE_EXHAUSTED);
    ok(w, TOLD(UPDATE, "h1", "2020-07-03T08:00", "M:4 M:5"));
    ok(w, TOLD(OPENING, "h1", "2020-07-03T08:00", "M:6", "V6"));
    refused(w, TOLD(OPENING, "h1", "2020-07-03T08:00", "M:7", "V7"), COMMON__V1__CODE__CODE_EXHAUSTED);
    refused(w, TOLD(MERGE, "h1", "2020-07-03T08:00", "M:6", "M:7"), COMMON__V1__CODE__CODE_EXHAUSTED);
    refused(w, TOLD(UPDATE, "h1", "2020-07-03T08:00", "M:1 R2"), COMMON__V1__CODE__CODE_EXHAUSTED);
    ok(w, TOLD(MERGE, "h1", "2020-07-03T08:00", "M:6", "M:5"));
    recount(&w->p.base.visits, &w->counts);
    people_release(&w->p);
    free(w->counts.cells);
    free(w);
}

static void many_merges(void **state) {
    (void)state;
    struct world *w = world_new();
    char survivors[256] = "", priors[256] = "";
    for (int i = 0; i < 17; i++) {
        snprintf(survivors + strlen(survivors), sizeof survivors - strlen(survivors), "%sM:%d", i ? ";" : "", i);
        snprintf(priors + strlen(priors), sizeof priors - strlen(priors), "%sM:%d", i ? ";" : "", 100 + i);
    }
    refused(w, TOLD(MERGE, "h1", "2020-07-03T08:00", survivors, priors), COMMON__V1__CODE__CODE_TOO_LARGE);
    refused(w, TOLD(MERGE, "h1", "2020-07-03T08:00", NULL, NULL), COMMON__V1__CODE__CODE_MISSING);
    *strrchr(survivors, ';') = 0;
    *strrchr(priors, ';') = 0;
    for (int i = 0; i < 16; i++) {
        char id[16], number[16];
        snprintf(id, sizeof id, "M:%d", i);
        snprintf(number, sizeof number, "S%d", i);
        ok(w, TOLD(OPENING, "h1", "2020-07-03T08:00", people_text(&w->p, id, strlen(id)), number));
        snprintf(id, sizeof id, "M:%d", 100 + i);
        snprintf(number, sizeof number, "P%d", i);
        ok(w, TOLD(OPENING, "h1", "2020-07-03T08:00", id, number));
    }
    assert_int_equal(city_ever(w), 32);
    ok(w, TOLD(MERGE, "h1", "2020-07-03T08:00", survivors, priors));
    assert_int_equal(city_ever(w), 16);
    assert_int_equal(w->decision.event_count, 2); /* what was stated, what followed */
    /* All of them or none. */
    refused(w, TOLD(MERGE, "h1", "2020-07-03T08:00", "M:0;M:1", "M:50;M:50 H:1@h1"),
            VISITS__V1__CODE__CODE_IDENTIFIER_NOT_YOURS);
    assert_int_equal(people_record(&w->p, "h1", "M:50"), 0);
    world_end(w);
}

/* --- questions --- */

struct asked {
    const Visits__V1__Answer *answer;
    uint32_t code;
};

/* Asks; what it leaves in the log is folded. */
static struct asked ask(struct world *w, enum role role, const Visits__V1__Query *query) {
    struct principal principal = {.name = "bureau/somebody", .organisation = "bureau", .role = role};
    const struct question question = {.principal = &principal, .body = &query->base, .received_at_ms = AS_RECEIVED_MS};
    struct decision audit = {.event_count = 0};
    struct asked asked = {.code = 0};
    arena_reset(&w->p.base.arena);
    asked.answer = (const Visits__V1__Answer *)visits_query(&w->p.base.visits, &question, &w->p.base.arena, &audit,
                                                            &asked.code);
    for (size_t i = 0; i < audit.event_count; i++) {
        fixture_evolve(&w->p.base, &audit.events[i]);
    }
    assert_int_equal(asked.answer == NULL, asked.code != 0);
    return asked;
}

static struct asked get_person(struct world *w, enum role role, const char *ids, const char *reason) {
    Visits__V1__Query query = VISITS__V1__QUERY__INIT;
    Visits__V1__GetPerson get = VISITS__V1__GET_PERSON__INIT;
    arena_reset(&w->p.bodies);
    get.of = people_ids(&w->p, ids);
    get.reason = (char *)reason;
    query.body_case = VISITS__V1__QUERY__BODY_GET_PERSON;
    query.get_person = &get;
    return ask(w, role, &query);
}

static struct asked explain_person(struct world *w, const char *first, const char *second) {
    Visits__V1__Query query = VISITS__V1__QUERY__INIT;
    Visits__V1__ExplainPerson explain = VISITS__V1__EXPLAIN_PERSON__INIT;
    arena_reset(&w->p.bodies);
    explain.first = people_ids(&w->p, first);
    explain.second = people_ids(&w->p, second);
    explain.reason = (char *)"why";
    query.body_case = VISITS__V1__QUERY__BODY_EXPLAIN_PERSON;
    query.explain_person = &explain;
    return ask(w, ROLE_REGISTRAR, &query);
}

static void questions(void **state) {
    (void)state;
    struct world *w = world_new();
    ok(w, TOLD(OPENING, "h1", "2020-07-03T08:00", "M:1 R1", "V1"));
    ok(w, TOLD(OPENING, "h1", "2020-07-03T09:00", "V:2", "V2"));
    ok(w, TOLD(OPENING, "h2", "2020-07-03T09:00", "R1", "V1"));
    ok(w, TOLD(MERGE, "h1", "2020-07-04T08:00", "M:1", "V:2"));
    const uint64_t merged = w->decision.events[0].seq;
    ok(w, TOLD(OPENING, "h3", "2020-07-03T09:00", "M:9", "V1"));

    struct asked asked = get_person(w, ROLE_REGISTRAR, "V:2@h1", "a letter of complaint");
    const Visits__V1__Person *person = asked.answer->person;
    assert_int_equal(person->n_cards, 3);
    assert_true(person->cards[0]->asked);
    assert_string_equal(person->cards[0]->domain, "h1");
    assert_int_equal(person->cards[0]->kind, VISITS__V1__IDENTIFIER_KIND__IDENTIFIER_KIND_VISIT_CARD);
    assert_string_equal(person->cards[0]->resident_id_last4, "");
    assert_int_equal(person->cards[0]->visits, 1);
    assert_false(person->cards[1]->asked);
    int merges = 0, numbers = 0, alone = 0;
    for (size_t i = 0; i < person->n_links; i++) {
        const Visits__V1__Link *link = person->links[i];
        assert_true(link->first < 3 && link->second < 3 && link->first != link->second);
        merges += link->kind == VISITS__V1__LINK_KIND__LINK_KIND_MERGE;
        numbers += link->kind == VISITS__V1__LINK_KIND__LINK_KIND_RESIDENT_ID;
        if (link->kind == VISITS__V1__LINK_KIND__LINK_KIND_MERGE) {
            assert_string_equal(link->source, "h1");
            assert_int_equal(link->seq, merged);
            assert_int_equal(link->recorded_at_ms, time_of("2020-07-04T08:00"));
        }
    }
    for (size_t i = 0; i < person->n_cards; i++) {
        alone += person->cards[i]->resident_id_only;
        assert_true(strlen(person->cards[i]->resident_id_last4) == (i == 0 ? 0 : 4));
    }
    assert_int_equal(merges, 1);
    assert_int_equal(numbers, 1);
    assert_int_equal(alone, 1);

    /* The shortest way from a card to another facility's. */
    asked = explain_person(w, "V:2@h1", "R1");
    assert_true(asked.answer->explanation->same_person);
    asked = explain_person(w, "V:2@h1", "M:9@h3");
    assert_false(asked.answer->explanation->same_person);
    assert_int_equal(asked.answer->explanation->n_cards, 0);
    ok(w, TOLD(LINK, "h3", "2020-07-05T08:00", "M:9", "V:2@h1"));
    asked = explain_person(w, "M:9@h3", "M:1@h1");
    const Visits__V1__Explanation *way = asked.answer->explanation;
    assert_true(way->same_person);
    assert_int_equal(way->n_cards, 3);
    assert_int_equal(way->n_links, 2);
    assert_string_equal(way->cards[0]->domain, "h3");
    assert_int_equal(way->links[0]->kind, VISITS__V1__LINK_KIND__LINK_KIND_LINK);
    assert_string_equal(way->links[0]->source, "h3");
    assert_int_equal(way->links[1]->kind, VISITS__V1__LINK_KIND__LINK_KIND_MERGE);
    assert_true(way->cards[0]->asked && !way->cards[1]->asked && way->cards[2]->asked);
    world_end(w);
}

/* Only what there is: no card that stands in for another, no edge that was taken back. */
static void questions_about_little(void **state) {
    (void)state;
    struct world *w = world_new();
    ok(w, TOLD(OPENING, "h1", "2020-07-03T08:00", "M:1 R5", "V1"));
    tell(w, TOLD(OPENING, "h1", "2020-07-04T08:00", "M:1 R6", "V2"));
    ok(w, TOLD(OPENING, "h1", "2020-07-03T08:00", "M:2 R5", "V3"));
    ok(w, TOLD(LINK, "h1", "2020-07-03T08:00", "M:1", "M:2"));
    struct asked asked = get_person(w, ROLE_REGISTRAR, "R5", "why");
    assert_int_equal(asked.answer->person->n_cards, 2);
    assert_int_equal(asked.answer->person->n_links, 2);
    ok(w, TOLD(SEPARATE, NULL, NULL, "M:1@h1", "M:2@h1"));
    asked = get_person(w, ROLE_REGISTRAR, "M:1@h1", "why");
    assert_int_equal(asked.answer->person->n_cards, 2);
    assert_int_equal(asked.answer->person->n_links, 1);
    assert_int_equal(asked.answer->person->links[0]->kind, VISITS__V1__LINK_KIND__LINK_KIND_RESIDENT_ID);
    asked = get_person(w, ROLE_REGISTRAR, "M:1@h1 R6", "why"); /* the second one of the local id */
    assert_int_equal(asked.answer->person->n_cards, 1);
    assert_int_equal(asked.answer->person->cards[0]->visits, 1);
    ok(w, TOLD(SEPARATE, NULL, NULL, "M:1@h1", "R6"));
    asked = get_person(w, ROLE_REGISTRAR, "M:1@h1 R6", "why");
    assert_int_equal(asked.answer->person->n_cards, 2);
    assert_int_equal(asked.answer->person->cards[0]->visits, 2);
    world_end(w);
}

/* Each look-up is written down, found or not; and who may not ask learns nothing. */
static void audit(void **state) {
    (void)state;
    struct world *w = world_new();
    char reason[256];
    memset(reason, 'x', sizeof reason);
    ok(w, TOLD(OPENING, "h1", "2020-07-03T08:00", "M:1 R1", "V1"));
    const struct table *lookups = &w->p.base.visits.lookups;
    static const enum role others[] = {ROLE_NONE, ROLE_PUBLISHER, ROLE_OPERATOR, ROLE_FOLLOWER, ROLE_READER};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        assert_int_equal(get_person(w, others[i], "M:1@h1", "why").code, COMMON__V1__CODE__CODE_FORBIDDEN);
    }
    assert_int_equal(get_person(w, ROLE_REGISTRAR, "M:1@h1", "").code, COMMON__V1__CODE__CODE_MISSING);
    reason[201] = 0;
    assert_int_equal(get_person(w, ROLE_REGISTRAR, "M:1@h1", reason).code, VISITS__V1__CODE__CODE_FIELD_TOO_LONG);
    assert_int_equal(lookups->count, 0);
    reason[200] = 0;
    assert_int_equal(get_person(w, ROLE_REGISTRAR, "M:1@h1", reason).code, 0);
    assert_int_equal(get_person(w, ROLE_REGISTRAR, "M:2@h1", "why").code, COMMON__V1__CODE__CODE_NOT_FOUND);
    assert_int_equal(get_person(w, ROLE_REGISTRAR, "R2", "why").code, COMMON__V1__CODE__CODE_NOT_FOUND);
    assert_int_equal(get_person(w, ROLE_REGISTRAR, "", "why").code, VISITS__V1__CODE__CODE_IDENTITY_MISSING);
    assert_int_equal(get_person(w, ROLE_REGISTRAR, NULL, "why").code, VISITS__V1__CODE__CODE_IDENTITY_MISSING);
    assert_int_equal(get_person(w, ROLE_REGISTRAR, "R!", "why").code, VISITS__V1__CODE__CODE_RESIDENT_ID_INVALID);
    assert_int_equal(get_person(w, ROLE_REGISTRAR, "M:1", "why").code, COMMON__V1__CODE__CODE_MISSING);
    assert_int_equal(explain_person(w, "M:1@h1", "M:2@h1").code, COMMON__V1__CODE__CODE_NOT_FOUND);
    assert_int_equal(lookups->count, 8);

    Visits__V1__Query query = VISITS__V1__QUERY__INIT;
    Visits__V1__ListLookups list = VISITS__V1__LIST_LOOKUPS__INIT;
    query.body_case = VISITS__V1__QUERY__BODY_LIST_LOOKUPS;
    query.list_lookups = &list;
    assert_int_equal(ask(w, ROLE_REGISTRAR, &query).code, COMMON__V1__CODE__CODE_FORBIDDEN);
    struct asked asked = ask(w, ROLE_OPERATOR, &query);
    assert_int_equal(asked.answer->lookups->n_lookups, 8);
    const Visits__V1__Lookup *first = asked.answer->lookups->lookups[0];
    assert_string_equal(first->principal, "bureau/somebody");
    assert_string_equal(first->reason, reason);
    assert_string_equal(first->what, "get_person");
    assert_int_equal(first->at_ms, AS_RECEIVED_MS);
    assert_string_equal(asked.answer->lookups->lookups[7]->what, "explain_person");
    list.after = asked.answer->lookups->lookups[5]->seq;
    list.limit = 1;
    asked = ask(w, ROLE_OPERATOR, &query);
    assert_int_equal(asked.answer->lookups->n_lookups, 1);
    assert_true(asked.answer->lookups->lookups[0]->seq > list.after);
    world_end(w);
}

static void listed_conflicts(void **state) {
    (void)state;
    struct world *w = world_new();
    for (unsigned i = 0; i < 5; i++) {
        char first[24], second[24];
        snprintf(first, sizeof first, "M:%u R%u", i, i);
        snprintf(second, sizeof second, "M:%u R%u", i, 100 + i);
        ok(w, TOLD(UPDATE, "h1", "2020-07-03T08:00", first));
        tell(w, TOLD(UPDATE, "h1", "2020-07-04T08:00", second));
    }
    ok(w, TOLD(DECIDE, .number = 2, .decision = KEEP_THEM_APART));
    Visits__V1__Query query = VISITS__V1__QUERY__INIT;
    Visits__V1__ListConflicts list = VISITS__V1__LIST_CONFLICTS__INIT;
    query.body_case = VISITS__V1__QUERY__BODY_LIST_CONFLICTS;
    query.list_conflicts = &list;
    assert_int_equal(ask(w, ROLE_PUBLISHER, &query).code, COMMON__V1__CODE__CODE_FORBIDDEN);
    struct asked asked = ask(w, ROLE_OPERATOR, &query);
    assert_int_equal(asked.answer->conflicts->n_conflicts, 4);
    assert_int_equal(asked.answer->conflicts->open, 4);
    const Visits__V1__Conflict *row = asked.answer->conflicts->conflicts[1];
    assert_int_equal(row->number, 3);
    assert_string_equal(row->source, "h1");
    assert_string_equal(row->first->domain, "h1");
    assert_int_equal(row->first->kind, VISITS__V1__IDENTIFIER_KIND__IDENTIFIER_KIND_MEDICAL_RECORD);
    assert_string_not_equal(row->first->resident_id_last4, row->second->resident_id_last4);
    list.with_decided = true;
    list.after = 1;
    list.limit = 2;
    asked = ask(w, ROLE_REGISTRAR, &query);
    assert_int_equal(asked.answer->conflicts->n_conflicts, 2);
    assert_int_equal(asked.answer->conflicts->conflicts[0]->number, 2);
    assert_int_equal(asked.answer->conflicts->conflicts[0]->decision, KEEP_THEM_APART);
    world_end(w);
}

/* --- any order --- */

enum { SCRIPT = 26, ORDERS = 40, NAMES = 9 };

static const char *const names[NAMES] = {"M:1", "M:2", "M:3", "V:1", "V:2", "L:1", "H:1", "M:4", "X:1"};

static uint64_t random_next(uint64_t *seed) {
    *seed += UINT64_C(0x9e3779b97f4a7c15);
    return hash_mix64(*seed);
}

static unsigned below(uint64_t *seed, unsigned n) {
    return (unsigned)(random_next(seed) % n);
}

struct line {
    struct told told;
    char a[40], b[40], number[16];
};

/* Merges go from a higher name to a lower one: no loops, as loops depend on who comes first. */
static void make_line(uint64_t *seed, int i, struct line *line) {
    const unsigned x = below(seed, NAMES), y = below(seed, NAMES), rid = below(seed, 6);
    line->told = (struct told){.org = "h1", .a = line->a, .b = line->b};
    line->told.at_ms = time_of("2020-07-01T00:00") + below(seed, 20) * 3600 * 1000;
    snprintf(line->b, sizeof line->b, "%s", names[x < y ? y : x]);
    snprintf(line->a, sizeof line->a, "%s", names[x < y ? x : y]);
    switch (below(seed, 8)) {
    case 0:
        line->told.verb = x != y && x < 3 && y < 3 ? MERGE : LINK;
        return;
    case 1:
        line->told.verb = LINK;
        return;
    case 2:
        line->told.verb = UNLINK;
        return;
    case 3:
    case 4:
        line->told.verb = UPDATE;
        break;
    default:
        line->told.verb = OPENING;
        snprintf(line->number, sizeof line->number, "V%u", (unsigned)i % 1000);
        line->told.b = line->number;
        break;
    }
    if (rid < 3) {
        snprintf(line->a, sizeof line->a, "%s R%u", names[x], rid);
    } else if (rid == 3) {
        snprintf(line->a, sizeof line->a, "%s %s", names[x], names[y]);
    } else {
        snprintf(line->a, sizeof line->a, "%s", names[x]);
    }
}

static void play(struct world *w, const struct line *lines, const int *order, int count) {
    for (int i = 0; i < count; i++) {
        struct told told = lines[order[i]].told;
        told.a = lines[order[i]].a;
        told.b = told.verb == OPENING ? lines[order[i]].number : lines[order[i]].b;
        tell(w, &told);
        assert_false(w->decision.refused);
    }
}

/* Who is one with whom, by names and numbers. */
static void partition(struct world *w, char out[NAMES + 3][NAMES + 3]) {
    static const char *const all[NAMES + 3] = {"M:1", "M:2", "M:3", "V:1", "V:2", "L:1",
                                               "H:1", "M:4", "X:1", "R0",  "R1",  "R2"};
    for (int i = 0; i < NAMES + 3; i++) {
        for (int j = 0; j < NAMES + 3; j++) {
            struct stated_person person[2];
            uint32_t heads[2];
            arena_reset(&w->p.bodies);
            for (int k = 0; k < 2; k++) {
                person_hash(&w->p.base.visits, "h1", 1, people_ids(&w->p, all[k == 0 ? i : j]), "", "", &person[k]);
                const uint32_t record = person[k].count > 0
                                            ? visits_find_record(&w->p.base.visits, &person[k].ids[0].key)
                                            : 0;
                const uint32_t identity = visits_find_identity(&w->p.base.visits, &person[k].identity);
                heads[k] = record != 0 ? visits_record(&w->p.base.visits, record)->person
                                       : visits_person_of_identity(&w->p.base.visits, identity);
            }
            out[i][j] = heads[0] != 0 && heads[0] == heads[1];
        }
    }
}

static bool same_counts(struct counts *a, struct counts *b) {
    for (size_t i = 0; i < a->count; i++) {
        const struct cell *x = &a->cells[i];
        const struct cell *y = cell_at(b, x->scope, x->region, x->facility, x->period, x->day, x->group);
        if (x->patients != y->patients || x->visits != y->visits) {
            return false;
        }
    }
    return true;
}

static void any_order(void **state) {
    (void)state;
    for (uint64_t run = 1; run <= 30; run++) {
        uint64_t seed = run;
        struct line lines[SCRIPT];
        int order[SCRIPT + SCRIPT / 2];
        char want[NAMES + 3][NAMES + 3], got[NAMES + 3][NAMES + 3];
        for (int i = 0; i < SCRIPT; i++) {
            make_line(&seed, i, &lines[i]);
            order[i] = i;
        }
        struct world *first = world_new();
        play(first, lines, order, SCRIPT);
        partition(first, want);
        for (int other = 0; other < ORDERS; other++) {
            const int count = SCRIPT + SCRIPT / 2;
            for (int i = SCRIPT; i < count; i++) { /* some of them again */
                order[i] = (int)below(&seed, SCRIPT);
            }
            for (int i = 0; i < SCRIPT; i++) {
                order[i] = i;
            }
            for (int i = count - 1; i > 0; i--) {
                const int j = (int)below(&seed, (unsigned)i + 1), kept = order[i];
                order[i] = order[j];
                order[j] = kept;
            }
            struct world *w = world_new();
            play(w, lines, order, count);
            partition(w, got);
            if (memcmp(want, got, sizeof want) != 0 || !same_counts(&first->counts, &w->counts)) {
                fail_msg("run %d order %d ends otherwise", (int)run, other);
            }
            world_end(w);
        }
        world_end(first);
    }
}

/* --- texts --- */

static void codes_have_texts(void **state) {
    (void)state;
    const ProtobufCEnumDescriptor *all = &visits__v1__code__descriptor;
    for (unsigned i = 0; i < all->n_values; i++) {
        bool found = all->values[i].value == 0;
        for (const struct code_text *text = visits_codes; text->code != 0; text++) {
            found = found || (text->code == (uint32_t)all->values[i].value && text->message[0] != 0 && text->message_zh[0] != 0);
        }
        assert_true(found);
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(worked_example),
        cmocka_unit_test(number_joins),
        cmocka_unit_test(together),
        cmocka_unit_test(second_number),
        cmocka_unit_test(wrong_number_taken_off),
        cmocka_unit_test(named_in_vain),
        cmocka_unit_test(birth_date),
        cmocka_unit_test(birth_date_joined),
        cmocka_unit_test(ownership),
        cmocka_unit_test(shared_kinds),
        cmocka_unit_test(form_of_ids),
        cmocka_unit_test(order_of_ids),
        cmocka_unit_test(merge_is_an_alias),
        cmocka_unit_test(merge_loops),
        cmocka_unit_test(merge_pairs),
        cmocka_unit_test(pending_merge),
        cmocka_unit_test(pending_merge_becomes_free),
        cmocka_unit_test(second_number_decided),
        cmocka_unit_test(which_edge_holds),
        cmocka_unit_test(links),
        cmocka_unit_test(deleting),
        cmocka_unit_test(separating_is_exact),
        cmocka_unit_test(registrars),
        cmocka_unit_test(too_many_visits),
        cmocka_unit_test(too_many_records),
        cmocka_unit_test(too_many_numbers),
        cmocka_unit_test(tables_are_full),
        cmocka_unit_test(many_merges),
        cmocka_unit_test(questions),
        cmocka_unit_test(questions_about_little),
        cmocka_unit_test(audit),
        cmocka_unit_test(listed_conflicts),
        cmocka_unit_test(any_order),
        cmocka_unit_test(codes_have_texts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
