#include "hl7-gateway/map.h"

#include <string.h>

#include "hl7-gateway/map_internal.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define STATEMENT(word) VISITS__V1__VISIT_STATEMENT__VISIT_STATEMENT_##word

/* --- Triggers (HL7 v2.x chapter 3; MSH-9.2 decides, EVN-1 is not looked at) --- */

static const struct trigger {
    char name[4];
    enum map_effect effect;
    Visits__V1__VisitStatement statement;
} triggers[] = {
    {"A01", MAP_VISIT, STATEMENT(OPENED)},
    {"A04", MAP_VISIT, STATEMENT(OPENED)},
    {"A08", MAP_UPDATE, STATEMENT(UPDATED)},
    {"A03", MAP_VISIT, STATEMENT(CLOSED)},
    {"A02", MAP_VISIT, STATEMENT(MOVED)},
    {"A12", MAP_VISIT, STATEMENT(MOVE_CANCELLED)},
    {"A13", MAP_VISIT, STATEMENT(REOPENED)},
    {"A05", MAP_VISIT, STATEMENT(PRE_ADMITTED)},
    {"A38", MAP_VISIT, STATEMENT(PRE_ADMISSION_CANCELLED)},
    {"A06", MAP_VISIT, STATEMENT(CLASS_CHANGED)},
    {"A07", MAP_VISIT, STATEMENT(CLASS_CHANGED)},
    {"A11", MAP_VISIT, STATEMENT(CANCELLED)},
    {"A23", MAP_VISIT, STATEMENT(CANCELLED)},
    {"A28", MAP_UPDATE_PERSON, 0},
    {"A31", MAP_UPDATE_PERSON, 0},
    {"A29", MAP_DELETE_PERSON, 0},
    {"A40", MAP_MERGE, 0},
    {"A18", MAP_MERGE, 0},
    {"A30", MAP_MERGE, 0},
    {"A34", MAP_MERGE, 0},
    {"A36", MAP_MERGE, 0},
    {"A39", MAP_MERGE, 0},
    {"A47", MAP_MERGE, 0}, /* an id becomes another one: the same, should the other one exist already or come late */
    {"A24", MAP_LINK, 0},
    {"A37", MAP_UNLINK, 0},
    {"A45", MAP_MOVE, 0},
    {"A50", MAP_RENUMBER, 0},
    {"A09", MAP_NOTHING, 0},
    {"A10", MAP_NOTHING, 0},
    {"A14", MAP_NOTHING, 0},
    {"A15", MAP_NOTHING, 0},
    {"A16", MAP_NOTHING, 0},
    {"A17", MAP_NOTHING, 0}, /* two patients swap beds: never a merge */
    {"A20", MAP_NOTHING, 0},
    {"A21", MAP_NOTHING, 0},
    {"A22", MAP_NOTHING, 0},
    {"A25", MAP_NOTHING, 0},
    {"A26", MAP_NOTHING, 0},
    {"A27", MAP_NOTHING, 0},
    {"A35", MAP_NOTHING, 0},
    {"A41", MAP_NOTHING, 0},
    {"A54", MAP_NOTHING, 0},
    {"A55", MAP_NOTHING, 0},
    {"A60", MAP_NOTHING, 0},
    {"A61", MAP_NOTHING, 0},
    {"A62", MAP_NOTHING, 0},
    {"A64", MAP_NOTHING, 0},
};

static bool is_text(struct text text, const char *wanted) {
    return strlen(wanted) == text.size && memcmp(text.data, wanted, text.size) == 0;
}

static const struct trigger *find_trigger(struct text name) {
    for (size_t i = 0; i < COUNT(triggers) && name.size == 3; i++) {
        if (memcmp(triggers[i].name, name.data, 3) == 0) {
            return &triggers[i];
        }
    }
    return NULL;
}

bool map_knows_trigger(const char *trigger) {
    return find_trigger((struct text){trigger, strlen(trigger)}) != NULL;
}

/* A feed's own aliases come first. */
static const struct trigger *trigger_of(const struct profile *profile, const struct hl7_header *header) {
    for (size_t i = 0; i < profile->trigger_count; i++) {
        const struct trigger_alias *row = &profile->triggers[i];
        if (is_text(header->trigger, row->trigger)) {
            return find_trigger((struct text){row->meaning, strlen(row->meaning)});
        }
    }
    return find_trigger(header->trigger);
}

/* --- The header --- */

static bool is_blank(struct text text) {
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] != ' ') {
            return false;
        }
    }
    return true;
}

static struct text first_component(const struct hl7_header *header, struct text field) {
    const char *end = field.size == 0 ? NULL : memchr(field.data, header->delimiters.component, field.size);
    return (struct text){field.data, end == NULL ? field.size : (size_t)(end - field.data)};
}

/* One letter that the feed may send. */
static bool is_processing_id(const struct profile *profile, struct text id) {
    while (id.size > 0 && id.data[0] == ' ') {
        id = (struct text){id.data + 1, id.size - 1};
    }
    return id.size > 0 && id.data[0] != 0 && strchr(profile->processing_ids, id.data[0]) != NULL &&
           is_blank((struct text){id.data + 1, id.size - 1});
}

static bool is_version_2(struct text version) {
    while (version.size > 0 && version.data[0] == ' ') {
        version = (struct text){version.data + 1, version.size - 1};
    }
    return version.size >= 3 && version.data[0] == '2' && version.data[1] == '.' && version.data[2] >= '0' &&
           version.data[2] <= '9';
}

static struct verdict reject(enum hl7_code code, unsigned field, unsigned component) {
    return (struct verdict){.code = code, .is_reject = true, .place = {"MSH", 1, field, component}};
}

