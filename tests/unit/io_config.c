/* Configuration from real files, the real environment and command lines. */

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "base/file.h"
#include "config/config.h"
#include "config/zpl.h"

#define COUNT(array) (sizeof(array) / sizeof *(array))
#define WORDS_MAX 8

static const struct config_key own_keys[] = {
    {"/server/bind", CONFIG_STRING, "tcp://127.0.0.1:7101", 0, 0, "", "Where commands come in."},
    {"/server/key", CONFIG_SECRET, "", 0, 0, "", "The server's key."},
    {"/store/folder", CONFIG_STRING, "", 0, 0, "path", "Where the log lies."},
    {"/store/seal_key", CONFIG_SECRET, "", 0, 0, "", "The key of the seal."},
    {"/intake/batch_ms", CONFIG_INTEGER, "5", 0, 1000, "ms", "How long a batch waits."},
    {"/intake/low", CONFIG_INTEGER, "0", INT64_MIN, INT64_MAX, "", "Any number."},
    {"/quiet", CONFIG_BOOLEAN, "no", 0, 0, "", "Says less."},
    {0},
};
static const struct config_key source_keys[] = {
    {"/sources/*/endpoint", CONFIG_STRING, NULL, 0, 0, "", "Where the feed is."},
    {"/sources/*/seal_key", CONFIG_SECRET, "", 0, 0, "", "Its variable ends like that of the next key."},
    {"/sources/*/key", CONFIG_SECRET, "", 0, 0, "", "A key."},
    {"/sources/*/server_key", CONFIG_STRING, "", 0, 0, "path", "The public key of the server."},
    {0},
};
static const struct config_key other_defaults[] = {
    {"/intake/batch_ms", CONFIG_INTEGER, "9", 0, 1000, "ms", "Comes second, so it does not count."},
    {0},
};
static const struct config_key needed_keys[] = {
    {"/postgres/conninfo", CONFIG_STRING, NULL, 0, 0, "", "How to reach PostgreSQL."},
    {0},
};
static const struct config_key *const usual[] = {own_keys, source_keys, other_defaults, NULL};
static const struct config_key *const with_needed[] = {own_keys, needed_keys, NULL};

/* --- A folder, a file, an environment --- */

static char folder[] = "/tmp/liancheng-config.XXXXXX";
static char file_path[64];

static int set_up(void **state) {
    (void)state;
    memcpy(folder + sizeof folder - 7, "XXXXXX", 6);
    if (mkdtemp(folder) == NULL) {
        return 1;
    }
    snprintf(file_path, sizeof file_path, "%s/visits.conf", folder);
    return 0;
}

static int remove_one(const char *path, const struct stat *status, int kind, struct FTW *where) {
    (void)status, (void)kind, (void)where;
    return remove(path);
}

static int tear_down(void **state) {
    (void)state;
    return nftw(folder, remove_one, 16, FTW_DEPTH | FTW_PHYS);
}

static void write_file(const char *text) {
    assert_int_equal(file_write_atomic(file_path, text, strlen(text), 0600), STATUS_OK);
}

static void set_environment(const char *const *variables) {
    clearenv();
    for (; *variables != NULL; variables++) {
        char name[128];
        snprintf(name, sizeof name, "%s", *variables);
        char *equals = strchr(name, '=');
        assert_non_null(equals);
        *equals = 0;
        setenv(name, equals + 1, 1);
    }
}

struct loaded {
    enum status status;
    struct config *config;
    enum config_action action;
    struct config_error error;
};

/* words: after the program's name; the file is added when there is one. */
static struct loaded load(const struct config_key *const *keys, const char *file, const char *const *environment,
                          const char *const *words) {
    static char *argv[WORDS_MAX + 4]; /* borrowed by the config */
    struct loaded loaded = {0};
    int argc = 0;
    argv[argc++] = (char *)"visits";
    if (file != NULL) {
        write_file(file);
        argv[argc++] = (char *)"--config";
        argv[argc++] = file_path;
    }
    for (; *words != NULL; words++) {
        argv[argc++] = (char *)*words;
    }
    argv[argc] = NULL;
    set_environment(environment);
    loaded.status = config_load(keys, argc, argv, &loaded.config, &loaded.action, &loaded.error);
    clearenv();
    return loaded;
}

