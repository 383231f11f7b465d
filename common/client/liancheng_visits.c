#include <stdlib.h>

#include "base/check.h"
#include "client/liancheng_internal.h"
#include "visits/v1/commands.pb-c.h"

#define NUMBER_BYTES_MAX 64
#define DEPARTMENT_BYTES_MAX 32
#define DOMAIN_BYTES_MAX 32
#define BODY_BYTES_MAX 4096 /* the longest command made here has less: each text has its bound */

/* The header's numbers are the contract's. */
_Static_assert((int)LIANCHENG_CLASS_OTHER == (int)VISITS__V1__VISIT_CLASS__VISIT_CLASS_OTHER &&
                   (int)LIANCHENG_CLASS_INPATIENT == (int)VISITS__V1__VISIT_CLASS__VISIT_CLASS_INPATIENT,
               "classes");
_Static_assert((int)LIANCHENG_CARD_HOSPITAL == (int)VISITS__V1__CARD_KIND__CARD_KIND_HOSPITAL &&
                   (int)LIANCHENG_CARD_SOCIAL_SECURITY == (int)VISITS__V1__CARD_KIND__CARD_KIND_SOCIAL_SECURITY,
               "cards");
_Static_assert((int)LIANCHENG_ID_SOCIAL_CARD_CODE ==
                       (int)VISITS__V1__IDENTIFIER_KIND__IDENTIFIER_KIND_SOCIAL_CARD_CODE &&
                   (int)LIANCHENG_ID_INPATIENT == (int)VISITS__V1__IDENTIFIER_KIND__IDENTIFIER_KIND_INPATIENT,
               "kinds");
_Static_assert((int)LIANCHENG_PRE_ADMISSION_CANCELLED ==
                       (int)VISITS__V1__VISIT_STATEMENT__VISIT_STATEMENT_PRE_ADMISSION_CANCELLED &&
                   (int)LIANCHENG_MOVED == (int)VISITS__V1__VISIT_STATEMENT__VISIT_STATEMENT_MOVED,
               "statements");

/* --- Arguments -------------------------------------------------------------------------------------------------------
 */

static bool is_present(const char *text, size_t max) {
    return text != NULL && text[0] != '\0' && lc_is_text(text, max);
}

static enum liancheng_status check_ids(struct liancheng *handle, const struct liancheng_visit *visit) {
    if (visit->id_count > LIANCHENG_IDS_MAX || (visit->id_count > 0 && visit->ids == NULL)) {
        return lc_misused(handle, "ids", "at most 8");
    }
    for (size_t i = 0; i < visit->id_count; i++) {
        const struct liancheng_id *id = &visit->ids[i];
        if ((unsigned)id->kind > LIANCHENG_ID_SOCIAL_CARD_CODE) {
            return lc_misused(handle, "ids.kind", "not known");
        }
        if (!is_present(id->value, NUMBER_BYTES_MAX) || !lc_is_text(id->domain, DOMAIN_BYTES_MAX)) {
            return lc_misused(handle, "ids", "a value of 1 to 64 bytes, a domain of at most 32, in UTF-8");
        }
    }
    return LIANCHENG_OK;
}

static enum liancheng_status check_visit(struct liancheng *handle, const struct liancheng_visit *visit) {
    if (!is_present(visit->visit_number, NUMBER_BYTES_MAX)) {
        return lc_misused(handle, "visit_number", "UTF-8 of 1 to 64 bytes");
    }
    if (!lc_is_text(visit->resident_id, NUMBER_BYTES_MAX)) {
        return lc_misused(handle, "resident_id", "UTF-8 of at most 64 bytes");
    }
    if (!lc_is_text(visit->department, DEPARTMENT_BYTES_MAX)) {
        return lc_misused(handle, "department", "UTF-8 of at most 32 bytes");
    }
    if (!lc_is_text(visit->former_number, NUMBER_BYTES_MAX)) {
        return lc_misused(handle, "former_number", "UTF-8 of at most 64 bytes");
    }
    if ((unsigned)visit->card > LIANCHENG_CARD_HOSPITAL || (unsigned)visit->visit_class > LIANCHENG_CLASS_OTHER) {
        return lc_misused(handle, "card, visit_class", "not known");
    }
    return check_ids(handle, visit);
}

