#include "ctl/import_print.h"

#include <inttypes.h>
#include <stdio.h>

#include "ctl/json.h"

#define PRINTED_FINDINGS 1000

static void print_finding(const struct import_finding *finding) {
    printf("row %" PRIu32 "%s%s: %s", finding->row, *finding->column ? ", " : "", finding->column, finding->rule);
    if (*finding->value) {
        printf(" \"%.200s\"", finding->value);
    }
    printf(": %s / %s\n", finding->message, finding->message_zh);
}

static void print_finding_json(const struct import_finding *finding) {
    json_print(json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s}", "row", (json_int_t)finding->row, "column",
                         finding->column, "field", finding->field, "rule", finding->rule, "value", finding->value,
                         "message", finding->message, "message_zh", finding->message_zh));
}

static uint64_t count_rejected(const struct import_table *table) {
    uint64_t count = 0;
    for (size_t i = 0; i < table->row_count; i++) {
        count += table->rows[i].fate == ROW_REJECTED;
    }
    return count;
}

static void print_findings(const struct import *import) {
    const struct import_table *table = &import->table;
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
    const struct import_table *table = &import->table;
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

void import_print(const struct import *import, bool is_complete) {
    print_findings(import);
    print_summary(import, is_complete);
}
