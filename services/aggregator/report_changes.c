#include "aggregator/report_changes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "aggregator/report_run.h"
#include "base/check.h"
#include "base/civil.h"

static const char publication_sql[] =
    "SELECT period, first_day, last_day, to_char(published_at AT TIME ZONE 'Asia/Shanghai', 'YYYY-MM-DD HH24:MI:SS'),"
    " status, note FROM bureau.publication WHERE number = $1::bigint";
static const char changes_sql[] =
    "SELECT metric, label_zh, label_en, region, region_name_zh, organisation, organisation_name, category, value,"
    " value_now, difference FROM bureau.publication_value WHERE number = $1::bigint AND revised"
    " ORDER BY metric, region, organisation, category";
static const char sources_sql[] =
    "SELECT p.source, p.epoch, p.cursor, coalesce(f.cursor, 0) FROM bureau.publication_source p"
    " LEFT JOIN bureau.freshness f USING (source) WHERE p.number = $1::bigint ORDER BY p.source";

enum publication_column { P_PERIOD, P_FIRST_DAY, P_LAST_DAY, P_PUBLISHED_AT, P_STATUS, P_NOTE };
enum column { C_METRIC, C_LABEL_ZH, C_LABEL_EN, C_REGION, C_REGION_NAME, C_ORGANISATION, C_ORGANISATION_NAME,
              C_CATEGORY, C_VALUE, C_VALUE_NOW, C_DIFFERENCE };

struct report {
    const char *number;
    PGresult *publication, *rows, *sources;
    struct report_changes changes;
};

/* --- What differs --------------------------------------------------------------------------------------------------- */

static int category_of(const char *id) {
    for (size_t i = 0; id != NULL && i < category_count; i++) {
        if (strcmp(category_catalogue[i].id, id) == 0) {
            return (int)category_catalogue[i].number;
        }
    }
    return EXPLAIN_ANY_CATEGORY;
}

/* One published number is one cell's, summed over the days that its kind takes. */
static struct report_change read_change(const PGresult *rows, int row, int32_t first, int32_t last) {
    struct report_change change = {.kind = NULL};
    const struct metric *metric = metric_find(PQgetvalue(rows, row, C_METRIC));
    int category = category_of(report_value(rows, row, C_CATEGORY));
    if (metric == NULL || category == EXPLAIN_ANY_CATEGORY) {
        return change;
    }
    change.kind = explain_kind_of(metric->number);
    change.want = (struct explain_want){
        .metric = metric->number,
        .region = (uint32_t)strtoul(PQgetvalue(rows, row, C_REGION), NULL, 10),
        .first = metric->kind == METRIC_STOCK ? INT32_MIN : first,
        .last = metric->kind == METRIC_DISTINCT ? first : last,
        .organisation = PQgetvalue(rows, row, C_ORGANISATION),
        .category = category,
    };
    return change;
}

static void read_changes(struct report *report) {
    struct report_changes *changes = &report->changes;
    int32_t first = 0, last = 0;
    CHECK(civil_date_parse(PQgetvalue(report->publication, 0, P_FIRST_DAY), &first) &&
          civil_date_parse(PQgetvalue(report->publication, 0, P_LAST_DAY), &last));
    changes->count = (size_t)PQntuples(report->rows);
    changes->changes = calloc(changes->count + 1, sizeof *changes->changes);
    changes->events = calloc(REPORT_EVENTS_MAX, sizeof *changes->events);
    CHECK(changes->changes != NULL && changes->events != NULL);
    for (size_t i = 0; i < changes->count; i++) {
        changes->changes[i] = read_change(report->rows, (int)i, first, last);
    }
}

static void walk_sources(struct report *report, const struct config *config) {
    for (int row = 0; row < PQntuples(report->sources); row++) {
        const struct report_source source = {
            .name = PQgetvalue(report->sources, row, 0),
            .epoch = report_value(report->sources, row, 1),
            .published = strtoull(PQgetvalue(report->sources, row, 2), NULL, 10),
            .now = strtoull(PQgetvalue(report->sources, row, 3), NULL, 10),
        };
        report_changes_walk(&report->changes, config, &source);
    }
}

