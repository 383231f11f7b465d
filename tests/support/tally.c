#include "support/tally.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hash.h"
#include "visits/v1/commands.pb-c.h"
#include "visits/v1/events.pb-c.h"
#include "visits/v1/query.pb-c.h"

struct subject {
    uint64_t hash;
    uint64_t last_seq;
    uint64_t count;
};

struct tally {
    struct table subjects;
    struct index by_hash;
};

enum { TALLY_COUNTED = 1, TALLY_TICKED = 2 };

static uint64_t hash_of_row(const void *row) {
    return ((const struct subject *)row)->hash;
}

static bool equals(const void *row, const void *key) {
    return ((const struct subject *)row)->hash == *(const uint64_t *)key;
}

static enum status tally_open(const struct config *config, struct state *state, void **self,
                              struct config_error *error) {
    (void)config;
    (void)error;
    struct tally *tally = calloc(1, sizeof *tally);
    table_init(&tally->subjects, "subject", sizeof(struct subject), 1u << 24);
    index_init(&tally->by_hash, "subject_by_hash", &tally->subjects, hash_of_row, equals);
    state_register_table(state, &tally->subjects);
    state_register_index(state, &tally->by_hash);
    *self = tally;
    return STATUS_OK;
}

static void tally_close(void **self) {
    struct tally *tally = *self;
    index_release(&tally->by_hash);
    table_release(&tally->subjects);
    free(tally);
    *self = NULL;
}

static const struct subject *find(const struct tally *tally, uint64_t hash) {
    return table_row(&tally->subjects, index_find(&tally->by_hash, hash, &hash));
}

static uint64_t hash_of_name(const char *name) {
    return hash_bytes(name, strlen(name)) | 1;
}

static void add_event(const struct tally *tally, uint64_t hash, uint32_t type, bool is_public, struct arena *arena,
                      struct decision *decision) {
    uint64_t *private_body = arena_alloc(arena, sizeof *private_body);
    *private_body = hash;
    Visits__V1__Event *event = arena_alloc(arena, sizeof *event);
    Visits__V1__Visit *visit = arena_alloc(arena, sizeof *visit);
    visits__v1__event__init(event);
    visits__v1__visit__init(visit);
    visit->day = 1;
    visit->region = type;
    event->body_case = VISITS__V1__EVENT__BODY_VISIT_APPEARED;
    event->visit_appeared = visit;
    const bool follows = decision->event_count > 0; /* all events of a decision are of one subject */
    const uint64_t prev = follows ? EVENT_PREV_BEFORE : find(tally, hash)->last_seq;
    decision->events[decision->event_count++] = (struct event){.type = type,
                                                               .prev = prev,
                                                               .private_body = private_body,
                                                               .private_size = sizeof *private_body,
                                                               .public_body = is_public ? &event->base : NULL};
}

static void tally_decide(const void *self, const struct command *command, struct arena *arena,
                         struct decision *decision) {
    const char *name = ((const Visits__V1__Command *)command->body)->open_visit->visit_number;
    uint64_t hash = hash_of_name(name);
    if (strncmp(name, "bad", 3) == 0 ||
        (strncmp(name, "only-", 5) == 0 && strcmp(name + 5, role_name(command->role)) != 0)) {
        decision->refused = true;
        decision->code = 900;
        decision->field = "visit_number";
        return;
    }
    if (strncmp(name, "idle", 4) == 0) {
        return;
    }
    if (strncmp(name, "rise", 4) == 0) { /* one event a phase, until the state holds three */
        decision->again = find(self, hash)->count < 2;
    }
    decision->runs_tick = strncmp(name, "hurry", 5) == 0;
    add_event(self, hash, TALLY_COUNTED, strncmp(name, "quiet", 5) != 0, arena, decision);
    if (strncmp(name, "pair", 4) == 0) {
        add_event(self, hash, TALLY_COUNTED, true, arena, decision);
    }
}

static void tally_evolve(void *self, const struct event *event) {
    struct tally *tally = self;
    uint64_t hash;
    memcpy(&hash, event->private_body, sizeof hash);
    uint32_t number = index_find(&tally->by_hash, hash, &hash);
    if (number == 0) {
        ((struct subject *)table_add(&tally->subjects, &number))->hash = hash;
        index_add(&tally->by_hash, number);
    }
    struct subject *subject = table_row(&tally->subjects, number);
    subject->last_seq = event->seq;
    subject->count++;
}

/* Counts a subject, as far as a decision can, up to so many times. False: more is to come. */
static bool count_up_to(const struct tally *tally, const char *name, uint64_t wanted, struct arena *arena,
                        struct decision *decision) {
    const uint64_t count = find(tally, hash_of_name(name))->count;
    while (decision->event_count < DECISION_EVENTS_MAX && count + decision->event_count < wanted) {
        add_event(tally, hash_of_name(name), TALLY_TICKED, true, arena, decision);
    }
    return count + decision->event_count >= wanted;
}

