#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <dirent.h>
#include <inttypes.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/file.h"
#include "base/hash.h"
#include "base/secret.h"
#include "client/liancheng.h"
#include "journal/journal.h"
#include "support/peers.h"
#include "support/ports.h"
#include "support/process.h"
#include "support/tally.h"
#include "visits/v1/commands.pb-c.h"

/*
 * The client library against the skeleton of a registry as a real process: what a hospital's program may count on.
 * Which commands had their effect, how often and in which order is read from the registry's own log.
 */

#define BEGAN_MS INT64_C(1577808000000)
#define SEEN_MAX 20000

struct fixture {
    struct test_keys keys;
    struct process process;
    long log_position;
    char endpoint[128];
    char spool[512];
    char seal_key[512];
    const char *key;
    const char *follower_key;
    struct liancheng_options options;
    char problem[512];
    struct liancheng *handle;
    /* Receipts in their order. */
    struct liancheng_receipt seen[SEEN_MAX]; /* without texts */
    char references[SEEN_MAX][LIANCHENG_REFERENCE_BYTES_MAX + 1];
    size_t seen_count;
    char field[64];
    char message[256];
    char message_zh[256];
};

/* --- The registry ----------------------------------------------------------------------------------------------------
 */

static void start_registry(struct fixture *f) {
    char server_key[600], keys[600], store[600], seal[600], log[600], bind[200], line[1024];
    snprintf(server_key, sizeof server_key, "--server-key=%s", f->keys.server_key_path);
    snprintf(keys, sizeof keys, "--server-keys=%s", f->keys.keys_path);
    snprintf(store, sizeof store, "--store-folder=%s/data", f->keys.folder);
    snprintf(seal, sizeof seal, "--store-seal-key=%s/seal", f->keys.folder);
    snprintf(log, sizeof log, "%s/daemon.log", f->keys.folder);
    snprintf(bind, sizeof bind, "--server-bind=%s", f->endpoint);
    const char *argv[] = {"/proc/self/exe", "daemon", bind, server_key, keys, store, seal, "--http-port=0", NULL};
    process_start(&f->process, argv, log);
    const bool is_listening = process_wait_log(&f->process, &f->log_position, "\"listening\"", line, sizeof line);
    if (!is_listening) {
        process_show_log(&f->process);
    }
    assert_true(is_listening);
}

static void stop_registry(struct fixture *f) {
    assert_int_equal(process_stop(&f->process), 0);
}

static const char *visit_number(uint64_t n, char text[32]) {
    snprintf(text, 32, "v%06" PRIu64, n);
    return text;
}

/* The log holds visits 1..n, each once, in this order. The registry does not run. */
static void assert_log_is(const struct fixture *f, uint64_t n) {
    char path[512];
    struct journal_reader *reader;
    struct journal_row row;
    uint64_t rows = 0;
    snprintf(path, sizeof path, "%s/data/log.db", f->keys.folder);
    const struct journal_options options = {.path = path, .read_only = true};
    assert_int_equal(journal_reader_open(&options, &reader), STATUS_OK);
    assert_int_equal(journal_reader_seek(reader, 0, UINT64_MAX, true), STATUS_OK);
    while (journal_reader_next(reader, &row) == STATUS_OK) {
        char text[32];
        uint64_t subject;
        const char *expected = visit_number(++rows, text);
        assert_int_equal(row.private_size, sizeof subject);
        memcpy(&subject, row.private_body, sizeof subject);
        assert_true(subject == (hash_bytes(expected, strlen(expected)) | 1));
    }
    journal_reader_close(&reader);
    assert_int_equal(rows, n);
}

/* --- The library -----------------------------------------------------------------------------------------------------
 */

static void see(void *user, const struct liancheng_receipt *receipt) {
    struct fixture *f = user;
    assert_true(f->seen_count < SEEN_MAX);
    f->seen[f->seen_count] = *receipt;
    snprintf(f->references[f->seen_count], sizeof f->references[0], "%s", receipt->reference);
    f->seen_count++;
    snprintf(f->field, sizeof f->field, "%s", receipt->field);
    snprintf(f->message, sizeof f->message, "%s", receipt->message);
    snprintf(f->message_zh, sizeof f->message_zh, "%s", receipt->message_zh);
}

static void open_handle(struct fixture *f) {
    const enum liancheng_status status = liancheng_open(&f->options, &f->handle);
    if (status != LIANCHENG_OK) {
        fprintf(stderr, "%s\n", f->problem);
    }
    assert_int_equal(status, LIANCHENG_OK);
}

