#ifndef CTL_TABLE_FILE_H
#define CTL_TABLE_FILE_H

#include "base/status.h"

/* Reads a table of one line a row, at most 2 MiB: empty lines and those that begin with # are passed over, every other is given to
 * take without its end, to be cut as it likes. take returns NULL, or what is wrong with the line: said on stderr with file and line, and
 * MALFORMED. NOT_FOUND, DENIED ...: likewise said. */
enum status table_file_read(const char *path, const char *(*take)(char *line, void *user), void *user);

#endif