/* Copies and checks it. */
static enum liancheng_status take_visit(struct liancheng *handle, const struct liancheng_visit *given,
                                        struct liancheng_visit *visit) {
    return lc_take_struct(visit, sizeof *visit, given) ? check_visit(handle, visit)
                                                       : lc_misused(handle, "size", "of another version of the struct");
}

/* --- Messages --------------------------------------------------------------------------------------------------------
 */

/* protobuf-c's packer takes char *, and only reads. */
static char *text(const char *constant) {
    return (char *)(uintptr_t)(constant == NULL ? "" : constant);
}

/* The person of a visit as a message, with what it points to. */
struct person {
    Visits__V1__Identifiers message;
    Visits__V1__LocalId ids[LIANCHENG_IDS_MAX];
    Visits__V1__LocalId *pointers[LIANCHENG_IDS_MAX];
};

/* NULL: nothing is said of the person. */
static Visits__V1__Identifiers *person_of(const struct liancheng_visit *visit, struct person *person) {
    visits__v1__identifiers__init(&person->message);
    person->message.resident_id = text(visit->resident_id);
    person->message.local_ids = person->pointers;
    person->message.n_local_ids = visit->id_count;
    for (size_t i = 0; i < visit->id_count; i++) {
        visits__v1__local_id__init(&person->ids[i]);
        person->ids[i].kind = (Visits__V1__IdentifierKind)visit->ids[i].kind;
        person->ids[i].value = text(visit->ids[i].value);
        person->ids[i].domain = text(visit->ids[i].domain);
        person->pointers[i] = &person->ids[i];
    }
    return visit->id_count == 0 && person->message.resident_id[0] == '\0' ? NULL : &person->message;
}

static enum liancheng_status submit(struct liancheng *handle, const struct liancheng_visit *visit,
                                    const Visits__V1__Command *message, uint64_t *number) {
    uint8_t body[BODY_BYTES_MAX];
    CHECK(visits__v1__command__get_packed_size(message) <= sizeof body);
    struct liancheng_command command;
    liancheng_command_init(&command);
    command.reference = visit->reference;
    command.body = body;
    command.body_bytes = visits__v1__command__pack(message, body);
    command.occurred_at_ms = visit->occurred_at_ms;
    return liancheng_submit_command(handle, &command, number);
}

/* --- Commands --------------------------------------------------------------------------------------------------------
 */

enum liancheng_status liancheng_visit_open(struct liancheng *handle, const struct liancheng_visit *given,
                                           uint64_t *number) {
    struct liancheng_visit visit;
    struct person person;
    Visits__V1__OpenVisit open = VISITS__V1__OPEN_VISIT__INIT;
    Visits__V1__Command command = VISITS__V1__COMMAND__INIT;
    const enum liancheng_status wrong = take_visit(handle, given, &visit);
    if (wrong != LIANCHENG_OK) {
        return wrong;
    }
    open.visit_number = text(visit.visit_number);
    open.person = person_of(&visit, &person);
    open.card_kind = (Visits__V1__CardKind)visit.card;
    open.visit_class = (Visits__V1__VisitClass)visit.visit_class;
    open.recorded_at_ms = visit.recorded_at_ms;
    command.body_case = VISITS__V1__COMMAND__BODY_OPEN_VISIT;
    command.open_visit = &open;
    return submit(handle, &visit, &command, number);
}

enum liancheng_status liancheng_visit_close(struct liancheng *handle, const struct liancheng_visit *given,
                                            uint64_t *number) {
    struct liancheng_visit visit;
    Visits__V1__CloseVisit close = VISITS__V1__CLOSE_VISIT__INIT;
    Visits__V1__Command command = VISITS__V1__COMMAND__INIT;
    const enum liancheng_status wrong = take_visit(handle, given, &visit);
    if (wrong != LIANCHENG_OK) {
        return wrong;
    }
    close.visit_number = text(visit.visit_number);
    close.recorded_at_ms = visit.recorded_at_ms;
    command.body_case = VISITS__V1__COMMAND__BODY_CLOSE_VISIT;
    command.close_visit = &close;
    return submit(handle, &visit, &command, number);
}

