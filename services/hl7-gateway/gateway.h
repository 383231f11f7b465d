#ifndef HL7_GATEWAY_GATEWAY_H
#define HL7_GATEWAY_GATEWAY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/queue.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "config/config.h"
#include "hl7-gateway/ack.h"
#include "hl7-gateway/charset.h"
#include "hl7-gateway/hl7.h"
#include "hl7-gateway/map.h"
#include "hl7-gateway/mllp.h"
#include "hl7-gateway/profile.h"
#include "service/daemon.h"
#include "spool/spool.h"

/*
 * The HL7 gateway. One thread, one loop; MLLP sockets in an epoll descriptor inside it. A message goes
 *
 *     connection -> receive (header, repetition?, charset, parse, map) -> turn (spool, one commit for all of a turn)
 *     -> relay (registry, one client for each facility) -> answer (in the order of arrival)
 *
 * No positive answer is written before the commit that holds the message, and, unless /registry/when_away is accept,
 * before the registry's verdict.
 *
 * Memory: /limits/buffer_bytes for all that connections hold (frames being read, what waits behind them, answers due
 * and unsent), TURN_* for a turn, one frame unpacked (/limits/frame_bytes, times 1.5 where it is GB18030), 8 bytes for
 * each spooled message that waits for the registry and about 200 for each whose sender waits, and the windows of the
 * clients: RELAY_WINDOW Submits of at most 900 KiB for each facility.
 */
#define LISTENERS_MAX 16
#define TURN_MESSAGES_MAX 1024       /* in one transaction */
#define TURN_BYTES_MAX (1024 * 1024) /* of their commands */
#define TURN_FRAMES_OF_ONE_MAX 256   /* frames of one connection before others have their turn */
#define READ_BYTES (64 * 1024)       /* of one connection in a turn */
#define TICK_MS 10
/* While the registry has messages of ours, a commit waits so long for more, or for so many: the turns follow the
 * registry's, and each of both fsyncs holds what came meanwhile. */
#define GATHER_NS 1000000
#define GATHER_MESSAGES 256
#define SETTLE_MS 20           /* verdicts wait so long for a transaction that is made anyway */
#define RETURN_WAIT_MS 200     /* for the carriage return behind a frame */
#define HEADER_BYTES_MAX 16384 /* a longer MSH counts as unreadable */
#define RELAY_WINDOW 16
#define RELAY_ENTRIES_A_TURN 512 /* read back from the spool */
#define FEEDS_MAX 4096           /* names ever used */
/* For an answer to something whose own MSH cannot be read. */
#define HEADER_STAND_IN "MSH|^~\\&|||||||||||"

struct gateway;
struct connection;
struct flight;
TAILQ_HEAD(flight_queue, flight);
struct relay;
struct relay_facility;
struct conformance;
struct gateway_desk;
struct tls_context;
struct tls_session;

/* What epoll points at. */
struct watch {
    enum { WATCH_LISTENER, WATCH_CONNECTION, WATCH_FACILITY, WATCH_BACKLOG, WATCH_TIMER, WATCH_SPOOL } kind;
};

struct listener {
    struct watch watch;
    struct gateway *gateway;
    char name[PROFILE_NAME_BYTES];
    int descriptor;          /* -1: not open */
    struct tls_context *tls; /* NULL: plain */
};

struct limits {
    size_t connections;
    size_t buffer_bytes;
    size_t frame_bytes;
    uint32_t answers;                        /* due to one connection before it is not read any more */
    int64_t frame_ms, handshake_ms, idle_ms; /* idle 0: no limit */
};

/* --- Feeds: conformance.c --------------------------------------------------------------------------------------------
 */

enum tally {
    TALLY_MESSAGES,
    TALLY_DUPLICATES,
    TALLY_CONTROL_IDS_REUSED,
    TALLY_CHARSET_MISMATCHES,
    TALLY_CHARSET_UNDECLARED,
    TALLY_VISIT_NUMBERS_MISSING,
    TALLY_LATE,
    TALLY_CANCELLATIONS,
    TALLY_RESIDENT_IDS_INVALID,
    TALLY_CLASSES_UNMAPPED,
    TALLY_REMNANTS,
    TALLY_ENDS_WITHOUT_RETURN,
    TALLY_LINE_FEEDS,
    TALLY_COUNT
};
#define ANSWER_TEXTS 6  /* AA, AE, AR, CA, CE, CR */
#define ANSWER_CODES 13 /* 0, 100..103, 200..207 */
#define TALLIES (TALLY_COUNT + ANSWER_TEXTS * ANSWER_CODES)
#define UNMAPPED_MAX 32
#define UNMAPPED_BYTES 17
#define UNMAPPED_PERSONS 5 /* so many have to come with a code before it is listed */
#define UNMAPPED_CANDIDATES 32

