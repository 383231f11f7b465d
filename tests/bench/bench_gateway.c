#include <fcntl.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/check.h"
#include "base/civil.h"
#include "support/gateway_stack.h"

/*
 * The HL7 gateway's figures: real gateway, real registry, fsync on everywhere, and this sender, which share the machine.
 *
 *   durable   64 connections, answered AA, stored by gateway and registry: each with one message on its way, then with eight
 *   latency   2,000 messages a second over the same 64 connections
 *   beside    the same, with 10,000 idle connections and messages of 16 MiB
 *
 * bench_gateway [PHASE ...]; BENCH_GATEWAY_MESSAGES, BENCH_GATEWAY_FACILITIES change the size.
 */
#define CONNECTIONS 64
#define WINDOW 8
#define RATE 2000
#define SECONDS 20
#define IDLE 10000
#define LARGE_BYTES (16 * 1024 * 1024 - 4096)
#define LARGE_EVERY_S 10

static void print(const char *name, double value, const char *unit) {
    printf("%-58s %14.2f %s\n", name, value, unit);
    fflush(stdout);
}

static uint64_t setting(const char *name, uint64_t otherwise) {
    const char *text = getenv(name);
    return text == NULL ? otherwise : strtoull(text, NULL, 10);
}

/* --- processes --- */

static double cpu_of(pid_t pid) {
    char path[64], line[1024];
    unsigned long user = 0, kernel = 0;
    snprintf(path, sizeof path, "/proc/%d/stat", (int)pid);
    FILE *file = fopen(path, "re");
    CHECK(file != NULL && fgets(line, sizeof line, file) != NULL);
    fclose(file);
    char *field = strrchr(line, ')') + 2;
    for (int i = 0; i < 11; i++) {
        field = strchr(field, ' ') + 1;
    }
    user = strtoul(field, &field, 10);
    kernel = strtoul(field, NULL, 10);
    return (double)(user + kernel) / (double)sysconf(_SC_CLK_TCK);
}

static double own_cpu(void) {
    struct rusage usage;
    getrusage(RUSAGE_SELF, &usage);
    return (double)(usage.ru_utime.tv_sec + usage.ru_stime.tv_sec) +
           (double)(usage.ru_utime.tv_usec + usage.ru_stime.tv_usec) / 1e6;
}

struct usage {
    double gateway, registry, sender, gateway_commits, registry_commits, gateway_commit_s, registry_commit_s;
};

static struct usage usage_now(const struct gateway_stack *stack) {
    return (struct usage){
        .gateway = cpu_of(stack->gateway.pid),
        .registry = cpu_of(stack->visits.pid),
        .sender = own_cpu(),
        .gateway_commits = gateway_stack_metric(stack->gateway_http_port, "liancheng_spool_commits_total"),
        .registry_commits = gateway_stack_metric(stack->visits_http_port, "liancheng_commits_total"),
        .gateway_commit_s = gateway_stack_metric(stack->gateway_http_port, "liancheng_spool_commit_seconds_total"),
        .registry_commit_s = gateway_stack_metric(stack->visits_http_port, "liancheng_commit_seconds_total"),
    };
}

/* --- the sender --- */

struct sender {
    int descriptor;
    size_t feed;
    int64_t due_ns; /* of the message under way */
    bool is_waiting;
    char input[8192];
    size_t size;
};

static struct sender senders[CONNECTIONS];
static int poller;
static uint64_t next_message;

static int connect_to(uint16_t port) {
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    int yes = 1, descriptor = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(descriptor >= 0 && connect(descriptor, (struct sockaddr *)&address, sizeof address) == 0);
    setsockopt(descriptor, IPPROTO_TCP, TCP_NODELAY, &yes, sizeof yes);
    CHECK(fcntl(descriptor, F_SETFL, O_NONBLOCK) == 0);
    return descriptor;
}

static void open_senders(const struct gateway_stack *stack) {
    poller = epoll_create1(EPOLL_CLOEXEC);
    CHECK(poller >= 0);
    for (size_t i = 0; i < CONNECTIONS; i++) {
        senders[i] = (struct sender){.descriptor = connect_to(stack->mllp_port), .feed = 1 + i % stack->facilities};
        struct epoll_event event = {.events = EPOLLIN, .data.ptr = &senders[i]};
        CHECK(epoll_ctl(poller, EPOLL_CTL_ADD, senders[i].descriptor, &event) == 0);
    }
}

