#include <string.h>

#include "base/hash.h"
#include "issues/rules.h"

/* The coded lists of what officials may and must not do with enterprises. A rule keeps its list; its text may change,
 * and it may be withdrawn and come back. */

static uint32_t check(const struct issues *self, const Issues__V1__PublishContactRule *said, uint32_t known,
                      const char **field) {
    *field = "rule";
    uint32_t code = record_check_number(said->rule, sizeof((struct contact_rule *)NULL)->code - 2);
    if (code != 0) {
        return code;
    }
    if (known == 0 && said->withdrawn) {
        return ISSUES__V1__CODE__CODE_CONTACT_RULE_UNKNOWN;
    }
    *field = "text";
    code = record_check_text(said->text, !said->withdrawn, ISSUES_REASON_BYTES_MAX);
    if (code != 0) {
        return code;
    }
    *field = "negative";
    if (known != 0 && (issues_contact_rule(self, known)->is_negative != 0) != (said->negative != 0) &&
        !said->withdrawn) {
        return COMMON__V1__CODE__CODE_MALFORMED;
    }
    *field = NULL;
    return known == 0 && table_is_full(&self->contact_rules) ? COMMON__V1__CODE__CODE_EXHAUSTED : 0;
}

void contact_rule_publish(struct deciding *d, const Issues__V1__PublishContactRule *said) {
    const struct issues *self = d->self;
    const uint32_t known = issues_find_contact_rule(self, said->rule);
    const struct contact_rule *row = issues_contact_rule(self, known);
    const char *field = NULL;
    const uint32_t code = check(self, said, known, &field);
    if (code != 0) {
        decide_refuse(d, code, field);
        return;
    }
    struct event_contact_rule body = {.content =
                                          said->withdrawn ? row->content : hash_bytes(said->text, strlen(said->text)),
                                      .rule = known != 0 ? known : self->contact_rules.count + 1,
                                      .at = decide_seconds(d->command->occurred_at_ms),
                                      .is_negative = known != 0 ? row->is_negative : said->negative != 0,
                                      .in_force = !said->withdrawn};
    if (!decide_check_version(d, row->last_seq) ||
        (known != 0 && row->content == body.content && row->in_force == body.in_force)) {
        return;
    }
    memcpy(body.code, said->rule, strlen(said->rule));
    struct texts texts;
    texts_begin(d, &texts, &body, sizeof body, strlen(said->text), 1);
    texts_add(&texts, TEXT_TITLE, said->text);
    decide_emit(d, EVENT_CONTACT_RULE, texts.bytes, texts.size, row->last_seq)->public_body =
        publish_contact_rule(d, body.at, body.is_negative != 0, body.in_force - row->in_force);
}
