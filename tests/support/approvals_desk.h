#ifndef TESTS_APPROVALS_DESK_H
#define TESTS_APPROVALS_DESK_H

#include "approvals/query.h"
#include "approvals/v1/query.pb-c.h"
#include "support/approvals_fixture.h"

/* Questions to the town of approvals_fixture.h, with its log behind them. Header only; the town has to keep its log for
 * histories. */
struct desk {
    struct town *town;
    struct arena arena; /* of the last answer */
    int64_t now_ms;     /* the registry's clock */
    uint32_t code;      /* of the last question that was not answered */
    uint64_t reads;     /* events read back since the beginning */
};

static inline void desk_init(struct desk *desk, struct town *town, const char *now) {
    *desk = (struct desk){.town = town, .now_ms = town_ms(now)};
    arena_init(&desk->arena, (size_t)64 << 20);
}

static inline void desk_release(struct desk *desk) {
    arena_release(&desk->arena);
}

static inline bool desk_read_past(void *log, uint64_t seq, struct arena *arena, struct past_event *past) {
    struct desk *desk = log;
    (void)arena;
    if (!desk->town->keeps_log || seq == 0 || seq > desk->town->seq) {
        return false;
    }
    const struct town_event *kept = &desk->town->log[seq - 1];
    desk->reads++;
    *past = (struct past_event){.event = {.type = kept->type,
                                          .seq = seq,
                                          .prev = kept->prev,
                                          .private_body = kept->body,
                                          .private_size = kept->size},
                                .at_ms = (int64_t)seq * 1000};
    return true;
}

/* NULL: desk->code. */
static inline const Approvals__V1__Answer *desk_ask(struct desk *desk, enum role role, const char *organisation,
                                                    const Approvals__V1__Query *query) {
    struct principal principal = {.role = role};
    struct decision audit = {.event_count = 0};
    snprintf(principal.name, sizeof principal.name, "test");
    snprintf(principal.organisation, sizeof principal.organisation, "%s", organisation);
    const struct question question = {.principal = &principal,
                                      .body = &query->base,
                                      .received_at_ms = desk->now_ms,
                                      .read_past = desk->town->keeps_log ? desk_read_past : NULL,
                                      .log = desk};
    arena_reset(&desk->arena);
    desk->code = 0;
    const Approvals__V1__Answer *answer = (const Approvals__V1__Answer *)approvals_query(
        &desk->town->approvals, &question, &desk->arena, &audit, &desk->code);
    if ((answer == NULL) == (desk->code == 0) || audit.event_count != 0) {
        abort();
    }
    /* an answer can be sent */
    if (answer != NULL && protobuf_c_message_get_packed_size(&answer->base) > 1024 * 1024 - 64) {
        abort();
    }
    return answer;
}

static inline const Approvals__V1__Case *desk_case(struct desk *desk, enum role role, const char *organisation,
                                                   const char *number) {
    Approvals__V1__Query query = APPROVALS__V1__QUERY__INIT;
    Approvals__V1__GetCase get = APPROVALS__V1__GET_CASE__INIT;
    get.case_number = town_text(number);
    query.body_case = APPROVALS__V1__QUERY__BODY_GET_CASE;
    query.get_case = &get;
    const Approvals__V1__Answer *answer = desk_ask(desk, role, organisation, &query);
    return answer == NULL ? NULL : answer->case_;
}

/* As the operator, as at the end of a day; NULL day: today. */
static inline const Approvals__V1__Explanation *desk_explain(struct desk *desk, const char *number, const char *day) {
    Approvals__V1__Query query = APPROVALS__V1__QUERY__INIT;
    Approvals__V1__ExplainDeadline explain = APPROVALS__V1__EXPLAIN_DEADLINE__INIT;
    explain.case_number = town_text(number);
    explain.day = day == NULL ? 0 : (uint32_t)town_day(day);
    query.body_case = APPROVALS__V1__QUERY__BODY_EXPLAIN_DEADLINE;
    query.explain_deadline = &explain;
    const Approvals__V1__Answer *answer = desk_ask(desk, ROLE_OPERATOR, "operator", &query);
    return answer == NULL ? NULL : answer->explanation;
}

static inline const Approvals__V1__History *desk_history(struct desk *desk, enum role role, const char *organisation,
                                                         const char *number, uint64_t before, uint32_t limit) {
    Approvals__V1__Query query = APPROVALS__V1__QUERY__INIT;
    Approvals__V1__GetHistory get = APPROVALS__V1__GET_HISTORY__INIT;
    get.case_number = town_text(number);
    get.before = before;
    get.limit = limit;
    query.body_case = APPROVALS__V1__QUERY__BODY_GET_HISTORY;
    query.get_history = &get;
    const Approvals__V1__Answer *answer = desk_ask(desk, role, organisation, &query);
    return answer == NULL ? NULL : answer->history;
}

#endif
