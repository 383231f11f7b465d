#include "ctl/catalogue_table.h"

#include <string.h>

#include "ctl/catalogue_columns.h"

static void init(void *message) {
    approvals__v1__publish_item__init(message);
}

static size_t packed_size(const void *message) {
    return approvals__v1__publish_item__get_packed_size(message);
}

static void order(const void *message, struct import_row *row) {
    const Approvals__V1__PublishItem *item = message;
    row->code = item->code;
    row->version = item->version;
    row->day = (int32_t)item->effective_day;
}

const struct import_table_kind catalogue_table_kind = {
    .columns = catalogue_columns,
    .row_bytes = sizeof(Approvals__V1__PublishItem),
    .init = init,
    .packed_size = packed_size,
    .order = order,
};

/* Two rows of one item, the second of the same or a later version. */
static void compare_two(struct import_table *table, const struct import_row *before, struct import_row *row) {
    if (before->version == row->version) {
        import_table_find(table, row, "version", "F05",
                          "This version of the item stands in the file twice; delete one of the rows.",
                          "该事项的同一版本在文件中出现两次；请删除其中一行。");
    } else if (row->day < before->day) {
        import_table_find(
            table, row, "effective_day", "F06",
            "The effective day lies before that of the item's earlier version in the file; correct one of the two.",
            "生效日期早于文件中该事项上一版本的生效日期；请更正其中一个。");
    } else if (strcmp(import_table_cell(table, before, "agency"), import_table_cell(table, row, "agency")) != 0) {
        import_table_find(table, row, "agency", "F07",
                          "The versions of the item in the file have different agencies; correct one of them.",
                          "文件中该事项各版本的办理机关不一致；请更正。");
    }
}

void catalogue_table_compare(struct import_table *table) {
    import_table_sort(table);
    for (size_t i = 1; i < table->row_count; i++) {
        struct import_row *row = &table->rows[table->order[i]];
        const struct import_row *before = &table->rows[table->order[i - 1]];
        if (*row->code != '\0' && row->version != 0 && strcmp(row->code, before->code) == 0) {
            compare_two(table, before, row);
        }
    }
}

void catalogue_table_hold_back(struct import_table *table) {
    for (size_t i = 1; i < table->row_count; i++) {
        struct import_row *row = &table->rows[table->order[i]];
        const struct import_row *before = &table->rows[table->order[i - 1]];
        if (row->fate == ROW_GOOD && before->fate == ROW_REJECTED && *row->code != '\0' &&
            strcmp(row->code, before->code) == 0) {
            import_table_find(
                table, row, "version", "F08",
                "An earlier version of the item in the file is rejected, and could not follow this one; both wait.",
                "文件中该事项较早的版本未通过，发布本版本后将无法补发；两行均暂不导入。");
        }
    }
}
