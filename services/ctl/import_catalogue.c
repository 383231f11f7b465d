#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "approvals/v1/query.pb-c.h"
#include "base/check.h"
#include "base/file.h"
#include "ctl/catalogue_table.h"
#include "ctl/contract.h"
#include "ctl/import.h"
#include "ctl/import_sender.h"
#include "ctl/json.h"
#include "ctl/progress.h"

/* lianchengctl import catalogue: a spreadsheet of items, checked as a whole, then published. */

#define CHECKED_ITEMS 200 /* in one question */
#define CHECKED_BYTES (512 * 1024)
#define CHUNK_ARENA_BYTES ((size_t)512 << 20) /* the items of one question: their cells at most a few times over */
#define CHUNK_BYTES ((size_t)16 << 20)        /* beyond that the question is asked */
#define PRINTED_FINDINGS 1000
#define ASK_TIMEOUT_MS 30000

struct import {
    struct ctl *ctl;
    const char *path, *rejects_path, *key, *as;
    char default_rejects_path[CTL_PATH_BYTES];
    bool is_dry, accepts_valid, is_historical;
    int64_t timeout_s;

    struct catalogue_table table;
    struct client_socket *socket;
    struct import_sender sender;
    struct arena arena; /* of the items of one question, of one command */
    struct arena answers;
    struct progress progress;
    uint64_t published, unchanged, done;
    bool was_sent; /* commands were */
};

/* --- Checking -------------------------------------------------------------------------------------------------------
 */
struct chunk {
    struct catalogue_row *rows[CHECKED_ITEMS];
    Approvals__V1__PublishItem *items[CHECKED_ITEMS];
    size_t count, bytes;
};

static const Approvals__V1__CheckedItems *answer_of(struct import *import, const Common__V1__Reply *reply) {
    const Approvals__V1__Answer *answer =
        reply->body_case != COMMON__V1__REPLY__BODY_ANSWER
            ? NULL
            : approvals__v1__answer__unpack(&import->answers.allocator, reply->answer->body.len,
                                            reply->answer->body.data);
    return answer != NULL && answer->body_case == APPROVALS__V1__ANSWER__BODY_CHECKED_ITEMS ? answer->checked_items
                                                                                            : NULL;
}

/* One CheckItems for the chunk. */
static int ask(struct import *import, struct chunk *chunk, const Approvals__V1__CheckedItems **checked) {
    Approvals__V1__CheckItems check = APPROVALS__V1__CHECK_ITEMS__INIT;
    Approvals__V1__Query question = APPROVALS__V1__QUERY__INIT;
    Common__V1__Query query = COMMON__V1__QUERY__INIT;
    Common__V1__Request request = COMMON__V1__REQUEST__INIT;
    Common__V1__Reply *reply = NULL;
    check.n_items = chunk->count;
    check.items = chunk->items;
    question.body_case = APPROVALS__V1__QUERY__BODY_CHECK_ITEMS;
    question.check_items = &check;
    query.body.len = approvals__v1__query__get_packed_size(&question);
    query.body.data = arena_alloc(&import->arena, query.body.len);
    CHECK(query.body.data != NULL);
    approvals__v1__query__pack(&question, query.body.data);
    request.body_case = COMMON__V1__REQUEST__BODY_QUERY;
    request.query = &query;
    arena_reset(&import->answers);
    const int exit_code = target_call(import->socket, "approvals", &request, &import->answers, ASK_TIMEOUT_MS, &reply);
    *checked = exit_code == EXIT_CODE_OK ? answer_of(import, reply) : NULL;
    return exit_code == EXIT_CODE_OK && *checked == NULL
               ? ctl_error(EXIT_CODE_FAILED, "the answer of approvals is not of this contract")
               : exit_code;
}

static int check_chunk(struct import *import, struct chunk *chunk) {
    const Approvals__V1__CheckedItems *checked = NULL;
    const int exit_code = chunk->count == 0 ? EXIT_CODE_OK : ask(import, chunk, &checked);
    for (size_t i = 0; checked != NULL && i < checked->n_findings; i++) {
        const Approvals__V1__Finding *finding = checked->findings[i];
        if (finding->item < chunk->count) {
            catalogue_table_find(&import->table, chunk->rows[finding->item], finding->field, finding->rule,
                                 finding->message, finding->message_zh);
        }
    }
    import->unchanged += checked != NULL ? checked->unchanged : 0;
    chunk->count = chunk->bytes = 0;
    arena_reset(&import->arena);
    progress_show(&import->progress, import->done);
    return ctl_is_interrupted() && exit_code == EXIT_CODE_OK ? EXIT_CODE_TEMPORARY : exit_code;
}