/* --- Where values come from --- */

static void test_layers(void **state) {
    (void)state;
    static const struct {
        const char *file;
        const char *environment[4];
        const char *words[4];
        const char *path;
        const char *want;
    } cases[] = {
        {NULL, {NULL}, {NULL}, "/server/bind", "tcp://127.0.0.1:7101"},
        {"server\n    bind = tcp://*:1\n", {NULL}, {NULL}, "/server/bind", "tcp://*:1"},
        {"server\n    bind = file\n", {"LC_SERVER_BIND=env"}, {NULL}, "/server/bind", "env"},
        {"server\n    bind = file\n", {"LC_SERVER_BIND=env"}, {"--server-bind=flag"}, "/server/bind", "flag"},
        {NULL, {NULL}, {"--server-bind", "flag"}, "/server/bind", "flag"},
        {NULL, {NULL}, {"--server-bind", "--x"}, "/server/bind", "--x"},
        {NULL, {NULL}, {"--server-bind="}, "/server/bind", ""},
        {NULL, {NULL}, {"--server-bind=a=b"}, "/server/bind", "a=b"},
        {"server\n    bind = file\n", {"LC_SERVER_BIND="}, {NULL}, "/server/bind", "file"},
        {NULL, {"LC_ALL=C", "LC_NO_SUCH_KEY=1", "LC_FILE=x"}, {NULL}, "/server/bind", "tcp://127.0.0.1:7101"},
        {NULL, {NULL}, {"--store-seal-key", "/x"}, "/store/seal_key", "/x"},
        {NULL, {"LC_STORE_SEAL_KEY=/x"}, {NULL}, "/store/seal_key", "/x"},
        {NULL, {"LC_STORE_SEAL_KEY_FILE=/run/secrets/x"}, {NULL}, "/store/seal_key", "/run/secrets/x"},
        {NULL, {NULL}, {"--store-folder=here"}, "/store/folder", "here"}, /* only the file's own paths are resolved */
        {"store\n    folder = /abs\n", {NULL}, {NULL}, "/store/folder", "/abs"},
        {"store\n    folder = \"\"\n", {NULL}, {NULL}, "/store/folder", ""},
        {"server\n    bind = data/x\n", {NULL}, {NULL}, "/server/bind", "data/x"}, /* no path */
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct loaded l = load(usual, cases[i].file, cases[i].environment, cases[i].words);
        assert_string_equal(l.error.text, "");
        assert_int_equal(l.status, STATUS_OK);
        assert_int_equal(l.action, CONFIG_RUN);
        assert_string_equal(config_string(l.config, cases[i].path), cases[i].want);
        config_destroy(&l.config);
        assert_null(l.config);
    }
}

static void test_paths_of_the_file_are_beside_it(void **state) {
    (void)state;
    struct loaded l = load(usual, "store\n    folder = data/visits\n    seal_key = secret/a\n", (const char *[]){NULL},
                           (const char *[]){NULL});
    char want[128];
    snprintf(want, sizeof want, "%s/data/visits", folder);
    assert_string_equal(config_string(l.config, "/store/folder"), want);
    snprintf(want, sizeof want, "%s/secret/a", folder);
    assert_string_equal(config_string(l.config, "/store/seal_key"), want);
    config_destroy(&l.config);
}

static void test_value_from_a_file_of_the_environment(void **state) {
    (void)state;
    char variable[128];
    write_file("tcp://*:9\r\nsecond line\n");
    snprintf(variable, sizeof variable, "LC_SERVER_BIND_FILE=%s", file_path);
    struct loaded l = load(usual, NULL, (const char *[]){variable, NULL}, (const char *[]){NULL});
    assert_int_equal(l.status, STATUS_OK);
    assert_string_equal(config_string(l.config, "/server/bind"), "tcp://*:9");
    config_destroy(&l.config);
    l = load(usual, NULL, (const char *[]){variable, "LC_SERVER_BIND=x", NULL}, (const char *[]){NULL});
    assert_int_equal(l.status, STATUS_CONFIG);
    assert_non_null(strstr(l.error.text, "already"));
}

