#include "visits/query_person.h"

#include <string.h>

#include "visits/edges.h"
#include "visits/events_person.h"
#include "visits/persons.h"
#include "visits/query_cards.h"
#include "visits/state.h"
#include "visits/v1/codes.pb-c.h"

/* One question on its way. */
struct asking {
    const struct visits *self;
    const struct question *question;
    struct arena *arena;
    struct decision *audit;
    uint32_t code;
};

static void *get(struct asking *q, size_t size) {
    void *memory = arena_zalloc(q->arena, size);
    if (memory == NULL) {
        q->code = COMMON__V1__CODE__CODE_EXHAUSTED;
    }
    return memory;
}

/* --- who may, and the audit --- */

/* Writes down who asks and why; nobody learns anything without. False: *code. */
static bool write_down(struct asking *q, enum lookup_kind what, const char *reason) {
    const size_t size = strlen(reason);
    if (q->question->principal->role != ROLE_REGISTRAR) {
        q->code = COMMON__V1__CODE__CODE_FORBIDDEN;
        return false;
    }
    if (size == 0 || size > VISITS_REASON_BYTES - 8) {
        q->code = size == 0 ? (uint32_t)COMMON__V1__CODE__CODE_MISSING : (uint32_t)VISITS__V1__CODE__CODE_FIELD_TOO_LONG;
        return false;
    }
    struct event_looked_up *body = get(q, sizeof *body);
    if (body == NULL || table_is_full(&q->self->lookups)) {
        q->code = COMMON__V1__CODE__CODE_EXHAUSTED;
        return false;
    }
    body->at = (uint32_t)(q->question->received_at_ms / 1000);
    body->what = what;
    memcpy(body->principal, q->question->principal->name,
           strnlen(q->question->principal->name, sizeof body->principal - 1));
    memcpy(body->reason, reason, size);
    q->audit->events[q->audit->event_count++] =
        (struct event){.type = EVENT_LOOKED_UP, .private_body = body, .private_size = sizeof *body};
    return true;
}

/* The record that a question names; 0 and code: it is refused or there is none. */
static uint32_t find_asked(struct asking *q, const Visits__V1__Identifiers *of) {
    struct stated_person person;
    uint32_t record = 0;
    person_hash(q->self, "", 0, of, "", "", &person);
    if (of == NULL || person.code != 0 || !person_is_named(&person)) {
        q->code = person.code != 0        ? person.code
                  : person.has_number ? (uint32_t)VISITS__V1__CODE__CODE_RESIDENT_ID_INVALID
                                          : (uint32_t)VISITS__V1__CODE__CODE_IDENTITY_MISSING;
        return 0;
    }
    const uint32_t identity = person.has_identity ? visits_find_identity(q->self, &person.identity) : 0;
    for (size_t i = 0; i < person.count && record == 0; i++) {
        record = visits_find_record(q->self, &person.ids[i].key);
    }
    record = record != 0 ? person_record(q->self, record, identity) : visits_identity(q->self, identity)->first_record;
    if (record == 0) {
        q->code = COMMON__V1__CODE__CODE_NOT_FOUND;
        return 0;
    }
    return query_is_stand_in(q->self, record) ? person_base(q->self, record) : record;
}

/* --- persons --- */

static Visits__V1__Card **list_cards(struct asking *q, const struct query_graph *graph, uint32_t asked) {
    Visits__V1__Card **cards = get(q, graph->count * sizeof *cards);
    for (size_t i = 0; cards != NULL && i < graph->count; i++) {
        cards[i] = query_card(q->self, graph->records[i], q->arena);
        if (cards[i] == NULL) {
            q->code = COMMON__V1__CODE__CODE_EXHAUSTED;
            return NULL;
        }
        cards[i]->asked = graph->records[i] == asked;
    }
    return cards;
}

