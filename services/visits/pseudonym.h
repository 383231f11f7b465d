#ifndef VISITS_PSEUDONYM_H
#define VISITS_PSEUDONYM_H

#include <stdint.h>

#include "codes/resident_id.h"
#include "visits/state.h"

/*
 * Keyed hashes that stand for identifiers: of a resident identity number BLAKE2b-128 (RFC 7693) behind the pseudonym key; of
 * what is a facility's own (visit numbers, local ids) SipHash-2-4-128 with a key derived from it, over a byte that tells
 * the kind, the facility code, a NUL and the value. An identity number is easily guessed, so without the key file the
 * hashes say nothing, and with it they cannot be turned back but by trying.
 *
 * The bytes hashed never change: the log holds their results.
 */
void pseudonym_of_resident_id(const uint8_t key[32], const char id[RESIDENT_ID_BYTES], struct key16 *out);
#define PSEUDONYM_LOCAL_KEY_BYTES 16
/* The key of the two below. */
void pseudonym_local_key(const uint8_t key[32], uint8_t local_key[PSEUDONYM_LOCAL_KEY_BYTES]);
void pseudonym_of_visit(const uint8_t local_key[PSEUDONYM_LOCAL_KEY_BYTES], const char *facility, const char *number, struct key16 *out);
/* A record under a local id. */
void pseudonym_of_local_id(const uint8_t local_key[PSEUDONYM_LOCAL_KEY_BYTES], const char *facility,
                           const char *local_id, struct key12 *out);
/* A record under a local id of a stated kind (visits.v1.IdentifierKind); domain: who gives these numbers, at most 32 bytes, ""
 * for the city. The unspecified kind is the function above. */
void pseudonym_of_identifier(const uint8_t local_key[PSEUDONYM_LOCAL_KEY_BYTES], unsigned kind, const char *domain,
                             const char *value, struct key12 *out);
/* Fingerprint of the key itself, to notice when another one is configured. */
uint64_t pseudonym_key_check(const uint8_t key[32]);

/* Keys made of keys; nothing new is hashed.
 * A record known by its identity alone: ten bytes of it and the facility's row number. */
struct key12 pseudonym_of_identity_at(const struct key16 *identity, uint16_t facility);
/* A further identity under a local id that has one already. */
struct key12 pseudonym_of_second(const struct key12 *local, const struct key16 *identity);

#endif
