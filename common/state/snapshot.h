#ifndef STATE_SNAPSHOT_H
#define STATE_SNAPSHOT_H

#include "base/id.h"
#include "base/status.h"
#include "state/state.h"

/* Which state a snapshot is: folded from the log of this epoch up to this number, by rules of this layout. */
struct snapshot_mark {
    struct id epoch;
    uint64_t seq;      /* last event folded */
    uint8_t chain[32]; /* hash of that row, so that a snapshot of another log is noticed */
    uint32_t layout;   /* raised by the service when the meaning or shape of a row changes */
};

/* Writes FOLDER/snapshot-SEQ (temporary name, fsync, rename, fsync of folder) and removes all but the newest two. */
enum status snapshot_save(const char *folder, const struct snapshot_mark *mark, const struct state *state);
/* Loads the newest snapshot of this epoch and layout with seq <= head_seq whose check holds, into the empty state.
 * NOT_FOUND when there is none (state stays empty). A bad one is logged and the next older one tried. */
enum status snapshot_load(const char *folder, const struct id *epoch, uint32_t layout, uint64_t head_seq,
                          struct state *state, struct snapshot_mark *mark);

#endif