/* The row's item in the chunk, asked about when that is full. */
static int check_row(struct import *import, struct chunk *chunk, struct catalogue_row *row) {
    Approvals__V1__PublishItem *item;
    if (!catalogue_table_item(&import->table, row, true, &import->arena, &item)) {
        return EXIT_CODE_OK;
    }
    item->historical = item->historical || import->is_historical;
    chunk->rows[chunk->count] = row;
    chunk->items[chunk->count++] = item;
    chunk->bytes += approvals__v1__publish_item__get_packed_size(item) + 16;
    return chunk->count == CHECKED_ITEMS || chunk->bytes > CHECKED_BYTES || import->arena.used_bytes > CHUNK_BYTES
               ? check_chunk(import, chunk)
               : EXIT_CODE_OK;
}

static int check_all(struct import *import) {
    struct chunk chunk = {.count = 0};
    int exit_code = EXIT_CODE_OK;
    progress_start(&import->progress, "check", "rows", import->table.row_count, import->ctl->json);
    for (size_t i = 0; i < import->table.row_count && exit_code == EXIT_CODE_OK; i++) {
        import->done = i;
        if (import->table.rows[i].fate == ROW_GOOD) {
            exit_code = check_row(import, &chunk, &import->table.rows[i]);
        }
    }
    exit_code = exit_code == EXIT_CODE_OK ? check_chunk(import, &chunk) : exit_code;
    progress_end(&import->progress, import->done);
    if (exit_code == EXIT_CODE_OK) {
        catalogue_table_compare(&import->table);
        catalogue_table_hold_back(&import->table);
    }
    return exit_code;
}

/* --- Publishing -----------------------------------------------------------------------------------------------------
 */
static void on_receipt(void *user, uint64_t number, const Common__V1__Receipt *receipt) {
    struct import *import = user;
    struct catalogue_row *row = &import->table.rows[number];
    const Common__V1__Problem *problem = receipt->problem;
    const bool is_refused = receipt->result == COMMON__V1__RESULT__RESULT_REFUSED && problem != NULL;
    import->done++;
    import->published += !is_refused && receipt->events > 0;
    if (is_refused) { /* the catalogue changed since it was checked, or the key may not */
        catalogue_table_find(&import->table, row, problem->field,
                             contract_code_name(contract_find("approvals"), problem->code), problem->message,
                             problem->message_zh);
    }
    progress_show(&import->progress, import->done);
}

static int publish_row(struct import *import, size_t number) {
    Approvals__V1__Command command = APPROVALS__V1__COMMAND__INIT;
    arena_reset(&import->arena);
    const bool is_good =
        catalogue_table_item(&import->table, &import->table.rows[number], false, &import->arena, &command.publish_item);
    CHECK(is_good); /* it was when it was checked */
    command.publish_item->historical = command.publish_item->historical || import->is_historical;
    command.body_case = APPROVALS__V1__COMMAND__BODY_PUBLISH_ITEM;
    return import_sender_add(&import->sender, &command, number);
}

static int publish_all(struct import *import) {
    const struct catalogue_table *table = &import->table;
    import->sender.timeout_s = import->timeout_s;
    import->sender.receipt = on_receipt;
    import->sender.user = import;
    import->done = 0;
    import->was_sent = true;
    int exit_code = import_sender_open(import->ctl, import->key, import->as, &import->sender);
    if (exit_code != EXIT_CODE_OK) {
        return exit_code;
    }
    progress_start(&import->progress, "publish", "rows", table->row_count, import->ctl->json);
    for (size_t i = 0; i < table->row_count && exit_code == EXIT_CODE_OK; i++) {
        if (table->rows[table->order[i]].fate == ROW_GOOD) {
            exit_code = publish_row(import, table->order[i]);
        }
    }
    exit_code = exit_code == EXIT_CODE_OK ? import_sender_finish(&import->sender) : exit_code;
    progress_end(&import->progress, import->done);
    return exit_code;
}

