#include <string.h>

#include "base/civil.h"
#include "base/hash.h"
#include "issues/rules.h"

/* Tasks of the province, and drafts of the city's own. A draft may be published anew until it is issued. */

#define KIND(name) ISSUES__V1__INDICATOR_KIND__INDICATOR_KIND_##name
#define VALUE_MAX INT64_C(1000000000000000)
enum { YEAR_MIN = 2000, YEAR_MAX = 2100, TEXT_BYTES_MAX = 200, UNIT_BYTES_MAX = 32, WHOLE = 1000, YES = 100 };

static bool refuse(struct deciding *d, uint32_t code, const char *field) {
    decide_refuse(d, code, field);
    return false;
}

static uint32_t check_year(uint32_t year) {
    return year == 0                            ? COMMON__V1__CODE__CODE_MISSING
           : year < YEAR_MIN || year > YEAR_MAX ? COMMON__V1__CODE__CODE_MALFORMED
                                                : 0;
}

/* --- the province's --- */

void provincial_task_publish(struct deciding *d, const Issues__V1__PublishProvincialTask *said) {
    const struct issues *self = d->self;
    const char *field = "year";
    uint32_t code = check_year(said->year);
    if (code == 0) {
        field = "code";
        code = record_check_number(said->code, ISSUES_CODE_BYTES - 1);
    }
    if (code == 0) {
        field = "title";
        code = record_check_text(said->title, false, TEXT_BYTES_MAX);
    }
    if (code == 0 && issues_find_provincial(self, said->year, said->code) != 0) {
        return; /* known */
    }
    if (code == 0 && table_is_full(&self->provincial_tasks)) {
        field = NULL;
        code = COMMON__V1__CODE__CODE_EXHAUSTED;
    }
    if (code != 0) {
        decide_refuse(d, code, field);
        return;
    }
    struct event_provincial_task body = {.at = decide_seconds(d->command->occurred_at_ms),
                                         .year = (uint16_t)said->year};
    struct texts texts;
    memcpy(body.code, said->code, strlen(said->code));
    texts_begin(d, &texts, &body, sizeof body, strlen(said->title), 1);
    texts_add(&texts, TEXT_TITLE, said->title);
    decide_emit(d, EVENT_PROVINCIAL_TASK, texts.bytes, texts.size, 0)->public_body =
        publish_provincial_task(d, said->year);
}

/* --- a draft: its parts --- */

struct draft {
    const Issues__V1__PublishTask *said;
    struct event_task_drafted body;
    struct indicator indicators[ISSUES_INDICATORS_MAX];
    struct milestone milestones[ISSUES_MILESTONES_MAX];
    uint32_t mappings[ISSUES_PROVINCIAL_MAX];
};

static bool is_code(const char *text) {
    const size_t size = strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789_");
    return size > 0 && text[size] == '\0' && size < ISSUES_CODE_BYTES;
}

static bool is_value(int64_t value) {
    return value >= -VALUE_MAX && value <= VALUE_MAX;
}

/* Whether kind, baseline, target and total fit together. */
static bool fits(const Issues__V1__Indicator *said) {
    if (!is_value(said->baseline) || !is_value(said->target) || !is_value(said->total)) {
        return false;
    }
    switch (said->kind) {
    case KIND(INCREASE):
        return said->target > said->baseline && said->total == 0;
    case KIND(DECREASE):
        return said->target < said->baseline && said->total == 0;
    case KIND(REACH_AT_LEAST):
    case KIND(REACH_AT_MOST):
        return said->total == 0;
    case KIND(BOOLEAN):
        return (said->baseline == 0 || said->baseline == YES) && said->target == YES && said->total == 0;
    case KIND(COVERAGE):
        return said->total > 0 && said->target >= 0 && said->target <= said->total && said->baseline >= 0 &&
               said->baseline <= said->total;
    case KIND(UNSPECIFIED):
    case _ISSUES__V1__INDICATOR_KIND_IS_INT_SIZE:
        break;
    }
    return false;
}

