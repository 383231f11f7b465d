/* Batch files from outside: the same messages whatever the chunks, each within the bound and without what MLLP keeps
 * for itself; and answers of a gateway. The first byte says how large the chunks are. */
#include <string.h>

#include "base/check.h"
#include "ctl/hl7_answer.h"
#include "ctl/hl7_batch.h"

#define MESSAGE_MAX 4096

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

struct outcome {
    uint64_t messages, findings, hash;
};

static void on_finding(void *user, const struct hl7_batch_finding *finding) {
    struct outcome *outcome = user;
    outcome->findings++;
    CHECK(*hl7_batch_finding_text(finding->kind) && *hl7_batch_finding_name(finding->kind));
    outcome->hash = outcome->hash * 31 + finding->kind * 7 + finding->segment;
}

static void take(const struct hl7_batch *batch, struct outcome *outcome) {
    const struct buffer *message = &batch->message;
    outcome->messages++;
    CHECK(message->size <= MESSAGE_MAX);
    for (size_t i = 0; i < message->size; i++) {
        uint8_t byte = message->data[i];
        CHECK(byte != 0x0b && byte != 0x1c && byte != '\n');
        outcome->hash = outcome->hash * 131 + byte;
    }
}

static struct outcome read_all(const uint8_t *data, size_t size, size_t chunk) {
    struct outcome outcome = {0};
    struct hl7_batch batch;
    hl7_batch_init(&batch, MESSAGE_MAX, on_finding, &outcome);
    for (size_t at = 0, taken; at < size; at += taken) {
        size_t part = size - at < chunk ? size - at : chunk;
        if (hl7_batch_feed(&batch, data + at, part, &taken) != HL7_BATCH_MORE) {
            take(&batch, &outcome);
        }
        CHECK(taken > 0 && taken <= part);
    }
    while (hl7_batch_finish(&batch) != HL7_BATCH_MORE) {
        take(&batch, &outcome);
    }
    CHECK(batch.messages == outcome.messages);
    hl7_batch_release(&batch);
    return outcome;
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    if (size < 1) {
        return 0;
    }
    struct outcome whole = read_all(data + 1, size - 1, size), parts = read_all(data + 1, size - 1, data[0] % 61 + 1u);
    CHECK(whole.messages == parts.messages && whole.findings == parts.findings && whole.hash == parts.hash);
    struct hl7_answer answer;
    if (hl7_answer_parse(data + 1, size - 1, &answer)) {
        CHECK(strlen(answer.code) == 2 && memchr(answer.place, 0, sizeof answer.place));
        hl7_answer_fits(&answer, data + 1, size - 1);
    }
    const char *id;
    size_t id_size;
    hl7_answer_control_id(data + 1, size - 1, &id, &id_size);
    return 0;
}
