#include <string.h>

#include "base/check.h"
#include "base/civil.h"
#include "service/registry.h"
#include "service/wire_metrics.h"
#include "wire/code_text.h"
#include "wire/validate.h"

/* Answers that change nothing, and what the registry tells of itself. */

static char *text(const char *constant) {
    return (char *)(uintptr_t)constant; /* protobuf-c's packer takes char *, and only reads */
}

void answer_fill_problem(const struct registry *registry, Common__V1__Problem *problem, uint32_t code,
                         const char *field) {
    code_text_fill(registry->service->codes, code, field, problem);
}

static void stage(struct registry *registry, const struct incoming *incoming, Common__V1__Reply *reply) {
    reply->request = incoming->request->request;
    outbox_add(&registry->outbox, &incoming->peer, reply);
}

void answer_problem(struct registry *registry, const struct incoming *incoming, uint32_t code, const char *field) {
    Common__V1__Problem problem = COMMON__V1__PROBLEM__INIT;
    answer_fill_problem(registry, &problem, code, field);
    Common__V1__Reply reply = COMMON__V1__REPLY__INIT;
    reply.body_case = COMMON__V1__REPLY__BODY_PROBLEM;
    reply.problem = &problem;
    stage(registry, incoming, &reply);
}

/* --- query --- */

/* For question.read_past: what the turn has logged so far too, as the state holds it already. */
static bool read_past(void *log, uint64_t seq, struct arena *arena, struct past_event *past) {
    struct journal_row row;
    if (journal_read(log, seq, &row) != STATUS_OK || row.private_size > EVENT_PRIVATE_BYTES_MAX) {
        return false;
    }
    void *body = arena_alloc(arena, row.private_size);
    if (body == NULL) {
        return false;
    }
    if (row.private_size > 0) {
        memcpy(body, row.private_body, row.private_size);
    }
    past->event = (struct event){
        .type = row.type, .seq = row.seq, .prev = row.prev, .private_body = body, .private_size = row.private_size};
    past->at_ms = row.at_ms;
    return true;
}

/* The service's answer, once what it wants to be kept about the question is in the log. */
static const ProtobufCMessage *ask(struct registry *registry, const struct incoming *incoming,
                                   const ProtobufCMessage *query, uint32_t *code) {
    const struct question question = {.principal = incoming->principal,
                                      .body = query,
                                      .received_at_ms = registry->now_ms,
                                      .read_past = read_past,
                                      .log = registry->journal};
    struct decision audit = {0};
    const ProtobufCMessage *answer =
        registry->service->query(registry->self, &question, &registry->scratch, &audit, code);
    if (audit.event_count > 0 && !intake_record(registry, &audit)) {
        *code = COMMON__V1__CODE__CODE_UNAVAILABLE;
        return NULL;
    }
    return answer;
}

void answer_query(struct registry *registry, const struct incoming *incoming) {
    const struct service *service = registry->service;
    const ProtobufCBinaryData *body = &incoming->request->query->body;
    enum role role = incoming->principal->role;
    if (!role_is_of_organisation(role) && role != ROLE_OPERATOR && role != ROLE_REGISTRAR) {
        answer_problem(registry, incoming, COMMON__V1__CODE__CODE_FORBIDDEN, "");
        return;
    }
    arena_reset(&registry->scratch);
    ProtobufCMessage *query = NULL;
    const char *field = "";
    uint32_t code = COMMON__V1__CODE__CODE_UNSUPPORTED;
    if (service->query_descriptor != NULL) {
        code = validate_unpack(service->query_descriptor, &registry->scratch.allocator, body->data, body->len, &query,
                               &field);
    }
    const ProtobufCMessage *answer = NULL;
    if (code == 0) {
        field = "";
        registry->counters.queries++;
        answer = ask(registry, incoming, query, &code);
    }
    if (answer == NULL) {
        answer_problem(registry, incoming, code, field);
        return;
    }
    size_t size = protobuf_c_message_get_packed_size(answer);
    uint8_t *bytes = arena_alloc(&registry->scratch, size);
    if (bytes == NULL || size > SERVER_FRAME_BYTES_MAX - 64) {
        answer_problem(registry, incoming, COMMON__V1__CODE__CODE_TOO_LARGE, "");
        return;
    }
    protobuf_c_message_pack(answer, bytes);
    Common__V1__Answer packed = COMMON__V1__ANSWER__INIT;
    packed.body = (ProtobufCBinaryData){size, bytes};
    Common__V1__Reply reply = COMMON__V1__REPLY__INIT;
    reply.body_case = COMMON__V1__REPLY__BODY_ANSWER;
    reply.answer = &packed;
    stage(registry, incoming, &reply);
}

