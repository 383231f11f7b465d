/* Messages in their pipe form: header, segments, fields, values. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hl7-gateway/hl7.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define BYTES(literal) literal, sizeof(literal) - 1
#define MSH "MSH|^~\\&|HIS|XC|REG|CITY|20260115143000||ADT^A01^ADT_A01|4711|P|2.4\r"

/* A copy in memory of its exact size: what reads beyond it is caught. */
static char *exact(const char *data, size_t size) {
    char *copy = malloc(size == 0 ? 1 : size);
    assert_non_null(copy);
    memcpy(copy, data, size);
    return copy;
}

static void assert_text(struct text text, const char *want) {
    if (text.size != strlen(want) || (text.size > 0 && memcmp(text.data, want, text.size) != 0)) {
        fail_msg("got \"%.*s\", not \"%s\"", (int)text.size, text.data == NULL ? "" : text.data, want);
    }
}

/* --- What is a message -----------------------------------------------------------------------------------------------
 */

struct problem_case {
    const char *what;
    const char *data;
    size_t size;
    enum hl7_problem header, whole;
};

#define SAME(problem) problem, problem
static const struct problem_case problems[] = {
    {"a message", BYTES(MSH "PID|1\r"), SAME(HL7_OK)},
    {"MSH alone, no return", BYTES("MSH|^~\\&"), SAME(HL7_OK)},
    {"nothing", BYTES(""), SAME(HL7_NO_MSH)},
    {"line ends", BYTES("\r\n\r"), SAME(HL7_NO_MSH)},
    {"MS", BYTES("MS"), SAME(HL7_NO_MSH)},
    {"MSH without a separator", BYTES("MSH"), SAME(HL7_NO_MSH)},
    {"MSH and a return", BYTES("MSH\r"), SAME(HL7_NO_MSH)},
    {"MSH and a letter", BYTES("MSHA^~\\&A"), SAME(HL7_NO_MSH)},
    {"MSH and a blank", BYTES("MSH ^~\\& HIS"), SAME(HL7_NO_MSH)},
    {"lower case", BYTES("msh|^~\\&|HIS"), SAME(HL7_NO_MSH)},
    {"a blank before", BYTES(" MSH|^~\\&|HIS"), SAME(HL7_NO_MSH)},
    {"another segment first", BYTES("PID|1\r" MSH), SAME(HL7_NO_MSH)},
    {"an answer of a web server", BYTES("HTTP/1.1 200 OK\r\n"), SAME(HL7_NO_MSH)},
    {"UTF-16 little-endian", BYTES("\xff\xfeM\0S\0H\0|\0^\0~\0\\\0&\0"), SAME(HL7_NO_MSH)},
    {"UTF-16 big-endian", BYTES("\xfe\xff\0M\0S\0H\0|\0^\0~\0\\\0&"), SAME(HL7_NO_MSH)},
    {"UTF-16 without a mark", BYTES("M\0S\0H\0|\0^\0~\0\\\0&\0"), SAME(HL7_NO_MSH)},
    {"UTF-32", BYTES("\xff\xfe\0\0M\0\0\0S\0\0\0H\0\0\0"), SAME(HL7_NO_MSH)},
    {"XML", BYTES("<ADT_A01><MSH>"), SAME(HL7_NO_MSH)},
    {"a byte order mark", BYTES("\xef\xbb\xbf" MSH), SAME(HL7_OK)},
    {"a mark, then line ends", BYTES("\xef\xbb\xbf\r\n\n" MSH), SAME(HL7_OK)},
    {"line ends before", BYTES("\r\n\r" MSH), SAME(HL7_OK)},
    {"MSH-2 of no character", BYTES("MSH||HIS"), SAME(HL7_BAD_DELIMITERS)},
    {"MSH-2 of two, line ends before", BYTES("\r\nMSH|^~|HIS"), SAME(HL7_BAD_DELIMITERS)},
    {"MSH-2 of two", BYTES("MSH|^~|HIS"), SAME(HL7_BAD_DELIMITERS)},
    {"MSH-2 of three", BYTES("MSH|^~\\|HIS"), SAME(HL7_OK)},
    {"MSH-2 of five", BYTES("MSH|^~\\&#|HIS"), SAME(HL7_OK)},
    {"MSH-2 of six", BYTES("MSH|^~\\&#!|HIS"), SAME(HL7_BAD_DELIMITERS)},
    {"MSH-2 and no more separators", BYTES("MSH|^~\\&HIS\r"), SAME(HL7_BAD_DELIMITERS)},
    {"an escape written twice", BYTES("MSH|^~\\\\&|HIS"), SAME(HL7_BAD_DELIMITERS)},
    {"equal ones", BYTES("MSH|^^\\&|HIS"), SAME(HL7_BAD_DELIMITERS)},
    {"the truncation is one of them", BYTES("MSH|^~\\&^|HIS"), SAME(HL7_BAD_DELIMITERS)},
    {"a letter", BYTES("MSH|^~E&|HIS"), SAME(HL7_BAD_DELIMITERS)},
    {"a digit", BYTES("MSH|^~1&|HIS"), SAME(HL7_BAD_DELIMITERS)},
    {"a blank", BYTES("MSH|^~ &|HIS"), SAME(HL7_BAD_DELIMITERS)},
    {"no ASCII", BYTES("MSH|^~\xa7&|HIS"), SAME(HL7_BAD_DELIMITERS)},
    {"a caret separates fields", BYTES("MSH^~|\\&^HIS^XC\rPID^1\r"), SAME(HL7_OK)},
    {"a file of a batch", BYTES("FHS|^~\\&|HIS\rBHS|^~\\&|HIS\r" MSH), SAME(HL7_BATCH)},
    {"a batch", BYTES("BHS|^~\\&|HIS\r" MSH "BTS|1\r"), SAME(HL7_BATCH)},
    {"a batch with bad delimiters", BYTES("BHS|^|HIS\r" MSH), SAME(HL7_BAD_DELIMITERS)},
    {"a batch behind a message", BYTES(MSH "BHS|^~\\&|HIS\r" MSH), HL7_OK, HL7_BATCH},
    {"two messages", BYTES(MSH "PID|1\r" MSH "PID|1\r"), HL7_OK, HL7_GLUED},
    {"two MSH in a row", BYTES(MSH MSH), HL7_OK, HL7_GLUED},
    {"two in a row, other delimiters", BYTES(MSH "MSH^~|\\&^HIS\r"), HL7_OK, HL7_GLUED},
    {"two, the second with other delimiters", BYTES(MSH "PID|1\rMSH^~|\\&^HIS\r"), HL7_OK, HL7_GLUED},
    {"two with line feeds", BYTES("MSH|^~\\&|HIS\nPID|1\nMSH|^~\\&|HIS\nPID|1\n"), HL7_OK, HL7_GLUED},
    {"two with line feeds and other delimiters", BYTES("MSH|^~\\&|HIS\nPID|1\nMSH^~|\\&^HIS\nPID^1\n"), HL7_OK,
     HL7_GLUED},
    {"two, no return between", BYTES(MSH "PID|1||7" MSH "PID|1\r"), HL7_OK, HL7_GLUED},
    {"two MSH, no return between", BYTES("MSH|^~\\&|HIS|XC" MSH "PID|1\r"), HL7_OK, HL7_GLUED},
    {"MSH in a field, escaped", BYTES(MSH "NTE|1||MSH\\F\\^~\\E\\&\\F\\HIS\r"), SAME(HL7_OK)},
    {"MSH as a value", BYTES(MSH "PID|MSH|MSH^~\rZZZ|MSH|a\r"), SAME(HL7_OK)},
    {"a line that only begins so", BYTES(MSH "MSHX|1\rMSH road 4\r"), SAME(HL7_OK)},
};

