#ifndef CTL_IMPORT_SENDER_H
#define CTL_IMPORT_SENDER_H

#include "approvals/v1/commands.pb-c.h"
#include "client/client.h"
#include "ctl/ctl.h"

/*
 * Commands of an import to the approval registry, many under way. What is imported is idempotent by its content, so
 * each run makes new command ids. {0} is none. Messages about failures go to stderr; functions return an exit code.
 */
#define IMPORT_COMMAND_BYTES_MAX 60000 /* a packed command, well below the contract's bound */

struct import_sender {
    struct client *client;
    struct id_maker ids;
    int64_t occurred_at_ms; /* of all commands */
    int64_t heard_ms;       /* monotonic, of the last receipt */
    int64_t timeout_s;
    void (*receipt)(void *user, uint64_t number, const Common__V1__Receipt *receipt);
    void *user;
};

/* key: a key file; NULL: the key of `as` (target_key_as). receipt is called with the number that import_sender_add was
 * given. */
int import_sender_open(struct ctl *ctl, const char *key, const char *as, struct import_sender *sender);
void import_sender_close(struct import_sender *sender);
/* Waits for room in the window when there is none. The command packs to at most IMPORT_COMMAND_BYTES_MAX. */
int import_sender_add(struct import_sender *sender, const Approvals__V1__Command *command, uint64_t number);
/* Waits for all receipts. TEMPORARY: interrupted, or no receipt for timeout_s. */
int import_sender_finish(struct import_sender *sender);

#endif
