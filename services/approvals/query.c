#include "approvals/query.h"

#include <string.h>

#include "approvals/catalogue.h"
#include "approvals/query_catalogue.h"
#include "approvals/query_internal.h"

/* --- who may see what --- */

bool query_has_part(const struct approvals *self, const struct approval_case *row, uint32_t agency) {
    bool has = agency != 0 && row->agency == agency;
    for (uint32_t part = row->first_part; part != 0 && !has; part = approvals_part(self, part)->next) {
        has = agency != 0 && approvals_part(self, part)->agency == agency;
    }
    return has;
}

static bool may_see(const struct asking *a, const struct approval_case *row) {
    return a->sees_all || query_has_part(a->self, row, a->agency);
}

uint32_t query_find_case(struct asking *a, const char *number) {
    const size_t size = strlen(number);
    if (size == 0 || size >= APPROVALS_NUMBER_BYTES) {
        asking_refuse(a, size == 0 ? (uint32_t)COMMON__V1__CODE__CODE_MISSING
                                   : (uint32_t)APPROVALS__V1__CODE__CODE_FIELD_TOO_LONG);
        return 0;
    }
    const uint32_t row = approvals_find_case(a->self, number);
    if (row == 0 || !may_see(a, approvals_case(a->self, row))) {
        asking_refuse(a, COMMON__V1__CODE__CODE_NOT_FOUND);
        return 0;
    }
    return row;
}

bool query_list_agency(struct asking *a, const char *code, uint32_t *agency) {
    *agency = approvals_find_agency(a->self, code);
    return asking_list_agency(a, code[0] != 0, agency, APPROVALS__V1__CODE__CODE_AGENCY_UNKNOWN);
}

/* --- the question --- */

static bool begin(struct asking *a) {
    const struct approvals *self = a->self;
    const uint32_t agency = approvals_find_agency(self, a->question->principal->organisation);
    return asking_begin(a, agency, approvals_agency(self, agency)->is_window != 0,
                        catalogue_today(self, a->question->received_at_ms));
}

/* What the catalogue answers, whole; NULL: not of the catalogue, or a code. */
static Approvals__V1__Answer *ask_catalogue(struct asking *a, const Approvals__V1__Query *body) {
    switch ((int)body->body_case) {
    case APPROVALS__V1__QUERY__BODY_LIST_ITEMS:
        return approvals_list_items(a->self, a->question, body->list_items, a->arena, &a->code);
    case APPROVALS__V1__QUERY__BODY_CHECK_ITEMS:
        return approvals_check_items(a->self, a->question, body->check_items, a->arena, &a->code);
    case APPROVALS__V1__QUERY__BODY_LIST_AGENCIES:
        return approvals_list_agencies(a->self, a->question, body->list_agencies, a->arena, &a->code);
    case APPROVALS__V1__QUERY__BODY_GET_CALENDAR:
        return approvals_get_calendar(a->self, a->question, body->get_calendar, a->arena, &a->code);
    default: /* of cases */
        return NULL;
    }
}

static void ask_cases(struct asking *a, const Approvals__V1__Query *body, Approvals__V1__Answer *answer) {
    switch (body->body_case) {
    case APPROVALS__V1__QUERY__BODY_GET_CASE:
        query_get_case(a, body->get_case, answer);
        return;
    case APPROVALS__V1__QUERY__BODY_GET_HISTORY:
        query_get_history(a, body->get_history, answer);
        return;
    case APPROVALS__V1__QUERY__BODY_EXPLAIN_DEADLINE:
        query_explain(a, body->explain_deadline, answer);
        return;
    case APPROVALS__V1__QUERY__BODY_LIST_CASES:
        query_list_cases(a, body->list_cases, answer);
        return;
    case APPROVALS__V1__QUERY__BODY_LIST_SLIPS:
        query_list_slips(a, body->list_slips, answer);
        return;
    case APPROVALS__V1__QUERY__BODY_LIST_ITEMS:
    case APPROVALS__V1__QUERY__BODY_CHECK_ITEMS:
    case APPROVALS__V1__QUERY__BODY_LIST_AGENCIES:
    case APPROVALS__V1__QUERY__BODY_GET_CALENDAR:
    case APPROVALS__V1__QUERY__BODY__NOT_SET:
    case _APPROVALS__V1__QUERY__BODY__CASE_IS_INT_SIZE:
        break;
    }
    asking_refuse(a, COMMON__V1__CODE__CODE_UNSUPPORTED);
}

const ProtobufCMessage *approvals_query(const void *self, const struct question *question, struct arena *arena,
                                        struct decision *audit, uint32_t *code) {
    (void)audit; /* nothing of a person is asked for here */
    const Approvals__V1__Query *body = (const Approvals__V1__Query *)question->body;
    struct asking a = {.self = self, .question = question, .arena = arena};
    if (!begin(&a)) {
        *code = a.code;
        return NULL;
    }
    Approvals__V1__Answer *answer = ask_catalogue(&a, body);
    if (answer == NULL && a.code == 0) {
        answer = asking_take(&a, sizeof *answer);
        if (answer != NULL) {
            approvals__v1__answer__init(answer);
            ask_cases(&a, body, answer);
        }
    }
    *code = a.code;
    return a.code == 0 ? &answer->base : NULL;
}
