#include "agencies/agencies.h"

#include <string.h>

#include "base/hash.h"
#include "codes/credit_code.h"
#include "codes/region.h"

static uint64_t text_hash(const char *text) {
    return hash_bytes(text, strlen(text));
}
static uint64_t agency_hash(const void *row) {
    return text_hash(((const struct agency *)row)->code);
}
static bool agency_equal(const void *row, const void *key) {
    return strcmp(((const struct agency *)row)->code, key) == 0;
}

void agencies_init(struct agencies *agencies, struct state *state) {
    table_init(&agencies->rows, "agencies", sizeof(struct agency), AGENCIES_MAX);
    index_init(&agencies->by_code, "agency_by_code", &agencies->rows, agency_hash, agency_equal);
    state_register_table(state, &agencies->rows);
    state_register_index(state, &agencies->by_code);
}

uint32_t agencies_find(const struct agencies *agencies, const char *code) {
    return index_find(&agencies->by_code, text_hash(code), code);
}

static bool is_code(const char *text) {
    const size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-");
    return text[size] == 0 && size < AGENCY_CODE_BYTES;
}

/* The city for a municipal agency, else a county. */
static bool is_region(uint32_t code) {
    const struct region *region = region_find(code);
    return region != NULL && region->is_current;
}

static enum agency_verdict check_form(const Common__V1__RegisterAgency *said, char credit_code[CREDIT_CODE_BYTES],
                                      bool *is_odd, const char **field) {
    *field = "agency";
    if (said->agency[0] == 0) {
        return AGENCY_MISSING;
    }
    if (!is_code(said->agency)) {
        return AGENCY_MALFORMED;
    }
    *field = "name";
    if (said->name[0] == 0) {
        return AGENCY_MISSING;
    }
    if (strlen(said->name) >= AGENCY_NAME_BYTES) {
        return AGENCY_TOO_LONG;
    }
    *field = "region";
    if (!is_region(said->region)) {
        return AGENCY_REGION_UNKNOWN;
    }
    *field = "credit_code"; /* none: its items cannot have codes that begin with it */
    memset(credit_code, 0, CREDIT_CODE_BYTES);
    const enum credit_code_verdict check =
        said->credit_code[0] == 0 ? CREDIT_CODE_VALID : credit_code_normalise(said->credit_code, credit_code);
    *is_odd = check == CREDIT_CODE_ODD_ORGANISATION;
    return check == CREDIT_CODE_INVALID ? AGENCY_CREDIT_INVALID : AGENCY_NEW;
}

static bool is_same(const struct agency *known, const struct agency_body *body) {
    return strcmp(known->name, body->name) == 0 && known->is_window == body->is_window &&
           memcmp(known->credit_code, body->credit_code, sizeof known->credit_code) == 0;
}

enum agency_verdict agencies_check(const struct agencies *agencies, const Common__V1__RegisterAgency *said,
                                   struct agency_body *body, bool *is_odd, const char **field) {
    char credit_code[CREDIT_CODE_BYTES];
    const enum agency_verdict verdict = check_form(said, credit_code, is_odd, field);
    if (verdict != AGENCY_NEW) {
        return verdict;
    }
    *body = (struct agency_body){.region = said->region, .is_window = said->window != 0};
    memcpy(body->code, said->agency, strlen(said->agency));
    memcpy(body->name, said->name, strlen(said->name));
    memcpy(body->credit_code, credit_code, sizeof body->credit_code);
    const uint32_t row = agencies_find(agencies, said->agency);
    if (row == 0) {
        *field = NULL;
        return table_is_full(&agencies->rows) ? AGENCY_FULL : AGENCY_NEW;
    }
    *field = "region";
    if (agencies_row(agencies, row)->region != said->region) {
        return AGENCY_REGION_FIXED;
    }
    return is_same(agencies_row(agencies, row), body) ? AGENCY_SAME : AGENCY_NEW;
}

void agencies_register(struct agencies *agencies, uint64_t seq, const struct agency_body *body) {
    uint32_t number = agencies_find(agencies, body->code);
    const bool is_new = number == 0;
    struct agency *row = is_new ? table_add(&agencies->rows, &number) : agencies_row(agencies, number);
    row->last_seq = seq;
    row->region = body->region;
    row->is_window = body->is_window;
    memcpy(row->code, body->code, sizeof row->code);
    memcpy(row->name, body->name, sizeof row->name);
    memcpy(row->credit_code, body->credit_code, sizeof row->credit_code);
    if (is_new) {
        index_add(&agencies->by_code, number);
    }
}

void agencies_publish(const struct agency_body *body, Common__V1__AgencyRegistered *message) {
    common__v1__agency_registered__init(message);
    message->agency = (char *)(uintptr_t)body->code; /* packed only: read */
    message->name = (char *)(uintptr_t)body->name;
    message->region = body->region;
}
