#include <string.h>
#include <strings.h>

#include "codes/resident_id.h"
#include "hl7-gateway/map_internal.h"

/*
 * PID-3 and MRG-1 (CX): .1 number, .4 who gave it (namespace & universal id), .5 type. The type says what the number
 * is; where there is none, an authority that is known to mean a kind of number does.
 */

#define KIND_RESIDENT_ID 9 /* of map_source_record */

struct number {
    const char *value;
    enum identifier_meaning meaning;
    Visits__V1__IdentifierKind kind;
    const char *domain;    /* "": the sender's own, or the city's */
    const char *authority; /* PID-3.4 that no alias names; "" */
};

/* What is found in one segment, before it becomes a person. */
struct found {
    const struct hl7_segment *segment;
    struct number numbers[MAP_LOCAL_IDS_MAX + 1]; /* without repetitions, the first ones by rank */
    size_t count;
    char resident_id[RESIDENT_ID_BYTES]; /* valid, normalised; "" */
    bool are_two;                        /* different valid ones: none of them is believed */
    const char *invalid_number;
    bool is_number_doubtful;
    bool is_overlong;
};

/* --- What a number is --- */

static const struct identifier_alias *find_alias(const struct profile *profile, const char *type) {
    for (size_t i = 0; i < profile->identifier_count && type[0] != 0; i++) {
        if (strcasecmp(profile->identifiers[i].type, type) == 0) {
            return &profile->identifiers[i];
        }
    }
    return NULL;
}

static const struct domain_alias *find_domain(const struct profile *profile, const char *authority) {
    for (size_t i = 0; i < profile->domain_count && authority[0] != 0; i++) {
        if (strcasecmp(profile->domains[i].authority, authority) == 0) {
            return &profile->domains[i];
        }
    }
    return NULL;
}

/* Numbers that the city or the country gives: their domain is empty, whoever cites them. */
static bool is_shared(const struct number *number) {
    return number->meaning == MEANING_RESIDENT_ID ||
           (number->meaning == MEANING_LOCAL &&
            number->kind >= VISITS__V1__IDENTIFIER_KIND__IDENTIFIER_KIND_HEALTH_CODE);
}

/* The values of CX.4 and CX.5, as far as they matter. */
struct cx {
    const char *namespace, *universal, *type;
};

static bool read_part(struct mapping *m, const struct found *found, unsigned field, struct text text,
                      const char **value) {
    *value = "";
    if (text.size == 0) {
        return true;
    }
    if (text.size > MAP_VALUE_BYTES_MAX) {
        return map_refuse(m, HL7_CODE_DATA_TYPE, found->segment, field, 0);
    }
    *value = hl7_value(m->message, text, m->arena);
    return *value != NULL || map_refuse_overload(m);
}

static bool read_cx(struct mapping *m, const struct found *found, unsigned field, struct text repetition,
                    struct cx *cx) {
    const struct hl7_message *message = m->message;
    struct text authority = hl7_component(message, repetition, 4);
    return read_part(m, found, field, hl7_subcomponent(message, authority, 1), &cx->namespace) &&
           read_part(m, found, field, hl7_subcomponent(message, authority, 2), &cx->universal) &&
           read_part(m, found, field, hl7_subcomponent(message, hl7_component(message, repetition, 5), 1), &cx->type);
}

/* An authority that tells a kind (the OIDs of Chinese CDA) is no giver: then the number is the sender's own. */
static bool find_meaning(const struct profile *profile, const struct cx *cx, struct number *number) {
    const struct identifier_alias *alias = find_alias(profile, cx->universal);
    bool is_by_authority = alias != NULL;
    if (alias == NULL) {
        alias = find_alias(profile, cx->type);
    }
    if (alias == NULL) {
        alias = find_alias(profile, cx->namespace);
        is_by_authority = alias != NULL;
    }
    if (alias != NULL) {
        number->meaning = alias->meaning;
        number->kind = alias->kind;
    } else if (cx->type[0] != 0) {
        number->meaning = MEANING_LOCAL;
        number->kind = VISITS__V1__IDENTIFIER_KIND__IDENTIFIER_KIND_OTHER;
    }
    return is_by_authority;
}

/* The universal id wins over the namespace. */
static bool find_giver(struct mapping *m, const struct found *found, unsigned field, const struct cx *cx,
                       struct number *number) {
    const struct domain_alias *alias = find_domain(m->profile, cx->universal);
    if (alias == NULL) {
        alias = find_domain(m->profile, cx->namespace);
    }
    if (alias != NULL) {
        number->domain = alias->domain;
        return true;
    }
    number->authority = cx->universal[0] != 0 ? cx->universal : cx->namespace;
    return number->authority[0] == 0 || m->profile->unknown_authority_is_own ||
           map_refuse(m, HL7_CODE_UNKNOWN_KEY, found->segment, field, 4);
}

