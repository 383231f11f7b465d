#include <string.h>

#include "common/v1/problem.pb-c.h"
#include "hl7-gateway/map_internal.h"
#include "visits/v1/codes.pb-c.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define COMMON(word) COMMON__V1__CODE__CODE_##word
#define VISITS(word) VISITS__V1__CODE__CODE_##word

/* What a code of the registry is to the sender. Without a place of its own, the place is where the field at fault came
 * from. What an operator of the city has to put right is AR 207, which the sender may try again. */
static const struct row {
    uint32_t code;
    enum hl7_code hl7;
    bool is_reject;
    struct hl7_place place;
} rows[] = {
    {COMMON(BAD_TEXT), HL7_CODE_DATA_TYPE, false, {0}},
    {COMMON(IN_THE_FUTURE), HL7_CODE_DATA_TYPE, false, {0}},
    {COMMON(BAD_TIME), HL7_CODE_DATA_TYPE, false, {0}},
    {COMMON(MISSING), HL7_CODE_FIELD_MISSING, false, {0}},
    {COMMON(NOT_FOUND), HL7_CODE_UNKNOWN_KEY, false, {0}},
    {COMMON(FORBIDDEN), HL7_CODE_INTERNAL, true, {0}},
    {COMMON(NOT_YOUR_ORGANISATION), HL7_CODE_INTERNAL, true, {0}},
    {COMMON(REVOKED), HL7_CODE_INTERNAL, true, {0}},
    {COMMON(OUT_OF_ORDER), HL7_CODE_INTERNAL, true, {0}},
    {COMMON(UNAVAILABLE), HL7_CODE_INTERNAL, true, {0}},
    {COMMON(EXHAUSTED), HL7_CODE_INTERNAL, true, {0}},
    {VISITS(PSEUDONYM_KEY_CHANGED), HL7_CODE_INTERNAL, true, {0}},
    {VISITS(FACILITY_UNKNOWN), HL7_CODE_UNKNOWN_KEY, false, {"MSH", 1, 4, 0}},
    {VISITS(RESIDENT_ID_INVALID), HL7_CODE_TABLE_VALUE, false, {"PID", 1, 3, 0}},
    {VISITS(IDENTITY_MISSING), HL7_CODE_FIELD_MISSING, false, {"PID", 1, 3, 0}},
    {VISITS(VISIT_UNKNOWN), HL7_CODE_UNKNOWN_KEY, false, {0}},
    {VISITS(FIELD_TOO_LONG), HL7_CODE_DATA_TYPE, false, {0}},
    {VISITS(IDENTIFIER_NOT_YOURS), HL7_CODE_UNKNOWN_KEY, false, {0}},
    {VISITS(IDENTIFIER_UNKNOWN), HL7_CODE_UNKNOWN_KEY, false, {0}},
    {VISITS(MERGE_LOOP), HL7_CODE_DUPLICATE_KEY, false, {0}},
    {VISITS(NOTHING_TO_MERGE), HL7_CODE_UNKNOWN_KEY, false, {0}},
    {VISITS(PERSON_IN_USE), HL7_CODE_LOCKED, false, {"PID", 1, 3, 0}},
};

static const struct row *find_row(uint32_t code) {
    for (size_t i = 0; i < COUNT(rows); i++) {
        if (rows[i].code == code) {
            return &rows[i];
        }
    }
    return NULL;
}

/* --- The place --- */

/* Where a field of the command came from; the first word that is in its path. */
static const struct origin {
    const char *word;
    const char *segment;
    unsigned field, component;
} origins[] = {
    {"moves", "MRG", 5, 0},       {"former_number", "MRG", 5, 0}, {"visit_number", "PV1", 19, 0},
    {"visit_class", "PV1", 2, 0}, {"opened_at", "PV1", 44, 0},    {"recorded_at", "EVN", 2, 0},
    {"occurred_at", "EVN", 2, 0}, {"department", "PV1", 3, 0},    {"movement", "ZBE", 1, 0},
    {"prior", "MRG", 1, 0},       {"survivor", "PID", 3, 0},      {"merges", "MRG", 1, 0},
    {"domain", "PID", 3, 4},      {"second", "PID", 3, 0},        {"resident_id", "PID", 3, 0},
    {"local_id", "PID", 3, 0},    {"person", "PID", 3, 0},        {"first", "PID", 3, 0},
};