static void close_senders(void) {
    for (size_t i = 0; i < CONNECTIONS; i++) {
        close(senders[i].descriptor);
    }
    close(poller);
}

/* An outpatient with what a hospital system sends along, about 600 bytes. */
static size_t message(char *text, size_t size, size_t feed, uint64_t n) {
    return (size_t)snprintf(
        text, size,
        "\x0bMSH|^~\\&|HIS|F%zu|LC|XC|20260703%02u%02u%02u+0800||ADT^A04^ADT_A01|M%llu|P|2.5|||AL|NE|CHN|UNICODE UTF-8\r"
        "EVN|A04|20260703%02u%02u%02u||||20260703090000\r"
        "PID|1||L%llu^^^^MR||张三^^^^^^L||19800101|M|||许昌市魏都区某路1号^^许昌^河南^461000^CHN||0374-"
        "0000000|||M\r"
        "NK1|1|李四|SPO|许昌市魏都区某路1号|0374-0000000\r"
        "PV1|1|O|内科门诊^101^1^^^^^^门诊楼||||1001^王医生|||||||||||SSC|V%llu|||||||||||||||||||||||||20260703090000\r"
        "DG1|1||J06.9^急性上呼吸道感染^ICD-10||20260703090000|A\r"
        "IN1|1|1|XC|许昌市医疗保障局\r\x1c\r",
        feed, (unsigned)(n / 3600 % 24), (unsigned)(n / 60 % 60), (unsigned)(n % 60), (unsigned long long)n,
        (unsigned)(n / 3600 % 24), (unsigned)(n / 60 % 60), (unsigned)(n % 60), (unsigned long long)(n % 754000),
        (unsigned long long)n);
}

static void send_next(struct sender *sender, int64_t due_ns) {
    char text[2048];
    size_t size = message(text, sizeof text, sender->feed, next_message++);
    sender->due_ns = due_ns;
    sender->is_waiting = true;
    CHECK(size < sizeof text && send(sender->descriptor, text, size, MSG_NOSIGNAL) == (ssize_t)size);
}

/* How many answers became complete; all of them have to be positive. */
static unsigned take_answers(struct sender *sender) {
    ssize_t got = recv(sender->descriptor, sender->input + sender->size, sizeof sender->input - sender->size, 0);
    unsigned answers = 0;
    char *end;
    CHECK(got > 0);
    sender->size += (size_t)got;
    while ((end = memchr(sender->input, 0x1c, sender->size)) != NULL && end + 1 < sender->input + sender->size) {
        size_t size = (size_t)(end + 2 - sender->input);
        if (memmem(sender->input, size, "MSA|AA|", 7) == NULL && memmem(sender->input, size, "MSA|CA|", 7) == NULL) {
            fprintf(stderr, "%.*s\n", (int)size, sender->input);
            abort();
        }
        sender->size -= size;
        memmove(sender->input, sender->input + size, sender->size);
        answers++;
    }
    sender->is_waiting = sender->is_waiting && answers == 0;
    return answers;
}

/* --- durable --- */

static void drive(uint64_t count, unsigned window) {
    struct epoll_event events[CONNECTIONS];
    uint64_t sent = 0, answered = 0;
    for (size_t i = 0; i < (size_t)CONNECTIONS * window && sent < count; i++, sent++) {
        send_next(&senders[i % CONNECTIONS], 0);
    }
    while (answered < count) {
        int ready = epoll_wait(poller, events, CONNECTIONS, -1);
        for (int i = 0; i < ready; i++) {
            unsigned answers = take_answers(events[i].data.ptr);
            answered += answers;
            for (; answers > 0 && sent < count; answers--, sent++) {
                send_next(events[i].data.ptr, 0);
            }
        }
    }
}

