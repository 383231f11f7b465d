#include "journal/chain.h"

#include <string.h>

#include <sodium.h>

#define ONE_PIECE_BYTES 1024 /* rows up to this are hashed in one call, which is twice as fast as a stream */

static void put_le(uint8_t *out, uint64_t value, size_t bytes) {
    for (size_t i = 0; i < bytes; i++) {
        out[i] = (uint8_t)(value >> (8 * i));
    }
}

static void put_head(uint8_t head[CHAIN_PUBLIC_AT], const uint8_t before[CHAIN_BYTES], const struct journal_row *row) {
    memcpy(head, before, CHAIN_BYTES);
    put_le(head + 32, row->seq, 8);
    put_le(head + 40, row->prev, 8);
    memcpy(head + 48, row->command.bytes, ID_BYTES);
    put_le(head + 64, (uint64_t)row->at_ms, 8);
    put_le(head + 72, row->type, 4);
    if (row->private_size > 0) {
        crypto_generichash(head + 76, CHAIN_BYTES, row->private_body, row->private_size, NULL, 0);
    } else {
        memset(head + 76, 0, CHAIN_BYTES);
    }
    put_le(head + 108, row->public_size, 4);
}

void chain_next(const uint8_t before[CHAIN_BYTES], const struct journal_row *row, uint8_t chain[CHAIN_BYTES]) {
    uint8_t piece[ONE_PIECE_BYTES];
    put_head(piece, before, row);
    if (row->public_size <= sizeof piece - CHAIN_PUBLIC_AT) {
        if (row->public_size > 0) {
            memcpy(piece + CHAIN_PUBLIC_AT, row->public_body, row->public_size);
        }
        crypto_generichash(chain, CHAIN_BYTES, piece, CHAIN_PUBLIC_AT + row->public_size, NULL, 0);
        return;
    }
    crypto_generichash_state hash;
    crypto_generichash_init(&hash, NULL, 0, CHAIN_BYTES);
    crypto_generichash_update(&hash, piece, CHAIN_PUBLIC_AT);
    crypto_generichash_update(&hash, row->public_body, row->public_size);
    crypto_generichash_final(&hash, chain, CHAIN_BYTES);
}
