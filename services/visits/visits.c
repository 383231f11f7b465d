#include "visits/visits.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/secret.h"
#include "visits/codes.h"
#include "visits/evolve.h"
#include "visits/query.h"
#include "visits/rules.h"
#include "visits/state.h"
#include "visits/v1/query.pb-c.h"

static_assert(SECRET_BYTES == sizeof((struct visits_options){0}.pseudonym_key), "a secret is the key");

static const struct config_key config_keys[] = {
    {"/visits/pseudonym_key", CONFIG_SECRET, NULL, 0, 0, "path",
     "Secret that makes keyed hashes of identifiers; never change it once visits were taken."},
    {"/visits/persons_max", CONFIG_INTEGER, "20000000", 1, 2000000000, "persons",
     "Most persons kept; further ones are refused."},
    {"/visits/visits_max", CONFIG_INTEGER, "100000000", 1, 4000000000, "visits",
     "Most visits kept; further ones are refused."},
    {NULL, CONFIG_STRING, NULL, 0, 0, NULL, NULL},
};

static enum status read_options(const struct config *config, struct visits_options *options,
                                struct config_error *error) {
    const char *path = config_string(config, "/visits/pseudonym_key");
    const enum status status = secret_load(path, options->pseudonym_key);
    if (status != STATUS_OK) {
        snprintf(error->text, sizeof error->text, "/visits/pseudonym_key %s: %s; lianchengctl init makes it", path,
                 status_name(status));
        return STATUS_CONFIG;
    }
    options->future_ms = config_integer(config, "/intake/future_ms");
    options->persons_max = (uint32_t)config_integer(config, "/visits/persons_max");
    options->visits_max = (uint32_t)config_integer(config, "/visits/visits_max");
    return STATUS_OK;
}

static enum status open_visits(const struct config *config, struct state *state, void **self,
                               struct config_error *error) {
    struct visits_options options = {.future_ms = 0};
    enum status status = sodium_init() < 0 ? STATUS_UNAVAILABLE : read_options(config, &options, error);
    struct visits *visits = status == STATUS_OK ? malloc(sizeof *visits) : NULL;
    if (status == STATUS_OK && visits == NULL) {
        status = STATUS_MEMORY;
    }
    if (status == STATUS_OK) {
        visits_state_init(visits, &options, state);
        *self = visits;
    }
    sodium_memzero(&options, sizeof options);
    return status;
}

/* Its tables are the state's: they live until state_release, if it is called, which must be before this. */
static void close_visits(void **self) {
    sodium_memzero(*self, sizeof(struct visits));
    free(*self);
    *self = NULL;
}

static bool may_submit(enum role role, const ProtobufCMessage *body) {
    switch ((int)((const Visits__V1__Command *)body)->body_case) {
    case VISITS__V1__COMMAND__BODY_REGISTER_FACILITY:
    case VISITS__V1__COMMAND__BODY_REGISTER_DOMAIN:
        return role == ROLE_OPERATOR;
    case VISITS__V1__COMMAND__BODY_JOIN_PERSONS:
    case VISITS__V1__COMMAND__BODY_SEPARATE_PERSONS:
    case VISITS__V1__COMMAND__BODY_DECIDE_CONFLICT:
        return role == ROLE_REGISTRAR;
    default: /* a facility's own */
        return role == ROLE_PUBLISHER;
    }
}

const struct service visits_service = {
    .name = "visits",
    .command_descriptor = &visits__v1__command__descriptor,
    .event_descriptor = &visits__v1__event__descriptor,
    .query_descriptor = &visits__v1__query__descriptor,
    .codes = visits_codes,
    .config_keys = config_keys,
    .layout = VISITS_LAYOUT,
    .open = open_visits,
    .close = close_visits,
    .prepare = visits_prepare,
    .fetch = visits_fetch,
    .prepare_event = visits_prepare_event,
    .decide = visits_decide,
    .evolve = visits_evolve,
    .query = visits_query,
    .may_submit = may_submit,
};
