#include <string.h>

#include <sodium.h>

#include "base/civil.h"
#include "base/hash.h"
#include "base/log.h"
#include "hl7-gateway/gateway.h"
#include "hl7-gateway/tls.h"
#include "wire/limits.h"

/* From a frame to an answer, or to an entry of the spool on its way to the registry. */

#define BODY_VERSION 2
#define KEPT_BYTES_MAX (1024 * 1024) /* of the segments that are read */
#define LATE_MS (24 * 3600 * 1000LL)

struct reception {
    struct connection *connection;
    struct gateway *gateway;
    const uint8_t *data;
    size_t size;
    struct hl7_header header;
    const struct profile *profile; /* NULL: of no feed */
    struct feed *feed;
    struct flight *flight; /* what the answer waits for; NULL: the verdict stands */
    struct charset_result charset; /* once it is parsed */
    struct verdict verdict;
};

static struct verdict content_error(enum hl7_code code, const char *segment, unsigned field) {
    return (struct verdict){.code = code, .place = {.segment = segment, .sequence = 1, .field = field}};
}

static struct verdict reject(enum hl7_code code, const char *segment, unsigned field) {
    struct verdict verdict = content_error(code, segment, field);
    verdict.is_reject = true;
    return verdict;
}

static bool is_final(const struct verdict *verdict) {
    return verdict->code != HL7_CODE_OK && !verdict->is_warning;
}

/* --- Form ----------------------------------------------------------------------------------------------------------- */

static struct verdict verdict_of_problem(enum hl7_problem problem) {
    switch (problem) {
    case HL7_OK:
        break;
    case HL7_NO_MSH:
        return reject(HL7_CODE_SEGMENT_SEQUENCE, "MSH", 0);
    case HL7_BAD_DELIMITERS:
        return reject(HL7_CODE_DATA_TYPE, "MSH", 2);
    case HL7_GLUED:
        return content_error(HL7_CODE_SEGMENT_SEQUENCE, "MSH", 0);
    case HL7_BATCH:
        return reject(HL7_CODE_MESSAGE_TYPE, NULL, 0);
    case HL7_TOO_MANY:
        return content_error(HL7_CODE_SEGMENT_SEQUENCE, NULL, 0);
    }
    return (struct verdict){.code = HL7_CODE_OK};
}

static enum hl7_problem read_header(struct reception *reception) {
    enum hl7_problem problem = hl7_read_header(reception->data, reception->size, &reception->header);
    return reception->header.size > HEADER_BYTES_MAX && problem == HL7_OK ? HL7_NO_MSH : problem;
}

static void give_unreadable(struct reception *reception, const struct verdict *verdict, bool has_stand_in) {
    struct hl7_header header;
    struct received received = {.mode = ACK_MODE_ORIGINAL};
    reception->gateway->counters.unreadable++;
    if (has_stand_in) {
        received.data = (const uint8_t *)HEADER_STAND_IN;
        (void)hl7_read_header(received.data, strlen(HEADER_STAND_IN), &header);
        received.header = &header;
    }
    answer_give(reception->connection, &received, verdict);
}

/* --- Whose it is ---------------------------------------------------------------------------------------------------- */

/* A certificate is bound to its feed: another one may not speak in its name. */
static bool has_right_certificate(const struct reception *reception) {
    const char *wanted = reception->profile->client_certificate;
    const struct tls_session *tls = reception->connection->tls;
    return wanted[0] == '\0' || (tls != NULL && strcmp(tls_common_name(tls), wanted) == 0);
}

static bool find_feed(struct reception *reception) {
    struct gateway *gateway = reception->gateway;
    const struct profile *profile =
        profiles_find(&gateway->profiles, reception->connection->listener->name, &reception->header);
    if (profile == NULL) {
        gateway->counters.no_feed++;
        reception->verdict = reject(HL7_CODE_UNKNOWN_KEY, "MSH", 3);
        return false;
    }
    reception->profile = profile;
    if (!has_right_certificate(reception)) {
        gateway->counters.wrong_certificate++;
        reception->verdict = reject(HL7_CODE_UNKNOWN_KEY, "MSH", 3);
        return false;
    }
    reception->feed = gateway->profile_feeds[profile - gateway->profiles.rows];
    reception->connection->feed = reception->feed;
    reception->feed->last_message_ms = clock_unix_ms();
    conformance_count(reception->feed, TALLY_MESSAGES, 1);
    return true;
}

/* --- Seen before? --------------------------------------------------------------------------------------------------- */

static void hash_part(crypto_generichash_state *hash, const void *data, size_t size) {
    uint64_t length = size;
    crypto_generichash_update(hash, (const uint8_t *)&length, sizeof length);
    crypto_generichash_update(hash, data, size);
}