static int compare_events(const void *a, const void *b) {
    const struct report_change_event *left = a, *right = b;
    if (left->change != right->change) {
        return left->change < right->change ? -1 : 1;
    }
    int order = strcmp(left->source, right->source);
    return order != 0 ? order : left->seq < right->seq ? -1 : left->seq > right->seq;
}

static int64_t difference_of(const struct report *report, size_t number) {
    return strtoll(PQgetvalue(report->rows, (int)number, C_DIFFERENCE), NULL, 10);
}

/* --- For people ----------------------------------------------------------------------------------------------------- */

static const char *column(const struct report *report, size_t number, enum column column) {
    const char *text = report_value(report->rows, (int)number, (int)column);
    return text == NULL ? "" : text;
}

static void print_event(const struct report_change_event *event) {
    char at[30];
    civil_time_format(event->at_ms, at);
    printf("    %-12s %12" PRIu64 "  %s  %-32s %+" PRId64 "\n", event->source, event->seq, at, event->type, event->delta);
}

/* Returns the number of the first event that is of a later change. */
static size_t print_change(const struct report *report, size_t number, size_t at) {
    const struct report_change *change = &report->changes.changes[number];
    printf("%s %s %s: %s %s", column(report, number, C_METRIC), column(report, number, C_LABEL_ZH),
           column(report, number, C_LABEL_EN), column(report, number, C_REGION), column(report, number, C_REGION_NAME));
    const char *organisation = column(report, number, C_ORGANISATION);
    if (organisation[0] != '\0') {
        const char *name = column(report, number, C_ORGANISATION_NAME);
        printf(", %s%s%s", organisation, name[0] != '\0' ? " " : "", name);
    }
    printf(", %s: %s -> %s (%+" PRId64 ")\n", column(report, number, C_CATEGORY), column(report, number, C_VALUE),
           column(report, number, C_VALUE_NOW), difference_of(report, number));
    size_t shown = 0;
    for (; at < report->changes.event_count && report->changes.events[at].change == number; at++, shown++) {
        print_event(&report->changes.events[at]);
    }
    if (change->events > shown) {
        printf("    and %" PRIu64 " more events / 另有 %" PRIu64 " 个事件\n", change->events - shown,
               change->events - shown);
    }
    if (change->explained != difference_of(report, number)) {
        printf("    these events change it by %+" PRId64 " only: the others are not in the logs read / 以上事件合计 %+" PRId64
               "，其余不在所读日志中\n",
               change->explained, change->explained);
    }
    return at;
}

static void print_text(const struct report *report) {
    const PGresult *p = report->publication;
    printf("Publication %s: %s %s, published %s, %s%s%s / 第 %s 号发布\n\n", report->number,
           PQgetvalue(p, 0, P_PERIOD), PQgetvalue(p, 0, P_FIRST_DAY), PQgetvalue(p, 0, P_PUBLISHED_AT),
           PQgetvalue(p, 0, P_STATUS), PQgetvalue(p, 0, P_NOTE)[0] != '\0' ? ": " : "", PQgetvalue(p, 0, P_NOTE),
           report->number);
    uint64_t events = 0;
    size_t at = 0;
    for (size_t i = 0; i < report->changes.count; i++) {
        at = print_change(report, i, at);
        events += report->changes.changes[i].events;
    }
    if (report->changes.count == 0) {
        printf("Nothing is another number now / 所有数字均未变化\n");
    } else {
        printf("\n%zu numbers are others now, by %" PRIu64 " changes of events / %zu 项数字有变化，由事件的 %" PRIu64
               " 处变动引起\n",
               report->changes.count, events, report->changes.count, events);
    }
}

/* --- For programs --------------------------------------------------------------------------------------------------- */

static json_t *events_json(const struct report *report, size_t number, size_t *at) {
    json_t *list = json_array();
    for (; *at < report->changes.event_count && report->changes.events[*at].change == number; (*at)++) {
        const struct report_change_event *event = &report->changes.events[*at];
        char when[30];
        civil_time_format(event->at_ms, when);
        json_array_append_new(list, json_pack("{s:s, s:I, s:s, s:s, s:I}", "source", event->source, "seq",
                                              (json_int_t)event->seq, "at", when, "type", event->type, "delta",
                                              (json_int_t)event->delta));
    }
    return list;
}

