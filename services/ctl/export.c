#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <sodium.h>

#include "base/buffer.h"
#include "base/check.h"
#include "ctl/ctl.h"
#include "ctl/log_file.h"
#include "ctl/progress.h"
#include "journal/chain.h"
#include "journal/journal.h"

/*
 * A log for strangers: all that its hash chain is made of, with the hash of each private body in the body's place. One
 * object a line: {"log"}, a row each, {"end"}; docs/receipts.md has the members.
 */
#define EXPORT_FORMAT 1
#define FLUSH_BYTES 262144
#define ROW_BYTES_MAX 512 /* of a line without its public body */
#define PROGRESS_ROWS 16384

struct export {
    const char *log;
    struct journal_reader *reader;
    uint64_t after;
    uint64_t up_to;
    struct id epoch;
    char service[JOURNAL_SERVICE_BYTES];
    uint8_t chain[CHAIN_BYTES]; /* of the row written last */
    struct buffer out;
    struct progress progress;
};

/* --- A line, by hand: there are millions -----------------------------------------------------------------------------
 */

static char *put_text(char *to, const char *text) {
    size_t size = strlen(text);
    memcpy(to, text, size);
    return to + size;
}

static char *put_number(char *to, uint64_t number) {
    char digits[20];
    size_t count = 0;
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number > 0);
    while (count > 0) {
        *to++ = digits[--count];
    }
    return to;
}

static char *put_signed(char *to, int64_t number) {
    if (number < 0) {
        *to++ = '-';
    }
    return put_number(to, number < 0 ? 0 - (uint64_t)number : (uint64_t)number);
}

static char *put_hex(char *to, const uint8_t *bytes, size_t size) {
    static const char digits[] = "0123456789abcdef";
    for (size_t i = 0; i < size; i++) {
        *to++ = digits[bytes[i] >> 4];
        *to++ = digits[bytes[i] & 15];
    }
    return to;
}

static char *put_base64(char *to, const uint8_t *bytes, size_t size) {
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    for (size_t at = 0; at < size; at += 3) {
        size_t left = size - at;
        uint32_t three =
            (uint32_t)bytes[at] << 16 | (left > 1 ? (uint32_t)bytes[at + 1] << 8 : 0) | (left > 2 ? bytes[at + 2] : 0);
        *to++ = digits[three >> 18];
        *to++ = digits[three >> 12 & 63];
        *to++ = left > 1 ? digits[three >> 6 & 63] : '=';
        *to++ = left > 2 ? digits[three & 63] : '=';
    }
    return to;
}

static void append_row(struct buffer *out, const struct journal_row *row) {
    uint8_t hash[CHAIN_BYTES] = {0};
    if (row->private_size > 0) {
        crypto_generichash(hash, sizeof hash, row->private_body, row->private_size, NULL, 0);
    }
    char *start = (char *)buffer_reserve(out, ROW_BYTES_MAX + row->public_size / 3 * 4 + 4);
    char *to = put_number(put_text(start, "{\"seq\":"), row->seq);
    to = put_number(put_text(to, ",\"prev\":"), row->prev);
    to = put_hex(put_text(to, ",\"command\":\""), row->command.bytes, ID_BYTES);
    to = put_signed(put_text(to, "\",\"at_ms\":"), row->at_ms);
    to = put_number(put_text(to, ",\"type\":"), row->type);
    to = put_hex(put_text(to, ",\"private\":\""), hash, sizeof hash);
    to = put_base64(put_text(to, "\",\"public\":\""), row->public_body, row->public_size);
    to = put_hex(put_text(to, "\",\"chain\":\""), row->chain, sizeof row->chain);
    to = put_text(to, "\"}\n");
    out->size += (size_t)(to - start);
}

/* --- The whole ---------------------------------------------------------------------------------------------------- */

static bool flush(struct export *export) {
    bool is_written = fwrite(export->out.data, 1, export->out.size, stdout) == export->out.size;
    buffer_clear(&export->out);
    return is_written;
}

static int fail(const struct export *export, enum status status) {
    return ctl_error((int)status_exit_code(status), "%s cannot be read: %s", export->log, status_name(status));
}

static int fail_to_write(void) {
    return ctl_error(EXIT_CODE_FAILED, "standard output cannot be written");
}

