#ifndef SUPPORT_TALLY_H
#define SUPPORT_TALLY_H

#include "service/service.h"

/*
 * The smallest registry: it counts. Shows that the skeleton knows nothing of visits, and lets its tests be about the
 * skeleton. Of visits.v1.Command it takes open_visit: visit_number is the subject, which is counted. A subject that
 * begins with "bad" is refused (code 900, field "visit_number"); "idle" is accepted without an event; "pair" makes two
 * events; "quiet" one without a public body; "rise" is decided in phases until it was counted three times; a question
 * about "watched" is logged. Each tick while `ticking` subjects were counted logs one event more.
 */
extern const struct service tally_service;

/* Runs it as a daemon when argv[1] is "daemon" (then it does not return); so a test's own binary is the daemon. */
void tally_run_if_asked(int argc, char **argv);

#endif
