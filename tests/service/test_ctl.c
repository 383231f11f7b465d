/* lianchengctl as its users run it: the real program, real files, and the visit registry as a real process. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include <fcntl.h>
#include <inttypes.h>
#include <jansson.h>
#include <sqlite3.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include <zmq.h>

#include "base/file.h"
#include "support/ctl_runner.h"
#include "support/peers.h"
#include "support/ports.h"
#include "support/process.h"
#include "wire/keys.h"

struct fixture {
    char top[256];    /* removed at the end */
    char folder[300]; /* made by init */
    struct process visits;
    long log_position;
    struct run run;
};

/* --- Helpers
 * ---------------------------------------------------------------------------------------------------------- */
static void write_text(const char *path, const char *text) {
    assert_int_equal(file_write_atomic(path, text, strlen(text), 0644), STATUS_OK);
}

/* The caller frees it. */
static char *read_text(const char *path) {
    struct buffer text = {0};
    if (file_read(path, 16 * 1024 * 1024, &text) != STATUS_OK) {
        fail_msg("%s cannot be read", path);
    }
    buffer_text(&text);
    return (char *)text.data;
}

static const char *path_in(const struct fixture *f, const char *name) {
    static char paths[8][700];
    static unsigned turn;
    char *path = paths[turn++ % 8];
    snprintf(path, sizeof paths[0], "%s/%s", f->folder, name);
    return path;
}

/* Runs lianchengctl with the fixture's ctl.conf and checks the exit code. */
#define CTL(f, want, input, ...)                                                                                       \
    do {                                                                                                               \
        run_program(&(f)->run, "lianchengctl", (input), __VA_ARGS__);                                                  \
        check_exit(f, want, __LINE__);                                                                                 \
    } while (0)

static void check_exit(struct fixture *f, int want, int line) {
    if (f->run.exit_code != want) {
        fail_msg("line %d: exit code %d, not %d\n%s\n%s", line, f->run.exit_code, want, buffer_text(&f->run.out),
                 buffer_text(&f->run.err));
    }
}

static void check_says(struct fixture *f, const char *text) {
    if (!strstr(buffer_text(&f->run.out), text) && !strstr(buffer_text(&f->run.err), text)) {
        fail_msg("\"%s\" is not in\n%s\n%s", text, buffer_text(&f->run.out), buffer_text(&f->run.err));
    }
}

/* What was printed, as JSON; the caller releases it. */
static json_t *out_json(struct fixture *f) {
    json_error_t error;
    json_t *json = json_loads(buffer_text(&f->run.out), 0, &error);
    if (!json) {
        fail_msg("no JSON: %s\n%s", error.text, buffer_text(&f->run.out));
    }
    return json;
}

static size_t count_lines(const char *text) {
    size_t count = 0;
    for (; (text = strchr(text, '\n')) != NULL; text++) {
        count++;
    }
    return count;
}

static const char facilities[] = "# code\tname\tregion\n"
                                 "hosp-01\t许昌市中心医院\t411002\n"
                                 "hosp-02\tSecond \"quoted\" hospital\t411003\n"
                                 "hosp-03\tThird\t411024\n";

static int set_up(void **state) {
    struct fixture *f = calloc(1, sizeof *f);
    test_folder_make("ctl", f->top);
    snprintf(f->folder, sizeof f->folder, "%s/conf", f->top);
    char table[300];
    snprintf(table, sizeof table, "%s/facilities.tsv", f->top);
    write_text(table, facilities);
    unsetenv("LC_VISITS_ENDPOINT");
    unsetenv("LC_CONFIG");
    CTL(f, 0, NULL, "init --folder %s --facilities %s --postgres 'host=/tmp dbname=x'", f->folder, table);
    setenv("LC_CONFIG", path_in(f, "ctl.conf"), 1);
    *state = f;
    return 0;
}

static int tear_down(void **state) {
    struct fixture *f = *state;
    int code = f->visits.pid > 0 ? process_stop(&f->visits) : 0;
    if (code != 0) {
        process_show_log(&f->visits);
    }
    run_release(&f->run);
    test_folder_remove(f->top);
    free(f);
    return code;
}

/* Starts the registry on a free port, or where it was. */
static void start_visits(struct fixture *f) {
    char program[4200], config[400], bind[300], log[400], line[1024], endpoint[TEST_ENDPOINT_BYTES];
    if (getenv("LC_VISITS_ENDPOINT") == NULL) {
        test_endpoint(endpoint);
        setenv("LC_VISITS_ENDPOINT", endpoint, 1);
    }
    snprintf(program, sizeof program, "%s/visits", programs_folder());
    snprintf(config, sizeof config, "--config=%s/visits.conf", f->folder);
    snprintf(bind, sizeof bind, "--server-bind=%s", getenv("LC_VISITS_ENDPOINT"));
    snprintf(log, sizeof log, "%s/visits.log", f->top);
    unsetenv("LC_CONFIG");
    const char *argv[] = {program, config, bind, "--http-port=0", NULL};
    process_start(&f->visits, argv, log);
    setenv("LC_CONFIG", path_in(f, "ctl.conf"), 1);
    bool listening = process_wait_log(&f->visits, &f->log_position, "\"listening\"", line, sizeof line);
    if (!listening) {
        process_show_log(&f->visits);
    }
    assert_true(listening);
}

static int set_up_with_visits(void **state) {
    set_up(state);
    start_visits(*state);
    return 0;
}

/* --- init
 * ------------------------------------------------------------------------------------------------------------- */
