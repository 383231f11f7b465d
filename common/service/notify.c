#include "service/notify.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* A leading @ stands for the NUL of an abstract name. */
static socklen_t address_of(const char *name, struct sockaddr_un *address) {
    size_t size = strlen(name);
    if ((name[0] != '/' && name[0] != '@') || size >= sizeof address->sun_path) {
        return 0;
    }
    *address = (struct sockaddr_un){.sun_family = AF_UNIX};
    memcpy(address->sun_path, name, size);
    if (name[0] == '@') {
        address->sun_path[0] = 0;
    }
    return (socklen_t)(offsetof(struct sockaddr_un, sun_path) + size);
}

void notify_send(const char *state) {
    struct sockaddr_un address;
    const char *name = getenv("NOTIFY_SOCKET");
    socklen_t size = name == NULL ? 0 : address_of(name, &address);
    if (size == 0) {
        return;
    }
    int descriptor = socket(AF_UNIX, SOCK_DGRAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);
    if (descriptor >= 0) {
        /* A manager that does not hear is its own affair. */
        (void)!sendto(descriptor, state, strlen(state), MSG_NOSIGNAL, (struct sockaddr *)&address, size);
        close(descriptor);
    }
}

static int64_t positive_number(const char *text) {
    char *end;
    long long number = text == NULL ? 0 : strtoll(text, &end, 10);
    return number > 0 && *end == 0 ? number : 0;
}

int64_t notify_watchdog_ms(void) {
    const char *for_process = getenv("WATCHDOG_PID");
    if (for_process != NULL && positive_number(for_process) != getpid()) {
        return 0;
    }
    int64_t allowed_us = positive_number(getenv("WATCHDOG_USEC"));
    int64_t half_ms = allowed_us / 2000;
    return allowed_us > 0 && half_ms == 0 ? 1 : half_ms;
}
