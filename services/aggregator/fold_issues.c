#include "aggregator/fold.h"
#include "aggregator/fold_place.h"

/* The issue registry: enterprise issues here, the ledger and river clues in files of their own. */

/* Of one event: a task brings in at most eight indicators with four cells each. */
#define EVENT_CELLS_MAX 128
#define EVENT_ORGANISATIONS_MAX 80
#define CHARGED_DAYS_MAX 1000000u
#define RULES_MAX 64

#define STEP(name) ISSUES__V1__ISSUE_STEP__ISSUE_STEP_##name
#define STATE(name) ISSUES__V1__ISSUE_STATE__ISSUE_STATE_##name

/* --- Enterprise issues
 * ---------------------------------------------------------------------------------------------------------------- */

static uint8_t class_category(Issues__V1__IssueClass class) {
    return (uint8_t)(CATEGORY_ISSUE_CLASS +
                     (class >= ISSUES__V1__ISSUE_CLASS__ISSUE_CLASS_A && class <= ISSUES__V1__ISSUE_CLASS__ISSUE_CLASS_C
                          ? (int)class
                          : 0));
}

static bool is_open(Issues__V1__IssueState state) {
    switch (state) {
    case STATE(REGISTERED):
    case STATE(SCREENED):
    case STATE(DISPATCHED):
    case STATE(DISPUTED):
    case STATE(HANDLING):
    case STATE(ANSWERED):
    case STATE(CONFIRMED):
    case STATE(LONG_TERM):
        return true;
    case STATE(UNSPECIFIED):
    case STATE(RESOLVED):
    case STATE(SIGNED_OFF):
    case STATE(TRANSFERRED):
    case STATE(CANCELLED):
    case STATE(DUPLICATE):
    case STATE(INVALID):
    case _ISSUES__V1__ISSUE_STATE_IS_INT_SIZE:
        break;
    }
    return false;
}

/* What a step adds on the day of the issue's registration, and on its own day for the lead unit; 0: nothing. False: a
 * step of a later contract. */
static bool find_step(Issues__V1__IssueStep step, enum metric_number *cohort, enum metric_number *flow) {
    static const struct {
        Issues__V1__IssueStep step;
        enum metric_number cohort, flow;
    } steps[] = {
        {STEP(REGISTERED), METRIC_ISSUES_REGISTERED, 0},
        {STEP(SCREENED), 0, 0},
        {STEP(DUPLICATE), METRIC_ISSUES_DUPLICATES, 0},
        {STEP(INVALID), METRIC_ISSUES_INVALID, 0},
        {STEP(DISPATCHED), 0, 0},
        {STEP(DISPUTED), 0, METRIC_ISSUES_DISPUTES},
        {STEP(STARTED), 0, 0},
        {STEP(PART_DONE), 0, 0},
        {STEP(EXTENSION_ASKED), 0, 0},
        {STEP(EXTENDED), 0, METRIC_ISSUES_EXTENSIONS},
        {STEP(ANSWERED), 0, 0},
        {STEP(CONFIRMED), 0, 0},
        {STEP(DISSATISFIED), 0, METRIC_ISSUES_DISSATISFIED},
        {STEP(RESOLVED), METRIC_ISSUES_RESOLVED, 0},
        {STEP(SIGNED_OFF), METRIC_ISSUES_SIGNED_OFF, 0},
        {STEP(RAISED), 0, 0},
        {STEP(LONG_TERM), 0, 0},
        {STEP(RESUMED), 0, 0},
        {STEP(TRANSFERRED), METRIC_ISSUES_TRANSFERRED, 0},
        {STEP(CANCELLED), METRIC_ISSUES_CANCELLED, 0},
        {STEP(COMMENTED), 0, 0},
        {STEP(DISPATCH_LATE), 0, 0},
        {STEP(DISPUTE_LATE), 0, 0},
        {STEP(PART_LATE), 0, 0},
        {STEP(WARNED), 0, 0},
        {STEP(OVERDUE), 0, 0},
        {STEP(SILENT), METRIC_ISSUES_RESOLVED, 0},
        {STEP(REVIEW_DUE), 0, 0},
        {STEP(DUE_CHANGED), 0, 0},
    };
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        if (steps[i].step == step) {
            *cohort = steps[i].cohort;
            *flow = steps[i].flow;
            return true;
        }
    }
    return false;
}

static bool resolves(const Issues__V1__IssueMoved *moved) {
    return moved->step == STEP(RESOLVED) || moved->step == STEP(SILENT);
}

static bool state_is_known(Issues__V1__IssueState state) {
    return (int)state >= STATE(UNSPECIFIED) && (int)state <= STATE(INVALID);
}

