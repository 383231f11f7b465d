#include "ctl/import_run.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "base/check.h"
#include "base/file.h"
#include "ctl/contract.h"
#include "ctl/import_print.h"

#define ARENA_BYTES ((size_t)512 << 20) /* what is on its way: cells of the file at most a few times over */
#define ANSWERS_BYTES ((size_t)64 << 20)
#define ASK_TIMEOUT_MS 30000
#define TRIES_MAX 100 /* imports of a row that was refused each time */

/* --- asking ---------------------------------------------------------------------------------------------------------
 */
int import_ask(struct import *import, const ProtobufCMessage *question, const ProtobufCMessageDescriptor *descriptor,
               const ProtobufCMessage **answer) {
    Common__V1__Query query = COMMON__V1__QUERY__INIT;
    Common__V1__Request request = COMMON__V1__REQUEST__INIT;
    Common__V1__Reply *reply = NULL;
    query.body.len = protobuf_c_message_get_packed_size(question);
    query.body.data = arena_alloc(&import->arena, query.body.len + 1);
    CHECK(query.body.data != NULL);
    protobuf_c_message_pack(question, query.body.data);
    request.body_case = COMMON__V1__REQUEST__BODY_QUERY;
    request.query = &query;
    arena_reset(&import->answers);
    const int exit_code =
        target_call(import->socket, import->kind->registry, &request, &import->answers, ASK_TIMEOUT_MS, &reply);
    if (exit_code != EXIT_CODE_OK) {
        return exit_code;
    }
    *answer = reply->body_case != COMMON__V1__REPLY__BODY_ANSWER
                  ? NULL
                  : protobuf_c_message_unpack(descriptor, &import->answers.allocator, reply->answer->body.len,
                                              reply->answer->body.data);
    return *answer != NULL
               ? EXIT_CODE_OK
               : ctl_error(EXIT_CODE_FAILED, "the answer of %s is not of this contract", import->kind->registry);
}

/* --- sending --------------------------------------------------------------------------------------------------------
 */
struct id import_id(const struct import *import, size_t row, const ProtobufCMessage *body, int64_t at_ms) {
    static uint8_t bytes[IMPORT_COMMAND_BYTES_MAX];
    const size_t size = protobuf_c_message_get_packed_size(body);
    uint64_t words[3];
    crypto_generichash_state state;
    CHECK(size <= sizeof bytes);
    protobuf_c_message_pack(body, bytes);
    const uint8_t salt[2] = {(uint8_t)import->step, import->table.rows[row].tries};
    crypto_generichash_init(&state, NULL, 0, sizeof words);
    crypto_generichash_update(&state, salt, sizeof salt);
    crypto_generichash_update(&state, bytes, size);
    crypto_generichash_final(&state, (uint8_t *)words, sizeof words);
    return id_make_from((uint64_t)at_ms, words[0], words[1]);
}

int import_send(struct import *import, size_t row, const ProtobufCMessage *body, const struct id *id,
                int64_t occurred_at_ms) {
    const struct import_command command = {.body = body, .id = id, .occurred_at_ms = occurred_at_ms, .number = row};
    return import_sender_add(&import->sender, &command);
}

/* It was decided before under this id, and refused: whether it still is, another id tells. */
static bool try_again(struct import *import, struct import_row *row) {
    if (row->tries == TRIES_MAX) {
        return false;
    }
    row->tries++;
    row->waits = true;
    import->has_again = true;
    return true;
}

