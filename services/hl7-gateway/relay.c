#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>

#include "base/check.h"
#include "base/civil.h"
#include "base/hash.h"
#include "base/log.h"
#include "client/client.h"
#include "hl7-gateway/gateway.h"
#include "hl7-gateway/verdict_code.h"

/*
 * From the spool to the registry. Each facility has its own key, and so its own client; what its client has no room for
 * waits as a number and is read back from the spool. The registry knows the command ids: sent again, a message gets its
 * first verdict.
 */

#define RETRY_MS 10000
#define PUMP_MS 100 /* for what no reply brings about: sending again, a registry that is back */
#define LOAD_ENTRIES 1000
#define FACILITIES_MAX 4096

/* Numbers of spool entries, oldest first. */
struct numbers {
    uint64_t *ring;
    size_t first, count, capacity; /* a power of two */
};

struct relay_facility {
    struct watch watch;
    struct gateway *gateway;
    char code[PROFILE_NAME_BYTES];
    struct client *client;  /* NULL: its key cannot be used */
    struct numbers waiting; /* to be sent */
    int64_t retry_ms;       /* monotonic: when to open the client again */
    int64_t heard_ms;       /* monotonic: last receipt */
    int64_t pumped_ms;
    bool is_away;
    bool is_broken; /* said so in the log already */
    bool is_unflushed;
};

struct relay {
    struct relay_facility *facilities[FACILITIES_MAX];
    size_t facility_count;
    struct relay_facility *recent; /* found last */
    struct flight **buckets;
    size_t bucket_count, flight_count, sent_count;
    struct numbers unroutable;
    struct relay_counters counters;
};

/* --- Numbers -------------------------------------------------------------------------------------------------------- */

static void numbers_grow(struct numbers *numbers) {
    size_t capacity = numbers->capacity == 0 ? 64 : numbers->capacity * 2;
    uint64_t *ring = calloc(capacity, sizeof *ring);
    CHECK(ring != NULL);
    for (size_t i = 0; i < numbers->count; i++) {
        ring[i] = numbers->ring[(numbers->first + i) & (numbers->capacity - 1)];
    }
    free(numbers->ring);
    *numbers = (struct numbers){.ring = ring, .count = numbers->count, .capacity = capacity};
}

static void numbers_push(struct numbers *numbers, uint64_t number) {
    if (numbers->count == numbers->capacity) {
        numbers_grow(numbers);
    }
    numbers->ring[(numbers->first + numbers->count++) & (numbers->capacity - 1)] = number;
}

static void numbers_unshift(struct numbers *numbers, uint64_t number) {
    if (numbers->count == numbers->capacity) {
        numbers_grow(numbers);
    }
    numbers->first = (numbers->first - 1) & (numbers->capacity - 1);
    numbers->ring[numbers->first] = number;
    numbers->count++;
}

static uint64_t numbers_head(const struct numbers *numbers) {
    return numbers->ring[numbers->first];
}

static void numbers_shift(struct numbers *numbers) {
    numbers->first = (numbers->first + 1) & (numbers->capacity - 1);
    if (--numbers->count == 0) {
        free(numbers->ring);
        *numbers = (struct numbers){0};
    }
}

/* --- Flights -------------------------------------------------------------------------------------------------------- */

static struct flight **bucket_of(const struct relay *relay, uint64_t number) {
    return &relay->buckets[hash_mix64(number) & (relay->bucket_count - 1)];
}

static void flights_grow(struct relay *relay) {
    struct flight **old = relay->buckets;
    size_t old_count = relay->bucket_count;
    relay->bucket_count = old_count == 0 ? 1024 : old_count * 2;
    relay->buckets = calloc(relay->bucket_count, sizeof *relay->buckets);
    CHECK(relay->buckets != NULL);
    for (size_t i = 0; i < old_count; i++) {
        struct flight *next;
        for (struct flight *flight = old[i]; flight != NULL; flight = next) {
            next = flight->next;
            struct flight **bucket = bucket_of(relay, flight->number);
            flight->next = *bucket;
            *bucket = flight;
        }
    }
    free(old);
}

static struct flight *flight_find(const struct relay *relay, uint64_t number) {
    struct flight *flight = *bucket_of(relay, number);
    while (flight != NULL && flight->number != number) {
        flight = flight->next;
    }
    return flight;
}