static void make_keys(const struct reception *reception, struct spool_entry *entry) {
    const struct hl7_header *header = &reception->header;
    const uint8_t *secret = reception->gateway->hash_key;
    crypto_generichash_state hash;
    crypto_generichash_init(&hash, secret, 32, sizeof entry->key);
    hash_part(&hash, reception->feed->name, strlen(reception->feed->name));
    hash_part(&hash, header->sending_application.data, header->sending_application.size);
    hash_part(&hash, header->sending_facility.data, header->sending_facility.size);
    hash_part(&hash, header->control_id.data, header->control_id.size);
    crypto_generichash_final(&hash, entry->key, sizeof entry->key);
    size_t size = reception->size;
    while (size > 0 && reception->data[size - 1] == '\r') {
        size--;
    }
    crypto_generichash(entry->hash, sizeof entry->hash, reception->data, size, secret, 32);
}

/* "Try again later" is no answer to be given again: then the message is new. */
static bool is_temporary(const struct verdict *verdict) {
    return verdict->is_reject && verdict->code == HL7_CODE_INTERNAL;
}

static bool is_repetition(struct reception *reception, const struct spool_entry *entry,
                          const struct message_owner *owner) {
    struct spool_entry found = {0};
    bool is_same = false;
    if (spool_find(reception->gateway->spool, entry->key, entry->hash, &found, &is_same) != STATUS_OK) {
        return false;
    }
    if (!is_same) {
        conformance_count(reception->feed, TALLY_CONTROL_IDS_REUSED, 1);
        return false;
    }
    reception->flight = relay_unsynced(reception->gateway, found.number);
    if (reception->flight != NULL) {
        /* whatever the registry has said: not before it is on the disk */
    } else if (found.verdict == 0 && !turn_find_verdict(reception->gateway, found.number, &found.verdict, &found.code)) {
        reception->flight = relay_flight(reception->gateway, found.number, owner);
    } else {
        reception->verdict = relay_verdict(&reception->header, found.verdict, found.code);
        if (is_temporary(&reception->verdict)) {
            return false;
        }
    }
    conformance_count(reception->feed, TALLY_DUPLICATES, 1);
    return true;
}

/* --- What it says --------------------------------------------------------------------------------------------------- */

static enum charset declared_charset(const struct profile *profile, const struct hl7_header *header) {
    return profile->charset != CHARSET_DETECT ? profile->charset : charset_of_header(header);
}

/* The segments of a z list that hl7_parse is to keep. */
static const char *z_segments(const struct profile *profile, char text[16]) {
    const char *card = profile->card_segment, *rescue = profile->rescue_segment;
    size_t size = 0;
    memset(text, 0, 16);
    for (int i = 0; i < 2; i++) {
        const char *name = i == 0 ? card : rescue;
        if (name[0] != '\0') {
            text[size] = ' ';
            memcpy(text + size + (size > 0), name, strnlen(name, 3));
            size = strlen(text);
        }
    }
    return size == 0 ? NULL : text;
}

static void count_charset(const struct reception *reception, enum charset declared,
                          const struct charset_result *result) {
    conformance_count(reception->feed, TALLY_CHARSET_MISMATCHES, result->is_mismatch);
    conformance_count(reception->feed, TALLY_CHARSET_UNDECLARED, !result->is_ascii && declared == CHARSET_DETECT);
}

/* A charset that cannot be read does not matter in a message without an effect. */
static struct verdict unreadable_text(struct reception *reception, const struct charset_result *result) {
    struct gateway *gateway = reception->gateway;
    struct mapped mapped = {0};
    if (result->is_out_of_memory) {
        return reject(HL7_CODE_INTERNAL, NULL, 0);
    }
    gateway->message = (struct hl7_message){.header = reception->header};
    map_message(reception->profile, &gateway->message, &gateway->arena, &mapped);
    if (mapped.has_no_effect) {
        return mapped.verdict;
    }
    return content_error(HL7_CODE_DATA_TYPE, "MSH", 18);
}

/* Into gateway.message. */
static struct verdict parse(struct reception *reception) {
    struct gateway *gateway = reception->gateway;
    enum charset declared = declared_charset(reception->profile, &reception->header);
    struct charset_result result = {0};
    struct text text;
    char names[16];
    reception->charset = (struct charset_result){0};
    if (!charset_convert(gateway->converter, declared, reception->data, reception->size, &gateway->arena, &text,
                         &result)) {
        struct verdict verdict = unreadable_text(reception, &result);
        verdict.is_warning = verdict.code == HL7_CODE_OK; /* told apart from text that was read: the caller stops */
        return verdict;
    }
    count_charset(reception, declared, &result);
    enum hl7_problem problem =
        hl7_parse(text.data, text.size, z_segments(reception->profile, names), &gateway->message);
    charset_attach(gateway->converter, &result, &gateway->message);
    reception->charset = result;
    conformance_count(reception->feed, TALLY_LINE_FEEDS, gateway->message.habits.line_feeds);
    return verdict_of_problem(problem);
}

