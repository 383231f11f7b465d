#include "ctl/sidecar.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <sodium.h>

#include "base/buffer.h"
#include "base/check.h"
#include "base/civil.h"
#include "base/file.h"
#include "ctl/json.h"

#define FILE_BYTES_MAX (64 * 1024)

void sidecar_hash_line(uint8_t hash[SIDECAR_HASH_BYTES], const void *line, size_t size) {
    crypto_generichash_state state;
    crypto_generichash_init(&state, NULL, 0, SIDECAR_HASH_BYTES);
    crypto_generichash_update(&state, hash, SIDECAR_HASH_BYTES);
    crypto_generichash_update(&state, line, size);
    crypto_generichash_final(&state, hash, SIDECAR_HASH_BYTES);
}

static void begin(struct sidecar *sidecar) {
    sidecar->start_ms = (uint64_t)clock_unix_ms();
    randombytes_buf(&sidecar->seed, sizeof sidecar->seed);
    sidecar->seed &= INT64_MAX; /* a JSON integer */
    sidecar->by_code = json_object();
    CHECK(sidecar->by_code);
}

static bool take_number(const json_t *json, const char *name, uint64_t *number) {
    const json_t *value = json_object_get(json, name);
    *number = (uint64_t)json_integer_value(value);
    return json_is_integer(value) && json_integer_value(value) >= 0;
}

static bool take_hash(const json_t *json, uint8_t hash[SIDECAR_HASH_BYTES]) {
    const char *text = json_string_value(json_object_get(json, "hash"));
    size_t size = 0;
    return text && sodium_hex2bin(hash, SIDECAR_HASH_BYTES, text, strlen(text), NULL, &size, NULL) == 0 &&
           size == SIDECAR_HASH_BYTES;
}

static bool parse(struct sidecar *sidecar, const json_t *json, const char **target) {
    *target = json_string_value(json_object_get(json, "target"));
    sidecar->by_code = json_incref(json_object_get(json, "refused_by_code"));
    return *target && json_is_object(sidecar->by_code) && take_hash(json, sidecar->hash) &&
           take_number(json, "start_ms", &sidecar->start_ms) && take_number(json, "seed", &sidecar->seed) &&
           take_number(json, "line", &sidecar->line) && take_number(json, "accepted", &sidecar->accepted) &&
           take_number(json, "duplicate", &sidecar->duplicate) && take_number(json, "refused", &sidecar->refused) &&
           take_number(json, "events", &sidecar->events) && take_number(json, "rejects_bytes", &sidecar->rejects_bytes);
}

static enum status load(struct sidecar *sidecar, const struct buffer *text) {
    json_error_t error;
    const char *target = NULL;
    json_t *json = json_loadb((const char *)text->data, text->size, JSON_REJECT_DUPLICATES, &error);
    enum status status = STATUS_OK;
    if (!json || !parse(sidecar, json, &target)) {
        ctl_error(0, "%s is damaged; --restart forgets it", sidecar->path);
        status = STATUS_MALFORMED;
    } else if (strcmp(target, sidecar->target) != 0) {
        ctl_error(0, "%s says the file was sent to \"%s\", not \"%s\"; --restart forgets that", sidecar->path, target,
                  sidecar->target);
        status = STATUS_CONFIG;
    }
    json_decref(json);
    return status;
}

enum status sidecar_open(struct sidecar *sidecar, const char *path, const char *target, bool forget) {
    CHECK(sodium_init() >= 0);
    *sidecar = (struct sidecar){.path = ""};
    snprintf(sidecar->target, sizeof sidecar->target, "%s", target);
    if (!path) {
        begin(sidecar);
        return STATUS_OK;
    }
    snprintf(sidecar->path, sizeof sidecar->path, "%s", path);
    struct buffer text = {0};
    enum status status = forget ? STATUS_NOT_FOUND : file_read(path, FILE_BYTES_MAX, &text);
    if (status == STATUS_NOT_FOUND) {
        begin(sidecar);
        status = sidecar_save(sidecar);
    } else if (status == STATUS_OK) {
        status = load(sidecar, &text);
    } else {
        ctl_error(0, "%s cannot be read: %s", path, status_name(status));
    }
    buffer_release(&text);
    return status;
}

void sidecar_release(struct sidecar *sidecar) {
    json_decref(sidecar->by_code);
    sidecar->by_code = NULL;
}

enum status sidecar_save(const struct sidecar *sidecar) {
    if (!*sidecar->path) {
        return STATUS_OK;
    }
    char hash[2 * SIDECAR_HASH_BYTES + 1];
    json_hex(sidecar->hash, SIDECAR_HASH_BYTES, hash);
    json_t *json =
        json_pack("{s:s, s:I, s:I, s:I, s:s, s:I, s:I, s:I, s:I, s:I, s:O}", "target", sidecar->target, "start_ms",
                  (json_int_t)sidecar->start_ms, "seed", (json_int_t)sidecar->seed, "line", (json_int_t)sidecar->line,
                  "hash", hash, "accepted", (json_int_t)sidecar->accepted, "duplicate", (json_int_t)sidecar->duplicate,
                  "refused", (json_int_t)sidecar->refused, "events", (json_int_t)sidecar->events, "rejects_bytes",
                  (json_int_t)sidecar->rejects_bytes, "refused_by_code", sidecar->by_code);
    char *text = json ? json_dumps(json, JSON_INDENT(2)) : NULL;
    CHECK(text);
    enum status status = file_write_atomic(sidecar->path, text, strlen(text), 0600);
    if (status != STATUS_OK) {
        ctl_error(0, "%s cannot be written: %s", sidecar->path, status_name(status));
    }
    free(text);
    json_decref(json);
    return status;
}
