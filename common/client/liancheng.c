#include "client/liancheng.h"

#include <pthread.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>

#include <sodium.h>

#include "base/check.h"
#include "base/civil.h"
#include "base/log.h"
#include "base/utf8.h"
#include "client/client.h"
#include "client/liancheng_backlog.h"
#include "client/liancheng_internal.h"

#define WINDOW_SUBMITS 8    /* so the memory for what is on its way is 8 MiB at most */
#define SUBMIT_COMMANDS 512 /* a Submit is sent when it has so many, or there is no more */
#define WINDOW_MAX (WINDOW_SUBMITS * SUBMIT_COMMANDS)
#define SPOOL_BYTES_DEFAULT ((uint64_t)1 << 30)
#define MEMORY_BYTES_DEFAULT ((uint64_t)16 << 20)
#define RETENTION_DAYS_DEFAULT 30
#define DAY_MS ((int64_t)24 * 3600 * 1000)
#define ORGANISATION_BYTES_MAX 32

/* A command on its way; its place is the number under which the client knows it. */
struct flight {
    uint64_t number; /* 0: free */
    char reference[LIANCHENG_REFERENCE_BYTES_MAX + 1];
};

struct liancheng {
    struct client *client;
    struct backlog *backlog;
    struct id_maker ids;
    void (*receipt)(void *user, const struct liancheng_receipt *receipt);
    void *user;
    uint32_t window;
    struct flight *flights; /* window of them */
    uint32_t *free_flights;
    uint32_t free_count;
    struct backlog_verdict_of *verdicts; /* told, and not noted yet; window of them */
    uint32_t *verdict_flights;           /* their places */
    size_t verdict_count;
    bool is_pumping;
    bool is_batch;
    char problem[600];
};

/* --- What went wrong -------------------------------------------------------------------------------------------------
 */

const char *liancheng_status_text(enum liancheng_status status) {
    switch (status) {
    case LIANCHENG_OK:
        return "done";
    case LIANCHENG_KNOWN:
        return "it was submitted before";
    case LIANCHENG_USAGE:
        return "the function was used wrongly";
    case LIANCHENG_CONFIG:
        return "a key file, the endpoint or the spool is not the right one";
    case LIANCHENG_BUSY:
        return "another process has the spool open";
    case LIANCHENG_IO:
        return "the disk or the network failed";
    case LIANCHENG_CORRUPT:
        return "the spool is damaged";
    case LIANCHENG_FULL:
        return "as much waits as may";
    case LIANCHENG_DENIED:
        return "the registry takes nothing from this key";
    case LIANCHENG_TIMEOUT:
        return "the time is over and commands still wait";
    case LIANCHENG_NOT_FOUND:
        return "there is none";
    }
    return "unknown status";
}

static enum liancheng_status public_status(enum status status) {
    switch (status) {
    case STATUS_OK:
        return LIANCHENG_OK;
    case STATUS_EXISTS:
        return LIANCHENG_BUSY;
    case STATUS_MEMORY:
        return LIANCHENG_FULL;
    case STATUS_CORRUPT:
        return LIANCHENG_CORRUPT;
    case STATUS_CONFIG:
    case STATUS_DENIED:
    case STATUS_MALFORMED:
        return LIANCHENG_CONFIG;
    case STATUS_NOT_FOUND:
        return LIANCHENG_NOT_FOUND;
    case STATUS_USAGE:
        return LIANCHENG_USAGE;
    case STATUS_IO:
    case STATUS_AGAIN:
    case STATUS_UNAVAILABLE:
        break;
    }
    return LIANCHENG_IO;
}

__attribute__((format(printf, 3, 4))) static enum liancheng_status
fail(struct liancheng *handle, enum liancheng_status status, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(handle->problem, sizeof handle->problem, format, arguments);
    va_end(arguments);
    return status;
}

static enum liancheng_status failed(struct liancheng *handle, enum status status) {
    const enum liancheng_status said = public_status(status);
    return said == LIANCHENG_OK ? said : fail(handle, said, "%s", liancheng_status_text(said));
}

enum liancheng_status lc_misused(struct liancheng *handle, const char *field, const char *sentence) {
    return fail(handle, LIANCHENG_USAGE, "%s%s%s", field == NULL ? "" : field, field == NULL ? "" : ": ", sentence);
}