static void get_person(struct asking *q, const Visits__V1__GetPerson *query, Visits__V1__Answer *answer) {
    struct query_graph graph;
    if (!write_down(q, LOOKUP_GET_PERSON, query->reason)) {
        return;
    }
    const uint32_t record = find_asked(q, query->of);
    Visits__V1__Person *person = record == 0 ? NULL : get(q, sizeof *person);
    if (person == NULL) {
        return;
    }
    if (!query_person_of(q->self, record, q->arena, &graph)) {
        q->code = COMMON__V1__CODE__CODE_EXHAUSTED;
        return;
    }
    visits__v1__person__init(person);
    person->cards = list_cards(q, &graph, record);
    person->n_cards = graph.count;
    person->links = graph.links;
    person->n_links = graph.link_count;
    answer->body_case = VISITS__V1__ANSWER__BODY_PERSON;
    answer->person = person;
}

static void explain_person(struct asking *q, const Visits__V1__ExplainPerson *query, Visits__V1__Answer *answer) {
    if (!write_down(q, LOOKUP_EXPLAIN_PERSON, query->reason)) {
        return;
    }
    const uint32_t first = find_asked(q, query->first);
    const uint32_t second = q->code == 0 ? find_asked(q, query->second) : 0;
    Visits__V1__Explanation *out = q->code != 0 ? NULL : get(q, sizeof *out);
    if (out == NULL) {
        return;
    }
    visits__v1__explanation__init(out);
    answer->body_case = VISITS__V1__ANSWER__BODY_EXPLANATION;
    answer->explanation = out;
    out->same_person = visits_record(q->self, first)->person == visits_record(q->self, second)->person;
    struct query_graph way;
    if (!out->same_person) {
        return;
    }
    if (!query_way(q->self, first, second, q->arena, &way)) {
        q->code = COMMON__V1__CODE__CODE_EXHAUSTED;
        return;
    }
    out->cards = list_cards(q, &way, first);
    out->n_cards = way.count;
    out->links = way.links;
    out->n_links = way.link_count;
    if (out->cards != NULL && way.count > 0) {
        out->cards[way.count - 1]->asked = true;
    }
}

/* --- lists --- */

static uint32_t rows_of(uint32_t limit) {
    return limit == 0 ? 100 : limit > QUERY_ROWS_MAX ? QUERY_ROWS_MAX : limit;
}

static Visits__V1__Conflict *make_conflict(struct asking *q, uint32_t number) {
    const struct conflict *row = visits_conflict(q->self, number);
    Visits__V1__Conflict *out = get(q, sizeof *out);
    if (out == NULL) {
        return NULL;
    }
    visits__v1__conflict__init(out);
    out->number = number;
    out->kind = (Visits__V1__ConflictKind)row->kind;
    out->first = query_card(q->self, row->first, q->arena);
    out->second = query_card(q->self, row->second, q->arena);
    out->source = visits_facility(q->self, row->facility)->code;
    out->opened_at_ms = (int64_t)row->opened_at * 1000;
    out->decision = (Visits__V1__ConflictDecision)row->decision;
    out->seq = row->seq;
    return out;
}

static void fill_conflicts(struct asking *q, const Visits__V1__ListConflicts *query, Visits__V1__Conflicts *out) {
    const uint32_t rows = rows_of(query->limit);
    for (uint32_t number = 1; number <= q->self->conflicts.count; number++) {
        const uint8_t decision = visits_conflict(q->self, number)->decision;
        out->open += decision == 0;
        if (number <= query->after || out->n_conflicts == rows || (decision != 0 && !query->with_decided)) {
            continue;
        }
        out->conflicts[out->n_conflicts] = make_conflict(q, number);
        if (out->conflicts[out->n_conflicts++] == NULL) {
            return;
        }
    }
}

static void list_conflicts(struct asking *q, const Visits__V1__ListConflicts *query, Visits__V1__Answer *answer) {
    const enum role role = q->question->principal->role;
    if (role != ROLE_REGISTRAR && role != ROLE_OPERATOR) {
        q->code = COMMON__V1__CODE__CODE_FORBIDDEN;
        return;
    }
    Visits__V1__Conflicts *out = get(q, sizeof *out);
    if (out == NULL) {
        return;
    }
    visits__v1__conflicts__init(out);
    out->conflicts = get(q, rows_of(query->limit) * sizeof *out->conflicts);
    if (out->conflicts != NULL) {
        fill_conflicts(q, query, out);
    }
    answer->body_case = VISITS__V1__ANSWER__BODY_CONFLICTS;
    answer->conflicts = out;
}

