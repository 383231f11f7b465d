/* HL7 batch files: what comes out as messages, what is told, whatever the chunks in which bytes arrive. And answers. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/hl7_answer.h"
#include "ctl/hl7_batch.h"
#include "ctl/hl7_link.h"

#define MESSAGE_MAX 64 /* so that too large ones are easily made */

/* What a file gives, as one text: "{message}" for each, "<large:beginning>", and "!finding@segment:said/read". CR shows
 * as
 * "\". */
struct reading {
    struct buffer text;
    uint64_t findings;
};

static void on_finding(void *user, const struct hl7_batch_finding *finding) {
    struct reading *reading = user;
    reading->findings++;
    buffer_printf(&reading->text, "!%s@%d", hl7_batch_finding_name(finding->kind), (int)finding->segment);
    if (finding->kind == HL7_BATCH_COUNT_DIFFERS || finding->kind == HL7_BATCH_FILE_COUNT_DIFFERS) {
        buffer_printf(&reading->text, ":%d/%d", (int)finding->said, (int)finding->read);
    }
}

static void note(struct reading *reading, const struct hl7_batch *batch, enum hl7_batch_event event) {
    buffer_append_text(&reading->text, event == HL7_BATCH_MESSAGE ? "{" : "<large:");
    for (size_t i = 0; i < batch->message.size; i++) {
        char byte = (char)batch->message.data[i];
        assert_true(byte != '\n' && byte != 0x0b && byte != 0x1c);
        buffer_printf(&reading->text, "%c", byte == '\r' ? '\\' : byte);
    }
    buffer_append_text(&reading->text, event == HL7_BATCH_MESSAGE ? "}" : ">");
    assert_true(batch->message.size <= MESSAGE_MAX);
}

/* In chunks of so many bytes. The caller frees reading.text. */
static struct reading read_in_chunks(const char *file, size_t size, size_t chunk) {
    struct reading reading = {0};
    struct hl7_batch batch;
    hl7_batch_init(&batch, MESSAGE_MAX, on_finding, &reading);
    for (size_t at = 0; at < size;) {
        size_t end = at + chunk < size ? at + chunk : size, taken;
        /* A copy of its own: reading behind the chunk is found. */
        uint8_t *bytes = malloc(end - at);
        memcpy(bytes, file + at, end - at);
        enum hl7_batch_event event = hl7_batch_feed(&batch, bytes, end - at, &taken);
        free(bytes);
        assert_true(taken <= end - at && (taken > 0 || event != HL7_BATCH_MORE));
        at += taken;
        if (event != HL7_BATCH_MORE) {
            note(&reading, &batch, event);
        }
    }
    for (enum hl7_batch_event event; (event = hl7_batch_finish(&batch)) != HL7_BATCH_MORE;) {
        note(&reading, &batch, event);
    }
    hl7_batch_release(&batch);
    buffer_text(&reading.text);
    return reading;
}

struct file_case {
    const char *name, *file, *want;
};

#define M1 "MSH|^~\\&|1\rPID|1\r"
#define M2 "MSH|^~\\&|2\rPV1|2\r"
#define W1 "{MSH|^~\\&|1\\PID|1\\}"
#define W2 "{MSH|^~\\&|2\\PV1|2\\}"