static void test_the_file_of_the_environment(void **state) {
    (void)state;
    char variable[128];
    write_file("intake\n    batch_ms = 77\n");
    snprintf(variable, sizeof variable, "LC_CONFIG=%s", file_path);
    struct loaded l = load(usual, NULL, (const char *[]){variable, NULL}, (const char *[]){NULL});
    assert_int_equal(l.status, STATUS_OK);
    assert_int_equal(config_integer(l.config, "/intake/batch_ms"), 77);
    config_destroy(&l.config);
    l = load(usual, "intake\n    batch_ms = 78\n", (const char *[]){"LC_CONFIG=/no/such", NULL},
             (const char *[]){NULL});
    assert_int_equal(l.status, STATUS_OK);
    assert_int_equal(config_integer(l.config, "/intake/batch_ms"), 78);
    config_destroy(&l.config);
}

static void test_types(void **state) {
    (void)state;
    struct loaded l = load(usual, "quiet = Yes\nintake\n    low = -9223372036854775808\n", (const char *[]){NULL},
                           (const char *[]){NULL});
    assert_int_equal(l.status, STATUS_OK);
    assert_true(config_boolean(l.config, "/quiet"));
    assert_true(config_integer(l.config, "/intake/low") == INT64_MIN);
    assert_int_equal(config_integer(l.config, "/intake/batch_ms"), 5);
    config_destroy(&l.config);
    l = load(usual, NULL, (const char *[]){NULL}, (const char *[]){"--quiet", "word", NULL});
    const char *const *arguments;
    assert_true(config_boolean(l.config, "/quiet"));
    assert_int_equal(config_arguments(l.config, &arguments), 1);
    config_destroy(&l.config);
    l = load(usual, "quiet = yes\n", (const char *[]){NULL}, (const char *[]){"--quiet=false", NULL});
    assert_false(config_boolean(l.config, "/quiet"));
    config_destroy(&l.config);
}

static void test_arguments(void **state) {
    (void)state;
    struct loaded l = load(usual, "", (const char *[]){NULL},
                           (const char *[]){"submit", "--intake-batch-ms", "3", "-", "-n", "--", "--help", NULL});
    const char *const *arguments;
    static const char *const want[] = {"submit", "-", "-n", "--help"};
    assert_int_equal(l.status, STATUS_OK);
    assert_int_equal(l.action, CONFIG_RUN);
    assert_int_equal(config_arguments(l.config, &arguments), COUNT(want));
    for (size_t i = 0; i < COUNT(want); i++) {
        assert_string_equal(arguments[i], want[i]);
    }
    config_destroy(&l.config);
}

/* --- Children --- */

static void test_children(void **state) {
    (void)state;
    static const char file[] = "sources\n"
                               "    west-1\n"
                               "        endpoint = tcp://west\n"
                               "        server_key = west.pub\n"
                               "    empty\n"
                               "    East\n"
                               "        endpoint = tcp://east\n";
    struct loaded l =
        load(usual, file,
             (const char *[]){"LC_SOURCES_WEST_1_ENDPOINT=tcp://env", "LC_SOURCES_EMPTY_ENDPOINT=e",
                              "LC_SOURCES_NEW_TOWN_ENDPOINT=tcp://new", "LC_SOURCES_NEW_TOWN_SERVER_KEY=/k",
                              "LC_SOURCES_EAST_SEAL_KEY=/x", "LC_SOURCES_EAST_KEY_FILE=/s", "LC_SOURCES__ENDPOINT=x",
                              "LC_SOURCES_ENDPOINT=x", NULL},
             (const char *[]){"--sources-East-endpoint=tcp://flag", "--sources-fourth-endpoint=4", NULL});
    static const struct {
        const char *child, *endpoint, *server_key, *key;
    } want[] = {{"west-1", "tcp://env", "west.pub", ""},
                {"empty", "e", "", ""},
                {"East", "tcp://flag", "", "/s"},
                {"new_town", "tcp://new", "/k", ""},
                {"fourth", "4", "", ""}};
    assert_string_equal(l.error.text, "");
    size_t count = 0;
    for (; config_child(l.config, "/sources", count) != NULL; count++) {
    }
    for (size_t i = 0; i < COUNT(want); i++) {
        char path[64];
        snprintf(path, sizeof path, "/sources/%s/endpoint", want[i].child);
        assert_string_equal(config_string(l.config, path), want[i].endpoint);
        snprintf(path, sizeof path, "/sources/%s/server_key", want[i].child);
        const char *server_key = config_string(l.config, path);
        size_t from = strlen(server_key) - strlen(want[i].server_key); /* resolved: compare the end */
        assert_string_equal(server_key + from, want[i].server_key);
        snprintf(path, sizeof path, "/sources/%s/key", want[i].child);
        assert_string_equal(config_string(l.config, path), want[i].key);
    }
    assert_int_equal(count, COUNT(want)); /* no child without a name */
    assert_string_equal(config_child(l.config, "/sources", 0), "west-1");
    assert_string_equal(config_child(l.config, "/sources", 1), "empty");
    assert_string_equal(config_child(l.config, "/sources", 2), "East");
    assert_null(config_child(l.config, "/server", 0));
    config_destroy(&l.config);
    assert_int_equal(load(usual, NULL, (const char *[]){"LC_SOURCES_A_KEY=k", NULL}, (const char *[]){NULL}).status,
                     STATUS_CONFIG); /* a child without its endpoint */
}

