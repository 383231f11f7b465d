#include "aggregator/explain_peek.h"

#include "aggregator/fold_checks.h"
#include "base/check.h"
#include "base/civil.h"
#include "wire/varint.h"

#define FIELDS 32

/* --- The filter ------------------------------------------------------------------------------------------------------
 */

/* Days of visits whose cells begin at or before `last`: the cell of a longer period begins before its days. */
static int64_t last_event_day(const struct explain_want *want) {
    if (want->metric == METRIC_PATIENTS_MONTH) {
        return (int64_t)civil_month_end(want->last) - 1;
    }
    if (want->metric == METRIC_PATIENTS_YEAR) {
        return (int64_t)civil_year_end(want->last) - 1;
    }
    return want->last;
}

/* Cells of all time stand at day 0, whatever the day of the visit. */
static void take_days(struct peek_filter *filter, const struct explain_want *want) {
    bool is_any = want->metric == METRIC_PATIENTS_TOTAL;
    bool is_far = want->last < 0 || want->last > (int64_t)FOLD_DAY_MAX; /* no event is there */
    int64_t first = is_any ? INT64_MIN : want->first;
    int64_t last = is_any ? INT64_MAX : is_far ? want->last : last_event_day(want);
    filter->first = first < filter->first ? first : filter->first;
    filter->last = last > filter->last ? last : filter->last;
}

static void take_metric(struct peek_filter *filter, const struct explain_kind *kind, enum metric_number metric) {
    for (size_t i = 0; i < kind->use_count; i++) {
        if (metric >= kind->uses[i].first && metric <= kind->uses[i].last) {
            filter->passes[kind->uses[i].member] = true;
        }
    }
}

/* Cells of the city itself come from events of every region. */
static uint32_t region_of(const struct explain_want *want) {
    return want->region == METRIC_CITY_REGION ? EXPLAIN_ANY_REGION : want->region;
}

void peek_filter_init(struct peek_filter *filter, const struct explain_kind *kind, const struct explain_want *wants,
                      size_t want_count) {
    CHECK(want_count > 0);
    *filter = (struct peek_filter){.first = INT64_MAX, .last = INT64_MIN, .region = region_of(&wants[0])};
    for (size_t i = 0; i < FIELDS; i++) {
        filter->passes[i] = true;
    }
    for (size_t i = 0; i < kind->shape_count; i++) {
        CHECK(kind->shapes[i].member < FIELDS);
        filter->shapes[kind->shapes[i].member] = &kind->shapes[i];
        filter->passes[kind->shapes[i].member] = false;
    }
    for (size_t i = 0; i < want_count; i++) {
        take_metric(filter, kind, wants[i].metric);
        take_days(filter, &wants[i]);
        if (region_of(&wants[i]) != filter->region) {
            filter->region = EXPLAIN_ANY_REGION;
        }
    }
}

/* --- One event -------------------------------------------------------------------------------------------------------
 */

/* What of a message is looked at. Numbers are 0 as in proto3 when they are not there. */
struct found {
    uint64_t days[2], region;
    struct {
        const uint8_t *bytes; /* NULL: not there */
        size_t size;
    } parts[2];
    uint32_t fields; /* those seen, a bit each */
};

/* What the look is after, of either kind: false for what a plain sender would not write (a field twice, of another
 * type): then the fold shall judge. */
static bool take(const struct wire_field *field, const struct peek_place *place, const uint8_t parts[2],
                 struct found *found) {
    uint64_t *number = field->number == place->days[0]   ? &found->days[0]
                       : field->number == place->days[1] ? &found->days[1]
                       : field->number == place->region  ? &found->region
                                                         : NULL;
    bool is_part = field->number == parts[0] || field->number == parts[1];
    if (number == NULL && !is_part) {
        return true;
    }
    if (field->type != (is_part ? WIRE_BYTES : WIRE_VARINT) || (found->fields >> field->number & 1) != 0) {
        return false;
    }
    found->fields |= UINT32_C(1) << field->number;
    if (is_part) {
        size_t part = field->number == parts[0] ? 0 : 1;
        found->parts[part].bytes = field->bytes;
        found->parts[part].size = field->size;
        return true;
    }
    *number = field->value;
    return field->value <= UINT32_MAX;
}

static bool read_message(const uint8_t *bytes, size_t size, const struct peek_place *place, const uint8_t parts[2],
                         struct found *found) {
    struct wire_field field;
    *found = (struct found){0};
    for (size_t at = 0, took; at < size; at += took) {
        took = wire_field_read(bytes + at, size - at, &field);
        if (took == 0 || !take(&field, place, parts, found)) {
            return false;
        }
    }
    return true;
}

enum verdict { NO_DAY, DAY_MISSES, DAY_FITS };

static enum verdict judge_days(const struct peek_filter *filter, const struct peek_place *place,
                               const struct found *found) {
    enum verdict verdict = NO_DAY;
    for (size_t i = 0; i < 2 && verdict != DAY_FITS; i++) {
        if (place->days[i] != 0) {
            int64_t day = (int64_t)found->days[i];
            verdict = day >= filter->first && day <= filter->last ? DAY_FITS : DAY_MISSES;
        }
    }
    return verdict;
}

static bool region_fits(const struct peek_filter *filter, const struct peek_place *place, const struct found *found) {
    return place->region == 0 || filter->region == EXPLAIN_ANY_REGION || found->region == filter->region;
}

/* own: verdict of the member's days. */
static bool part_passes(const struct peek_filter *filter, const struct peek_place *place, enum verdict own,
                        const uint8_t *bytes, size_t size) {
    static const uint8_t no_parts[2] = {0, 0};
    struct found found;
    if (!read_message(bytes, size, place, no_parts, &found)) {
        return true;
    }
    enum verdict days = judge_days(filter, place, &found);
    return (own > days ? own : days) != DAY_MISSES && region_fits(filter, place, &found);
}

static bool member_passes(const struct peek_filter *filter, const struct peek_shape *shape, const uint8_t *bytes,
                          size_t size) {
    struct found found;
    if (!read_message(bytes, size, &shape->own, shape->parts, &found)) {
        return true;
    }
    enum verdict own = judge_days(filter, &shape->own, &found);
    if (!region_fits(filter, &shape->own, &found)) {
        return false;
    }
    bool has_parts = false;
    for (size_t i = 0; i < 2; i++) {
        if (found.parts[i].bytes != NULL) {
            has_parts = true;
            if (part_passes(filter, &shape->part, own, found.parts[i].bytes, found.parts[i].size)) {
                return true;
            }
        }
    }
    return !has_parts && (own != DAY_MISSES || shape->parts[0] != 0);
}

bool peek_passes(const struct peek_filter *filter, const uint8_t *body, size_t size) {
    struct wire_field field;
    if (wire_field_read(body, size, &field) != size || field.type != WIRE_BYTES || field.number >= FIELDS) {
        return true; /* more than one member, or none */
    }
    if (!filter->passes[field.number]) {
        return false;
    }
    const struct peek_shape *shape = filter->shapes[field.number];
    return shape == NULL || member_passes(filter, shape, field.bytes, field.size);
}

const char *peek_type(const struct explain_kind *kind, const uint8_t *body, size_t size) {
    const char *name = "";
    struct wire_field field;
    for (size_t at = 0, took; at < size; at += took) {
        took = wire_field_read(body + at, size - at, &field);
        if (took == 0) {
            break;
        }
        const ProtobufCFieldDescriptor *known = protobuf_c_message_descriptor_get_field(kind->event, field.number);
        name = known == NULL ? name : known->name; /* of several members the last counts */
    }
    return name;
}
