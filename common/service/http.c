#include "service/http.h"

#include <arpa/inet.h>
#include <jansson.h>
#include <microhttpd.h>
#include <netdb.h>
#include <stdarg.h>
#include <string.h>

#include "base/check.h"
#include "base/log.h"

#define CONNECTIONS_MAX 64u
#define CONNECTIONS_PER_ADDRESS_MAX 32u
#define TIMEOUT_S 10u
#define MEMORY_BYTES ((size_t)32 << 10)
/* libmicrohttpd may have more to do than its descriptor tells; so many rounds before the rest of the loop has its turn.
 */
#define ROUNDS_MAX 16

struct http {
    zloop_t *loop;
    struct MHD_Daemon *server;
    const struct http_route *routes;
    void *user;
    uint16_t port;
    bool more_armed; /* a timer will call us again */
    zmq_pollitem_t poll_item;
};

/* --- Answers ---------------------------------------------------------------------------------------------------------
 */

static const char *title_of(unsigned status) {
    switch (status) {
    case MHD_HTTP_NOT_FOUND:
        return "Not Found";
    case MHD_HTTP_METHOD_NOT_ALLOWED:
        return "Method Not Allowed";
    case MHD_HTTP_SERVICE_UNAVAILABLE:
        return "Service Unavailable";
    default:
        return "Error";
    }
}

void http_answer_problem(struct http_answer *answer, unsigned status, const char *detail) {
    answer->status = status;
    answer->content_type = "application/problem+json";
    buffer_clear(&answer->body);
    json_t *problem = json_pack("{s:s, s:s, s:i}", "type", "about:blank", "title", title_of(status), "status", status);
    CHECK(problem != NULL);
    json_t *text = json_string(detail); /* NULL when it is not UTF-8: then there is no detail */
    if (text != NULL) {
        json_object_set_new(problem, "detail", text);
    }
    char *dump = json_dumps(problem, JSON_COMPACT);
    CHECK(dump != NULL);
    buffer_append_text(&answer->body, dump);
    buffer_append_text(&answer->body, "\n");
    free(dump);
    json_decref(problem);
}

static enum MHD_Result send_answer(struct MHD_Connection *connection, struct http_answer *answer) {
    buffer_text(&answer->body); /* so that there is memory even for an empty body */
    struct MHD_Response *response =
        MHD_create_response_from_buffer(answer->body.size, answer->body.data, MHD_RESPMEM_MUST_FREE);
    if (response == NULL) {
        buffer_release(&answer->body);
        return MHD_NO;
    }
    MHD_add_response_header(response, MHD_HTTP_HEADER_CONTENT_TYPE, answer->content_type);
    MHD_add_response_header(response, MHD_HTTP_HEADER_CACHE_CONTROL, "no-store");
    MHD_add_response_header(response, "X-Content-Type-Options", "nosniff");
    if (answer->status == MHD_HTTP_METHOD_NOT_ALLOWED) {
        MHD_add_response_header(response, MHD_HTTP_HEADER_ALLOW, "GET, HEAD");
    }
    enum MHD_Result result = MHD_queue_response(connection, answer->status, response);
    MHD_destroy_response(response);
    return result;
}

static const struct http_route *find_route(const struct http *http, const char *path) {
    for (const struct http_route *route = http->routes; route->path != NULL; route++) {
        if (strcmp(route->path, path) == 0) {
            return route;
        }
    }
    return NULL;
}

/* Answers in the first call, before a body is read: libmicrohttpd then closes a connection that goes on sending. */
static enum MHD_Result on_request(void *user, struct MHD_Connection *connection, const char *url, const char *method,
                                  const char *version, const char *upload, size_t *upload_size, void **request) {
    (void)version, (void)upload, (void)upload_size, (void)request;
    const struct http *http = user;
    struct http_answer answer = {.status = MHD_HTTP_OK, .content_type = "text/plain; charset=utf-8"};
    const struct http_route *route = find_route(http, url);
    if (route == NULL) {
        http_answer_problem(&answer, MHD_HTTP_NOT_FOUND, "There is nothing at this path.");
    } else if (strcmp(method, MHD_HTTP_METHOD_GET) != 0 && strcmp(method, MHD_HTTP_METHOD_HEAD) != 0) {
        http_answer_problem(&answer, MHD_HTTP_METHOD_NOT_ALLOWED, "Only GET and HEAD are allowed here.");
    } else {
        route->answer(http->user, &answer);
    }
    return send_answer(connection, &answer);
}

/* --- In the loop -----------------------------------------------------------------------------------------------------
 */

