#include "wire/keys.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <zmq.h>

#include "base/buffer.h"
#include "base/check.h"
#include "base/file.h"
#include "base/hash.h"
#include "wire/curve.h"

#define PRINCIPALS_MAX 10000
#define FILE_BYTES_MAX (4 * 1024 * 1024)
#define LINE_BYTES_MAX 512
#define WORDS_MAX 6     /* principal, organisation, role, key, second key, revoked */
#define SLOTS_MAX 32768 /* a power of two above PRINCIPALS_MAX * KEYS_LIVE_MAX */

struct keys {
    struct principal *principals;
    size_t count;
    size_t capacity;
    /* Open addressing, never full; the number of a principal + 1, 0 = free. */
    size_t slots; /* of each, a power of two */
    uint16_t *by_key;
    uint16_t *by_name;
};

/* --- roles --- */

static const char *const role_names[] = {
    [ROLE_NONE] = "none",         [ROLE_PUBLISHER] = "publisher",   [ROLE_OPERATOR] = "operator",
    [ROLE_FOLLOWER] = "follower", [ROLE_READER] = "reader",         [ROLE_REGISTRAR] = "registrar",
    [ROLE_CLERK] = "clerk",       [ROLE_HANDLER] = "handler",       [ROLE_HEAD] = "head",
    [ROLE_LEADER] = "leader",     [ROLE_SUPERVISOR] = "supervisor",
};
#define ROLE_COUNT (sizeof role_names / sizeof role_names[0])

enum role role_parse(const char *text) {
    for (size_t i = 1; i < ROLE_COUNT; i++) {
        if (strcmp(text, role_names[i]) == 0) {
            return (enum role)i;
        }
    }
    return ROLE_NONE;
}

const char *role_name(enum role role) {
    CHECK((size_t)role < ROLE_COUNT);
    return role_names[role];
}

/* --- looking up --- */

bool principal_holds(const struct principal *principal, const uint8_t public_key[32]) {
    for (size_t i = 0; i < principal->key_count; i++) {
        if (memcmp(principal->keys[i], public_key, 32) == 0) {
            return true;
        }
    }
    return false;
}

static size_t key_slot(const struct keys *keys, const uint8_t key[32]) {
    return hash_bytes(key, 32) & (keys->slots - 1);
}

static size_t name_slot(const struct keys *keys, const char *name) {
    return hash_bytes(name, strlen(name)) & (keys->slots - 1);
}

const struct principal *keys_find(const struct keys *keys, const uint8_t public_key[32]) {
    for (size_t at = key_slot(keys, public_key); keys->by_key[at] != 0; at = (at + 1) & (keys->slots - 1)) {
        const struct principal *principal = &keys->principals[keys->by_key[at] - 1];
        if (principal_holds(principal, public_key)) {
            return principal;
        }
    }
    return NULL;
}

const struct principal *keys_find_name(const struct keys *keys, const char *name) {
    for (size_t at = name_slot(keys, name); keys->by_name[at] != 0; at = (at + 1) & (keys->slots - 1)) {
        const struct principal *principal = &keys->principals[keys->by_name[at] - 1];
        if (strcmp(principal->name, name) == 0) {
            return principal;
        }
    }
    return NULL;
}

size_t keys_count(const struct keys *keys) {
    return keys->count;
}

/* The principal at the end of the table. */
static void put(const struct keys *keys, uint16_t *slots, size_t at) {
    while (slots[at] != 0) {
        at = (at + 1) & (keys->slots - 1);
    }
    slots[at] = (uint16_t)(keys->count + 1);
}

static void add(struct keys *keys, const struct principal *principal) {
    if (keys->count == keys->capacity) {
        keys->capacity = keys->capacity == 0 ? 64 : keys->capacity * 2;
        keys->principals = realloc(keys->principals, keys->capacity * sizeof *keys->principals);
        CHECK(keys->principals != NULL);
    }
    keys->principals[keys->count] = *principal;
    put(keys, keys->by_name, name_slot(keys, principal->name));
    for (size_t i = 0; i < principal->key_count; i++) {
        put(keys, keys->by_key, key_slot(keys, principal->keys[i]));
    }
    keys->count++;
}

/* --- reading a line: each function returns NULL or what is wrong --- */

static bool is_blank(char c) {
    return c == ' ' || c == '\t' || c == '\r';
}

/* Splits in place. WORDS_MAX + 1 says there are more. */
static size_t split(char *line, char *words[WORDS_MAX]) {
    size_t count = 0;
    while (true) {
        while (is_blank(*line)) {
            *line++ = 0;
        }
        if (*line == 0) {
            return count;
        }
        if (count == WORDS_MAX) {
            return WORDS_MAX + 1;
        }
        words[count++] = line;
        while (*line != 0 && !is_blank(*line)) {
            line++;
        }
    }
}

static bool consists_of(const char *text, const char *others) {
    for (; *text != 0; text++) {
        bool is_common = (*text >= 'a' && *text <= 'z') || (*text >= '0' && *text <= '9') || *text == '-';
        if (!is_common && strchr(others, *text) == NULL) {
            return false;
        }
    }
    return true;
}

