#ifndef CTL_HL7_SENDER_H
#define CTL_HL7_SENDER_H

#include "ctl/hl7_answer.h"
#include "ctl/hl7_link.h"

/*
 * Messages over some MLLP connections, several of them on their way on each; every message gets one final answer, told
 * in the order of the messages. A lost connection is made again and what had no answer is sent again: the receiver
 * knows what it has taken. "Cannot take it now" (AR 207) is sent again after a pause.
 *
 * Memory: HL7_SENDER_BYTES_MAX of messages (or one), twice while they are being written.
 */
#define HL7_SENDER_BYTES_MAX ((size_t)64 << 20)
#define HL7_SENDER_CONNECTIONS_MAX 16
#define HL7_SENDER_WINDOW_MAX 256

struct hl7_sender_options {
    struct hl7_link_address address;
    int connections;    /* 1..HL7_SENDER_CONNECTIONS_MAX */
    int window;         /* messages on their way on each, 1..HL7_SENDER_WINDOW_MAX */
    int64_t timeout_ms; /* without any final answer; 0: for ever */
    /* The final answer to a message; numbers count up from 0. is_local: it was never sent. */
    void (*result)(void *user, uint64_t number, const struct hl7_answer *answer, bool is_local);
    void *user;
};

struct hl7_sender_counters {
    uint64_t sent_again; /* after a lost connection */
    uint64_t retried;    /* after AR 207 */
    uint64_t connections_lost;
};

struct hl7_sender;

struct hl7_sender *hl7_sender_new(const struct hl7_sender_options *options);
void hl7_sender_destroy(struct hl7_sender **sender);
/* Whether a message of so many bytes may be added now; when not, hl7_sender_step makes room. */
bool hl7_sender_has_room(const struct hl7_sender *sender, size_t size);
/* Takes the bytes of the message; the buffer is empty afterwards, with memory of its own. */
void hl7_sender_add(struct hl7_sender *sender, struct buffer *message);
/* A message that cannot be sent: `answer` (MSH and MSA) takes its place in the order. */
void hl7_sender_add_answered(struct hl7_sender *sender, const struct buffer *answer);
/* Messages without a final answer. */
uint64_t hl7_sender_unanswered(const struct hl7_sender *sender);
/*
 * Sends and receives; waits up to wait_ms for something to happen. UNAVAILABLE: no final answer for timeout_ms. DENIED:
 * the very first TLS handshake failed. MALFORMED: the answers belong to other messages, or are no HL7.
 * hl7_sender_problem says more.
 */
enum status hl7_sender_step(struct hl7_sender *sender, int wait_ms);
const char *hl7_sender_problem(const struct hl7_sender *sender);
/* Seconds since the last final answer, or since something began to wait. */
int64_t hl7_sender_silent_s(const struct hl7_sender *sender);
struct hl7_sender_counters hl7_sender_counters(const struct hl7_sender *sender);

#endif
