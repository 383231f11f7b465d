#include <stdio.h>
#include <string.h>

#include "approvals/v1/commands.pb-c.h"
#include "approvals/why.h"
#include "base/civil.h"

/* The page for the applicant in English: the same as why_text_zh.c, part by part. */
#define DAY_TEXT_BYTES 40
#define LIMIT_TEXT_BYTES 48

/* --- words --- */

static const char *day_text(int32_t day, char text[DAY_TEXT_BYTES]) {
    static const char *const months[] = {"January", "February", "March",     "April",   "May",      "June",
                                         "July",    "August",   "September", "October", "November", "December"};
    const struct civil_date date = civil_date_from_day(day);
    snprintf(text, DAY_TEXT_BYTES, "%u %s %d", date.day, months[(date.month + 11) % 12], (int)date.year);
    return text;
}

static int weekday_of(int32_t day) { /* 0: Monday */
    return (day % 7 + 10) % 7;
}

static const char *weekday_text(int32_t day) {
    static const char *const names[] = {"Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"};
    return names[weekday_of(day)];
}

static void add_days(struct why_page *page, const struct why_run *run) {
    char from[DAY_TEXT_BYTES], last[DAY_TEXT_BYTES];
    if (run->from == run->last) {
        why_page_add(page, "%s", day_text(run->from, from));
    } else {
        why_page_add(page, "%s to %s", day_text(run->from, from), day_text(run->last, last));
    }
}

static const char *plural(uint32_t count) {
    return count == 1 ? "" : "s";
}

static const char *limit_text(const struct limit *limit, char text[LIMIT_TEXT_BYTES]) {
    static const char *const units[] = {[LIMIT_NONE] = "",
                                        [LIMIT_WORKDAY] = "workday",
                                        [LIMIT_DAY] = "calendar day",
                                        [LIMIT_HOUR] = "hour",
                                        [LIMIT_MONTH] = "month"};
    snprintf(text, LIMIT_TEXT_BYTES, "%u %s%s", limit->amount, limit->unit <= LIMIT_MONTH ? units[limit->unit] : "",
             plural(limit->amount));
    return limit->unit == LIMIT_WORKDAY && limit->amount == 0 ? "at once (on the day of acceptance)" : text;
}

static const char *state_text(Approvals__V1__CaseState state) {
    switch (state) {
    case APPROVALS__V1__CASE_STATE__CASE_STATE_RECEIVED:
        return "received, not accepted yet";
    case APPROVALS__V1__CASE_STATE__CASE_STATE_SUPPLEMENT:
        return "papers are missing, not accepted yet";
    case APPROVALS__V1__CASE_STATE__CASE_STATE_ACCEPTED:
        return "accepted";
    case APPROVALS__V1__CASE_STATE__CASE_STATE_REVIEW:
        return "under review";
    case APPROVALS__V1__CASE_STATE__CASE_STATE_SUSPENDED:
        return "a special procedure is under way";
    case APPROVALS__V1__CASE_STATE__CASE_STATE_DECIDED:
        return "decided";
    case APPROVALS__V1__CASE_STATE__CASE_STATE_DELIVERED:
        return "decided and delivered";
    case APPROVALS__V1__CASE_STATE__CASE_STATE_NOT_ACCEPTED:
        return "not accepted";
    case APPROVALS__V1__CASE_STATE__CASE_STATE_WITHDRAWN:
        return "withdrawn";
    case APPROVALS__V1__CASE_STATE__CASE_STATE_REVOKED:
        return "the decision was revoked";
    case APPROVALS__V1__CASE_STATE__CASE_STATE_UNSPECIFIED:
    case _APPROVALS__V1__CASE_STATE_IS_INT_SIZE:
        break;
    }
    return "";
}