struct flight *relay_flight(struct gateway *gateway, uint64_t number, const struct message_owner *owner) {
    struct relay *relay = gateway->relay;
    struct flight *flight = flight_find(relay, number);
    if (flight != NULL) {
        return flight;
    }
    if (relay->flight_count == relay->bucket_count) {
        flights_grow(relay);
    }
    flight = calloc(1, sizeof *flight);
    CHECK(flight != NULL);
    struct flight **bucket = bucket_of(relay, number);
    *flight =
        (struct flight){.next = *bucket, .number = number, .facility = owner->facility, .feed = owner->feed};
    TAILQ_INIT(&flight->answers);
    *bucket = flight;
    relay->flight_count++;
    return flight;
}

static void flight_destroy(struct relay *relay, struct flight *flight) {
    struct flight **at = bucket_of(relay, flight->number);
    while (*at != flight) {
        at = &(*at)->next;
    }
    *at = flight->next;
    relay->flight_count--;
    free(flight);
}

/* One that is queued by its number alone needs no flight. */
void relay_release(struct gateway *gateway, struct flight *flight) {
    if (TAILQ_EMPTY(&flight->answers) && !flight->is_sent && !flight->is_staged && !flight->is_settling) {
        flight_destroy(gateway->relay, flight);
    }
}

void relay_forget(struct gateway *gateway, struct flight *flight) {
    static const struct verdict try_again = {.code = HL7_CODE_INTERNAL, .is_reject = true};
    flight->is_settling = true;
    flight->feed->waiting--;
    while (!TAILQ_EMPTY(&flight->answers)) {
        answer_settle(TAILQ_FIRST(&flight->answers), &try_again);
    }
    flight_destroy(gateway->relay, flight);
}

/* --- Verdicts ------------------------------------------------------------------------------------------------------- */

struct verdict relay_verdict(const struct hl7_header *header, uint32_t verdict, uint32_t code) {
    bool is_refusal = verdict != VERDICT_ACCEPTED;
    uint32_t problem = verdict_code_problem(code);
    if (problem == 0) {
        return (struct verdict){.code = HL7_CODE_OK};
    }
    struct verdict result = map_problem(header, problem, "", is_refusal);
    verdict_code_place(code, &result.place);
    return result;
}

static void settle_answers(struct gateway *gateway, struct flight *flight, uint32_t verdict, uint32_t code) {
    flight->is_settling = true;
    while (!TAILQ_EMPTY(&flight->answers)) {
        struct answer *answer = TAILQ_FIRST(&flight->answers);
        struct verdict result = {.code = HL7_CODE_OK};
        if (code != 0) {
            struct hl7_header header;
            (void)hl7_read_header((const uint8_t *)answer->header, answer->header_size, &header);
            result = relay_verdict(&header, verdict, code);
        }
        answer_settle(answer, &result);
    }
    flight_destroy(gateway->relay, flight);
}

static void settle(struct gateway *gateway, struct flight *flight, bool is_refused, uint32_t code) {
    /* Where messages are accepted without a verdict, one that nobody waits for may have been. */
    bool is_late = gateway->accepts_when_away && TAILQ_EMPTY(&flight->answers);
    uint32_t verdict = !is_refused ? VERDICT_ACCEPTED : is_late ? VERDICT_REFUSED_LATE : VERDICT_REFUSED;
    gateway->relay->counters.refused += is_refused;
    gateway->relay->counters.refused_late += verdict == VERDICT_REFUSED_LATE;
    flight->feed->waiting--;
    turn_note_verdict(gateway, flight->number, verdict, code);
    if (flight->is_staged) {
        flight->is_sent = false;
        flight->is_decided = true;
        flight->verdict = verdict;
        flight->code = code;
    } else {
        settle_answers(gateway, flight, verdict, code);
    }
}

void relay_landed(struct gateway *gateway, struct flight *flight) {
    flight->is_staged = false;
    if (flight->is_decided) {
        settle_answers(gateway, flight, flight->verdict, flight->code);
    } else {
        relay_release(gateway, flight);
    }
}

struct flight *relay_unsynced(struct gateway *gateway, uint64_t number) {
    struct flight *flight = flight_find(gateway->relay, number);
    return flight != NULL && flight->is_staged ? flight : NULL;
}

