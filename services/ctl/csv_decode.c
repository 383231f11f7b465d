#include <errno.h>
#include <iconv.h>
#include <string.h>

#include "base/utf8.h"
#include "ctl/csv.h"

/* What spreadsheets in China write: UTF-8 with a mark ("CSV UTF-8"), GB18030 ("CSV"), UTF-16 with a mark ("Unicode
 * text"). */

#define GROWTH_BYTES ((size_t)64 * 1024)

static bool begins(const struct buffer *text, const char *mark, size_t size) {
    return text->size >= size && memcmp(text->data, mark, size) == 0;
}

static void drop_first(struct buffer *text, size_t size) {
    memmove(text->data, text->data + size, text->size - size);
    text->size -= size;
}

static enum status convert_all(iconv_t converter, struct buffer *text, struct buffer *out) {
    char *from = (char *)text->data;
    size_t left = text->size;
    while (left > 0) {
        if (out->size > CSV_BYTES_MAX) {
            return STATUS_MEMORY;
        }
        char *to = (char *)buffer_reserve(out, GROWTH_BYTES);
        size_t room = GROWTH_BYTES;
        const size_t converted = iconv(converter, &from, &left, &to, &room);
        out->size += GROWTH_BYTES - room;
        if (converted == (size_t)-1 && errno != E2BIG) {
            return STATUS_MALFORMED; /* no such character, or half of one at the end */
        }
    }
    return STATUS_OK;
}

static enum status convert(struct buffer *text, const char *charset) {
    struct buffer out = {0};
    iconv_t converter = iconv_open("UTF-8", charset);
    if (converter == (iconv_t)-1) { /* the system lacks it */
        return STATUS_MALFORMED;
    }
    const enum status status = convert_all(converter, text, &out);
    iconv_close(converter);
    if (status != STATUS_OK) {
        buffer_release(&out);
        return status;
    }
    buffer_release(text);
    *text = out;
    return STATUS_OK;
}

enum status csv_decode(struct buffer *text, const char **charset) {
    enum status status = STATUS_OK;
    *charset = "UTF-8";
    if (text->size > CSV_BYTES_MAX) {
        return STATUS_MEMORY;
    }
    if (begins(text, "\xef\xbb\xbf", 3)) {
        drop_first(text, 3);
    } else if (begins(text, "\xff\xfe", 2) || begins(text, "\xfe\xff", 2)) {
        const char *order = text->data[0] == 0xff ? "UTF-16LE" : "UTF-16BE";
        *charset = "UTF-16";
        drop_first(text, 2);
        status = convert(text, order);
    } else if (memchr(text->data == NULL ? (const uint8_t *)"" : text->data, 0, text->size) == NULL &&
               !utf8_is_valid(buffer_text(text), text->size)) {
        *charset = "GB18030";
        status = convert(text, "GB18030");
    }
    if (status == STATUS_OK && !utf8_is_valid(buffer_text(text), text->size)) { /* a NUL is not either */
        status = STATUS_MALFORMED;
    }
    return status == STATUS_OK && text->size > CSV_BYTES_MAX ? STATUS_MEMORY : status;
}
