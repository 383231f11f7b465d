#include "aggregator/cells_query.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/cells.h"
#include "base/civil.h"

/* Far enough below the largest frame for what stands around the cells. */
#define ANSWER_BYTES_MAX (900 * 1024)

const char *const cells_query_sql =
    "SELECT region, period, organisation, category, value FROM metrics.cell"
    " WHERE metric = $1::int2 AND ($2::int4 = 0 OR region = $2::int4)"
    " AND period >= $3::date AND period <= $4::date AND ($5 = '' OR organisation = $5)"
    " AND (region, metric, period, organisation, category) > ($6::int4, $1::int2, $7::date, $8, $9::int2)"
    " AND value <> 0"
    " ORDER BY region, metric, period, organisation, category LIMIT $10::int8";

enum parameter { P_METRIC, P_REGION, P_FROM, P_TO, P_ORGANISATION, P_LAST_REGION, P_LAST_PERIOD, P_LAST_ORGANISATION,
                 P_LAST_CATEGORY, P_LIMIT };

static char *parameter(struct cells_query *query, enum parameter number) {
    return query->texts[number];
}

#define SET(query, number, ...) snprintf(parameter((query), (number)), sizeof (query)->texts[0], __VA_ARGS__)

static bool read_date(const char *text, const char *missing, struct cells_query *query, enum parameter number) {
    int32_t day;
    if (text[0] == '\0') {
        SET(query, number, "%s", missing);
        return true;
    }
    if (!civil_date_parse(text, &day)) {
        return false;
    }
    SET(query, number, "%s", text);
    return true;
}

static bool is_code(const char *text) {
    return strlen(text) < CELLS_ORGANISATION_BYTES;
}

/* The next field of "region|period|organisation|category", ended by a bar or the end of the text. */
static bool take_field(const char **text, char *field, size_t size) {
    size_t length = strcspn(*text, "|");
    if (length >= size) {
        return false;
    }
    memcpy(field, *text, length);
    field[length] = '\0';
    *text += length + ((*text)[length] == '|');
    return true;
}

static bool is_number(const char *text, unsigned long max) {
    char *end;
    unsigned long value = strtoul(text, &end, 10);
    return text[0] >= '0' && text[0] <= '9' && *end == '\0' && value <= max;
}

static bool read_after(const char *text, struct cells_query *query) {
    int32_t day;
    size_t size = sizeof query->texts[0];
    if (text[0] == '\0') {
        SET(query, P_LAST_REGION, "0");
        SET(query, P_LAST_PERIOD, "1970-01-01");
        SET(query, P_LAST_CATEGORY, "0");
        return true;
    }
    return take_field(&text, parameter(query, P_LAST_REGION), size) &&
           take_field(&text, parameter(query, P_LAST_PERIOD), size) &&
           take_field(&text, parameter(query, P_LAST_ORGANISATION), size) &&
           strchr(text, '|') == NULL && take_field(&text, parameter(query, P_LAST_CATEGORY), size) &&
           is_number(parameter(query, P_LAST_REGION), INT32_MAX) &&
           civil_date_parse(parameter(query, P_LAST_PERIOD), &day) &&
           is_number(parameter(query, P_LAST_CATEGORY), 255);
}

