#include <stddef.h>
#include <stdint.h>

#include "base/check.h"
#include "visits/v1/events.pb-c.h"
#include "wire/limits.h"
#include "wire/parse.h"
#include "wire/validate.h"

/* Any frame of a daemon, then the events of a Batch in it, as a client and a follower read them. */

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void read_events(const Common__V1__Batch *batch, struct arena *arena) {
    for (size_t i = 0; i < batch->n_events; i++) {
        ProtobufCMessage *message;
        const char *field;
        validate_unpack(&visits__v1__event__descriptor, &arena->allocator, batch->events[i]->body.data,
                        batch->events[i]->body.len, &message, &field);
    }
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
    static struct arena arena;
    if (arena.cap_bytes == 0) {
        arena_init(&arena, SERVER_UNPACK_BYTES_MAX);
    }
    arena_reset(&arena);
    Common__V1__Reply *reply;
    enum status status = parse_reply(data, size, &arena, &reply);
    CHECK((status == STATUS_OK) == (reply != NULL));
    if (reply != NULL && reply->body_case == COMMON__V1__REPLY__BODY_BATCH) {
        read_events(reply->batch, &arena);
    }
    return 0;
}
