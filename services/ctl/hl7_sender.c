#include "ctl/hl7_sender.h"

#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/civil.h"

#define OPEN_MS 5000
#define PAUSE_FIRST_MS 50
#define PAUSE_MOST_MS 5000
#define FLIGHT_BYTES_MAX ((size_t)32 << 20) /* on one connection, or one message */
#define MISFITS_MAX 3

enum entry_state { ENTRY_WAITING, ENTRY_SENT, ENTRY_DONE };

struct entry {
    struct buffer message;
    struct buffer answer; /* once it is done */
    enum entry_state state;
    bool is_local;
};

/* One connection, and which messages are on their way on it, oldest first. */
struct lane {
    struct hl7_link link;
    uint64_t flight[HL7_SENDER_WINDOW_MAX];
    size_t first, count;
    size_t bytes;
    int64_t open_at_ms; /* not before */
    int64_t pause_ms;   /* the next one after a failure to connect */
};

struct hl7_sender {
    struct hl7_sender_options options;
    struct entry *entries; /* ring */
    size_t capacity;
    uint64_t first, next; /* numbers: the oldest still here, the next one */
    uint64_t unsent;      /* no entry before it waits to be sent */
    size_t bytes;
    struct lane lanes[HL7_SENDER_CONNECTIONS_MAX];
    int64_t resume_at_ms; /* nothing new is sent before: the receiver cannot take more */
    int64_t pause_ms;
    int64_t heard_ms;
    int misfits; /* in a row */
    bool was_open;
    struct hl7_sender_counters counters;
    char problem[256];
};

static struct entry *entry_of(struct hl7_sender *sender, uint64_t number) {
    return &sender->entries[number % sender->capacity];
}

struct hl7_sender *hl7_sender_new(const struct hl7_sender_options *options) {
    CHECK(options->connections >= 1 && options->connections <= HL7_SENDER_CONNECTIONS_MAX);
    CHECK(options->window >= 1 && options->window <= HL7_SENDER_WINDOW_MAX);
    struct hl7_sender *sender = calloc(1, sizeof *sender);
    CHECK(sender);
    sender->options = *options;
    sender->capacity = (size_t)4 * (size_t)options->connections * (size_t)options->window;
    sender->entries = calloc(sender->capacity, sizeof *sender->entries);
    CHECK(sender->entries);
    sender->pause_ms = PAUSE_FIRST_MS;
    sender->heard_ms = clock_monotonic_ms();
    for (int i = 0; i < options->connections; i++) {
        hl7_link_init(&sender->lanes[i].link);
        sender->lanes[i].pause_ms = PAUSE_FIRST_MS;
    }
    return sender;
}

void hl7_sender_destroy(struct hl7_sender **sender) {
    if (!*sender) {
        return;
    }
    for (int i = 0; i < (*sender)->options.connections; i++) {
        hl7_link_close(&(*sender)->lanes[i].link);
    }
    for (size_t i = 0; i < (*sender)->capacity; i++) {
        buffer_release(&(*sender)->entries[i].message);
        buffer_release(&(*sender)->entries[i].answer);
    }
    free((*sender)->entries);
    free(*sender);
    *sender = NULL;
}

bool hl7_sender_has_room(const struct hl7_sender *sender, size_t size) {
    return sender->next - sender->first < sender->capacity &&
           (sender->bytes == 0 || sender->bytes + size <= HL7_SENDER_BYTES_MAX);
}

static struct entry *append_entry(struct hl7_sender *sender) {
    CHECK(sender->next - sender->first < sender->capacity);
    if (sender->first == sender->next) {
        sender->heard_ms = clock_monotonic_ms(); /* silence counts from the first that waits */
    }
    struct entry *entry = entry_of(sender, sender->next++);
    CHECK(entry->message.size == 0);
    buffer_clear(&entry->answer);
    entry->is_local = false;
    return entry;
}

void hl7_sender_add(struct hl7_sender *sender, struct buffer *message) {
    struct entry *entry = append_entry(sender);
    struct buffer empty = entry->message;
    entry->message = *message;
    entry->state = ENTRY_WAITING;
    sender->bytes += message->size;
    *message = empty;
}

void hl7_sender_add_answered(struct hl7_sender *sender, const struct buffer *answer) {
    struct entry *entry = append_entry(sender);
    buffer_append(&entry->answer, answer->data, answer->size);
    entry->state = ENTRY_DONE;
    entry->is_local = true;
}

uint64_t hl7_sender_unanswered(const struct hl7_sender *sender) {
    return sender->next - sender->first;
}

/* --- Connections ----------------------------------------------------------------------------------------------------
 */
