#ifndef SUPPORT_PROCESS_H
#define SUPPORT_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/resource.h>
#include <sys/types.h>

/* A daemon under test as a process of its own; its log goes to a file. What goes wrong in starting aborts the test. */
struct process {
    pid_t pid; /* 0: not running */
    char log_path[512];
    struct rusage usage; /* of the last run, filled by process_wait; with its reaped children */
};

/* argv ends with NULL; the log is appended to, so that a restarted daemon's lines follow the earlier ones. */
void process_start(struct process *process, const char *const *argv, const char *log_path);
/* Waits until the log holds text after offset *position (moved behind it); copies the rest of that line into line. False:
 * the process ended without saying so. */
bool process_wait_log(struct process *process, long *position, const char *text, char *line, size_t line_size);
/* The value of "key":"value" in a log line; empty when there is none. */
void process_log_value(const char *line, const char *key, char *value, size_t value_size);
void process_signal(const struct process *process, int signal);
/* Waits for its end; the exit code, or 128 + signal. */
int process_wait(struct process *process);
/* SIGTERM and wait. */
int process_stop(struct process *process);
/* SIGKILL and wait. */
void process_kill(struct process *process);
/* Prints its log on stderr: for a failed test. */
void process_show_log(const struct process *process);

#endif
