#include "visits/rules_statement.h"

/* OpenVisit: the short form of an opening, as most visits come. */

static bool check_form(struct deciding *d, const Visits__V1__OpenVisit *body) {
    if (body->visit_class == VISITS__V1__VISIT_CLASS__VISIT_CLASS_UNSPECIFIED) {
        rules_refuse(d, COMMON__V1__CODE__CODE_MISSING, "visit_class");
        return false;
    }
    if (body->card_kind == VISITS__V1__CARD_KIND__CARD_KIND_UNSPECIFIED) {
        rules_refuse(d, COMMON__V1__CODE__CODE_MISSING, "card_kind");
        return false;
    }
    return true;
}

void rules_open_visit(struct deciding *d, const Visits__V1__OpenVisit *body) {
    struct statement s = {.opens = true, .makes = true};
    if (!check_form(d, body) || !statement_needs_person(d, &s) ||
        !statement_begin(d, body->visit_number, body->recorded_at_ms, &s)) {
        return;
    }
    statement_says_begin(&s, rules_seconds(d->command->occurred_at_ms), body->card_kind, false);
    statement_says_class(&s, body->visit_class, 0);
    statement_decide(d, &s);
}
