#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "base/civil.h"
#include "base/log.h"
#include "hl7-gateway/gateway.h"
#include "hl7-gateway/verdict_code.h"
#include "hl7/v1/query.pb-c.h"
#include "service/wire_metrics.h"
#include "wire/code_text.h"
#include "wire/server.h"
#include "wire/validate.h"

/* Status and queries. A publisher is told of the feeds of its own organisation, readers and operators of all. */

#define REQUESTS_A_TURN 64
#define REQUEST_UNPACK_BYTES_MAX SERVER_UNPACK_BYTES_MAX
#define ANSWER_UNPACKED_BYTES_MAX (16 * 1024 * 1024)
#define LIST_DEFAULT 100
#define LIST_MAX 1000
#define DAYS_MAX 800

struct gateway_desk {
    struct gateway *gateway;
    struct server *server;
    struct arena arena;  /* of the request at hand */
    struct arena answer; /* of the answer at hand */
};

/* Who asked. */
struct asker {
    struct peer peer;
    uint64_t request;
    const struct principal *principal;
};

/* --- Answers -------------------------------------------------------------------------------------------------------- */

static char *text(const char *constant) {
    return (char *)(uintptr_t)constant; /* protobuf-c's packer takes char *, and only reads */
}

static void send_reply(struct gateway_desk *desk, const struct asker *asker, Common__V1__Reply *reply) {
    reply->request = asker->request;
    (void)server_send(desk->server, &asker->peer, reply); /* a peer that is gone or does not read has lost it */
}

static void send_problem(struct gateway_desk *desk, const struct asker *asker, uint32_t code, const char *field) {
    Common__V1__Problem problem;
    Common__V1__Reply reply = COMMON__V1__REPLY__INIT;
    code_text_fill(NULL, code, field, &problem);
    reply.body_case = COMMON__V1__REPLY__BODY_PROBLEM;
    reply.problem = &problem;
    send_reply(desk, asker, &reply);
}

static void send_answer(struct gateway_desk *desk, const struct asker *asker, const Hl7__V1__Answer *message) {
    size_t size = hl7__v1__answer__get_packed_size(message);
    uint8_t *bytes = size > SERVER_FRAME_BYTES_MAX - 64 ? NULL : arena_alloc(&desk->answer, size);
    if (bytes == NULL) {
        send_problem(desk, asker, COMMON__V1__CODE__CODE_TOO_LARGE, "");
        return;
    }
    Common__V1__Answer answer = COMMON__V1__ANSWER__INIT;
    answer.body.data = bytes;
    answer.body.len = hl7__v1__answer__pack(message, bytes);
    Common__V1__Reply reply = COMMON__V1__REPLY__INIT;
    reply.body_case = COMMON__V1__REPLY__BODY_ANSWER;
    reply.answer = &answer;
    send_reply(desk, asker, &reply);
}

static void answer_ping(struct gateway_desk *desk, const struct asker *asker) {
    Common__V1__Pong pong = COMMON__V1__PONG__INIT;
    Common__V1__Reply reply = COMMON__V1__REPLY__INIT;
    reply.body_case = COMMON__V1__REPLY__BODY_PONG;
    reply.pong = &pong;
    send_reply(desk, asker, &reply);
}

/* --- Status --------------------------------------------------------------------------------------------------------- */

static uint64_t resident_bytes(void) {
    unsigned long long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file != NULL) {
        if (fscanf(file, "%*s %llu", &pages) != 1) {
            pages = 0;
        }
        fclose(file);
    }
    return pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

