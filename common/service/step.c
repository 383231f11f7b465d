#include <string.h>

#include "base/check.h"
#include "service/registry.h"
#include "wire/code_text.h"
#include "wire/validate.h"

/* What becomes of commands: form, claim, decision, log, state, receipt. The commit is the turn's (intake.c). */

/* A command on its way: what the wire said and what became of it. */
struct candidate {
    const Common__V1__Command *wire;
    const struct sender *sender;
    Common__V1__Receipt *receipt;
    struct command command; /* as the rules will see it */
    uint32_t code;          /* not 0: refused for its form */
    const char *field;
    bool is_known; /* its id was claimed before */
};
_Static_assert(EVENT_PUBLIC_BYTES_MAX <= FEED_BATCH_BYTES, "a batch holds any event");
_Static_assert(DECISION_EVENTS_MAX <= JOURNAL_COMMAND_ROWS_MAX, "the log finds a command's rows");

/* --- receipts --- */

static void set_problem(struct registry *registry, Common__V1__Receipt *receipt, uint32_t code, const char *field) {
    receipt->problem = arena_alloc(&registry->receipts, sizeof *receipt->problem);
    CHECK(receipt->problem != NULL);
    common__v1__problem__init(receipt->problem);
    answer_fill_problem(registry, receipt->problem, code, field);
}

static bool copy_refusal(const struct journal_refusal *refusal, void *user) {
    struct stored_refusal *stored = user;
    stored->row = *refusal;
    stored->row.principal = NULL;
    stored->row.field = arena_strdup(stored->arena, refusal->field);
    stored->row.organisation = arena_strdup(stored->arena, refusal->organisation);
    uint8_t *body = arena_alloc(stored->arena, refusal->body_size);
    CHECK(stored->row.field != NULL && stored->row.organisation != NULL && body != NULL);
    if (refusal->body != NULL) {
        memcpy(body, refusal->body, refusal->body_size);
        stored->row.body = body;
    }
    return false;
}

enum status step_load_refusal(struct registry *registry, uint64_t number, bool with_body,
                              struct stored_refusal *stored) {
    enum status status = journal_refusals(registry->journal, number - 1, 1, NULL, with_body, copy_refusal, stored);
    return status == STATUS_OK && stored->row.number != number ? STATUS_NOT_FOUND : status;
}

/* The first receipt of a command that is known already. */
static void set_duplicate(struct registry *registry, Common__V1__Receipt *receipt, const struct id *id) {
    struct journal_outcome outcome;
    if (journal_outcome(registry->journal, id, &outcome) != STATUS_OK) {
        registry->failed = true;
        return;
    }
    registry->counters.duplicates++;
    receipt->result = COMMON__V1__RESULT__RESULT_DUPLICATE;
    receipt->first_seq = outcome.first_seq;
    receipt->events = outcome.events;
    if (outcome.refusal == 0) {
        return;
    }
    struct stored_refusal first = {.arena = &registry->receipts};
    if (step_load_refusal(registry, outcome.refusal, false, &first) != STATUS_OK) {
        registry->failed = true;
        return;
    }
    set_problem(registry, receipt, first.row.code, first.row.field);
}

static void count_refusal(struct registry *registry, uint32_t code) {
    registry->counters.refused++;
    registry->counters.refused_by_code[code < 255 ? code : 255]++;
}

static void refuse(struct registry *registry, const struct candidate *candidate, uint32_t code, const char *field) {
    count_refusal(registry, code);
    candidate->receipt->result = COMMON__V1__RESULT__RESULT_REFUSED;
    set_problem(registry, candidate->receipt, code, field);
    struct journal_refusal refusal = {.at_ms = registry->now_ms,
                                      .principal = candidate->sender->principal->name,
                                      .organisation = candidate->sender->organisation,
                                      .code = code,
                                      .field = field == NULL ? "" : field,
                                      .occurred_at_ms = candidate->wire->occurred_at_ms,
                                      .expected_version = candidate->wire->expected_version,
                                      .body = candidate->wire->body.data,
                                      .body_size = candidate->wire->body.len};
    if (id_is_v7(candidate->wire->id.data, candidate->wire->id.len)) { /* otherwise it was never claimed */
        memcpy(refusal.command.bytes, candidate->wire->id.data, ID_BYTES);
    }
    if (journal_refuse(registry->journal, &refusal) != STATUS_OK) {
        registry->failed = true;
    }
}

/* --- deciding --- */

