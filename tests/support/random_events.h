#ifndef SUPPORT_RANDOM_EVENTS_H
#define SUPPORT_RANDOM_EVENTS_H

#include <stddef.h>
#include <stdint.h>

#include "approvals/v1/events.pb-c.h"
#include "base/hash.h"
#include "issues/v1/events.pb-c.h"
#include "visits/v1/events.pb-c.h"

/* Events of the registries with random fields, some outside of the contract, packed. A body needs RANDOM_EVENT_BYTES.
 */
#define RANDOM_EVENT_BYTES 2048
#define RANDOM_DAY 18322 /* 2020-03-01: days are around it */

static uint64_t random_seed;

static inline uint32_t draw(uint32_t below) {
    random_seed += UINT64_C(0x9e3779b97f4a7c15);
    return (uint32_t)(hash_mix64(random_seed) >> 33) % below;
}

static const uint32_t regions[] = {411000, 411002, 411024, 411082};
static char codes[][8] = {"a", "b-1", "c"};

static inline uint32_t a_region(void) {
    return regions[draw(4)];
}

static inline char *a_code(void) {
    return codes[draw(3)];
}

/* Around the ends of months and years, and some far away. */
static inline uint32_t a_day(void) {
    static const uint32_t days[] = {RANDOM_DAY - 1,  RANDOM_DAY, RANDOM_DAY + 30, RANDOM_DAY + 31, RANDOM_DAY - 61,
                                    RANDOM_DAY - 60, 0,          2932896};
    return draw(4) == 0 ? RANDOM_DAY + draw(40) : days[draw(8)];
}

static inline Visits__V1__Visit a_visit(void) {
    Visits__V1__Visit v = VISITS__V1__VISIT__INIT;
    v.day = a_day();
    v.region = a_region();
    v.facility = a_code();
    v.visit_class = (Visits__V1__VisitClass)draw(8);
    v.one_card = draw(2);
    v.edge = draw(3) == 0 ? 0xffffff : draw(1 << 24);
    v.rescue = (Visits__V1__RescueArrival)draw(7);
    return v;
}

static inline size_t pack_corrected(uint8_t *body) {
    Visits__V1__PatientsDelta deltas[3], *list[3] = {&deltas[0], &deltas[1], &deltas[2]};
    for (size_t i = 0; i < 3; i++) {
        visits__v1__patients_delta__init(&deltas[i]);
        deltas[i].scope = (Visits__V1__Scope)(1 + draw(3));
        deltas[i].region = a_region();
        deltas[i].facility = a_code();
        deltas[i].period = (Visits__V1__Period)(1 + draw(4));
        deltas[i].day = a_day();
        deltas[i].patients = (int32_t)draw(5) - 2;
    }
    Visits__V1__PatientsCorrected corrected = VISITS__V1__PATIENTS_CORRECTED__INIT;
    corrected.n_deltas = 1 + draw(3);
    corrected.deltas = list;
    Visits__V1__Event event = VISITS__V1__EVENT__INIT;
    event.body_case = VISITS__V1__EVENT__BODY_PATIENTS_CORRECTED;
    event.patients_corrected = &corrected;
    return visits__v1__event__pack(&event, body);
}

static inline size_t pack_visits(uint8_t *body) {
    Visits__V1__Visit before = a_visit(), after = a_visit();
    Visits__V1__VisitChanged changed = VISITS__V1__VISIT_CHANGED__INIT;
    Visits__V1__FacilityRegistered registered = VISITS__V1__FACILITY_REGISTERED__INIT;
    Visits__V1__Event event = VISITS__V1__EVENT__INIT;
    switch (draw(8)) {
    case 0:
        return pack_corrected(body);
    case 1:
        registered.facility = a_code();
        registered.name = codes[0];
        registered.region = a_region();
        event.body_case = VISITS__V1__EVENT__BODY_FACILITY_REGISTERED;
        event.facility_registered = &registered;
        break;
    case 2:
    case 3:
        changed.before = draw(8) == 0 ? NULL : &before;
        changed.after = &after;
        event.body_case = VISITS__V1__EVENT__BODY_VISIT_CHANGED;
        event.visit_changed = &changed;
        break;
    default:
        event.body_case = draw(2) ? VISITS__V1__EVENT__BODY_VISIT_APPEARED : VISITS__V1__EVENT__BODY_VISIT_LEFT;
        event.visit_appeared = &after;
        break;
    }
    return visits__v1__event__pack(&event, body);
}

static inline Approvals__V1__ItemFacts an_item(void) {
    Approvals__V1__ItemFacts item = APPROVALS__V1__ITEM_FACTS__INIT;
    item.agency = a_code();
    item.region = a_region();
    item.type = (Approvals__V1__ItemType)draw(30);
    item.level = (Approvals__V1__ItemLevel)draw(6);
    item.visits = draw(3);
    item.no_meeting = draw(2);
    item.depth = draw(5);
    item.has_limits = draw(2);
    item.promised_hundredths = draw(3000);
    item.statutory_hundredths = draw(3000);
    return item;
}