struct verdict map_check_header(const struct profile *profile, const struct hl7_header *header) {
    if (is_blank(header->control_id) || hl7_is_null(header->control_id)) {
        return reject(HL7_CODE_FIELD_MISSING, 10, 0);
    }
    if (!is_text(header->message_code, "ADT")) {
        return reject(HL7_CODE_MESSAGE_TYPE, 9, 1);
    }
    if (trigger_of(profile, header) == NULL) {
        return reject(HL7_CODE_EVENT, 9, 2);
    }
    if (!is_processing_id(profile, first_component(header, header->processing_id))) {
        return reject(HL7_CODE_PROCESSING_ID, 11, 1);
    }
    if (!is_version_2(first_component(header, header->version))) {
        return reject(HL7_CODE_VERSION, 12, 1);
    }
    return (struct verdict){0};
}

/* --- Refusing --- */

size_t map_place_of(const struct hl7_message *message, const struct hl7_segment *segment) {
    return (size_t)(segment - message->segments);
}

static unsigned sequence_of(const struct hl7_message *message, const struct hl7_segment *segment) {
    unsigned sequence = 1;
    for (size_t i = 0; i < map_place_of(message, segment); i++) {
        sequence += strcmp(message->segments[i].name, segment->name) == 0;
    }
    return sequence;
}

/* A name that outlives the message. */
static const char *name_of(const struct mapping *m, const struct hl7_segment *segment) {
    static const char *const names[] = {"MSH", "EVN", "PID", "PV1", "MRG", "ZBE", "PV2"};
    if (segment->kind < HL7_Z) {
        return names[segment->kind];
    }
    bool is_rescue = strcmp(segment->name, m->profile->rescue_segment) == 0;
    return is_rescue ? m->profile->rescue_segment : m->profile->card_segment;
}

bool map_refuse(struct mapping *m, enum hl7_code code, const struct hl7_segment *segment, unsigned field,
                unsigned component) {
    m->mapped->verdict = (struct verdict){
        .code = code,
        .place = {name_of(m, segment), sequence_of(m->message, segment), field, component},
    };
    return false;
}

bool map_refuse_missing(struct mapping *m, const char *segment, unsigned sequence) {
    m->mapped->verdict =
        (struct verdict){.code = HL7_CODE_SEGMENT_SEQUENCE, .place = {.segment = segment, .sequence = sequence}};
    return false;
}

bool map_refuse_overload(struct mapping *m) {
    m->mapped->verdict = (struct verdict){.code = HL7_CODE_INTERNAL, .is_reject = true};
    return false;
}

bool map_refuse_too_many(struct mapping *m, const struct hl7_segment *segment) {
    return map_refuse(m, HL7_CODE_INTERNAL, segment, 0, 0);
}

void map_warn_number(struct mapping *m, const struct hl7_segment *segment, unsigned field) {
    map_refuse(m, HL7_CODE_TABLE_VALUE, segment, field, 0);
    m->mapped->verdict.is_warning = true;
}

/* --- Values --- */

bool map_value(struct mapping *m, const struct hl7_segment *segment, unsigned field, unsigned component,
               const char **value) {
    *value = "";
    if (segment == NULL) {
        return true;
    }
    struct text text = hl7_repetition(m->message, hl7_field(m->message, segment, field), 0, NULL);
    text = hl7_subcomponent(m->message, hl7_component(m->message, text, component), 1);
    if (text.size > MAP_VALUE_BYTES_MAX) {
        return map_refuse(m, HL7_CODE_DATA_TYPE, segment, field, component);
    }
    *value = hl7_value(m->message, text, m->arena);
    return *value != NULL || map_refuse_overload(m);
}

bool map_time(struct mapping *m, const struct hl7_segment *segment, unsigned field, int64_t *ms, bool *has) {
    const char *value;
    *has = false;
    if (!map_value(m, segment, field, 1, &value)) {
        return false;
    }
    if (value[0] == 0) {
        return true;
    }
    *has = hl7_time(value, ms);
    return *has || map_refuse(m, HL7_CODE_DATA_TYPE, segment, field, 0);
}

bool map_alloc(struct mapping *m, size_t size, void *pointer_to) {
    void *made = arena_zalloc(m->arena, size);
    memcpy(pointer_to, &made, sizeof made);
    return made != NULL || map_refuse_overload(m);
}

/* --- A whole message --- */

static bool map_effect(struct mapping *m, const struct trigger *trigger) {
    switch (trigger->effect) {
    case MAP_NOTHING:
        m->mapped->has_no_effect = true;
        return true;
    case MAP_VISIT:
        return map_visit(m, trigger->statement, false);
    case MAP_UPDATE:
        return map_visit(m, trigger->statement, true);
    case MAP_UPDATE_PERSON:
        return map_update_person(m);
    case MAP_DELETE_PERSON:
        return map_delete_person(m);
    case MAP_MERGE:
        return map_merge(m);
    case MAP_LINK:
        return map_link(m, false);
    case MAP_UNLINK:
        return map_link(m, true);
    case MAP_MOVE:
        return map_moves(m, false);
    case MAP_RENUMBER:
        return map_moves(m, true);
    }
    return false;
}

void map_message(const struct profile *profile, const struct hl7_message *message, struct arena *arena,
                 struct mapped *mapped) {
    struct mapping mapping = {profile, message, arena, mapped};
    *mapped = (struct mapped){0};
    const struct trigger *trigger = trigger_of(profile, &message->header);
    if (trigger == NULL) {
        mapped->verdict = reject(HL7_CODE_EVENT, 9, 2);
        return;
    }
    if (map_alloc(&mapping, sizeof *mapped->command, &mapped->command)) {
        visits__v1__command__init(mapped->command);
        if (map_effect(&mapping, trigger) && !mapped->has_no_effect) {
            return;
        }
    }
    mapped->command = NULL;
}