/* "moves[0].person...": whose the visit becomes; "moves[0].new_number": as it is to be numbered. */
static const struct origin move_origins[] = {
    {"new_number", "PV1", 19, 0},
    {"domain", "PID", 3, 4},
    {"person", "PID", 3, 0},
};

/* The place in brackets, from 1; 1 without any. */
static unsigned sequence_in(const char *field) {
    const char *bracket = strchr(field, '[');
    unsigned number = 0;
    for (const char *at = bracket == NULL ? "" : bracket + 1; *at >= '0' && *at <= '9' && number < 1000; at++) {
        number = number * 10 + (unsigned)(*at - '0');
    }
    return number + 1;
}

static const struct origin *find_origin(const struct origin *table, size_t count, const char *field) {
    for (size_t i = 0; i < count; i++) {
        if (strstr(field, table[i].word) != NULL) {
            return &table[i];
        }
    }
    return NULL;
}

static bool has_trigger(const struct hl7_header *header, const char *trigger) {
    return header->trigger.size == 3 && memcmp(header->trigger.data, trigger, 3) == 0;
}

static bool is_move(const struct hl7_header *header) {
    return has_trigger(header, "A45") || has_trigger(header, "A50");
}

/* The registry names no field: the usual place of a code. */
static struct hl7_place usual_place(const struct hl7_header *header, uint32_t code) {
    switch (code) {
    case VISITS(VISIT_UNKNOWN):
        return is_move(header) ? (struct hl7_place){"MRG", 1, 5, 0} : (struct hl7_place){"PV1", 1, 19, 0};
    case VISITS(MERGE_LOOP):
    case VISITS(NOTHING_TO_MERGE):
        return (struct hl7_place){"MRG", 1, 1, 0};
    case VISITS(IDENTIFIER_NOT_YOURS):
        return (struct hl7_place){"PID", 1, 3, 4};
    case VISITS(IDENTIFIER_UNKNOWN):
        return (struct hl7_place){"PID", 1, 3, 0};
    case COMMON(IN_THE_FUTURE):
    case COMMON(BAD_TIME):
        return (struct hl7_place){"EVN", 1, 2, 0};
    default: /* codes of others, known or not */
        return (struct hl7_place){0};
    }
}

static struct hl7_place place_of(const struct hl7_header *header, uint32_t code, const char *field) {
    const struct origin *origin =
        strstr(field, "moves") == NULL ? NULL : find_origin(move_origins, COUNT(move_origins), field);
    if (origin == NULL) {
        origin = find_origin(origins, COUNT(origins), field);
    }
    /* An A45 names no visit but those of its MRG, whatever the registry calls the field. */
    bool is_prior = code == VISITS(VISIT_UNKNOWN) && is_move(header) && strchr(field, '[') == NULL;
    if (origin == NULL || is_prior) {
        return usual_place(header, code);
    }
    bool is_mrg = strcmp(origin->segment, "MRG") == 0;
    bool is_list = strstr(field, "merges[") != NULL || strstr(field, "moves[") != NULL;
    unsigned sequence = strstr(field, "second") != NULL ? 2 : is_list ? sequence_in(strstr(field, "m")) : 1;
    /* An A45 has one PID for all its visits. */
    bool is_shared = strstr(field, "moves[") != NULL && strcmp(origin->segment, "PID") == 0;
    bool has_domain = is_mrg && origin->field == 1 && strstr(field, "domain") != NULL;
    return (struct hl7_place){origin->segment, is_shared ? 1 : sequence, origin->field,
                              has_domain ? 4 : origin->component};
}

struct verdict map_problem(const struct hl7_header *header, uint32_t code, const char *field, bool is_refusal) {
    const struct row *row = find_row(code);
    if (!is_refusal) {
        bool is_told = code == VISITS(RESIDENT_ID_INVALID); /* a conflict is for the registrar, not for the sender */
        return is_told ? (struct verdict){.code = row->hl7, .is_warning = true, .place = row->place}
                       : (struct verdict){0};
    }
    if (row == NULL) {
        return (struct verdict){.code = HL7_CODE_INTERNAL};
    }
    struct verdict verdict = {.code = row->hl7, .is_reject = row->is_reject, .place = row->place};
    if (!row->is_reject && row->place.segment == NULL) {
        verdict.place = place_of(header, code, field == NULL ? "" : field);
    }
    return verdict;
}
