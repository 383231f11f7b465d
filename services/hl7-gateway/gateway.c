#include "hl7-gateway/gateway.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <unistd.h>

#include <sodium.h>

#include "base/civil.h"
#include "base/file.h"
#include "base/log.h"
#include "base/secret.h"

#define PATH_BYTES_MAX 1024
#define SAVE_MS 1000
#define EXPIRE_MS 1000
#define EXPIRE_VERDICTS 512 /* then the bodies of what was accepted can go */
#define REAP_MS 100
#define MIB (1024 * 1024)

const struct config_key gateway_config_keys[] = {
    {"/server/bind", CONFIG_STRING, "tcp://127.0.0.1:7104", 0, 0, "", "Endpoint at which status and queries are answered."},
    {"/server/key", CONFIG_SECRET, NULL, 0, 0, "", "File of this server's own CURVE key."},
    {"/server/keys", CONFIG_STRING, NULL, 0, 0, "path", "Table of the principals that may ask."},
    {"/store/folder", CONFIG_STRING, NULL, 0, 0, "path", "Folder of the spool and of the feeds' counts."},
    {"/store/spool_key", CONFIG_SECRET, NULL, 0, 0, "",
     "File of the key that seals messages: 64 hexadecimal digits. Without it none can be read again."},
    {"/store/retention_days", CONFIG_INTEGER, "30", 1, 3650, "days",
     "How long settled messages are kept: a repetition within that time gets the first answer again."},
    {"/store/bytes_max", CONFIG_INTEGER, "17179869184", MIB, INT64_MAX / 2, "bytes",
     "Largest size of the spool; a message beyond it is answered AR 207."},
    {"/listeners/*/bind", CONFIG_STRING, NULL, 0, 0, "", "Address for MLLP: tcp://127.0.0.1:2575 or host:port."},
    {"/listeners/*/tls_certificate", CONFIG_STRING, "", 0, 0, "path",
     "Certificate chain (PEM); with tls_key, TLS 1.2 or later is spoken."},
    {"/listeners/*/tls_key", CONFIG_SECRET, "", 0, 0, "", "Private key (PEM) of the certificate."},
    {"/listeners/*/tls_client_ca", CONFIG_STRING, "", 0, 0, "path",
     "CA certificates (PEM): senders have to show a certificate that one of them signed."},
    {"/limits/connections", CONFIG_INTEGER, "16384", 1, 1000000, "", "Most MLLP connections at a time."},
    {"/limits/buffer_bytes", CONFIG_INTEGER, "268435456", MIB, INT64_MAX / 2, "bytes",
     "Most memory of all connections; beyond it whoever holds most is answered AR 207 and closed."},
    {"/limits/frame_bytes", CONFIG_INTEGER, "16777216", 1024, 64 * MIB, "bytes", "Largest message."},
    {"/limits/answers", CONFIG_INTEGER, "64", 1, 65536, "",
     "Messages of one connection that may wait for answers before it is not read any more."},
    {"/limits/frame_ms", CONFIG_INTEGER, "30000", 10, 3600000, "ms",
     "Longest silence within a message, or of a sender that does not read its answers."},
    {"/limits/handshake_ms", CONFIG_INTEGER, "10000", 10, 3600000, "ms", "Longest TLS handshake."},
    {"/limits/idle_ms", CONFIG_INTEGER, "0", 0, INT64_MAX / 2, "ms", "Longest silence between messages; 0: any."},
    {"/registry/endpoint", CONFIG_STRING, NULL, 0, 0, "", "Endpoint of the visit registry."},
    {"/registry/server_key", CONFIG_STRING, NULL, 0, 0, "path", "File of the registry's public key."},
    {"/registry/keys", CONFIG_STRING, NULL, 0, 0, "path", "Folder with the publishers' keys: FACILITY.key."},
    {"/registry/when_away", CONFIG_STRING, "hold", 0, 0, "",
     "What a sender gets when the registry does not answer in time: hold (AR 207, try again) or accept (a positive answer, "
     "the message goes on from the spool)."},
    {"/registry/hold_ms", CONFIG_INTEGER, "10000", 10, 600000, "ms", "How long a sender waits for the registry."},
    {0},
};

/* --- Feeds ---------------------------------------------------------------------------------------------------------- */

