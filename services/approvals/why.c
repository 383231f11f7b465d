#include "approvals/why.h"

#include <string.h>

#include "approvals/catalogue.h"
#include "calendar/notices.h"
#include "approvals/rules.h"
#include "base/civil.h"

#define ITEM_EVENTS_MAX 16 /* read back to find what an item's version was published with */

/* --- one day --- */

/* What the calendar says of a day. Civil Code article 203, Licensing Law article 82: workdays, holidays by notice left
 * out. */
static void say_calendar(const struct approvals *self, int32_t day, uint64_t seq, struct why_day *out) {
    const bool is_weekend = (day % 7 + 10) % 7 >= 5; /* 1970-01-01 was a Thursday */
    out->line = notice_line_as_known(&self->notices, day, seq);
    if (out->line != 0) {
        out->ground = notices_line(&self->notices, out->line)->is_off ? APPROVALS__V1__DAY_GROUND__DAY_GROUND_HOLIDAY
                                                              : APPROVALS__V1__DAY_GROUND__DAY_GROUND_WORKED_BY_NOTICE;
    } else {
        out->ground =
            is_weekend ? APPROVALS__V1__DAY_GROUND__DAY_GROUND_WEEKEND : APPROVALS__V1__DAY_GROUND__DAY_GROUND_WORKDAY;
    }
}

static bool is_worked(uint8_t ground) {
    return ground == APPROVALS__V1__DAY_GROUND__DAY_GROUND_WORKDAY ||
           ground == APPROVALS__V1__DAY_GROUND__DAY_GROUND_WORKED_BY_NOTICE;
}

/* The procedures that stop the clocks on a day; of several the one that stops more, then the newest. */
static const struct case_pause *find_pause(const struct approvals *self, const struct approval_case *row, int32_t day) {
    const struct case_pause *found = NULL;
    for (uint32_t i = row->first_pause; i != 0; i = approvals_pause(self, i)->next) {
        const struct case_pause *pause = approvals_pause(self, i);
        if (pause->from < day && day <= pause->until &&
            (found == NULL || pause->stops_statutory > found->stops_statutory)) {
            found = pause;
        }
    }
    return found;
}

static bool counts_every_day(uint8_t unit) {
    return unit == LIMIT_DAY || unit == LIMIT_MONTH;
}

/* Whether a day is charged to a clock of that unit. Hours run on whatever happens. */
static bool is_charged(uint8_t unit, bool is_workday, bool is_stopped) {
    return unit == LIMIT_HOUR || (!is_stopped && ((unit == LIMIT_WORKDAY && is_workday) || counts_every_day(unit)));
}

static void say_pause(const struct item_version *version, const struct case_pause *pause, struct why_day *out) {
    if (pause->stops_statutory) {
        out->ground = APPROVALS__V1__DAY_GROUND__DAY_GROUND_SUSPENDED;
    } else if (is_worked(out->ground) || counts_every_day(version->promised.unit)) {
        out->ground = APPROVALS__V1__DAY_GROUND__DAY_GROUND_PAPERS;
    } else {
        return; /* no workday: nothing to stop */
    }
    out->special = pause->kind;
    out->line = 0;
}

void why_explain_day(const struct approvals *self, const struct approval_case *row, int32_t day, uint64_t seq,
                     struct why_day *out) {
    const struct item_version *version = approvals_version(self, row->version);
    *out = (struct why_day){.day = day};
    if (day <= civil_day_of_s(row->accepted_at)) { /* Civil Code, article 201 */
        out->ground = APPROVALS__V1__DAY_GROUND__DAY_GROUND_FIRST_DAY;
        return;
    }
    const struct case_pause *pause = find_pause(self, row, day);
    say_calendar(self, day, seq, out);
    const bool is_workday = is_worked(out->ground);
    out->charged[0] = is_charged(version->promised.unit, is_workday, pause != NULL);
    out->charged[1] = is_charged(version->statutory.unit, is_workday, pause != NULL && pause->stops_statutory);
    if (pause != NULL) {
        say_pause(version, pause, out);
    }
}

int32_t why_charged_as_known(const struct approvals *self, const struct approval_case *row, bool is_statutory,
                             int32_t day) {
    int32_t charged = 0;
    for (int32_t d = civil_day_of_s(row->accepted_at) + 1; d <= day; d++) {
        struct why_day said = {.day = d};
        const struct case_pause *pause = find_pause(self, row, d);
        say_calendar(self, d, row->decided_seq, &said);
        charged += is_worked(said.ground) && (pause == NULL || (is_statutory && !pause->stops_statutory));
    }
    return charged;
}

/* --- all days --- */

/* Whether the calendar reaches to the end. Of an ended case it did. */
static bool is_known(const struct why *why) {
    const struct calendar calendar = approvals_calendar(why->asking->self);
    int32_t count;
    return why->seq != NOTICES_NOW || calendar_workdays(&calendar, why->start, why->end, &count);
}