static bool add_indicators(struct deciding *d, struct draft *draft) {
    if (draft->said->n_indicators > ISSUES_INDICATORS_MAX) {
        return refuse(d, COMMON__V1__CODE__CODE_TOO_LARGE, "indicators");
    }
    for (size_t i = 0; i < draft->said->n_indicators; i++) {
        const Issues__V1__Indicator *said = draft->said->indicators[i];
        bool is_good = is_code(said->code) && fits(said);
        for (size_t k = 0; k < i; k++) {
            is_good = is_good && strcmp(draft->said->indicators[k]->code, said->code) != 0;
        }
        if (!is_good) {
            return refuse(d, ISSUES__V1__CODE__CODE_INDICATOR_RULE, "indicators");
        }
        if (record_check_text(said->name, false, TEXT_BYTES_MAX) != 0 ||
            record_check_text(said->unit, false, UNIT_BYTES_MAX) != 0 ||
            record_check_text(said->metric, false, UNIT_BYTES_MAX * 2) != 0) {
            return refuse(d, ISSUES__V1__CODE__CODE_FIELD_TOO_LONG, "indicators");
        }
        draft->indicators[i] = (struct indicator){.baseline = said->baseline,
                                                  .target = said->target,
                                                  .measured = said->baseline,
                                                  .total = said->total,
                                                  .kind = (uint8_t)said->kind};
        memcpy(draft->indicators[i].code, said->code, strlen(said->code));
    }
    draft->body.indicator_count = (uint8_t)draft->said->n_indicators;
    return true;
}

static bool add_milestones(struct deciding *d, struct draft *draft) {
    int32_t day = draft->body.start;
    uint32_t expected = 0;
    if (draft->said->n_milestones > ISSUES_MILESTONES_MAX) {
        return refuse(d, COMMON__V1__CODE__CODE_TOO_LARGE, "milestones");
    }
    for (size_t i = 0; i < draft->said->n_milestones; i++) {
        const Issues__V1__Milestone *said = draft->said->milestones[i];
        const bool is_in_order = said->due_day >= (uint32_t)day && said->due_day <= (uint32_t)draft->body.due;
        const bool rises =
            said->expected_permille == 0 || (said->expected_permille >= expected && said->expected_permille <= WHOLE);
        if (!is_in_order || !rises) {
            return refuse(d, COMMON__V1__CODE__CODE_MALFORMED, "milestones");
        }
        if (record_check_text(said->name, false, TEXT_BYTES_MAX) != 0) {
            return refuse(d, ISSUES__V1__CODE__CODE_FIELD_TOO_LONG, "milestones");
        }
        draft->milestones[i] =
            (struct milestone){.due = (int32_t)said->due_day, .expected = (uint16_t)said->expected_permille};
        day = (int32_t)said->due_day;
        expected = said->expected_permille == 0 ? expected : said->expected_permille;
    }
    draft->body.milestone_count = (uint8_t)draft->said->n_milestones;
    return true;
}

static bool add_provincial(struct deciding *d, struct draft *draft) {
    if (draft->said->n_provincial > ISSUES_PROVINCIAL_MAX) {
        return refuse(d, COMMON__V1__CODE__CODE_TOO_LARGE, "provincial");
    }
    for (size_t i = 0; i < draft->said->n_provincial; i++) {
        const char *code = draft->said->provincial[i];
        const uint32_t row =
            strlen(code) < ISSUES_CODE_BYTES ? issues_find_provincial(d->self, draft->said->year, code) : 0;
        if (row == 0) {
            return refuse(d, ISSUES__V1__CODE__CODE_PROVINCIAL_UNKNOWN, "provincial");
        }
        for (size_t k = 0; k < i; k++) {
            if (draft->mappings[k] == row) {
                return refuse(d, COMMON__V1__CODE__CODE_MALFORMED, "provincial");
            }
        }
        draft->mappings[i] = row;
    }
    draft->body.mapping_count = (uint8_t)draft->said->n_provincial;
    return true;
}

