#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "ctl/sheet.h"

/* --- names --- */

void sheet_names_add(struct sheet_names *names, const char *name) {
    if (names->count == names->capacity) {
        names->capacity = names->capacity == 0 ? 64 : 2 * names->capacity;
        names->names = reallocarray(names->names, names->capacity, sizeof *names->names);
        CHECK(names->names != NULL);
    }
    names->names[names->count++] = name;
}

static int compare(const void *a, const void *b) {
    return strcmp(*(const char *const *)a, *(const char *const *)b);
}

void sheet_names_sort(struct sheet_names *names) {
    if (names->count > 0) {
        qsort(names->names, names->count, sizeof *names->names, compare);
    }
}

bool sheet_names_has(const struct sheet_names *names, const char *name) {
    return names->count > 0 && bsearch(&name, names->names, names->count, sizeof *names->names, compare) != NULL;
}

void sheet_names_release(struct sheet_names *names) {
    free(names->names);
    *names = (struct sheet_names){.count = 0};
}

void sheet_provincial_text(uint32_t year, const char *code, char text[SHEET_PROVINCIAL_TEXT_BYTES]) {
    snprintf(text, SHEET_PROVINCIAL_TEXT_BYTES, "%u %.48s", year, code);
}

/* --- rules --- */

enum { CONTACT, LEAD, COOPERATING, PROVINCIAL };
const struct sheet_rule sheet_known_rules[] = {
    [CONTACT] = {"K01", "rules",
                 "A contact rule is not in force in the registry; correct its code, or publish it first.",
                 "政商交往清单条目在登记系统中不存在或已失效；请更正编码，或先行发布。"},
    [LEAD] = {"K02", "lead", "The lead unit is not registered; correct its code, or ask the operator to register it.",
              "牵头单位尚未登记；请更正单位代码，或联系运维人员登记。"},
    [COOPERATING] = {"K03", "cooperating",
                     "A cooperating unit is not registered; correct its code, or ask the operator to register it.",
                     "协办单位尚未登记；请更正单位代码，或联系运维人员登记。"},
    [PROVINCIAL] = {"K04", "provincial",
                    "The province has no such task in that year; correct the code, or publish it first.",
                    "该年度没有此省定任务；请更正编号，或先行发布。"},
    {NULL, NULL, NULL, NULL},
};

static bool are_all_known(const struct sheet_names *known, char *const *names, size_t count) {
    for (size_t i = 0; i < count; i++) {
        if (!sheet_names_has(known, names[i])) {
            return false;
        }
    }
    return true;
}

void sheet_issue_check_known(const struct sheet_issue *row, const struct sheet_known *known, sheet_found *found,
                             void *user) {
    const Issues__V1__IssueRegistration *of = row->report.registration;
    if (of != NULL && !are_all_known(&known->rules, of->rules, of->n_rules)) {
        found(user, &sheet_known_rules[CONTACT]);
    }
}

void sheet_ledger_check_known(const Issues__V1__PublishTask *row, const struct sheet_known *known, sheet_found *found,
                              void *user) {
    char text[SHEET_PROVINCIAL_TEXT_BYTES];
    bool is_mapped = true;
    for (size_t i = 0; i < row->n_provincial; i++) {
        sheet_provincial_text(row->year, row->provincial[i], text);
        is_mapped = is_mapped && sheet_names_has(&known->provincial, text);
    }
    if (*row->lead != '\0' && !sheet_names_has(&known->agencies, row->lead)) {
        found(user, &sheet_known_rules[LEAD]);
    }
    if (!are_all_known(&known->agencies, row->cooperating, row->n_cooperating)) {
        found(user, &sheet_known_rules[COOPERATING]);
    }
    if (!is_mapped) {
        found(user, &sheet_known_rules[PROVINCIAL]);
    }
}
