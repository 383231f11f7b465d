#include "service/wire_metrics.h"

#include "service/daemon.h"

static void value(struct buffer *out, const char *name, const char *help, uint64_t number) {
    metrics_head(out, name, "counter", help);
    metrics_value(out, name, NULL, (double)number);
}

void wire_metrics(const struct server *server, struct buffer *out) {
    struct server_counters c = server_counters(server);
    const char *name = "liancheng_handshakes_total";
    metrics_head(out, name, "counter", "CURVE handshakes by outcome.");
    metrics_value(out, name, "outcome=\"accepted\"", (double)c.handshakes_accepted);
    metrics_value(out, name, "outcome=\"unknown_key\"", (double)c.handshakes_refused_unknown);
    metrics_value(out, name, "outcome=\"revoked_key\"", (double)c.handshakes_refused_revoked);
    value(out, "liancheng_requests_total", "Well-formed requests.", c.requests);
    value(out, "liancheng_request_bytes_total", "Bytes of well-formed requests.", c.request_bytes);
    name = "liancheng_requests_refused_total";
    metrics_head(out, name, "counter", "Messages refused for their form, by reason.");
    metrics_value(out, name, "reason=\"frames\"", (double)c.refused_frames);
    metrics_value(out, name, "reason=\"size\"", (double)c.refused_size);
    metrics_value(out, name, "reason=\"malformed\"", (double)c.refused_malformed);
    metrics_value(out, name, "reason=\"text\"", (double)c.refused_text);
    metrics_value(out, name, "reason=\"value\"", (double)c.refused_value);
    metrics_value(out, name, "reason=\"principal\"", (double)c.refused_principal);
    value(out, "liancheng_replies_dropped_total", "Replies whose peer was gone or full.", c.replies_dropped);
}
