#include "ctl/progress.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/civil.h"

#define TERMINAL_MS 100
#define PIPE_MS 3000
#define BAR_CELLS 24

const char *progress_number(uint64_t number, char text[PROGRESS_NUMBER_BYTES]) {
    char digits[21];
    int count = snprintf(digits, sizeof digits, "%" PRIu64, number);
    char *out = text;
    for (int i = 0; i < count; i++) {
        if (i > 0 && (count - i) % 3 == 0) {
            *out++ = ',';
        }
        *out++ = digits[i];
    }
    *out = '\0';
    return text;
}

void progress_start(struct progress *progress, const char *label, const char *unit, uint64_t total, bool quiet) {
    int64_t now_ms = clock_monotonic_ms();
    *progress = (struct progress){.label = label,
                                  .unit = unit,
                                  .total = total,
                                  .quiet = quiet,
                                  .is_terminal = isatty(STDERR_FILENO) == 1,
                                  .started_ms = now_ms,
                                  .shown_ms = now_ms};
}

void progress_note(struct progress *progress, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(progress->note, sizeof progress->note, format, arguments);
    va_end(arguments);
}

static int bar_text(const struct progress *progress, uint64_t done, char *text, size_t size) {
    if (progress->total == 0) {
        return snprintf(text, size, "  ");
    }
    uint64_t capped = done < progress->total ? done : progress->total;
    int full = (int)((double)capped * BAR_CELLS / (double)progress->total);
    char bar[BAR_CELLS + 1];
    memset(bar, '-', BAR_CELLS);
    memset(bar, '#', (size_t)full);
    bar[BAR_CELLS] = '\0';
    return snprintf(text, size, "  [%s] %3d%%  ", bar, (int)((double)capped * 100 / (double)progress->total));
}

/* "4 s left" while it runs, "in 8.2 s" at the end. */
static void time_text(const struct progress *progress, uint64_t done, double elapsed_s, bool ended, char text[48]) {
    text[0] = '\0';
    if (ended) {
        snprintf(text, 48, "  in %.1f s", elapsed_s);
    } else if (progress->total > done && done > 0) {
        snprintf(text, 48, "  %.0f s left", elapsed_s * (double)(progress->total - done) / (double)done);
    }
}

static void draw(struct progress *progress, uint64_t done, int64_t now_ms, bool ended) {
    char number[PROGRESS_NUMBER_BYTES], total[PROGRESS_NUMBER_BYTES], rate[PROGRESS_NUMBER_BYTES];
    char bar[64], time_left[48], line[400];
    double elapsed_s = (double)(now_ms - progress->started_ms + 1) / 1000;
    bar_text(progress, done, bar, sizeof bar);
    time_text(progress, done, elapsed_s, ended, time_left);
    snprintf(line, sizeof line, "%s%s%s%s%s %s  %s/s%s%s%s", progress->label, bar, progress_number(done, number),
             progress->total ? "/" : "", progress->total ? progress_number(progress->total, total) : "", progress->unit,
             progress_number((uint64_t)((double)done / elapsed_s), rate), time_left, progress->note[0] ? "  " : "",
             progress->note);
    if (progress->is_terminal) {
        fprintf(stderr, "\r%s\033[K%s", line, ended ? "\n" : "");
    } else {
        fprintf(stderr, "%s\n", line);
    }
    progress->shown_ms = now_ms;
    progress->shown_done = done;
}

void progress_show(struct progress *progress, uint64_t done) {
    if (progress->quiet) {
        return;
    }
    int64_t now_ms = clock_monotonic_ms();
    if (now_ms - progress->shown_ms >= (progress->is_terminal ? TERMINAL_MS : PIPE_MS)) {
        draw(progress, done, now_ms, false);
    }
}

int64_t progress_end(struct progress *progress, uint64_t done) {
    int64_t now_ms = clock_monotonic_ms();
    if (!progress->quiet) {
        draw(progress, done, now_ms, true);
    }
    int64_t elapsed_ms = now_ms - progress->started_ms;
    return elapsed_ms > 0 ? elapsed_ms : 1;
}
