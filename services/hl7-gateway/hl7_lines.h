#ifndef HL7_GATEWAY_HL7_LINES_H
#define HL7_GATEWAY_HL7_LINES_H

#include "hl7-gateway/hl7.h"

/*
 * Inside hl7*.c: the segments of a message, one after another. A segment ends at CR; at LF only before what can be
 * another segment, an empty line or the end. Each byte is searched once for CR and once for LF, whatever the text.
 */
struct hl7_lines {
    const char *at;
    const char *limit;
    const char *next_return;    /* limit: none */
    const char *next_line_feed; /* not before at; limit: none */
    char field;                 /* separator: what follows a segment's name */
    bool has_line_feeds;        /* some segment so far ended with LF or CRLF */
};

void hl7_lines_begin(struct hl7_lines *lines, const char *data, size_t size, char field);
/* The next line that is not empty; false at the end. */
bool hl7_lines_next(struct hl7_lines *lines, struct text *line);

/* ASCII, and neither blank nor letter nor digit: what can be a delimiter. */
bool hl7_is_punctuation(char c);
/* Whether the text begins with this name (three characters) and what can follow one: a separator or nothing. */
bool hl7_is_named(struct text line, const char *name);

/* Takes what stands before the next delimiter off *rest, and the delimiter; *rest is empty, its data NULL, after the
 * last one. */
struct text hl7_cut(struct text *rest, char delimiter);
/* Blanks (space, tab) at both ends left out. */
struct text hl7_trim(struct text text);

#endif
