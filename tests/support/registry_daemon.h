#ifndef SUPPORT_REGISTRY_DAEMON_H
#define SUPPORT_REGISTRY_DAEMON_H

#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "base/id.h"
#include "client/client.h"
#include "support/peers.h"
#include "support/process.h"
#include "wire/client_socket.h"

/*
 * One registry of government work as a real process over CURVE, with forty agencies ("agency-01" ..) that have keys of their
 * own, and the clients of a load. What goes wrong here aborts.
 */
#define LOAD_AGENCIES 40

struct registry_daemon {
    const char *name; /* "approvals", "issues" */
    struct test_keys keys;
    struct process process;
    char endpoint[128];
    uint16_t http_port;
    int64_t start_ms; /* of the first start: a load's times are counted from it */
    long log_position;
    const char *operator_key;
    const char *supervisor_key; /* of "service-bureau" */
    const char *agency_keys[LOAD_AGENCIES];
};

/* Starts it in a new folder, empty, and waits until it listens. programs: folder of the programs; NULL: beside the
 * test. */
void registry_daemon_start(struct registry_daemon *daemon, const char *name, const char *programs);
/* Stops it, and starts it again with its time coming with commands. */
void registry_daemon_restart_by_commands(struct registry_daemon *daemon, const char *programs);
/* SIGTERM; removes the folder. */
void registry_daemon_stop(struct registry_daemon *daemon);
/* A metric; key with its labels. -1: there is none. */
double registry_daemon_metric(const struct registry_daemon *daemon, const char *key);
/* CPU so far, without that of snapshots. */
double registry_daemon_cpu_s(const struct registry_daemon *daemon);
void load_agency_code(size_t agency, char code[16]);

struct load_result {
    uint64_t accepted, refused;
    double seconds;
};
/* A client that counts its receipts. */
struct client *load_connect(const struct registry_daemon *daemon, const char *key_path, struct load_result *result);
struct client *load_connect_as(const struct registry_daemon *daemon, const char *key_path, uint32_t window,
                               void (*receipt)(void *, uint64_t, const Common__V1__Receipt *), void *user);
void load_pump(struct client *client, int timeout_ms);
/* command: the registry's Command. */
void load_add(struct client *client, struct id_maker *ids, int64_t occurred_at_ms, const ProtobufCMessage *command,
              uint64_t number);
void load_flush(struct client *client);
void load_finish(struct client *client);
/* One command, and its receipt. */
void load_tell(const struct registry_daemon *daemon, const char *key_path, int64_t occurred_at_ms,
               const ProtobufCMessage *command);

#endif