static void reopen(struct fixture *f) {
    liancheng_close(&f->handle);
    assert_null(f->handle);
    open_handle(f);
}

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    char seal[600];
    assert_non_null(f);
    test_keys_make(&f->keys);
    f->key = test_keys_add(&f->keys, "org-a/publisher", "org-a", "publisher");
    f->follower_key = test_keys_add(&f->keys, "aggregator/follower", "aggregator", "follower");
    snprintf(seal, sizeof seal, "%s/seal", f->keys.folder);
    assert_int_equal(secret_make(seal), STATUS_OK);
    test_endpoint(f->endpoint);
    snprintf(f->spool, sizeof f->spool, "%s/spool.db", f->keys.folder);
    snprintf(f->seal_key, sizeof f->seal_key, "%s/spool.key", f->keys.folder);
    liancheng_options_init(&f->options);
    f->options.endpoint = f->endpoint;
    f->options.key_file = f->key;
    f->options.server_key_file = f->keys.server_public_path;
    f->options.spool_file = f->spool;
    f->options.seal_key_file = f->seal_key;
    f->options.receipt = see;
    f->options.user = f;
    f->options.problem = f->problem;
    f->options.problem_bytes = sizeof f->problem;
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    liancheng_close(&f->handle);
    if (f->process.pid > 0) {
        process_kill(&f->process);
    }
    test_keys_remove(&f->keys);
    free(f);
    return 0;
}

static void fill_visit(struct liancheng_visit *visit, const char *number, const char *reference) {
    liancheng_visit_init(visit);
    visit->visit_number = number;
    visit->reference = reference;
    visit->resident_id = "411099199001011237";
    visit->card = LIANCHENG_CARD_SOCIAL_SECURITY;
    visit->visit_class = LIANCHENG_CLASS_OUTPATIENT;
    visit->occurred_at_ms = BEGAN_MS;
}

static enum liancheng_status submit(struct liancheng *handle, const char *number, const char *reference, uint64_t *at) {
    struct liancheng_visit visit;
    fill_visit(&visit, number, reference);
    return liancheng_visit_open(handle, &visit, at);
}

/* Visits first..last under references of their own. */
static void submit_all(struct fixture *f, uint64_t first, uint64_t last) {
    for (uint64_t n = first; n <= last; n++) {
        char text[32];
        uint64_t number = 0;
        visit_number(n, text);
        assert_int_equal(submit(f->handle, text, text, &number), LIANCHENG_OK);
        assert_int_equal(number, n);
    }
}

static void assert_all_accepted(const struct fixture *f, uint64_t first, uint64_t last) {
    assert_int_equal(f->seen_count, last - first + 1);
    for (uint64_t n = first; n <= last; n++) {
        const struct liancheng_receipt *receipt = &f->seen[n - first];
        char text[32];
        assert_int_equal(receipt->number, n);
        assert_int_equal(receipt->result, LIANCHENG_ACCEPTED);
        assert_int_equal(receipt->code, 0);
        assert_string_equal(f->references[n - first], visit_number(n, text));
    }
}

/* --- Store and forward -----------------------------------------------------------------------------------------------
 */

static void what_was_submitted_offline_goes_when_the_registry_is_there(void **state) {
    struct fixture *f = *state;
    open_handle(f);
    submit_all(f, 1, 100);
    assert_int_equal(liancheng_waiting(f->handle), 100);
    assert_int_equal(liancheng_pump(f->handle, 0), LIANCHENG_OK);
    assert_int_equal(liancheng_wait(f->handle, 1), LIANCHENG_TIMEOUT);
    assert_int_equal(f->seen_count, 0);
    reopen(f);
    assert_int_equal(liancheng_waiting(f->handle), 100);
    submit_all(f, 101, 200);
    start_registry(f);
    assert_int_equal(liancheng_wait(f->handle, -1), LIANCHENG_OK);
    assert_all_accepted(f, 1, 200);
    assert_int_equal(liancheng_waiting(f->handle), 0);
    assert_int_equal(liancheng_wait(f->handle, 0), LIANCHENG_OK); /* nothing to wait for */
    reopen(f);
    assert_int_equal(liancheng_waiting(f->handle), 0);
    submit_all(f, 201, 201); /* numbers go on */
    assert_int_equal(liancheng_wait(f->handle, -1), LIANCHENG_OK);
    stop_registry(f);
    assert_log_is(f, 201);
}

/* More than the window holds, and the registry dies in the middle of it. */
static void a_killed_registry_costs_nothing(void **state) {
    struct fixture *f = *state;
    f->options.window = 1000;
    open_handle(f);
    start_registry(f);
    assert_int_equal(liancheng_begin(f->handle), LIANCHENG_OK);
    submit_all(f, 1, 9000);
    assert_int_equal(liancheng_commit(f->handle), LIANCHENG_OK);
    for (size_t kills = 1; kills <= 3; kills++) {
        while (f->seen_count < kills * 2000) {
            assert_int_equal(liancheng_pump(f->handle, 1000), LIANCHENG_OK);
        }
        process_kill(&f->process);
        (void)liancheng_pump(f->handle, 0);
        start_registry(f);
    }
    assert_int_equal(liancheng_wait(f->handle, -1), LIANCHENG_OK);
    assert_int_equal(f->seen_count, 9000);
    for (size_t i = 0; i < f->seen_count; i++) {
        assert_in_range(f->seen[i].result, LIANCHENG_ACCEPTED, LIANCHENG_DUPLICATE);
        assert_int_equal(f->seen[i].number, i + 1);
    }
    stop_registry(f);
    assert_log_is(f, 9000);
}

