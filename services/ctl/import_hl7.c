#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/check.h"
#include "ctl/hl7_batch.h"
#include "ctl/hl7_sender.h"
#include "ctl/import.h"
#include "ctl/json.h"
#include "ctl/progress.h"

/* lianchengctl import hl7: the messages of files to the gateway, one MSA line each into a result file. */

#define EXIT_CODE_STRUCTURE 2 /* a batch file is not as it says: some of it may be missing */
#define READ_BYTES (256 * 1024)
#define WAIT_MS 50
#define ANSWERS_MAX 64
#define FINDINGS_MAX 100 /* kept for the summary; beyond that counted */

/* Messages that got one answer. */
struct answer_row {
    char code[3];
    uint32_t error; /* HL7 table 0357; 0: none */
    bool is_local;  /* not sent */
    uint64_t messages;
    uint64_t first; /* number of the first such message in its file, from 1 */
    const char *first_path;
    char place[32];
};

struct file_finding {
    struct hl7_batch_finding finding;
    const char *path;
};

struct import {
    struct ctl *ctl;
    const char *to, *ca, *certificate, *key, *result_path;
    int64_t connections, window, timeout_s;

    struct hl7_sender *sender;
    SSL_CTX *tls;
    char destination[300];
    struct answer_row answers[ANSWERS_MAX];
    size_t answer_count;
    struct file_finding findings[FINDINGS_MAX];
    uint64_t finding_count;
    uint64_t messages;
    uint64_t not_accepted;
    uint64_t bytes_read;
    struct progress progress;
    bool is_complete;

    /* of the file being read */
    const char *path;
    int input;
    bool is_regular;
    FILE *result;
    uint64_t results; /* lines written for it */
    struct hl7_batch batch;
};

/* --- Results --------------------------------------------------------------------------------------------------------
 */
/* The row of this answer; the last one stands for all that found no room. */
static struct answer_row *row_of(struct import *import, const struct hl7_answer *answer, bool is_local) {
    for (size_t i = 0; i < import->answer_count; i++) {
        struct answer_row *row = &import->answers[i];
        if (strcmp(row->code, answer->code) == 0 && row->error == answer->error && row->is_local == is_local) {
            return row;
        }
    }
    if (import->answer_count == ANSWERS_MAX) {
        return &import->answers[ANSWERS_MAX - 1];
    }
    struct answer_row *row = &import->answers[import->answer_count++];
    *row = (struct answer_row){
        .error = answer->error, .is_local = is_local, .first = import->results, .first_path = import->path};
    memcpy(row->code, answer->code, sizeof row->code);
    memcpy(row->place, answer->place, sizeof row->place);
    return row;
}

static void on_result(void *user, uint64_t number, const struct hl7_answer *answer, bool is_local) {
    struct import *import = user;
    (void)number;
    import->results++;
    row_of(import, answer, is_local)->messages++;
    import->not_accepted += !hl7_answer_is_positive(answer);
    fwrite(answer->msa, 1, answer->msa_size, import->result);
    putc('\n', import->result);
}

static void on_finding(void *user, const struct hl7_batch_finding *finding) {
    struct import *import = user;
    if (import->finding_count < FINDINGS_MAX) {
        import->findings[import->finding_count] = (struct file_finding){*finding, import->path};
    }
    import->finding_count++;
}

/* --- Sending --------------------------------------------------------------------------------------------------------
 */
static void show_progress(struct import *import) {
    int64_t silent_s = hl7_sender_silent_s(import->sender);
    char messages[PROGRESS_NUMBER_BYTES];
    if (silent_s >= 3) {
        progress_note(&import->progress, "waiting for %.40s (%" PRId64 " s)", import->destination, silent_s);
    } else {
        progress_note(&import->progress, "%s messages, %" PRIu64 " not accepted",
                      progress_number(import->messages, messages), import->not_accepted);
    }
    progress_show(&import->progress, (import->bytes_read + 1023) / 1024);
}