static bool add_units(struct deciding *d, struct draft *draft) {
    const uint32_t lead = issues_find_agency(d->self, draft->said->lead);
    if (lead == 0) {
        return refuse(d,
                      draft->said->lead[0] == '\0' ? (uint32_t)COMMON__V1__CODE__CODE_MISSING
                                                   : (uint32_t)ISSUES__V1__CODE__CODE_AGENCY_UNKNOWN,
                      "lead");
    }
    if (draft->said->n_cooperating > ISSUES_PARTS_MAX) {
        return refuse(d, COMMON__V1__CODE__CODE_TOO_LARGE, "cooperating");
    }
    draft->body.lead = (uint16_t)lead;
    for (size_t i = 0; i < draft->said->n_cooperating; i++) {
        const uint32_t agency = issues_find_agency(d->self, draft->said->cooperating[i]);
        bool is_there = agency == lead;
        for (size_t k = 0; k < i; k++) {
            is_there = is_there || draft->body.parts[k] == agency;
        }
        if (agency == 0 || is_there) {
            return refuse(d,
                          agency == 0 ? (uint32_t)ISSUES__V1__CODE__CODE_AGENCY_UNKNOWN
                                      : (uint32_t)COMMON__V1__CODE__CODE_MALFORMED,
                          "cooperating");
        }
        draft->body.parts[draft->body.part_count++] = (uint16_t)agency;
    }
    return true;
}

/* --- a draft: the rest --- */

static bool check_texts(struct deciding *d, const Issues__V1__PublishTask *said) {
    uint32_t code = record_check_text(said->title, true, TEXT_BYTES_MAX);
    if (code != 0) {
        return refuse(d, code, "title");
    }
    code = record_check_text(said->annual_target, false, ISSUES_REASON_BYTES_MAX);
    if (code != 0) {
        return refuse(d, code, "annual_target");
    }
    code = record_check_text(said->leading_office, said->key, TEXT_BYTES_MAX);
    if (code != 0 || (said->leading_office[0] != '\0' && !said->key)) {
        return refuse(d, code != 0 ? code : (uint32_t)COMMON__V1__CODE__CODE_MALFORMED, "leading_office");
    }
    if (said->n_measures > ISSUES_MEASURES_MAX) {
        return refuse(d, COMMON__V1__CODE__CODE_TOO_LARGE, "measures");
    }
    for (size_t i = 0; i < said->n_measures; i++) {
        code = record_check_text(said->measures[i], true, TEXT_BYTES_MAX);
        if (code != 0) {
            return refuse(d, code, "measures");
        }
    }
    return true;
}

static bool check_head(struct deciding *d, struct draft *draft) {
    const Issues__V1__PublishTask *said = draft->said;
    const uint32_t code = check_year(said->year);
    if (code != 0) {
        return refuse(d, code, "year");
    }
    if (said->field < ISSUES__V1__REFORM_FIELD__REFORM_FIELD_ECONOMY ||
        said->field > ISSUES__V1__REFORM_FIELD__REFORM_FIELD_PARTY) {
        return refuse(d,
                      said->field == 0 ? (uint32_t)COMMON__V1__CODE__CODE_MISSING
                                       : (uint32_t)COMMON__V1__CODE__CODE_UNKNOWN_VALUE,
                      "field");
    }
    if (said->start_day == 0 || said->due_day == 0) {
        return refuse(d, COMMON__V1__CODE__CODE_MISSING, said->start_day == 0 ? "start_day" : "due_day");
    }
    if (said->start_day > said->due_day || said->due_day > (uint32_t)civil_day_from_date(YEAR_MAX + 1, 12, 31)) {
        return refuse(d, COMMON__V1__CODE__CODE_MALFORMED, "due_day");
    }
    if (said->n_indicators == 0 && said->n_milestones == 0) {
        return refuse(d, COMMON__V1__CODE__CODE_MISSING, "indicators");
    }
    draft->body.start = (int32_t)said->start_day;
    draft->body.due = (int32_t)said->due_day;
    draft->body.year = (uint16_t)said->year;
    draft->body.field = (uint8_t)said->field;
    draft->body.flags = said->key ? TASK_KEY : 0;
    return true;
}