/* --- refusals --- */

#define REFUSALS_DEFAULT 100u
#define REFUSALS_MAX 1000u

struct refusal_list {
    struct registry *registry;
    Common__V1__Refusals refusals;
    size_t bytes;
};

static char *copy_text(struct registry *registry, const char *from) {
    char *copy = arena_strdup(&registry->receipts, from);
    CHECK(copy != NULL);
    return copy;
}

static bool add_refusal(const struct journal_refusal *refusal, void *user) {
    struct refusal_list *list = user;
    struct registry *registry = list->registry;
    Common__V1__RefusedCommand *row = arena_alloc(&registry->receipts, sizeof *row);
    Common__V1__Command *command = arena_alloc(&registry->receipts, sizeof *command);
    Common__V1__Problem *problem = arena_alloc(&registry->receipts, sizeof *problem);
    uint8_t *bytes = arena_alloc(&registry->receipts, ID_BYTES + refusal->body_size);
    CHECK(row != NULL && command != NULL && problem != NULL && bytes != NULL);
    common__v1__refused_command__init(row);
    common__v1__command__init(command);
    common__v1__problem__init(problem);
    answer_fill_problem(registry, problem, refusal->code, copy_text(registry, refusal->field));
    memcpy(bytes, refusal->command.bytes, ID_BYTES);
    command->id = (ProtobufCBinaryData){ID_BYTES, bytes};
    command->occurred_at_ms = refusal->occurred_at_ms;
    command->expected_version = refusal->expected_version;
    if (refusal->body != NULL && refusal->body_size > 0) {
        memcpy(bytes + ID_BYTES, refusal->body, refusal->body_size);
        command->body = (ProtobufCBinaryData){refusal->body_size, bytes + ID_BYTES};
    }
    row->number = refusal->number;
    row->refused_at_ms = refusal->at_ms;
    row->principal = copy_text(registry, refusal->principal);
    row->organisation = copy_text(registry, refusal->organisation);
    row->problem = problem;
    row->command = command;
    list->refusals.refusals[list->refusals.n_refusals++] = row;
    list->bytes += protobuf_c_message_get_packed_size(&row->base) + 8;
    return list->bytes < SERVER_FRAME_BYTES_MAX / 2;
}

static void answer_refusals(struct registry *registry, const struct incoming *incoming, uint64_t after, uint32_t limit,
                            bool with_body) {
    enum role role = incoming->principal->role;
    if (!role_is_of_organisation(role) && role != ROLE_OPERATOR) {
        answer_problem(registry, incoming, COMMON__V1__CODE__CODE_FORBIDDEN, "");
        return;
    }
    arena_reset(&registry->receipts);
    struct refusal_list list = {.registry = registry, .refusals = COMMON__V1__REFUSALS__INIT};
    list.refusals.refusals = arena_alloc(&registry->receipts, limit * sizeof *list.refusals.refusals);
    CHECK(list.refusals.refusals != NULL);
    const char *organisation = role == ROLE_OPERATOR ? NULL : incoming->principal->organisation;
    if (journal_refusals(registry->journal, after, limit, organisation, with_body, add_refusal, &list) != STATUS_OK) {
        answer_problem(registry, incoming, COMMON__V1__CODE__CODE_UNAVAILABLE, "");
        return;
    }
    if (with_body && (list.refusals.n_refusals == 0 || list.refusals.refusals[0]->number != after + 1)) {
        answer_problem(registry, incoming, COMMON__V1__CODE__CODE_NOT_FOUND, "number");
        return;
    }
    Common__V1__Reply reply = COMMON__V1__REPLY__INIT;
    reply.body_case = COMMON__V1__REPLY__BODY_REFUSALS;
    reply.refusals = &list.refusals;
    stage(registry, incoming, &reply);
}

