#ifndef TESTS_PERSONS_FIXTURE_H
#define TESTS_PERSONS_FIXTURE_H

#include "support/visits_fixture.h"
#include "visits/events_person.h"
#include "visits/v1/query.pb-c.h"

/*
 * Commands about persons: for pure tests and the bench. Header only, over visits_fixture.h.
 *
 * The numbers of a person are written as words: "R3" the resident identity number that make_resident_id(3) makes, "R!" one
 * that fails its check, "L:17" a local id of no stated kind, with another letter one of a kind (M medical record,
 * I inpatient, O outpatient, V visit card, X other, H health code, N card number, K card code), "M:17@h2" one of a domain;
 * "!" says that the date of birth contradicts.
 */

struct people {
    struct fixture base;
    struct arena bodies; /* of the command in hand */
};

static inline void people_init(struct people *p, uint32_t persons_max, uint32_t visits_max) {
    memset(p, 0, sizeof *p);
    fixture_init(&p->base, persons_max, visits_max);
    arena_release(&p->base.arena);
    arena_init(&p->base.arena, (size_t)64 << 20); /* as a registry has it */
    arena_init(&p->bodies, (size_t)1 << 20);
}

static inline void people_release(struct people *p) {
    fixture_release(&p->base);
    arena_release(&p->bodies);
}

/* A visit command or a registration. */
static inline void people_act(struct people *p, const struct act *act, struct decision *decision) {
    fixture_act(&p->base, act, decision);
}

static inline void people_register(struct people *p, const char *facility, uint32_t region) {
    struct decision decision;
    people_act(p, &(struct act){REGISTER, facility, "name", .region = region}, &decision);
    if (decision.event_count != 1) {
        abort();
    }
}

/* --- numbers as words --- */

static inline char *people_text(struct people *p, const char *text, size_t size) {
    char *copy = arena_zalloc(&p->bodies, size + 1);
    if (copy == NULL) {
        abort();
    }
    memcpy(copy, text, size);
    return copy;
}

static inline Visits__V1__IdentifierKind people_kind(char letter) {
    static const char letters[] = "LMIOVXHNK"; /* in the order of the kinds */
    const char *at = strchr(letters, letter);
    if (at == NULL) {
        abort();
    }
    return (Visits__V1__IdentifierKind)(at - letters);
}

static inline void people_word(struct people *p, const char *word, size_t size, Visits__V1__Identifiers *out) {
    if (word[0] == '!') {
        out->birth_date_contradicts = true;
        return;
    }
    if (word[0] == 'R') {
        char id[RESIDENT_ID_BYTES] = "411099193001010000";
        if (word[1] != '!') {
            make_resident_id((uint32_t)strtoul(word + 1, NULL, 10), id);
        }
        out->resident_id = people_text(p, id, strlen(id));
        return;
    }
    Visits__V1__LocalId *id = arena_alloc(&p->bodies, sizeof *id);
    const char *domain = memchr(word, '@', size);
    const char *end = domain == NULL ? word + size : domain;
    visits__v1__local_id__init(id);
    id->kind = people_kind(word[0]);
    id->value = people_text(p, word + 2, (size_t)(end - word) - 2);
    if (domain != NULL) {
        id->domain = people_text(p, domain + 1, (size_t)(word + size - domain) - 1);
    }
    out->local_ids[out->n_local_ids++] = id;
}

/* NULL for NULL. */
static inline Visits__V1__Identifiers *people_ids(struct people *p, const char *words) {
    if (words == NULL) {
        return NULL;
    }
    Visits__V1__Identifiers *out = arena_alloc(&p->bodies, sizeof *out);
    visits__v1__identifiers__init(out);
    out->local_ids = arena_alloc(&p->bodies, 32 * sizeof *out->local_ids);
    while (*words != 0) {
        const size_t size = strcspn(words, " ");
        people_word(p, words, size, out);
        words += size + (words[size] == ' ');
    }
    return out;
}

/* --- commands --- */

enum person_verb { UPDATE = 1, DELETE, MERGE, LINK, UNLINK, JOIN, SEPARATE, DECIDE, DOMAIN, OPENING };

