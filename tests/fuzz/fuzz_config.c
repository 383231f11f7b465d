/* A configuration file of any bytes: the parser alone, and the whole reader against a table of keys. */

#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "base/check.h"
#include "config/config.h"
#include "config/zpl.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static const struct config_key keys[] = {
    {"/server/bind", CONFIG_STRING, "", 0, 0, "", "Text."},
    {"/server/key", CONFIG_SECRET, "", 0, 0, "", "Secret."},
    {"/n", CONFIG_INTEGER, "1", -5, 1000000, "ms", "Number."},
    {"/b", CONFIG_BOOLEAN, "no", 0, 0, "", "Boolean."},
    {"/sources/*/endpoint", CONFIG_STRING, "none", 0, 0, "", "Of each child."},
    {"/sources/*/key", CONFIG_STRING, "", 0, 0, "path", "Of each child."},
    {0},
};

static void read_whole(const uint8_t *data, size_t size) {
    static const struct config_key *const tables[] = {keys, NULL};
    char path[64], *argv[] = {(char *)"fuzz", (char *)"--config", path, NULL};
    int file = memfd_create("config", MFD_CLOEXEC);
    CHECK(file >= 0 && write(file, data, size) == (ssize_t)size);
    snprintf(path, sizeof path, "/proc/self/fd/%d", file);
    struct config *config;
    enum config_action action;
    struct config_error error;
    enum status status = config_load(tables, 3, argv, &config, &action, &error);
    CHECK((status == STATUS_OK) == (config != NULL));
    CHECK((status == STATUS_OK) == (error.text[0] == 0));
    if (config != NULL) {
        CHECK(config_integer(config, "/n") >= -5 && config_integer(config, "/n") <= 1000000);
        for (size_t i = 0; config_child(config, "/sources", i) != NULL; i++) {
            CHECK(config_child(config, "/sources", i)[0] != 0);
        }
    }
    config_destroy(&config);
    close(file);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    struct arena arena;
    struct zpl zpl;
    struct zpl_problem problem = {0};
    arena_init(&arena, (size_t)8 << 20);
    if (zpl_parse((const char *)data, size, &arena, &zpl, &problem)) {
        for (size_t i = 0; i < zpl.count; i++) {
            CHECK(zpl.entries[i].path[0] == '/' && strlen(zpl.entries[i].path) < ZPL_PATH_BYTES_MAX);
        }
    } else {
        CHECK(problem.text[0] != 0);
    }
    arena_release(&arena);
    read_whole(data, size);
    return 0;
}
