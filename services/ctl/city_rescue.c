#include "ctl/city_internal.h"

/* Chances are in parts of 10,000. */
#define CHANCE_BROUGHT 3000 /* an emergency is brought in after a call, and both times are known */
#define CHANCE_URBAN_SEAT 7500
#define CHANCE_URBAN_COUNTY 4200
#define CHANCE_DELAYED 700 /* no vehicle was near, or the patient came by way of another house */
/* What the city printed of 2020: every one of them arrived within the circle. */
#define URBAN_MINUTES_MAX 30
#define MINUTES_MAX 120

#define MINUTE_MS 60000
#define SECOND_MS 1000

/* Houses that can treat whatever the call is about. */
static bool can_treat(const struct city_hospital *hospital) {
    return hospital->kind == CITY_GENERAL || hospital->kind == CITY_CHINESE_MEDICINE;
}

static bool is_seat(uint32_t region) {
    return region == city_county_region(0) || region == city_county_region(1);
}

/* Whole minutes, as they are written down: now and then exactly as many as the circle allows. */
static uint32_t draw_minutes(struct city_random *random, bool urban) {
    const uint32_t most = urban ? URBAN_MINUTES_MAX : MINUTES_MAX;
    uint32_t minutes = urban ? 7 + city_below(random, 12) + city_below(random, 12)
                             : 16 + city_below(random, 40) + city_below(random, 40);
    if (city_happens(random, CHANCE_DELAYED)) {
        minutes += 5 + city_below(random, urban ? 10 : 40);
    }
    return minutes < most ? minutes : most;
}

struct city_rescue city_rescue_draw(uint64_t seed, uint32_t number, const struct city_visit *visit,
                                    int64_t opened_at_ms) {
    struct city_random random = city_random(seed, 'R', number);
    const struct city_hospital *hospital = city_hospital(visit->hospital);
    bool is_emergency = visit->visit_class == VISITS__V1__VISIT_CLASS__VISIT_CLASS_EMERGENCY;
    if (!is_emergency || !can_treat(hospital) || !city_happens(&random, CHANCE_BROUGHT)) {
        return (struct city_rescue){0};
    }
    struct city_rescue rescue = {
        .urban = city_happens(&random, is_seat(hospital->region) ? CHANCE_URBAN_SEAT : CHANCE_URBAN_COUNTY),
        .arrived_at_ms = opened_at_ms / SECOND_MS * SECOND_MS - (int64_t)city_below(&random, 240) * SECOND_MS,
    };
    rescue.called_at_ms = rescue.arrived_at_ms - (int64_t)draw_minutes(&random, rescue.urban) * MINUTE_MS;
    return rescue;
}
