/* The golden bytes of every message of the contract, read and written by protobuf-c. tests/contract/golden/ holds one file
 * for each message, or for each member of its oneof: bytes as the first release that knew the message sent them. */
#include <dirent.h>
#include <inttypes.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "approvals/v1/commands.pb-c.h"
#include "approvals/v1/events.pb-c.h"
#include "approvals/v1/query.pb-c.h"
#include "base/buffer.h"
#include "base/file.h"
#include "common/v1/message.pb-c.h"
#include "hl7/v1/query.pb-c.h"
#include "issues/v1/commands.pb-c.h"
#include "issues/v1/events.pb-c.h"
#include "issues/v1/query.pb-c.h"
#include "metrics/v1/metrics.pb-c.h"
#include "visits/v1/commands.pb-c.h"
#include "visits/v1/events.pb-c.h"
#include "visits/v1/query.pb-c.h"

#define GOLDEN "tests/contract/golden"
#define MESSAGES_MAX 1024

/* From these every message of the contract is reached. */
static const ProtobufCMessageDescriptor *const roots[] = {
    &common__v1__request__descriptor, &common__v1__reply__descriptor,   &visits__v1__command__descriptor,
    &visits__v1__event__descriptor,   &visits__v1__query__descriptor,   &visits__v1__answer__descriptor,
    &approvals__v1__command__descriptor, &approvals__v1__event__descriptor, &approvals__v1__query__descriptor,
    &approvals__v1__answer__descriptor,  &issues__v1__command__descriptor,    &issues__v1__event__descriptor,
    &issues__v1__query__descriptor,      &issues__v1__answer__descriptor,
    &metrics__v1__command__descriptor, &metrics__v1__query__descriptor, &metrics__v1__answer__descriptor,
    &hl7__v1__query__descriptor,       &hl7__v1__answer__descriptor,
};

static const ProtobufCMessageDescriptor *messages[MESSAGES_MAX];
static size_t message_count;

static void collect(const ProtobufCMessageDescriptor *descriptor) {
    for (size_t i = 0; i < message_count; i++) {
        if (messages[i] == descriptor) {
            return;
        }
    }
    assert_true(message_count < MESSAGES_MAX);
    messages[message_count++] = descriptor;
    for (unsigned i = 0; i < descriptor->n_fields; i++) {
        if (descriptor->fields[i].type == PROTOBUF_C_TYPE_MESSAGE) {
            collect(descriptor->fields[i].descriptor);
        }
    }
}

static int collect_all(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof roots / sizeof roots[0]; i++) {
        collect(roots[i]);
    }
    return 0;
}

static ProtobufCMessage *unpack_golden(const ProtobufCMessageDescriptor *descriptor, const char *name,
                                       struct buffer *golden) {
    char path[512];
    snprintf(path, sizeof path, GOLDEN "/%s.bin", name);
    buffer_clear(golden);
    if (file_read(path, 1 << 20, golden) != STATUS_OK) {
        fail_msg("%s is missing (tests/contract/golden/make.py makes it; tests run from the top folder)", path);
    }
    ProtobufCMessage *message = protobuf_c_message_unpack(descriptor, NULL, golden->size, golden->data);
    if (!message) {
        fail_msg("%s does not unpack", path);
    }
    return message;
}

/* Calls visit for each message that a field holds. */
static void for_each_child(const ProtobufCMessage *message, const ProtobufCFieldDescriptor *field,
                           void (*visit)(const ProtobufCMessage *child)) {
    const uint8_t *base = (const uint8_t *)message;
    if (field->label == PROTOBUF_C_LABEL_REPEATED) {
        size_t count = *(const size_t *)(const void *)(base + field->quantifier_offset);
        ProtobufCMessage *const *children = *(ProtobufCMessage *const *const *)(const void *)(base + field->offset);
        for (size_t i = 0; i < count; i++) {
            visit(children[i]);
        }
        return;
    }
    bool in_oneof = field->flags & PROTOBUF_C_FIELD_FLAG_ONEOF;
    const ProtobufCMessage *child = *(ProtobufCMessage *const *)(const void *)(base + field->offset);
    bool is_set = in_oneof ? *(const uint32_t *)(const void *)(base + field->quantifier_offset) == field->id
                           : child != NULL; /* absent in bytes that are older than the field */
    if (is_set) {
        visit(child);
    }
}

