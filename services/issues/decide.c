#include "issues/rules.h"

#include "base/civil.h"

bool issues_may_submit(enum role role, const ProtobufCMessage *body) {
    switch ((int)((const Issues__V1__Command *)body)->body_case) {
    case ISSUES__V1__COMMAND__BODY_REGISTER_AGENCY:
    case ISSUES__V1__COMMAND__BODY_TICK:
        return role == ROLE_OPERATOR;
    case ISSUES__V1__COMMAND__BODY_LOAD_NOTICE:
    case ISSUES__V1__COMMAND__BODY_WITHDRAW_NOTICE:
        return role == ROLE_OPERATOR || role == ROLE_SUPERVISOR;
    case ISSUES__V1__COMMAND__BODY_PUBLISH_CONTACT_RULE:
    case ISSUES__V1__COMMAND__BODY_PUBLISH_PROVINCIAL_TASK:
    case ISSUES__V1__COMMAND__BODY_PUBLISH_TASK:
    case ISSUES__V1__COMMAND__BODY_PUBLISH_CIRCULAR:
    case ISSUES__V1__COMMAND__BODY_ISSUE_SLIP:
    case ISSUES__V1__COMMAND__BODY_JUDGE_REPLY:
        return role == ROLE_SUPERVISOR;
    default: /* of records, replies: an officer's or an agency's */
        return roles_actors(role) != 0;
    }
}

/* Where time comes with commands, what a notice changes is planned anew before the next one: a replay is the same each
 * time, however fast it goes. */
static void replan_now(struct deciding *d) {
    d->decision->runs_tick = issues_of(d)->options.time_by_commands && d->decision->event_count > 0;
}

/* Time comes with commands: the skeleton runs the tick behind this one. */
static void tick_came(struct deciding *d) {
    if (!issues_of(d)->options.time_by_commands) {
        decide_refuse(d, ISSUES__V1__CODE__CODE_TICK_NOT_TAKEN, NULL);
    } else if (d->command->occurred_at_ms > issues_course(d->self)->now_ms) {
        struct event_time_came *body = decide_take(d, sizeof *body);
        body->now_ms = d->command->occurred_at_ms;
        decide_emit(d, EVENT_TIME_CAME, body, sizeof *body, 0);
        d->decision->runs_tick = true;
    }
}

static void decide(struct deciding *d, const Issues__V1__Command *body) {
    switch (body->body_case) {
    case ISSUES__V1__COMMAND__BODY_REGISTER_AGENCY:
        issues_register_agency(d, body->register_agency);
        return;
    case ISSUES__V1__COMMAND__BODY_LOAD_NOTICE:
        issues_load_notice(d, body->load_notice);
        replan_now(d);
        return;
    case ISSUES__V1__COMMAND__BODY_WITHDRAW_NOTICE:
        issues_withdraw_notice(d, body->withdraw_notice);
        replan_now(d);
        return;
    case ISSUES__V1__COMMAND__BODY_PUBLISH_CONTACT_RULE:
        contact_rule_publish(d, body->publish_contact_rule);
        return;
    case ISSUES__V1__COMMAND__BODY_REPORT_ISSUE:
        issue_report(d, body->report_issue);
        return;
    case ISSUES__V1__COMMAND__BODY_PUBLISH_PROVINCIAL_TASK:
        provincial_task_publish(d, body->publish_provincial_task);
        return;
    case ISSUES__V1__COMMAND__BODY_PUBLISH_TASK:
        task_publish(d, body->publish_task);
        return;
    case ISSUES__V1__COMMAND__BODY_REPORT_TASK:
        task_report(d, body->report_task);
        return;
    case ISSUES__V1__COMMAND__BODY_REPORT_CLUE:
        clue_report(d, body->report_clue);
        return;
    case ISSUES__V1__COMMAND__BODY_PUBLISH_CIRCULAR:
        circular_publish(d, body->publish_circular);
        return;
    case ISSUES__V1__COMMAND__BODY_ISSUE_SLIP:
        issues_slip_issue_command(d, body->issue_slip);
        return;
    case ISSUES__V1__COMMAND__BODY_REPLY_SLIP:
        issues_slip_reply(d, body->reply_slip);
        return;
    case ISSUES__V1__COMMAND__BODY_JUDGE_REPLY:
        issues_slip_judge(d, body->judge_reply);
        return;
    case ISSUES__V1__COMMAND__BODY_TICK:
        tick_came(d);
        return;
    case ISSUES__V1__COMMAND__BODY__NOT_SET:
    case _ISSUES__V1__COMMAND__BODY__CASE_IS_INT_SIZE:
        break;
    }
    decide_refuse(d, COMMON__V1__CODE__CODE_UNSUPPORTED, "body");
}

void issues_decide(const void *self, const struct command *command, struct arena *arena, struct decision *decision) {
    struct deciding d = {.self = self, .command = command, .arena = arena, .decision = decision};
    d.agency = issues_find_agency(self, command->organisation);
    d.sees_all = command->role == ROLE_SUPERVISOR || command->role == ROLE_LEADER || command->role == ROLE_OPERATOR ||
                 (command->role == ROLE_CLERK && issues_agency(self, d.agency)->is_window);
    if (decide_seconds(command->occurred_at_ms) == 0) {
        decide_refuse(&d, COMMON__V1__CODE__CODE_BAD_TIME, "occurred_at_ms");
        return;
    }
    decide(&d, (const Issues__V1__Command *)command->body);
}