const char *liancheng_problem(const struct liancheng *handle) {
    return handle->problem;
}

bool lc_is_text(const char *text, size_t max) {
    if (text == NULL) {
        return true;
    }
    const size_t size = strnlen(text, max + 1);
    return size <= max && utf8_is_valid(text, size);
}

/* --- Opening ---------------------------------------------------------------------------------------------------------
 */

/* CZMQ would take the program's signals. */
static void prepare_process(void) {
    log_init("liancheng-client", LOG_LEVEL_ERROR);
    zsys_init();
    zsys_handler_set(NULL);
}

static enum liancheng_status check_options(struct liancheng *handle, const struct liancheng_options *options) {
    if (options->endpoint == NULL || options->key_file == NULL || options->server_key_file == NULL) {
        return lc_misused(handle, NULL, "endpoint, key_file and server_key_file are needed");
    }
    if (options->spool_file != NULL && options->seal_key_file == NULL) {
        return lc_misused(handle, "seal_key_file", "a spool needs it");
    }
    if (options->window > WINDOW_MAX) {
        return lc_misused(handle, "window", "at most 4096");
    }
    if (!lc_is_text(options->organisation, ORGANISATION_BYTES_MAX)) {
        return lc_misused(handle, "organisation", "no code of an organisation");
    }
    return LIANCHENG_OK;
}

static void make_window(struct liancheng *handle, uint32_t window) {
    handle->window = window == 0 ? WINDOW_MAX : window;
    handle->flights = calloc(handle->window, sizeof *handle->flights);
    handle->free_flights = calloc(handle->window, sizeof *handle->free_flights);
    handle->verdicts = calloc(handle->window, sizeof *handle->verdicts);
    handle->verdict_flights = calloc(handle->window, sizeof *handle->verdict_flights);
    CHECK(handle->flights != NULL && handle->free_flights != NULL && handle->verdicts != NULL &&
          handle->verdict_flights != NULL);
    for (uint32_t i = 0; i < handle->window; i++) {
        handle->free_flights[handle->free_count++] = handle->window - 1 - i;
    }
}

static void take_receipt(void *user, uint64_t place, const Common__V1__Receipt *receipt);

static enum liancheng_status open_client(struct liancheng *handle, const struct liancheng_options *options) {
    const struct client_options client = {.socket = {.endpoint = options->endpoint,
                                                     .key_path = options->key_file,
                                                     .server_key_path = options->server_key_file},
                                          .organisation = options->organisation,
                                          .window_submits = WINDOW_SUBMITS,
                                          .receipt = take_receipt,
                                          .user = handle};
    switch (client_new(&client, &handle->client)) {
    case STATUS_OK:
        return LIANCHENG_OK;
    case STATUS_NOT_FOUND:
    case STATUS_DENIED:
    case STATUS_MALFORMED:
        return fail(handle, LIANCHENG_CONFIG, "a key file cannot be read, or is none");
    case STATUS_CONFIG:
        return fail(handle, LIANCHENG_CONFIG, "the endpoint is no ZeroMQ address");
    case STATUS_IO:
    case STATUS_MEMORY:
    case STATUS_CORRUPT:
    case STATUS_EXISTS:
    case STATUS_AGAIN:
    case STATUS_UNAVAILABLE:
    case STATUS_USAGE:
        break;
    }
    return fail(handle, LIANCHENG_IO, "no socket can be made");
}

static enum liancheng_status open_backlog(struct liancheng *handle, const struct liancheng_options *options) {
    const char *problem = "";
    const uint32_t days = options->retention_days == 0 ? RETENTION_DAYS_DEFAULT : options->retention_days;
    const uint64_t bytes_default = options->spool_file == NULL ? MEMORY_BYTES_DEFAULT : SPOOL_BYTES_DEFAULT;
    const struct backlog_options backlog = {.spool_path = options->spool_file,
                                            .seal_key_path = options->seal_key_file,
                                            .organisation = options->organisation,
                                            .retention_ms = days * DAY_MS,
                                            .bytes_max = options->bytes_max == 0 ? bytes_default : options->bytes_max};
    const enum status status = backlog_open(&backlog, &handle->backlog, &problem);
    return status == STATUS_OK ? LIANCHENG_OK : fail(handle, public_status(status), "%s", problem);
}

