#include "ctl/hl7_answer.h"

#include <stdio.h>
#include <string.h>

/* A run of bytes. */
struct span {
    const char *data;
    size_t size;
};

/* The part before the separator; *rest is what is behind it. A NULL data in *rest: nothing more. */
static struct span cut(struct span text, char separator, struct span *rest) {
    const char *at = text.size > 0 ? memchr(text.data, separator, text.size) : NULL;
    if (!at) {
        *rest = (struct span){NULL, 0};
        return text;
    }
    size_t size = (size_t)(at - text.data);
    *rest = (struct span){at + 1, text.size - size - 1};
    return (struct span){text.data, size};
}

/* The part of this number, from 0; empty when there are fewer. */
static struct span part(struct span text, char separator, unsigned number) {
    struct span rest, found = cut(text, separator, &rest);
    for (; number > 0 && rest.data; number--) {
        found = cut(rest, separator, &rest);
    }
    return number == 0 ? found : (struct span){"", 0};
}

static bool has_name(struct span segment, const char *name, char separator) {
    return segment.size >= 3 && memcmp(segment.data, name, 3) == 0 &&
           (segment.size == 3 || segment.data[3] == separator);
}

static bool is_code(struct span text) {
    return text.size == 2 && (text.data[0] == 'A' || text.data[0] == 'C') && memchr("AER", text.data[1], 3) != NULL;
}

static uint32_t number_of(struct span text) {
    uint32_t number = 0;
    for (size_t i = 0; i < text.size && i < 6 && text.data[i] >= '0' && text.data[i] <= '9'; i++) {
        number = number * 10 + (uint32_t)(text.data[i] - '0');
    }
    return number;
}

/* "PID^1^3" -> "PID-3". Our own words come out whatever the peer sends: letters and digits alone. */
static void take_place(struct span place, char component, char text[32]) {
    struct span segment = part(place, component, 0);
    uint32_t field = number_of(part(place, component, 2));
    text[0] = '\0';
    if (segment.size != 3) {
        return;
    }
    for (size_t i = 0; i < 3; i++) {
        char byte = segment.data[i];
        if (!((byte >= 'A' && byte <= 'Z') || (byte >= '0' && byte <= '9'))) {
            return;
        }
    }
    snprintf(text, 32, field > 0 ? "%.3s-%u" : "%.3s", segment.data, field);
}

/* The first ERR that is no mere warning counts; a warning when there is nothing else. */
static void take_err(struct span segment, const char *delimiters, struct hl7_answer *answer) {
    char field = delimiters[0], component = delimiters[1], subcomponent = delimiters[4];
    struct span code = part(segment, field, 3), old = part(segment, field, 1);
    if (answer->error != 0) {
        return;
    }
    if (code.size > 0) {
        answer->error = number_of(part(code, component, 0));
        take_place(part(segment, field, 2), component, answer->place);
    } else {
        answer->error = number_of(part(part(old, component, 3), subcomponent, 0));
        take_place(old, component, answer->place);
    }
}

bool hl7_answer_parse(const uint8_t *data, size_t size, struct hl7_answer *answer) {
    struct span rest = {(const char *)data, size};
    char delimiters[5] = {'|', '^', '~', '\\', '&'};
    bool has_header = false;
    *answer = (struct hl7_answer){.msa = NULL};
    while (rest.data) {
        struct span segment = cut(rest, '\r', &rest);
        if (!has_header && segment.size >= 8 && memcmp(segment.data, "MSH", 3) == 0) {
            memcpy(delimiters, segment.data + 3, 5);
            has_header = true;
        } else if (has_name(segment, "MSA", delimiters[0]) && !answer->msa) {
            struct span code = part(segment, delimiters[0], 1), id = part(segment, delimiters[0], 2);
            if (!is_code(code)) {
                return false;
            }
            memcpy(answer->code, code.data, 2);
            answer->msa = segment.data;
            answer->msa_size = segment.size;
            answer->control_id = id.data;
            answer->control_id_size = id.size;
        } else if (has_name(segment, "ERR", delimiters[0])) {
            take_err(segment, delimiters, answer);
        }
    }
    return has_header && answer->msa;
}

bool hl7_answer_is_positive(const struct hl7_answer *answer) {
    return answer->code[1] == 'A';
}

bool hl7_answer_is_try_again(const struct hl7_answer *answer) {
    return answer->code[1] == 'R' && answer->error == 207;
}

bool hl7_answer_control_id(const uint8_t *message, size_t size, const char **id, size_t *id_size) {
    struct span rest, header = cut((struct span){(const char *)message, size}, '\r', &rest);
    if (header.size < 4) {
        return false;
    }
    struct span found = part(header, header.data[3], 9); /* MSH-1 is the separator itself */
    *id = found.data;
    *id_size = found.size;
    return found.size > 0;
}

/* Any field of MSH will do: where a sender wrote a text into an earlier one whose bytes look like a separator, the
 * receiver may have found MSH-10 at another place. */
bool hl7_answer_fits(const struct hl7_answer *answer, const uint8_t *message, size_t size) {
    struct span rest, header = cut((struct span){(const char *)message, size}, '\r', &rest);
    if (answer->control_id_size == 0) {
        return answer->code[1] == 'R';
    }
    for (rest = header; header.size >= 4 && rest.data;) {
        struct span field = cut(rest, header.data[3], &rest);
        if (field.size == answer->control_id_size && memcmp(field.data, answer->control_id, field.size) == 0) {
            return true;
        }
    }
    return false;
}