static inline size_t pack_item(uint8_t *body) {
    Approvals__V1__ItemFacts before = an_item(), after = an_item();
    Approvals__V1__ItemChanged changed = APPROVALS__V1__ITEM_CHANGED__INIT;
    changed.day = a_day();
    changed.before = draw(3) == 0 ? NULL : &before;
    changed.after = changed.before != NULL && draw(3) == 0 ? NULL : &after;
    changed.round = changed.after == NULL ? draw(3) : 0;
    changed.opens_round = changed.round != 0 && draw(2);
    Approvals__V1__Event event = APPROVALS__V1__EVENT__INIT;
    event.body_case = APPROVALS__V1__EVENT__BODY_ITEM_CHANGED;
    event.item_changed = &changed;
    return approvals__v1__event__pack(&event, body);
}

static inline size_t pack_approvals(uint8_t *body) {
    static const int steps[] = {1, 3, 6, 7, 9, 11, 12, 13, 16, 110, 111};
    Approvals__V1__CaseFacts facts = APPROVALS__V1__CASE_FACTS__INIT;
    facts.agency = a_code();
    facts.region = a_region();
    facts.type = (Approvals__V1__ItemType)draw(30);
    facts.joint = draw(2);
    Approvals__V1__Closing closing = APPROVALS__V1__CLOSING__INIT;
    closing.on_time = draw(2);
    closing.charged_days = draw(100);
    Approvals__V1__CaseMoved moved = APPROVALS__V1__CASE_MOVED__INIT;
    Approvals__V1__CaseRated rated = APPROVALS__V1__CASE_RATED__INIT;
    Approvals__V1__RectificationDone done = APPROVALS__V1__RECTIFICATION_DONE__INIT;
    Approvals__V1__SlipChanged slip = APPROVALS__V1__SLIP_CHANGED__INIT;
    Common__V1__NoticeChanged notice = COMMON__V1__NOTICE_CHANGED__INIT;
    Approvals__V1__Event event = APPROVALS__V1__EVENT__INIT;
    moved.facts = rated.facts = done.facts = slip.facts = &facts;
    moved.day = rated.day = done.day = slip.day = a_day();
    switch (draw(8)) {
    case 0:
        event.body_case = APPROVALS__V1__EVENT__BODY_CASE_RATED;
        rated.rating = draw(7);
        event.case_rated = &rated;
        break;
    case 1:
        event.body_case = APPROVALS__V1__EVENT__BODY_RECTIFICATION_DONE;
        done.on_time = draw(2);
        event.rectification_done = &done;
        break;
    case 2:
        event.body_case = APPROVALS__V1__EVENT__BODY_SLIP_CHANGED;
        slip.level = draw(6);
        slip.state = (Common__V1__SlipState)draw(7);
        event.slip_changed = &slip;
        break;
    case 3:
        event.body_case = APPROVALS__V1__EVENT__BODY_NOTICE_CHANGED;
        notice.notice = codes[0];
        event.notice_changed = &notice;
        break;
    case 4:
    case 5:
        return pack_item(body);
    default:
        event.body_case = APPROVALS__V1__EVENT__BODY_CASE_MOVED;
        moved.step = (Approvals__V1__CaseStep)steps[draw(11)];
        moved.after = draw(2) ? APPROVALS__V1__CASE_STATE__CASE_STATE_DECIDED : (Approvals__V1__CaseState)draw(10);
        moved.closing = &closing;
        moved.open_overdue = (int32_t)draw(3) - 1;
        moved.special = (Approvals__V1__SpecialKind)draw(9);
        moved.minutes = draw(200);
        moved.late = draw(2);
        event.case_moved = &moved;
        break;
    }
    return approvals__v1__event__pack(&event, body);
}

static inline size_t pack_issue(uint8_t *body) {
    static const int steps[] = {1, 2, 3, 4, 5, 10, 13, 14, 15, 16, 17, 18, 19, 20, 110, 112, 114, 115};
    static char rule[] = "rule-1", *rules[] = {rule};
    Issues__V1__IssueFacts facts = ISSUES__V1__ISSUE_FACTS__INIT;
    Issues__V1__IssueClosing closing = ISSUES__V1__ISSUE_CLOSING__INIT;
    Issues__V1__IssueMoved moved = ISSUES__V1__ISSUE_MOVED__INIT;
    Issues__V1__Event event = ISSUES__V1__EVENT__INIT;
    facts.agency = a_code();
    facts.region = a_region();
    facts.class_ = (Issues__V1__IssueClass)draw(4);
    facts.registered_day = a_day();
    facts.item_code = draw(2) ? a_code() : facts.item_code;
    facts.task_number = draw(2) ? a_code() : facts.task_number;
    closing.confirmed = draw(2);
    closing.on_time = draw(2);
    closing.charged_days = draw(40);
    moved.facts = &facts;
    moved.step = (Issues__V1__IssueStep)steps[draw(sizeof steps / sizeof steps[0])];
    moved.before = (Issues__V1__IssueState)draw(15);
    moved.after = (Issues__V1__IssueState)draw(15);
    moved.day = a_day();
    moved.open_overdue = (int32_t)draw(3) - 1;
    moved.closing = &closing;
    moved.n_rules = draw(2);
    moved.rules = rules;
    moved.unit = a_code();
    moved.raised = draw(2);
    event.body_case = ISSUES__V1__EVENT__BODY_ISSUE_MOVED;
    event.issue_moved = &moved;
    return issues__v1__event__pack(&event, body);
}

