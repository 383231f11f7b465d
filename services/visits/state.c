#include "visits/state.h"

#include <string.h>

#include "base/hash.h"
#include "visits/pseudonym.h"

static uint64_t load64(const uint8_t *bytes) {
    uint64_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

static uint64_t load32(const uint8_t *bytes) {
    uint32_t word;
    memcpy(&word, bytes, sizeof word);
    return word;
}

/* Keys are keyed hashes already: their bytes are as well spread as any function of them. */
static uint64_t key16_hash(const struct key16 *key) {
    return load64(key->bytes);
}

/* A person's records at several facilities share the first bytes, the last ones tell them apart (pseudonym.h). */
static uint64_t key12_hash(const struct key12 *key) {
    return load64(key->bytes) ^ hash_mix64(load32(key->bytes + 8));
}

static uint64_t facility_hash(const void *row) {
    const struct facility *facility = row;
    return hash_bytes(facility->code, strlen(facility->code));
}

static bool facility_equal(const void *row, const void *key) {
    const struct facility *facility = row;
    return strcmp(facility->code, key) == 0;
}

static uint64_t identity_hash(const void *row) {
    const struct identity *identity = row;
    return key16_hash(&identity->key);
}

static bool identity_equal(const void *row, const void *key) {
    const struct identity *identity = row;
    return memcmp(&identity->key, key, sizeof identity->key) == 0;
}

static uint64_t record_hash(const void *row) {
    const struct record *record = row;
    return key12_hash(&record->key);
}

static bool record_equal(const void *row, const void *key) {
    const struct record *record = row;
    return memcmp(&record->key, key, sizeof record->key) == 0;
}

static uint64_t visit_hash(const void *row) {
    const struct visit *visit = row;
    return key16_hash(&visit->key);
}

static bool visit_equal(const void *row, const void *key) {
    const struct visit *visit = row;
    return memcmp(&visit->key, key, sizeof visit->key) == 0;
}

static uint64_t domain_hash(const void *row) {
    const struct domain *domain = row;
    return hash_bytes(domain->code, strlen(domain->code));
}

static bool domain_equal(const void *row, const void *key) {
    const struct domain *domain = row;
    return strcmp(domain->code, key) == 0;
}

static uint64_t department_hash(const void *row) {
    return hash_bytes(row, sizeof(struct department));
}

static bool department_equal(const void *row, const void *key) {
    return memcmp(row, key, sizeof(struct department)) == 0;
}

static uint64_t edge_a_hash(const void *row) {
    const struct edge *edge = row;
    return hash_mix64(edge->a);
}

static bool edge_a_equal(const void *row, const void *key) {
    const struct edge *edge = row;
    return edge->a == *(const uint32_t *)key;
}

static uint64_t edge_b_hash(const void *row) {
    const struct edge *edge = row;
    return hash_mix64(edge->b);
}

static bool edge_b_equal(const void *row, const void *key) {
    const struct edge *edge = row;
    return edge->b == *(const uint32_t *)key;
}

static uint64_t conflict_hash(const void *row) {
    const struct conflict *conflict = row;
    return hash_mix64(((uint64_t)conflict->first << 32 | conflict->second) + conflict->kind);
}

static bool conflict_equal(const void *row, const void *key) {
    const struct conflict *a = row;
    const struct conflict *b = key;
    return a->kind == b->kind && a->first == b->first && a->second == b->second;
}

/* What there may be of a thing that most persons or visits do not have. */
static uint32_t some_of(uint32_t max) {
    return max / 4 < 4096 ? 4096 : max / 4;
}

static void init_tables(struct visits *self, const struct visits_options *options) {
    const uint32_t half = UINT32_MAX / 2;
    const uint32_t records_max = options->persons_max < half ? options->persons_max * 2 : UINT32_MAX - 1;
    table_init(&self->facilities, "facilities", sizeof(struct facility), VISITS_FACILITIES_MAX);
    table_init(&self->domains, "domains", sizeof(struct domain), VISITS_DOMAINS_MAX);
    table_init(&self->departments, "departments", sizeof(struct department), VISITS_DEPARTMENTS_MAX);
    table_init(&self->identities, "identities", sizeof(struct identity), options->persons_max);
    table_init(&self->records, "records", sizeof(struct record), records_max);
    table_init(&self->visits, "visits", sizeof(struct visit), options->visits_max);
    table_init(&self->extras, "extras", sizeof(struct extra), options->visits_max);
    table_init(&self->claims, "claims", sizeof(struct claim), options->visits_max);
    table_init(&self->edges, "edges", sizeof(struct edge), records_max);
    table_init(&self->conflicts, "conflicts", sizeof(struct conflict), some_of(options->persons_max));
    table_init(&self->lookups, "lookups", sizeof(struct lookup), VISITS_LOOKUPS_MAX);
}

static void init_indexes(struct visits *self) {
    index_init(&self->facility_by_code, "facility_by_code", &self->facilities, facility_hash, facility_equal);
    index_init(&self->domain_by_code, "domain_by_code", &self->domains, domain_hash, domain_equal);
    index_init(&self->department_by_code, "department_by_code", &self->departments, department_hash, department_equal);
    index_init(&self->identity_by_key, "identity_by_key", &self->identities, identity_hash, identity_equal);
    index_init(&self->record_by_key, "record_by_key", &self->records, record_hash, record_equal);
    index_init(&self->visit_by_key, "visit_by_key", &self->visits, visit_hash, visit_equal);
    index_init(&self->edge_by_a, "edge_by_a", &self->edges, edge_a_hash, edge_a_equal);
    index_init(&self->edge_by_b, "edge_by_b", &self->edges, edge_b_hash, edge_b_equal);
    index_init(&self->conflict_by_pair, "conflict_by_pair", &self->conflicts, conflict_hash, conflict_equal);
}

void visits_state_init(struct visits *self, const struct visits_options *options, struct state *state) {
    *self = (struct visits){.options = *options};
    pseudonym_local_key(options->pseudonym_key, self->local_key);
    self->key_check = pseudonym_key_check(options->pseudonym_key);
    init_tables(self, options);
    init_indexes(self);
    struct table *const tables[] = {&self->facilities, &self->domains,   &self->departments, &self->identities,
                                    &self->records,    &self->visits,    &self->extras,      &self->claims,
                                    &self->edges,      &self->conflicts, &self->lookups};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        state_register_table(state, tables[i]);
    }
    struct index *const indexes[] = {&self->facility_by_code, &self->domain_by_code, &self->department_by_code,
                                     &self->identity_by_key,  &self->record_by_key,  &self->visit_by_key,
                                     &self->edge_by_a,        &self->edge_by_b,      &self->conflict_by_pair};
    for (size_t i = 0; i < sizeof indexes / sizeof indexes[0]; i++) {
        state_register_index(state, indexes[i]);
    }
}