/* --- Telling --------------------------------------------------------------------------------------------------------
 */
static void print_finding(const struct catalogue_finding *finding) {
    printf("row %" PRIu32 "%s%s: %s", finding->row, *finding->column ? ", " : "", finding->column, finding->rule);
    if (*finding->value) {
        printf(" \"%.200s\"", finding->value);
    }
    printf(": %s / %s\n", finding->message, finding->message_zh);
}

static void print_finding_json(const struct catalogue_finding *finding) {
    json_print(json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s}", "row", (json_int_t)finding->row, "column",
                         finding->column, "field", finding->field, "rule", finding->rule, "value", finding->value,
                         "message", finding->message, "message_zh", finding->message_zh));
}

static uint64_t count_rejected(const struct catalogue_table *table) {
    uint64_t count = 0;
    for (size_t i = 0; i < table->row_count; i++) {
        count += table->rows[i].fate == ROW_REJECTED;
    }
    return count;
}

static void print_findings(const struct import *import) {
    const struct catalogue_table *table = &import->table;
    for (size_t i = 0; i < table->finding_count && (import->ctl->json || i < PRINTED_FINDINGS); i++) {
        if (import->ctl->json) {
            print_finding_json(&table->findings[i]);
        } else {
            print_finding(&table->findings[i]);
        }
    }
    if (!import->ctl->json && table->found > PRINTED_FINDINGS) {
        printf("... and %" PRIu64 " more / 另有 %" PRIu64 " 处\n", table->found - PRINTED_FINDINGS,
               table->found - PRINTED_FINDINGS);
    }
}

static void print_summary(const struct import *import, bool is_complete) {
    const struct catalogue_table *table = &import->table;
    const uint64_t rejected = count_rejected(table);
    if (import->ctl->json) {
        json_print(json_pack("{s:b, s:b, s:s, s:I, s:I, s:I, s:I, s:I}", "complete", (int)is_complete, "dry_run",
                             (int)import->is_dry, "charset", table->charset, "rows", (json_int_t)table->row_count,
                             "rejected", (json_int_t)rejected, "findings", (json_int_t)table->found, "unchanged",
                             (json_int_t)import->unchanged, "published", (json_int_t)import->published));
        return;
    }
    printf("%zu rows (%s): %" PRIu64 " published, %" PRIu64 " known already, %" PRIu64 " rejected%s\n",
           table->row_count, table->charset, import->published, import->unchanged, rejected,
           import->was_sent ? "" : "; nothing was sent");
    printf("共 %zu 行：发布 %" PRIu64 " 行，已存在 %" PRIu64 " 行，未通过 %" PRIu64 " 行%s\n", table->row_count,
           import->published, import->unchanged, rejected, import->was_sent ? "" : "；未发送任何数据");
}

/* Only when something was sent and something was not: otherwise the file itself is what has to be imported again. */
static int write_rejects(const struct import *import) {
    struct buffer text = {0};
    const size_t count = catalogue_table_rejects(&import->table, &text);
    const enum status status =
        count == 0 ? STATUS_OK : file_write_atomic(import->rejects_path, text.data, text.size, 0644);
    buffer_release(&text);
    if (status != STATUS_OK) {
        return ctl_error(EXIT_CODE_FAILED, "%s cannot be written: %s", import->rejects_path, status_name(status));
    }
    if (count > 0 && !import->ctl->json) {
        printf("The rejected rows, to be corrected and imported: %s\n", import->rejects_path);
    }
    return EXIT_CODE_OK;
}

/* --- The whole ------------------------------------------------------------------------------------------------------
 */
static int read_table(struct import *import) {
    const enum status status =
        file_read(strcmp(import->path, "-") == 0 ? "/dev/stdin" : import->path, CSV_BYTES_MAX, &import->table.text);
    if (status != STATUS_OK) {
        return ctl_error(EXIT_CODE_USAGE, "%s cannot be read: %s", import->path,
                         status == STATUS_MEMORY ? "larger than 256 MiB" : status_name(status));
    }
    return catalogue_table_read(&import->table, import->path) == STATUS_OK ? EXIT_CODE_OK : EXIT_CODE_DATA;
}

static int connect_desk(struct import *import) {
    char path[CTL_PATH_BYTES];
    enum status status = import->key ? STATUS_OK : target_key_as(import->ctl, import->as, path);
    if (status == STATUS_OK) {
        status = target_connect(import->ctl, "approvals", import->key ? import->key : path, &import->socket);
    }
    return (int)status_exit_code(status);
}

