#ifndef CTL_INIT_FILES_H
#define CTL_INIT_FILES_H

#include <stdint.h>

#include "base/buffer.h"
#include "ctl/facilities.h"

/* The daemons. */
enum init_daemon { INIT_VISITS, INIT_APPROVALS, INIT_ISSUES, INIT_AGGREGATOR, INIT_GATEWAY };
#define INIT_DAEMONS 5

struct init_address {
    const char *host; /* as others reach it */
    int64_t port;
    int64_t http_port;
};

/* What the configuration files that `init` makes depend on. */
struct init_settings {
    const char *postgres; /* libpq conninfo */
    const char *bind;     /* address that daemons listen on */
    struct init_address at[INIT_DAEMONS];
    int64_t mllp_port;
    const struct facilities *facilities; /* each gets a feed, up to INIT_FEEDS_MAX */
};

/* The registries, in the order in which files name them. */
struct init_registry {
    enum init_daemon daemon;
    const char *name; /* of its program, its sections and its files */
    const char *what; /* "approval registry" */
};
#define INIT_REGISTRIES 3
extern const struct init_registry init_registries[INIT_REGISTRIES];

#define INIT_FEEDS_MAX 256 /* as many as the gateway takes */

/* Append a whole file, every key with a comment. */
void init_visits_conf(struct buffer *out, const struct init_settings *settings);
void init_approvals_conf(struct buffer *out, const struct init_settings *settings);
void init_issues_conf(struct buffer *out, const struct init_settings *settings);
void init_aggregator_conf(struct buffer *out, const struct init_settings *settings);
void init_gateway_conf(struct buffer *out, const struct init_settings *settings);
void init_ctl_conf(struct buffer *out, const struct init_settings *settings);

#endif
