#include "base/secret.h"

#include <string.h>

#include <sodium.h>

#include "base/buffer.h"
#include "base/file.h"

#define HEX_BYTES (2 * SECRET_BYTES)
#define FILE_BYTES_MAX 256

static enum status parse(const struct buffer *text, uint8_t key[SECRET_BYTES]) {
    size_t size = text->size;
    while (size > 0 && memchr("\r\n \t", text->data[size - 1], 4) != NULL) {
        size--;
    }
    size_t written = 0;
    if (size != HEX_BYTES ||
        sodium_hex2bin(key, SECRET_BYTES, (const char *)text->data, size, NULL, &written, NULL) != 0 ||
        written != SECRET_BYTES) {
        return STATUS_MALFORMED;
    }
    return STATUS_OK;
}

enum status secret_load(const char *path, uint8_t key[SECRET_BYTES]) {
    struct buffer text = {0};
    buffer_reserve(&text, FILE_BYTES_MAX + 1); /* so that it never moves and leaves a copy behind */
    enum status status = file_read(path, FILE_BYTES_MAX, &text);
    if (status == STATUS_OK) {
        status = parse(&text, key);
    } else if (status == STATUS_MEMORY) {
        status = STATUS_MALFORMED;
    }
    sodium_memzero(text.data, text.capacity);
    buffer_release(&text);
    return status;
}

enum status secret_make(const char *path) {
    uint8_t key[SECRET_BYTES];
    char line[HEX_BYTES + 1];
    randombytes_buf(key, sizeof key);
    sodium_bin2hex(line, sizeof line, key, sizeof key);
    line[HEX_BYTES] = '\n'; /* in place of the NUL */
    enum status status = file_write_new(path, line, sizeof line, 0400);
    sodium_memzero(key, sizeof key);
    sodium_memzero(line, sizeof line);
    return status;
}
