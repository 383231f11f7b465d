#include "visits/distinct.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/civil.h"
#include "service/service.h"

/* Bits of the mask, see events.proto: 8 * scope + 2 * period + group. */
#define EDGE_ALL_CLASSES UINT32_C(0x555555)
#define EDGE_OWN_CLASS UINT32_C(0xaaaaaa)
#define EDGE_OF_DAY UINT32_C(0x030303)
#define EDGE_OF_MONTH UINT32_C(0x0c0c0c)
#define EDGE_OF_ALL_TIME UINT32_C(0xc0c0c0)
#define PERIODS_DAY UINT32_C(0x55) /* the same day is the same month, year and all time too */
#define PERIODS_MONTH UINT32_C(0x54)
#define PERIODS_YEAR UINT32_C(0x50)
#define PERIODS_ALL_TIME UINT32_C(0x40)

/* --- a person's visits --- */

struct walk {
    const struct visits *self;
    uint32_t record;
    uint32_t visit;
};

static struct walk walk_person(const struct visits *self, uint32_t head) {
    return (struct walk){self, head, head == 0 ? 0 : visits_record(self, head)->first_visit};
}

/* The next visit's row number; 0 at the end. */
static uint32_t walk_next(struct walk *walk) {
    while (walk->visit == 0 && walk->record != 0) {
        walk->record = visits_record(walk->self, walk->record)->next_in_person;
        walk->visit = walk->record == 0 ? 0 : visits_record(walk->self, walk->record)->first_visit;
    }
    uint32_t number = walk->visit;
    if (number != 0) {
        walk->visit = visits_visit(walk->self, number)->next;
    }
    return number;
}

/* Passes over what is left of the record. */
static void walk_skip(struct walk *walk) {
    walk->visit = 0;
}

void persons_add(struct persons *persons, uint32_t head) {
    if (head != 0 && !persons_hold(persons, head)) {
        CHECK(persons->count < PERSONS_MAX);
        persons->heads[persons->count++] = head;
    }
}

bool persons_hold(const struct persons *persons, uint32_t head) {
    for (size_t i = 0; i < persons->count; i++) {
        if (persons->heads[i] == head) {
            return true;
        }
    }
    return false;
}

static bool has_own_group(unsigned visit_class) {
    return visit_class == VISITS__V1__VISIT_CLASS__VISIT_CLASS_INPATIENT ||
           visit_class == VISITS__V1__VISIT_CLASS__VISIT_CLASS_OUTPATIENT ||
           visit_class == VISITS__V1__VISIT_CLASS__VISIT_CLASS_EMERGENCY;
}

/* --- edges of one visit --- */

/* A stretch of time, seconds since 1970, end exclusive. */
struct stretch {
    int64_t from;
    int64_t to;
};

/* Where a visit is, for comparing others with it. */
struct spot {
    struct stretch day;
    struct stretch month;
    struct stretch year;
    uint32_t region;
    uint16_t facility;
    uint8_t own_class; /* 0: none of its own */
};

static struct stretch stretch_of(int32_t first_day, int32_t end_day) {
    return (struct stretch){civil_ms_of_day(first_day) / 1000, civil_ms_of_day(end_day) / 1000};
}

static struct spot spot_of(const struct visits *self, const struct visit *visit) {
    const int32_t day = civil_day_of_s(visit->opened_at);
    const struct civil_date date = civil_date_from_day(day);
    const int32_t year_end = civil_day_from_date(date.year + 1, 1, 1);
    const int32_t month_end = date.month == 12 ? year_end : civil_day_from_date(date.year, date.month + 1u, 1);
    return (struct spot){
        .day = stretch_of(day, day + 1),
        .month = stretch_of(day - date.day + 1, month_end),
        .year = stretch_of(civil_day_from_date(date.year, 1, 1), year_end),
        .region = visits_facility(self, visit->facility)->region,
        .facility = visit->facility,
        .own_class = has_own_group(visit->visit_class) ? visit->visit_class : 0,
    };
}

static bool within(const struct stretch *stretch, int64_t at) {
    return at >= stretch->from && at < stretch->to;
}

