#ifndef CTL_LOG_FILE_H
#define CTL_LOG_FILE_H

#include <stdbool.h>
#include <stdint.h>

#include "ctl/ctl.h"

/* The log of a registry on this machine, as verify and export are told of it. */

/* How it is named, for a synopsis and for the text of a command. */
#define LOG_FILE_ARGUMENT "[LOG|FOLDER|X.conf]"

/*
 * argument: the log itself, its folder, or the configuration file of its registry; NULL: visits.conf beside ctl.conf.
 * False, said on stderr, with *exit_code when there is none.
 */
bool log_file_find(struct ctl *ctl, const char *argument, char log[CTL_PATH_BYTES], int *exit_code);

/* A path beside the file that names it; an absolute one stays. */
void log_file_beside(const char *path, const char *name, char out[CTL_PATH_BYTES]);

/* For journal_verify and the like; user: a struct progress. */
void log_file_progress(uint64_t seq, uint64_t head, void *user);

#endif
