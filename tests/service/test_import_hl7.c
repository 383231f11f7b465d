/* lianchengctl import hl7 as its users run it: the real program, real files, and a receiver that behaves as a test
 * says. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <errno.h>
#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "support/ctl_runner.h"
#include "support/mllp_responder.h"
#include "support/peers.h"
#include "support/ports.h"

struct fixture {
    char folder[256];
    struct run run;
    struct mllp_responder *responder;
    /* what the receiver does */
    unsigned refuse_every; /* answers every n-th message AE 204, every 2n-th AR 201 */
    unsigned busy;         /* so many first messages are answered AR 207 */
    unsigned close_every;  /* ends the connection instead of answering every n-th message that comes */
    bool is_silent;
    bool is_wrong;         /* names another message */
    unsigned came;         /* on all connections */
    unsigned held;         /* answers wait until so many messages came */
    struct buffer waiting; /* those answers */
    json_t *taken;         /* control id -> how often it was taken */
    size_t largest;        /* bytes of a message */
};

static bool on_message(void *user, unsigned connection, const uint8_t *message, size_t size, struct buffer *out) {
    struct fixture *f = user;
    char id[64];
    (void)connection;
    f->came++;
    f->largest = size > f->largest ? size : f->largest;
    mllp_responder_control_id(message, size, id, sizeof id);
    if (f->close_every > 0 && f->came % f->close_every == 0) {
        return false;
    }
    if (f->is_silent) {
        return true;
    }
    if (f->is_wrong) {
        const char *other = "MSH|^~\\&|||||||ADT^A01|other|P|2.5\r";
        mllp_responder_answer(out, (const uint8_t *)other, strlen(other), "AA", 0);
        return true;
    }
    if (f->came <= f->busy) {
        mllp_responder_answer(out, message, size, "AR", 207);
        return true;
    }
    json_object_set_new(f->taken, id, json_integer(json_integer_value(json_object_get(f->taken, id)) + 1));
    unsigned long number = strtoul(id, NULL, 10);
    bool is_refused = f->refuse_every > 0 && number % f->refuse_every == 0;
    bool is_rejected = is_refused && number % (2 * f->refuse_every) == 0;
    mllp_responder_answer(&f->waiting, message, size,
                          is_rejected  ? "AR"
                          : is_refused ? "AE"
                                       : "AA",
                          is_rejected  ? 201
                          : is_refused ? 204
                                       : 0);
    if (f->came >= f->held) {
        buffer_append(out, f->waiting.data, f->waiting.size);
        buffer_clear(&f->waiting);
    }
    return true;
}

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    test_folder_make("import", f->folder);
    f->taken = json_object();
    f->responder = mllp_responder_new(&(struct mllp_responder_options){.answer = on_message, .user = f});
    unsetenv("LC_CONFIG");
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    mllp_responder_destroy(&f->responder);
    run_release(&f->run);
    buffer_release(&f->waiting);
    json_decref(f->taken);
    test_folder_remove(f->folder);
    free(f);
    return 0;
}

/* --- Helpers --------------------------------------------------------------------------------------------------------
 */
static const char *path_in(const struct fixture *f, const char *name) {
    static char paths[4][400];
    static unsigned turn;
    char *path = paths[turn++ % 4];
    snprintf(path, sizeof paths[0], "%s/%s", f->folder, name);
    return path;
}

static void append_message(struct buffer *out, unsigned number, const char *end) {
    buffer_printf(out, "MSH|^~\\&|HIS|hosp-01|||20260105083000||ADT^A01|%u|P|2.5%s", number, end);
    buffer_printf(out, "EVN||20260105083000%sPID|1||p%u^^^^PI||^%s%sPV1|1|I%s", end, number, "\xab\x7c", end, end);
}

static void write_file(const char *path, const struct buffer *text) {
    assert_int_equal(file_write_atomic(path, text->data, text->size, 0644), STATUS_OK);
}

