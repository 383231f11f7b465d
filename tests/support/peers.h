#ifndef SUPPORT_PEERS_H
#define SUPPORT_PEERS_H

#include <stddef.h>

/*
 * A folder under /tmp with everything CURVE needs: the key pair of a server, a key table, and the key file of each
 * principal. What goes wrong here is a failure of the machine: it aborts the test.
 */
#define TEST_KEYS_MAX 64
#define TEST_PATH_BYTES 384

struct test_keys {
    char folder[256];
    char keys_path[TEST_PATH_BYTES];          /* FOLDER/keys.tab */
    char server_key_path[TEST_PATH_BYTES];    /* FOLDER/secret/server.key */
    char server_public_path[TEST_PATH_BYTES]; /* FOLDER/public/server.pub */
    char paths[TEST_KEYS_MAX][TEST_PATH_BYTES];
    size_t count;
};

void test_keys_make(struct test_keys *keys);
/* Makes a key, adds its line to the table; returns the path of the key file: FOLDER/secret/NAME, with '.' for '/'. The
 * path lives as long as keys. */
const char *test_keys_add(struct test_keys *keys, const char *principal, const char *organisation, const char *role);
/* Makes a key file that the table does not know. */
const char *test_keys_make_stranger(struct test_keys *keys, const char *name);
/* Adds the key of another key file as the second live key of a principal (rotation). */
void test_keys_add_second(struct test_keys *keys, const char *principal, const char *key_path);
/* Marks the principal's line as revoked. */
void test_keys_revoke(struct test_keys *keys, const char *principal);
/* Takes the principal's line out. */
void test_keys_drop(struct test_keys *keys, const char *principal);
/* Removes the folder. */
void test_keys_remove(struct test_keys *keys);

/* mkdtemp under /tmp ("/tmp/liancheng-WORD-XXXXXX") and rm -r of it. */
void test_folder_make(const char *word, char path[256]);
void test_folder_remove(const char *path);

#endif
