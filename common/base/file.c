#include "base/file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/id.h"

static enum status status_of_errno(void) {
    switch (errno) {
    case ENOENT:
    case ENOTDIR:
        return STATUS_NOT_FOUND;
    case EACCES:
    case EPERM:
    case EROFS:
        return STATUS_DENIED;
    case EEXIST:
        return STATUS_EXISTS;
    case ENOMEM:
        return STATUS_MEMORY;
    default:
        return STATUS_IO;
    }
}

static enum status read_all(int descriptor, size_t max_bytes, struct buffer *out) {
    size_t left = max_bytes;
    for (;;) {
        /* One byte more than allowed, to see whether there is more. */
        size_t want = left < 65536 ? left + 1 : 65536;
        ssize_t got = read(descriptor, buffer_reserve(out, want), want);
        if (got == 0) {
            return STATUS_OK;
        }
        if (got < 0) {
            if (errno == EINTR) {
                continue;
            }
            return status_of_errno();
        }
        if ((size_t)got > left) {
            return STATUS_MEMORY;
        }
        out->size += (size_t)got;
        left -= (size_t)got;
    }
}

enum status file_read(const char *path, size_t max_bytes, struct buffer *out) {
    int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NOCTTY);
    if (descriptor < 0) {
        return status_of_errno();
    }
    size_t before = out->size;
    enum status status = read_all(descriptor, max_bytes, out);
    if (status != STATUS_OK) {
        out->size = before;
    }
    close(descriptor);
    return status;
}

/* --- Write -----------------------------------------------------------------------------------------------------------
 */

static enum status write_all(int descriptor, const void *data, size_t size) {
    const char *at = data;
    while (size > 0) {
        ssize_t written = write(descriptor, at, size);
        if (written < 0 && errno != EINTR) {
            return status_of_errno();
        }
        if (written > 0) {
            at += written;
            size -= (size_t)written;
        }
    }
    return STATUS_OK;
}

static enum status write_synced(const char *path, const void *data, size_t size, mode_t mode) {
    int descriptor = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
    if (descriptor < 0) {
        return status_of_errno();
    }
    enum status status = write_all(descriptor, data, size);
    if (status == STATUS_OK && fsync(descriptor) != 0) {
        status = status_of_errno();
    }
    if (close(descriptor) != 0 && status == STATUS_OK) {
        status = status_of_errno();
    }
    if (status != STATUS_OK) {
        unlink(path);
    }
    return status;
}

/* The new name is durable only when the folder is. */
static enum status sync_folder_of(const char *path) {
    char *folder = strdup(path);
    if (folder == NULL) {
        return STATUS_MEMORY;
    }
    char *slash = strrchr(folder, '/');
    if (slash != NULL) {
        slash[slash == folder] = 0; /* "/x" lies in "/" */
    }
    int descriptor = open(slash == NULL ? "." : folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    free(folder);
    if (descriptor < 0) {
        return status_of_errno();
    }
    enum status status = fsync(descriptor) == 0 ? STATUS_OK : status_of_errno();
    close(descriptor);
    return status;
}

static enum status put_in_place(const char *temporary, const char *path, bool replace) {
    if (replace) {
        return rename(temporary, path) == 0 ? STATUS_OK : status_of_errno();
    }
    if (renameat2(AT_FDCWD, temporary, AT_FDCWD, path, RENAME_NOREPLACE) == 0) {
        return STATUS_OK;
    }
    if (errno != EINVAL && errno != ENOSYS) {
        return status_of_errno();
    }
    /* A file system that cannot do it in one step. */
    if (link(temporary, path) != 0) {
        return status_of_errno();
    }
    unlink(temporary);
    return STATUS_OK;
}

static enum status write_file(const char *path, const void *data, size_t size, mode_t mode, bool replace) {
    struct buffer name = {0};
    struct id unique = id_random();
    char unique_text[ID_TEXT_BYTES];
    id_format(&unique, unique_text);
    buffer_printf(&name, "%s.new-%.8s", path, unique_text);
    const char *temporary = buffer_text(&name);
    enum status status = write_synced(temporary, data, size, mode);
    if (status == STATUS_OK) {
        status = put_in_place(temporary, path, replace);
        if (status == STATUS_OK) {
            status = sync_folder_of(path);
        } else {
            unlink(temporary);
        }
    }
    buffer_release(&name);
    return status;
}

enum status file_write_atomic(const char *path, const void *data, size_t size, mode_t mode) {
    return write_file(path, data, size, mode, true);
}

enum status file_write_new(const char *path, const void *data, size_t size, mode_t mode) {
    return write_file(path, data, size, mode, false);
}

/* --- Folders ---------------------------------------------------------------------------------------------------------
 */

static enum status make_one_folder(const char *path, mode_t mode) {
    if (mkdir(path, mode) == 0) {
        return STATUS_OK;
    }
    struct stat found;
    int problem = errno;
    if (problem == EEXIST && stat(path, &found) == 0 && S_ISDIR(found.st_mode)) {
        return STATUS_OK;
    }
    errno = problem;
    return status_of_errno();
}

enum status file_make_folder(const char *path, mode_t mode) {
    char *part = strdup(path);
    if (part == NULL) {
        return STATUS_MEMORY;
    }
    enum status status = STATUS_OK;
    for (char *slash = part + 1; *part != 0 && status == STATUS_OK; slash++) {
        slash = strchr(slash, '/');
        if (slash == NULL) {
            status = make_one_folder(part, mode);
            break;
        }
        *slash = 0;
        status = make_one_folder(part, mode);
        *slash = '/';
    }
    free(part);
    return status;
}
