#ifndef CTL_CATALOGUE_COLUMNS_H
#define CTL_CATALOGUE_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "approvals/v1/commands.pb-c.h"
#include "base/arena.h"

/*
 * The columns of a catalogue as a table: which cell is which field of approvals.v1.PublishItem, and how its text is
 * read. A column goes by its English field name or by a Chinese title; docs/catalogue.md lists them. Pure.
 */
#define CATALOGUE_COLUMNS_MAX 40

enum column_kind {
    COLUMN_TEXT,
    COLUMN_NUMBER,  /* digits */
    COLUMN_DAY,     /* 2020-01-31, 2020/1/31, 2020.1.31, 20200131, 2020年1月31日 */
    COLUMN_YES,     /* 是/否, yes/no, true/false, 1/0; empty: no */
    COLUMN_WORD,    /* one value of an enum: its number, a Chinese word, or its name */
    COLUMN_WORDS,   /* several, separated by ; , 、 or | */
    COLUMN_TEXTS,   /* several texts, likewise */
    COLUMN_AMOUNT,  /* of a limit: "5", or with its unit "5个工作日" */
    COLUMN_UNIT,    /* of the limit of the column before */
    COLUMN_IGNORED, /* what a rejects file says of its rows */
};

struct column {
    const char *field;     /* as findings name it: "fee.basis" */
    const char *titles[3]; /* Chinese; the first is that of the template; NULLs behind */
    enum column_kind kind;
    size_t offset;  /* of the value in its message; of lists of the pointer, the count lies in front of it */
    bool is_of_fee; /* the message is PublishItem.fee, else PublishItem */
    bool is_needed; /* a file without this column is not imported */
    const struct column_words *words;
};

extern const struct column catalogue_columns[]; /* ended by a NULL field */

/* The column with this name or title, blanks around it left out; NULL: none. */
const struct column *catalogue_column_find(const char *name);

/* Why a cell cannot be read. */
enum cell_verdict {
    CELL_GOOD,
    CELL_NO_NUMBER,
    CELL_NO_DAY,
    CELL_NO_YES,
    CELL_NO_WORD, /* not in the list of this column */
    CELL_NO_UNIT,
    CELL_SCIENTIFIC, /* a code that a spreadsheet turned into a number */
};

/* Puts the cell into the item, whose parts are taken from arena. cell: NUL-terminated UTF-8, not NULL; an empty one is
 * as if the column were not there. */
enum cell_verdict catalogue_read_cell(const struct column *column, const char *cell, struct arena *arena,
                                      Approvals__V1__PublishItem *item);
/* English and Chinese; NULL for CELL_GOOD. */
const char *cell_verdict_text(enum cell_verdict verdict);
const char *cell_verdict_text_zh(enum cell_verdict verdict);
/* A copy without blanks around it (also wide ones), in arena. */
char *catalogue_trim(const char *cell, struct arena *arena);

#endif
