#include <errno.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/log.h"
#include "hl7-gateway/gateway.h"
#include "hl7-gateway/tls.h"

#define BACKLOG 1024
#define ACCEPTS_A_TURN 128
#define HOST_BYTES 256

/* --- Addresses ------------------------------------------------------------------------------------------------------
 */

/* "tcp://127.0.0.1:2575", "127.0.0.1:2575", "[::1]:2575", "*:2575". */
static bool split(const char *bind, char host[HOST_BYTES], char port[8]) {
    const char *text = strncmp(bind, "tcp://", 6) == 0 ? bind + 6 : bind;
    const char *colon = strrchr(text, ':');
    if (colon == NULL || colon == text || strlen(colon + 1) == 0 || strlen(colon + 1) >= 8) {
        return false;
    }
    size_t size = (size_t)(colon - text);
    if (text[0] == '[' && colon[-1] == ']') {
        text++;
        size -= 2;
    }
    if (size >= HOST_BYTES || size == 0) {
        return false;
    }
    memcpy(host, text, size);
    host[size] = '\0';
    snprintf(port, 8, "%s", colon + 1);
    return true;
}

static struct addrinfo *resolve(const char *bind) {
    char host[HOST_BYTES], port[8];
    struct addrinfo hints = {.ai_socktype = SOCK_STREAM, .ai_flags = AI_PASSIVE | AI_NUMERICSERV};
    struct addrinfo *found = NULL;
    if (!split(bind, host, port) || getaddrinfo(strcmp(host, "*") == 0 ? NULL : host, port, &hints, &found) != 0) {
        return NULL;
    }
    return found;
}

static bool is_loopback(const struct sockaddr *address) {
    if (address->sa_family == AF_INET) {
        return (ntohl(((const struct sockaddr_in *)address)->sin_addr.s_addr) >> 24) == 127;
    }
    return address->sa_family == AF_INET6 && IN6_IS_ADDR_LOOPBACK(&((const struct sockaddr_in6 *)address)->sin6_addr);
}

static uint16_t port_of(int descriptor) {
    struct sockaddr_storage address = {0};
    socklen_t size = sizeof address;
    if (getsockname(descriptor, (struct sockaddr *)&address, &size) != 0) {
        return 0;
    }
    return ntohs(address.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&address)->sin6_port
                                               : ((struct sockaddr_in *)&address)->sin_port);
}

/* --- Opening --------------------------------------------------------------------------------------------------------
 */

static const char *setting(const struct listener *listener, const char *name) {
    char path[128];
    snprintf(path, sizeof path, "/listeners/%s/%s", listener->name, name);
    return config_string(listener->gateway->config, path);
}

static enum status load_tls(const struct listener *listener, struct tls_context **context) {
    const char *certificate = setting(listener, "tls_certificate"), *key = setting(listener, "tls_key");
    const char *client_ca = setting(listener, "tls_client_ca");
    char problem[256];
    *context = NULL;
    if (certificate[0] == '\0' && key[0] == '\0' && client_ca[0] == '\0') {
        return STATUS_OK;
    }
    if (certificate[0] == '\0' || key[0] == '\0') {
        LOG_ERROR("TLS needs both tls_certificate and tls_key", LOG_S("listener", listener->name));
        return STATUS_CONFIG;
    }
    enum status status = tls_context_new(certificate, key, client_ca, context, problem);
    if (status != STATUS_OK) {
        LOG_ERROR("TLS cannot be set up", LOG_S("listener", listener->name), LOG_S("detail", problem));
    }
    return status;
}

static enum status listen_at(struct listener *listener, const struct addrinfo *address) {
    int yes = 1;
    listener->descriptor = socket(address->ai_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, address->ai_protocol);
    if (listener->descriptor < 0) {
        return STATUS_IO;
    }
    setsockopt(listener->descriptor, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof yes);
    if (bind(listener->descriptor, address->ai_addr, address->ai_addrlen) != 0) {
        return errno == EACCES ? STATUS_DENIED : STATUS_IO;
    }
    return listen(listener->descriptor, BACKLOG) == 0 ? STATUS_OK : STATUS_IO;
}

static enum status watch_listener(struct listener *listener) {
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = &listener->watch};
    return epoll_ctl(listener->gateway->poller, EPOLL_CTL_ADD, listener->descriptor, &event) == 0 ? STATUS_OK
                                                                                                  : STATUS_IO;
}