static void answer_status(struct gateway_desk *desk, const struct asker *asker) {
    struct gateway *gateway = desk->gateway;
    struct spool_counters spool = spool_counters(gateway->spool);
    const char *reason = gateway_unready_reason(gateway);
    Common__V1__TableStatus rows[3];
    Common__V1__TableStatus *list[3];
    const struct {
        const char *name;
        uint64_t rows, bytes;
    } tables[3] = {{"spooled messages", spool.entries, spool.file_bytes},
                   {"waiting for the registry", spool.pending, 0},
                   {"connections", gateway->connection_count, gateway->buffer_bytes}};
    for (size_t i = 0; i < 3; i++) {
        common__v1__table_status__init(&rows[i]);
        rows[i].name = text(tables[i].name);
        rows[i].rows = tables[i].rows;
        rows[i].bytes = tables[i].bytes;
        list[i] = &rows[i];
    }
    Common__V1__Status status = COMMON__V1__STATUS__INIT;
    status.service = text("hl7-gateway");
    status.version = text(LIANCHENG_VERSION);
    status.ready = reason == NULL;
    status.reason = text(reason == NULL ? "" : reason);
    status.started_at_ms = gateway->started_at_ms;
    status.now_ms = clock_unix_ms();
    status.tables = list;
    status.n_tables = 3;
    status.resident_bytes = resident_bytes();
    Common__V1__Reply reply = COMMON__V1__REPLY__INIT;
    reply.body_case = COMMON__V1__REPLY__BODY_STATUS;
    reply.status = &status;
    send_reply(desk, asker, &reply);
}

/* --- Conformance ---------------------------------------------------------------------------------------------------- */

static bool may_see(const struct asker *asker, const struct feed *feed) {
    return asker->principal->role != ROLE_PUBLISHER || strcmp(asker->principal->organisation, feed->facility) == 0;
}

static bool fill_answers(struct gateway_desk *desk, Hl7__V1__ConformanceCard *card, const uint64_t sums[TALLIES]) {
    enum { ROWS = TALLIES - TALLY_COUNT };
    card->answers = arena_alloc(&desk->answer, ROWS * sizeof *card->answers);
    Hl7__V1__AnswerCount *rows = arena_alloc(&desk->answer, ROWS * sizeof *rows);
    if (card->answers == NULL || rows == NULL) {
        return false;
    }
    for (size_t tally = TALLY_COUNT; tally < TALLIES; tally++) {
        if (sums[tally] > 0) {
            Hl7__V1__AnswerCount *row = &rows[card->n_answers];
            hl7__v1__answer_count__init(row);
            row->answer = text(conformance_answer_text(tally));
            row->code = conformance_answer_code(tally);
            row->messages = sums[tally];
            card->answers[card->n_answers++] = row;
        }
    }
    return true;
}

static bool fill_unmapped(struct gateway_desk *desk, Hl7__V1__ConformanceCard *card, struct feed *feed) {
    card->unmapped_classes = arena_alloc(&desk->answer, UNMAPPED_MAX * sizeof *card->unmapped_classes);
    if (card->unmapped_classes == NULL) {
        return false;
    }
    for (size_t i = 0; i < feed->unmapped_count; i++) {
        card->unmapped_classes[card->n_unmapped_classes++] = feed->unmapped[i];
    }
    return true;
}

/* NULL: no memory, or the disk refused. */
static Hl7__V1__ConformanceCard *make_card(struct gateway_desk *desk, struct feed *feed, int32_t first_day,
                                           int32_t last_day) {
    uint64_t sums[TALLIES];
    Hl7__V1__ConformanceCard *card = arena_alloc(&desk->answer, sizeof *card);
    if (card == NULL || conformance_read(desk->gateway, feed, first_day, last_day, sums) != STATUS_OK) {
        return NULL;
    }
    hl7__v1__conformance_card__init(card);
    card->feed = feed->name;
    card->facility = feed->facility;
    card->messages = sums[TALLY_MESSAGES];
    card->duplicates = sums[TALLY_DUPLICATES];
    card->control_ids_reused = sums[TALLY_CONTROL_IDS_REUSED];
    card->charset_mismatches = sums[TALLY_CHARSET_MISMATCHES];
    card->charset_undeclared = sums[TALLY_CHARSET_UNDECLARED];
    card->visit_numbers_missing = sums[TALLY_VISIT_NUMBERS_MISSING];
    card->late = sums[TALLY_LATE];
    card->cancellations = sums[TALLY_CANCELLATIONS];
    card->resident_ids_invalid = sums[TALLY_RESIDENT_IDS_INVALID];
    card->classes_unmapped = sums[TALLY_CLASSES_UNMAPPED];
    card->remnants = sums[TALLY_REMNANTS];
    card->ends_without_return = sums[TALLY_ENDS_WITHOUT_RETURN];
    card->line_feeds = sums[TALLY_LINE_FEEDS];
    return fill_answers(desk, card, sums) && fill_unmapped(desk, card, feed) ? card : NULL;
}