static void test_what_is_a_message(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(problems); i++) {
        const struct problem_case *c = &problems[i];
        char *data = exact(c->data, c->size);
        struct hl7_header header;
        struct hl7_message message;
        if (hl7_read_header((const uint8_t *)data, c->size, &header) != c->header ||
            hl7_parse(data, c->size, NULL, &message) != c->whole) {
            fail_msg("%s", c->what);
        }
        if (c->header == HL7_NO_MSH || c->header == HL7_BAD_DELIMITERS) {
            const struct hl7_header nothing = {0};
            assert_memory_equal(&header, &nothing, sizeof header);
        }
        free(data);
    }
}

/* Every beginning of a message is a message or a refusal, and never read beyond. */
static void test_a_message_cut_off_anywhere(void **state) {
    (void)state;
    const char whole[] = "\xef\xbb\xbf" MSH "EVN|A01|20260115\rPID|1||7^^^A&B~8\rPV1||I\r";
    for (size_t size = 0; size < sizeof whole; size++) {
        char *data = exact(whole, size);
        struct hl7_message message;
        enum hl7_problem problem = hl7_parse(data, size, NULL, &message);
        const size_t delimiters = 3 + strlen("MSH|^~\\"); /* three characters are taken */
        assert_int_equal(problem, size < 3 + 4 ? HL7_NO_MSH : size < delimiters ? HL7_BAD_DELIMITERS : HL7_OK);
        free(data);
    }
}

