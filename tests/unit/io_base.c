/* The parts of common/base that touch the system: log, file, secret, check. */

#include <fcntl.h>
#include <ftw.h>
#include <poll.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>
#include <jansson.h>

#include "base/check.h"
#include "base/file.h"
#include "base/log.h"
#include "base/secret.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))

/* --- A folder for each test --- */

static char folder[] = "/tmp/liancheng-base.XXXXXX";

static int make_folder(void **state) {
    (void)state;
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    return mkdtemp(folder) == NULL;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where) {
    (void)status, (void)kind, (void)where;
    return remove(path);
}

static int remove_folder(void **state) {
    (void)state;
    return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static const char *in_folder(const char *name) {
    static char path[256];
    snprintf(path, sizeof path, "%s/%s", folder, name);
    return path;
}

/* --- log --- */

/* Catches stderr in a pipe. */
struct capture {
    int read_end;
    int old_stderr;
};

static void capture_begin(struct capture *capture) {
    int ends[2];
    assert_int_equal(pipe(ends), 0);
    capture->read_end = ends[0];
    capture->old_stderr = dup(STDERR_FILENO);
    assert_int_equal(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    close(ends[1]);
}

static void capture_drain(struct capture *capture, struct buffer *out) {
    struct pollfd readable = {.fd = capture->read_end, .events = POLLIN};
    while (poll(&readable, 1, 0) == 1 && (readable.revents & POLLIN) != 0) {
        ssize_t got = read(capture->read_end, buffer_reserve(out, 65536), 65536);
        assert_true(got > 0);
        out->size += (size_t)got;
    }
}

static void capture_end(struct capture *capture, struct buffer *out) {
    dup2(capture->old_stderr, STDERR_FILENO);
    close(capture->old_stderr);
    capture_drain(capture, out);
    close(capture->read_end);
}

/* One line, as JSON. */
static json_t *parse_line(const char *line, size_t size) {
    json_error_t error;
    json_t *object = json_loadb(line, size, 0, &error);
    if (object == NULL) {
        fail_msg("no JSON: %s: %.*s", error.text, (int)size, line);
    }
    return object;
}

static json_t *log_one(enum log_level level, const char *message, const struct log_field *fields) {
    struct capture capture;
    struct buffer out = {0};
    capture_begin(&capture);
    log_write(level, message, fields);
    capture_end(&capture, &out);
    assert_true(out.size > 0 && out.size <= 4096);
    assert_int_equal(out.data[out.size - 1], '\n');
    assert_ptr_equal(memchr(out.data, '\n', out.size), out.data + out.size - 1);
    json_t *object = parse_line((const char *)out.data, out.size);
    buffer_release(&out);
    return object;
}

static const char *text_of(json_t *object, const char *key) {
    const char *text = json_string_value(json_object_get(object, key));
    assert_non_null(text);
    return text;
}

static void test_log_fields(void **state) {
    (void)state;
    log_init("visits", LOG_LEVEL_INFO);
    const struct log_field fields[] = {LOG_S("name", "a \"b\" \\ \n\t\x01 \xE8\x8E\xB2"),
                                       LOG_S("nothing", NULL),
                                       LOG_S("broken", "a\xFF\xC2z\xED\xA0\x80"),
                                       LOG_U("big", INT64_MAX),
                                       LOG_I("small", INT64_MIN),
                                       LOG_D("half", 0.5),
                                       LOG_D("endless", 1.0 / 0.0),
                                       {0}};
    json_t *line = log_one(LOG_LEVEL_WARN, "something", fields);
    assert_string_equal(text_of(line, "level"), "warn");
    assert_string_equal(text_of(line, "service"), "visits");
    assert_string_equal(text_of(line, "message"), "something");
    assert_int_equal(strlen(text_of(line, "time")), strlen("2020-01-01T00:00:00.000Z"));
    assert_string_equal(text_of(line, "name"), "a \"b\" \\ \n\t\x01 \xE8\x8E\xB2");
    assert_string_equal(text_of(line, "broken"), "a??z???");
    assert_true(json_is_null(json_object_get(line, "nothing")));
    assert_true(json_is_null(json_object_get(line, "endless")));
    assert_true(json_number_value(json_object_get(line, "half")) == 0.5);
    assert_true(json_integer_value(json_object_get(line, "big")) == INT64_MAX);
    assert_true(json_integer_value(json_object_get(line, "small")) == INT64_MIN);
    assert_null(json_object_get(line, "cut"));
    json_decref(line);
}

/* Lines around the limit, of every length and with characters of every width at the cut, stay whole JSON. */
static void test_log_long_lines_stay_json(void **state) {
    (void)state;
    static const struct {
        const char *text;
        size_t width; /* in the line */
    } units[] = {{"x", 1}, {"\"", 2}, {"\x01", 6}, {"\xE8\x8E\xB2", 3}, {"\xF0\x9F\x8C\xB8", 4}};
    for (size_t u = 0; u < COUNT(units); u++) {
        struct buffer text = {0};
        bool was_cut = false;
        for (size_t width = 0; width < 4200; width += units[u].width) {
            buffer_append_text(&text, units[u].text);
            if (width < 3800 && text.size % 101 != 0) {
                continue; /* the limit is what is of interest */
            }
            const struct log_field fields[] = {
                LOG_S("text", buffer_text(&text)), LOG_U("number", 7), LOG_S("last", "end"), {0}};
            json_t *line = log_one(LOG_LEVEL_ERROR, "long", fields);
            bool cut = json_is_true(json_object_get(line, "cut"));
            assert_int_equal(cut, json_object_get(line, "last") == NULL || strcmp(text_of(line, "last"), "end") != 0);
            assert_true(cut || !was_cut);
            was_cut = cut;
            json_decref(line);
        }
        assert_true(was_cut);
        buffer_release(&text);
    }
}

static void test_log_levels(void **state) {
    (void)state;
    struct capture capture;
    struct buffer out = {0};
    enum log_level level = LOG_LEVEL_INFO;
    assert_true(log_level_parse("warn", &level));
    assert_false(log_level_parse("loud", &level));
    assert_false(log_level_parse("", &level));
    assert_int_equal(level, LOG_LEVEL_WARN);
    log_set_level(level);
    capture_begin(&capture);
    LOG_DEBUG("no");
    LOG_INFO("no");
    LOG_WARN("yes");
    LOG_ERROR("yes", LOG_U("n", 1));
    capture_end(&capture, &out);
    assert_null(strstr(buffer_text(&out), "\"no\""));
    const char *first = strstr(buffer_text(&out), "\"yes\"");
    assert_non_null(first);
    assert_non_null(strstr(first + 1, "\"yes\""));
    log_set_level(LOG_LEVEL_INFO);
    buffer_release(&out);
}

/* Nobody reads: the log goes on, and says afterwards how much was lost. */
static void test_log_never_waits_for_its_reader(void **state) {
    (void)state;
    enum { LINES = 3000 };
    struct capture capture;
    struct buffer out = {0};
    capture_begin(&capture);
    for (int i = 0; i < LINES; i++) {
        LOG_INFO("flood", LOG_S("text", "a line of some length, so that the pipe is soon full of them"));
    }
    capture_drain(&capture, &out);
    LOG_INFO("after");
    capture_end(&capture, &out);
    unsigned floods = 0, after = 0;
    json_int_t lost = 0;
    const char *end = buffer_text(&out) + out.size;
    for (const char *at = buffer_text(&out); at < end;) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        assert_non_null(newline);
        json_t *line = parse_line(at, (size_t)(newline - at));
        floods += strcmp(text_of(line, "message"), "flood") == 0;
        after += strcmp(text_of(line, "message"), "after") == 0;
        lost += json_integer_value(json_object_get(line, "lines"));
        json_decref(line);
        at = newline + 1;
    }
    assert_true(floods > 0 && floods < LINES);
    assert_int_equal(floods + lost, LINES);
    assert_int_equal(after, 1);
    buffer_release(&out);
}

static void *write_lines(void *text) {
    for (int i = 0; i < 200; i++) {
        LOG_INFO("thread", LOG_S("text", text));
    }
    return NULL;
}

static void *read_all_lines(void *argument) {
    struct capture *capture = argument;
    struct buffer *out = calloc(1, sizeof *out);
    for (;;) {
        ssize_t got = read(capture->read_end, buffer_reserve(out, 4096), 4096);
        if (got <= 0) {
            return out;
        }
        out->size += (size_t)got;
    }
}

static void test_log_lines_of_threads_do_not_mix(void **state) {
    (void)state;
    static char texts[3][600];
    pthread_t writers[3], reader;
    struct capture capture;
    capture_begin(&capture);
    pthread_create(&reader, NULL, read_all_lines, &capture);
    for (int i = 0; i < 3; i++) {
        memset(texts[i], 'a' + i, sizeof texts[i] - 1);
        pthread_create(&writers[i], NULL, write_lines, texts[i]);
    }
    for (int i = 0; i < 3; i++) {
        pthread_join(writers[i], NULL);
    }
    dup2(capture.old_stderr, STDERR_FILENO); /* closes the last write end: the reader sees the end */
    close(capture.old_stderr);
    void *result;
    pthread_join(reader, &result);
    close(capture.read_end);
    struct buffer *out = result;
    unsigned lines = 0;
    const char *end = buffer_text(out) + out->size;
    for (const char *at = buffer_text(out); at < end; lines++) {
        const char *newline = memchr(at, '\n', (size_t)(end - at));
        assert_non_null(newline);
        json_t *line = parse_line(at, (size_t)(newline - at));
        if (json_object_get(line, "text") != NULL) {
            const char *text = text_of(line, "text");
            assert_int_equal(strspn(text, (char[]){text[0], 0}), 599);
        }
        json_decref(line);
        at = newline + 1;
    }
    assert_true(lines > 0);
    buffer_release(out);
    free(out);
}

/* --- file --- */

static void write_plain(const char *path, const char *text) {
    FILE *file = fopen(path, "w");
    assert_non_null(file);
    fputs(text, file);
    fclose(file);
}

static unsigned count_files(void) {
    unsigned count = 0;
    struct buffer command = {0};
    buffer_printf(&command, "ls -A %s", folder);
    FILE *list = popen(buffer_text(&command), "r");
    assert_non_null(list);
    for (int c = fgetc(list); c != EOF; c = fgetc(list)) {
        count += c == '\n';
    }
    pclose(list);
    buffer_release(&command);
    return count;
}

static void test_file_read(void **state) {
    (void)state;
    struct buffer out = {0};
    buffer_append_text(&out, "before ");
    write_plain(in_folder("f"), "0123456789");
    assert_int_equal(file_read(in_folder("f"), 9, &out), STATUS_MEMORY);
    assert_string_equal(buffer_text(&out), "before ");
    assert_int_equal(file_read(in_folder("f"), 10, &out), STATUS_OK);
    assert_string_equal(buffer_text(&out), "before 0123456789");
    assert_int_equal(file_read(in_folder("g"), 10, &out), STATUS_NOT_FOUND);
    assert_int_equal(file_read(in_folder("f/g"), 10, &out), STATUS_NOT_FOUND);
    assert_int_equal(file_read(folder, 10, &out), STATUS_IO);
    assert_string_equal(buffer_text(&out), "before 0123456789");
    buffer_clear(&out);
    assert_int_equal(file_read("/dev/zero", 200000, &out), STATUS_MEMORY);
    assert_int_equal(file_read("/dev/null", 0, &out), STATUS_OK);
    assert_int_equal(out.size, 0);
    buffer_release(&out);
}

static void test_file_write(void **state) {
    (void)state;
    struct buffer out = {0};
    struct stat status;
    const char *path = in_folder("w");
    assert_int_equal(file_write_new(path, "first", 5, 0400), STATUS_OK);
    assert_int_equal(stat(path, &status), 0);
    assert_int_equal(status.st_mode & 0777, 0400);
    assert_int_equal(file_write_new(path, "second", 6, 0400), STATUS_EXISTS);
    assert_int_equal(file_read(path, 100, &out), STATUS_OK);
    assert_string_equal(buffer_text(&out), "first");
    assert_int_equal(file_write_atomic(path, "third", 5, 0600), STATUS_OK);
    buffer_clear(&out);
    assert_int_equal(file_read(path, 100, &out), STATUS_OK);
    assert_string_equal(buffer_text(&out), "third");
    assert_int_equal(file_write_atomic(in_folder("missing/x"), "x", 1, 0600), STATUS_NOT_FOUND);
    assert_int_equal(file_write_atomic(in_folder("empty"), "", 0, 0600), STATUS_OK);
    assert_int_equal(count_files(), 2); /* no temporary one stays behind */
    buffer_release(&out);
}

/* A disk that takes no more: the old file stays, nothing is left beside it. */
static void test_file_write_on_a_full_disk(void **state) {
    (void)state;
    static char large[100000];
    const char *path = in_folder("w");
    assert_int_equal(file_write_atomic(path, "old", 3, 0600), STATUS_OK);
    struct rlimit old, small;
    assert_int_equal(getrlimit(RLIMIT_FSIZE, &old), 0);
    small = old;
    small.rlim_cur = 5000;
    signal(SIGXFSZ, SIG_IGN);
    assert_int_equal(setrlimit(RLIMIT_FSIZE, &small), 0);
    enum status result = file_write_atomic(path, large, sizeof large, 0600);
    setrlimit(RLIMIT_FSIZE, &old);
    signal(SIGXFSZ, SIG_DFL);
    assert_int_equal(result, STATUS_IO);
    struct buffer out = {0};
    assert_int_equal(file_read(path, 100, &out), STATUS_OK);
    assert_string_equal(buffer_text(&out), "old");
    assert_int_equal(count_files(), 1);
    buffer_release(&out);
}

static void test_file_make_folder(void **state) {
    (void)state;
    struct stat status;
    assert_int_equal(file_make_folder(in_folder("a/b//c/"), 0700), STATUS_OK);
    assert_int_equal(stat(in_folder("a/b/c"), &status), 0);
    assert_true(S_ISDIR(status.st_mode));
    assert_int_equal(status.st_mode & 0777, 0700);
    assert_int_equal(file_make_folder(in_folder("a/b/c"), 0700), STATUS_OK);
    assert_int_equal(file_make_folder("/", 0700), STATUS_OK);
    write_plain(in_folder("file"), "");
    assert_int_equal(file_make_folder(in_folder("file"), 0700), STATUS_EXISTS);
    assert_int_equal(file_make_folder(in_folder("file/x"), 0700), STATUS_EXISTS);
}

/* --- secret --- */

static void test_secret(void **state) {
    (void)state;
    uint8_t first[SECRET_BYTES], again[SECRET_BYTES], second[SECRET_BYTES];
    struct stat status;
    assert_int_equal(secret_make(in_folder("s")), STATUS_OK);
    assert_int_equal(stat(in_folder("s"), &status), 0);
    assert_int_equal(status.st_mode & 0777, 0400);
    assert_int_equal(status.st_size, 65);
    assert_int_equal(secret_load(in_folder("s"), first), STATUS_OK);
    assert_int_equal(secret_make(in_folder("s")), STATUS_EXISTS);
    assert_int_equal(secret_load(in_folder("s"), again), STATUS_OK);
    assert_memory_equal(first, again, SECRET_BYTES);
    assert_int_equal(secret_make(in_folder("t")), STATUS_OK);
    assert_int_equal(secret_load(in_folder("t"), second), STATUS_OK);
    assert_memory_not_equal(first, second, SECRET_BYTES);
    assert_int_equal(secret_load(in_folder("u"), first), STATUS_NOT_FOUND);
}

#define HEX_63 "000102030405060708090a0b0c0d0e0f101112131415161718191A1B1C1D1E1"

static void test_secret_form(void **state) {
    (void)state;
    static const struct {
        const char *text;
        enum status want;
    } cases[] = {
        {HEX_63 "f", STATUS_OK},
        {HEX_63 "f\r\n", STATUS_OK},
        {HEX_63, STATUS_MALFORMED},
        {HEX_63 "fa", STATUS_MALFORMED},
        {HEX_63 "g\n", STATUS_MALFORMED},
        {" " HEX_63 "f", STATUS_MALFORMED},
        {"", STATUS_MALFORMED},
        {HEX_63 "f\n" HEX_63 "f\n" HEX_63 "f\n" HEX_63 "f\n" HEX_63 "f\n", STATUS_MALFORMED},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        uint8_t key[SECRET_BYTES] = {0};
        write_plain(in_folder("s"), cases[i].text);
        assert_int_equal(secret_load(in_folder("s"), key), cases[i].want);
        for (unsigned b = 0; cases[i].want == STATUS_OK && b < SECRET_BYTES; b++) {
            assert_int_equal(key[b], b);
        }
    }
}

/* --- check --- */

static void test_check_aborts(void **state) {
    (void)state;
    CHECK(1 + 1 == 2);
    struct capture capture;
    struct buffer out = {0};
    capture_begin(&capture);
    pid_t child = fork();
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        CHECK(1 + 1 == 3);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    capture_end(&capture, &out);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    assert_non_null(strstr(buffer_text(&out), "1 + 1 == 3"));
    buffer_release(&out);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_log_fields),
        cmocka_unit_test(test_log_long_lines_stay_json),
        cmocka_unit_test(test_log_levels),
        cmocka_unit_test(test_log_never_waits_for_its_reader),
        cmocka_unit_test(test_log_lines_of_threads_do_not_mix),
        cmocka_unit_test_setup_teardown(test_file_read, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_file_write, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_file_write_on_a_full_disk, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_file_make_folder, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_secret, make_folder, remove_folder),
        cmocka_unit_test_setup_teardown(test_secret_form, make_folder, remove_folder),
        cmocka_unit_test(test_check_aborts),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
