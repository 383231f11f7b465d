#include "ctl/replay_hospitals.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/check.h"
#include "ctl/contract.h"

#define WAIT_MS 50
#define FIRST_ANSWER_MS 15000

struct replay_hospitals {
    struct replay_options options;
    struct client *clients[CITY_HOSPITALS_MAX];
    size_t count;
    struct replay_results results;
};

/* --- Receipts
 * ------------------------------------------------------------------------------------------------------------ */

static void take_receipt(void *user, uint64_t number, const Common__V1__Receipt *receipt) {
    (void)number;
    struct replay_results *results = user;
    uint32_t code = receipt->problem != NULL ? receipt->problem->code : 0;
    switch (receipt->result) {
    case COMMON__V1__RESULT__RESULT_ACCEPTED:
        results->accepted++;
        results->warnings += code != 0;
        break;
    case COMMON__V1__RESULT__RESULT_DUPLICATE:
        results->duplicates++;
        break;
    case COMMON__V1__RESULT__RESULT_UNSPECIFIED:
    case COMMON__V1__RESULT__RESULT_REFUSED:
    case _COMMON__V1__RESULT_IS_INT_SIZE:
        results->refused++;
        results->by_code[code < REPLAY_CODES_MAX ? code : 0]++;
        break;
    }
}

static int say_failure(enum status status, const struct client *client, const char *who) {
    const char *problem = client_problem(client);
    return ctl_error(status_exit_code(status), "%s: %s%s%s", who, status_name(status), problem && *problem ? ": " : "",
                     problem ? problem : "");
}

/* --- Connections
 * ----------------------------------------------------------------------------------------------------------- */

int replay_find_key(struct ctl *ctl, const char *folder, const char *code, char path[CTL_PATH_BYTES]) {
    if (folder == NULL) {
        return status_exit_code(target_publisher_key(ctl, code, path));
    }
    int length = snprintf(path, CTL_PATH_BYTES, "%s/%s.key", folder, code);
    if (length >= CTL_PATH_BYTES || access(path, R_OK) != 0) {
        return ctl_error(EXIT_CODE_CONFIG, "no key file %s/%s.key that can be read", folder, code);
    }
    return EXIT_CODE_OK;
}

int replay_connect(struct ctl *ctl, const char *service, const char *key_path, uint32_t window_submits,
                   struct replay_results *results, struct client **client) {
    struct client_options options = {.window_submits = window_submits, .receipt = take_receipt, .user = results};
    enum status status = target_options(ctl, service, key_path, &options.socket);
    if (status != STATUS_OK) {
        return status_exit_code(status);
    }
    status = client_new(&options, client);
    if (status != STATUS_OK) {
        return ctl_error(status_exit_code(status), "cannot connect to %s with key %s: %s", options.socket.endpoint,
                         options.socket.key_path, status_name(status));
    }
    return EXIT_CODE_OK;
}

int replay_hospitals_new(struct ctl *ctl, const struct replay_options *options, struct replay_hospitals **hospitals) {
    struct replay_hospitals *made = calloc(1, sizeof(*made));
    CHECK(made != NULL);
    made->options = *options;
    int exit_code = EXIT_CODE_OK;
    for (size_t i = 0; i < city_hospital_count() && exit_code == EXIT_CODE_OK; i++) {
        char key_path[CTL_PATH_BYTES];
        exit_code = replay_find_key(ctl, options->keys_folder, city_hospital(i)->code, key_path);
        if (exit_code == EXIT_CODE_OK) {
            exit_code = replay_connect(ctl, "visits", key_path, options->window_submits, &made->results, &made->clients[i]);
            made->count += exit_code == EXIT_CODE_OK;
        }
    }
    if (exit_code != EXIT_CODE_OK) {
        replay_hospitals_destroy(&made);
    }
    *hospitals = made;
    return exit_code;
}

void replay_hospitals_destroy(struct replay_hospitals **hospitals) {
    if (*hospitals == NULL) {
        return;
    }
    for (size_t i = 0; i < (*hospitals)->count; i++) {
        client_destroy(&(*hospitals)->clients[i]);
    }
    free(*hospitals);
    *hospitals = NULL;
}

/* --- Facilities
 * ---------------------------------------------------------------------------------------------------------------- */

static enum status add_facility(struct client *client, uint64_t base_ms, size_t number) {
    const struct city_hospital *hospital = city_hospital(number);
    Visits__V1__RegisterFacility facility = VISITS__V1__REGISTER_FACILITY__INIT;
    facility.facility = (char *)(uintptr_t)hospital->code; /* packing only reads */
    facility.name = (char *)(uintptr_t)hospital->name;
    facility.region = hospital->region;
    Visits__V1__Command command = VISITS__V1__COMMAND__INIT;
    command.body_case = VISITS__V1__COMMAND__BODY_REGISTER_FACILITY;
    command.register_facility = &facility;
    uint8_t body[256];
    size_t size = visits__v1__command__get_packed_size(&command);
    CHECK(size <= sizeof(body));
    visits__v1__command__pack(&command, body);
    struct id id = id_make_from(base_ms, UINT64_MAX, number);
    return client_add(client, &id, (int64_t)base_ms, 0, body, size, number);
}