static void measure(const struct gateway_stack *stack, unsigned window) {
    uint64_t count = setting("BENCH_GATEWAY_MESSAGES", 300000);
    double million = (double)count / 1e6;
    open_senders(stack);
    drive(count / 20, window);
    struct usage before = usage_now(stack);
    int64_t begin_ns = clock_monotonic_ns();
    drive(count, window);
    double seconds = (double)(clock_monotonic_ns() - begin_ns) / 1e9;
    struct usage after = usage_now(stack);
    printf("gateway: 64 connections, each with %u messages on their way\n", window);
    print("gateway: durable answered messages", (double)count / seconds, "/s");
    print("gateway: facilities they come from", (double)stack->facilities, "");
    print("gateway: CPU of hl7-gateway", (after.gateway - before.gateway) / million, "s per million messages");
    print("gateway: CPU of visits", (after.registry - before.registry) / million, "s per million messages");
    print("gateway: CPU of the sender", (after.sender - before.sender) / million, "s per million messages");
    print("gateway: messages in one commit (fsync) of the spool",
          (double)count / (after.gateway_commits - before.gateway_commits), "");
    print("gateway: messages in one commit (fsync) of the registry",
          (double)count / (after.registry_commits - before.registry_commits), "");
    print("gateway: such a commit of the spool, mean",
          (after.gateway_commit_s - before.gateway_commit_s) * 1e3 / (after.gateway_commits - before.gateway_commits),
          "ms");
    print("gateway: such a commit of the registry, mean",
          (after.registry_commit_s - before.registry_commit_s) * 1e3 /
              (after.registry_commits - before.registry_commits),
          "ms");
    close_senders();
}

static void bench_durable(const struct gateway_stack *stack) {
    measure(stack, 1);
    measure(stack, WINDOW);
}

/* --- latency --- */

static int compare_doubles(const void *a, const void *b) {
    double x = *(const double *)a, y = *(const double *)b;
    return (x > y) - (x < y);
}

static struct sender *find_free(void) {
    static size_t at;
    for (size_t i = 0; i < CONNECTIONS; i++) {
        struct sender *sender = &senders[at++ % CONNECTIONS];
        if (!sender->is_waiting) {
            return sender;
        }
    }
    return NULL;
}

/* Each message has its time; one that waits for a free connection is late from then on. step is called about each ms. */
static size_t pace(double *ms, size_t count, void (*step)(void *user, int64_t now_ns), void *user) {
    struct epoll_event events[CONNECTIONS];
    size_t sent = 0, answered = 0;
    int64_t begin_ns = clock_monotonic_ns();
    while (answered < count) {
        int64_t now_ns = clock_monotonic_ns();
        struct sender *sender;
        while (sent < count && begin_ns + (int64_t)sent * (1000000000 / RATE) <= now_ns &&
               (sender = find_free()) != NULL) {
            send_next(sender, begin_ns + (int64_t)sent * (1000000000 / RATE));
            sent++;
        }
        if (step != NULL) {
            step(user, now_ns);
        }
        int ready = epoll_wait(poller, events, CONNECTIONS, 1);
        for (int i = 0; i < ready; i++) {
            sender = events[i].data.ptr;
            if (take_answers(sender) > 0) {
                ms[answered++] = (double)(clock_monotonic_ns() - sender->due_ns) / 1e6;
            }
        }
    }
    qsort(ms, count, sizeof *ms, compare_doubles);
    return count;
}

static double ms[RATE * SECONDS];

static void print_latency(const char *name, size_t count) {
    char line[80];
    const struct {
        const char *name;
        size_t place;
    } rows[] = {{"p50", count / 2}, {"p99", count * 99 / 100}, {"p99.9", count * 999 / 1000}, {"longest", count - 1}};
    for (size_t i = 0; i < 4; i++) {
        snprintf(line, sizeof line, "gateway: answer at 2,000/s%s, %s", name, rows[i].name);
        print(line, ms[rows[i].place], "ms");
    }
}

static void bench_latency(const struct gateway_stack *stack) {
    open_senders(stack);
    print_latency("", pace(ms, RATE * SECONDS, NULL, NULL));
    close_senders();
}

/* --- beside --- */

struct large {
    uint16_t port;
    struct buffer message;
    int descriptor; /* -1: none under way */
    size_t sent;
    int64_t next_ns, begin_ns;
    double seconds;
    unsigned done;
};

/* Made before anything is measured: the sender shares the machine. */
static void large_make(struct large *large) {
    char head[2048];
    size_t size = message(head, sizeof head, 1, next_message++);
    buffer_append(&large->message, head, size - 2);
    while (large->message.size < LARGE_BYTES) {
        buffer_append_text(&large->message, "OBX|1|ED|PDF^^L||^application^pdf^Base64^JVBERi0xLjQKJcOkw7zDtsOfCjIgMCBv\r");
    }
    buffer_append_text(&large->message, "\x1c\r");
}

