/* The Prometheus text format. */

#include <math.h>
#include <string.h>

#include "service/daemon.h"

/* The text is a few KiB, so that looking is cheaper than remembering. */
static bool has_head(const struct buffer *out, const char *name) {
    char head[160];
    int size = snprintf(head, sizeof head, "# TYPE %s ", name);
    return out->size > 0 && size < (int)sizeof head && memmem(out->data, out->size, head, (size_t)size) != NULL;
}

static void append_escaped(struct buffer *out, const char *text, bool quotes) {
    for (; *text != 0; text++) {
        if (*text == '\n') {
            buffer_append_text(out, "\\n");
        } else {
            if (*text == '\\' || (quotes && *text == '"')) {
                buffer_append_text(out, "\\");
            }
            buffer_append(out, text, 1);
        }
    }
}

void metrics_head(struct buffer *out, const char *name, const char *type, const char *help) {
    if (has_head(out, name)) {
        return;
    }
    buffer_printf(out, "# HELP %s ", name);
    append_escaped(out, help, false);
    buffer_printf(out, "\n# TYPE %s %s\n", name, type);
}

void metrics_label(struct buffer *labels, const char *name, const char *value) {
    buffer_printf(labels, "%s%s=\"", labels->size == 0 ? "" : ",", name);
    append_escaped(labels, value, true);
    buffer_append_text(labels, "\"");
}

static void append_number(struct buffer *out, double value) {
    if (isnan(value)) {
        buffer_append_text(out, "NaN");
    } else if (isinf(value)) {
        buffer_append_text(out, value > 0 ? "+Inf" : "-Inf");
    } else if (value == floor(value) && fabs(value) < 9007199254740992.0) {
        buffer_printf(out, "%.0f", value);
    } else {
        buffer_printf(out, "%.17g", value);
    }
}

void metrics_value(struct buffer *out, const char *name, const char *labels, double value) {
    buffer_append_text(out, name);
    if (labels != NULL && labels[0] != 0) {
        buffer_printf(out, "{%s}", labels);
    }
    buffer_append_text(out, " ");
    append_number(out, value);
    buffer_append_text(out, "\n");
}
