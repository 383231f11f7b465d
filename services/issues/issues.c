#include "issues/issues.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "issues/codes.h"
#include "issues/evolve.h"
#include "issues/query.h"
#include "issues/rules.h"
#include "issues/state.h"

static const struct config_key config_keys[] = {
    {"/issues/issues_max", CONFIG_INTEGER, "5000000", 1, 1000000000, "issues", "Most issues kept; further ones are refused."},
    {"/issues/dispatch_workdays", CONFIG_INTEGER, "3", 1, 60, "workdays", "An issue is dispatched within so many workdays."},
    {"/issues/class_a_workdays", CONFIG_INTEGER, "22", 1, 250, "workdays", "A complex issue (class A) is handled within so many."},
    {"/issues/class_b_workdays", CONFIG_INTEGER, "15", 1, 250, "workdays", "Class B."},
    {"/issues/class_c_workdays", CONFIG_INTEGER, "5", 1, 250, "workdays", "Class C."},
    {"/issues/part_workdays", CONFIG_INTEGER, "3", 1, 60, "workdays", "A cooperating unit does its part within so many."},
    {"/issues/silence_workdays", CONFIG_INTEGER, "10", 1, 250, "workdays",
     "An answer on which the enterprise is silent for so long is taken as resolved, unconfirmed."},
    {"/ledger/confirm_workdays", CONFIG_INTEGER, "5", 1, 60, "workdays",
     "A cooperating unit confirms a sign-off or objects within so many workdays."},
    {"/ledger/lag_permille", CONFIG_INTEGER, "100", 0, 1000, "permille", "A task that is so far behind what was expected turns yellow."},
    {"/ledger/report_days", CONFIG_INTEGER, "31", 1, 250, "days", "A task in hand without any report for so long turns yellow."},
    {"/clues/receipt_workdays", CONFIG_INTEGER, "3", 1, 60, "workdays",
     "The procuratorate countersigns a transferred clue within so many workdays."},
    {"/issues/yellow_tenths", CONFIG_INTEGER, "9", 1, 10, "tenths", "An issue turns yellow when so many tenths of its time are used."},
    {"/issues/yellow_days", CONFIG_INTEGER, "1", 0, 30, "workdays", "Or when so many workdays of it are left."},
    {"/tick/source", CONFIG_STRING, "clock", 0, 0, NULL,
     "Where time comes from: clock, or commands (an operator's Tick commands: for a replay of past years)."},
    {NULL, CONFIG_STRING, NULL, 0, 0, NULL, NULL},
};

static void read_limits(const struct config *config, struct issues_options *options) {
    options->dispatch_workdays = (uint8_t)config_integer(config, "/issues/dispatch_workdays");
    options->class_workdays[ISSUES__V1__ISSUE_CLASS__ISSUE_CLASS_A] = (uint8_t)config_integer(config, "/issues/class_a_workdays");
    options->class_workdays[ISSUES__V1__ISSUE_CLASS__ISSUE_CLASS_B] = (uint8_t)config_integer(config, "/issues/class_b_workdays");
    options->class_workdays[ISSUES__V1__ISSUE_CLASS__ISSUE_CLASS_C] = (uint8_t)config_integer(config, "/issues/class_c_workdays");
    options->part_workdays = (uint8_t)config_integer(config, "/issues/part_workdays");
    options->silence_workdays = (uint8_t)config_integer(config, "/issues/silence_workdays");
    options->confirm_workdays = (uint8_t)config_integer(config, "/ledger/confirm_workdays");
    options->receipt_workdays = (uint8_t)config_integer(config, "/clues/receipt_workdays");
    options->yellow_tenths = (uint8_t)config_integer(config, "/issues/yellow_tenths");
    options->yellow_days = (uint8_t)config_integer(config, "/issues/yellow_days");
    options->lag_permille = (uint16_t)config_integer(config, "/ledger/lag_permille");
    options->report_days = (uint8_t)config_integer(config, "/ledger/report_days");
}

static enum status read_options(const struct config *config, struct issues_options *options, struct config_error *error) {
    const char *source = config_string(config, "/tick/source");
    options->time_by_commands = strcmp(source, "commands") == 0;
    if (!options->time_by_commands && strcmp(source, "clock") != 0) {
        snprintf(error->text, sizeof error->text, "/tick/source: clock or commands");
        return STATUS_CONFIG;
    }
    options->future_ms = config_integer(config, "/intake/future_ms");
    options->issues_max = (uint32_t)config_integer(config, "/issues/issues_max");
    read_limits(config, options);
    return STATUS_OK;
}

static enum status open_issues(const struct config *config, struct state *state, void **self, struct config_error *error) {
    struct issues_options options = {.future_ms = 0};
    enum status status = read_options(config, &options, error);
    struct issues *issues = status == STATUS_OK ? malloc(sizeof *issues) : NULL;
    if (status == STATUS_OK && issues == NULL) {
        status = STATUS_MEMORY;
    }
    if (status == STATUS_OK) {
        issues_state_init(issues, &options, state);
        *self = issues;
    }
    return status;
}

/* Its tables are the state's: they live until state_release, if it is called, which must be before this. */
static void close_issues(void **self) {
    free(*self);
    *self = NULL;
}

const struct service issues_service = {
    .name = "issues",
    .command_descriptor = &issues__v1__command__descriptor,
    .event_descriptor = &issues__v1__event__descriptor,
    .query_descriptor = &issues__v1__query__descriptor,
    .codes = issues_codes,
    .config_keys = config_keys,
    .layout = ISSUES_LAYOUT,
    .open = open_issues,
    .close = close_issues,
    .prepare = issues_prepare,
    .fetch = issues_fetch,
    .decide = issues_decide,
    .evolve = issues_evolve,
    .tick = issues_tick,
    .query = issues_query,
    .may_submit = issues_may_submit,
};
