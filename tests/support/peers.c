#include "support/peers.h"

#include <ftw.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/check.h"
#include "base/file.h"
#include "wire/keys.h"

#define TABLE_BYTES_MAX (64 * 1024)

/* --- folders --- */

void test_folder_make(const char *word, char path[256]) {
    CHECK(snprintf(path, 256, "/tmp/liancheng-%s-XXXXXX", word) < 256);
    CHECK(mkdtemp(path) != NULL);
}

static int remove_entry(const char *path, const struct stat *entry, int kind, struct FTW *where) {
    (void)entry;
    (void)kind;
    (void)where;
    return remove(path);
}

void test_folder_remove(const char *path) {
    CHECK(strncmp(path, "/tmp/", 5) == 0);
    nftw(path, remove_entry, 16, FTW_DEPTH | FTW_PHYS);
}

/* --- keys --- */

__attribute__((format(printf, 2, 3))) static void make_path(char out[TEST_PATH_BYTES], const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    CHECK(vsnprintf(out, TEST_PATH_BYTES, format, arguments) < TEST_PATH_BYTES);
    va_end(arguments);
}

static void read_table(const struct test_keys *keys, struct buffer *table) {
    CHECK(file_read(keys->keys_path, TABLE_BYTES_MAX, table) == STATUS_OK);
    buffer_text(table);
}

static void write_table(const struct test_keys *keys, struct buffer *table) {
    CHECK(file_write_atomic(keys->keys_path, table->data, table->size, 0600) == STATUS_OK);
    buffer_release(table);
}

void test_keys_make(struct test_keys *keys) {
    char folder[TEST_PATH_BYTES];
    struct curve_pair pair;
    *keys = (struct test_keys){0};
    test_folder_make("keys", keys->folder);
    make_path(keys->keys_path, "%s/keys.tab", keys->folder);
    make_path(keys->server_key_path, "%s/secret/server.key", keys->folder);
    make_path(keys->server_public_path, "%s/public/server.pub", keys->folder);
    make_path(folder, "%s/secret", keys->folder);
    CHECK(file_make_folder(folder, 0700) == STATUS_OK);
    make_path(folder, "%s/public", keys->folder);
    CHECK(file_make_folder(folder, 0700) == STATUS_OK);
    CHECK(curve_pair_make(&pair) == STATUS_OK);
    CHECK(curve_pair_save(&pair, keys->server_key_path, keys->server_public_path) == STATUS_OK);
    struct buffer table = {0};
    buffer_append_text(&table, "# principal organisation role key [key2] [revoked]\n");
    write_table(keys, &table);
}

static const char *make_key(struct test_keys *keys, const char *name, struct curve_pair *pair) {
    CHECK(keys->count < TEST_KEYS_MAX);
    char *path = keys->paths[keys->count++];
    make_path(path, "%s/secret/%s", keys->folder, name);
    for (char *c = path + strlen(keys->folder) + strlen("/secret/"); *c != 0; c++) {
        *c = *c == '/' ? '.' : *c;
    }
    CHECK(curve_pair_make(pair) == STATUS_OK);
    CHECK(curve_pair_save(pair, path, NULL) == STATUS_OK);
    return path;
}

const char *test_keys_add(struct test_keys *keys, const char *principal, const char *organisation, const char *role) {
    struct curve_pair pair;
    const char *path = make_key(keys, principal, &pair);
    struct buffer table = {0};
    read_table(keys, &table);
    buffer_printf(&table, "%s %s %s %s\n", principal, organisation, role, pair.public_text);
    write_table(keys, &table);
    return path;
}

const char *test_keys_make_stranger(struct test_keys *keys, const char *name) {
    struct curve_pair pair;
    return make_key(keys, name, &pair);
}

/* Rewrites the table: the principal's line gets `more` behind it, or goes. */
static void edit_line(struct test_keys *keys, const char *principal, const char *more) {
    struct buffer old = {0}, table = {0};
    bool is_found = false;
    read_table(keys, &old);
    char *rest = (char *)old.data;
    for (char *line = strsep(&rest, "\n"); line != NULL && *line != 0; line = strsep(&rest, "\n")) {
        size_t length = strlen(principal);
        bool is_it = strncmp(line, principal, length) == 0 && line[length] == ' ';
        is_found = is_found || is_it;
        if (!is_it) {
            buffer_printf(&table, "%s\n", line);
        } else if (more != NULL) {
            buffer_printf(&table, "%s %s\n", line, more);
        }
    }
    CHECK(is_found);
    write_table(keys, &table);
    buffer_release(&old);
}

void test_keys_add_second(struct test_keys *keys, const char *principal, const char *key_path) {
    struct curve_pair pair;
    CHECK(curve_pair_load(key_path, true, &pair) == STATUS_OK);
    edit_line(keys, principal, pair.public_text);
}

void test_keys_revoke(struct test_keys *keys, const char *principal) {
    edit_line(keys, principal, "revoked");
}

void test_keys_drop(struct test_keys *keys, const char *principal) {
    edit_line(keys, principal, NULL);
}

void test_keys_remove(struct test_keys *keys) {
    test_folder_remove(keys->folder);
}
