#ifndef SERVICE_ASKING_H
#define SERVICE_ASKING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "service/deciding.h"
#include "service/service.h"

/*
 * One question on its way, for registries of government work: what their answers share. Pure. An answer lives in the
 * question's arena; its lists hold at most ASKING_ROWS_MAX rows and ASKING_PAGE_BYTES_MAX bytes, so it fits into a
 * frame.
 */
#define ASKING_ROWS_DEFAULT 100u
#define ASKING_ROWS_MAX 1000u
#define ASKING_LOOKS_MAX 200000u      /* rows one question looks at */
#define ASKING_PAGE_BYTES_MAX 900000u /* of one page of rows: an answer holds 1 MB */
#define ASKING_TEXT_BYTES_MAX 500000u /* of the texts of one page of history */
#define ASKING_PAST_MAX 20000u        /* events of the log read for one question */

struct asking {
    const void *self; /* the registry's state */
    const struct question *question;
    struct arena *arena;
    uint32_t code;   /* not 0: why there is no answer */
    uint32_t agency; /* row of the key's organisation; 0: it is none */
    bool sees_all;   /* records of every agency */
    int32_t today;   /* +08:00, of the clock or of the last Tick */
    uint32_t reads;  /* events of the log read so far */
    size_t bytes;    /* of the rows of its list so far */
};

/* agency: row of the key's organisation, a service hall or not. False and FORBIDDEN: no role that asks a registry. */
bool asking_begin(struct asking *a, uint32_t agency, bool is_window, int32_t today);
void asking_refuse(struct asking *a, uint32_t code);
/* Zeroed memory of the answer; NULL and EXHAUSTED beyond the arena's cap. */
void *asking_take(struct asking *a, size_t size);
/* protobuf-c's packer takes char *, and only reads. */
static inline char *asking_text(const char *text) {
    return (char *)(uintptr_t)text;
}

/* --- lists --- */

/* How many rows at most, of what was asked for. */
static inline uint32_t asking_rows(uint32_t limit) {
    return limit == 0 ? ASKING_ROWS_DEFAULT : limit < ASKING_ROWS_MAX ? limit : ASKING_ROWS_MAX;
}
/* Lists go from the newest row down; after: the last row of the page before (0: the first page). */
static inline uint32_t asking_first_row(uint32_t after, uint32_t count) {
    return after == 0 || after > count ? count : after - 1;
}
/* A list: which rows of a table, and what is told of each. */
struct asking_list {
    uint32_t count; /* rows there are */
    uint32_t after; /* of the question */
    uint32_t limit;
    uint32_t looks; /* rows it looks at, at most */
    bool (*is_wanted)(const struct asking *a, const void *filter, uint32_t row);
    void *(*make)(struct asking *a, uint32_t row); /* a message; NULL: a code */
    const void *filter;
};
/* Messages of one page, *n of them; *next: what the next page begins after, 0 at the end. NULL: a code. */
void **asking_page(struct asking *a, const struct asking_list *list, size_t *n, uint32_t *next);
/* The agency that a list is of: the one that was named (its row in *agency, 0: unknown), else the key's own, or all (0)
 * where it may see all. False: unknown_code, FORBIDDEN. */
bool asking_list_agency(struct asking *a, bool is_named, uint32_t *agency, uint32_t unknown_code);

/* --- the past --- */

/* False: there is no code, or UNAVAILABLE (no log, or ASKING_PAST_MAX). */
bool asking_read_past(struct asking *a, uint64_t seq, struct past_event *past);

/* What one step of a history tells beside its fields: "name: text" each. */
struct asking_lines {
    struct asking *asking;
    char **lines;
    size_t count, max;
    size_t bytes; /* of all lines since the beginning of the page */
};
/* Room for so many lines of the next step. False: a code. */
bool asking_lines_begin(struct asking_lines *lines, size_t max);
/* Beyond max: EXHAUSTED. */
void asking_line(struct asking_lines *lines, const char *name, const char *text, size_t size);
void asking_line_word(struct asking_lines *lines, const char *name, const char *word); /* "" is left out */
void asking_line_number(struct asking_lines *lines, const char *name, int64_t number);
void asking_line_day(struct asking_lines *lines, const char *name, int32_t day); /* 0 is left out */
/* The texts behind the fixed part of a body. */
void asking_line_texts(struct asking_lines *lines, const struct event *event, size_t fixed_size);
/* Name of a value without the name of its enum ("INSPECTION"); "?": this version knows none. */
const char *asking_value_word(const ProtobufCEnumDescriptor *names, unsigned value, const char *prefix);

#endif
