#include "hl7-gateway/map_internal.h"

/* A field that may say when. */
struct when {
    enum hl7_segment_kind kind;
    unsigned field;
};

/* The first of these that is not empty. */
static bool first_time(struct mapping *m, const struct when *fields, size_t count, int64_t *ms, bool *has) {
    *has = false;
    for (size_t i = 0; i < count && !*has; i++) {
        if (!map_time(m, hl7_find(m->message, fields[i].kind, 0), fields[i].field, ms, has)) {
            return false;
        }
    }
    return true;
}

static bool refuse_without(struct mapping *m) {
    const struct hl7_segment *evn = hl7_find(m->message, HL7_EVN, 0);
    return evn == NULL ? map_refuse_missing(m, "EVN", 1) : map_refuse(m, HL7_CODE_FIELD_MISSING, evn, 2, 0);
}

/* When it happened; when what is cancelled happened (EVN-6); when it was recorded; when it was sent. */
static const struct when happened[] = {{HL7_EVN, 6}, {HL7_EVN, 2}, {HL7_MSH, 7}};
static const struct when recorded[] = {{HL7_EVN, 2}, {HL7_MSH, 7}};

bool map_event_time(struct mapping *m, const struct hl7_segment *pv1, int64_t *ms) {
    bool has;
    if (!map_time(m, pv1, 44, ms, &has) || (!has && !first_time(m, happened, 3, ms, &has))) {
        return false;
    }
    return has || refuse_without(m);
}

/* A beginning does not say when something else happened: PV1-44 comes last. */
static bool read_happened(struct mapping *m, const struct hl7_segment *pv1, int64_t *ms) {
    bool has;
    if (!first_time(m, happened, 3, ms, &has) || (!has && !map_time(m, pv1, 44, ms, &has))) {
        return false;
    }
    return has || refuse_without(m);
}

bool map_read_times(struct mapping *m, const struct hl7_segment *pv1, bool is_opening) {
    int64_t *occurred = &m->mapped->occurred_at_ms;
    bool has;
    if (!(is_opening ? map_event_time(m, pv1, occurred) : read_happened(m, pv1, occurred))) {
        return false;
    }
    m->mapped->recorded_at_ms = *occurred;
    return first_time(m, recorded, 2, &m->mapped->recorded_at_ms, &has);
}
