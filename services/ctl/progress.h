#ifndef CTL_PROGRESS_H
#define CTL_PROGRESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * Progress on stderr: a bar redrawn ten times a second on a terminal, else a line every few seconds (so that a log of a
 * pipe stays readable).
 *
 *     submit  [##########----------]  51%  384,000/753,800 commands  182,300/s  2 s left  refused 3
 */
struct progress {
    const char *label; /* borrowed */
    const char *unit;  /* "commands"; borrowed */
    uint64_t total;    /* 0: not known, no bar */
    bool quiet;        /* shows nothing */
    bool is_terminal;
    int64_t started_ms;
    int64_t shown_ms; /* when the last line was drawn */
    uint64_t shown_done;
    char note[96]; /* free text at the end of the line */
};

/* quiet: nothing is ever drawn, so callers need no ifs. */
void progress_start(struct progress *progress, const char *label, const char *unit, uint64_t total, bool quiet);
/* Cheap: draws only when it is time to. */
void progress_show(struct progress *progress, uint64_t done);
/* Text at the end of the line from the next drawing on. */
__attribute__((format(printf, 2, 3))) void progress_note(struct progress *progress, const char *format, ...);
/* Draws the last state and ends the line. Returns the milliseconds since progress_start, at least 1. */
int64_t progress_end(struct progress *progress, uint64_t done);

/* 753800 -> "753,800"; text needs 27 bytes. Returns text. */
#define PROGRESS_NUMBER_BYTES 27
const char *progress_number(uint64_t number, char text[PROGRESS_NUMBER_BYTES]);

#endif
