#include <errno.h>
#include <inttypes.h>
#include <signal.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "ctl/ctl.h"

int ctl_error(int code, const char *format, ...) {
    char text[2048];
    va_list arguments;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fflush(stdout);
    fprintf(stderr, "lianchengctl: %s\n", text);
    return code;
}

static volatile sig_atomic_t interrupted;

static void note_signal(int signal_number) {
    (void)signal_number;
    interrupted = 1;
}

void ctl_catch_signals(void) {
    /* Without SA_RESTART, so that waiting calls return; reset, so that a second one ends the process. */
    struct sigaction action = {.sa_handler = note_signal, .sa_flags = (int)SA_RESETHAND};
    sigemptyset(&action.sa_mask);
    sigaction(SIGINT, &action, NULL);
    sigaction(SIGTERM, &action, NULL);
}

bool ctl_is_interrupted(void) {
    return interrupted != 0;
}

static void print_option(const char *name, const char *argument, const char *help) {
    char left[64];
    snprintf(left, sizeof left, "--%s%s%s", name, argument ? " " : "", argument ? argument : "");
    printf("    %-29s%s\n", left, help);
}

static void print_usage(const struct ctl_usage *usage, const struct ctl_option *options) {
    printf("Usage: lianchengctl %s\n\n%s%sOptions:\n", usage->synopsis, usage->text, *usage->text ? "\n" : "");
    for (const struct ctl_option *option = options; option && option->name; option++) {
        print_option(option->name, option->argument, option->help);
    }
    print_option("config", "FILE", "ctl.conf to use");
    print_option("json", NULL, "machine-readable output");
    print_option("help", NULL, "this text");
}

static const struct ctl_option *find_option(const struct ctl_option *options, const char *name, size_t length) {
    for (const struct ctl_option *option = options; option && option->name; option++) {
        if (strlen(option->name) == length && memcmp(option->name, name, length) == 0) {
            return option;
        }
    }
    return NULL;
}

static bool set_integer(const struct ctl_option *option, const char *text) {
    char *end = NULL;
    errno = 0;
    long long number = strtoll(text, &end, 10);
    if (errno || end == text || *end || number < option->min || number > option->max) {
        ctl_error(0, "--%s needs a whole number from %" PRId64 " to %" PRId64 ", not \"%s\"", option->name, option->min,
                  option->max, text);
        return false;
    }
    *(int64_t *)option->value = number;
    return true;
}

/* argv[*at] is --NAME or --NAME=TEXT; moves *at on when the value is the next argument. */
static bool take_option(const struct ctl_option *options, int argc, char **argv, int *at) {
    const char *name = argv[*at] + 2;
    const char *equals = strchr(name, '=');
    size_t length = equals ? (size_t)(equals - name) : strlen(name);
    const struct ctl_option *option = find_option(options, name, length);
    if (!option) {
        ctl_error(0, "no option --%.*s; --help lists them", (int)length, name);
        return false;
    }
    if (option->kind == CTL_FLAG) {
        if (equals) {
            ctl_error(0, "--%s takes no value", option->name);
            return false;
        }
        *(bool *)option->value = true;
        return true;
    }
    if (!equals && *at + 1 >= argc) {
        ctl_error(0, "--%s needs a value: --%s %s", option->name, option->name, option->argument);
        return false;
    }
    const char *value = equals ? equals + 1 : argv[++*at];
    if (option->kind == CTL_INTEGER) {
        return set_integer(option, value);
    }
    *(const char **)option->value = value;
    return true;
}

/* The options every subcommand has. */
static bool take_common_option(struct ctl *ctl, int argc, char **argv, int *at) {
    const struct ctl_option common[] = {
        {.name = "json", .kind = CTL_FLAG, .value = &ctl->json},
        {.name = "config", .kind = CTL_TEXT, .value = &ctl->config_path, .argument = "FILE"},
        {.name = NULL},
    };
    const char *name = argv[*at] + 2;
    if (!find_option(common, name, strcspn(name, "="))) {
        return false;
    }
    return take_option(common, argc, argv, at);
}

static bool check_count(const struct ctl_usage *usage, int count) {
    if (count >= usage->arguments_min && count <= usage->arguments_max) {
        return true;
    }
    ctl_error(0, "%s; usage: lianchengctl %s",
              count < usage->arguments_min ? "an argument is missing" : "too many arguments", usage->synopsis);
    return false;
}

bool ctl_arguments(struct ctl *ctl, const struct ctl_usage *usage, const struct ctl_option *options, int *argc,
                   char **argv, int *exit_code) {
    int kept = 1;
    bool options_ended = false;
    *exit_code = EXIT_CODE_USAGE;
    for (int i = 1; i < *argc; i++) {
        if (options_ended || strncmp(argv[i], "-", 1) != 0 || strcmp(argv[i], "-") == 0) {
            argv[kept++] = argv[i];
        } else if (strcmp(argv[i], "--") == 0) {
            options_ended = true;
        } else if (strcmp(argv[i], "--help") == 0 || strcmp(argv[i], "-h") == 0) {
            print_usage(usage, options);
            *exit_code = EXIT_CODE_OK;
            return false;
        } else if (strncmp(argv[i], "--", 2) != 0) {
            ctl_error(0, "no option %s; --help lists them", argv[i]);
            return false;
        } else if (!take_common_option(ctl, *argc, argv, &i) && !take_option(options, *argc, argv, &i)) {
            return false;
        }
    }
    *argc = kept;
    return check_count(usage, kept - 1);
}
