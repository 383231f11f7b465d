#include <string.h>

#include "approvals/publish_item.h"
#include "approvals/rules.h"
#include "base/civil.h"

/*
 * Holiday notices of the State Council. A notice is loaded once, under its own name; a later notice overrides the days
 * that it names too, and a notice that was taken back by its publisher is withdrawn. What was known when stays known
 * (notices.h).
 */

static bool is_day(uint32_t day) {
    return day <= (uint32_t)INT32_MAX && (int32_t)day >= civil_day_from_date(CALENDAR_FIRST_YEAR, 1, 1) &&
           (int32_t)day < civil_day_from_date(CALENDAR_LAST_YEAR + 1, 1, 1);
}

static uint32_t check_name(const char *name) {
    if (name[0] == 0) {
        return COMMON__V1__CODE__CODE_MISSING;
    }
    for (const char *c = name; *c != 0; c++) {
        if ((unsigned char)*c <= ' ' || *c == 0x7f) {
            return COMMON__V1__CODE__CODE_MALFORMED;
        }
    }
    return strlen(name) < sizeof((struct notice *)NULL)->name ? 0 : APPROVALS__V1__CODE__CODE_FIELD_TOO_LONG;
}

static uint32_t check_years(const Approvals__V1__LoadNotice *body) {
    if (body->n_years > APPROVALS_NOTICE_YEARS_MAX) {
        return COMMON__V1__CODE__CODE_TOO_LARGE;
    }
    for (size_t i = 0; i < body->n_years; i++) {
        if (body->years[i] < CALENDAR_FIRST_YEAR || body->years[i] > CALENDAR_LAST_YEAR) {
            return COMMON__V1__CODE__CODE_MALFORMED;
        }
    }
    return body->n_years == 0 && body->n_days == 0 ? COMMON__V1__CODE__CODE_MISSING : 0; /* it would say nothing */
}

static uint32_t check_days(const Approvals__V1__LoadNotice *body) {
    if (body->n_days > APPROVALS_NOTICE_DAYS_MAX) {
        return COMMON__V1__CODE__CODE_TOO_LARGE;
    }
    for (size_t i = 0; i < body->n_days; i++) {
        if (!is_day(body->days[i]->day)) {
            return COMMON__V1__CODE__CODE_MALFORMED;
        }
        if (strlen(body->days[i]->name) >= sizeof((struct notice_line *)NULL)->name) {
            return APPROVALS__V1__CODE__CODE_FIELD_TOO_LONG;
        }
    }
    return 0;
}

static uint32_t check(const Approvals__V1__LoadNotice *body, const char **field) {
    *field = "notice";
    uint32_t code = check_name(body->notice);
    if (code == 0) {
        *field = "published_day";
        code = body->published_day == 0      ? COMMON__V1__CODE__CODE_MISSING
               : is_day(body->published_day) ? 0
                                             : COMMON__V1__CODE__CODE_MALFORMED;
    }
    if (code == 0) {
        *field = "years";
        code = check_years(body);
    }
    if (code == 0) {
        *field = "days";
        code = check_days(body);
    }
    return code;
}

/* As it will be logged; lines by day, so that the order in which they came does not matter. NULL: a day is named twice.
 */
static struct event_notice_loaded *make_body(struct deciding *d, const Approvals__V1__LoadNotice *body, size_t *size) {
    *size = sizeof(struct event_notice_loaded) + body->n_days * sizeof(struct event_notice_line);
    struct event_notice_loaded *logged = decide_take(d, *size);
    struct event_notice_line *lines = (struct event_notice_line *)(logged + 1);
    memcpy(logged->name, body->notice, strlen(body->notice));
    logged->published_day = (int32_t)body->published_day;
    logged->line_count = (uint32_t)body->n_days;
    for (size_t i = 0; i < body->n_years; i++) {
        logged->years[i] = (uint16_t)body->years[i];
    }
    for (size_t i = 0; i < body->n_days; i++) {
        const int32_t day = (int32_t)body->days[i]->day;
        size_t place = i;
        for (; place > 0 && lines[place - 1].day > day; place--) {
            lines[place] = lines[place - 1];
        }
        if (place > 0 && lines[place - 1].day == day) {
            return NULL;
        }
        lines[place] = (struct event_notice_line){.day = day, .is_off = body->days[i]->off != 0};
        memcpy(lines[place].name, body->days[i]->name, strlen(body->days[i]->name));
    }
    return logged;
}

static bool is_same(const struct approvals *self, const struct notice *known,
                    const struct event_notice_loaded *logged) {
    const struct event_notice_line *lines = (const struct event_notice_line *)(logged + 1);
    bool is_same = known->published_day == logged->published_day && known->line_count == logged->line_count &&
                   memcmp(known->years, logged->years, sizeof known->years) == 0;
    for (uint32_t i = 0; is_same && i < logged->line_count; i++) {
        const struct notice_line *line = approvals_line(self, known->first_line + i);
        is_same =
            line->day == lines[i].day && line->is_off == lines[i].is_off && strcmp(line->name, lines[i].name) == 0;
    }
    return is_same;
}

void rules_load_notice(struct deciding *d, const Approvals__V1__LoadNotice *body) {
    const char *field = NULL;
    size_t size = 0;
    const uint32_t code = check(body, &field);
    const struct event_notice_loaded *logged = code == 0 ? make_body(d, body, &size) : NULL;
    if (logged == NULL) {
        decide_refuse(d, code == 0 ? (uint32_t)COMMON__V1__CODE__CODE_MALFORMED : code, code == 0 ? "days" : field);
        return;
    }
    const uint32_t row = approvals_find_notice(d->self, body->notice);
    const struct notice *known = approvals_notice(d->self, row);
    if (row != 0) {
        if (known->withdrawn_seq != 0 || !is_same(d->self, known, logged)) {
            decide_refuse(d, APPROVALS__V1__CODE__CODE_NOTICE_FIXED, "notice");
        }
        return;
    }
    if (table_is_full(&d->self->notices) ||
        d->self->notice_lines.rows_max - d->self->notice_lines.count < logged->line_count) {
        decide_refuse(d, COMMON__V1__CODE__CODE_EXHAUSTED, NULL);
        return;
    }
    decide_emit(d, EVENT_NOTICE_LOADED, logged, size, 0)->public_body =
        publish_notice(d, body->notice, logged->published_day, false);
}

void rules_withdraw_notice(struct deciding *d, const Approvals__V1__WithdrawNotice *body) {
    const uint32_t row = approvals_find_notice(d->self, body->notice);
    const struct notice *known = approvals_notice(d->self, row);
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
