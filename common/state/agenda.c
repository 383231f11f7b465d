#include "state/agenda.h"

#include <stdio.h>

#include "base/check.h"
#include "base/hash.h"
#include "state/mapping.h"

/* Row of slots that holds the list of the empty ones. */
#define FREE_SLOTS 1u

static uint64_t slot_hash(const void *row) {
    return hash_mix64(((const struct agenda_slot *)row)->minute);
}

static bool slot_equal(const void *row, const void *key) {
    return ((const struct agenda_slot *)row)->minute == *(const uint32_t *)key;
}

void agenda_init(struct agenda *agenda, const char *name, uint32_t rows_max, struct state *state) {
    static const char *const parts[] = {"agenda", "agenda_slots", "agenda_heap", "agenda_slot_by_minute"};
    CHECK(rows_max < UINT32_MAX - 1);
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        const int length = snprintf(agenda->names[i], sizeof agenda->names[i], "%.8s_%s", name, parts[i]);
        CHECK(length > 0 && (size_t)length < sizeof agenda->names[i]);
    }
    table_init(&agenda->entries, agenda->names[0], sizeof(struct agenda_entry), rows_max);
    table_init(&agenda->slots, agenda->names[1], sizeof(struct agenda_slot),
               rows_max + 1); /* and the list of empty ones */
    table_init(&agenda->heap, agenda->names[2], sizeof(uint32_t), rows_max);
    index_init(&agenda->slot_by_minute, agenda->names[3], &agenda->slots, slot_hash, slot_equal);
    state_register_table(state, &agenda->entries);
    state_register_table(state, &agenda->slots);
    state_register_table(state, &agenda->heap);
    state_register_index(state, &agenda->slot_by_minute);
}

static struct agenda_entry *entry_at(const struct agenda *agenda, uint32_t row) {
    return table_row(&agenda->entries, row);
}

static struct agenda_slot *slot_at(const struct agenda *agenda, uint32_t slot) {
    return table_row(&agenda->slots, slot);
}

/* --- the heap of minutes --- */

static uint32_t heap_at(const struct agenda *agenda, uint32_t place) {
    return *(const uint32_t *)table_row(&agenda->heap, place);
}

static uint32_t heap_minute(const struct agenda *agenda, uint32_t place) {
    return slot_at(agenda, heap_at(agenda, place))->minute;
}

static void heap_put(struct agenda *agenda, uint32_t place, uint32_t slot) {
    *(uint32_t *)table_row(&agenda->heap, place) = slot;
    slot_at(agenda, slot)->heap = place;
}

/* Finds the place of a slot, from a free place upwards. */
static void heap_rise(struct agenda *agenda, uint32_t place, uint32_t slot) {
    const uint32_t minute = slot_at(agenda, slot)->minute;
    while (place > 1 && heap_minute(agenda, place / 2) > minute) {
        heap_put(agenda, place, heap_at(agenda, place / 2));
        place /= 2;
    }
    heap_put(agenda, place, slot);
}

static void heap_sink(struct agenda *agenda, uint32_t place, uint32_t slot) {
    const uint32_t minute = slot_at(agenda, slot)->minute;
    const uint32_t count = agenda->heap.count;
    for (uint64_t child = (uint64_t)place * 2; child <= count; child = (uint64_t)place * 2) {
        uint32_t least = (uint32_t)child;
        if (least < count && heap_minute(agenda, least + 1) < heap_minute(agenda, least)) {
            least++;
        }
        if (heap_minute(agenda, least) >= minute) {
            break;
        }
        heap_put(agenda, place, heap_at(agenda, least));
        place = least;
    }
    heap_put(agenda, place, slot);
}

static void heap_remove(struct agenda *agenda, uint32_t slot) {
    const uint32_t place = slot_at(agenda, slot)->heap;
    const uint32_t last = heap_at(agenda, agenda->heap.count);
    table_resize(&agenda->heap, agenda->heap.count - 1);
    slot_at(agenda, slot)->heap = 0;
    if (last == slot) {
        return;
    }
    if (place > 1 && heap_minute(agenda, place / 2) > slot_at(agenda, last)->minute) {
        heap_rise(agenda, place, last);
    } else {
        heap_sink(agenda, place, last);
    }
}

/* --- minutes --- */

/* An empty one of before, or a new one. */
static uint32_t slot_take(struct agenda *agenda) {
    uint32_t slot = 0;
    if (agenda->slots.count == 0) {
        (void)table_add(&agenda->slots, NULL); /* FREE_SLOTS */
    }
    slot = slot_at(agenda, FREE_SLOTS)->free;
    if (slot == 0) {
        (void)table_add(&agenda->slots, &slot);
    } else {
        slot_at(agenda, FREE_SLOTS)->free = slot_at(agenda, slot)->free;
    }
    return slot;
}

