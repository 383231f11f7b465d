#ifndef HL7_GATEWAY_HL7_H
#define HL7_GATEWAY_HL7_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"

/*
 * HL7 v2 messages in their pipe form (HL7 v2.x chapter 2): the few segments that visits need, by name. Pure.
 *
 * Read in three steps: hl7_read_header on the raw bytes (MSH is ASCII: delimiters, control id and the declared charset
 * come first), conversion to UTF-8 (charset.h), hl7_parse on the converted text. A field is looked up where it stands;
 * escapes are decoded when it is fetched.
 */

/* A run of bytes inside somebody else's memory; size 0: empty or absent. */
struct text {
    const char *data;
    size_t size;
};

struct hl7_delimiters {
    char field, component, repetition, escape, subcomponent;
};

/* What an answer needs, raw bytes as they were sent; blanks round codes (MSH-9, 15, 16) are left out. */
struct hl7_header {
    struct hl7_delimiters delimiters;
    size_t offset;               /* of "MSH" in the payload (a byte order mark and line ends may come before) */
    size_t size;                 /* of the segment, without its end */
    uint8_t encoding_characters; /* how many MSH-2 holds: 3..5 */
    struct text encoding;        /* MSH-2 itself */
    struct text sending_application, sending_facility;     /* MSH-3, MSH-4 whole, undecoded */
    struct text receiving_application, receiving_facility; /* MSH-5, MSH-6 */
    struct text time;                                      /* MSH-7 */
    struct text message_code;                              /* MSH-9.1 */
    struct text trigger;                                   /* MSH-9.2 */
    struct text structure;                                 /* MSH-9.3; empty when two parts were sent */
    struct text control_id;                                /* MSH-10, byte for byte: never trimmed */
    struct text processing_id;                             /* MSH-11 whole; .1 is what counts */
    struct text version;                                   /* MSH-12 whole; .1 is what counts */
    struct text accept_ack;                                /* MSH-15 */
    struct text application_ack;                           /* MSH-16 */
    struct text country;                                   /* MSH-17: some senders put the charset here */
    struct text charset;                                   /* MSH-18, first repetition */
    struct text charset_field;                             /* MSH-18 whole, for the answer */
};

enum hl7_problem {
    HL7_OK = 0,
    HL7_NO_MSH,         /* no MSH where a message begins */
    HL7_BAD_DELIMITERS, /* fewer than three, equal, or not ASCII punctuation */
    HL7_GLUED,          /* a second MSH in one frame */
    HL7_BATCH,          /* FHS or BHS: a batch is no message */
    HL7_TOO_MANY,       /* more segments of a kind than HL7_SEGMENTS_MAX */
};

/*
 * Everything points into data. On HL7_NO_MSH and HL7_BAD_DELIMITERS nothing else is set. On HL7_BATCH what FHS or BHS
 * shares with MSH is: delimiters, fields 3 to 7, and as control_id its own (field 11). Where MSH-2 has three
 * characters, the usual ones fill the gap: "^~&" is what is left of "^~\&" in a sender's own string literal. In a
 * segment that is no UTF-8, bytes are taken by the characters of GB18030, so that none of their second bytes is a
 * delimiter.
 */
enum hl7_problem hl7_read_header(const uint8_t *data, size_t size, struct hl7_header *header);

enum hl7_segment_kind { HL7_MSH, HL7_EVN, HL7_PID, HL7_PV1, HL7_MRG, HL7_ZBE, HL7_PV2, HL7_Z, HL7_OTHER };

/*
 * Turns the bytes of \X escapes, which are in the charset of the message as it was sent, into UTF-8: *written bytes at
 * to, which has room for `size` * 2. False: they are no characters, and the escape stands as it is. Set by
 * charset_attach (charset.h) after hl7_parse; without one the bytes must be UTF-8.
 */
typedef bool hl7_decode_bytes(void *context, const uint8_t *bytes, size_t size, char *to, size_t *written);

#define HL7_SEGMENTS_MAX 64 /* kept ones; a message of a merge of many has some */
struct hl7_segment {
    enum hl7_segment_kind kind;
    char name[4];
    struct text text; /* whole segment in UTF-8, without its end */
};

/* Counted as a sender's habits, none of them an error. */
struct hl7_habits {
    bool line_feeds; /* LF or CRLF instead of CR */
    bool no_final_return;
    bool few_delimiters; /* MSH-2 of three characters */
};

struct hl7_message {
    struct hl7_header header; /* of the converted text */
    struct hl7_segment
        segments[HL7_SEGMENTS_MAX]; /* MSH EVN PID PV1 PV2 MRG ZBE and the Z segment asked for, in order */
    size_t count;
    struct hl7_habits habits;
    hl7_decode_bytes *decode; /* NULL after hl7_parse */
    void *decode_context;
};

/*
 * Splits UTF-8 text into segments. z_segment: a further segment to keep ("ZCD"), or some with a blank between them
 * ("ZCD ZRC"; all are of kind HL7_Z, tell them by name); NULL for none. All that hl7_read_header says, and GLUED,
 * TOO_MANY. A line feed ends a segment only before another segment, an empty line or the end: inside an address it is
 * part of it.
 */
enum hl7_problem hl7_parse(const char *data, size_t size, const char *z_segment, struct hl7_message *message);

/* The first segment of a kind from place `from` on; NULL. Its place is its index in segments. */
const struct hl7_segment *hl7_find(const struct hl7_message *message, enum hl7_segment_kind kind, size_t from);

/* A field as it stands: number from 1 (MSH counts its separator as 1). Empty when segment is NULL. */
struct text hl7_field(const struct hl7_message *message, const struct hl7_segment *segment, unsigned field);
/* The repetition of a field, from 0; has_more (may be NULL) tells whether there is another one. */
struct text hl7_repetition(const struct hl7_message *message, struct text field, unsigned repetition, bool *has_more);
/* All repetitions in turn, each byte read once: start with *rest = the field; false when none is left. An empty field
 * has none. */
bool hl7_next_repetition(const struct hl7_message *message, struct text *rest, struct text *repetition);
/* Component and subcomponent of a repetition, from 1. */
struct text hl7_component(const struct hl7_message *message, struct text repetition, unsigned component);
struct text hl7_subcomponent(const struct hl7_message *message, struct text component, unsigned subcomponent);
/* Whether it is the two quotes that delete. */
bool hl7_is_null(struct text text);
/*
 * The value: escapes decoded (\F\ \S\ \R\ \E\ \T\ \P\; \Xhh..\ that is text, its control characters as blanks;
 * \.br\ and the like as a blank; unknown ones as they stand), blanks round it trimmed. NUL-terminated, in arena; "" for
 * an empty or deleted one; NULL when the arena is full.
 */
const char *hl7_value(const struct hl7_message *message, struct text text, struct arena *arena);

/* Shorthand: first repetition, component c, first subcomponent of a field, as a value. */
const char *hl7_get(const struct hl7_message *message, const struct hl7_segment *segment, unsigned field,
                    unsigned component, struct arena *arena);

/*
 * A time stamp (TS or DTM: YYYYMM[DD[HH[MM[SS[.f]]]]][+/-ZZZZ], or the ISO form with hyphens and T or a blank) as Unix
 * ms; +08:00 without a zone. What is left out is the beginning of it. False for less than a month's precision, or what
 * is no time.
 */
bool hl7_time(const char *text, int64_t *unix_ms);

#endif
