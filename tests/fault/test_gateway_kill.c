/*
 * kill -9 of the HL7 gateway and of the registry under load: what was answered AA is applied, and once. Hospitals send
 * over connections of their own, each its next message when the answer is there; when the connection breaks they connect
 * again and send the same again, but every seventh of them gives up on what was not answered. LC_TEST_RANDOM repeats the moments.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <pthread.h>
#include <stdatomic.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/check.h"
#include "base/civil.h"
#include "base/hash.h"
#include "support/gateway_stack.h"
#include "support/mllp_peer.h"

#define HOSPITALS 8
#define MESSAGES_MAX 200000
#define KILLS 12
#define ACCEPTED "liancheng_commands_total{result=\"accepted\"}"
#define VISITS "liancheng_state_rows{table=\"visits\"}"

struct hospital {
    pthread_t thread;
    struct load *load;
    unsigned number; /* from 1 */
    unsigned sent;
    uint8_t *is_accepted; /* by message, from 1 */
    uint64_t accepted, repeated, given_up, try_again;
};

struct load {
    struct gateway_stack stack;
    struct hospital hospitals[HOSPITALS];
    atomic_bool stops;
    atomic_ullong answered;
    uint64_t seed, draws;
};

static void sleep_ms(unsigned ms) {
    nanosleep(&(struct timespec){.tv_sec = ms / 1000, .tv_nsec = ms % 1000 * 1000000L}, NULL);
}

/* --- Hospitals ------------------------------------------------------------------------------------------------------ */

static void name_visit(unsigned hospital, unsigned message, char name[32]) {
    snprintf(name, 32, "H%uV%u", hospital, message);
}

static void write_message(const struct hospital *hospital, unsigned message, char *text, size_t size) {
    char name[32];
    name_visit(hospital->number, message, name);
    const struct adt adt = {
        .feed = 1 + hospital->number % hospital->load->stack.facilities, .control_id = name, .visit = name, .local_id = name};
    adt_text(&adt, text, size);
}

/* Connected or told to stop. */
static void connect_again(struct hospital *hospital, struct mllp_peer *peer) {
    while (!atomic_load(&hospital->load->stops) && !mllp_peer_try(peer, hospital->load->stack.mllp_port)) {
        sleep_ms(5);
    }
}

/* Until it is answered, or given up. */
static void deliver(struct hospital *hospital, struct mllp_peer *peer, unsigned message) {
    char text[1024], name[32];
    struct mllp_answer answer;
    write_message(hospital, message, text, sizeof text);
    name_visit(hospital->number, message, name);
    for (bool is_first = true; !atomic_load(&hospital->load->stops); is_first = false) {
        if (peer->descriptor < 0) {
            connect_again(hospital, peer);
            continue;
        }
        hospital->repeated += !is_first;
        if (!mllp_peer_send(peer, text) || !mllp_peer_receive(peer, &answer)) {
            mllp_peer_close(peer);
            if (hospital->number % 7 == 0) {
                hospital->given_up++;
                return;
            }
            continue;
        }
        CHECK(strcmp(answer.control_id, name) == 0); /* never another's answer */
        if (strcmp(answer.code, "AA") == 0) {
            hospital->is_accepted[message] = 1;
            hospital->accepted++;
            atomic_fetch_add(&hospital->load->answered, 1);
            return;
        }
        CHECK(strcmp(answer.code, "AR") == 0 && answer.error == 207);
        hospital->try_again++;
        sleep_ms(20);
    }
}

static void *be_a_hospital(void *user) {
    struct hospital *hospital = user;
    struct mllp_peer peer = {.descriptor = -1};
    while (!atomic_load(&hospital->load->stops) && hospital->sent + 1 < MESSAGES_MAX) {
        deliver(hospital, &peer, ++hospital->sent);
    }
    if (peer.descriptor >= 0) {
        mllp_peer_close(&peer);
    }
    return NULL;
}

static void begin(struct load *load) {
    const char *given = getenv("LC_TEST_RANDOM");
    load->seed = given != NULL ? strtoull(given, NULL, 10) : (uint64_t)clock_unix_ms();
    print_message("LC_TEST_RANDOM=%llu\n", (unsigned long long)load->seed);
    gateway_stack_start(&load->stack);
    for (unsigned i = 0; i < HOSPITALS; i++) {
        struct hospital *hospital = &load->hospitals[i];
        hospital->load = load;
        hospital->number = i + 1;
        hospital->is_accepted = calloc(MESSAGES_MAX, 1);
        CHECK(hospital->is_accepted != NULL);
        CHECK(pthread_create(&hospital->thread, NULL, be_a_hospital, hospital) == 0);
    }
}

static void end(struct load *load) {
    atomic_store(&load->stops, true);
    for (unsigned i = 0; i < HOSPITALS; i++) {
        pthread_join(load->hospitals[i].thread, NULL);
    }
}

