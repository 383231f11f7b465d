#include <string.h>

#include "approvals/case_steps.h"
#include "approvals/rules_case.h"
#include "base/civil.h"

/* Ratings by applicants, one for each visit, and the rectification that a bad one opens: the standards of good and bad
 * reviews. */

enum {
    RATED_VISITS_MAX = 8, /* bits of approval_case.rated */
    RATING_BAD = 4,       /* dissatisfied; 5: very */
    RATING_WORST = 5,
    RECTIFY_WORKDAYS = 15,
};
#define RATED_STATES (CASE_IN(DELIVERED) | CASE_IN(NOT_ACCEPTED) | CASE_IN(WITHDRAWN) | CASE_IN(REVOKED))

/* The case, where the organisation may speak of it as this actor; 0: refused. */
static uint32_t find_case(struct deciding *d, const char *number, Common__V1__Actor actor) {
    if (d->agency == 0 && !d->sees_all) {
        decide_refuse(d, APPROVALS__V1__CODE__CODE_AGENCY_UNKNOWN, NULL);
        return 0;
    }
    if (!case_check_number(d, number)) {
        return 0;
    }
    const uint32_t row = approvals_find_case(d->self, number);
    if (row == 0) {
        decide_refuse(d, APPROVALS__V1__CODE__CODE_CASE_UNKNOWN, "case_number");
        return 0;
    }
    if (!roles_may_act(d->command->role, actor)) {
        decide_refuse(d, APPROVALS__V1__CODE__CODE_WRONG_ACTOR, "case_number");
        return 0;
    }
    const struct approval_case *known = approvals_case(d->self, row);
    return case_check_agency(d, known->agency) && decide_check_version(d, known->last_seq) ? row : 0;
}

/* --- rating --- */

static uint32_t visits_of(const struct deciding *d, const struct approval_case *row) {
    const uint32_t visits = approvals_version(d->self, row->version)->visits;
    return visits == 0 ? 1 : visits < RATED_VISITS_MAX ? visits : RATED_VISITS_MAX;
}

/* 0: it may be given. */
static uint32_t check_rating(const struct deciding *d, const struct approval_case *row,
                             const Approvals__V1__RateCase *said, const char **field) {
    *field = "case_number";
    if ((RATED_STATES & 1u << row->state) == 0) {
        return APPROVALS__V1__CODE__CODE_RATING_NOT_ALLOWED;
    }
    *field = "rating";
    if (said->rating < 1 || said->rating > RATING_WORST) {
        return APPROVALS__V1__CODE__CODE_RATING_NOT_ALLOWED;
    }
    *field = "visit";
    if (said->visit < 1 || said->visit > visits_of(d, row) || (row->rated & 1u << (said->visit - 1)) != 0) {
        return APPROVALS__V1__CODE__CODE_RATING_NOT_ALLOWED;
    }
    *field = "occurred_at_ms";
    if (decide_seconds(d->command->occurred_at_ms) < row->last_at) {
        return APPROVALS__V1__CODE__CODE_BEFORE_LAST_STEP;
    }
    *field = NULL;
    return table_is_full(&approvals_of(d)->ratings) ? COMMON__V1__CODE__CODE_EXHAUSTED : 0;
}

void rules_rate_case(struct deciding *d, const Approvals__V1__RateCase *said) {
    const uint32_t number = find_case(d, said->case_number, COMMON__V1__ACTOR__ACTOR_APPLICANT);
    if (number == 0) {
        return;
    }
    const struct calendar calendar = approvals_calendar(d->self);
    const struct approval_case *row = approvals_case(d->self, number);
    const char *field;
    int32_t due = 0;
    uint32_t code = check_rating(d, row, said, &field);
    if (code == 0 && said->rating >= RATING_BAD &&
        !calendar_nth_workday(&calendar, civil_day_of_ms(d->command->occurred_at_ms), RECTIFY_WORKDAYS, &due)) {
        field = "occurred_at_ms";
        code = APPROVALS__V1__CODE__CODE_CALENDAR_HORIZON;
    }
    if (code != 0) {
        decide_refuse(d, code, field);
        return;
    }
    struct event_case_rated *body = decide_take(d, sizeof *body);
    *body = (struct event_case_rated){.case_row = number,
                                      .at = decide_seconds(d->command->occurred_at_ms),
                                      .due_day = due,
                                      .by = (uint16_t)d->agency,
                                      .visit = (uint8_t)said->visit,
                                      .value = (uint8_t)said->rating};
    decide_emit(d, EVENT_CASE_RATED, body, sizeof *body, row->last_seq)->public_body = publish_rated(d, row, body);
}

/* --- rectification --- */

/* The rating of a visit that opened a rectification; 0: none did. */
static uint32_t find_bad(const struct deciding *d, const struct approval_case *row, uint32_t visit) {
    uint32_t number = row->first_rating;
    while (number != 0 &&
           (approvals_rating(d->self, number)->visit != visit || approvals_rating(d->self, number)->due_day == 0)) {
        number = approvals_rating(d->self, number)->next;
    }
    return number;
}

static uint32_t check_rectified(const struct deciding *d, uint32_t number, const char *result, const char **field) {
    const struct rating *rating = approvals_rating(d->self, number);
    *field = "result";
    if (result[0] == '\0') {
        return COMMON__V1__CODE__CODE_MISSING;
    }
    if (strlen(result) > APPROVALS_GROUND_BYTES_MAX) {
        return APPROVALS__V1__CODE__CODE_FIELD_TOO_LONG;
    }
    *field = "visit";
    if (number == 0) {
        return COMMON__V1__CODE__CODE_NOT_FOUND;
    }
    if (rating->rectified_at != 0) {
        return APPROVALS__V1__CODE__CODE_WRONG_ORDER;
    }
    *field = "occurred_at_ms";
    return decide_seconds(d->command->occurred_at_ms) < rating->rated_at ? APPROVALS__V1__CODE__CODE_BEFORE_LAST_STEP
                                                                         : 0;
}

void rules_report_rectification(struct deciding *d, const Approvals__V1__ReportRectification *said) {
    const uint32_t number = find_case(d, said->case_number, COMMON__V1__ACTOR__ACTOR_HANDLER);
    if (number == 0) {
        return;
    }
    const struct approval_case *row = approvals_case(d->self, number);
    const uint32_t bad = find_bad(d, row, said->visit);
    const char *field;
    const uint32_t code = check_rectified(d, bad, said->result, &field);
    if (code != 0) {
        decide_refuse(d, code, field);
        return;
    }
    const uint32_t at = decide_seconds(d->command->occurred_at_ms);
    const struct event_rectified body = {.rating = bad,
                                         .at = at,
                                         .by = (uint16_t)d->agency,
                                         .is_on_time = civil_day_of_s(at) <= approvals_rating(d->self, bad)->due_day,
                                         .is_called_back = said->called_back != 0};
    struct texts texts;
    texts_begin(d, &texts, &body, sizeof body, strlen(said->result), 1);
    texts_add(&texts, TEXT_RESULT, said->result);
    decide_emit(d, EVENT_RECTIFIED, texts.bytes, texts.size, row->last_seq)->public_body =
        publish_rectified(d, row, &body);
}