enum liancheng_status liancheng_visit_cancel(struct liancheng *handle, const struct liancheng_visit *given,
                                             uint64_t *number) {
    struct liancheng_visit visit;
    Visits__V1__CancelVisit cancel = VISITS__V1__CANCEL_VISIT__INIT;
    Visits__V1__Command command = VISITS__V1__COMMAND__INIT;
    const enum liancheng_status wrong = take_visit(handle, given, &visit);
    if (wrong != LIANCHENG_OK) {
        return wrong;
    }
    cancel.visit_number = text(visit.visit_number);
    cancel.recorded_at_ms = visit.recorded_at_ms;
    command.body_case = VISITS__V1__COMMAND__BODY_CANCEL_VISIT;
    command.cancel_visit = &cancel;
    return submit(handle, &visit, &command, number);
}

enum liancheng_status liancheng_visit_change_class(struct liancheng *handle, const struct liancheng_visit *given,
                                                   uint64_t *number) {
    struct liancheng_visit visit;
    Visits__V1__ChangeClass change = VISITS__V1__CHANGE_CLASS__INIT;
    Visits__V1__Command command = VISITS__V1__COMMAND__INIT;
    const enum liancheng_status wrong = take_visit(handle, given, &visit);
    if (wrong != LIANCHENG_OK) {
        return wrong;
    }
    change.visit_number = text(visit.visit_number);
    change.visit_class = (Visits__V1__VisitClass)visit.visit_class;
    change.recorded_at_ms = visit.recorded_at_ms;
    command.body_case = VISITS__V1__COMMAND__BODY_CHANGE_CLASS;
    command.change_class = &change;
    return submit(handle, &visit, &command, number);
}

static void fill_report(const struct liancheng_visit *visit, Visits__V1__ReportVisit *report) {
    report->visit_number = text(visit->visit_number);
    report->card_kind = (Visits__V1__CardKind)visit->card;
    report->visit_class = (Visits__V1__VisitClass)visit->visit_class;
    report->opened_at_ms = visit->opened_at_ms;
    report->recorded_at_ms = visit->recorded_at_ms;
    report->department = text(visit->department);
    report->may_create = visit->may_create != 0;
    report->former_number = text(visit->former_number);
}

enum liancheng_status liancheng_visit_report(struct liancheng *handle, enum liancheng_statement statement,
                                             const struct liancheng_visit *given, uint64_t *number) {
    struct liancheng_visit visit;
    struct person person;
    Visits__V1__ReportVisit report = VISITS__V1__REPORT_VISIT__INIT;
    Visits__V1__RescueTimes rescue = VISITS__V1__RESCUE_TIMES__INIT;
    Visits__V1__Command command = VISITS__V1__COMMAND__INIT;
    const enum liancheng_status wrong = take_visit(handle, given, &visit);
    if (wrong != LIANCHENG_OK) {
        return wrong;
    }
    if ((unsigned)statement < LIANCHENG_OPENED || (unsigned)statement > LIANCHENG_PRE_ADMISSION_CANCELLED) {
        return lc_misused(handle, "statement", "not known");
    }
    report.statement = (Visits__V1__VisitStatement)statement;
    fill_report(&visit, &report);
    report.person = person_of(&visit, &person);
    if (visit.rescue_called_at_ms != 0 || visit.rescue_arrived_at_ms != 0) {
        rescue.called_at_ms = visit.rescue_called_at_ms;
        rescue.arrived_at_ms = visit.rescue_arrived_at_ms;
        rescue.urban = visit.rescue_is_urban != 0;
        report.rescue = &rescue;
    }
    command.body_case = VISITS__V1__COMMAND__BODY_REPORT_VISIT;
    command.report_visit = &report;
    return submit(handle, &visit, &command, number);
}