static int step(struct import *import, int wait_ms) {
    enum status status = hl7_sender_step(import->sender, wait_ms);
    const char *problem = hl7_sender_problem(import->sender);
    show_progress(import);
    switch (status) {
    case STATUS_OK:
        return EXIT_CODE_OK;
    case STATUS_UNAVAILABLE:
        return ctl_error(EXIT_CODE_TEMPORARY, "no answer from %s for %" PRId64 " s (message %" PRIu64 " of %s): %s",
                         import->destination, import->timeout_s, import->results + 1, import->path,
                         *problem ? problem : "it says nothing");
    case STATUS_DENIED:
        return ctl_error(EXIT_CODE_FAILED, "no TLS connection with %s: %s", import->destination, problem);
    case STATUS_MALFORMED:
        return ctl_error(EXIT_CODE_FAILED, "%s does not answer as an HL7 receiver (message %" PRIu64 " of %s): %s",
                         import->destination, import->results + 1, import->path, problem);
    case STATUS_IO:
    case STATUS_MEMORY:
    case STATUS_CORRUPT:
    case STATUS_NOT_FOUND:
    case STATUS_EXISTS:
    case STATUS_AGAIN:
    case STATUS_USAGE:
    case STATUS_CONFIG:
        break;
    }
    return ctl_error(EXIT_CODE_FAILED, "sending failed: %s", status_name(status));
}

/* Until every message has its final answer. */
static int drain(struct import *import) {
    int exit_code = EXIT_CODE_OK;
    while (exit_code == EXIT_CODE_OK && hl7_sender_unanswered(import->sender) > 0 && !ctl_is_interrupted()) {
        exit_code = step(import, WAIT_MS);
    }
    return exit_code;
}

static int make_room(struct import *import, size_t size) {
    int exit_code = EXIT_CODE_OK;
    while (exit_code == EXIT_CODE_OK && !hl7_sender_has_room(import->sender, size) && !ctl_is_interrupted()) {
        exit_code = step(import, WAIT_MS);
    }
    return exit_code;
}

/* The answer that stands for a message that is not sent, with its control id where that can be read. */
static void add_too_large(struct import *import) {
    const struct buffer *message = &import->batch.message;
    const char *id = "";
    size_t id_size = 0;
    char separator = '|';
    if (message->size > 8 && hl7_answer_control_id(message->data, message->size, &id, &id_size)) {
        separator = (char)message->data[3];
    }
    struct buffer answer = {0};
    buffer_printf(&answer, "MSH%c^~\\&\rMSA%cAR%c", separator, separator, separator);
    buffer_append(&answer, id, id_size);
    buffer_printf(&answer, "%cover 16 MiB: not sent\r", separator);
    hl7_sender_add_answered(import->sender, &answer);
    buffer_release(&answer);
}

static int take_message(struct import *import, enum hl7_batch_event event) {
    int exit_code = make_room(import, import->batch.message.size);
    if (exit_code != EXIT_CODE_OK || ctl_is_interrupted()) {
        return exit_code;
    }
    import->messages++;
    if (event == HL7_BATCH_MESSAGE) {
        hl7_sender_add(import->sender, &import->batch.message);
    } else {
        add_too_large(import);
    }
    return EXIT_CODE_OK;
}

/* --- One file -------------------------------------------------------------------------------------------------------
 */
static int take_bytes(struct import *import, const uint8_t *data, size_t size) {
    int exit_code = EXIT_CODE_OK;
    for (size_t at = 0, taken; at < size && exit_code == EXIT_CODE_OK && !ctl_is_interrupted(); at += taken) {
        enum hl7_batch_event event = hl7_batch_feed(&import->batch, data + at, size - at, &taken);
        import->bytes_read += taken;
        if (event != HL7_BATCH_MORE) {
            exit_code = take_message(import, event);
        }
    }
    return exit_code;
}

/* Text of 16 or 32 bits a character has NULs in every segment name: nothing of it would be found. */
static bool is_wide(const uint8_t *data, size_t size) {
    return size >= 2 && ((data[0] == 0xff && data[1] == 0xfe) || (data[0] == 0xfe && data[1] == 0xff) ||
                         (data[0] != 0 && data[1] == 0) || (data[0] == 0 && data[1] != 0));
}