static void without_a_spool_it_waits_in_memory(void **state) {
    struct fixture *f = *state;
    struct liancheng_outcome outcome;
    char text[32];
    uint64_t n = 0;
    f->options.spool_file = NULL;
    f->options.bytes_max = 20000;
    f->options.window = 50;
    open_handle(f);
    while (submit(f->handle, visit_number(n + 1, text), text, NULL) == LIANCHENG_OK) {
        n++;
    }
    assert_in_range(n, 50, 200);
    assert_int_equal(submit(f->handle, visit_number(n + 1, text), text, NULL), LIANCHENG_FULL);
    assert_int_equal(liancheng_find(f->handle, "v000001", &outcome), LIANCHENG_USAGE);
    assert_int_equal(liancheng_waiting(f->handle), n);
    start_registry(f);
    assert_int_equal(liancheng_wait(f->handle, -1), LIANCHENG_OK);
    assert_all_accepted(f, 1, n);
    assert_int_equal(liancheng_begin(f->handle), LIANCHENG_OK);
    submit_all(f, n + 1, n + 5);
    liancheng_rollback(f->handle);
    assert_int_equal(liancheng_waiting(f->handle), 0);
    assert_int_equal(liancheng_begin(f->handle), LIANCHENG_OK);
    submit_all(f, n + 1, n + 5);
    assert_int_equal(liancheng_commit(f->handle), LIANCHENG_OK);
    assert_int_equal(liancheng_waiting(f->handle), 5);
    assert_int_equal(liancheng_wait(f->handle, -1), LIANCHENG_OK);
    assert_int_equal(f->seen_count, n + 5);
    stop_registry(f);
    assert_log_is(f, n + 5);
}

static void a_batch_is_all_or_nothing(void **state) {
    struct fixture *f = *state;
    open_handle(f);
    assert_int_equal(liancheng_commit(f->handle), LIANCHENG_USAGE);
    assert_int_equal(liancheng_begin(f->handle), LIANCHENG_OK);
    assert_int_equal(liancheng_begin(f->handle), LIANCHENG_USAGE);
    submit_all(f, 1, 10);
    assert_int_equal(liancheng_pump(f->handle, 0), LIANCHENG_USAGE);
    liancheng_rollback(f->handle);
    assert_int_equal(liancheng_waiting(f->handle), 0);
    assert_int_equal(liancheng_begin(f->handle), LIANCHENG_OK);
    submit_all(f, 1, 10);
    reopen(f); /* rolls back */
    assert_int_equal(liancheng_waiting(f->handle), 0);
    assert_int_equal(liancheng_begin(f->handle), LIANCHENG_OK);
    submit_all(f, 1, 10);
    assert_int_equal(liancheng_commit(f->handle), LIANCHENG_OK);
    reopen(f);
    assert_int_equal(liancheng_waiting(f->handle), 10);
}

static void a_full_spool_says_so_and_goes_on(void **state) {
    struct fixture *f = *state;
    char text[32];
    uint64_t n = 0;
    enum liancheng_status status;
    f->options.bytes_max = 100000;
    open_handle(f);
    while ((status = submit(f->handle, visit_number(n + 1, text), text, NULL)) == LIANCHENG_OK) {
        n++;
    }
    assert_int_equal(status, LIANCHENG_FULL);
    assert_in_range(n, 100, 1000);
    start_registry(f);
    assert_int_equal(liancheng_wait(f->handle, -1), LIANCHENG_OK);
    assert_all_accepted(f, 1, n);
}

/* --- Receipts --------------------------------------------------------------------------------------------------------
 */

static int count_refused(void *user, const struct liancheng_outcome *outcome) {
    size_t *count = user;
    assert_int_equal(outcome->number, 2);
    assert_string_equal(outcome->reference, "the bad one");
    assert_int_equal(outcome->result, LIANCHENG_REFUSED);
    assert_int_equal(outcome->code, 900);
    assert_int_equal(outcome->occurred_at_ms, BEGAN_MS);
    Visits__V1__Command *command = visits__v1__command__unpack(NULL, outcome->body_bytes, outcome->body);
    assert_non_null(command);
    assert_string_equal(command->open_visit->visit_number, "bad");
    visits__v1__command__free_unpacked(command, NULL);
    (*count)++;
    return 1;
}

static void check_refused(struct fixture *f) {
    struct liancheng_outcome outcome;
    size_t count = 0;
    assert_int_equal(liancheng_refused(f->handle, 0, 100, count_refused, &count), LIANCHENG_OK);
    assert_int_equal(count, 1);
    assert_int_equal(liancheng_refused(f->handle, 2, 100, count_refused, &count), LIANCHENG_OK);
    assert_int_equal(count, 1);
    assert_int_equal(liancheng_find(f->handle, "the bad one", &outcome), LIANCHENG_OK);
    assert_int_equal(outcome.result, LIANCHENG_REFUSED);
    assert_int_equal(outcome.number, 2);
    assert_int_equal(outcome.code, 900);
    assert_int_equal(liancheng_find(f->handle, "the good one", &outcome), LIANCHENG_OK);
    assert_int_equal(outcome.result, LIANCHENG_ACCEPTED);
    assert_int_equal(liancheng_find(f->handle, "nobody", &outcome), LIANCHENG_NOT_FOUND);
}

