#include "base/arena.h"

#include <stdalign.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define ALIGNMENT 16
#define FIRST_BLOCK_BYTES ((size_t)64 << 10)
#define LARGEST_BLOCK_BYTES ((size_t)1 << 20)

struct arena_block {
    struct arena_block *next;
    size_t size; /* bytes of data */
    size_t used;
    alignas(ALIGNMENT) unsigned char data[];
};

static void *allocator_alloc(void *arena, size_t size) {
    return arena_alloc(arena, size);
}

static void allocator_free(void *arena, void *pointer) {
    (void)arena;
    (void)pointer;
}

void arena_init(struct arena *arena, size_t cap_bytes) {
    *arena = (struct arena){.cap_bytes = cap_bytes};
    arena->allocator = (ProtobufCAllocator){.alloc = allocator_alloc, .free = allocator_free, .allocator_data = arena};
}

static void free_blocks(struct arena_block *block) {
    while (block != NULL) {
        struct arena_block *next = block->next;
        free(block);
        block = next;
    }
}

void arena_release(struct arena *arena) {
    free_blocks(arena->first);
    arena->first = NULL;
    arena->current = NULL;
    arena->used_bytes = 0;
}

void arena_reset(struct arena *arena) {
    size_t kept = 0;
    struct arena_block **link = &arena->first;
    while (*link != NULL && kept + (*link)->size <= ARENA_KEEP_BYTES) {
        kept += (*link)->size;
        (*link)->used = 0;
        link = &(*link)->next;
    }
    free_blocks(*link);
    *link = NULL;
    arena->current = arena->first;
    arena->used_bytes = 0;
}

static bool has_room(const struct arena_block *block, size_t size) {
    return block->size - block->used >= size;
}

static size_t next_block_size(const struct arena *arena) {
    size_t size = arena->current == NULL ? FIRST_BLOCK_BYTES : arena->current->size * 2;
    return size > LARGEST_BLOCK_BYTES ? LARGEST_BLOCK_BYTES : size;
}

/* A block behind the current one, so that the blocks before the current one are always the full ones. */
static struct arena_block *add_block(struct arena *arena, size_t size) {
    struct arena_block *block = malloc(sizeof *block + size);
    if (block == NULL) {
        return NULL;
    }
    block->size = size;
    block->used = 0;
    struct arena_block **link = arena->current == NULL ? &arena->first : &arena->current->next;
    block->next = *link;
    *link = block;
    return block;
}

static struct arena_block *find_block(struct arena *arena, size_t size) {
    struct arena_block *block = arena->current;
    while (block != NULL && !has_room(block, size)) {
        block = block->next;
    }
    size_t usual = next_block_size(arena);
    if (block == NULL) {
        block = add_block(arena, size > usual ? size : usual);
    }
    /* A large piece must not make the room left in the current block unreachable. */
    if (block != NULL && (size <= usual || arena->current == NULL)) {
        arena->current = block;
    }
    return block;
}

void *arena_alloc(struct arena *arena, size_t size) {
    if (size > arena->cap_bytes) {
        return NULL;
    }
    size_t rounded = size == 0 ? ALIGNMENT : (size + ALIGNMENT - 1) & ~(size_t)(ALIGNMENT - 1);
    if (rounded < size || rounded > arena->cap_bytes || arena->used_bytes > arena->cap_bytes - rounded) {
        return NULL;
    }
    struct arena_block *block = find_block(arena, rounded);
    if (block == NULL) {
        return NULL;
    }
    void *piece = block->data + block->used;
    block->used += rounded;
    arena->used_bytes += rounded;
    return piece;
}

void *arena_zalloc(struct arena *arena, size_t size) {
    void *piece = arena_alloc(arena, size);
    return piece == NULL ? NULL : memset(piece, 0, size);
}

char *arena_strdup(struct arena *arena, const char *text) {
    size_t size = strlen(text) + 1;
    char *copy = arena_alloc(arena, size);
    return copy == NULL ? NULL : memcpy(copy, text, size);
}

char *arena_printf(struct arena *arena, const char *format, ...) {
    va_list arguments;
    va_start(arguments, format);
    int length = vsnprintf(NULL, 0, format, arguments);
    va_end(arguments);
    if (length < 0) {
        return NULL;
    }
    char *text = arena_alloc(arena, (size_t)length + 1);
    if (text != NULL) {
        va_start(arguments, format);
        vsnprintf(text, (size_t)length + 1, format, arguments);
        va_end(arguments);
    }
    return text;
}
