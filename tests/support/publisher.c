#include "support/publisher.h"

#include <stdio.h>
#include <string.h>
#include <sys/resource.h>

#include "base/check.h"
#include "base/civil.h"
#include "base/hash.h"
#include "client/client.h"
#include "ctl/city.h"
#include "visits/v1/commands.pb-c.h"

/* A made-up number of the unassigned region 411099 with a right check character (GB 11643). */
static void resident_id(uint64_t person, char id[19]) {
    static const int weights[17] = {7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2};
    struct civil_date born = civil_date_from_day(-7300 + (int32_t)(person % 20000));
    snprintf(id, 19, "411099%04d%02u%02u%03u", (int)born.year % 10000, (unsigned)(born.month % 100),
             (unsigned)(born.day % 100), (unsigned)(person / 20000 % 1000));
    int sum = 0;
    for (int i = 0; i < 17; i++) {
        sum += (id[i] - '0') * weights[i];
    }
    id[17] = "10X98765432"[sum % 11];
    id[18] = '\0';
}

size_t publisher_visit(const struct publisher_options *options, uint64_t n, size_t facility, uint8_t body[256],
                       int64_t *occurred_at_ms) {
    char number[32], id[19], card[32];
    uint64_t person = hash_mix64(n * 2 + 1) % options->persons;
    if (hash_mix64(n * 2) % 4 != 0) {
        person = person / options->facilities * options->facilities + facility;
    }
    resident_id(person, id);
    snprintf(number, sizeof number, "V%llu", (unsigned long long)n);
    snprintf(card, sizeof card, "C%llu", (unsigned long long)person);
    *occurred_at_ms = civil_ms_of_day(civil_day_from_date(2020, 1, 1)) + (int64_t)(n * 31622400000ull / (options->first + options->count + 1));
    Visits__V1__OpenVisit open = VISITS__V1__OPEN_VISIT__INIT;
    open.visit_number = number;
    open.resident_id = id;
    open.local_id = card;
    open.card_kind = VISITS__V1__CARD_KIND__CARD_KIND_SOCIAL_SECURITY;
    open.visit_class = (Visits__V1__VisitClass)(1 + hash_mix64(n) % 3);
    Visits__V1__Command command = VISITS__V1__COMMAND__INIT;
    command.body_case = VISITS__V1__COMMAND__BODY_OPEN_VISIT;
    command.open_visit = &open;
    return visits__v1__command__pack(&command, body);
}

/* --- connections --- */

static void count_receipt(void *user, uint64_t command_number, const Common__V1__Receipt *receipt) {
    (void)command_number;
    struct publisher_result *result = user;
    result->accepted += receipt->result == COMMON__V1__RESULT__RESULT_ACCEPTED;
    result->duplicates += receipt->result == COMMON__V1__RESULT__RESULT_DUPLICATE;
    result->refused += receipt->result == COMMON__V1__RESULT__RESULT_REFUSED;
}

static struct client *connect_as(const struct publisher_options *options, const char *key_path,
                                 struct publisher_result *result) {
    struct client_options o = {.socket = {.endpoint = options->endpoint,
                                          .key_path = key_path,
                                          .server_key_path = options->server_key_path},
                               .window_submits = options->window_submits,
                               .resend_ms = 10000,
                               .receipt = count_receipt,
                               .user = result};
    struct client *client = NULL;
    CHECK(client_new(&o, &client) == STATUS_OK);
    return client;
}

static void pump(struct client *client, int timeout_ms) {
    enum status status = client_pump(client, timeout_ms);
    CHECK(status == STATUS_OK || status == STATUS_AGAIN);
}

static void add(struct client *client, const struct id *id, int64_t occurred_at_ms, const uint8_t *body, size_t size,
                uint64_t number) {
    while (client_add(client, id, occurred_at_ms, 0, body, size, number) == STATUS_AGAIN) {
        pump(client, 100);
    }
}

static void finish(struct client *client) {
    while (client_flush(client) == STATUS_AGAIN) {
        pump(client, 100);
    }
    while (client_outstanding(client) > 0) {
        pump(client, 100);
    }
}

void publisher_register(const char *endpoint, const char *server_key_path, const char *operator_key_path,
                        size_t facilities) {
    struct publisher_options options = {.endpoint = endpoint, .server_key_path = server_key_path, .window_submits = 4};
    struct publisher_result result = {0};
    struct client *client = connect_as(&options, operator_key_path, &result);
    struct id_maker ids = {0};
    for (size_t i = 0; i < facilities; i++) {
        uint8_t bytes[256];
        const struct city_hospital *hospital = city_hospital(i);
        Visits__V1__RegisterFacility facility = VISITS__V1__REGISTER_FACILITY__INIT;
        facility.facility = (char *)(uintptr_t)hospital->code;
        facility.name = (char *)(uintptr_t)hospital->name;
        facility.region = hospital->region;
        Visits__V1__Command command = VISITS__V1__COMMAND__INIT;
        command.body_case = VISITS__V1__COMMAND__BODY_REGISTER_FACILITY;
        command.register_facility = &facility;
        struct id id = id_make(&ids, (uint64_t)clock_unix_ms());
        add(client, &id, clock_unix_ms(), bytes, visits__v1__command__pack(&command, bytes), i);
    }
    finish(client);
    client_destroy(&client);
    CHECK(result.refused == 0);
}

static double cpu_seconds(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

static void send_all(const struct publisher_options *options, struct client **clients) {
    struct id_maker ids = {0};
    for (uint64_t n = options->first; n < options->first + options->count; n++) {
        uint8_t body[256];
        int64_t occurred_at_ms;
        size_t facility = (n / options->submit_commands) % options->facilities;
        struct client *client = clients[facility];
        size_t size = publisher_visit(options, n, facility, body, &occurred_at_ms);
        struct id id = id_make(&ids, (uint64_t)clock_unix_ms());
        add(client, &id, occurred_at_ms, body, size, n);
        if (client_building(client) >= options->submit_commands) {
            while (client_flush(client) == STATUS_AGAIN) {
                pump(client, 100);
            }
            pump(client, 0);
        }
    }
}

struct publisher_result publisher_run(const struct publisher_options *options) {
    struct publisher_result result = {0};
    struct client *clients[64];
    CHECK(options->facilities >= 1 && options->facilities <= city_hospital_count() && city_hospital_count() <= 64);
    for (size_t i = 0; i < options->facilities; i++) {
        char path[512];
        snprintf(path, sizeof path, "%s/%s.key", options->keys_folder, city_hospital(i)->code);
        clients[i] = connect_as(options, path, &result);
    }
    double cpu = cpu_seconds();
    int64_t begin_ns = clock_monotonic_ns();
    send_all(options, clients);
    for (size_t i = 0; i < options->facilities; i++) {
        finish(clients[i]);
    }
    result.seconds = (double)(clock_monotonic_ns() - begin_ns) / 1e9;
    result.cpu_seconds = cpu_seconds() - cpu;
    for (size_t i = 0; i < options->facilities; i++) {
        client_destroy(&clients[i]);
    }
    return result;
}
