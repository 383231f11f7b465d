#include "service/process_metrics.h"

#include <dirent.h>
#include <stdio.h>
#include <string.h>
#include <sys/resource.h>
#include <unistd.h>

#include "base/file.h"
#include "service/daemon.h"

static double count_descriptors(void) {
    DIR *folder = opendir("/proc/self/fd");
    if (folder == NULL) {
        return 0;
    }
    double count = -1; /* that of the folder itself */
    for (const struct dirent *entry = readdir(folder); entry != NULL; entry = readdir(folder)) {
        count += entry->d_name[0] != '.';
    }
    closedir(folder);
    return count;
}

/* The second number of statm: resident pages. */
static double resident_bytes(void) {
    struct buffer statm = {0};
    double bytes = 0;
    if (file_read("/proc/self/statm", 1024, &statm) == STATUS_OK) {
        const char *second = strchr(buffer_text(&statm), ' ');
        bytes = second == NULL ? 0 : (double)strtoull(second, NULL, 10) * (double)sysconf(_SC_PAGESIZE);
    }
    buffer_release(&statm);
    return bytes;
}

static double seconds(struct timeval time) {
    return (double)time.tv_sec + (double)time.tv_usec / 1e6;
}

static void simple(struct buffer *out, const char *name, const char *type, const char *help, double value) {
    metrics_head(out, name, type, help);
    metrics_value(out, name, NULL, value);
}

void process_metrics(const char *service, struct buffer *out) {
    struct buffer labels = {0};
    metrics_label(&labels, "service", service);
    metrics_label(&labels, "version", LIANCHENG_VERSION);
    metrics_head(out, "liancheng_build_info", "gauge", "Which program this is; always 1.");
    metrics_value(out, "liancheng_build_info", buffer_text(&labels), 1);
    buffer_release(&labels);

    struct rlimit limit = {0};
    struct rusage usage = {0};
    getrlimit(RLIMIT_NOFILE, &limit);
    getrusage(RUSAGE_SELF, &usage);
    simple(out, "liancheng_open_descriptors", "gauge", "Open file descriptors.", count_descriptors());
    simple(out, "liancheng_max_descriptors", "gauge", "File descriptors that may be open.", (double)limit.rlim_cur);
    simple(out, "liancheng_resident_bytes", "gauge", "Memory in use.", resident_bytes());
    simple(out, "liancheng_peak_resident_bytes", "gauge", "Most memory in use so far.", (double)usage.ru_maxrss * 1024);
    simple(out, "liancheng_cpu_seconds_total", "counter", "CPU time used, user and system.",
           seconds(usage.ru_utime) + seconds(usage.ru_stime));
}
