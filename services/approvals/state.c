#include "approvals/state.h"

#include <string.h>

#include "base/hash.h"

static uint64_t text_hash(const char *text) {
    return hash_bytes(text, strlen(text));
}

static uint64_t item_hash(const void *row) {
    return text_hash(((const struct item *)row)->code);
}
static bool item_equal(const void *row, const void *key) {
    return strcmp(((const struct item *)row)->code, key) == 0;
}
static uint64_t case_hash(const void *row) {
    return text_hash(((const struct approval_case *)row)->number);
}
static bool case_equal(const void *row, const void *key) {
    return strcmp(((const struct approval_case *)row)->number, key) == 0;
}
/* What there may be of a thing that few cases have, or each has few of. */
static uint32_t as_many_as(uint32_t cases_max, uint32_t times) {
    return cases_max < UINT32_MAX / 2 / times ? cases_max * times : UINT32_MAX / 2;
}

static void init_tables(struct approvals *self, uint32_t cases_max) {
    table_init(&self->items, "items", sizeof(struct item), APPROVALS_ITEMS_MAX);
    table_init(&self->versions, "versions", sizeof(struct item_version), APPROVALS_VERSIONS_MAX);
    table_init(&self->cases, "cases", sizeof(struct approval_case), cases_max);
    table_init(&self->pauses, "pauses", sizeof(struct case_pause), as_many_as(cases_max, 2));
    table_init(&self->parts, "parts", sizeof(struct part), as_many_as(cases_max, 2));
    table_init(&self->ratings, "ratings", sizeof(struct rating), as_many_as(cases_max, 2));
    table_init(&self->rounds, "rounds", sizeof(struct round), APPROVALS_ROUNDS_MAX);
    table_init(&self->courses, "courses", sizeof(struct course), 1);
}

static void init_indexes(struct approvals *self) {
    index_init(&self->item_by_code, "item_by_code", &self->items, item_hash, item_equal);
    index_init(&self->case_by_number, "case_by_number", &self->cases, case_hash, case_equal);
}

void approvals_state_init(struct approvals *self, const struct approvals_options *options, struct state *state) {
    *self = (struct approvals){.options = *options};
    agencies_init(&self->agencies, state);
    init_tables(self, options->cases_max);
    init_indexes(self);
    struct table *const tables[] = {&self->items,
                                    &self->versions, &self->cases,   &self->pauses,       &self->parts,         &self->ratings,
                                    &self->rounds,  &self->courses};
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        state_register_table(state, tables[i]);
    }
    struct index *const indexes[] = {&self->item_by_code, &self->case_by_number};
    for (size_t i = 0; i < sizeof indexes / sizeof indexes[0]; i++) {
        state_register_index(state, indexes[i]);
    }
    notices_init(&self->notices, state);
    agenda_init(&self->case_agenda, "cases", options->cases_max, state);
    slips_init(&self->slips, as_many_as(options->cases_max, 2), state);
}

uint32_t approvals_find_agency(const struct approvals *self, const char *code) {
    return agencies_find(&self->agencies, code);
}

uint32_t approvals_find_item(const struct approvals *self, const char *code) {
    return index_find(&self->item_by_code, text_hash(code), code);
}

uint32_t approvals_find_case(const struct approvals *self, const char *number) {
    return index_find(&self->case_by_number, text_hash(number), number);
}

uint32_t approvals_version_on(const struct approvals *self, uint32_t item, int32_t day) {
    uint32_t row = approvals_item(self, item)->newest;
    while (row != 0 && approvals_version(self, row)->effective_day > day) {
        row = approvals_version(self, row)->older;
    }
    return row != 0 && day < approvals_version(self, row)->until_day ? row : 0;
}
