#ifndef SUPPORT_CTL_RUNNER_H
#define SUPPORT_CTL_RUNNER_H

#include "base/buffer.h"

/* Runs build/FLAVOUR/bin/PROGRAM of the test's own flavour, waits, and keeps what it printed. */
struct run {
    int exit_code; /* 128 + signal when it was killed */
    struct buffer out;
    struct buffer err;
};

/* Folder of the programs: ../../bin beside this test. */
const char *programs_folder(void);
/* Words separated by single blanks; %s may fill them. A word in single quotes may hold blanks. Empties run first; its
 * holder releases it. input NULL: /dev/null. */
__attribute__((format(printf, 4, 5))) void run_program(struct run *run, const char *program, const char *input,
                                                       const char *format, ...);
void run_release(struct run *run);

#endif
