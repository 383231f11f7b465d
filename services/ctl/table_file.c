#include "ctl/table_file.h"

#include <string.h>

#include "base/buffer.h"
#include "base/file.h"
#include "ctl/ctl.h"

#define TABLE_BYTES_MAX (2 * 1024 * 1024)

static enum status read_lines(const char *path, char *text, const char *(*take)(char *line, void *user), void *user) {
    size_t number = 0;
    for (char *line = text, *next; line && *line; line = next) {
        next = strchr(line, '\n');
        if (next) {
            *next++ = '\0';
        }
        number++;
        line[strcspn(line, "\r")] = '\0';
        const char *wrong = *line == '#' || *line == '\0' ? NULL : take(line, user);
        if (wrong) {
            ctl_error(0, "%s:%zu: %s", path, number, wrong);
            return STATUS_MALFORMED;
        }
    }
    return STATUS_OK;
}

enum status table_file_read(const char *path, const char *(*take)(char *line, void *user), void *user) {
    struct buffer text = {0};
    enum status status = file_read(path, TABLE_BYTES_MAX, &text);
    if (status != STATUS_OK) {
        ctl_error(0, "%s cannot be read: %s", path, status_name(status));
        return status;
    }
    buffer_text(&text);
    status = read_lines(path, (char *)text.data, take, user);
    buffer_release(&text);
    return status;
}
