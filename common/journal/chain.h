#ifndef JOURNAL_CHAIN_H
#define JOURNAL_CHAIN_H

#include <stdint.h>

#include "journal/journal.h"

/*
 * The hash chain of the log. chain(row) = BLAKE2b (RFC 7693, no key, 32 bytes) over these bytes, integers little
 * endian:
 *
 *   offset  bytes
 *        0     32  chain of the row before (seq - 1); zeros for the first
 *       32      8  seq
 *       40      8  prev
 *       48     16  command; zeros when none
 *       64      8  at, Unix ms (signed, two's complement)
 *       72      4  type
 *       76     32  BLAKE2b-256 of the private body; zeros when it is empty
 *      108      4  size of the public body
 *      112      …  public body
 *
 * So an export that has the hash of each private body in its place can be checked without any of them.
 */
#define CHAIN_BYTES 32
#define CHAIN_PUBLIC_AT 112

/* The chain of a row behind one with the chain `before`. libsodium is to be initialised. */
void chain_next(const uint8_t before[CHAIN_BYTES], const struct journal_row *row, uint8_t chain[CHAIN_BYTES]);

#endif
