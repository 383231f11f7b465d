#include "approvals/rules.h"
#include "base/check.h"

bool approvals_may_submit(enum role role, const ProtobufCMessage *body) {
    switch ((int)((const Approvals__V1__Command *)body)->body_case) {
    case APPROVALS__V1__COMMAND__BODY_REGISTER_AGENCY:
    case APPROVALS__V1__COMMAND__BODY_TICK:
        return role == ROLE_OPERATOR;
    case APPROVALS__V1__COMMAND__BODY_LOAD_NOTICE:
    case APPROVALS__V1__COMMAND__BODY_WITHDRAW_NOTICE:
        return role == ROLE_OPERATOR || role == ROLE_SUPERVISOR;
    case APPROVALS__V1__COMMAND__BODY_PUBLISH_ITEM:
    case APPROVALS__V1__COMMAND__BODY_REMOVE_ITEM:
        return role == ROLE_SUPERVISOR || role == ROLE_PUBLISHER;
    case APPROVALS__V1__COMMAND__BODY_ISSUE_SLIP:
    case APPROVALS__V1__COMMAND__BODY_JUDGE_REPLY:
        return role == ROLE_SUPERVISOR;
    default: /* cases, ratings, replies: an officer's or an agency's */
        return roles_actors(role) != 0;
    }
}

/* Where time comes with commands, what a notice changes is planned anew before the next one: a replay is the same each time,
 * however fast it goes. */
static void replan_now(struct deciding *d) {
    d->decision->runs_tick = approvals_of(d)->options.time_by_commands && d->decision->event_count > 0;
}

/* Time comes with commands: the skeleton runs the tick behind this one. */
static void tick_came(struct deciding *d) {
    if (!approvals_of(d)->options.time_by_commands) {
        decide_refuse(d, APPROVALS__V1__CODE__CODE_TICK_NOT_TAKEN, NULL);
    } else if (d->command->occurred_at_ms > approvals_course(d->self)->now_ms) {
        struct event_time_came *body = decide_take(d, sizeof *body);
        body->now_ms = d->command->occurred_at_ms;
        decide_emit(d, EVENT_TIME_CAME, body, sizeof *body, 0);
        d->decision->runs_tick = true;
    }
}

static void decide(struct deciding *d, const Approvals__V1__Command *body) {
    switch (body->body_case) {
    case APPROVALS__V1__COMMAND__BODY_REGISTER_AGENCY:
        rules_register_agency(d, body->register_agency);
        return;
    case APPROVALS__V1__COMMAND__BODY_LOAD_NOTICE:
        rules_load_notice(d, body->load_notice);
        replan_now(d);
        return;
    case APPROVALS__V1__COMMAND__BODY_WITHDRAW_NOTICE:
        rules_withdraw_notice(d, body->withdraw_notice);
        replan_now(d);
        return;
    case APPROVALS__V1__COMMAND__BODY_PUBLISH_ITEM:
        rules_publish_item(d, body->publish_item);
        return;
    case APPROVALS__V1__COMMAND__BODY_REMOVE_ITEM:
        rules_remove_item(d, body->remove_item);
        return;
    case APPROVALS__V1__COMMAND__BODY_REPORT_CASE:
        rules_report_case(d, body->report_case);
        return;
    case APPROVALS__V1__COMMAND__BODY_RATE_CASE:
        rules_rate_case(d, body->rate_case);
        return;
    case APPROVALS__V1__COMMAND__BODY_REPORT_RECTIFICATION:
        rules_report_rectification(d, body->report_rectification);
        return;
    case APPROVALS__V1__COMMAND__BODY_ISSUE_SLIP:
        rules_issue_slip(d, body->issue_slip);
        return;
    case APPROVALS__V1__COMMAND__BODY_REPLY_SLIP:
        rules_reply_slip(d, body->reply_slip);
        return;
    case APPROVALS__V1__COMMAND__BODY_JUDGE_REPLY:
        rules_judge_reply(d, body->judge_reply);
        return;
    case APPROVALS__V1__COMMAND__BODY_TICK:
        tick_came(d);
        return;
    case APPROVALS__V1__COMMAND__BODY__NOT_SET:
    case _APPROVALS__V1__COMMAND__BODY__CASE_IS_INT_SIZE:
        break;
    }
    decide_refuse(d, COMMON__V1__CODE__CODE_UNSUPPORTED, "body");
}

void approvals_decide(const void *self, const struct command *command, struct arena *arena, struct decision *decision) {
    struct deciding d = {.self = self, .command = command, .arena = arena, .decision = decision};
    d.agency = approvals_find_agency(self, command->organisation);
    d.sees_all = command->role == ROLE_SUPERVISOR || command->role == ROLE_LEADER || command->role == ROLE_OPERATOR ||
                 (command->role == ROLE_CLERK && approvals_agency(self, d.agency)->is_window);
    if (decide_seconds(command->occurred_at_ms) == 0) {
        decide_refuse(&d, COMMON__V1__CODE__CODE_BAD_TIME, "occurred_at_ms");
        return;
    }
    decide(&d, (const Approvals__V1__Command *)command->body);
}
