#include <iconv.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "hl7-gateway/charset.h"
#include "hl7-gateway/mllp.h"

/*
 * Reading HL7 alone, no socket and no mapping: the frame out of the stream, header, conversion, segments; then the same
 * with a dozen values fetched as a mapping does. Prints messages a second and nanoseconds of one thread.
 *
 *     bench_hl7 [MESSAGES]
 */

static const char admission[] =
    "MSH|^~\\&|HIS|XC-A|LIANCHENG|XC|20260115143000||ADT^A01^ADT_A01|A2026011500000001|P|2.4|||AL|AL||UNICODE UTF-8\r"
    "EVN|A01|20260115142955|||0231^李医生\r"
    "PID|1||0001200001^^^^IDCard~411099197001010018^^^^IdentifyNO~ZY00260101^^^^PatientNO||陈昞||19700101|M|||"
    "河南省许昌市魏都区示例路一号院二号楼三单元||13800000000|||M||||||汉族\r"
    "NK1|1|陈某|配偶|河南省许昌市魏都区示例路一号院二号楼三单元|13800000001\r"
    "PV1|1|I|心内科一病区^03^12^XC-A||||0231^李医生^^^^主任医师|0232^王医生|||0301||||||||ZY2026011500017|SSC"
    "||||||||||||||||||||||||20260115142500\r"
    "DG1|1||I20.0^不稳定型心绞痛||20260115142500|A\r"
    "OBX|1|NM|1001^收缩压||138|mmHg|90-140||||F|||20260115142000\r"
    "OBX|2|NM|1002^舒张压||86|mmHg|60-90||||F|||20260115142000\r"
    "OBX|3|TX|1003^主诉||反复胸闷气短三月余，加重两天，活动后明显，休息后可缓解||||||F\r"
    "IN1|1|01|410000^城镇职工基本医疗保险|许昌市医疗保障局\r";

struct reader {
    struct mllp_reader mllp;
    struct charset_converter *converter;
    struct arena arena;
    struct hl7_message message;
    size_t fetched_bytes;
};

static int64_t now_ns(void) {
    struct timespec now;
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
    return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

/* The admission in a frame, in UTF-8 or in GB18030. */
static struct buffer make_frame(bool is_gb18030) {
    struct buffer frame = {0};
    char text[4096];
    char *in = (char *)(uintptr_t)admission, *out = text;
    size_t in_left = sizeof admission - 1, out_left = sizeof text;
    iconv_t iconv_of = iconv_open(is_gb18030 ? "GB18030" : "UTF-8", "UTF-8");
    CHECK(iconv_of != (iconv_t)-1 && iconv(iconv_of, &in, &in_left, &out, &out_left) == 0);
    iconv_close(iconv_of);
    buffer_append(&frame, "\x0b", 1);
    buffer_append(&frame, text, sizeof text - out_left);
    buffer_append(&frame, "\x1c\r", 2);
    char *name = is_gb18030 ? memmem(frame.data, frame.size, "UNICODE UTF-8", 13) : NULL;
    if (name != NULL) {
        memcpy(name, "GB 18030-2000", 13);
    }
    return frame;
}

static void fetch(struct reader *reader) {
    static const struct {
        enum hl7_segment_kind kind;
        unsigned field, component;
    } values[] = {{HL7_MSH, 7, 1},  {HL7_EVN, 2, 1},  {HL7_EVN, 6, 1},  {HL7_PID, 3, 1},
                  {HL7_PID, 3, 5},  {HL7_PID, 7, 1},  {HL7_PV1, 2, 1},  {HL7_PV1, 3, 1},
                  {HL7_PV1, 19, 1}, {HL7_PV1, 20, 1}, {HL7_PV1, 44, 1}, {HL7_PV1, 45, 1}};
    for (size_t i = 0; i < sizeof values / sizeof *values; i++) {
        const struct hl7_segment *segment = hl7_find(&reader->message, values[i].kind, 0);
        const char *value = hl7_get(&reader->message, segment, values[i].field, values[i].component, &reader->arena);
        int64_t ms;
        CHECK(value != NULL);
        reader->fetched_bytes += strlen(value) + (values[i].component == 1 && hl7_time(value, &ms));
    }
}

static void read_one(struct reader *reader, const struct buffer *frame, bool with_values) {
    size_t taken;
    struct hl7_header header;
    struct charset_result result;
    struct text text;
    CHECK(mllp_feed(&reader->mllp, frame->data, frame->size, &taken) == MLLP_FRAME);
    const struct buffer *payload = &reader->mllp.frame;
    CHECK(hl7_read_header(payload->data, payload->size, &header) == HL7_OK);
    CHECK(charset_convert(reader->converter, charset_of_header(&header), payload->data, payload->size, &reader->arena,
                          &text, &result));
    CHECK(hl7_parse(text.data, text.size, NULL, &reader->message) == HL7_OK);
    charset_attach(reader->converter, &result, &reader->message);
    if (with_values) {
        fetch(reader);
    }
    mllp_next(&reader->mllp);
    arena_reset(&reader->arena);
}

static void measure(struct reader *reader, const char *name, bool is_gb18030, bool with_values, unsigned messages) {
    struct buffer frame = make_frame(is_gb18030);
    int64_t begun_ns = now_ns();
    for (unsigned i = 0; i < messages; i++) {
        read_one(reader, &frame, with_values);
    }
    double ns = (double)(now_ns() - begun_ns) / messages;
    printf("%-8s %5zu bytes %-12s %9.0f messages/s %6.0f ns\n", name, frame.size - 3, with_values ? "with values" : "",
           1e9 / ns, ns);
    buffer_release(&frame);
}

int main(int argc, char **argv) {
    const unsigned messages = argc > 1 ? (unsigned)strtoul(argv[1], NULL, 10) : 1000000;
    static struct reader reader;
    int64_t begun_ns = now_ns();
    reader.converter = charset_converter_new();
    if (messages == 0 || reader.converter == NULL) {
        return 64;
    }
    printf("the table of GB18030: %.1f ms\n", (double)(now_ns() - begun_ns) / 1e6);
    mllp_init(&reader.mllp, 1 << 24);
    arena_init(&reader.arena, 1 << 20);
    for (int with_values = 0; with_values < 2; with_values++) {
        measure(&reader, "UTF-8", false, with_values, messages);
        measure(&reader, "GB18030", true, with_values, messages);
    }
    arena_release(&reader.arena);
    mllp_release(&reader.mllp);
    charset_converter_destroy(&reader.converter);
    return reader.fetched_bytes > 0 ? 0 : 1;
}