static enum status open_one(struct listener *listener) {
    const char *bind_to = setting(listener, "bind");
    enum status status = load_tls(listener, &listener->tls);
    if (status != STATUS_OK) {
        return status;
    }
    struct addrinfo *address = resolve(bind_to);
    if (address == NULL) {
        LOG_ERROR("no address to listen at", LOG_S("listener", listener->name), LOG_S("bind", bind_to));
        return STATUS_CONFIG;
    }
    status = listen_at(listener, address);
    if (status == STATUS_OK) {
        status = watch_listener(listener);
    }
    if (status != STATUS_OK) {
        LOG_ERROR("cannot listen", LOG_S("listener", listener->name), LOG_S("bind", bind_to),
                  LOG_S("reason", strerror(errno)));
    } else {
        LOG_INFO("MLLP listens", LOG_S("listener", listener->name), LOG_U("port", port_of(listener->descriptor)),
                 LOG_S("tls", listener->tls == NULL ? "no" : "yes"));
        if (listener->tls == NULL && !is_loopback(address->ai_addr)) {
            LOG_WARN("messages come in the clear: this listener has no TLS", LOG_S("listener", listener->name));
        }
    }
    freeaddrinfo(address);
    return status;
}

enum status listeners_open(struct gateway *gateway) {
    const char *name;
    for (size_t i = 0; (name = config_child(gateway->config, "/listeners", i)) != NULL; i++) {
        if (i == LISTENERS_MAX || strlen(name) >= PROFILE_NAME_BYTES) {
            LOG_ERROR("too many listeners, or too long a name", LOG_S("listener", name));
            return STATUS_CONFIG;
        }
        struct listener *listener = &gateway->listeners[gateway->listener_count++];
        *listener = (struct listener){.watch.kind = WATCH_LISTENER, .gateway = gateway, .descriptor = -1};
        snprintf(listener->name, sizeof listener->name, "%s", name);
        enum status status = open_one(listener);
        if (status != STATUS_OK) {
            return status;
        }
    }
    if (gateway->listener_count == 0) {
        LOG_ERROR("there is no listener: /listeners/NAME/bind");
        return STATUS_CONFIG;
    }
    return STATUS_OK;
}

void listeners_close(struct gateway *gateway) {
    for (size_t i = 0; i < gateway->listener_count; i++) {
        struct listener *listener = &gateway->listeners[i];
        if (listener->descriptor >= 0) {
            close(listener->descriptor);
            listener->descriptor = -1;
        }
        tls_context_destroy(&listener->tls);
    }
}

void listeners_reload(struct gateway *gateway) {
    for (size_t i = 0; i < gateway->listener_count; i++) {
        struct listener *listener = &gateway->listeners[i];
        struct tls_context *fresh;
        if (listener->tls != NULL && load_tls(listener, &fresh) == STATUS_OK && fresh != NULL) {
            tls_context_destroy(&listener->tls);
            listener->tls = fresh;
        }
    }
}

/* --- Accepting ------------------------------------------------------------------------------------------------------
 */

/* No descriptors are left: the socket would stay readable and the loop would turn in vain. */
static void sleep_all(struct gateway *gateway) {
    LOG_WARN("no connection can be accepted for now", LOG_S("reason", strerror(errno)));
    gateway->listeners_sleep = true;
    for (size_t i = 0; i < gateway->listener_count; i++) {
        epoll_ctl(gateway->poller, EPOLL_CTL_DEL, gateway->listeners[i].descriptor, NULL);
    }
}

void listeners_wake(struct gateway *gateway) {
    if (gateway->listeners_sleep) {
        gateway->listeners_sleep = false;
        for (size_t i = 0; i < gateway->listener_count; i++) {
            (void)watch_listener(&gateway->listeners[i]);
        }
    }
}

static void set_socket_options(int descriptor) {
    const struct {
        int level, option, value;
    } rows[] = {{SOL_SOCKET, SO_KEEPALIVE, 1},
                {IPPROTO_TCP, TCP_NODELAY, 1},
                {IPPROTO_TCP, TCP_KEEPIDLE, 60},
                {IPPROTO_TCP, TCP_KEEPINTVL, 10},
                {IPPROTO_TCP, TCP_KEEPCNT, 6}};
    for (size_t i = 0; i < sizeof rows / sizeof rows[0]; i++) {
        setsockopt(descriptor, rows[i].level, rows[i].option, &rows[i].value, sizeof rows[i].value);
    }
}

/* A connection that ended before it was taken is no reason to stop. */
static bool is_fleeting(int problem) {
    return problem == ECONNABORTED || problem == EINTR || problem == EPROTO || problem == EPERM;
}

void listener_accept(struct listener *listener) {
    struct gateway *gateway = listener->gateway;
    for (int i = 0; i < ACCEPTS_A_TURN; i++) {
        int descriptor = accept4(listener->descriptor, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);
        if (descriptor < 0) {
            if (errno != EAGAIN && !is_fleeting(errno)) {
                sleep_all(gateway);
            }
            return;
        }
        gateway->counters.accepted++;
        if (gateway->connection_count >= gateway->limits.connections && !connections_make_room(gateway)) {
            gateway->counters.refused_full++;
            close(descriptor);
            continue;
        }
        set_socket_options(descriptor);
        connection_new(listener, descriptor);
    }
}
