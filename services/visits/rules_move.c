#include <string.h>

#include "visits/pseudonym.h"
#include "visits/rules_statement.h"
#include "visits/visit_deltas.h"

/*
 * MoveVisits: visits that were recorded under the wrong person or number.
 *
 * A command's moves are done in phases, each of which looks at what is left to do: what is said of the person; the
 * visits that change hands, in one event; numbers of which one is not known, in one event; then one pair of known
 * numbers after the other.
 */

/* --- form --- */

struct move {
    struct key16 visit;
    struct key16 number; /* from now on */
    bool renumbers;
    bool hands; /* to the command's person */
};

struct moving {
    struct move moves[MOVES_MAX];
    size_t count;
    uint32_t recorded; /* s */
    bool hands;
};

static bool equal_persons(const struct stated_person *a, const struct stated_person *b) {
    bool equal = a->count == b->count && a->has_identity == b->has_identity &&
                 memcmp(&a->identity, &b->identity, sizeof a->identity) == 0 &&
                 a->birth_contradicts == b->birth_contradicts;
    for (size_t i = 0; i < a->count && equal; i++) {
        equal = memcmp(&a->ids[i].key, &b->ids[i].key, sizeof a->ids[i].key) == 0;
    }
    return equal;
}

static bool check_person(struct deciding *d, const Visits__V1__VisitMove *move) {
    struct stated_person *person = arena_alloc(d->arena, sizeof *person);
    if (person == NULL) {
        rules_refuse(d, COMMON__V1__CODE__CODE_TOO_LARGE, NULL);
        return false;
    }
    person_hash(d->self, d->command->organisation, d->facility_row, move->person, "", "", person);
    if (!rules_require_person(d, person)) {
        return false;
    }
    if (!equal_persons(person, &d->keys->person)) { /* the log takes few rows for a command */
        rules_refuse(d, COMMON__V1__CODE__CODE_MALFORMED, "person");
        return false;
    }
    return true;
}

static bool check_text(struct deciding *d, const char *text, bool is_needed, const char *field) {
    if (is_needed && text[0] == 0) {
        rules_refuse(d, COMMON__V1__CODE__CODE_MISSING, field);
        return false;
    }
    if (strlen(text) > VISITS_NUMBER_BYTES_MAX) {
        rules_refuse(d, VISITS__V1__CODE__CODE_FIELD_TOO_LONG, field);
        return false;
    }
    return true;
}

static bool add_move(struct deciding *d, struct moving *m, const Visits__V1__VisitMove *body) {
    struct move *move = &m->moves[m->count++];
    const char *organisation = d->command->organisation;
    if (!check_text(d, body->visit_number, true, "visit_number") ||
        !check_text(d, body->new_number, body->person == NULL, "new_number") ||
        (body->person != NULL && !check_person(d, body))) {
        return false;
    }
    pseudonym_of_visit(d->self->local_key, organisation, body->visit_number, &move->visit);
    move->hands = body->person != NULL;
    m->hands |= move->hands;
    move->renumbers = body->new_number[0] != 0 && strcmp(body->new_number, body->visit_number) != 0;
    if (move->renumbers) {
        pseudonym_of_visit(d->self->local_key, organisation, body->new_number, &move->number);
    }
    return true;
}

static bool is_named_in(const struct move *move, const struct key16 *key) {
    return memcmp(&move->visit, key, sizeof *key) == 0 ||
           (move->renumbers && memcmp(&move->number, key, sizeof *key) == 0);
}

/* Each number once: then the order of the moves does not matter. */
static bool check_numbers(struct deciding *d, const struct moving *m) {
    for (size_t i = 0; i < m->count; i++) {
        for (size_t j = 0; j < i; j++) {
            if (is_named_in(&m->moves[j], &m->moves[i].visit) ||
                (m->moves[i].renumbers && is_named_in(&m->moves[j], &m->moves[i].number))) {
                rules_refuse(d, COMMON__V1__CODE__CODE_MALFORMED, "moves");
                return false;
            }
        }
    }
    return true;
}

static bool check_form(struct deciding *d, const Visits__V1__MoveVisits *body, struct moving *m) {
    if (body->n_moves == 0 || body->n_moves > MOVES_MAX) {
        rules_refuse(d, body->n_moves == 0 ? COMMON__V1__CODE__CODE_MISSING : COMMON__V1__CODE__CODE_TOO_LARGE,
                     "moves");
        return false;
    }
    for (size_t i = 0; i < body->n_moves; i++) {
        if (!add_move(d, m, body->moves[i])) {
            return false;
        }
    }
    return check_numbers(d, m) && rules_check_recorded(d, body->recorded_at_ms, &m->recorded);
}