/* A bare run of messages 1..count. */
static const char *make_file(const struct fixture *f, unsigned count, const char *end) {
    struct buffer text = {0};
    const char *path = path_in(f, "messages.hl7");
    for (unsigned i = 1; i <= count; i++) {
        append_message(&text, i, end);
    }
    write_file(path, &text);
    buffer_release(&text);
    return path;
}

static char *read_text(const char *path) {
    struct buffer text = {0};
    assert_int_equal(file_read(path, 64 * 1024 * 1024, &text), STATUS_OK);
    buffer_text(&text);
    return (char *)text.data;
}

/* Runs import hl7 --json to the receiver; the exit code is checked, what was printed comes back. */
static json_t *import(struct fixture *f, int want, const char *input, const char *arguments) {
    run_program(&f->run, "lianchengctl", input, "import hl7 --json --to 127.0.0.1:%u %s",
                mllp_responder_port(f->responder), arguments);
    if (f->run.exit_code != want) {
        fail_msg("exit code %d, not %d\n%s\n%s", f->run.exit_code, want, buffer_text(&f->run.out),
                 buffer_text(&f->run.err));
    }
    json_error_t error;
    json_t *json = json_loads(buffer_text(&f->run.out), 0, &error);
    assert_non_null(json);
    return json;
}

static json_int_t number_of(const json_t *json, const char *name) {
    const json_t *value = json_object_get(json, name);
    assert_true(json_is_integer(value));
    return json_integer_value(value);
}

static json_int_t answered(const json_t *json, const char *answer, json_int_t code) {
    size_t i;
    json_t *row;
    json_int_t messages = 0;
    json_array_foreach(json_object_get(json, "answers"), i, row) {
        if (strcmp(json_string_value(json_object_get(row, "answer")), answer) == 0 && number_of(row, "code") == code) {
            messages += number_of(row, "messages");
        }
    }
    return messages;
}

static void check_says(const struct fixture *f, const char *text) {
    struct run *run = (struct run *)(uintptr_t)&f->run;
    if (!strstr(buffer_text(&run->out), text) && !strstr(buffer_text(&run->err), text)) {
        fail_msg("\"%s\" is not in\n%s\n%s", text, buffer_text(&run->out), buffer_text(&run->err));
    }
}

/* One line for each of the messages 1..count, in order; refused as refuse_every says. */
static void check_result(const struct fixture *f, const char *path, unsigned count) {
    char *text = read_text(path), *at = text, want[64];
    for (unsigned i = 1; i <= count; i++) {
        bool is_refused = f->refuse_every > 0 && i % f->refuse_every == 0;
        bool is_rejected = is_refused && i % (2 * f->refuse_every) == 0;
        int size = snprintf(want, sizeof want, "MSA|%s|%u\n", is_rejected ? "AR" : is_refused ? "AE" : "AA", i);
        if (strncmp(at, want, (size_t)size) != 0) {
            fail_msg("line %u is %.30s, not %s", i, at, want);
        }
        at += size;
    }
    assert_string_equal(at, "");
    free(text);
}

static void check_each_was_taken(const struct fixture *f, unsigned count) {
    assert_int_equal(json_object_size(f->taken), count);
}

/* --- Cases ----------------------------------------------------------------------------------------------------------
 */
static void every_message_gets_its_line(void **state) {
    struct fixture *f = *state;
    static const char *const ends[] = {"\r", "\n", "\r\n"};
    char arguments[500];
    for (size_t i = 0; i < 3; i++) {
        const char *file = make_file(f, 1000, ends[i]);
        json_object_clear(f->taken);
        json_t *json = import(f, 0, NULL, file);
        assert_int_equal(number_of(json, "messages"), 1000);
        assert_int_equal(number_of(json, "not_accepted"), 0);
        assert_int_equal(answered(json, "AA", 0), 1000);
        assert_true(json_is_true(json_object_get(json, "complete")));
        json_decref(json);
        snprintf(arguments, sizeof arguments, "%s.result", file);
        check_result(f, arguments, 1000);
        check_each_was_taken(f, 1000);
    }
    struct stat found;
    assert_int_equal(stat(arguments, &found), 0);
    assert_int_equal(found.st_mode & 0777, 0600); /* control ids stand in it */
}