static bool has_room(const struct issues *self, const struct draft *draft) {
    return (draft->body.task <= self->tasks.count || !table_is_full(&self->tasks)) &&
           self->indicators.count + draft->body.indicator_count <= self->indicators.rows_max &&
           self->milestones.count + draft->body.milestone_count <= self->milestones.rows_max &&
           self->mappings.count + draft->body.mapping_count <= self->mappings.rows_max &&
           self->parts.count + draft->body.part_count <= self->parts.rows_max;
}

/* Body, indicators, milestones, mappings, and what was said, packed. */
static void emit(struct deciding *d, const struct draft *draft, uint64_t prev, const uint8_t *packed,
                 size_t packed_size) {
    const struct {
        const void *bytes;
        size_t size;
    } pieces[] = {
        {&draft->body, sizeof draft->body},
        {draft->indicators, draft->body.indicator_count * sizeof draft->indicators[0]},
        {draft->milestones, draft->body.milestone_count * sizeof draft->milestones[0]},
        {draft->mappings, draft->body.mapping_count * sizeof draft->mappings[0]},
        {packed, packed_size},
    };
    size_t size = 0, at = 0;
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        size += pieces[i].size;
    }
    uint8_t *bytes = decide_take(d, size);
    for (size_t i = 0; i < sizeof pieces / sizeof pieces[0]; i++) {
        memcpy(bytes + at, pieces[i].bytes, pieces[i].size);
        at += pieces[i].size;
    }
    decide_emit(d, EVENT_TASK_DRAFTED, bytes, size, prev); /* nothing of a draft is in the feed */
}

static void publish(struct deciding *d, struct draft *draft, uint32_t known) {
    const struct task *row = issues_task(d->self, known);
    const size_t packed_size = issues__v1__publish_task__get_packed_size(draft->said);
    uint8_t *packed = decide_take(d, packed_size);
    issues__v1__publish_task__pack(draft->said, packed);
    draft->body.content = hash_bytes(packed, packed_size);
    draft->body.task = known != 0 ? known : issues_of(d)->tasks.count + 1;
    draft->body.at = decide_seconds(d->command->occurred_at_ms);
    draft->body.by = (uint16_t)d->agency;
    draft->body.actor = COMMON__V1__ACTOR__ACTOR_SUPERVISOR;
    memcpy(draft->body.number, draft->said->task_number, strlen(draft->said->task_number));
    if (known != 0 && row->content == draft->body.content) {
        return; /* the same again */
    }
    if (known != 0 && row->state != ISSUES__V1__TASK_STATE__TASK_STATE_DRAFT) {
        decide_refuse(d, ISSUES__V1__CODE__CODE_TASK_FIXED, "task_number");
    } else if (draft->body.at < row->last_at) { /* of a new one: 0 */
        decide_refuse(d, ISSUES__V1__CODE__CODE_BEFORE_LAST_STEP, "occurred_at_ms");
    } else if (!has_room(d->self, draft)) {
        decide_refuse(d, COMMON__V1__CODE__CODE_EXHAUSTED, NULL);
    } else {
        emit(d, draft, row->last_seq, packed, packed_size);
    }
}

void task_publish(struct deciding *d, const Issues__V1__PublishTask *said) {
    struct draft *draft = decide_take(d, sizeof *draft);
    const uint32_t code = record_check_number(said->task_number, ISSUES_NUMBER_BYTES - 2);
    draft->said = said;
    if (code != 0) {
        decide_refuse(d, code, "task_number");
        return;
    }
    const uint32_t known = issues_find_task(d->self, said->task_number);
    if (decide_check_version(d, issues_task(d->self, known)->last_seq) && check_head(d, draft) &&
        check_texts(d, said) && add_units(d, draft) && add_provincial(d, draft) && add_indicators(d, draft) &&
        add_milestones(d, draft)) {
        publish(d, draft, known);
    }
}