/* What stands in PV1-2 and has no meaning yet, hashed: a code comes with many persons, what names a person does not. */
struct unmapped_candidate {
    uint64_t code;
    uint64_t persons[UNMAPPED_PERSONS]; /* hashed; those that came with it so far */
    uint32_t count;
};

/* A sender's messages under one name, for as long as the process lives; the number is for ever. */
struct feed {
    uint16_t number;
    char name[PROFILE_NAME_BYTES];
    char facility[PROFILE_NAME_BYTES];
    char listener[PROFILE_NAME_BYTES];
    bool is_configured;
    uint64_t totals[TALLIES];  /* since the start */
    uint32_t unsaved[TALLIES]; /* not on the disk yet */
    bool has_unsaved;
    int64_t last_message_ms;
    uint64_t waiting; /* at the registry, or for it */
    char unmapped[UNMAPPED_MAX][UNMAPPED_BYTES];
    size_t unmapped_count, unmapped_saved;
    struct unmapped_candidate candidates[UNMAPPED_CANDIDATES]; /* overwritten in turn */
    size_t next_candidate;
};

/* Opens conformance.db in the folder. IO, CORRUPT. */
enum status conformance_open(struct gateway *gateway, const char *folder);
void conformance_close(struct gateway *gateway);
/* The feed of this name, made known (durably) when it is new. NULL: FEEDS_MAX, or the disk refused. */
struct feed *conformance_feed(struct gateway *gateway, const char *name);
struct feed *conformance_feed_by_number(struct gateway *gateway, uint16_t number); /* NULL */
size_t conformance_feed_count(const struct gateway *gateway);
struct feed *conformance_feed_at(const struct gateway *gateway, size_t place);
void conformance_count(struct feed *feed, enum tally tally, uint64_t times);
/* text: "AA", ...; code: of table 0357, 0 for none. */
void conformance_answered(struct feed *feed, const char *text, uint32_t code);
/* A code of PV1-2 without meaning, and a hash of whom the message is about. Listed once UNMAPPED_PERSONS different ones
 * came with it, if it looks like a code: a sender that mixes up its fields does not bring a person into the list. */
void conformance_unmapped(struct feed *feed, const char *code, uint64_t person);
/* Writes what was counted since; about once a second. What a crash takes with it is at most that second's counts. */
void conformance_save(struct gateway *gateway);
/* From now on its commits need not reach the disk at once. */
void conformance_relax(struct gateway *gateway);
/* Sums of the days first..last into sums. IO. */
enum status conformance_read(struct gateway *gateway, const struct feed *feed, int32_t first_day, int32_t last_day,
                             uint64_t sums[TALLIES]);
/* The text and code of an answer's tally, from TALLY_COUNT on. */
const char *conformance_answer_text(size_t tally);
uint32_t conformance_answer_code(size_t tally);

/* --- Answers: answer.c ----------------------------------------------------------------------------------------------
 */

/* What an answer needs of its message. Borrowed for a call. */
struct received {
    const uint8_t *data;             /* the payload that header points into */
    const struct hl7_header *header; /* NULL: it could not be read */
    struct feed *feed;               /* NULL: of none */
    enum ack_mode mode;
};

/* One answer that is due. Lives until it is written or its connection is gone. */
struct answer {
    TAILQ_ENTRY(answer) in_order; /* of its connection */
    TAILQ_ENTRY(answer) at_flight;
    TAILQ_ENTRY(answer) in_hold; /* of all that wait, oldest first */
    struct connection *connection;
    struct flight *flight; /* what it waits for; NULL: verdict stands */
    struct feed *feed;
    int64_t expires_ms; /* monotonic */
    struct verdict verdict;
    enum ack_mode mode;
    bool is_readable;
    uint32_t header_size;
    char header[]; /* MSH as it was sent */
};
TAILQ_HEAD(answer_list, answer);

/* The verdict is known: written at once, or behind those that are due before it. */
void answer_give(struct connection *connection, const struct received *received, const struct verdict *verdict);
/* It is known when the flight is settled. */
void answer_await(struct connection *connection, const struct received *received, struct flight *flight);
/* Ends the waiting of one. */
void answer_settle(struct answer *answer, const struct verdict *verdict);
/* Without writing it: its connection is gone. */
void answer_drop(struct answer *answer);
/* Writes those of a connection whose turn it is. */
void answers_write(struct connection *connection);
/* Appends the frame to out (cleared before), counts it. */
void answer_compose(struct gateway *gateway, const struct received *received, const struct verdict *verdict,
                    struct buffer *out);
