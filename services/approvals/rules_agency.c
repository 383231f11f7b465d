#include "agencies/agencies.h"
#include "approvals/publish_item.h"
#include "approvals/rules.h"

/* Agencies, by an operator: agencies/agencies.h has the rules. */

static uint32_t code_of(enum agency_verdict verdict) {
    switch (verdict) {
    case AGENCY_NEW:
    case AGENCY_SAME:
        return 0;
    case AGENCY_FULL:
        return COMMON__V1__CODE__CODE_EXHAUSTED;
    case AGENCY_MISSING:
        return COMMON__V1__CODE__CODE_MISSING;
    case AGENCY_MALFORMED:
        return COMMON__V1__CODE__CODE_MALFORMED;
    case AGENCY_TOO_LONG:
        return APPROVALS__V1__CODE__CODE_FIELD_TOO_LONG;
    case AGENCY_REGION_UNKNOWN:
        return APPROVALS__V1__CODE__CODE_REGION_UNKNOWN;
    case AGENCY_REGION_FIXED:
        return APPROVALS__V1__CODE__CODE_REGION_FIXED;
    case AGENCY_CREDIT_INVALID:
        return APPROVALS__V1__CODE__CODE_CREDIT_CODE_INVALID;
    }
    return COMMON__V1__CODE__CODE_MALFORMED;
}

void rules_register_agency(struct deciding *d, const Common__V1__RegisterAgency *body) {
    struct agency_body *logged = decide_take(d, sizeof *logged);
    const char *field = NULL;
    bool is_odd = false;
    const enum agency_verdict verdict = agencies_check(&approvals_of(d)->agencies, body, logged, &is_odd, &field);
    const struct agency *known = approvals_agency(d->self, approvals_find_agency(d->self, body->agency));
    if (code_of(verdict) != 0) {
        decide_refuse(d, code_of(verdict), field);
    } else if (decide_check_version(d, known->last_seq) && verdict == AGENCY_NEW) {
        decide_emit(d, EVENT_AGENCY_REGISTERED, logged, sizeof *logged, known->last_seq)->public_body =
            publish_agency(d, logged);
        if (is_odd) {
            d->decision->code = APPROVALS__V1__CODE__CODE_CREDIT_CODE_INVALID;
            d->decision->field = "credit_code";
        }
    }
}