/* --- The header ------------------------------------------------------------------------------------------------------
 */

static void test_the_header_is_read_as_it_was_sent(void **state) {
    (void)state;
    const char data[] =
        "\r\nMSH|^~\\&#| HIS^1.2^ISO |XC\\T\\A|REG|CITY^x|20260115143000+0800|secret| ADT ^A01 ^ ADT_A01 "
        "|  0007|P^T|2.5.1^CHN|1|c| AL |NE|CHN|UNICODE UTF-8~ISO IR87|zh|21\rPID|1\r";
    struct hl7_header h;
    assert_int_equal(hl7_read_header((const uint8_t *)data, sizeof data - 1, &h), HL7_OK);
    assert_memory_equal(&h.delimiters, "|^~\\&", 5);
    assert_int_equal(h.offset, 2);
    assert_int_equal(h.size, strlen(data) - 2 - strlen("\rPID|1\r"));
    assert_int_equal(h.encoding_characters, 5);
    assert_text(h.encoding, "^~\\&#");
    assert_text(h.sending_application, " HIS^1.2^ISO ");
    assert_text(h.sending_facility, "XC\\T\\A");
    assert_text(h.receiving_application, "REG");
    assert_text(h.receiving_facility, "CITY^x");
    assert_text(h.time, "20260115143000+0800");
    assert_text(h.message_code, "ADT");
    assert_text(h.trigger, "A01");
    assert_text(h.structure, "ADT_A01");
    assert_text(h.control_id, "  0007"); /* never trimmed */
    assert_text(h.processing_id, "P^T");
    assert_text(h.version, "2.5.1^CHN");
    assert_text(h.accept_ack, "AL");
    assert_text(h.application_ack, "NE");
    assert_text(h.country, "CHN");
    assert_text(h.charset, "UNICODE UTF-8");
    assert_text(h.charset_field, "UNICODE UTF-8~ISO IR87");
}

static void test_missing_fields_are_empty(void **state) {
    (void)state;
    const char data[] = "MSH|^~\\&|HIS|XC||||| ADT^A04|";
    struct hl7_header h;
    assert_int_equal(hl7_read_header((const uint8_t *)data, sizeof data - 1, &h), HL7_OK);
    const struct text empty[] = {
        h.receiving_application, h.time,    h.structure, h.control_id,   h.processing_id, h.version, h.accept_ack,
        h.application_ack,       h.country, h.charset,   h.charset_field};
    for (size_t i = 0; i < COUNT(empty); i++) {
        assert_int_equal(empty[i].size, 0);
    }
    assert_text(h.message_code, "ADT");
    assert_text(h.trigger, "A04");
}

static void test_delimiters(void **state) {
    (void)state;
    static const struct {
        const char *data;
        const char *delimiters; /* field component repetition escape subcomponent; * is none */
        uint8_t count;
    } cases[] = {
        {"MSH|^~\\&|HIS|XC", "|^~\\&", 4},  {"MSH|^~\\|HIS|XC", "|^~\\&", 3},
        {"MSH|^~&|HIS|XC", "|^~\\&", 3}, /* the backslash lost in a string literal */
        {"MSH|^&\\|HIS|XC", "|^&\\*", 3},   {"MSH|\\~&|HIS|XC", "|\\~*&", 3},
        {"MSH|^~\\&#|HIS|XC", "|^~\\&", 5}, {"MSH^~|\\&^HIS^XC", "^~|\\&", 4},
        {"MSH$%*!@$HIS$XC", "$%*!@", 4},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct hl7_header h;
        assert_int_equal(hl7_read_header((const uint8_t *)cases[i].data, strlen(cases[i].data), &h), HL7_OK);
        const char got[] = {h.delimiters.field, h.delimiters.component, h.delimiters.repetition, h.delimiters.escape,
                            h.delimiters.subcomponent};
        for (size_t k = 0; k < sizeof got; k++) {
            bool is_none = cases[i].delimiters[k] == '*' && i != COUNT(cases) - 1;
            assert_int_equal(got[k], is_none ? 0 : cases[i].delimiters[k]);
        }
        assert_int_equal(h.encoding_characters, cases[i].count);
        assert_text(h.sending_application, "HIS");
        assert_text(h.sending_facility, "XC");
    }
}

