#include <string.h>

#include "base/check.h"
#include "base/civil.h"
#include "base/log.h"
#include "service/registry.h"

/* Requests that carry commands, and the turn that commits what became of them (step.c). */

/* Of one turn's tick: a second with much to do must not keep other requests waiting. */
#define TICK_SLICE_EVENTS 2000u
#define TICK_SLICE_NS (20 * INT64_C(1000000))

static bool begin(struct registry *registry) {
    if (!registry->folded) {
        return false;
    }
    if (!registry->in_transaction && !registry->failed) {
        registry->in_transaction = true;
        registry->failed = journal_begin(registry->journal) != STATUS_OK;
    }
    return !registry->failed;
}

/* --- requests --- */

static void reply_receipts(struct registry *registry, const struct incoming *incoming, Common__V1__Receipts *receipts) {
    Common__V1__Reply reply = COMMON__V1__REPLY__INIT;
    reply.request = incoming->request->request;
    reply.body_case = COMMON__V1__REPLY__BODY_RECEIPTS;
    reply.receipts = receipts;
    outbox_add(&registry->outbox, &incoming->peer, &reply);
}

/* Decides n commands in the name of one organisation and stages their receipts. */
static void decide_all(struct registry *registry, const struct incoming *incoming, const struct sender *sender,
                       Common__V1__Command *const *commands, size_t n) {
    arena_reset(&registry->receipts);
    Common__V1__Receipts receipts = COMMON__V1__RECEIPTS__INIT;
    receipts.n_receipts = n;
    receipts.receipts = arena_alloc(&registry->receipts, n * sizeof *receipts.receipts);
    Common__V1__Receipt *rows = arena_alloc(&registry->receipts, n * sizeof *rows);
    CHECK(receipts.receipts != NULL && rows != NULL);
    for (size_t i = 0; i < n; i++) {
        common__v1__receipt__init(&rows[i]);
        receipts.receipts[i] = &rows[i];
    }
    for (size_t i = 0; i < n && !registry->failed; i += JOURNAL_GROUP) {
        const size_t left = n - i;
        step_group(registry, sender, commands + i, receipts.receipts + i, left < JOURNAL_GROUP ? left : JOURNAL_GROUP);
    }
    registry->turn_commands += n;
    if (registry->failed) {
        receipts.n_receipts = 0; /* the whole turn will be answered UNAVAILABLE; this only holds its place */
    }
    reply_receipts(registry, incoming, &receipts);
}

void intake_submit(struct registry *registry, const struct incoming *incoming) {
    const Common__V1__Submit *submit = incoming->request->submit;
    const struct principal *principal = incoming->principal;
    if (!role_is_of_organisation(principal->role) && principal->role != ROLE_OPERATOR &&
        principal->role != ROLE_REGISTRAR) {
        answer_problem(registry, incoming, COMMON__V1__CODE__CODE_FORBIDDEN, "");
        return;
    }
    if (submit->organisation[0] != '\0' && strcmp(submit->organisation, principal->organisation) != 0) {
        answer_problem(registry, incoming, COMMON__V1__CODE__CODE_NOT_YOUR_ORGANISATION, "organisation");
        return;
    }
    if (!submit_order_allows(&registry->order, &incoming->peer, submit->after)) {
        answer_problem(registry, incoming, COMMON__V1__CODE__CODE_OUT_OF_ORDER, "after");
        return;
    }
    if (!begin(registry)) {
        answer_problem(registry, incoming, COMMON__V1__CODE__CODE_UNAVAILABLE, "");
        submit_order_forget(&registry->order);
        return;
    }
    submit_order_note(&registry->order, &incoming->peer, incoming->request->request);
    struct sender sender = {.principal = principal, .organisation = principal->organisation, .role = principal->role};
    decide_all(registry, incoming, &sender, submit->commands, submit->n_commands);
}