static const struct file_case files[] = {
    {"bare messages", M1 M2, W1 W2},
    {"one without a final return", "MSH|^~\\&|1\rPID|1", W1},
    {"line feeds", "MSH|^~\\&|1\nPID|1\nMSH|^~\\&|2\nPV1|2\n", W1 W2},
    {"both", "MSH|^~\\&|1\r\nPID|1\r\n\r\nMSH|^~\\&|2\r\nPV1|2\r\n", W1 W2},
    {"byte order mark", "\xef\xbb\xbf" M1 M2, W1 W2},
    {"files put together, each with its mark", "\xef\xbb\xbf" M1 "\xef\xbb\xbf" M2, W1 W2},
    {"a recording of MLLP", "\x0b" M1 "\x1c\r\x0b" M2 "\x1c\r", W1 W2},
    {"a recording without final returns", "\x0bMSH|^~\\&|1\rPID|1\x1c\r\x0bMSH|^~\\&|2\rPV1|2\x1c\r", W1 W2},
    {"the end of text of DOS", "FHS|\rBHS|\r" M1 "BTS|1\rFTS|1\r\n\x1a", W1},
    {"a whole batch file", "FHS|^~\\&|x\rBHS|^~\\&|y\r" M1 M2 "BTS|2\rFTS|1\r", W1 W2},
    {"two batches", "FHS|^~\\&\rBHS|\r" M1 "BTS|1\rBHS|\r" M2 "BTS|1\rFTS|2\r", W1 W2},
    {"two files", "FHS|\rBHS|\r" M1 "BTS|1\rFTS|1\rFHS|\rBHS|\r" M2 "BTS|1\rFTS|1\r", W1 W2},
    {"a batch without a file", "BHS|\r" M1 M2 "BTS|2\r", W1 W2},
    {"a file without batches", "FHS|\r" M1 M2 "FTS|1\r", W1 W2},
    {"other delimiters", "FHS$%~\\&\rBHS$%~\\&\rMSH$%~\\&$1\rBTS$1$done\rFTS$1\r", "{MSH$%~\\&$1\\}"},
    {"trailers without counts", "FHS|\rBHS|\r" M1 "BTS\rFTS||x\r", W1},
    {"blanks round a count", "BHS|\r" M1 "BTS| 1 |x\r", W1},
    {"an empty batch", "FHS|\rBHS|\rBTS|0\rFTS|1\r", ""},
    {"names of segments that only begin so", "MSH|^~\\&|1\rMSHX|1\rBTS1|x\r", "{MSH|^~\\&|1\\MSHX|1\\BTS1|x\\}"},
    {"a character whose second byte is the separator", "MSH|^~\\&|\xab|\xab\\\r", "{MSH|^~\\&|\xab|\xab\\\\}"},

    {"a wrong count of messages", "BHS|\r" M1 M2 "BTS|3\r", W1 W2 "!batch_count_differs@6:3/2"},
    {"a wrong count of batches", "FHS|\rBHS|\r" M1 "BTS|1\rFTS|2\r", W1 "!file_count_differs@6:2/1"},
    {"counts begin anew with each batch", "BHS|\r" M1 "BTS|1\rBHS|\r" M2 "BTS|2\r", W1 W2 "!batch_count_differs@8:2/1"},
    {"a count that is none", "BHS|\r" M1 "BTS|one\r", W1 "!count_unreadable@4"},
    {"a count of more digits than a number", "BHS|\r" M1 "BTS|1111111111111111111\r", W1 "!count_unreadable@4"},
    {"no BTS", "BHS|\r" M1, W1 "!no_batch_trailer@3"},
    {"no BTS before FTS", "FHS|\rBHS|\r" M1 "FTS|1\r", W1 "!no_batch_trailer@5"},
    {"no FTS", "FHS|\rBHS|\r" M1 "BTS|1\r", W1 "!no_file_trailer@5"},
    {"neither", "FHS|\rBHS|\r" M1, W1 "!no_batch_trailer@4!no_file_trailer@4"},
    {"BTS alone", M1 "BTS|1\r", W1 "!no_batch_header@3"},
    {"FTS alone", M1 "FTS|1\r", W1 "!no_file_header@3"},
    {"nested batches", "BHS|\r" M1 "BHS|\r" M2 "BTS|1\r", W1 "!nested_batch@4" W2},
    {"nested files", "FHS|\r" M1 "FHS|\r" M2 "FTS|1\r", W1 "!nested_file@4" W2},
    {"segments before any message, told once", "PID|1\rPV1|1\r" M1, "!stray_segment@1" W1},
    {"segments between header and message", "BHS|\rNTE|1\r" M1 "BTS|1\rZZZ|1\r",
     "!stray_segment@2" W1 "!stray_segment@6"},
    {"nothing", "", "!no_message@0"},
    {"blank lines", "\r\n\r\n", "!no_message@0"},
    {"no HL7", "hello\nworld\n", "!stray_segment@1!no_message@2"},
    {"a large message between others",
     M1 "MSH|^~\\&|L\rOBX|0123456789012345678901234567890123456789012345678901234567890123456789\rZZZ|1\r" M2,
     W1 "!message_too_large@4<large:MSH|^~\\&|L\\>" W2},
    {"a large first segment", "MSH|0123456789012345678901234567890123456789012345678901234567890123456789\r" M2,
     "!message_too_large@1<large:>" W2},
    {"a large one counts",
     "BHS|\rMSH|0123456789012345678901234567890123456789012345678901234567890123456789\r" M2 "BTS|2\r",
     "!message_too_large@2<large:>" W2},
    {"large by many segments",
     "MSH|^~\\&|1\rOBX|0123456789012345678\rOBX|0123456789012345678\rOBX|0123456789012345678\r",
     "!message_too_large@4<large:MSH|^~\\&|1\\OBX|0123456789012345678\\OBX|0123456789012345678\\>"},
    {"a large stray segment", "0123456789012345678901234567890123456789012345678901234567890123456789\r" M1,
     "!stray_segment@1" W1},
};

