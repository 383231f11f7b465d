#ifndef CTL_INFLIGHT_H
#define CTL_INFLIGHT_H

#include <stdio.h>

#include "common/v1/submit.pb-c.h"
#include "ctl/contract.h"
#include "ctl/sidecar.h"

/*
 * The lines between the last one whose receipt and those of all before it are there, and the last one read. Receipts
 * come in any order; lines leave in theirs: counted in the sidecar, refused ones written to the rejects file.
 */
#define INFLIGHT_MAX 16384 /* lines; a power of two */

struct inflight {
    const struct contract *contract;
    struct sidecar *sidecar;     /* borrowed */
    FILE *rejects;               /* borrowed; where refused lines go */
    uint64_t first;              /* number of the oldest line still here */
    uint64_t next;               /* number the next line will get */
    struct inflight_line *lines; /* ring */
};

void inflight_init(struct inflight *inflight, const struct contract *contract, struct sidecar *sidecar, FILE *rejects);
void inflight_release(struct inflight *inflight);
bool inflight_is_full(const struct inflight *inflight);
bool inflight_is_empty(const struct inflight *inflight);
/* A line was read; hash as after it. Its number here comes back. Not when it is full (CHECK). */
uint64_t inflight_add(struct inflight *inflight, uint64_t line, const uint8_t hash[SIDECAR_HASH_BYTES]);
/* Its receipt. */
void inflight_receipt(struct inflight *inflight, uint64_t number, const Common__V1__Receipt *receipt);
/* It was refused here, without being sent. */
void inflight_refuse(struct inflight *inflight, uint64_t number, uint32_t code, const char *field, const char *message);

#endif