/* --- against what is known --- */

/* Whether the move is newer than what is known of the visit, with its facts if it is. */
static bool hands_over(const struct deciding *d, const struct moving *m, const struct move *move,
                       const struct owner_key *owner) {
    if (!move->hands) {
        return false;
    }
    const struct visit *row = visits_visit(d->self, visits_find_visit(d->self, &move->visit));
    const struct extra *extra = visits_extra(d->self, row->extra);
    if (m->recorded <= row->cancel_recorded || m->recorded < extra->moved_recorded) {
        return false;
    }
    if (m->recorded > extra->moved_recorded) {
        return true;
    }
    const struct claim_view view = claim_view_of(owner, m->recorded, 0, 0);
    const int bases = memcmp(&view.base, &visits_record(d->self, extra->moved_base)->key, sizeof view.base);
    return bases != 0 ? bases > 0
                      : memcmp(&view.identity, &visits_identity(d->self, extra->moved_identity)->key,
                               sizeof view.identity) > 0;
}

static bool any_hands_over(const struct deciding *d, const struct moving *m, const struct owner_key *owner) {
    for (size_t i = 0; i < m->count; i++) {
        if (hands_over(d, m, &m->moves[i], owner)) {
            return true;
        }
    }
    return false;
}

/* Rows of the log that the numbers take: one for all that are not known, two for each pair of known ones. */
static size_t rows_of_numbers(const struct deciding *d, const struct moving *m) {
    size_t pairs = 0;
    bool has_unknown = false;
    for (size_t i = 0; i < m->count; i++) {
        const struct move *move = &m->moves[i];
        if (move->renumbers) {
            const uint32_t a = visits_find_visit(d->self, &move->visit);
            const uint32_t b = visits_find_visit(d->self, &move->number);
            has_unknown |= b == 0 || (a == 0 && !move->hands);
            pairs += b != 0 && (a != 0 || move->hands) && a != b;
        }
    }
    return has_unknown + pairs * NUMBERING_ROWS_MAX;
}

static size_t count_claims(const struct visits *self, uint32_t visit) {
    const struct visit *row = visits_visit(self, visit);
    size_t count = row->extra == 0 && row->open_recorded != 0;
    for (uint32_t i = visits_extra(self, row->extra)->first_claim; i != 0; i = visits_claim(self, i)->next) {
        count++;
    }
    return count;
}

static bool has_room(const struct deciding *d, const struct moving *m) {
    const struct visits *self = d->self;
    size_t visits = 0, extras = 0, claims = 0;
    for (size_t i = 0; i < m->count; i++) {
        const struct move *move = &m->moves[i];
        const uint32_t a = visits_find_visit(self, &move->visit);
        const uint32_t b = move->renumbers ? visits_find_visit(self, &move->number) : 0;
        visits += (a == 0) + (move->renumbers && b == 0);
        if (move->hands || (a != 0 && b != 0 && a != b)) {
            extras++;
            claims += count_claims(self, a) + count_claims(self, b);
        }
        if (move->renumbers && !rules_can_join(d, a, b)) {
            return false;
        }
    }
    const bool needs_person = m->hands && (table_is_full(&self->records) || table_is_full(&self->identities));
    return !needs_person && self->visits.rows_max - self->visits.count >= visits &&
           self->extras.rows_max - self->extras.count >= extras && claims_have_room(self, claims);
}

/* The visits that count and change hands; a visit with two of its numbers in the command is one. */
static size_t list_handed(const struct deciding *d, const struct moving *m, const struct owner_key *owner,
                          struct handed_visit *handed) {
    size_t count = 0;
    uint32_t to = 0;
    person_find(d->self, owner, &to);
    for (size_t i = 0; i < m->count; i++) {
        const uint32_t number = visits_find_visit(d->self, &m->moves[i].visit);
        const struct visit *row = visits_visit(d->self, number);
        const uint32_t from = visits_record(d->self, row->record)->person;
        bool is_new = hands_over(d, m, &m->moves[i], owner) && visit_counts_patient(row) && from != to;
        for (size_t j = 0; j < count; j++) {
            is_new &= handed[j].number != number;
        }
        if (is_new) {
            handed[count++] = (struct handed_visit){number, from, to};
        }
    }
    return count;
}

