/* Charsets: names, what bytes are, GB18030 against the C library, escapes, and the sample messages. */

#include <dirent.h>
#include <iconv.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/utf8.h"
#include "hl7-gateway/charset.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define BYTES(literal) literal, sizeof(literal) - 1

struct fixture {
    struct charset_converter *converter;
    struct arena arena;
};

static int setup(void **state) {
    struct fixture *fixture = calloc(1, sizeof *fixture);
    assert_non_null(fixture);
    fixture->converter = charset_converter_new();
    assert_non_null(fixture->converter);
    arena_init(&fixture->arena, 1 << 20);
    *state = fixture;
    return 0;
}

static int teardown(void **state) {
    struct fixture *fixture = *state;
    charset_converter_destroy(&fixture->converter);
    assert_null(fixture->converter);
    charset_converter_destroy(&fixture->converter);
    arena_release(&fixture->arena);
    free(fixture);
    return 0;
}

static struct text text_of(const char *text) {
    return (struct text){text, strlen(text)};
}

/* --- Names -----------------------------------------------------------------------------------------------------------
 */

static void test_names(void **state) {
    (void)state;
    static const struct {
        const char *name;
        enum charset charset;
        bool is_name;
    } cases[] = {
        {"UNICODE UTF-8", CHARSET_UTF8, true},
        {"UTF-8", CHARSET_UTF8, true},
        {"utf8", CHARSET_UTF8, true},
        {" Utf_8 ", CHARSET_UTF8, true},
        {"UNICODE", CHARSET_UTF8, true},
        {"UNICODE/UTF-8", CHARSET_UTF8, true},
        {"GB 18030-2000", CHARSET_GB18030, true},
        {"GB18030", CHARSET_GB18030, true},
        {"gb18030-2022", CHARSET_GB18030, true},
        {"GBK", CHARSET_GB18030, true},
        {"gbk", CHARSET_GB18030, true},
        {"GB2312", CHARSET_GB18030, true},
        {"GB 2312-1980", CHARSET_GB18030, true},
        {"CP936", CHARSET_GB18030, true},
        {"cp-936", CHARSET_GB18030, true},
        {"windows-936", CHARSET_GB18030, true},
        {"", CHARSET_DETECT, false},
        {"  ", CHARSET_DETECT, false},
        {"ASCII", CHARSET_DETECT, true},
        {"8859/1", CHARSET_DETECT, true},
        {"8859/15", CHARSET_DETECT, true},
        {"ISO-8859-1", CHARSET_DETECT, true},
        {"ISO IR6", CHARSET_DETECT, true},
        {"UNICODE UTF-16", CHARSET_UNSUPPORTED, true},
        {"UNICODE UTF-32", CHARSET_UNSUPPORTED, true},
        {"UTF-16LE", CHARSET_UNSUPPORTED, true},
        {"UCS-2", CHARSET_UNSUPPORTED, true},
        {"ISO IR87", CHARSET_UNSUPPORTED, true},
        {"ISO IR159", CHARSET_UNSUPPORTED, true},
        {"ISO-2022-CN", CHARSET_UNSUPPORTED, true},
        {"BIG-5", CHARSET_UNSUPPORTED, true},
        {"KS X 1001", CHARSET_UNSUPPORTED, true},
        {"CNS 11643-1992", CHARSET_UNSUPPORTED, true},
        {"CHN", CHARSET_DETECT, false},
        {"CN", CHARSET_DETECT, false},
        {"156", CHARSET_DETECT, false},
        {"GB", CHARSET_DETECT, false}, /* a country */
        {"UTF", CHARSET_DETECT, false},
        {"UTF-88", CHARSET_DETECT, false},
        {"GBKK", CHARSET_DETECT, false},
        {"\xd6\xd0\xce\xc4", CHARSET_DETECT, false},
        {"UTF-8--------------------------", CHARSET_UTF8, true},
        {"GB18030 and much more behind it", CHARSET_DETECT, false},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        if (charset_from_name(text_of(cases[i].name)) != cases[i].charset ||
            charset_is_name(text_of(cases[i].name)) != cases[i].is_name) {
            fail_msg("%s", cases[i].name);
        }
    }
}