static void init_makes_everything_with_the_right_modes(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *name;
        mode_t mode;
    } want[] = {
        {"secret", 0700},
        {"data/visits", 0700},
        {"data/approvals", 0700},
        {"data/issues", 0700},
        {"data/hl7-gateway", 0700},
        {"visits.conf", 0644},
        {"approvals.conf", 0644},
        {"issues.conf", 0644},
        {"aggregator.conf", 0644},
        {"hl7-gateway.conf", 0644},
        {"ctl.conf", 0644},
        {"keys.tab", 0644},
        {"facilities.jsonl", 0644},
        {"secret/visits.key", 0400},
        {"secret/visits.seal", 0400},
        {"secret/visits.pseudonym", 0400},
        {"secret/approvals.key", 0400},
        {"secret/approvals.seal", 0400},
        {"secret/issues.key", 0400},
        {"secret/issues.seal", 0400},
        {"secret/aggregator.key", 0400},
        {"secret/aggregator-follower.key", 0400},
        {"secret/hl7-gateway.key", 0400},
        {"secret/hl7-gateway.spool", 0400},
        {"secret/operator.key", 0400},
        {"secret/registrar.key", 0400},
        {"secret/reader.key", 0400},
        {"secret/supervisor.key", 0400},
        {"secret/clerk.key", 0400},
        {"secret/leader.key", 0400},
        {"secret/hosp-01.key", 0400},
        {"secret/hosp-03.key", 0400},
        {"public/visits.pub", 0444},
        {"public/approvals.pub", 0444},
        {"public/issues.pub", 0444},
        {"public/aggregator.pub", 0444},
        {"public/hl7-gateway.pub", 0444},
    };
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        struct stat found;
        if (stat(path_in(f, want[i].name), &found) != 0 || (found.st_mode & 0777) != want[i].mode) {
            fail_msg("%s: missing or not of mode %o", want[i].name, want[i].mode);
        }
    }
}

static void every_key_opens_as_its_principal(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *file, *principal, *organisation;
        enum role role;
    } want[] = {
        {"secret/operator.key", "operator/operator", "operator", ROLE_OPERATOR},
        {"secret/aggregator-follower.key", "aggregator/follower", "aggregator", ROLE_FOLLOWER},
        {"secret/reader.key", "bureau/reader", "bureau", ROLE_READER},
        {"secret/registrar.key", "registrar/registrar", "registrar", ROLE_REGISTRAR},
        {"secret/supervisor.key", "service-bureau/supervisor", "service-bureau", ROLE_SUPERVISOR},
        {"secret/clerk.key", "service-hall/clerk", "service-hall", ROLE_CLERK},
        {"secret/leader.key", "city-government/leader", "city-government", ROLE_LEADER},
        {"secret/hosp-02.key", "hosp-02/publisher", "hosp-02", ROLE_PUBLISHER},
    };
    struct keys *keys = NULL;
    struct keys_error error;
    assert_int_equal(keys_load(path_in(f, "keys.tab"), &keys, &error), STATUS_OK);
    assert_int_equal(keys_count(keys), 7 + 3);
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        struct curve_pair pair;
        uint8_t key[32];
        assert_int_equal(curve_pair_load(path_in(f, want[i].file), true, &pair), STATUS_OK);
        assert_non_null(zmq_z85_decode(key, pair.public_text));
        const struct principal *principal = keys_find(keys, key);
        assert_non_null(principal);
        assert_string_equal(principal->name, want[i].principal);
        assert_string_equal(principal->organisation, want[i].organisation);
        assert_int_equal(principal->role, want[i].role);
    }
    keys_destroy(&keys);
}

static void init_adds_and_overwrites_nothing(void **state) {
    struct fixture *f = *state;
    static const char *const kept[] = {
        "secret/visits.pseudonym", "secret/operator.key", "secret/hosp-01.key", "secret/visits.key", "ctl.conf",
        "public/visits.pub"};
    enum { COUNT = sizeof kept / sizeof *kept };
    char *before[COUNT];
    for (int i = 0; i < COUNT; i++) {
        before[i] = read_text(path_in(f, kept[i]));
    }
    char *table_before = read_text(path_in(f, "keys.tab"));
    CTL(f, 64, NULL, "init --folder %s", f->folder);
    check_says(f, "--add");
    char table[300];
    snprintf(table, sizeof table, "%s/more.tsv", f->top);
    write_text(table, "hosp-01\tFirst\t411002\nhosp-09\tNinth\t411002");
    unlink(path_in(f, "public/visits.pub"));
    CTL(f, 0, NULL, "init --folder %s --add --facilities %s --json --visits-port 9", f->folder, table);
    json_t *json = out_json(f);
    assert_int_equal(json_array_size(json_object_get(json, "made")),
                     3); /* visits.key's public half, hosp-09, facilities */
    const json_t *without_feed = json_object_get(json, "without_feed");
    assert_int_equal(json_array_size(without_feed), 1); /* hl7-gateway.conf is kept: somebody has to add it */
    assert_string_equal(json_string_value(json_array_get(without_feed, 0)), "hosp-09");
    json_decref(json);
    for (int i = 0; i < COUNT; i++) {
        char *now = read_text(path_in(f, kept[i]));
        assert_string_equal(now, before[i]);
        free(now);
        free(before[i]);
    }
    char *table_now = read_text(path_in(f, "keys.tab"));
    assert_true(strncmp(table_now, table_before, strlen(table_before)) == 0);
    assert_non_null(strstr(table_now, "hosp-09/publisher"));
    free(table_now);
    free(table_before);
}