/* What was on its way waits again, in its order. */
static void lose_lane(struct hl7_sender *sender, struct lane *lane, const char *why) {
    if (*lane->link.problem || *why) {
        snprintf(sender->problem, sizeof sender->problem, "%s", *lane->link.problem ? lane->link.problem : why);
    }
    for (size_t i = 0; i < lane->count; i++) {
        uint64_t number = lane->flight[(lane->first + i) % HL7_SENDER_WINDOW_MAX];
        entry_of(sender, number)->state = ENTRY_WAITING;
        sender->unsent = number < sender->unsent ? number : sender->unsent;
    }
    sender->counters.sent_again += lane->count;
    sender->counters.connections_lost++;
    lane->count = 0;
    lane->bytes = 0;
    hl7_link_close(&lane->link);
    lane->open_at_ms = clock_monotonic_ms() + lane->pause_ms;
    lane->pause_ms = lane->pause_ms * 2 < PAUSE_MOST_MS ? lane->pause_ms * 2 : PAUSE_MOST_MS;
}

static enum status open_lane(struct hl7_sender *sender, struct lane *lane) {
    enum status status = hl7_link_open(&lane->link, &sender->options.address, OPEN_MS, sender->problem);
    if (status == STATUS_OK) {
        sender->was_open = true;
        return STATUS_OK;
    }
    lane->open_at_ms = clock_monotonic_ms() + lane->pause_ms;
    lane->pause_ms = lane->pause_ms * 2 < PAUSE_MOST_MS ? lane->pause_ms * 2 : PAUSE_MOST_MS;
    return status == STATUS_DENIED && !sender->was_open ? STATUS_DENIED : STATUS_OK;
}

static bool lane_has_room(const struct hl7_sender *sender, const struct lane *lane, size_t size) {
    return hl7_link_is_open(&lane->link) && lane->count < (size_t)sender->options.window &&
           (lane->count == 0 || lane->bytes + size <= FLIGHT_BYTES_MAX);
}

/* The open connection with the fewest on their way. */
static struct lane *lane_for(struct hl7_sender *sender, size_t size) {
    struct lane *best = NULL;
    for (int i = 0; i < sender->options.connections; i++) {
        struct lane *lane = &sender->lanes[i];
        if (lane_has_room(sender, lane, size) && (!best || lane->count < best->count)) {
            best = lane;
        }
    }
    return best;
}

static void send_entry(struct hl7_sender *sender, struct lane *lane, uint64_t number) {
    struct entry *entry = entry_of(sender, number);
    lane->flight[(lane->first + lane->count++) % HL7_SENDER_WINDOW_MAX] = number;
    lane->bytes += entry->message.size;
    entry->state = ENTRY_SENT;
    hl7_link_send(&lane->link, entry->message.data, entry->message.size);
}

static void send_waiting(struct hl7_sender *sender, int64_t now_ms) {
    if (now_ms < sender->resume_at_ms) {
        return;
    }
    for (; sender->unsent < sender->next; sender->unsent++) {
        struct entry *entry = entry_of(sender, sender->unsent);
        if (entry->state != ENTRY_WAITING) {
            continue;
        }
        struct lane *lane = lane_for(sender, entry->message.size);
        if (!lane) {
            return;
        }
        send_entry(sender, lane, sender->unsent);
    }
}

/* --- Answers --------------------------------------------------------------------------------------------------------
 */
static uint64_t take_oldest(struct hl7_sender *sender, struct lane *lane) {
    uint64_t number = lane->flight[lane->first];
    lane->first = (lane->first + 1) % HL7_SENDER_WINDOW_MAX;
    lane->count--;
    lane->bytes -= entry_of(sender, number)->message.size;
    return number;
}

static void pause_sending(struct hl7_sender *sender, uint64_t number) {
    int64_t now_ms = clock_monotonic_ms();
    entry_of(sender, number)->state = ENTRY_WAITING;
    sender->unsent = number < sender->unsent ? number : sender->unsent;
    sender->counters.retried++;
    snprintf(sender->problem, sizeof sender->problem, "it cannot take more now (AR 207)");
    if (now_ms >= sender->resume_at_ms) { /* one pause for all that were on their way together */
        sender->resume_at_ms = now_ms + sender->pause_ms;
        sender->pause_ms = sender->pause_ms * 2 < PAUSE_MOST_MS ? sender->pause_ms * 2 : PAUSE_MOST_MS;
    }
}

static void finish_entry(struct hl7_sender *sender, struct lane *lane, uint64_t number, const uint8_t *data,
                         size_t size) {
    struct entry *entry = entry_of(sender, number);
    sender->bytes -= entry->message.size;
    buffer_release(&entry->message);
    buffer_append(&entry->answer, data, size);
    entry->state = ENTRY_DONE;
    sender->heard_ms = clock_monotonic_ms();
    sender->pause_ms = lane->pause_ms = PAUSE_FIRST_MS;
    sender->misfits = 0;
}

/* False: it does not belong to the oldest message on its way here. */
static bool take_answer(struct hl7_sender *sender, struct lane *lane, const uint8_t *data, size_t size) {
    struct hl7_answer answer;
    if (lane->count == 0 || !hl7_answer_parse(data, size, &answer)) {
        return false;
    }
    const struct entry *entry = entry_of(sender, lane->flight[lane->first]);
    if (!hl7_answer_fits(&answer, entry->message.data, entry->message.size)) {
        return false;
    }
    uint64_t number = take_oldest(sender, lane);
    if (hl7_answer_is_try_again(&answer)) {
        pause_sending(sender, number);
    } else {
        finish_entry(sender, lane, number, data, size);
    }
    return true;
}

