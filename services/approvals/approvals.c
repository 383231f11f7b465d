#include "approvals/approvals.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "approvals/codes.h"
#include "approvals/evolve.h"
#include "approvals/query.h"
#include "approvals/rules.h"
#include "approvals/state.h"
#include "approvals/v1/query.pb-c.h"

static const struct config_key config_keys[] = {
    {"/approvals/cases_max", CONFIG_INTEGER, "20000000", 1, 2000000000, "cases", "Most cases kept; further ones are refused."},
    {"/approvals/lapse_workdays", CONFIG_INTEGER, "30", 1, 365, "workdays",
     "A case whose missing papers do not come within so many workdays is taken as withdrawn."},
    {"/approvals/yellow_tenths", CONFIG_INTEGER, "9", 1, 10, "tenths", "A case turns yellow when so many tenths of its promised time are used."},
    {"/approvals/yellow_days", CONFIG_INTEGER, "1", 0, 30, "workdays", "Or when so many workdays of it are left."},
    {"/tick/source", CONFIG_STRING, "clock", 0, 0, NULL,
     "Where time comes from: clock, or commands (an operator's Tick commands: for a replay of past years)."},
    {NULL, CONFIG_STRING, NULL, 0, 0, NULL, NULL},
};

static enum status read_options(const struct config *config, struct approvals_options *options, struct config_error *error) {
    const char *source = config_string(config, "/tick/source");
    options->time_by_commands = strcmp(source, "commands") == 0;
    if (!options->time_by_commands && strcmp(source, "clock") != 0) {
        snprintf(error->text, sizeof error->text, "/tick/source: clock or commands");
        return STATUS_CONFIG;
    }
    options->future_ms = config_integer(config, "/intake/future_ms");
    options->cases_max = (uint32_t)config_integer(config, "/approvals/cases_max");
    options->lapse_workdays = (uint32_t)config_integer(config, "/approvals/lapse_workdays");
    options->yellow_tenths = (uint8_t)config_integer(config, "/approvals/yellow_tenths");
    options->yellow_days = (uint8_t)config_integer(config, "/approvals/yellow_days");
    return STATUS_OK;
}

static enum status open_approvals(const struct config *config, struct state *state, void **self, struct config_error *error) {
    struct approvals_options options = {.future_ms = 0};
    enum status status = read_options(config, &options, error);
    struct approvals *approvals = status == STATUS_OK ? malloc(sizeof *approvals) : NULL;
    if (status == STATUS_OK && approvals == NULL) {
        status = STATUS_MEMORY;
    }
    if (status == STATUS_OK) {
        approvals_state_init(approvals, &options, state);
        *self = approvals;
    }
    return status;
}

/* Its tables are the state's: they live until state_release, if it is called, which must be before this. */
static void close_approvals(void **self) {
    free(*self);
    *self = NULL;
}

const struct service approvals_service = {
    .name = "approvals",
    .command_descriptor = &approvals__v1__command__descriptor,
    .event_descriptor = &approvals__v1__event__descriptor,
    .query_descriptor = &approvals__v1__query__descriptor,
    .codes = approvals_codes,
    .config_keys = config_keys,
    .layout = APPROVALS_LAYOUT,
    .open = open_approvals,
    .close = close_approvals,
    .prepare = approvals_prepare,
    .fetch = approvals_fetch,
    .decide = approvals_decide,
    .evolve = approvals_evolve,
    .tick = approvals_tick,
    .query = approvals_query,
    .may_submit = approvals_may_submit,
};
