#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "ctl/ctl.h"
#include "ctl/log_file.h"

#define ARGUMENTS_MAX 128

/* What is handed over: everything but --config, which is ours. */
struct handed {
    char *arguments[ARGUMENTS_MAX];
    int count;
    bool has_log; /* no configuration is needed */
    bool has_help;
};

static bool begins(const char *word, const char *option) {
    size_t length = strlen(option);
    return strncmp(word, option, length) == 0 && (word[length] == '\0' || word[length] == '=');
}

static bool hand_over(struct ctl *ctl, int argc, char **argv, struct handed *handed) {
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], "--config") == 0 && i + 1 < argc) {
            ctl->config_path = argv[++i];
            continue;
        }
        if (begins(argv[i], "--config") && strchr(argv[i], '=')) {
            ctl->config_path = strchr(argv[i], '=') + 1;
            continue;
        }
        handed->has_log = handed->has_log || begins(argv[i], "--log");
        handed->has_help = handed->has_help || strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0;
        if (handed->count == ARGUMENTS_MAX - 5) {
            ctl_error(0, "too many arguments");
            return false;
        }
        handed->arguments[handed->count++] = argv[i];
    }
    return true;
}

/* The aggregator knows what it counts, and how: it explains, in place of this process. */
static int run_aggregator(const struct ctl *ctl, struct handed *handed) {
    char path[CTL_PATH_BYTES];
    snprintf(path, sizeof path, "%s/aggregator", ctl->program_folder);
    fflush(NULL);
    execv(path, handed->arguments);
    execvp("aggregator", handed->arguments);
    return ctl_error(EXIT_CODE_FAILED, "no program aggregator beside this one or in PATH: %s", strerror(errno));
}

int command_explain(struct ctl *ctl, int argc, char **argv) {
    static char config[CTL_PATH_BYTES];
    struct handed handed = {.arguments = {(char *)"aggregator", (char *)"explain"}, .count = 2};
    if (!hand_over(ctl, argc, argv, &handed)) {
        return EXIT_CODE_USAGE;
    }
    if (ctl->json) {
        handed.arguments[handed.count++] = (char *)"--json";
    }
    if (!handed.has_log && !handed.has_help) {
        if (ctl_config(ctl) != STATUS_OK) {
            return EXIT_CODE_CONFIG;
        }
        log_file_beside(ctl->config_path, "aggregator.conf", config);
        handed.arguments[handed.count++] = (char *)"--config";
        handed.arguments[handed.count++] = config;
    }
    return run_aggregator(ctl, &handed);
}
