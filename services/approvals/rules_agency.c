#include <string.h>

#include "approvals/publish_item.h"
#include "approvals/rules.h"
#include "codes/credit_code.h"
#include "codes/region.h"

/*
 * An agency is made known by an operator. Its code is the organisation of its keys and its region is where its items
 * and cases count, so neither ever changes; name, credit code and whether it is a service hall may.
 */

static bool is_code(const char *text) {
    const size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return text[size] == 0 && size < APPROVALS_CODE_BYTES;
}

/* The city for a municipal agency, else a county. */
static bool is_region(uint32_t code) {
    const struct region *region = region_find(code);
    return region != NULL && region->is_current;
}

static uint32_t check(const Approvals__V1__RegisterAgency *body, char credit_code[CREDIT_CODE_BYTES],
                      const char **field) {
    *field = "agency";
    if (body->agency[0] == 0) {
        return COMMON__V1__CODE__CODE_MISSING;
    }
    if (!is_code(body->agency)) {
        return COMMON__V1__CODE__CODE_MALFORMED;
    }
    *field = "name";
    if (body->name[0] == 0) {
        return COMMON__V1__CODE__CODE_MISSING;
    }
    if (strlen(body->name) >= APPROVALS_NAME_BYTES) {
        return APPROVALS__V1__CODE__CODE_FIELD_TOO_LONG;
    }
    *field = "region";
    if (!is_region(body->region)) {
        return APPROVALS__V1__CODE__CODE_REGION_UNKNOWN;
    }
    *field = "credit_code"; /* none: its items cannot have codes that begin with it */
    memset(credit_code, 0, CREDIT_CODE_BYTES);
    return body->credit_code[0] != 0 && credit_code_normalise(body->credit_code, credit_code) == CREDIT_CODE_INVALID
               ? APPROVALS__V1__CODE__CODE_CREDIT_CODE_INVALID
               : 0;
}

static void emit(struct deciding *d, const Approvals__V1__RegisterAgency *body, const char *credit_code,
                 uint64_t prev) {
    struct event_agency_registered *logged = decide_take(d, sizeof *logged);
    logged->region = body->region;
    logged->is_window = body->window;
    memcpy(logged->code, body->agency, strlen(body->agency));
    memcpy(logged->name, body->name, strlen(body->name));
    memcpy(logged->credit_code, credit_code, sizeof logged->credit_code);
    decide_emit(d, EVENT_AGENCY_REGISTERED, logged, sizeof *logged, prev)->public_body =
        publish_agency(d, body->agency, body->name, body->region);
    /* An old code whose inner check fails is taken; the sender hears of it. */
    char again[CREDIT_CODE_BYTES];
    if (credit_code[0] != 0 && credit_code_normalise(credit_code, again) == CREDIT_CODE_ODD_ORGANISATION) {
        d->decision->code = APPROVALS__V1__CODE__CODE_CREDIT_CODE_INVALID;
        d->decision->field = "credit_code";
    }
}

static bool is_same(const struct agency *known, const Approvals__V1__RegisterAgency *body, const char *credit_code) {
    return strcmp(known->name, body->name) == 0 && known->is_window == (body->window != 0) &&
           memcmp(known->credit_code, credit_code, sizeof known->credit_code) == 0;
}

void rules_register_agency(struct deciding *d, const Approvals__V1__RegisterAgency *body) {
    const char *field = NULL;
    char credit_code[CREDIT_CODE_BYTES];
    const uint32_t code = check(body, credit_code, &field);
    if (code != 0) {
        decide_refuse(d, code, field);
        return;
    }
    const uint32_t row = approvals_find_agency(d->self, body->agency);
    const struct agency *known = approvals_agency(d->self, row);
    if (!decide_check_version(d, known->last_seq)) {
        return;
    }
    if (row != 0 && known->region != body->region) {
        decide_refuse(d, APPROVALS__V1__CODE__CODE_REGION_FIXED, "region");
    } else if (row == 0 && table_is_full(&d->self->agencies)) {
        decide_refuse(d, COMMON__V1__CODE__CODE_EXHAUSTED, NULL);
    } else if (row == 0 || !is_same(known, body, credit_code)) {
        emit(d, body, credit_code, known->last_seq);
    }
}
