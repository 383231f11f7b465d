#ifndef CTL_SIDECAR_H
#define CTL_SIDECAR_H

#include <jansson.h>
#include <stdbool.h>
#include <stdint.h>

#include "base/status.h"
#include "ctl/ctl.h"

#define SIDECAR_HASH_BYTES 16

/*
 * What is known of a file that is being submitted: kept beside it as FILE.receipts, so that an interrupted run goes on
 * where receipts end, with the same ids for what was in flight. All counts are over all runs of the file.
 */
struct sidecar {
    char path[CTL_PATH_BYTES]; /* "": kept in memory alone (stdin) */
    char target[128];          /* "visits" or "visits ORGANISATION": what the file was sent to */
    uint64_t start_ms;         /* with the seed and a line: its id */
    uint64_t seed;
    uint64_t line;                    /* all lines up to this one have their receipts */
    uint8_t hash[SIDECAR_HASH_BYTES]; /* over those lines: notices a file that was changed */
    uint64_t accepted;
    uint64_t duplicate;
    uint64_t refused;
    uint64_t events;
    uint64_t rejects_bytes; /* of FILE.rejects that belong to those lines */
    json_t *by_code;        /* code name -> number of refusals */
};

/*
 * Begins a new one (written before anything is sent), or reads the one there. path NULL: in memory. CONFIG, said, when
 * it belongs to another target; MALFORMED, IO, DENIED, said.
 */
enum status sidecar_open(struct sidecar *sidecar, const char *path, const char *target, bool forget);
void sidecar_release(struct sidecar *sidecar);
enum status sidecar_save(const struct sidecar *sidecar);
/* hash = H(hash, line) */
void sidecar_hash_line(uint8_t hash[SIDECAR_HASH_BYTES], const void *line, size_t size);

#endif
