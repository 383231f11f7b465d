#include "agencies/agencies.h"

static void fill(struct agency *row, Common__V1__Agency *out) {
    common__v1__agency__init(out);
    out->agency = row->code;
    out->name = row->name;
    out->region = row->region;
    out->window = row->is_window != 0;
}

Common__V1__Agencies *agencies_list(const struct agencies *agencies, struct arena *arena) {
    const uint32_t count = agencies->rows.count;
    Common__V1__Agencies *out = arena_alloc(arena, sizeof *out);
    Common__V1__Agency *list = arena_alloc(arena, (count + 1) * sizeof *list);
    Common__V1__Agency **pointers = arena_alloc(arena, (count + 1) * sizeof *pointers);
    if (out == NULL || list == NULL || pointers == NULL) {
        return NULL;
    }
    common__v1__agencies__init(out);
    for (uint32_t i = 0; i < count; i++) {
        fill(agencies_row(agencies, i + 1), &list[i]);
        pointers[i] = &list[i];
    }
    out->n_agencies = count;
    out->agencies = pointers;
    return out;
}
