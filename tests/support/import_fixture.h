#ifndef TESTS_IMPORT_FIXTURE_H
#define TESTS_IMPORT_FIXTURE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/secret.h"
#include "support/ctl_runner.h"
#include "support/peers.h"
#include "support/ports.h"
#include "support/process.h"

/* lianchengctl import as its users run it: the real program, real files, and a registry as a real process, with a key
 * each of an operator, a supervisor and the agency "housing". Header only. */
struct fixture {
    const char *registry, *setting; /* its program; a setting beside those of its keys and folders, or NULL */
    struct test_keys keys;
    const char *operator_key, *supervisor_key, *agency_key;
    char endpoint[TEST_ENDPOINT_BYTES];
    char table[512]; /* the spreadsheet of most tests */
    struct process process;
    long log_position;
    struct run run;
};

/* --- Helpers --------------------------------------------------------------------------------------------------------
 */
static inline const char *path_in(const struct fixture *f, const char *name) {
    static char paths[8][700];
    static unsigned turn;
    char *path = paths[turn++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", f->keys.folder, name);
    return path;
}

static inline void write_bytes(const char *path, const void *data, size_t size) {
    assert_int_equal(file_write_atomic(path, data, size, 0644), STATUS_OK);
}

static inline void write_text(const char *path, const char *text) {
    write_bytes(path, text, strlen(text));
}

/* The caller frees it. */
static inline char *read_text(const char *path) {
    struct buffer text = {0};
    if (file_read(path, 16 * 1024 * 1024, &text) != STATUS_OK) {
        fail_msg("%s cannot be read", path);
    }
    buffer_text(&text);
    return (char *)text.data;
}

/* Runs lianchengctl and checks the exit code. */
#define CTL(f, want, ...)                                                                                              \
    do {                                                                                                               \
        run_program(&(f)->run, "lianchengctl", NULL, __VA_ARGS__);                                                     \
        check_exit(f, want, __LINE__);                                                                                 \
    } while (0)

static inline void check_exit(struct fixture *f, int want, int line) {
    if (f->run.exit_code != want) {
        fail_msg("line %d: exit code %d, not %d\n%s\n%s", line, f->run.exit_code, want, buffer_text(&f->run.out),
                 buffer_text(&f->run.err));
    }
}

static inline void check_says(struct fixture *f, const char *text) {
    if (!strstr(buffer_text(&f->run.out), text) && !strstr(buffer_text(&f->run.err), text)) {
        fail_msg("\"%s\" is not in\n%s\n%s", text, buffer_text(&f->run.out), buffer_text(&f->run.err));
    }
}

/* Findings as "row column rule" each, in a blank-separated list, of --json; the last line is the summary. */
static inline json_t *check_findings(struct fixture *f, const char *const *want) {
    char *line = (char *)f->run.out.data;
    json_t *summary = NULL;
    size_t seen = 0;
    for (char *next; line != NULL && *line != '\0'; line = next) {
        next = strchr(line, '\n');
        *next++ = '\0';
        json_t *json = json_loads(line, 0, NULL);
        assert_non_null(json);
        if (json_object_get(json, "complete") != NULL) {
            summary = json;
            continue;
        }
        char got[512];
        snprintf(got, sizeof got, "%d %s %s %s", (int)json_integer_value(json_object_get(json, "row")),
                 json_string_value(json_object_get(json, "column")), json_string_value(json_object_get(json, "rule")),
                 json_string_value(json_object_get(json, "value")));
        if (want[seen] == NULL || strcmp(got, want[seen]) != 0) {
            fail_msg("finding %zu: \"%s\", wanted \"%s\"", seen, got, want[seen] == NULL ? "no more" : want[seen]);
        }
        assert_true(*json_string_value(json_object_get(json, "message")) != '\0');
        assert_true(*json_string_value(json_object_get(json, "message_zh")) != '\0');
        json_decref(json);
        seen++;
    }
    if (want[seen] != NULL) {
        fail_msg("\"%s\" was not found", want[seen]);
    }
    assert_non_null(summary);
    return summary;
}

/* Checks findings and the numbers of the summary. */
static inline void check_json(struct fixture *f, const char *const *want, int rows, int published, int unchanged,
                              int rejected) {
    json_t *summary = check_findings(f, want);
    assert_int_equal(json_integer_value(json_object_get(summary, "rows")), rows);
    assert_int_equal(json_integer_value(json_object_get(summary, "published")), published);
    assert_int_equal(json_integer_value(json_object_get(summary, "unchanged")), unchanged);
    assert_int_equal(json_integer_value(json_object_get(summary, "rejected")), rejected);
    json_decref(summary);
}

/* --- The registry ---------------------------------------------------------------------------------------------------
 */
static inline void start(struct fixture *f) {
    char program[4200], server_key[600], keys[600], store[600], seal[600], log[600], bind[200], line[1024];
    snprintf(program, sizeof program, "%s/%s", programs_folder(), f->registry);
    snprintf(server_key, sizeof server_key, "--server-key=%s", f->keys.server_key_path);
    snprintf(keys, sizeof keys, "--server-keys=%s", f->keys.keys_path);
    snprintf(store, sizeof store, "--store-folder=%s/data", f->keys.folder);
    snprintf(seal, sizeof seal, "--store-seal-key=%s/seal", f->keys.folder);
    snprintf(log, sizeof log, "%s/daemon.log", f->keys.folder);
    snprintf(bind, sizeof bind, "--server-bind=%s", f->endpoint);
    unsetenv("LC_CONFIG");
    const char *argv[] = {program, bind, server_key, keys, store, seal, "--http-port=0", f->setting, NULL};
    process_start(&f->process, argv, log);
    setenv("LC_CONFIG", path_in(f, "ctl.conf"), 1);
    const bool is_listening = process_wait_log(&f->process, &f->log_position, "\"listening\"", line, sizeof line);
    if (!is_listening) {
        process_show_log(&f->process);
    }
    assert_true(is_listening);
}

static inline void register_agencies(struct fixture *f) {
    static const char text[] =
        "{\"occurred_at\":\"2020-01-01T08:00:00+08:00\",\"register_agency\":{\"agency\":\"housing\",\"name\":"
        "\"住建局\","
        "\"region\":411000,\"credit_code\":\"11411000005747138B\"}}\n"
        "{\"occurred_at\":\"2020-01-01T08:00:00+08:00\",\"register_agency\":{\"agency\":\"weidu\",\"name\":\"魏都区\","
        "\"region\":411002,\"credit_code\":\"91411000MA0000007P\"}}\n";
    const char *path = path_in(f, "agencies.jsonl");
    write_text(path, text);
    CTL(f, 0, "submit %s %s", f->registry, path);
}

static inline struct fixture *make_fixture(const char *registry, const char *setting) {
    struct fixture *f = calloc(1, sizeof *f);
    f->registry = registry;
    f->setting = setting;
    char conf[4096];
    test_keys_make(&f->keys);
    f->operator_key = test_keys_add(&f->keys, "operator/operator", "operator", "operator");
    f->supervisor_key = test_keys_add(&f->keys, "bureau/supervisor", "bureau", "supervisor");
    f->agency_key = test_keys_add(&f->keys, "housing/publisher", "housing", "publisher");
    assert_int_equal(mkdir(path_in(f, "data"), 0700), 0);
    assert_int_equal(mkdir(path_in(f, "organisations"), 0700), 0);
    assert_int_equal(symlink(f->agency_key, path_in(f, "organisations/housing.key")), 0);
    assert_int_equal(secret_make(path_in(f, "seal")), STATUS_OK);
    test_endpoint(f->endpoint);
    snprintf(conf, sizeof conf,
             "key = \"%s\"\npublisher_keys = \"%s\"\n%s\n    endpoint = \"%s\"\n    server_key = \"%s\"\n",
             f->operator_key, path_in(f, "organisations"), registry, f->endpoint, f->keys.server_public_path);
    write_text(path_in(f, "ctl.conf"), conf);
    snprintf(f->table, sizeof f->table, "%s/table.csv", f->keys.folder);
    start(f);
    register_agencies(f);
    return f;
}

static inline int tear_down(void **state) {
    struct fixture *f = *state;
    const int code = f->process.pid > 0 ? process_stop(&f->process) : 0;
    if (code != 0) {
        process_show_log(&f->process);
    }
    run_release(&f->run);
    test_keys_remove(&f->keys);
    free(f);
    return code;
}

static const char *const nothing[] = {NULL};

#endif