static void on_receipt(void *user, uint64_t number, const Common__V1__Receipt *receipt) {
    struct import *import = user;
    struct import_row *row = &import->table.rows[number];
    const Common__V1__Problem *problem = receipt->problem;
    const bool is_known = receipt->result == COMMON__V1__RESULT__RESULT_DUPLICATE;
    const bool is_refused = problem != NULL && (is_known || receipt->result == COMMON__V1__RESULT__RESULT_REFUSED);
    if (is_known && is_refused && try_again(import, row)) {
        return;
    }
    import->done++;
    if (is_refused) { /* what it was checked against changed since, or the key may not */
        import_table_find(&import->table, row, problem->field,
                          contract_code_name(contract_find(import->kind->registry), problem->code), problem->message,
                          problem->message_zh);
    }
    /* Of an id of this run alone a duplicate is a receipt that was lost on its way. */
    row->is_changed = row->is_changed || (!is_refused && receipt->events > 0 && (!is_known || import->makes_ids));
    progress_show(&import->progress, import->done);
}

/* Each row that waits, once. */
static int send_waiting(struct import *import) {
    struct import_table *table = &import->table;
    int exit_code = EXIT_CODE_OK;
    import->has_again = false;
    for (size_t i = 0; i < table->row_count && exit_code == EXIT_CODE_OK; i++) {
        const size_t number = table->order != NULL ? table->order[i] : i;
        if (table->rows[number].waits) {
            table->rows[number].waits = false;
            arena_reset(&import->arena);
            exit_code = import->kind->send(import, number, import->step);
        }
    }
    return exit_code == EXIT_CODE_OK ? import_sender_finish(&import->sender) : exit_code;
}

static int send_step(struct import *import) {
    struct import_table *table = &import->table;
    int exit_code = EXIT_CODE_OK;
    for (size_t i = 0; i < table->row_count; i++) {
        table->rows[i].waits = table->rows[i].fate == ROW_GOOD;
        table->rows[i].tries = 0;
    }
    import->has_again = true;
    while (import->has_again && exit_code == EXIT_CODE_OK) {
        exit_code = send_waiting(import);
    }
    return exit_code;
}

static void count_rows(struct import *import) {
    for (size_t i = 0; i < import->table.row_count; i++) {
        const struct import_row *row = &import->table.rows[i];
        import->published += row->is_changed;
        import->unchanged += !import->kind->counts_unchanged && row->fate == ROW_GOOD && !row->is_changed;
    }
}

static int send_all(struct import *import) {
    import->sender = (struct import_sender){
        .service = import->kind->registry, .timeout_s = import->timeout_s, .receipt = on_receipt, .user = import};
    import->done = 0;
    import->was_sent = true;
    int exit_code = import_sender_open(import->ctl, import->key, import->as, &import->sender);
    if (exit_code != EXIT_CODE_OK) {
        return exit_code;
    }
    progress_start(&import->progress, "publish", "rows", import->table.row_count * import->kind->steps,
                   import->ctl->json);
    for (import->step = 0; import->step < import->kind->steps && exit_code == EXIT_CODE_OK; import->step++) {
        exit_code = send_step(import);
    }
    count_rows(import);
    progress_end(&import->progress, import->done);
    return exit_code;
}

/* --- files ----------------------------------------------------------------------------------------------------------
 */
static int read_table(struct import *import) {
    const enum status status =
        file_read(strcmp(import->path, "-") == 0 ? "/dev/stdin" : import->path, CSV_BYTES_MAX, &import->table.text);
    if (status != STATUS_OK) {
        return ctl_error(EXIT_CODE_USAGE, "%s cannot be read: %s", import->path,
                         status == STATUS_MEMORY ? "larger than 256 MiB" : status_name(status));
    }
    import->table.kind = import->kind->table;
    return import_table_read(&import->table, import->path) == STATUS_OK ? EXIT_CODE_OK : EXIT_CODE_DATA;
}

static int write_file(const char *path, struct buffer *text) {
    const enum status status = file_write_atomic(path, text->data, text->size, 0644);
    buffer_release(text);
    return status == STATUS_OK ? EXIT_CODE_OK
                               : ctl_error(EXIT_CODE_FAILED, "%s cannot be written: %s", path, status_name(status));
}