static enum status serve_lane(struct hl7_sender *sender, struct lane *lane) {
    const uint8_t *data;
    size_t size;
    enum status status = hl7_link_pump(&lane->link);
    while (hl7_link_take(&lane->link, &data, &size)) {
        if (size > 0 && !take_answer(sender, lane, data, size)) {
            lose_lane(sender, lane, "an answer belongs to no message, or is no HL7");
            return ++sender->misfits >= MISFITS_MAX ? STATUS_MALFORMED : STATUS_OK;
        }
    }
    if (status != STATUS_OK) {
        lose_lane(sender, lane, status == STATUS_MALFORMED ? "an answer is too large" : "the connection was ended");
    }
    return STATUS_OK;
}

static void tell_results(struct hl7_sender *sender) {
    while (sender->first < sender->next && entry_of(sender, sender->first)->state == ENTRY_DONE) {
        struct entry *entry = entry_of(sender, sender->first);
        struct hl7_answer answer;
        CHECK(hl7_answer_parse(entry->answer.data, entry->answer.size, &answer));
        sender->options.result(sender->options.user, sender->first, &answer, entry->is_local);
        buffer_clear(&entry->answer);
        sender->first++;
        sender->unsent = sender->unsent < sender->first ? sender->first : sender->unsent;
    }
}

/* --- A step ---------------------------------------------------------------------------------------------------------
 */
/* Connects what is not connected and due. */
static enum status open_lanes(struct hl7_sender *sender) {
    for (int i = 0; i < sender->options.connections; i++) {
        struct lane *lane = &sender->lanes[i];
        if (!hl7_link_is_open(&lane->link) && clock_monotonic_ms() >= lane->open_at_ms) {
            enum status status = open_lane(sender, lane);
            if (status != STATUS_OK) {
                return status;
            }
        }
    }
    return STATUS_OK;
}

/* Until what is due first, at most wait_ms. */
static int wait_of(const struct hl7_sender *sender, int wait_ms) {
    int64_t now_ms = clock_monotonic_ms(), until_ms = now_ms + wait_ms;
    if (sender->resume_at_ms > now_ms && sender->resume_at_ms < until_ms) {
        until_ms = sender->resume_at_ms;
    }
    for (int i = 0; i < sender->options.connections; i++) {
        const struct lane *lane = &sender->lanes[i];
        if (!hl7_link_is_open(&lane->link) && lane->open_at_ms < until_ms) {
            until_ms = lane->open_at_ms;
        }
    }
    return until_ms > now_ms ? (int)(until_ms - now_ms) : 0;
}

static enum status serve(struct hl7_sender *sender, int wait_ms) {
    struct pollfd waiting[HL7_SENDER_CONNECTIONS_MAX];
    struct lane *lanes[HL7_SENDER_CONNECTIONS_MAX];
    nfds_t count = 0;
    for (int i = 0; i < sender->options.connections; i++) {
        struct lane *lane = &sender->lanes[i];
        if (hl7_link_is_open(&lane->link)) {
            waiting[count] = (struct pollfd){lane->link.descriptor, hl7_link_events(&lane->link), 0};
            lanes[count++] = lane;
        }
    }
    if (poll(waiting, count, wait_of(sender, wait_ms)) < 0) {
        return STATUS_OK; /* a signal */
    }
    for (nfds_t i = 0; i < count; i++) {
        enum status status = waiting[i].revents != 0 ? serve_lane(sender, lanes[i]) : STATUS_OK;
        if (status != STATUS_OK) {
            return status;
        }
    }
    return STATUS_OK;
}

enum status hl7_sender_step(struct hl7_sender *sender, int wait_ms) {
    tell_results(sender);
    if (hl7_sender_unanswered(sender) == 0) {
        return STATUS_OK;
    }
    enum status status = open_lanes(sender);
    if (status != STATUS_OK) {
        return status;
    }
    send_waiting(sender, clock_monotonic_ms());
    status = serve(sender, wait_ms);
    tell_results(sender);
    if (status == STATUS_OK && sender->options.timeout_ms > 0 && hl7_sender_unanswered(sender) > 0 &&
        clock_monotonic_ms() - sender->heard_ms > sender->options.timeout_ms) {
        return STATUS_UNAVAILABLE;
    }
    return status;
}

const char *hl7_sender_problem(const struct hl7_sender *sender) {
    return sender->problem;
}

int64_t hl7_sender_silent_s(const struct hl7_sender *sender) {
    return sender->first == sender->next ? 0 : (clock_monotonic_ms() - sender->heard_ms) / 1000;
}

struct hl7_sender_counters hl7_sender_counters(const struct hl7_sender *sender) {
    return sender->counters;
}