static int finish_file(struct import *import) {
    int exit_code = EXIT_CODE_OK;
    while (exit_code == EXIT_CODE_OK && !ctl_is_interrupted()) {
        enum hl7_batch_event event = hl7_batch_finish(&import->batch);
        if (event == HL7_BATCH_MORE) {
            break;
        }
        exit_code = take_message(import, event);
    }
    return exit_code;
}

static int read_file(struct import *import, uint8_t *chunk) {
    int exit_code = EXIT_CODE_OK;
    bool is_first = true;
    while (exit_code == EXIT_CODE_OK && !ctl_is_interrupted()) {
        if (!import->is_regular) { /* the next bytes may be long in coming */
            exit_code = drain(import);
        }
        ssize_t got = exit_code == EXIT_CODE_OK ? read(import->input, chunk, READ_BYTES) : 0;
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return ctl_error(EXIT_CODE_FAILED, "%s cannot be read: %s", import->path, strerror(errno));
        }
        if (is_first && is_wide(chunk, (size_t)got)) {
            return ctl_error(EXIT_CODE_DATA,
                             "%s is in UTF-16 or UTF-32, which HL7 cannot carry: nothing of it was sent", import->path);
        }
        is_first = false;
        if (got == 0) {
            return exit_code == EXIT_CODE_OK ? finish_file(import) : exit_code;
        }
        exit_code = take_bytes(import, chunk, (size_t)got);
    }
    return exit_code;
}

static int open_result(struct import *import, bool is_further) {
    char path[CTL_PATH_BYTES];
    int length = snprintf(path, sizeof path, "%s%s", import->result_path ? import->result_path : import->path,
                          import->result_path ? "" : ".result");
    int descriptor = length < (int)sizeof path
                         ? open(path, O_WRONLY | O_CREAT | O_CLOEXEC | (is_further ? O_APPEND : O_TRUNC), 0600)
                         : -1;
    import->result = descriptor >= 0 ? fdopen(descriptor, "w") : NULL;
    if (!import->result) {
        return ctl_error(EXIT_CODE_FAILED, "%s cannot be written: %s", path, strerror(errno));
    }
    return EXIT_CODE_OK;
}

static int close_result(struct import *import) {
    bool failed = ferror(import->result) != 0;
    failed = fclose(import->result) != 0 || failed;
    import->result = NULL;
    return failed ? ctl_error(EXIT_CODE_FAILED, "the result file cannot be written: %s", strerror(errno))
                  : EXIT_CODE_OK;
}

static int open_input(struct import *import) {
    struct stat found;
    bool is_stdin = strcmp(import->path, "-") == 0;
    import->input = is_stdin ? STDIN_FILENO : open(import->path, O_RDONLY | O_CLOEXEC);
    if (import->input < 0 || fstat(import->input, &found) != 0 || S_ISDIR(found.st_mode)) {
        return ctl_error(EXIT_CODE_USAGE, "%s cannot be opened: %s", import->path,
                         import->input < 0 ? strerror(errno) : "no file");
    }
    import->is_regular = S_ISREG(found.st_mode);
    posix_fadvise(import->input, 0, 0, POSIX_FADV_SEQUENTIAL);
    return EXIT_CODE_OK;
}

static int import_file(struct import *import, const char *path, bool is_further, uint8_t *chunk) {
    import->path = path;
    import->results = 0;
    import->input = -1;
    int exit_code = open_input(import);
    exit_code = exit_code == EXIT_CODE_OK ? open_result(import, is_further) : exit_code;
    if (exit_code == EXIT_CODE_OK) {
        hl7_batch_init(&import->batch, HL7_BATCH_MESSAGE_BYTES_MAX, on_finding, import);
        exit_code = read_file(import, chunk);
        int drained = exit_code == EXIT_CODE_OK || exit_code == EXIT_CODE_DATA ? drain(import) : EXIT_CODE_OK;
        exit_code = exit_code == EXIT_CODE_OK ? drained : exit_code;
        int closed = close_result(import);
        exit_code = exit_code == EXIT_CODE_OK ? closed : exit_code;
        hl7_batch_release(&import->batch);
    }
    if (import->input > STDIN_FILENO) {
        close(import->input);
    }
    return exit_code;
}

