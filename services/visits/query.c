#include "visits/query.h"

#include <string.h>

#include "visits/pseudonym.h"
#include "visits/query_person.h"
#include "visits/state.h"
#include "visits/v1/codes.pb-c.h"
#include "visits/v1/query.pb-c.h"

static uint32_t check_question(const struct principal *principal, const Visits__V1__GetVisit *query,
                               const char *facility) {
    const size_t size = strlen(query->visit_number);
    if (principal->role != ROLE_OPERATOR && strcmp(facility, principal->organisation) != 0) {
        return COMMON__V1__CODE__CODE_FORBIDDEN;
    }
    if (size == 0) {
        return COMMON__V1__CODE__CODE_MISSING;
    }
    return size > VISITS_NUMBER_BYTES_MAX ? VISITS__V1__CODE__CODE_FIELD_TOO_LONG : 0;
}

static int64_t ms_of(uint32_t s) {
    return (int64_t)s * 1000;
}

/* Whether anybody said that there is, or was, such a visit; not only what would hold of it. */
static bool is_visit(const struct visits *self, uint32_t number) {
    const struct visit *row = visits_visit(self, number);
    const struct extra *extra = visits_extra(self, row->extra);
    return visit_is_live(row) || row->cancel_recorded != 0 || extra->pre_cancel_recorded != 0 ||
           extra->first_claim != 0;
}

static void fill_visit(const struct visits *self, const struct visit *row, Visits__V1__VisitState *out) {
    visits__v1__visit_state__init(out);
    out->visit_class = (Visits__V1__VisitClass)row->visit_class;
    out->one_card = (row->flags & VISIT_ONE_CARD) != 0;
    out->pre_admission = !visit_is_live(row) && visits_extra(self, row->extra)->pre_recorded != 0;
    out->cancelled = !visit_is_live(row) && !out->pre_admission;
    out->implied = visit_is_implied(row);
    out->opened_at_ms = row->begin_recorded == 0 ? 0 : ms_of(row->opened_at);
    out->closed_at_ms = ms_of(row->closed_at);
    out->department = visits_department(self, row->department)->code;
    out->version = row->last_seq;
}

static Visits__V1__VisitState *get_visit(const struct visits *self, const struct principal *principal,
                                         const Visits__V1__GetVisit *query, struct arena *arena, uint32_t *code) {
    const char *facility = query->facility[0] == 0 ? principal->organisation : query->facility;
    *code = check_question(principal, query, facility);
    if (*code != 0) {
        return NULL;
    }
    const uint32_t facility_row = visits_find_facility(self, facility);
    if (facility_row == 0) {
        *code = VISITS__V1__CODE__CODE_FACILITY_UNKNOWN;
        return NULL;
    }
    struct key16 key;
    pseudonym_of_visit(self->local_key, visits_facility(self, facility_row)->code, query->visit_number, &key);
    const uint32_t number = visits_find_visit(self, &key);
    Visits__V1__VisitState *out = arena_alloc(arena, sizeof *out);
    const bool is_known = number != 0 && is_visit(self, number);
    if (!is_known || out == NULL) {
        *code = !is_known ? COMMON__V1__CODE__CODE_NOT_FOUND : COMMON__V1__CODE__CODE_EXHAUSTED;
        return NULL;
    }
    fill_visit(self, visits_visit(self, number), out);
    return out;
}

static Visits__V1__Facilities *list_facilities(const struct visits *self, struct arena *arena, uint32_t *code) {
    const uint32_t count = self->facilities.count;
    Visits__V1__Facilities *out = arena_alloc(arena, sizeof *out);
    Visits__V1__Facility *list = arena_alloc(arena, count * sizeof *list);
    Visits__V1__Facility **pointers = arena_alloc(arena, count * sizeof *pointers);
    if (out == NULL || list == NULL || pointers == NULL) {
        *code = COMMON__V1__CODE__CODE_EXHAUSTED;
        return NULL;
    }
    visits__v1__facilities__init(out);
    for (uint32_t i = 0; i < count; i++) {
        struct facility *row = visits_facility(self, i + 1);
        visits__v1__facility__init(&list[i]);
        list[i].facility = row->code;
        list[i].name = row->name;
        list[i].region = row->region;
        pointers[i] = &list[i];
    }
    out->n_facilities = count;
    out->facilities = pointers;
    return out;
}

/* What publishers and operators ask; answer->body_case stays NOT_SET with *code. */
static void answer_visits(const struct visits *self, const struct question *question, struct arena *arena,
                          Visits__V1__Answer *answer, uint32_t *code) {
    const Visits__V1__Query *body = (const Visits__V1__Query *)question->body;
    const struct principal *principal = question->principal;
    if (principal->role != ROLE_PUBLISHER && principal->role != ROLE_OPERATOR) {
        *code = COMMON__V1__CODE__CODE_FORBIDDEN;
        return;
    }
    if (body->body_case == VISITS__V1__QUERY__BODY_GET_VISIT) {
        answer->visit = get_visit(self, principal, body->get_visit, arena, code);
        answer->body_case = answer->visit == NULL ? 0 : VISITS__V1__ANSWER__BODY_VISIT;
    } else {
        answer->facilities = list_facilities(self, arena, code);
        answer->body_case = answer->facilities == NULL ? 0 : VISITS__V1__ANSWER__BODY_FACILITIES;
    }
}

const ProtobufCMessage *visits_query(const void *self, const struct question *question, struct arena *arena,
                                     struct decision *audit, uint32_t *code) {
    Visits__V1__Answer *answer;
    switch (((const Visits__V1__Query *)question->body)->body_case) {
    case VISITS__V1__QUERY__BODY_GET_VISIT:
    case VISITS__V1__QUERY__BODY_LIST_FACILITIES:
        answer = arena_alloc(arena, sizeof *answer);
        if (answer == NULL) {
            *code = COMMON__V1__CODE__CODE_EXHAUSTED;
            return NULL;
        }
        visits__v1__answer__init(answer);
        answer_visits(self, question, arena, answer, code);
        return answer->body_case == VISITS__V1__ANSWER__BODY__NOT_SET ? NULL : &answer->base;
    case VISITS__V1__QUERY__BODY_GET_PERSON:
    case VISITS__V1__QUERY__BODY_EXPLAIN_PERSON:
    case VISITS__V1__QUERY__BODY_LIST_CONFLICTS:
    case VISITS__V1__QUERY__BODY_LIST_LOOKUPS:
        return visits_query_person(self, question, arena, audit, code);
    case VISITS__V1__QUERY__BODY__NOT_SET:
    case _VISITS__V1__QUERY__BODY__CASE_IS_INT_SIZE:
        break;
    }
    *code = COMMON__V1__CODE__CODE_UNSUPPORTED;
    return NULL;
}
