#include "approvals/v1/query.pb-c.h"
#include "base/check.h"
#include "ctl/catalogue_table.h"
#include "ctl/import.h"
#include "ctl/import_run.h"

/* lianchengctl import catalogue: a spreadsheet of items, checked as a whole by the registry, then published. */

#define CHECKED_ITEMS 200 /* in one question */
#define CHECKED_BYTES (512 * 1024)
#define CHUNK_BYTES ((size_t)16 << 20) /* beyond that the question is asked */

/* --- Checking -------------------------------------------------------------------------------------------------------
 */
struct chunk {
    struct import_row *rows[CHECKED_ITEMS];
    Approvals__V1__PublishItem *items[CHECKED_ITEMS];
    size_t count, bytes;
};

/* One CheckItems for the chunk. */
static int ask(struct import *import, struct chunk *chunk, const Approvals__V1__CheckedItems **checked) {
    Approvals__V1__CheckItems check = APPROVALS__V1__CHECK_ITEMS__INIT;
    Approvals__V1__Query question = APPROVALS__V1__QUERY__INIT;
    const ProtobufCMessage *base = NULL;
    check.n_items = chunk->count;
    check.items = chunk->items;
    question.body_case = APPROVALS__V1__QUERY__BODY_CHECK_ITEMS;
    question.check_items = &check;
    const int exit_code = import_ask(import, &question.base, &approvals__v1__answer__descriptor, &base);
    const Approvals__V1__Answer *answer = (const Approvals__V1__Answer *)base;
    if (exit_code != EXIT_CODE_OK || answer->body_case == APPROVALS__V1__ANSWER__BODY_CHECKED_ITEMS) {
        *checked = exit_code == EXIT_CODE_OK ? answer->checked_items : NULL;
        return exit_code;
    }
    return ctl_error(EXIT_CODE_FAILED, "the answer of approvals is not of this contract");
}

static int check_chunk(struct import *import, struct chunk *chunk) {
    const Approvals__V1__CheckedItems *checked = NULL;
    const int exit_code = chunk->count == 0 ? EXIT_CODE_OK : ask(import, chunk, &checked);
    for (size_t i = 0; checked != NULL && i < checked->n_findings; i++) {
        const Approvals__V1__Finding *finding = checked->findings[i];
        if (finding->item < chunk->count) {
            import_table_find(&import->table, chunk->rows[finding->item], finding->field, finding->rule,
                              finding->message, finding->message_zh);
        }
    }
    import->unchanged += checked != NULL ? checked->unchanged : 0;
    chunk->count = chunk->bytes = 0;
    arena_reset(&import->arena);
    progress_show(&import->progress, import->done);
    return ctl_is_interrupted() && exit_code == EXIT_CODE_OK ? EXIT_CODE_TEMPORARY : exit_code;
}

static bool is_historical(const struct import *import) {
    return *(const bool *)import->self;
}

/* The row's item in the chunk, asked about when that is full. */
static int check_row(struct import *import, struct chunk *chunk, struct import_row *row) {
    void *message;
    if (!import_table_message(&import->table, row, true, &import->arena, &message)) {
        return EXIT_CODE_OK;
    }
    Approvals__V1__PublishItem *item = message;
    item->historical = item->historical || is_historical(import);
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
    for (size_t i = 0; i < import->table.row_count && exit_code == EXIT_CODE_OK; i++) {
        import->done = i;
        if (import->table.rows[i].fate == ROW_GOOD) {
            exit_code = check_row(import, &chunk, &import->table.rows[i]);
        }
    }
    exit_code = exit_code == EXIT_CODE_OK ? check_chunk(import, &chunk) : exit_code;
    if (exit_code == EXIT_CODE_OK) {
        catalogue_table_compare(&import->table);
        catalogue_table_hold_back(&import->table);
    }
    return exit_code;
}

/* --- Publishing -----------------------------------------------------------------------------------------------------
 */
/* What is published is idempotent by its content, so each run makes new command ids. */
static int publish_row(struct import *import, size_t number, unsigned step) {
    Approvals__V1__Command command = APPROVALS__V1__COMMAND__INIT;
    void *message;
    (void)step;
    const bool is_good =
        import_table_message(&import->table, &import->table.rows[number], false, &import->arena, &message);
    CHECK(is_good); /* it was when it was checked */
    command.publish_item = message;
    command.publish_item->historical = command.publish_item->historical || is_historical(import);
    command.body_case = APPROVALS__V1__COMMAND__BODY_PUBLISH_ITEM;
    return import_send(import, number, &command.base, NULL, 0);
}

static const struct import_kind kind = {
    .registry = "approvals",
    .as = "supervisor",
    .table = &catalogue_table_kind,
    .check = check_all,
    .steps = 1,
    .send = publish_row,
    .counts_unchanged = true,
};

int import_catalogue(struct ctl *ctl, int argc, char **argv) {
    bool historical = false;
    struct import import = {.ctl = ctl, .kind = &kind, .self = &historical, .timeout_s = 60, .makes_ids = true};
    const struct ctl_option options[] = {
        IMPORT_OPTIONS(&import),
        {"historical", CTL_FLAG, &historical, NULL, "of a closed period: effective days may lie in the past", 0, 0},
        {"as", CTL_TEXT, &import.as, "WHO", "supervisor (as by default) or an agency, for its own items", 0, 0},
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
    return import_run(&import);
}