static void large_begin(struct large *large, int64_t now_ns) {
    large->descriptor = connect_to(large->port);
    large->sent = 0;
    large->begin_ns = now_ns;
    large->next_ns = now_ns + (int64_t)LARGE_EVERY_S * 1000000000;
    large->message.data[large->message.size - 3] = (uint8_t)('a' + large->done % 26); /* another one each time */
}

static void large_step(void *user, int64_t now_ns) {
    struct large *large = user;
    char answer[2048];
    if (large->descriptor < 0) {
        if (now_ns >= large->next_ns) {
            large_begin(large, now_ns);
        }
        return;
    }
    if (large->sent < large->message.size) {
        size_t left = large->message.size - large->sent;
        ssize_t sent = send(large->descriptor, large->message.data + large->sent, left > 65536 ? 65536 : left,
                            MSG_NOSIGNAL);
        large->sent += sent > 0 ? (size_t)sent : 0;
        return;
    }
    ssize_t got = recv(large->descriptor, answer, sizeof answer - 1, 0);
    if (got > 0) {
        answer[got] = '\0';
        CHECK(strstr(answer, "|AA|") != NULL || strstr(answer, "MSA|AA|") != NULL);
        close(large->descriptor);
        large->descriptor = -1;
        large->seconds += (double)(now_ns - large->begin_ns) / 1e9;
        large->done++;
    }
}

static double memory_mib(pid_t pid) {
    char path[64], line[256];
    double kib = 0;
    snprintf(path, sizeof path, "/proc/%d/status", (int)pid);
    FILE *file = fopen(path, "re");
    while (file != NULL && fgets(line, sizeof line, file) != NULL) {
        kib = strncmp(line, "VmRSS:", 6) == 0 ? strtod(line + 6, NULL) : kib;
    }
    if (file != NULL) {
        fclose(file);
    }
    return kib / 1024;
}

static void bench_beside(const struct gateway_stack *stack) {
    static int idle[IDLE];
    struct rlimit limit;
    struct large large = {.port = stack->mllp_port, .descriptor = -1, .next_ns = clock_monotonic_ns() + 1000000000};
    CHECK(getrlimit(RLIMIT_NOFILE, &limit) == 0);
    limit.rlim_cur = limit.rlim_max;
    CHECK(setrlimit(RLIMIT_NOFILE, &limit) == 0);
    large_make(&large);
    double before_mib = memory_mib(stack->gateway.pid);
    for (size_t i = 0; i < IDLE; i++) {
        idle[i] = connect_to(stack->mllp_port);
    }
    gateway_stack_await(stack->gateway_http_port, "liancheng_mllp_connections", IDLE);
    print("gateway: memory of 10,000 idle connections", memory_mib(stack->gateway.pid) - before_mib, "MiB");
    open_senders(stack);
    size_t count = pace(ms, RATE * SECONDS, large_step, &large);
    print_latency(" beside", count);
    print("gateway: messages of 16 MiB meanwhile", large.done, "");
    print("gateway: their answers, mean", large.done == 0 ? 0 : large.seconds / large.done, "s");
    close_senders();
    for (size_t i = 0; i < IDLE; i++) {
        close(idle[i]);
    }
    if (large.descriptor >= 0) {
        close(large.descriptor);
    }
    buffer_release(&large.message);
}

/* --- all --- */

static bool is_wanted(int argc, char **argv, const char *phase) {
    for (int i = 1; i < argc; i++) {
        if (strcmp(argv[i], phase) == 0) {
            return true;
        }
    }
    return argc < 2;
}

int main(int argc, char **argv) {
    static const struct {
        const char *name;
        void (*run)(const struct gateway_stack *stack);
    } phases[] = {{"durable", bench_durable}, {"latency", bench_latency}, {"beside", bench_beside}};
    struct gateway_stack stack;
    gateway_stack_make(&stack, (size_t)setting("BENCH_GATEWAY_FACILITIES", 40));
    gateway_stack_start(&stack);
    for (size_t i = 0; i < sizeof phases / sizeof phases[0]; i++) {
        if (is_wanted(argc, argv, phases[i].name)) {
            phases[i].run(&stack);
        }
    }
    gateway_stack_remove(&stack, false);
    return 0;
}