static void refusals_are_counted_by_code(void **state) {
    struct fixture *f = *state;
    f->refuse_every = 10;
    char arguments[600];
    snprintf(arguments, sizeof arguments, "%s --result %s", make_file(f, 200, "\r"), path_in(f, "r"));
    json_t *json = import(f, 65, NULL, arguments);
    assert_int_equal(answered(json, "AA", 0), 180);
    assert_int_equal(answered(json, "AE", 204), 10);
    assert_int_equal(answered(json, "AR", 201), 10);
    assert_int_equal(number_of(json, "not_accepted"), 20);
    json_decref(json);
    check_result(f, path_in(f, "r"), 200);
    run_program(&f->run, "lianchengctl", NULL, "import hl7 --to 127.0.0.1:%u %s", mllp_responder_port(f->responder),
                arguments);
    assert_int_equal(f->run.exit_code, 65);
    check_says(f, "AE 204 PID-3");
    check_says(f, "first: message 10 of ");
}

/* Answers come only once a whole window is there: with fewer on their way nothing would go on. */
static void messages_are_pipelined_up_to_the_window(void **state) {
    struct fixture *f = *state;
    char arguments[600];
    f->held = 16;
    snprintf(arguments, sizeof arguments, "%s --window 16", make_file(f, 100, "\r"));
    json_decref(import(f, 0, NULL, arguments));
    assert_int_equal(f->came, 100);
    f->came = 0;
    f->is_silent = true;
    snprintf(arguments, sizeof arguments, "%s --window 16 --timeout 1", path_in(f, "messages.hl7"));
    json_t *json = import(f, 75, NULL, arguments);
    assert_true(json_is_false(json_object_get(json, "complete")));
    json_decref(json);
    assert_int_equal(f->came, 16); /* never more than the window */
    check_says(f, "no answer from 127.0.0.1:");
}

static void a_busy_receiver_gets_it_again(void **state) {
    struct fixture *f = *state;
    f->busy = 20;
    json_t *json = import(f, 0, NULL, make_file(f, 50, "\r"));
    assert_int_equal(number_of(json, "retried"), 20);
    assert_int_equal(answered(json, "AA", 0), 50);
    json_decref(json);
    check_result(f, path_in(f, "messages.hl7.result"), 50);
    check_each_was_taken(f, 50);
}

static void a_lost_connection_loses_nothing(void **state) {
    struct fixture *f = *state;
    f->close_every = 37;
    f->refuse_every = 10;
    json_t *json = import(f, 65, NULL, make_file(f, 300, "\r"));
    assert_int_equal(number_of(json, "messages"), 300);
    assert_true(number_of(json, "connections_lost") >= 8);
    assert_int_equal(answered(json, "AE", 204), 15);
    json_decref(json);
    check_result(f, path_in(f, "messages.hl7.result"), 300);
    check_each_was_taken(f, 300);
}

static void several_connections_keep_the_order_of_results(void **state) {
    struct fixture *f = *state;
    char arguments[600];
    f->close_every = 97;
    f->refuse_every = 7;
    snprintf(arguments, sizeof arguments, "%s --connections 4 --window 3", make_file(f, 500, "\r"));
    json_decref(import(f, 65, NULL, arguments));
    check_result(f, path_in(f, "messages.hl7.result"), 500);
    check_each_was_taken(f, 500);
    assert_true(mllp_responder_connections(f->responder) >= 4);
}

