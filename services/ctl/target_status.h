#ifndef CTL_TARGET_STATUS_H
#define CTL_TARGET_STATUS_H

#include "common/v1/status.pb-c.h"
#include "ctl/ctl.h"

#define TARGET_STATUS_BYTES_MAX (4 * 1024 * 1024)

/* Asks a daemon for its Status, which lives in arena. The exit code; what is wrong has been said on stderr. */
int target_status(struct client_socket *socket, const char *name, struct arena *arena, int timeout_ms,
                  const Common__V1__Status **status);

#endif
