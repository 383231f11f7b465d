#ifndef CTL_KEYTAB_H
#define CTL_KEYTAB_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "base/status.h"
#include "ctl/ctl.h"
#include "wire/keys.h"

/* keys.tab for editing: comments and the order of lines stay as they are. Nothing is written before keytab_save. */
struct keytab {
    char path[CTL_PATH_BYTES];
    struct buffer text;
    struct keys *keys; /* as it was when it was opened */
    mode_t mode;
};

/* NOT_FOUND unless it may be missing (then it is begun with a comment); CONFIG for a bad one. Said on stderr. */
enum status keytab_open(struct keytab *keytab, const char *path, bool may_be_missing);
void keytab_release(struct keytab *keytab);
/* As it was opened; NULL when it has no such principal. */
const struct principal *keytab_find(const struct keytab *keytab, const char *name);
/* Names in the order of lines: *offset begins at 0. False at the end. */
bool keytab_next(const struct keytab *keytab, size_t *offset, char name[KEYS_PRINCIPAL_BYTES]);
/* Replaces the principal's line or appends one. */
void keytab_put(struct keytab *keytab, const struct principal *principal);
/* Checks the whole table as a daemon will, then replaces the file. CONFIG, IO, DENIED: said. */
enum status keytab_save(struct keytab *keytab);

/* [a-z0-9-], 1..32 bytes, as an organisation's code must be. */
bool keytab_is_code(const char *text);
/* Z85 text of a public key and back. */
void keytab_key_text(const uint8_t key[32], char text[41]);
bool keytab_key_parse(const char *text, uint8_t key[32]);

#endif