static uint32_t shared_periods(const struct spot *spot, int64_t at) {
    if (within(&spot->day, at)) {
        return PERIODS_DAY;
    }
    if (within(&spot->month, at)) {
        return PERIODS_MONTH;
    }
    return within(&spot->year, at) ? PERIODS_YEAR : PERIODS_ALL_TIME;
}

/* The buckets of the spot in which the other visit is too. */
static uint32_t shared_buckets(const struct visits *self, const struct spot *spot, const struct visit *other) {
    uint32_t one_scope = shared_periods(spot, other->opened_at);
    if (other->visit_class == spot->own_class) {
        one_scope |= one_scope << 1;
    }
    uint32_t shared = one_scope;
    if (visits_facility(self, other->facility)->region == spot->region) {
        shared |= one_scope << 8;
    }
    if (other->facility == spot->facility) {
        shared |= one_scope << 16;
    }
    return shared;
}

/* The buckets of the spot in which visits that began at `at` or earlier can be. */
static uint32_t buckets_up_to(const struct spot *spot, int64_t at) {
    if (at >= spot->day.from) {
        return UINT32_MAX;
    }
    if (at >= spot->month.from) {
        return ~EDGE_OF_DAY;
    }
    return at >= spot->year.from ? ~(EDGE_OF_DAY | EDGE_OF_MONTH) : EDGE_OF_ALL_TIME;
}

uint32_t distinct_edge(const struct visits *self, const struct visit *visit, const struct persons *persons,
                       uint32_t except) {
    if (!visit_counts_patient(visit)) {
        return 0;
    }
    uint32_t edge = EDGE_ALL_CLASSES | (has_own_group(visit->visit_class) ? EDGE_OWN_CLASS : 0);
    if (persons->count == 0) {
        return edge;
    }
    const struct spot spot = spot_of(self, visit);
    for (size_t i = 0; i < persons->count; i++) {
        struct walk walk = walk_person(self, persons->heads[i]);
        for (uint32_t number = walk_next(&walk); number != 0 && edge != 0; number = walk_next(&walk)) {
            const struct visit *other = visits_visit(self, number);
            if (number != except && visit_counts_patient(other)) {
                edge &= ~shared_buckets(self, &spot, other);
            }
            if ((edge & buckets_up_to(&spot, other->opened_at)) == 0) {
                walk_skip(&walk); /* the record's others began earlier still: they cannot clear what is left */
            }
        }
    }
    return edge;
}

/* --- regrouping persons --- */

/* One person's presence in one bucket. Ordered by bucket, then person. */
struct presence {
    uint64_t bucket; /* period 4 bits, first day 24, class 8, scope 4, place 24 (region, facility row) */
    uint32_t person;
    uint32_t zero;
};

static uint64_t bucket_pack(unsigned scope, unsigned period, uint32_t place, int32_t day) {
    return (uint64_t)period << 60 | (uint64_t)(uint32_t)day << 36 | (uint64_t)scope << 24 | place;
}

static size_t put_visit(const struct visits *self, const struct visit *visit, uint32_t person, struct presence *out) {
    const int32_t day = civil_day_of_s(visit->opened_at);
    const int32_t starts[] = {day, civil_month_start(day), civil_year_start(day), 0};
    const uint32_t places[] = {0, visits_facility(self, visit->facility)->region, visit->facility};
    size_t count = 0;
    for (unsigned scope = 0; scope < 3; scope++) {
        for (unsigned period = 0; period < 4; period++) {
            /* No period of a counted visit begins before 1970: a stay at the turn of that year is of the year 1970. */
            const uint64_t all = bucket_pack(scope + 1, period + 1, places[scope], starts[period]);
            out[count++] = (struct presence){all, person, 0};
            if (has_own_group(visit->visit_class)) {
                out[count++] = (struct presence){all | (uint64_t)visit->visit_class << 28, person, 0};
            }
        }
    }
    return count;
}

static int compare_presence(const void *a, const void *b) {
    const struct presence *x = a;
    const struct presence *y = b;
    if (x->bucket != y->bucket) {
        return x->bucket < y->bucket ? -1 : 1;
    }
    return (x->person > y->person) - (x->person < y->person);
}

struct presences {
    struct presence *list;
    size_t count;
    size_t at;
};

