#ifndef BASE_LOG_H
#define BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* czmq.h brings syslog.h, whose macros have two of these names: whichever header comes first, ours stand. */
#include <syslog.h>
#undef LOG_DEBUG
#undef LOG_INFO

/*
 * JSON lines on stderr:
 *     {"time":"2020-01-01T00:00:00.000Z","level":"info","service":"visits","message":"...","key":value}
 * The message is a constant; values stand in keys. Never a payload, never an identifier of a person.
 *
 *     LOG_INFO("feed opened", LOG_S("principal", name), LOG_U("after", after));
 *
 * One write(2) per line; thread-safe; a line is at most 4 KiB, longer ones are cut inside a value, stay valid JSON and
 * end with "cut":true. Bytes that are not UTF-8 show as ?. Nobody reading costs 100 ms once, then lines are counted and
 * lost until somebody reads again; a log never stops its program.
 */
enum log_level { LOG_LEVEL_DEBUG, LOG_LEVEL_INFO, LOG_LEVEL_WARN, LOG_LEVEL_ERROR };

struct log_field {
    const char *key;
    enum { LOG_FIELD_STRING, LOG_FIELD_UNSIGNED, LOG_FIELD_SIGNED, LOG_FIELD_DOUBLE } kind;
    union {
        const char *s; /* NULL prints null */
        uint64_t u;
        int64_t i;
        double d;
    } value;
};

#define LOG_S(k, v) ((struct log_field){.key = (k), .kind = LOG_FIELD_STRING, .value.s = (v)})
#define LOG_U(k, v) ((struct log_field){.key = (k), .kind = LOG_FIELD_UNSIGNED, .value.u = (v)})
#define LOG_I(k, v) ((struct log_field){.key = (k), .kind = LOG_FIELD_SIGNED, .value.i = (v)})
#define LOG_D(k, v) ((struct log_field){.key = (k), .kind = LOG_FIELD_DOUBLE, .value.d = (v)})

#define LOG_AT(level, message, ...)                                                                                    \
    log_write((level), (message), (const struct log_field[]){__VA_ARGS__ __VA_OPT__(, ) {0}})
#define LOG_DEBUG(message, ...) LOG_AT(LOG_LEVEL_DEBUG, message, __VA_ARGS__)
#define LOG_INFO(message, ...) LOG_AT(LOG_LEVEL_INFO, message, __VA_ARGS__)
#define LOG_WARN(message, ...) LOG_AT(LOG_LEVEL_WARN, message, __VA_ARGS__)
#define LOG_ERROR(message, ...) LOG_AT(LOG_LEVEL_ERROR, message, __VA_ARGS__)

/* Sets the service name (borrowed for ever) and the level below which lines are dropped. */
void log_init(const char *service, enum log_level level);
void log_set_level(enum log_level level);
/* "debug", "info", "warn", "error"; false when it is none of them. */
bool log_level_parse(const char *text, enum log_level *level);
/* Fields end at the first with a NULL key. Use the macros. */
void log_write(enum log_level level, const char *message, const struct log_field *fields);

#endif
