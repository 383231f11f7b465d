#ifndef WIRE_KEYS_H
#define WIRE_KEYS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"

#define KEYS_PRINCIPAL_BYTES 64 /* with the final NUL */
#define KEYS_ORGANISATION_BYTES 33
#define KEYS_LIVE_MAX 2 /* live keys of one principal, for rotation */

/* What a key may do. */
enum role {
    ROLE_NONE = 0,
    ROLE_PUBLISHER, /* submit for its own organisation; query and refusals of its own */
    ROLE_OPERATOR,  /* submit operator's commands, query, list and resubmit refusals, rebuild */
    ROLE_FOLLOWER,  /* follow a feed */
    ROLE_READER,    /* read metrics */
    ROLE_REGISTRAR, /* look up persons and decide about them; every look-up is logged with its reason */
    /* Officers: each for the organisation of its key, as a publisher. What else one may do, the service's rules say. */
    ROLE_CLERK,      /* at a window: takes in and hands out */
    ROLE_HANDLER,    /* works on it */
    ROLE_HEAD,       /* of the agency: decides */
    ROLE_LEADER,     /* of the government */
    ROLE_SUPERVISOR, /* of the service bureau: oversees all agencies */
};

/* "publisher", ...; ROLE_NONE when it is none. */
enum role role_parse(const char *text);
const char *role_name(enum role role);
/* All of them, for texts. */
#define ROLE_NAMES "publisher, operator, follower, reader, registrar, clerk, handler, head, leader, supervisor"

/* Speaks for its own organisation: submits, asks, sees refusals of its own. */
static inline bool role_is_of_organisation(enum role role) {
    return role == ROLE_PUBLISHER || (role >= ROLE_CLERK && role <= ROLE_SUPERVISOR);
}

struct principal {
    char name[KEYS_PRINCIPAL_BYTES];            /* "hospital-01/publisher": stable, for logs and audit */
    char organisation[KEYS_ORGANISATION_BYTES]; /* [a-z0-9-], what it speaks for */
    enum role role;
    uint8_t keys[KEYS_LIVE_MAX][32]; /* CURVE public keys */
    uint8_t key_count;
    bool revoked;
};

/*
 * The key table, one file:
 *
 *     # principal            organisation  role       public key (Z85)   [second key]  [revoked]
 *     hospital-01/publisher  hospital-01   publisher  rq:rM>}U?@Lns47E1%kR.o@n%FcmmsL/@{H8]yf7
 *
 * Loaded whole; a bad line refuses the whole file with file, line and reason. At most 10,000 principals.
 */
struct keys;
struct keys_error {
    char text[512];
};
enum status keys_load(const char *path, struct keys **keys, struct keys_error *error);
enum status keys_parse(const char *text, size_t size, const char *name, struct keys **keys, struct keys_error *error);
void keys_destroy(struct keys **keys);
/* The principal that holds a public key, or by name; NULL. Borrowed from the table. */
const struct principal *keys_find(const struct keys *keys, const uint8_t public_key[32]);
const struct principal *keys_find_name(const struct keys *keys, const char *name);
size_t keys_count(const struct keys *keys);
/* Whether this is one of its live keys. */
bool principal_holds(const struct principal *principal, const uint8_t public_key[32]);

/* Key files: the lines "public Z85" and "secret Z85"; mode 0400. A file with the public part alone serves clients. */
struct curve_pair {
    char public_text[41]; /* Z85 */
    char secret_text[41]; /* Z85; empty when the file holds none */
};
enum status curve_pair_make(struct curve_pair *pair);
enum status curve_pair_load(const char *path, bool needs_secret, struct curve_pair *pair);
/* The secret file is refused (EXISTS) when the path exists: a key is never overwritten. Either path may be NULL: then
 * that file is not written. */
enum status curve_pair_save(const struct curve_pair *pair, const char *secret_path, const char *public_path);

#endif