static void a_wrong_batch_file_is_told_and_its_messages_stay(void **state) {
    struct fixture *f = *state;
    struct buffer text = {0};
    const char *path = path_in(f, "batch.hl7");
    buffer_append_text(&text, "FHS|^~\\&|a\rBHS|^~\\&|b\r");
    append_message(&text, 1, "\r");
    append_message(&text, 2, "\r");
    buffer_append_text(&text, "BTS|3\rBHS|\r");
    append_message(&text, 3, "\r");
    write_file(path, &text);
    json_t *json = import(f, 2, NULL, path);
    assert_int_equal(number_of(json, "messages"), 3);
    assert_int_equal(answered(json, "AA", 0), 3);
    const json_t *findings = json_object_get(json, "first_findings");
    assert_int_equal(json_array_size(findings), 3);
    static const char *const want[] = {"batch_count_differs", "no_batch_trailer", "no_file_trailer"};
    for (size_t i = 0; i < 3; i++) {
        assert_string_equal(json_string_value(json_object_get(json_array_get(findings, i), "finding")), want[i]);
    }
    json_decref(json);
    f->refuse_every = 3; /* a refusal besides changes nothing of that */
    run_program(&f->run, "lianchengctl", NULL, "import hl7 --to 127.0.0.1:%u %s", mllp_responder_port(f->responder),
                path);
    assert_int_equal(f->run.exit_code, 2);
    check_says(f, "(3, read 2)");
    check_says(f, "AE 204");
    buffer_release(&text);
}

/* 16 MiB go through whole; one byte more is not sent, has its line, and stops no other. */
static void the_largest_message_passes_and_a_larger_one_stops_no_other(void **state) {
    struct fixture *f = *state;
    struct buffer text = {0};
    const char *path = path_in(f, "large.hl7");
    static const char head[] = "MSH|^~\\&|HIS|hosp-01|||20260105083000||ADT^A01|%d|P|2.5\rOBX|";
    const size_t bound = (size_t)16 << 20;
    append_message(&text, 1, "\r");
    for (int over = 0; over < 2; over++) {
        size_t start = text.size;
        buffer_printf(&text, head, 2 + over);
        size_t fill = bound - (text.size - start) - 1 + (size_t)over;
        memset(buffer_reserve(&text, fill), 'x', fill);
        text.size += fill;
        buffer_append_text(&text, "\r");
    }
    append_message(&text, 4, "\r");
    write_file(path, &text);
    buffer_release(&text);
    json_t *json = import(f, 2, NULL, path);
    assert_int_equal(number_of(json, "messages"), 4);
    assert_int_equal(answered(json, "AA", 0), 3);
    assert_int_equal(answered(json, "AR", 0), 1);
    json_decref(json);
    assert_int_equal(f->largest, bound);
    char *result = read_text(path_in(f, "large.hl7.result"));
    assert_string_equal(result, "MSA|AA|1\nMSA|AA|2\nMSA|AR|3|over 16 MiB: not sent\nMSA|AA|4\n");
    free(result);
}

static void answers_to_other_messages_are_noticed(void **state) {
    struct fixture *f = *state;
    f->is_wrong = true;
    json_decref(import(f, 70, NULL, make_file(f, 5, "\r")));
    check_says(f, "does not answer as an HL7 receiver");
    char *result = read_text(path_in(f, "messages.hl7.result"));
    assert_string_equal(result, "");
    free(result);
}

