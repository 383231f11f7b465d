#include "visits/visit_deltas.h"

#include "visits/distinct.h"

/* All counted one-card visits of the persons between whom visits change hands, each with its person before and after.
 */

enum { PERSONS_HANDED_MAX = 2 * MOVES_MAX };

struct hands {
    const struct visits *self;
    const struct handed_visit *handed;
    size_t count;
    uint32_t persons[PERSONS_HANDED_MAX];
    size_t person_count;
    size_t visits_max;
    struct distinct_move *moves;
    size_t move_count;
};

static void add_person(struct hands *hands, uint32_t head) {
    for (size_t i = 0; i < hands->person_count; i++) {
        if (hands->persons[i] == head) {
            return;
        }
    }
    hands->persons[hands->person_count++] = head;
}

static uint32_t person_after(const struct hands *hands, uint32_t number, uint32_t head) {
    for (size_t i = 0; i < hands->count; i++) {
        if (hands->handed[i].number == number) {
            return hands->handed[i].to;
        }
    }
    return head;
}

/* False: too many visits, of which only some may count. */
static bool add_visits(struct hands *hands, uint32_t head, size_t *seen) {
    const struct visits *self = hands->self;
    for (uint32_t record = head; record != 0; record = visits_record(self, record)->next_in_person) {
        uint32_t number = visits_record(self, record)->first_visit;
        for (; number != 0; number = visits_visit(self, number)->next) {
            if (++*seen > hands->visits_max) {
                return false;
            }
            if (visit_counts_patient(visits_visit(self, number))) {
                hands->moves[hands->move_count++] =
                    (struct distinct_move){number, head, person_after(hands, number, head)};
            }
        }
    }
    return true;
}

bool visit_deltas(const struct visits *self, const struct handed_visit *handed, size_t count, size_t visits_max,
                  struct arena *arena, Visits__V1__PatientsCorrected **out) {
    *out = NULL;
    if (count == 0) {
        return true;
    }
    struct hands hands = {.self = self, .handed = handed, .count = count, .visits_max = visits_max};
    struct distinct_deltas deltas;
    size_t seen = 0;
    hands.moves = arena_alloc(arena, visits_max * sizeof *hands.moves);
    if (hands.moves == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        add_person(&hands, handed[i].from);
        add_person(&hands, handed[i].to);
    }
    for (size_t i = 0; i < hands.person_count; i++) {
        if (!add_visits(&hands, hands.persons[i], &seen)) {
            return false;
        }
    }
    if (!distinct_regroup(self, hands.moves, hands.move_count, arena, &deltas) || deltas.message_count > 1) {
        return false;
    }
    *out = deltas.message_count == 0 ? NULL : &deltas.messages[0];
    return true;
}