static enum liancheng_status open_all(struct liancheng *handle, const struct liancheng_options *options) {
    enum liancheng_status status = check_options(handle, options);
    if (status == LIANCHENG_OK) {
        status = open_client(handle, options);
    }
    if (status == LIANCHENG_OK) {
        status = open_backlog(handle, options);
    }
    return status;
}

enum liancheng_status liancheng_open(const struct liancheng_options *options, struct liancheng **handle) {
    static pthread_once_t once = PTHREAD_ONCE_INIT;
    struct liancheng_options own;
    if (handle == NULL) {
        return LIANCHENG_USAGE;
    }
    *handle = NULL;
    if (!lc_take_struct(&own, sizeof own, options) || sodium_init() < 0) {
        return LIANCHENG_USAGE;
    }
    pthread_once(&once, prepare_process);
    struct liancheng *made = calloc(1, sizeof *made);
    CHECK(made != NULL);
    made->receipt = own.receipt;
    made->user = own.user;
    const enum liancheng_status status = open_all(made, &own);
    if (status == LIANCHENG_OK) {
        make_window(made, own.window);
        *handle = made;
        return LIANCHENG_OK;
    }
    if (own.problem != NULL && own.problem_bytes > 0) {
        snprintf(own.problem, own.problem_bytes, "%s", made->problem);
    }
    liancheng_close(&made);
    return status;
}

void liancheng_close(struct liancheng **handle) {
    struct liancheng *old = handle == NULL ? NULL : *handle;
    if (old == NULL || old->is_pumping) {
        return;
    }
    client_destroy(&old->client);
    backlog_close(&old->backlog);
    free(old->flights);
    free(old->free_flights);
    free(old->verdicts);
    free(old->verdict_flights);
    free(old);
    *handle = NULL;
}

/* --- Submitting ------------------------------------------------------------------------------------------------------
 */

static enum liancheng_status check_command(struct liancheng *handle, const struct liancheng_command *command) {
    if (command->body == NULL || command->body_bytes == 0 || command->body_bytes > LIANCHENG_COMMAND_BYTES_MAX) {
        return lc_misused(handle, "body", "1 to 65536 bytes");
    }
    if (command->occurred_at_ms <= 0) {
        return lc_misused(handle, "occurred_at_ms", "needed, in Unix milliseconds");
    }
    if (!lc_is_text(command->reference, LIANCHENG_REFERENCE_BYTES_MAX)) {
        return lc_misused(handle, "reference", "UTF-8 of at most 64 bytes");
    }
    return LIANCHENG_OK;
}

enum liancheng_status liancheng_submit_command(struct liancheng *handle, const struct liancheng_command *command,
                                               uint64_t *number) {
    struct liancheng_command own;
    if (!lc_take_struct(&own, sizeof own, command)) {
        return lc_misused(handle, "size", "of another version of the struct");
    }
    const enum liancheng_status wrong = check_command(handle, &own);
    if (wrong != LIANCHENG_OK) {
        return wrong;
    }
    const int64_t now_ms = clock_unix_ms();
    struct backlog_item item = {.id = id_make(&handle->ids, (uint64_t)now_ms),
                                .occurred_at_ms = own.occurred_at_ms,
                                .submitted_at_ms = now_ms,
                                .expected_version = own.expected_version,
                                .reference = own.reference == NULL ? "" : own.reference,
                                .body = own.body,
                                .body_size = own.body_bytes};
    const enum status status = backlog_add(handle->backlog, &item);
    if (number != NULL && (status == STATUS_OK || status == STATUS_EXISTS)) {
        *number = item.number;
    }
    return status == STATUS_EXISTS ? LIANCHENG_KNOWN : failed(handle, status);
}

enum liancheng_status liancheng_begin(struct liancheng *handle) {
    if (handle->is_batch) {
        return lc_misused(handle, NULL, "a batch is open");
    }
    const enum status status = backlog_begin(handle->backlog);
    handle->is_batch = status == STATUS_OK;
    return failed(handle, status);
}

