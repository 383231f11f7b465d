#include "aggregator/fold_place.h"

#include <string.h>

struct place place_make(struct cells *cells, const char *organisation, uint32_t region, int32_t period, uint8_t category) {
    return (struct place){.cells = cells,
                          .key = {.region = region,
                                  .period = period,
                                  .organisation = cells_organisation(cells, organisation, strlen(organisation)),
                                  .category = category}};
}

/* At most so many bytes, no character cut in two. */
static size_t cut(const char *text, size_t max) {
    size_t size = strnlen(text, max + 1);
    if (size > max) {
        size = max;
        while (size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80) {
            size--;
        }
    }
    return size;
}

struct place place_of_subject(const struct place *place, const char *code) {
    struct place of = *place;
    of.key.organisation = cells_organisation(place->cells, code, cut(code, CELLS_ORGANISATION_BYTES - 1));
    return of;
}

void place_add(const struct place *place, enum metric_number metric, int64_t delta) {
    if (delta != 0) {
        struct cell_key key = place->key;
        key.metric = (uint16_t)metric;
        cells_add(place->cells, &key, delta);
    }
}

void place_add_in(const struct place *place, enum metric_number metric, uint8_t category) {
    struct place other = *place;
    other.key.category = category;
    place_add(&other, metric, 1);
}

enum fold_result place_register(struct cells *cells, const Common__V1__AgencyRegistered *registered) {
    if (!fold_registration_is_valid(registered->agency, registered->name, registered->region)) {
        return FOLD_UNKNOWN;
    }
    const uint16_t agency = cells_organisation(cells, registered->agency, strlen(registered->agency));
    cells_register(cells, agency, registered->name, registered->region);
    return FOLD_DONE;
}