const struct profile *gateway_profile(const struct gateway *gateway, const char *feed_name) {
    for (size_t i = 0; i < gateway->profiles.count; i++) {
        if (strcmp(gateway->profiles.rows[i].name, feed_name) == 0) {
            return &gateway->profiles.rows[i];
        }
    }
    return NULL;
}

struct feed *gateway_feed_of(const struct gateway *gateway, const struct profile *profile) {
    return gateway->profile_feeds[profile - gateway->profiles.rows];
}

/* The feeds of fresh profiles; NULL when one cannot be made known. */
static struct feed **find_feeds(struct gateway *gateway, const struct profiles *profiles) {
    struct feed **feeds = calloc(profiles->count + 1, sizeof *feeds);
    for (size_t i = 0; feeds != NULL && i < profiles->count; i++) {
        feeds[i] = conformance_feed(gateway, profiles->rows[i].name);
        if (feeds[i] == NULL) {
            free(feeds);
            return NULL;
        }
    }
    return feeds;
}

static void use_profiles(struct gateway *gateway, const struct profiles *profiles, struct feed **feeds) {
    profiles_release(&gateway->profiles);
    free(gateway->profile_feeds);
    gateway->profiles = *profiles;
    gateway->profile_feeds = feeds;
    for (size_t i = 0; i < conformance_feed_count(gateway); i++) {
        conformance_feed_at(gateway, i)->is_configured = false;
    }
    for (size_t i = 0; i < profiles->count; i++) {
        const struct profile *profile = &profiles->rows[i];
        feeds[i]->is_configured = true;
        snprintf(feeds[i]->facility, sizeof feeds[i]->facility, "%s", profile->facility);
        snprintf(feeds[i]->listener, sizeof feeds[i]->listener, "%s", profile->listener);
        if (relay_facility(gateway, profile->facility) == NULL) {
            LOG_ERROR("too many facilities", LOG_S("feed", profile->name));
        }
    }
    LOG_INFO("feeds read", LOG_U("feeds", profiles->count));
}

static enum status load_profiles(struct gateway *gateway, const struct config *config) {
    struct profiles fresh = {0};
    struct config_error error = {.text = ""};
    enum status status = profiles_load(config, &fresh, &error);
    if (status != STATUS_OK) {
        LOG_ERROR("the feeds cannot be used", LOG_S("detail", error.text));
        return status;
    }
    struct feed **feeds = find_feeds(gateway, &fresh);
    if (feeds == NULL) {
        profiles_release(&fresh);
        return STATUS_IO;
    }
    use_profiles(gateway, &fresh, feeds);
    return STATUS_OK;
}

/* --- Callbacks of the daemon ---------------------------------------------------------------------------------------- */

const char *gateway_unready_reason(const struct gateway *gateway) {
    return gateway->spool_is_failing ? "the spool cannot be written" : NULL;
}

static bool is_ready(void *user, char *reason, size_t reason_size) {
    const char *why = gateway_unready_reason(user);
    if (why != NULL) {
        snprintf(reason, reason_size, "%s", why);
    }
    return why == NULL;
}

static void on_reload(void *user) {
    struct gateway *gateway = user;
    struct config *fresh;
    struct config_error error = {.text = ""};
    if (config_load_again(gateway->config, &fresh, &error) == STATUS_OK) {
        (void)load_profiles(gateway, fresh);
        config_destroy(&fresh);
    }
    gateway_desk_reload(gateway);
    listeners_reload(gateway);
    relay_reload(gateway);
}

/* Senders without an answer send again; nothing that was answered is only in memory. */
static void on_stopping(void *user) {
    struct gateway *gateway = user;
    gateway->now_ms = clock_monotonic_ms();
    listeners_close(gateway);
    turn_finish(gateway);
    turn_tick(gateway, gateway->now_ms + SETTLE_MS);
    connections_close_all(gateway);
}

static bool is_due(int64_t *last_ms, int64_t now_ms, int64_t every_ms) {
    bool due = now_ms - *last_ms >= every_ms;
    *last_ms = due ? now_ms : *last_ms;
    return due;
}

