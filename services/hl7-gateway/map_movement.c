#include <string.h>
#include <strings.h>

#include "hl7-gateway/map_internal.h"

/* Movements (IHE PAM: ZBE). */

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define STATEMENT(word) VISITS__V1__VISIT_STATEMENT__VISIT_STATEMENT_##word

/* The statement that takes an event back, or says it anew, by its trigger (ZBE-6). */
static const struct original {
    char trigger[4];
    Visits__V1__VisitStatement cancelled, updated;
} originals[] = {
    {"A01", STATEMENT(CANCELLED), STATEMENT(UPDATED)},
    {"A04", STATEMENT(CANCELLED), STATEMENT(UPDATED)},
    {"A05", STATEMENT(PRE_ADMISSION_CANCELLED), STATEMENT(PRE_ADMITTED)},
    {"A02", STATEMENT(MOVE_CANCELLED), STATEMENT(MOVED)},
    {"A03", STATEMENT(REOPENED), STATEMENT(CLOSED)},
    {"A06", STATEMENT(CLASS_CHANGED), STATEMENT(CLASS_CHANGED)}, /* with the class it had before in PV1-2 */
    {"A07", STATEMENT(CLASS_CHANGED), STATEMENT(CLASS_CHANGED)},
};

static const struct original *find_original(const char *trigger) {
    for (size_t i = 0; i < COUNT(originals); i++) {
        if (strcmp(originals[i].trigger, trigger) == 0) {
            return &originals[i];
        }
    }
    return NULL;
}

/* What an opening's own trigger becomes when the movement is cancelled and no original is named. */
static Visits__V1__VisitStatement opposite(Visits__V1__VisitStatement statement) {
    for (size_t i = 0; i < COUNT(originals); i++) {
        bool is_said = originals[i].updated == statement && statement != STATEMENT(UPDATED);
        if (is_said || (i == 0 && statement == STATEMENT(OPENED))) {
            return originals[i].cancelled;
        }
    }
    return statement;
}

static bool choose_cancelled(struct mapping *m, const struct hl7_segment *zbe, const char *trigger,
                             Visits__V1__VisitStatement *statement) {
    const struct original *original = find_original(trigger);
    if (original != NULL) {
        *statement = original->cancelled;
    } else if (trigger[0] != 0) {
        m->mapped->has_no_effect = true; /* of an event that has none */
    } else if (*statement == STATEMENT(UPDATED)) {
        return map_refuse(m, HL7_CODE_FIELD_MISSING, zbe, 6, 0);
    } else {
        *statement = opposite(*statement);
    }
    return true;
}

/* ZBE-4 says whether the movement is inserted, updated or cancelled; which event is cancelled stands in ZBE-6, so that
 * nobody has to guess. ZBE-5 (historic) is no special case: statements may come in any order. */
bool map_read_movement(struct mapping *m, Visits__V1__VisitStatement *statement, const char **movement) {
    const struct hl7_segment *zbe = hl7_find(m->message, HL7_ZBE, 0);
    const char *action, *trigger;
    *movement = "";
    if (zbe == NULL) {
        return true;
    }
    if (!map_value(m, zbe, 1, 1, movement) || !map_value(m, zbe, 4, 1, &action) || !map_value(m, zbe, 6, 1, &trigger)) {
        return false;
    }
    if (strlen(*movement) > MAP_NUMBER_BYTES_MAX) {
        return map_refuse(m, HL7_CODE_DATA_TYPE, zbe, 1, 1);
    }
    if (strcasecmp(action, "CANCEL") == 0) {
        return choose_cancelled(m, zbe, trigger, statement);
    }
    const struct original *original = find_original(trigger);
    if (*statement == STATEMENT(UPDATED) && strcasecmp(action, "UPDATE") == 0 && original != NULL) {
        *statement = original->updated;
    }
    return true;
}
