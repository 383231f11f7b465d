#ifndef BASE_FILE_H
#define BASE_FILE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "base/status.h"

/* Reads a whole file of at most max_bytes into out (appended). NOT_FOUND, DENIED, MEMORY (too large) or IO. */
enum status file_read(const char *path, size_t max_bytes, struct buffer *out);
/* Writes a new file so that a reader sees the old or the whole new one: temporary name, fsync, rename, fsync of the
 * folder. mode as for open(2). */
enum status file_write_atomic(const char *path, const void *data, size_t size, mode_t mode);
/* The same, but EXISTS when path is there already, which is left as it is. */
enum status file_write_new(const char *path, const void *data, size_t size, mode_t mode);
/* mkdir -p; mode is for the folders it makes. */
enum status file_make_folder(const char *path, mode_t mode);

#endif