enum liancheng_status liancheng_commit(struct liancheng *handle) {
    if (!handle->is_batch) {
        return lc_misused(handle, NULL, "no batch is open");
    }
    const enum status status = backlog_commit(handle->backlog);
    handle->is_batch = status != STATUS_OK;
    return failed(handle, status);
}

void liancheng_rollback(struct liancheng *handle) {
    if (handle->is_batch) {
        backlog_rollback(handle->backlog);
        handle->is_batch = false;
    }
}

/* --- Receipts --------------------------------------------------------------------------------------------------------
 */

static const char *text_or_empty(const char *text) {
    return text == NULL ? "" : text;
}

/* A duplicate that changed nothing and has a problem was refused the first time. */
static enum liancheng_result result_of(const Common__V1__Receipt *receipt) {
    if (receipt->result == COMMON__V1__RESULT__RESULT_ACCEPTED) {
        return LIANCHENG_ACCEPTED;
    }
    if (receipt->result == COMMON__V1__RESULT__RESULT_DUPLICATE &&
        (receipt->problem == NULL || receipt->first_seq != 0)) {
        return LIANCHENG_DUPLICATE;
    }
    return LIANCHENG_REFUSED;
}

static void take_receipt(void *user, uint64_t place, const Common__V1__Receipt *receipt) {
    struct liancheng *handle = user;
    struct flight *flight = &handle->flights[place];
    const Common__V1__Problem *problem = receipt->problem;
    const enum liancheng_result result = result_of(receipt);
    CHECK(place < handle->window && flight->number > 0);
    const struct liancheng_receipt said = {.number = flight->number,
                                           .reference = flight->reference,
                                           .result = result,
                                           .code = problem == NULL ? 0 : problem->code,
                                           .field = text_or_empty(problem == NULL ? NULL : problem->field),
                                           .message = text_or_empty(problem == NULL ? NULL : problem->message),
                                           .message_zh = text_or_empty(problem == NULL ? NULL : problem->message_zh)};
    handle->verdict_flights[handle->verdict_count] = (uint32_t)place;
    handle->verdicts[handle->verdict_count++] =
        (struct backlog_verdict_of){.number = flight->number,
                                    .verdict = result == LIANCHENG_REFUSED ? BACKLOG_REFUSED : BACKLOG_ACCEPTED,
                                    .code = said.code};
    if (handle->receipt != NULL) {
        handle->receipt(handle->user, &said);
    }
    *flight = (struct flight){0};
}

/* Noted after they were told: what a crash takes in between is told again, as a duplicate. The places of those that
 * could not be noted stay taken, so that verdicts never outgrow the window. */
static enum liancheng_status note_verdicts(struct liancheng *handle) {
    if (handle->verdict_count == 0) {
        return LIANCHENG_OK;
    }
    const enum status status =
        backlog_settle(handle->backlog, handle->verdicts, handle->verdict_count, clock_unix_ms());
    if (status != STATUS_OK) {
        return failed(handle, status);
    }
    while (handle->verdict_count > 0) {
        handle->free_flights[handle->free_count++] = handle->verdict_flights[--handle->verdict_count];
    }
    return LIANCHENG_OK;
}

/* --- Sending ---------------------------------------------------------------------------------------------------------
 */

static bool send_item(void *user, const struct backlog_item *item) {
    struct liancheng *handle = user;
    if (handle->free_count == 0) {
        return false;
    }
    const uint32_t place = handle->free_flights[handle->free_count - 1];
    if (client_add(handle->client, &item->id, item->occurred_at_ms, item->expected_version, item->body, item->body_size,
                   place) != STATUS_OK) {
        return false; /* the window is full; client_pump says what else may be wrong */
    }
    handle->free_count--;
    handle->flights[place].number = item->number;
    snprintf(handle->flights[place].reference, sizeof handle->flights[place].reference, "%s", item->reference);
    if (client_building(handle->client) >= SUBMIT_COMMANDS) {
        (void)client_flush(handle->client);
    }
    return true;
}

static enum liancheng_status exchange(struct liancheng *handle, int timeout_ms) {
    enum liancheng_status status = failed(handle, backlog_feed(handle->backlog, send_item, handle));
    if (status != LIANCHENG_OK) {
        return status;
    }
    (void)client_flush(handle->client);
    const enum status pumped = client_pump(handle->client, timeout_ms);
    status = note_verdicts(handle);
    if (pumped == STATUS_DENIED) {
        return fail(handle, LIANCHENG_DENIED, "%s", client_problem(handle->client));
    }
    return status != LIANCHENG_OK ? status : failed(handle, pumped);
}

