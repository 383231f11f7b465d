#ifndef CTL_INIT_NEXT_H
#define CTL_INIT_NEXT_H

#include <jansson.h>
#include <stdbool.h>
#include <stddef.h>

#include "ctl/init_files.h"

/* What `init` has made. */
struct init_outcome {
    const char *folder;
    const struct init_settings *settings;
    bool has_facilities, has_agencies; /* a table of them was given */
    size_t made, kept;                 /* files */
    const json_t *without_feed;        /* codes of facilities that hl7-gateway.conf has no feed for */
    const json_t *without_registry;    /* {file, registry}: files of an earlier version, and what they do not know */
};

/* What there is to do next, in English and Chinese. */
void init_print_next(const struct init_outcome *outcome);

#endif