/* --- Gathering --- */

/* The order of visits.v1.IdentifierKind, in which a number names the source record; unspecified stands before other. */
static unsigned rank_of(const struct number *number) {
    if (number->meaning == MEANING_VISIT) {
        return 100;
    }
    return number->kind == VISITS__V1__IDENTIFIER_KIND__IDENTIFIER_KIND_UNSPECIFIED ? 9 : 2 * (unsigned)number->kind;
}

/* Numbers of equal kind stand by authority, so that those of a survivor and of a prior one have the same order. */
static int compare(const struct number *a, const struct number *b) {
    int difference = (int)rank_of(a) - (int)rank_of(b);
    return difference != 0 ? difference : strcmp(a->authority, b->authority);
}

static bool is_same(const struct number *a, const struct number *b) {
    return a->kind == b->kind && strcmp(a->value, b->value) == 0 && strcmp(a->domain, b->domain) == 0;
}

/* Sorted in; of more than fit the last ones fall out. */
static void add_number(struct found *found, const struct number *number) {
    size_t at = found->count;
    for (size_t i = 0; i < found->count; i++) {
        if (is_same(&found->numbers[i], number)) {
            return;
        }
    }
    for (; at > 0 && compare(&found->numbers[at - 1], number) > 0; at--) {
        found->numbers[at] = found->numbers[at - 1];
    }
    found->numbers[at] = *number;
    found->count += found->count < MAP_LOCAL_IDS_MAX;
}

static void add_resident_id(struct found *found, const char *value) {
    char id[RESIDENT_ID_BYTES];
    if (!resident_id_normalise(value, id)) {
        found->invalid_number = value;
        found->is_number_doubtful = true;
    } else if (found->resident_id[0] == 0) {
        memcpy(found->resident_id, id, sizeof id);
    } else if (strcmp(found->resident_id, id) != 0) {
        found->are_two = true;
        found->is_number_doubtful = true;
    }
}

/* usual: what the number is unless its type or authority says otherwise. */
static bool add_repetition(struct mapping *m, struct found *found, unsigned field, struct text repetition,
                           const struct number *usual) {
    struct text id = hl7_subcomponent(m->message, hl7_component(m->message, repetition, 1), 1);
    struct number number = *usual;
    struct cx cx;
    if (id.size == 0) {
        return true;
    }
    if (!read_cx(m, found, field, repetition, &cx)) {
        return false;
    }
    bool is_own = find_meaning(m->profile, &cx, &number) || is_shared(&number);
    if (number.meaning == MEANING_IGNORE) {
        return true;
    }
    if (id.size > MAP_VALUE_BYTES_MAX) {
        found->is_overlong = true; /* no number of any kind: the text of a QR code */
        return true;
    }
    if (!read_part(m, found, field, id, &number.value)) {
        return false;
    }
    if (number.value[0] == 0) { /* blanks, or the quotes that delete */
        return true;
    }
    if (number.meaning == MEANING_RESIDENT_ID) {
        add_resident_id(found, number.value);
        return true;
    }
    if (strlen(number.value) > MAP_NUMBER_BYTES_MAX) {
        found->is_overlong = true;
        return true;
    }
    if (!is_own && !find_giver(m, found, field, &cx, &number)) {
        return false;
    }
    add_number(found, &number);
    return true;
}

static bool add_field(struct mapping *m, struct found *found, unsigned field, const struct number *usual) {
    struct text rest = hl7_field(m->message, found->segment, field);
    struct text repetition;
    for (size_t count = 0; hl7_next_repetition(m->message, &rest, &repetition); count++) {
        if (count == MAP_REPETITIONS_MAX) {
            return map_refuse(m, HL7_CODE_DATA_TYPE, found->segment, field, 0);
        }
        if (!add_repetition(m, found, field, repetition, usual)) {
            return false;
        }
    }
    return true;
}

static bool add_further(struct mapping *m, struct found *found) {
    for (size_t i = 0; i < m->profile->further_count; i++) {
        const struct further_identifier *row = &m->profile->further[i];
        struct number usual = {"", row->meaning, row->kind, "", ""};
        if (!add_field(m, found, row->field, &usual)) {
            return false;
        }
    }
    return true;
}

/* --- The person --- */

static bool is_weak(const struct number *number) {
    return number->meaning == MEANING_VISIT;
}

/* Numbers of visits and accounts stand last, and go where anything better is there. */
static void drop_weak(struct found *found) {
    bool has_better = found->resident_id[0] != 0 || (found->count > 0 && !is_weak(&found->numbers[0]));
    while (has_better && found->count > 0 && is_weak(&found->numbers[found->count - 1])) {
        found->count--;
    }
}

