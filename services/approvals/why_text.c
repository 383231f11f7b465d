#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#include "approvals/v1/commands.pb-c.h"
#include "approvals/why.h"
#include "base/civil.h"

/* What the pages in both languages share. */

bool why_page_begin(const struct why *why, struct why_page *page) {
    *page = (struct why_page){.text = asking_take(why->asking, WHY_TEXT_BYTES_MAX)};
    return page->text != NULL;
}

void why_page_add(struct why_page *page, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const size_t room = WHY_TEXT_BYTES_MAX - page->size;
    const int added = vsnprintf(page->text + page->size, room, format, arguments);
    va_end(arguments);
    if (added > 0 && (size_t)added < room) {
        page->size += (size_t)added;
    } else {
        page->text[page->size] = '\0';
    }
}

/* --- runs --- */

/* In order of their beginning; the oldest gives way. */
static void insert_run(struct why_runs *runs, const struct why_run *run) {
    size_t at = runs->count;
    while (at > 0 && runs->runs[at - 1].from > run->from) {
        at--;
    }
    if (runs->count == WHY_RUNS_MAX) {
        runs->left_out++;
        if (at == 0) {
            return;
        }
        memmove(&runs->runs[0], &runs->runs[1], (at - 1) * sizeof runs->runs[0]);
        runs->runs[at - 1] = *run;
        return;
    }
    memmove(&runs->runs[at + 1], &runs->runs[at], (runs->count - at) * sizeof runs->runs[0]);
    runs->runs[at] = *run;
    runs->count++;
}

/* Days named by the same line's notice, by the same name, one behind another. */
static bool continues(const struct why *why, const struct why_run *run, const struct why_day *day,
                      enum why_run_kind kind) {
    const struct approvals *self = why->asking->self;
    if (run->line == 0 || run->kind != kind || run->last + 1 != day->day) {
        return false;
    }
    const struct notice_line *before = notices_line(&self->notices, run->line), *now = notices_line(&self->notices, day->line);
    return before->notice == now->notice && strcmp(before->name, now->name) == 0;
}

static void find_named_days(const struct why *why, struct why_runs *runs) {
    struct why_run run = {.line = 0};
    for (size_t i = 0; i < why->day_count; i++) {
        const struct why_day *day = &why->days[i];
        const bool is_off = day->ground == APPROVALS__V1__DAY_GROUND__DAY_GROUND_HOLIDAY;
        const enum why_run_kind kind = is_off ? WHY_RUN_HOLIDAY : WHY_RUN_WORKED;
        runs->weekend_days += day->ground == APPROVALS__V1__DAY_GROUND__DAY_GROUND_WEEKEND;
        if (!is_off && day->ground != APPROVALS__V1__DAY_GROUND__DAY_GROUND_WORKED_BY_NOTICE) {
            continue;
        }
        if (continues(why, &run, day, kind)) {
            run.last = day->day;
            continue;
        }
        if (run.line != 0) {
            insert_run(runs, &run);
        }
        run = (struct why_run){.kind = kind, .from = day->day, .last = day->day, .line = day->line};
    }
    if (run.line != 0) {
        insert_run(runs, &run);
    }
}

/* Each procedure by itself, also where they overlap. One that ended on the day it began cost nothing. */
static void find_pauses(const struct why *why, struct why_runs *runs) {
    const struct approvals *self = why->asking->self;
    for (uint32_t i = why->row->first_pause; i != 0; i = approvals_pause(self, i)->next) {
        const struct case_pause *pause = approvals_pause(self, i);
        const struct why_run run = {.kind = WHY_RUN_STOPPED,
                                    .from = pause->from + 1,
                                    .last = pause->until < why->end ? pause->until : why->end,
                                    .special = pause->kind,
                                    .stops_statutory = pause->stops_statutory != 0};
        if (run.from <= run.last) {
            insert_run(runs, &run);
        }
    }
}

void why_find_runs(const struct why *why, struct why_runs *runs) {
    *runs = (struct why_runs){.count = 0};
    find_named_days(why, runs);
    find_pauses(why, runs);
}
