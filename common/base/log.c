#include "base/log.h"

#include <math.h>
#include <poll.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/civil.h"
#include "base/utf8.h"

/* One write of at most PIPE_BUF bytes is one piece for every reader of a pipe. */
#define LINE_BYTES 4096
#define PATIENCE_MS 100

static const char *const level_names[] = {"debug", "info", "warn", "error"};

static struct {
    const char *service;
    enum log_level level;
    pthread_mutex_t lock; /* of write_line */
    uint64_t lost_lines;  /* under lock: since the last one that got through */
} log_state = {.service = "liancheng", .level = LOG_LEVEL_INFO, .lock = PTHREAD_MUTEX_INITIALIZER};

void log_init(const char *service, enum log_level level) {
    log_state.service = service;
    log_set_level(level);
}

void log_set_level(enum log_level level) {
    __atomic_store_n(&log_state.level, level, __ATOMIC_RELAXED);
}

bool log_level_parse(const char *text, enum log_level *level) {
    for (size_t i = 0; i < sizeof level_names / sizeof *level_names; i++) {
        if (strcmp(text, level_names[i]) == 0) {
            *level = (enum log_level)i;
            return true;
        }
    }
    return false;
}

/* --- A line ----------------------------------------------------------------------------------------------------------
 */

/* What must still fit behind a text that was cut. */
#define CLOSING "\",\"cut\":true}\n"

struct line {
    char text[LINE_BYTES];
    size_t size;
    bool cut; /* nothing more goes in */
};

static bool put(struct line *line, const char *bytes, size_t size) {
    if (line->cut || size > sizeof line->text || line->size + size + sizeof CLOSING > sizeof line->text) {
        line->cut = true;
        return false;
    }
    memcpy(line->text + line->size, bytes, size);
    line->size += size;
    return true;
}

static bool put_text(struct line *line, const char *text) {
    return put(line, text, strlen(text));
}

static void put_character(struct line *line, const char *bytes, size_t size) {
    unsigned char first = (unsigned char)bytes[0];
    if (size == 0) {
        put(line, "?", 1);
    } else if (first == '"' || first == '\\') {
        put(line, (char[]){'\\', bytes[0]}, 2);
    } else if (first < 0x20 || first == 0x7F) {
        char escape[7];
        snprintf(escape, sizeof escape, "\\u%04x", first);
        put(line, escape, 6);
    } else {
        put(line, bytes, size);
    }
}

/* The opening quote only goes in when the closing one will. */
static void put_string(struct line *line, const char *text) {
    if (!put(line, "\"", 1)) {
        return;
    }
    size_t left = strlen(text);
    while (left > 0 && !line->cut) {
        size_t size = utf8_character_size(text, left);
        put_character(line, text, size);
        size_t step = size == 0 ? 1 : size;
        text += step;
        left -= step;
    }
    line->text[line->size++] = '"';
}

static void put_double(struct line *line, double value) {
    char number[32];
    if (!isfinite(value)) {
        put_text(line, "null");
        return;
    }
    snprintf(number, sizeof number, "%.15g", value);
    put_text(line, number);
}

static void put_value(struct line *line, const struct log_field *field) {
    char number[32];
    switch (field->kind) {
    case LOG_FIELD_STRING:
        if (field->value.s == NULL) {
            put_text(line, "null");
        } else {
            put_string(line, field->value.s);
        }
        return;
    case LOG_FIELD_UNSIGNED:
        snprintf(number, sizeof number, "%llu", (unsigned long long)field->value.u);
        put_text(line, number);
        return;
    case LOG_FIELD_SIGNED:
        snprintf(number, sizeof number, "%lld", (long long)field->value.i);
        put_text(line, number);
        return;
    case LOG_FIELD_DOUBLE:
        put_double(line, field->value.d);
        return;
    }
}

/* A field whose value does not even begin is left out with its key; a string may stay in part. */
static void put_field(struct line *line, const struct log_field *field) {
    size_t before = line->size;
    put_text(line, ",");
    put_string(line, field->key);
    put_text(line, ":");
    size_t value_at = line->size;
    bool key_whole = !line->cut;
    if (key_whole) {
        put_value(line, field);
    }
    if (!key_whole || line->size == value_at) {
        line->size = before;
    }
}

static void build_line(struct line *line, enum log_level level, const char *message, const struct log_field *fields) {
    char time_text[30];
    civil_time_format_utc(clock_unix_ms(), time_text);
    line->size = 0;
    line->cut = false;
    put_text(line, "{\"time\":\"");
    put_text(line, time_text);
    put_text(line, "\",\"level\":\"");
    put_text(line, level_names[level]);
    put_text(line, "\",\"service\":");
    put_string(line, log_state.service);
    put_text(line, ",\"message\":");
    put_string(line, message);
    for (const struct log_field *field = fields; field->key != NULL && !line->cut; field++) {
        put_field(line, field);
    }
    const char *end = line->cut ? ",\"cut\":true}\n" : "}\n";
    size_t size = strlen(end);
    memcpy(line->text + line->size, end, size);
    line->size += size;
}

/* --- Out -------------------------------------------------------------------------------------------------------------
 */

/* A reader that stands still may cost PATIENCE_MS once, then lines are lost until it reads again: a daemon never stops
 * because nobody reads its log. A writable pipe has room for LINE_BYTES. */
static bool can_write(void) {
    struct pollfd stderr_poll = {.fd = STDERR_FILENO, .events = POLLOUT};
    return poll(&stderr_poll, 1, log_state.lost_lines > 0 ? 0 : PATIENCE_MS) == 1;
}

static bool write_line(const struct line *line) {
    if (!can_write()) {
        return false;
    }
    ssize_t written = write(STDERR_FILENO, line->text, line->size);
    return written == (ssize_t)line->size;
}

static void report_lost(void) {
    struct line line;
    build_line(&line, LOG_LEVEL_WARN, "log lines were lost",
               (const struct log_field[]){LOG_U("lines", log_state.lost_lines), {0}});
    if (write_line(&line)) {
        log_state.lost_lines = 0;
    }
}

void log_write(enum log_level level, const char *message, const struct log_field *fields) {
    if (level < __atomic_load_n(&log_state.level, __ATOMIC_RELAXED)) {
        return;
    }
    struct line line;
    build_line(&line, level, message, fields);
    pthread_mutex_lock(&log_state.lock);
    if (log_state.lost_lines > 0) {
        report_lost();
    }
    if (log_state.lost_lines > 0 || !write_line(&line)) {
        log_state.lost_lines++;
    }
    pthread_mutex_unlock(&log_state.lock);
}