static int on_tick(zloop_t *loop, int timer, void *user) {
    (void)loop, (void)timer;
    struct gateway *gateway = user;
    gateway->now_ms = clock_monotonic_ms();
    turn_finish(gateway);
    relay_tick(gateway, gateway->now_ms);
    turn_tick(gateway, gateway->now_ms);
    if (is_due(&gateway->reaped_ms, gateway->now_ms, REAP_MS)) {
        connections_expire(gateway, gateway->now_ms);
        listeners_wake(gateway);
    }
    if (is_due(&gateway->saved_ms, gateway->now_ms, SAVE_MS)) {
        conformance_save(gateway);
    }
    if (gateway->turn.settled_since_expiry >= EXPIRE_VERDICTS || is_due(&gateway->expired_ms, gateway->now_ms, EXPIRE_MS)) {
        gateway->turn.settled_since_expiry = 0;
        (void)spool_expire(gateway->spool, clock_unix_ms());
    }
    connections_bury(gateway);
    return 0;
}

/* --- Life ----------------------------------------------------------------------------------------------------------- */

static enum status read_settings(struct gateway *gateway) {
    const struct config *config = gateway->config;
    const char *when_away = config_string(config, "/registry/when_away");
    gateway->limits = (struct limits){
        .connections = (size_t)config_integer(config, "/limits/connections"),
        .buffer_bytes = (size_t)config_integer(config, "/limits/buffer_bytes"),
        .frame_bytes = (size_t)config_integer(config, "/limits/frame_bytes"),
        .answers = (uint32_t)config_integer(config, "/limits/answers"),
        .frame_ms = config_integer(config, "/limits/frame_ms"),
        .handshake_ms = config_integer(config, "/limits/handshake_ms"),
        .idle_ms = config_integer(config, "/limits/idle_ms"),
    };
    gateway->hold_ms = config_integer(config, "/registry/hold_ms");
    gateway->accepts_when_away = strcmp(when_away, "accept") == 0;
    if (!gateway->accepts_when_away && strcmp(when_away, "hold") != 0) {
        LOG_ERROR("/registry/when_away must be hold or accept");
        return STATUS_CONFIG;
    }
    return STATUS_OK;
}

static enum status open_spool(struct gateway *gateway, const char *folder) {
    uint8_t key[SECRET_BYTES];
    char path[PATH_BYTES_MAX];
    enum status status = secret_load(config_string(gateway->config, "/store/spool_key"), key);
    if (status != STATUS_OK) {
        LOG_ERROR("the spool's key cannot be read", LOG_S("status", status_name(status)));
        return STATUS_CONFIG;
    }
    crypto_kdf_derive_from_key(gateway->hash_key, sizeof gateway->hash_key, 1, "hl7-keys", key);
    snprintf(path, sizeof path, "%s/spool.db", folder);
    const struct spool_options options = {
        .path = path,
        .seal_key = key,
        .owner = "hl7-gateway",
        .retention_ms = config_integer(gateway->config, "/store/retention_days") * 24 * 3600 * 1000,
        .bytes_max = (uint64_t)config_integer(gateway->config, "/store/bytes_max"),
        .syncs_beside = true,
    };
    status = spool_open(&options, &gateway->spool);
    sodium_memzero(key, sizeof key);
    if (status != STATUS_OK) {
        LOG_ERROR("the spool cannot be opened", LOG_S("path", path), LOG_S("status", status_name(status)));
        return status;
    }
    return turn_watch_spool(gateway);
}

static enum status open_store(struct gateway *gateway) {
    const char *folder = config_string(gateway->config, "/store/folder");
    enum status status = file_make_folder(folder, 0700);
    if (status != STATUS_OK) {
        LOG_ERROR("the store's folder cannot be made", LOG_S("status", status_name(status)));
        return status;
    }
    status = open_spool(gateway, folder);
    return status == STATUS_OK ? conformance_open(gateway, folder) : status;
}

