#ifndef SUPPORT_MAP_FIXTURE_H
#define SUPPORT_MAP_FIXTURE_H

/* A message and a feed's settings in, the command or verdict as text out. For the pure tests of the HL7 gateway. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/arena.h"
#include "base/civil.h"
#include "hl7-gateway/map.h"
#include "wire/validate.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define FIXTURE_SETTINGS_MAX 8

/* Segments. Times: sent 12:00, recorded 11:00, of 3 July 2020 where nothing else is said. */
#define EVN "EVN||20200703110000\r"
#define PID "PID|||123^^^^MR\r"
#define P16 "||||||||||||||||"       /* PV1-3 to 19, PID-3 to 19 */
#define P25 "|||||||||||||||||||||||||" /* PV1-19 to 44 */
#define PV1(class, place, number) "PV1||" class "|" place P16 number
#define AT(time) P25 time /* behind PV1: PV1-44 */
#define ID_CHILD "41109920150307001X"
#define ID_PARENT "411099198505050018"

struct line {
    char bytes[8192];
    size_t size;
};

__attribute__((format(printf, 2, 3))) static inline void put(struct line *line, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int size = vsnprintf(line->bytes + line->size, sizeof line->bytes - line->size, format, arguments);
    va_end(arguments);
    assert_true(size >= 0 && line->size + (size_t)size < sizeof line->bytes);
    line->size += (size_t)size;
}

/* --- Settings --- */

/* settings: "identifiers=...", ended by NULL, of one feed "t" of facility "h1". */
static inline struct profiles profiles_of(const char *const *settings) {
    static const struct config_key *const keys[] = {profile_config_keys, NULL};
    char flags[FIXTURE_SETTINGS_MAX + 1][400];
    char *argv[FIXTURE_SETTINGS_MAX + 3] = {(char *)"hl7-gateway", (char *)"--feeds-t-facility=h1"};
    int argc = 2;
    for (size_t i = 0; settings != NULL && settings[i] != NULL; i++) {
        assert_true(i < FIXTURE_SETTINGS_MAX);
        snprintf(flags[i], sizeof flags[i], "--feeds-t-%s", settings[i]);
        for (char *at = flags[i]; *at != '=' && *at != 0; at++) {
            *at = *at == '_' ? '-' : *at;
        }
        argv[argc++] = flags[i];
    }
    struct config *config = NULL;
    enum config_action action;
    struct config_error error;
    struct profiles profiles = {0};
    if (config_load(keys, argc, argv, &config, &action, &error) != STATUS_OK ||
        profiles_load(config, &profiles, &error) != STATUS_OK) {
        fail_msg("%s", error.text);
    }
    config_destroy(&config);
    assert_int_equal(profiles.count, 1);
    return profiles;
}

/* --- Commands as text --- */

static inline void put_ms(struct line *line, const char *word, int64_t ms) {
    char text[30];
    if (ms != 0) {
        civil_time_format(ms, text);
        put(line, " %s %.16s", word, text);
    }
}

static inline void put_person(struct line *line, const char *word, const Visits__V1__Identifiers *person) {
    static const char *const kinds[] = {"id", "mr", "in", "out", "card", "other", "health", "scn", "scc"};
    if (person == NULL) {
        return;
    }
    put(line, "%s%s{", line->size > 0 ? " " : "", word);
    const char *between = "";
    if (person->resident_id[0] != 0) {
        put(line, "rid:%s%s", person->resident_id, person->birth_date_contradicts ? "!" : "");
        between = " ";
    }
    for (size_t i = 0; i < person->n_local_ids; i++) {
        const Visits__V1__LocalId *id = person->local_ids[i];
        put(line, "%s%s:%s%s%s", between, kinds[id->kind], id->value, id->domain[0] != 0 ? "@" : "", id->domain);
        between = " ";
    }
    put(line, "}");
}