/* Sends them all and waits. */
static enum status add_facilities(struct client *client, uint64_t base_ms) {
    enum status status = STATUS_OK;
    for (size_t i = 0; i < city_hospital_count() && status == STATUS_OK; i++) {
        status = add_facility(client, base_ms, i);
    }
    if (status == STATUS_OK) {
        status = client_flush(client);
    }
    while ((status == STATUS_OK || status == STATUS_AGAIN) && client_outstanding(client) > 0 && !ctl_is_interrupted()) {
        status = client_pump(client, WAIT_MS);
    }
    return status == STATUS_AGAIN ? STATUS_OK : status;
}

int replay_ask_whether_it_is_there(struct ctl *ctl, const char *service) {
    struct client_socket *socket = NULL;
    enum status status = target_connect(ctl, service, NULL, &socket);
    if (status != STATUS_OK) {
        return status_exit_code(status);
    }
    struct arena arena;
    arena_init(&arena, 64 * 1024);
    Common__V1__Ping ping = COMMON__V1__PING__INIT;
    Common__V1__Request request = COMMON__V1__REQUEST__INIT;
    request.body_case = COMMON__V1__REQUEST__BODY_PING;
    request.ping = &ping;
    Common__V1__Reply *reply = NULL;
    int exit_code = target_call(socket, service, &request, &arena, FIRST_ANSWER_MS, &reply);
    arena_release(&arena);
    client_socket_destroy(&socket);
    return exit_code;
}

int replay_hospitals_register(struct ctl *ctl, uint64_t base_ms) {
    struct client *client = NULL;
    struct replay_results results = {0};
    int exit_code = replay_ask_whether_it_is_there(ctl, "visits");
    if (exit_code == EXIT_CODE_OK) {
        exit_code = replay_connect(ctl, "visits", NULL, 1, &results, &client);
    }
    if (exit_code != EXIT_CODE_OK) {
        return exit_code;
    }
    enum status status = add_facilities(client, base_ms);
    if (status != STATUS_OK) {
        exit_code = say_failure(status, client, "registering the facilities");
    } else if (ctl_is_interrupted()) {
        exit_code = ctl_error(EXIT_CODE_TEMPORARY, "interrupted before the facilities were registered");
    } else if (results.refused > 0) {
        exit_code = ctl_error(EXIT_CODE_FAILED, "%" PRIu64 " facilities were refused", results.refused);
    }
    client_destroy(&client);
    return exit_code;
}

/* --- Publishing
 * ----------------------------------------------------------------------------------------------------------------- */

int replay_check(const struct client *client, const char *who, enum status status) {
    return status == STATUS_OK || status == STATUS_AGAIN ? EXIT_CODE_OK : say_failure(status, client, who);
}

static int check(const struct replay_hospitals *hospitals, size_t number, enum status status) {
    return replay_check(hospitals->clients[number], city_hospital(number)->code, status);
}

static int flush_one(struct replay_hospitals *hospitals, size_t number) {
    struct client *client = hospitals->clients[number];
    enum status status;
    int exit_code = EXIT_CODE_OK;
    while ((status = client_flush(client)) == STATUS_AGAIN && exit_code == EXIT_CODE_OK && !ctl_is_interrupted()) {
        exit_code = check(hospitals, number, client_pump(client, WAIT_MS));
    }
    return exit_code == EXIT_CODE_OK ? check(hospitals, number, status) : exit_code;
}

int replay_hospitals_publish(struct replay_hospitals *hospitals, const struct city_command *command, uint64_t number) {
    struct client *client = hospitals->clients[command->hospital];
    uint8_t body[CITY_BODY_BYTES_MAX];
    size_t size = city_command_pack(command, body);
    enum status status;
    int exit_code = EXIT_CODE_OK;
    while ((status = client_add(client, &command->id, command->occurred_at_ms, 0, body, size, number)) ==
               STATUS_AGAIN &&
           exit_code == EXIT_CODE_OK && !ctl_is_interrupted()) {
        exit_code = check(hospitals, command->hospital, client_pump(client, WAIT_MS));
    }
    if (exit_code == EXIT_CODE_OK) {
        exit_code = check(hospitals, command->hospital, status);
    }
    if (exit_code == EXIT_CODE_OK && client_building(client) >= hospitals->options.batch_commands) {
        exit_code = flush_one(hospitals, command->hospital);
    }
    return exit_code;
}

int replay_hospitals_flush(struct replay_hospitals *hospitals) {
    int exit_code = EXIT_CODE_OK;
    for (size_t i = 0; i < hospitals->count && exit_code == EXIT_CODE_OK; i++) {
        exit_code = flush_one(hospitals, i);
    }
    return exit_code;
}

int replay_hospitals_pump(struct replay_hospitals *hospitals) {
    int exit_code = EXIT_CODE_OK;
    for (size_t i = 0; i < hospitals->count && exit_code == EXIT_CODE_OK; i++) {
        exit_code = check(hospitals, i, client_pump(hospitals->clients[i], 0));
    }
    return exit_code;
}

int replay_hospitals_wait(struct replay_hospitals *hospitals, int timeout_ms) {
    for (size_t i = 0; i < hospitals->count; i++) {
        if (client_outstanding(hospitals->clients[i]) > 0) {
            return check(hospitals, i, client_pump(hospitals->clients[i], timeout_ms));
        }
    }
    return EXIT_CODE_OK;
}

uint64_t replay_hospitals_outstanding(const struct replay_hospitals *hospitals) {
    uint64_t outstanding = 0;
    for (size_t i = 0; i < hospitals->count; i++) {
        outstanding += client_outstanding(hospitals->clients[i]);
    }
    return outstanding;
}

const struct replay_results *replay_hospitals_results(const struct replay_hospitals *hospitals) {
    return &hospitals->results;
}