/* The place is told by the registry's name of the field; it is kept with the code. */
static uint32_t code_of(const struct flight *flight, const Common__V1__Problem *problem, bool is_refused) {
    const struct answer *answer = TAILQ_FIRST(&flight->answers);
    const uint8_t *data = answer == NULL ? (const uint8_t *)HEADER_STAND_IN : (const uint8_t *)answer->header;
    size_t size = answer == NULL ? strlen(HEADER_STAND_IN) : answer->header_size;
    struct hl7_header header;
    (void)hl7_read_header(data, size, &header);
    struct verdict verdict = map_problem(&header, problem->code, problem->field, is_refused);
    return verdict_code_make(problem->code, &verdict.place);
}

static void on_receipt(void *user, uint64_t number, const Common__V1__Receipt *receipt) {
    struct relay_facility *facility = user;
    struct gateway *gateway = facility->gateway;
    struct relay *relay = gateway->relay;
    struct flight *flight = flight_find(relay, number);
    const Common__V1__Problem *problem = receipt->problem;
    /* A repetition of a refused command repeats its problem; one of an accepted command has none. */
    bool is_refused = receipt->result == COMMON__V1__RESULT__RESULT_REFUSED ||
                      (receipt->result == COMMON__V1__RESULT__RESULT_DUPLICATE && problem != NULL);
    facility->heard_ms = gateway->now_ms;
    facility->is_away = false;
    relay->counters.accepted += receipt->result == COMMON__V1__RESULT__RESULT_ACCEPTED;
    relay->counters.duplicates += receipt->result == COMMON__V1__RESULT__RESULT_DUPLICATE;
    CHECK(flight != NULL && flight->is_sent);
    relay->sent_count--;
    settle(gateway, flight, is_refused, problem == NULL ? 0 : code_of(flight, problem, is_refused));
}

/* --- Clients -------------------------------------------------------------------------------------------------------- */

static int compare_numbers(const void *a, const void *b) {
    uint64_t x = *(const uint64_t *)a, y = *(const uint64_t *)b;
    return (x > y) - (x < y);
}

/* What the client had without a receipt goes back to the head of the queue. */
static void take_back(struct relay *relay, struct relay_facility *facility) {
    uint64_t *numbers = calloc(relay->flight_count + 1, sizeof *numbers);
    size_t count = 0;
    CHECK(numbers != NULL);
    for (size_t i = 0; i < relay->bucket_count; i++) {
        for (struct flight *flight = relay->buckets[i]; flight != NULL; flight = flight->next) {
            if (flight->facility == facility && flight->is_sent) {
                numbers[count++] = flight->number;
            }
        }
    }
    qsort(numbers, count, sizeof *numbers, compare_numbers);
    while (count-- > 0) {
        struct flight *flight = flight_find(relay, numbers[count]);
        flight->is_sent = false;
        relay->sent_count--;
        numbers_unshift(&facility->waiting, numbers[count]);
        relay_release(facility->gateway, flight);
    }
    free(numbers);
}

/*
 * ZeroMQ's own descriptor of the socket, in our epoll: a zloop asks each of its sockets at every turn, which costs more than
 * all else where there are many. It becomes readable when something changes for the socket, and any call to the socket
 * may take note of that: so after sending, replies are looked for as well (relay_flush).
 */
static int descriptor_of(const struct relay_facility *facility) {
    return (int)zsock_fd(client_socket_zsock(client_socket(facility->client)));
}

static void close_client(struct relay_facility *facility) {
    if (facility->client != NULL) {
        epoll_ctl(facility->gateway->poller, EPOLL_CTL_DEL, descriptor_of(facility), NULL);
        client_destroy(&facility->client);
        take_back(facility->gateway->relay, facility);
    }
}

static void break_off(struct relay_facility *facility, const char *reason) {
    if (!facility->is_broken) {
        LOG_ERROR("the registry cannot be spoken to for a facility; its messages wait",
                  LOG_S("facility", facility->code), LOG_S("reason", reason));
    }
    facility->is_broken = true;
    facility->retry_ms = facility->gateway->now_ms + RETRY_MS;
    close_client(facility);
}