struct told {
    enum person_verb verb;
    const char *org;
    const char *at; /* occurred and recorded, "2020-07-03T10:00" */
    const char *a;  /* numbers: the person, the survivors (several: ';' between them), the first; a domain */
    const char *b;  /* the priors, the second; the owners, blanks between them; of OPENING the visit number */
    const char *reason;    /* NULL: "test" */
    uint32_t number;       /* of a conflict; of OPENING the class, 0: outpatient */
    int decision;          /* of a conflict: JOIN_THEM, KEEP_THEM_APART */
    bool prior_must_exist;
    int64_t at_ms; /* instead of at */
    int zero;
};
/* What is left out is zero. */
#define TOLD_ROW(...) {__VA_ARGS__, .zero = 0}
#define TOLD(...) (&(const struct told)TOLD_ROW(__VA_ARGS__))
enum { JOIN_THEM = 1, KEEP_THEM_APART = 2 };

#define PEOPLE_NEW(p, name, type)                                                                                      \
    Visits__V1__##type *name = arena_alloc(&(p)->bodies, sizeof *name);                                                \
    visits__v1__##name##__init(name)

static inline void people_merges(struct people *p, const struct told *told, Visits__V1__MergePersons *out) {
    const char *a = told->a, *b = told->b;
    out->merges = arena_alloc(&p->bodies, 32 * sizeof *out->merges);
    while (a != NULL && b != NULL) {
        const size_t a_size = strcspn(a, ";"), b_size = strcspn(b, ";");
        PEOPLE_NEW(p, merge, Merge);
        merge->survivor = people_ids(p, people_text(p, a, a_size));
        merge->prior = people_ids(p, people_text(p, b, b_size));
        out->merges[out->n_merges++] = merge;
        a = a[a_size] == ';' ? a + a_size + 1 : NULL;
        b = b[b_size] == ';' ? b + b_size + 1 : NULL;
    }
}

static inline void people_owners(struct people *p, const char *owners, Visits__V1__RegisterDomain *out) {
    out->owners = arena_alloc(&p->bodies, 64 * sizeof *out->owners);
    while (*owners != 0) {
        const size_t size = strcspn(owners, " ");
        out->owners[out->n_owners++] = people_text(p, owners, size);
        owners += size + (owners[size] == ' ');
    }
}

static inline Visits__V1__Command *people_command(struct people *p, const struct told *told) {
    PEOPLE_NEW(p, command, Command);
    char *reason = people_text(p, told->reason == NULL ? "test" : told->reason,
                               strlen(told->reason == NULL ? "test" : told->reason));
    switch (told->verb) {
    case UPDATE: {
        PEOPLE_NEW(p, update_person, UpdatePerson);
        update_person->person = people_ids(p, told->a);
        command->body_case = VISITS__V1__COMMAND__BODY_UPDATE_PERSON;
        command->update_person = update_person;
        break;
    }
    case DELETE: {
        PEOPLE_NEW(p, delete_person, DeletePerson);
        delete_person->person = people_ids(p, told->a);
        command->body_case = VISITS__V1__COMMAND__BODY_DELETE_PERSON;
        command->delete_person = delete_person;
        break;
    }
    case MERGE: {
        PEOPLE_NEW(p, merge_persons, MergePersons);
        people_merges(p, told, merge_persons);
        merge_persons->prior_must_exist = told->prior_must_exist;
        command->body_case = VISITS__V1__COMMAND__BODY_MERGE_PERSONS;
        command->merge_persons = merge_persons;
        break;
    }
    case LINK: {
        PEOPLE_NEW(p, link_persons, LinkPersons);
        link_persons->first = people_ids(p, told->a);
        link_persons->second = people_ids(p, told->b);
        command->body_case = VISITS__V1__COMMAND__BODY_LINK_PERSONS;
        command->link_persons = link_persons;
        break;
    }
    case UNLINK: {
        PEOPLE_NEW(p, unlink_persons, UnlinkPersons);
        unlink_persons->first = people_ids(p, told->a);
        unlink_persons->second = people_ids(p, told->b);
        command->body_case = VISITS__V1__COMMAND__BODY_UNLINK_PERSONS;
        command->unlink_persons = unlink_persons;
        break;
    }
    case JOIN: {
        PEOPLE_NEW(p, join_persons, JoinPersons);
        join_persons->first = people_ids(p, told->a);
        join_persons->second = people_ids(p, told->b);
        join_persons->reason = reason;
        command->body_case = VISITS__V1__COMMAND__BODY_JOIN_PERSONS;
        command->join_persons = join_persons;
        break;
    }
    case SEPARATE: {
        PEOPLE_NEW(p, separate_persons, SeparatePersons);
        separate_persons->first = people_ids(p, told->a);
        separate_persons->second = people_ids(p, told->b);
        separate_persons->reason = reason;
        command->body_case = VISITS__V1__COMMAND__BODY_SEPARATE_PERSONS;
        command->separate_persons = separate_persons;
        break;
    }
    case DECIDE: {
        PEOPLE_NEW(p, decide_conflict, DecideConflict);
        decide_conflict->number = told->number;
        decide_conflict->decision = (Visits__V1__ConflictDecision)told->decision;
        decide_conflict->reason = reason;
        command->body_case = VISITS__V1__COMMAND__BODY_DECIDE_CONFLICT;
        command->decide_conflict = decide_conflict;
        break;
    }
    case DOMAIN: {
        PEOPLE_NEW(p, register_domain, RegisterDomain);
        register_domain->domain = people_text(p, told->a, strlen(told->a));
        people_owners(p, told->b, register_domain);
        command->body_case = VISITS__V1__COMMAND__BODY_REGISTER_DOMAIN;
        command->register_domain = register_domain;
        break;
    }
    case OPENING: {
        PEOPLE_NEW(p, open_visit, OpenVisit);
        open_visit->visit_number = people_text(p, told->b, strlen(told->b));
        open_visit->person = people_ids(p, told->a);
        open_visit->card_kind = VISITS__V1__CARD_KIND__CARD_KIND_SOCIAL_SECURITY;
        open_visit->visit_class = (Visits__V1__VisitClass)(told->number == 0 ? 2 : told->number);
        command->body_case = VISITS__V1__COMMAND__BODY_OPEN_VISIT;
        command->open_visit = open_visit;
        break;
    }
    }
    return command;
}