/* --- Telling --------------------------------------------------------------------------------------------------------
 */
/* What the codes of HL7 table 0357 mean, in the words of the gateway's rules. */
static const char *error_text(uint32_t error) {
    static const struct {
        uint32_t error;
        const char *text;
    } texts[] = {
        {100, "a segment is missing or unreadable / 缺少段或段不可读"},
        {101, "a field is missing / 缺少必填字段"},
        {102, "a time or text cannot be read / 时间或字符集不可读"},
        {103, "a value of no known table / 值不在代码表中"},
        {200, "message type not taken / 不支持的消息类型"},
        {201, "event not taken / 不支持的事件"},
        {202, "processing id not taken / 处理标识不符"},
        {203, "version not taken / 版本不支持"},
        {204, "unknown number, authority or sender, or not the sender's / 标识、发证机构或发送方未知，或不属于发送方"},
        {205, "merge with itself or against a standing one / 合并自身或与既有合并冲突"},
        {206, "person still has visits / 该人员仍有就诊记录"},
        {207, "failed inside / 内部错误"},
    };
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        if (texts[i].error == error) {
            return texts[i].text;
        }
    }
    return "";
}

static void print_answers(const struct import *import) {
    char number[PROGRESS_NUMBER_BYTES];
    for (size_t i = 0; i < import->answer_count; i++) {
        const struct answer_row *row = &import->answers[i];
        printf("  %12s  %s", progress_number(row->messages, number), row->code);
        if (row->error > 0) {
            printf(" %-4" PRIu32 "%s%s%s", row->error, row->place, *row->place ? " " : "", error_text(row->error));
        } else if (row->is_local) {
            printf("      over 16 MiB, not sent / 超过 16 MiB，未发送");
        }
        if (row->code[1] != 'A') {
            printf("; first: message %" PRIu64 " of %s", row->first, row->first_path);
        }
        putchar('\n');
    }
}

static void print_findings(const struct import *import) {
    for (size_t i = 0; i < import->finding_count && i < FINDINGS_MAX; i++) {
        const struct hl7_batch_finding *finding = &import->findings[i].finding;
        printf("  %s, segment %" PRIu64 ": %s", import->findings[i].path, finding->segment,
               hl7_batch_finding_text(finding->kind));
        if (finding->kind == HL7_BATCH_COUNT_DIFFERS || finding->kind == HL7_BATCH_FILE_COUNT_DIFFERS) {
            printf(" (%" PRIu64 ", read %" PRIu64 ")", finding->said, finding->read);
        }
        printf(" / %s\n", hl7_batch_finding_text_zh(finding->kind));
    }
    if (import->finding_count > FINDINGS_MAX) {
        printf("  ... and %" PRIu64 " more\n", import->finding_count - FINDINGS_MAX);
    }
}

static void print_text(const struct import *import, int64_t elapsed_ms) {
    char messages[PROGRESS_NUMBER_BYTES], refused[PROGRESS_NUMBER_BYTES];
    printf("%s messages, %s not accepted, in %.1f s / 共 %s 条消息，%s 条未被接受\n",
           progress_number(import->messages, messages), progress_number(import->not_accepted, refused),
           (double)elapsed_ms / 1000, messages, refused);
    print_answers(import);
    if (import->finding_count > 0) {
        printf("The files are not as they say / 文件结构有误:\n");
        print_findings(import);
    }
}

static json_t *answers_json(const struct import *import) {
    json_t *list = json_array();
    for (size_t i = 0; i < import->answer_count; i++) {
        const struct answer_row *row = &import->answers[i];
        json_array_append_new(list, json_pack("{s:s, s:I, s:b, s:I, s:s, s:I, s:s}", "answer", row->code, "code",
                                              (json_int_t)row->error, "sent", (int)!row->is_local, "messages",
                                              (json_int_t)row->messages, "first_file", row->first_path, "first_message",
                                              (json_int_t)row->first, "first_place", row->place));
    }
    return list;
}

