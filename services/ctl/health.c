#include <errno.h>
#include <netdb.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/civil.h"
#include "ctl/ctl.h"

/* lianchengctl health URL: one GET, for the health checks of containers and for scripts that wait for a daemon. HTTP/1.0
 * by hand: the question is one line and only the status line of the answer counts. */

#define ANSWER_BYTES 4096

struct url {
    char host[256];
    char port[6];
    char path[512]; /* with the leading slash */
};

/* "http://HOST[:PORT][/PATH]", HOST in brackets when it is an IPv6 address. */
static bool parse_url(const char *text, struct url *url) {
    static const char scheme[] = "http://";
    if (strncmp(text, scheme, sizeof scheme - 1) != 0) {
        return false;
    }
    text += sizeof scheme - 1;
    size_t authority = strcspn(text, "/");
    bool bracketed = text[0] == '[';
    const char *host = bracketed ? text + 1 : text;
    size_t host_size = strcspn(host, bracketed ? "]/" : ":/");
    if (bracketed && host[host_size] != ']') {
        return false;
    }
    const char *behind = host + host_size + (bracketed ? 1 : 0);
    size_t port_size = *behind == ':' ? (size_t)(text + authority - behind) - 1 : 0;
    if (host_size == 0 || host_size >= sizeof url->host || port_size >= sizeof url->port ||
        strlen(text + authority) >= sizeof url->path || (port_size == 0 && behind != text + authority)) {
        return false;
    }
    snprintf(url->host, sizeof url->host, "%.*s", (int)host_size, host);
    snprintf(url->port, sizeof url->port, "%.*s", port_size > 0 ? (int)port_size : 2, port_size > 0 ? behind + 1 : "80");
    snprintf(url->path, sizeof url->path, "%s", text[authority] == '/' ? text + authority : "/");
    return true;
}

static bool wait_for(int fd, short events, int64_t until_ms) {
    int64_t left_ms = until_ms - clock_monotonic_ms();
    struct pollfd one = {.fd = fd, .events = events};
    return left_ms > 0 && poll(&one, 1, (int)left_ms) == 1;
}

static int connect_before(const struct addrinfo *address, int64_t until_ms) {
    int fd = socket(address->ai_family, address->ai_socktype | SOCK_CLOEXEC | SOCK_NONBLOCK, address->ai_protocol);
    if (fd < 0) {
        return -1;
    }
    int error = 0;
    socklen_t size = sizeof error;
    if (connect(fd, address->ai_addr, address->ai_addrlen) != 0 &&
        (errno != EINPROGRESS || !wait_for(fd, POLLOUT, until_ms) ||
         getsockopt(fd, SOL_SOCKET, SO_ERROR, &error, &size) != 0 || error != 0)) {
        close(fd);
        return -1;
    }
    return fd;
}

static int connect_to(const struct url *url, int64_t until_ms) {
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM}, *addresses = NULL;
    if (getaddrinfo(url->host, url->port, &hints, &addresses) != 0) {
        return -1;
    }
    int fd = -1;
    for (const struct addrinfo *address = addresses; address && fd < 0; address = address->ai_next) {
        fd = connect_before(address, until_ms);
    }
    freeaddrinfo(addresses);
    return fd;
}

/* Sends the question and reads until the other side closes or the answer is full; false: no time, or no connection. */
static bool exchange(int fd, const struct url *url, int64_t until_ms, char answer[ANSWER_BYTES]) {
    char question[1024];
    int length = snprintf(question, sizeof question, "GET %s HTTP/1.0\r\nHost: %s\r\nConnection: close\r\n\r\n", url->path,
                          url->host);
    if (send(fd, question, (size_t)length, MSG_NOSIGNAL) != length) {
        return false;
    }
    size_t used = 0;
    for (;;) {
        ssize_t got = used < ANSWER_BYTES - 1 ? recv(fd, answer + used, ANSWER_BYTES - 1 - used, 0) : 0;
        if (got == 0) {
            answer[used] = '\0';
            return true;
        }
        if (got > 0) {
            used += (size_t)got;
        } else if ((errno != EAGAIN && errno != EINTR) || !wait_for(fd, POLLIN, until_ms)) {
            return false;
        }
    }
}

/* The status of "HTTP/1.1 200 OK"; 0 when it is no HTTP. */
static int http_status(const char *answer) {
    if (strncmp(answer, "HTTP/1.", 7) != 0 || strlen(answer) < 12 || answer[8] != ' ') {
        return 0;
    }
    return (int)strtol(answer + 9, NULL, 10);
}

static const char *body_of(const char *answer) {
    const char *end_of_head = strstr(answer, "\r\n\r\n");
    return end_of_head ? end_of_head + 4 : "";
}

int command_health(struct ctl *ctl, int argc, char **argv) {
    static const struct ctl_usage usage = {
        .synopsis = "health URL [OPTIONS]",
        .text = "Asks a daemon's HTTP address (http://127.0.0.1:7181/readyz) and prints what it says. Exit code 0 when the\n"
                "answer is 200, 75 when it is another or there is none.\n",
        .arguments_min = 1,
        .arguments_max = 1,
    };
    int64_t timeout_ms = 3000;
    const struct ctl_option options[] = {
        {"timeout-ms", CTL_INTEGER, &timeout_ms, "N", "how long to wait for the answer (default 3000)", 1, 600000},
        {0},
    };
    int exit_code = EXIT_CODE_OK;
    if (!ctl_arguments(ctl, &usage, options, &argc, argv, &exit_code)) {
        return exit_code;
    }
    struct url url;
    if (!parse_url(argv[1], &url)) {
        return ctl_error(EXIT_CODE_USAGE, "\"%s\" is no address of the form http://HOST:PORT/PATH", argv[1]);
    }
    int64_t until_ms = clock_monotonic_ms() + timeout_ms;
    int fd = connect_to(&url, until_ms);
    if (fd < 0) {
        return ctl_error(EXIT_CODE_TEMPORARY, "nothing answers at %s", argv[1]);
    }
    char answer[ANSWER_BYTES];
    bool answered = exchange(fd, &url, until_ms, answer);
    close(fd);
    int status = answered ? http_status(answer) : 0;
    if (status == 0) {
        return ctl_error(EXIT_CODE_TEMPORARY, "no HTTP answer from %s within %lld ms", argv[1], (long long)timeout_ms);
    }
    fputs(body_of(answer), status == 200 ? stdout : stderr);
    return status == 200 ? EXIT_CODE_OK : EXIT_CODE_TEMPORARY;
}