/* Agencies beside hospitals: a key each, and what makes them known, halls too. */
static void init_takes_agencies(void **state) {
    struct fixture *f = *state;
    char table[300], folder[300], file[400];
    snprintf(table, sizeof table, "%s/agencies.tsv", f->top);
    snprintf(folder, sizeof folder, "%s/with-agencies", f->top);
    write_text(table, "# remark\nplanning\t规划局\t411000\t11411000005747138B\nhall\t大厅\t411002\t91110000600037341L\twindow\n");
    CTL(f, 0, NULL, "init --folder %s --agencies %s", folder, table);
    snprintf(file, sizeof file, "%s/secret/hall.key", folder);
    assert_int_equal(access(file, F_OK), 0);
    snprintf(file, sizeof file, "%s/agencies-issues.jsonl", folder); /* a file of its own: it has its own receipts */
    assert_int_equal(access(file, F_OK), 0);
    snprintf(file, sizeof file, "%s/agencies.jsonl", folder);
    char *text = read_text(file), *second = strchr(text, '\n');
    assert_non_null(second);
    *second++ = '\0';
    json_t *line = json_loads(text, 0, NULL), *hall = json_loads(second, 0, NULL);
    const json_t *agency = json_object_get(line, "register_agency");
    assert_string_equal(json_string_value(json_object_get(agency, "agency")), "planning");
    assert_string_equal(json_string_value(json_object_get(agency, "name")), "规划局");
    assert_string_equal(json_string_value(json_object_get(agency, "credit_code")), "11411000005747138B");
    assert_int_equal(json_integer_value(json_object_get(agency, "region")), 411000);
    assert_false(json_is_true(json_object_get(agency, "window")));
    assert_true(json_is_true(json_object_get(json_object_get(hall, "register_agency"), "window")));
    json_decref(line);
    json_decref(hall);
    free(text);
}

/* A folder of an earlier version: what is kept has to be completed by hand, and init says with what. */
static void init_tells_what_an_older_folder_lacks(void **state) {
    struct fixture *f = *state;
    write_text(path_in(f, "ctl.conf"), "key = \"secret/operator.key\"\n");
    unlink(path_in(f, "approvals.conf"));
    CTL(f, 0, NULL, "init --folder %s --add", f->folder);
    check_says(f, "ctl.conf does not know the approval registry yet");
    check_says(f, "approvals\n    endpoint = \"tcp://127.0.0.1:7102\"\n    server_key = \"public/approvals.pub\"\n");
    check_says(f, "ctl.conf does not know the issue registry yet");
    check_says(f, "issues\n    endpoint = \"tcp://127.0.0.1:7103\"\n    server_key = \"public/issues.pub\"\n");
    assert_null(strstr(buffer_text(&f->run.out), "aggregator.conf does not know"));
    write_text(path_in(f, "aggregator.conf"), "sources\n    visits\n        x = 1\n    approvals\n        x = 1\n");
    CTL(f, 0, NULL, "init --folder %s --add --issues-port 7777", f->folder);
    check_says(f, "aggregator.conf does not know the issue registry yet: add to it, below sources,\n    issues\n"
                  "        endpoint = \"tcp://127.0.0.1:7777\"\n        server_key = \"public/issues.pub\"\n        kind = \"issues\"\n");
    assert_null(strstr(buffer_text(&f->run.out), "aggregator.conf does not know the approval"));
    assert_int_equal(access(path_in(f, "approvals.conf"), F_OK), 0);
}

static void init_explains_a_wrong_table_of_agencies(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"a\tA\t411000\n", ":1: the credit code"},
        {"A\tA\t411000\t11411000005747138B\n", ":1: the code"},
        {"a\t\t411000\t11411000005747138B\n", ":1: the name"},
        {"a\tA\t411023\t11411000005747138B\n", ":1: the region"},
        {"a\tA\t411000\t11411000005747138C\n", ":1: the credit code"},
        {"a\tA\t411000\t11411000005747138B\thall\n", ":1: the fifth field"},
        {"a\tA\t411000\t11411000005747138B\twindow\tmore\n", ":1: needs CODE"},
        {"a\tA\t411000\t11411000005747138B\n\na\tA\t411000\t11411000005747138B\n", ":3: this code"},
    };
    char table[300], folder[300];
    snprintf(table, sizeof table, "%s/wrong-agencies.tsv", f->top);
    snprintf(folder, sizeof folder, "%s/never", f->top);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_text(table, cases[i].text);
        CTL(f, 65, NULL, "init --folder %s --agencies %s", folder, table);
        check_says(f, cases[i].says);
        assert_int_not_equal(access(folder, F_OK), 0);
    }
}

static void init_explains_a_wrong_table(void **state) {
    struct fixture *f = *state;
    static const struct {
        const char *text, *says;
    } cases[] = {
        {"a\tA\t411002\nb B 411002\n", ":2: needs CODE"},
        {"A\tA\t411002\n", ":1: the code"},
        {"a/b\tA\t411002\n", ":1: the code"},
        {"\tA\t411002\n", ":1: the code"},
        {"a\t\t411002\n", ":1: the name"},
        {"a\t\xff\t411002\n", ":1: the name"},
        {"a\tA\t41100\n", ":1: the region"},
        {"a\tA\t41100x\n", ":1: the region"},
        {"a\tA\t411002\n#\na\tB\t411002\n", ":3: this code"},
    };
    char table[300], folder[300];
    snprintf(table, sizeof table, "%s/wrong.tsv", f->top);
    snprintf(folder, sizeof folder, "%s/never", f->top);
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        write_text(table, cases[i].text);
        CTL(f, 65, NULL, "init --folder %s --facilities %s", folder, table);
        check_says(f, cases[i].says);
        assert_int_not_equal(access(folder, F_OK), 0);
    }
    CTL(f, 65, NULL, "init --folder %s --facilities %s/nothing.tsv", folder, f->top);
    CTL(f, 64, NULL, "init --folder %s --visits-host 'a b'", folder);
    CTL(f, 64, NULL, "init --folder %s --visits-port 70000", folder);
}

/* --- check-config
 * ------------------------------------------------------------------------------------------------------ */