static const char *special_text(uint8_t special) {
    static const char *const names[] = {
        [APPROVALS__V1__SPECIAL_KIND__SPECIAL_KIND_HEARING] = "a hearing",
        [APPROVALS__V1__SPECIAL_KIND__SPECIAL_KIND_TENDER] = "a tender",
        [APPROVALS__V1__SPECIAL_KIND__SPECIAL_KIND_AUCTION] = "an auction",
        [APPROVALS__V1__SPECIAL_KIND__SPECIAL_KIND_INSPECTION] = "an inspection",
        [APPROVALS__V1__SPECIAL_KIND__SPECIAL_KIND_TEST] = "a test",
        [APPROVALS__V1__SPECIAL_KIND__SPECIAL_KIND_QUARANTINE] = "a quarantine",
        [APPROVALS__V1__SPECIAL_KIND__SPECIAL_KIND_APPRAISAL] = "an appraisal",
        [APPROVALS__V1__SPECIAL_KIND__SPECIAL_KIND_EXPERT_REVIEW] = "a review by experts",
        [APPROVALS__V1__SPECIAL_KIND__SPECIAL_KIND_PAPERS] = "further papers asked for after acceptance",
    };
    return special < sizeof names / sizeof names[0] && names[special] != NULL ? names[special] : "a special procedure";
}

/* A licence is under the law itself; other items follow it. */
static const char *by_law(const struct why *why) {
    return why->version->type == APPROVALS__V1__ITEM_TYPE__ITEM_TYPE_LICENCE ? "Administrative Licensing Law"
                                                                             : "as in the Administrative Licensing Law";
}

static const char *law_of_periods(int32_t day) {
    if (day >= civil_day_from_date(2021, 1, 1)) {
        return "Civil Code, article 201";
    }
    return day >= civil_day_from_date(2017, 10, 1) ? "General Provisions of the Civil Law, article 201"
                                                   : "General Principles of the Civil Law, article 154";
}

/* --- head --- */

static void add_agencies(const struct why *why, struct why_page *page) {
    const struct approvals *self = why->asking->self;
    const bool is_joint = why->row->first_part != 0;
    why_page_add(page, "Agency: %s%s", approvals_agency(self, why->row->agency)->name, is_joint ? " (leading)" : "");
    for (uint32_t part = why->row->first_part; part != 0; part = approvals_part(self, part)->next) {
        why_page_add(page, ", %s", approvals_agency(self, approvals_part(self, part)->agency)->name);
    }
    why_page_add(page, "\n");
}

static void add_head(const struct why *why, struct why_page *page) {
    char day[DAY_TEXT_BYTES];
    why_page_add(page,
                 "How the time of your application is counted\n\nItem: %s (code %s, version %u)\nCase number: %s\n",
                 why->version->name, why->shown->item_code, why->version->number, why->row->number);
    add_agencies(why, page);
    why_page_add(page, "Received: %s\n", day_text(civil_day_of_s(why->row->received_at), day));
    if (why->was_accepted) {
        why_page_add(page, "Accepted: %s\n", day_text(why->start, day));
    }
    why_page_add(page, "State: %s\n", state_text((Approvals__V1__CaseState)why->row->state));
    if (why->was_accepted && (why->row->flags & CASE_DEEMED) != 0) {
        why_page_add(page,
                     "Nobody said in time whether it is accepted, so it counts as accepted on the day on which %s (%s, "
                     "article 32).\n",
                     (why->row->flags & CASE_SUPPLEMENTED) != 0 ? "the last papers came" : "it was received",
                     by_law(why));
    }
}

/* --- limits --- */

static void add_use(const struct why *why, struct why_page *page, const struct limit *limit,
                    const Approvals__V1__Clock *clock) {
    char day[DAY_TEXT_BYTES];
    const int32_t left = limit->unit == LIMIT_WORKDAY ? clock->remaining_days : (int32_t)clock->due_day - why->end;
    const char *unit = limit->unit == LIMIT_WORKDAY ? "workday" : "day";
    why_page_add(page, " Up to %s, %u workday%s count%s", day_text(why->end, day), clock->charged_days,
                 plural(clock->charged_days), clock->charged_days == 1 ? "s" : "");
    if (left < 0) {
        why_page_add(page, "; it is %d %s%s late", (int)-left, unit, plural((uint32_t)-left));
    } else if (!query_is_ended(why->row)) {
        why_page_add(page, "; %d %s%s left", (int)left, unit, left == 1 ? " is" : "s are");
    }
    why_page_add(page, ".");
}

