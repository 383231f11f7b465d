#include "aggregator/cells.h"

#include <stdlib.h>
#include <string.h>

#include "base/check.h"
#include "base/hash.h"

#define ORGANISATION_SLOTS (2 * CELLS_ORGANISATIONS_MAX)
#define CELLS_LIMIT (1u << 24)

_Static_assert(ORGANISATION_SLOTS <= 65536, "numbers of organisations are 16 bits");

static uint32_t slots_for(size_t max) {
    uint32_t slots = 16;
    while (slots < 2 * max) {
        slots *= 2;
    }
    return slots;
}

bool cells_init(struct cells *cells, size_t max) {
    CHECK(max > 0 && max <= CELLS_LIMIT);
    uint32_t slots = slots_for(max);
    *cells = (struct cells){.max = max, .slot_mask = slots - 1};
    cells->cells = calloc(max, sizeof *cells->cells);
    cells->slots = calloc(slots, sizeof *cells->slots);
    cells->organisations = calloc(CELLS_ORGANISATIONS_MAX, sizeof *cells->organisations);
    cells->organisation_slots = calloc(ORGANISATION_SLOTS, sizeof *cells->organisation_slots);
    cells->registrations = calloc(CELLS_REGISTRATIONS_MAX, sizeof *cells->registrations);
    if (cells->cells == NULL || cells->slots == NULL || cells->organisations == NULL ||
        cells->organisation_slots == NULL || cells->registrations == NULL) {
        cells_release(cells);
        return false;
    }
    cells->organisation_count = 1; /* number 0 is "" and in no slot */
    return true;
}

void cells_release(struct cells *cells) {
    free(cells->cells);
    free(cells->slots);
    free(cells->organisations);
    free(cells->organisation_slots);
    free(cells->registrations);
    *cells = (struct cells){0};
}

bool cells_is_empty(const struct cells *cells) {
    return cells->count == 0 && cells->registration_count == 0;
}

bool cells_has_room(const struct cells *cells, size_t more_cells, size_t more_organisations) {
    return more_cells <= cells->max - cells->count &&
           more_organisations <= CELLS_ORGANISATIONS_MAX - cells->organisation_count &&
           cells->registration_count < CELLS_REGISTRATIONS_MAX;
}

uint16_t cells_organisation(struct cells *cells, const char *code, size_t size) {
    CHECK(size < CELLS_ORGANISATION_BYTES);
    if (size == 0) {
        return CELLS_NO_ORGANISATION;
    }
    size_t slot = hash_bytes(code, size) & (ORGANISATION_SLOTS - 1);
    for (; cells->organisation_slots[slot] != 0; slot = (slot + 1) & (ORGANISATION_SLOTS - 1)) {
        uint16_t number = cells->organisation_slots[slot];
        const char *known = cells->organisations[number];
        if (memcmp(known, code, size) == 0 && known[size] == '\0') {
            return number;
        }
    }
    CHECK(cells->organisation_count < CELLS_ORGANISATIONS_MAX);
    uint16_t number = (uint16_t)cells->organisation_count++;
    memcpy(cells->organisations[number], code, size);
    cells->organisations[number][size] = '\0';
    cells->organisation_slots[slot] = number;
    return number;
}

/* Cuts between characters: a byte 10xxxxxx continues one. */
static size_t cut_utf8(const char *text, size_t max) {
    size_t size = strnlen(text, max + 1);
    if (size <= max) {
        return size;
    }
    size = max;
    while (size > 0 && ((unsigned char)text[size] & 0xc0) == 0x80) {
        size--;
    }
    return size;
}

uint16_t cells_subject(struct cells *cells, const char *code) {
    return cells_organisation(cells, code, cut_utf8(code, CELLS_ORGANISATION_BYTES - 1));
}

/* The sign of the period is flipped so that days before 1970 sort first. */
static struct cell pack(const struct cell_key *key) {
    uint32_t period = (uint32_t)key->period ^ UINT32_C(0x80000000);
    return (struct cell){
        .high = (uint64_t)key->region << 32 | (uint64_t)key->metric << 16 | period >> 16,
        .low = (uint64_t)(period & 0xffff) << 48 | (uint64_t)key->organisation << 32 | (uint64_t)key->category << 24,
    };
}