static void open_client(struct relay_facility *facility) {
    struct gateway *gateway = facility->gateway;
    const struct config *config = gateway->config;
    char key_path[1024];
    snprintf(key_path, sizeof key_path, "%s/%s.key", config_string(config, "/registry/keys"), facility->code);
    const struct client_options options = {
        .socket = {.endpoint = config_string(config, "/registry/endpoint"),
                   .key_path = key_path,
                   .server_key_path = config_string(config, "/registry/server_key")},
        .window_submits = RELAY_WINDOW,
        .receipt = on_receipt,
        .user = facility,
    };
    enum status status = client_new(&options, &facility->client);
    if (status != STATUS_OK) {
        break_off(facility, status == STATUS_NOT_FOUND ? "it has no key file" : status_name(status));
        return;
    }
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &facility->watch};
    CHECK(epoll_ctl(gateway->poller, EPOLL_CTL_ADD, descriptor_of(facility), &event) == 0);
    facility->heard_ms = gateway->now_ms;
}

struct relay_facility *relay_facility(struct gateway *gateway, const char *code) {
    struct relay *relay = gateway->relay;
    if (relay->recent != NULL && strcmp(relay->recent->code, code) == 0) {
        return relay->recent;
    }
    for (size_t i = 0; i < relay->facility_count; i++) {
        if (strcmp(relay->facilities[i]->code, code) == 0) {
            return relay->recent = relay->facilities[i];
        }
    }
    if (relay->facility_count == FACILITIES_MAX) {
        return NULL;
    }
    struct relay_facility *made = calloc(1, sizeof *made);
    CHECK(made != NULL);
    made->gateway = gateway;
    made->watch.kind = WATCH_FACILITY;
    snprintf(made->code, sizeof made->code, "%s", code);
    relay->facilities[relay->facility_count++] = made;
    open_client(made);
    return relay->recent = made;
}

bool relay_is_away(const struct relay_facility *facility) {
    return facility->is_away || facility->client == NULL;
}

void relay_note_expired(struct gateway *gateway, struct flight *flight) {
    struct relay_facility *facility = flight->facility;
    gateway->relay->counters.expired++;
    if (gateway->now_ms - facility->heard_ms >= gateway->hold_ms) {
        facility->is_away = true;
    }
}

/* --- Sending -------------------------------------------------------------------------------------------------------- */

static void note_sent(struct gateway *gateway, struct flight *flight) {
    flight->is_sent = true;
    gateway->relay->sent_count++;
    flight->facility->is_unflushed = true;
    gateway->relay->counters.sent++;
}

bool relay_send_ahead(struct gateway *gateway, const struct staged *staged, const uint8_t *command) {
    struct flight *flight = staged->flight;
    struct relay_facility *facility = flight->facility;
    enum status status = STATUS_AGAIN;
    if (facility->client != NULL && facility->waiting.count == 0) {
        status = client_add(facility->client, &staged->command, staged->occurred_at_ms, 0, command, staged->size,
                            flight->number);
    }
    if (status == STATUS_OK) {
        note_sent(gateway, flight);
    }
    return status == STATUS_OK;
}

void relay_push(struct gateway *gateway) {
    struct relay *relay = gateway->relay;
    for (size_t i = 0; i < relay->facility_count; i++) {
        struct relay_facility *facility = relay->facilities[i];
        if (facility->is_unflushed && facility->client != NULL) {
            (void)client_flush(facility->client); /* what is denied shows when it is pumped */
        }
    }
}

void relay_recall(struct gateway *gateway, const struct staged *staged, size_t count) {
    struct relay *relay = gateway->relay;
    for (size_t i = 0; i < count; i++) {
        if (staged[i].is_ahead) {
            staged[i].flight->is_sent = false;
            relay->sent_count--;
        }
    }
    for (size_t i = 0; i < count; i++) {
        if (staged[i].is_ahead && staged[i].flight->facility->client != NULL) {
            close_client(staged[i].flight->facility);
            staged[i].flight->facility->retry_ms = 0;
        }
    }
}

void relay_queue(struct gateway *gateway, struct flight *flight) {
    numbers_push(&flight->facility->waiting, flight->number);
    relay_release(gateway, flight);
}

/* One entry read back. */
struct reading {
    struct relay_facility *facility;
    uint64_t number;
    enum status status; /* of sending it; NOT_FOUND: it does not wait any more, or not here */
};

static void settle_unreadable(struct relay_facility *facility, const struct spool_entry *entry,
                              const struct message_owner *owner, bool has_no_effect) {
    struct flight *flight = relay_flight(facility->gateway, entry->number, owner);
    LOG_WARN("a spooled message is no command by today's settings", LOG_U("number", entry->number),
             LOG_S("feed", owner->feed->name));
    settle(facility->gateway, flight, !has_no_effect, has_no_effect ? 0 : COMMON__V1__CODE__CODE_MALFORMED);
}