static void count_facts(const struct reception *reception, const struct mapped *mapped) {
    struct gateway *gateway = reception->gateway;
    struct feed *feed = reception->feed;
    int64_t now_ms = clock_unix_ms();
    conformance_count(feed, TALLY_VISIT_NUMBERS_MISSING, mapped->facts.visit_number_missing);
    conformance_count(feed, TALLY_RESIDENT_IDS_INVALID, mapped->facts.number_invalid);
    conformance_count(feed, TALLY_CANCELLATIONS, mapped->facts.is_cancellation);
    conformance_count(feed, TALLY_CLASSES_UNMAPPED, mapped->facts.class_unmapped);
    conformance_count(feed, TALLY_LATE, mapped->recorded_at_ms > 0 && now_ms - mapped->recorded_at_ms > LATE_MS);
    if (mapped->facts.class_unmapped) {
        const struct hl7_segment *visit = hl7_find(&gateway->message, HL7_PV1, 0);
        const char *code = hl7_get(&gateway->message, visit, 2, 1, &gateway->arena);
        if (code != NULL) {
            const struct hl7_segment *person = hl7_find(&gateway->message, HL7_PID, 0);
            struct text ids = person == NULL ? (struct text){"", 0} : hl7_field(&gateway->message, person, 3);
            conformance_unmapped(feed, code, hash_bytes(ids.data, ids.size));
        }
    }
}

/* --- Keeping it ----------------------------------------------------------------------------------------------------- */

/*
 * What is kept of a message: the segments that are read, in UTF-8, and by their head whose it is and how its \X escapes are
 * read, so that it can be mapped again by itself. All else of it (documents of many megabytes) is dropped here.
 *
 *   BODY_VERSION, length of the feed's name, charset of escapes, the name, segments each ended by CR
 */
#define BODY_HEAD_BYTES 3

static void make_body(const struct reception *reception, struct spool_entry *entry) {
    const struct hl7_message *message = &reception->gateway->message;
    struct buffer *body = &reception->gateway->spooled;
    size_t length = strlen(reception->feed->name);
    uint8_t head[BODY_HEAD_BYTES] = {BODY_VERSION, (uint8_t)length, (uint8_t)reception->charset.escapes};
    buffer_clear(body);
    buffer_append(body, head, sizeof head);
    buffer_append(body, reception->feed->name, length);
    for (size_t i = 0; i < message->count; i++) {
        buffer_append(body, message->segments[i].text.data, message->segments[i].text.size);
        buffer_append(body, "\r", 1);
    }
    entry->body = body->data;
    entry->body_size = body->size;
}

static size_t kept_bytes(const struct hl7_message *message) {
    size_t bytes = 0;
    for (size_t i = 0; i < message->count; i++) {
        bytes += message->segments[i].text.size;
    }
    return bytes;
}

bool receive_feed_name(const struct spool_entry *entry, char name[PROFILE_NAME_BYTES]) {
    size_t length = entry->body_size >= BODY_HEAD_BYTES ? entry->body[1] : 0;
    if (length == 0 || entry->body[0] != BODY_VERSION || length >= PROFILE_NAME_BYTES ||
        entry->body_size < BODY_HEAD_BYTES + length) {
        return false;
    }
    memcpy(name, entry->body + BODY_HEAD_BYTES, length);
    name[length] = '\0';
    return true;
}

static struct verdict keep(struct reception *reception, struct spool_entry *entry, const struct message_owner *owner,
                           const struct mapped *mapped) {
    struct gateway *gateway = reception->gateway;
    entry->feed = reception->feed->number;
    entry->taken_at_ms = clock_unix_ms();
    entry->command = id_make_from((uint64_t)entry->taken_at_ms, gateway->id_seed, ++gateway->ids);
    entry->occurred_at_ms = mapped->occurred_at_ms;
    if (visits__v1__command__get_packed_size(mapped->command) > SERVER_COMMAND_BYTES_MAX) {
        return content_error(HL7_CODE_INTERNAL, NULL, 0);
    }
    if (kept_bytes(&gateway->message) > KEPT_BYTES_MAX) {
        return content_error(HL7_CODE_DATA_TYPE, NULL, 0);
    }
    make_body(reception, entry);
    enum status status = turn_stage(gateway, entry, owner, mapped->command, &reception->flight);
    if (gateway->spooled.capacity > READ_BYTES) {
        buffer_release(&gateway->spooled);
    }
    if (status == STATUS_MEMORY) {
        gateway->counters.spool_full++;
    }
    return status == STATUS_OK ? (struct verdict){.code = HL7_CODE_OK} : reject(HL7_CODE_INTERNAL, NULL, 0);
}

