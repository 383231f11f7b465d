#include <string.h>

#include "approvals/query_internal.h"
#include "approvals/rules.h"
#include "approvals/why.h"
#include "base/civil.h"

/* One case as it is told. */

static int64_t ms_of(uint32_t s) {
    return (int64_t)s * 1000;
}

bool query_was_accepted(const struct approval_case *row) {
    switch ((Approvals__V1__CaseState)row->state) {
    case APPROVALS__V1__CASE_STATE__CASE_STATE_ACCEPTED:
    case APPROVALS__V1__CASE_STATE__CASE_STATE_REVIEW:
    case APPROVALS__V1__CASE_STATE__CASE_STATE_SUSPENDED:
    case APPROVALS__V1__CASE_STATE__CASE_STATE_DECIDED:
    case APPROVALS__V1__CASE_STATE__CASE_STATE_DELIVERED:
    case APPROVALS__V1__CASE_STATE__CASE_STATE_REVOKED:
        return true;
    case APPROVALS__V1__CASE_STATE__CASE_STATE_WITHDRAWN: /* before its acceptance, nothing is due */
        return row->accepted_at != 0 && (row->promised_due != 0 || row->statutory_due != 0);
    case APPROVALS__V1__CASE_STATE__CASE_STATE_RECEIVED: /* accepted_at may hold the day its papers came */
    case APPROVALS__V1__CASE_STATE__CASE_STATE_SUPPLEMENT:
    case APPROVALS__V1__CASE_STATE__CASE_STATE_NOT_ACCEPTED:
    case APPROVALS__V1__CASE_STATE__CASE_STATE_UNSPECIFIED:
    case _APPROVALS__V1__CASE_STATE_IS_INT_SIZE:
        break;
    }
    return false;
}

bool query_is_decided(const struct approval_case *row) {
    return row->state == APPROVALS__V1__CASE_STATE__CASE_STATE_DECIDED ||
           row->state == APPROVALS__V1__CASE_STATE__CASE_STATE_DELIVERED ||
           row->state == APPROVALS__V1__CASE_STATE__CASE_STATE_REVOKED;
}

static const struct limit *limit_of(const struct approvals *self, const struct approval_case *row, bool is_statutory) {
    const struct item_version *version = approvals_version(self, row->version);
    return is_statutory ? &version->statutory : &version->promised;
}

/* --- its clocks --- */

static Approvals__V1__Limit *make_limit(struct asking *a, const struct limit *limit) {
    Approvals__V1__Limit *out = asking_take(a, sizeof *out);
    if (out != NULL) {
        approvals__v1__limit__init(out);
        out->amount = limit->amount;
        out->unit = (Approvals__V1__LimitUnit)limit->unit;
    }
    return out;
}

/* Charged workdays up to the end of a day, of an accepted case. */
static bool count_charged(const struct asking *a, const struct approval_case *row, bool is_statutory, int32_t day,
                          int32_t *charged) {
    if (row->decided_seq != 0 && row->decided_seq < notices_last_seq(&approvals_asked(a)->notices)) { /* the calendar known then was another */
        *charged = why_charged_as_known(a->self, row, is_statutory, day);
        return true;
    }
    return case_clock_charged(a->self, row, is_statutory ? CLOCK_STATUTORY : CLOCK_PROMISED, day, charged);
}

static Approvals__V1__Clock *make_clock(struct asking *a, const struct approval_case *row, bool is_statutory,
                                        int32_t day) {
    const struct limit *limit = limit_of(a->self, row, is_statutory);
    Approvals__V1__Clock *out = asking_take(a, sizeof *out);
    if (out == NULL) {
        return NULL;
    }
    approvals__v1__clock__init(out);
    out->limit = make_limit(a, limit);
    if (limit->unit == LIMIT_NONE || !query_was_accepted(row)) {
        return out;
    }
    out->extension = row->extension;
    out->due_day = (uint32_t)(is_statutory ? row->statutory_due : row->promised_due);
    if (limit->unit == LIMIT_HOUR) {
        out->due_at_ms = deadline_end_s(row->accepted_at, limit, row->extension, (int32_t)out->due_day) * 1000;
    }
    int32_t charged;
    if (count_charged(a, row, is_statutory, day, &charged)) {
        out->charged_days = (uint32_t)charged;
        out->remaining_days = limit->unit == LIMIT_WORKDAY ? (int32_t)limit->amount + row->extension - charged : 0;
    }
    return out;
}

