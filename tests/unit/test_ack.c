/* Acknowledgements: the code of MSA-1 in every mode, the answer's segments, what it does with odd bytes. */

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/civil.h"
#include "hl7-gateway/ack.h"
#include "hl7-gateway/mllp.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define NOW_TEXT "2020-07-03T12:34:56+08:00"
#define NOW_STAMP "20200703123456"

static const struct verdict stored = {.code = HL7_CODE_OK};
static const struct verdict warning = {HL7_CODE_TABLE_VALUE, false, true, {"PID", 1, 3, 0}};
static const struct verdict content = {HL7_CODE_UNKNOWN_KEY, false, false, {"PV1", 1, 19, 0}};
static const struct verdict rejected = {HL7_CODE_EVENT, true, false, {"MSH", 1, 9, 2}};

static struct hl7_header header_of(const char *text, size_t size) {
    struct hl7_header header;
    assert_int_equal(hl7_read_header((const uint8_t *)text, size, &header), HL7_OK);
    return header;
}

/* --- MSA-1 --- */

static void test_codes(void **state) {
    (void)state;
    static const struct {
        enum ack_mode mode;
        const char *accept, *application;
        const char *stored, *error, *reject;
    } rows[] = {
        {ACK_MODE_AUTO, "", "", "AA", "AE", "AR"},         {ACK_MODE_AUTO, "NE", "", "AA", "AE", "AR"},
        {ACK_MODE_AUTO, "AL", "", "CA", "CE", "CR"},       {ACK_MODE_AUTO, "ER", "", "AA", "CE", "CR"},
        {ACK_MODE_AUTO, "SU", "", "CA", "AE", "AR"},       {ACK_MODE_AUTO, "", "AL", "AA", "AE", "AR"},
        {ACK_MODE_AUTO, "NE", "NE", "AA", "AE", "AR"},     {ACK_MODE_AUTO, "AL", "AL", "CA", "CE", "CR"},
        {ACK_MODE_AUTO, "AL", "NE", "CA", "CE", "CR"},     {ACK_MODE_AUTO, "ER", "SU", "AA", "CE", "CR"},
        {ACK_MODE_AUTO, "??", "", "AA", "AE", "AR"},       {ACK_MODE_AUTO, "ALL", "", "AA", "AE", "AR"},
        {ACK_MODE_AUTO, " AL ", "", "CA", "CE", "CR"},     {ACK_MODE_ORIGINAL, "", "", "AA", "AE", "AR"},
        {ACK_MODE_ORIGINAL, "AL", "AL", "AA", "AE", "AR"}, {ACK_MODE_ORIGINAL, "ER", "", "AA", "AE", "AR"},
        {ACK_MODE_ORIGINAL, "SU", "", "AA", "AE", "AR"},   {ACK_MODE_ORIGINAL, "NE", "NE", "AA", "AE", "AR"},
        {ACK_MODE_ENHANCED, "", "", "CA", "CE", "CR"},     {ACK_MODE_ENHANCED, "AL", "", "CA", "CE", "CR"},
        {ACK_MODE_ENHANCED, "NE", "", "AA", "AE", "AR"},   {ACK_MODE_ENHANCED, "ER", "", "AA", "CE", "CR"},
        {ACK_MODE_ENHANCED, "SU", "", "CA", "AE", "AR"},
    };
    for (size_t i = 0; i < COUNT(rows); i++) {
        char text[128];
        int size = snprintf(text, sizeof text, "MSH|^~\\&|A|B|C|D|1||ADT^A01|1|P|2.4|||%s|%s", rows[i].accept,
                            rows[i].application);
        struct hl7_header header = header_of(text, (size_t)size);
        assert_string_equal(ack_code(rows[i].mode, &header, &stored), rows[i].stored);
        assert_string_equal(ack_code(rows[i].mode, &header, &warning), rows[i].stored);
        assert_string_equal(ack_code(rows[i].mode, &header, &content), rows[i].error);
        assert_string_equal(ack_code(rows[i].mode, &header, &rejected), rows[i].reject);
    }
}

/* --- Whole answers --- */

/* One frame and nothing else: its payload. */
static void frame_payload(struct buffer *out, char **payload, size_t *size) {
    assert_true(out->size > 3);
    assert_int_equal(out->data[0], MLLP_START);
    assert_int_equal(out->data[out->size - 2], MLLP_END);
    assert_int_equal(out->data[out->size - 1], MLLP_RETURN);
    *payload = (char *)out->data + 1;
    *size = out->size - 3;
    assert_null(memchr(*payload, MLLP_START, *size));
    assert_null(memchr(*payload, MLLP_END, *size));
}

static int64_t now_ms(void) {
    int64_t ms;
    assert_true(civil_time_parse(NOW_TEXT, &ms));
    return ms;
}