/* The verdict, or a flight to wait for. */
static struct verdict process(struct reception *reception) {
    struct gateway *gateway = reception->gateway;
    struct verdict verdict = map_check_header(reception->profile, &reception->header);
    if (is_final(&verdict)) {
        return verdict;
    }
    struct message_owner owner = {.feed = reception->feed,
                                  .facility = relay_facility(gateway, reception->profile->facility)};
    if (owner.facility == NULL) {
        return reject(HL7_CODE_INTERNAL, NULL, 0);
    }
    struct spool_entry entry = {0};
    make_keys(reception, &entry);
    if (is_repetition(reception, &entry, &owner)) {
        return reception->verdict;
    }
    verdict = parse(reception);
    if (verdict.code != HL7_CODE_OK || verdict.is_warning) {
        verdict.is_warning = false;
        return verdict;
    }
    struct mapped mapped = {0};
    map_message(reception->profile, &gateway->message, &gateway->arena, &mapped);
    count_facts(reception, &mapped);
    if (is_final(&mapped.verdict) || mapped.has_no_effect || mapped.command == NULL) {
        return mapped.verdict;
    }
    return keep(reception, &entry, &owner, &mapped);
}

static void answer(struct reception *reception) {
    const struct received received = {
        .data = reception->data,
        .header = &reception->header,
        .feed = reception->feed,
        .mode = reception->profile == NULL ? ACK_MODE_AUTO : reception->profile->ack_mode,
    };
    if (reception->flight != NULL) {
        answer_await(reception->connection, &received, reception->flight);
    } else {
        answer_give(reception->connection, &received, &reception->verdict);
    }
}

void receive_frame(struct connection *connection, const uint8_t *data, size_t size) {
    struct gateway *gateway = connection->gateway;
    struct reception reception = {.connection = connection, .gateway = gateway, .data = data, .size = size};
    gateway->counters.frame_bytes += size;
    if (size == 0) {
        gateway->counters.empty_frames++;
        return;
    }
    if (turn_is_full(gateway)) {
        turn_finish(gateway);
    }
    arena_reset(&gateway->arena);
    enum hl7_problem problem = read_header(&reception);
    if (problem == HL7_NO_MSH || problem == HL7_BAD_DELIMITERS) {
        struct verdict verdict = verdict_of_problem(problem);
        give_unreadable(&reception, &verdict, problem == HL7_BAD_DELIMITERS);
        return;
    }
    bool has_feed = find_feed(&reception);
    if (problem != HL7_OK) {
        reception.verdict = verdict_of_problem(problem);
    } else if (has_feed) {
        reception.verdict = process(&reception);
    }
    answer(&reception);
}

void receive_refuse(struct connection *connection, const uint8_t *data, size_t size, enum receive_refusal why) {
    struct reception reception = {
        .connection = connection, .gateway = connection->gateway, .data = data, .size = size};
    if (size == 0 || read_header(&reception) != HL7_OK || reception.header.control_id.size == 0) {
        return;
    }
    (void)find_feed(&reception);
    reception.verdict = reject(why == RECEIVE_TOO_LARGE ? HL7_CODE_DATA_TYPE : HL7_CODE_INTERNAL, NULL, 0);
    answer(&reception);
}

/* --- Again ---------------------------------------------------------------------------------------------------------- */

enum status receive_again(struct gateway *gateway, const struct spool_entry *entry, struct mapped *mapped,
                          const struct profile **profile) {
    char name[PROFILE_NAME_BYTES];
    if (!receive_feed_name(entry, name)) {
        return STATUS_MALFORMED;
    }
    *profile = gateway_profile(gateway, name);
    if (*profile == NULL) {
        return STATUS_NOT_FOUND;
    }
    const size_t skipped = BODY_HEAD_BYTES + strlen(name);
    const struct charset_result charset = {.used = CHARSET_UTF8, .escapes = (enum charset)entry->body[2]};
    char names[16];
    *mapped = (struct mapped){0};
    arena_reset(&gateway->arena);
    if (hl7_parse((const char *)entry->body + skipped, entry->body_size - skipped, z_segments(*profile, names),
                  &gateway->message) != HL7_OK) {
        return STATUS_MALFORMED;
    }
    charset_attach(gateway->converter, &charset, &gateway->message);
    map_message(*profile, &gateway->message, &gateway->arena, mapped);
    return is_final(&mapped->verdict) ? STATUS_MALFORMED : STATUS_OK;
}
