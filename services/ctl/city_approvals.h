#ifndef CTL_CITY_APPROVALS_H
#define CTL_CITY_APPROVALS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "approvals/v1/commands.pb-c.h"
#include "base/id.h"
#include "base/status.h"

/*
 * A synthetic year of government service in Xuchang: a pure function of its options. Nobody in it exists: resident identity
 * numbers carry the unassigned region code 411099, credit codes likewise, and the agencies are made up.
 *
 * What the city printed about 2020 comes out of it exactly: 822 municipal licences before the first of ten rounds of streamlining,
 * 98 after the last; at the end of the year 3,235 items in force, 1,225 with one visit and 2,010 with none, 375 on the app, the
 * limits of municipal licences compressed by 89 %. Around them cases through every path of the state machine, officers working
 * in working hours, a notice that moves the end of the Spring Festival, and a Tick for every day.
 *
 * Memory: 16 bytes a command, 16 bytes a case (45 MB for 300,000 cases), plus one MB of catalogue.
 */
#define CITY_CASES_DEFAULT 300000u
#define CITY_CASES_MAX 5000000u
#define CITY_AGENCIES_MAX 256
#define CITY_AGENCY_CREDIT_BYTES 19

struct city_agency {
    char code[33]; /* "weidu-market": its organisation, and the name of its key */
    char name[96];
    uint32_t region; /* GB/T 2260: the city or a county */
    char credit_code[CITY_AGENCY_CREDIT_BYTES];
    bool is_window; /* a service hall */
};

/* Number 0 .. count-1; row number + 1 in the registry of a city-year. */
size_t city_agency_count(void);
const struct city_agency *city_agency(size_t number);

/* Whose key a command is published with. */
enum city_sender {
    CITY_SENDER_AGENCY,     /* the agency's own system */
    CITY_SENDER_CLERK,      /* a clerk of the city's service hall */
    CITY_SENDER_OPERATOR,
    CITY_SENDER_SUPERVISOR, /* of the service bureau */
    CITY_SENDER_LEADER,     /* of the city government */
};
/* File name of the key, without ".key", and the organisation that it speaks for; agency: of CITY_SENDER_AGENCY. */
const char *city_sender_key(enum city_sender sender, size_t agency);
const char *city_sender_organisation(enum city_sender sender, size_t agency);

struct city_approvals_options {
    uint64_t seed;
    uint32_t cases;   /* received in the year, 1..CITY_CASES_MAX */
    uint64_t base_ms; /* command ids are made from this time on (Unix ms), as struct city_options */
};

struct city_approvals_command {
    struct id id;
    enum city_sender sender;
    uint16_t agency; /* of CITY_SENDER_AGENCY */
    uint8_t wave;    /* within its day: everything it depends on has a lower wave, or the same sender and comes before it. The
                        day's Tick has wave 0 and stands alone in it */
    int32_t day;     /* of publication: days since 1970-01-01 */
    int64_t occurred_at_ms;
    uint64_t number; /* in the stream, from 0; city_approvals_message needs it */
};

/* What the registry and the metrics have to count, of one agency or of all; by the day of each event. Recounted from the
 * commands by plain loops over days, without the calendar or the rules of the registry. */
#define CITY_STEPS 128
struct city_approvals_count {
    uint64_t steps[CITY_STEPS]; /* by approvals.v1.CaseStep; the registry's own (110 ..) too, but for WARNED; of 11, 12, 13 the
                                   decisions, not the proposals */
    uint64_t on_time, lawful;   /* decisions */
    uint64_t charged_days;      /* of decisions with a statutory limit */
    uint64_t statutory_hundredths; /* of the same, in workdays times 100, with their extensions */
    int64_t open_overdue;       /* cases neither decided nor ended whose promised time has passed */
    uint64_t extensions;        /* of steps[9] */
    uint64_t rated[6];          /* by rating */
    uint64_t rectified, rectified_on_time;
    uint64_t late_deliveries;
    uint64_t joint_delivered;
    uint64_t openings;          /* of them companies opened: instant */
    uint64_t opening_minutes_max;
};

struct city_approvals_totals {
    uint64_t commands;
    uint64_t case_commands; /* of them about cases */
    uint64_t ticks;
    uint64_t cases;
    uint64_t slips_by_supervisor;
    uint64_t refusal_proposals;
    uint64_t open_at_end; /* cases never decided nor ended when the stream ends */
    /* Catalogue. */
    uint32_t items, versions;
    uint32_t licences_before, licences_after, rounds; /* municipal licences; at the end of the day before the first round, of the
                                                         year */
    uint32_t in_force, one_visit, no_visit, app;      /* all agencies, at the end of the year */
    uint32_t city_items, city_at_most_once;           /* level 3, at the end of the year */
    uint32_t city_online, city_online_deep;           /* of them: can go online; at depth II or deeper */
    uint64_t promised_hundredths, statutory_hundredths; /* of city-level licences in force at the end of the year */
    struct city_approvals_count year; /* events of 2020 */
    struct city_approvals_count all;  /* of the whole stream */
    struct city_approvals_count agencies[CITY_AGENCIES_MAX]; /* events of 2020 by leading agency */
    uint64_t bytes;                                          /* of memory held */
};

struct city_approvals;

/* USAGE: options out of range; MEMORY. */
enum status city_approvals_new(const struct city_approvals_options *options, struct city_approvals **city);
void city_approvals_destroy(struct city_approvals **city);
const struct city_approvals_totals *city_approvals_totals(const struct city_approvals *city);
/* The next command in order of time; false at the end of the stream. */
bool city_approvals_next(struct city_approvals *city, struct city_approvals_command *command);
/* Starts the stream again from its first command. */
void city_approvals_rewind(struct city_approvals *city);

/* First and last day of publication. */
int32_t city_approvals_first_day(void);
int32_t city_approvals_last_day(void);

/* The body of common.v1.Command: a serialized approvals.v1.Command. Returns its size. */
#define CITY_APPROVALS_BODY_BYTES_MAX 4096
size_t city_approvals_pack(const struct city_approvals *city, const struct city_approvals_command *command,
                           uint8_t body[CITY_APPROVALS_BODY_BYTES_MAX]);
/* The same message as a structure: part is the caller's, the message points into it. */
struct city_approvals_part;
size_t city_approvals_part_bytes(void);
const Approvals__V1__Command *city_approvals_message(const struct city_approvals *city,
                                                     const struct city_approvals_command *command,
                                                     struct city_approvals_part *part);

#endif
