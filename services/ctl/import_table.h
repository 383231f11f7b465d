#ifndef CTL_IMPORT_TABLE_H
#define CTL_IMPORT_TABLE_H

#include "base/arena.h"
#include "base/buffer.h"
#include "ctl/csv.h"
#include "ctl/table_columns.h"

/*
 * A spreadsheet in memory that is imported: its rows with what is wrong with each. What can be told from the cells
 * alone is found here ("F01".. of the document of each import).
 */
#define IMPORT_ROWS_MAX 200000
#define IMPORT_FINDINGS_MAX 100000                /* kept; beyond that counted, and the rows rejected all the same */
#define IMPORT_ROW_ARENA_BYTES ((size_t)64 << 20) /* what import_table_message takes for a row at most */

/* What is wrong with a cell or a row. Texts are static or live in the table. */
struct import_finding {
    uint32_t row;       /* as the spreadsheet numbers it, from 1 with the header */
    const char *column; /* title as the file has it; "" where it is the whole row */
    const char *field;  /* of the message; "" */
    const char *rule;   /* "F02", "C21", or the code of a refusal */
    const char *value;  /* of the cell; "" */
    const char *message, *message_zh;
};

enum row_fate { ROW_GOOD, ROW_REJECTED };

struct import_row {
    uint32_t number; /* in the spreadsheet */
    uint32_t version;
    int32_t day;
    enum row_fate fate;
    size_t first;        /* of its cells in table.cells; as many as there are columns */
    char *code;          /* what it is about; in the arena; "" where it has none */
    const char *problem; /* rule and sentence of its first finding; in the arena; NULL: none */
    /* What became of its commands (import_run). */
    uint8_t tries; /* ids of this step that were decided before, and refused */
    bool waits;    /* to be sent, or sent again */
    bool is_changed;
};

/* What the rows of a file are. */
struct import_table_kind {
    const struct column *columns;
    size_t row_bytes; /* of a row's message */
    void (*init)(void *message);
    size_t (*packed_size)(const void *message); /* of the command that it becomes */
    /* Fills what rows are compared by: code (borrowed of the message), version, day. */
    void (*order)(const void *message, struct import_row *row);
};

struct import_table {
    const struct import_table_kind *kind;
    struct buffer text; /* holds all cells */
    const char *charset;
    char separator;
    uint32_t column_count;
    char *titles[CSV_FIELDS_MAX];                 /* as the file has them */
    const struct column *columns[CSV_FIELDS_MAX]; /* NULL: not known, not imported */
    char **cells;
    size_t cell_count, cell_capacity;
    struct import_row *rows;
    size_t row_count, row_capacity;
    size_t *order; /* rows by code and version, once import_table_sort was called */
    struct import_finding *findings;
    size_t finding_count, finding_capacity;
    uint64_t found;             /* findings, also those that are not kept */
    bool is_broken;             /* a row could not be read as one: nothing is imported, it could not be handed back */
    const char *sentences[256]; /* each kept once, in the arena */
    size_t sentence_count;
    struct arena arena; /* of texts that the file does not hold: bounded by the bounds above */
};

/* Reads what is in table->text (bytes of a file, as they are); kind has to be set. USAGE: it is no such table at all,
 * said on stderr. A row that cannot be read is a finding. */
enum status import_table_read(struct import_table *table, const char *path);
void import_table_release(struct import_table *table);
/* The row's message, in arena. False: a cell cannot be read (findings are added when `adds`). */
bool import_table_message(struct import_table *table, const struct import_row *row, bool adds, struct arena *arena,
                          void **message);
/* Adds a finding about a field of a row, and rejects the row; texts are copied where they are not static. */
void import_table_find(struct import_table *table, struct import_row *row, const char *field, const char *rule,
                       const char *message, const char *message_zh);
/* The row's cell of a field as it stands in the file; "" where there is no such column. */
const char *import_table_cell(const struct import_table *table, const struct import_row *row, const char *field);
/* Fills table->order. */
void import_table_sort(struct import_table *table);
/* Findings by row, of a row by rule: for printing. */
void import_table_sort_findings(struct import_table *table);
/* The rejected rows as a file that can be imported again, with a column that says what is wrong. The count. */
size_t import_table_rejects(const struct import_table *table, struct buffer *out);
/* All findings as a table: row, column, rule, value, sentence in both languages. */
void import_table_report(const struct import_table *table, struct buffer *out);

#endif