/* Those whose time is up: accepted into the spool, or AR 207. */
void answers_expire(struct gateway *gateway, int64_t now_ms);

/* --- Connections: connection.c --------------------------------------------------------------------------------------
 */

/* By what it waits for; within each the one that was quiet longest comes first. */
enum connection_list {
    LIST_FRESH,   /* nothing complete came yet */
    LIST_INSIDE,  /* within a frame, or shaking hands */
    LIST_IDLE,    /* for its next frame */
    LIST_WAITING, /* for the registry */
    LIST_STALLED, /* for the peer to read */
    LIST_COUNT
};

struct connection {
    struct watch watch;
    TAILQ_ENTRY(connection) in_list;
    TAILQ_ENTRY(connection) in_backlog;
    struct gateway *gateway;
    const struct listener *listener;
    int descriptor;
    struct tls_session *tls; /* NULL: plain */
    struct mllp_reader reader;
    struct mllp_counters counted; /* of the reader, what was counted already */
    struct buffer rest;           /* read from the socket, not yet taken */
    size_t rest_taken;
    struct buffer out; /* not yet sent */
    size_t out_sent;
    struct answer_list answers;
    uint32_t answer_count;
    size_t answer_bytes;
    size_t bytes;      /* of it, in gateway.buffer_bytes */
    struct feed *feed; /* of its last message */
    int64_t since_ms;  /* monotonic: connected, or closing */
    int64_t active_ms; /* monotonic */
    uint32_t interest; /* of epoll */
    enum connection_list list;
    bool has_spoken; /* a complete frame came */
    bool is_shaking_hands;
    bool tls_wants_write;
    bool is_ended;   /* nothing more is read */
    bool is_closing; /* once its answers are written */
    bool is_lingering; /* they are: what still comes is thrown away, so that the peer can read them */
    bool is_dead;
    bool is_in_backlog;
    bool is_working; /* its frames are being taken */
    bool is_return_late; /* of a frame that is complete but for that */
};
TAILQ_HEAD(connection_queue, connection);

void connection_new(struct listener *listener, int descriptor);
void connection_ready(struct connection *connection, uint32_t events);
/* Goes on with what was read before. */
void connection_resume(struct connection *connection);
/* Writes the answers whose turn it is, and goes on. */
void connection_answer(struct connection *connection);
/* At once; its memory is freed by connections_bury. */
void connection_close(struct connection *connection);
/* Sends one frame, or keeps what the socket does not take. */
void connection_send(struct connection *connection, const struct buffer *frame);
/* Its bytes and its list, after anything changed. */
void connection_settle(struct connection *connection);
/* Time limits. */
void connections_expire(struct gateway *gateway, int64_t now_ms);
/* Makes room for one more: closes the one that is least missed. False: there is none. */
bool connections_make_room(struct gateway *gateway);
void connections_bury(struct gateway *gateway);
void connections_close_all(struct gateway *gateway);

/* --- Listeners: listener.c ------------------------------------------------------------------------------------------
 */

/* Opens /listeners. CONFIG, IO, DENIED; logged. */
enum status listeners_open(struct gateway *gateway);
void listeners_close(struct gateway *gateway);
void listener_accept(struct listener *listener);
/* Reads certificates again; those that cannot be read stay as they are. */
void listeners_reload(struct gateway *gateway);
/* After descriptors ran out. */
void listeners_wake(struct gateway *gateway);

/* --- One frame: receive.c -------------------------------------------------------------------------------------------
 */

enum receive_refusal { RECEIVE_TOO_LARGE, RECEIVE_NO_ROOM };

void receive_frame(struct connection *connection, const uint8_t *data, size_t size);
/* Answers what was read of a frame that is not taken, if its MSH can be read. */
void receive_refuse(struct connection *connection, const uint8_t *data, size_t size, enum receive_refusal why);
/* A spooled message again: its command in the gateway's arena. NOT_FOUND: its feed is not configured; MALFORMED: by
 * today's settings it is no command. */
enum status receive_again(struct gateway *gateway, const struct spool_entry *entry, struct mapped *mapped,
                          const struct profile **profile);
/* The feed's name in the body of a spool entry; false when it is none of ours. */
bool receive_feed_name(const struct spool_entry *entry, char name[PROFILE_NAME_BYTES]);

/* --- One transaction: turn.c ----------------------------------------------------------------------------------------
 */