/* 珅 AB7C, 昞 955C, 鸮 FB5E, 珇 AB7E and a character of four bytes in MSH-4: their second bytes are no delimiters. */
static void test_a_header_in_gb18030(void **state) {
    (void)state;
    static const char *const names[] = {
        "\xab\x7c", "\x95\x5c",         "\xfb\x5e",
        "\xab\x7e", "\x81\x39\xef\x31", "\xab\x7c\xab\x7c\x95\x5c\xfb\x5e\xab\x7e\x81\x39\xef\x31\xab\x7c"};
    for (size_t i = 0; i < COUNT(names); i++) {
        char data[256];
        int size = snprintf(data, sizeof data,
                            "MSH|^~\\&|HIS|%s|REG|%sx|20260115||ADT^A01^ADT_A01|47%s11|P|2.4||||||GBK~%s\rPID|1\r",
                            names[i], names[i], names[i], names[i]);
        struct hl7_header h;
        assert_int_equal(hl7_read_header((const uint8_t *)data, (size_t)size, &h), HL7_OK);
        assert_text(h.sending_facility, names[i]);
        assert_text(h.receiving_application, "REG");
        assert_text(h.trigger, "A01");
        assert_int_equal(h.control_id.size, 4 + strlen(names[i]));
        assert_text(h.processing_id, "P");
        assert_text(h.charset, "GBK");
    }
}

static void test_the_header_of_a_batch(void **state) {
    (void)state;
    const char data[] = "FHS|^~\\&|HIS|XC|REG|CITY|20260115||day.hl7|a comment|F4711|F4710\r" MSH;
    struct hl7_header h;
    assert_int_equal(hl7_read_header((const uint8_t *)data, sizeof data - 1, &h), HL7_BATCH);
    assert_text(h.sending_application, "HIS");
    assert_text(h.receiving_facility, "CITY");
    assert_text(h.control_id, "F4711");
    assert_int_equal(h.message_code.size, 0);
}

/* --- Segments --------------------------------------------------------------------------------------------------------
 */

struct segments_case {
    const char *data;
    const char *z_segment;
    const char *names; /* of the segments kept, with what stands in their first field */
    struct hl7_habits habits;
};

