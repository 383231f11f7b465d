#ifndef TESTS_VISITS_TEXT_H
#define TESTS_VISITS_TEXT_H

#include "support/visits_fixture.h"
#include "visits/codes.h"
#include "visits/events_person.h"

/* What was decided, as text: for tables of cases. Header only, for cmocka tests (include cmocka.h before). */

struct text {
    char bytes[4096];
    size_t size;
};

__attribute__((format(printf, 2, 3))) static inline void put(struct text *text, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    const int length = vsnprintf(text->bytes + text->size, sizeof text->bytes - text->size, format, arguments);
    va_end(arguments);
    assert_true(length >= 0 && text->size + (size_t)length < sizeof text->bytes);
    text->size += (size_t)length;
}

static inline const char *class_word(unsigned visit_class) {
    static const char *const words[] = {"all", "in", "out", "emer", "pre", "exam", "other"};
    assert_true(visit_class < 7);
    return words[visit_class];
}

static inline void put_visit(struct text *text, const char *word, const Visits__V1__Visit *visit) {
    char day[CIVIL_DATE_TEXT_BYTES];
    civil_date_format((int32_t)visit->day, day);
    put(text, "%s %s %u %s %s%s %06x", word, day, visit->region, visit->facility, class_word(visit->visit_class),
        visit->one_card ? " card" : "", visit->edge);
    if (visit->rescue != 0) {
        put(text, " rescue %d", (int)visit->rescue);
    }
}

static inline void put_delta(struct text *text, const Visits__V1__PatientsDelta *delta) {
    static const char *const periods[] = {"?", "day", "month", "year", "all"};
    char day[CIVIL_DATE_TEXT_BYTES] = "";
    if (delta->period != VISITS__V1__PERIOD__PERIOD_ALL_TIME) {
        civil_date_format((int32_t)delta->day, day);
    } else {
        assert_int_equal(delta->day, 0);
    }
    put(text, " [%u%s%s %s%s%s %s %+d]", delta->region, delta->facility[0] ? " " : "", delta->facility,
        periods[delta->period], day[0] ? " " : "", day, class_word(delta->visit_class), delta->patients);
}

static inline void put_public(struct text *text, const Visits__V1__Event *event) {
    switch (event->body_case) {
    case VISITS__V1__EVENT__BODY_FACILITY_REGISTERED:
        put(text, "registered %s %s %u", event->facility_registered->facility, event->facility_registered->name,
            event->facility_registered->region);
        return;
    case VISITS__V1__EVENT__BODY_VISIT_APPEARED:
        put_visit(text, "appeared", event->visit_appeared);
        return;
    case VISITS__V1__EVENT__BODY_VISIT_LEFT:
        put_visit(text, "left", event->visit_left);
        return;
    case VISITS__V1__EVENT__BODY_VISIT_CHANGED:
        put_visit(text, "changed", event->visit_changed->before);
        put_visit(text, " ->", event->visit_changed->after);
        return;
    case VISITS__V1__EVENT__BODY_PATIENTS_CORRECTED:
        put(text, "corrected");
        for (size_t i = 0; i < event->patients_corrected->n_deltas; i++) {
            put_delta(text, event->patients_corrected->deltas[i]);
        }
        return;
    case VISITS__V1__EVENT__BODY__NOT_SET:
    case _VISITS__V1__EVENT__BODY__CASE_IS_INT_SIZE:
        break;
    }
    put(text, "?");
}

static inline void put_event(struct text *text, const struct event *event) {
    static const char *const quiet[] = {
        [EVENT_VISIT_CLOSED] = "closed",
        [EVENT_VISIT_CANCELLED] = "cancelled",
        [EVENT_VISIT_CAME] = "came",
        [EVENT_VISIT_STATED] = "stated",
        [EVENT_VISIT_JOINED] = "joined",
        [EVENT_VISITS_NUMBERED] = "numbered",
        [EVENT_VISITS_MOVED] = "moved",
        [EVENT_PERSONS_STATED] = "person said",
        [EVENT_PERSONS_REGROUPED] = "regrouped",
    };
    if (event->public_body == NULL) {
        assert_true(event->type < sizeof quiet / sizeof quiet[0] && quiet[event->type] != NULL);
        put(text, "(%s)", quiet[event->type]);
    } else {
        put_public(text, (const Visits__V1__Event *)event->public_body);
    }
}

static inline const char *decision_text(const struct decision *decision, struct text *text) {
    *text = (struct text){.size = 0};
    if (decision->refused) {
        assert_int_equal(decision->event_count, 0);
        put(text, "refused %s %s", code_text_find(visits_codes, decision->code)->name,
            decision->field == NULL ? "-" : decision->field);
        return text->bytes;
    }
    for (size_t i = 0; i < decision->event_count; i++) {
        put(text, i > 0 ? "; " : "%s", "");
        put_event(text, &decision->events[i]);
    }
    if (decision->event_count == 0) {
        put(text, "nothing");
    }
    if (decision->code != 0) {
        put(text, " warned %s %s", code_text_find(visits_codes, decision->code)->name, decision->field);
    }
    return text->bytes;
}

#endif