Common__V1__Code cells_query_read(const Metrics__V1__ReadCells *message, struct cells_query *query, const char **field) {
    memset(query, 0, sizeof *query);
    query->metric = metric_find(message->metric);
    query->limit = message->limit == 0 ? CELLS_QUERY_LIMIT_DEFAULT : message->limit;
    *field = "read_cells.metric";
    if (query->metric == NULL) {
        return message->metric[0] == '\0' ? COMMON__V1__CODE__CODE_MISSING : COMMON__V1__CODE__CODE_NOT_FOUND;
    }
    const struct {
        bool is_good;
        const char *field;
    } checks[] = {
        {message->region <= INT32_MAX, "read_cells.region"},
        {read_date(message->from, "1970-01-01", query, P_FROM), "read_cells.from"},
        {read_date(message->to, "9999-12-31", query, P_TO), "read_cells.to"},
        {is_code(message->organisation), "read_cells.organisation"},
        {query->limit <= CELLS_QUERY_LIMIT_MAX, "read_cells.limit"},
        {read_after(message->after, query), "read_cells.after"},
    };
    for (size_t i = 0; i < sizeof checks / sizeof checks[0]; i++) {
        if (!checks[i].is_good) {
            *field = checks[i].field;
            return COMMON__V1__CODE__CODE_MALFORMED;
        }
    }
    SET(query, P_METRIC, "%d", (int)query->metric->number);
    SET(query, P_REGION, "%u", message->region);
    SET(query, P_ORGANISATION, "%s", message->organisation);
    SET(query, P_LIMIT, "%zu", query->limit + 1); /* one more tells whether there is a next page */
    for (size_t i = 0; i < CELLS_QUERY_PARAMETERS; i++) {
        query->values[i] = query->texts[i];
    }
    return COMMON__V1__CODE__CODE_UNSPECIFIED;
}

static char *text(const char *constant) {
    return (char *)(uintptr_t)constant; /* protobuf-c's packer takes char *, and only reads */
}

static Metrics__V1__Cell *read_row(const struct cells_query *query, const PGresult *rows, int row,
                                   struct arena *arena) {
    Metrics__V1__Cell *cell = arena_alloc(arena, sizeof *cell);
    if (cell == NULL) {
        return NULL;
    }
    metrics__v1__cell__init(cell);
    cell->metric = text(query->metric->id);
    cell->region = (uint32_t)strtoul(PQgetvalue(rows, row, 0), NULL, 10);
    if (query->metric->period != METRICS__V1__PERIOD__PERIOD_ALL_TIME) {
        cell->period = PQgetvalue(rows, row, 1);
    }
    cell->organisation = PQgetvalue(rows, row, 2);
    cell->category = text(category_id((int)strtol(PQgetvalue(rows, row, 3), NULL, 10)));
    cell->value = strtoll(PQgetvalue(rows, row, 4), NULL, 10);
    return cell;
}

Metrics__V1__Answer *cells_query_answer(const struct cells_query *query, const PGresult *rows, int64_t now_ms,
                                        struct arena *arena) {
    size_t there = (size_t)PQntuples(rows);
    size_t most = there < query->limit ? there : query->limit;
    Metrics__V1__Answer *answer = arena_alloc(arena, sizeof *answer);
    Metrics__V1__Cells *cells = arena_alloc(arena, sizeof *cells);
    Metrics__V1__Cell **list = arena_alloc(arena, (most + 1) * sizeof *list);
    if (answer == NULL || cells == NULL || list == NULL) {
        return NULL;
    }
    metrics__v1__answer__init(answer);
    metrics__v1__cells__init(cells);
    answer->body_case = METRICS__V1__ANSWER__BODY_CELLS;
    answer->cells = cells;
    cells->cells = list;
    cells->as_of_ms = now_ms;
    size_t bytes = 0;
    for (; cells->n_cells < most && bytes < ANSWER_BYTES_MAX; cells->n_cells++) {
        Metrics__V1__Cell *cell = read_row(query, rows, (int)cells->n_cells, arena);
        if (cell == NULL) {
            return NULL;
        }
        bytes += metrics__v1__cell__get_packed_size(cell) + 4;
        list[cells->n_cells] = cell;
    }
    if (cells->n_cells < there && cells->n_cells > 0) {
        int last = (int)cells->n_cells - 1;
        cells->next = arena_printf(arena, "%s|%s|%s|%s", PQgetvalue(rows, last, 0), PQgetvalue(rows, last, 1),
                                   PQgetvalue(rows, last, 2), PQgetvalue(rows, last, 3));
        return cells->next == NULL ? NULL : answer;
    }
    return answer;
}
