/* Any bytes, declared to be anything: what comes out is what the C library's own conversion of the whole makes of them.
 */

#include <iconv.h>
#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/utf8.h"
#include "hl7-gateway/charset.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Strictly and in one call; NULL: it is none. */
static char *with_iconv(struct text in, size_t *size) {
    static iconv_t iconv_of;
    if (iconv_of == NULL) {
        iconv_of = iconv_open("UTF-8", "GB18030");
        CHECK(iconv_of != (iconv_t)-1);
    }
    size_t room = in.size * 2 + 1, left = room;
    char *copy = malloc(room), *to = malloc(room);
    CHECK(copy != NULL && to != NULL);
    memcpy(copy, in.data, in.size);
    char *from = copy, *out = to;
    iconv(iconv_of, NULL, NULL, NULL, NULL);
    bool fits = iconv(iconv_of, &from, &in.size, &out, &left) == 0 && in.size == 0;
    free(copy);
    *size = room - left;
    if (!fits || memchr(to, 0, *size) != NULL) {
        free(to);
        return NULL;
    }
    return to;
}

static void check_names(const uint8_t *data, size_t size) {
    struct text name = {(const char *)data, size > 40 ? 40 : size};
    enum charset charset = charset_from_name(name);
    CHECK(charset == CHARSET_DETECT || charset_is_name(name));
}

static void check_conversion(struct charset_converter *converter, enum charset declared, struct text in) {
    struct arena arena;
    struct text text = {NULL, 0};
    struct charset_result result;
    arena_init(&arena, 1 << 20);
    bool fits = charset_convert(converter, declared, (const uint8_t *)in.data, in.size, &arena, &text, &result);
    CHECK(!result.is_out_of_memory);
    bool has_mark = in.size >= 3 && memcmp(in.data, "\xef\xbb\xbf", 3) == 0;
    if (has_mark) {
        in = (struct text){in.data + 3, in.size - 3};
        declared = CHARSET_UTF8;
    }
    size_t size;
    char *gb18030 = with_iconv(in, &size);
    bool is_utf8 = utf8_is_valid(in.data, in.size);
    if (declared != CHARSET_UNSUPPORTED) {
        CHECK(fits == (is_utf8 || gb18030 != NULL));
    }
    if (fits && result.used == CHARSET_UTF8) {
        CHECK(is_utf8 && text.data == in.data && text.size == in.size);
        CHECK(declared != CHARSET_GB18030 || result.is_ascii || gb18030 == NULL);
    } else if (fits) {
        CHECK(gb18030 != NULL && text.size == size && memcmp(text.data, gb18030, size) == 0);
        CHECK(!is_utf8 || declared == CHARSET_GB18030);
    }
    free(gb18030);
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct charset_converter *converter;
    if (converter == NULL) {
        converter = charset_converter_new();
        CHECK(converter != NULL);
    }
    check_names(data, size);
    for (int declared = CHARSET_DETECT; declared <= CHARSET_UNSUPPORTED; declared++) {
        check_conversion(converter, (enum charset)declared, (struct text){(const char *)data, size});
    }
    return 0;
}