static void files_give_what_the_table_says(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof files / sizeof *files; i++) {
        size_t size = strlen(files[i].file);
        for (size_t chunk = 1; chunk <= size + 1; chunk++) {
            struct reading reading = read_in_chunks(files[i].file, size, chunk);
            if (strcmp(buffer_text(&reading.text), files[i].want) != 0) {
                fail_msg("%s, in chunks of %zu: got %s, not %s", files[i].name, chunk, buffer_text(&reading.text),
                         files[i].want);
            }
            buffer_release(&reading.text);
        }
    }
}

/* The bound holds for every size around it. */
static void the_largest_message_is_whole_and_one_more_byte_is_not(void **state) {
    (void)state;
    char file[128];
    for (int text = 50; text < 70; text++) {
        int size = snprintf(file, sizeof file, "MSH|%0*d\r", text, 0);
        struct reading reading = read_in_chunks(file, (size_t)size, 7);
        assert_int_equal(buffer_text(&reading.text)[0], size <= MESSAGE_MAX ? '{' : '!');
        buffer_release(&reading.text);
    }
}

static void findings_have_texts(void **state) {
    (void)state;
    for (int kind = 0; kind < HL7_BATCH_FINDING_KINDS; kind++) {
        assert_true(strlen(hl7_batch_finding_text((enum hl7_batch_finding_kind)kind)) > 10);
        assert_true(strlen(hl7_batch_finding_text_zh((enum hl7_batch_finding_kind)kind)) > 6);
        assert_true(strlen(hl7_batch_finding_name((enum hl7_batch_finding_kind)kind)) > 4);
    }
}

/* --- Answers --------------------------------------------------------------------------------------------------------
 */
struct answer_case {
    const char *answer; /* after MSH */
    const char *code;   /* NULL: it is none */
    uint32_t error;
    const char *place, *id;
};

static const struct answer_case answers[] = {
    {"MSA|AA|7\r", "AA", 0, "", "7"},
    {"MSA|CA|7", "CA", 0, "", "7"},
    {"MSA|AA| 007 \r", "AA", 0, "", " 007 "},
    {"MSA|AR\r", "AR", 0, "", ""},
    {"MSA|AE|7\rERR||PID^1^3|204^Unknown key identifier^HL70357|E||||text\r", "AE", 204, "PID-3", "7"},
    {"MSA|AE|7\rERR||PV1^1|100^x|E\r", "AE", 100, "PV1", "7"},
    {"MSA|AE|7\rERR|PID^1^3^103&Table value not found\r", "AE", 103, "PID-3", "7"},
    {"MSA|AR|7\rERR||MSH^1^9^2|201|E\rERR||PID^1^3|204|E\r", "AR", 201, "MSH-9", "7"},
    {"MSA|AR|7\rERR|||207|E\r", "AR", 207, "", "7"},
    {"MSA|AA|7\rERR\r", "AA", 0, "", "7"},
    {"MSA|AE|7\rERR||pid^1^3|99999999999999|E\r", "AE", 999999, "", "7"},
    {"MSA|AE|7\rERR||P\nD^1^3|102|E\r", "AE", 102, "", "7"},
    {"MSA|XX|7\r", NULL, 0, "", ""},
    {"MSA||7\r", NULL, 0, "", ""},
    {"MSA\r", NULL, 0, "", ""},
    {"PID|1\r", NULL, 0, "", ""},
    {"", NULL, 0, "", ""},
};