static Common__V1__Code read_days(const Hl7__V1__GetConformance *query, int32_t *first_day, int32_t *last_day,
                                  const char **field) {
    int32_t today = civil_day_of_ms(clock_unix_ms());
    *field = "last_day";
    if (query->first_day > INT32_MAX || query->last_day > INT32_MAX) {
        return COMMON__V1__CODE__CODE_MALFORMED;
    }
    *last_day = query->last_day == 0 ? today : (int32_t)query->last_day;
    *first_day = query->first_day == 0 ? *last_day : (int32_t)query->first_day;
    bool is_range = *first_day <= *last_day && *last_day - *first_day < DAYS_MAX;
    return is_range ? COMMON__V1__CODE__CODE_UNSPECIFIED : COMMON__V1__CODE__CODE_MALFORMED;
}

static void get_conformance(struct gateway_desk *desk, const struct asker *asker,
                            const Hl7__V1__GetConformance *query) {
    struct gateway *gateway = desk->gateway;
    int32_t first_day, last_day;
    const char *field = "";
    Common__V1__Code code = read_days(query, &first_day, &last_day, &field);
    if (code != COMMON__V1__CODE__CODE_UNSPECIFIED) {
        send_problem(desk, asker, code, field);
        return;
    }
    conformance_save(gateway);
    size_t count = conformance_feed_count(gateway);
    Hl7__V1__Conformance conformance = HL7__V1__CONFORMANCE__INIT;
    conformance.cards = arena_alloc(&desk->answer, (count + 1) * sizeof *conformance.cards);
    for (size_t i = 0; i < count && conformance.cards != NULL; i++) {
        struct feed *feed = conformance_feed_at(gateway, i);
        bool is_asked_for = query->feed[0] == '\0' ? feed->is_configured : strcmp(query->feed, feed->name) == 0;
        if (is_asked_for && may_see(asker, feed)) {
            Hl7__V1__ConformanceCard *card = make_card(desk, feed, first_day, last_day);
            if (card == NULL) {
                send_problem(desk, asker, COMMON__V1__CODE__CODE_UNAVAILABLE, "");
                return;
            }
            conformance.cards[conformance.n_cards++] = card;
        }
    }
    if (query->feed[0] != '\0' && conformance.n_cards == 0) {
        send_problem(desk, asker, COMMON__V1__CODE__CODE_NOT_FOUND, "feed");
        return;
    }
    Hl7__V1__Answer answer = HL7__V1__ANSWER__INIT;
    answer.body_case = HL7__V1__ANSWER__BODY_CONFORMANCE;
    answer.conformance = &conformance;
    send_answer(desk, asker, &answer);
}

static void list_feeds(struct gateway_desk *desk, const struct asker *asker) {
    struct gateway *gateway = desk->gateway;
    size_t count = conformance_feed_count(gateway);
    Hl7__V1__Feeds feeds = HL7__V1__FEEDS__INIT;
    Hl7__V1__Feed *rows = arena_alloc(&desk->answer, (count + 1) * sizeof *rows);
    feeds.feeds = arena_alloc(&desk->answer, (count + 1) * sizeof *feeds.feeds);
    CHECK(rows != NULL && feeds.feeds != NULL); /* FEEDS_MAX rows in an empty arena */
    for (size_t i = 0; i < count; i++) {
        struct feed *feed = conformance_feed_at(gateway, i);
        if ((feed->is_configured || feed->waiting > 0) && may_see(asker, feed)) {
            Hl7__V1__Feed *row = &rows[feeds.n_feeds];
            hl7__v1__feed__init(row);
            row->name = feed->name;
            row->facility = feed->facility;
            row->listener = feed->listener;
            row->messages = feed->totals[TALLY_MESSAGES];
            row->last_message_ms = feed->last_message_ms;
            row->waiting = feed->waiting;
            feeds.feeds[feeds.n_feeds++] = row;
        }
    }
    Hl7__V1__Answer answer = HL7__V1__ANSWER__INIT;
    answer.body_case = HL7__V1__ANSWER__BODY_FEEDS;
    answer.feeds = &feeds;
    send_answer(desk, asker, &answer);
}

/* --- What was refused too late -------------------------------------------------------------------------------------- */

