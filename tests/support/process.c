#include "support/process.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <spawn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "base/check.h"

void process_start(struct process *process, const char *const *argv, const char *log_path) {
    snprintf(process->log_path, sizeof process->log_path, "%s", log_path);
    pid_t parent = getpid();
    process->pid = fork();
    CHECK(process->pid >= 0);
    if (process->pid != 0) {
        return;
    }
    prctl(PR_SET_PDEATHSIG, SIGKILL); /* a test that dies leaves nothing behind */
    int log = open(log_path, O_WRONLY | O_CREAT | O_APPEND, 0600);
    if (getppid() != parent || log < 0 || dup2(log, STDERR_FILENO) < 0) {
        _exit(127);
    }
    sigset_t none;
    sigemptyset(&none);
    sigprocmask(SIG_SETMASK, &none, NULL);
    execv(argv[0], (char *const *)(uintptr_t)argv);
    _exit(127);
}

static bool has_ended(struct process *process) {
    siginfo_t info = {0};
    return waitid(P_PID, (id_t)process->pid, &info, WEXITED | WNOHANG | WNOWAIT) == 0 && info.si_pid == process->pid;
}

/* Looks through the log once. */
static bool find_in_log(const struct process *process, long *position, const char *text, char *line,
                        size_t line_size) {
    FILE *file = fopen(process->log_path, "re");
    if (file == NULL) {
        return false;
    }
    char buffer[8192];
    bool found = false;
    fseek(file, *position, SEEK_SET);
    while (!found && fgets(buffer, sizeof buffer, file) != NULL && strchr(buffer, '\n') != NULL) {
        *position = ftell(file);
        found = strstr(buffer, text) != NULL;
    }
    fclose(file);
    if (found && line != NULL) {
        snprintf(line, line_size, "%s", buffer);
    }
    return found;
}

bool process_wait_log(struct process *process, long *position, const char *text, char *line, size_t line_size) {
    for (;;) {
        bool ended = has_ended(process);
        if (find_in_log(process, position, text, line, line_size)) {
            return true;
        }
        if (ended) {
            return false;
        }
        nanosleep(&(struct timespec){.tv_nsec = 2000000}, NULL);
    }
}

void process_log_value(const char *line, const char *key, char *value, size_t value_size) {
    char quoted[128];
    snprintf(quoted, sizeof quoted, "\"%s\":", key);
    const char *at = strstr(line, quoted);
    value[0] = '\0';
    if (at == NULL) {
        return;
    }
    at += strlen(quoted);
    if (*at == '"') {
        at++;
    }
    size_t length = strcspn(at, "\",}\n");
    snprintf(value, value_size, "%.*s", (int)length, at);
}

void process_signal(const struct process *process, int signal) {
    CHECK(process->pid > 0);
    kill(process->pid, signal);
}

int process_wait(struct process *process) {
    int status = 0;
    while (wait4(process->pid, &status, 0, &process->usage) < 0 && errno == EINTR) {
    }
    process->pid = 0;
    return WIFEXITED(status) ? WEXITSTATUS(status) : 128 + WTERMSIG(status);
}

int process_stop(struct process *process) {
    process_signal(process, SIGTERM);
    return process_wait(process);
}

void process_kill(struct process *process) {
    process_signal(process, SIGKILL);
    (void)process_wait(process);
}

void process_show_log(const struct process *process) {
    FILE *file = fopen(process->log_path, "re");
    char buffer[4096];
    while (file != NULL && fgets(buffer, sizeof buffer, file) != NULL) {
        fputs(buffer, stderr);
    }
    if (file != NULL) {
        fclose(file);
    }
}
