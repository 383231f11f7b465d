#ifndef CTL_REPLAY_HOSPITALS_H
#define CTL_REPLAY_HOSPITALS_H

#include <stdbool.h>
#include <stdint.h>

#include "client/client.h"
#include "ctl/city.h"
#include "ctl/ctl.h"

/*
 * The hospitals of the replay as publishers: each has its own connection and speaks with its own key. Single-threaded:
 * one that may not send more (its window is full) is pumped until it may; the others' receipts wait in their sockets.
 */
#define REPLAY_CODES_MAX 256

struct replay_results {
    uint64_t accepted;
    uint64_t duplicates;
    uint64_t refused;
    uint64_t warnings;                  /* accepted with a problem beside it */
    uint64_t by_code[REPLAY_CODES_MAX]; /* refusals; codes beyond are counted under 0 */
};

struct replay_options {
    const char *keys_folder; /* holds ORG.key of each hospital; NULL: /publisher_keys of ctl.conf */
    uint32_t window_submits; /* in flight, each hospital */
    uint32_t batch_commands; /* in one Submit, at most */
};

/* --- What each side of the replay does (replay_offices.c too). Exit codes; anything but OK has been said on stderr. --- */

/* Path of CODE.key in the folder; NULL folder: /publisher_keys of ctl.conf. */
int replay_find_key(struct ctl *ctl, const char *folder, const char *code, char path[CTL_PATH_BYTES]);
/* key_path NULL: the operator's. Its receipts are counted in results. */
int replay_connect(struct ctl *ctl, const char *service, const char *key_path, uint32_t window_submits,
                   struct replay_results *results, struct client **client);
/* A registry that is away is said at once; one that goes away later is waited for. */
int replay_ask_whether_it_is_there(struct ctl *ctl, const char *service);
/* The status of a client's call; OK and AGAIN are none. */
int replay_check(const struct client *client, const char *who, enum status status);

/* --- The hospitals --- */
struct replay_hospitals;

/* Connects all. An exit code; anything but OK has been said on stderr. */
int replay_hospitals_new(struct ctl *ctl, const struct replay_options *options, struct replay_hospitals **hospitals);
void replay_hospitals_destroy(struct replay_hospitals **hospitals);
/* Makes all facilities known, with the operator's key, and waits for the receipts. An exit code. */
int replay_hospitals_register(struct ctl *ctl, uint64_t base_ms);
/* Publishes in the name of the command's hospital; waits while its window is full. An exit code. */
int replay_hospitals_publish(struct replay_hospitals *hospitals, const struct city_command *command, uint64_t number);
/* Sends what is still being gathered into Submits. An exit code. */
int replay_hospitals_flush(struct replay_hospitals *hospitals);
/* Takes the receipts that are there; never waits. An exit code. */
int replay_hospitals_pump(struct replay_hospitals *hospitals);
/* Waits up to timeout_ms for a receipt of one that has something in flight. An exit code. */
int replay_hospitals_wait(struct replay_hospitals *hospitals, int timeout_ms);
/* Commands without a receipt, of all. */
uint64_t replay_hospitals_outstanding(const struct replay_hospitals *hospitals);
const struct replay_results *replay_hospitals_results(const struct replay_hospitals *hospitals);

#endif
