#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "aggregator/report_printed.h"
#include "aggregator/report_run.h"
#include "base/buffer.h"
#include "base/check.h"
#include "base/file.h"
#include "base/text_table.h"

/* The annual report: what the city printed beside what the events say. */

#define COLUMNS 8
#define ARENA_BYTES_MAX ((size_t)4 << 20)

static const char figures_sql[] =
    "SELECT h.id, h.computed, h.numerator, h.denominator, h.definition_version, h.metric, m.label_zh, m.label_en"
    " FROM bureau.headline h LEFT JOIN bureau.metric m USING (metric)"
    " WHERE h.year = ($1 || '-01-01')::date ORDER BY h.id";

enum column { C_ID, C_COMPUTED, C_NUMERATOR, C_DENOMINATOR, C_VERSION, C_METRIC, C_LABEL_ZH, C_LABEL_EN };

/* Which items of the approval catalogue and which reform tasks stall enterprises, as it is now. */
static const char stalls_sql[] = "SELECT kind, code, issues, open FROM bureau.issue_stalls"
                                 " ORDER BY open DESC, issues DESC, kind, code LIMIT 10";
enum stall_column { S_KIND, S_CODE, S_ISSUES, S_OPEN, S_COLUMNS };

struct annual {
    const char *year;
    bool is_json;
    struct arena arena;
    struct buffer text; /* of the printed file */
    char path[PATH_MAX]; /* of it; "": none */
    struct report_printed printed;
    PGresult *rows;
    PGresult *stalls;
    size_t matching, differing;
};

/* One line of the report. */
struct line {
    const char *id, *title_zh, *title_en;
    const char *printed; /* NULL: nothing was printed */
    int row;             /* of the computed figure; -1: there is none */
    bool matches;
};

/* --- What was printed ----------------------------------------------------------------------------------------------- */

/* The program's data: in share beside bin where it is installed, in deploy where it was built. */
static bool find_printed(struct annual *annual) {
    static const char *const folders[] = {"../share/liancheng/data", "../../../deploy/data"};
    char program[PATH_MAX - 128];
    ssize_t length = readlink("/proc/self/exe", program, sizeof program - 1);
    program[length > 0 ? length : 0] = '\0';
    char *slash = strrchr(program, '/');
    if (slash == NULL) {
        return false;
    }
    *slash = '\0';
    for (size_t i = 0; i < sizeof folders / sizeof folders[0]; i++) {
        snprintf(annual->path, sizeof annual->path, "%s/%s/annual_report_%s.tsv", program, folders[i], annual->year);
        if (access(annual->path, R_OK) == 0) {
            return true;
        }
    }
    annual->path[0] = '\0';
    return false;
}

static int read_printed(struct annual *annual) {
    if (annual->path[0] == '\0' && !find_printed(annual)) {
        return EXIT_CODE_OK;
    }
    enum status status = file_read(annual->path, REPORT_PRINTED_BYTES_MAX, &annual->text);
    if (status != STATUS_OK) {
        return report_error(EXIT_CODE_USAGE, "%s cannot be read: %s", annual->path,
                            status == STATUS_MEMORY ? "larger than 1 MiB" : status_name(status));
    }
    (void)buffer_text(&annual->text); /* a NUL behind it; one within it ends it */
    status = report_printed_read((char *)annual->text.data, &annual->arena, &annual->printed);
    if (status == STATUS_MALFORMED) {
        return report_error(EXIT_CODE_DATA, "%s:%zu: %s", annual->path, annual->printed.wrong_line,
                            annual->printed.wrong);
    }
    CHECK(status == STATUS_OK);
    return EXIT_CODE_OK;
}

/* --- Lines ---------------------------------------------------------------------------------------------------------- */

static size_t count_lines(const struct annual *annual) {
    return annual->path[0] != '\0' ? annual->printed.count : (size_t)PQntuples(annual->rows);
}

static int find_row(const struct annual *annual, const char *id) {
    for (int row = 0; row < PQntuples(annual->rows); row++) {
        if (strcmp(PQgetvalue(annual->rows, row, C_ID), id) == 0) {
            return row;
        }
    }
    return -1;
}

static const char *value_of(const struct annual *annual, const struct line *line, enum column column) {
    return line->row < 0 ? NULL : report_value(annual->rows, line->row, (int)column);
}