static bool subjects_are_valid(const Issues__V1__IssueMoved *moved) {
    const Issues__V1__IssueFacts *facts = moved->facts;
    for (size_t i = 0; i < moved->n_rules; i++) {
        if (!fold_subject_is_valid(moved->rules[i])) {
            return false;
        }
    }
    return (facts->item_code[0] == '\0' || fold_subject_is_valid(facts->item_code)) &&
           (facts->task_number[0] == '\0' || fold_subject_is_valid(facts->task_number));
}

static bool moved_is_valid(const Issues__V1__IssueMoved *moved) {
    const Issues__V1__IssueFacts *facts = moved->facts;
    if (facts == NULL || moved->day > FOLD_DAY_MAX || facts->registered_day > FOLD_DAY_MAX ||
        !fold_region_is_valid(facts->region) || (facts->agency[0] != '\0' && !fold_code_is_valid(facts->agency)) ||
        moved->open_overdue < -1 || moved->open_overdue > 1 || moved->n_rules > RULES_MAX ||
        !state_is_known(moved->before) || !state_is_known(moved->after) || !subjects_are_valid(moved)) {
        return false;
    }
    if (moved->step == STEP(PART_LATE) && !fold_code_is_valid(moved->unit)) {
        return false;
    }
    return !resolves(moved) || (moved->closing != NULL && moved->closing->charged_days <= CHARGED_DAYS_MAX);
}

static void fold_closing(const struct place *cohort, const struct place *lead, const Issues__V1__IssueMoved *moved) {
    const Issues__V1__IssueClosing *closing = moved->closing;
    struct place of_class = *lead;
    of_class.key.category = class_category(moved->facts->class_);
    place_add(cohort, closing->confirmed ? METRIC_ISSUES_RESOLVED_CONFIRMED : METRIC_ISSUES_RESOLVED_UNCONFIRMED, 1);
    place_add(&of_class, closing->on_time ? METRIC_ISSUES_ON_TIME : METRIC_ISSUES_LATE, 1);
    place_add_in(lead, METRIC_ISSUES_BY_CHARGED_DAYS, day_bucket_category(closing->charged_days));
}

/* What the issue is about: an item of the approval catalogue, a task of the ledger. */
static void fold_subjects(const struct place *region, const Issues__V1__IssueMoved *moved, int open) {
    const struct {
        const char *code;
        enum metric_number all, open;
    } subjects[] = {{moved->facts->item_code, METRIC_ISSUES_ABOUT_ITEM, METRIC_ISSUES_ABOUT_ITEM_OPEN},
                    {moved->facts->task_number, METRIC_ISSUES_ABOUT_TASK, METRIC_ISSUES_ABOUT_TASK_OPEN}};
    for (size_t i = 0; i < 2; i++) {
        if (subjects[i].code[0] != '\0') {
            const struct place place = place_of_subject(region, subjects[i].code);
            place_add(&place, subjects[i].all, moved->step == STEP(REGISTERED));
            place_add(&place, subjects[i].open, open);
        }
    }
    for (size_t i = 0; i < moved->n_rules; i++) {
        const struct place place = place_of_subject(region, moved->rules[i]);
        place_add(&place, METRIC_ISSUES_RULE_CITED, moved->step == STEP(REGISTERED));
    }
}

static enum fold_result fold_issue(const Issues__V1__IssueMoved *moved, struct cells *cells) {
    enum metric_number cohort_metric, flow_metric;
    if (!find_step(moved->step, &cohort_metric, &flow_metric) || !moved_is_valid(moved)) {
        return FOLD_UNKNOWN;
    }
    const Issues__V1__IssueFacts *facts = moved->facts;
    const struct place region = place_make(cells, "", facts->region, (int32_t)moved->day, CATEGORY_ALL);
    const struct place lead = place_make(cells, facts->agency, facts->region, (int32_t)moved->day, CATEGORY_ALL);
    const struct place cohort = place_make(cells, "", facts->region, (int32_t)facts->registered_day, CATEGORY_ALL);
    const int open = is_open(moved->after) - is_open(moved->before);
    place_add(&cohort, cohort_metric, cohort_metric != 0);
    place_add(&lead, flow_metric, flow_metric != 0);
    place_add(&cohort, METRIC_ISSUES_OPEN_COHORT, open);
    place_add(&region, METRIC_ISSUES_OPEN, open);
    place_add(&lead, METRIC_ISSUES_OPEN_OVERDUE, moved->open_overdue);
    place_add(&lead, METRIC_ISSUES_RAISED, moved->raised);
    place_add(&region, METRIC_ISSUES_LONG_TERM,
              (moved->after == STATE(LONG_TERM)) - (moved->before == STATE(LONG_TERM)));
    place_add(&region, METRIC_ISSUES_DISPATCH_LATE, moved->step == STEP(DISPATCH_LATE));
    if (moved->step == STEP(PART_LATE)) {
        const struct place unit = place_make(cells, moved->unit, facts->region, (int32_t)moved->day, CATEGORY_ALL);
        place_add(&unit, METRIC_ISSUES_PARTS_LATE, 1);
    }
    if (resolves(moved)) {
        fold_closing(&cohort, &lead, moved);
    }
    fold_subjects(&region, moved, open);
    return FOLD_DONE;
}

