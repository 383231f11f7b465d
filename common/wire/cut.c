#include "wire/cut.h"

#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

static unsigned long port_of(const char *endpoint) {
    const char *colon = strrchr(endpoint, ':');
    return colon == NULL ? 0 : strtoul(colon + 1, NULL, 10);
}

/* libzmq closes descriptors in its own thread, and the number may have been given out again since. */
static bool is_ours(int descriptor, const char *endpoint) {
    struct sockaddr_storage local;
    socklen_t size = sizeof local;
    if (getsockname(descriptor, (struct sockaddr *)&local, &size) != 0) {
        return false;
    }
    if (local.ss_family == AF_INET) {
        return ntohs(((const struct sockaddr_in *)&local)->sin_port) == port_of(endpoint);
    }
    if (local.ss_family == AF_INET6) {
        return ntohs(((const struct sockaddr_in6 *)&local)->sin6_port) == port_of(endpoint);
    }
    return local.ss_family == AF_UNIX && strncmp(endpoint, "ipc://", 6) == 0;
}

void cut_connection(zmq_msg_t *message, const char *endpoint) {
    int descriptor = zmq_msg_get(message, ZMQ_SRCFD);
    if (descriptor >= 0 && is_ours(descriptor, endpoint)) {
        shutdown(descriptor, SHUT_RDWR);
    }
}
