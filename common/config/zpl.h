#ifndef CONFIG_ZPL_H
#define CONFIG_ZPL_H

#include <stdbool.h>
#include <stddef.h>

#include "base/arena.h"

/*
 * The file format of the configuration, the ZeroMQ Property Language (ZPL), read strictly: what CZMQ's reader lets pass
 * in silence (a tab, a key given twice, a crooked indent) is an error with its line here.
 *
 *     # a comment
 *     server
 *         bind = tcp://127.0.0.1:7101    # bare: up to a # or the end of the line, without blanks around it
 *         name = "a # inside quotes"     # or 'single' ones; nothing is escaped inside
 */
#define ZPL_FILE_BYTES_MAX ((size_t)1 << 20)
#define ZPL_ENTRIES_MAX 10000
#define ZPL_DEPTH_MAX 8
#define ZPL_PATH_BYTES_MAX 256

struct zpl_entry {
    const char *path;  /* "/server/bind" */
    const char *value; /* NULL: a section */
    unsigned line;     /* from 1 */
};

struct zpl {
    struct zpl_entry *entries; /* in the order of the file */
    size_t count;
};

struct zpl_problem {
    unsigned line;
    char text[256]; /* a sentence without the place */
};

bool zpl_is_name_character(char c);

/* Everything of *zpl lives in arena. False with *problem filled. */
bool zpl_parse(const char *text, size_t size, struct arena *arena, struct zpl *zpl, struct zpl_problem *problem);

#endif
