#ifndef CTL_RUN_BESIDE_H
#define CTL_RUN_BESIDE_H

#include "ctl/ctl.h"

#define RUN_BESIDE_ARGUMENTS_MAX 24

/* Arguments of a program of ours, the first of which is its name ("aggregator"). */
struct run_beside {
    const char *arguments[RUN_BESIDE_ARGUMENTS_MAX + 1];
    size_t count;
    char texts[4][CTL_PATH_BYTES + 32]; /* of run_beside_option */
    size_t text_count;
};

/* Borrowed. More than fit are a bug. */
void run_beside_add(struct run_beside *run, const char *argument);
/* --name=value, copied; 4 of these at most. False, said, when value is too long. */
bool run_beside_option(struct run_beside *run, const char *name, const char *value);
/* The aggregator's file: the one given, else aggregator.conf beside ctl.conf. False: said. */
bool run_beside_aggregator_file(struct ctl *ctl, const char *given, char path[CTL_PATH_BYTES]);
/* Adds --config with that file, copied. */
bool run_beside_config(struct run_beside *run, const char *path);
/* In place of this process: the program beside this one, else the one in PATH. Returns only when there is none (said). */
int run_beside_exec(struct run_beside *run, const struct ctl *ctl);

#endif