static void made_configurations_are_good(void **state) {
    struct fixture *f = *state;
    CTL(f, 0, NULL, "check-config visits %s", path_in(f, "visits.conf"));
    CTL(f, 0, NULL, "check-config approvals %s", path_in(f, "approvals.conf"));
    CTL(f, 0, NULL, "check-config issues %s", path_in(f, "issues.conf"));
    CTL(f, 0, NULL, "check-config aggregator %s", path_in(f, "aggregator.conf"));
    CTL(f, 0, NULL, "check-config hl7-gateway %s", path_in(f, "hl7-gateway.conf"));
    char *text = read_text(path_in(f, "visits.conf"));
    struct buffer wrong = {0};
    buffer_printf(&wrong, "%sserve\n    bind = \"x\"\n", text);
    write_text(path_in(f, "wrong.conf"), buffer_text(&wrong));
    CTL(f, 78, NULL, "check-config visits %s", path_in(f, "wrong.conf"));
    check_says(f, "wrong.conf:");
    CTL(f, 64, NULL, "check-config nobody %s", path_in(f, "visits.conf"));
    buffer_release(&wrong);
    free(text);
}

/* Each key that a daemon has stands in the file that init makes, set or behind a #. */
static void made_configurations_name_every_key(void **state) {
    struct fixture *f = *state;
    static const char *const daemons[] = {"visits", "approvals", "issues", "aggregator", "hl7-gateway"};
    for (size_t i = 0; i < sizeof daemons / sizeof *daemons; i++) {
        char file[64];
        snprintf(file, sizeof file, "%s.conf", daemons[i]);
        char *text = read_text(path_in(f, file));
        run_program(&f->run, daemons[i], NULL, "--config %s --print-config", path_in(f, file));
        check_exit(f, 0, __LINE__);
        size_t keys = 0;
        for (char *line = (char *)f->run.out.data, *next; *line; line = next) {
            next = line + strcspn(line, "\n");
            next += *next == '\n';
            line[strcspn(line, " \n")] = '\0';
            char want[128];
            snprintf(want, sizeof want, "   %s =", strrchr(line, '/') + 1);
            if (!strstr(text, want)) {
                fail_msg("%s does not name %s", file, line);
            }
            keys++;
        }
        assert_true(keys > 8);
        free(text);
    }
}

/* --- key
 * --------------------------------------------------------------------------------------------------------------- */
static const struct principal *load_principal(struct fixture *f, const char *name, struct keys **keys) {
    struct keys_error error;
    assert_int_equal(keys_load(path_in(f, "keys.tab"), keys, &error), STATUS_OK);
    return keys_find_name(*keys, name);
}

static void keys_are_added_rotated_and_revoked(void **state) {
    struct fixture *f = *state;
    struct keys *keys = NULL;
    char *before = read_text(path_in(f, "keys.tab"));
    struct buffer commented = {0};
    (void)load_principal(f, "", &keys);
    const size_t made = keys_count(keys);
    keys_destroy(&keys);
    buffer_printf(&commented, "# a remark of the operator\n%s", before);
    write_text(path_in(f, "keys.tab"), buffer_text(&commented));

    CTL(f, 0, NULL, "key add hosp-07/publisher hosp-07 publisher");
    assert_int_equal(access(path_in(f, "secret/hosp-07.key"), F_OK), 0);
    CTL(f, 64, NULL, "key add hosp-07/publisher hosp-07 publisher");
    for (enum role role = ROLE_CLERK; role <= ROLE_SUPERVISOR; role++) { /* officers, one key each */
        char name[64];
        snprintf(name, sizeof name, "secret/agency-1-%s.key", role_name(role));
        CTL(f, 0, NULL, "key add agency-1/%s agency-1 %s", role_name(role), role_name(role));
        assert_int_equal(access(path_in(f, name), F_OK), 0);
        snprintf(name, sizeof name, "agency-1/%s", role_name(role));
        assert_int_equal(load_principal(f, name, &keys)->role, role);
        keys_destroy(&keys);
    }
    CTL(f, 0, NULL, "key add bureau/second bureau reader --public rq:rM>}U?@Lns47E1%%kR.o@n%%FcmmsL/@{H8]yf7");
    CTL(f, 0, NULL, "key rotate hosp-07/publisher");
    uint8_t newer[32];
    const struct principal *principal = load_principal(f, "hosp-07/publisher", &keys);
    assert_int_equal(principal->key_count, 2);
    memcpy(newer, principal->keys[1], 32);
    keys_destroy(&keys);
    CTL(f, 64, NULL, "key rotate hosp-07/publisher");
    CTL(f, 0, NULL, "key rotate hosp-07/publisher --finish");
    principal = load_principal(f, "hosp-07/publisher", &keys);
    assert_int_equal(principal->key_count, 1);
    assert_memory_equal(principal->keys[0], newer, 32);
    keys_destroy(&keys);
    struct curve_pair pair;
    uint8_t in_file[32];
    assert_int_equal(curve_pair_load(path_in(f, "secret/hosp-07.key"), true, &pair), STATUS_OK);
    assert_non_null(zmq_z85_decode(in_file, pair.public_text));
    assert_memory_equal(in_file, newer, 32);

    CTL(f, 0, NULL, "key revoke hosp-02/publisher");
    principal = load_principal(f, "hosp-02/publisher", &keys);
    assert_true(principal->revoked);
    assert_int_equal(keys_count(keys), made + 2 + 5);
    keys_destroy(&keys);
    char *now = read_text(path_in(f, "keys.tab"));
    assert_non_null(strstr(now, "# a remark of the operator\n"));
    free(now);
    free(before);
    buffer_release(&commented);
    CTL(f, 0, NULL, "key list --json");
    json_t *list = out_json(f);
    assert_int_equal(json_array_size(list), made + 2 + 5);
    assert_string_equal(json_string_value(json_object_get(json_array_get(list, made), "principal")),
                        "hosp-07/publisher");
    json_decref(list);
}