static struct line line_at(const struct annual *annual, size_t number) {
    struct line line = {.row = (int)number};
    if (annual->path[0] != '\0') {
        const struct report_printed_line *printed = &annual->printed.lines[number];
        line.id = printed->id;
        line.title_zh = printed->title_zh;
        line.title_en = printed->title_en;
        line.printed = printed->printed;
        line.row = find_row(annual, printed->id);
        const char *computed = value_of(annual, &line, C_COMPUTED);
        line.matches = computed != NULL && strcmp(computed, printed->printed) == 0;
    } else {
        line.id = PQgetvalue(annual->rows, (int)number, C_ID);
        line.title_zh = value_of(annual, &line, C_LABEL_ZH);
        line.title_en = value_of(annual, &line, C_LABEL_EN);
    }
    return line;
}

static const char *result_of(const struct line *line) {
    return line->printed == NULL ? NULL : line->matches ? "MATCH" : "DIFFER";
}

/* --- For people ----------------------------------------------------------------------------------------------------- */

static const char *const heads[][COLUMNS] = {
    {"指标", "figure", "印发 printed", "计算 computed", "分子 numerator", "分母 denominator", "口径 definition", "结果 result"},
    {"指标", "metric", "id", "计算 computed", "分子 numerator", "分母 denominator", "口径 definition", ""}};

static void print_table(struct annual *annual) {
    const bool has_printed = annual->path[0] != '\0';
    struct text_table table = {.columns = has_printed ? COLUMNS : COLUMNS - 1, .rows = count_lines(annual) + 1};
    struct buffer out = {0};
    table.cells = arena_alloc(&annual->arena, table.rows * table.columns * sizeof *table.cells);
    CHECK(table.cells != NULL); /* a thousand lines at most */
    for (size_t column = 2; column < COLUMNS - 1; column++) {
        table.is_right[column] = has_printed || column > 2;
    }
    memcpy(table.cells, heads[!has_printed], table.columns * sizeof *table.cells);
    for (size_t i = 0; i + 1 < table.rows; i++) {
        struct line line = line_at(annual, i);
        const char *cells[COLUMNS] = {line.title_zh,
                                      line.title_en,
                                      has_printed ? line.printed : line.id,
                                      value_of(annual, &line, C_COMPUTED),
                                      value_of(annual, &line, C_NUMERATOR),
                                      value_of(annual, &line, C_DENOMINATOR),
                                      value_of(annual, &line, C_VERSION),
                                      result_of(&line)};
        memcpy(&table.cells[(i + 1) * table.columns], cells, table.columns * sizeof *cells);
    }
    text_table_print(&table, &out);
    fputs(buffer_text(&out), stdout);
    buffer_release(&out);
}

static void print_stalls(struct annual *annual) {
    static const char *const stall_heads[S_COLUMNS] = {"涉及 about", "编码 code", "企业问题 issues", "在办 open"};
    struct text_table table = {.columns = S_COLUMNS, .rows = (size_t)PQntuples(annual->stalls) + 1};
    struct buffer out = {0};
    if (table.rows == 1) {
        return;
    }
    table.cells = arena_alloc(&annual->arena, table.rows * table.columns * sizeof *table.cells);
    CHECK(table.cells != NULL); /* ten rows at most */
    table.is_right[S_ISSUES] = table.is_right[S_OPEN] = true;
    memcpy(table.cells, stall_heads, sizeof stall_heads);
    for (size_t i = 0; i + 1 < table.rows; i++) {
        for (int column = 0; column < S_COLUMNS; column++) {
            table.cells[(i + 1) * S_COLUMNS + (size_t)column] = report_value(annual->stalls, (int)i, column);
        }
    }
    text_table_print(&table, &out);
    printf("What stalls enterprises most / 企业反映最集中的事项与任务\n%s\n", buffer_text(&out));
    buffer_release(&out);
}

static void print_closing(const struct annual *annual) {
    size_t lines = count_lines(annual);
    if (annual->path[0] != '\0') {
        printf("%s: %zu lines, %zu MATCH, %zu DIFFER / %s年：共%zu项，%zu项一致，%zu项不一致\n", annual->year, lines,
               annual->matching, annual->differing, annual->year, lines, annual->matching, annual->differing);
    } else {
        printf("%s: %zu lines; no printed figures to compare with / %s年：共%zu项；没有可比对的印发数字\n", annual->year,
               lines, annual->year, lines);
    }
}

/* --- For programs --------------------------------------------------------------------------------------------------- */