static char *what_of(uint32_t what) {
    static const char *const names[] = {[LOOKUP_GET_PERSON] = "get_person",
                                        [LOOKUP_EXPLAIN_PERSON] = "explain_person",
                                        [LOOKUP_JOIN] = "join_persons",
                                        [LOOKUP_SEPARATE] = "separate_persons",
                                        [LOOKUP_DECIDE] = "decide_conflict"};
    return (char *)(what < sizeof names / sizeof names[0] && names[what] != NULL ? names[what] : "");
}

static Visits__V1__Lookup *make_lookup(struct asking *q, uint32_t number) {
    struct lookup *row = visits_lookup(q->self, number);
    Visits__V1__Lookup *out = get(q, sizeof *out);
    if (out == NULL) {
        return NULL;
    }
    visits__v1__lookup__init(out);
    out->seq = row->seq;
    out->at_ms = (int64_t)row->at * 1000;
    out->principal = row->principal;
    out->reason = row->reason;
    out->what = what_of(row->what);
    return out;
}

/* Rows are in the order of their numbers in the log. */
static uint32_t first_after(const struct visits *self, uint64_t seq) {
    uint32_t from = 1, to = self->lookups.count + 1;
    while (from < to) {
        const uint32_t middle = from + (to - from) / 2;
        if (visits_lookup(self, middle)->seq > seq) {
            to = middle;
        } else {
            from = middle + 1;
        }
    }
    return from;
}

static void list_lookups(struct asking *q, const Visits__V1__ListLookups *query, Visits__V1__Answer *answer) {
    if (q->question->principal->role != ROLE_OPERATOR) {
        q->code = COMMON__V1__CODE__CODE_FORBIDDEN;
        return;
    }
    const uint32_t rows = rows_of(query->limit);
    Visits__V1__Lookups *out = get(q, sizeof *out);
    Visits__V1__Lookup **list = get(q, rows * sizeof *list);
    if (out == NULL || list == NULL) {
        return;
    }
    visits__v1__lookups__init(out);
    out->lookups = list;
    for (uint32_t i = first_after(q->self, query->after); i <= q->self->lookups.count && out->n_lookups < rows; i++) {
        list[out->n_lookups] = make_lookup(q, i);
        if (list[out->n_lookups++] == NULL) {
            return;
        }
    }
    answer->body_case = VISITS__V1__ANSWER__BODY_LOOKUPS;
    answer->lookups = out;
}

static void ask(struct asking *q, const Visits__V1__Query *body, Visits__V1__Answer *answer) {
    switch (body->body_case) {
    case VISITS__V1__QUERY__BODY_GET_PERSON:
        get_person(q, body->get_person, answer);
        return;
    case VISITS__V1__QUERY__BODY_EXPLAIN_PERSON:
        explain_person(q, body->explain_person, answer);
        return;
    case VISITS__V1__QUERY__BODY_LIST_CONFLICTS:
        list_conflicts(q, body->list_conflicts, answer);
        return;
    case VISITS__V1__QUERY__BODY_LIST_LOOKUPS:
        list_lookups(q, body->list_lookups, answer);
        return;
    case VISITS__V1__QUERY__BODY_GET_VISIT:
    case VISITS__V1__QUERY__BODY_LIST_FACILITIES:
    case VISITS__V1__QUERY__BODY__NOT_SET:
    case _VISITS__V1__QUERY__BODY__CASE_IS_INT_SIZE:
        break;
    }
    q->code = COMMON__V1__CODE__CODE_UNSUPPORTED;
}

const ProtobufCMessage *visits_query_person(const void *self, const struct question *question, struct arena *arena,
                                            struct decision *audit, uint32_t *code) {
    struct asking q = {.self = self, .question = question, .arena = arena, .audit = audit};
    Visits__V1__Answer *answer = get(&q, sizeof *answer);
    if (answer != NULL) {
        visits__v1__answer__init(answer);
        ask(&q, (const Visits__V1__Query *)question->body, answer);
    }
    *code = q.code;
    return q.code == 0 ? &answer->base : NULL;
}