void answer_list(struct registry *registry, const struct incoming *incoming) {
    const Common__V1__ListRefusals *list = incoming->request->list_refusals;
    uint32_t limit = list->limit == 0 ? REFUSALS_DEFAULT : list->limit;
    answer_refusals(registry, incoming, list->after, limit < REFUSALS_MAX ? limit : REFUSALS_MAX, false);
}

void answer_show(struct registry *registry, const struct incoming *incoming) {
    uint64_t number = incoming->request->show_refusal->number;
    if (number == 0) {
        answer_problem(registry, incoming, COMMON__V1__CODE__CODE_NOT_FOUND, "number");
        return;
    }
    answer_refusals(registry, incoming, number - 1, 1, true);
}

/* --- status --- */

static uint64_t resident_bytes(void) {
    unsigned long pages = 0;
    FILE *file = fopen("/proc/self/statm", "re");
    if (file != NULL) {
        if (fscanf(file, "%*u %lu", &pages) != 1) {
            pages = 0;
        }
        fclose(file);
    }
    return (uint64_t)pages * (uint64_t)sysconf(_SC_PAGESIZE);
}

void answer_status(struct registry *registry, const struct incoming *incoming) {
    Common__V1__Status status = COMMON__V1__STATUS__INIT;
    Common__V1__TableStatus tables[STATE_TABLES_MAX];
    Common__V1__TableStatus *table_pointers[STATE_TABLES_MAX];
    Common__V1__FollowerStatus followers[FEED_FOLLOWERS_MAX];
    Common__V1__FollowerStatus *follower_pointers[FEED_FOLLOWERS_MAX];
    struct feed_follower_view views[FEED_FOLLOWERS_MAX];
    status.n_tables = registry->state.table_count;
    status.tables = table_pointers;
    for (size_t i = 0; i < status.n_tables; i++) {
        common__v1__table_status__init(&tables[i]);
        tables[i].name = text(registry->state.tables[i]->name);
        tables[i].rows = registry->state.tables[i]->count;
        tables[i].bytes = state_table_bytes(&registry->state, registry->state.tables[i]);
        table_pointers[i] = &tables[i];
    }
    status.n_followers = feed_server_followers(registry->feed, views, FEED_FOLLOWERS_MAX);
    status.followers = follower_pointers;
    for (size_t i = 0; i < status.n_followers; i++) {
        common__v1__follower_status__init(&followers[i]);
        followers[i].principal = text(views[i].principal);
        followers[i].sent_up_to = views[i].sent_up_to;
        followers[i].credit = views[i].credit;
        follower_pointers[i] = &followers[i];
    }
    status.service = text(registry->service->name);
    status.version = text(LIANCHENG_VERSION);
    status.ready = registry->folded;
    status.reason = text(registry->folded ? "" : "the log cannot be read or written");
    status.started_at_ms = registry->started_ms;
    status.now_ms = registry->now_ms;
    struct id epoch = *journal_epoch(registry->journal);
    status.epoch = (ProtobufCBinaryData){ID_BYTES, epoch.bytes};
    status.head = journal_head(registry->journal);
    status.resident_bytes = resident_bytes();
    status.refusals = journal_refusal_count(registry->journal);
    Common__V1__Reply reply = COMMON__V1__REPLY__INIT;
    reply.body_case = COMMON__V1__REPLY__BODY_STATUS;
    reply.status = &status;
    stage(registry, incoming, &reply);
}

/* --- Prometheus --- */

static void value(struct buffer *out, const char *name, const char *type, const char *help, double number) {
    metrics_head(out, name, type, help);
    metrics_value(out, name, NULL, number);
}