/* A message that is in the open transaction and goes to the registry beside its commit. */
struct staged {
    struct flight *flight;
    bool is_ahead; /* its client has it already */
    struct id command;
    int64_t occurred_at_ms;
    size_t offset, size; /* of its command in turn.commands */
};

struct settlement {
    uint64_t number;
    uint32_t verdict, code;
};

struct turn {
    bool is_open; /* a transaction */
    bool is_gathering;        /* its commit waits a moment for more */
    int64_t begun_ns;         /* monotonic: when the first was staged */
    int gather_timer;         /* timerfd */
    struct staged staged[TURN_MESSAGES_MAX];
    size_t staged_count;
    struct buffer commands;
    struct flight_queue unsynced; /* committed, not on the disk yet, in the order of their commits */
    struct settlement *settlements; /* not written yet; one for each flight at most */
    size_t settlement_count, settlement_capacity;
    int64_t settle_since_ms;         /* monotonic; 0: none wait */
    size_t settled_since_expiry;
    struct connection_queue backlog; /* connections with bytes that were read already */
    int backlog_event;               /* eventfd: makes the loop come back */
};

enum status turn_init(struct gateway *gateway);
/* Once the spool is open. */
enum status turn_watch_spool(struct gateway *gateway);
void turn_release(struct gateway *gateway);
/* Whether another message fits. */
bool turn_is_full(const struct gateway *gateway);
/* Keeps a message: entry with feed, key, hash, body; command packed. MEMORY: the spool is full. Otherwise the
 * transaction is gone, and with it all that was staged. */
struct message_owner {
    struct feed *feed;
    struct relay_facility *facility;
};
enum status turn_stage(struct gateway *gateway, struct spool_entry *entry, const struct message_owner *owner,
                       const Visits__V1__Command *command, struct flight **flight);
/* To be written with the next transaction. What a crash loses of it the registry says again. */
void turn_note_verdict(struct gateway *gateway, uint64_t number, uint32_t verdict, uint32_t code);
/* Whether it is among those that are not written yet. */
bool turn_find_verdict(const struct gateway *gateway, uint64_t number, uint32_t *verdict, uint32_t *code);
/* Commits, and sends on what was staged, unless it gathers more. */
void turn_end(struct gateway *gateway);
/* The same, at once. */
void turn_finish(struct gateway *gateway);
/* Verdicts that waited long enough. */
void turn_tick(struct gateway *gateway, int64_t now_ms);
void turn_add_backlog(struct connection *connection);
void turn_remove_backlog(struct connection *connection);
int turn_ready(zloop_t *loop, zmq_pollitem_t *item, void *gateway);

/* --- The registry: relay.c ------------------------------------------------------------------------------------------
 */

/* As in spool_entry.verdict. */
enum { VERDICT_ACCEPTED = 1, VERDICT_REFUSED = 2, VERDICT_REFUSED_LATE = 3 /* after a positive answer */ };

/* A spooled message whose answers wait, or that is on its way to the registry. */
struct flight {
    struct flight *next; /* in its bucket */
    uint64_t number;     /* in the spool */
    struct relay_facility *facility;
    struct feed *feed;
    struct answer_list answers;
    bool is_sent;      /* the client has it */
    bool is_staged;    /* it is not on the disk yet */
    bool is_settling;  /* its answers are being given */
    bool is_decided;   /* the registry has said this, and it is not on the disk yet */
    uint32_t verdict, code;
    uint64_t commit; /* that holds it; 0: not committed yet, or long ago */
    TAILQ_ENTRY(flight) in_unsynced;
};

enum status relay_new(struct gateway *gateway);
void relay_destroy(struct gateway *gateway);
/* All that waits in the spool. */
enum status relay_load(struct gateway *gateway);
/* NULL: there are too many. */
struct relay_facility *relay_facility(struct gateway *gateway, const char *code);
/* The flight of an entry without verdict; made when it is not known. */
struct flight *relay_flight(struct gateway *gateway, uint64_t number, const struct message_owner *owner);
/* The spool has lost it: its answers are AR 207. */
void relay_forget(struct gateway *gateway, struct flight *flight);
/* Of a flight whose message has come to the disk: what the registry has said of it meanwhile is answered. */
void relay_landed(struct gateway *gateway, struct flight *flight);
/* The flight of a message that is not on the disk yet; NULL. */
struct flight *relay_unsynced(struct gateway *gateway, uint64_t number);
/* Hands a staged message to its facility's client while its commit is still due: both fsyncs then run side by side. No
 * reply is looked at before relay_flush. False: there is no room, or others wait before it. */
