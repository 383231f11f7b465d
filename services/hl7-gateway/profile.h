#ifndef HL7_GATEWAY_PROFILE_H
#define HL7_GATEWAY_PROFILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/status.h"
#include "config/config.h"
#include "hl7-gateway/charset.h"
#include "hl7-gateway/hl7.h"
#include "visits/v1/commands.pb-c.h"

/*
 * How one sender's messages are to be read: a feed. Found by (listener, MSH-3, MSH-4). Everything that differs between
 * hospitals stands here, in hl7-gateway.conf; nothing of it is in the code.
 */
enum ack_mode { ACK_MODE_AUTO, ACK_MODE_ORIGINAL, ACK_MODE_ENHANCED };

#define PROFILE_NAME_BYTES 33
#define PROFILE_ROWS_MAX 64
#define PROFILE_FURTHER_MAX 4

/* PID-3.5 (or PID-3.4, where a table says so) -> what the number is. */
enum identifier_meaning {
    MEANING_IGNORE,
    MEANING_RESIDENT_ID, /* also the social security number */
    MEANING_LOCAL,       /* of `kind` */
    MEANING_VISIT        /* of a visit or an account: names the person only where nothing else does */
};
struct identifier_alias {
    char type[PROFILE_NAME_BYTES]; /* compared without case */
    enum identifier_meaning meaning;
    Visits__V1__IdentifierKind kind;
};
/* A field of PID beside PID-3 that a feed gives as an identifier, and what its number is unless its type says so. */
struct further_identifier {
    unsigned field; /* of PID */
    enum identifier_meaning meaning;
    Visits__V1__IdentifierKind kind;
};
/* PID-3.4 (namespace or universal id) -> the domain that the registry knows. */
struct domain_alias {
    char authority[128];
    char domain[PROFILE_NAME_BYTES]; /* "": the feed's own facility */
};
struct class_alias {
    char code[PROFILE_NAME_BYTES]; /* PV1-2 */
    Visits__V1__VisitClass visit_class;
};
struct card_alias {
    char code[PROFILE_NAME_BYTES];
    Visits__V1__CardKind kind;
};
struct trigger_alias {
    char trigger[8]; /* "ZP1" */
    char meaning[8]; /* "A28" */
};

struct profile {
    char name[PROFILE_NAME_BYTES];     /* of the feed: in metrics and logs */
    char facility[PROFILE_NAME_BYTES]; /* organisation in whose name it speaks */
    char listener[PROFILE_NAME_BYTES]; /* "" any */
    char sending_application[64];      /* MSH-3.1; "" any */
    char sending_facility[64];         /* MSH-4.1; "" any */
    char client_certificate[128];      /* subject common name that a TLS client must show; "" any that the CA signed */
    char processing_ids[8];            /* MSH-11.1 accepted: "P" */
    enum ack_mode ack_mode;
    enum charset charset;              /* DETECT: as declared */
    bool update_creates_visit;         /* A08 with PV1-19 of an unknown visit */
    bool implied_visits;               /* A02 A03 A06 A07 A13 of an unknown visit */
    bool prior_must_exist;             /* merges */
    bool unknown_authority_is_own;     /* PID-3.4 that no alias names: the feed's own numbers; else AE 204 */
    Visits__V1__CardKind default_card; /* where no field says it */
    unsigned card_field;               /* of PV1, or of card_segment; 0: none */
    char card_segment[4];              /* "" PV1; "ZCD" */
    char rescue_segment[4];            /* "" none. Its fields 1..3: called, arrived, urban (Y/N) */
    struct identifier_alias identifiers[PROFILE_ROWS_MAX];
    size_t identifier_count;
    struct further_identifier further[PROFILE_FURTHER_MAX];
    size_t further_count;
    struct domain_alias domains[PROFILE_ROWS_MAX];
    size_t domain_count;
    struct class_alias classes[PROFILE_ROWS_MAX];
    size_t class_count;
    struct card_alias cards[PROFILE_ROWS_MAX];
    size_t card_count;
    struct trigger_alias triggers[PROFILE_ROWS_MAX];
    size_t trigger_count;
};

#define PROFILES_MAX 256
struct profiles {
    struct profile *rows;
    size_t count;
};

/* Configuration keys of feeds (/feeds/NAME/...), ended by a NULL path. */
extern const struct config_key profile_config_keys[];
/* Reads all feeds, with the shipped alias tables beneath each feed's own rows. CONFIG with error filled. */
enum status profiles_load(const struct config *config, struct profiles *profiles, struct config_error *error);
void profiles_release(struct profiles *profiles);
/* The feed of a message: of those whose listener, MSH-3.1 and MSH-4.1 fit, the one that says most (of as much, the one
 * that names the facility, then the application). NULL: none. */
const struct profile *profiles_find(const struct profiles *profiles, const char *listener,
                                    const struct hl7_header *header);

#endif