static void command_metrics(const struct registry *registry, struct buffer *out) {
    const struct registry_counters *c = &registry->counters;
    const char *name = "liancheng_commands_total";
    metrics_head(out, name, "counter", "Commands by result.");
    metrics_value(out, name, "result=\"accepted\"", (double)c->accepted);
    metrics_value(out, name, "result=\"duplicate\"", (double)c->duplicates);
    metrics_value(out, name, "result=\"refused\"", (double)c->refused);
    name = "liancheng_commands_refused_total";
    metrics_head(out, name, "counter", "Refused commands by code.");
    for (uint32_t code = 1; code < 256; code++) {
        if (c->refused_by_code[code] > 0) {
            char label[96];
            snprintf(label, sizeof label, "code=\"%s\"", code_text_find(registry->service->codes, code)->name);
            metrics_value(out, name, label, (double)c->refused_by_code[code]);
        }
    }
    value(out, "liancheng_requests_unavailable_total", "counter", "Requests answered UNAVAILABLE.",
          (double)c->unavailable);
    value(out, "liancheng_events_total", "counter", "Events appended since the start.", (double)c->events);
    value(out, "liancheng_queries_total", "counter", "Queries answered.", (double)c->queries);
    value(out, "liancheng_batch_commands_max", "gauge", "Most commands in one commit.", (double)c->batch_commands_max);
}

static void journal_metrics(struct registry *registry, struct buffer *out) {
    struct journal_counters c = journal_counters(registry->journal);
    value(out, "liancheng_log_head", "gauge", "Number of the last committed event.",
          (double)journal_head(registry->journal));
    value(out, "liancheng_commits_total", "counter", "Commits of the log.", (double)c.commits);
    value(out, "liancheng_commit_seconds_total", "counter", "Time spent in commits.", (double)c.commit_ns / 1e9);
    value(out, "liancheng_commit_seconds_max", "gauge", "Longest commit since this was last read.",
          (double)c.commit_ns_max / 1e9);
    value(out, "liancheng_checkpoints_total", "counter", "WAL checkpoints.", (double)c.checkpoints);
    value(out, "liancheng_log_bytes", "gauge", "Size of the log file.", (double)c.file_bytes);
    value(out, "liancheng_wal_bytes", "gauge", "Size of the log's WAL.", (double)c.wal_bytes);
    value(out, "liancheng_refusals", "gauge", "Refused commands kept.",
          (double)journal_refusal_count(registry->journal));
}

static void state_metrics(const struct registry *registry, struct buffer *out) {
    static const char *const names[] = {"liancheng_state_rows", "liancheng_state_bytes"};
    for (size_t n = 0; n < 2; n++) {
        metrics_head(out, names[n], "gauge", n == 0 ? "Rows in memory by table." : "Bytes in memory by table.");
        for (size_t i = 0; i < registry->state.table_count; i++) {
            const struct table *table = registry->state.tables[i];
            char label[96];
            snprintf(label, sizeof label, "table=\"%s\"", table->name);
            metrics_value(out, names[n], label,
                          n == 0 ? (double)table->count : (double)state_table_bytes(&registry->state, table));
        }
    }
}

static void feed_metrics(const struct registry *registry, struct buffer *out) {
    struct feed_follower_view views[FEED_FOLLOWERS_MAX];
    size_t n = feed_server_followers(registry->feed, views, FEED_FOLLOWERS_MAX);
    value(out, "liancheng_followers", "gauge", "Connected followers.", (double)n);
    value(out, "liancheng_feed_events_sent_total", "counter", "Events sent to followers.",
          (double)feed_server_events_sent(registry->feed));
    uint64_t head = journal_head(registry->journal), lag = 0;
    for (size_t i = 0; i < n; i++) {
        lag = head - views[i].sent_up_to > lag ? head - views[i].sent_up_to : lag;
    }
    value(out, "liancheng_feed_lag_events", "gauge", "Largest distance of a follower from the head.", (double)lag);
}

void registry_metrics(void *user, struct buffer *out) {
    struct registry *registry = user;
    command_metrics(registry, out);
    journal_metrics(registry, out);
    state_metrics(registry, out);
    feed_metrics(registry, out);
    wire_metrics(registry->server, out);
}