static void files_standard_input_and_wrong_usage(void **state) {
    struct fixture *f = *state;
    char first[400], second[400], arguments[1000];
    snprintf(first, sizeof first, "%s", make_file(f, 3, "\r"));
    snprintf(second, sizeof second, "%s", path_in(f, "second.hl7"));
    assert_int_equal(rename(first, second), 0);
    make_file(f, 2, "\n");
    snprintf(arguments, sizeof arguments, "%s %s --result %s", second, first, path_in(f, "all"));
    json_t *json = import(f, 0, NULL, arguments);
    assert_int_equal(number_of(json, "messages"), 5);
    json_decref(json);
    char *result = read_text(path_in(f, "all"));
    assert_string_equal(result, "MSA|AA|1\nMSA|AA|2\nMSA|AA|3\nMSA|AA|1\nMSA|AA|2\n");
    free(result);
    snprintf(arguments, sizeof arguments, "- --result %s", path_in(f, "stdin.result"));
    json_decref(import(f, 0, second, arguments));
    check_result(f, path_in(f, "stdin.result"), 3);

    static const struct {
        const char *arguments;
        int exit_code;
    } cases[] = {
        {"import", 64},
        {"import csv x", 64},
        {"import hl7", 64},
        {"import hl7 --to 127.0.0.1:1 -", 64},
        {"import hl7 --to nowhere x", 64},
        {"import hl7 --to 127.0.0.1:1 /no/such/file", 64},
        {"import hl7 --to 127.0.0.1:1 /tmp", 64},
        {"import hl7 --to 127.0.0.1:1 --cert a --key b /dev/null", 64},
        {"import hl7 --to 127.0.0.1:1 --ca a --cert b /dev/null", 64},
        {"import hl7 --to 127.0.0.1:1 --ca /no/such/file /dev/null", 78},
        {"import hl7 --to 127.0.0.1:1 --connections 0 x", 64},
        {"import hl7 --config /no/such/file x", 78},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        run_program(&f->run, "lianchengctl", NULL, "%s", cases[i].arguments);
        if (f->run.exit_code != cases[i].exit_code || f->run.err.size == 0) {
            fail_msg("%s: exit code %d", cases[i].arguments, f->run.exit_code);
        }
    }
}

static void what_cannot_be_hl7_is_not_sent(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *bytes;
        size_t size;
        int exit_code;
    } cases[] = {
        {"\xff\xfeM\0S\0H\0|\0", 10, 65},
        {"\xfe\xff\0M\0S", 6, 65},
        {"M\0S\0H\0", 6, 65},
        {"hello\n", 6, 2},
        {"", 0, 2},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        const char *path = path_in(f, "no.hl7");
        assert_int_equal(file_write_atomic(path, cases[i].bytes, cases[i].size, 0644), STATUS_OK);
        json_decref(import(f, cases[i].exit_code, NULL, path));
    }
    assert_int_equal(f->came, 0);
}

static void nobody_there_is_a_temporary_failure(void **state) {
    struct fixture *f = *state;
    run_program(&f->run, "lianchengctl", NULL, "import hl7 --to 127.0.0.1:%u --timeout 1 %s", test_port(),
                make_file(f, 1, "\r"));
    assert_int_equal(f->run.exit_code, 75);
    check_says(f, "Not complete");
}

/* --- TLS ------------------------------------------------------------------------------------------------------------
 */
/* Certificates by the openssl program: NAME.crt and NAME.key, signed by ca (or themselves). */
static void make_certificate(const struct fixture *f, const char *name, const char *ca, const char *subject) {
    char line[2000];
    const char *folder = f->folder;
    int size =
        ca ? snprintf(
                 line, sizeof line,
                 "cd %s && openssl req -new -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout %s.key -out "
                 "%s.csr "
                 "-subj /CN=%s >/dev/null 2>&1 && printf 'subjectAltName=IP:127.0.0.1' >%s.ext && openssl x509 -req "
                 "-in "
                 "%s.csr -CA %s.crt -CAkey %s.key -CAcreateserial -days 2 -extfile %s.ext -out %s.crt >/dev/null 2>&1",
                 folder, name, name, subject, name, name, ca, ca, name, name)
           : snprintf(
                 line, sizeof line,
                 "cd %s && openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout %s.key -out "
                 "%s.crt -days 2 -subj /CN=%s >/dev/null 2>&1",
                 folder, name, name, subject);
    assert_true(size > 0 && (size_t)size < sizeof line);
    FILE *shell = popen(line, "r");
    assert_non_null(shell);
    assert_int_equal(pclose(shell), 0);
}