static void explain_days(struct why *why) {
    if (!is_known(why)) {
        asking_refuse(why->asking, APPROVALS__V1__CODE__CODE_CALENDAR_HORIZON);
        return;
    }
    int32_t from = why->start;
    if (why->end - from >= WHY_DAYS_MAX) {
        from = why->end - WHY_DAYS_MAX + 1;
    }
    why->days = asking_take(why->asking, (size_t)(why->end - from + 1) * sizeof *why->days);
    for (int32_t day = from; why->days != NULL && day <= why->end; day++) {
        why_explain_day(why->asking->self, why->row, day, why->seq, &why->days[why->day_count++]);
    }
}

/* The telephone numbers are in the log alone, where its version was published. Without them the page says less. */
static void find_phones(struct why *why) {
    struct asking *a = why->asking;
    struct past_event past;
    uint64_t seq = a->question->read_past == NULL ? 0 : approvals_item(a->self, why->version->item)->last_seq;
    for (int i = 0; seq != 0 && i < ITEM_EVENTS_MAX && a->question->read_past(a->question->log, seq, a->arena, &past);
         i++) {
        struct event_item_published body;
        seq = past.event.prev;
        if (past.event.type != EVENT_ITEM_PUBLISHED || past.event.private_size < sizeof body) {
            continue;
        }
        memcpy(&body, past.event.private_body, sizeof body);
        if (body.version.item == why->version->item && body.version.number == why->version->number) {
            const Approvals__V1__PublishItem *item =
                approvals__v1__publish_item__unpack(&a->arena->allocator, past.event.private_size - sizeof body,
                                                    (const uint8_t *)past.event.private_body + sizeof body);
            why->enquiry_phone = item == NULL ? "" : item->enquiry_phone;
            why->complaint_phone = item == NULL ? "" : item->complaint_phone;
            return;
        }
    }
}

static void begin(struct why *why, struct asking *a, uint32_t case_row, int32_t day) {
    const struct approval_case *row = approvals_case(a->self, case_row);
    const int32_t ended = civil_day_of_s(row->decided_at);
    *why = (struct why){.asking = a, .row = row, .version = approvals_version(a->self, row->version)};
    why->was_accepted = query_was_accepted(row);
    why->start = civil_day_of_s(row->accepted_at);
    why->end = query_is_ended(row) && ended < day ? ended : day;
    why->end = why->was_accepted && why->end < why->start ? why->start : why->end;
    why->seq = query_is_ended(row) && row->decided_seq != 0 ? row->decided_seq : NOTICES_NOW;
    why->enquiry_phone = why->complaint_phone = "";
    why->shown = query_case(a, case_row, why->end);
    if (a->code == 0 && why->was_accepted) {
        explain_days(why);
    }
    if (a->code == 0) {
        find_phones(why);
    }
}

/* --- the answer --- */

static void fill_day(const struct why *why, const struct why_day *day, Approvals__V1__ExplainedDay *out) {
    const struct approvals *self = why->asking->self;
    approvals__v1__explained_day__init(out);
    out->day = (uint32_t)day->day;
    out->ground = (Approvals__V1__DayGround)day->ground;
    out->charged_promised = day->charged[0];
    out->charged_statutory = day->charged[1];
    out->special = (Approvals__V1__SpecialKind)day->special;
    if (day->line != 0) {
        struct notice_line *line = notices_line(&self->notices, day->line);
        out->holiday = line->name;
        out->notice = notices_row(&self->notices, line->notice)->name;
    }
}

static void fill_days(const struct why *why, Approvals__V1__Explanation *out) {
    Approvals__V1__ExplainedDay *days = asking_take(why->asking, why->day_count * sizeof *days);
    out->days = asking_take(why->asking, why->day_count * sizeof *out->days);
    if (days == NULL || out->days == NULL) {
        return;
    }
    for (size_t i = 0; i < why->day_count; i++) {
        fill_day(why, &why->days[i], &days[i]);
        out->days[i] = &days[i];
    }
    out->n_days = why->day_count;
}

void query_explain(struct asking *a, const Approvals__V1__ExplainDeadline *query, Approvals__V1__Answer *answer) {
    struct why why;
    const uint32_t case_row = query_find_case(a, query->case_number);
    if (case_row == 0) {
        return;
    }
    if (query->day > INT32_MAX) {
        asking_refuse(a, APPROVALS__V1__CODE__CODE_CALENDAR_HORIZON);
        return;
    }
    begin(&why, a, case_row, query->day == 0 ? a->today : (int32_t)query->day);
    Approvals__V1__Explanation *out = a->code == 0 ? asking_take(a, sizeof *out) : NULL;
    if (out == NULL) {
        return;
    }
    approvals__v1__explanation__init(out);
    out->case_ = (Approvals__V1__Case *)(uintptr_t)why.shown;
    fill_days(&why, out);
    out->text_zh = why_text_zh(&why);
    out->text_en = why_text_en(&why);
    answer->explanation = out;
    answer->body_case = APPROVALS__V1__ANSWER__BODY_EXPLANATION;
}
