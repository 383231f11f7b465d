#ifndef CTL_AGGREGATOR_COMMAND_H
#define CTL_AGGREGATOR_COMMAND_H

#include <stdbool.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/id.h"
#include "ctl/ctl.h"
#include "metrics/v1/metrics.pb-c.h"

/* What the aggregator is asked to do and to tell: for subcommands that speak with it. */

struct aggregator_receipt {
    bool is_duplicate;
    uint64_t number; /* of the publication; 0: the command makes none */
};

/* A new id for a command of now. */
struct id aggregator_command_id(void);
/* Submits one command as any other: by its id it happens once however often it is sent. The exit code, said when it is not
 * EXIT_CODE_OK. receipt may be NULL. */
int aggregator_command_send(struct client_socket *socket, const Metrics__V1__Command *body, const struct id *id,
                            int timeout_ms, struct aggregator_receipt *receipt);
/* One question; the answer (in arena) when the exit code is EXIT_CODE_OK, of the case that is wanted. */
int aggregator_query(struct client_socket *socket, const Metrics__V1__Query *query, Metrics__V1__Answer__BodyCase wanted,
                     struct arena *arena, int timeout_ms, const Metrics__V1__Answer **answer);

#endif
