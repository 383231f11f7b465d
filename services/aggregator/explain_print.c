#include "aggregator/explain_print.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/civil.h"

#define FLUSH_BYTES 65536

struct explain_kept {
    uint64_t seq;
    int64_t at_ms;
    const char *type;
    int64_t delta;
};

bool explain_print_init(struct explain_print *print, const struct explain_arguments *arguments,
                        const struct explain_source *source, const struct explain_result *result) {
    *print = (struct explain_print){.arguments = arguments, .source = source, .result = result};
    print->kept = calloc((size_t)arguments->limit + 1, sizeof *print->kept);
    return print->kept != NULL;
}

void explain_print_release(struct explain_print *print) {
    free(print->kept);
    buffer_release(&print->out);
}

static bool flush(struct explain_print *print) {
    if (print->out.size > 0 && fwrite(print->out.data, 1, print->out.size, stdout) != print->out.size) {
        print->has_failed = true;
    }
    buffer_clear(&print->out);
    return !print->has_failed;
}

static void append_hex(struct buffer *out, const uint8_t *bytes, size_t size) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        const char two[2] = {digits[bytes[i] >> 4], digits[bytes[i] & 15]};
        buffer_append(out, two, 2);
    }
}

/* --- JSON ------------------------------------------------------------------------------------------------------------
 */

/* Names and labels in UTF-8; what a terminal would act on is escaped. */
static void append_string(struct buffer *out, const char *text) {
    buffer_append_text(out, "\"");
    for (const char *at = text; *at != '\0'; at++) {
        unsigned char byte = (unsigned char)*at;
        if (byte < 0x20 || byte == '"' || byte == '\\' || byte == 0x7f) {
            buffer_printf(out, "\\u%04x", byte);
        } else {
            buffer_append(out, at, 1);
        }
    }
    buffer_append_text(out, "\"");
}

static void append_member(struct buffer *out, const char *before, const char *name, const char *text) {
    buffer_printf(out, "%s\"%s\":", before, name);
    append_string(out, text);
}

static void append_receipt(struct explain_print *print) {
    const struct explain_figure *figure = &print->arguments->figure;
    const struct metric *metric = figure->metric;
    struct buffer *out = &print->out;
    buffer_printf(out, "{\"receipt\":{\"format\":%d", EXPLAIN_FORMAT);
    append_member(out, ",", "metric", metric->id);
    append_member(out, ",", "label_zh", metric->label_zh);
    append_member(out, ",", "label_en", metric->label_en);
    buffer_printf(out, ",\"definition_version\":%" PRIu32, metric->definition_version);
    append_member(out, ",", "unit", metric->unit);
    append_member(out, ",", "kind", metric_kind_name(metric->kind));
    buffer_printf(out, ",\"region\":%" PRIu32, figure->region);
    append_member(out, ",", "period", print->arguments->period);
    append_member(out, ",", "organisation", figure->organisation);
    append_member(out, ",", "category", category_id(figure->category));
    append_member(out, ",\"source\":{", "name", print->source->name);
    append_member(out, ",", "kind", print->source->kind);
    buffer_append_text(out, ",\"epoch\":\"");
    append_hex(out, print->result->epoch.bytes, ID_BYTES);
    buffer_printf(out, "\",\"up_to\":%" PRIu64 ",\"chain\":\"", print->result->up_to);
    append_hex(out, print->result->chain, sizeof print->result->chain);
    buffer_append_text(out, "\"}}}\n");
    print->has_head = true;
}

static bool print_line(struct explain_print *print, const struct explain_event *event) {
    char time[30];
    if (!print->has_head) {
        append_receipt(print);
    }
    civil_time_format(event->at_ms, time);
    buffer_printf(&print->out, "{\"seq\":%" PRIu64 ",\"at\":\"%s\",\"type\":\"%s\",\"delta\":%" PRId64 "}\n",
                  event->seq, time, event->type, event->delta);
    return print->out.size < FLUSH_BYTES || flush(print);
}

/* --- Text ------------------------------------------------------------------------------------------------------------
 */