static void what_is_refused_is_told_and_kept(void **state) {
    struct fixture *f = *state;
    struct liancheng_outcome outcome;
    open_handle(f);
    start_registry(f);
    assert_int_equal(submit(f->handle, "v000001", "the good one", NULL), LIANCHENG_OK);
    assert_int_equal(submit(f->handle, "bad", "the bad one", NULL), LIANCHENG_OK);
    assert_int_equal(liancheng_find(f->handle, "the bad one", &outcome), LIANCHENG_OK);
    assert_int_equal(outcome.result, LIANCHENG_WAITING);
    assert_int_equal(liancheng_wait(f->handle, -1), LIANCHENG_OK);
    assert_int_equal(f->seen_count, 2);
    assert_int_equal(f->seen[1].number, 2);
    assert_int_equal(f->seen[1].result, LIANCHENG_REFUSED);
    assert_int_equal(f->seen[1].code, 900);
    assert_string_equal(f->references[1], "the bad one");
    assert_string_equal(f->field, "visit_number");
    assert_string_equal(f->message, "The subject is bad; choose another.");
    assert_string_equal(f->message_zh, "对象无效，请另选。");
    check_refused(f);
    reopen(f);
    check_refused(f);
}

static void the_same_said_twice_is_kept_once(void **state) {
    struct fixture *f = *state;
    uint64_t number = 0;
    open_handle(f);
    submit_all(f, 1, 2);
    assert_int_equal(submit(f->handle, "v000001", "v000001", &number), LIANCHENG_KNOWN);
    assert_int_equal(number, 1);
    reopen(f);
    start_registry(f);
    assert_int_equal(liancheng_wait(f->handle, -1), LIANCHENG_OK);
    assert_int_equal(submit(f->handle, "v000001", "v000001", &number), LIANCHENG_KNOWN); /* with its receipt, too */
    assert_int_equal(number, 1);
    assert_int_equal(liancheng_waiting(f->handle), 0);
    assert_int_equal(submit(f->handle, "v000003", "v000001", &number), LIANCHENG_OK); /* says something else */
    assert_int_equal(number, 3);
    assert_int_equal(submit(f->handle, "v000004", NULL, &number), LIANCHENG_OK);
    assert_int_equal(submit(f->handle, "v000004", "", &number), LIANCHENG_OK); /* no reference: nothing to compare */
    assert_int_equal(number, 5);
    assert_int_equal(liancheng_wait(f->handle, -1), LIANCHENG_OK);
    assert_int_equal(f->seen_count, 5);
}

struct again {
    struct liancheng *handle;
    int left;
    int calls;
};

static void submit_again(void *user, const struct liancheng_receipt *receipt) {
    struct again *again = user;
    struct liancheng *handle = again->handle;
    again->calls++;
    assert_int_equal(receipt->result, LIANCHENG_ACCEPTED);
    assert_int_equal(liancheng_pump(handle, 0), LIANCHENG_USAGE);
    liancheng_close(&handle);
    assert_non_null(handle);
    if (again->left-- > 0) {
        assert_int_equal(submit(handle, "v000001", NULL, NULL), LIANCHENG_OK);
    }
}

static void the_callback_may_submit(void **state) {
    struct fixture *f = *state;
    for (int i = 0; i < 2; i++) {
        struct again again = {.left = 20};
        f->options.receipt = submit_again;
        f->options.user = &again;
        f->options.spool_file = i == 0 ? f->spool : NULL;
        open_handle(f);
        again.handle = f->handle;
        if (i == 0) {
            start_registry(f);
        }
        assert_int_equal(submit(f->handle, "v000001", NULL, NULL), LIANCHENG_OK);
        assert_int_equal(liancheng_wait(f->handle, -1), LIANCHENG_OK);
        assert_int_equal(again.calls, 21);
        liancheng_close(&f->handle);
    }
}

static void a_key_that_may_not_submit_is_told_why(void **state) {
    struct fixture *f = *state;
    f->options.key_file = f->follower_key;
    open_handle(f);
    start_registry(f);
    submit_all(f, 1, 3);
    assert_int_equal(liancheng_wait(f->handle, -1), LIANCHENG_DENIED);
    assert_non_null(strstr(liancheng_problem(f->handle), "code 6"));
    assert_int_equal(liancheng_pump(f->handle, 0), LIANCHENG_DENIED);
    submit_all(f, 4, 5); /* the spool takes it nonetheless */
    assert_int_equal(liancheng_waiting(f->handle), 5);
    f->options.key_file = f->key;
    reopen(f);
    assert_int_equal(liancheng_wait(f->handle, -1), LIANCHENG_OK);
    assert_all_accepted(f, 1, 5);
}

/* --- A program that is killed ----------------------------------------------------------------------------------------
 *
 * This binary again: it submits visits from a number on and says each that is durable on its standard output.
 */

#define PROGRAM_ARGUMENTS 9

