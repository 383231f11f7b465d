#ifndef SUPPORT_TALLY_H
#define SUPPORT_TALLY_H

#include "service/service.h"

/*
 * The smallest registry: it counts. Shows that the skeleton knows nothing of visits, and lets its tests be about the
 * skeleton. Of visits.v1.Command it takes open_visit: visit_number is the subject, which is counted. A subject that
 * begins with "bad" is refused (code 900, field "visit_number"); "idle" is accepted without an event; "pair" makes two
 * events; "quiet" one without a public body; "rise" is decided in phases until it was counted three times; "only-ROLE"
 * is refused unless sent in that role; a question about "watched" is logged. One about "history of SUBJECT" is answered
 * with the length of the subject's history in the log, of which each event is read back and compared.
 *
 * By time alone "clock", once counted, is counted up to 5, one with each second; "flood" up to TALLY_FLOOD, at once.
 * Each "hurry" runs the tick behind it, which counts "hurried" TALLY_HURRIED times.
 */
#define TALLY_FLOOD 60000
#define TALLY_HURRIED 300

extern const struct service tally_service;

/* Runs it as a daemon when argv[1] is "daemon" (then it does not return); so a test's own binary is the daemon. */
void tally_run_if_asked(int argc, char **argv);

#endif
