#ifndef SERVICE_DECIDING_H
#define SERVICE_DECIDING_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/arena.h"
#include "service/service.h"

/*
 * One decision on its way, for registries of government work: what their rules share. Pure.
 */
struct deciding {
    const void *self;              /* the registry's state */
    const struct command *command; /* NULL: a tick */
    struct arena *arena;           /* bodies and public messages are taken from it, zeroed (arena_zalloc) */
    struct decision *decision;
    uint32_t agency; /* row of the command's organisation; 0: it is none */
    bool sees_all;   /* supervisor, leader, operator, or a service hall's clerk: whatever agency it is about */
};

/* Drops the events made so far. code: of the contract; field: static text, may be NULL. */
void decide_refuse(struct deciding *d, uint32_t code, const char *field);
/* Unix ms as seconds of a registry; 0 when it is out of range (1970 to 2106). */
uint32_t decide_seconds(int64_t unix_ms);
/* expected_version against what is known (its last_seq), in the first phase. False: refused. */
bool decide_check_version(struct deciding *d, uint64_t last_seq);
/* Appends an event. body lives in the arena, followed by texts if there are any (texts_add). */
struct event *decide_emit(struct deciding *d, uint32_t type, const void *body, size_t size, uint64_t prev);
/* Takes size bytes, zeroed; the arena holds any valid decision (a CHECK). */
void *decide_take(struct deciding *d, size_t size);

/*
 * Texts behind the fixed part of a body, each as kind (1 byte), length (2 bytes, little endian), bytes. They are for a history
 * alone; evolve does not look at them. Kinds are for ever.
 */
enum text_kind {
    TEXT_REASON = 1,
    TEXT_GROUND = 2,
    TEXT_PAPER = 3,
    TEXT_RESULT = 4,
    TEXT_REPLY = 5,
    TEXT_TITLE = 6,
    TEXT_EVIDENCE = 7, /* hash of a document, hexadecimal */
    TEXT_LETTER = 8,   /* number of a letter or of its receipt */
    TEXT_PLACE = 9,
};
struct texts {
    uint8_t *bytes; /* the whole body: the fixed part first */
    size_t size, capacity;
};
/* Room for the fixed part and so many bytes of texts in so many texts. */
void texts_begin(struct deciding *d, struct texts *texts, const void *fixed, size_t fixed_size, size_t text_bytes,
                 size_t count);
/* Empty and NULL texts are left out. */
void texts_add(struct texts *texts, enum text_kind kind, const char *text);
/* Walks the texts behind a body's fixed part; *at starts at fixed_size. False at the end, or where they are broken. */
bool texts_next(const uint8_t *body, size_t size, size_t *at, enum text_kind *kind, const char **text,
                size_t *text_size);

#endif