static void test_what_a_header_declares(void **state) {
    (void)state;
    static const struct {
        const char *fields; /* 17 and 18 */
        enum charset charset;
    } cases[] = {
        {"|", CHARSET_DETECT},
        {"CHN|UNICODE UTF-8", CHARSET_UTF8},
        {"CHN|", CHARSET_DETECT},
        {"|GBK", CHARSET_GB18030},
        {"gbk|", CHARSET_GB18030}, /* one field early */
        {"gbk", CHARSET_GB18030},
        {"gbk|UTF-8", CHARSET_UTF8},
        {"GBK|ASCII", CHARSET_GB18030},
        {"GBK|latin", CHARSET_GB18030},
        {"|UTF-8~GBK", CHARSET_UTF8},
        {"|ASCII~ISO IR87", CHARSET_UNSUPPORTED},
        {"|~ISO IR87", CHARSET_UNSUPPORTED},
        {"|UTF-8~ISO IR87~GBK", CHARSET_UNSUPPORTED},
        {"|UNICODE UTF-16", CHARSET_UNSUPPORTED},
        {"|8859/1~", CHARSET_DETECT},
        {"|~~~", CHARSET_DETECT},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char data[128];
        int size = snprintf(data, sizeof data, "MSH|^~\\&|HIS|||||||1|P|2.4|||||%s\r", cases[i].fields);
        struct hl7_header header;
        assert_int_equal(hl7_read_header((const uint8_t *)data, (size_t)size, &header), HL7_OK);
        if (charset_of_header(&header) != cases[i].charset) {
            fail_msg("%s", cases[i].fields);
        }
    }
}

/* --- What bytes are --------------------------------------------------------------------------------------------------
 */

struct conversion {
    enum charset declared;
    const char *data;
    size_t size;
    const char *text; /* NULL: refused */
    enum charset used;
    bool is_ascii, is_mismatch;
    enum charset escapes;
};

#define DET CHARSET_DETECT
#define U8 CHARSET_UTF8
#define GB CHARSET_GB18030
#define NOT CHARSET_UNSUPPORTED