static json_t *change_json(const struct report *report, size_t number, size_t *at) {
    const struct report_change *change = &report->changes.changes[number];
    json_t *json = json_pack(
        "{s:s, s:s, s:s, s:I, s:s, s:s, s:I, s:I, s:I, s:I, s:I, s:o}", "metric", column(report, number, C_METRIC),
        "label_zh", column(report, number, C_LABEL_ZH), "label_en", column(report, number, C_LABEL_EN), "region",
        (json_int_t)strtoll(column(report, number, C_REGION), NULL, 10), "organisation",
        column(report, number, C_ORGANISATION), "category", column(report, number, C_CATEGORY), "value",
        (json_int_t)strtoll(column(report, number, C_VALUE), NULL, 10), "value_now",
        (json_int_t)strtoll(column(report, number, C_VALUE_NOW), NULL, 10), "difference",
        (json_int_t)difference_of(report, number), "event_count", (json_int_t)change->events, "explained",
        (json_int_t)change->explained, "events", events_json(report, number, at));
    CHECK(json != NULL);
    return json;
}

static void print_json(const struct report *report) {
    const PGresult *p = report->publication;
    json_t *list = json_array();
    size_t at = 0;
    for (size_t i = 0; i < report->changes.count; i++) {
        json_array_append_new(list, change_json(report, i, &at));
    }
    json_t *json = json_pack("{s:I, s:s, s:s, s:s, s:s, s:s, s:s, s:o}", "number",
                             (json_int_t)strtoll(report->number, NULL, 10), "period", PQgetvalue(p, 0, P_PERIOD),
                             "first_day", PQgetvalue(p, 0, P_FIRST_DAY), "last_day", PQgetvalue(p, 0, P_LAST_DAY),
                             "published_at", PQgetvalue(p, 0, P_PUBLISHED_AT), "status", PQgetvalue(p, 0, P_STATUS),
                             "note", PQgetvalue(p, 0, P_NOTE), "changes", list);
    CHECK(json != NULL);
    json_dumpf(json, stdout, JSON_COMPACT);
    putchar('\n');
    json_decref(json);
}

/* --- The report ----------------------------------------------------------------------------------------------------- */

static int tell(struct report *report, const struct config *config) {
    if (PQntuples(report->publication) == 0) {
        return report_error(EXIT_CODE_USAGE, "there is no publication %s", report->number);
    }
    read_changes(report);
    walk_sources(report, config);
    qsort(report->changes.events, report->changes.event_count, sizeof *report->changes.events, compare_events);
    if (config_boolean(config, "/report/json")) {
        print_json(report);
    } else {
        print_text(report);
    }
    free(report->changes.changes);
    free(report->changes.events);
    return EXIT_CODE_OK;
}

static int run(struct report *report, PGconn *connection, const struct config *config) {
    report->publication = report_query(connection, publication_sql, 1, &report->number);
    report->rows = report->publication ? report_query(connection, changes_sql, 1, &report->number) : NULL;
    report->sources = report->rows ? report_query(connection, sources_sql, 1, &report->number) : NULL;
    int code = report->sources == NULL ? EXIT_CODE_FAILED : tell(report, config);
    PQclear(report->publication);
    PQclear(report->rows);
    PQclear(report->sources);
    return code;
}

int report_changes(const struct config *config, const char *const *words, size_t count) {
    if (count != 1 || strlen(words[0]) > 18 || words[0][0] == '\0' ||
        strspn(words[0], "0123456789") != strlen(words[0])) {
        return report_error(EXIT_CODE_USAGE, "usage: aggregator report changes NUMBER");
    }
    struct report report = {.number = words[0]};
    PGconn *connection = report_connect(config);
    if (connection == NULL) {
        return EXIT_CODE_TEMPORARY;
    }
    int code = run(&report, connection, config);
    PQfinish(connection);
    return code;
}
