#ifndef CTL_CITY_H
#define CTL_CITY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/id.h"
#include "base/status.h"
#include "visits/v1/commands.pb-c.h"

/*
 * A synthetic year of hospital visits in Xuchang: a pure function of its options. Nobody in it exists: resident
 * identity numbers carry the unassigned region code 411099, there are no names, and the hospitals are made up.
 *
 * Exactly options.patients distinct persons have at least one counted visit with the one card in the year. Around them:
 * visits with a hospital's own card only, visits opened and taken back (some by persons who come for nothing else),
 * late arrivals, the same command sent twice, the same visit opened twice, outpatients who become inpatients,
 * records that learn the person's resident identity number later, and emergencies brought in after a call for help.
 *
 * Memory: 16 bytes a visit and 4 bytes a command (51 MB for 753,800 patients), plus one day of commands.
 */
#define CITY_YEAR 2020
#define CITY_PATIENTS_DEFAULT 753800u
#define CITY_PATIENTS_MAX 5000000u
#define CITY_PUBLICATION_DAYS (366 + 60) /* stragglers of December come in until the end of February */
#define CITY_HOSPITALS_MAX 64

/* What a hospital's system knows of a person, and so what its commands carry. */
enum city_style {
    CITY_STYLE_BOTH = 1,     /* resident identity number and local id */
    CITY_STYLE_RESIDENT = 2, /* resident identity number alone */
    CITY_STYLE_LOCAL = 4,    /* the number on the social security card as the hospital stores it: a local id alone */
};

enum city_hospital_kind {
    CITY_GENERAL,
    CITY_CHINESE_MEDICINE,
    CITY_MATERNAL,
    CITY_SPECIALIST,
    CITY_TOWNSHIP, /* township or community: hardly any bed */
};

struct city_hospital {
    const char *code; /* "weidu-01": the facility, its organisation, and the name of its key */
    const char *name;
    uint32_t region; /* GB/T 2260, county or district */
    uint16_t size;   /* share of its county's visits, relative to its neighbours */
    enum city_hospital_kind kind;
    enum city_style style;
};

/* The table of hospitals; number 0 .. count-1. */
size_t city_hospital_count(void);
const struct city_hospital *city_hospital(size_t number);

struct city_options {
    uint64_t seed;
    uint32_t patients; /* distinct one-card persons, 1..CITY_PATIENTS_MAX */
    uint64_t base_ms;  /* command ids are made from this time on (Unix ms; one ms later per day of the year). The same
                          base gives the same ids: a second replay is then a re-send */
};

enum city_kind {
    CITY_OPEN,
    CITY_CHANGE,
    CITY_CLOSE,
    CITY_CANCEL,
    CITY_AGAIN,   /* the opening once more, with the same id */
    CITY_REOPEN,  /* the opening once more, with an id of its own */
    CITY_REFRESH, /* the opening once more, now with the resident identity number */
};
#define CITY_KINDS 7

#define CITY_VISIT_NUMBER_BYTES 20
#define CITY_RESIDENT_ID_BYTES 19
#define CITY_LOCAL_ID_BYTES 16

/* When help was called and when the patient arrived, of an emergency that was brought in. */
struct city_rescue {
    int64_t called_at_ms; /* Unix ms; 0: none of this is known */
    int64_t arrived_at_ms;
    bool urban;
};

/* One command as a hospital publishes it. Fields that its kind does not have are empty or 0. */
struct city_command {
    struct id id;
    enum city_kind kind;
    uint16_t hospital;
    uint16_t publication_day; /* days since 1 January of the year */
    int64_t occurred_at_ms;   /* Unix ms */
    int64_t recorded_at_ms;   /* 0: when it occurred */
    Visits__V1__VisitClass visit_class;
    Visits__V1__CardKind card_kind;
    char visit_number[CITY_VISIT_NUMBER_BYTES];
    char resident_id[CITY_RESIDENT_ID_BYTES];
    char local_id[CITY_LOCAL_ID_BYTES];
    struct city_rescue rescue; /* with an opening: it is then published as a ReportVisit, otherwise as an OpenVisit */
};

struct city_totals {
    uint64_t commands;
    uint64_t of_kind[CITY_KINDS];
    uint64_t visits;          /* records: one-card, hospital card, and taken back */
    uint64_t one_card_visits; /* that count at the end */
    uint64_t hospital_visits; /* with a hospital's own card, that count at the end */
    uint64_t cancelled_visits;
    uint64_t bytes; /* of memory held */
};

struct city;

/* USAGE: options out of range; MEMORY. */
enum status city_new(const struct city_options *options, struct city **city);
void city_destroy(struct city **city);
const struct city_totals *city_totals(const struct city *city);
/* The next command in order of publication; false at the end of the stream. */
bool city_next(struct city *city, struct city_command *command);
/* Starts the stream again from its first command. */
void city_rewind(struct city *city);

/* The body of common.v1.Command: a serialized visits.v1.Command. Returns its size. */
#define CITY_BODY_BYTES_MAX 160
size_t city_command_pack(const struct city_command *command, uint8_t body[CITY_BODY_BYTES_MAX]);
/* The same message as a structure: message and part are the caller's, strings borrow from command. */
struct city_report {
    Visits__V1__ReportVisit visit;
    Visits__V1__Identifiers person;
    Visits__V1__LocalId local_id;
    Visits__V1__LocalId *local_ids[1];
    Visits__V1__RescueTimes rescue;
};
union city_message_part {
    Visits__V1__OpenVisit open;
    struct city_report report;
    Visits__V1__CloseVisit close;
    Visits__V1__CancelVisit cancel;
    Visits__V1__ChangeClass change;
};
void city_command_message(const struct city_command *command, Visits__V1__Command *message,
                          union city_message_part *part);

/* Local day number (base/civil.h) of 1 January of the year. */
int32_t city_first_day(void);

#endif