static json_t *findings_json(const struct import *import) {
    json_t *list = json_array();
    for (size_t i = 0; i < import->finding_count && i < FINDINGS_MAX; i++) {
        const struct hl7_batch_finding *finding = &import->findings[i].finding;
        json_array_append_new(list,
                              json_pack("{s:s, s:I, s:s, s:I, s:I}", "file", import->findings[i].path, "segment",
                                        (json_int_t)finding->segment, "finding", hl7_batch_finding_name(finding->kind),
                                        "said", (json_int_t)finding->said, "read", (json_int_t)finding->read));
    }
    return list;
}

static void print_json(const struct import *import, int64_t elapsed_ms) {
    struct hl7_sender_counters counters = hl7_sender_counters(import->sender);
    json_print(json_pack("{s:b, s:I, s:I, s:o, s:I, s:o, s:I, s:I, s:I, s:I}", "complete", (int)import->is_complete,
                         "messages", (json_int_t)import->messages, "not_accepted", (json_int_t)import->not_accepted,
                         "answers", answers_json(import), "findings", (json_int_t)import->finding_count,
                         "first_findings", findings_json(import), "retried", (json_int_t)counters.retried, "sent_again",
                         (json_int_t)counters.sent_again, "connections_lost", (json_int_t)counters.connections_lost,
                         "milliseconds", (json_int_t)elapsed_ms));
}

static int tell(const struct import *import, int exit_code, int64_t elapsed_ms) {
    if (import->ctl->json) {
        print_json(import, elapsed_ms);
    } else {
        print_text(import, elapsed_ms);
    }
    if (!import->is_complete && exit_code != EXIT_CODE_USAGE) {
        fprintf(stderr,
                "Not complete: answers up to message %" PRIu64
                " of %s. The same command again sends all; what was taken is not taken twice.\n",
                import->results, import->path);
    }
    if (exit_code != EXIT_CODE_OK) {
        return exit_code;
    }
    return import->finding_count > 0 ? EXIT_CODE_STRUCTURE : import->not_accepted > 0 ? EXIT_CODE_DATA : EXIT_CODE_OK;
}

/* --- The whole ------------------------------------------------------------------------------------------------------
 */
/* The setting of ctl.conf unless the option was given; NULL when neither is. ctl.conf may be missing. */
static const char *setting_or(const struct import *import, const char *option, const char *path) {
    const char *value = option ? option : import->ctl->config ? ctl_setting(import->ctl, path) : "";
    return *value ? value : NULL;
}

static int make_sender(struct import *import) {
    struct hl7_sender_options options = {.connections = (int)import->connections,
                                         .window = (int)import->window,
                                         .timeout_ms = import->timeout_s * 1000,
                                         .result = on_result,
                                         .user = import};
    if (!import->to && ctl_config(import->ctl) != STATUS_OK) {
        return EXIT_CODE_CONFIG;
    }
    const char *to = setting_or(import, import->to, "/hl7/endpoint");
    const char *ca = setting_or(import, import->ca, "/hl7/ca");
    const char *certificate = setting_or(import, import->certificate, "/hl7/cert");
    const char *key = setting_or(import, import->key, "/hl7/key");
    if (!to) {
        return ctl_error(EXIT_CODE_CONFIG, "%s: /hl7/endpoint is not set; --to HOST:PORT names the gateway",
                         import->ctl->config_path);
    }
    if (!hl7_link_address_parse(to, &options.address)) {
        return ctl_error(EXIT_CODE_USAGE, "\"%s\" is no address of the form HOST:PORT", to);
    }
    if ((certificate && !ca) || !certificate != !key) {
        return ctl_error(EXIT_CODE_USAGE, "TLS needs --ca, and --cert and --key together or neither");
    }
    if (ca && hl7_link_tls(ca, certificate, key, &import->tls) != STATUS_OK) {
        return EXIT_CODE_CONFIG;
    }
    options.address.tls = import->tls;
    snprintf(import->destination, sizeof import->destination, "%s:%s", options.address.host, options.address.port);
    import->sender = hl7_sender_new(&options);
    return EXIT_CODE_OK;
}

