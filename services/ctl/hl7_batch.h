#ifndef CTL_HL7_BATCH_H
#define CTL_HL7_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"

/*
 * Files of HL7 v2 messages, from a stream of bytes to one message after the other (HL7 v2.x 2.10.3):
 *
 *     [FHS] { [BHS] { MSH ... } [BTS] } [FTS]      or a bare run of MSH messages
 *
 * Segments end with CR, LF or both; a message comes out with CR alone. Byte order marks are skipped. What MLLP keeps
 * for itself (0x0B, 0x1C: a file may be a recording of a connection) ends a segment too, so that none is ever in a
 * message. Works on bytes: none of these stands inside a character of UTF-8 or GB18030. Pure.
 *
 * Memory: twice max_message at most, whatever the file.
 */
#define HL7_BATCH_MESSAGE_BYTES_MAX ((size_t)16 << 20)

enum hl7_batch_event {
    HL7_BATCH_MORE,      /* all bytes are taken, no message is complete; of hl7_batch_finish: the end */
    HL7_BATCH_MESSAGE,   /* batch->message holds one, until the next call */
    HL7_BATCH_TOO_LARGE, /* one was over max_message; batch->message holds its beginning: whole segments */
};

/* What does not fit: each is told once, where it is noticed, and reading goes on. */
enum hl7_batch_finding_kind {
    HL7_BATCH_COUNT_DIFFERS,      /* BTS-1 says another number of messages */
    HL7_BATCH_FILE_COUNT_DIFFERS, /* FTS-1 says another number of batches */
    HL7_BATCH_COUNT_UNREADABLE,   /* BTS-1 or FTS-1 is no number */
    HL7_BATCH_NO_BTS,             /* a batch that BHS began has no end */
    HL7_BATCH_NO_FTS,
    HL7_BATCH_NO_BHS, /* BTS without one */
    HL7_BATCH_NO_FHS,
    HL7_BATCH_NESTED_BHS, /* before the BTS of the batch before */
    HL7_BATCH_NESTED_FHS,
    HL7_BATCH_STRAY,      /* a segment that belongs to no message; told for the first of several in a row */
    HL7_BATCH_OVERLONG,   /* a message over max_message */
    HL7_BATCH_NO_MESSAGE, /* a file with neither a message nor a batch in it */
};
#define HL7_BATCH_FINDING_KINDS 12

struct hl7_batch_finding {
    enum hl7_batch_finding_kind kind;
    uint64_t segment; /* number in the file, from 1 */
    uint64_t said;    /* of the two differing counts */
    uint64_t read;
};

struct hl7_batch {
    struct buffer message;
    uint64_t messages; /* read so far, those too large too */
    /* private */
    size_t max_message;
    void (*finding)(void *user, const struct hl7_batch_finding *finding);
    void *user;
    struct buffer segment;    /* being read */
    uint64_t segments;        /* ended so far, empty ones not counted */
    uint64_t batch_messages;  /* since the batch began */
    uint64_t file_batches;    /* since the file began */
    bool has_waiting;         /* segment is complete and waits until the message was handed out */
    bool is_in_message;       /* message is being gathered */
    bool is_handed_out;       /* message was handed out: the next call begins a new one */
    bool is_overlong;         /* what follows of the message is dropped */
    bool is_segment_overlong; /* what follows of the segment is dropped */
    bool has_fhs, has_bhs;    /* open */
    bool is_batch_counted;    /* the messages now belong to a batch that file_batches holds */
    bool is_stray_told;
    bool has_structure; /* a header or trailer was seen */
};

/* finding (may be NULL) is called from hl7_batch_feed and hl7_batch_finish. */
void hl7_batch_init(struct hl7_batch *batch, size_t max_message,
                    void (*finding)(void *user, const struct hl7_batch_finding *finding), void *user);
void hl7_batch_release(struct hl7_batch *batch);
/* Takes bytes up to the end of the next message; *taken says how many. Feed the rest again. */
enum hl7_batch_event hl7_batch_feed(struct hl7_batch *batch, const uint8_t *data, size_t size, size_t *taken);
/* The end of the file: to be called until it says MORE. */
enum hl7_batch_event hl7_batch_finish(struct hl7_batch *batch);
/* A sentence about a kind of finding, in English and Chinese; %s-free. */
const char *hl7_batch_finding_text(enum hl7_batch_finding_kind kind);
const char *hl7_batch_finding_text_zh(enum hl7_batch_finding_kind kind);
/* A stable word for it: "batch_count_differs". */
const char *hl7_batch_finding_name(enum hl7_batch_finding_kind kind);

#endif