static inline enum role people_role(enum person_verb verb) {
    const bool is_registrar = verb == JOIN || verb == SEPARATE || verb == DECIDE;
    return is_registrar ? ROLE_REGISTRAR : verb == DOMAIN ? ROLE_OPERATOR : ROLE_PUBLISHER;
}

static inline void people_tell(struct people *p, const struct told *told, struct decision *decision) {
    arena_reset(&p->bodies);
    const enum role role = people_role(told->verb);
    const struct command command = {
        .organisation = role == ROLE_PUBLISHER ? told->org : "bureau",
        .role = role,
        .principal = role == ROLE_REGISTRAR ? "bureau/registrar" : "test",
        .occurred_at_ms = told->at != NULL ? time_of(told->at) : told->at_ms != 0 ? told->at_ms : 1000,
        .received_at_ms = AS_RECEIVED_MS + (int64_t)p->base.seq * 1000,
        .body = &people_command(p, told)->base};
    fixture_step(&p->base, &command, decision);
}

/* --- what came of it --- */

static inline uint32_t people_facility(const struct people *p, const char *org) {
    return visits_find_facility(&p->base.visits, org);
}

/* The record that the first number of a word list stands for at a facility ("" and only domains: a registrar's view). */
static inline uint32_t people_record(struct people *p, const char *org, const char *words) {
    struct stated_person person;
    person_hash(&p->base.visits, org, org[0] == 0 ? 0 : people_facility(p, org), people_ids(p, words), "", "", &person);
    if (person.code != 0 || !person_is_named(&person)) {
        abort();
    }
    return visits_find_record(&p->base.visits, person.count > 0 ? &person.ids[0].key : &person.alone);
}

static inline bool people_are_one(struct people *p, const char *org_a, const char *a, const char *org_b, const char *b) {
    const uint32_t x = people_record(p, org_a, a), y = people_record(p, org_b, b);
    const struct visits *v = &p->base.visits;
    return x != 0 && y != 0 && visits_record(v, x)->person == visits_record(v, y)->person;
}

/* The fold of the kept log from empty has the same bytes. */
static inline bool people_folds_alike(const struct people *p) {
    uint8_t hash[32], again[32];
    struct people other;
    people_init(&other, p->base.visits.options.persons_max, p->base.visits.options.visits_max);
    for (size_t i = 0; i < p->base.log_size; i++) {
        const struct kept_event *kept = &p->base.log[i];
        struct event event = {.type = kept->type, .private_body = kept->body, .private_size = kept->size};
        fixture_evolve(&other.base, &event);
    }
    state_hash(&p->base.state, hash);
    state_hash(&other.base.state, again);
    people_release(&other);
    return memcmp(hash, again, sizeof hash) == 0;
}

#endif
