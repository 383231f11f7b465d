#ifndef SERVICE_ROLES_H
#define SERVICE_ROLES_H

#include <stdbool.h>

#include "common/v1/office.pb-c.h"
#include "wire/keys.h"

/*
 * Who may act as whom. An officer's key is of one role; the key of an agency's own program (publisher) speaks for its staff and for
 * applicants who apply there. Of an agency's cases only its own officers, but for the clerks of a service hall, supervisors and
 * leaders.
 */
#define ROLES_ACTOR(actor) (1u << COMMON__V1__ACTOR__ACTOR_##actor)

static inline unsigned roles_actors(enum role role) {
    switch (role) {
    case ROLE_PUBLISHER:
        return ROLES_ACTOR(APPLICANT) | ROLES_ACTOR(CLERK) | ROLES_ACTOR(HANDLER) | ROLES_ACTOR(HEAD);
    case ROLE_CLERK:
        return ROLES_ACTOR(APPLICANT) | ROLES_ACTOR(CLERK);
    case ROLE_HANDLER:
        return ROLES_ACTOR(HANDLER);
    case ROLE_HEAD:
        return ROLES_ACTOR(HANDLER) | ROLES_ACTOR(HEAD);
    case ROLE_LEADER:
        return ROLES_ACTOR(LEADER);
    case ROLE_SUPERVISOR:
        return ROLES_ACTOR(SUPERVISOR);
    case ROLE_NONE:
    case ROLE_OPERATOR:
    case ROLE_FOLLOWER:
    case ROLE_READER:
    case ROLE_REGISTRAR:
        break;
    }
    return 0;
}

static inline bool roles_may_act(enum role role, Common__V1__Actor actor) {
    return (unsigned)actor < 32 && (roles_actors(role) & 1u << actor) != 0;
}

#endif