static const struct conversion conversions[] = {
    /* plain */
    {DET, BYTES(""), "", U8, true, false, DET},
    {DET, BYTES("abc\r"), "abc\r", U8, true, false, DET},
    {U8, BYTES("abc"), "abc", U8, true, false, U8},
    {GB, BYTES("abc"), "abc", U8, true, false, GB},
    {NOT, BYTES("abc"), "abc", U8, true, false, DET},
    {NOT, BYTES("a\x1b$Bbc"), NULL, U8, true, false, DET},
    {DET, BYTES("a\x1b$Bbc"), "a\x1b$Bbc", U8, true, false, DET},
    {NOT, BYTES("\xe5\xbc\xa0"), NULL, U8, false, false, DET},
    /* found out */
    {DET, BYTES("abcdefgh\xe5\xbc\xa0\xe4\xb8\x89|"), "abcdefgh张三|", U8, false, false, U8},
    {DET, BYTES("abcdefgh\xd5\xc5\xc8\xfd|"), "abcdefgh张三|", GB, false, false, GB},
    {DET, BYTES("\xf0\xa0\x80\x80"), "𠀀", U8, false, false, U8},
    {DET, BYTES("\x95\x32\x82\x36"), "𠀀", GB, false, false, GB},
    {DET, BYTES("\xff"), NULL, U8, false, false, U8},
    {DET, BYTES("\x80"), NULL, U8, false, false, U8},
    {DET, BYTES("caf\xe9"), NULL, U8, false, false, U8}, /* ISO 8859-1 at the end of a text */
    {DET, BYTES("caf\xe9|a"), "caf閨a", GB, false, false, GB},
    {DET, BYTES("\xd5"), NULL, U8, false, false, U8}, /* half a character */
    {DET, BYTES("\x95\x32\x82"), NULL, U8, false, false, U8},
    {DET, BYTES("\x81\x30\x81\x7f"), NULL, U8, false, false, U8},
    {DET, BYTES("\xd5\x7f"), NULL, U8, false, false, U8},
    {DET, BYTES("\xd5\x20"), NULL, U8, false, false, U8},
    {DET, BYTES("\xfe\x39\xfe\x39"), NULL, U8, false, false, U8}, /* four bytes, no character */
    {DET, BYTES("\xe3\x32\x9a\x36"), NULL, U8, false, false, U8}, /* one past U+10FFFF */
    {DET, BYTES("\xe3\x32\x9a\x35"), "\xf4\x8f\xbf\xbf", GB, false, false, GB},
    /* as declared */
    {U8, BYTES("\xe5\xbc\xa0"), "张", U8, false, false, U8},
    {GB, BYTES("\xd5\xc5"), "张", GB, false, false, GB},
    {GB, BYTES("\xc2\xac\xc2\xac"), "卢卢", GB, false, false, GB}, /* valid UTF-8 too */
    {DET, BYTES("\xc2\xac\xc2\xac"), "¬¬", U8, false, false, U8},
    /* not as declared */
    {U8, BYTES("\xd5\xc5\xc8\xfd"), "张三", GB, false, true, GB},
    {GB, BYTES("\xe5\xbc\xa0"), "张", U8, false, true, U8},
    {GB, BYTES("\xff\xd5"), NULL, U8, false, true, U8},
    {U8, BYTES("\xff\xd5"), NULL, GB, false, true, GB},
    /* strict UTF-8; C1 80 and the like are good GB18030, so an odd byte spoils that too */
    {U8, BYTES("\xc0\x80\xff"), NULL, GB, false, true, GB},
    {U8, BYTES("\xed\xa0\x80"), NULL, GB, false, true, GB},
    {U8, BYTES("\xf4\x90\x80\x80\xff"), NULL, GB, false, true, GB},
    /* a NUL is in neither */
    {DET, BYTES("ab\0c"), NULL, U8, false, false, GB},
    {DET, BYTES("\xd5\xc5\0"), NULL, U8, false, false, GB},
    {GB, BYTES("\xd5\0"), NULL, U8, false, true, U8},
    {DET, BYTES("\0"), NULL, U8, false, false, GB},
    {DET, BYTES("\xff\xfeM\0S\0H\0"), NULL, U8, false, false, GB},
    {DET, BYTES("\xfe\xff\0M\0S\0H"), NULL, U8, false, false, GB},
    /* a byte order mark */
    {DET, BYTES("\xef\xbb\xbfMSH"), "MSH", U8, true, false, U8},
    {DET, BYTES("\xef\xbb\xbf\xe5\xbc\xa0"), "张", U8, false, false, U8},
    {GB, BYTES("\xef\xbb\xbf\xc2\xac"), "¬", U8, false, false, U8},
    {NOT, BYTES("\xef\xbb\xbf\xe5\xbc\xa0"), "张", U8, false, false, U8},
    {GB, BYTES("\xef\xbb\xbf\xd5\xc5"), "张", GB, false, true, GB},
    {DET, BYTES("\xef\xbb\xbf"), "", U8, true, false, U8},
    {DET, BYTES("\xef\xbb"), "锘", GB, false, false, GB},
    /* second bytes that look like delimiters */
    {GB, BYTES("|\xab\x7c|\x95\x5c|\xfb\x5e|\xab\x7e|"), "|珅|昞|鸮|珇|", GB, false, false, GB},
    {DET, BYTES("\xab\x7c\x81\x39\xef\x31\xab\x7c"), "珅㐂珅", GB, false, false, GB},
    /* private use, and the six characters of two bytes above U+FFFF */
    {GB, BYTES("\xaa\xa1\xfe\x51\xa2\xe3"), "\xee\x80\x80𠂇€", GB, false, false, GB},
    {GB, BYTES("\xfe\x51\xfe\x51\xfe\x51\xfe\x51"), "𠂇𠂇𠂇𠂇", GB, false, false, GB},
};