/* --- Errors --- */

static void test_errors(void **state) {
    (void)state;
    static const struct {
        const char *file;
        const char *environment[4];
        const char *words[4];
        enum status status;
        const char *text; /* must be part of the error; %: the file's path */
    } cases[] = {
        {"sever\n    bind = x\n", {NULL}, {NULL}, STATUS_CONFIG, "%:1: unknown section /sever; did you mean /server?"},
        {"server\n    bnd = x\n",
         {NULL},
         {NULL},
         STATUS_CONFIG,
         "%:2: unknown key /server/bnd; did you mean /server/bind?"},
        {"\n# x\nsources\n    a\n        end_point = 1\n",
         {NULL},
         {NULL},
         STATUS_CONFIG,
         "%:5: unknown key /sources/a/end_point; did you mean /sources/a/endpoint?"},
        {"zzzzzzzzzzzz = 1\n", {NULL}, {NULL}, STATUS_CONFIG, "%:1: unknown key /zzzzzzzzzzzz"},
        {"server\n    bind = x\n    bind = y\n",
         {NULL},
         {NULL},
         STATUS_CONFIG,
         "%:3: /server/bind is there twice; the first is on line 2"},
        {"server\n    bind = x\nserver\n", {NULL}, {NULL}, STATUS_CONFIG, "%:3: /server is there twice"},
        {"server\n\tbind = x\n", {NULL}, {NULL}, STATUS_CONFIG, "%:2: a tab"},
        {"server\n   bind = x\n", {NULL}, {NULL}, STATUS_CONFIG, "%:2: the indent is 3 spaces"},
        {"server\n        bind = x\n", {NULL}, {NULL}, STATUS_CONFIG, "%:2: indented deeper"},
        {"    server\n", {NULL}, {NULL}, STATUS_CONFIG, "%:1: indented deeper"},
        {"server\n    bind x\n", {NULL}, {NULL}, STATUS_CONFIG, "%:2: there is no ="},
        {"server\n    bind\n", {NULL}, {NULL}, STATUS_CONFIG, "%:2: /server/bind needs a value"},
        {"server = 1\n", {NULL}, {NULL}, STATUS_CONFIG, "%:1: /server is a section"},
        {"server\n    bind = \"x\n", {NULL}, {NULL}, STATUS_CONFIG, "%:2: the quote is not closed"},
        {"server\n    bind = \"x\" y\n", {NULL}, {NULL}, STATUS_CONFIG, "%:2: something stands behind"},
        {"server/bind = x\n", {NULL}, {NULL}, STATUS_CONFIG, "%:1: not a name"},
        {"= x\n", {NULL}, {NULL}, STATUS_CONFIG, "%:1: not a name"},
        {"# \xFF\n", {NULL}, {NULL}, STATUS_CONFIG, "%:1: not valid UTF-8"},
        {"server\n    bind = \x01\n", {NULL}, {NULL}, STATUS_CONFIG, "%:2: a control character"},
        {"server\n    bind = a\rb\n", {NULL}, {NULL}, STATUS_CONFIG, "%:2: a control character"},
        {"intake\n    batch_ms = 1001\n",
         {NULL},
         {NULL},
         STATUS_CONFIG,
         "%:2: /intake/batch_ms is 1001; it must be from 0 to 1000"},
        {"intake\n    batch_ms = -1\n", {NULL}, {NULL}, STATUS_CONFIG, "from 0 to 1000"},
        {"intake\n    batch_ms = 5s\n", {NULL}, {NULL}, STATUS_CONFIG, "must be a whole number, not \"5s\""},
        {"intake\n    batch_ms =\n", {NULL}, {NULL}, STATUS_CONFIG, "must be a whole number"},
        {"intake\n    batch_ms = +5\n", {NULL}, {NULL}, STATUS_CONFIG, "must be a whole number"},
        {"intake\n    low = 9223372036854775808\n", {NULL}, {NULL}, STATUS_CONFIG, "must be a whole number"},
        {"quiet = maybe\n", {NULL}, {NULL}, STATUS_CONFIG, "%:1: /quiet must be true or false"},
        {"sources\n    a\n", {NULL}, {NULL}, STATUS_CONFIG, "/sources/a/endpoint is not set"},
        {NULL, {"LC_INTAKE_BATCH_MS=x"}, {NULL}, STATUS_CONFIG, "LC_INTAKE_BATCH_MS: /intake/batch_ms must be"},
        {NULL, {"LC_SERVER_BIND=\xFF"}, {NULL}, STATUS_CONFIG, "LC_SERVER_BIND: "},
        {NULL, {"LC_SERVER_BIND_FILE=/no/such"}, {NULL}, STATUS_CONFIG, "/no/such: there is no such file"},
        {NULL, {"LC_CONFIG=/no/such"}, {NULL}, STATUS_CONFIG, "/no/such: there is no such file"},
        {NULL, {NULL}, {"--config"}, STATUS_USAGE, "--config needs a value"},
        {NULL, {NULL}, {"--server-bind"}, STATUS_USAGE, "--server-bind needs a value"},
        {NULL, {NULL}, {"--sever-bind=1"}, STATUS_USAGE, "unknown option --sever-bind; did you mean --server-bind?"},
        {NULL, {NULL}, {"--zzzzzzzzzzzzzzzz"}, STATUS_USAGE, "--help lists them"},
        {NULL, {NULL}, {"--quiet", "--quiet=no"}, STATUS_USAGE, "--quiet: /quiet is set already by --quiet"},
        {NULL, {NULL}, {"--sources-a/b-endpoint=1"}, STATUS_USAGE, "unknown option"},
        {NULL, {NULL}, {"--intake-batch-ms=2000"}, STATUS_CONFIG, "--intake-batch-ms: /intake/batch_ms is 2000"},
        {NULL, {NULL}, {"--check-config", "--server-key=/no/such"}, STATUS_CONFIG, "/no/such, cannot be read"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        char want[256];
        bool with_path = cases[i].text[0] == '%';
        snprintf(want, sizeof want, "%s%s", with_path ? file_path : "", cases[i].text + with_path);
        struct loaded l = load(usual, cases[i].file, cases[i].environment, cases[i].words);
        if (l.status != cases[i].status || strstr(l.error.text, want) == NULL) {
            fail_msg("case %zu: %s: \"%s\" instead of \"%s\"", i, status_name(l.status), l.error.text, want);
        }
        assert_null(l.config);
    }
}

static void test_a_key_that_must_be_set(void **state) {
    (void)state;
    struct loaded l = load(with_needed, NULL, (const char *[]){NULL}, (const char *[]){NULL});
    assert_int_equal(l.status, STATUS_CONFIG);
    assert_non_null(strstr(l.error.text, "LC_POSTGRES_CONNINFO"));
    assert_non_null(strstr(l.error.text, "--postgres-conninfo"));
    l = load(with_needed, "postgres\n    conninfo = host=/run dbname=x # the city's\n", (const char *[]){NULL},
             (const char *[]){NULL});
    assert_int_equal(l.status, STATUS_OK);
    assert_string_equal(config_string(l.config, "/postgres/conninfo"), "host=/run dbname=x");
    config_destroy(&l.config);
}

static void test_a_file_that_is_too_large(void **state) {
    (void)state;
    char *text = malloc(ZPL_FILE_BYTES_MAX + 2);
    assert_non_null(text);
    memset(text, '\n', ZPL_FILE_BYTES_MAX + 1);
    text[ZPL_FILE_BYTES_MAX + 1] = 0;
    struct loaded l = load(usual, text, (const char *[]){NULL}, (const char *[]){NULL});
    assert_int_equal(l.status, STATUS_CONFIG);
    assert_non_null(strstr(l.error.text, "too large"));
    text[ZPL_FILE_BYTES_MAX] = 0;
    l = load(usual, text, (const char *[]){NULL}, (const char *[]){NULL});
    assert_int_equal(l.status, STATUS_OK);
    config_destroy(&l.config);
    free(text);
}

/* --- The language --- */

static void test_zpl_values(void **state) {
    (void)state;
    static const struct {
        const char *line, *want;
    } cases[] = {
        {"a = b", "b"},
        {"a=b", "b"},
        {"a =  b c  ", "b c"},
        {"a = b # c", "b"},
        {"a = b#c", "b"},
        {"a = \"b # c\" # d", "b # c"},
        {"a = 'b \"c\"'", "b \"c\""},
        {"a = \"\"", ""},
        {"a =", ""},
        {"a = # nothing", ""},
        {"a = x=y;z", "x=y;z"},
        {"a\t=\tb\t", "b"},
        {"a = b\r", "b"},
        {"\xEF\xBB\xBF"
         "a = b",
         "b"},
        {"a = \xE8\x8E\xB2\xE5\x9F\x8E", "\xE8\x8E\xB2\xE5\x9F\x8E"},
        {"\n\n   # x\n\t\na = b", "b"},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct arena arena;
        struct zpl zpl;
        struct zpl_problem problem = {0};
        arena_init(&arena, 1 << 20);
        if (!zpl_parse(cases[i].line, strlen(cases[i].line), &arena, &zpl, &problem)) {
            fail_msg("case %zu: %s", i, problem.text);
        }
        assert_int_equal(zpl.count, 1);
        assert_string_equal(zpl.entries[0].path, "/a");
        assert_string_equal(zpl.entries[0].value, cases[i].want);
        arena_release(&arena);
    }
}

static void test_zpl_limits(void **state) {
    (void)state;
    struct buffer text = {0};
    struct arena arena;
    struct zpl zpl;
    struct zpl_problem problem = {0};
    arena_init(&arena, (size_t)16 << 20);
    for (unsigned i = 0; i < ZPL_ENTRIES_MAX; i++) {
        buffer_printf(&text, "k%u = %u\n", i, i);
    }
    assert_true(zpl_parse((char *)text.data, text.size, &arena, &zpl, &problem));
    assert_int_equal(zpl.count, ZPL_ENTRIES_MAX);
    buffer_append_text(&text, "one = more\n");
    assert_false(zpl_parse((char *)text.data, text.size, &arena, &zpl, &problem));
    assert_int_equal(problem.line, ZPL_ENTRIES_MAX + 1);
    for (unsigned depth = 0; depth <= ZPL_DEPTH_MAX; depth++) { /* one too many on the last turn */
        buffer_clear(&text);
        for (unsigned i = 0; i <= depth; i++) {
            buffer_printf(&text, "%*sx\n", (int)(4 * i), "");
        }
        assert_int_equal(zpl_parse((char *)text.data, text.size, &arena, &zpl, &problem), depth < ZPL_DEPTH_MAX);
    }
    for (unsigned size = ZPL_PATH_BYTES_MAX - 4; size < ZPL_PATH_BYTES_MAX + 4; size++) {
        buffer_clear(&text);
        memset(buffer_reserve(&text, size), 'n', size);
        text.size = size;
        assert_int_equal(zpl_parse((char *)text.data, text.size, &arena, &zpl, &problem),
                         size + 2 <= ZPL_PATH_BYTES_MAX);
    }
    buffer_release(&text);
    arena_release(&arena);
}

/* --- For people --- */

static char *printed(const struct config *config, const struct config_key *const *keys) {
    char *text = NULL;
    size_t size = 0;
    FILE *out = open_memstream(&text, &size);
    assert_non_null(out);
    if (config != NULL) {
        config_print(config, out);
    } else {
        config_help(keys, "visits", out);
    }
    fclose(out);
    return text;
}

static void test_print_says_where_from(void **state) {
    (void)state;
    struct loaded l = load(usual, "server\n    bind = b\n", (const char *[]){"LC_QUIET=1", NULL},
                           (const char *[]){"--print-config", "--server-key=/k", NULL});
    assert_int_equal(l.action, CONFIG_PRINT);
    char *text = printed(l.config, NULL);
    char want[128];
    snprintf(want, sizeof want, "/server/bind = \"b\"  # %s:2\n", file_path);
    assert_non_null(strstr(text, want));
    assert_non_null(strstr(text, "/server/key = \"/k\" (a file)  # --server-key\n"));
    assert_non_null(strstr(text, "/quiet = \"1\"  # LC_QUIET\n"));
    assert_non_null(strstr(text, "/intake/batch_ms = \"5\"  # default\n"));
    free(text);
    config_destroy(&l.config);
}

static void test_help_lists_every_key(void **state) {
    (void)state;
    char *text = printed(NULL, usual);
    for (const struct config_key *const *table = usual; *table != NULL; table++) {
        for (const struct config_key *key = *table; key->path != NULL; key++) {
            assert_non_null(strstr(text, key->path));
            assert_non_null(strstr(text, key->help));
        }
    }
    assert_non_null(strstr(text, "LC_STORE_SEAL_KEY"));
    assert_non_null(strstr(text, "number from 0 to 1000, ms; default 5"));
    free(text);
}

static void test_actions(void **state) {
    (void)state;
    static const struct {
        const char *word;
        enum config_action action;
        bool config;
    } cases[] = {{"--help", CONFIG_HELP, false},
                 {"--version", CONFIG_VERSION, false},
                 {"--check-config", CONFIG_CHECK, true},
                 {"--print-config", CONFIG_PRINT, true},
                 {"word", CONFIG_RUN, true}};
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct loaded l = load(usual, NULL, (const char *[]){NULL}, (const char *[]){cases[i].word, NULL});
        assert_int_equal(l.status, STATUS_OK);
        assert_int_equal(l.action, cases[i].action);
        assert_int_equal(l.config != NULL, cases[i].config);
        config_destroy(&l.config);
    }
    /* Help is there also when the file is not. */
    struct loaded l =
        load(with_needed, NULL, (const char *[]){"LC_CONFIG=/no/such", NULL}, (const char *[]){"--help", NULL});
    assert_int_equal(l.status, STATUS_OK);
}

