#ifndef HL7_GATEWAY_MAP_H
#define HL7_GATEWAY_MAP_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "hl7-gateway/hl7.h"
#include "hl7-gateway/profile.h"
#include "visits/v1/commands.pb-c.h"

/*
 * From an ADT message to one command of the visit registry (HL7 v2.x chapter 3). Pure: the same message and profile
 * give the same command. Names, addresses, telephone numbers and the like are not even read; PID-7 only to compare it
 * with the resident identity number.
 */

/* Codes of HL7 table 0357 that answers carry; 0 is success. */
enum hl7_code {
    HL7_CODE_OK = 0,
    HL7_CODE_SEGMENT_SEQUENCE = 100,
    HL7_CODE_FIELD_MISSING = 101,
    HL7_CODE_DATA_TYPE = 102,
    HL7_CODE_TABLE_VALUE = 103,
    HL7_CODE_MESSAGE_TYPE = 200,
    HL7_CODE_EVENT = 201,
    HL7_CODE_PROCESSING_ID = 202,
    HL7_CODE_VERSION = 203,
    HL7_CODE_UNKNOWN_KEY = 204,
    HL7_CODE_DUPLICATE_KEY = 205,
    HL7_CODE_LOCKED = 206,
    HL7_CODE_INTERNAL = 207,
};

/* Where in the message: constant texts and numbers, never a value. */
struct hl7_place {
    const char *segment; /* "PID"; NULL: none */
    unsigned sequence;   /* of the segment among its kind, from 1 */
    unsigned field;      /* 0: the segment */
    unsigned component;  /* 0: the field */
};

struct verdict {
    enum hl7_code code;
    bool is_reject;  /* R-code (AR, CR); else a content error (AE, CE) */
    bool is_warning; /* accepted; the code goes into an ERR of severity W */
    struct hl7_place place;
};

/* What of a message is counted for its feed's card. */
struct mapped_facts {
    bool visit_number_missing; /* it was synthesised, or taken from elsewhere than PV1-19 */
    bool number_invalid;       /* a resident identity number that fails its check */
    bool class_unmapped;       /* PV1-2 has no row in the feed's table */
    bool is_cancellation;
};

struct mapped {
    struct verdict verdict;       /* not OK and no warning: nothing is to be sent. A warning (a resident identity number
                                   * that fails its check) goes with a command; the registry gives the same one */
    bool has_no_effect;           /* OK, and nothing is to be sent (A09, A17, ...) */
    Visits__V1__Command *command; /* in arena */
    int64_t occurred_at_ms;
    int64_t recorded_at_ms;
    struct mapped_facts facts;
};

/* Rejects that need the header alone (message type, event, processing id, version, control id). OK: go on. */
struct verdict map_check_header(const struct profile *profile, const struct hl7_header *header);
/* Whether it is a trigger (of at most three characters) that is taken at all: "A01". */
bool map_knows_trigger(const char *trigger);
/* A message whose header passed. An arena of 128 KiB is enough for what is read; when it is full: AR 207. */
void map_message(const struct profile *profile, const struct hl7_message *message, struct arena *arena,
                 struct mapped *mapped);
/* What the registry's refusal or warning (common.v1 and visits.v1 codes) says to the sender. field: Problem.field. */
struct verdict map_problem(const struct hl7_header *header, uint32_t code, const char *field, bool is_refusal);

#endif