static void test_what_bytes_are(void **state) {
    struct fixture *fixture = *state;
    for (size_t i = 0; i < COUNT(conversions); i++) {
        const struct conversion *c = &conversions[i];
        uint8_t *data = malloc(c->size == 0 ? 1 : c->size);
        assert_non_null(data);
        memcpy(data, c->data, c->size);
        struct text text = {NULL, 0};
        struct charset_result result;
        bool fits = charset_convert(fixture->converter, c->declared, data, c->size, &fixture->arena, &text, &result);
        if (fits != (c->text != NULL) ||
            (fits && (text.size != strlen(c->text) || memcmp(text.data, c->text, text.size) != 0))) {
            fail_msg("case %zu: %d, %.*s", i, fits, (int)text.size, text.data == NULL ? "" : text.data);
        }
        assert_false(result.is_out_of_memory);
        assert_int_equal(result.is_ascii, c->is_ascii);
        if (fits && (result.used != c->used || result.is_mismatch != c->is_mismatch || result.escapes != c->escapes)) {
            fail_msg("case %zu: used %d, mismatch %d, escapes %d", i, result.used, result.is_mismatch, result.escapes);
        }
        free(data);
        arena_reset(&fixture->arena);
    }
}

static void test_utf8_is_not_copied(void **state) {
    struct fixture *fixture = *state;
    const uint8_t data[] = "\xe5\xbc\xa0 abc";
    struct text text;
    struct charset_result result;
    assert_true(charset_convert(fixture->converter, GB, data, 3, &fixture->arena, &text, &result) &&
                result.is_mismatch);
    arena_reset(&fixture->arena);
    assert_true(charset_convert(fixture->converter, U8, data, 7, &fixture->arena, &text, &result));
    assert_ptr_equal(text.data, data);
    assert_int_equal(fixture->arena.used_bytes, 0);
}

static void test_a_full_arena_is_no_refusal(void **state) {
    struct fixture *fixture = *state;
    static const struct {
        enum charset declared;
        const char *data;
    } cases[] = {{DET, "\xd5\xc5 and more"},
                 {U8, "\xd5\xc5 and more"},
                 {GB, "\xd5\xc5 and more"},
                 {GB, "\xc2\xac that is both"}};
    struct arena small;
    struct text text;
    struct charset_result result;
    arena_init(&small, 16);
    for (size_t i = 0; i < COUNT(cases); i++) {
        assert_false(charset_convert(fixture->converter, cases[i].declared, (const uint8_t *)cases[i].data,
                                     strlen(cases[i].data), &small, &text, &result));
        assert_true(result.is_out_of_memory);
    }
    arena_release(&small);
}

/* --- GB18030 against the C library -----------------------------------------------------------------------------------
 */

/* What iconv makes of it in one call; size_t -1: an error. */
static size_t with_iconv(iconv_t iconv_of, const char *data, size_t size, char *to, size_t room) {
    char in_copy[16];
    memcpy(in_copy, data, size);
    char *in = in_copy, *out = to;
    size_t out_left = room;
    iconv(iconv_of, NULL, NULL, NULL, NULL);
    return iconv(iconv_of, &in, &size, &out, &out_left) != 0 || size != 0 ? (size_t)-1 : room - out_left;
}

static void assert_like_iconv(struct fixture *fixture, iconv_t iconv_of, const char *data, size_t size) {
    char want[32];
    size_t want_size = with_iconv(iconv_of, data, size, want, sizeof want);
    struct text text = {NULL, 0};
    struct charset_result result;
    bool fits = charset_convert(fixture->converter, GB, (const uint8_t *)data, size, &fixture->arena, &text, &result) &&
                result.used == GB;
    if (fits != (want_size != (size_t)-1) ||
        (fits && (text.size != want_size || memcmp(text.data, want, want_size) != 0))) {
        fail_msg("%02x %02x of %zu", (unsigned char)data[0], (unsigned char)data[1], size);
    }
    arena_reset(&fixture->arena);
}

