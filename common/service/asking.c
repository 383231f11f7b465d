#include "service/asking.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "base/civil.h"

void asking_refuse(struct asking *a, uint32_t code) {
    a->code = code;
}

void *asking_take(struct asking *a, size_t size) {
    void *taken = arena_zalloc(a->arena, size);
    if (taken == NULL) {
        asking_refuse(a, COMMON__V1__CODE__CODE_EXHAUSTED);
    }
    return taken;
}

/* --- who asks --- */

static bool may_ask(enum role role) {
    switch (role) {
    case ROLE_PUBLISHER:
    case ROLE_OPERATOR:
    case ROLE_CLERK:
    case ROLE_HANDLER:
    case ROLE_HEAD:
    case ROLE_LEADER:
    case ROLE_SUPERVISOR:
        return true;
    case ROLE_NONE:
    case ROLE_FOLLOWER:
    case ROLE_READER:
    case ROLE_REGISTRAR:
        break;
    }
    return false;
}

bool asking_begin(struct asking *a, uint32_t agency, bool is_window, int32_t today) {
    const enum role role = a->question->principal->role;
    a->agency = agency;
    a->sees_all =
        role == ROLE_SUPERVISOR || role == ROLE_LEADER || role == ROLE_OPERATOR || (role == ROLE_CLERK && is_window);
    a->today = today;
    if (!may_ask(role)) {
        asking_refuse(a, COMMON__V1__CODE__CODE_FORBIDDEN);
        return false;
    }
    return true;
}

bool asking_list_agency(struct asking *a, bool is_named, uint32_t *agency, uint32_t unknown_code) {
    if (!is_named) {
        *agency = a->sees_all ? 0 : a->agency;
    }
    if (*agency == 0 && (is_named || !a->sees_all)) {
        asking_refuse(a, unknown_code);
        return false;
    }
    if (!a->sees_all && *agency != a->agency) {
        asking_refuse(a, COMMON__V1__CODE__CODE_FORBIDDEN);
        return false;
    }
    return true;
}

/* --- lists --- */

void **asking_page(struct asking *a, const struct asking_list *list, size_t *n, uint32_t *next) {
    const uint32_t rows_max = asking_rows(list->limit);
    uint32_t row = asking_first_row(list->after, list->count);
    void **page = asking_take(a, rows_max * sizeof *page);
    *n = 0;
    for (uint32_t looks = list->looks; page != NULL && row != 0 && looks != 0 && *n < rows_max; row--, looks--) {
        if (!list->is_wanted(a, list->filter, row)) {
            continue;
        }
        void *made = list->make(a, row);
        if (made == NULL) {
            return NULL;
        }
        a->bytes += protobuf_c_message_get_packed_size(made);
        if (a->bytes > ASKING_PAGE_BYTES_MAX && *n > 0) {
            break; /* the next page begins with it */
        }
        page[(*n)++] = made;
    }
    *next = row == 0 ? 0 : row + 1;
    return page;
}

/* --- the past --- */

bool asking_read_past(struct asking *a, uint64_t seq, struct past_event *past) {
    const struct question *question = a->question;
    if (question->read_past == NULL || question->log == NULL || a->reads++ >= ASKING_PAST_MAX ||
        !question->read_past(question->log, seq, a->arena, past)) {
        asking_refuse(a, COMMON__V1__CODE__CODE_UNAVAILABLE);
        return false;
    }
    return true;
}

bool asking_lines_begin(struct asking_lines *lines, size_t max) {
    lines->lines = asking_take(lines->asking, max * sizeof *lines->lines);
    lines->count = 0;
    lines->max = max;
    return lines->lines != NULL;
}

void asking_line(struct asking_lines *lines, const char *name, const char *text, size_t size) {
    char *line =
        lines->count < lines->max ? arena_printf(lines->asking->arena, "%s: %.*s", name, (int)size, text) : NULL;
    if (line == NULL) {
        asking_refuse(lines->asking, COMMON__V1__CODE__CODE_EXHAUSTED);
        return;
    }
    lines->lines[lines->count++] = line;
    lines->bytes += strlen(line);
}

void asking_line_word(struct asking_lines *lines, const char *name, const char *word) {
    if (word[0] != '\0') {
        asking_line(lines, name, word, strlen(word));
    }
}

void asking_line_number(struct asking_lines *lines, const char *name, int64_t number) {
    char text[24];
    snprintf(text, sizeof text, "%" PRId64, number);
    asking_line_word(lines, name, text);
}

void asking_line_day(struct asking_lines *lines, const char *name, int32_t day) {
    char text[CIVIL_DATE_TEXT_BYTES];
    if (day != 0) {
        civil_date_format(day, text);
        asking_line_word(lines, name, text);
    }
}

static const char *text_name(enum text_kind kind) {
    static const char *const names[] = {
        [TEXT_REASON] = "reason",     [TEXT_GROUND] = "ground", [TEXT_PAPER] = "paper",
        [TEXT_RESULT] = "result",     [TEXT_REPLY] = "reply",   [TEXT_TITLE] = "title",
        [TEXT_EVIDENCE] = "evidence", [TEXT_LETTER] = "letter", [TEXT_PLACE] = "place",
    };
    return (size_t)kind < sizeof names / sizeof names[0] && names[kind] != NULL ? names[kind] : "text";
}

void asking_line_texts(struct asking_lines *lines, const struct event *event, size_t fixed_size) {
    enum text_kind kind;
    const char *text;
    size_t at = fixed_size, size;
    while (lines->asking->code == 0 && lines->count < lines->max &&
           texts_next(event->private_body, event->private_size, &at, &kind, &text, &size)) {
        asking_line(lines, text_name(kind), text, size);
    }
}

const char *asking_value_word(const ProtobufCEnumDescriptor *names, unsigned value, const char *prefix) {
    const ProtobufCEnumValue *found = protobuf_c_enum_descriptor_get_value(names, (int)value);
    const size_t size = strlen(prefix);
    return found == NULL ? "?" : strncmp(found->name, prefix, size) == 0 ? found->name + size : found->name;
}