/* Form that needs no unpacking. 0 = well. */
static uint32_t check_times(const struct registry *registry, const Common__V1__Command *wire, const char **field) {
    struct id id;
    memcpy(id.bytes, wire->id.data, ID_BYTES);
    if ((int64_t)id_time_ms(&id) > registry->now_ms + registry->settings.future_ms) {
        *field = "id";
        return COMMON__V1__CODE__CODE_IN_THE_FUTURE;
    }
    *field = "occurred_at_ms";
    if (wire->occurred_at_ms <= 0) {
        return COMMON__V1__CODE__CODE_BAD_TIME;
    }
    if (wire->occurred_at_ms > registry->now_ms + registry->settings.future_ms) {
        return COMMON__V1__CODE__CODE_IN_THE_FUTURE;
    }
    return 0;
}

static uint32_t unpack_body(struct registry *registry, struct candidate *candidate) {
    const ProtobufCBinaryData *body = &candidate->wire->body;
    candidate->field = "body";
    if (body->len > SERVER_COMMAND_BYTES_MAX) {
        return COMMON__V1__CODE__CODE_TOO_LARGE;
    }
    ProtobufCMessage *message;
    const char *inner;
    Common__V1__Code code = validate_unpack(registry->service->command_descriptor, &registry->scratch.allocator,
                                            body->data, body->len, &message, &inner);
    if (code != COMMON__V1__CODE__CODE_UNSPECIFIED) {
        candidate->field = inner[0] == '\0' ? "body" : inner;
        return code;
    }
    candidate->command.body = message;
    return registry->service->may_submit(candidate->sender->role, message) ? 0 : COMMON__V1__CODE__CODE_FORBIDDEN;
}

/* Everything that does not depend on the state. */
static void prepare(struct registry *registry, struct candidate *candidate) {
    const Common__V1__Command *wire = candidate->wire;
    candidate->command = (struct command){.organisation = candidate->sender->organisation,
                                          .role = candidate->sender->role,
                                          .principal = candidate->sender->principal->name,
                                          .occurred_at_ms = wire->occurred_at_ms,
                                          .received_at_ms = registry->now_ms,
                                          .expected_version = wire->expected_version};
    candidate->field = "id";
    candidate->code = COMMON__V1__CODE__CODE_BAD_ID;
    if (!id_is_v7(wire->id.data, wire->id.len)) {
        return;
    }
    candidate->code = check_times(registry, wire, &candidate->field);
    if (candidate->code == 0) {
        candidate->code = unpack_body(registry, candidate);
    }
    if (candidate->code == 0 && registry->service->prepare != NULL) {
        candidate->command.prepared =
            registry->service->prepare(registry->self, &candidate->command, &registry->scratch);
    }
}

static void fetch(const struct registry *registry, const struct candidate *candidates, size_t n) {
    if (registry->service->prepare == NULL) {
        return;
    }
    for (int stage = 0; stage < FETCH_STAGES; stage++) {
        for (size_t i = 0; i < n; i++) {
            if (candidates[i].code == 0) {
                registry->service->fetch(registry->self, candidates[i].command.prepared, stage);
            }
        }
    }
}

/* Appends one event and folds it into the state. */
static void record_event(struct registry *registry, const struct id *command, struct event *event) {
    event->seq = journal_next(registry->journal);
    event->prev = event->prev == EVENT_PREV_BEFORE ? event->seq - 1 : event->prev;
    buffer_clear(&registry->public_body);
    if (event->public_body != NULL) {
        size_t size = protobuf_c_message_get_packed_size(event->public_body);
        CHECK(size <= EVENT_PUBLIC_BYTES_MAX);
        protobuf_c_message_pack(event->public_body, buffer_reserve(&registry->public_body, size));
        registry->public_body.size = size;
    }
    struct journal_row row = {.prev = event->prev,
                              .command = *command,
                              .at_ms = registry->now_ms,
                              .type = event->type,
                              .private_body = event->private_body,
                              .private_size = event->private_size,
                              .public_body = registry->public_body.data,
                              .public_size = registry->public_body.size};
    if (journal_append(registry->journal, &row) != STATUS_OK) {
        registry->failed = true;
        return;
    }
    CHECK(row.seq == event->seq);
    registry->service->evolve(registry->self, event);
    feed_server_note(registry->feed, &row);
    registry->counters.events++;
}

void step_record(struct registry *registry, const struct id *command, struct decision *decision) {
    for (size_t i = 0; i < decision->event_count && !registry->failed; i++) {
        record_event(registry, command, &decision->events[i]);
    }
}

bool step_tick(struct registry *registry, size_t *events) {
    struct decision decision = {0};
    arena_reset(&registry->deciding);
    const bool done = registry->service->tick(registry->self, registry->now_ms, &registry->deciding, &decision);
    CHECK(done || decision.event_count > 0); /* it is pure: it would come to the same for ever */
    *events += decision.event_count;
    step_record(registry, &(struct id){0}, &decision);
    return done;
}

/* Time came with a command: all that it makes due is behind it in the log, before what the next one does. */
static void run_tick(struct registry *registry) {
    size_t events = 0;
    CHECK(registry->service->tick != NULL);
    while (!registry->failed && !step_tick(registry, &events)) {
    }
}