static void test_all_of_two_bytes(void **state) {
    iconv_t iconv_of = iconv_open("UTF-8", "GB18030");
    assert_true(iconv_of != (iconv_t)-1);
    for (unsigned lead = 0x80; lead < 0x100; lead++) {
        for (unsigned trail = 1; trail < 0x100; trail++) {
            char data[] = {(char)lead, (char)trail};
            if (!utf8_is_valid(data, 2)) {
                assert_like_iconv(*state, iconv_of, data, 2);
            }
        }
    }
    iconv_close(iconv_of);
}

static void test_some_of_four_bytes(void **state) {
    iconv_t iconv_of = iconv_open("UTF-8", "GB18030");
    assert_true(iconv_of != (iconv_t)-1);
    for (unsigned lead = 0x81; lead < 0xff; lead++) {
        for (unsigned second = '0'; second <= '9'; second++) {
            for (unsigned third = 0x80; third < 0x100; third += 9) {
                char data[] = {(char)lead, (char)second, (char)third, (char)(second ^ lead % 3)};
                assert_like_iconv(*state, iconv_of, data, 4);
            }
        }
    }
    iconv_close(iconv_of);
}

/* The other way round: each character of the first plane, written by iconv, comes back as itself. */
static void test_every_character_comes_back(void **state) {
    struct fixture *fixture = *state;
    iconv_t iconv_of = iconv_open("GB18030", "UTF-8");
    assert_true(iconv_of != (iconv_t)-1);
    unsigned count = 0;
    for (unsigned c = 0x80; c < 0x10000; c++) {
        char utf8[4] = {(char)(0xe0 | c >> 12), (char)(0x80 | (c >> 6 & 0x3f)), (char)(0x80 | (c & 0x3f))};
        size_t size = 3;
        if (c < 0x800) {
            size = 2;
            utf8[0] = (char)(0xc0 | c >> 6);
            utf8[1] = (char)(0x80 | (c & 0x3f));
        }
        char data[16] = "aa|";
        size_t gb_size = with_iconv(iconv_of, utf8, size, data + 3, 8);
        if (gb_size == (size_t)-1) {
            continue; /* surrogates, and what iconv has no pair for */
        }
        data[3 + gb_size] = '|';
        struct text text;
        struct charset_result result;
        assert_true(charset_convert(fixture->converter, GB, (const uint8_t *)data, gb_size + 4, &fixture->arena, &text,
                                    &result));
        assert_int_equal(text.size, size + 4);
        assert_memory_equal(text.data + 3, utf8, size);
        arena_reset(&fixture->arena);
        count++;
    }
    assert_true(count > 60000);
    iconv_close(iconv_of);
}

/* --- Escapes ---------------------------------------------------------------------------------------------------------
 */

static void test_escapes_are_in_the_charset_of_the_message(void **state) {
    struct fixture *fixture = *state;
    static const struct {
        enum charset declared;
        const char *data;
        const char *value;
    } cases[] = {
        {GB, "\xd5\xc5\\XD5C5\\", "张张"},
        {GB, "\xd5\xc5\\XAB7C\\", "张珅"}, /* the bar in it is no delimiter */
        {GB, "\\XD5C5\\", "张"},           /* nothing but ASCII was sent */
        {GB, "\\XD5\\\\XC5\\", "张"},
        {GB, "\\X95328236\\", "𠀀"},
        {GB, "\xd5\xc5\\XFE51\\", "张𠂇"},
        {GB, "\\XD5\\", "\\XD5\\"},
        {GB, "\\XD5C500\\", "\\XD5C500\\"},
        {GB, "\\XC2AC\\", "卢"},
        {GB, "\\X0D\\b", "b"},
        {DET, "\xd5\xc5\xc8\xfd\\XD5C5\\", "张三张"},
        {DET, "\\XD5C5\\", "张"},
        {DET, "\\XE5BCA0\\", "张"},
        {DET, "\\XC2AC\\", "¬"},
        {DET, "\\XFF\\", "\\XFF\\"},
        {DET, "\xe5\xbc\xa0\\XD5C5\\", "张\\XD5C5\\"}, /* a message in UTF-8 */
        {U8, "\\XD5C5\\", "\\XD5C5\\"},
        {U8, "\\XE5BCA0\\", "张"},
        {U8, "\xd5\xc5\xc8\xfd\\XD5C5\\", "张三张"}, /* GB18030 after all */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char data[128];
        int size = snprintf(data, sizeof data, "MSH|^~\\&|HIS\rPID|||%s|\r", cases[i].data);
        struct text text;
        struct charset_result result;
        struct hl7_message message;
        assert_true(charset_convert(fixture->converter, cases[i].declared, (const uint8_t *)data, (size_t)size,
                                    &fixture->arena, &text, &result));
        assert_int_equal(hl7_parse(text.data, text.size, NULL, &message), HL7_OK);
        assert_null(message.decode);
        charset_attach(fixture->converter, &result, &message);
        assert_string_equal(hl7_get(&message, hl7_find(&message, HL7_PID, 0), 3, 1, &fixture->arena), cases[i].value);
        arena_reset(&fixture->arena);
    }
}

