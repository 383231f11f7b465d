#include "support/ports.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

#include "base/check.h"

static bool is_free_port(uint16_t port) {
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = htons(port)};
    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    CHECK(listener >= 0);
    bool is_free = bind(listener, (const struct sockaddr *)&address, sizeof(address)) == 0;
    close(listener);
    return is_free;
}

/* Between test programs that run at once: a name in the network's own space of names, held until this program ends. */
static bool reserve(uint16_t port) {
    int holder = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);
    struct sockaddr_un name = {.sun_family = AF_UNIX};
    CHECK(holder >= 0);
    int size = snprintf(name.sun_path + 1, sizeof name.sun_path - 1, "liancheng-test-port-%u", port);
    if (bind(holder, (const struct sockaddr *)&name, (socklen_t)(offsetof(struct sockaddr_un, sun_path) + 1 + (size_t)size)) == 0) {
        return true;
    }
    close(holder);
    return false;
}

uint16_t test_port(void) {
    static uint32_t next;
    if (next == 0) {
        next = (uint32_t)getpid() * 8;
    }
    for (;;) {
        uint16_t port = (uint16_t)(20000 + next++ % 12000);
        if (reserve(port) && is_free_port(port)) {
            return port;
        }
    }
}

void test_endpoint(char endpoint[TEST_ENDPOINT_BYTES]) {
    snprintf(endpoint, TEST_ENDPOINT_BYTES, "tcp://127.0.0.1:%u", test_port());
}