static inline void put_visit(struct line *line, const Visits__V1__ReportVisit *visit) {
    static const char *const statements[] = {"?",      "opened",   "pre-admitted",  "updated",   "moved",     "move-cancelled",
                                             "closed", "reopened", "class-changed", "cancelled", "pre-cancelled"};
    static const char *const classes[] = {"-", "in", "out", "emer", "pre", "exam", "other"};
    static const char *const cards[] = {"", " ssc", " rid", " ehc", ""};
    put(line, "%s %s %s%s", statements[visit->statement], visit->visit_number, classes[visit->visit_class],
        cards[visit->card_kind]);
    put_person(line, "of", visit->person);
    put_ms(line, "began", visit->opened_at_ms);
    if (visit->department[0] != 0) {
        put(line, " in %s", visit->department);
    }
    if (visit->former_number[0] != 0) {
        put(line, " was %s", visit->former_number);
    }
    if (visit->movement[0] != 0) {
        put(line, " movement %s", visit->movement);
    }
    if (visit->rescue != NULL) {
        put_ms(line, "called", visit->rescue->called_at_ms);
        put_ms(line, "arrived", visit->rescue->arrived_at_ms);
        put(line, "%s", visit->rescue->urban ? " urban" : " rural");
    }
    put(line, "%s", visit->may_create ? " may-create" : "");
}

static inline void put_merges(struct line *line, const Visits__V1__MergePersons *merge) {
    put(line, "merge%s", merge->prior_must_exist ? " known" : "");
    for (size_t i = 0; i < merge->n_merges; i++) {
        put_person(line, i > 0 ? "and" : "of", merge->merges[i]->prior);
        put_person(line, "into", merge->merges[i]->survivor);
    }
}

static inline void put_moves(struct line *line, const Visits__V1__MoveVisits *moves) {
    put(line, "move");
    for (size_t i = 0; i < moves->n_moves; i++) {
        const Visits__V1__VisitMove *move = moves->moves[i];
        put(line, " %s%s%s", move->visit_number, move->new_number[0] != 0 ? "->" : "", move->new_number);
        put_person(line, "to", move->person);
    }
}

static inline int64_t put_body(struct line *line, const Visits__V1__Command *command) {
    switch (command->body_case) {
    case VISITS__V1__COMMAND__BODY_REPORT_VISIT:
        put_visit(line, command->report_visit);
        return command->report_visit->recorded_at_ms;
    case VISITS__V1__COMMAND__BODY_UPDATE_PERSON:
        put_person(line, "person", command->update_person->person);
        return command->update_person->recorded_at_ms;
    case VISITS__V1__COMMAND__BODY_DELETE_PERSON:
        put_person(line, "delete", command->delete_person->person);
        return command->delete_person->recorded_at_ms;
    case VISITS__V1__COMMAND__BODY_MERGE_PERSONS:
        put_merges(line, command->merge_persons);
        return command->merge_persons->recorded_at_ms;
    case VISITS__V1__COMMAND__BODY_LINK_PERSONS:
        put_person(line, "link", command->link_persons->first);
        put_person(line, "and", command->link_persons->second);
        return command->link_persons->recorded_at_ms;
    case VISITS__V1__COMMAND__BODY_UNLINK_PERSONS:
        put_person(line, "unlink", command->unlink_persons->first);
        put_person(line, "and", command->unlink_persons->second);
        return command->unlink_persons->recorded_at_ms;
    case VISITS__V1__COMMAND__BODY_MOVE_VISITS:
        put_moves(line, command->move_visits);
        return command->move_visits->recorded_at_ms;
    default:
        fail_msg("a command of kind %d", (int)command->body_case);
        return 0;
    }
}

static inline void put_verdict(struct line *line, const struct verdict *verdict) {
    const struct hl7_place *place = &verdict->place;
    put(line, "%s %d", verdict->is_warning ? "warning" : verdict->is_reject ? "AR" : "AE", (int)verdict->code);
    if (place->segment != NULL) {
        put(line, " %s", place->segment);
        if (place->sequence != 1) {
            put(line, "(%u)", place->sequence);
        }
        if (place->field > 0) {
            put(line, "-%u", place->field);
        }
        if (place->component > 0) {
            put(line, ".%u", place->component);
        }
    }
}