/* --- its verdict --- */

static Approvals__V1__Closing *make_closing(struct asking *a, const struct approval_case *row) {
    const struct limit *statutory = limit_of(a->self, row, true);
    Approvals__V1__Closing *out = asking_take(a, sizeof *out);
    if (out != NULL) {
        approvals__v1__closing__init(out);
        out->on_time = (row->flags & CASE_ON_TIME) != 0;
        out->lawful = (row->flags & CASE_LAWFUL) != 0;
        out->charged_days = row->charged;
        out->has_statutory = statutory->unit != LIMIT_NONE;
        out->statutory_hundredths = out->has_statutory ? limit_hundredths(statutory) + row->extension * 100u : 0;
    }
    return out;
}

/* --- all of it --- */

static void add_agencies(struct asking *a, const struct approval_case *row, Approvals__V1__Case *out) {
    char **agencies = asking_take(a, (1 + APPROVALS_PARTS_MAX) * sizeof *agencies);
    if (agencies == NULL) {
        return;
    }
    agencies[out->n_agencies++] = approvals_agency(a->self, row->agency)->code;
    for (uint32_t part = row->first_part; part != 0 && out->n_agencies <= APPROVALS_PARTS_MAX;
         part = approvals_part(a->self, part)->next) {
        agencies[out->n_agencies++] = approvals_agency(a->self, approvals_part(a->self, part)->agency)->code;
    }
    out->agencies = agencies;
}

static void add_times(const struct approval_case *row, Approvals__V1__Case *out) {
    out->received_at_ms = ms_of(row->received_at);
    out->accepted_at_ms = query_was_accepted(row) ? ms_of(row->accepted_at) : 0;
    out->decided_at_ms = query_is_ended(row) ? ms_of(row->decided_at) : 0;
    out->delivered_at_ms = ms_of(row->delivered_at);
    out->deemed_accepted = (row->flags & CASE_DEEMED) != 0;
}

/* The last four characters of an applicant's number are for those who handle the case. */
static void add_last4(struct asking *a, const struct approval_case *row, Approvals__V1__Case *out) {
    char *last4 =
        row->last4[0] != 0 && query_has_part(a->self, row, a->agency) ? asking_take(a, sizeof row->last4 + 1) : NULL;
    if (last4 != NULL) {
        memcpy(last4, row->last4, sizeof row->last4);
        out->resident_id_last4 = last4;
    }
}

/* The last day that counts: the decision, where it came first. */
static int32_t last_day(const struct approval_case *row, int32_t day) {
    const int32_t ended = civil_day_of_s(row->decided_at);
    return query_is_ended(row) && ended < day ? ended : day;
}

Approvals__V1__Case *query_case(struct asking *a, uint32_t case_row, int32_t day) {
    struct approval_case *row = approvals_case(a->self, case_row);
    struct item_version *version = approvals_version(a->self, row->version);
    Approvals__V1__Case *out = asking_take(a, sizeof *out);
    if (out == NULL) {
        return NULL;
    }
    approvals__v1__case__init(out);
    out->case_number = row->number;
    out->state = (Approvals__V1__CaseState)row->state;
    out->item_code = approvals_item(a->self, version->item)->code;
    out->item_name = version->name;
    out->item_version = version->number;
    out->channel = (Approvals__V1__Channel)row->channel;
    out->client = (Approvals__V1__ClientKind)row->client;
    out->version = row->last_seq;
    out->light = (Approvals__V1__Light)case_light(a->self, row, day);
    add_agencies(a, row, out);
    add_last4(a, row, out);
    add_times(row, out);
    out->promised = make_clock(a, row, false, last_day(row, day));
    out->statutory = make_clock(a, row, true, last_day(row, day));
    if (query_is_decided(row)) {
        out->decision = (Approvals__V1__CaseStep)row->decision;
        out->closing = make_closing(a, row);
    }
    return a->code == 0 ? out : NULL;
}

void query_get_case(struct asking *a, const Approvals__V1__GetCase *query, Approvals__V1__Answer *answer) {
    const uint32_t row = query_find_case(a, query->case_number);
    answer->case_ = row == 0 ? NULL : query_case(a, row, a->today);
    answer->body_case = APPROVALS__V1__ANSWER__BODY_CASE;
}