static void add_due(const struct why *why, struct why_page *page, const struct limit *limit,
                    const Approvals__V1__Clock *clock) {
    char day[DAY_TEXT_BYTES];
    if (clock->due_day == 0) {
        why_page_add(page, "; its last day is known once next year's holidays are announced");
        return;
    }
    if (why->row->state == APPROVALS__V1__CASE_STATE__CASE_STATE_SUSPENDED && limit->unit != LIMIT_HOUR) {
        why_page_add(page, "; were the special procedure over on %s,", day_text(why->row->until_day, day));
    } else {
        why_page_add(page, ";");
    }
    why_page_add(page, " the last day is %s", day_text((int32_t)clock->due_day, day));
    if (limit->unit == LIMIT_HOUR) {
        const int64_t s = clock->due_at_ms / 1000 - civil_ms_of_day((int32_t)clock->due_day) / 1000;
        why_page_add(page, ", %02d:%02d", (int)(s / 3600), (int)(s / 60 % 60));
    }
}

static void add_limit(const struct why *why, struct why_page *page, bool is_statutory) {
    const struct limit *limit = is_statutory ? &why->version->statutory : &why->version->promised;
    const Approvals__V1__Clock *clock = is_statutory ? why->shown->statutory : why->shown->promised;
    char text[LIMIT_TEXT_BYTES];
    why_page_add(page, "%s limit: ", is_statutory ? "Statutory" : "Promised");
    if (limit->unit == LIMIT_NONE) {
        why_page_add(page, "%s.\n", is_statutory ? "none is laid down" : "none");
        return;
    }
    why_page_add(page, "%s", limit_text(limit, text));
    if (!why->was_accepted) {
        why_page_add(page, ", counted from the day after the acceptance.\n");
        return;
    }
    if (why->row->extension != 0) {
        why_page_add(page, " and %u more by extension", why->row->extension);
    }
    add_due(why, page, limit, clock);
    why_page_add(page, ".");
    add_use(why, page, limit, clock);
    why_page_add(page, "\n");
}

static void add_extension(const struct why *why, struct why_page *page) {
    if (why->row->extension != 0) {
        why_page_add(page, "Extension: %u workday%s, approved by the head of the %s (%s, article 42).\n",
                     why->row->extension, plural(why->row->extension),
                     (why->row->flags & CASE_JOINT) != 0 ? "government" : "agency", by_law(why));
    }
}

static void add_verdict(const struct why *why, struct why_page *page) {
    char day[DAY_TEXT_BYTES];
    if (!query_is_decided(why->row)) {
        return;
    }
    const char *const decision = why->row->decision == APPROVALS__V1__CASE_STEP__CASE_STEP_REFUSED ? "refused"
                                 : why->row->decision == APPROVALS__V1__CASE_STEP__CASE_STEP_APPROVED
                                     ? "approved"
                                     : "approved, with papers to follow";
    why_page_add(page, "Result: %s on %s", decision, day_text(civil_day_of_s(why->row->decided_at), day));
    if (why->version->promised.unit != LIMIT_NONE) {
        why_page_add(page, ", %s the promised time", (why->row->flags & CASE_ON_TIME) != 0 ? "within" : "beyond");
    }
    if (why->version->statutory.unit != LIMIT_NONE) {
        why_page_add(page, ", %s the statutory time", (why->row->flags & CASE_LAWFUL) != 0 ? "within" : "beyond");
    }
    why_page_add(page, ".\n");
}

/* --- days --- */

static void add_run(const struct why *why, struct why_page *page, const struct why_run *run) {
    const struct approvals *self = why->asking->self;
    why_page_add(page, "- ");
    add_days(page, run);
    if (run->kind == WHY_RUN_STOPPED && run->special == APPROVALS__V1__SPECIAL_KIND__SPECIAL_KIND_PAPERS) {
        why_page_add(page, ": %s; %s.\n", special_text(run->special),
                     run->stops_statutory
                         ? "by a special rule of this item not counted for either limit"
                         : "not counted for the promised limit; the statutory one runs on, as article 45 of the "
                           "Administrative Licensing Law does not name this");
    } else if (run->kind == WHY_RUN_STOPPED) {
        why_page_add(page, ": time needed for %s, not counted (%s, article 45).\n", special_text(run->special),
                     by_law(why));
    } else {
        const struct notice_line *line = notices_line(&self->notices, run->line);
        const char *notice = notices_row(&self->notices, line->notice)->name;
        const bool is_off = run->kind == WHY_RUN_HOLIDAY;
        if (!is_off) {
            why_page_add(page, " (%s)", weekday_text(run->from));
        }
        why_page_add(page, ": %s, %s (holiday notice %s).\n", line->name[0] == 0 ? "holiday" : line->name,
                     is_off                       ? "off, not counted"
                     : weekday_of(run->from) >= 5 ? "worked instead, counted"
                                                  : "worked, counted",
                     notice);
    }
}