static uint32_t slot_of(struct agenda *agenda, uint32_t minute) {
    uint32_t slot = index_find(&agenda->slot_by_minute, hash_mix64(minute), &minute);
    if (slot == 0) {
        slot = slot_take(agenda);
        *slot_at(agenda, slot) = (struct agenda_slot){.minute = minute};
        index_add(&agenda->slot_by_minute, slot);
        (void)table_add(&agenda->heap, NULL);
        heap_rise(agenda, agenda->heap.count, slot);
    }
    return slot;
}

static void slot_give(struct agenda *agenda, uint32_t slot) {
    heap_remove(agenda, slot);
    index_remove(&agenda->slot_by_minute, slot);
    *slot_at(agenda, slot) = (struct agenda_slot){.free = slot_at(agenda, FREE_SLOTS)->free};
    slot_at(agenda, FREE_SLOTS)->free = slot;
}

/* --- rows --- */

static void take_out(struct agenda *agenda, uint32_t row) {
    const struct agenda_entry entry = *entry_at(agenda, row);
    *entry_at(agenda, row) = (struct agenda_entry){0};
    if (entry.next != 0) {
        entry_at(agenda, entry.next)->previous = entry.previous;
    }
    if (entry.previous != 0) {
        entry_at(agenda, entry.previous)->next = entry.next;
        return;
    }
    slot_at(agenda, entry.slot)->first = entry.next;
    if (entry.next == 0) {
        slot_give(agenda, entry.slot);
    }
}

static void put_in(struct agenda *agenda, uint32_t row, uint32_t minute) {
    const uint32_t slot = slot_of(agenda, minute);
    const uint32_t first = slot_at(agenda, slot)->first;
    *entry_at(agenda, row) = (struct agenda_entry){.slot = slot, .next = first};
    if (first != 0) {
        entry_at(agenda, first)->previous = row;
    }
    slot_at(agenda, slot)->first = row;
}

void agenda_set(struct agenda *agenda, uint32_t row, uint32_t minute) {
    CHECK(row > 0 && row <= agenda->entries.rows_max);
    if (agenda_minute(agenda, row) == minute) {
        return;
    }
    if (row > agenda->entries.count) {
        table_resize(&agenda->entries, row); /* grows only: the rows between are zeros */
    }
    if (entry_at(agenda, row)->slot != 0) {
        take_out(agenda, row);
    }
    if (minute != 0) {
        put_in(agenda, row, minute);
    }
}

uint32_t agenda_minute(const struct agenda *agenda, uint32_t row) {
    return row > agenda->entries.count ? 0 : slot_at(agenda, entry_at(agenda, row)->slot)->minute;
}

/* --- what is due --- */

/* Places of the heap that may come next: the children of those taken already. */
struct edge {
    uint32_t places[AGENDA_DUE_ROWS_MAX + 1];
    uint32_t count;
};

static void edge_add(const struct agenda *agenda, struct edge *edge, uint64_t place, uint32_t minute) {
    if (place <= agenda->heap.count && heap_minute(agenda, (uint32_t)place) <= minute) {
        edge->places[edge->count++] = (uint32_t)place;
    }
}

/* The one of the earliest minute. */
static uint32_t edge_take(const struct agenda *agenda, struct edge *edge) {
    uint32_t least = 0;
    for (uint32_t i = 1; i < edge->count; i++) {
        if (heap_minute(agenda, edge->places[i]) < heap_minute(agenda, edge->places[least])) {
            least = i;
        }
    }
    const uint32_t place = edge->places[least];
    edge->places[least] = edge->places[--edge->count];
    return place;
}

uint32_t agenda_due_rows(const struct agenda *agenda, uint32_t minute, uint32_t *rows, uint32_t max) {
    const uint32_t most = max < AGENDA_DUE_ROWS_MAX ? max : AGENDA_DUE_ROWS_MAX;
    struct edge edge = {.count = 0};
    uint32_t count = 0;
    edge_add(agenda, &edge, 1, minute);
    while (edge.count > 0 && count < most) { /* each place gives a row at least, so the edge holds */
        const uint32_t place = edge_take(agenda, &edge);
        uint32_t row = slot_at(agenda, heap_at(agenda, place))->first;
        for (; row != 0 && count < most; row = entry_at(agenda, row)->next) {
            rows[count++] = row;
        }
        edge_add(agenda, &edge, (uint64_t)place * 2, minute);
        edge_add(agenda, &edge, (uint64_t)place * 2 + 1, minute);
    }
    return count;
}