static void wrong_key_commands_change_nothing(void **state) {
    struct fixture *f = *state;
    static const char *const cases[] = {
        "key",
        "key list much more than fits",
        "key drop operator/operator",
        "key add x/publisher x",
        "key add x/publisher x king",
        "key add x/publisher x Registrar",
        "key add x/publisher X publisher",
        "key add x/publisher ../x publisher",
        "key add x/publisher x publisher --public short",
        "key add x/publisher x publisher --public 0000000000000000000000000000000000000~00",
        "key rotate nobody/publisher",
        "key rotate hosp-01/publisher --finish",
        "key revoke nobody/publisher",
        "key revoke",
    };
    char *before = read_text(path_in(f, "keys.tab"));
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        run_program(&f->run, "lianchengctl", NULL, "%s", cases[i]);
        if (f->run.exit_code != 64 || f->run.err.size == 0) {
            fail_msg("%s: exit code %d", cases[i], f->run.exit_code);
        }
        char *now = read_text(path_in(f, "keys.tab"));
        assert_string_equal(now, before);
        free(now);
    }
    free(before);
    assert_int_not_equal(access(path_in(f, "secret/x.key"), F_OK), 0);
    /* a public key that another principal has: the table as a whole would be wrong */
    struct curve_pair pair;
    assert_int_equal(curve_pair_load(path_in(f, "secret/hosp-01.key"), true, &pair), STATUS_OK);
    CTL(f, 64, NULL, "key add x/publisher x publisher --public %s", pair.public_text);
}

/* --- Help
 * --------------------------------------------------------------------------------------------------------------- */
static void every_command_of_the_list_has_help(void **state) {
    struct fixture *f = *state;
    struct run list = {0};
    run_program(&list, "lianchengctl", NULL, "--help");
    assert_int_equal(list.exit_code, 0);
    char *completion = read_text("deploy/completion/lianchengctl.bash");
    size_t commands = 0;
    for (char *line = strstr((char *)list.out.data, "Commands:\n") + 10; *line == ' '; line = strchr(line, '\n') + 1) {
        char name[32];
        snprintf(name, sizeof name, "%.*s", (int)strcspn(line + 4, " "), line + 4);
        CTL(f, 0, NULL, "%s --help", name);
        check_says(f, "Usage: lianchengctl ");
        CTL(f, 64, NULL, "%s --no-such-option", name);
        assert_non_null(strstr(completion, name));
        commands++;
    }
    assert_true(commands >= 15);
    free(completion);
    run_release(&list);
    CTL(f, 64, NULL, "nonsense");
    CTL(f, 0, NULL, "--version");
}

/* --- Against a real registry
 * ---------------------------------------------------------------------------------------------- */
static void register_facilities(struct fixture *f) {
    CTL(f, 0, NULL, "submit visits %s --json", path_in(f, "facilities.jsonl"));
    json_t *json = out_json(f);
    assert_int_equal(json_integer_value(json_object_get(json, "accepted")), 3);
    json_decref(json);
}

static void append_visit(struct buffer *out, const char *number) {
    buffer_printf(
        out,
        "{\"occurred_at\":\"2020-03-01T08:30:00+08:00\",\"open_visit\":{\"visit_number\":\"%s\",\"local_id\":\"p%s\","
        "\"card_kind\":\"CARD_KIND_HOSPITAL\",\"visit_class\":\"VISIT_CLASS_OUTPATIENT\"}}\n",
        number, number);
}

static int64_t number_of(const json_t *json, const char *name) {
    const json_t *value = json_object_get(json, name);
    assert_true(json_is_integer(value));
    return json_integer_value(value);
}

struct counts {
    int64_t lines, accepted, duplicate, refused, events, resumed_after;
};

static void check_counts(struct fixture *f, struct counts want) {
    json_t *json = out_json(f);
    assert_int_equal(number_of(json, "lines"), want.lines);
    assert_int_equal(number_of(json, "accepted"), want.accepted);
    assert_int_equal(number_of(json, "duplicate"), want.duplicate);
    assert_int_equal(number_of(json, "refused"), want.refused);
    assert_int_equal(number_of(json, "events"), want.events);
    assert_int_equal(number_of(json, "resumed_after"), want.resumed_after);
    json_decref(json);
}

/* 1000 good lines and between them one of each kind that is refused. */
#define GOOD_LINES 1000
static void make_mixed_file(const char *path) {
    struct buffer text = {0};
    char number[16];
    for (int i = 0; i < GOOD_LINES; i++) {
        snprintf(number, sizeof number, "%d", i);
        append_visit(&text, number);
    }
    buffer_append_text(&text, "{\"occurred_at_ms\":1577836800000,\"open_visit\":{\"visit_number\":\"r1\",\"card_kind\":"
                              "\"CARD_KIND_HOSPITAL\",\"visit_class\":\"VISIT_CLASS_EMERGENCY\"}}\n");
    buffer_append_text(&text, "{\"occurred_at_ms\":1577836800000,\"open_visit\":{\"visit_no\":\"r2\"}}\n");
    buffer_append_text(&text, "{\"occurred_at_ms\":1577836800000, oops\n\n");
    append_visit(&text, "last");
    write_text(path, buffer_text(&text));
    buffer_release(&text);
}

/* Codes of the rejects file in order, checked line by line. */
static void check_rejects(const char *path) {
    static const struct {
        int line;
        const char *code, *field;
    } want[] = {{GOOD_LINES + 1, "IDENTITY_MISSING", NULL},
                {GOOD_LINES + 2, "MALFORMED", "open_visit.visit_no"},
                {GOOD_LINES + 3, "MALFORMED", ""}};
    char *text = read_text(path);
    char *at = text;
    for (size_t i = 0; i < sizeof want / sizeof *want; i++) {
        json_error_t error;
        json_t *json = json_loads(at, JSON_DISABLE_EOF_CHECK, &error);
        assert_non_null(json);
        assert_int_equal(number_of(json, "line"), want[i].line);
        assert_string_equal(json_string_value(json_object_get(json, "code")), want[i].code);
        if (want[i].field) {
            assert_string_equal(json_string_value(json_object_get(json, "field")), want[i].field);
        }
        assert_true(json_string_length(json_object_get(json, "message")) > 0);
        json_decref(json);
        at = strchr(at, '\n') + 1;
    }
    assert_string_equal(at, "");
    free(text);
}