/* A refused command taken out of the store is decided as if its organisation had just sent it again. */
void intake_resubmit(struct registry *registry, const struct incoming *incoming) {
    const struct principal *principal = incoming->principal;
    const Common__V1__Resubmit *resubmit = incoming->request->resubmit;
    if (!role_is_of_organisation(principal->role) && principal->role != ROLE_OPERATOR) {
        answer_problem(registry, incoming, COMMON__V1__CODE__CODE_FORBIDDEN, "");
        return;
    }
    struct stored_refusal stored = {.arena = &registry->request};
    enum status status = STATUS_NOT_FOUND;
    if (resubmit->number != 0) {
        status = begin(registry) ? step_load_refusal(registry, resubmit->number, true, &stored) : STATUS_UNAVAILABLE;
    }
    bool own = status == STATUS_OK && strcmp(stored.row.organisation, principal->organisation) == 0;
    if (status == STATUS_OK && !own && principal->role != ROLE_OPERATOR) {
        status = STATUS_NOT_FOUND;
    }
    if (status != STATUS_OK) {
        answer_problem(registry, incoming,
                       status == STATUS_NOT_FOUND ? COMMON__V1__CODE__CODE_NOT_FOUND
                                                  : COMMON__V1__CODE__CODE_UNAVAILABLE,
                       "number");
        return;
    }
    Common__V1__Command command = COMMON__V1__COMMAND__INIT;
    command.id = resubmit->id;
    command.occurred_at_ms = stored.row.occurred_at_ms;
    command.expected_version = stored.row.expected_version;
    command.body = (ProtobufCBinaryData){stored.row.body_size, (uint8_t *)(uintptr_t)stored.row.body};
    struct sender sender = {.principal = principal,
                            .organisation = stored.row.organisation,
                            .role = own ? principal->role : ROLE_PUBLISHER};
    Common__V1__Command *commands[] = {&command};
    decide_all(registry, incoming, &sender, commands, 1);
}

/* --- what no command caused --- */

bool intake_record(struct registry *registry, struct decision *decision) {
    if (begin(registry)) {
        step_record(registry, &(struct id){0}, decision);
    }
    return registry->folded && !registry->failed;
}

bool intake_tick(struct registry *registry) {
    if (registry->service->tick == NULL || !begin(registry)) {
        return true;
    }
    const int64_t end_ns = clock_monotonic_ns() + TICK_SLICE_NS;
    size_t events = 0;
    bool done = false;
    while (!done && !registry->failed && events < TICK_SLICE_EVENTS && clock_monotonic_ns() < end_ns) {
        done = step_tick(registry, &events);
    }
    return done || registry->failed; /* what failed is tried again with the next second */
}

/* --- the end of a turn --- */

static void fail_turn(struct registry *registry) {
    LOG_ERROR("a commit failed; its commands are answered UNAVAILABLE and the state is folded again",
              LOG_U("commands", registry->turn_commands));
    journal_rollback(registry->journal);
    feed_server_forget(registry->feed);
    submit_order_forget(&registry->order);
    registry->counters.unavailable += registry->outbox.count;
    Common__V1__Problem problem = COMMON__V1__PROBLEM__INIT;
    answer_fill_problem(registry, &problem, COMMON__V1__CODE__CODE_UNAVAILABLE, "");
    outbox_fail(&registry->outbox, registry->server, &problem);
    registry->folded = recover_state(registry) == STATUS_OK;
}

void intake_finish(struct registry *registry) {
    if (registry->in_transaction && !registry->failed) {
        registry->failed = journal_commit(registry->journal) != STATUS_OK;
    }
    if (registry->failed) {
        fail_turn(registry);
    } else if (registry->in_transaction) {
        feed_server_committed(registry->feed, journal_head(registry->journal));
    }
    if (registry->turn_commands > 0) {
        registry->counters.batches++;
        if (registry->turn_commands > registry->counters.batch_commands_max) {
            registry->counters.batch_commands_max = registry->turn_commands;
        }
    }
    registry->in_transaction = false;
    registry->failed = false;
    registry->turn_commands = 0;
    outbox_send(&registry->outbox, registry->server);
}