static void exit_at_once(void *user, const struct liancheng_receipt *receipt) {
    (void)user;
    (void)receipt;
    _exit(43);
}

static int run_program(char **argv) {
    struct liancheng_options options;
    struct liancheng *handle;
    liancheng_options_init(&options);
    options.endpoint = argv[2];
    options.key_file = argv[3];
    options.server_key_file = argv[4];
    options.spool_file = argv[5];
    options.seal_key_file = argv[6];
    options.receipt = strncmp(argv[8], "exit", 4) == 0 ? exit_at_once : NULL;
    if (liancheng_open(&options, &handle) != LIANCHENG_OK) {
        return 1;
    }
    for (uint64_t n = strtoull(argv[7], NULL, 10);; n++) {
        char text[32];
        uint64_t number = 0;
        visit_number(n, text);
        const char *what = strcmp(argv[8], "exit when refused") == 0 ? "bad" : text;
        const enum liancheng_status status = submit(handle, what, text, &number);
        if ((status != LIANCHENG_OK && status != LIANCHENG_KNOWN) || number != n ||
            write(STDOUT_FILENO, &n, sizeof n) != sizeof n || liancheng_pump(handle, 0) != LIANCHENG_OK) {
            return 2;
        }
    }
}

static pid_t start_program(struct fixture *f, uint64_t from, const char *how, int *said) {
    char first[24];
    int ends[2];
    snprintf(first, sizeof first, "%" PRIu64, from);
    assert_int_equal(pipe(ends), 0);
    const pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        const char *argv[] = {"/proc/self/exe", "program",   f->endpoint, f->key, f->keys.server_public_path,
                              f->spool,         f->seal_key, first,       how,    NULL};
        dup2(ends[1], STDOUT_FILENO);
        close(ends[0]);
        close(ends[1]);
        execv(argv[0], (char *const *)(uintptr_t)argv);
        _exit(127);
    }
    close(ends[1]);
    *said = ends[0];
    return child;
}

/* Lets it say so many numbers and kills it; returns the last that it said. */
static uint64_t run_until_killed(struct fixture *f, uint64_t from, uint64_t numbers) {
    uint64_t last = 0;
    int said;
    int how;
    const pid_t child = start_program(f, from, "-", &said);
    for (uint64_t i = 0; i < numbers; i++) {
        assert_int_equal(read(said, &last, sizeof last), sizeof last);
    }
    assert_int_equal(kill(child, SIGKILL), 0);
    for (uint64_t late; read(said, &late, sizeof late) == sizeof late;) {
        last = late;
    }
    assert_int_equal(waitpid(child, &how, 0), child);
    assert_true(WIFSIGNALED(how) && WTERMSIG(how) == SIGKILL);
    close(said);
    return last;
}

/* Each next one begins behind the last that was said to be durable; one that was durable and not said is known. */
static void a_killed_program_loses_nothing_it_was_told_is_durable(void **state) {
    struct fixture *f = *state;
    uint64_t last = 0;
    start_registry(f);
    for (uint64_t round = 1; round <= 15; round++) {
        last = run_until_killed(f, last + 1, 1 + hash_mix64(round) % 200);
        if (round % 4 == 0) {
            process_kill(&f->process);
            last = run_until_killed(f, last + 1, 10); /* and goes on without the registry */
            start_registry(f);
        }
    }
    open_handle(f);
    assert_int_equal(liancheng_wait(f->handle, -1), LIANCHENG_OK);
    for (size_t i = 1; i < f->seen_count; i++) {
        assert_true(f->seen[i].number > f->seen[i - 1].number);
    }
    /* The last call of the last program may have come to its end without being said. */
    char text[32];
    uint64_t number = 0;
    visit_number(last + 1, text);
    const enum liancheng_status status = submit(f->handle, text, text, &number);
    assert_true(status == LIANCHENG_OK || status == LIANCHENG_KNOWN);
    assert_int_equal(number, last + 1);
    assert_int_equal(liancheng_wait(f->handle, -1), LIANCHENG_OK);
    stop_registry(f);
    assert_log_is(f, last + 1);
}

/* The program ends in the callback, before the receipt is noted. */
static void run_until_it_exits(struct fixture *f, const char *how) {
    int said;
    int code;
    const pid_t child = start_program(f, 1, how, &said);
    assert_int_equal(waitpid(child, &code, 0), child);
    assert_true(WIFEXITED(code) && WEXITSTATUS(code) == 43);
    close(said);
    open_handle(f);
    assert_int_equal(liancheng_wait(f->handle, -1), LIANCHENG_OK);
    assert_true(f->seen_count > 0);
    assert_int_equal(f->seen[0].number, 1);
    assert_string_equal(f->references[0], "v000001");
    stop_registry(f);
}

static void a_receipt_that_was_not_handled_comes_again(void **state) {
    struct fixture *f = *state;
    start_registry(f);
    run_until_it_exits(f, "exit");
    assert_int_equal(f->seen[0].result, LIANCHENG_DUPLICATE);
    assert_log_is(f, f->seen_count);
}

