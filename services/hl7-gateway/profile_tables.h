#ifndef HL7_GATEWAY_PROFILE_TABLES_H
#define HL7_GATEWAY_PROFILE_TABLES_H

#include "hl7-gateway/profile.h"

/*
 * Inside profile*.c: what is written in a feed's lists, and the rows that every feed has without writing them.
 * A list is "NAME=WORD, NAME=WORD"; a feed's own rows come before the shipped ones, so that they win.
 */

/* One list of a feed: its key, and what takes its text into the profile. why: what is wrong with it, for a person. */
struct profile_list {
    const char *key; /* "identifiers" */
    bool (*read)(struct profile *profile, const char *text, char *why, size_t why_size);
    void (*add_shipped)(struct profile *profile); /* NULL: none */
};
extern const struct profile_list profile_lists[]; /* ended by a NULL key */

/* One word of a setting: "visit-card" and the like. False: none of them. */
bool profile_card_word(const char *word, Visits__V1__CardKind *kind);

#endif