static bool tally_tick(const void *self, int64_t now_ms, struct arena *arena, struct decision *decision) {
    CHECK(now_ms > 0);
    const uint64_t clock = find(self, hash_of_name("clock"))->count;
    if (clock > 0 && clock < 5) {
        add_event(self, hash_of_name("clock"), TALLY_TICKED, true, arena, decision);
        return true;
    }
    if (!count_up_to(self, "hurried", find(self, hash_of_name("hurry"))->count * TALLY_HURRIED, arena, decision)) {
        return false;
    }
    if (decision->event_count > 0) {
        return find(self, hash_of_name("flood"))->count == 0; /* one subject a decision */
    }
    return find(self, hash_of_name("flood"))->count == 0 || count_up_to(self, "flood", TALLY_FLOOD, arena, decision);
}

/* Walks the subject's history from its last event to its first. */
static bool read_history(const struct tally *tally, const struct question *question, uint64_t hash, struct arena *arena,
                         uint64_t *events) {
    struct past_event past;
    for (uint64_t seq = find(tally, hash)->last_seq; seq != 0; seq = past.event.prev) {
        if (!question->read_past(question->log, seq, arena, &past) || past.event.seq != seq || past.at_ms <= 0 ||
            past.at_ms > question->received_at_ms || past.event.public_body != NULL ||
            (past.event.type != TALLY_COUNTED && past.event.type != TALLY_TICKED) ||
            past.event.private_size != sizeof hash || memcmp(past.event.private_body, &hash, sizeof hash) != 0) {
            return false;
        }
        (*events)++;
    }
    return !question->read_past(question->log, 0, arena, &past) &&
           !question->read_past(question->log, UINT64_MAX, arena, &past);
}

static const ProtobufCMessage *tally_query(const void *self, const struct question *question, struct arena *arena,
                                           struct decision *audit, uint32_t *code) {
    const Visits__V1__Query *q = (const Visits__V1__Query *)question->body;
    if (q->body_case != VISITS__V1__QUERY__BODY_GET_VISIT) {
        *code = COMMON__V1__CODE__CODE_UNSUPPORTED;
        return NULL;
    }
    const char *name = q->get_visit->visit_number;
    Visits__V1__Answer *answer = arena_alloc(arena, sizeof *answer);
    Visits__V1__VisitState *state = arena_alloc(arena, sizeof *state);
    visits__v1__answer__init(answer);
    visits__v1__visit_state__init(state);
    const struct subject *subject = find(self, hash_of_name(name));
    state->version = subject->last_seq;
    state->opened_at_ms = (int64_t)subject->count;
    if (strncmp(name, "history of ", 11) == 0) {
        uint64_t events = 0;
        if (!read_history(self, question, hash_of_name(name + 11), arena, &events)) {
            *code = 900;
            return NULL;
        }
        state->opened_at_ms = (int64_t)events;
    }
    answer->body_case = VISITS__V1__ANSWER__BODY_VISIT;
    answer->visit = state;
    if (strncmp(name, "watched", 7) == 0) {
        add_event(self, hash_of_name(name), TALLY_TICKED, false, arena, audit);
    }
    return &answer->base;
}

static bool tally_may_submit(enum role role, const ProtobufCMessage *body) {
    (void)role;
    return ((const Visits__V1__Command *)body)->body_case == VISITS__V1__COMMAND__BODY_OPEN_VISIT;
}

static const struct code_text tally_codes[] = {
    {900, "BAD_SUBJECT", "The subject is bad; choose another.", "对象无效，请另选。"}, {0, NULL, NULL, NULL}};

const struct service tally_service = {.name = "tally",
                                      .command_descriptor = &visits__v1__command__descriptor,
                                      .event_descriptor = &visits__v1__event__descriptor,
                                      .query_descriptor = &visits__v1__query__descriptor,
                                      .codes = tally_codes,
                                      .layout = 1,
                                      .open = tally_open,
                                      .close = tally_close,
                                      .decide = tally_decide,
                                      .evolve = tally_evolve,
                                      .tick = tally_tick,
                                      .query = tally_query,
                                      .may_submit = tally_may_submit};

void tally_run_if_asked(int argc, char **argv) {
    if (argc > 1 && strcmp(argv[1], "daemon") == 0) {
        argv[1] = argv[0];
        argc--;
        argv++;
        setenv("TALLY_DAEMON", "1", 1); /* the snapshot process that the daemon starts is the daemon too */
    }
    if (getenv("TALLY_DAEMON") != NULL) {
        exit(service_run(&tally_service, argc, argv));
    }
}
