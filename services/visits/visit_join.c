#include "visits/visit_join.h"

#include <string.h>

void visit_load(const struct visits *self, uint32_t number, struct visit_facts *facts) {
    facts->row = *visits_visit(self, number);
    facts->extra = *visits_extra(self, facts->row.extra);
    facts->place = visits_department(self, facts->row.department)->code;
}

/* --- what a cancellation voids --- */

static void void_owner(struct visit *row) {
    row->owner_recorded = 0;
    row->flags &= (uint16_t) ~(VISIT_NAMED | VISIT_OWNER_WEAK);
}

static void wipe_row(struct visit *row, uint32_t cancel) {
    if (row->begin_recorded <= cancel || (row->flags & VISIT_BEGIN_WEAK)) {
        row->begin_recorded = 0;
        row->flags &= (uint16_t) ~(VISIT_ONE_CARD | VISIT_BEGIN_WEAK);
    }
    if (row->class_recorded <= cancel || (row->flags & VISIT_CLASS_WEAK)) {
        row->class_recorded = 0;
        row->visit_class = 0;
        row->flags &= (uint16_t) ~(VISIT_CLASS_CHANGED | VISIT_CLASS_WEAK);
    }
    if (row->end_recorded <= cancel) {
        row->end_recorded = 0;
        row->closed_at = 0;
        row->flags &= (uint16_t)~VISIT_REOPENED;
    }
    if (row->open_recorded <= cancel) {
        row->open_recorded = 0;
    }
    if (row->owner_recorded <= cancel || (row->flags & VISIT_OWNER_WEAK)) {
        void_owner(row);
    }
    row->flags &= (uint16_t) ~(VISIT_STAY_PROVEN | VISIT_UPDATED | VISIT_PRE_KNOWN);
}

static void wipe_extra(struct extra *extra, uint32_t cancel) {
    if (extra->pre_recorded <= cancel) {
        extra->pre_recorded = 0;
    }
    if (extra->pre_cancel_recorded <= cancel) {
        extra->pre_cancel_recorded = 0;
    }
    if (extra->moved_recorded <= cancel) {
        extra->moved_base = extra->moved_identity = extra->moved_recorded = 0;
    }
    if (extra->rescue_recorded <= cancel) {
        extra->called_at = extra->arrived_at = extra->rescue_recorded = 0;
        extra->is_urban = 0;
    }
}

void visit_wipe(struct visit_facts *facts) {
    const uint32_t cancel = facts->row.cancel_recorded;
    if (cancel == 0) {
        return;
    }
    wipe_row(&facts->row, cancel);
    wipe_extra(&facts->extra, cancel);
    if (facts->row.place_recorded <= cancel) {
        facts->row.place_recorded = 0;
        facts->row.department = 0;
        facts->place = "";
    }
}

/* --- which of two holds --- */

/* high is 0 where there is nothing. */
struct weight {
    uint64_t high;
    uint64_t low;
};

static bool outweighs(struct weight a, struct weight b) {
    return a.high != b.high ? a.high > b.high : a.low > b.low;
}

/* Anything strong before anything weak; the newest strong one, the oldest weak one. */
static uint64_t weight_of_time(uint32_t recorded, bool is_weak) {
    if (recorded == 0) {
        return 0;
    }
    return is_weak ? (UINT64_C(1) << 32) - recorded : UINT64_C(1) << 40 | recorded;
}

static struct weight weigh_begin(const struct visit *row) {
    return (struct weight){weight_of_time(row->begin_recorded, row->flags & VISIT_BEGIN_WEAK),
                           (uint64_t)row->opened_at << 1 | (row->flags & VISIT_ONE_CARD)};
}

/* Of one second a class change holds, then anything but a pre-admission. */
static struct weight weigh_class(const struct visit *row) {
    const bool is_change = row->flags & VISIT_CLASS_CHANGED;
    const bool is_other_than_pre = row->visit_class != 4; /* VISIT_CLASS_PRE_ADMISSION */
    return (struct weight){weight_of_time(row->class_recorded, row->flags & VISIT_CLASS_WEAK),
                           (uint64_t)is_change << 9 | (uint64_t)is_other_than_pre << 8 | row->visit_class};
}

static struct weight weigh_end(const struct visit *row) {
    return (struct weight){row->end_recorded, (uint64_t)((row->flags & VISIT_REOPENED) != 0) << 32 | row->closed_at};
}

