#ifndef SERVICE_HTTP_H
#define SERVICE_HTTP_H

#include <czmq.h>
#include <stdint.h>

#include "base/buffer.h"
#include "base/status.h"

/*
 * A small HTTP server inside a zloop, for health and metrics: GET and HEAD of a fixed list of paths, each answered from
 * memory at once. Everything else is a problem (RFC 9457). 64 connections, 10 s of patience, 32 KiB for a request's
 * head.
 */
struct http;

struct http_answer {
    unsigned status;          /* 200 unless the route says otherwise */
    const char *content_type; /* static; "text/plain; charset=utf-8" unless the route says otherwise */
    struct buffer body;
};

struct http_route {
    const char *path; /* "/healthz"; NULL ends the list */
    void (*answer)(void *user, struct http_answer *answer);
};

/* Makes the answer a problem with this status and detail (one sentence). */
void http_answer_problem(struct http_answer *answer, unsigned status, const char *detail);

/* Listens at a numeric address (IPv4 or IPv6) and port (0: one that is free) and adds itself to the loop. routes and
 * user are borrowed. CONFIG: no address; IO: cannot listen there. */
enum status http_new(zloop_t *loop, const char *address, uint16_t port, const struct http_route *routes, void *user,
                     struct http **http);
void http_destroy(struct http **http);
uint16_t http_port(const struct http *http);
/* Lets old connections time out; to be called about once a second. */
void http_run(struct http *http);

#endif
