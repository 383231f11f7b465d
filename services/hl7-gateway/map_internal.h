#ifndef HL7_GATEWAY_MAP_INTERNAL_H
#define HL7_GATEWAY_MAP_INTERNAL_H

#include "hl7-gateway/map.h"

/*
 * Inside map*.c. Functions that say bool have set the verdict when they return false; then nothing is to be sent.
 */

#define MAP_VALUE_BYTES_MAX 1024 /* of a value as it stands; what visits need is far shorter */
#define MAP_NUMBER_BYTES_MAX 64  /* visit number, local id, movement */
#define MAP_DEPARTMENT_BYTES_MAX 32
#define MAP_REPETITIONS_MAX 64 /* of one field */
#define MAP_LOCAL_IDS_MAX 8    /* of one person */
#define MAP_GROUPS_MAX 16      /* merges or moves of one message */

struct mapping {
    const struct profile *profile;
    const struct hl7_message *message;
    struct arena *arena;
    struct mapped *mapped;
};

/* protobuf-c never writes through the strings of a message that is packed. */
static inline char *map_borrow(const char *text) {
    return (char *)(uintptr_t)text;
}

/* --- map.c: refusing, reading values --- */

enum map_effect {
    MAP_NOTHING,
    MAP_VISIT,
    MAP_UPDATE, /* of a visit, or of a person */
    MAP_UPDATE_PERSON,
    MAP_DELETE_PERSON,
    MAP_MERGE,
    MAP_LINK,
    MAP_UNLINK,
    MAP_MOVE,
    MAP_RENUMBER,
};

/* component 0: the field; field 0: the segment. */
bool map_refuse(struct mapping *m, enum hl7_code code, const struct hl7_segment *segment, unsigned field,
                unsigned component);
/* The sequence-th segment of this name is not there. */
bool map_refuse_missing(struct mapping *m, const char *segment, unsigned sequence);
/* The arena is full, or the message has more groups than one command takes. */
bool map_refuse_overload(struct mapping *m);
bool map_refuse_too_many(struct mapping *m, const struct hl7_segment *segment);
/* Notes a number that fails its check beside others that carry the statement: accepted with a warning. */
void map_warn_number(struct mapping *m, const struct hl7_segment *segment, unsigned field);

/* First repetition, component, first subcomponent, as a value; "" when there is none (or no segment). */
bool map_value(struct mapping *m, const struct hl7_segment *segment, unsigned field, unsigned component,
               const char **value);
/* The same as a time. *has is false, and *ms untouched, for an empty one; what is no time is refused. */
bool map_time(struct mapping *m, const struct hl7_segment *segment, unsigned field, int64_t *ms, bool *has);
/* Zeroed memory of the arena. */
bool map_alloc(struct mapping *m, size_t size, void *pointer_to);

/* --- map_times.c --- */

/* PV1-44 where pv1 has it, else EVN-6, EVN-2, MSH-7: when the visit began, as far as the message knows. Refused without
 * any. */
bool map_event_time(struct mapping *m, const struct hl7_segment *pv1, int64_t *ms);
/* Into mapped: when it was recorded (EVN-2, MSH-7, else when it happened) and when it happened: of an opening the event
 * time, otherwise EVN-6, EVN-2, MSH-7, at last PV1-44 (pv1 may be NULL). */
bool map_read_times(struct mapping *m, const struct hl7_segment *pv1, bool is_opening);

/* --- map_identifiers.c --- */

/* The numbers of one person in one segment. */
struct map_person {
    Visits__V1__Identifiers *identifiers;       /* NULL: nobody is named */
    const char *invalid_number;                 /* a resident identity number that fails its check; NULL: none */
    bool is_number_doubtful;                    /* there was one, or two different ones */
    bool is_overlong;                           /* a number of more than MAP_NUMBER_BYTES_MAX was left out */
    const char *authorities[MAP_LOCAL_IDS_MAX]; /* of local_ids: PID-3.4 that no alias names; "" */
};
/* field: 3 of PID (further ones with it) or 1 of MRG. Unknown authorities may refuse. Warns of a doubtful number where
 * something else names the person. */
bool map_read_person(struct mapping *m, const struct hl7_segment *segment, unsigned field, struct map_person *person);
/* The same; refused when nobody is named. */
bool map_need_person(struct mapping *m, const struct hl7_segment *segment, unsigned field, struct map_person *person);
/* Where something else carries the statement, the registry is shown the number that fails its check, and warns of it: in
 * *shown, which is the person's identifiers, or made when the number is all there is. */
bool map_show_invalid(struct mapping *m, const struct hl7_segment *pid, const struct map_person *person,
                      Visits__V1__Identifiers **shown);
/* The refusal for a person that names nobody. */
bool map_refuse_nobody(struct mapping *m, const struct hl7_segment *segment, unsigned field,
                       const struct map_person *person);
/* The number that names the source record (the first of the order of visits.v1.IdentifierKind): its kind (0..8, 9 for
 * the resident identity number), domain and value. */
void map_source_record(const Visits__V1__Identifiers *identifiers, unsigned *kind, const char **domain,
                       const char **value);
/* --- map_birth.c --- */

/* Whether PID-7 says that the person is a child, born more than ten years after the one whose (valid) number it is. */
bool map_contradicts_birth(struct mapping *m, const struct hl7_segment *pid, const char *resident_id,
                           bool *contradicts);

/* --- map_movement.c --- */

/* ZBE where there is one: its id ("" without), and the statement that it makes of the trigger's own. has_no_effect when
 * it takes back what never had an effect. */
bool map_read_movement(struct mapping *m, Visits__V1__VisitStatement *statement, const char **movement);

/* --- map_visit.c --- */

bool map_visit(struct mapping *m, Visits__V1__VisitStatement statement, bool is_update);
bool map_moves(struct mapping *m, bool renumbers_only);

/* --- map_person.c --- */

bool map_update_person(struct mapping *m);
bool map_delete_person(struct mapping *m);
bool map_merge(struct mapping *m);
bool map_link(struct mapping *m, bool unlinks);
/* Before a segment; NULL. */
const struct hl7_segment *map_find_before(const struct hl7_message *message, enum hl7_segment_kind kind,
                                          const struct hl7_segment *segment);
size_t map_place_of(const struct hl7_message *message, const struct hl7_segment *segment);

#endif