static bool make_local_id(struct mapping *m, const struct number *number, Visits__V1__LocalId **made) {
    if (!map_alloc(m, sizeof **made, made)) {
        return false;
    }
    visits__v1__local_id__init(*made);
    (*made)->kind = number->kind;
    (*made)->value = map_borrow(number->value);
    (*made)->domain = map_borrow(number->domain);
    return true;
}

static bool make_identifiers(struct mapping *m, const struct found *found, Visits__V1__Identifiers **made) {
    Visits__V1__Identifiers *identifiers;
    if (!map_alloc(m, sizeof *identifiers, &identifiers)) {
        return false;
    }
    visits__v1__identifiers__init(identifiers);
    if (found->count > 0 && !map_alloc(m, found->count * sizeof *identifiers->local_ids, &identifiers->local_ids)) {
        return false;
    }
    for (size_t i = 0; i < found->count; i++) {
        if (!make_local_id(m, &found->numbers[i], &identifiers->local_ids[i])) {
            return false;
        }
    }
    identifiers->n_local_ids = found->count;
    if (found->resident_id[0] != 0) {
        bool contradicts = false;
        identifiers->resident_id = arena_strdup(m->arena, found->resident_id);
        if (identifiers->resident_id == NULL) {
            return map_refuse_overload(m);
        }
        if (found->segment->kind == HL7_PID &&
            !map_contradicts_birth(m, found->segment, found->resident_id, &contradicts)) {
            return false;
        }
        identifiers->birth_date_contradicts = contradicts;
    }
    *made = identifiers;
    return true;
}

/* Of two different valid numbers nobody can say which one is meant. */
static bool make_person(struct mapping *m, struct found *found, unsigned field, struct map_person *person) {
    if (found->are_two) {
        found->resident_id[0] = 0;
    }
    drop_weak(found);
    person->invalid_number = found->invalid_number;
    person->is_number_doubtful = found->is_number_doubtful;
    person->is_overlong = found->is_overlong;
    m->mapped->facts.number_invalid |= found->is_number_doubtful;
    if (found->count == 0 && found->resident_id[0] == 0) {
        return true;
    }
    for (size_t i = 0; i < found->count; i++) {
        person->authorities[i] = found->numbers[i].authority;
    }
    if (found->is_number_doubtful && m->mapped->verdict.code == HL7_CODE_OK) {
        map_warn_number(m, found->segment, field);
    }
    return make_identifiers(m, found, &person->identifiers);
}

bool map_read_person(struct mapping *m, const struct hl7_segment *segment, unsigned field, struct map_person *person) {
    static const struct number usual = {"", MEANING_LOCAL, VISITS__V1__IDENTIFIER_KIND__IDENTIFIER_KIND_UNSPECIFIED, "",
                                        ""};
    struct found found = {.segment = segment};
    *person = (struct map_person){0};
    if (!add_field(m, &found, field, &usual)) {
        return false;
    }
    if (segment->kind == HL7_PID && !add_further(m, &found)) {
        return false;
    }
    return make_person(m, &found, field, person);
}

bool map_show_invalid(struct mapping *m, const struct hl7_segment *pid, const struct map_person *person,
                      Visits__V1__Identifiers **shown) {
    if (person->invalid_number == NULL || strlen(person->invalid_number) > MAP_NUMBER_BYTES_MAX) {
        return true;
    }
    if (*shown == NULL) {
        if (!map_alloc(m, sizeof **shown, shown)) {
            return false;
        }
        visits__v1__identifiers__init(*shown);
        map_warn_number(m, pid, 3);
    }
    if ((*shown)->resident_id[0] == 0) {
        (*shown)->resident_id = map_borrow(person->invalid_number);
    }
    return true;
}

bool map_refuse_nobody(struct mapping *m, const struct hl7_segment *segment, unsigned field,
                       const struct map_person *person) {
    if (person->is_number_doubtful) {
        return map_refuse(m, HL7_CODE_TABLE_VALUE, segment, field, 0);
    }
    return map_refuse(m, person->is_overlong ? HL7_CODE_DATA_TYPE : HL7_CODE_FIELD_MISSING, segment, field, 0);
}

bool map_need_person(struct mapping *m, const struct hl7_segment *segment, unsigned field, struct map_person *person) {
    return map_read_person(m, segment, field, person) &&
           (person->identifiers != NULL || map_refuse_nobody(m, segment, field, person));
}

void map_source_record(const Visits__V1__Identifiers *identifiers, unsigned *kind, const char **domain,
                       const char **value) {
    if (identifiers->n_local_ids > 0) {
        const Visits__V1__LocalId *first = identifiers->local_ids[0];
        *kind = (unsigned)first->kind;
        *domain = first->domain;
        *value = first->value;
    } else {
        *kind = KIND_RESIDENT_ID;
        *domain = "";
        *value = identifiers->resident_id;
    }
}
