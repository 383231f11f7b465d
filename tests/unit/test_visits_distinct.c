#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "base/hash.h"
#include "support/persons_fixture.h"
#include "visits/edges.h"
#include "visits/pseudonym.h"

/*
 * Exactness as a property: random commands over few persons, cards, visit numbers and days, in any order, repeated,
 * cancelled, reclassified, late; local ids that gain a number, a second one, lose one; merges, links, what is stated
 * together, and a registrar's decisions about all that. After every step the sum of all deltas the events carried must equal
 * a recount by plain loops over a model that knows nothing of the registry's state, and who is one person with whom must be
 * what the model says.
 */

enum { FACILITIES = 4, PLACES = 8, RIDS = 5, LOCALS = 6, NUMBERS = 8, DAYS = 10, PERIODS = 4, GROUPS = 4 };
enum { STATEMENTS_MAX = 400 };
enum { RUNS = 160, STEPS = 120 };

/* Nodes of the model: local ids of a facility, numbers known alone at a facility (or, 0, by a registrar), numbers. */
enum { BASES = FACILITIES * LOCALS, ALONE = BASES, NUMBER = ALONE + (FACILITIES + 1) * RIDS, NODES = NUMBER + RIDS };

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

enum small_verb {
    SMALL_OPEN = OPEN,
    SMALL_CLOSE = CLOSE,
    SMALL_CANCEL = CANCEL,
    SMALL_CHANGE = CHANGE,
    SMALL_UPDATE = 100,
    SMALL_MERGE,
    SMALL_LINK,
    SMALL_UNLINK,
    SMALL_DELETE,
    SMALL_JOIN,
    SMALL_SEPARATE,
    SMALL_DECIDE
};

struct small_person {
    int facility, local, extra, rid; /* extra: a further local id; -1 none */
    bool birth_contradicts;
};

