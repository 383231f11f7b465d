#include "wire/curve.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>
#include <zmq.h>

#include "base/buffer.h"
#include "base/check.h"
#include "base/file.h"
#include "wire/keys.h"

#define KEY_FILE_BYTES_MAX 4096

static const char z85[] = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ.-:+=^!/*?&<>()[]{}@%$#";

/* Five characters, four bytes, most significant first. */
static bool decode_group(const char text[5], uint8_t bytes[4]) {
    uint64_t value = 0;
    for (int i = 0; i < 5; i++) {
        const char *digit = text[i] == 0 ? NULL : strchr(z85, text[i]);
        if (digit == NULL) {
            return false;
        }
        value = value * 85 + (uint64_t)(digit - z85);
    }
    for (int i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(value >> (24 - 8 * i));
    }
    return value <= UINT32_MAX;
}

bool curve_key_decode(const char *text, uint8_t key[32]) {
    if (strnlen(text, CURVE_TEXT_BYTES) != CURVE_TEXT_BYTES - 1) {
        return false;
    }
    for (int group = 0; group < 8; group++) {
        if (!decode_group(text + 5 * group, key + 4 * group)) {
            return false;
        }
    }
    return true;
}

void curve_key_encode(const uint8_t key[32], char text[CURVE_TEXT_BYTES]) {
    CHECK(zmq_z85_encode(text, key, 32) != NULL);
}

/* --- key files --- */

enum status curve_pair_make(struct curve_pair *pair) {
    return zmq_curve_keypair(pair->public_text, pair->secret_text) == 0 ? STATUS_OK : STATUS_UNAVAILABLE;
}

static char *next_word(char **rest) {
    static const char blanks[] = " \t\r\n";
    char *word = *rest + strspn(*rest, blanks);
    char *end = word + strcspn(word, blanks);
    *rest = end;
    if (*end != 0) {
        *end = 0;
        *rest = end + 1;
    }
    return word;
}

/* "public Z85 secret Z85", in one line or two, in any order. */
static bool parse_pair(char *text, struct curve_pair *pair) {
    for (char *word = next_word(&text); *word != 0; word = next_word(&text)) {
        char *key = next_word(&text);
        uint8_t bytes[32];
        bool is_key = curve_key_decode(key, bytes);
        sodium_memzero(bytes, sizeof bytes);
        char *target = strcmp(word, "public") == 0   ? pair->public_text
                       : strcmp(word, "secret") == 0 ? pair->secret_text
                                                     : NULL;
        if (!is_key || target == NULL || *target != 0) {
            return false;
        }
        memcpy(target, key, CURVE_TEXT_BYTES);
    }
    return pair->public_text[0] != 0;
}

/* A pair whose halves do not belong together would only fail later, at every handshake, without a reason. */
static bool belongs_together(const struct curve_pair *pair) {
    char derived[CURVE_TEXT_BYTES];
    return pair->secret_text[0] == 0 ||
           (zmq_curve_public(derived, pair->secret_text) == 0 && strcmp(derived, pair->public_text) == 0);
}

enum status curve_pair_load(const char *path, bool needs_secret, struct curve_pair *pair) {
    struct buffer content = {0};
    *pair = (struct curve_pair){0};
    enum status status = file_read(path, KEY_FILE_BYTES_MAX, &content);
    if (status == STATUS_OK) {
        buffer_text(&content);
        bool is_well = parse_pair((char *)content.data, pair) && belongs_together(pair) &&
                       (!needs_secret || pair->secret_text[0] != 0);
        status = is_well ? STATUS_OK : STATUS_MALFORMED;
    }
    if (content.data != NULL) {
        sodium_memzero(content.data, content.capacity);
    }
    buffer_release(&content);
    if (status != STATUS_OK) {
        sodium_memzero(pair, sizeof *pair);
    }
    return status;
}

enum status curve_pair_save(const struct curve_pair *pair, const char *secret_path, const char *public_path) {
    char text[160];
    int size = snprintf(text, sizeof text, "public %s\nsecret %s\n", pair->public_text, pair->secret_text);
    CHECK(size > 0 && (size_t)size < sizeof text);
    enum status status = STATUS_OK;
    if (secret_path != NULL) {
        status = file_write_new(secret_path, text, (size_t)size, 0400);
    }
    sodium_memzero(text, sizeof text);
    if (status == STATUS_OK && public_path != NULL) {
        size = snprintf(text, sizeof text, "public %s\n", pair->public_text);
        status = file_write_atomic(public_path, text, (size_t)size, 0444);
    }
    return status;
}
