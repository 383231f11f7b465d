#include "support/ports.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <sys/socket.h>
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

uint16_t test_port(void) {
    static uint32_t next;
    if (next == 0) {
        next = (uint32_t)getpid() * 8;
    }
    for (;;) {
        uint16_t port = (uint16_t)(20000 + next++ % 12000);
        if (is_free_port(port)) {
            return port;
        }
    }
}

void test_endpoint(char endpoint[TEST_ENDPOINT_BYTES]) {
    snprintf(endpoint, TEST_ENDPOINT_BYTES, "tcp://127.0.0.1:%u", test_port());
}
