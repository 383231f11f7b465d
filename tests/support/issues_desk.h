#ifndef TESTS_ISSUES_DESK_H
#define TESTS_ISSUES_DESK_H

#include "issues/query.h"
#include "issues/v1/query.pb-c.h"
#include "support/issues_fixture.h"

/* Questions to the office of issues_fixture.h, with its log behind them. Header only; the office has to keep its log
 * for histories and circulars.
 *
 *     answer = desk_ask(&desk, ROLE_HANDLER, "plan", &(Issues__V1__Query)DESK_QUERY(GET_ISSUE, get_issue, &get));
 */
struct desk {
    struct office *office;
    struct arena arena; /* of the last answer */
    int64_t now_ms;     /* the registry's clock */
    uint32_t code;      /* of the last question that was not answered; else 0 */
    uint64_t reads;     /* events read back since the beginning */
    bool has_no_log;
};

#define DESK_QUERY(word, member, value)                                                                                \
    {                                                                                                                  \
        .base = PROTOBUF_C_MESSAGE_INIT(&issues__v1__query__descriptor), .body_case = ISSUES__V1__QUERY__BODY_##word,  \
        .member = (value)                                                                                              \
    }

static inline void desk_init(struct desk *desk, struct office *office, const char *now) {
    *desk = (struct desk){.office = office, .now_ms = office_ms(now)};
    arena_init(&desk->arena, (size_t)64 << 20);
}

static inline void desk_release(struct desk *desk) {
    arena_release(&desk->arena);
}

static inline bool desk_read_past(void *log, uint64_t seq, struct arena *arena, struct past_event *past) {
    struct desk *desk = log;
    (void)arena;
    if (seq == 0 || seq > desk->office->seq) {
        return false;
    }
    const struct office_event *kept = &desk->office->log[seq - 1];
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
static inline const Issues__V1__Answer *desk_ask(struct desk *desk, enum role role, const char *organisation,
                                                 const Issues__V1__Query *query) {
    struct principal principal = {.role = role};
    struct decision audit = {.event_count = 0};
    snprintf(principal.name, sizeof principal.name, "test");
    snprintf(principal.organisation, sizeof principal.organisation, "%s", organisation);
    const struct question question = {.principal = &principal,
                                      .body = &query->base,
                                      .received_at_ms = desk->now_ms,
                                      .read_past = desk_read_past,
                                      .log = desk->has_no_log ? NULL : desk};
    arena_reset(&desk->arena);
    desk->code = 0;
    const Issues__V1__Answer *answer =
        (const Issues__V1__Answer *)issues_query(&desk->office->issues, &question, &desk->arena, &audit, &desk->code);
    if ((answer == NULL) == (desk->code == 0) || audit.event_count != 0) {
        abort();
    }
    /* an answer can be sent, and is one of the contract */
    if (answer != NULL &&
        (protobuf_c_message_get_packed_size(&answer->base) > 1024 * 1024 - 64 || answer->body_case == 0)) {
        abort();
    }
    return answer;
}

/* As the operator. */
static inline const Issues__V1__Answer *desk_tell(struct desk *desk, const Issues__V1__Query *query) {
    return desk_ask(desk, ROLE_OPERATOR, "operator", query);
}

static inline const Issues__V1__Issue *desk_issue(struct desk *desk, enum role role, const char *organisation,
                                                  const char *number) {
    Issues__V1__GetIssue get = ISSUES__V1__GET_ISSUE__INIT;
    get.issue_number = office_text(number);
    const Issues__V1__Answer *answer =
        desk_ask(desk, role, organisation, &(Issues__V1__Query)DESK_QUERY(GET_ISSUE, get_issue, &get));
    return answer == NULL ? NULL : answer->issue;
}

static inline const Issues__V1__Task *desk_task(struct desk *desk, enum role role, const char *organisation,
                                                const char *number) {
    Issues__V1__GetTask get = ISSUES__V1__GET_TASK__INIT;
    get.task_number = office_text(number);
    const Issues__V1__Answer *answer =
        desk_ask(desk, role, organisation, &(Issues__V1__Query)DESK_QUERY(GET_TASK, get_task, &get));
    return answer == NULL ? NULL : answer->task;
}

static inline const Issues__V1__Clue *desk_clue(struct desk *desk, enum role role, const char *organisation,
                                                const char *number) {
    Issues__V1__GetClue get = ISSUES__V1__GET_CLUE__INIT;
    get.clue_number = office_text(number);
    const Issues__V1__Answer *answer =
        desk_ask(desk, role, organisation, &(Issues__V1__Query)DESK_QUERY(GET_CLUE, get_clue, &get));
    return answer == NULL ? NULL : answer->clue;
}

static inline const Issues__V1__History *desk_history(struct desk *desk, enum role role, const char *organisation,
                                                      Issues__V1__RecordKind kind, const char *number, uint64_t before,
                                                      uint32_t limit) {
    Issues__V1__GetHistory get = ISSUES__V1__GET_HISTORY__INIT;
    get.kind = kind;
    get.number = office_text(number);
    get.before = before;
    get.limit = limit;
    const Issues__V1__Answer *answer =
        desk_ask(desk, role, organisation, &(Issues__V1__Query)DESK_QUERY(GET_HISTORY, get_history, &get));
    return answer == NULL ? NULL : answer->history;
}

#endif