struct cell_key cell_unpack(const struct cell *cell) {
    uint32_t period = (uint32_t)(cell->high & 0xffff) << 16 | (uint32_t)(cell->low >> 48);
    return (struct cell_key){
        .region = (uint32_t)(cell->high >> 32),
        .metric = (uint16_t)(cell->high >> 16),
        .period = (int32_t)(period ^ UINT32_C(0x80000000)),
        .organisation = (uint16_t)(cell->low >> 32),
        .category = (uint8_t)(cell->low >> 24),
    };
}

/* The slot that holds the cell, or the free one where it would go. */
static uint32_t find_slot(const struct cells *cells, const struct cell *key) {
    uint32_t slot = (uint32_t)hash_mix64(key->high * UINT64_C(0x9e3779b97f4a7c15) ^ key->low) & cells->slot_mask;
    while (cells->slots[slot] != 0) {
        const struct cell *cell = &cells->cells[cells->slots[slot] - 1];
        if (cell->high == key->high && cell->low == key->low) {
            break;
        }
        slot = (slot + 1) & cells->slot_mask;
    }
    return slot;
}

/* A set may hold one event at a time: to take a few out is cheaper than to zero all slots. Back to front, so that what
 * was put in after a collision goes first. */
#define FEW 256

static void clear_cells(struct cells *cells) {
    if (cells->is_sorted || cells->count > FEW) {
        memset(cells->slots, 0, ((size_t)cells->slot_mask + 1) * sizeof *cells->slots);
        return;
    }
    for (size_t number = cells->count; number > 0; number--) {
        cells->slots[find_slot(cells, &cells->cells[number - 1])] = 0;
    }
}

static void clear_organisations(struct cells *cells) {
    if (cells->organisation_count > FEW) {
        memset(cells->organisation_slots, 0, ORGANISATION_SLOTS * sizeof *cells->organisation_slots);
        return;
    }
    for (size_t number = cells->organisation_count - 1; number > 0; number--) {
        const char *code = cells->organisations[number];
        size_t slot = hash_bytes(code, strlen(code)) & (ORGANISATION_SLOTS - 1);
        while (cells->organisation_slots[slot] != number) {
            CHECK(cells->organisation_slots[slot] != 0);
            slot = (slot + 1) & (ORGANISATION_SLOTS - 1);
        }
        cells->organisation_slots[slot] = 0;
    }
}

void cells_clear(struct cells *cells) {
    clear_cells(cells);
    clear_organisations(cells);
    cells->count = 0;
    cells->is_sorted = false;
    cells->organisation_count = 1;
    cells->registration_count = 0;
}

void cells_add(struct cells *cells, const struct cell_key *key, int64_t delta) {
    struct cell packed = pack(key);
    uint32_t slot = find_slot(cells, &packed);
    if (cells->slots[slot] == 0) {
        CHECK(cells->count < cells->max);
        cells->cells[cells->count++] = packed;
        cells->slots[slot] = (uint32_t)cells->count;
    }
    cells->cells[cells->slots[slot] - 1].value += delta;
}

int64_t cells_value(const struct cells *cells, const struct cell_key *key) {
    struct cell packed = pack(key);
    uint32_t slot = find_slot(cells, &packed);
    return cells->slots[slot] == 0 ? 0 : cells->cells[cells->slots[slot] - 1].value;
}

void cells_register(struct cells *cells, uint16_t organisation, const char *name, uint32_t region) {
    size_t number = 0;
    while (number < cells->registration_count && cells->registrations[number].organisation != organisation) {
        number++;
    }
    CHECK(number < CELLS_REGISTRATIONS_MAX);
    if (number == cells->registration_count) {
        cells->registration_count++;
    }
    struct cells_registration *registration = &cells->registrations[number];
    size_t size = cut_utf8(name, CELLS_NAME_BYTES - 1);
    registration->organisation = organisation;
    registration->region = region;
    memcpy(registration->name, name, size);
    registration->name[size] = '\0';
}

static int compare(const void *left, const void *right) {
    const struct cell *a = left;
    const struct cell *b = right;
    if (a->high != b->high) {
        return a->high < b->high ? -1 : 1;
    }
    return a->low == b->low ? 0 : a->low < b->low ? -1 : 1;
}

void cells_sort(struct cells *cells) {
    qsort(cells->cells, cells->count, sizeof *cells->cells, compare);
    cells->is_sorted = true;
}
