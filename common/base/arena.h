#ifndef BASE_ARENA_H
#define BASE_ARENA_H

#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

/*
 * Memory that is given back all at once. Blocks are kept on reset, so a steady load allocates nothing. The cap is the
 * bound for hostile input: an allocation beyond it returns NULL (protobuf-c then fails the unpack). It counts what is
 * handed out; the blocks behind it take at most about twice as much. An arena must not be moved or copied after
 * arena_init: its allocator points at it.
 */
#define ARENA_KEEP_BYTES ((size_t)4 << 20)

struct arena {
    struct arena_block *first;
    struct arena_block *current;
    size_t used_bytes; /* handed out since the last reset */
    size_t cap_bytes;
    ProtobufCAllocator allocator; /* unpack with this; its free does nothing */
};

/* Initializes an empty arena; no memory is taken yet. */
void arena_init(struct arena *arena, size_t cap_bytes);
/* Gives all blocks back to the system. */
void arena_release(struct arena *arena);
/* Everything handed out is invalid from now on. The blocks stay, those beyond the first ARENA_KEEP_BYTES in all are
 * freed: a hostile peak does not stay for ever. */
void arena_reset(struct arena *arena);
/* Aligned to 16 bytes, not zeroed; NULL beyond the cap. size 0 gives a valid pointer. */
void *arena_alloc(struct arena *arena, size_t size);
/* The same, zeroed. */
void *arena_zalloc(struct arena *arena, size_t size);
/* A NUL-terminated copy. */
char *arena_strdup(struct arena *arena, const char *text);
/* printf into the arena; NULL beyond the cap. */
__attribute__((format(printf, 2, 3))) char *arena_printf(struct arena *arena, const char *format, ...);

#endif