static void a_refusal_that_was_not_handled_comes_again(void **state) {
    struct fixture *f = *state;
    start_registry(f);
    run_until_it_exits(f, "exit when refused");
    for (size_t i = 0; i < f->seen_count; i++) {
        assert_int_equal(f->seen[i].result, LIANCHENG_REFUSED);
        assert_int_equal(f->seen[i].code, 900);
    }
    assert_log_is(f, 0);
}

/* --- Commands --------------------------------------------------------------------------------------------------------
 */

static int keep_body(void *user, const struct liancheng_outcome *outcome) {
    struct buffer *bodies = user;
    assert_true(outcome->number <= 6);
    buffer_append(&bodies[outcome->number], outcome->body, outcome->body_bytes);
    return 1;
}

static Visits__V1__Command *unpack(const struct buffer *body, Visits__V1__Command__BodyCase body_case) {
    Visits__V1__Command *command = visits__v1__command__unpack(NULL, body->size, body->data);
    assert_non_null(command);
    assert_int_equal(command->body_case, body_case);
    return command;
}

static void check_person(const Visits__V1__Identifiers *person) {
    assert_non_null(person);
    assert_string_equal(person->resident_id, "411099199001011237");
    assert_int_equal(person->n_local_ids, 2);
    assert_int_equal(person->local_ids[0]->kind, VISITS__V1__IDENTIFIER_KIND__IDENTIFIER_KIND_VISIT_CARD);
    assert_string_equal(person->local_ids[0]->value, "C-1");
    assert_string_equal(person->local_ids[0]->domain, "");
    assert_string_equal(person->local_ids[1]->value, "M-1");
    assert_string_equal(person->local_ids[1]->domain, "group");
}

static void check_open(const struct buffer *body) {
    Visits__V1__Command *command = unpack(body, VISITS__V1__COMMAND__BODY_OPEN_VISIT);
    assert_string_equal(command->open_visit->visit_number, "bad 1");
    assert_int_equal(command->open_visit->card_kind, VISITS__V1__CARD_KIND__CARD_KIND_SOCIAL_SECURITY);
    assert_int_equal(command->open_visit->visit_class, VISITS__V1__VISIT_CLASS__VISIT_CLASS_OUTPATIENT);
    assert_int_equal(command->open_visit->recorded_at_ms, BEGAN_MS + 5);
    check_person(command->open_visit->person);
    visits__v1__command__free_unpacked(command, NULL);
}

static void check_report(const struct buffer *body) {
    Visits__V1__Command *command = unpack(body, VISITS__V1__COMMAND__BODY_REPORT_VISIT);
    const Visits__V1__ReportVisit *report = command->report_visit;
    assert_int_equal(report->statement, VISITS__V1__VISIT_STATEMENT__VISIT_STATEMENT_CLASS_CHANGED);
    assert_string_equal(report->visit_number, "bad 1");
    assert_int_equal(report->card_kind, VISITS__V1__CARD_KIND__CARD_KIND_SOCIAL_SECURITY);
    assert_int_equal(report->visit_class, VISITS__V1__VISIT_CLASS__VISIT_CLASS_OUTPATIENT);
    assert_int_equal(report->opened_at_ms, BEGAN_MS - 1000);
    assert_int_equal(report->recorded_at_ms, BEGAN_MS + 5);
    assert_string_equal(report->department, "内科");
    assert_string_equal(report->former_number, "bad 0");
    assert_true(report->may_create);
    assert_int_equal(report->rescue->called_at_ms, BEGAN_MS - 900000);
    assert_int_equal(report->rescue->arrived_at_ms, BEGAN_MS);
    assert_true(report->rescue->urban);
    check_person(report->person);
    visits__v1__command__free_unpacked(command, NULL);
}

static void check_short_ones(const struct buffer *bodies) {
    Visits__V1__Command *command = unpack(&bodies[2], VISITS__V1__COMMAND__BODY_CLOSE_VISIT);
    assert_string_equal(command->close_visit->visit_number, "bad 1");
    assert_int_equal(command->close_visit->recorded_at_ms, BEGAN_MS + 5);
    visits__v1__command__free_unpacked(command, NULL);
    command = unpack(&bodies[3], VISITS__V1__COMMAND__BODY_CANCEL_VISIT);
    assert_string_equal(command->cancel_visit->visit_number, "bad 1");
    assert_int_equal(command->cancel_visit->recorded_at_ms, BEGAN_MS + 5);
    visits__v1__command__free_unpacked(command, NULL);
    command = unpack(&bodies[4], VISITS__V1__COMMAND__BODY_CHANGE_CLASS);
    assert_string_equal(command->change_class->visit_number, "bad 1");
    assert_int_equal(command->change_class->visit_class, VISITS__V1__VISIT_CLASS__VISIT_CLASS_OUTPATIENT);
    assert_int_equal(command->change_class->recorded_at_ms, BEGAN_MS + 5);
    visits__v1__command__free_unpacked(command, NULL);
}