static void submit_tells_each_outcome(void **state) {
    struct fixture *f = *state;
    register_facilities(f);
    const char *file = path_in(f, "mixed.jsonl");
    make_mixed_file(file);
    CTL(f, 65, NULL, "submit visits %s --organisation hosp-01 --json", file);
    check_counts(f, (struct counts){
                        .lines = GOOD_LINES + 5, .accepted = GOOD_LINES + 1, .refused = 3, .events = GOOD_LINES + 1});
    check_rejects(path_in(f, "mixed.jsonl.rejects"));
    /* all have their receipts: nothing is sent again, and the same is told */
    CTL(f, 65, NULL, "submit visits %s --organisation hosp-01 --json", file);
    check_counts(f, (struct counts){.lines = GOOD_LINES + 5,
                                    .accepted = GOOD_LINES + 1,
                                    .refused = 3,
                                    .events = GOOD_LINES + 1,
                                    .resumed_after = GOOD_LINES + 5});
    check_rejects(path_in(f, "mixed.jsonl.rejects"));
    CTL(f, 78, NULL, "submit visits %s", file); /* receipts of another organisation's run */
    check_says(f, "--restart");
    /* lines at the end are new, a change before is not taken silently */
    struct buffer text = {0};
    char *old = read_text(file);
    buffer_append_text(&text, old);
    append_visit(&text, "appended");
    write_text(file, buffer_text(&text));
    CTL(f, 65, NULL, "submit visits %s --organisation hosp-01 --json", file);
    check_counts(f, (struct counts){.lines = GOOD_LINES + 6,
                                    .accepted = GOOD_LINES + 2,
                                    .refused = 3,
                                    .events = GOOD_LINES + 2,
                                    .resumed_after = GOOD_LINES + 5});
    text.data[20]++;
    write_text(file, buffer_text(&text));
    CTL(f, 65, NULL, "submit visits %s --organisation hosp-01 --json", file);
    check_says(f, "was changed");
    assert_int_equal(f->run.out.size, 0);
    free(old);
    buffer_release(&text);
}

/* Died after sending and before noting any receipt: the worst moment. */
static void submit_continues_and_nothing_happens_twice(void **state) {
    struct fixture *f = *state;
    register_facilities(f);
    const char *file = path_in(f, "mixed.jsonl"), *sidecar = path_in(f, "mixed.jsonl.receipts");
    make_mixed_file(file);
    process_stop(&f->visits);
    CTL(f, 75, NULL, "submit visits %s --organisation hosp-01 --json --timeout 1", file);
    char *noted = read_text(sidecar);
    assert_non_null(strstr(noted, "\"accepted\": 0"));
    start_visits(f);
    CTL(f, 65, NULL, "submit visits %s --organisation hosp-01 --json", file);
    check_counts(f, (struct counts){
                        .lines = GOOD_LINES + 5, .accepted = GOOD_LINES + 1, .refused = 3, .events = GOOD_LINES + 1});
    write_text(sidecar, noted);
    CTL(f, 65, NULL, "submit visits %s --organisation hosp-01 --json", file);
    check_counts(f, (struct counts){.lines = GOOD_LINES + 5, .duplicate = GOOD_LINES + 1, .refused = 3});
    check_rejects(path_in(f, "mixed.jsonl.rejects"));
    CTL(f, 0, NULL, "ping visits --json");
    json_t *json = out_json(f);
    assert_int_equal(number_of(json, "head"), GOOD_LINES + 1 + 3);
    json_decref(json);
    CTL(f, 0, NULL, "rejects list visits");
    assert_int_equal(count_lines(buffer_text(&f->run.out)), 1);
    free(noted);
}

static void submit_takes_stdin_and_lines_of_any_size(void **state) {
    struct fixture *f = *state;
    register_facilities(f);
    const char *file = path_in(f, "stdin.jsonl");
    struct buffer text = {0};
    append_visit(&text, "before");
    memset(buffer_reserve(&text, 3 * 1024 * 1024), 'x', 3 * 1024 * 1024);
    text.size += 3 * 1024 * 1024;
    buffer_append_text(&text, "\n");
    append_visit(&text, "after");
    text.size--; /* no newline at the end */
    write_text(file, buffer_text(&text));
    CTL(f, 65, file, "submit visits - --organisation hosp-01 --json");
    check_counts(f, (struct counts){.lines = 3, .accepted = 2, .refused = 1, .events = 2});
    check_says(f, "{\"line\":2,\"code\":\"TOO_LARGE\"");
    buffer_release(&text);
}

static void a_sender_speaks_for_itself_alone(void **state) {
    struct fixture *f = *state;
    register_facilities(f);
    const char *file = path_in(f, "one.jsonl");
    struct buffer text = {0};
    append_visit(&text, "1");
    write_text(file, buffer_text(&text));
    buffer_release(&text);
    CTL(f, 70, NULL, "submit visits %s --organisation hosp-02 --key %s", file, path_in(f, "secret/hosp-01.key"));
    CTL(f, 78, NULL, "submit visits %s --organisation hosp-99 --restart", file);
    check_says(f, "hosp-99.key");
    CTL(f, 64, NULL, "submit nobody %s", file);
    CTL(f, 64, NULL, "submit visits %s/none.jsonl", f->top);
    CTL(f, 0, NULL, "submit visits %s --organisation hosp-02 --restart", file);
    assert_int_not_equal(access(path_in(f, "one.jsonl.rejects"), F_OK), 0);
}