struct listing {
    struct gateway_desk *desk;
    const struct asker *asker;
    Hl7__V1__Undelivered list;
    size_t limit;
    uint64_t last, seen;
};

static bool on_refused(const struct spool_entry *entry, void *user) {
    struct listing *listing = user;
    struct feed *feed = conformance_feed_by_number(listing->desk->gateway, entry->feed);
    listing->last = entry->number;
    listing->seen++;
    if (entry->verdict != VERDICT_REFUSED_LATE || (feed != NULL && !may_see(listing->asker, feed)) ||
        (feed == NULL && listing->asker->principal->role == ROLE_PUBLISHER)) {
        return true;
    }
    Hl7__V1__UndeliveredMessage *row = arena_alloc(&listing->desk->answer, sizeof *row);
    if (row == NULL) {
        return false;
    }
    hl7__v1__undelivered_message__init(row);
    row->number = entry->number;
    row->feed = feed == NULL ? text("") : feed->name;
    row->taken_at_ms = entry->taken_at_ms;
    row->settled_at_ms = entry->settled_at_ms;
    row->code = verdict_code_problem(entry->code);
    listing->list.messages[listing->list.n_messages++] = row;
    return listing->list.n_messages < listing->limit;
}

static void list_undelivered(struct gateway_desk *desk, const struct asker *asker,
                             const Hl7__V1__ListUndelivered *query) {
    struct listing listing = {.desk = desk, .asker = asker, .last = query->after};
    hl7__v1__undelivered__init(&listing.list);
    listing.limit = query->limit == 0 ? LIST_DEFAULT : query->limit > LIST_MAX ? LIST_MAX : query->limit;
    listing.list.messages = arena_alloc(&desk->answer, listing.limit * sizeof *listing.list.messages);
    CHECK(listing.list.messages != NULL); /* LIST_MAX pointers in an empty arena */
    uint64_t before;
    enum status status;
    do {
        before = listing.seen;
        status = spool_refused(desk->gateway->spool, listing.last, LIST_MAX, on_refused, &listing);
    } while (status == STATUS_OK && listing.seen > before && listing.list.n_messages < listing.limit);
    if (status != STATUS_OK) {
        send_problem(desk, asker, COMMON__V1__CODE__CODE_UNAVAILABLE, "");
        return;
    }
    Hl7__V1__Answer answer = HL7__V1__ANSWER__INIT;
    answer.body_case = HL7__V1__ANSWER__BODY_UNDELIVERED;
    answer.undelivered = &listing.list;
    send_answer(desk, asker, &answer);
}

/* --- The socket ----------------------------------------------------------------------------------------------------- */

static bool may_ask(enum role role) {
    return role == ROLE_OPERATOR || role == ROLE_READER || role == ROLE_PUBLISHER;
}

static void answer_query(struct gateway_desk *desk, const struct asker *asker, const Common__V1__Query *message) {
    const char *field = "";
    ProtobufCMessage *unpacked;
    if (!may_ask(asker->principal->role)) {
        send_problem(desk, asker, COMMON__V1__CODE__CODE_FORBIDDEN, "");
        return;
    }
    Common__V1__Code code = validate_unpack(&hl7__v1__query__descriptor, &desk->arena.allocator, message->body.data,
                                            message->body.len, &unpacked, &field);
    const Hl7__V1__Query *query = (const Hl7__V1__Query *)unpacked;
    if (code != COMMON__V1__CODE__CODE_UNSPECIFIED) {
        send_problem(desk, asker, code, field);
        return;
    }
    arena_reset(&desk->answer);
    switch (query->body_case) {
    case HL7__V1__QUERY__BODY_GET_CONFORMANCE:
        get_conformance(desk, asker, query->get_conformance);
        return;
    case HL7__V1__QUERY__BODY_LIST_FEEDS:
        list_feeds(desk, asker);
        return;
    case HL7__V1__QUERY__BODY_LIST_UNDELIVERED:
        if (asker->principal->role == ROLE_READER) {
            send_problem(desk, asker, COMMON__V1__CODE__CODE_FORBIDDEN, "");
        } else {
            list_undelivered(desk, asker, query->list_undelivered);
        }
        return;
    case HL7__V1__QUERY__BODY__NOT_SET:
    case _HL7__V1__QUERY__BODY__CASE_IS_INT_SIZE:
        send_problem(desk, asker, COMMON__V1__CODE__CODE_UNSUPPORTED, "body");
        return;
    }
}