static enum status send_entry(struct relay_facility *facility, const struct spool_entry *entry,
                              const struct mapped *mapped, const struct message_owner *owner) {
    struct gateway *gateway = facility->gateway;
    size_t size = visits__v1__command__get_packed_size(mapped->command);
    uint8_t *command = arena_alloc(&gateway->arena, size);
    if (command == NULL) {
        return STATUS_AGAIN;
    }
    visits__v1__command__pack(mapped->command, command);
    enum status status =
        client_add(facility->client, &entry->command, entry->occurred_at_ms, 0, command, size, entry->number);
    if (status == STATUS_OK) {
        note_sent(gateway, relay_flight(gateway, entry->number, owner));
    }
    return status;
}

static bool on_entry(const struct spool_entry *entry, void *user) {
    struct reading *reading = user;
    struct relay_facility *facility = reading->facility;
    struct gateway *gateway = facility->gateway;
    struct mapped mapped;
    const struct profile *profile;
    if (entry->number != reading->number) {
        return false;
    }
    enum status status = receive_again(gateway, entry, &mapped, &profile);
    if (status == STATUS_NOT_FOUND || !profile) {
        numbers_push(&gateway->relay->unroutable, entry->number);
        return false;
    }
    const struct message_owner owner = {.feed = gateway_feed_of(gateway, profile), .facility = facility};
    if (status != STATUS_OK || mapped.has_no_effect || mapped.command == NULL) {
        settle_unreadable(facility, entry, &owner, status == STATUS_OK);
    } else {
        reading->status = send_entry(facility, entry, &mapped, &owner);
    }
    if (reading->status == STATUS_USAGE) { /* larger than a command may be */
        settle_unreadable(facility, entry, &owner, false);
    }
    return false;
}

/* From the spool into the client's window, in order. */
static void refill(struct relay_facility *facility) {
    struct gateway *gateway = facility->gateway;
    for (int i = 0; i < RELAY_ENTRIES_A_TURN && facility->client != NULL && facility->waiting.count > 0; i++) {
        struct reading reading = {
            .facility = facility, .number = numbers_head(&facility->waiting), .status = STATUS_NOT_FOUND};
        enum status status = spool_pending(gateway->spool, reading.number - 1, 1, on_entry, &reading);
        if (status != STATUS_OK || reading.status == STATUS_AGAIN) {
            break;
        }
        if (reading.status == STATUS_DENIED) {
            break_off(facility, client_problem(facility->client));
            return;
        }
        numbers_shift(&facility->waiting);
    }
}

static void pump(struct relay_facility *facility) {
    if (client_pump(facility->client, 0) != STATUS_OK) {
        break_off(facility, client_problem(facility->client));
        return;
    }
    facility->is_broken = false;
    refill(facility);
}

/* Twice at most: replies may have made room for more. */
static void flush(struct relay_facility *facility) {
    for (int i = 0; i < 2 && facility->is_unflushed && facility->client != NULL; i++) {
        facility->is_unflushed = false;
        (void)client_flush(facility->client); /* what is denied shows when it is pumped */
        pump(facility);
    }
}

void relay_flush(struct gateway *gateway) {
    struct relay *relay = gateway->relay;
    for (size_t i = 0; i < relay->facility_count; i++) {
        if (relay->facilities[i]->is_unflushed) {
            flush(relay->facilities[i]);
        }
    }
}

bool relay_has_sent(const struct gateway *gateway) {
    return gateway->relay->sent_count > 0;
}

void relay_ready(struct watch *watch) {
    struct relay_facility *facility = (struct relay_facility *)watch;
    if (facility->client == NULL) {
        return;
    }
    if (client_outstanding(facility->client) == 0) { /* a connection came or went: nobody else would take note of it */
        (void)zsock_events(client_socket_zsock(client_socket(facility->client)));
    }
    pump(facility);
}

