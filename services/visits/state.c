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

static void init_tables(struct visits *self, const struct visits_options *options) {
    const uint32_t half = UINT32_MAX / 2;
    const uint32_t records_max = options->persons_max < half ? options->persons_max * 2 : UINT32_MAX - 1;
    table_init(&self->facilities, "facilities", sizeof(struct facility), VISITS_FACILITIES_MAX);
    table_init(&self->identities, "identities", sizeof(struct identity), options->persons_max);
    table_init(&self->records, "records", sizeof(struct record), records_max);
    table_init(&self->visits, "visits", sizeof(struct visit), options->visits_max);
    index_init(&self->facility_by_code, "facility_by_code", &self->facilities, facility_hash, facility_equal);
    index_init(&self->identity_by_key, "identity_by_key", &self->identities, identity_hash, identity_equal);
    index_init(&self->record_by_key, "record_by_key", &self->records, record_hash, record_equal);
    index_init(&self->visit_by_key, "visit_by_key", &self->visits, visit_hash, visit_equal);
}

void visits_state_init(struct visits *self, const struct visits_options *options, struct state *state) {
    *self = (struct visits){.options = *options};
    pseudonym_local_key(options->pseudonym_key, self->local_key);
    self->key_check = pseudonym_key_check(options->pseudonym_key);
    init_tables(self, options);
    state_register_table(state, &self->facilities);
    state_register_table(state, &self->identities);
    state_register_table(state, &self->records);
    state_register_table(state, &self->visits);
    state_register_index(state, &self->facility_by_code);
    state_register_index(state, &self->identity_by_key);
    state_register_index(state, &self->record_by_key);
    state_register_index(state, &self->visit_by_key);
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
    return index_find(&self->visit_by_key, key16_hash(key), key);
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
