#ifndef AGENCIES_AGENCIES_H
#define AGENCIES_AGENCIES_H

#include <assert.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "common/v1/office.pb-c.h"
#include "state/state.h"

/*
 * The agencies that a registry of government work knows: part of its state. An agency is made known by an operator. Its code
 * is the organisation of its keys and its region is where its work counts, so neither ever changes; name, credit code and
 * whether it is a service hall may. Pure. At most AGENCIES_MAX of 160 bytes.
 */
#define AGENCY_CODE_BYTES 33 /* with its final NUL */
#define AGENCY_NAME_BYTES 96 /* zero-padded; at most 95 bytes */
#define AGENCY_CREDIT_BYTES 18
#define AGENCIES_MAX 4096

struct agency {
    uint64_t last_seq;
    uint32_t region; /* GB/T 2260 */
    char code[AGENCY_CODE_BYTES];
    char name[AGENCY_NAME_BYTES];
    char credit_code[AGENCY_CREDIT_BYTES];
    uint8_t is_window; /* a service hall */
};

struct agencies {
    struct table rows;
    struct index by_code;
};

/* Registers "agencies" and its index. */
void agencies_init(struct agencies *agencies, struct state *state);
static inline struct agency *agencies_row(const struct agencies *agencies, uint32_t row) {
    return table_row(&agencies->rows, row);
}
/* 0: none. */
uint32_t agencies_find(const struct agencies *agencies, const char *code);

/* The body of the event, for ever: little endian, no padding. */
struct agency_body {
    uint32_t region;
    char code[AGENCY_CODE_BYTES];
    char name[AGENCY_NAME_BYTES];
    char credit_code[AGENCY_CREDIT_BYTES];
    uint8_t is_window;
};

enum agency_verdict {
    AGENCY_NEW,            /* to be logged: a new one, or a known one that changes */
    AGENCY_SAME,           /* known with the same content: nothing is to be done */
    AGENCY_FULL,           /* no room */
    AGENCY_MISSING,        /* *field is empty */
    AGENCY_MALFORMED,      /* *field has letters that a code has not */
    AGENCY_TOO_LONG,       /* *field */
    AGENCY_REGION_UNKNOWN, /* no current code of the city (GB/T 2260) */
    AGENCY_REGION_FIXED,   /* known with another region */
    AGENCY_CREDIT_INVALID, /* GB 32100 */
};
/* NEW: *body is what is to be logged, and *is_odd says that the credit code's inner check fails (an old code: the sender hears
 * of it). field: of the message. */
enum agency_verdict agencies_check(const struct agencies *agencies, const Common__V1__RegisterAgency *said,
                                   struct agency_body *body, bool *is_odd, const char **field);
/* The event of number seq. */
void agencies_register(struct agencies *agencies, uint64_t seq, const struct agency_body *body);
/* What the feed says of it; texts are borrowed from the body. */
void agencies_publish(const struct agency_body *body, Common__V1__AgencyRegistered *message);

/* All of them, as an answer tells them: in the order of their rows, texts borrowed. NULL: the arena gives no more. */
Common__V1__Agencies *agencies_list(const struct agencies *agencies, struct arena *arena);

static_assert(sizeof(struct agency) == 160, "no padding");
static_assert(sizeof(struct agency_body) == 152, "no padding");

#endif