static const char *read_names(char *words[], struct principal *principal) {
    if (strlen(words[0]) >= sizeof principal->name || !consists_of(words[0], "/._ABCDEFGHIJKLMNOPQRSTUVWXYZ")) {
        return "the principal is longer than 63 characters or has others than letters, digits, - . _ /";
    }
    if (strlen(words[1]) >= sizeof principal->organisation || !consists_of(words[1], "")) {
        return "the organisation is longer than 32 characters or has others than a-z, 0-9, -";
    }
    principal->role = role_parse(words[2]);
    if (principal->role == ROLE_NONE) {
        return "the role is none of " ROLE_NAMES;
    }
    memcpy(principal->name, words[0], strlen(words[0]) + 1);
    memcpy(principal->organisation, words[1], strlen(words[1]) + 1);
    return NULL;
}

static const char *read_keys(char *words[], size_t count, struct principal *principal) {
    if (count > 4 && strcmp(words[count - 1], "revoked") == 0) {
        principal->revoked = true;
        count--;
    }
    if (count - 3 > KEYS_LIVE_MAX) {
        return "more than two keys, or a last word other than revoked";
    }
    for (size_t i = 3; i < count; i++) {
        uint8_t key[32];
        if (!curve_key_decode(words[i], key)) {
            return "a key is no Z85 text of 40 characters";
        }
        if (principal_holds(principal, key)) {
            return "the same key twice";
        }
        memcpy(principal->keys[principal->key_count++], key, sizeof key);
    }
    return NULL;
}

static const char *refuse_doubles(const struct keys *keys, const struct principal *principal) {
    if (keys->count == PRINCIPALS_MAX) {
        return "more than 10000 principals";
    }
    if (keys_find_name(keys, principal->name) != NULL) {
        return "this principal has a line already";
    }
    for (size_t i = 0; i < principal->key_count; i++) {
        if (keys_find(keys, principal->keys[i]) != NULL) {
            return "this key belongs to another principal already";
        }
    }
    return NULL;
}

static const char *read_line(struct keys *keys, const char *start, size_t size) {
    char line[LINE_BYTES_MAX];
    char *words[WORDS_MAX];
    if (size >= sizeof line) {
        return "the line is longer than 511 characters";
    }
    if (memchr(start, 0, size) != NULL) {
        return "the line contains a NUL";
    }
    memcpy(line, start, size);
    line[size] = 0;
    size_t count = split(line, words);
    if (count == 0 || words[0][0] == '#') {
        return NULL;
    }
    if (count < 4 || count > WORDS_MAX) {
        return "a line is: principal, organisation, role, key, perhaps a second key, perhaps revoked";
    }
    struct principal principal = {0};
    const char *wrong = read_names(words, &principal);
    if (wrong == NULL) {
        wrong = read_keys(words, count, &principal);
    }
    if (wrong == NULL) {
        wrong = refuse_doubles(keys, &principal);
    }
    if (wrong == NULL) {
        add(keys, &principal);
    }
    return wrong;
}

/* --- the whole table --- */

__attribute__((format(printf, 2, 3))) static void explain(struct keys_error *error, const char *format, ...) {
    if (error != NULL) {
        va_list arguments;
        va_start(arguments, format);
        vsnprintf(error->text, sizeof error->text, format, arguments);
        va_end(arguments);
    }
}

/* Big enough for every line to be a principal with all its keys, and as many free slots. */
static struct keys *new_table(const char *text, size_t size) {
    struct keys *table = calloc(1, sizeof *table);
    CHECK(table != NULL);
    size_t lines = 1;
    for (size_t i = 0; i < size; i++) {
        lines += text[i] == '\n';
    }
    table->slots = 16;
    while (table->slots < SLOTS_MAX && table->slots < 2 * KEYS_LIVE_MAX * lines) {
        table->slots *= 2;
    }
    table->by_key = calloc(table->slots, sizeof *table->by_key);
    table->by_name = calloc(table->slots, sizeof *table->by_name);
    CHECK(table->by_key != NULL && table->by_name != NULL);
    return table;
}

enum status keys_parse(const char *text, size_t size, const char *name, struct keys **keys, struct keys_error *error) {
    struct keys *table = new_table(text, size);
    *keys = NULL;
    const char *end = text + size;
    for (size_t number = 1; text < end; number++) {
        const char *stop = memchr(text, '\n', (size_t)(end - text));
        if (stop == NULL) {
            stop = end;
        }
        const char *wrong = read_line(table, text, (size_t)(stop - text));
        if (wrong != NULL) {
            explain(error, "%s:%zu: %s", name, number, wrong);
            keys_destroy(&table);
            return STATUS_CONFIG;
        }
        text = stop == end ? end : stop + 1;
    }
    *keys = table;
    return STATUS_OK;
}

enum status keys_load(const char *path, struct keys **keys, struct keys_error *error) {
    struct buffer content = {0};
    *keys = NULL;
    enum status status = file_read(path, FILE_BYTES_MAX, &content);
    if (status == STATUS_OK) {
        status = keys_parse((const char *)content.data, content.size, path, keys, error);
    } else {
        explain(error, "%s: the key table cannot be read (%s)", path, status_name(status));
    }
    buffer_release(&content);
    return status;
}

void keys_destroy(struct keys **keys) {
    if (*keys != NULL) {
        free((*keys)->principals);
        free((*keys)->by_key);
        free((*keys)->by_name);
        free(*keys);
        *keys = NULL;
    }
}
