/* docs/metrics.md is the catalogue, as a person reads it: LC_TEST_WRITE=1 writes it anew. Run in the project's top
 * folder. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "aggregator/metrics.h"
#include "base/buffer.h"
#include "base/file.h"

#define DOC "docs/metrics.md"
#define DOC_BYTES_MAX (1024 * 1024)

static const char intro[] = "# Metrics / 指标目录\n"
                            "\n"
                            "What is counted, as the aggregator's catalogue has it (`services/aggregator/metrics.c`; "
                            "in PostgreSQL `bureau.metric`, over the socket\n"
                            "`ListMetrics`). Numbers and ids are for ever; a changed definition gets a new version. "
                            "Cells hold integers; shares are made in\n"
                            "the views of the schema `bureau`, rounded half up to four places, NULL where the "
                            "denominator is 0. A flow adds up over the days of a month or a year; a stock is the sum of all "
                            "its changes up to the last day;\n"
                            "distinct numbers (persons) are those of exactly one period and never add up. This file is made "
                            "from\n"
                            "the catalogue by a test, which fails when they differ.\n"
                            "\n"
                            "指标以目录为准，本文件由目录生成。单元格只存整数；比率在 `bureau` "
                            "各视图中由整数算出，四舍五入到四位，分母为0时为空值。\n"
                            "流量（flow）按日相加；存量（stock）为截至期末全部增减之和；去重数（distinct）只属于其本身的期间，不可相加。\n";

static const struct {
    int first, last;
    const char *title;
} parts[] = {
    {1, 19, "Visits and the rescue circle / 就诊与急救圈"},
    {20, 69, "Items of the approval catalogue / 政务服务事项"},
    {70, 99, "Cases of the approval registry / 政务服务办件"},
    {100, 139, "Enterprise issues / 企业问题"},
    {140, 169, "The reform ledger / 改革台账"},
    {170, 189, "River clues / 河湖“四乱”线索"},
};

static void render_metric(struct buffer *out, const struct metric *metric) {
    buffer_printf(out, "**%d `%s`** %s / %s (%s, %s by %s, definition %u)  \n%s  \n%s\n\n", (int)metric->number,
                  metric->id, metric->label_zh, metric->label_en, metric->unit, metric_kind_name(metric->kind),
                  metric_period_name(metric->period), metric->definition_version, metric->definition_zh, metric->definition_en);
}

/* A part without a metric has no title either. */
static size_t render_part(struct buffer *out, size_t part) {
    size_t rendered = 0;
    for (size_t i = 0; i < metric_count; i++) {
        int number = (int)metric_catalogue[i].number;
        if (number >= parts[part].first && number <= parts[part].last) {
            if (rendered == 0) {
                buffer_printf(out, "\n## %s\n\n", parts[part].title);
            }
            render_metric(out, &metric_catalogue[i]);
            rendered++;
        }
    }
    return rendered;
}

static void render_metrics(struct buffer *out) {
    size_t rendered = 0;
    for (size_t p = 0; p < sizeof parts / sizeof parts[0]; p++) {
        rendered += render_part(out, p);
    }
    assert_int_equal(rendered, metric_count); /* each belongs to a part */
}

static void render_categories(struct buffer *out) {
    buffer_append_text(out, "\n## Categories / 类别\n\nOne column of a cell, with a meaning of the metric's own.\n\n"
                            "| number | id | 名称 | name |\n|---|---|---|---|\n");
    for (size_t i = 0; i < category_count; i++) {
        const struct category *category = &category_catalogue[i];
        buffer_printf(out, "| %d | `%s` | %s | %s |\n", (int)category->number, category->id, category->label_zh,
                      category->label_en);
    }
}

static void the_document_is_the_catalogue(void **state) {
    (void)state;
    struct buffer wanted = {0}, found = {0};
    buffer_append_text(&wanted, intro);
    render_metrics(&wanted);
    render_categories(&wanted);
    if (getenv("LC_TEST_WRITE") != NULL) {
        assert_int_equal(file_write_atomic(DOC, wanted.data, wanted.size, 0644), STATUS_OK);
    }
    assert_int_equal(file_read(DOC, DOC_BYTES_MAX, &found), STATUS_OK);
    if (found.size != wanted.size || memcmp(found.data, wanted.data, wanted.size) != 0) {
        fail_msg(
            DOC
            " is not what the catalogue says: LC_TEST_WRITE=1 build/FLAVOUR/tests/unit/io_metrics_doc makes it anew");
    }
    buffer_release(&wanted);
    buffer_release(&found);
}

int main(void) {
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_document_is_the_catalogue)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