static void test_segments(void **state) {
    (void)state;
    static const struct segments_case cases[] = {
        {"MSH|^~\\&|a\rEVN|1\rPID|2\rPV1|3\rPV2|4\rMRG|5\rZBE|6\r", NULL, "MSH EVN1 PID2 PV13 PV24 MRG5 ZBE6 ", {0}},
        {"MSH|^~\\&|a\rNK1|1\rPID|2\rOBX|3\rZCD|4\r", NULL, "MSH PID2 ", {0}},
        {"MSH|^~\\&|a\rZCD|4\rZRC|5\rPID|2\rZXX|6\r", "ZCD", "MSH ZCD4 PID2 ", {0}},
        {"MSH|^~\\&|a\rZCD|4\rZRC|5\rPID|2\rZXX|6\rCDZ|7\r", "ZCD ZRC", "MSH ZCD4 ZRC5 PID2 ", {0}},
        {"MSH|^~\\&|a\rZCD|4\rPID|2\r", "ZCDX XZCD", "MSH PID2 ", {0}},
        {"MSH|^~\\&|a\rPV1|1\rPID|2\rEVN|3\r", NULL, "MSH PV11 PID2 EVN3 ", {0}}, /* any order */
        {"MSH|^~\\&|a\rPID|1\rMRG|2\rPID|3\rMRG|4\r", NULL, "MSH PID1 MRG2 PID3 MRG4 ", {0}},
        {"MSH|^~\\&|a\rPID\rPV1|\r", NULL, "MSH PID PV1 ", {0}},
        {"MSH|^~\\&|a\rpid|1\rPIDX|2\rPID^3\rPI\r|\r", NULL, "MSH ", {0}},
        {"MSH|^~\\&|a\r\r\rPID|2\r\r", NULL, "MSH PID2 ", {0}},
        {"MSH|^~\\&|a\rPID|2", NULL, "MSH PID2 ", {.no_final_return = true}},
        {"MSH|^~\\&|a\r\nPID|2\r\nPV1|3\r\n", NULL, "MSH PID2 PV13 ", {.line_feeds = true}},
        {"MSH|^~\\&|a\nPID|2\nPV1|3\n", NULL, "MSH PID2 PV13 ", {.line_feeds = true}},
        {"MSH|^~\\&|a\nPID|2\n\nPV1|3", NULL, "MSH PID2 PV13 ", {.line_feeds = true, .no_final_return = true}},
        {"MSH|^~\\&|a\nPID\nPV1", NULL, "MSH PID PV1 ", {.line_feeds = true, .no_final_return = true}},
        {"MSH|^~\\|a\rPID|2\r", NULL, "MSH PID2 ", {.few_delimiters = true}},
        {"MSH^~|\\&^a\rPID^2\r", NULL, "MSH PID2 ", {0}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        const struct segments_case *c = &cases[i];
        struct hl7_message message;
        char names[128] = "";
        char *data = exact(c->data, strlen(c->data));
        assert_int_equal(hl7_parse(data, strlen(c->data), c->z_segment, &message), HL7_OK);
        for (size_t k = 0; k < message.count; k++) {
            struct text first = k == 0 ? (struct text){"", 0} : hl7_field(&message, &message.segments[k], 1);
            snprintf(names + strlen(names), sizeof names - strlen(names), "%s%.*s ", message.segments[k].name,
                     (int)first.size, first.data == NULL ? "" : first.data);
        }
        assert_string_equal(names, c->names);
        assert_memory_equal(&message.habits, &c->habits, sizeof message.habits);
        free(data);
    }
}

/* A line feed inside an address is part of it, so that what follows in PID is not lost. */
static void test_a_line_feed_inside_a_field(void **state) {
    (void)state;
    const char data[] = MSH "PID|1||7||name||19700101|M|||street 1\nXuchang\r\nPV1||I\r";
    struct hl7_message message;
    assert_int_equal(hl7_parse(data, sizeof data - 1, NULL, &message), HL7_OK);
    assert_int_equal(message.count, 3);
    const struct hl7_segment *pid = hl7_find(&message, HL7_PID, 0);
    assert_text(hl7_field(&message, pid, 11), "street 1\nXuchang");
    assert_text(hl7_field(&message, pid, 8), "M");
    assert_text(hl7_field(&message, hl7_find(&message, HL7_PV1, 0), 2), "I");
}

static void add(char data[2048], const char *segment) {
    size_t size = strlen(data);
    assert_true(size + strlen(segment) < 2048);
    memcpy(data + size, segment, strlen(segment) + 1);
}

static void test_find_and_too_many(void **state) {
    (void)state;
    char data[2048] = "MSH|^~\\&|a\r";
    for (size_t i = 1; i < HL7_SEGMENTS_MAX; i++) {
        add(data, i % 2 ? "PID|1\r" : "OBX|1\rMRG|1\r");
    }
    struct hl7_message message;
    assert_int_equal(hl7_parse(data, strlen(data), NULL, &message), HL7_OK);
    assert_int_equal(message.count, HL7_SEGMENTS_MAX);
    assert_ptr_equal(hl7_find(&message, HL7_PID, 0), &message.segments[1]);
    assert_ptr_equal(hl7_find(&message, HL7_PID, 1), &message.segments[1]);
    assert_ptr_equal(hl7_find(&message, HL7_PID, 2), &message.segments[3]);
    assert_ptr_equal(hl7_find(&message, HL7_MRG, 0), &message.segments[2]);
    assert_null(hl7_find(&message, HL7_MRG, HL7_SEGMENTS_MAX));
    assert_null(hl7_find(&message, HL7_MRG, SIZE_MAX));
    assert_null(hl7_find(&message, HL7_PV1, 0));
    add(data, "NTE|1\r"); /* not kept, not counted */
    assert_int_equal(hl7_parse(data, strlen(data), NULL, &message), HL7_OK);
    add(data, "PV1|1\r");
    assert_int_equal(hl7_parse(data, strlen(data), NULL, &message), HL7_TOO_MANY);
}

/* --- Fields ----------------------------------------------------------------------------------------------------------
 */

static void test_fields(void **state) {
    (void)state;
    const char data[] = MSH "PID|1||a^b&c&d^^e~\"\"~f||x\rPV1\rMRG|";
    struct hl7_message m;
    assert_int_equal(hl7_parse(data, sizeof data - 1, NULL, &m), HL7_OK);
    const struct hl7_segment *msh = hl7_find(&m, HL7_MSH, 0), *pid = hl7_find(&m, HL7_PID, 0);
    static const char *const msh_fields[] = {
        "",     "|", "^~\\&", "HIS", "XC", "REG", "CITY", "20260115143000", "", "ADT^A01^ADT_A01",
        "4711", "P", "2.4",   "",    ""};
    for (unsigned i = 0; i < COUNT(msh_fields); i++) {
        assert_text(hl7_field(&m, msh, i), msh_fields[i]);
    }
    static const char *const pid_fields[] = {"", "1", "", "a^b&c&d^^e~\"\"~f", "", "x", "", ""};
    for (unsigned i = 0; i < COUNT(pid_fields); i++) {
        assert_text(hl7_field(&m, pid, i), pid_fields[i]);
    }
    assert_text(hl7_field(&m, pid, UINT32_MAX), "");
    assert_text(hl7_field(&m, hl7_find(&m, HL7_PV1, 0), 1), "");
    assert_text(hl7_field(&m, hl7_find(&m, HL7_MRG, 0), 1), "");
    assert_text(hl7_field(&m, NULL, 1), "");
}

static void test_repetitions_components_subcomponents(void **state) {
    (void)state;
    const char data[] = MSH "PID|1||a^b&c&d^^e~\"\"~f\r";
    struct hl7_message m;
    assert_int_equal(hl7_parse(data, sizeof data - 1, NULL, &m), HL7_OK);
    struct text field = hl7_field(&m, hl7_find(&m, HL7_PID, 0), 3);
    static const char *const repetitions[] = {"a^b&c&d^^e", "\"\"", "f", "", ""};
    for (unsigned i = 0; i < COUNT(repetitions); i++) {
        bool has_more;
        assert_text(hl7_repetition(&m, field, i, &has_more), repetitions[i]);
        assert_int_equal(has_more, i < 2);
    }
    struct text rest = field, repetition;
    unsigned count = 0;
    for (; hl7_next_repetition(&m, &rest, &repetition); count++) {
        assert_text(repetition, repetitions[count]);
    }
    assert_int_equal(count, 3);
    bool has_more = false;
    assert_text(hl7_repetition(&m, (struct text){"a~", 2}, 0, &has_more), "a");
    assert_true(has_more); /* an empty one */
    struct text first = hl7_repetition(&m, field, 0, NULL);
    static const char *const components[] = {"", "a", "b&c&d", "", "e", "", ""};
    for (unsigned i = 0; i < COUNT(components); i++) {
        assert_text(hl7_component(&m, first, i), components[i]);
    }
    static const char *const subcomponents[] = {"", "b", "c", "d", "", ""};
    for (unsigned i = 0; i < COUNT(subcomponents); i++) {
        assert_text(hl7_subcomponent(&m, hl7_component(&m, first, 2), i), subcomponents[i]);
    }
    assert_text(hl7_subcomponent(&m, hl7_component(&m, first, 1), 1), "a");
}

static void test_the_two_ways_to_be_empty(void **state) {
    (void)state;
    const char data[] = MSH "PID||~|\"\"|\"\"^\"\"| \"\" |\"|\"\"\"|\r";
    static const struct {
        unsigned field;
        bool is_null;
        unsigned repetitions;
    } cases[] = {{1, false, 0}, {2, false, 2}, {3, true, 1},  {4, false, 1},
                 {5, true, 1},  {6, false, 1}, {7, false, 1}, {9, false, 0}};
    struct hl7_message m;
    assert_int_equal(hl7_parse(data, sizeof data - 1, NULL, &m), HL7_OK);
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct text field = hl7_field(&m, hl7_find(&m, HL7_PID, 0), cases[i].field);
        assert_int_equal(hl7_is_null(field), cases[i].is_null);
        struct text rest = field, repetition;
        unsigned count = 0;
        while (field.size > 0 && hl7_next_repetition(&m, &rest, &repetition)) {
            count++;
        }
        assert_int_equal(count, cases[i].repetitions);
    }
}