/* 1234567 -> "1,234,567", with its sign when it is a change. */
static const char *grouped(int64_t number, bool is_change, char text[32]) {
    char digits[24];
    uint64_t size = number < 0 ? 0 - (uint64_t)number : (uint64_t)number;
    int length = snprintf(digits, sizeof digits, "%" PRIu64, size);
    char *to = text;
    if (number < 0 || is_change) {
        *to++ = number < 0 ? '-' : '+';
    }
    for (int i = 0; i < length; i++) {
        if (i > 0 && (length - i) % 3 == 0) {
            *to++ = ',';
        }
        *to++ = digits[i];
    }
    *to = '\0';
    return text;
}

static void append_head(struct explain_print *print) {
    const struct explain_figure *figure = &print->arguments->figure;
    const struct metric *metric = figure->metric;
    const struct explain_result *result = print->result;
    struct buffer *out = &print->out;
    char number[32];
    buffer_printf(out, "%s  %s  %s\n", metric->id, metric->label_zh, metric->label_en);
    buffer_printf(out, "definition  %" PRIu32 " (%s, unit: %s)\n", metric->definition_version,
                  metric_kind_name(metric->kind), metric->unit);
    buffer_printf(out, "region      %" PRIu32 "%s\n", figure->region,
                  figure->region == METRIC_CITY_REGION ? " (the city)" : "");
    buffer_printf(out, "period      %s%s\n", print->arguments->period,
                  metric->kind == METRIC_STOCK ? ", at its end" : "");
    if (figure->organisation[0] != '\0') {
        buffer_printf(out, "of          %s\n", figure->organisation);
    }
    if (figure->category != CATEGORY_ALL) {
        buffer_printf(out, "category    %s\n", category_id(figure->category));
    }
    buffer_printf(out, "value       %s\n", grouped(print->value, false, number));
    buffer_printf(out, "events      %s\n", grouped((int64_t)print->events, false, number));
    buffer_printf(out, "source      %s, up to number %s\n", print->source->name,
                  grouped((int64_t)result->up_to, false, number));
    buffer_append_text(out, "epoch       ");
    append_hex(out, result->epoch.bytes, ID_BYTES);
    buffer_append_text(out, "\nchain root  ");
    append_hex(out, result->chain, sizeof result->chain);
    buffer_append_text(out, "\n");
}

static void append_text(struct explain_print *print) {
    char number[32], change[32], time[30];
    append_head(print);
    uint64_t lines = print->events < print->arguments->limit ? print->events : print->arguments->limit;
    for (uint64_t i = 0; i < lines; i++) {
        const struct explain_kept *kept = &print->kept[i];
        civil_time_format(kept->at_ms, time);
        buffer_printf(&print->out, "%s%15s  %s  %-22s %s\n", i == 0 ? "\n" : "",
                      grouped((int64_t)kept->seq, false, number), time, kept->type, grouped(kept->delta, true, change));
    }
    if (print->events > lines) {
        buffer_printf(&print->out, "%s... and %s more; --json lists all\n", lines == 0 ? "\n" : "",
                      grouped((int64_t)(print->events - lines), false, number));
    }
}

/* --- Both ------------------------------------------------------------------------------------------------------------
 */

bool explain_print_event(const struct explain_event *event, void *user) {
    struct explain_print *print = user;
    uint64_t number = print->events++;
    print->value += event->delta;
    if (print->arguments->json) {
        return print_line(print, event);
    }
    if (number < print->arguments->limit) {
        print->kept[number] = (struct explain_kept){event->seq, event->at_ms, event->type, event->delta};
    }
    return true;
}

bool explain_print_end(struct explain_print *print) {
    if (print->arguments->json) {
        if (!print->has_head) {
            append_receipt(print);
        }
        buffer_printf(&print->out, "{\"end\":{\"events\":%" PRIu64 ",\"value\":%" PRId64 "}}\n", print->events,
                      print->value);
    } else {
        append_text(print);
    }
    return flush(print) && fflush(stdout) == 0;
}
