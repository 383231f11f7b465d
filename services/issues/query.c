#include "issues/query.h"

#include "base/civil.h"
#include "issues/query_internal.h"

#define KIND(name) ISSUES__V1__RECORD_KIND__RECORD_KIND_##name

/* --- who may see what --- */

static bool has_part(const struct issues *self, uint32_t part, uint32_t agency) {
    while (part != 0 && issues_part(self, part)->agency != agency) {
        part = issues_part(self, part)->next;
    }
    return part != 0;
}

bool ask_is_of(const struct issues *self, struct record record, uint32_t agency) {
    if (agency == 0) {
        return false;
    }
    if (record.kind == KIND(ISSUE)) {
        const struct issue *row = issues_issue(self, record.row);
        return row->registrar == agency || row->lead == agency || has_part(self, row->first_part, agency);
    }
    if (record.kind == KIND(TASK)) {
        const struct task *row = issues_task(self, record.row);
        return row->lead == agency || has_part(self, row->first_part, agency);
    }
    const struct clue *row = issues_clue(self, record.row);
    return row->finder == agency || row->agency == agency || row->procuratorate == agency;
}

static bool may_see(const struct asking *a, struct record record) {
    return a->sees_all || ask_is_of(a->self, record, a->agency);
}

struct record ask_find(struct asking *a, Issues__V1__RecordKind kind, const char *number) {
    const uint32_t code = record_check_number(number, ISSUES_NUMBER_BYTES - 2);
    struct record record = code == 0 ? record_find(a->self, kind, number) : (struct record){0};
    if (code != 0) {
        asking_refuse(a, code);
    } else if (record.row == 0 || !may_see(a, record)) {
        asking_refuse(a, COMMON__V1__CODE__CODE_NOT_FOUND);
        record.row = 0;
    }
    return record;
}

bool ask_list_agency(struct asking *a, const char *code, uint32_t *agency) {
    *agency = issues_find_agency(a->self, code);
    return asking_list_agency(a, code[0] != 0, agency, ISSUES__V1__CODE__CODE_AGENCY_UNKNOWN);
}

/* --- the question --- */

static void list_agencies(struct asking *a, Issues__V1__Answer *answer) {
    answer->agencies = agencies_list(&issues_asked(a)->agencies, a->arena);
    answer->body_case = ISSUES__V1__ANSWER__BODY_AGENCIES;
    if (answer->agencies == NULL) {
        asking_refuse(a, COMMON__V1__CODE__CODE_EXHAUSTED);
    }
}

static void ask(struct asking *a, const Issues__V1__Query *query, Issues__V1__Answer *answer) {
    switch (query->body_case) {
    case ISSUES__V1__QUERY__BODY_GET_ISSUE:
        ask_get_issue(a, query->get_issue, answer);
        return;
    case ISSUES__V1__QUERY__BODY_GET_TASK:
        ask_get_task(a, query->get_task, answer);
        return;
    case ISSUES__V1__QUERY__BODY_GET_CLUE:
        ask_get_clue(a, query->get_clue, answer);
        return;
    case ISSUES__V1__QUERY__BODY_GET_HISTORY:
        ask_get_history(a, query->get_history, answer);
        return;
    case ISSUES__V1__QUERY__BODY_LIST_ISSUES:
        ask_list_issues(a, query->list_issues, answer);
        return;
    case ISSUES__V1__QUERY__BODY_LIST_TASKS:
        ask_list_tasks(a, query->list_tasks, answer);
        return;
    case ISSUES__V1__QUERY__BODY_LIST_CLUES:
        ask_list_clues(a, query->list_clues, answer);
        return;
    case ISSUES__V1__QUERY__BODY_LIST_SLIPS:
        ask_list_record_slips(a, query->list_slips, answer);
        return;
    case ISSUES__V1__QUERY__BODY_LIST_CONTACT_RULES:
        ask_list_contact_rules(a, answer);
        return;
    case ISSUES__V1__QUERY__BODY_LIST_STALLS:
        ask_list_stalls(a, query->list_stalls, answer);
        return;
    case ISSUES__V1__QUERY__BODY_LIST_CIRCULARS:
        ask_list_circulars(a, answer);
        return;
    case ISSUES__V1__QUERY__BODY_GET_CIRCULAR:
        ask_get_circular(a, query->get_circular, answer);
        return;
    case ISSUES__V1__QUERY__BODY_LIST_PROVINCIAL_TASKS:
        ask_list_provincial(a, query->list_provincial_tasks, answer);
        return;
    case ISSUES__V1__QUERY__BODY_LIST_AGENCIES:
        list_agencies(a, answer);
        return;
    case ISSUES__V1__QUERY__BODY__NOT_SET:
    case _ISSUES__V1__QUERY__BODY__CASE_IS_INT_SIZE:
        break;
    }
    asking_refuse(a, COMMON__V1__CODE__CODE_UNSUPPORTED);
}

static bool begin(struct asking *a) {
    const struct issues *self = a->self;
    const uint32_t agency = issues_find_agency(self, a->question->principal->organisation);
    const int64_t now_ms = self->options.time_by_commands ? issues_course(self)->now_ms : a->question->received_at_ms;
    return asking_begin(a, agency, issues_agency(self, agency)->is_window != 0, civil_day_of_ms(now_ms));
}

const ProtobufCMessage *issues_query(const void *self, const struct question *question, struct arena *arena,
                                     struct decision *audit, uint32_t *code) {
    (void)audit; /* nothing of a person is asked for here */
    struct asking a = {.self = self, .question = question, .arena = arena};
    Issues__V1__Answer *answer = begin(&a) ? asking_take(&a, sizeof *answer) : NULL;
    if (answer != NULL) {
        issues__v1__answer__init(answer);
        ask(&a, (const Issues__V1__Query *)question->body, answer);
    }
    *code = a.code;
    return a.code == 0 ? &answer->base : NULL;
}
