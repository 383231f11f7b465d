#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "approvals/v1/commands.pb-c.h"
#include "base/file.h"
#include "ctl/contract.h"
#include "ctl/import.h"
#include "ctl/import_sender.h"
#include "ctl/json.h"
#include "ctl/notices_file.h"
#include "issues/v1/commands.pb-c.h"

/* lianchengctl import notices: the holiday notices of a file to a registry that counts workdays, in the order they were
 * published. */

/* They have the command in common, each in an envelope of its own. */
union envelope {
    ProtobufCMessage base;
    Approvals__V1__Command approvals;
    Issues__V1__Command issues;
};

struct calendar {
    const char *registry;
    void (*wrap)(union envelope *envelope, Common__V1__LoadNotice *notice);
};

static void wrap_for_approvals(union envelope *envelope, Common__V1__LoadNotice *notice) {
    approvals__v1__command__init(&envelope->approvals);
    envelope->approvals.body_case = APPROVALS__V1__COMMAND__BODY_LOAD_NOTICE;
    envelope->approvals.load_notice = notice;
}

static void wrap_for_issues(union envelope *envelope, Common__V1__LoadNotice *notice) {
    issues__v1__command__init(&envelope->issues);
    envelope->issues.body_case = ISSUES__V1__COMMAND__BODY_LOAD_NOTICE;
    envelope->issues.load_notice = notice;
}

static const struct calendar calendars[] = {{"approvals", wrap_for_approvals}, {"issues", wrap_for_issues}};

static const struct calendar *calendar_of(const char *registry) {
    for (size_t i = 0; i < sizeof calendars / sizeof calendars[0]; i++) {
        if (strcmp(calendars[i].registry, registry) == 0) {
            return &calendars[i];
        }
    }
    return NULL;
}

struct import {
    struct ctl *ctl;
    const char *path, *key, *as, *registry;
    const struct calendar *calendar;
    int64_t timeout_s;
    struct notices_file file;
    struct arena arena;
    struct import_sender sender;
    uint64_t loaded, known, refused;
};

static void on_receipt(void *user, uint64_t number, const Common__V1__Receipt *receipt) {
    struct import *import = user;
    const Common__V1__Problem *problem = receipt->problem;
    const char *notice = import->file.notices[number]->notice;
    const bool is_refused = receipt->result == COMMON__V1__RESULT__RESULT_REFUSED && problem != NULL;
    import->refused += is_refused;
    import->known += !is_refused && receipt->events == 0;
    import->loaded += !is_refused && receipt->events > 0;
    if (is_refused && import->ctl->json) {
        json_print(json_pack("{s:s, s:s, s:s, s:s}", "notice", notice, "code",
                             contract_code_name(contract_find(import->registry), problem->code), "message",
                             problem->message, "message_zh", problem->message_zh));
    } else if (is_refused) {
        printf("%s: %s / %s\n", notice, problem->message, problem->message_zh);
    }
}

static int send_all(struct import *import) {
    int exit_code = import_sender_open(import->ctl, import->key, import->as, &import->sender);
    for (size_t i = 0; i < import->file.count && exit_code == EXIT_CODE_OK; i++) {
        union envelope envelope;
        import->calendar->wrap(&envelope, import->file.notices[i]);
        if (protobuf_c_message_get_packed_size(&envelope.base) > IMPORT_COMMAND_BYTES_MAX) {
            return ctl_error(EXIT_CODE_DATA, "%s: notice %s is larger than 60,000 bytes", import->path,
                             import->file.notices[i]->notice);
        }
        exit_code = import_sender_add(&import->sender, &(struct import_command){.body = &envelope.base, .number = i});
    }
    return exit_code == EXIT_CODE_OK ? import_sender_finish(&import->sender) : exit_code;
}

