#include "agencies/agencies.h"
#include "base/civil.h"
#include "calendar/notices.h"
#include "issues/rules.h"

/* Agencies and the calendar, by an operator: agencies/agencies.h and calendar/notices.h have the rules. */

static uint32_t code_of_agency(enum agency_verdict verdict) {
    switch (verdict) {
    case AGENCY_NEW:
    case AGENCY_SAME:
        return 0;
    case AGENCY_FULL:
        return COMMON__V1__CODE__CODE_EXHAUSTED;
    case AGENCY_MISSING:
        return COMMON__V1__CODE__CODE_MISSING;
    case AGENCY_MALFORMED:
        return COMMON__V1__CODE__CODE_MALFORMED;
    case AGENCY_TOO_LONG:
        return ISSUES__V1__CODE__CODE_FIELD_TOO_LONG;
    case AGENCY_REGION_UNKNOWN:
        return ISSUES__V1__CODE__CODE_REGION_UNKNOWN;
    case AGENCY_REGION_FIXED:
        return ISSUES__V1__CODE__CODE_REGION_FIXED;
    case AGENCY_CREDIT_INVALID:
        return ISSUES__V1__CODE__CODE_CREDIT_CODE_INVALID;
    }
    return COMMON__V1__CODE__CODE_MALFORMED;
}

static Issues__V1__Event *event_of(struct deciding *d, Issues__V1__Event__BodyCase body_case) {
    Issues__V1__Event *event = decide_take(d, sizeof *event);
    issues__v1__event__init(event);
    event->body_case = body_case;
    return event;
}

static const ProtobufCMessage *publish_registered(struct deciding *d, const struct agency_body *body) {
    Issues__V1__Event *event = event_of(d, ISSUES__V1__EVENT__BODY_AGENCY_REGISTERED);
    event->agency_registered = decide_take(d, sizeof *event->agency_registered);
    agencies_publish(body, event->agency_registered);
    return &event->base;
}

void issues_register_agency(struct deciding *d, const Common__V1__RegisterAgency *body) {
    struct agency_body *logged = decide_take(d, sizeof *logged);
    const char *field = NULL;
    bool is_odd = false;
    const enum agency_verdict verdict = agencies_check(&issues_of(d)->agencies, body, logged, &is_odd, &field);
    const struct agency *known = issues_agency(d->self, issues_find_agency(d->self, body->agency));
    if (code_of_agency(verdict) != 0) {
        decide_refuse(d, code_of_agency(verdict), field);
    } else if (decide_check_version(d, known->last_seq) && verdict == AGENCY_NEW) {
        decide_emit(d, EVENT_AGENCY_REGISTERED, logged, sizeof *logged, known->last_seq)->public_body =
            publish_registered(d, logged);
        if (is_odd) { /* an old code is taken; the sender hears of it */
            d->decision->code = ISSUES__V1__CODE__CODE_CREDIT_CODE_INVALID;
            d->decision->field = "credit_code";
        }
    }
}

/* --- notices --- */

static uint32_t code_of_notice(enum notice_verdict verdict) {
    switch (verdict) {
    case NOTICE_NEW:
    case NOTICE_SAME:
        return 0;
    case NOTICE_OTHER:
        return ISSUES__V1__CODE__CODE_NOTICE_FIXED;
    case NOTICE_FULL:
        return COMMON__V1__CODE__CODE_EXHAUSTED;
    case NOTICE_MISSING:
        return COMMON__V1__CODE__CODE_MISSING;
    case NOTICE_MALFORMED:
        return COMMON__V1__CODE__CODE_MALFORMED;
    case NOTICE_TOO_MANY:
        return COMMON__V1__CODE__CODE_TOO_LARGE;
    case NOTICE_TOO_LONG:
        return ISSUES__V1__CODE__CODE_FIELD_TOO_LONG;
    }
    return COMMON__V1__CODE__CODE_MALFORMED;
}

static const ProtobufCMessage *publish_notice_changed(struct deciding *d, const char *notice, int32_t published_day,
                                                      bool is_withdrawn) {
    Issues__V1__Event *event = event_of(d, ISSUES__V1__EVENT__BODY_NOTICE_CHANGED);
    event->notice_changed = decide_take(d, sizeof *event->notice_changed);
    common__v1__notice_changed__init(event->notice_changed);
    event->notice_changed->notice = (char *)(uintptr_t)notice; /* packed only: read */
    event->notice_changed->published_day = (uint32_t)published_day;
    event->notice_changed->withdrawn = is_withdrawn;
    return &event->base;
}

void issues_load_notice(struct deciding *d, const Common__V1__LoadNotice *body) {
    struct notice_body *logged = NULL;
    const char *field = NULL;
    size_t size = 0;
    const enum notice_verdict verdict = notices_check(&issues_of(d)->notices, body, d->arena, &logged, &size, &field);
    if (code_of_notice(verdict) != 0) {
        decide_refuse(d, code_of_notice(verdict), verdict == NOTICE_FULL ? NULL : field);
    } else if (verdict == NOTICE_NEW) {
        decide_emit(d, EVENT_NOTICE_LOADED, logged, size, 0)->public_body =
            publish_notice_changed(d, body->notice, logged->published_day, false);
    }
}

void issues_withdraw_notice(struct deciding *d, const Common__V1__WithdrawNotice *body) {
    const uint32_t row = notices_find(&issues_of(d)->notices, body->notice);
    const struct notice *known = notices_row(&issues_of(d)->notices, row);
    if (body->notice[0] == 0) {
        decide_refuse(d, COMMON__V1__CODE__CODE_MISSING, "notice");
        return;
    }
    if (row == 0 || known->withdrawn_seq != 0) {
        decide_refuse(d, ISSUES__V1__CODE__CODE_NOTICE_UNKNOWN, "notice");
        return;
    }
    struct event_notice_withdrawn *logged = decide_take(d, sizeof *logged);
    logged->notice = row;
    decide_emit(d, EVENT_NOTICE_WITHDRAWN, logged, sizeof *logged, known->seq)->public_body =
        publish_notice_changed(d, body->notice, known->published_day, true);
}