/* --- Faults --------------------------------------------------------------------------------------------------------- */

/* The load has moved on by some messages, and then some more time, so that the blow falls anywhere. */
static void wait_for_load(struct load *load) {
    uint64_t random = hash_mix64(load->seed + ++load->draws);
    uint64_t target = atomic_load(&load->answered) + 20 + random % 400;
    while (atomic_load(&load->answered) < target) {
        sleep_ms(1);
    }
    sleep_ms((unsigned)(random >> 32) % 20);
}

static void kill_gateway(struct load *load) {
    process_kill(&load->stack.gateway);
    gateway_stack_start_gateway(&load->stack);
}

static void kill_registry(struct load *load) {
    process_kill(&load->stack.visits);
    sleep_ms((unsigned)(hash_mix64(load->seed ^ ++load->draws) % 600));
    gateway_stack_start_visits(&load->stack);
}

/* --- What has to hold ----------------------------------------------------------------------------------------------- */

static void wait_until_all_is_relayed(struct load *load) {
    while (gateway_stack_metric(load->stack.gateway_http_port, "liancheng_spool_waiting") != 0) {
        sleep_ms(5);
    }
}

static void what_was_answered_is_there(struct load *load) {
    uint64_t accepted = 0;
    for (unsigned i = 0; i < HOSPITALS; i++) {
        const struct hospital *hospital = &load->hospitals[i];
        for (unsigned message = 1; message <= hospital->sent; message++) {
            char name[32];
            name_visit(hospital->number, message, name);
            if (hospital->is_accepted[message]) {
                assert_true(gateway_stack_has_visit(&load->stack, 1 + hospital->number % load->stack.facilities, name));
            }
        }
        accepted += hospital->accepted;
        print_message("hospital %u: %u messages, %llu answered AA, %llu sent again, %llu AR 207, %llu given up\n",
                      hospital->number, hospital->sent, (unsigned long long)hospital->accepted,
                      (unsigned long long)hospital->repeated, (unsigned long long)hospital->try_again,
                      (unsigned long long)hospital->given_up);
    }
    double visits = gateway_stack_metric(load->stack.visits_http_port, VISITS);
    assert_true(visits >= (double)accepted);
}

static int set_up(void **state) {
    struct load *load = calloc(1, sizeof *load);
    gateway_stack_make(&load->stack, 3);
    *state = load;
    return 0;
}

static int tear_down(void **state) {
    struct load *load = *state;
    gateway_stack_remove(&load->stack, getenv("LC_TEST_LOGS") != NULL);
    for (unsigned i = 0; i < HOSPITALS; i++) {
        free(load->hospitals[i].is_accepted);
    }
    free(load);
    return 0;
}

static void the_gateway_is_killed(void **state) {
    struct load *load = *state;
    begin(load);
    for (int i = 0; i < KILLS; i++) {
        wait_for_load(load);
        kill_gateway(load);
    }
    wait_for_load(load);
    end(load);
    wait_until_all_is_relayed(load);
    what_was_answered_is_there(load);
    /* Each command was decided once, however often its message came: one for each visit, and the registrations. */
    assert_true(gateway_stack_metric(load->stack.visits_http_port, ACCEPTED) ==
                gateway_stack_metric(load->stack.visits_http_port, VISITS) + (double)load->stack.facilities);
}

static void both_are_killed(void **state) {
    struct load *load = *state;
    snprintf(load->stack.flags[0], sizeof load->stack.flags[0], "--registry-hold-ms=400");
    begin(load);
    for (int i = 0; i < KILLS; i++) {
        wait_for_load(load);
        if (i % 2 == 0) {
            kill_registry(load);
        } else {
            kill_gateway(load);
        }
    }
    wait_for_load(load);
    end(load);
    wait_until_all_is_relayed(load);
    what_was_answered_is_there(load);
}

static void both_are_killed_where_messages_are_accepted(void **state) {
    struct load *load = *state;
    snprintf(load->stack.flags[0], sizeof load->stack.flags[0], "--registry-hold-ms=50");
    snprintf(load->stack.flags[1], sizeof load->stack.flags[1], "--registry-when-away=accept");
    begin(load);
    for (int i = 0; i < KILLS / 2; i++) {
        wait_for_load(load);
        process_kill(&load->stack.visits);
        wait_for_load(load); /* answered without the registry */
        kill_gateway(load);
        wait_for_load(load);
        gateway_stack_start_visits(&load->stack);
    }
    wait_for_load(load);
    end(load);
    wait_until_all_is_relayed(load);
    what_was_answered_is_there(load);
}

int main(int argc, char **argv) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(the_gateway_is_killed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(both_are_killed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(both_are_killed_where_messages_are_accepted, set_up, tear_down),
    };
    if (argc > 1) {
        cmocka_set_test_filter(argv[1]);
    }
    return cmocka_run_group_tests(tests, NULL, NULL);
}