static void assert_answer(const char *message, size_t size, const char *code, const struct verdict *verdict,
                          const char *want, size_t want_size) {
    struct hl7_header header = header_of(message, size);
    struct buffer out = {0};
    char *payload;
    size_t payload_size;
    ack_append(&out, &header, code, verdict, "b7-42", now_ms());
    frame_payload(&out, &payload, &payload_size);
    if (payload_size != want_size || memcmp(payload, want, want_size) != 0) {
        fail_msg("got  %.*s\nwant %.*s", (int)payload_size, payload, (int)want_size, want);
    }
    buffer_release(&out);
}

#define MESSAGE(version) "MSH|^~\\&|HIS|XC|REG|CITY|20260115||ADT^A01|4711|P|" version "\rPID|||1\r"
#define ANSWER(type, version) "MSH|^~\\&|REG|CITY|HIS|XC|" NOW_STAMP "||" type "|b7-42|P|" version "\r"

static const struct answer_case {
    const char *message;
    const char *code;
    struct verdict verdict;
    const char *want;
} answers[] = {
    {MESSAGE("2.4"), "AA", {0}, ANSWER("ACK^A01", "2.4") "MSA|AA|4711\r"},
    {"MSH|^~\\&|HIS|XC|REG|CITY|20260115||ADT^A01^ADT_A01|4711|P|2.4\r",
     "CA",
     {0},
     ANSWER("ACK^A01^ACK", "2.4") "MSA|CA|4711\r"},
    {"MSH|^~\\&|HIS|XC|REG|CITY|20260115||ADT|4711|P|2.4\r",
     "AR",
     {HL7_CODE_EVENT, true, false, {"MSH", 1, 9, 2}},
     ANSWER("ACK", "2.4") "MSA|AR|4711\rERR|MSH^1^9^201&Unsupported event code\r"},
    {"MSH|^~\\&|HIS|XC|REG|CITY|20260115||ADT^^ADT_A01|4711|P|2.4\r",
     "AA",
     {0},
     ANSWER("ACK^^ACK", "2.4") "MSA|AA|4711\r"},
    {MESSAGE("2.3"),
     "AE",
     {HL7_CODE_UNKNOWN_KEY, false, false, {"PID", 1, 3, 0}},
     ANSWER("ACK^A01", "2.3") "MSA|AE|4711\rERR|PID^1^3^204&Unknown key identifier\r"},
    {MESSAGE("2.4"),
     "AE",
     {HL7_CODE_UNKNOWN_KEY, false, false, {"MRG", 2, 1, 4}},
     ANSWER("ACK^A01", "2.4") "MSA|AE|4711\rERR|MRG^2^1^204&Unknown key identifier\r"},
    {MESSAGE("2.3.1"),
     "AE",
     {HL7_CODE_SEGMENT_SEQUENCE, false, false, {"PV1", 1, 0, 0}},
     ANSWER("ACK^A01", "2.3.1") "MSA|AE|4711\rERR|PV1^1^^100&Segment sequence error\r"},
    {MESSAGE("2.4"),
     "AR",
     {HL7_CODE_INTERNAL, true, false, {0}},
     ANSWER("ACK^A01", "2.4") "MSA|AR|4711\rERR|^^^207&Application internal error\r"},
    {MESSAGE("2.4"),
     "AA",
     {HL7_CODE_TABLE_VALUE, false, true, {"PID", 1, 3, 0}},
     ANSWER("ACK^A01", "2.4") "MSA|AA|4711\rERR|PID^1^3^103&Table value not found\r"},
    {MESSAGE("2.5"),
     "AE",
     {HL7_CODE_UNKNOWN_KEY, false, false, {"PID", 1, 3, 0}},
     ANSWER("ACK^A01", "2.5") "MSA|AE|4711\rERR||PID^1^3|204^Unknown key identifier^HL70357|E||||"
                              "This number or its authority is not known for the sender\r"},
    {MESSAGE("2.5.1"),
     "AE",
     {HL7_CODE_UNKNOWN_KEY, false, false, {"PID", 2, 3, 4}},
     ANSWER("ACK^A01", "2.5.1") "MSA|AE|4711\rERR||PID^2^3^1^4|204^Unknown key identifier^HL70357|E||||"
                                "This number or its authority is not known for the sender\r"},
    {MESSAGE("2.8"),
     "AE",
     {HL7_CODE_SEGMENT_SEQUENCE, false, false, {"PV1", 1, 0, 0}},
     ANSWER("ACK^A01", "2.8") "MSA|AE|4711\rERR||PV1^1|100^Segment sequence error^HL70357|E||||"
                              "A segment that is needed is missing or unreadable\r"},
    {MESSAGE("2.5"),
     "AA",
     {HL7_CODE_TABLE_VALUE, false, true, {"PID", 1, 3, 0}},
     ANSWER("ACK^A01", "2.5") "MSA|AA|4711\rERR||PID^1^3|103^Table value not found^HL70357|W||||"
                              "The value fails its check\r"},
    {MESSAGE("2.5"),
     "AR",
     {HL7_CODE_INTERNAL, true, false, {0}},
     ANSWER("ACK^A01", "2.5") "MSA|AR|4711\rERR|||207^Application internal error^HL70357|E||||"
                              "It cannot be taken now and may be sent again later\r"},
    {MESSAGE("2.5"),
     "AE",
     {HL7_CODE_INTERNAL, false, false, {0}},
     ANSWER("ACK^A01",
            "2.5") "MSA|AE|4711\rERR|||207^Application internal error^HL70357|E||||It cannot be processed\r"},
    {MESSAGE("3.0"),
     "AR",
     {HL7_CODE_VERSION, true, false, {"MSH", 1, 12, 1}},
     ANSWER("ACK^A01", "3.0") "MSA|AR|4711\rERR||MSH^1^12^1^1|203^Unsupported version id^HL70357|E||||"
                              "Versions 2 of the standard are taken here\r"},
    {MESSAGE("2.10"),
     "AE",
     {HL7_CODE_LOCKED, false, false, {"PID", 1, 3, 0}},
     ANSWER("ACK^A01", "2.10") "MSA|AE|4711\rERR||PID^1^3|206^Application record locked^HL70357|E||||"
                               "Visits of this person still stand\r"},
    {"MSH|^~\\&|HIS|XC|REG|CITY|20260115||ADT^A01|4711|P|\r",
     "AR",
     {HL7_CODE_VERSION, true, false, {"MSH", 1, 12, 1}},
     "MSH|^~\\&|REG|CITY|HIS|XC|" NOW_STAMP "||ACK^A01|b7-42|P|\rMSA|AR|4711\r"
     "ERR||MSH^1^12^1^1|203^Unsupported version id^HL70357|E||||Versions 2 of the standard are taken here\r"},
    /* What is copied is copied whole: blanks, zeros, components, the charset. */
    {"MSH|^~\\&|HIS^1.2^ISO|XC H|REG|CITY^9|20260115||ADT^A01| 0007 |P^T|2.4^CHN^1||||AL|CHN|GB 18030-2000~ASCII\r",
     "AA",
     {0},
     "MSH|^~\\&|REG|CITY^9|HIS^1.2^ISO|XC H|" NOW_STAMP
     "||ACK^A01|b7-42|P^T|2.4^CHN^1||||||GB 18030-2000~ASCII\rMSA|AA| 0007 \r"},
    {"MSH|^~\\&|||||||ADT^A01|1|P|2.4\r", "AA", {0}, "MSH|^~\\&|||||" NOW_STAMP "||ACK^A01|b7-42|P|2.4\rMSA|AA|1\r"},
    {"MSH|^~\\&|A|B|C|D|1||ADT^A01||P|2.4\r",
     "AR",
     {HL7_CODE_FIELD_MISSING, true, false, {"MSH", 1, 10, 0}},
     "MSH|^~\\&|C|D|A|B|" NOW_STAMP "||ACK^A01|b7-42|P|2.4\rMSA|AR|\rERR|MSH^1^10^101&Required field missing\r"},
    /* The sender's own delimiters; of ours a text keeps none. */
    {"MSH^|~\\&^HIS^XC^REG^CITY^20260115^^ADT|A01^4711^P^2.5\r",
     "AE",
     {HL7_CODE_UNKNOWN_KEY, false, false, {"PID", 1, 3, 0}},
     "MSH^|~\\&^REG^CITY^HIS^XC^" NOW_STAMP "^^ACK|A01^b7-42^P^2.5\rMSA^AE^4711\r"
     "ERR^^PID|1|3^204|Unknown key identifier|HL70357^E^^^^This number or its authority is not known for the sender\r"},
    {"MSH-:~\\&-HIS-XC-REG-CITY-20260115--ADT:A01-4711-P-2.4\r",
     "AE",
     {HL7_CODE_UNKNOWN_KEY, false, false, {"PID", 1, 3, 0}},
     "MSH-:~\\&-REG-CITY-HIS-XC-" NOW_STAMP
     "--ACK:A01-b742-P-2.4\rMSA-AE-4711\rERR-PID:1:3:204&Unknown key identifier\r"},
    {"MSH|^~\\|HIS|XC|REG|CITY|20260115||ADT^A01|4711|P|2.4\r",
     "AE",
     {HL7_CODE_UNKNOWN_KEY, false, false, {"PID", 1, 3, 0}},
     "MSH|^~\\|REG|CITY|HIS|XC|" NOW_STAMP
     "||ACK^A01|b7-42|P|2.4\rMSA|AE|4711\rERR|PID^1^3^204&Unknown key identifier\r"},
    {"MSH&^~\\&HIS&XC&REG&CITY&20260115&&ADT^A01&4711&P&2.4\r",
     "AE",
     {HL7_CODE_UNKNOWN_KEY, false, false, {"PID", 1, 3, 0}},
     "MSH&^~\\&REG&CITY&HIS&XC&" NOW_STAMP "&&ACK^A01&b7-42&P&2.4\rMSA&AE&4711\rERR&PID^1^3^204\r"},
    {"MSH|^~\\&#|HIS|XC|REG|CITY|20260115||ADT^A01|4711|P|2.7\r",
     "AA",
     {0},
     "MSH|^~\\&#|REG|CITY|HIS|XC|" NOW_STAMP "||ACK^A01|b7-42|P|2.7\rMSA|AA|4711\r"},
};