static SSL_CTX *server_context(const struct fixture *f) {
    SSL_CTX *context = SSL_CTX_new(TLS_server_method());
    assert_non_null(context);
    assert_int_equal(SSL_CTX_use_certificate_chain_file(context, path_in(f, "server.crt")), 1);
    assert_int_equal(SSL_CTX_use_PrivateKey_file(context, path_in(f, "server.key"), SSL_FILETYPE_PEM), 1);
    assert_int_equal(SSL_CTX_load_verify_file(context, path_in(f, "ca.crt")), 1);
    SSL_CTX_set_verify(context, SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, NULL);
    return context;
}

static void tls_with_both_certificates_and_no_other(void **state) {
    struct fixture *f = *state;
    char arguments[2000];
    make_certificate(f, "ca", NULL, "Test-CA");
    make_certificate(f, "other", NULL, "Other-CA");
    make_certificate(f, "server", "ca", "gateway");
    make_certificate(f, "client", "ca", "hosp-01");
    make_certificate(f, "stranger", "other", "hosp-01");
    SSL_CTX *context = server_context(f);
    mllp_responder_destroy(&f->responder);
    f->responder =
        mllp_responder_new(&(struct mllp_responder_options){.answer = on_message, .user = f, .tls = context});
    const char *file = make_file(f, 100, "\r");
    snprintf(arguments, sizeof arguments, "%s --ca %s/ca.crt --cert %s/client.crt --key %s/client.key --window 32",
             file, f->folder, f->folder, f->folder);
    json_decref(import(f, 0, NULL, arguments));
    check_result(f, path_in(f, "messages.hl7.result"), 100);
    unsigned came = f->came;
    snprintf(arguments, sizeof arguments, "%s --ca %s/other.crt", path_in(f, "messages.hl7"), f->folder);
    json_decref(import(f, 70, NULL, arguments));
    check_says(f, "certificate verify failed");
    snprintf(arguments, sizeof arguments, "%s --ca %s/ca.crt --cert %s/stranger.crt --key %s/stranger.key --timeout 1",
             path_in(f, "messages.hl7"), f->folder, f->folder, f->folder);
    json_decref(import(f, 75, NULL, arguments));
    snprintf(arguments, sizeof arguments, "%s --ca %s/ca.crt --cert %s/client.crt --key %s/server.key",
             path_in(f, "messages.hl7"), f->folder, f->folder, f->folder);
    run_program(&f->run, "lianchengctl", NULL, "import hl7 --to 127.0.0.1:%u %s", mllp_responder_port(f->responder),
                arguments);
    assert_int_equal(f->run.exit_code, 78);
    /* the receiver's certificate names another host */
    snprintf(arguments, sizeof arguments, "import hl7 --to localhost:%u %s --ca %s/ca.crt",
             mllp_responder_port(f->responder), path_in(f, "messages.hl7"), f->folder);
    run_program(&f->run, "lianchengctl", NULL, "%s", arguments);
    assert_int_equal(f->run.exit_code, 70);
    assert_int_equal(f->came, came);
    mllp_responder_destroy(&f->responder);
    SSL_CTX_free(context);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(every_message_gets_its_line, set_up, tear_down),
        cmocka_unit_test_setup_teardown(refusals_are_counted_by_code, set_up, tear_down),
        cmocka_unit_test_setup_teardown(messages_are_pipelined_up_to_the_window, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_busy_receiver_gets_it_again, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_lost_connection_loses_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(several_connections_keep_the_order_of_results, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_wrong_batch_file_is_told_and_its_messages_stay, set_up, tear_down),
        cmocka_unit_test_setup_teardown(the_largest_message_passes_and_a_larger_one_stops_no_other, set_up, tear_down),
        cmocka_unit_test_setup_teardown(answers_to_other_messages_are_noticed, set_up, tear_down),
        cmocka_unit_test_setup_teardown(files_standard_input_and_wrong_usage, set_up, tear_down),
        cmocka_unit_test_setup_teardown(what_cannot_be_hl7_is_not_sent, set_up, tear_down),
        cmocka_unit_test_setup_teardown(nobody_there_is_a_temporary_failure, set_up, tear_down),
        cmocka_unit_test_setup_teardown(tls_with_both_certificates_and_no_other, set_up, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
