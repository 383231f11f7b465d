#include "aggregator/fold_place.h"

#include <string.h>

struct place place_make(struct cells *cells, const char *organisation, uint32_t region, int32_t period,
                        uint8_t category) {
    return (struct place){.cells = cells,
                          .key = {.region = region,
                                  .period = period,
                                  .organisation = cells_organisation(cells, organisation, strlen(organisation)),
                                  .category = category}};
}

struct place place_of_subject(const struct place *place, const char *code) {
    struct place of = *place;
    of.key.organisation = cells_subject(place->cells, code);
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

bool place_slip_is_known(uint32_t level, Common__V1__SlipState state) {
    return level >= 1 && level <= 4 && (int)state >= COMMON__V1__SLIP_STATE__SLIP_STATE_ISSUED &&
           (int)state <= COMMON__V1__SLIP_STATE__SLIP_STATE_CLOSED;
}

enum fold_result place_register(struct cells *cells, const Common__V1__AgencyRegistered *registered) {
    if (!fold_registration_is_valid(registered->agency, registered->name, registered->region)) {
        return FOLD_UNKNOWN;
    }
    const uint16_t agency = cells_organisation(cells, registered->agency, strlen(registered->agency));
    cells_register(cells, agency, registered->name, registered->region);
    return FOLD_DONE;
}