static int on_more(zloop_t *loop, int timer_id, void *user) {
    (void)loop, (void)timer_id;
    struct http *http = user;
    http->more_armed = false;
    http_run(http);
    return 0;
}

void http_run(struct http *http) {
    for (int i = 0; i < ROUNDS_MAX; i++) {
        MHD_UNSIGNED_LONG_LONG wait_ms;
        MHD_run(http->server);
        if (MHD_get_timeout(http->server, &wait_ms) != MHD_YES || wait_ms > 0) {
            return;
        }
    }
    if (!http->more_armed) {
        http->more_armed = true;
        zloop_timer(http->loop, 1, 1, on_more, http);
    }
}

static int on_readable(zloop_t *loop, zmq_pollitem_t *item, void *user) {
    (void)loop, (void)item;
    http_run(user);
    return 0;
}

__attribute__((format(printf, 2, 0))) static void on_library_message(void *user, const char *format,
                                                                     va_list arguments) {
    char text[256];
    (void)user;
    vsnprintf(text, sizeof text, format, arguments);
    text[strcspn(text, "\n")] = 0;
    LOG_DEBUG("http", LOG_S("text", text));
}

static struct addrinfo *resolve(const char *address, uint16_t port) {
    char port_text[8];
    struct addrinfo hints = {.ai_flags = AI_NUMERICHOST | AI_NUMERICSERV | AI_PASSIVE, .ai_socktype = SOCK_STREAM};
    struct addrinfo *found = NULL;
    snprintf(port_text, sizeof port_text, "%u", port);
    return getaddrinfo(address, port_text, &hints, &found) == 0 ? found : NULL;
}

static struct MHD_Daemon *listen_at(struct http *http, const struct addrinfo *at) {
    unsigned flags = MHD_USE_EPOLL | MHD_USE_ERROR_LOG | (at->ai_family == AF_INET6 ? MHD_USE_DUAL_STACK : 0u);
    return MHD_start_daemon(flags, 0, NULL, NULL, on_request, http, MHD_OPTION_EXTERNAL_LOGGER, on_library_message,
                            NULL, MHD_OPTION_SOCK_ADDR, at->ai_addr, MHD_OPTION_CONNECTION_LIMIT, CONNECTIONS_MAX,
                            MHD_OPTION_PER_IP_CONNECTION_LIMIT, CONNECTIONS_PER_ADDRESS_MAX,
                            MHD_OPTION_CONNECTION_TIMEOUT, TIMEOUT_S, MHD_OPTION_CONNECTION_MEMORY_LIMIT, MEMORY_BYTES,
                            MHD_OPTION_END);
}

static uint16_t port_of(struct MHD_Daemon *server) {
    struct sockaddr_storage bound;
    socklen_t size = sizeof bound;
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(server, MHD_DAEMON_INFO_LISTEN_FD);
    if (info == NULL || getsockname(info->listen_fd, (struct sockaddr *)&bound, &size) != 0) {
        return 0;
    }
    return ntohs(bound.ss_family == AF_INET6 ? ((struct sockaddr_in6 *)&bound)->sin6_port
                                             : ((struct sockaddr_in *)&bound)->sin_port);
}

enum status http_new(zloop_t *loop, const char *address, uint16_t port, const struct http_route *routes, void *user,
                     struct http **http) {
    struct addrinfo *at = resolve(address, port);
    if (at == NULL) {
        return STATUS_CONFIG;
    }
    struct http *made = calloc(1, sizeof *made);
    CHECK(made != NULL);
    *made = (struct http){.loop = loop, .routes = routes, .user = user};
    made->server = listen_at(made, at);
    freeaddrinfo(at);
    if (made->server == NULL) {
        free(made);
        return STATUS_IO;
    }
    made->port = port_of(made->server);
    const union MHD_DaemonInfo *info = MHD_get_daemon_info(made->server, MHD_DAEMON_INFO_EPOLL_FD);
    CHECK(info != NULL);
    made->poll_item = (zmq_pollitem_t){.fd = info->epoll_fd, .events = ZMQ_POLLIN};
    zloop_poller(loop, &made->poll_item, on_readable, made);
    zloop_poller_set_tolerant(loop, &made->poll_item);
    *http = made;
    return STATUS_OK;
}

void http_destroy(struct http **http) {
    if (*http != NULL) {
        zloop_poller_end((*http)->loop, &(*http)->poll_item);
        MHD_stop_daemon((*http)->server);
        free(*http);
        *http = NULL;
    }
}

uint16_t http_port(const struct http *http) {
    return http->port;
}
