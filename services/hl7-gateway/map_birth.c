#include <string.h>

#include "base/civil.h"
#include "hl7-gateway/map_internal.h"

/* The one use of PID-7: is the resident identity number the child's own? */

static int64_t years_later(struct civil_date date, int years) {
    bool is_valid = civil_date_is_valid(date.year + years, date.month, date.day);
    return civil_day_from_date(date.year + years, date.month, is_valid ? date.day : 28);
}

static struct civil_date birth_date_in(const char *id) {
    unsigned digits[8];
    for (size_t i = 0; i < 8; i++) {
        digits[i] = (unsigned)(id[6 + i] - '0');
    }
    return (struct civil_date){
        .year = (int32_t)(digits[0] * 1000 + digits[1] * 100 + digits[2] * 10 + digits[3]),
        .month = (uint8_t)(digits[4] * 10 + digits[5]),
        .day = (uint8_t)(digits[6] * 10 + digits[7]),
    };
}

#define CHILD_YEARS 18
#define PARENT_YEARS 10

/* A parent's number on a child's record: the child was born more than ten years after the one whose number it is. PID-7
 * that is no date says nothing. */
bool map_contradicts_birth(struct mapping *m, const struct hl7_segment *pid, const char *resident_id,
                           bool *contradicts) {
    const char *value;
    int64_t born_ms;
    *contradicts = false;
    if (!map_value(m, pid, 7, 1, &value)) {
        return false;
    }
    if (strspn(value, "0123456789") == 4 && value[4] == 0) {
        value = arena_printf(m->arena, "%s01", value); /* a year: not before its beginning */
        if (value == NULL) {
            return map_refuse_overload(m);
        }
    }
    if (!hl7_time(value, &born_ms)) {
        return true;
    }
    int32_t born = civil_day_of_ms(born_ms);
    int32_t today = civil_day_of_ms(m->mapped->occurred_at_ms);
    bool is_child = years_later(civil_date_from_day(born), CHILD_YEARS) > today;
    *contradicts = is_child && born > years_later(birth_date_in(resident_id), PARENT_YEARS);
    return true;
}