/* --- The sample messages ---------------------------------------------------------------------------------------------
 */

struct sample {
    const char *file;
    const char *control_id;
    const char *trigger;
    enum charset declared, used;
    const char *number; /* PID-3.1 of its first repetition */
    const char *name;   /* PID-5.1 */
    const char *visit;  /* PV1-19.1 */
    const char *place;  /* PV1-3.1 */
    struct hl7_habits habits;
};

static const struct sample samples[] = {
    {"a01_inpatient_utf8",
     "A2026011500000001",
     "A01",
     U8,
     U8,
     "0001200001",
     "陈昞",
     "ZY2026011500017",
     "心内科一病区",
     {0}},
    {"a01_inpatient_gb18030",
     "A2026011500000002",
     "A01",
     GB,
     GB,
     "0001200002",
     "和珅",
     "ZY2026011500018",
     "珅字病区",
     {0}},
    {"a02_transfer_pam_utf8", "PAM-000071", "A02", U8, U8, "0001200001", "陈昞", "ZY2026011500017", "CCU", {0}},
    {"a03_discharge_utf8",
     "A2026012000000155",
     "A03",
     U8,
     U8,
     "0001200001",
     "陈昞",
     "ZY2026011500017",
     "心内科一病区",
     {.no_final_return = true}},
    {"a04_emergency_utf8_crlf",
     "E20260115-88",
     "A04",
     DET,
     U8,
     "0003300099",
     "无名氏",
     "JZ20260115000088",
     "急诊抢救室",
     {.line_feeds = true}},
    {"a04_outpatient_gbk_msh17",
     "0000004711",
     "A04",
     GB,
     GB,
     "0003300017",
     "赵鸮",
     "MZ202601150000123",
     "内科门诊",
     {0}},
    {"a05_preadmission_gb18030", " 00000042", "A05", GB, GB, "0001200002", "和珅", "ZY2026011500018", "妇产科", {0}},
    {"a06_to_inpatient_gb18030",
     "E20260116-02",
     "A06",
     GB,
     GB,
     "0003300099",
     "钱珇",
     "ZY2026011600002",
     "神经外科",
     {0}},
    {"a08_update_utf8_lf",
     "E20260115-91",
     "A08",
     U8,
     U8,
     "0003300099",
     "钱某",
     "JZ20260115000088",
     "急诊观察室",
     {.line_feeds = true}},
    {"a11_cancel_gb18030", "0000004760", "A11", GB, GB, "0003300017", "赵鸮", "MZ202601150000123", "内科门诊", {0}},
    {"a28_person_utf8", "P2026011000009", "A28", U8, U8, "0001200003", "孙&某", "", "", {.few_delimiters = true}},
    {"a31_person_utf8_bom", "P2026011600010", "A31", DET, U8, "0001200003", "孙某", "", "", {0}},
    {"a40_merge_gb18030", "M2026011700003", "A40", GB, GB, "0001200001", "陈㐂", "ZY2026011500017", "", {0}},
    {"a45_move_visit_utf8", "M2026011700004", "A45", U8, U8, "0001200001", "陈昞", "MZ202601160000041", "", {0}},
};