static int tell(const struct import *import, int exit_code) {
    if (import->ctl->json) {
        json_print(json_pack("{s:b, s:I, s:I, s:I, s:I}", "complete", (int)(exit_code == EXIT_CODE_OK), "notices",
                             (json_int_t)import->file.count, "loaded", (json_int_t)import->loaded, "known",
                             (json_int_t)import->known, "refused", (json_int_t)import->refused));
    } else {
        printf("%zu notices: %" PRIu64 " loaded, %" PRIu64 " known already, %" PRIu64
               " refused / 共 %zu 份放假通知：载入 %" PRIu64 " 份，已存在 %" PRIu64 " 份，拒绝 %" PRIu64 " 份\n",
               import->file.count, import->loaded, import->known, import->refused, import->file.count, import->loaded,
               import->known, import->refused);
    }
    return exit_code != EXIT_CODE_OK ? exit_code : import->refused > 0 ? EXIT_CODE_DATA : EXIT_CODE_OK;
}

static int run(struct import *import) {
    struct buffer text = {0};
    enum status status =
        file_read(strcmp(import->path, "-") == 0 ? "/dev/stdin" : import->path, NOTICES_FILE_BYTES_MAX, &text);
    int exit_code = EXIT_CODE_OK;
    if (status != STATUS_OK) {
        exit_code = ctl_error(EXIT_CODE_USAGE, "%s cannot be read: %s", import->path,
                              status == STATUS_MEMORY ? "larger than 4 MiB" : status_name(status));
    } else if (memchr(buffer_text(&text), 0, text.size) != NULL ||
               notices_file_read((char *)text.data, import->path, &import->arena, &import->file) != STATUS_OK) {
        exit_code = EXIT_CODE_DATA;
    } else if (import->file.count == 0) {
        exit_code = ctl_error(EXIT_CODE_DATA, "%s: there is no notice in it", import->path);
    }
    if (exit_code == EXIT_CODE_OK) {
        ctl_catch_signals();
        exit_code = tell(import, send_all(import));
        import_sender_close(&import->sender);
    }
    buffer_release(&text);
    return exit_code;
}

int import_notices(struct ctl *ctl, int argc, char **argv) {
    struct import import = {.ctl = ctl, .registry = "approvals", .timeout_s = 60};
    const struct ctl_option options[] = {
        {"registry", CTL_TEXT, &import.registry, "REGISTRY", "approvals (as by default) or issues", 0, 0},
        {"as", CTL_TEXT, &import.as, "WHO", "operator (as by default) or supervisor", 0, 0},
        {"key", CTL_TEXT, &import.key, "FILE", "with this key", 0, 0},
        {"timeout", CTL_INTEGER, &import.timeout_s, "SECONDS", "give up without a receipt for so long (60)", 1, 86400},
        {.name = NULL},
    };
    const struct ctl_usage usage = {
        "import notices FILE.tsv [OPTIONS]",
        "Loads holiday notices into the calendar of the approval or the issue registry; lines of\n"
        "    DATE<tab>off|work<tab>HOLIDAY<tab>NOTICE<tab>PUBLISHED    (2020-01-24 off 春节 2020-A 2019-11-21)\n"
        "What is loaded already changes nothing; open deadlines are planned anew. Exit code 0: all in; 65: some "
        "refused.\n",
        1, 1};
    int exit_code;
    if (!ctl_arguments(ctl, &usage, options, &argc, argv, &exit_code)) {
        return exit_code;
    }
    import.calendar = calendar_of(import.registry);
    if (import.calendar == NULL) {
        return ctl_error(EXIT_CODE_USAGE, "--registry is approvals or issues");
    }
    import.path = argv[1];
    import.sender.service = import.registry;
    import.as = import.as ? import.as : "operator";
    import.sender.timeout_s = import.timeout_s;
    import.sender.receipt = on_receipt;
    import.sender.user = &import;
    arena_init(&import.arena, (size_t)64 << 20);
    exit_code = run(&import);
    arena_release(&import.arena);
    return exit_code;
}
