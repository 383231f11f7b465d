#include <string.h>

#include "aggregator/explain_peek.h"
#include "approvals/v1/events.pb-c.h"
#include "issues/v1/events.pb-c.h"
#include "visits/v1/events.pb-c.h"

/* One table a contract. A new member of an Event without a row here is folded each time: slow, and right. */

#define COUNT(rows) (sizeof(rows) / sizeof(rows)[0])
#define NOWHERE                                                                                                        \
    { {0}, 0 }

static const struct peek_shape visits_shapes[] = {
    {VISITS__V1__EVENT__BODY_FACILITY_REGISTERED, NOWHERE, {0, 0}, NOWHERE},
    {VISITS__V1__EVENT__BODY_VISIT_APPEARED, {{1}, 2}, {0, 0}, NOWHERE},
    {VISITS__V1__EVENT__BODY_VISIT_LEFT, {{1}, 2}, {0, 0}, NOWHERE},
    {VISITS__V1__EVENT__BODY_VISIT_CHANGED, NOWHERE, {1, 2}, {{1}, 2}},
    {VISITS__V1__EVENT__BODY_PATIENTS_CORRECTED, NOWHERE, {0, 0}, NOWHERE},
};
static const struct peek_use visits_uses[] = {
    {VISITS__V1__EVENT__BODY_VISIT_APPEARED, METRIC_VISITS, METRIC_RESCUE_WITHIN_120_MINUTES},
    {VISITS__V1__EVENT__BODY_VISIT_LEFT, METRIC_VISITS, METRIC_RESCUE_WITHIN_120_MINUTES},
    {VISITS__V1__EVENT__BODY_VISIT_CHANGED, METRIC_VISITS, METRIC_RESCUE_WITHIN_120_MINUTES},
    {VISITS__V1__EVENT__BODY_PATIENTS_CORRECTED, METRIC_PATIENTS_DAY, METRIC_PATIENTS_TOTAL},
};

/* facts have their region in field 2. */
static const struct peek_shape approvals_shapes[] = {
    {APPROVALS__V1__EVENT__BODY_AGENCY_REGISTERED, NOWHERE, {0, 0}, NOWHERE},
    {APPROVALS__V1__EVENT__BODY_NOTICE_CHANGED, NOWHERE, {0, 0}, NOWHERE},
    {APPROVALS__V1__EVENT__BODY_ITEM_CHANGED, {{1}, 0}, {2, 3}, {{0}, 2}},
    {APPROVALS__V1__EVENT__BODY_CASE_MOVED, {{5}, 0}, {1, 0}, {{0}, 2}},
    {APPROVALS__V1__EVENT__BODY_CASE_RATED, {{2}, 0}, {1, 0}, {{0}, 2}},
    {APPROVALS__V1__EVENT__BODY_RECTIFICATION_DONE, {{2}, 0}, {1, 0}, {{0}, 2}},
    {APPROVALS__V1__EVENT__BODY_SLIP_CHANGED, {{2}, 0}, {1, 0}, {{0}, 2}},
};
static const struct peek_use approvals_uses[] = {
    {APPROVALS__V1__EVENT__BODY_ITEM_CHANGED, METRIC_ITEMS, METRIC_ROUNDS},
    {APPROVALS__V1__EVENT__BODY_CASE_MOVED, METRIC_CASES_RECEIVED, METRIC_JOINT_MINUTES},
    {APPROVALS__V1__EVENT__BODY_CASE_MOVED, METRIC_CASES_DUE_CHANGED, METRIC_CASES_DUE_CHANGED},
    {APPROVALS__V1__EVENT__BODY_CASE_RATED, METRIC_RATINGS, METRIC_RATINGS},
    {APPROVALS__V1__EVENT__BODY_RECTIFICATION_DONE, METRIC_RECTIFICATIONS, METRIC_RECTIFICATIONS_ON_TIME},
    {APPROVALS__V1__EVENT__BODY_SLIP_CHANGED, METRIC_SLIPS_ISSUED, METRIC_SLIPS_LAPSED},
};

/* Cohorts: a step counts on the day on which the issue was registered, the clue found or transferred. Numbers of a
 * ledger stand at the first day of its year: tasks are few. */
static const struct peek_shape issues_shapes[] = {
    {ISSUES__V1__EVENT__BODY_AGENCY_REGISTERED, NOWHERE, {0, 0}, NOWHERE},
    {ISSUES__V1__EVENT__BODY_NOTICE_CHANGED, NOWHERE, {0, 0}, NOWHERE},
    {ISSUES__V1__EVENT__BODY_CONTACT_RULE_CHANGED, {{1}, 0}, {0, 0}, NOWHERE},
    {ISSUES__V1__EVENT__BODY_ISSUE_MOVED, {{5}, 0}, {1, 0}, {{5}, 2}},
    {ISSUES__V1__EVENT__BODY_PROVINCIAL_TASK_PUBLISHED, NOWHERE, {0, 0}, NOWHERE},
    {ISSUES__V1__EVENT__BODY_TASK_MOVED, NOWHERE, {1, 0}, {{0}, 2}},
    {ISSUES__V1__EVENT__BODY_CLUE_MOVED, {{5}, 0}, {1, 0}, {{4, 5}, 1}},
    {ISSUES__V1__EVENT__BODY_SLIP_CHANGED, {{4}, 3}, {0, 0}, NOWHERE},
    {ISSUES__V1__EVENT__BODY_CIRCULAR_PUBLISHED, {{2}, 0}, {0, 0}, NOWHERE},
};
static const struct peek_use issues_uses[] = {
    {ISSUES__V1__EVENT__BODY_ISSUE_MOVED, 100, 128},  {ISSUES__V1__EVENT__BODY_CONTACT_RULE_CHANGED, 126, 127},
    {ISSUES__V1__EVENT__BODY_SLIP_CHANGED, 130, 131}, {ISSUES__V1__EVENT__BODY_CIRCULAR_PUBLISHED, 132, 132},
    {ISSUES__V1__EVENT__BODY_TASK_MOVED, 140, 169},   {ISSUES__V1__EVENT__BODY_PROVINCIAL_TASK_PUBLISHED, 147, 147},
    {ISSUES__V1__EVENT__BODY_CLUE_MOVED, 170, 199},
};

static const struct explain_kind kinds[] = {
    {"visits", 1, 19, &visits__v1__event__descriptor, visits_shapes, COUNT(visits_shapes), visits_uses,
     COUNT(visits_uses)},
    {"approvals", 20, 99, &approvals__v1__event__descriptor, approvals_shapes, COUNT(approvals_shapes), approvals_uses,
     COUNT(approvals_uses)},
    {"issues", 100, 199, &issues__v1__event__descriptor, issues_shapes, COUNT(issues_shapes), issues_uses,
     COUNT(issues_uses)},
};

const struct explain_kind *explain_kind_find(const char *name) {
    for (size_t i = 0; i < COUNT(kinds); i++) {
        if (strcmp(kinds[i].name, name) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}

const char *explain_kind_of(enum metric_number metric) {
    for (size_t i = 0; i < COUNT(kinds); i++) {
        if ((int)metric >= kinds[i].first && (int)metric <= kinds[i].last) {
            return kinds[i].name;
        }
    }
    return NULL;
}
