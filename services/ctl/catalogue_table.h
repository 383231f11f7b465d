#ifndef CTL_CATALOGUE_TABLE_H
#define CTL_CATALOGUE_TABLE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "ctl/catalogue_columns.h"
#include "ctl/csv.h"

/*
 * A catalogue file in memory: its rows with what is wrong with each. What can be told from the file alone is found here
 * ("F01".. in docs/catalogue.md), the rest the registry finds ("C01"..).
 */
#define CATALOGUE_ROWS_MAX 200000
#define CATALOGUE_FINDINGS_MAX 100000                /* kept; beyond that counted, and the rows rejected all the same */
#define CATALOGUE_ROW_ARENA_BYTES ((size_t)64 << 20) /* what catalogue_table_item takes for a row at most */

/* What is wrong with a cell or a row. Texts are static or live in the table. */
struct catalogue_finding {
    uint32_t row;       /* as the spreadsheet numbers it, from 1 with the header */
    const char *column; /* title as the file has it; "" where it is the whole row */
    const char *field;  /* of PublishItem; "" */
    const char *rule;   /* "F02", "C21", or the code of a refusal */
    const char *value;  /* of the cell; "" */
    const char *message, *message_zh;
};

enum row_fate { ROW_GOOD, ROW_REJECTED };

struct catalogue_row {
    uint32_t number; /* in the spreadsheet */
    uint32_t version;
    int32_t day;
    enum row_fate fate;
    size_t first;        /* of its cells in table.cells; as many as there are columns */
    char *code;          /* in the arena; "" where it has none */
    const char *problem; /* rule and sentence of its first finding; in the arena; NULL: none */
};

struct catalogue_table {
    struct buffer text; /* holds all cells */
    const char *charset;
    char separator;
    uint32_t column_count;
    char *titles[CSV_FIELDS_MAX];                 /* as the file has them */
    const struct column *columns[CSV_FIELDS_MAX]; /* NULL: not known, not imported */
    char **cells;
    size_t cell_count, cell_capacity;
    struct catalogue_row *rows;
    size_t row_count, row_capacity;
    size_t *order; /* rows by code and version: as they have to be published */
    struct catalogue_finding *findings;
    size_t finding_count, finding_capacity;
    uint64_t found;             /* findings, also those that are not kept */
    bool is_broken;             /* a row could not be read as one: nothing is imported, it could not be handed back */
    const char *sentences[256]; /* each kept once, in the arena */
    size_t sentence_count;
    struct arena arena; /* of texts that the file does not hold: bounded by the bounds above */
};

/* Reads what is in table->text (bytes of a file, as they are). USAGE: it is no such table at all, said on stderr. A row
 * that cannot be read is a finding. historical: for all rows. */
enum status catalogue_table_read(struct catalogue_table *table, const char *path);
void catalogue_table_release(struct catalogue_table *table);
/* The row as an item, in arena. False: a cell cannot be read (findings are added when `adds`). */
bool catalogue_table_item(struct catalogue_table *table, const struct catalogue_row *row, bool adds,
                          struct arena *arena, Approvals__V1__PublishItem **item);
/* Adds a finding about a field of a row, and rejects the row; texts are copied where they are not static. */
void catalogue_table_find(struct catalogue_table *table, struct catalogue_row *row, const char *field, const char *rule,
                          const char *message, const char *message_zh);
/* What the file alone shows about several rows: the same version twice, days out of order, another agency. */
void catalogue_table_compare(struct catalogue_table *table);
/* A version cannot be published once a later one is: those behind a rejected one are held back too. */
void catalogue_table_hold_back(struct catalogue_table *table);
/* Findings by row, of a row by rule: for printing. */
void catalogue_table_sort_findings(struct catalogue_table *table);
/* The rejected rows as a file that can be imported again, with a column that says what is wrong. The count. */
size_t catalogue_table_rejects(const struct catalogue_table *table, struct buffer *out);

#endif
