#include "ctl/import_sender.h"

#include <inttypes.h>

#include "base/check.h"
#include "base/civil.h"

#define WINDOW_SUBMITS 8
#define BATCH_COMMANDS 256
#define WAIT_MS 50

static void on_receipt(void *user, uint64_t number, const Common__V1__Receipt *receipt) {
    struct import_sender *sender = user;
    sender->heard_ms = clock_monotonic_ms();
    sender->receipt(sender->user, number, receipt);
}

int import_sender_open(struct ctl *ctl, const char *key, const char *as, struct import_sender *sender) {
    char path[CTL_PATH_BYTES];
    struct client_options options = {.window_submits = WINDOW_SUBMITS, .receipt = on_receipt, .user = sender};
    if (!key && target_key_as(ctl, as, path) != STATUS_OK) {
        return EXIT_CODE_CONFIG;
    }
    enum status status = target_options(ctl, sender->service, key ? key : path, &options.socket);
    if (status != STATUS_OK) {
        return (int)status_exit_code(status);
    }
    status = client_new(&options, &sender->client);
    if (status != STATUS_OK) {
        return ctl_error((int)status_exit_code(status), "cannot connect to %s at %s with key %s: %s", sender->service,
                         options.socket.endpoint, options.socket.key_path, status_name(status));
    }
    sender->now_ms = clock_unix_ms();
    sender->heard_ms = clock_monotonic_ms();
    return EXIT_CODE_OK;
}

void import_sender_close(struct import_sender *sender) {
    client_destroy(&sender->client);
}

static int pump(struct import_sender *sender, int wait_ms) {
    const enum status status = client_pump(sender->client, wait_ms);
    if (status == STATUS_DENIED) {
        return ctl_error(EXIT_CODE_FAILED, "%s refused: %s", sender->service, client_problem(sender->client));
    }
    if (status == STATUS_MALFORMED) {
        return ctl_error(EXIT_CODE_FAILED, "%s does not speak this contract", sender->service);
    }
    if (client_outstanding(sender->client) > 0 && clock_monotonic_ms() - sender->heard_ms > sender->timeout_s * 1000) {
        return ctl_error(EXIT_CODE_TEMPORARY,
                         "no receipt from %s for %" PRId64 " s: is it running, is this key in its keys.tab?",
                         sender->service, sender->timeout_s);
    }
    return ctl_is_interrupted() ? EXIT_CODE_TEMPORARY : EXIT_CODE_OK;
}

int import_sender_add(struct import_sender *sender, const struct import_command *command) {
    static uint8_t bytes[IMPORT_COMMAND_BYTES_MAX];
    const size_t size = protobuf_c_message_get_packed_size(command->body);
    CHECK(size <= sizeof bytes);
    protobuf_c_message_pack(command->body, bytes);
    const struct id id = command->id != NULL ? *command->id : id_make(&sender->ids, (uint64_t)clock_unix_ms());
    const int64_t occurred_at_ms = command->occurred_at_ms != 0 ? command->occurred_at_ms : sender->now_ms;
    enum status status = STATUS_AGAIN;
    int exit_code = EXIT_CODE_OK;
    if (client_outstanding(sender->client) == 0) {
        sender->heard_ms = clock_monotonic_ms(); /* silence counts from the first that waits */
    }
    while (exit_code == EXIT_CODE_OK) {
        status = client_add(sender->client, &id, occurred_at_ms, 0, bytes, size, command->number);
        if (status != STATUS_AGAIN) {
            break;
        }
        exit_code = pump(sender, WAIT_MS);
    }
    if (exit_code == EXIT_CODE_OK && status == STATUS_DENIED) {
        return ctl_error(EXIT_CODE_FAILED, "%s refused: %s", sender->service, client_problem(sender->client));
    }
    if (exit_code == EXIT_CODE_OK && status != STATUS_OK) {
        return ctl_error(EXIT_CODE_FAILED, "a command could not be queued: %s", status_name(status));
    }
    if (exit_code == EXIT_CODE_OK && client_building(sender->client) >= BATCH_COMMANDS) {
        client_flush(sender->client);
        exit_code = pump(sender, 0);
    }
    return exit_code;
}

int import_sender_finish(struct import_sender *sender) {
    int exit_code = EXIT_CODE_OK;
    while (exit_code == EXIT_CODE_OK && client_outstanding(sender->client) > 0) {
        client_flush(sender->client);
        exit_code = pump(sender, WAIT_MS);
    }
    return exit_code;
}