/* All presences of the moves, before or after. False: no memory. */
static bool list_presences(const struct visits *self, const struct distinct_move *moves, size_t count, bool is_after,
                           struct arena *arena, struct presences *out) {
    *out = (struct presences){.list = arena_alloc(arena, count * 24 * sizeof *out->list)};
    if (out->list == NULL) {
        return false;
    }
    for (size_t i = 0; i < count; i++) {
        const uint32_t person = is_after ? moves[i].after : moves[i].before;
        out->count += put_visit(self, visits_visit(self, moves[i].visit), person, out->list + out->count);
    }
    qsort(out->list, out->count, sizeof *out->list, compare_presence);
    return true;
}

/* Passes over the next bucket, which both lists hold; returns how many persons are in it. */
static int32_t pass_bucket(struct presences *presences, uint64_t bucket) {
    int32_t persons = 0;
    size_t i = presences->at;
    for (; i < presences->count && presences->list[i].bucket == bucket; i++) {
        persons += i == presences->at || presences->list[i].person != presences->list[i - 1].person;
    }
    presences->at = i;
    return persons;
}

static Visits__V1__PatientsDelta *make_delta(const struct visits *self, struct arena *arena, uint64_t bucket,
                                             int32_t patients) {
    Visits__V1__PatientsDelta *delta = arena_alloc(arena, sizeof *delta);
    if (delta == NULL) {
        return NULL;
    }
    visits__v1__patients_delta__init(delta);
    const uint32_t place = bucket & 0xffffff;
    delta->scope = (Visits__V1__Scope)(bucket >> 24 & 0xf);
    delta->period = (Visits__V1__Period)(bucket >> 60);
    delta->visit_class = (Visits__V1__VisitClass)(bucket >> 28 & 0xff);
    delta->day = bucket >> 36 & 0xffffff;
    delta->region = place;
    if (delta->scope == VISITS__V1__SCOPE__SCOPE_FACILITY) {
        delta->region = visits_facility(self, place)->region;
        delta->facility = visits_facility(self, place)->code;
    }
    delta->patients = patients;
    return delta;
}

/* A packed event of so many bytes still leaves room for its own head. */
#define MESSAGE_BYTES_MAX (EVENT_PUBLIC_BYTES_MAX - 64)

/* Cuts the list into messages by their packed size. */
static bool cut(struct arena *arena, struct distinct_deltas *out) {
    out->messages = arena_alloc(arena, (out->count * 96 / MESSAGE_BYTES_MAX + 1) * sizeof *out->messages);
    if (out->messages == NULL) {
        return false;
    }
    size_t bytes = 0;
    for (size_t i = 0; i < out->count; i++) {
        const size_t size = visits__v1__patients_delta__get_packed_size(out->list[i]) + 2;
        if (out->message_count == 0 || bytes + size > MESSAGE_BYTES_MAX) {
            visits__v1__patients_corrected__init(&out->messages[out->message_count]);
            out->messages[out->message_count++].deltas = out->list + i;
            bytes = 0;
        }
        out->messages[out->message_count - 1].n_deltas++;
        bytes += size;
    }
    return true;
}

/* Both lists hold the same visits, so the same buckets. */
static size_t count_buckets(const struct presences *presences) {
    size_t count = 0;
    for (size_t i = 0; i < presences->count; i++) {
        count += i == 0 || presences->list[i].bucket != presences->list[i - 1].bucket;
    }
    return count;
}

bool distinct_regroup(const struct visits *self, const struct distinct_move *moves, size_t count, struct arena *arena,
                      struct distinct_deltas *out) {
    struct presences before, after;
    *out = (struct distinct_deltas){.count = 0};
    if (!list_presences(self, moves, count, false, arena, &before) ||
        !list_presences(self, moves, count, true, arena, &after)) {
        return false;
    }
    out->list = arena_alloc(arena, count_buckets(&before) * sizeof *out->list);
    if (out->list == NULL) {
        return false;
    }
    while (before.at < before.count) {
        const uint64_t bucket = before.list[before.at].bucket;
        const int32_t left = pass_bucket(&before, bucket);
        const int32_t patients = pass_bucket(&after, bucket) - left;
        if (patients == 0) {
            continue;
        }
        out->list[out->count] = make_delta(self, arena, bucket, patients);
        if (out->list[out->count++] == NULL) {
            return false;
        }
    }
    return cut(arena, out);
}
