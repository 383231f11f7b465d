#include "issues/state.h"

#include <string.h>

#include "base/hash.h"

static uint64_t text_hash(const char *text) {
    return hash_bytes(text, strlen(text));
}

/* Of rows that are found by a text of their own. */
#define BY_TEXT(name, type, member)                                                                                    \
    static uint64_t name##_hash(const void *row) {                                                                     \
        return text_hash(((const struct type *)row)->member);                                                          \
    }                                                                                                                  \
    static bool name##_equal(const void *row, const void *key) {                                                       \
        return strcmp(((const struct type *)row)->member, key) == 0;                                                   \
    }
BY_TEXT(issue, issue, number)
BY_TEXT(task, task, number)
BY_TEXT(clue, clue, number)
BY_TEXT(circular, circular, number)

/* An item and a task may have the same code; provincial tasks have codes of their year. */
struct code_key {
    uint32_t number; /* is_task, or the year */
    const char *code;
};
static uint64_t code_hash(uint32_t number, const char *code) {
    return text_hash(code) ^ number * UINT64_C(0x9e3779b97f4a7c15);
}
static uint64_t about_hash(const void *row) {
    const struct about *about = row;
    return code_hash(about->is_task, about->code);
}
static bool about_equal(const void *row, const void *key) {
    const struct about *about = row;
    const struct code_key *wanted = key;
    return about->is_task == wanted->number && strcmp(about->code, wanted->code) == 0;
}
static uint64_t provincial_hash(const void *row) {
    const struct provincial_task *task = row;
    return code_hash(task->year, task->code);
}
static bool provincial_equal(const void *row, const void *key) {
    const struct provincial_task *task = row;
    const struct code_key *wanted = key;
    return task->year == wanted->number && strcmp(task->code, wanted->code) == 0;
}

static uint32_t times(uint32_t rows, uint32_t factor) {
    return rows < UINT32_MAX / 2 / factor ? rows * factor : UINT32_MAX / 2;
}

static void init_tables(struct issues *self, struct state *state) {
    const uint32_t issues_max = self->options.issues_max;
    const struct {
        struct table *table;
        const char *name;
        size_t row_bytes;
        uint32_t rows_max;
    } tables[] = {
        {&self->issues, "issues", sizeof(struct issue), issues_max},
        {&self->parts, "parts", sizeof(struct record_part), times(issues_max, 2)},
        {&self->abouts, "abouts", sizeof(struct about), ISSUES_ABOUTS_MAX},
        {&self->contact_rules, "contact_rules", sizeof(struct contact_rule), ISSUES_CONTACT_RULES_MAX},
        {&self->tasks, "tasks", sizeof(struct task), ISSUES_TASKS_MAX},
        {&self->indicators, "indicators", sizeof(struct indicator), ISSUES_TASKS_MAX * 8},
        {&self->milestones, "milestones", sizeof(struct milestone), ISSUES_TASKS_MAX * 16},
        {&self->provincial_tasks, "provincial_tasks", sizeof(struct provincial_task), ISSUES_PROVINCIAL_TASKS_MAX},
        {&self->mappings, "mappings", sizeof(struct mapping), ISSUES_TASKS_MAX * 4},
        {&self->clues, "clues", sizeof(struct clue), ISSUES_CLUES_MAX},
        {&self->circulars, "circulars", sizeof(struct circular), ISSUES_CIRCULARS_MAX},
        {&self->courses, "courses", sizeof(struct issues_course), 1},
    };
    for (size_t i = 0; i < sizeof tables / sizeof tables[0]; i++) {
        table_init(tables[i].table, tables[i].name, (uint32_t)tables[i].row_bytes, tables[i].rows_max);
        state_register_table(state, tables[i].table);
    }
}

static void init_indexes(struct issues *self, struct state *state) {
    index_init(&self->issue_by_number, "issue_by_number", &self->issues, issue_hash, issue_equal);
    index_init(&self->about_by_code, "about_by_code", &self->abouts, about_hash, about_equal);
    index_init(&self->task_by_number, "task_by_number", &self->tasks, task_hash, task_equal);
    index_init(&self->provincial_by_code, "provincial_by_code", &self->provincial_tasks, provincial_hash,
               provincial_equal);
    index_init(&self->clue_by_number, "clue_by_number", &self->clues, clue_hash, clue_equal);
    index_init(&self->circular_by_number, "circular_by_number", &self->circulars, circular_hash, circular_equal);
    struct index *const indexes[] = {&self->issue_by_number,    &self->about_by_code,  &self->task_by_number,
                                     &self->provincial_by_code, &self->clue_by_number, &self->circular_by_number};
    for (size_t i = 0; i < sizeof indexes / sizeof indexes[0]; i++) {
        state_register_index(state, indexes[i]);
    }
}

void issues_state_init(struct issues *self, const struct issues_options *options, struct state *state) {
    *self = (struct issues){.options = *options};
    agencies_init(&self->agencies, state);
    notices_init(&self->notices, state);
    init_tables(self, state);
    init_indexes(self, state);
    agenda_init(&self->issue_agenda, "issues", options->issues_max, state);
    agenda_init(&self->task_agenda, "tasks", ISSUES_TASKS_MAX, state);
    agenda_init(&self->clue_agenda, "clues", ISSUES_CLUES_MAX, state);
    slips_init(&self->slips, times(options->issues_max, 2), state);
}

uint32_t issues_find_issue(const struct issues *self, const char *number) {
    return index_find(&self->issue_by_number, text_hash(number), number);
}

uint32_t issues_find_task(const struct issues *self, const char *number) {
    return index_find(&self->task_by_number, text_hash(number), number);
}

uint32_t issues_find_clue(const struct issues *self, const char *number) {
    return index_find(&self->clue_by_number, text_hash(number), number);
}

uint32_t issues_find_circular(const struct issues *self, const char *number) {
    return index_find(&self->circular_by_number, text_hash(number), number);
}

uint32_t issues_find_about(const struct issues *self, bool is_task, const char *code) {
    const struct code_key key = {.number = is_task, .code = code};
    return index_find(&self->about_by_code, code_hash(key.number, code), &key);
}

uint32_t issues_find_provincial(const struct issues *self, uint32_t year, const char *code) {
    const struct code_key key = {.number = year, .code = code};
    return index_find(&self->provincial_by_code, code_hash(year, code), &key);
}

uint32_t issues_find_contact_rule(const struct issues *self, const char *code) {
    for (uint32_t row = 1; row <= self->contact_rules.count; row++) {
        if (strcmp(issues_contact_rule(self, row)->code, code) == 0) {
            return row;
        }
    }
    return 0;
}

uint64_t issues_principal(const char *principal) {
    return text_hash(principal);
}
