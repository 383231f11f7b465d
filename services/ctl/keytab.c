#include "ctl/keytab.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>

#include "base/file.h"
#include "wire/curve.h"

#define TABLE_BYTES_MAX (4 * 1024 * 1024)

static const char head[] =
    "# Who may connect: one line each. Daemons read it again at SIGHUP. Edited by `lianchengctl key`.\n"
    "# principal  organisation  role  public key (Z85)  [second key while rotating]  [revoked]\n";

bool keytab_is_code(const char *text) {
    size_t length = strlen(text);
    return length > 0 && length < KEYS_ORGANISATION_BYTES &&
           strspn(text, "abcdefghijklmnopqrstuvwxyz0123456789-") == length;
}

void keytab_key_text(const uint8_t key[32], char text[41]) {
    curve_key_encode(key, text);
}

bool keytab_key_parse(const char *text, uint8_t key[32]) {
    return curve_key_decode(text, key);
}

enum status keytab_open(struct keytab *keytab, const char *path, bool may_be_missing) {
    struct stat found;
    *keytab = (struct keytab){.mode = 0644};
    snprintf(keytab->path, sizeof keytab->path, "%s", path);
    enum status status = file_read(path, TABLE_BYTES_MAX, &keytab->text);
    if (status == STATUS_NOT_FOUND && may_be_missing) {
        buffer_append_text(&keytab->text, head);
    } else if (status != STATUS_OK) {
        ctl_error(0, "%s cannot be read: %s", path, status_name(status));
        return status;
    } else if (stat(path, &found) == 0) {
        keytab->mode = found.st_mode & 0777;
    }
    struct keys_error error = {""};
    status = keys_parse(buffer_text(&keytab->text), keytab->text.size, path, &keytab->keys, &error);
    if (status != STATUS_OK) {
        ctl_error(0, "%s", error.text);
        keytab_release(keytab);
        return STATUS_CONFIG;
    }
    return STATUS_OK;
}

void keytab_release(struct keytab *keytab) {
    keys_destroy(&keytab->keys);
    buffer_release(&keytab->text);
}

const struct principal *keytab_find(const struct keytab *keytab, const char *name) {
    return keys_find_name(keytab->keys, name);
}

/* The first word of the line at offset; empty for a blank line or a comment. Returns where the next line begins. */
static size_t read_line(const struct buffer *text, size_t offset, char name[KEYS_PRINCIPAL_BYTES]) {
    const char *line = (const char *)text->data + offset;
    const char *newline = memchr(line, '\n', text->size - offset);
    size_t length = newline ? (size_t)(newline - line) : text->size - offset;
    size_t from = 0, count = 0;
    while (from < length && strchr(" \t\r", line[from])) {
        from++;
    }
    while (from + count < length && !strchr(" \t\r#", line[from + count]) && count + 1 < KEYS_PRINCIPAL_BYTES) {
        name[count] = line[from + count];
        count++;
    }
    name[count] = '\0';
    return offset + length + (newline ? 1 : 0);
}

bool keytab_next(const struct keytab *keytab, size_t *offset, char name[KEYS_PRINCIPAL_BYTES]) {
    while (*offset < keytab->text.size) {
        *offset = read_line(&keytab->text, *offset, name);
        if (*name) {
            return true;
        }
    }
    return false;
}

static void append_line(struct buffer *out, const struct principal *principal) {
    char key[41];
    buffer_printf(out, "%-24s %-20s %-10s", principal->name, principal->organisation, role_name(principal->role));
    for (size_t i = 0; i < principal->key_count; i++) {
        keytab_key_text(principal->keys[i], key);
        buffer_printf(out, " %s", key);
    }
    buffer_append_text(out, principal->revoked ? " revoked\n" : "\n");
}

void keytab_put(struct keytab *keytab, const struct principal *principal) {
    char name[KEYS_PRINCIPAL_BYTES];
    struct buffer out = {0};
    bool is_done = keytab_find(keytab, principal->name) == NULL; /* a new one goes to the end */
    if (is_done) {
        if (keytab->text.size > 0 && keytab->text.data[keytab->text.size - 1] != '\n') {
            buffer_append_text(&keytab->text, "\n");
        }
        append_line(&keytab->text, principal);
        return;
    }
    for (size_t at = 0, next; at < keytab->text.size; at = next) {
        next = read_line(&keytab->text, at, name);
        if (strcmp(name, principal->name) == 0) {
            append_line(&out, principal);
        } else {
            buffer_append(&out, keytab->text.data + at, next - at);
        }
    }
    buffer_release(&keytab->text);
    keytab->text = out;
}

enum status keytab_save(struct keytab *keytab) {
    struct keys *keys = NULL;
    struct keys_error error = {""};
    if (keys_parse(buffer_text(&keytab->text), keytab->text.size, keytab->path, &keys, &error) != STATUS_OK) {
        ctl_error(0, "the table would be wrong: %s", error.text);
        return STATUS_CONFIG;
    }
    keys_destroy(&keys);
    enum status status = file_write_atomic(keytab->path, keytab->text.data, keytab->text.size, keytab->mode);
    if (status != STATUS_OK) {
        ctl_error(0, "%s cannot be written: %s", keytab->path, status_name(status));
    }
    return status;
}