/* All are refused here, so that their bodies can be had back from the spool. */
static void commands_say_what_they_were_given(void **state) {
    static const struct liancheng_id ids[] = {{LIANCHENG_ID_VISIT_CARD, "C-1", NULL},
                                              {LIANCHENG_ID_MEDICAL_RECORD, "M-1", "group"}};
    struct fixture *f = *state;
    struct buffer bodies[7] = {0};
    struct liancheng_visit visit;
    struct liancheng_command command;
    fill_visit(&visit, "bad 1", NULL);
    visit.ids = ids;
    visit.id_count = 2;
    visit.recorded_at_ms = BEGAN_MS + 5;
    visit.opened_at_ms = BEGAN_MS - 1000;
    visit.department = "内科";
    visit.former_number = "bad 0";
    visit.may_create = 1;
    visit.rescue_called_at_ms = BEGAN_MS - 900000;
    visit.rescue_arrived_at_ms = BEGAN_MS;
    visit.rescue_is_urban = 1;
    open_handle(f);
    start_registry(f);
    assert_int_equal(liancheng_visit_open(f->handle, &visit, NULL), LIANCHENG_OK);
    assert_int_equal(liancheng_visit_close(f->handle, &visit, NULL), LIANCHENG_OK);
    assert_int_equal(liancheng_visit_cancel(f->handle, &visit, NULL), LIANCHENG_OK);
    assert_int_equal(liancheng_visit_change_class(f->handle, &visit, NULL), LIANCHENG_OK);
    assert_int_equal(liancheng_visit_report(f->handle, LIANCHENG_CLASS_CHANGED, &visit, NULL), LIANCHENG_OK);
    liancheng_command_init(&command);
    command.body = "\xff\xff no command";
    command.body_bytes = 13;
    command.occurred_at_ms = BEGAN_MS;
    assert_int_equal(liancheng_submit_command(f->handle, &command, NULL), LIANCHENG_OK);
    assert_int_equal(liancheng_wait(f->handle, -1), LIANCHENG_OK);
    assert_int_equal(f->seen_count, 6);
    assert_int_equal(liancheng_refused(f->handle, 0, 100, keep_body, bodies), LIANCHENG_OK);
    check_open(&bodies[1]);
    check_short_ones(bodies);
    check_report(&bodies[5]);
    assert_int_equal(bodies[6].size, 13);
    assert_memory_equal(bodies[6].data, command.body, 13);
    for (size_t i = 0; i < 7; i++) {
        buffer_release(&bodies[i]);
    }
}

/* --- Wrong use -------------------------------------------------------------------------------------------------------
 */

#define TEXT_65 "12345678901234567890123456789012345678901234567890123456789012345"

static void wrong_arguments_are_refused_at_once(void **state) {
    static const struct liancheng_id empty = {LIANCHENG_ID_OTHER, "", NULL};
    static const struct liancheng_id unknown = {(enum liancheng_id_kind)99, "1", NULL};
    static const struct liancheng_id good = {LIANCHENG_ID_OTHER, "1", NULL};
    struct fixture *f = *state;
    struct liancheng_visit cases[16];
    size_t n = 0;
    open_handle(f);
    for (size_t i = 0; i < 16; i++) {
        fill_visit(&cases[i], "v1", "r");
    }
    cases[n++].visit_number = NULL;
    cases[n++].visit_number = "";
    cases[n++].visit_number = TEXT_65;
    cases[n++].visit_number = "\xff";
    cases[n++].resident_id = "\xc0\x80";
    cases[n++].reference = TEXT_65;
    cases[n++].department = TEXT_65;
    cases[n++].former_number = TEXT_65;
    cases[n++].occurred_at_ms = 0;
    cases[n++].occurred_at_ms = -5;
    cases[n++].visit_class = (enum liancheng_class)7;
    cases[n++].card = (enum liancheng_card) - 1;
    cases[n].ids = &empty;
    cases[n++].id_count = 1;
    cases[n].ids = &unknown;
    cases[n++].id_count = 1;
    cases[n].ids = &good;
    cases[n++].id_count = 9;
    cases[n++].size = sizeof(struct liancheng_visit) + 8;
    assert_int_equal(n, 16);
    for (size_t i = 0; i < n; i++) {
        assert_int_equal(liancheng_visit_open(f->handle, &cases[i], NULL), LIANCHENG_USAGE);
        assert_int_equal(liancheng_visit_report(f->handle, LIANCHENG_OPENED, &cases[i], NULL), LIANCHENG_USAGE);
        assert_true(liancheng_problem(f->handle)[0] != '\0');
        assert_null(strstr(liancheng_problem(f->handle), "4110"));
    }
    assert_int_equal(liancheng_visit_open(f->handle, NULL, NULL), LIANCHENG_USAGE);
    fill_visit(&cases[0], "v1", "r");
    assert_int_equal(liancheng_visit_report(f->handle, (enum liancheng_statement)0, &cases[0], NULL), LIANCHENG_USAGE);
    assert_int_equal(liancheng_visit_report(f->handle, (enum liancheng_statement)11, &cases[0], NULL), LIANCHENG_USAGE);
    cases[0].size = offsetof(struct liancheng_visit, opened_at_ms); /* as an older header had it */
    assert_int_equal(liancheng_visit_open(f->handle, &cases[0], NULL), LIANCHENG_OK);
    assert_int_equal(liancheng_waiting(f->handle), 1);
}