/* Each byte was understood: an unknown field means that this build forgot one. */
static void assert_nothing_unknown(const ProtobufCMessage *message) {
    assert_non_null(message);
    if (message->n_unknown_fields > 0) {
        fail_msg("%s: field %" PRIu32 " is not known", message->descriptor->name, message->unknown_fields[0].tag);
    }
    for (unsigned i = 0; i < message->descriptor->n_fields; i++) {
        if (message->descriptor->fields[i].type == PROTOBUF_C_TYPE_MESSAGE) {
            for_each_child(message, &message->descriptor->fields[i], assert_nothing_unknown);
        }
    }
}

static void check_golden(const ProtobufCMessageDescriptor *descriptor, const char *name) {
    struct buffer golden = {0};
    ProtobufCMessage *message = unpack_golden(descriptor, name, &golden);
    assert_nothing_unknown(message);
    uint8_t *again = malloc(protobuf_c_message_get_packed_size(message) + 1);
    assert_non_null(again);
    size_t size = protobuf_c_message_pack(message, again);
    if (size != golden.size || memcmp(again, golden.data, size) != 0) {
        fail_msg("%s packs to other bytes", name);
    }
    free(again);
    protobuf_c_message_free_unpacked(message, NULL);
    buffer_release(&golden);
}

static void test_every_message_is_read_and_written_the_same(void **state) {
    (void)state;
    for (size_t i = 0; i < message_count; i++) {
        const ProtobufCMessageDescriptor *descriptor = messages[i];
        bool has_oneof = false;
        for (unsigned k = 0; k < descriptor->n_fields; k++) {
            if (descriptor->fields[k].flags & PROTOBUF_C_FIELD_FLAG_ONEOF) {
                char name[256];
                snprintf(name, sizeof name, "%s.%s", descriptor->name, descriptor->fields[k].name);
                check_golden(descriptor, name);
                has_oneof = true;
            }
        }
        if (!has_oneof) {
            check_golden(descriptor, descriptor->name);
        }
    }
}

/* Files of later additions ("visits.v1.OpenVisit.ward.bin") belong to the longest message name they begin with. */
static const ProtobufCMessageDescriptor *message_of_file(const char *file) {
    const ProtobufCMessageDescriptor *best = NULL;
    for (size_t i = 0; i < message_count; i++) {
        size_t size = strlen(messages[i]->name);
        if (strncmp(file, messages[i]->name, size) == 0 && file[size] == '.' && (!best || size > strlen(best->name))) {
            best = messages[i];
        }
    }
    return best;
}

static void test_every_file_is_still_read(void **state) {
    (void)state;
    DIR *folder = opendir(GOLDEN);
    assert_non_null(folder);
    size_t files = 0;
    for (struct dirent *entry; (entry = readdir(folder));) {
        size_t size = strlen(entry->d_name);
        if (size < 5 || strcmp(entry->d_name + size - 4, ".bin") != 0) {
            continue;
        }
        const ProtobufCMessageDescriptor *descriptor = message_of_file(entry->d_name);
        if (!descriptor) {
            fail_msg("%s: the contract has no such message any more", entry->d_name);
        }
        char name[256];
        snprintf(name, sizeof name, "%.*s", (int)(size - 4), entry->d_name);
        check_golden(descriptor, name);
        files++;
    }
    closedir(folder);
    assert_true(files >= message_count);
}

