#include "hl7-gateway/ack.h"

#include <string.h>

#include "base/civil.h"
#include "hl7-gateway/mllp.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* --- MSA-1 (HL7 v2.x 2.9.2, 2.9.3) --- */

/* By MSH-15. Never or only on errors would leave a sender waiting that reads one answer for each message, so there is
 * always one: where none was asked for, the code of the application's own. */
static const struct {
    char accept[3];
    char stored[3], error[3], reject[3];
} rows[] = {
    {"", "AA", "AE", "AR"},   {"NE", "AA", "AE", "AR"}, {"AL", "CA", "CE", "CR"},
    {"ER", "AA", "CE", "CR"}, {"SU", "CA", "AE", "AR"},
};

static size_t row_of(enum ack_mode mode, const struct hl7_header *header) {
    struct text accept = header->accept_ack;
    if (mode == ACK_MODE_ORIGINAL) {
        return 0;
    }
    if (mode == ACK_MODE_ENHANCED && accept.size == 0) {
        return 2;
    }
    for (size_t i = 1; i < COUNT(rows); i++) {
        if (accept.size == 2 && memcmp(rows[i].accept, accept.data, 2) == 0) {
            return i;
        }
    }
    return 0;
}

const char *ack_code(enum ack_mode mode, const struct hl7_header *header, const struct verdict *verdict) {
    size_t row = row_of(mode, header);
    if (verdict->code == HL7_CODE_OK || verdict->is_warning) {
        return rows[row].stored;
    }
    return verdict->is_reject ? rows[row].reject : rows[row].error;
}

/* --- Texts (HL7 table 0357): letters, digits and blanks alone, which are no delimiters --- */

struct words {
    enum hl7_code code;
    const char *name;
    const char *help;
};

static const struct words words[] = {
    {HL7_CODE_OK, "Message accepted", "Accepted"},
    {HL7_CODE_SEGMENT_SEQUENCE, "Segment sequence error", "A segment that is needed is missing or unreadable"},
    {HL7_CODE_FIELD_MISSING, "Required field missing", "The field is needed here and is empty"},
    {HL7_CODE_DATA_TYPE, "Data type error", "The field or the character set cannot be read"},
    {HL7_CODE_TABLE_VALUE, "Table value not found", "The value fails its check"},
    {HL7_CODE_MESSAGE_TYPE, "Unsupported message type", "Only ADT is taken here"},
    {HL7_CODE_EVENT, "Unsupported event code", "This trigger event is not taken here"},
    {HL7_CODE_PROCESSING_ID, "Unsupported processing id", "This processing id is not taken here"},
    {HL7_CODE_VERSION, "Unsupported version id", "Versions 2 of the standard are taken here"},
    {HL7_CODE_UNKNOWN_KEY, "Unknown key identifier", "This number or its authority is not known for the sender"},
    {HL7_CODE_DUPLICATE_KEY, "Duplicate key identifier", "The numbers to be merged are one already"},
    {HL7_CODE_LOCKED, "Application record locked", "Visits of this person still stand"},
    {HL7_CODE_INTERNAL, "Application internal error", "It cannot be processed"},
};
#define TRY_AGAIN "It cannot be taken now and may be sent again later"

static const struct words *words_of(enum hl7_code code) {
    for (size_t i = 0; i < COUNT(words); i++) {
        if (words[i].code == code) {
            return &words[i];
        }
    }
    return &words[COUNT(words) - 1];
}

static const char *help_of(const struct verdict *verdict) {
    return verdict->code == HL7_CODE_INTERNAL && verdict->is_reject ? TRY_AGAIN : words_of(verdict->code)->help;
}

/* --- Writing --- */

struct writer {
    struct buffer *out;
    struct hl7_delimiters delimiters;
};

static void put_byte(const struct writer *writer, char c) {
    buffer_append(writer->out, &c, 1);
}

static void put_fields(const struct writer *writer, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        put_byte(writer, writer->delimiters.field);
    }
}

static void put_components(const struct writer *writer, unsigned count) {
    for (unsigned i = 0; i < count; i++) {
        put_byte(writer, writer->delimiters.component);
    }
}

/* Bytes of the message as they came; left out when they would break the frame or the segment. */
static void put_raw(const struct writer *writer, struct text text) {
    for (size_t i = 0; i < text.size; i++) {
        if (text.data[i] == MLLP_START || text.data[i] == MLLP_END || text.data[i] == '\r') {
            return;
        }
    }
    if (text.size > 0) {
        buffer_append(writer->out, text.data, text.size);
    }
}

static bool is_delimiter(const struct hl7_delimiters *delimiters, char c) {
    return c == delimiters->field || c == delimiters->component || c == delimiters->repetition ||
           c == delimiters->escape || c == delimiters->subcomponent;
}

/* A text of ours. The sender's delimiters in it are left out. */
static void put_own(const struct writer *writer, const char *text) {
    for (; *text != 0; text++) {
        if (!is_delimiter(&writer->delimiters, *text)) {
            put_byte(writer, *text);
        }
    }
}

/* YYYYMMDDHHMMSS in +08:00, without a zone: every version reads it. */
static void put_now(const struct writer *writer, int64_t now_ms) {
    int32_t day = civil_day_of_ms(now_ms);
    struct civil_date date = civil_date_from_day(day);
    unsigned second = (unsigned)((now_ms - civil_ms_of_day(day)) / 1000);
    buffer_printf(writer->out, "%04d%02u%02u%02u%02u%02u", (int)date.year, (unsigned)date.month, (unsigned)date.day,
                  second / 3600, second / 60 % 60, second % 60);
}