enum liancheng_status liancheng_pump(struct liancheng *handle, int timeout_ms) {
    if (handle->is_pumping || handle->is_batch) {
        return lc_misused(handle, NULL, "not from the callback, and not within a batch");
    }
    handle->is_pumping = true;
    enum liancheng_status status = note_verdicts(handle); /* of an earlier call that failed */
    if (status == LIANCHENG_OK) {
        status = exchange(handle, timeout_ms);
    }
    handle->is_pumping = false;
    if (handle->is_batch) { /* the callback began one and did not end it */
        liancheng_rollback(handle);
        return lc_misused(handle, NULL, "the callback left a batch open: it was rolled back");
    }
    backlog_tidy(handle->backlog, clock_unix_ms());
    return status;
}

enum liancheng_status liancheng_wait(struct liancheng *handle, int timeout_ms) {
    const int64_t until_ms = timeout_ms < 0 ? INT64_MAX : clock_monotonic_ms() + timeout_ms;
    for (;;) {
        const int64_t left_ms = until_ms - clock_monotonic_ms();
        const enum liancheng_status status = liancheng_pump(handle, left_ms < 0      ? 0
                                                                    : left_ms > 1000 ? 1000
                                                                                     : (int)left_ms);
        if (status != LIANCHENG_OK) {
            return status;
        }
        if (liancheng_waiting(handle) == 0) {
            return LIANCHENG_OK;
        }
        if (clock_monotonic_ms() >= until_ms) {
            return fail(handle, LIANCHENG_TIMEOUT, "%s", liancheng_status_text(LIANCHENG_TIMEOUT));
        }
    }
}

uint64_t liancheng_waiting(const struct liancheng *handle) {
    return backlog_waiting(handle->backlog);
}

/* --- Looking back ----------------------------------------------------------------------------------------------------
 */

static struct liancheng_outcome outcome_of(const struct backlog_item *item) {
    return (struct liancheng_outcome){.number = item->number,
                                      .reference = item->reference,
                                      .result = item->verdict == BACKLOG_ACCEPTED  ? LIANCHENG_ACCEPTED
                                                : item->verdict == BACKLOG_REFUSED ? LIANCHENG_REFUSED
                                                                                   : LIANCHENG_WAITING,
                                      .code = item->code,
                                      .occurred_at_ms = item->occurred_at_ms,
                                      .submitted_at_ms = item->submitted_at_ms,
                                      .body = item->body,
                                      .body_bytes = item->body_size};
}

enum liancheng_status liancheng_find(struct liancheng *handle, const char *reference,
                                     struct liancheng_outcome *outcome) {
    struct backlog_item item;
    if (!backlog_is_kept(handle->backlog)) {
        return lc_misused(handle, NULL, "there is no spool");
    }
    if (reference == NULL || reference[0] == '\0' || !lc_is_text(reference, LIANCHENG_REFERENCE_BYTES_MAX)) {
        return lc_misused(handle, "reference", "UTF-8 of 1 to 64 bytes");
    }
    const enum status status = backlog_find(handle->backlog, reference, &item);
    if (status == STATUS_OK) {
        *outcome = outcome_of(&item);
    }
    return failed(handle, status);
}

struct seeing {
    int (*visit)(void *user, const struct liancheng_outcome *outcome);
    void *user;
};

static bool see(void *user, const struct backlog_item *item) {
    const struct seeing *seeing = user;
    const struct liancheng_outcome outcome = outcome_of(item);
    return seeing->visit(seeing->user, &outcome) != 0;
}

enum liancheng_status liancheng_refused(struct liancheng *handle, uint64_t after, uint32_t limit,
                                        int (*visit)(void *user, const struct liancheng_outcome *outcome), void *user) {
    struct seeing seeing = {.visit = visit, .user = user};
    if (!backlog_is_kept(handle->backlog) || visit == NULL) {
        return lc_misused(handle, NULL, "there is no spool, or no function to call");
    }
    return failed(handle, backlog_refused(handle->backlog, after, limit, see, &seeing));
}