/* --- Values ----------------------------------------------------------------------------------------------------------
 */

struct value_case {
    const char *text;
    const char *value;
};

static void assert_values(const char *header, const struct value_case *cases, size_t count) {
    struct hl7_message m;
    struct arena arena;
    arena_init(&arena, 1 << 20);
    assert_int_equal(hl7_parse(header, strlen(header), NULL, &m), HL7_OK);
    for (size_t i = 0; i < count; i++) {
        char *text = exact(cases[i].text, strlen(cases[i].text));
        const char *value = hl7_value(&m, (struct text){text, strlen(cases[i].text)}, &arena);
        assert_non_null(value);
        if (strcmp(value, cases[i].value) != 0) {
            fail_msg("%s gave \"%s\", not \"%s\"", cases[i].text, value, cases[i].value);
        }
        free(text);
    }
    arena_release(&arena);
}

static void test_values(void **state) {
    (void)state;
    static const struct value_case cases[] = {
        {"", ""},
        {"a", "a"},
        {"  a b\t ", "a b"},
        {"   ", ""},
        {"\"\"", ""},
        {" \"\" ", ""},
        {"\"", "\""},
        {"\"a\"", "\"a\""},
        {"张三", "张三"},
        {"\\F\\\\S\\\\R\\\\E\\\\T\\", "|^~\\&"},
        {"a\\F\\b", "a|b"},
        {"\\P\\", "#"},
        {"a\\T\\b\\T\\c", "a&b&c"},
        {"a\\.br\\b", "a b"},
        {"a\\.sp3\\b\\.ce\\", "a b"},
        {"\\.br\\a\\.br\\", "a"}, /* trimmed afterwards too */
        {"\\.xx\\", "\\.xx\\"},
        {"\\H\\bold\\N\\", "\\H\\bold\\N\\"},
        {"\\Cxxyy\\", "\\Cxxyy\\"},
        {"\\f\\", "\\f\\"},
        {"\\\\", "\\\\"},
        {"\\", "\\"},
        {"a\\", "a\\"},
        {"\\a", "\\a"},
        {"C:\\dir\\F\\x", "C:\\dir\\F\\x"}, /* \dir\ is unknown, F\x no escape */
        {"\\E\\F\\E\\", "\\F\\"},           /* decoded once */
        {"\\X41\\", "A"},
        {"\\X4142\\", "AB"},
        {"\\Xe5bCa0\\", "张"},
        {"\\XE5\\\\XBC\\\\XA0\\", "张"}, /* a byte at a time */
        {"\\XE5\\x\\XBC\\", "\\XE5\\x\\XBC\\"},
        {"\\XE5BC\\", "\\XE5BC\\"},
        {"\\XC4E3\\", "\\XC4E3\\"}, /* GB18030, and no decoder */
        {"\\XED A080\\", "\\XED A080\\"},
        {"\\XEDA080\\", "\\XEDA080\\"},
        {"\\X00\\", "\\X00\\"}, /* would end the text */
        {"\\X4100\\", "\\X4100\\"},
        {"a\\X0D0A\\b", "a  b"},
        {"a\\X09\\b\\X7F\\c", "a b c"},
        {"\\X0D\\", ""},
        {"\\X\\", "\\X\\"},
        {"\\X4\\", "\\X4\\"},
        {"\\X414\\", "\\X414\\"},
        {"\\XGG\\", "\\XGG\\"},
        {"\\X41", "\\X41"},
        {"\\XFF\\\\X41\\\\F\\", "\\XFF\\\\X41\\|"}, /* a run is text or none of it is */
    };
    assert_values(MSH, cases, COUNT(cases));
    static const struct value_case others[] = {{"!F!!S!!R!!E!!T!!P!", "$%*!@#"}, {"\\F\\", "\\F\\"}};
    assert_values("MSH$%*!@$HIS\r", others, COUNT(others));
    static const struct value_case truncation[] = {{"\\P\\", "+"}};
    assert_values("MSH|^~\\&+|HIS\r", truncation, COUNT(truncation));
    static const struct value_case no_escape[] = {{"\\F\\", "\\F\\"}};
    assert_values("MSH|\\~&|HIS\r", no_escape, COUNT(no_escape));
}