static json_t *number_or_null(const char *text) {
    return text == NULL ? json_null() : json_integer(strtoll(text, NULL, 10));
}

static json_t *line_json(const struct annual *annual, const struct line *line) {
    json_t *json = json_pack("{s:s, s:s?, s:s?, s:s?, s:s?, s:o, s:o, s:s?, s:o, s:s?}", "id", line->id, "title_zh",
                             line->title_zh, "title_en", line->title_en, "printed", line->printed, "computed",
                             value_of(annual, line, C_COMPUTED), "numerator",
                             number_or_null(value_of(annual, line, C_NUMERATOR)), "denominator",
                             number_or_null(value_of(annual, line, C_DENOMINATOR)), "metric",
                             value_of(annual, line, C_METRIC), "definition_version",
                             number_or_null(value_of(annual, line, C_VERSION)), "result", result_of(line));
    CHECK(json != NULL);
    return json;
}

static void print_json(const struct annual *annual) {
    json_t *lines = json_array();
    for (size_t i = 0; i < count_lines(annual); i++) {
        struct line line = line_at(annual, i);
        json_array_append_new(lines, line_json(annual, &line));
    }
    json_t *stalls = json_array();
    for (int i = 0; i < PQntuples(annual->stalls); i++) {
        json_array_append_new(stalls, json_pack("{s:s?, s:s?, s:o, s:o}", "kind", report_value(annual->stalls, i, S_KIND), "code",
                                                report_value(annual->stalls, i, S_CODE), "issues",
                                                number_or_null(report_value(annual->stalls, i, S_ISSUES)), "open",
                                                number_or_null(report_value(annual->stalls, i, S_OPEN))));
    }
    json_t *json = json_pack("{s:I, s:b, s:I, s:I, s:o, s:o}", "year", (json_int_t)strtol(annual->year, NULL, 10), "compared",
                             (int)(annual->path[0] != '\0'), "match", (json_int_t)annual->matching, "differ",
                             (json_int_t)annual->differing, "lines", lines, "stalls", stalls);
    CHECK(json != NULL);
    json_dumpf(json, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(json);
}

/* --- The report ----------------------------------------------------------------------------------------------------- */

static int tell(struct annual *annual) {
    for (size_t i = 0; i < count_lines(annual); i++) {
        struct line line = line_at(annual, i);
        annual->matching += line.printed != NULL && line.matches;
        annual->differing += line.printed != NULL && !line.matches;
    }
    if (annual->is_json) {
        print_json(annual);
    } else {
        print_table(annual);
        putchar('\n');
        print_stalls(annual);
        print_closing(annual);
    }
    return annual->differing > 0 ? REPORT_EXIT_DIFFERS : EXIT_CODE_OK;
}

static int run(struct annual *annual, const struct config *config) {
    int code = read_printed(annual);
    PGconn *connection = code == EXIT_CODE_OK ? report_connect(config) : NULL;
    if (connection == NULL) {
        return code != EXIT_CODE_OK ? code : EXIT_CODE_TEMPORARY;
    }
    annual->rows = report_query(connection, figures_sql, 1, &annual->year);
    annual->stalls = annual->rows == NULL ? NULL : report_query(connection, stalls_sql, 0, NULL);
    code = annual->stalls == NULL ? EXIT_CODE_FAILED : tell(annual);
    PQclear(annual->stalls);
    PQclear(annual->rows);
    PQfinish(connection);
    return code;
}

static bool is_year(const char *text) {
    return strlen(text) == 4 && strspn(text, "0123456789") == 4 && strcmp(text, "1970") >= 0;
}

int report_annual(const struct config *config, const char *const *words, size_t count) {
    if (count < 1 || count > 2 || !is_year(words[0]) || (count == 2 && words[1][0] == '\0')) {
        return report_error(EXIT_CODE_USAGE, "usage: aggregator report annual YEAR [PRINTED.tsv]");
    }
    struct annual annual = {.year = words[0], .is_json = config_boolean(config, "/report/json")};
    if (count == 2 && snprintf(annual.path, sizeof annual.path, "%s", words[1]) >= (int)sizeof annual.path) {
        return report_error(EXIT_CODE_USAGE, "the path of the printed figures is too long");
    }
    arena_init(&annual.arena, ARENA_BYTES_MAX);
    int code = run(&annual, config);
    buffer_release(&annual.text);
    arena_release(&annual.arena);
    return code;
}