static void assert_no_opening(struct fixture *f, const struct liancheng_options *options,
                              enum liancheng_status expected, const char *word) {
    struct liancheng *other = (struct liancheng *)f;
    f->problem[0] = '\0';
    assert_int_equal(liancheng_open(options, &other), expected);
    assert_null(other);
    if (strstr(f->problem, word) == NULL) {
        fail_msg("\"%s\" says nothing of %s", f->problem, word);
    }
}

static void what_cannot_be_opened_is_told(void **state) {
    struct fixture *f = *state;
    char other_seal[600];
    struct liancheng_options options = f->options;
    open_handle(f);
    assert_no_opening(f, &options, LIANCHENG_BUSY, "another process");
    submit_all(f, 1, 1);
    liancheng_close(&f->handle);
    options.endpoint = NULL;
    assert_no_opening(f, &options, LIANCHENG_USAGE, "endpoint");
    options = f->options;
    options.endpoint = "nonsense";
    assert_no_opening(f, &options, LIANCHENG_CONFIG, "endpoint");
    options = f->options;
    options.key_file = "/nonexistent/key";
    assert_no_opening(f, &options, LIANCHENG_CONFIG, "key file");
    options = f->options;
    options.seal_key_file = NULL;
    assert_no_opening(f, &options, LIANCHENG_USAGE, "seal_key_file");
    options.seal_key_file = "/nonexistent/seal";
    assert_no_opening(f, &options, LIANCHENG_CONFIG, "seal key");
    snprintf(other_seal, sizeof other_seal, "%s/other", f->keys.folder);
    assert_int_equal(secret_make(other_seal), STATUS_OK);
    options.seal_key_file = other_seal;
    assert_no_opening(f, &options, LIANCHENG_CONFIG, "another key");
    options = f->options;
    options.organisation = "org-b";
    assert_no_opening(f, &options, LIANCHENG_CONFIG, "organisation");
    options = f->options;
    options.spool_file = f->keys.keys_path;
    assert_no_opening(f, &options, LIANCHENG_CORRUPT, "no spool");
    options.spool_file = "/nonexistent/spool";
    assert_no_opening(f, &options, LIANCHENG_IO, "spool");
    options = f->options;
    options.size++;
    assert_no_opening(f, &options, LIANCHENG_USAGE, "");
    options = f->options;
    options.window = 4097;
    assert_no_opening(f, &options, LIANCHENG_USAGE, "window");
    open_handle(f);
    assert_int_equal(liancheng_waiting(f->handle), 1);
    struct liancheng *none = NULL;
    liancheng_close(&none);
    liancheng_close(NULL);
}

static void nothing_of_a_visit_stands_in_a_file_in_clear(void **state) {
    static const char *const words[] = {"411099199001011237", "v000123"};
    struct fixture *f = *state;
    struct dirent *file;
    size_t files = 0;
    open_handle(f);
    submit_all(f, 1, 200);
    DIR *folder = opendir(f->keys.folder);
    assert_non_null(folder);
    while ((file = readdir(folder)) != NULL) {
        struct buffer text = {0};
        char path[700];
        snprintf(path, sizeof path, "%s/%s", f->keys.folder, file->d_name);
        if (file->d_name[0] != '.' && file->d_type == DT_REG && file_read(path, 1u << 28, &text) == STATUS_OK) {
            files++;
            for (size_t i = 0; i < sizeof words / sizeof words[0]; i++) {
                assert_null(memmem(text.data, text.size, words[i], strlen(words[i])));
            }
        }
        buffer_release(&text);
    }
    closedir(folder);
    assert_true(files >= 4);
}

int main(int argc, char **argv) {
    tally_run_if_asked(argc, argv);
    if (argc == PROGRAM_ARGUMENTS && strcmp(argv[1], "program") == 0) {
        return run_program(argv);
    }
#define CASE(name) cmocka_unit_test_setup_teardown(name, set_up, tear_down)
    const struct CMUnitTest tests[] = {
        CASE(what_was_submitted_offline_goes_when_the_registry_is_there),
        CASE(a_killed_registry_costs_nothing),
        CASE(without_a_spool_it_waits_in_memory),
        CASE(a_batch_is_all_or_nothing),
        CASE(a_full_spool_says_so_and_goes_on),
        CASE(what_is_refused_is_told_and_kept),
        CASE(the_same_said_twice_is_kept_once),
        CASE(the_callback_may_submit),
        CASE(a_key_that_may_not_submit_is_told_why),
        CASE(a_killed_program_loses_nothing_it_was_told_is_durable),
        CASE(a_receipt_that_was_not_handled_comes_again),
        CASE(a_refusal_that_was_not_handled_comes_again),
        CASE(commands_say_what_they_were_given),
        CASE(wrong_arguments_are_refused_at_once),
        CASE(what_cannot_be_opened_is_told),
        CASE(nothing_of_a_visit_stands_in_a_file_in_clear),
    };
    return cmocka_run_group_tests_name("client library", tests, NULL, NULL);
}
