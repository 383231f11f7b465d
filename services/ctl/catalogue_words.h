#ifndef CTL_CATALOGUE_WORDS_H
#define CTL_CATALOGUE_WORDS_H

#include <stdbool.h>
#include <stdint.h>

#include "approvals/v1/commands.pb-c.h"

/* The words of the codes of GB/T 39046 in the cells of a catalogue. Pure. */
struct column_word {
    int value;
    const char *text;
};
struct column_words {
    const ProtobufCEnumDescriptor *names;
    const char *prefix;           /* of the names: "ITEM_TYPE_" */
    struct column_word words[24]; /* ended by a NULL text */
};

extern const struct column_words catalogue_type_words, catalogue_level_words, catalogue_client_words,
    catalogue_channel_words, catalogue_online_words, catalogue_unit_words;

/* At most nine digits and nothing else; leading zeros are allowed ("01"). */
bool catalogue_read_number(const char *text, uint32_t *number);
/* A value by its word, its name with or without prefix, or its number; not that of "unspecified". */
bool catalogue_read_word(const struct column_words *words, const char *text, int *value);

#endif