static inline void put_facts(struct line *line, const struct mapped_facts *facts) {
    put(line, "%s%s%s%s", facts->visit_number_missing ? "; no-number" : "", facts->number_invalid ? "; invalid" : "",
        facts->class_unmapped ? "; unmapped" : "", facts->is_cancellation ? "; cancels" : "");
}

/* What goes to the registry must pass its own check of form. */
static inline void check_form(const Visits__V1__Command *command) {
    const char *field = NULL;
    assert_int_equal(validate_message(&command->base, &field), 0);
}

static inline void put_mapped(struct line *line, const struct mapped *mapped) {
    if (mapped->verdict.code != HL7_CODE_OK && !mapped->verdict.is_warning) {
        assert_null(mapped->command);
        put_verdict(line, &mapped->verdict);
        return;
    }
    if (mapped->has_no_effect) {
        assert_null(mapped->command);
        put(line, "nothing");
        return;
    }
    assert_non_null(mapped->command);
    check_form(mapped->command);
    int64_t recorded_ms = put_body(line, mapped->command);
    assert_int_equal(recorded_ms, mapped->recorded_at_ms);
    put_ms(line, "at", mapped->occurred_at_ms);
    put_ms(line, "recorded", mapped->recorded_at_ms);
    put_facts(line, &mapped->facts);
    if (mapped->verdict.is_warning) {
        put(line, "; ");
        put_verdict(line, &mapped->verdict);
    }
}

/* --- Messages --- */

/* Maps a whole message. */
static inline void map_text(const struct profile *profile, const char *data, size_t size, struct line *line) {
    static struct hl7_message message; /* large */
    struct arena arena;
    struct mapped mapped;
    char names[8] = "";
    snprintf(names, sizeof names, "%s%s%s", profile->card_segment,
             profile->card_segment[0] != 0 && profile->rescue_segment[0] != 0 ? " " : "", profile->rescue_segment);
    char *copy = malloc(size == 0 ? 1 : size); /* of its exact size: what reads beyond it is caught */
    assert_non_null(copy);
    memcpy(copy, data, size);
    line->size = 0;
    line->bytes[0] = 0;
    assert_int_equal(hl7_parse(copy, size, names, &message), HL7_OK);
    struct verdict verdict = map_check_header(profile, &message.header);
    arena_init(&arena, 128 * 1024);
    if (verdict.code != HL7_CODE_OK) {
        put_verdict(line, &verdict);
    } else {
        map_message(profile, &message, &arena, &mapped);
        put_mapped(line, &mapped);
    }
    arena_release(&arena);
    free(copy);
}

/* A row of a table: a trigger and what stands behind MSH. */
struct map_case {
    const char *what;
    const char *trigger;
    const char *rest;
    const char *want;
    const char *settings[FIXTURE_SETTINGS_MAX];
};

static inline void run_map_cases(const struct map_case *cases, size_t count) {
    for (size_t i = 0; i < count; i++) {
        struct profiles profiles = profiles_of(cases[i].settings);
        static char text[65536];
        static struct line line;
        int size = snprintf(text, sizeof text, "MSH|^~\\&|HIS|XC|REG|CITY|20200703120000||ADT^%s|1|P|2.4\r%s",
                            cases[i].trigger, cases[i].rest);
        assert_true(size > 0 && (size_t)size < sizeof text);
        map_text(&profiles.rows[0], text, (size_t)size, &line);
        if (strcmp(line.bytes, cases[i].want) != 0) {
            fail_msg("%s (%s):\n  got  %s\n  want %s", cases[i].what, cases[i].trigger, line.bytes, cases[i].want);
        }
        profiles_release(&profiles);
    }
}

#endif
