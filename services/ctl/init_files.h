#ifndef CTL_INIT_FILES_H
#define CTL_INIT_FILES_H

#include <stdint.h>

#include "base/buffer.h"
#include "ctl/facilities.h"

/* What the configuration files that `init` makes depend on. */
struct init_settings {
    const char *postgres;    /* libpq conninfo */
    const char *visits_host; /* as others reach it */
    const char *approvals_host;
    const char *aggregator_host;
    const char *gateway_host;
    const char *bind; /* address that daemons listen on */
    int64_t visits_port;
    int64_t visits_http_port;
    int64_t approvals_port;
    int64_t approvals_http_port;
    int64_t aggregator_port;
    int64_t aggregator_http_port;
    int64_t gateway_port;
    int64_t gateway_http_port;
    int64_t mllp_port;
    const struct facilities *facilities; /* each gets a feed, up to INIT_FEEDS_MAX */
};

#define INIT_FEEDS_MAX 256 /* as many as the gateway takes */

/* Append a whole file, every key with a comment. */
void init_visits_conf(struct buffer *out, const struct init_settings *settings);
void init_approvals_conf(struct buffer *out, const struct init_settings *settings);
void init_aggregator_conf(struct buffer *out, const struct init_settings *settings);
void init_gateway_conf(struct buffer *out, const struct init_settings *settings);
void init_ctl_conf(struct buffer *out, const struct init_settings *settings);

#endif
