#include <string.h>

#include "approvals/publish_item.h"
#include "approvals/rules.h"

/*
 * Holiday notices of the State Council. A notice is loaded once, under its own name; a later notice overrides the days
 * that it names too, and a notice that was taken back by its publisher is withdrawn. What was known when stays known
 * (calendar/notices.h).
 */

static uint32_t code_of(enum notice_verdict verdict) {
    switch (verdict) {
    case NOTICE_NEW:
    case NOTICE_SAME:
        return 0;
    case NOTICE_OTHER:
        return APPROVALS__V1__CODE__CODE_NOTICE_FIXED;
    case NOTICE_FULL:
        return COMMON__V1__CODE__CODE_EXHAUSTED;
    case NOTICE_MISSING:
        return COMMON__V1__CODE__CODE_MISSING;
    case NOTICE_MALFORMED:
        return COMMON__V1__CODE__CODE_MALFORMED;
    case NOTICE_TOO_MANY:
        return COMMON__V1__CODE__CODE_TOO_LARGE;
    case NOTICE_TOO_LONG:
        return APPROVALS__V1__CODE__CODE_FIELD_TOO_LONG;
    }
    return COMMON__V1__CODE__CODE_MALFORMED;
}

void rules_load_notice(struct deciding *d, const Common__V1__LoadNotice *body) {
    struct notice_body *logged = NULL;
    const char *field = NULL;
    size_t size = 0;
    const enum notice_verdict verdict = notices_check(&approvals_of(d)->notices, body, d->arena, &logged, &size, &field);
    const uint32_t code = code_of(verdict);
    if (code != 0) {
        decide_refuse(d, code, verdict == NOTICE_FULL ? NULL : field);
    } else if (verdict == NOTICE_NEW) {
        decide_emit(d, EVENT_NOTICE_LOADED, logged, size, 0)->public_body =
            publish_notice(d, body->notice, logged->published_day, false);
    }
}

void rules_withdraw_notice(struct deciding *d, const Common__V1__WithdrawNotice *body) {
    const uint32_t row = notices_find(&approvals_of(d)->notices, body->notice);
    const struct notice *known = notices_row(&approvals_of(d)->notices, row);
    if (body->notice[0] == 0) {
        decide_refuse(d, COMMON__V1__CODE__CODE_MISSING, "notice");
        return;
    }
    if (row == 0 || known->withdrawn_seq != 0) {
        decide_refuse(d, APPROVALS__V1__CODE__CODE_NOTICE_UNKNOWN, "notice");
        return;
    }
    struct event_notice_withdrawn *logged = decide_take(d, sizeof *logged);
    logged->notice = row;
    decide_emit(d, EVENT_NOTICE_WITHDRAWN, logged, sizeof *logged, known->seq)->public_body =
        publish_notice(d, body->notice, known->published_day, true);
}