static void add_day_list(const struct why *why, struct why_page *page) {
    struct why_runs runs;
    char day[DAY_TEXT_BYTES], last[DAY_TEXT_BYTES];
    why_find_runs(why, &runs);
    why_page_add(page, "\n2. How the days are counted (%s to %s)\n", day_text(why->start, day),
                 day_text(why->end, last));
    why_page_add(page, "- %s: the day of acceptance itself; counting begins on the day after it (%s).\n", day,
                 law_of_periods(why->start));
    if (runs.left_out > 0) {
        why_page_add(page, "- %zu earlier stretches are left out here.\n", runs.left_out);
    }
    for (size_t i = 0; i < runs.count; i++) {
        add_run(why, page, &runs.runs[i]);
    }
    why_page_add(page, "- Saturdays and Sundays: %u day%s, no workdays (%s, article 82).\n", runs.weekend_days,
                 plural(runs.weekend_days), by_law(why));
}

static void add_waiting(const struct why *why, struct why_page *page) {
    char day[DAY_TEXT_BYTES];
    if (why->row->state == APPROVALS__V1__CASE_STATE__CASE_STATE_RECEIVED) {
        why_page_add(page,
                     "\n2. Acceptance\nWithin five workdays after the receipt the agency has to say whether it "
                     "accepts, or name at once "
                     "everything that is missing. If it says nothing, the application counts as accepted on the day of "
                     "its receipt "
                     "(%s, article 32).\n",
                     by_law(why));
    } else if (why->row->state == APPROVALS__V1__CASE_STATE__CASE_STATE_SUPPLEMENT) {
        why_page_add(page,
                     "\n2. Missing papers\nPlease bring everything that was named by the end of %s; after it the "
                     "application counts "
                     "as withdrawn.\n",
                     day_text(why->row->until_day, day));
    } else {
        why_page_add(page, "\n2. Time\nIt was not accepted, so no time is counted.\n");
    }
}

/* --- what to do --- */

static void add_help(const struct why *why, struct why_page *page) {
    const bool is_late =
        why->shown->light == APPROVALS__V1__LIGHT__LIGHT_RED || why->shown->light == APPROVALS__V1__LIGHT__LIGHT_PURPLE;
    why_page_add(page, "\n3. When it is late\n");
    if (query_is_decided(why->row)) {
        why_page_add(page, why->row->decision == APPROVALS__V1__CASE_STEP__CASE_STEP_REFUSED
                               ? "You may ask for administrative reconsideration of the refusal or go to court "
                                 "(Administrative Licensing "
                                 "Law, article 7).\n"
                               : "The certificate is due within ten workdays after the decision (Administrative "
                                 "Licensing Law, article "
                                 "44).\n");
    }
    why_page_add(page, "%s you may ",
                 is_late && !query_is_ended(why->row) ? "It is late now:" : "Once a limit has passed,");
    if (why->complaint_phone[0] != 0) {
        why_page_add(page, "complain by telephone at %s, ", why->complaint_phone);
    }
    why_page_add(
        page,
        "call the government service hotline 12345, or turn to the city's government service bureau; you may also ask "
        "for administrative reconsideration or go to court (Administrative Licensing Law, article 7). A complaint "
        "neither "
        "holds up your application nor sets its time back.\n");
    if (why->enquiry_phone[0] != 0) {
        why_page_add(page, "Questions: %s\n", why->enquiry_phone);
    }
}

char *why_text_en(const struct why *why) {
    struct why_page page;
    if (!why_page_begin(why, &page)) {
        return NULL;
    }
    add_head(why, &page);
    why_page_add(&page, "\n1. Limits\n");
    add_limit(why, &page, false);
    add_limit(why, &page, true);
    add_extension(why, &page);
    add_verdict(why, &page);
    if (why->was_accepted) {
        add_day_list(why, &page);
    } else {
        add_waiting(why, &page);
    }
    add_help(why, &page);
    return page.text;
}