/* Epoch, service, the last number, and the chain hash of the row before the first one. */
static int begin(struct export *export) {
    const struct journal_options options = {.path = export->log, .read_only = true};
    uint64_t head = 0;
    enum status status = journal_reader_open(&options, &export->reader);
    if (status == STATUS_OK) {
        status = journal_reader_head(export->reader, &head, &export->epoch);
    }
    if (status == STATUS_OK) {
        status = journal_reader_service(export->reader, export->service);
    }
    if (status != STATUS_OK) {
        return fail(export, status);
    }
    export->up_to = export->up_to == 0 ? head : export->up_to;
    if (export->up_to > head || export->after > export->up_to) {
        return ctl_error(EXIT_CODE_USAGE, "%s goes as far as number %" PRIu64, export->log, head);
    }
    if (export->after > 0) {
        struct journal_row row;
        (void)journal_reader_seek(export->reader, export->after - 1, export->after, false);
        status = journal_reader_next(export->reader, &row);
        if (status != STATUS_OK) {
            return fail(export, status);
        }
        memcpy(export->chain, row.chain, sizeof export->chain);
    }
    return EXIT_CODE_OK;
}

static void append_chain(struct export *export) {
    char text[2 * CHAIN_BYTES];
    put_hex(text, export->chain, CHAIN_BYTES);
    buffer_append_text(&export->out, ",\"chain\":\"");
    buffer_append(&export->out, text, sizeof text);
    buffer_append_text(&export->out, "\"}}\n");
}

/* service: a name of ours (letters); journal_open wrote it. */
static void append_first(struct export *export) {
    char epoch[2 * ID_BYTES + 1] = "";
    put_hex(epoch, export->epoch.bytes, ID_BYTES);
    buffer_printf(&export->out, "{\"log\":{\"format\":%d,\"service\":\"%s\",\"epoch\":\"%s\",\"after\":%" PRIu64,
                  EXPORT_FORMAT, export->service, epoch, export->after);
    append_chain(export);
}

static int write_rows(struct export *export) {
    struct journal_row row;
    uint64_t last = export->after;
    append_first(export);
    enum status status = journal_reader_seek(export->reader, export->after, export->up_to, true);
    while (status == STATUS_OK && (status = journal_reader_next(export->reader, &row)) == STATUS_OK) {
        append_row(&export->out, &row);
        last = row.seq;
        memcpy(export->chain, row.chain, sizeof export->chain);
        if (export->out.size >= FLUSH_BYTES && !flush(export)) {
            return fail_to_write();
        }
        if (last % PROGRESS_ROWS == 0) {
            progress_show(&export->progress, last - export->after);
        }
    }
    if (status != STATUS_NOT_FOUND || last != export->up_to) {
        return fail(export, status == STATUS_NOT_FOUND ? STATUS_CORRUPT : status);
    }
    buffer_printf(&export->out, "{\"end\":{\"head\":%" PRIu64, last);
    append_chain(export);
    return flush(export) && fflush(stdout) == 0 ? EXIT_CODE_OK : fail_to_write();
}

int command_export(struct ctl *ctl, int argc, char **argv) {
    int64_t after = 0, up_to = 0;
    const struct ctl_option options[] = {
        {"after", CTL_INTEGER, &after, "N", "rows behind this number (0)", 0, INT64_MAX},
        {"up-to", CTL_INTEGER, &up_to, "N", "last row (the log's head)", 1, INT64_MAX},
        {.name = NULL},
    };
    const struct ctl_usage usage = {
        "export " LOG_FILE_ARGUMENT " [OPTIONS] > FILE",
        "Writes a log as JSON lines that a stranger can check: every row with its place in the hash chain, its public\n"
        "body, and the hash of its private body, which itself stays here. Read only; the daemon may run. Without an\n"
        "argument: the log of visits.conf beside ctl.conf. docs/receipts.md tells what to do with it.\n",
        0, 1};
    char log[CTL_PATH_BYTES];
    int exit_code;
    if (!ctl_arguments(ctl, &usage, options, &argc, argv, &exit_code) ||
        !log_file_find(ctl, argc > 1 ? argv[1] : NULL, log, &exit_code)) {
        return exit_code;
    }
    CHECK(sodium_init() >= 0);
    struct export export = {.log = log, .after = (uint64_t)after, .up_to = (uint64_t)up_to};
    exit_code = begin(&export);
    if (exit_code == EXIT_CODE_OK) {
        progress_start(&export.progress, "export", "rows", export.up_to - export.after, ctl->json);
        exit_code = write_rows(&export);
        progress_end(&export.progress, export.up_to - export.after);
    }
    journal_reader_close(&export.reader);
    buffer_release(&export.out);
    return exit_code;
}