static void test_long_values(void **state) {
    (void)state;
    static const struct {
        const char *piece;
        size_t count;
        const char *becomes;
    } cases[] = {{"\\F\\", 5000, "|"},
                 {"\\X41\\", 5000, "A"},
                 {"\\XFF\\", 5000, "\\XFF\\"},
                 {"\\", 4999, "\\"},
                 {"a\\", 5001, "a\\"}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        size_t size = cases[i].count * strlen(cases[i].piece);
        char *text = malloc(size + 1), *want = calloc(1, size + 1);
        assert_non_null(text);
        assert_non_null(want);
        for (size_t k = 0; k < cases[i].count; k++) {
            memcpy(text + k * strlen(cases[i].piece), cases[i].piece, strlen(cases[i].piece) + 1);
            memcpy(want + k * strlen(cases[i].becomes), cases[i].becomes, strlen(cases[i].becomes) + 1);
        }
        struct value_case c = {text, want};
        assert_values(MSH, &c, 1);
        free(text);
        free(want);
    }
}

static void test_a_full_arena(void **state) {
    (void)state;
    struct hl7_message m;
    struct arena arena;
    arena_init(&arena, 32);
    assert_int_equal(hl7_parse(MSH, strlen(MSH), NULL, &m), HL7_OK);
    assert_non_null(hl7_value(&m, (struct text){"0123456789012345678901234567890", 31}, &arena));
    assert_null(hl7_value(&m, (struct text){"0", 1}, &arena));
    assert_string_equal(hl7_value(&m, (struct text){" ", 1}, &arena), ""); /* takes no memory */
    arena_release(&arena);
}