static size_t read_sample(const char *name, uint8_t data[2048]) {
    char path[128];
    snprintf(path, sizeof path, "tests/data/hl7/%s.hl7", name);
    FILE *file = fopen(path, "r");
    if (file == NULL) {
        fail_msg("%s", path);
    }
    size_t size = fread(data, 1, 2048, file);
    fclose(file);
    assert_true(size < 2048);
    return size;
}

static void assert_sample(struct fixture *fixture, const struct sample *sample) {
    uint8_t data[2048];
    size_t size = read_sample(sample->file, data);
    struct hl7_header header;
    struct hl7_message message;
    struct text text;
    struct charset_result result;
    assert_int_equal(hl7_read_header(data, size, &header), HL7_OK);
    assert_int_equal(charset_of_header(&header), sample->declared);
    assert_true(charset_convert(fixture->converter, sample->declared, data, size, &fixture->arena, &text, &result));
    assert_int_equal(result.used, sample->used);
    assert_false(result.is_ascii || result.is_mismatch);
    assert_int_equal(hl7_parse(text.data, text.size, NULL, &message), HL7_OK);
    charset_attach(fixture->converter, &result, &message);
    assert_int_equal(header.control_id.size, strlen(sample->control_id));
    assert_memory_equal(header.control_id.data, sample->control_id, header.control_id.size);
    const struct hl7_segment *msh = hl7_find(&message, HL7_MSH, 0), *pid = hl7_find(&message, HL7_PID, 0),
                             *pv1 = hl7_find(&message, HL7_PV1, 0);
    struct arena *arena = &fixture->arena;
    assert_string_equal(hl7_get(&message, msh, 9, 2, arena), sample->trigger);
    assert_string_equal(hl7_get(&message, pid, 3, 1, arena), sample->number);
    assert_string_equal(hl7_get(&message, pid, 5, 1, arena), sample->name);
    assert_string_equal(hl7_get(&message, pv1, 19, 1, arena), sample->visit);
    assert_string_equal(hl7_get(&message, pv1, 3, 1, arena), sample->place);
    assert_memory_equal(&message.habits, &sample->habits, sizeof message.habits);
    int64_t ms;
    assert_true(hl7_time(hl7_get(&message, msh, 7, 1, arena), &ms));
    const char *event = hl7_get(&message, pv1, 44, 1, arena);
    assert_true(event[0] == 0 || hl7_time(event, &ms));
    arena_reset(arena);
}

static void test_the_samples(void **state) {
    for (size_t i = 0; i < COUNT(samples); i++) {
        assert_sample(*state, &samples[i]);
    }
    uint8_t data[2048];
    struct hl7_header header;
    assert_int_equal(hl7_read_header(data, read_sample("batch_three_utf8", data), &header), HL7_BATCH);
    size_t count = 0;
    DIR *folder = opendir("tests/data/hl7");
    assert_non_null(folder);
    for (const struct dirent *entry; (entry = readdir(folder)) != NULL;) {
        count += strstr(entry->d_name, ".hl7") != NULL;
    }
    closedir(folder);
    assert_int_equal(count, COUNT(samples) + 1); /* a new one is tested too */
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_names),
        cmocka_unit_test(test_what_a_header_declares),
        cmocka_unit_test(test_what_bytes_are),
        cmocka_unit_test(test_utf8_is_not_copied),
        cmocka_unit_test(test_a_full_arena_is_no_refusal),
        cmocka_unit_test(test_all_of_two_bytes),
        cmocka_unit_test(test_some_of_four_bytes),
        cmocka_unit_test(test_every_character_comes_back),
        cmocka_unit_test(test_escapes_are_in_the_charset_of_the_message),
        cmocka_unit_test(test_the_samples),
    };
    return cmocka_run_group_tests(tests, setup, teardown);
}
