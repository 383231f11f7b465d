#include "approvals/v1/events.pb-c.h"
#include "base/check.h"
#include "ctl/city_approvals_internal.h"

/*
 * What the registry has to count, recounted from the commands alone: day by day, charged days one after another, nothing cached.
 * Slow and plain on purpose; it shares no code with the registry, its calendar or its clocks.
 */

#define STEP(name) APPROVALS__V1__CASE_STEP__CASE_STEP_##name
#define STATE(name) APPROVALS__V1__CASE_STATE__CASE_STATE_##name
#define PAUSES_MAX 8
#define OPEN_PAUSE INT32_MAX
#define ACCEPTANCE_WORKDAYS 5
#define CERTIFICATE_WORKDAYS 10
#define RECTIFICATION_WORKDAYS 15
#define LAPSE_WORKDAYS 30

struct pause_of_case {
    int32_t from, until;
    bool is_papers; /* stops the promised clock alone */
};

struct walk {
    struct city_approvals *city;
    const struct city_case *row;
    const struct city_item *item;
    const struct city_version *version;
    int state;
    int32_t today;    /* ticks of all days up to it have come */
    int32_t waiting;  /* RECEIVED: day from which the five workdays count */
    uint32_t start;   /* s, from which the clocks run */
    uint32_t supplied_at;
    int32_t until, decided, deemed; /* days; 0: not */
    uint32_t extension;
    struct pause_of_case pauses[PAUSES_MAX];
    size_t pause_count;
    bool is_deficient, is_promised_passed, is_statutory_passed, is_certificate_late, is_papers_late;
    int32_t rated[9];
};

/* --- Counting -------------------------------------------------------------------------------------------------------------------- */

/* All counts that an event of a day belongs to. */
static size_t counts_of(struct walk *w, int32_t day, struct city_approvals_count *counts[3]) {
    struct city_approvals_totals *totals = &w->city->totals;
    counts[0] = &totals->all;
    counts[1] = &totals->year;
    counts[2] = &totals->agencies[w->item->agency];
    return civil_date_from_day(day).year == CITY_YEAR ? 3 : 1;
}

#define COUNT(w, day, member, amount)                                                                                                  \
    do {                                                                                                                               \
        struct city_approvals_count *counts_[3];                                                                                       \
        const size_t n_ = counts_of(w, day, counts_);                                                                                  \
        for (size_t i_ = 0; i_ < n_; i_++) {                                                                                           \
            counts_[i_]->member += (amount);                                                                                           \
        }                                                                                                                              \
    } while (0)

static void step_came(struct walk *w, unsigned step, int32_t day, int state) {
    COUNT(w, day, steps[step], 1);
    w->state = state;
}

/* --- Clocks ------------------------------------------------------------------------------------------------------------------------ */

static bool is_charged(const struct walk *w, int32_t day, bool is_statutory) {
    if (!city_is_workday(day, CITY_KNOWS_ALL)) {
        return false;
    }
    for (size_t i = 0; i < w->pause_count; i++) {
        const struct pause_of_case *pause = &w->pauses[i];
        if (pause->from < day && day <= pause->until && !(is_statutory && pause->is_papers)) {
            return false;
        }
    }
    return true;
}

static uint32_t charged_days(const struct walk *w, int32_t until, bool is_statutory) {
    uint32_t count = 0;
    for (int32_t day = day_of_s(w->start) + 1; day <= until; day++) {
        count += is_charged(w, day, is_statutory);
    }
    return count;
}

/* The last day of a period of days or months: the next workday where it is off. */
static int32_t period_end(const struct walk *w, const struct city_limit *limit) {
    int32_t day = day_of_s(w->start);
    if (limit->unit == LIMITED_DAYS) {
        day += limit->amount;
    } else {
        const struct civil_date from = civil_date_from_day(day);
        const int32_t month = from.month - 1 + limit->amount;
        unsigned number = from.day;
        while (!civil_date_is_valid(from.year + month / 12, (unsigned)(month % 12 + 1), number)) {
            number--;
        }
        day = civil_day_from_date(from.year + month / 12, (unsigned)(month % 12 + 1), number);
    }
    while (!city_is_workday(day, CITY_KNOWS_ALL)) {
        day++;
    }
    return day;
}