/* KiB of all files; 0 when one cannot be told. */
static uint64_t total_kib(int argc, char **argv) {
    uint64_t bytes = 0;
    for (int i = 1; i < argc; i++) {
        struct stat found;
        if (stat(argv[i], &found) != 0 || !S_ISREG(found.st_mode)) {
            return 0;
        }
        bytes += (uint64_t)found.st_size;
    }
    return (bytes + 1023) / 1024;
}

static int run(struct import *import, int argc, char **argv) {
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "-") == 0 && !import->result_path) {
            return ctl_error(EXIT_CODE_USAGE, "standard input needs --result FILE");
        }
    }
    int exit_code = make_sender(import);
    if (exit_code != EXIT_CODE_OK) {
        return exit_code;
    }
    uint8_t *chunk = malloc(READ_BYTES);
    CHECK(chunk);
    ctl_catch_signals();
    progress_start(&import->progress, "import", "KiB", total_kib(argc, argv), import->ctl->json);
    int worst = EXIT_CODE_OK;
    for (int i = 1; i < argc && !ctl_is_interrupted(); i++) {
        exit_code = import_file(import, argv[i], i > 1 && import->result_path, chunk);
        worst = exit_code != EXIT_CODE_OK ? exit_code : worst;
        if (exit_code != EXIT_CODE_OK && exit_code != EXIT_CODE_DATA) {
            break; /* the next file would fare no better */
        }
    }
    free(chunk);
    if (worst == EXIT_CODE_OK && ctl_is_interrupted()) {
        worst = EXIT_CODE_TEMPORARY;
    }
    import->is_complete = worst == EXIT_CODE_OK;
    return tell(import, worst, progress_end(&import->progress, (import->bytes_read + 1023) / 1024));
}

int import_hl7(struct ctl *ctl, int argc, char **argv) {
    struct import import = {.ctl = ctl, .connections = 1, .window = 16, .timeout_s = 60};
    const struct ctl_option options[] = {
        {"to", CTL_TEXT, &import.to, "HOST:PORT", "the gateway (/hl7/endpoint of ctl.conf)", 0, 0},
        {"result", CTL_TEXT, &import.result_path, "FILE", "one MSA line a message, in order (FILE.result)", 0, 0},
        {"connections", CTL_INTEGER, &import.connections, "N", "so many at once (1)", 1, HL7_SENDER_CONNECTIONS_MAX},
        {"window", CTL_INTEGER, &import.window, "N", "messages on their way on each (16)", 1, HL7_SENDER_WINDOW_MAX},
        {"timeout", CTL_INTEGER, &import.timeout_s, "SECONDS", "give up without an answer for so long (60; 0: never)",
         0, 86400},
        {"ca", CTL_TEXT, &import.ca, "FILE", "TLS: who signed the gateway's certificate (/hl7/ca)", 0, 0},
        {"cert", CTL_TEXT, &import.certificate, "FILE", "TLS: certificate to show (/hl7/cert)", 0, 0},
        {"key", CTL_TEXT, &import.key, "FILE", "TLS: its key (/hl7/key)", 0, 0},
        {.name = NULL},
    };
    const struct ctl_usage usage = {
        "import hl7 FILE...|- [OPTIONS]",
        "Sends the HL7 v2 messages of files to the gateway over MLLP: batch files, [FHS]{[BHS]{MSH ...}[BTS]}[FTS], or "
        "one\n"
        "message after the other. Segments may end with CR, LF or both; texts may be in any charset HL7 can carry.\n"
        "Messages are independent: one that is refused stops no other. An interrupted run can be repeated as a whole: "
        "the\n"
        "gateway knows what it has taken and answers as before.\n"
        "Exit code 0: all accepted; 2: counts, headers or trailers are wrong, some of the file may be missing; 65: "
        "some\n"
        "messages were not accepted; 75: not complete.\n",
        1, 4096};
    int exit_code;
    if (!ctl_arguments(ctl, &usage, options, &argc, argv, &exit_code)) {
        return exit_code;
    }
    exit_code = run(&import, argc, argv);
    hl7_sender_destroy(&import.sender);
    SSL_CTX_free(import.tls);
    return exit_code;
}