static void test_load_again(void **state) {
    (void)state;
    struct loaded l = load(usual, "intake\n    batch_ms = 7\n", (const char *[]){NULL}, (const char *[]){NULL});
    struct config *fresh = NULL;
    write_file("intake\n    batch_ms = 8\n");
    assert_int_equal(config_load_again(l.config, &fresh, &l.error), STATUS_OK);
    assert_int_equal(config_integer(fresh, "/intake/batch_ms"), 8);
    assert_int_equal(config_integer(l.config, "/intake/batch_ms"), 7);
    config_destroy(&fresh);
    write_file("intake\n    batch_ms = x\n");
    assert_int_equal(config_load_again(l.config, &fresh, &l.error), STATUS_CONFIG);
    assert_null(fresh);
    config_destroy(&l.config);
}

int main(void) {
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_layers),
        cmocka_unit_test(test_paths_of_the_file_are_beside_it),
        cmocka_unit_test(test_value_from_a_file_of_the_environment),
        cmocka_unit_test(test_the_file_of_the_environment),
        cmocka_unit_test(test_types),
        cmocka_unit_test(test_arguments),
        cmocka_unit_test(test_children),
        cmocka_unit_test(test_errors),
        cmocka_unit_test(test_a_key_that_must_be_set),
        cmocka_unit_test(test_a_file_that_is_too_large),
        cmocka_unit_test(test_zpl_values),
        cmocka_unit_test(test_zpl_limits),
        cmocka_unit_test(test_print_says_where_from),
        cmocka_unit_test(test_help_lists_every_key),
        cmocka_unit_test(test_actions),
        cmocka_unit_test(test_load_again),
    };
    return cmocka_run_group_tests(tests, set_up, tear_down);
}