static bool may_publish(const struct import *import) {
    return !import->is_dry && !import->table.is_broken && (import->table.found == 0 || import->accepts_valid);
}

static int run(struct import *import) {
    int exit_code = read_table(import);
    exit_code = exit_code == EXIT_CODE_OK ? connect_desk(import) : exit_code;
    if (exit_code != EXIT_CODE_OK) {
        return exit_code;
    }
    ctl_catch_signals();
    exit_code = check_all(import);
    if (exit_code == EXIT_CODE_OK && may_publish(import)) {
        exit_code = publish_all(import);
    }
    catalogue_table_sort_findings(&import->table);
    print_findings(import);
    print_summary(import, exit_code == EXIT_CODE_OK);
    const int written = import->was_sent ? write_rejects(import) : EXIT_CODE_OK;
    if (exit_code != EXIT_CODE_OK) {
        fprintf(stderr, "Not complete. The same command again sends what is missing; nothing happens twice.\n");
        return exit_code;
    }
    return written != EXIT_CODE_OK ? written : import->table.found > 0 ? EXIT_CODE_DATA : EXIT_CODE_OK;
}

static int set_rejects_path(struct import *import) {
    if (import->rejects_path == NULL) {
        const int length =
            snprintf(import->default_rejects_path, sizeof import->default_rejects_path, "%s.rejects.csv", import->path);
        if (length >= (int)sizeof import->default_rejects_path) {
            return ctl_error(EXIT_CODE_USAGE, "the name of the file is too long");
        }
        import->rejects_path = import->default_rejects_path;
    }
    return strcmp(import->rejects_path, import->path) == 0
               ? ctl_error(EXIT_CODE_USAGE, "the rejects would replace the file itself; name another with --rejects")
               : EXIT_CODE_OK;
}

int import_catalogue(struct ctl *ctl, int argc, char **argv) {
    struct import import = {.ctl = ctl, .timeout_s = 60};
    const struct ctl_option options[] = {
        {"dry-run", CTL_FLAG, &import.is_dry, NULL, "check only: nothing is sent", 0, 0},
        {"accept-valid", CTL_FLAG, &import.accepts_valid, NULL,
         "publish the good rows, put the others into a rejects file", 0, 0},
        {"rejects", CTL_TEXT, &import.rejects_path, "FILE", "where those go (FILE.rejects.csv)", 0, 0},
        {"historical", CTL_FLAG, &import.is_historical, NULL, "of a closed period: effective days may lie in the past",
         0, 0},
        {"as", CTL_TEXT, &import.as, "WHO", "supervisor (as by default) or an agency, for its own items", 0, 0},
        {"key", CTL_TEXT, &import.key, "FILE", "with this key", 0, 0},
        {"timeout", CTL_INTEGER, &import.timeout_s, "SECONDS", "give up without a receipt for so long (60)", 1, 86400},
        {.name = NULL},
    };
    const struct ctl_usage usage = {"import catalogue FILE.csv [OPTIONS]",
                                    "Publishes the items of a spreadsheet saved as CSV (UTF-8 or GB18030; "
                                    "docs/catalogue.md lists columns and rules).\n"
                                    "All rows are checked first; one bad row and nothing is sent, unless "
                                    "--accept-valid. What is known already changes\n"
                                    "nothing, so a file may be imported again. Exit code 0: all in; 65: some rows have "
                                    "findings; 75: not complete.\n",
                                    1, 1};
    int exit_code;
    if (!ctl_arguments(ctl, &usage, options, &argc, argv, &exit_code)) {
        return exit_code;
    }
    import.path = argv[1];
    import.as = import.as ? import.as : "supervisor";
    exit_code = set_rejects_path(&import);
    if (exit_code != EXIT_CODE_OK) {
        return exit_code;
    }
    arena_init(&import.arena, CHUNK_ARENA_BYTES);
    arena_init(&import.answers, (size_t)64 << 20);
    exit_code = run(&import);
    import_sender_close(&import.sender);
    client_socket_destroy(&import.socket);
    catalogue_table_release(&import.table);
    arena_release(&import.answers);
    arena_release(&import.arena);
    return exit_code;
}