bool relay_send_ahead(struct gateway *gateway, const struct staged *staged, const uint8_t *command);
/* Sends what was handed over. */
void relay_push(struct gateway *gateway);
/* The commit failed: what was handed ahead is taken from the clients, which begin anew. Verdicts on it would be of no use, and
 * its numbers will be others'. */
void relay_recall(struct gateway *gateway, const struct staged *staged, size_t count);
/* Queues a committed message that could not be sent ahead. */
void relay_queue(struct gateway *gateway, struct flight *flight);
/* Sends, and takes the replies there are. */
void relay_flush(struct gateway *gateway);
/* Whether the registry has messages of ours without a verdict. */
bool relay_has_sent(const struct gateway *gateway);
/* The registry has something for a facility. */
void relay_ready(struct watch *watch);
void relay_tick(struct gateway *gateway, int64_t now_ms);
/* Feeds or keys may have changed: what could not be sent is tried again. */
void relay_reload(struct gateway *gateway);
/* Whether the registry left a hold of this facility unanswered, and has said nothing since. */
bool relay_is_away(const struct relay_facility *facility);
/* An answer to it was held as long as is allowed. */
void relay_note_expired(struct gateway *gateway, struct flight *flight);
/* An answer does not wait for it any more: it goes when nothing else needs it. */
void relay_release(struct gateway *gateway, struct flight *flight);
/* The answer of a settled entry. */
struct verdict relay_verdict(const struct hl7_header *header, uint32_t verdict, uint32_t code);

struct relay_counters {
    uint64_t sent, accepted, duplicates, refused, expired;
    uint64_t refused_late; /* after a positive answer, as far as is known */
    uint64_t queued; /* in the spool, not with a client */
    uint64_t flights;
    size_t facilities, away, broken;
    uint64_t unroutable; /* their feed is not configured */
};
struct relay_counters relay_counters(const struct gateway *gateway);

/* --- Desk and metrics: desk.c, metrics.c ----------------------------------------------------------------------------
 */

enum status gateway_desk_new(struct gateway *gateway);
void gateway_desk_destroy(struct gateway *gateway);
void gateway_desk_reload(struct gateway *gateway);
void gateway_desk_metrics(const struct gateway *gateway, struct buffer *out);
void gateway_metrics(void *gateway, struct buffer *out);

/* --- The whole: gateway.c -------------------------------------------------------------------------------------------
 */

struct gateway_counters {
    uint64_t accepted, refused_full, evicted, handshakes, handshakes_failed;
    uint64_t closed_frame_timeout, closed_idle, closed_stalled, closed_broken, closed_too_large, closed_no_room;
    uint64_t frames, frame_bytes, empty_frames, noise_bytes, unreadable, no_feed, wrong_certificate;
    uint64_t answers, turns_failed, spool_full;
    uint64_t stored; /* messages */
};

struct gateway {
    const struct config *config;
    struct daemon *daemon;
    struct limits limits;
    bool accepts_when_away;
    int64_t hold_ms;
    int64_t started_at_ms;
    struct profiles profiles;
    struct feed **profile_feeds; /* by place in profiles.rows */
    struct spool *spool;
    bool spool_is_failing;
    uint8_t hash_key[32];
    uint64_t id_seed, ids; /* of commands: random at the start, counted since */
    char boot[9]; /* begins our own control ids */
    uint64_t control_ids;

    struct listener listeners[LISTENERS_MAX];
    size_t listener_count;
    bool listeners_sleep;
    int poller; /* epoll */
    zmq_pollitem_t poll_item;
    struct connection_queue lists[LIST_COUNT];
    struct connection_queue dead;
    size_t connection_count;
    size_t buffer_bytes;
    bool is_relieving;
    int64_t now_ms; /* monotonic, of this turn */

    struct arena arena; /* of the frame at hand */
    struct hl7_message message;
    struct charset_converter *converter;
    struct buffer spooled; /* body at hand */
    struct buffer frame;   /* answer at hand */
    uint8_t input[READ_BYTES];

    struct turn turn;
    struct answer_list hold;
    struct relay *relay;
    struct conformance *conformance;
    struct gateway_desk *desk;
    struct gateway_counters counters;
    int64_t saved_ms, expired_ms, reaped_ms;
};

extern const struct config_key gateway_config_keys[];
/* The whole program; returns the exit code. */
int gateway_run(int argc, char **argv);
/* The profile of a configured feed; NULL. */
const struct profile *gateway_profile(const struct gateway *gateway, const char *feed_name);
struct feed *gateway_feed_of(const struct gateway *gateway, const struct profile *profile);
/* NULL when messages can be taken, else one sentence. */
const char *gateway_unready_reason(const struct gateway *gateway);

#endif
