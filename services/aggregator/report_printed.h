#ifndef AGGREGATOR_REPORT_PRINTED_H
#define AGGREGATOR_REPORT_PRINTED_H

#include <stddef.h>

#include "base/arena.h"
#include "base/status.h"

/*
 * The figures of a year as they were printed: a file of lines
 *     id <tab> title_zh <tab> title_en <tab> printed [<tab> further columns, which are not read]
 * after a head that names these columns. Lines that begin with # and empty ones are skipped. Pure.
 */
#define REPORT_PRINTED_BYTES_MAX ((size_t)1 << 20)
#define REPORT_PRINTED_LINES_MAX 1000

struct report_printed_line {
    const char *id;
    const char *title_zh;
    const char *title_en;
    const char *printed;
};

struct report_printed {
    struct report_printed_line *lines; /* in arena, in the order of the file */
    size_t count;
    size_t wrong_line;  /* MALFORMED: which, from 1 */
    const char *wrong;  /* and what is wrong with it; static */
};

/* Cuts text in place; the lines point into it. MALFORMED with wrong filled; MEMORY when arena is too small. */
enum status report_printed_read(char *text, struct arena *arena, struct report_printed *printed);

#endif
