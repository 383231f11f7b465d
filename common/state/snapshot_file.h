#ifndef STATE_SNAPSHOT_FILE_H
#define STATE_SNAPSHOT_FILE_H

#include <stdbool.h>

#include "state/snapshot.h"

/*
 * One snapshot file, integers little endian, nothing between the parts:
 *
 *   head     magic "LCSNAP\r\n", u32 format (1), u32 layout, epoch (16), u64 seq, chain (32), u32 tables, u32 indexes
 *   tables   name (32, zero-padded), u32 row bytes, u32 rows                                       each
 *   indexes  name (32, zero-padded), u32 number of its table, u32 rows in it, u32 buckets, u32 0   each
 *   arrays   of each table its rows 1..rows; of each index heads (u32 a bucket), next (u32 a row, row 0 left out)
 *   check    Poly1305 over all before it with the key "Liancheng snapshot, format one." and a NUL (16)
 *
 * The check tells damage, not malice: who can write here can compute it. So nothing read is believed: names, sizes,
 * counts and every row number of an index are compared with what this program's state can hold.
 */
#define SNAPSHOT_NAME_BYTES 32

/* Writes all of it into an open empty file, not yet fsynced. */
enum status snapshot_write(int file, const struct snapshot_mark *mark, const struct state *state);
/* Reads the mark alone, unchecked: for choosing. CORRUPT: no snapshot, or of another format. */
enum status snapshot_peek(int file, struct snapshot_mark *mark);
/* Reads a whole file into the empty state. CORRUPT with a constant sentence in *reason; the state is then to be
 * cleared. No count is believed before it fits into the file's size and the table's bound. */
enum status snapshot_read(int file, struct state *state, const char **reason);

#endif