uint32_t visits_find_facility(const struct visits *self, const char *code) {
    return index_find(&self->facility_by_code, hash_bytes(code, strlen(code)), code);
}

uint32_t visits_find_identity(const struct visits *self, const struct key16 *key) {
    return index_find(&self->identity_by_key, key16_hash(key), key);
}

uint32_t visits_find_record(const struct visits *self, const struct key12 *key) {
    return index_find(&self->record_by_key, key12_hash(key), key);
}

uint32_t visits_find_visit(const struct visits *self, const struct key16 *key) {
    uint32_t number = index_find(&self->visit_by_key, key16_hash(key), key);
    while (visits_visit(self, number)->flags & VISIT_IS_OTHER) {
        number = visits_visit(self, number)->next;
    }
    return number;
}

uint32_t visits_find_domain(const struct visits *self, const char *code) {
    return index_find(&self->domain_by_code, hash_bytes(code, strlen(code)), code);
}

uint32_t visits_find_department(const struct visits *self, const struct department *key) {
    return index_find(&self->department_by_code, department_hash(key), key);
}

uint32_t visits_find_edge_by_a(const struct visits *self, uint32_t record) {
    return index_find(&self->edge_by_a, hash_mix64(record), &record);
}

uint32_t visits_find_edge_by_b(const struct visits *self, uint32_t record) {
    return index_find(&self->edge_by_b, hash_mix64(record), &record);
}

uint32_t visits_find_conflict(const struct visits *self, const struct conflict *key) {
    return index_find(&self->conflict_by_pair, conflict_hash(key), key);
}

static void prefetch(const struct index *index, uint64_t hash, bool has_bucket) {
    if (has_bucket) {
        index_prefetch_row(index, hash);
    } else {
        index_prefetch(index, hash);
    }
}

void visits_prefetch(const struct visits *self, const struct key16 *visit, const struct key16 *identity,
                     const struct key12 *record, bool has_bucket) {
    prefetch(&self->visit_by_key, key16_hash(visit), has_bucket);
    prefetch(&self->identity_by_key, key16_hash(identity), has_bucket);
    prefetch(&self->record_by_key, key12_hash(record), has_bucket);
}