/* ACK^A01, and the structure where the sender gave one (from 2.3.1 on). */
static void put_type(const struct writer *writer, const struct hl7_header *header) {
    buffer_append_text(writer->out, "ACK");
    if (header->trigger.size > 0) {
        put_components(writer, 1);
        put_raw(writer, header->trigger);
    }
    if (header->structure.size > 0) {
        put_components(writer, header->trigger.size > 0 ? 1 : 2);
        buffer_append_text(writer->out, "ACK");
    }
}

static void put_msh(const struct writer *writer, const struct hl7_header *header, const char *control_id,
                    int64_t now_ms) {
    const struct text swapped[] = {header->receiving_application, header->receiving_facility,
                                   header->sending_application, header->sending_facility};
    buffer_append_text(writer->out, "MSH");
    put_fields(writer, 1);
    put_raw(writer, header->encoding);
    for (size_t i = 0; i < COUNT(swapped); i++) {
        put_fields(writer, 1);
        put_raw(writer, swapped[i]);
    }
    put_fields(writer, 1);
    put_now(writer, now_ms);
    put_fields(writer, 2);
    put_type(writer, header);
    put_fields(writer, 1);
    put_own(writer, control_id);
    put_fields(writer, 1);
    put_raw(writer, header->processing_id);
    put_fields(writer, 1);
    put_raw(writer, header->version);
    if (header->charset_field.size > 0) {
        put_fields(writer, 6);
        put_raw(writer, header->charset_field);
    }
    put_byte(writer, '\r');
}

static void put_msa(const struct writer *writer, const char *code, struct text control_id) {
    buffer_append_text(writer->out, "MSA");
    put_fields(writer, 1);
    buffer_append_text(writer->out, code);
    put_fields(writer, 1);
    put_raw(writer, control_id);
    put_byte(writer, '\r');
}

/* --- ERR --- */

/* 2.0 to 2.4; what is no version gets the newer form. */
static bool is_before_2_5(struct text version) {
    while (version.size > 0 && version.data[0] == ' ') {
        version = (struct text){version.data + 1, version.size - 1};
    }
    return version.size >= 3 && memcmp(version.data, "2.", 2) == 0 && version.data[2] >= '0' &&
           version.data[2] <= '4' && (version.size == 3 || version.data[3] < '0' || version.data[3] > '9');
}

static void put_number(const struct writer *writer, unsigned number) {
    buffer_printf(writer->out, "%u", number);
}

/* Segment, sequence, field; the last ones left out where there are none. */
static void put_place(const struct writer *writer, const struct hl7_place *place) {
    if (place->segment == NULL) {
        return;
    }
    put_own(writer, place->segment);
    put_components(writer, 1);
    put_number(writer, place->sequence);
    if (place->field > 0) {
        put_components(writer, 1);
        put_number(writer, place->field);
    }
}

/* ERR-1 (ELD): segment, sequence, field, code & text. */
static void put_old_error(const struct writer *writer, const struct verdict *verdict) {
    const struct hl7_place *place = &verdict->place;
    put_fields(writer, 1);
    put_place(writer, place);
    put_components(writer, place->segment == NULL ? 3 : place->field > 0 ? 1 : 2);
    put_number(writer, verdict->code);
    if (writer->delimiters.subcomponent != 0) {
        put_byte(writer, writer->delimiters.subcomponent);
        buffer_append_text(writer->out, words_of(verdict->code)->name);
    }
}

/* ERR-2 (ERL) place, ERR-3 code, ERR-4 severity, ERR-8 text for a person. */
static void put_new_error(const struct writer *writer, const struct verdict *verdict) {
    put_fields(writer, 2);
    put_place(writer, &verdict->place);
    if (verdict->place.field > 0 && verdict->place.component > 0) {
        put_components(writer, 1);
        put_number(writer, 1); /* repetition */
        put_components(writer, 1);
        put_number(writer, verdict->place.component);
    }
    put_fields(writer, 1);
    put_number(writer, verdict->code);
    put_components(writer, 1);
    buffer_append_text(writer->out, words_of(verdict->code)->name);
    put_components(writer, 1);
    buffer_append_text(writer->out, "HL70357");
    put_fields(writer, 1);
    put_byte(writer, verdict->is_warning ? 'W' : 'E');
    put_fields(writer, 4);
    buffer_append_text(writer->out, help_of(verdict));
}

static void put_err(const struct writer *writer, struct text version, const struct verdict *verdict) {
    if (verdict->code == HL7_CODE_OK) {
        return;
    }
    buffer_append_text(writer->out, "ERR");
    if (is_before_2_5(version)) {
        put_old_error(writer, verdict);
    } else {
        put_new_error(writer, verdict);
    }
    put_byte(writer, '\r');
}

void ack_append(struct buffer *out, const struct hl7_header *header, const char *code, const struct verdict *verdict,
                const char *control_id, int64_t now_ms) {
    struct writer writer = {out, header->delimiters};
    put_byte(&writer, MLLP_START);
    put_msh(&writer, header, control_id, now_ms);
    put_msa(&writer, code, header->control_id);
    put_err(&writer, header->version, verdict);
    put_byte(&writer, MLLP_END);
    put_byte(&writer, MLLP_RETURN);
}

void ack_append_unreadable(struct buffer *out, const char *control_id, int64_t now_ms) {
    static const struct hl7_header usual = {
        .delimiters = {'|', '^', '~', '\\', '&'},
        .encoding = {"^~\\&", 4},
        .processing_id = {"P", 1},
        .version = {"2.5", 3},
    };
    static const struct verdict verdict = {
        .code = HL7_CODE_SEGMENT_SEQUENCE, .is_reject = true, .place = {.segment = "MSH", .sequence = 1}};
    ack_append(out, &usual, "AR", &verdict, control_id, now_ms);
}