static void questions_and_the_feed_are_readable(void **state) {
    struct fixture *f = *state;
    register_facilities(f);
    struct buffer text = {0};
    append_visit(&text, "q1");
    append_visit(&text, "q2");
    write_text(path_in(f, "two.jsonl"), buffer_text(&text));
    buffer_release(&text);
    CTL(f, 0, NULL, "submit visits %s --organisation hosp-02", path_in(f, "two.jsonl"));

    CTL(f, 0, NULL, "query visits '{\"get_visit\":{\"facility\":\"hosp-02\",\"visit_number\":\"q2\"}}'");
    json_t *json = out_json(f);
    assert_string_equal(json_string_value(json_object_get(json_object_get(json, "visit"), "visit_class")),
                        "VISIT_CLASS_OUTPATIENT");
    json_decref(json);
    CTL(f, 0, NULL, "query visits --json '{\"list_facilities\":{}}'");
    check_says(f, "许昌市中心医院");
    check_says(f, "Second \\\"quoted\\\" hospital");
    CTL(f, 65, NULL, "query visits '{\"get_visit\":{\"facilty\":1}}'");
    check_says(f, "get_visit.facilty");
    CTL(f, 65, NULL, "query visits '{'");
    CTL(f, 70, NULL, "query visits '{\"get_visit\":{\"facility\":\"hosp-02\",\"visit_number\":\"none\"}}'");
    check_says(f, "NOT_FOUND");

    CTL(f, 0, NULL, "follow visits --once");
    assert_int_equal(count_lines(buffer_text(&f->run.out)), 5);
    check_says(f, "{\"seq\":4,\"visit_appeared\":{\"day\":");
    CTL(f, 0, NULL, "follow visits --after 3 --limit 1");
    assert_int_equal(count_lines(buffer_text(&f->run.out)), 1);
    check_says(f, "\"seq\":4");
    CTL(f, 0, NULL, "follow visits --after 5 --once");
    assert_int_equal(f->run.out.size, 0);
    CTL(f, 70, NULL, "follow visits --after 6 --once");
    CTL(f, 70, NULL, "follow visits --once --key %s", path_in(f, "secret/hosp-01.key"));
    CTL(f, 64, NULL, "follow aggregator");
    CTL(f, 64, NULL, "follow hl7-gateway");
    CTL(f, 64, NULL, "submit hl7-gateway %s", path_in(f, "two.jsonl"));
    CTL(f, 64, NULL, "rejects list hl7-gateway");
    CTL(f, 64, NULL, "conformance --from yesterday");
    CTL(f, 64, NULL, "conformance --from 2020-01-02 --to 2020-01-01");

    CTL(f, 0, NULL, "status visits");
    check_says(f, "ready");
    CTL(f, 75, NULL, "status --json --timeout 1"); /* no aggregator runs */
    json = out_json(f);
    assert_int_equal(number_of(json_object_get(json, "visits"), "head"), 5);
    assert_true(json_is_null(json_object_get(json, "aggregator")));
    json_decref(json);
}

/* Who asks about persons is a registrar by itself, and can be another on purpose; each question is logged. */
static void persons_are_a_registrars_matter(void **state) {
    struct fixture *f = *state;
    static const char person[] = "{\"get_person\":{\"of\":{\"local_ids\":[{\"value\":\"pA\",\"domain\":\"hosp-02\"}]},"
                                 "\"reason\":\"a test\"}}";
    register_facilities(f);
    struct buffer text = {0};
    append_visit(&text, "A");
    append_visit(&text, "B");
    write_text(path_in(f, "visits.jsonl"), buffer_text(&text));
    CTL(f, 0, NULL, "submit visits %s --as hosp-02", path_in(f, "visits.jsonl"));
    CTL(f, 0, NULL, "query visits '%s'", person);
    json_t *json = out_json(f);
    assert_int_equal(json_array_size(json_object_get(json_object_get(json, "person"), "cards")), 1);
    json_decref(json);
    CTL(f, 70, NULL, "query visits '%s' --as operator", person);
    check_says(f, "FORBIDDEN");
    CTL(f, 70, NULL, "query visits '%s' --as hosp-02", person);
    CTL(f, 78, NULL, "query visits '%s' --as hosp-99", person);
    CTL(f, 0, NULL, "query visits '{\"list_conflicts\":{}}'");
    CTL(f, 0, NULL, "query visits '{\"list_lookups\":{}}'");
    json = out_json(f);
    const json_t *lookups = json_object_get(json_object_get(json, "lookups"), "lookups");
    assert_int_equal(json_array_size(lookups), 1);
    assert_string_equal(json_string_value(json_object_get(json_array_get(lookups, 0), "principal")), "registrar/registrar");
    assert_string_equal(json_string_value(json_object_get(json_array_get(lookups, 0), "reason")), "a test");
    json_decref(json);

    buffer_clear(&text);
    buffer_append_text(&text, "{\"occurred_at_ms\":1577836800000,\"join_persons\":{\"first\":{\"local_ids\":[{\"value\":\"pA\","
                              "\"domain\":\"hosp-02\"}]},\"second\":{\"local_ids\":[{\"value\":\"pB\",\"domain\":"
                              "\"hosp-02\"}]},\"reason\":\"a test\"}}\n");
    write_text(path_in(f, "join.jsonl"), buffer_text(&text));
    CTL(f, 65, NULL, "submit visits %s", path_in(f, "join.jsonl"));
    check_says(f, "FORBIDDEN");
    CTL(f, 78, NULL, "submit visits %s --as registrar", path_in(f, "join.jsonl")); /* sent by somebody else before */
    CTL(f, 0, NULL, "submit visits %s --as registrar --restart", path_in(f, "join.jsonl"));
    CTL(f, 0, NULL, "query visits '%s'", person);
    json = out_json(f);
    assert_int_equal(json_array_size(json_object_get(json_object_get(json, "person"), "cards")), 2);
    json_decref(json);
    buffer_release(&text);
}

