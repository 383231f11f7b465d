#ifndef AGGREGATOR_DESK_INTERNAL_H
#define AGGREGATOR_DESK_INTERNAL_H

#include "aggregator/aggregator.h"
#include "aggregator/cells_query.h"
#include "aggregator/publish.h"
#include "pg/pg.h"
#include "wire/server.h"

/* Shared by desk.c (the socket, what is answered) and desk_reads.c (what is read from PostgreSQL for an answer). */

#define DESK_READS_MAX 64 /* waiting for PostgreSQL */

/* Who waits for an answer. */
struct asker {
    struct peer peer;
    uint64_t request;
};

enum desk_read_kind { DESK_READ_CELLS, DESK_READ_PUBLICATIONS };

struct desk_read {
    struct asker asker;
    enum desk_read_kind kind;
    union {
        struct cells_query cells;
        struct publish_query publications;
    };
};

/* The desk answers on its own socket, and reads PostgreSQL on a connection of its own that cannot write. */
struct desk {
    struct aggregator *aggregator;
    struct server *server;
    struct arena arena;  /* of the request at hand */
    struct arena answer; /* of the answer at hand */
    struct pg *pg;
    bool can_read;                          /* the connection is set to read only */
    struct desk_read reads[DESK_READS_MAX]; /* a ring */
    size_t first;
    size_t count;
    struct asker commander; /* of the command that the sink has */
};

void desk_send_problem(struct desk *desk, const struct asker *asker, uint32_t code, const char *field);
/* message NULL: too large. Packed into the answer's arena. */
void desk_send_answer(struct desk *desk, const struct asker *asker, const Metrics__V1__Answer *message);

enum status desk_reads_open(struct desk *desk);
void desk_reads_close(struct desk *desk);
/* The place for one more, to be filled; NULL: too many wait, or PostgreSQL is away. It is taken by desk_reads_add. */
struct desk_read *desk_reads_next(struct desk *desk, enum desk_read_kind kind, const struct asker *asker);
void desk_reads_add(struct desk *desk);

#endif