static inline size_t pack_task(uint8_t *body) {
    Issues__V1__TaskFacts facts = ISSUES__V1__TASK_FACTS__INIT;
    Issues__V1__IndicatorChange change = ISSUES__V1__INDICATOR_CHANGE__INIT, *changes[] = {&change};
    Issues__V1__TaskMoved moved = ISSUES__V1__TASK_MOVED__INIT;
    Issues__V1__Event event = ISSUES__V1__EVENT__INIT;
    facts.agency = a_code();
    facts.region = a_region();
    facts.year = 2019 + draw(3);
    facts.field = (Issues__V1__ReformField)(1 + draw(6));
    facts.key = draw(2);
    change.code = a_code();
    change.baseline = draw(9);
    change.target = draw(9);
    change.measured = draw(9);
    moved.facts = &facts;
    moved.step = (Issues__V1__TaskStep)(1 + draw(18));
    moved.before = (Issues__V1__TaskState)(1 + draw(8));
    moved.after = (Issues__V1__TaskState)(1 + draw(8));
    moved.day = a_day();
    moved.progress_permille = (int32_t)draw(100);
    moved.lag_before = (Issues__V1__TaskLag)(1 + draw(4));
    moved.lag_after = (Issues__V1__TaskLag)(1 + draw(4));
    moved.milestones = (int32_t)draw(3);
    moved.on_time = draw(2);
    moved.n_changes = draw(2);
    moved.changes = changes;
    event.body_case = ISSUES__V1__EVENT__BODY_TASK_MOVED;
    event.task_moved = &moved;
    return issues__v1__event__pack(&event, body);
}

static inline size_t pack_clue(uint8_t *body) {
    Issues__V1__ClueFacts facts = ISSUES__V1__CLUE_FACTS__INIT;
    Issues__V1__ClueMoved moved = ISSUES__V1__CLUE_MOVED__INIT;
    Issues__V1__Event event = ISSUES__V1__EVENT__INIT;
    facts.region = a_region();
    facts.kind = (Issues__V1__ClueKind)(1 + draw(4));
    facts.grade = (Issues__V1__ClueGrade)(1 + draw(3));
    facts.found_day = a_day();
    facts.transferred_day = a_day();
    moved.facts = &facts;
    moved.step = (Issues__V1__ClueStep)(1 + draw(17));
    moved.before = (Issues__V1__ClueState)draw(15);
    moved.after = (Issues__V1__ClueState)draw(15);
    moved.day = a_day();
    moved.on_time = draw(2);
    event.body_case = ISSUES__V1__EVENT__BODY_CLUE_MOVED;
    event.clue_moved = &moved;
    return issues__v1__event__pack(&event, body);
}

static inline size_t pack_issues(uint8_t *body) {
    Issues__V1__ContactRuleChanged rule = ISSUES__V1__CONTACT_RULE_CHANGED__INIT;
    Issues__V1__SlipChanged slip = ISSUES__V1__SLIP_CHANGED__INIT;
    Issues__V1__CircularPublished circular = ISSUES__V1__CIRCULAR_PUBLISHED__INIT;
    Issues__V1__Event event = ISSUES__V1__EVENT__INIT;
    rule.day = slip.day = circular.day = a_day();
    switch (draw(8)) {
    case 0:
        rule.in_force = (int32_t)draw(3) - 1;
        rule.negative = draw(2);
        event.body_case = ISSUES__V1__EVENT__BODY_CONTACT_RULE_CHANGED;
        event.contact_rule_changed = &rule;
        break;
    case 1:
        slip.kind = (Issues__V1__RecordKind)(1 + draw(3));
        slip.agency = a_code();
        slip.region = a_region();
        slip.level = 1 + draw(4);
        slip.state = (Common__V1__SlipState)(1 + draw(6));
        event.body_case = ISSUES__V1__EVENT__BODY_SLIP_CHANGED;
        event.slip_changed = &slip;
        break;
    case 2:
        circular.kind = (Issues__V1__RecordKind)(1 + draw(3));
        circular.lines = draw(9);
        event.body_case = ISSUES__V1__EVENT__BODY_CIRCULAR_PUBLISHED;
        event.circular_published = &circular;
        break;
    case 3:
    case 4:
        return pack_clue(body);
    case 5:
        return pack_task(body);
    default:
        return pack_issue(body);
    }
    return issues__v1__event__pack(&event, body);
}

#endif