/* Accepted: its events, and those of further phases that see the state with them. True: the tick is to run behind them.
 */
static bool accept_command(struct registry *registry, const struct candidate *candidate, const struct id *id,
                           struct decision *decision) {
    Common__V1__Receipt *receipt = candidate->receipt;
    const uint64_t first = journal_next(registry->journal);
    struct command command = candidate->command;
    bool runs_tick = false;
    registry->counters.accepted++;
    receipt->result = COMMON__V1__RESULT__RESULT_ACCEPTED;
    for (;;) {
        receipt->events += (uint32_t)decision->event_count;
        CHECK(receipt->events <= JOURNAL_COMMAND_ROWS_MAX);
        if (decision->code != 0 && receipt->problem == NULL) {
            set_problem(registry, receipt, decision->code, decision->field);
        }
        runs_tick = runs_tick || decision->runs_tick;
        step_record(registry, id, decision);
        if (!decision->again || registry->failed) {
            break;
        }
        command.phase++;
        memset(decision, 0, sizeof *decision);
        arena_reset(&registry->deciding);
        registry->service->decide(registry->self, &command, &registry->deciding, decision);
        CHECK(!decision->refused);
    }
    receipt->first_seq = receipt->events > 0 ? first : 0;
    if (receipt->events == 0 && !registry->failed && journal_claim_empty(registry->journal, id) != STATUS_OK) {
        registry->failed = true;
    }
    return runs_tick;
}

/* Notes the ids of a group, but for those that are none. */
static void claim(struct registry *registry, struct candidate *candidates, size_t n) {
    struct candidate *claiming[JOURNAL_GROUP];
    struct id ids[JOURNAL_GROUP];
    const struct id *pointers[JOURNAL_GROUP];
    bool known[JOURNAL_GROUP];
    size_t count = 0;
    for (size_t i = 0; i < n; i++) {
        if (candidates[i].code != COMMON__V1__CODE__CODE_BAD_ID) {
            memcpy(ids[count].bytes, candidates[i].wire->id.data, ID_BYTES);
            pointers[count] = &ids[count];
            claiming[count++] = &candidates[i];
        }
    }
    if (journal_claim_group(registry->journal, pointers, count, known) != STATUS_OK) {
        registry->failed = true;
        return;
    }
    for (size_t i = 0; i < count; i++) {
        claiming[i]->is_known = known[i];
    }
}

/* True: the tick is to run behind it. */
static bool decide(struct registry *registry, const struct candidate *candidate) {
    if (candidate->code == COMMON__V1__CODE__CODE_BAD_ID) {
        refuse(registry, candidate, candidate->code, candidate->field);
        return false;
    }
    struct id id;
    memcpy(id.bytes, candidate->wire->id.data, ID_BYTES);
    if (candidate->is_known) {
        set_duplicate(registry, candidate->receipt, &id);
        return false;
    }
    if (candidate->code != 0) {
        refuse(registry, candidate, candidate->code, candidate->field);
        return false;
    }
    struct decision decision = {0};
    arena_reset(&registry->deciding);
    registry->service->decide(registry->self, &candidate->command, &registry->deciding, &decision);
    if (decision.refused) {
        refuse(registry, candidate, decision.code, decision.field);
        return false;
    }
    return accept_command(registry, candidate, &id, &decision);
}

/* --- a group --- */

/* What a tick logged stands between the group's rows now: those that come are to be found behind it. */
static void claim_later(struct registry *registry, const struct candidate *candidates, size_t n) {
    for (size_t i = 0; i < n && !registry->failed; i++) {
        struct id id;
        if (candidates[i].code == COMMON__V1__CODE__CODE_BAD_ID || candidates[i].is_known) {
            continue; /* never claimed, or decided before, or the same as one that is moved */
        }
        memcpy(id.bytes, candidates[i].wire->id.data, ID_BYTES);
        registry->failed = journal_claim_later(registry->journal, &id) != STATUS_OK;
    }
}

/* Some commands at once: the reads of one are under way while another is decided. */
void step_group(struct registry *registry, const struct sender *sender, Common__V1__Command *const *commands,
                Common__V1__Receipt *const *receipts, size_t n) {
    struct candidate candidates[JOURNAL_GROUP];
    arena_reset(&registry->scratch);
    for (size_t i = 0; i < n; i++) {
        candidates[i] = (struct candidate){.wire = commands[i], .sender = sender, .receipt = receipts[i]};
        prepare(registry, &candidates[i]);
    }
    fetch(registry, candidates, n);
    claim(registry, candidates, n);
    for (size_t i = 0; i < n && !registry->failed; i++) {
        if (decide(registry, &candidates[i])) {
            run_tick(registry);
            claim_later(registry, candidates + i + 1, n - i - 1);
        }
    }
}
