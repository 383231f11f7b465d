#ifndef CTL_TABLE_COLUMNS_H
#define CTL_TABLE_COLUMNS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <protobuf-c/protobuf-c.h>

#include "base/arena.h"

/*
 * The columns of a spreadsheet that is imported, as a table of rows: which cell is which field of a message, and how
 * its text is read. A column goes by its English name or by a Chinese title. Pure.
 */
#define TABLE_COLUMNS_MAX 40

enum column_kind {
    COLUMN_TEXT,
    COLUMN_CODE,      /* a text that a spreadsheet must not have made a number of */
    COLUMN_NUMBER,    /* digits */
    COLUMN_DAY,       /* 2020-01-31, 2020/1/31, 2020.1.31, 20200131, 2020年1月31日 */
    COLUMN_YES,       /* 是/否, yes/no, true/false, 1/0; empty: no */
    COLUMN_WORD,      /* one value of an enum: its number, a Chinese word, or its name */
    COLUMN_WORDS,     /* several, separated by ; , 、 or | */
    COLUMN_TEXTS,     /* several texts, likewise */
    COLUMN_SENTENCES, /* several texts, separated by ; or a line break alone */
    COLUMN_OWN,       /* read by a function of the column's own */
    COLUMN_IGNORED,   /* what a rejects file says of its rows */
};

struct column_word {
    int value;
    const char *text;
};
struct column_words {
    const ProtobufCEnumDescriptor *names;
    const char *prefix;           /* of the names: "ITEM_TYPE_" */
    struct column_word words[24]; /* ended by a NULL text */
};

/* A message that the row's message points at; made when a cell of it is not empty. */
struct column_part {
    size_t offset; /* of the pointer */
    const ProtobufCMessageDescriptor *descriptor;
};

/* Why a cell cannot be read. */
enum cell_verdict {
    CELL_GOOD,
    CELL_NO_NUMBER,
    CELL_NO_DAY,
    CELL_NO_YES,
    CELL_NO_WORD, /* not in the list of this column */
    CELL_NO_UNIT,
    CELL_SCIENTIFIC, /* a code that a spreadsheet turned into a number */
    CELL_NO_REGION,
    CELL_NO_INDICATOR,
    CELL_NO_MILESTONE,
};

struct column;
/* text: without blanks around it, not empty, in arena; it may be changed. message: that of the column's part. */
typedef enum cell_verdict column_read(const struct column *column, char *text, struct arena *arena, void *message);

struct column {
    const char *field;     /* its English name, as findings name it: "fee.basis" */
    const char *titles[3]; /* Chinese; the first is that of the template; NULLs behind */
    enum column_kind kind;
    size_t offset; /* of the value in its message; of lists of the pointer, the count lies in front of it */
    const struct column_part *part; /* NULL: the value lies in the row's message itself */
    bool is_needed;                 /* a file without this column is not imported */
    const struct column_words *words;
    column_read *read; /* of COLUMN_OWN */
    const char *path;  /* what a refusal calls it, where that is another name; NULL */
};

/* The column with this name or title, blanks around it left out; NULL: none. columns end with a NULL field. */
const struct column *column_find(const struct column *columns, const char *name);
/* Whether a refusal's field ("registration.title", "indicators[2].code") is of this column. */
bool column_is_field(const struct column *column, const char *field);

/* Puts the cell into the row's message, whose parts are taken from arena. cell: NUL-terminated UTF-8, not NULL; an
 * empty one is as if the column were not there. */
enum cell_verdict column_read_cell(const struct column *column, const char *cell, struct arena *arena, void *message);
/* English and Chinese; NULL for CELL_GOOD. */
const char *cell_verdict_text(enum cell_verdict verdict);
const char *cell_verdict_text_zh(enum cell_verdict verdict);

/* --- for readers of columns of their own ---
 */
/* A copy without blanks around it (also wide ones), in arena. */
char *column_trim(const char *cell, struct arena *arena);
/* The next part of a list, without blanks around it, not an empty one, in arena; NULL: no more. separators: texts, NULL
 * behind the last. */
char *column_next_part(const char **at, const char *const *separators, struct arena *arena);
/* At least as many as there are parts. */
size_t column_parts_max(const char *text, const char *const *separators);
/* ; and line breaks. */
extern const char *const column_line_separators[];
/* A repeated field is its count and its pointer, one behind the other. */
void column_set_list(void *message, size_t offset, size_t count, void *list);
/* At most nine digits and nothing else; leading zeros are allowed ("01"). */
bool column_read_number(const char *text, uint32_t *number);
/* As COLUMN_DAY says. */
bool column_read_day(const char *text, uint32_t *day);
/* A value by its word, its name with or without prefix, or its number; not that of "unspecified". */
bool column_read_word(const struct column_words *words, const char *text, int *value);

#endif
