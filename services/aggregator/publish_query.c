#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "aggregator/publish.h"
#include "base/id.h"

/* Far enough below the largest frame for what stands around the publications. */
#define ANSWER_BYTES_MAX (900 * 1024)

/* One row for each source; a publication of no source has one without. */
const char *const publish_query_sql =
    "SELECT p.number, p.period, p.first_day, p.last_day, (extract(epoch FROM p.published_at) * 1000)::bigint, p.principal,"
    " encode(p.command, 'hex')::uuid, p.note, b.status, b.values_revised,"
    " s.source, encode(s.epoch, 'hex')::uuid, s.cursor"
    " FROM (SELECT * FROM metrics.publication WHERE number > $1::bigint ORDER BY number LIMIT $2::bigint) p"
    " JOIN metrics.publication_state b USING (number)"
    " LEFT JOIN metrics.publication_source s USING (number)"
    " ORDER BY p.number, s.source";

enum column { C_NUMBER, C_PERIOD, C_FIRST_DAY, C_LAST_DAY, C_PUBLISHED_AT, C_PRINCIPAL, C_COMMAND, C_NOTE, C_STATUS,
              C_REVISED, C_SOURCE, C_EPOCH, C_CURSOR };

Common__V1__Code publish_query_read(const Metrics__V1__ListPublications *message, struct publish_query *query,
                                    const char **field) {
    memset(query, 0, sizeof *query);
    query->limit = message->limit == 0 ? PUBLISH_LIMIT_DEFAULT : message->limit;
    *field = "list_publications.after";
    if (message->after > INT64_MAX) {
        return COMMON__V1__CODE__CODE_MALFORMED;
    }
    *field = "list_publications.limit";
    if (query->limit > PUBLISH_LIMIT_MAX) {
        return COMMON__V1__CODE__CODE_MALFORMED;
    }
    snprintf(query->texts[0], sizeof query->texts[0], "%llu", (unsigned long long)message->after);
    snprintf(query->texts[1], sizeof query->texts[1], "%zu", query->limit);
    for (size_t i = 0; i < PUBLISH_QUERY_PARAMETERS; i++) {
        query->values[i] = query->texts[i];
    }
    return COMMON__V1__CODE__CODE_UNSPECIFIED;
}

static uint64_t read_number(const PGresult *rows, int row, enum column column) {
    return strtoull(PQgetvalue(rows, row, (int)column), NULL, 10);
}

static int find_word(const char *const *words, int count, const char *word) {
    for (int i = 0; i < count; i++) {
        if (strcmp(words[i], word) == 0) {
            return i;
        }
    }
    return 0;
}

static bool read_id(const PGresult *rows, int row, enum column column, struct arena *arena, ProtobufCBinaryData *bytes) {
    struct id *id = arena_alloc(arena, sizeof *id);
    if (id == NULL || PQgetisnull(rows, row, (int)column) || !id_parse(PQgetvalue(rows, row, (int)column), id)) {
        return id != NULL; /* empty */
    }
    *bytes = (ProtobufCBinaryData){ID_BYTES, id->bytes};
    return true;
}

static bool read_publication(const PGresult *rows, int row, struct arena *arena, Metrics__V1__Publication *publication) {
    static const char *const periods[] = {"", "day", "month", "year"};
    static const char *const statuses[] = {"", "provisional", "final", "revised", "recounting"};
    metrics__v1__publication__init(publication);
    publication->number = read_number(rows, row, C_NUMBER);
    publication->period = (Metrics__V1__Period)find_word(periods, 4, PQgetvalue(rows, row, C_PERIOD));
    publication->first_day = PQgetvalue(rows, row, C_FIRST_DAY);
    publication->last_day = PQgetvalue(rows, row, C_LAST_DAY);
    publication->published_at_ms = strtoll(PQgetvalue(rows, row, C_PUBLISHED_AT), NULL, 10);
    publication->principal = PQgetvalue(rows, row, C_PRINCIPAL);
    publication->note = PQgetvalue(rows, row, C_NOTE);
    publication->status = (Metrics__V1__PublicationStatus)find_word(statuses, 5, PQgetvalue(rows, row, C_STATUS));
    publication->values_revised = read_number(rows, row, C_REVISED);
    return read_id(rows, row, C_COMMAND, arena, &publication->command);
}

static bool read_source(const PGresult *rows, int row, struct arena *arena, Metrics__V1__PublicationSource *source) {
    metrics__v1__publication_source__init(source);
    source->source = PQgetvalue(rows, row, C_SOURCE);
    source->cursor = read_number(rows, row, C_CURSOR);
    return read_id(rows, row, C_EPOCH, arena, &source->epoch);
}

/* Rows that follow each other with one number; at least 1. */
static int count_rows(const PGresult *rows, int row) {
    int end = row + 1;
    while (end < PQntuples(rows) && read_number(rows, end, C_NUMBER) == read_number(rows, row, C_NUMBER)) {
        end++;
    }
    return end - row;
}

/* A publication with its sources, from `count` rows. NULL: no room. */
static Metrics__V1__Publication *read_rows(const PGresult *rows, int row, int count, struct arena *arena) {
    Metrics__V1__Publication *publication = arena_alloc(arena, sizeof *publication);
    Metrics__V1__PublicationSource *sources = arena_alloc(arena, (size_t)count * sizeof *sources);
    Metrics__V1__PublicationSource **list = arena_alloc(arena, (size_t)count * sizeof *list);
    if (publication == NULL || sources == NULL || list == NULL || !read_publication(rows, row, arena, publication)) {
        return NULL;
    }
    for (int i = 0; i < count && !PQgetisnull(rows, row + i, C_SOURCE); i++) {
        list[i] = &sources[i];
        if (!read_source(rows, row + i, arena, &sources[i])) {
            return NULL;
        }
        publication->n_sources++;
    }
    publication->sources = list;
    return publication;
}

Metrics__V1__Answer *publish_query_answer(const struct publish_query *query, const PGresult *rows, struct arena *arena) {
    Metrics__V1__Answer *answer = arena_alloc(arena, sizeof *answer);
    Metrics__V1__Publications *publications = arena_alloc(arena, sizeof *publications);
    Metrics__V1__Publication **list = arena_alloc(arena, (query->limit + 1) * sizeof *list);
    if (answer == NULL || publications == NULL || list == NULL) {
        return NULL;
    }
    metrics__v1__answer__init(answer);
    metrics__v1__publications__init(publications);
    answer->body_case = METRICS__V1__ANSWER__BODY_PUBLICATIONS;
    answer->publications = publications;
    publications->publications = list;
    size_t bytes = 0;
    int row = 0;
    while (row < PQntuples(rows) && publications->n_publications < query->limit && bytes < ANSWER_BYTES_MAX) {
        int count = count_rows(rows, row);
        Metrics__V1__Publication *publication = read_rows(rows, row, count, arena);
        if (publication == NULL) {
            return NULL;
        }
        bytes += metrics__v1__publication__get_packed_size(publication) + 4;
        list[publications->n_publications++] = publication;
        row += count;
    }
    if (publications->n_publications == query->limit || row < PQntuples(rows)) {
        publications->next = publications->n_publications == 0 ? 0 : list[publications->n_publications - 1]->number;
    }
    return answer;
}
