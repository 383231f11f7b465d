#include "approvals/query.h"

#include <string.h>

#include "approvals/catalogue.h"
#include "approvals/query_catalogue.h"
#include "approvals/query_internal.h"

void *asking_take(struct asking *a, size_t size) {
    void *taken = arena_zalloc(a->arena, size);
    if (taken == NULL) {
        a->code = COMMON__V1__CODE__CODE_EXHAUSTED;
    }
    return taken;
}

void asking_refuse(struct asking *a, uint32_t code) {
    a->code = code;
}

/* --- who may see what --- */

bool asking_has_part(const struct approvals *self, const struct approval_case *row, uint32_t agency) {
    bool has = agency != 0 && row->agency == agency;
    for (uint32_t part = row->first_part; part != 0 && !has; part = approvals_part(self, part)->next) {
        has = agency != 0 && approvals_part(self, part)->agency == agency;
    }
    return has;
}

static bool may_see(const struct asking *a, const struct approval_case *row) {
    return a->sees_all || asking_has_part(a->self, row, a->agency);
}

uint32_t asking_find_case(struct asking *a, const char *number) {
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

bool asking_list_agency(struct asking *a, const char *code, uint32_t *agency) {
    *agency = code[0] == 0 ? (a->sees_all ? 0 : a->agency) : approvals_find_agency(a->self, code);
    if (*agency == 0 && (code[0] != 0 || !a->sees_all)) {
        asking_refuse(a, APPROVALS__V1__CODE__CODE_AGENCY_UNKNOWN);
        return false;
    }
    if (!a->sees_all && *agency != a->agency) {
        asking_refuse(a, COMMON__V1__CODE__CODE_FORBIDDEN);
        return false;
    }
    return true;
}

/* Roles that ask here at all. */
static bool may_ask(enum role role) {
    switch (role) {
    case ROLE_PUBLISHER:
    case ROLE_OPERATOR:
    case ROLE_CLERK:
    case ROLE_HANDLER:
    case ROLE_HEAD:
    case ROLE_LEADER:
    case ROLE_SUPERVISOR:
        return true;
    case ROLE_NONE:
    case ROLE_FOLLOWER:
    case ROLE_READER:
    case ROLE_REGISTRAR:
        break;
    }
    return false;
}

/* --- the question --- */

static void begin(struct asking *a) {
    const struct principal *principal = a->question->principal;
    a->agency = approvals_find_agency(a->self, principal->organisation);
    a->sees_all = principal->role == ROLE_SUPERVISOR || principal->role == ROLE_LEADER ||
                  principal->role == ROLE_OPERATOR ||
                  (principal->role == ROLE_CLERK && approvals_agency(a->self, a->agency)->is_window != 0);
    a->today = catalogue_today(a->self, a->question->received_at_ms);
    a->notice_seq = notices_last_seq(&a->self->notices);
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
    if (!may_ask(question->principal->role)) {
        *code = COMMON__V1__CODE__CODE_FORBIDDEN;
        return NULL;
    }
    begin(&a);
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
