#include <sys/mman.h>

#include "base/check.h"
#include "state/mapping.h"

#define MAPPING_BYTES_MIN ((size_t)64 * 1024)
/* From here on the system is asked for large pages: far fewer faults while it grows, far fewer misses of the TLB at
 * each look-up. What a large page may waste is little against this. */
#define MAPPING_BYTES_LARGE ((size_t)16 * 1024 * 1024)

void *mapping_grow(void *old, size_t *mapped_bytes, size_t needed_bytes) {
    size_t bytes = *mapped_bytes > 0 ? *mapped_bytes : MAPPING_BYTES_MIN;
    while (bytes < needed_bytes) {
        bytes *= 2;
    }
    void *mapping = old == NULL
                        ? mmap(NULL, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0)
                        : mremap(old, *mapped_bytes, bytes, MREMAP_MAYMOVE);
    CHECK(mapping != MAP_FAILED);
    if (bytes >= MAPPING_BYTES_LARGE) {
        (void)madvise(mapping, bytes, MADV_HUGEPAGE); /* where there are none, small ones serve */
    }
    *mapped_bytes = bytes;
    return mapping;
}

void mapping_clear(void *mapping, size_t mapped_bytes) {
    /* Private anonymous pages read as zeros after this. */
    CHECK(mapping == NULL || madvise(mapping, mapped_bytes, MADV_DONTNEED) == 0);
}

void mapping_release(void *mapping, size_t mapped_bytes) {
    CHECK(mapping == NULL || munmap(mapping, mapped_bytes) == 0);
}

void table_init(struct table *table, const char *name, uint32_t row_bytes, uint32_t rows_max) {
    CHECK(row_bytes > 0 && rows_max < UINT32_MAX);
    *table = (struct table){.name = name, .row_bytes = row_bytes, .rows_max = rows_max};
    table->rows = mapping_grow(NULL, &table->mapped_bytes, row_bytes);
}

void table_release(struct table *table) {
    mapping_release(table->rows, table->mapped_bytes);
    table->rows = NULL;
    table->mapped_bytes = 0;
    table->count = 0;
}

void table_resize(struct table *table, uint32_t count) {
    CHECK(count <= table->rows_max);
    const size_t needed = ((size_t)count + 1) * table->row_bytes;
    if (needed > table->mapped_bytes) {
        table->rows = mapping_grow(table->rows, &table->mapped_bytes, needed);
    }
    table->count = count;
}

void *table_add(struct table *table, uint32_t *number) {
    CHECK(!table_is_full(table));
    table_resize(table, table->count + 1);
    if (number != NULL) {
        *number = table->count;
    }
    return table_row(table, table->count);
}

void table_clear(struct table *table) {
    mapping_clear(table->rows, table->mapped_bytes);
    table->count = 0;
}