static void answers_are_read(void **state) {
    (void)state;
    for (size_t i = 0; i < sizeof answers / sizeof *answers; i++) {
        char text[256];
        int size = snprintf(text, sizeof text, "MSH|^~\\&|A|B|C|D|20260101||ACK|1|P|2.5\r%s", answers[i].answer);
        uint8_t *bytes = malloc((size_t)size);
        memcpy(bytes, text, (size_t)size);
        struct hl7_answer answer;
        bool is_answer = hl7_answer_parse(bytes, (size_t)size, &answer);
        if (is_answer != (answers[i].code != NULL)) {
            fail_msg("%s is %s answer", answers[i].answer, is_answer ? "an" : "no");
        }
        if (is_answer) {
            assert_string_equal(answer.code, answers[i].code);
            assert_int_equal(answer.error, answers[i].error);
            assert_string_equal(answer.place, answers[i].place);
            assert_int_equal(answer.control_id_size, strlen(answers[i].id));
            assert_memory_equal(answer.control_id, answers[i].id, answer.control_id_size);
            assert_int_equal(hl7_answer_is_positive(&answer), answers[i].code[1] == 'A');
            assert_int_equal(hl7_answer_is_try_again(&answer), answers[i].error == 207);
        }
        free(bytes);
    }
    struct hl7_answer answer;
    assert_false(hl7_answer_parse((const uint8_t *)"MSA|AA|7\r", 9, &answer)); /* without MSH */
    const char *other = "MSH$%~\\@$A\rMSA$AE$7\rERR$PID%1%3%103@x\r";
    assert_true(hl7_answer_parse((const uint8_t *)other, strlen(other), &answer));
    assert_int_equal(answer.error, 103);
}

static void an_answer_fits_its_message_alone(void **state) {
    (void)state;
    static const struct {
        const char *message, *answer;
        bool fits;
    } cases[] = {
        {"MSH|^~\\&|a|b|c|d|t||ADT^A01|0007|P|2.5\rPID|7\r", "MSA|AA|0007", true},
        {"MSH|^~\\&|a|b|c|d|t||ADT^A01|0007|P|2.5\rPID|7\r", "MSA|AA|7", false},
        {"MSH|^~\\&|a|b|c|d|t||ADT^A01|0007|P|2.5\rPID|8\r", "MSA|AA|8", false},
        {"MSH|^~\\&|a|b|c|d|t||ADT^A01| 7|P|2.5\r", "MSA|AA| 7", true},
        {"MSH|^~\\&|a|b|c|d|t||ADT^A01| 7|P|2.5\r", "MSA|AA|7", false},
        {"MSH|^~\\&|a|b|c|d|t||ADT^A01||P|2.5\r", "MSA|AR|", true},
        {"MSH|^~\\&|a|b|c|d|t||ADT^A01|7|P|2.5\r", "MSA|AA|", false},
        {"MSH|^~\\&|a|b|c|d|t||ADT^A01|7", "MSA|AA|7", true},
        {"MSH|^~\\&|\xab|x|b|c|d|t||ADT^A01|7|P|2.5\r", "MSA|AA|7", true},
        {"", "MSA|AA|7", false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        char text[128];
        struct hl7_answer answer;
        int size = snprintf(text, sizeof text, "MSH|^~\\&|x\r%s\r", cases[i].answer);
        assert_true(hl7_answer_parse((const uint8_t *)text, (size_t)size, &answer));
        if (hl7_answer_fits(&answer, (const uint8_t *)cases[i].message, strlen(cases[i].message)) != cases[i].fits) {
            fail_msg("case %zu", i);
        }
    }
}

static void addresses_are_taken_or_refused(void **state) {
    (void)state;
    static const struct {
        const char *text, *host, *port; /* host NULL: none */
    } cases[] = {
        {"127.0.0.1:2575", "127.0.0.1", "2575"},
        {"gateway:1", "gateway", "1"},
        {"[::1]:2575", "::1", "2575"},
        {"", NULL, NULL},
        {"gateway", NULL, NULL},
        {":2575", NULL, NULL},
        {"gateway:", NULL, NULL},
        {"gateway:x", NULL, NULL},
        {"gateway:123456", NULL, NULL},
        {"[::1]", NULL, NULL},
        {"[::1:2575", NULL, NULL},
        {"::1:2575", NULL, NULL},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        struct hl7_link_address address;
        bool is_taken = hl7_link_address_parse(cases[i].text, &address);
        assert_int_equal(is_taken, cases[i].host != NULL);
        if (is_taken) {
            assert_string_equal(address.host, cases[i].host);
            assert_string_equal(address.port, cases[i].port);
        }
    }
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(files_give_what_the_table_says),
        cmocka_unit_test(the_largest_message_is_whole_and_one_more_byte_is_not),
        cmocka_unit_test(findings_have_texts),
        cmocka_unit_test(answers_are_read),
        cmocka_unit_test(an_answer_fits_its_message_alone),
        cmocka_unit_test(addresses_are_taken_or_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
