#include "aggregator/commit.h"

#include <string.h>

#include "base/check.h"

/* How the arrays of one statement become its parameters. */
struct parameters {
    Oid types[COMMIT_CELLS];
    const char *values[COMMIT_CELLS];
    int lengths[COMMIT_CELLS];
    int formats[COMMIT_CELLS];
};

static struct pg_statement statement(const char *sql, struct parameters *parameters, struct array *arrays, int count) {
    CHECK(count <= COMMIT_CELLS);
    for (int i = 0; i < count; i++) {
        array_end(&arrays[i]);
        parameters->types[i] = array_type(&arrays[i]);
        parameters->values[i] = (const char *)arrays[i].bytes.data;
        parameters->lengths[i] = (int)arrays[i].bytes.size;
        parameters->formats[i] = 1;
    }
    return (struct pg_statement){
        .sql = sql,
        .parameter_count = count,
        .types = parameters->types,
        .values = parameters->values,
        .lengths = parameters->lengths,
        .formats = parameters->formats,
    };
}

static void begin(struct array *arrays, const enum array_element *elements, int count) {
    for (int i = 0; i < count; i++) {
        array_begin(&arrays[i], elements[i]);
    }
}

static struct pg_statement sources_statement(struct array *arrays, struct parameters *parameters,
                                             const struct aggregator *aggregator, const struct set *set) {
    static const enum array_element elements[COMMIT_SOURCES] = {ARRAY_TEXT, ARRAY_BYTEA, ARRAY_INT8,
                                                                ARRAY_INT8, ARRAY_INT8,  ARRAY_INT8};
    begin(arrays, elements, COMMIT_SOURCES);
    for (size_t i = 0; i < aggregator->source_count; i++) {
        const struct progress *progress = &set->progress[i];
        if (progress->moved) {
            const struct source *source = &aggregator->sources[i];
            array_add_bytes(&arrays[0], source->name, strlen(source->name));
            array_add_bytes(&arrays[1], progress->epoch.bytes, ID_BYTES);
            array_add_int8(&arrays[2], (int64_t)source->committed);
            array_add_int8(&arrays[3], (int64_t)progress->after);
            array_add_int8(&arrays[4], progress->as_of_ms);
            array_add_int8(&arrays[5], (int64_t)progress->unknown_events);
        }
    }
    return statement("SELECT metrics.source_advance(name, epoch, before, after, as_of_ms, unknown)"
                     " FROM unnest($1, $2, $3, $4, $5, $6) AS s(name, epoch, before, after, as_of_ms, unknown)",
                     parameters, arrays, COMMIT_SOURCES);
}

static struct pg_statement organisations_statement(struct array *arrays, struct parameters *parameters,
                                                   const struct cells *cells) {
    static const enum array_element elements[COMMIT_ORGANISATIONS] = {ARRAY_TEXT, ARRAY_TEXT, ARRAY_INT4};
    begin(arrays, elements, COMMIT_ORGANISATIONS);
    for (size_t i = 0; i < cells->registration_count; i++) {
        const struct cells_registration *registration = &cells->registrations[i];
        const char *code = cells->organisations[registration->organisation];
        array_add_bytes(&arrays[0], code, strlen(code));
        array_add_bytes(&arrays[1], registration->name, strlen(registration->name));
        array_add_int4(&arrays[2], (int32_t)registration->region);
    }
    return statement("INSERT INTO metrics.organisation (code, name, region) SELECT * FROM unnest($1, $2, $3)"
                     " ON CONFLICT (code) DO UPDATE SET name = EXCLUDED.name, region = EXCLUDED.region",
                     parameters, arrays, COMMIT_ORGANISATIONS);
}

static struct pg_statement cells_statement(struct array *arrays, struct parameters *parameters, struct cells *cells) {
    static const enum array_element elements[COMMIT_CELLS] = {ARRAY_INT4, ARRAY_INT2, ARRAY_DATE,
                                                              ARRAY_TEXT, ARRAY_INT2, ARRAY_INT8};
    begin(arrays, elements, COMMIT_CELLS);
    cells_sort(cells);
    for (size_t i = 0; i < cells->count; i++) {
        struct cell_key key = cell_unpack(&cells->cells[i]);
        const char *code = cells->organisations[key.organisation];
        array_add_int4(&arrays[0], (int32_t)key.region);
        array_add_int2(&arrays[1], (int16_t)key.metric);
        array_add_date(&arrays[2], key.period);
        array_add_bytes(&arrays[3], code, strlen(code));
        array_add_int2(&arrays[4], (int16_t)key.category);
        array_add_int8(&arrays[5], cells->cells[i].value);
    }
    /* A cell whose changes cancel out is written too: which rows there are depends on the events alone. */
    return statement("INSERT INTO metrics.cell AS c (region, metric, period, organisation, category, value)"
                     " SELECT * FROM unnest($1, $2, $3, $4, $5, $6)"
                     " ON CONFLICT (region, metric, period, organisation, category)"
                     " DO UPDATE SET value = c.value + EXCLUDED.value",
                     parameters, arrays, COMMIT_CELLS);
}

enum status commit_send(struct commit *commit, struct pg *pg, const struct aggregator *aggregator, struct set *set,
                        pg_done *done, void *user) {
    struct parameters parameters[3];
    struct pg_statement statements[3];
    size_t count = 0;
    statements[count++] = sources_statement(commit->sources, &parameters[0], aggregator, set);
    if (set->cells.registration_count > 0) {
        statements[count++] = organisations_statement(commit->organisations, &parameters[1], &set->cells);
    }
    if (set->cells.count > 0) {
        statements[count++] = cells_statement(commit->cells, &parameters[2], &set->cells);
    }
    return pg_run(pg, statements, count, true, done, user);
}

static void release(struct array *arrays, int count) {
    for (int i = 0; i < count; i++) {
        array_release(&arrays[i]);
    }
}

void commit_release(struct commit *commit) {
    release(commit->sources, COMMIT_SOURCES);
    release(commit->organisations, COMMIT_ORGANISATIONS);
    release(commit->cells, COMMIT_CELLS);
}