/* Whether a limit has ended before this moment. */
static bool has_passed(const struct walk *w, bool is_statutory, uint32_t at) {
    const struct city_limit *limit = is_statutory ? &w->version->statutory : &w->version->promised;
    const int32_t day = day_of_s(at);
    switch ((enum limit_kind)limit->unit) {
    case LIMITED_WORKDAYS: {
        const uint32_t workdays = limit->amount + w->extension;
        return workdays == 0 ? day > day_of_s(w->start) : charged_days(w, day - 1, is_statutory) >= workdays;
    }
    case LIMITED_DAYS:
    case LIMITED_MONTHS:
        return day > period_end(w, limit);
    case LIMITED_HOURS:
        return at > w->start + limit->amount * 3600u;
    case LIMITED_NOT:
        break;
    }
    return false;
}

/* --- What time does ------------------------------------------------------------------------------------------------------------- */

/* Day on which the end of a limit that has passed at the beginning of `day` is told: that on which it became so (of hours that of
 * their end), though the acceptance may have come later: after papers were asked for the clock runs from the day they came. Not before
 * the silence that is taken as acceptance. */
static int32_t passed_on(const struct walk *w, bool is_statutory, int32_t day) {
    const struct city_limit *limit = is_statutory ? &w->version->statutory : &w->version->promised;
    if (limit->unit == LIMITED_HOURS) {
        day = day_of_s(w->start + limit->amount * 3600u);
    }
    while (limit->unit != LIMITED_HOURS && has_passed(w, is_statutory, s_of_day(day - 1))) {
        day--;
    }
    return day > w->deemed ? day : w->deemed;
}

static void limits_pass(struct walk *w, int32_t day) {
    if (w->state != STATE(ACCEPTED) && w->state != STATE(REVIEW) && w->state != STATE(SUSPENDED)) {
        return;
    }
    if (!w->is_promised_passed && has_passed(w, false, s_of_day(day))) {
        w->is_promised_passed = true;
        COUNT(w, passed_on(w, false, day), open_overdue, 1);
        step_came(w, STEP(PROMISED_PASSED), passed_on(w, false, day), w->state);
    }
    if (!w->is_statutory_passed && has_passed(w, true, s_of_day(day))) {
        w->is_statutory_passed = true;
        step_came(w, STEP(STATUTORY_PASSED), passed_on(w, true, day), w->state);
    }
}

static void papers_pass(struct walk *w, int32_t day) {
    const bool is_decided = w->state == STATE(DECIDED) || w->state == STATE(DELIVERED);
    if (is_decided && w->is_deficient && !w->is_papers_late && w->until < day) {
        w->is_papers_late = true;
        step_came(w, STEP(PAPERS_LATE), day, w->state);
    }
    if (w->state == STATE(DECIDED) && !w->is_certificate_late && city_nth_workday(w->decided, CERTIFICATE_WORKDAYS) < day) {
        w->is_certificate_late = true;
        step_came(w, STEP(CERTIFICATE_LATE), day, w->state);
    }
}

/* The beginning of a day. */
static void day_begins(struct walk *w, int32_t day) {
    if (w->state == STATE(RECEIVED) && city_nth_workday(w->waiting, ACCEPTANCE_WORKDAYS) < day) {
        w->start = w->supplied_at > 0 ? w->supplied_at : w->row->received_at;
        w->deemed = day;
        step_came(w, STEP(DEEMED_ACCEPTED), day, STATE(ACCEPTED));
    }
    if (w->state == STATE(SUPPLEMENT) && w->until < day) {
        step_came(w, STEP(SUPPLEMENT_LAPSED), day, STATE(WITHDRAWN));
    }
    if (w->state == STATE(SUSPENDED) && w->until < day) {
        w->pauses[w->pause_count - 1].until = w->until;
        step_came(w, STEP(SUSPENSION_CAPPED), day, STATE(REVIEW));
    }
    limits_pass(w, day);
    papers_pass(w, day);
}

/* Nothing more comes by itself. */
static bool is_at_rest(const struct walk *w) {
    switch (w->state) {
    case STATE(DECIDED):
        return w->is_certificate_late && (!w->is_deficient || w->is_papers_late);
    case STATE(DELIVERED):
        return !w->is_deficient || w->is_papers_late;
    case STATE(NOT_ACCEPTED):
    case STATE(WITHDRAWN):
    case STATE(REVOKED):
        return true;
    default: /* a number of the contract's enum as an int: open */
        return false;
    }
}

static void days_pass(struct walk *w, int32_t until) {
    while (w->today < until && !is_at_rest(w)) {
        day_begins(w, ++w->today);
    }
    w->today = until;
}

/* --- What somebody does ---------------------------------------------------------------------------------------------------------- */