/* Only when something was sent and something was not: otherwise the file itself is what has to be imported again. */
static int write_rejects(const struct import *import) {
    struct buffer text = {0};
    if (!import->was_sent || import_table_rejects(&import->table, &text) == 0) {
        buffer_release(&text);
        return EXIT_CODE_OK;
    }
    const int exit_code = write_file(import->rejects_path, &text);
    if (exit_code == EXIT_CODE_OK && !import->ctl->json) {
        printf("The rejected rows, to be corrected and imported: %s\n", import->rejects_path);
    }
    return exit_code;
}

static int write_report(const struct import *import) {
    struct buffer text = {0};
    if (import->report_path == NULL) {
        return EXIT_CODE_OK;
    }
    import_table_report(&import->table, &text);
    return write_file(import->report_path, &text);
}

static int set_paths(struct import *import) {
    if (import->rejects_path == NULL) {
        const int length =
            snprintf(import->default_rejects_path, sizeof import->default_rejects_path, "%s.rejects.csv", import->path);
        if (length >= (int)sizeof import->default_rejects_path) {
            return ctl_error(EXIT_CODE_USAGE, "the name of the file is too long");
        }
        import->rejects_path = import->default_rejects_path;
    }
    if (import->report_path != NULL &&
        (strcmp(import->report_path, import->path) == 0 || strcmp(import->report_path, import->rejects_path) == 0)) {
        return ctl_error(EXIT_CODE_USAGE,
                         "the report would replace the file or its rejects; name another with --report");
    }
    return strcmp(import->rejects_path, import->path) == 0
               ? ctl_error(EXIT_CODE_USAGE, "the rejects would replace the file itself; name another with --rejects")
               : EXIT_CODE_OK;
}

/* --- the whole ------------------------------------------------------------------------------------------------------
 */
static int connect_desk(struct import *import) {
    char path[CTL_PATH_BYTES];
    enum status status = import->key ? STATUS_OK : target_key_as(import->ctl, import->as, path);
    if (status == STATUS_OK) {
        status = target_connect(import->ctl, import->kind->registry, import->key ? import->key : path, &import->socket);
    }
    return (int)status_exit_code(status);
}

static bool may_send(const struct import *import) {
    return !import->is_dry && !import->table.is_broken && (import->table.found == 0 || import->accepts_valid);
}

static int conclude(struct import *import, int exit_code) {
    import_table_sort_findings(&import->table);
    import_print(import, exit_code == EXIT_CODE_OK);
    const int reported = write_report(import), written = write_rejects(import);
    if (exit_code != EXIT_CODE_OK) {
        fprintf(stderr, "Not complete. The same command again sends what is missing; nothing happens twice.\n");
        return exit_code;
    }
    if (reported != EXIT_CODE_OK || written != EXIT_CODE_OK) {
        return reported != EXIT_CODE_OK ? reported : written;
    }
    return import->table.found > 0 ? EXIT_CODE_DATA : EXIT_CODE_OK;
}

static int run(struct import *import) {
    int exit_code = read_table(import);
    exit_code = exit_code == EXIT_CODE_OK ? connect_desk(import) : exit_code;
    if (exit_code != EXIT_CODE_OK) {
        return exit_code;
    }
    ctl_catch_signals();
    progress_start(&import->progress, "check", "rows", import->table.row_count, import->ctl->json);
    exit_code = import->kind->check(import);
    progress_end(&import->progress, import->done);
    if (exit_code == EXIT_CODE_OK && may_send(import)) {
        exit_code = send_all(import);
    }
    return conclude(import, exit_code);
}

int import_run(struct import *import) {
    import->as = import->as ? import->as : import->kind->as;
    int exit_code = set_paths(import);
    if (exit_code != EXIT_CODE_OK) {
        return exit_code;
    }
    CHECK(sodium_init() >= 0);
    arena_init(&import->arena, ARENA_BYTES);
    arena_init(&import->answers, ANSWERS_BYTES);
    exit_code = run(import);
    import_sender_close(&import->sender);
    client_socket_destroy(&import->socket);
    import_table_release(&import->table);
    arena_release(&import->answers);
    arena_release(&import->arena);
    return exit_code;
}
