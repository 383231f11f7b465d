#ifndef CTL_CATALOGUE_WORDS_H
#define CTL_CATALOGUE_WORDS_H

#include "approvals/v1/commands.pb-c.h"
#include "ctl/table_columns.h"

/* The words of the codes of GB/T 39046 in the cells of a catalogue. Pure. */
extern const struct column_words catalogue_type_words, catalogue_level_words, catalogue_client_words,
    catalogue_channel_words, catalogue_online_words, catalogue_unit_words;

#endif
