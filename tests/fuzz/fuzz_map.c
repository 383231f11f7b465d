/* A message of any bytes, read by a feed with no settings and by one with all of them: what comes out is a command in
 * good form or a refusal, the same one each time, and an answer that is one frame whatever the header holds. */

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/utf8.h"
#include "hl7-gateway/ack.h"
#include "hl7-gateway/mllp.h"
#include "wire/limits.h"
#include "wire/validate.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct profiles *load_profiles(void) {
    static const struct config_key *const keys[] = {profile_config_keys, NULL};
    static struct profiles profiles;
    char *argv[] = {
        (char *)"fuzz",
        (char *)"--feeds-bare-facility=h1",
        (char *)"--feeds-full-facility=h2",
        (char *)"--feeds-full-sending-facility=X",
        (char *)"--feeds-full-card-field=ZCD-2",
        (char *)"--feeds-full-rescue-segment=ZRC",
        (char *)"--feeds-full-processing-ids=PTD",
        (char *)"--feeds-full-ack-mode=enhanced",
        (char *)"--feeds-full-prior-must-exist=true",
        (char *)"--feeds-full-identifiers=K=social-card-number,S=social-card-code,QR=ignore",
        (char *)"--feeds-full-further-identifiers=PID-2=outpatient,PID-4=visit-card,PID-19=resident-id",
        (char *)"--feeds-full-domains=HIS=own,1.2.3=city-mpi",
        (char *)"--feeds-full-classes=DAY CASE=inpatient",
        (char *)"--feeds-full-triggers=ZP1=A28,Z99=A08",
        NULL,
    };
    struct config *config;
    enum config_action action;
    struct config_error error;
    if (profiles.count == 0) {
        CHECK(config_load(keys, (int)(sizeof argv / sizeof *argv) - 1, argv, &config, &action, &error) == STATUS_OK);
        CHECK(profiles_load(config, &profiles, &error) == STATUS_OK && profiles.count == 2);
        config_destroy(&config);
    }
    return &profiles;
}

/* One frame, and MSH-10 in it where it does not itself break frames. */
static void check_answer(enum ack_mode mode, const struct hl7_header *header, const struct verdict *verdict) {
    struct buffer out = {0};
    const char *code = ack_code(mode, header, verdict);
    bool is_positive = verdict->code == HL7_CODE_OK || verdict->is_warning;
    CHECK((code[0] == 'A' || code[0] == 'C') && is_positive == (code[1] == 'A'));
    ack_append(&out, header, code, verdict, "b7-42", 1593750896000);
    CHECK(out.size > 16 && out.data[0] == MLLP_START && out.data[out.size - 1] == MLLP_RETURN);
    CHECK(memchr(out.data + 1, MLLP_START, out.size - 1) == NULL);
    CHECK(memchr(out.data, MLLP_END, out.size) == out.data + out.size - 2);
    struct text id = header->control_id;
    bool is_safe =
        id.size > 0 && memchr(id.data, MLLP_START, id.size) == NULL && memchr(id.data, MLLP_END, id.size) == NULL;
    CHECK(!is_safe || memmem(out.data, out.size, id.data, id.size) != NULL);
    buffer_release(&out);
}

static void check_problems(const struct hl7_header *header) {
    static const char *const fields[] = {"", "person.local_ids[0].domain", "moves[3].new_number",
                                         "merges[9999999999].prior"};
    for (uint32_t code = 0; code < 130; code++) {
        struct verdict verdict = map_problem(header, code, fields[code % 4], true);
        CHECK(verdict.code != HL7_CODE_OK);
    }
}

/* Packs it, for the comparison of two readings. */
static uint8_t *pack(const struct mapped *mapped, size_t *size) {
    const char *field = NULL;
    CHECK(mapped->command != NULL && validate_message(&mapped->command->base, &field) == 0);
    *size = visits__v1__command__get_packed_size(mapped->command);
    CHECK(*size > 0 && *size <= SERVER_COMMAND_BYTES_MAX);
    uint8_t *bytes = malloc(*size);
    CHECK(bytes != NULL && visits__v1__command__pack(mapped->command, bytes) == *size);
    return bytes;
}

static void map_twice(const struct profile *profile, const struct hl7_message *message) {
    struct mapped mapped, again;
    struct arena arena, other;
    arena_init(&arena, 128 * 1024);
    arena_init(&other, 128 * 1024);
    map_message(profile, message, &arena, &mapped);
    map_message(profile, message, &other, &again);
    CHECK(mapped.verdict.code == again.verdict.code && mapped.has_no_effect == again.has_no_effect);
    bool is_sent = (mapped.verdict.code == HL7_CODE_OK || mapped.verdict.is_warning) && !mapped.has_no_effect;
    CHECK(is_sent == (mapped.command != NULL) && is_sent == (again.command != NULL));
    if (is_sent) {
        size_t size, other_size;
        uint8_t *bytes = pack(&mapped, &size), *other_bytes = pack(&again, &other_size);
        CHECK(size == other_size && memcmp(bytes, other_bytes, size) == 0);
        free(bytes);
        free(other_bytes);
    }
    check_answer(profile->ack_mode, &message->header, &mapped.verdict);
    arena_release(&other);
    arena_release(&arena);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct hl7_message message;
    const struct profiles *profiles = load_profiles();
    struct hl7_header header;
    enum hl7_problem problem = hl7_read_header(data, size, &header);
    if (problem == HL7_NO_MSH || problem == HL7_BAD_DELIMITERS) {
        return 0;
    }
    CHECK(profiles_find(profiles, "city", &header) != NULL);
    check_problems(&header);
    /* Messages are converted before they are split. */
    bool is_text = problem == HL7_OK && utf8_is_valid((const char *)data, size) &&
                   hl7_parse((const char *)data, size, "ZCD ZRC", &message) == HL7_OK;
    for (size_t i = 0; i < profiles->count; i++) {
        const struct profile *profile = &profiles->rows[i];
        struct verdict verdict = map_check_header(profile, &header);
        check_answer(profile->ack_mode, &header, &verdict);
        if (verdict.code == HL7_CODE_OK && is_text) {
            map_twice(profile, &message);
        }
    }
    return 0;
}