static enum status set_up_memory(struct gateway *gateway) {
    uint32_t boot;
    randombytes_buf(&boot, sizeof boot);
    snprintf(gateway->boot, sizeof gateway->boot, "%08x", boot);
    randombytes_buf(&gateway->id_seed, sizeof gateway->id_seed);
    TAILQ_INIT(&gateway->dead);
    TAILQ_INIT(&gateway->hold);
    for (int i = 0; i < LIST_COUNT; i++) {
        TAILQ_INIT(&gateway->lists[i]);
    }
    arena_init(&gateway->arena, gateway->limits.frame_bytes * 2 + 4 * MIB);
    gateway->converter = charset_converter_new();
    gateway->poller = epoll_create1(EPOLL_CLOEXEC);
    if (gateway->converter == NULL || gateway->poller < 0) {
        LOG_ERROR("GB18030 cannot be converted on this system, or it has no memory");
        return STATUS_MEMORY;
    }
    return turn_init(gateway);
}

static enum status join_loop(struct gateway *gateway) {
    zloop_t *loop = daemon_loop(gateway->daemon);
    gateway->poll_item = (zmq_pollitem_t){.fd = gateway->poller, .events = ZMQ_POLLIN};
    if (zloop_poller(loop, &gateway->poll_item, turn_ready, gateway) != 0 ||
        zloop_timer(loop, TICK_MS, 0, on_tick, gateway) < 0) {
        return STATUS_MEMORY;
    }
    zloop_poller_set_tolerant(loop, &gateway->poll_item);
    return STATUS_OK;
}

static enum status set_up(struct gateway *gateway) {
    enum status (*const steps[])(struct gateway *) = {read_settings, set_up_memory, open_store,     relay_new,
                                                      NULL,          relay_load,    gateway_desk_new, listeners_open,
                                                      join_loop};
    gateway->now_ms = clock_monotonic_ms();
    for (size_t i = 0; i < sizeof steps / sizeof steps[0]; i++) {
        enum status status = steps[i] == NULL ? load_profiles(gateway, gateway->config) : steps[i](gateway);
        if (status != STATUS_OK) {
            return status;
        }
    }
    conformance_relax(gateway);
    return STATUS_OK;
}

static void tear_down(struct gateway *gateway) {
    listeners_close(gateway);
    connections_close_all(gateway);
    gateway_desk_destroy(gateway);
    relay_destroy(gateway);
    conformance_close(gateway);
    turn_release(gateway);
    spool_close(&gateway->spool);
    charset_converter_destroy(&gateway->converter);
    profiles_release(&gateway->profiles);
    free(gateway->profile_feeds);
    arena_release(&gateway->arena);
    buffer_release(&gateway->spooled);
    buffer_release(&gateway->frame);
    if (gateway->poller > 0) {
        close(gateway->poller);
    }
}

static int serve(const struct config *config) {
    struct gateway *gateway = calloc(1, sizeof *gateway);
    if (gateway == NULL) {
        return EXIT_CODE_TEMPORARY;
    }
    static const struct daemon_callbacks callbacks = {
        .ready = is_ready,
        .metrics = gateway_metrics,
        .reload = on_reload,
        .stopping = on_stopping,
    };
    gateway->config = config;
    gateway->started_at_ms = clock_unix_ms();
    for (int i = 0; i < LIST_COUNT; i++) {
        TAILQ_INIT(&gateway->lists[i]);
    }
    TAILQ_INIT(&gateway->dead);
    enum status status = daemon_new("hl7-gateway", config, &callbacks, gateway, &gateway->daemon);
    if (status == STATUS_OK) {
        status = set_up(gateway);
    }
    int code = (int)status_exit_code(status);
    if (status == STATUS_OK) {
        code = daemon_run(gateway->daemon);
    }
    if (gateway->daemon != NULL) {
        tear_down(gateway);
        daemon_destroy(&gateway->daemon);
    }
    sodium_memzero(gateway->hash_key, sizeof gateway->hash_key);
    free(gateway);
    return code;
}

int gateway_run(int argc, char **argv) {
    const struct config_key *const keys[] = {daemon_config_keys, gateway_config_keys, profile_config_keys, NULL};
    struct config *config = NULL;
    const char *const *arguments;
    int code = EXIT_CODE_OK;
    if (daemon_prepare("hl7-gateway", keys, argc, argv, &config, &code) != STATUS_OK || config == NULL) {
        return code;
    }
    if (config_arguments(config, &arguments) != 0) {
        fprintf(stderr, "usage: hl7-gateway --config FILE\n");
        code = EXIT_CODE_USAGE;
    } else {
        code = serve(config);
    }
    config_destroy(&config);
    return code;
}