struct small {
    int verb;
    int number;
    struct small_person person, other; /* the first or the survivor; the second or the prior */
    int card, class_of;
    int day, hour;
    int recorded; /* places of some time; -1: not given */
    int conflict, decision;
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

/* The first four local ids are of no stated kind, the others of kind OTHER: those name a record only alone. */
static const char *small_words(const struct small_person *person, bool with_domain, char *out, size_t size) {
    const char *domain = facilities[person->facility].code;
    const int locals[] = {person->local, person->extra};
    out[0] = 0;
    for (int i = 0; i < 2; i++) {
        if (locals[i] >= 0) {
            snprintf(out + strlen(out), size - strlen(out), "%s%c:L%d%s%s", out[0] == 0 ? "" : " ",
                     locals[i] < 4 ? 'L' : 'X', locals[i], with_domain ? "@" : "", with_domain ? domain : "");
        }
    }
    if (person->rid >= 0) {
        snprintf(out + strlen(out), size - strlen(out), "%sR%d", out[0] == 0 ? "" : " ", person->rid);
    }
    if (person->birth_contradicts) {
        snprintf(out + strlen(out), size - strlen(out), " !");
    }
    return out;
}

static void step_visit(struct people *p, const struct small *c, struct decision *decision) {
    char number[16], words[64];
    struct act act = {.verb = (enum verb)c->verb,
                      .org = facilities[c->person.facility].code,
                      .number = number,
                      .card = c->card,
                      .class_of = c->class_of};
    snprintf(number, sizeof number, "V%d", c->number);
    struct act_body body;
    const struct command command =
        act_command_at(&act, small_at_ms(c), c->recorded < 0 ? 0 : small_recorded_s(c) * 1000, &body);
    arena_reset(&p->bodies);
    body.open.person = people_ids(p, small_words(&c->person, false, words, sizeof words));
    fixture_step(&p->base, &command, decision);
}

static void step(struct people *p, const struct small *c, struct decision *decision) {
    static const int verbs[] = {UPDATE, MERGE, LINK, UNLINK, DELETE, JOIN, SEPARATE, DECIDE};
    char first[64], second[64];
    if (c->verb < SMALL_UPDATE) {
        step_visit(p, c, decision);
        return;
    }
    const bool is_registrar = c->verb >= SMALL_JOIN;
    const bool crosses = c->verb == SMALL_LINK || c->verb == SMALL_UNLINK;
    const struct told told = {.verb = (enum person_verb)verbs[c->verb - SMALL_UPDATE],
                              .org = facilities[c->person.facility].code,
                              .a = small_words(&c->person, is_registrar, first, sizeof first),
                              .b = small_words(&c->other, is_registrar || crosses, second, sizeof second),
                              .number = (uint32_t)c->conflict,
                              .decision = c->decision,
                              .at_ms = small_recorded_s(c) * 1000};
    people_tell(p, &told, decision);
}

static void start(struct people *p) {
    people_init(p, 1000, 1000);
    p->base.keeps_log = true;
    for (int i = 0; i < FACILITIES; i++) {
        people_register(p, facilities[i].code, facilities[i].region);
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
    assert_true(delta->patients != 0 && delta->visit_class <= 3);
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

struct registers {
    int64_t first, on, off; /* s; 0: not said */
};

struct model {
    struct small statements[STATEMENTS_MAX]; /* those about visits that were accepted, as they arrived */
    int named[STATEMENTS_MAX];               /* the number that an opening gives its local id; -1 none */
    int statement_count;
    struct registers bindings[BASES][RIDS];
    bool has_several[BASES]; /* numbers, or one was taken off: from then on it counts how newly each was said */
    struct registers edges[EDGE_APART + 1][NODES][NODES];
    struct key12 keys[NODES];
    struct key16 numbers[RIDS];
    int group[NODES];
};

static void key_of_words(struct people *p, const char *org, uint32_t facility, const char *words, struct key12 *key,
                         struct key16 *number) {
    struct stated_person person;
    arena_reset(&p->bodies);
    person_hash(&p->base.visits, org, facility, people_ids(p, words), "", "", &person);
    *key = person.count > 0 ? person.ids[0].key : person.alone;
    *number = person.identity;
}

static void model_init(struct model *m, struct people *p) {
    struct key16 number;
    char words[64];
    memset(m, 0, sizeof *m);
    for (int f = 0; f < FACILITIES; f++) {
        for (int l = 0; l < LOCALS; l++) {
            const struct small_person person = {f, l, -1, -1, false};
            key_of_words(p, facilities[f].code, (uint32_t)f + 1, small_words(&person, false, words, sizeof words),
                         &m->keys[f * LOCALS + l], &number);
        }
    }
    for (int f = 0; f <= FACILITIES; f++) {
        for (int r = 0; r < RIDS; r++) {
            snprintf(words, sizeof words, "R%d", r);
            key_of_words(p, "", (uint32_t)f, words, &m->keys[ALONE + f * RIDS + r], &m->numbers[r]);
        }
    }
}

/* --- the model: who is one person --- */

static int64_t later(int64_t a, int64_t b) {
    return a > b ? a : b;
}

static void say_on(struct registers *r, int64_t at) {
    r->first = r->first == 0 || at < r->first ? at : r->first;
    r->on = later(r->on, at);
}

static bool is_on(const struct registers *r) {
    return r->on > r->off;
}

/* The number that a local id carries: of those that hold the one said first. */
static int number_of_base(const struct model *m, int base) {
    int best = -1;
    for (int r = 0; r < RIDS; r++) {
        const struct registers *x = &m->bindings[base][r];
        const struct registers *y = best < 0 ? NULL : &m->bindings[base][best];
        if (is_on(x) && (y == NULL || x->first < y->first ||
                         (x->first == y->first &&
                          memcmp(&m->numbers[r], &m->numbers[best], sizeof m->numbers[r]) < 0))) {
            best = r;
        }
    }
    return best;
}

static int number_of_node(const struct model *m, int node) {
    return node < BASES ? number_of_base(m, node) : (node - ALONE) % RIDS;
}

static int find(struct model *m, int node) {
    while (m->group[node] != node) {
        node = m->group[node];
    }
    return node;
}

static bool has_number(struct model *m, int group) {
    for (int r = 0; r < RIDS; r++) {
        if (find(m, NUMBER + r) == group) {
            return true;
        }
    }
    return false;
}

static bool kept_apart(struct model *m, int x, int y) {
    for (int a = 0; a < NODES; a++) {
        for (int b = 0; b < NODES; b++) {
            if (is_on(&m->edges[EDGE_APART][a][b]) &&
                ((find(m, a) == x && find(m, b) == y) || (find(m, a) == y && find(m, b) == x))) {
                return true;
            }
        }
    }
    return false;
}

/* The edge of the kind not looked at yet that was said first. */
static bool next_edge(struct model *m, int kind, bool seen[NODES][NODES], int *a, int *b) {
    bool found = false;
    for (int i = 0; i < NODES; i++) {
        for (int j = 0; j < NODES; j++) {
            const struct registers *x = &m->edges[kind][i][j];
            if (seen[i][j] || !is_on(x)) {
                continue;
            }
            const struct registers *y = &m->edges[kind][*a][*b];
            const int by_a = found ? key12_compare(&m->keys[i], &m->keys[*a]) : 0;
            const int order = by_a != 0 || !found ? by_a : key12_compare(&m->keys[j], &m->keys[*b]);
            if (!found || x->first < y->first || (x->first == y->first && order < 0)) {
                *a = i;
                *b = j;
                found = true;
            }
        }
    }
    seen[*a][*b] = true;
    return found;
}

static void join_edges(struct model *m, int kind) {
    bool seen[NODES][NODES] = {{false}};
    int a = 0, b = 0;
    while (next_edge(m, kind, seen, &a, &b)) {
        const int x = find(m, a), y = find(m, b);
        if (x != y && (kind == EDGE_REGISTRAR ||
                       (!kept_apart(m, x, y) && !(has_number(m, x) && has_number(m, y))))) {
            m->group[x] = y;
        }
    }
}

static void regroup_model(struct model *m) {
    for (int i = 0; i < NODES; i++) {
        m->group[i] = i;
    }
    for (int i = 0; i < NUMBER; i++) {
        const int number = number_of_node(m, i);
        if (number >= 0) {
            m->group[find(m, i)] = find(m, NUMBER + number);
        }
    }
    for (int kind = EDGE_REGISTRAR; kind <= EDGE_TOGETHER; kind++) {
        join_edges(m, kind);
    }
}

/* --- the model: what is said of persons --- */

/* Nodes of what a person is known by; the first names the record. */
static int ends_of(const struct small_person *person, bool is_registrar, int ends[2]) {
    int count = 0;
    const int locals[] = {person->local, person->extra};
    for (int i = 0; i < 2; i++) {
        if (locals[i] >= 0 && (count == 0 || locals[i] != locals[0])) {
            ends[count++] = person->facility * LOCALS + locals[i];
        }
    }
    if (count == 2 && ends[0] % LOCALS >= 4 && ends[1] % LOCALS < 4) {
        const int kept = ends[0];
        ends[0] = ends[1];
        ends[1] = kept;
    }
    if (count == 0) {
        ends[count++] = ALONE + (is_registrar ? 0 : person->facility + 1) * RIDS + person->rid;
    }
    return count;
}

static void say_edge(struct model *m, int kind, int a, int b, int64_t on, int64_t off) {
    if (a == b) {
        return;
    }
    const bool swap = kind != EDGE_MERGE && key12_compare(&m->keys[a], &m->keys[b]) > 0;
    struct registers *r = &m->edges[kind][swap ? b : a][swap ? a : b];
    if (on != 0) {
        say_on(r, on);
        r->off = kind == EDGE_REGISTRAR ? 0 : r->off;
    }
    r->off = later(r->off, off);
}

static void bind(struct model *m, int base, int rid, int64_t at) {
    struct registers *r = &m->bindings[base][rid];
    for (int other = 0; other < RIDS; other++) {
        m->has_several[base] = m->has_several[base] || (other != rid && m->bindings[base][other].first != 0);
    }
    say_on(r, at);
    if (!m->has_several[base]) {
        r->on = r->first;
    }
}

static void unbind(struct model *m, int base, int rid, int64_t off) {
    m->has_several[base] = true;
    m->bindings[base][rid].off = later(m->bindings[base][rid].off, off);
}

/* Returns the number that the first local id takes; -1 none. */
static int say_person(struct model *m, const struct small_person *person, int64_t at) {
    int ends[2], bound = 0, named = -1;
    const int count = ends_of(person, false, ends);
    if (ends[0] >= BASES) {
        return -1;
    }
    for (int i = 0; i < count && person->rid >= 0 && !person->birth_contradicts; i++) {
        if (m->bindings[ends[i]][person->rid].off < at) {
            bind(m, ends[i], person->rid, at);
            bound++;
            named = i == 0 ? person->rid : named;
        }
    }
    if (bound == 0 && count == 2) {
        say_edge(m, EDGE_TOGETHER, ends[0], ends[1], at, 0);
    }
    return named;
}

static void delete_base(struct model *m, int base, int64_t at) {
    for (int kind = EDGE_MERGE; kind <= EDGE_TOGETHER; kind++) {
        for (int i = 0; i < NODES; i++) {
            for (int j = 0; j < NODES; j++) {
                struct registers *r = &m->edges[kind][i][j];
                if ((i == base || j == base) && (r->first != 0 || r->off != 0)) {
                    r->off = later(r->off, at);
                }
            }
        }
    }
    for (int r = 0; base < BASES && r < RIDS; r++) {
        if (m->bindings[base][r].first != 0 || m->bindings[base][r].off != 0) {
            unbind(m, base, r, at);
        }
    }
}

static void separate(struct model *m, const struct small *c) {
    int x[2], y[2];
    const int x_count = ends_of(&c->person, true, x), y_count = ends_of(&c->other, true, y);
    if (x[0] < BASES && y[0] >= BASES) {
        unbind(m, x[0], c->other.rid, UINT32_MAX);
    } else if (x[0] >= BASES && y[0] < BASES) {
        unbind(m, y[0], c->person.rid, UINT32_MAX);
    } else if (x[0] < BASES) {
        for (int i = 0; i < x_count * y_count; i++) {
            const int a = x[i / y_count], b = y[i % y_count];
            for (int kind = EDGE_REGISTRAR; kind <= EDGE_TOGETHER; kind++) {
                const bool is_kept = i == 0 && kind != EDGE_REGISTRAR;
                if (is_kept || is_on(&m->edges[kind][a][b])) {
                    m->edges[kind][a][b].off = UINT32_MAX;
                }
                if (is_kept || is_on(&m->edges[kind][b][a])) {
                    m->edges[kind][b][a].off = UINT32_MAX;
                }
            }
        }
    } else {
        for (int i = 0; i < 4 * NODES * NODES; i++) {
            const int kind = EDGE_REGISTRAR + i / (NODES * NODES), a = i / NODES % NODES, b = i % NODES;
            const int of_a = number_of_node(m, a), of_b = number_of_node(m, b);
            if ((of_a == c->person.rid && of_b == c->other.rid) || (of_a == c->other.rid && of_b == c->person.rid)) {
                m->edges[kind][a][b].off = m->edges[kind][a][b].first != 0 ? UINT32_MAX : m->edges[kind][a][b].off;
            }
        }
    }
}

/* The node of a record, by its key: of a local id's second number that number. */
static int node_of_record(const struct model *m, const struct key12 *key) {
    for (int i = 0; i < NUMBER; i++) {
        if (key12_compare(&m->keys[i], key) == 0) {
            return i;
        }
    }
    for (int i = 0; i < BASES * RIDS; i++) {
        const struct key12 second = pseudonym_of_second(&m->keys[i / RIDS], &m->numbers[i % RIDS]);
        if (key12_compare(&second, key) == 0) {
            return NUMBER + i % RIDS;
        }
    }
    fail_msg("a record that nobody named");
    return 0;
}

/* Before the command is decided: the conflict is read from the registry, as a registrar does. */
struct dispute {
    int kind, first, second;
};

static struct dispute find_dispute(const struct model *m, const struct people *p, const struct small *c) {
    const struct visits *v = &p->base.visits;
    if (c->verb != SMALL_DECIDE || (uint32_t)c->conflict > v->conflicts.count) {
        return (struct dispute){0, 0, 0};
    }
    const struct conflict *row = visits_conflict(v, (uint32_t)c->conflict);
    return (struct dispute){row->kind, node_of_record(m, &visits_record(v, row->first)->key),
                            node_of_record(m, &visits_record(v, row->second)->key)};
}

static void decide(struct model *m, const struct small *c, const struct dispute *dispute, int64_t now) {
    const int nodes[] = {dispute->first, dispute->second};
    say_edge(m, c->decision == JOIN_THEM ? EDGE_REGISTRAR : EDGE_APART, dispute->first, dispute->second, now, 0);
    for (int i = 0; i < 2 && c->decision != JOIN_THEM; i++) {
        if (dispute->kind == VISITS__V1__CONFLICT_KIND__CONFLICT_KIND_BIRTH_DATE && nodes[i] < BASES &&
            number_of_base(m, nodes[i]) < 0 && number_of_node(m, nodes[1 - i]) >= 0) {
            unbind(m, nodes[i], number_of_node(m, nodes[1 - i]), UINT32_MAX);
        }
    }
}

/* A command that was accepted. now: the registry's time, s. */
static void model_persons(struct model *m, const struct small *c, const struct dispute *dispute, int64_t now) {
    const int64_t at = small_recorded_s(c);
    int x[2], y[2] = {0, 0};
    const int x_count = ends_of(&c->person, c->verb >= SMALL_JOIN, x);
    if (c->verb != SMALL_UPDATE && c->verb != SMALL_DELETE) {
        ends_of(&c->other, c->verb >= SMALL_JOIN, y);
    }
    switch ((enum small_verb)c->verb) {
    case SMALL_UPDATE:
        say_person(m, &c->person, at);
        return;
    case SMALL_MERGE:
    case SMALL_LINK:
        say_person(m, &c->person, at);
        say_person(m, &c->other, at);
        say_edge(m, c->verb == SMALL_MERGE ? EDGE_MERGE : EDGE_LINK, y[0], x[0], at, 0);
        return;
    case SMALL_UNLINK:
        say_edge(m, EDGE_LINK, x[0], y[0], 0, at);
        return;
    case SMALL_DELETE:
        for (int i = 0; i < x_count; i++) {
            delete_base(m, x[i], at);
        }
        return;
    case SMALL_JOIN:
        say_edge(m, EDGE_REGISTRAR, x[0], y[0], now, 0);
        return;
    case SMALL_SEPARATE:
        separate(m, c);
        return;
    case SMALL_DECIDE:
        decide(m, c, dispute, now);
        return;
    case SMALL_OPEN:
    case SMALL_CLOSE:
    case SMALL_CANCEL:
    case SMALL_CHANGE:
        return;
    }
}

/* --- the model: visits --- */

struct standing { /* a visit as it stands */
    bool known, live;
    int64_t cancelled; /* newest cancellation, s */
    const struct small *opening;
    int class_of;
    int node; /* whose it is */
};

static bool is_about(const struct small *s, int facility, int number) {
    return s->person.facility == facility && s->number == number;
}

static int64_t newest_cancel(const struct model *m, int facility, int number, bool *known) {
    int64_t newest = 0;
    for (int i = 0; i < m->statement_count; i++) {
        const struct small *s = &m->statements[i];
        if (is_about(s, facility, number)) {
            *known = *known || s->verb == SMALL_CANCEL || s->verb == SMALL_OPEN;
            if (s->verb == SMALL_CANCEL) {
                newest = later(newest, small_recorded_s(s));
            }
        }
    }
    return newest;
}

static bool is_one_card(const struct small *s) {
    return s->card != VISITS__V1__CARD_KIND__CARD_KIND_HOSPITAL;
}

/* The newest opening; of equally new ones the later beginning, then the one card. */
static bool begins_better(const struct small *a, const struct small *b) {
    if (small_recorded_s(a) != small_recorded_s(b)) {
        return small_recorded_s(a) > small_recorded_s(b);
    }
    return small_at_ms(a) != small_at_ms(b) ? small_at_ms(a) > small_at_ms(b) : is_one_card(a) && !is_one_card(b);
}

/* The newest class; of equally new ones a change, then anything but a pre-admission, then the greater number. */
static bool classes_better(const struct small *a, const struct small *b) {
    if (small_recorded_s(a) != small_recorded_s(b)) {
        return small_recorded_s(a) > small_recorded_s(b);
    }
    if (a->verb != b->verb) {
        return a->verb == SMALL_CHANGE;
    }
    return (a->class_of != 4) != (b->class_of != 4) ? a->class_of != 4 : a->class_of > b->class_of;
}

/* The opening it came with: the oldest, of equally old ones by keys. */
static bool owns_better(const struct model *m, int a, int b) {
    static const struct key16 none;
    int x[2], y[2];
    if (small_recorded_s(&m->statements[a]) != small_recorded_s(&m->statements[b])) {
        return small_recorded_s(&m->statements[a]) < small_recorded_s(&m->statements[b]);
    }
    ends_of(&m->statements[a].person, false, x);
    ends_of(&m->statements[b].person, false, y);
    const int order = key12_compare(&m->keys[x[0]], &m->keys[y[0]]);
    return order != 0 ? order < 0
                      : memcmp(m->named[a] < 0 ? &none : &m->numbers[m->named[a]],
                               m->named[b] < 0 ? &none : &m->numbers[m->named[b]], sizeof none) < 0;
}

static struct standing standing_of(const struct model *m, int facility, int number) {
    struct standing now = {.known = false};
    const struct small *of_class = NULL;
    int owner = -1;
    now.cancelled = newest_cancel(m, facility, number, &now.known);
    for (int i = 0; i < m->statement_count; i++) {
        const struct small *s = &m->statements[i];
        if (!is_about(s, facility, number) || small_recorded_s(s) <= now.cancelled) {
            continue;
        }
        if (s->verb == SMALL_OPEN) {
            now.opening = now.opening == NULL || begins_better(s, now.opening) ? s : now.opening;
            owner = owner < 0 || owns_better(m, i, owner) ? i : owner;
        }
        if (s->verb == SMALL_OPEN || s->verb == SMALL_CHANGE) {
            of_class = of_class == NULL || classes_better(s, of_class) ? s : of_class;
        }
    }
    now.live = now.opening != NULL;
    now.class_of = of_class == NULL ? 0 : of_class->class_of;
    if (now.live) {
        int ends[2];
        const int named = m->named[owner];
        ends_of(&m->statements[owner].person, false, ends);
        now.node = named >= 0 && is_on(&m->bindings[ends[0]][named]) ? NUMBER + named : ends[0];
    }
    return now;
}

/* False: refused. */
static bool model_visit(struct model *m, const struct small *c) {
    const struct standing before = standing_of(m, c->person.facility, c->number);
    if (c->verb == SMALL_OPEN && c->person.rid < 0 && c->person.local < 0) {
        return false;
    }
    if ((c->verb == SMALL_CHANGE || c->verb == SMALL_CLOSE) && !before.known) {
        return false;
    }
    assert_true(m->statement_count < STATEMENTS_MAX);
    m->named[m->statement_count] = c->verb == SMALL_OPEN ? say_person(m, &c->person, small_recorded_s(c)) : -1;
    m->statements[m->statement_count++] = *c;
    return true;
}

static void recount(struct model *m, struct sums *sums) {
    static uint8_t present[PLACES][PERIODS][DAYS][GROUPS][NODES];
    memset(present, 0, sizeof present);
    memset(sums, 0, sizeof *sums);
    regroup_model(m);
    for (int f = 0; f < FACILITIES; f++) {
        for (int n = 0; n < NUMBERS; n++) {
            const struct standing v = standing_of(m, f, n);
            if (!v.live || v.class_of == 4 || v.class_of == 5) {
                continue;
            }
            const int person = find(m, v.node);
            const int places[] = {0, facilities[f].place, 4 + f};
            for (int g = 0; g < GROUPS; g++) {
                for (int at = 0; at < 3 * PERIODS && (g == 0 || g == v.class_of); at++) {
                    const int place = places[at / PERIODS], period = at % PERIODS;
                    const int i = period_index(period, v.opening->day);
                    sums->visits[place][period][i][g]++;
                    if (is_one_card(v.opening) && !present[place][period][i][g][person]) {
                        present[place][period][i][g][person] = 1;
                        sums->patients[place][period][i][g]++;
                    }
                }
            }
        }
    }
}

/* The lists of persons in the state, against what the model says. */
static void check_persons(struct model *m, const struct visits *v, uint64_t seed, int at) {
    for (uint32_t a = 1; a <= v->records.count; a++) {
        const struct record *x = visits_record(v, a);
        int listed = 0;
        for (uint32_t i = x->person; i != 0; i = visits_record(v, i)->next_in_person) {
            listed += i == a;
        }
        assert_int_equal(listed, 1);
        const int group = find(m, node_of_record(m, &x->key));
        for (uint32_t b = 1; b < a; b++) {
            const struct record *y = visits_record(v, b);
            if ((x->person == y->person) != (group == find(m, node_of_record(m, &y->key)))) {
                fail_msg("seed %llu step %d: records %u and %u: the model says otherwise", (unsigned long long)seed, at,
                         a, b);
            }
        }
    }
}

/* --- random commands, any order --- */

/* What a run is about. */
enum {
    WITH_PERSONS = 1,   /* not only visits */
    WITH_REGISTRAR = 2, /* decisions; no two statements of the same second then */
};

static struct small_person random_person(uint64_t *seed, bool may_be_double) {
    struct small_person person = {.facility = random_below(seed, FACILITIES)};
    person.rid = random_below(seed, 3) == 0 ? -1 : random_below(seed, RIDS);
    person.local = random_below(seed, 2) == 0 ? -1 : random_below(seed, LOCALS);
    person.extra = person.local >= 0 && may_be_double && random_below(seed, 3) == 0 ? random_below(seed, LOCALS) : -1;
    person.birth_contradicts = may_be_double && person.rid >= 0 && random_below(seed, 15) == 0;
    return person;
}

/* Names somebody. */
static struct small_person somebody(uint64_t *seed) {
    struct small_person person = random_person(seed, false);
    if (person.local < 0 && person.rid < 0) {
        person.local = random_below(seed, LOCALS);
    }
    return person;
}

static void make_persons(uint64_t *seed, struct small *c, int with) {
    static const int verbs[] = {SMALL_UPDATE, SMALL_UPDATE, SMALL_MERGE,    SMALL_MERGE,    SMALL_LINK, SMALL_UNLINK,
                                SMALL_DELETE, SMALL_JOIN,   SMALL_SEPARATE, SMALL_SEPARATE, SMALL_DECIDE};
    const int count = with & WITH_REGISTRAR ? (int)(sizeof verbs / sizeof verbs[0]) : 6;
    c->verb = verbs[random_below(seed, count)];
    c->person = somebody(seed);
    c->other = somebody(seed);
    if (c->verb == SMALL_MERGE) { /* of one facility, and local ids */
        c->other.facility = c->person.facility;
        c->person.local = c->person.local < 0 ? random_below(seed, LOCALS) : c->person.local;
        c->other.local = random_below(seed, LOCALS);
    }
    if (c->verb >= SMALL_JOIN) { /* either a local id or a number */
        c->person.rid = c->person.local >= 0 ? -1 : c->person.rid;
        c->other.rid = c->other.local >= 0 ? -1 : c->other.rid;
    }
    if (c->verb == SMALL_LINK || c->verb == SMALL_UNLINK) {
        c->other.rid = c->other.local >= 0 ? -1 : c->other.rid;
        c->other.facility = c->other.local >= 0 ? c->other.facility : c->person.facility; /* a number has no domain */
    }
    c->conflict = 1 + random_below(seed, 8);
    c->decision = 1 + random_below(seed, 2);
}

static struct small random_command(uint64_t *seed, int with, int at) {
    static const int verbs[] = {OPEN, OPEN, OPEN, OPEN, OPEN, OPEN, CANCEL, CANCEL, CHANGE, CHANGE, CLOSE};
    struct small c = {.verb = verbs[random_below(seed, (int)(sizeof verbs / sizeof verbs[0]))]};
    c.number = random_below(seed, NUMBERS);
    c.person = random_person(seed, (with & WITH_PERSONS) != 0);
    c.card = random_below(seed, 6) == 0 ? 4 : 1 + random_below(seed, 3);
    c.class_of = 1 + random_below(seed, 6);
    c.day = random_below(seed, DAYS);
    c.hour = random_below(seed, 24);
    c.recorded = random_below(seed, 4) == 0 ? -1 : random_below(seed, 30);
    if ((with & WITH_PERSONS) && random_below(seed, 3) == 0) {
        make_persons(seed, &c, with);
    }
    if (with & WITH_REGISTRAR) {
        c.recorded = random_below(seed, 30) * 1000 + at;
    }
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

static void run_random(uint64_t first_seed, int with) {
    static struct sums sums, want;
    static struct model model;
    struct people p;
    struct small last = {.verb = SMALL_CANCEL};
    uint64_t seed = first_seed;
    start(&p);
    model_init(&model, &p);
    memset(&sums, 0, sizeof sums);
    for (int i = 0; i < STEPS; i++) {
        const struct small c = i > 0 && random_below(&seed, 8) == 0 ? last : random_command(&seed, with, i);
        const struct dispute dispute = find_dispute(&model, &p, &c);
        const int64_t now = AS_RECEIVED_MS / 1000 + (int64_t)p.base.seq;
        struct decision decision;
        step(&p, &c, &decision);
        if (c.verb < SMALL_UPDATE && model_visit(&model, &c) != !decision.refused) {
            fail_msg("seed %llu step %d: the model %s it", (unsigned long long)first_seed, i,
                     decision.refused ? "accepts" : "refuses");
        }
        if (c.verb >= SMALL_UPDATE && !decision.refused) {
            model_persons(&model, &c, &dispute, now);
        }
        add_decision(&sums, &decision);
        recount(&model, &want);
        compare(&sums, &want, first_seed, i);
        check_persons(&model, &p.base.visits, first_seed, i);
        last = c;
    }
    assert_true(people_folds_alike(&p));
    people_release(&p);
}

static void sums_equal_recount(void **state) {
    (void)state;
    for (uint64_t seed = 1; seed <= RUNS; seed++) {
        static const int with[] = {0, WITH_PERSONS, WITH_PERSONS | WITH_REGISTRAR, WITH_PERSONS | WITH_REGISTRAR};
        run_random(seed, with[seed % 4]);
    }
}

/* --- the same commands in any order, repeated --- */

enum { SCRIPT = 60 };

/* Statements of facilities, contradicting each other as they like; merges go one way, as of a loop the one that comes last
 * is refused, whichever that is. */
static void make_script(uint64_t *seed, struct small *script) {
    for (int i = 0; i < SCRIPT; i++) {
        struct small c = random_command(seed, WITH_PERSONS, i);
        c.person.birth_contradicts = false; /* it says nothing lasting, but for a registrar */
        if (c.verb == SMALL_MERGE && c.person.local >= c.other.local) {
            c.verb = SMALL_UPDATE;
        }
        if (c.verb == SMALL_LINK || c.verb == SMALL_UNLINK) {
            c.other.facility = c.person.facility; /* another's number has to be known already */
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
    struct people p;
    start(&p);
    memset(sums, 0, sizeof *sums);
    for (int i = 0; i < 2 * count; i++) {
        struct decision decision;
        step(&p, &list[i % count], &decision);
        add_decision(sums, &decision);
    }
    people_release(&p);
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

/* --- taking back --- */

static bool are_joined(struct people *p, const struct small *c) {
    const char *org = facilities[c->person.facility].code;
    char words[64];
    arena_reset(&p->bodies);
    const uint32_t a = people_record(p, org, small_words(&c->person, false, words, sizeof words));
    const uint32_t b = people_record(p, org, small_words(&c->other, false, words, sizeof words));
    const struct visits *v = &p->base.visits;
    for (unsigned kind = EDGE_REGISTRAR; kind <= EDGE_TOGETHER; kind++) {
        if (a != 0 && b != 0 && (edge_is_live(visits_edge(v, edge_find(v, kind, a, b))) ||
                                 edge_is_live(visits_edge(v, edge_find(v, kind, b, a))))) {
            return true;
        }
    }
    return false;
}

/* Whatever stands: a merge, then its separation by a registrar, leaves every count as it was. */
static void merge_then_separate(void **state) {
    (void)state;
    static struct sums sums, before;
    int merged = 0, moved = 0;
    for (uint64_t seed = 1; seed <= 60; seed++) {
        uint64_t next = seed;
        struct people p;
        struct decision decision;
        start(&p);
        memset(&sums, 0, sizeof sums);
        for (int i = 0; i < STEPS; i++) {
            struct small c = random_command(&next, WITH_PERSONS, i);
            if (c.verb < SMALL_UPDATE) { /* mostly by local ids alone: those merges join */
                c.person.local = random_below(&next, LOCALS);
                c.person.rid = random_below(&next, 4) == 0 ? c.person.rid : -1;
            } else {
                c.verb = SMALL_LINK;
            }
            step(&p, &c, &decision);
            add_decision(&sums, &decision);
        }
        for (int i = 0; i < 10; i++) {
            struct small c = {.verb = SMALL_MERGE, .recorded = random_below(&next, 30)};
            const int facility = random_below(&next, FACILITIES);
            c.person = (struct small_person){facility, random_below(&next, LOCALS), -1, -1, false};
            c.other = (struct small_person){facility, random_below(&next, LOCALS), -1, -1, false};
            if (c.person.local == c.other.local || are_joined(&p, &c)) {
                continue; /* then it is more than this merge that is taken back */
            }
            before = sums;
            step(&p, &c, &decision);
            add_decision(&sums, &decision);
            merged += !decision.refused;
            moved += memcmp(&before, &sums, sizeof sums) != 0;
            if (decision.refused) {
                continue; /* a loop */
            }
            c.verb = SMALL_SEPARATE;
            step(&p, &c, &decision);
            add_decision(&sums, &decision);
            assert_false(decision.refused);
            if (memcmp(&before, &sums, sizeof sums) != 0) {
                compare(&sums, &before, seed, i);
            }
        }
        people_release(&p);
    }
    assert_true(merged > 100 && moved > 20);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sums_equal_recount),
        cmocka_unit_test(any_order_ends_the_same),
        cmocka_unit_test(merge_then_separate),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