static void test_answers(void **state) {
    (void)state;
    for (size_t i = 0; i < COUNT(answers); i++) {
        const struct answer_case *row = &answers[i];
        assert_answer(row->message, strlen(row->message), row->code, &row->verdict, row->want, strlen(row->want));
    }
}

/* MSH-10 byte for byte: GBK, bytes that are no text in any charset, a NUL. */
static void test_odd_bytes(void **state) {
    (void)state;
    static const char message[] = "MSH|^~\\&|A|B|C|D|1||ADT^A01|\xab\xcf\x80 \xff\0\x01~x^y|P|2.4\r";
    static const char want[] =
        "MSH|^~\\&|C|D|A|B|" NOW_STAMP "||ACK^A01|b7-42|P|2.4\rMSA|AA|\xab\xcf\x80 \xff\0\x01~x^y\r";
    assert_answer(message, sizeof message - 1, "AA", &stored, want, sizeof want - 1);
}

/* In a file there may be bytes that end a frame: what holds one is left out, so that an answer is one frame. */
static void test_frame_bytes(void **state) {
    (void)state;
    static const char message[] = "MSH|^~\\&|A\x0b|B\x1c|C|D|1||ADT^A01|47\x1c\x0b|P|2.4\r";
    static const char want[] = "MSH|^~\\&|C|D|||" NOW_STAMP "||ACK^A01|b7-42|P|2.4\rMSA|AA|\r";
    assert_answer(message, sizeof message - 1, "AA", &stored, want, sizeof want - 1);
}