void relay_tick(struct gateway *gateway, int64_t now_ms) {
    struct relay *relay = gateway->relay;
    for (size_t i = 0; i < relay->facility_count; i++) {
        struct relay_facility *facility = relay->facilities[i];
        if (facility->client == NULL && now_ms >= facility->retry_ms) {
            open_client(facility);
        }
        bool has_work = facility->client != NULL &&
                        (client_outstanding(facility->client) > 0 || facility->waiting.count > 0);
        if (has_work && now_ms - facility->pumped_ms >= PUMP_MS) {
            facility->pumped_ms = now_ms;
            pump(facility);
        }
    }
    relay_flush(gateway);
}

/* --- Beginning and end ---------------------------------------------------------------------------------------------- */

enum status relay_new(struct gateway *gateway) {
    gateway->relay = calloc(1, sizeof *gateway->relay);
    if (gateway->relay == NULL) {
        return STATUS_MEMORY;
    }
    flights_grow(gateway->relay);
    return STATUS_OK;
}

void relay_destroy(struct gateway *gateway) {
    struct relay *relay = gateway->relay;
    if (relay == NULL) {
        return;
    }
    for (size_t i = 0; i < relay->facility_count; i++) {
        struct relay_facility *facility = relay->facilities[i];
        close_client(facility);
        free(facility->waiting.ring);
        free(facility);
    }
    for (size_t i = 0; i < relay->bucket_count; i++) {
        while (relay->buckets[i] != NULL) {
            flight_destroy(relay, relay->buckets[i]);
        }
    }
    free(relay->unroutable.ring);
    free(relay->buckets);
    free(relay);
    gateway->relay = NULL;
}

struct loading {
    struct gateway *gateway;
    uint64_t last, count;
};

static bool on_loaded(const struct spool_entry *entry, void *user) {
    struct loading *loading = user;
    struct gateway *gateway = loading->gateway;
    char name[PROFILE_NAME_BYTES];
    const struct profile *profile = receive_feed_name(entry, name) ? gateway_profile(gateway, name) : NULL;
    struct relay_facility *facility = profile == NULL ? NULL : relay_facility(gateway, profile->facility);
    if (facility == NULL) {
        numbers_push(&gateway->relay->unroutable, entry->number);
    } else {
        numbers_push(&facility->waiting, entry->number);
        gateway_feed_of(gateway, profile)->waiting++;
    }
    loading->last = entry->number;
    loading->count++;
    return true;
}

enum status relay_load(struct gateway *gateway) {
    struct loading loading = {.gateway = gateway};
    uint64_t before;
    do {
        before = loading.count;
        enum status status = spool_pending(gateway->spool, loading.last, LOAD_ENTRIES, on_loaded, &loading);
        if (status != STATUS_OK) {
            LOG_ERROR("what waits in the spool cannot be read", LOG_S("status", status_name(status)));
            return status;
        }
    } while (loading.count > before);
    if (loading.count > 0) {
        LOG_INFO("messages wait for the registry", LOG_U("messages", loading.count),
                 LOG_U("without_feed", gateway->relay->unroutable.count));
    }
    return STATUS_OK;
}

static bool on_rerouted(const struct spool_entry *entry, void *user) {
    struct reading *reading = user;
    struct loading loading = {.gateway = reading->facility->gateway};
    if (entry->number == reading->number) {
        (void)on_loaded(entry, &loading);
    }
    return false;
}

void relay_reload(struct gateway *gateway) {
    struct relay *relay = gateway->relay;
    struct relay_facility nobody = {.gateway = gateway};
    for (size_t left = relay->unroutable.count; left > 0; left--) {
        struct reading reading = {.facility = &nobody, .number = numbers_head(&relay->unroutable)};
        numbers_shift(&relay->unroutable);
        (void)spool_pending(gateway->spool, reading.number - 1, 1, on_rerouted, &reading);
    }
    for (size_t i = 0; i < relay->facility_count; i++) {
        relay->facilities[i]->retry_ms = 0;
        relay->facilities[i]->is_broken = false;
    }
}

struct relay_counters relay_counters(const struct gateway *gateway) {
    const struct relay *relay = gateway->relay;
    struct relay_counters counters = relay->counters;
    counters.flights = relay->flight_count;
    counters.facilities = relay->facility_count;
    counters.unroutable = relay->unroutable.count;
    for (size_t i = 0; i < relay->facility_count; i++) {
        counters.queued += relay->facilities[i]->waiting.count;
        counters.away += relay->facilities[i]->is_away;
        counters.broken += relay->facilities[i]->client == NULL;
    }
    return counters;
}