/* By name, not only by bytes: what a hospital's command and its receipt mean. */
static void test_values_stand_in_their_fields(void **state) {
    (void)state;
    struct buffer golden = {0};
    ProtobufCMessage *message =
        unpack_golden(&visits__v1__command__descriptor, "visits.v1.Command.open_visit", &golden);
    const Visits__V1__Command *command = (const Visits__V1__Command *)message;
    assert_int_equal(command->body_case, VISITS__V1__COMMAND__BODY_OPEN_VISIT);
    const Visits__V1__OpenVisit *open = command->open_visit;
    assert_string_equal(open->visit_number, "visit_number 1 许昌");
    assert_string_equal(open->resident_id, "resident_id 2 许昌");
    assert_string_equal(open->local_id, "local_id 3 许昌");
    assert_int_equal(open->card_kind, VISITS__V1__CARD_KIND__CARD_KIND_HOSPITAL);
    assert_int_equal(open->visit_class, VISITS__V1__VISIT_CLASS__VISIT_CLASS_OTHER);
    assert_int_equal(open->recorded_at_ms, INT64_C(1577836800006));
    protobuf_c_message_free_unpacked(message, NULL);

    message = unpack_golden(&common__v1__receipt__descriptor, "common.v1.Receipt", &golden);
    const Common__V1__Receipt *receipt = (const Common__V1__Receipt *)message;
    assert_int_equal(receipt->result, COMMON__V1__RESULT__RESULT_REFUSED);
    assert_true(receipt->first_seq == (UINT64_C(1) << 63) + 2);
    assert_int_equal(receipt->events, 411003);
    assert_int_equal(receipt->problem->code, 411001);
    assert_string_equal(receipt->problem->message_zh, "message_zh 4 许昌");
    protobuf_c_message_free_unpacked(message, NULL);

    message = unpack_golden(&approvals__v1__report_case__descriptor, "approvals.v1.ReportCase", &golden);
    const Approvals__V1__ReportCase *report = (const Approvals__V1__ReportCase *)message;
    assert_string_equal(report->case_number, "case_number 1 许昌");
    assert_int_equal(report->step, APPROVALS__V1__CASE_STEP__CASE_STEP_DUE_CHANGED);
    assert_int_equal(report->actor, COMMON__V1__ACTOR__ACTOR_SYSTEM);
    assert_true(report->deficiency);
    assert_int_equal(report->until_day, 411008);
    assert_int_equal(report->n_papers, 2);
    assert_int_equal(report->special->kind, APPROVALS__V1__SPECIAL_KIND__SPECIAL_KIND_PAPERS);
    assert_string_equal(report->submission->item_code, "item_code 1 许昌");
    protobuf_c_message_free_unpacked(message, NULL);

    message = unpack_golden(&approvals__v1__case_moved__descriptor, "approvals.v1.CaseMoved", &golden);
    assert_int_equal(((const Approvals__V1__CaseMoved *)message)->open_overdue, -1006);
    protobuf_c_message_free_unpacked(message, NULL);

    message = unpack_golden(&issues__v1__publish_task__descriptor, "issues.v1.PublishTask", &golden);
    const Issues__V1__PublishTask *task = (const Issues__V1__PublishTask *)message;
    assert_string_equal(task->task_number, "task_number 1 许昌");
    assert_int_equal(task->field, ISSUES__V1__REFORM_FIELD__REFORM_FIELD_PARTY);
    assert_int_equal(task->n_indicators, 2);
    assert_int_equal(task->indicators[1]->kind, ISSUES__V1__INDICATOR_KIND__INDICATOR_KIND_COVERAGE);
    assert_true(task->indicators[1]->baseline == -(INT64_C(1) << 40) - 5);
    assert_int_equal(task->milestones[0]->due_day, 411002);
    assert_int_equal(task->due_day, 411015);
    protobuf_c_message_free_unpacked(message, NULL);

    message = unpack_golden(&issues__v1__report_issue__descriptor, "issues.v1.ReportIssue", &golden);
    const Issues__V1__ReportIssue *issue = (const Issues__V1__ReportIssue *)message;
    assert_int_equal(issue->step, ISSUES__V1__ISSUE_STEP__ISSUE_STEP_DUE_CHANGED);
    assert_string_equal(issue->registration->credit_code, "credit_code 1 许昌");
    assert_string_equal(issue->receipt, "receipt 13 许昌");
    protobuf_c_message_free_unpacked(message, NULL);

    message = unpack_golden(&visits__v1__patients_delta__descriptor, "visits.v1.PatientsDelta", &golden);
    assert_int_equal(((const Visits__V1__PatientsDelta *)message)->patients, -1007);
    protobuf_c_message_free_unpacked(message, NULL);
    buffer_release(&golden);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_message_is_read_and_written_the_same),
        cmocka_unit_test(test_every_file_is_still_read),
        cmocka_unit_test(test_values_stand_in_their_fields),
    };
    return cmocka_run_group_tests(tests, collect_all, NULL);
}