static void refused_commands_are_kept_and_can_be_resubmitted(void **state) {
    struct fixture *f = *state;
    struct buffer text = {0};
    append_visit(&text, "early"); /* the facility is not known yet */
    write_text(path_in(f, "early.jsonl"), buffer_text(&text));
    buffer_release(&text);
    CTL(f, 65, NULL, "submit visits %s --organisation hosp-03", path_in(f, "early.jsonl"));
    check_says(f, "FACILITY_UNKNOWN");
    CTL(f, 0, NULL, "rejects list visits --json");
    json_t *json = out_json(f);
    assert_string_equal(json_string_value(json_object_get(json, "organisation")), "hosp-03");
    assert_null(json_object_get(json_object_get(json, "command"), "body"));
    json_decref(json);
    CTL(f, 0, NULL, "rejects list visits --key %s", path_in(f, "secret/hosp-01.key"));
    assert_int_equal(f->run.out.size, 0);
    CTL(f, 0, NULL, "rejects show visits 1");
    check_says(f, "\"visit_number\": \"early\"");
    CTL(f, 65, NULL, "rejects resubmit visits 1");
    register_facilities(f);
    CTL(f, 0, NULL, "rejects resubmit visits 1 --id 01a20bca-f6c1-730b-8729-45e1da5ae4d2");
    check_says(f, "1: accepted, 1 events from 4");
    CTL(f, 0, NULL, "rejects resubmit visits 1 --id 01a20bca-f6c1-730b-8729-45e1da5ae4d2");
    check_says(f, "1: accepted, 1 events from 4");
    CTL(f, 70, NULL, "rejects show visits 99");
    CTL(f, 64, NULL, "rejects show visits x");
    CTL(f, 64, NULL, "rejects resubmit visits");
}

static void verify_finds_a_changed_row(void **state) {
    struct fixture *f = *state;
    register_facilities(f);
    CTL(f, 0, NULL, "verify");
    check_says(f, "intact, head 3");
    CTL(f, 0, NULL, "verify %s --json", path_in(f, "visits.conf"));
    check_says(f, "\"intact\":true");
    process_stop(&f->visits);
    sqlite3 *log = NULL;
    assert_int_equal(sqlite3_open(path_in(f, "data/visits/log.db"), &log), SQLITE_OK);
    assert_int_equal(sqlite3_exec(log, "UPDATE event SET at = at + 1 WHERE seq = 2", NULL, NULL, NULL), SQLITE_OK);
    assert_int_equal(sqlite3_changes(log), 1);
    sqlite3_close(log);
    CTL(f, 1, NULL, "verify %s", path_in(f, "data/visits"));
    check_says(f, "BROKEN at number 2");
    CTL(f, 1, NULL, "verify %s --json", path_in(f, "data/visits/log.db"));
    json_t *json = out_json(f);
    assert_int_equal(number_of(json, "bad_seq"), 2);
    json_decref(json);
    CTL(f, 64, NULL, "verify %s/nothing", f->top);
}

static void a_missing_configuration_is_explained(void **state) {
    struct fixture *f = *state;
    unsetenv("LC_CONFIG");
    CTL(f, 78, NULL, "--config %s/none.conf ping visits", f->top);
    char path[400];
    snprintf(path, sizeof path, "%s/half.conf", f->top);
    write_text(path, "visits\n    endpoint = \"tcp://127.0.0.1:1\"\n");
    CTL(f, 78, NULL, "--config %s ping visits", path);
    check_says(f, "/visits/server_key is not set");
    CTL(f, 78, NULL, "ping aggregator --config %s", path);
    check_says(f, "/aggregator/endpoint is not set");
    setenv("LC_CONFIG", path_in(f, "ctl.conf"), 1);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test_setup_teardown(init_makes_everything_with_the_right_modes, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_key_opens_as_its_principal, set_up, tear_down),
        cmocka_unit_test_setup_teardown(init_adds_and_overwrites_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(init_explains_a_wrong_table, set_up, tear_down),
        cmocka_unit_test_setup_teardown(init_takes_agencies, set_up, tear_down),
        cmocka_unit_test_setup_teardown(init_tells_what_an_older_folder_lacks, set_up, tear_down),
        cmocka_unit_test_setup_teardown(init_explains_a_wrong_table_of_agencies, set_up, tear_down),
        cmocka_unit_test_setup_teardown(made_configurations_are_good, set_up, tear_down),
        cmocka_unit_test_setup_teardown(made_configurations_name_every_key, set_up, tear_down),
        cmocka_unit_test_setup_teardown(keys_are_added_rotated_and_revoked, set_up, tear_down),
        cmocka_unit_test_setup_teardown(wrong_key_commands_change_nothing, set_up, tear_down),
        cmocka_unit_test_setup_teardown(every_command_of_the_list_has_help, set_up, tear_down),
        cmocka_unit_test_setup_teardown(a_missing_configuration_is_explained, set_up, tear_down),
        cmocka_unit_test_setup_teardown(submit_tells_each_outcome, set_up_with_visits, tear_down),
        cmocka_unit_test_setup_teardown(submit_continues_and_nothing_happens_twice, set_up_with_visits, tear_down),
        cmocka_unit_test_setup_teardown(submit_takes_stdin_and_lines_of_any_size, set_up_with_visits, tear_down),
        cmocka_unit_test_setup_teardown(a_sender_speaks_for_itself_alone, set_up_with_visits, tear_down),
        cmocka_unit_test_setup_teardown(questions_and_the_feed_are_readable, set_up_with_visits, tear_down),
        cmocka_unit_test_setup_teardown(persons_are_a_registrars_matter, set_up_with_visits, tear_down),
        cmocka_unit_test_setup_teardown(refused_commands_are_kept_and_can_be_resubmitted, set_up_with_visits,
                                        tear_down),
        cmocka_unit_test_setup_teardown(verify_finds_a_changed_row, set_up_with_visits, tear_down),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
