#ifndef SERVICE_WIRE_METRICS_H
#define SERVICE_WIRE_METRICS_H

#include "base/buffer.h"
#include "wire/server.h"

/* What the ROUTER of a daemon has seen: handshakes, requests, refusals of form. Prometheus text. */
void wire_metrics(const struct server *server, struct buffer *out);

#endif
