#ifndef CTL_REPLAY_OFFICES_H
#define CTL_REPLAY_OFFICES_H

#include "ctl/city_approvals.h"
#include "ctl/ctl.h"
#include "ctl/progress.h"
#include "ctl/replay_hospitals.h"

/*
 * The agencies of the replay as publishers, and the officers beside them: each has a connection and a key of its own. Over all of
 * them the order is that of time by days: the Tick of a day goes out when every command of the day before has its receipt, the day's
 * other commands behind it wave by wave (struct city_approvals_command), so that a case that passes from hand to hand keeps its
 * order. Memory: one day of commands beside the city. Single-threaded.
 */
/* What is published: a stream of commands for one registry. */
struct replay_stream {
    const char *registry; /* "approvals", "issues" */
    uint32_t tick_code;   /* of its refusal of a Tick, where its time comes from the clock */
    void *city;
    bool (*next)(void *city, struct city_approvals_command *command);
    size_t (*pack)(const void *city, const struct city_approvals_command *command, uint8_t body[CITY_APPROVALS_BODY_BYTES_MAX]);
};

struct replay_offices_options {
    const char *keys_folder; /* ORG.key of each agency, clerk.key, supervisor.key, leader.key; NULL: /publisher_keys of ctl.conf */
    uint32_t window_submits;
    uint32_t batch_commands;
    int64_t rate; /* commands a second; 0: as fast as it goes */
};

struct replay_offices;

/* Connects all. An exit code; anything but OK has been said on stderr. */
int replay_offices_new(struct ctl *ctl, const struct replay_stream *stream, const struct replay_offices_options *options,
                       struct replay_offices **replay);
void replay_offices_destroy(struct replay_offices **replay);
/* Publishes the whole stream; returns when everything has its receipt, at an error, or after Ctrl-C. An exit code. A registry whose
 * time comes from the clock is told by its first answer, and nothing more is sent. */
int replay_offices_publish(struct replay_offices *replay, struct progress *progress);
const struct replay_results *replay_offices_results(const struct replay_offices *replay);
uint64_t replay_offices_sent(const struct replay_offices *replay);
uint64_t replay_offices_outstanding(const struct replay_offices *replay);

#endif
