#include <string.h>

#include <sodium.h>

#include "spool/spool_internal.h"

/* nonce (24 bytes), then the box. Nonces count from a random one of this opening: 16 bytes of it never come again, nor
 * does a count, also not after a rollback. */

_Static_assert(sizeof((struct spool *)0)->nonce == crypto_secretbox_NONCEBYTES, "nonce");
_Static_assert(sizeof((struct spool *)0)->seal_key == crypto_secretbox_KEYBYTES, "key");
#define NONCE_BYTES crypto_secretbox_NONCEBYTES
#define SEAL_BYTES (crypto_secretbox_NONCEBYTES + crypto_secretbox_MACBYTES)

void spool_seal(struct spool *spool, const void *data, size_t size) {
    buffer_clear(&spool->sealed);
    uint8_t *out = buffer_reserve(&spool->sealed, size + SEAL_BYTES);
    sodium_increment(spool->nonce, 8);
    memcpy(out, spool->nonce, NONCE_BYTES);
    crypto_secretbox_easy(out + NONCE_BYTES, data, size, out, spool->seal_key);
    spool->sealed.size = size + SEAL_BYTES;
}

enum status spool_unseal(struct spool *spool, const void *sealed, size_t size) {
    const uint8_t *bytes = sealed;
    buffer_clear(&spool->clear);
    if (bytes == NULL || size < SEAL_BYTES ||
        crypto_secretbox_open_easy(buffer_reserve(&spool->clear, size), bytes + NONCE_BYTES, size - NONCE_BYTES, bytes,
                                   spool->seal_key) != 0) {
        return STATUS_CORRUPT;
    }
    spool->clear.size = size - SEAL_BYTES;
    return STATUS_OK;
}
