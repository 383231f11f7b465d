#include "base/check.h"
#include "ctl/city.h"

/* Commands of the year as the contract's messages. */

/* protobuf-c never writes through the strings of a message it packs. */
static char *borrow(const char *text) {
    return (char *)(uintptr_t)text;
}

static void fill_open(const struct city_command *command, Visits__V1__OpenVisit *open) {
    visits__v1__open_visit__init(open);
    open->visit_number = borrow(command->visit_number);
    open->resident_id = borrow(command->resident_id);
    open->local_id = borrow(command->local_id);
    open->card_kind = command->card_kind;
    open->visit_class = command->visit_class;
    open->recorded_at_ms = command->recorded_at_ms;
}

static void fill_person(const struct city_command *command, struct city_report *report) {
    visits__v1__identifiers__init(&report->person);
    report->person.resident_id = borrow(command->resident_id);
    if (command->local_id[0] != '\0') {
        visits__v1__local_id__init(&report->local_id);
        report->local_id.value = borrow(command->local_id);
        report->local_ids[0] = &report->local_id;
        report->person.local_ids = report->local_ids;
        report->person.n_local_ids = 1;
    }
}

/* The opening and how the patient came, in one statement. */
static void fill_report(const struct city_command *command, struct city_report *report) {
    fill_person(command, report);
    visits__v1__rescue_times__init(&report->rescue);
    report->rescue.called_at_ms = command->rescue.called_at_ms;
    report->rescue.arrived_at_ms = command->rescue.arrived_at_ms;
    report->rescue.urban = command->rescue.urban;
    visits__v1__report_visit__init(&report->visit);
    report->visit.statement = VISITS__V1__VISIT_STATEMENT__VISIT_STATEMENT_OPENED;
    report->visit.visit_number = borrow(command->visit_number);
    report->visit.person = &report->person;
    report->visit.card_kind = command->card_kind;
    report->visit.visit_class = command->visit_class;
    report->visit.recorded_at_ms = command->recorded_at_ms;
    report->visit.rescue = &report->rescue;
}

static void fill_opening(const struct city_command *command, Visits__V1__Command *message,
                         union city_message_part *part) {
    if (command->rescue.called_at_ms == 0) {
        fill_open(command, &part->open);
        message->body_case = VISITS__V1__COMMAND__BODY_OPEN_VISIT;
        message->open_visit = &part->open;
        return;
    }
    fill_report(command, &part->report);
    message->body_case = VISITS__V1__COMMAND__BODY_REPORT_VISIT;
    message->report_visit = &part->report.visit;
}

void city_command_message(const struct city_command *command, Visits__V1__Command *message,
                          union city_message_part *part) {
    visits__v1__command__init(message);
    switch (command->kind) {
    case CITY_OPEN:
    case CITY_AGAIN:
    case CITY_REOPEN:
    case CITY_REFRESH:
        fill_opening(command, message, part);
        break;
    case CITY_CHANGE:
        visits__v1__change_class__init(&part->change);
        part->change.visit_number = borrow(command->visit_number);
        part->change.visit_class = command->visit_class;
        message->body_case = VISITS__V1__COMMAND__BODY_CHANGE_CLASS;
        message->change_class = &part->change;
        break;
    case CITY_CLOSE:
        visits__v1__close_visit__init(&part->close);
        part->close.visit_number = borrow(command->visit_number);
        message->body_case = VISITS__V1__COMMAND__BODY_CLOSE_VISIT;
        message->close_visit = &part->close;
        break;
    case CITY_CANCEL:
        visits__v1__cancel_visit__init(&part->cancel);
        part->cancel.visit_number = borrow(command->visit_number);
        message->body_case = VISITS__V1__COMMAND__BODY_CANCEL_VISIT;
        message->cancel_visit = &part->cancel;
        break;
    }
}

size_t city_command_pack(const struct city_command *command, uint8_t body[CITY_BODY_BYTES_MAX]) {
    Visits__V1__Command message;
    union city_message_part part;
    city_command_message(command, &message, &part);
    size_t size = visits__v1__command__pack(&message, body);
    CHECK(size <= CITY_BODY_BYTES_MAX);
    return size;
}