static void test_get(void **state) {
    (void)state;
    const char data[] = MSH "PID|1|| 0007 ^^^XC&2.16^PI~8|\rPV1||\"\"|a^ b\\T\\c \r";
    struct hl7_message m;
    struct arena arena;
    arena_init(&arena, 4096);
    assert_int_equal(hl7_parse(data, sizeof data - 1, NULL, &m), HL7_OK);
    const struct hl7_segment *pid = hl7_find(&m, HL7_PID, 0), *pv1 = hl7_find(&m, HL7_PV1, 0);
    assert_string_equal(hl7_get(&m, pid, 3, 1, &arena), "0007");
    assert_string_equal(hl7_get(&m, pid, 3, 4, &arena), "XC");
    assert_string_equal(hl7_get(&m, pid, 3, 5, &arena), "PI");
    assert_string_equal(hl7_get(&m, pid, 3, 6, &arena), "");
    assert_string_equal(hl7_get(&m, pid, 30, 1, &arena), "");
    assert_string_equal(hl7_get(&m, pv1, 2, 1, &arena), "");
    assert_string_equal(hl7_get(&m, pv1, 3, 2, &arena), "b&c");
    assert_string_equal(hl7_get(&m, hl7_find(&m, HL7_MSH, 0), 9, 2, &arena), "A01");
    assert_string_equal(hl7_get(&m, hl7_find(&m, HL7_MRG, 0), 1, 1, &arena), ""); /* no such segment */
    arena_release(&arena);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_a_message),
        cmocka_unit_test(test_a_message_cut_off_anywhere),
        cmocka_unit_test(test_the_header_is_read_as_it_was_sent),
        cmocka_unit_test(test_missing_fields_are_empty),
        cmocka_unit_test(test_delimiters),
        cmocka_unit_test(test_a_header_in_gb18030),
        cmocka_unit_test(test_the_header_of_a_batch),
        cmocka_unit_test(test_segments),
        cmocka_unit_test(test_a_line_feed_inside_a_field),
        cmocka_unit_test(test_find_and_too_many),
        cmocka_unit_test(test_fields),
        cmocka_unit_test(test_repetitions_components_subcomponents),
        cmocka_unit_test(test_the_two_ways_to_be_empty),
        cmocka_unit_test(test_values),
        cmocka_unit_test(test_long_values),
        cmocka_unit_test(test_a_full_arena),
        cmocka_unit_test(test_get),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