static void answer(struct gateway_desk *desk, const struct incoming *incoming) {
    const Common__V1__Request *request = incoming->request;
    const struct asker asker = {
        .peer = incoming->peer, .request = request->request, .principal = incoming->principal};
    switch (request->body_case) {
    case COMMON__V1__REQUEST__BODY_PING:
        answer_ping(desk, &asker);
        return;
    case COMMON__V1__REQUEST__BODY_GET_STATUS:
        answer_status(desk, &asker);
        return;
    case COMMON__V1__REQUEST__BODY_QUERY:
        answer_query(desk, &asker, request->query);
        return;
    case COMMON__V1__REQUEST__BODY__NOT_SET:
    case COMMON__V1__REQUEST__BODY_SUBMIT:
    case COMMON__V1__REQUEST__BODY_FOLLOW:
    case COMMON__V1__REQUEST__BODY_CREDIT:
    case COMMON__V1__REQUEST__BODY_LIST_REFUSALS:
    case COMMON__V1__REQUEST__BODY_SHOW_REFUSAL:
    case COMMON__V1__REQUEST__BODY_RESUBMIT:
    case _COMMON__V1__REQUEST__BODY__CASE_IS_INT_SIZE:
        send_problem(desk, &asker, COMMON__V1__CODE__CODE_UNSUPPORTED, "");
        return;
    }
}

static int on_readable(zloop_t *loop, zsock_t *socket, void *user) {
    (void)loop, (void)socket;
    struct gateway_desk *desk = user;
    struct incoming incoming;
    for (int i = 0; i < REQUESTS_A_TURN; i++) {
        arena_reset(&desk->arena);
        if (server_receive(desk->server, &desk->arena, &incoming) != STATUS_OK) {
            break;
        }
        answer(desk, &incoming);
    }
    return 0;
}

/* --- Life ----------------------------------------------------------------------------------------------------------- */

enum status gateway_desk_new(struct gateway *gateway) {
    struct gateway_desk *desk = calloc(1, sizeof *desk);
    if (desk == NULL) {
        return STATUS_MEMORY;
    }
    desk->gateway = gateway;
    arena_init(&desk->arena, REQUEST_UNPACK_BYTES_MAX);
    arena_init(&desk->answer, ANSWER_UNPACKED_BYTES_MAX);
    gateway->desk = desk;
    const struct server_options options = {
        .bind = config_string(gateway->config, "/server/bind"),
        .key_path = config_string(gateway->config, "/server/key"),
        .keys_path = config_string(gateway->config, "/server/keys"),
    };
    struct keys_error error = {.text = ""};
    enum status status = server_new(&options, &desk->server, &error);
    if (status != STATUS_OK) {
        LOG_ERROR("the control socket cannot be opened", LOG_S("detail", error.text));
        return status;
    }
    LOG_INFO("listening", LOG_S("endpoint", server_endpoint(desk->server)));
    zloop_reader(daemon_loop(gateway->daemon), server_socket(desk->server), on_readable, desk);
    zloop_reader_set_tolerant(daemon_loop(gateway->daemon), server_socket(desk->server));
    return STATUS_OK;
}

void gateway_desk_destroy(struct gateway *gateway) {
    struct gateway_desk *desk = gateway->desk;
    if (desk == NULL) {
        return;
    }
    if (desk->server != NULL) {
        zloop_reader_end(daemon_loop(gateway->daemon), server_socket(desk->server));
        server_destroy(&desk->server);
    }
    arena_release(&desk->arena);
    arena_release(&desk->answer);
    free(desk);
    gateway->desk = NULL;
}

void gateway_desk_reload(struct gateway *gateway) {
    struct keys_error error = {.text = ""};
    if (server_reload(gateway->desk->server, &error) != STATUS_OK) {
        LOG_ERROR("the key table was not taken, the old one stays", LOG_S("detail", error.text));
    } else {
        LOG_INFO("key table read");
    }
}

void gateway_desk_metrics(const struct gateway *gateway, struct buffer *out) {
    wire_metrics(gateway->desk->server, out);
}
