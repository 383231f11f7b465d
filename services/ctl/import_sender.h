#ifndef CTL_IMPORT_SENDER_H
#define CTL_IMPORT_SENDER_H

#include "base/id.h"
#include "client/client.h"
#include "ctl/ctl.h"

/*
 * Commands of an import to a registry, many under way. {.service = NAME} is none yet. Messages about failures go to
 * stderr; functions return an exit code.
 */
#define IMPORT_COMMAND_BYTES_MAX 60000 /* a packed command, well below the contract's bound */

struct import_sender {
    const char *service; /* "approvals" */
    struct client *client;
    struct id_maker ids;
    int64_t now_ms;   /* when it was opened */
    int64_t heard_ms; /* monotonic, of the last receipt */
    int64_t timeout_s;
    void (*receipt)(void *user, uint64_t number, const Common__V1__Receipt *receipt);
    void *user;
};

/* A command on its way. */
struct import_command {
    const ProtobufCMessage *body; /* packs to at most IMPORT_COMMAND_BYTES_MAX */
    const struct id *id;          /* NULL: a new one */
    int64_t occurred_at_ms;       /* 0: now_ms */
    uint64_t number;              /* what receipt is called with */
};

/* key: a key file; NULL: the key of `as` (target_key_as). */
int import_sender_open(struct ctl *ctl, const char *key, const char *as, struct import_sender *sender);
void import_sender_close(struct import_sender *sender);
/* Waits for room in the window when there is none. */
int import_sender_add(struct import_sender *sender, const struct import_command *command);
/* Waits for all receipts. TEMPORARY: interrupted, or no receipt for timeout_s. */
int import_sender_finish(struct import_sender *sender);

#endif
