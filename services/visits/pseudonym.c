#include "visits/pseudonym.h"

#include <assert.h>
#include <string.h>

#include <sodium.h>

#include "base/check.h"

enum kind { KIND_KEY_CHECK = 0, KIND_RESIDENT_ID = 1, KIND_LOCAL_ID = 2, KIND_VISIT = 3, KIND_LOCAL_KEY = 4, KIND_IDENTIFIER = 16 };

static_assert(PSEUDONYM_LOCAL_KEY_BYTES == crypto_shorthash_siphashx24_KEYBYTES, "SipHash's key");

/* The key and the text lie in one block of BLAKE2b: half the work of its keyed mode, which spends a block on the key, and as
 * safe, since BLAKE2b cannot be continued behind an end (no length extension). */
#define TEXT_BYTES_MAX 64
static void hash(const uint8_t key[32], const uint8_t *text, size_t size, uint8_t out[16]) {
    uint8_t block[32 + TEXT_BYTES_MAX];
    CHECK(size <= TEXT_BYTES_MAX);
    memcpy(block, key, 32);
    memcpy(block + 32, text, size);
    CHECK(crypto_generichash_blake2b(out, 16, block, 32 + size, NULL, 0) == 0);
}

/* kind, facility, NUL, value. Callers have checked the lengths. */
static void hash_local(const uint8_t key[PSEUDONYM_LOCAL_KEY_BYTES], unsigned kind, const char *facility,
                       const char *value, uint8_t out[16]) {
    uint8_t text[1 + VISITS_CODE_BYTES + VISITS_NUMBER_BYTES_MAX];
    const size_t facility_bytes = strlen(facility) + 1;
    const size_t value_bytes = strlen(value);
    CHECK(facility_bytes <= VISITS_CODE_BYTES && value_bytes <= VISITS_NUMBER_BYTES_MAX);
    text[0] = (uint8_t)kind;
    memcpy(text + 1, facility, facility_bytes);
    memcpy(text + 1 + facility_bytes, value, value_bytes);
    CHECK(crypto_shorthash_siphashx24(out, text, 1 + facility_bytes + value_bytes, key) == 0);
}

void pseudonym_of_resident_id(const uint8_t key[32], const char id[RESIDENT_ID_BYTES], struct key16 *out) {
    uint8_t text[RESIDENT_ID_BYTES] = {KIND_RESIDENT_ID};
    memcpy(text + 1, id, RESIDENT_ID_BYTES - 1);
    hash(key, text, sizeof text, out->bytes);
}

void pseudonym_local_key(const uint8_t key[32], uint8_t local_key[PSEUDONYM_LOCAL_KEY_BYTES]) {
    const uint8_t text[1] = {KIND_LOCAL_KEY};
    hash(key, text, sizeof text, local_key);
}

void pseudonym_of_visit(const uint8_t key[PSEUDONYM_LOCAL_KEY_BYTES], const char *facility, const char *number, struct key16 *out) {
    hash_local(key, KIND_VISIT, facility, number, out->bytes);
}

void pseudonym_of_local_id(const uint8_t key[PSEUDONYM_LOCAL_KEY_BYTES], const char *facility, const char *local_id,
                           struct key12 *out) {
    uint8_t bytes[16];
    hash_local(key, KIND_LOCAL_ID, facility, local_id, bytes);
    memcpy(out->bytes, bytes, sizeof out->bytes);
}

void pseudonym_of_identifier(const uint8_t key[PSEUDONYM_LOCAL_KEY_BYTES], unsigned kind, const char *domain,
                             const char *value, struct key12 *out) {
    uint8_t bytes[16];
    hash_local(key, kind == 0 ? (unsigned)KIND_LOCAL_ID : KIND_IDENTIFIER + kind, domain, value, bytes);
    memcpy(out->bytes, bytes, sizeof out->bytes);
}

uint64_t pseudonym_key_check(const uint8_t key[32]) {
    const uint8_t text[1] = {KIND_KEY_CHECK};
    uint8_t bytes[16];
    uint64_t check;
    hash(key, text, sizeof text, bytes);
    memcpy(&check, bytes, sizeof check);
    return check;
}

struct key12 pseudonym_of_identity_at(const struct key16 *identity, uint16_t facility) {
    struct key12 key;
    memcpy(key.bytes, identity->bytes, 10);
    key.bytes[10] = (uint8_t)facility;
    key.bytes[11] = (uint8_t)(facility >> 8);
    return key;
}

struct key12 pseudonym_of_second(const struct key12 *local, const struct key16 *identity) {
    struct key12 key;
    for (size_t i = 0; i < sizeof key.bytes; i++) {
        key.bytes[i] = local->bytes[i] ^ identity->bytes[i];
    }
    return key;
}