static int32_t nth_workday_as_known(int32_t day, uint32_t n) {
    const int32_t known_on = day;
    while (n > 0) {
        n -= city_is_workday(++day, known_on);
    }
    return day;
}

static void special_starts(struct walk *w, const struct city_step *step, int32_t day) {
    if (step->special == APPROVALS__V1__SPECIAL_KIND__SPECIAL_KIND_EXTENSION) {
        w->extension = step->value;
        COUNT(w, day, extensions, 1);
        step_came(w, step->step, day, w->state);
        return;
    }
    CHECK(w->pause_count < PAUSES_MAX);
    w->pauses[w->pause_count++] =
        (struct pause_of_case){day, OPEN_PAUSE, step->special == APPROVALS__V1__SPECIAL_KIND__SPECIAL_KIND_PAPERS};
    w->until = city_approvals_first_day() + step->until;
    step_came(w, step->step, day, STATE(SUSPENDED));
}

static void is_decided(struct walk *w, const struct city_step *step, int32_t day) {
    if (step->actor == COMMON__V1__ACTOR__ACTOR_HANDLER) {
        return; /* a proposal */
    }
    const bool has_promise = w->version->promised.unit != LIMITED_NOT;
    COUNT(w, day, on_time, !has_passed(w, !has_promise, step->at));
    COUNT(w, day, lawful, !has_passed(w, true, step->at));
    if (w->version->statutory.unit != LIMITED_NOT) {
        COUNT(w, day, charged_days, charged_days(w, day, !has_promise));
        COUNT(w, day, statutory_hundredths, city_limit_hundredths(&w->version->statutory) + 100 * w->extension);
    }
    COUNT(w, day, open_overdue, -(int64_t)w->is_promised_passed);
    if (step->step == STEP(APPROVED_WITH_DEFICIENCY)) {
        w->is_deficient = true;
        w->until = city_approvals_first_day() + step->until;
    }
    w->decided = day;
    step_came(w, step->step, day, STATE(DECIDED));
}

static void is_delivered(struct walk *w, const struct city_step *step, int32_t day) {
    COUNT(w, day, late_deliveries, day > city_nth_workday(w->decided, CERTIFICATE_WORKDAYS));
    COUNT(w, day, joint_delivered, w->version->joint);
    if (w->version->joint && w->version->instant) {
        const uint64_t minutes = (step->at - w->row->received_at) / 60;
        struct city_approvals_count *counts[3];
        for (size_t i = 0, n = counts_of(w, day, counts); i < n; i++) {
            counts[i]->openings++;
            counts[i]->opening_minutes_max = minutes > counts[i]->opening_minutes_max ? minutes : counts[i]->opening_minutes_max;
        }
    }
    step_came(w, step->step, day, STATE(DELIVERED));
}

static void is_accepted(struct walk *w, const struct city_step *step, int32_t day) {
    w->start = w->supplied_at > 0 ? w->supplied_at : step->at;
    w->is_deficient = step->until > 0;
    w->until = step->until > 0 ? city_approvals_first_day() + step->until : w->until;
    step_came(w, step->step, day, STATE(ACCEPTED));
}

static void is_rated(struct walk *w, const struct city_step *step, int32_t day) {
    COUNT(w, day, rated[step->value], 1);
    w->rated[step->until] = day;
}

static void is_rectified(struct walk *w, const struct city_step *step, int32_t day) {
    COUNT(w, day, rectified, 1);
    COUNT(w, day, rectified_on_time, day <= city_nth_workday(w->rated[step->value], RECTIFICATION_WORKDAYS));
}