/* --- Contact rules, slips, circulars, agencies
 * ------------------------------------------------------------------------------------------ */

static enum fold_result fold_contact_rule(const Issues__V1__ContactRuleChanged *changed, struct cells *cells) {
    if (changed->day > FOLD_DAY_MAX || changed->in_force < -1 || changed->in_force > 1) {
        return FOLD_UNKNOWN;
    }
    const struct place city = place_make(cells, "", METRIC_CITY_REGION, (int32_t)changed->day, CATEGORY_ALL);
    place_add(&city, changed->negative ? METRIC_CONTACT_RULES_NEGATIVE : METRIC_CONTACT_RULES_POSITIVE,
              changed->in_force);
    return FOLD_DONE;
}

static enum fold_result fold_slip(const Issues__V1__SlipChanged *changed, struct cells *cells) {
    if (changed->day > FOLD_DAY_MAX || !fold_region_is_valid(changed->region) ||
        (changed->agency[0] != '\0' && !fold_code_is_valid(changed->agency)) ||
        !place_slip_is_known(changed->level, changed->state)) {
        return FOLD_UNKNOWN;
    }
    const struct place place = place_make(cells, changed->agency, changed->region, (int32_t)changed->day, CATEGORY_ALL);
    if (changed->state == COMMON__V1__SLIP_STATE__SLIP_STATE_ISSUED) {
        place_add_in(&place, METRIC_ISSUES_SLIPS_ISSUED, (uint8_t)(CATEGORY_SLIP_LEVEL + changed->level));
    }
    place_add(&place, METRIC_ISSUES_SLIPS_LAPSED, changed->state == COMMON__V1__SLIP_STATE__SLIP_STATE_LAPSED);
    return FOLD_DONE;
}

static enum fold_result fold_circular(const Issues__V1__CircularPublished *published, struct cells *cells) {
    if (published->day > FOLD_DAY_MAX) {
        return FOLD_UNKNOWN;
    }
    const struct place city = place_make(cells, "", METRIC_CITY_REGION, (int32_t)published->day, CATEGORY_ALL);
    place_add(&city, METRIC_ISSUES_CIRCULARS, 1);
    return FOLD_DONE;
}

static enum fold_result fold_event(const Issues__V1__Event *event, struct cells *cells) {
    switch (event->body_case) {
    case ISSUES__V1__EVENT__BODY_AGENCY_REGISTERED:
        return place_register(cells, event->agency_registered);
    case ISSUES__V1__EVENT__BODY_NOTICE_CHANGED: /* of the calendar: nothing is counted */
        return FOLD_DONE;
    case ISSUES__V1__EVENT__BODY_CONTACT_RULE_CHANGED:
        return fold_contact_rule(event->contact_rule_changed, cells);
    case ISSUES__V1__EVENT__BODY_ISSUE_MOVED:
        return fold_issue(event->issue_moved, cells);
    case ISSUES__V1__EVENT__BODY_PROVINCIAL_TASK_PUBLISHED:
        return fold_provincial_task(event->provincial_task_published, cells);
    case ISSUES__V1__EVENT__BODY_TASK_MOVED:
        return fold_task(event->task_moved, cells);
    case ISSUES__V1__EVENT__BODY_CLUE_MOVED:
        return fold_clue(event->clue_moved, cells);
    case ISSUES__V1__EVENT__BODY_SLIP_CHANGED:
        return fold_slip(event->slip_changed, cells);
    case ISSUES__V1__EVENT__BODY_CIRCULAR_PUBLISHED:
        return fold_circular(event->circular_published, cells);
    case ISSUES__V1__EVENT__BODY__NOT_SET:
    case _ISSUES__V1__EVENT__BODY__CASE_IS_INT_SIZE:
        break;
    }
    return FOLD_UNKNOWN;
}

enum fold_result fold_issues(const uint8_t *body, size_t size, struct arena *arena, struct cells *cells) {
    arena_reset(arena);
    Issues__V1__Event *event =
        size > FOLD_BODY_BYTES_MAX ? NULL : issues__v1__event__unpack(&arena->allocator, size, body);
    if (event == NULL) {
        return FOLD_UNKNOWN;
    }
    if (!cells_has_room(cells, EVENT_CELLS_MAX, EVENT_ORGANISATIONS_MAX)) {
        return FOLD_FULL;
    }
    return fold_event(event, cells);
}
