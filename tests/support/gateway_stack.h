#ifndef SUPPORT_GATEWAY_STACK_H
#define SUPPORT_GATEWAY_STACK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "base/buffer.h"
#include "support/process.h"

/*
 * The visit registry and the HL7 gateway as processes in a temporary folder made by `lianchengctl init`, with facilities
 * clinic-1 .. clinic-N that are registered, and a feed for each: feed-1 is MSH-4 F1. What goes wrong in setting up aborts
 * the test.
 */
#define GATEWAY_FLAGS_MAX 8

struct client_socket;

struct gateway_stack {
    char folder[256];
    char programs[512];
    size_t facilities;
    uint16_t visits_port, visits_http_port, gateway_port, gateway_http_port, mllp_port;
    struct process visits, gateway;
    long gateway_log; /* how far its log was looked through */
    /* Lines of hl7-gateway.conf beneath a listener and a feed ("        tls_key = \"x\"\n"); NULL: none. */
    const char *listener_lines, *feed_lines;
    char flags[GATEWAY_FLAGS_MAX][160]; /* of the gateway: "--registry-hold-ms=200"; "": none */
    struct client_socket *registry; /* for questions; NULL: not yet */
    struct arena arena;
    uint64_t requests;
};

void gateway_stack_make(struct gateway_stack *stack, size_t facilities);
/* Writes hl7-gateway.conf (again). */
void gateway_stack_configure(struct gateway_stack *stack);
/* Stops what runs and removes the folder. */
void gateway_stack_remove(struct gateway_stack *stack, bool show_logs);

/* Starts it and waits until it is ready. */
void gateway_stack_start_visits(struct gateway_stack *stack);
void gateway_stack_start_gateway(struct gateway_stack *stack);
/* Both, with the facilities registered. */
void gateway_stack_start(struct gateway_stack *stack);
/* Under a limit on the size of files, in bytes. */
void gateway_stack_start_gateway_limited(struct gateway_stack *stack, uint64_t file_bytes);

/* lianchengctl; the exit code. */
int gateway_stack_ctl(struct gateway_stack *stack, const char *const *arguments, struct buffer *output);
/* A metric with its labels as written ("liancheng_state_rows{table=\"visits\"}"); -1: it is not there. */
double gateway_stack_metric(uint16_t http_port, const char *name);
/* Waits until the metric is at least so much. */
void gateway_stack_await(uint16_t http_port, const char *name, double least);
/* Whether the registry has a visit of feed-N's facility. */
bool gateway_stack_has_visit(struct gateway_stack *stack, size_t facility, const char *visit_number);

/* An A04 of an outpatient into text; returns its size. */
struct adt {
    size_t feed;             /* from 1 */
    const char *control_id;  /* MSH-10 */
    const char *visit;       /* PV1-19 */
    const char *local_id;    /* PID-3 */
    const char *trigger;     /* NULL: A04 */
    const char *more;        /* further segments, each with its end; NULL: none */
};
size_t adt_text(const struct adt *adt, char *text, size_t size);

#endif