static bool check_deltas(struct deciding *d, const struct moving *m) {
    struct handed_visit handed[MOVES_MAX];
    struct owner_key owner;
    if (!m->hands) {
        return true;
    }
    person_owner(d->self, &d->keys->person, m->recorded, &owner);
    const size_t count = list_handed(d, m, &owner, handed);
    Visits__V1__PatientsCorrected *corrected;
    return visit_deltas(d->self, handed, count, HANDED_VISITS_MAX / 2, d->arena, &corrected);
}

static bool check_state(struct deciding *d, const struct moving *m) {
    const uint32_t first = visits_find_visit(d->self, &m->moves[0].visit);
    const size_t rows_max = DECISION_EVENTS_MAX - (m->hands ? PERSONS_ROWS_MAX : 0);
    if (!rules_check_version(d, visits_visit(d->self, first)->last_seq)) {
        return false;
    }
    if (rows_of_numbers(d, m) + m->hands > rows_max || !has_room(d, m) || !check_deltas(d, m)) {
        rules_refuse(d, COMMON__V1__CODE__CODE_EXHAUSTED, "moves");
        return false;
    }
    return true;
}

/* --- its events --- */

static void emit_moved(struct deciding *d, const struct moving *m, const struct owner_key *owner) {
    struct event_visits_moved *body = arena_zalloc(d->arena, sizeof *body);
    struct handed_visit handed[MOVES_MAX];
    const size_t count = list_handed(d, m, owner, handed);
    Visits__V1__PatientsCorrected *corrected;
    if (body == NULL || !visit_deltas(d->self, handed, count, HANDED_VISITS_MAX, d->arena, &corrected)) {
        rules_refuse(d, COMMON__V1__CODE__CODE_EXHAUSTED, "moves");
        return;
    }
    rules_fill_owner(owner, &body->owner);
    body->recorded = m->recorded;
    body->facility = d->facility_row;
    for (size_t i = 0; i < m->count; i++) {
        if (hands_over(d, m, &m->moves[i], owner)) {
            body->visits[body->count++] = m->moves[i].visit;
        }
    }
    const uint32_t first = visits_find_visit(d->self, &body->visits[0]);
    struct event *event = rules_emit(d, EVENT_VISITS_MOVED, body, sizeof *body, visits_visit(d->self, first)->last_seq);
    if (corrected != NULL) {
        visits__v1__event__init(&d->work->event);
        d->work->event.body_case = VISITS__V1__EVENT__BODY_PATIENTS_CORRECTED;
        d->work->event.patients_corrected = corrected;
        event->public_body = &d->work->event.base;
    }
    d->decision->again = true;
}

/* All pairs of which a number is not known. True: emitted. */
static bool number_unknown(struct deciding *d, const struct moving *m) {
    struct event_visits_numbered *body = rules_new_numbered(d);
    uint32_t first = 0;
    for (size_t i = 0; i < m->count && body != NULL; i++) {
        const struct move *move = &m->moves[i];
        const uint32_t a = visits_find_visit(d->self, &move->visit);
        const uint32_t b = move->renumbers ? visits_find_visit(d->self, &move->number) : 0;
        if (move->renumbers && (a == 0 || b == 0)) {
            first = body->count == 0 ? a + b : first;
            rules_add_pair(body, &move->visit, &move->number);
        }
    }
    if (body == NULL || body->count == 0) {
        return false;
    }
    rules_emit_numbered(d, body, first);
    return true;
}

void rules_move_visits(struct deciding *d, const Visits__V1__MoveVisits *body) {
    struct moving m = {.count = 0};
    if (!check_form(d, body, &m) || (d->command->phase == 0 && !check_state(d, &m))) {
        return;
    }
    if (m.hands) {
        struct owner_key owner;
        person_owner(d->self, &d->keys->person, m.recorded, &owner);
        if (persons_step(d, &d->keys->person, m.recorded, any_hands_over(d, &m, &owner)) != PERSON_READY) {
            return;
        }
        person_owner(d->self, &d->keys->person, m.recorded, &owner);
        if (any_hands_over(d, &m, &owner)) {
            emit_moved(d, &m, &owner);
            return;
        }
    }
    if (number_unknown(d, &m)) {
        return;
    }
    for (size_t i = 0; i < m.count; i++) {
        if (m.moves[i].renumbers && rules_join_numbers(d, &m.moves[i].visit, &m.moves[i].number)) {
            return;
        }
    }
}
