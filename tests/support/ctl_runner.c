#include "support/ctl_runner.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/check.h"

#define WORDS_MAX 64

extern char **environ;

const char *programs_folder(void) {
    static char folder[4096];
    if (*folder) {
        return folder;
    }
    ssize_t length = readlink("/proc/self/exe", folder, sizeof folder - 16);
    CHECK(length > 0);
    folder[length] = '\0';
    for (int up = 0; up < 3; up++) { /* tests/service/test_x */
        char *slash = strrchr(folder, '/');
        CHECK(slash);
        *slash = '\0';
    }
    memcpy(folder + strlen(folder), "/bin", 5);
    return folder;
}

static int split(char *text, char **words) {
    int count = 1;
    while (*text) {
        CHECK(count < WORDS_MAX);
        char end = *text == '\'' ? '\'' : ' ';
        text += end == '\'';
        words[count++] = text;
        text = strchr(text, end);
        if (!text) {
            break;
        }
        *text++ = '\0';
        text += end == '\'' && *text == ' ';
    }
    words[count] = NULL;
    return count;
}

static int temporary_file(void) {
    char name[] = "/tmp/liancheng-output-XXXXXX";
    int descriptor = mkstemp(name);
    CHECK(descriptor >= 0 && unlink(name) == 0);
    return descriptor;
}

static void take_output(int descriptor, struct buffer *out) {
    CHECK(lseek(descriptor, 0, SEEK_SET) == 0);
    for (ssize_t got = 1; got > 0; out->size += got > 0 ? (size_t)got : 0) {
        got = read(descriptor, buffer_reserve(out, 65536), 65536);
        CHECK(got >= 0);
    }
    buffer_text(out);
    close(descriptor);
}

static int wait_for(pid_t pid) {
    int status;
    while (waitpid(pid, &status, 0) < 0) {
        CHECK(errno == EINTR);
    }
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

void run_program(struct run *run, const char *program, const char *input, const char *format, ...) {
    char text[8192], path[4200], *words[WORDS_MAX + 1];
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    CHECK(length >= 0 && (size_t)length < sizeof text);
    run_release(run);
    snprintf(path, sizeof path, "%s/%s", programs_folder(), program);
    words[0] = path;
    split(text, words);
    int out = temporary_file(), err = temporary_file();
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    posix_spawn_file_actions_addopen(&actions, STDIN_FILENO, input ? input : "/dev/null", O_RDONLY, 0);
    posix_spawn_file_actions_adddup2(&actions, out, STDOUT_FILENO);
    posix_spawn_file_actions_adddup2(&actions, err, STDERR_FILENO);
    pid_t pid;
    CHECK(posix_spawn(&pid, path, &actions, NULL, words, environ) == 0);
    posix_spawn_file_actions_destroy(&actions);
    run->exit_code = wait_for(pid);
    take_output(out, &run->out);
    take_output(err, &run->err);
}

void run_release(struct run *run) {
    buffer_release(&run->out);
    buffer_release(&run->err);
    *run = (struct run){0};
}