static struct weight weigh_rescue(const struct extra *extra) {
    return (struct weight){(uint64_t)extra->rescue_recorded << 1 | (extra->rescue_recorded != 0 && extra->is_urban),
                           (uint64_t)extra->arrived_at << 32 | extra->called_at};
}

static void take_flags(struct visit *into, const struct visit *from, unsigned flags) {
    into->flags = (uint16_t)((into->flags & ~flags) | (from->flags & flags));
}

static void join_begin(struct visit *into, const struct visit *from) {
    if (from->begin_recorded != 0 && (into->begin_recorded == 0 || outweighs(weigh_begin(from), weigh_begin(into)))) {
        into->opened_at = from->opened_at;
        into->begin_recorded = from->begin_recorded;
        take_flags(into, from, VISIT_ONE_CARD | VISIT_BEGIN_WEAK);
    }
}

static void join_class(struct visit *into, const struct visit *from) {
    if (outweighs(weigh_class(from), weigh_class(into))) {
        into->visit_class = from->visit_class;
        into->class_recorded = from->class_recorded;
        take_flags(into, from, VISIT_CLASS_CHANGED | VISIT_CLASS_WEAK);
    }
}

static void join_end(struct visit *into, const struct visit *from) {
    if (outweighs(weigh_end(from), weigh_end(into))) {
        into->closed_at = from->closed_at;
        into->end_recorded = from->end_recorded;
        take_flags(into, from, VISIT_REOPENED);
    }
}

static void join_place(struct visit_facts *into, const struct visit_facts *from) {
    const uint32_t a = from->row.place_recorded;
    const uint32_t b = into->row.place_recorded;
    if (a > b || (a == b && a != 0 && strcmp(from->place, into->place) > 0)) {
        into->row.place_recorded = a;
        into->row.department = from->row.department;
        into->place = from->place;
    }
}

static void join_rescue(struct extra *into, const struct extra *from) {
    if (outweighs(weigh_rescue(from), weigh_rescue(into))) {
        into->called_at = from->called_at;
        into->arrived_at = from->arrived_at;
        into->rescue_recorded = from->rescue_recorded;
        into->is_urban = from->is_urban;
    }
}

static int compare_moves(const struct visits *self, const struct extra *a, const struct extra *b) {
    if (a->moved_recorded != b->moved_recorded) {
        return a->moved_recorded > b->moved_recorded ? 1 : -1;
    }
    const int bases = memcmp(&visits_record(self, a->moved_base)->key, &visits_record(self, b->moved_base)->key,
                             sizeof(struct key12));
    return bases != 0 ? bases
                      : memcmp(&visits_identity(self, a->moved_identity)->key,
                               &visits_identity(self, b->moved_identity)->key, sizeof(struct key16));
}

static void join_move(const struct visits *self, struct extra *into, const struct extra *from) {
    if (compare_moves(self, from, into) > 0) {
        into->moved_base = from->moved_base;
        into->moved_identity = from->moved_identity;
        into->moved_recorded = from->moved_recorded;
    }
}

void visit_join(const struct visits *self, struct visit_facts *into, const struct visit_facts *other) {
    struct visit_facts from = *other;
    const uint32_t cancel =
        into->row.cancel_recorded > from.row.cancel_recorded ? into->row.cancel_recorded : from.row.cancel_recorded;
    into->row.cancel_recorded = cancel;
    from.row.cancel_recorded = cancel;
    visit_wipe(into);
    visit_wipe(&from);
    join_begin(&into->row, &from.row);
    join_class(&into->row, &from.row);
    join_end(&into->row, &from.row);
    join_place(into, &from);
    into->row.flags |= from.row.flags & (VISIT_STAY_PROVEN | VISIT_UPDATED | VISIT_PRE_KNOWN);
    if (from.extra.pre_cancel_recorded > into->extra.pre_cancel_recorded) {
        into->extra.pre_cancel_recorded = from.extra.pre_cancel_recorded;
    }
    join_rescue(&into->extra, &from.extra);
    join_move(self, &into->extra, &from.extra);
}

bool visit_facts_equal(const struct visit_facts *a, const struct visit_facts *b) {
    struct visit row = a->row;
    row.department = b->row.department;
    return memcmp(&row, &b->row, sizeof row) == 0 && memcmp(&a->extra, &b->extra, sizeof a->extra) == 0 &&
           strcmp(a->place, b->place) == 0;
}
