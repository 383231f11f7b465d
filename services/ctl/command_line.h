#ifndef CTL_COMMAND_LINE_H
#define CTL_COMMAND_LINE_H

#include "base/arena.h"
#include "base/id.h"
#include "ctl/contract.h"
#include "ctl/json.h"

/*
 * One line of `submit`: the fields of common.v1.Command and, in place of its body, the one member of the service's own
 * Command, all in one object:
 *
 *     {"occurred_at": "2020-01-01T08:30:00+08:00", "open_visit": {"visit_number": "7", ...}}
 *
 * id and expected_version are optional; the time may be occurred_at_ms instead.
 */
struct command_line {
    bool has_id;
    struct id id;
    int64_t occurred_at_ms;
    uint64_t expected_version;
    uint8_t *body; /* packed, in the arena */
    size_t body_size;
};

/* MALFORMED or MEMORY, problem filled: its path is the field at fault, its message never repeats a value. */
enum status command_line_parse(const struct contract *contract, const char *text, size_t size, struct arena *arena,
                               struct command_line *line, struct json_problem *problem);

#endif
