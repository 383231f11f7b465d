#ifndef VISITS_PSEUDONYM_H
#define VISITS_PSEUDONYM_H

#include <stdint.h>

#include "visits/resident_id.h"
#include "visits/state.h"

/*
 * Keyed hashes that stand for identifiers: BLAKE2b with the pseudonym key, over a byte that tells the kind, the
 * facility code and a NUL for what is a facility's own, and the value. A resident identity number is easily guessed, so
 * without the key file the hashes say nothing, and with it they cannot be turned back but by trying.
 *
 * The bytes hashed never change: the log holds their results.
 */
void pseudonym_of_resident_id(const uint8_t key[32], const char id[RESIDENT_ID_BYTES], struct key16 *out);
void pseudonym_of_visit(const uint8_t key[32], const char *facility, const char *number, struct key16 *out);
/* A record under a local id. */
void pseudonym_of_local_id(const uint8_t key[32], const char *facility, const char *local_id, struct key12 *out);
/* Fingerprint of the key itself, to notice when another one is configured. */
uint64_t pseudonym_key_check(const uint8_t key[32]);

/* Keys made of keys; nothing new is hashed.
 * A record known by its identity alone: ten bytes of it and the facility's row number. */
struct key12 pseudonym_of_identity_at(const struct key16 *identity, uint16_t facility);
/* A further identity under a local id that has one already. */
struct key12 pseudonym_of_second(const struct key12 *local, const struct key16 *identity);

#endif
