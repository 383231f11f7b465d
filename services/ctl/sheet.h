#ifndef CTL_SHEET_H
#define CTL_SHEET_H

#include "ctl/table_columns.h"
#include "issues/v1/commands.pb-c.h"

/*
 * Spreadsheets of issues and of the ledger: their columns, and the rules that a row can be checked by before anything
 * is sent. What remains (a number that is taken) the registry says. docs/import-ledger.md lists all. No I/O.
 */
struct sheet_rule {
    const char *rule;  /* "I03", "L17": numbers are stable */
    const char *field; /* column at fault */
    const char *message, *message_zh;
};
/* Called once for each rule that a row breaks. */
typedef void sheet_found(void *user, const struct sheet_rule *rule);

/* A row of issues: becomes ReportIssue REGISTERED, at the beginning of the day. */
struct sheet_issue {
    Issues__V1__ReportIssue report;
    uint32_t day;
};
extern const struct column sheet_issue_columns[]; /* ended by a NULL field */
extern const struct sheet_rule sheet_issue_rules[];
/* today: a later day is one. */
void sheet_issue_check(const struct sheet_issue *row, uint32_t today, sheet_found *found, void *user);

/* A row of the ledger: becomes PublishTask. */
extern const struct column sheet_ledger_columns[];
extern const struct sheet_rule sheet_ledger_rules[];
void sheet_ledger_check(const Issues__V1__PublishTask *row, sheet_found *found, void *user);

/* --- What a registry knows ---
 * Filled from its answers, sorted, then asked about each row. Names are borrowed. */
struct sheet_names {
    const char **names;
    size_t count, capacity;
};
void sheet_names_add(struct sheet_names *names, const char *name);
void sheet_names_sort(struct sheet_names *names);
bool sheet_names_has(const struct sheet_names *names, const char *name);
void sheet_names_release(struct sheet_names *names);

struct sheet_known {
    struct sheet_names agencies;
    struct sheet_names rules;      /* of contact, in force */
    struct sheet_names provincial; /* "2020 CODE" */
};
#define SHEET_PROVINCIAL_TEXT_BYTES 64
/* How a provincial task stands there. Codes too long for it are cut: there is none such. */
void sheet_provincial_text(uint32_t year, const char *code, char text[SHEET_PROVINCIAL_TEXT_BYTES]);
extern const struct sheet_rule sheet_known_rules[];
void sheet_issue_check_known(const struct sheet_issue *row, const struct sheet_known *known, sheet_found *found,
                             void *user);
void sheet_ledger_check_known(const Issues__V1__PublishTask *row, const struct sheet_known *known, sheet_found *found,
                              void *user);

/* --- between the files of sheets --- */
/* Not empty, without blanks, not too long. */
bool sheet_is_number(const char *number);
bool sheet_has_twice(char *const *texts, size_t count);
bool sheet_is_too_long(const char *text, size_t bytes_max);

/* As the contract has it. */
#define SHEET_NUMBER_BYTES 50
#define SHEET_CODE_BYTES 32
#define SHEET_TITLE_BYTES 200
#define SHEET_TEXT_BYTES 500
#define SHEET_CITES 8
#define SHEET_PARTS 7
#define SHEET_INDICATORS 8
#define SHEET_MILESTONES 16
#define SHEET_MEASURES 16
#define SHEET_PROVINCIAL 16

#endif