static void take(struct walk *w, const struct city_step *step) {
    const int32_t day = day_of_s(step->at);
    switch (step->step) {
    case STEP(RECEIVED):
        w->waiting = day;
        step_came(w, step->step, day, STATE(RECEIVED));
        return;
    case STEP(ACCEPTED):
        is_accepted(w, step, day);
        return;
    case STEP(NOT_OURS):
    case STEP(REFUSED_TO_ACCEPT):
        step_came(w, step->step, day, STATE(NOT_ACCEPTED));
        return;
    case STEP(SUPPLEMENT_STARTED):
        w->until = nth_workday_as_known(day, LAPSE_WORKDAYS);
        step_came(w, step->step, day, STATE(SUPPLEMENT));
        return;
    case STEP(SUPPLEMENT_ENDED):
        w->waiting = day;
        w->supplied_at = step->at;
        step_came(w, step->step, day, STATE(RECEIVED));
        return;
    case STEP(DEPARTMENT_STARTED): /* of the leading agency it moves the case */
        step_came(w, step->step, day, step->agency == w->item->agency ? STATE(REVIEW) : w->state);
        return;
    case STEP(SPECIAL_STARTED):
        special_starts(w, step, day);
        return;
    case STEP(SPECIAL_ENDED):
        w->pauses[w->pause_count - 1].until = day;
        step_came(w, step->step, day, STATE(REVIEW));
        return;
    case STEP(APPROVED):
    case STEP(APPROVED_WITH_DEFICIENCY):
    case STEP(REFUSED):
        is_decided(w, step, day);
        return;
    case STEP(WITHDRAWN_BEFORE_ACCEPTANCE):
    case STEP(WITHDRAWN):
        COUNT(w, day, open_overdue, -(int64_t)w->is_promised_passed);
        step_came(w, step->step, day, STATE(WITHDRAWN));
        return;
    case STEP(DELIVERED):
        is_delivered(w, step, day);
        return;
    case STEP(REVOKED):
        step_came(w, step->step, day, STATE(REVOKED));
        return;
    case STEP(PAPERS_IN):
        w->is_deficient = false;
        step_came(w, step->step, day, w->state);
        return;
    case STEP_RATE:
        is_rated(w, step, day);
        return;
    case STEP_RECTIFY:
        is_rectified(w, step, day);
        return;
    case STEP_SLIP:
        w->city->totals.slips_by_supervisor++;
        return;
    default: /* asked to withdraw, a part done: counted, and the case stays where it is */
        step_came(w, step->step, day, w->state);
        return;
    }
}

void city_case_count(struct city_approvals *city, uint32_t case_row, const struct city_step *steps, uint32_t count) {
    struct walk w = {.city = city, .row = &city->cases[case_row]};
    w.item = &city->catalogue.items[w.row->item];
    w.version = city_item_on(w.item, day_of_s(w.row->received_at));
    w.today = day_of_s(w.row->received_at);
    for (uint32_t i = 0; i < count; i++) {
        days_pass(&w, day_of_s(steps[i].at));
        take(&w, &steps[i]);
    }
    days_pass(&w, city_approvals_last_day());
    city->totals.cases++;
    city->totals.open_at_end += w.state < STATE(DECIDED);
}

/* --- The catalogue ------------------------------------------------------------------------------------------------------------------ */

static void count_item(struct city_approvals_totals *totals, const struct city_item *item, const struct city_version *version) {
    totals->in_force++;
    totals->one_visit += version->visits == 1;
    totals->no_visit += version->visits == 0;
    totals->app += version->app;
    if (item->level == 3) {
        totals->city_items++;
        totals->city_at_most_once += version->visits <= 1;
        totals->city_online += version->online != 0;
        totals->city_online_deep += version->online != 0 && city_depth(version->online) >= 2;
    }
    if (item->level == 3 && item->type == APPROVALS__V1__ITEM_TYPE__ITEM_TYPE_LICENCE) {
        totals->licences_after++;
        totals->promised_hundredths += city_limit_hundredths(&version->promised);
        totals->statutory_hundredths += city_limit_hundredths(&version->statutory);
    }
}

void city_catalogue_count(struct city_approvals *city) {
    struct city_approvals_totals *totals = &city->totals;
    const int32_t year_end = civil_day_from_date(CITY_YEAR, 12, 31);
    int32_t first_round = NOT_REMOVED;
    bool has_round[CITY_ROUNDS + 1] = {false};
    for (uint32_t i = 0; i < city->catalogue.count; i++) {
        const struct city_item *item = &city->catalogue.items[i];
        has_round[item->round] = true;
        first_round = item->round > 0 && item->removed_day < first_round ? item->removed_day : first_round;
    }
    for (size_t round = 1; round <= CITY_ROUNDS; round++) {
        totals->rounds += has_round[round];
    }
    for (uint32_t i = 0; i < city->catalogue.count; i++) {
        const struct city_item *item = &city->catalogue.items[i];
        const struct city_version *version = city_item_on(item, year_end);
        totals->items++;
        totals->versions += item->version_count;
        totals->licences_before += item->level == 3 && item->type == APPROVALS__V1__ITEM_TYPE__ITEM_TYPE_LICENCE &&
                                   city_item_on(item, first_round - 1) != NULL;
        if (version != NULL) {
            count_item(totals, item, version);
        }
    }
}