static void test_unreadable(void **state) {
    (void)state;
    struct buffer out = {0};
    ack_append_unreadable(&out, "b7-42", now_ms());
    assert_string_equal(buffer_text(&out), "\x0bMSH|^~\\&|||||" NOW_STAMP "||ACK|b7-42|P|2.5\rMSA|AR|\r"
                                           "ERR||MSH^1|100^Segment sequence error^HL70357|E||||"
                                           "A segment that is needed is missing or unreadable\r\x1c\r");
    ack_append_unreadable(&out, "b7-43", now_ms());
    assert_non_null(strstr(buffer_text(&out), "\x1c\r\x0bMSH")); /* appended, not written over */
    buffer_release(&out);
}

/* Each code has its own words in both forms. */
static void test_every_code_has_words(void **state) {
    (void)state;
    static const enum hl7_code codes[] = {100, 101, 102, 103, 200, 201, 202, 203, 204, 205, 206, 207};
    static const char message[] = "MSH|^~\\&|A|B|C|D|1||ADT^A01|1|P|2.5";
    struct hl7_header header = header_of(message, sizeof message - 1);
    struct buffer all = {0};
    for (size_t i = 0; i < COUNT(codes); i++) {
        struct buffer out = {0};
        char wanted[16];
        struct verdict verdict = {.code = codes[i]};
        ack_append(&out, &header, "AE", &verdict, "1", 0);
        snprintf(wanted, sizeof wanted, "ERR|||%d^", (int)codes[i]);
        const char *error = strstr(buffer_text(&out), wanted);
        assert_non_null(error);
        const char *name = strchr(error, '^') + 1;
        char text[64];
        snprintf(text, sizeof text, "%.*s", (int)strcspn(name, "^"), name);
        assert_true(strlen(text) > 5);
        assert_null(strstr(buffer_text(&all), text));
        buffer_append_text(&all, text);
        buffer_release(&out);
    }
    buffer_release(&all);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_codes),      cmocka_unit_test(test_answers),
        cmocka_unit_test(test_odd_bytes),  cmocka_unit_test(test_frame_bytes),
        cmocka_unit_test(test_unreadable), cmocka_unit_test(test_every_code_has_words),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
