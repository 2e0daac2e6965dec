/* A file that replaces another one whole, or not at all.
 *
 * What is written goes to a temporary name in the same folder; commit syncs it and renames it over the
 * target, then syncs the folder. Whatever happens before that, a full disk or a kill, leaves the old file as
 * it was; after a kill the temporary file (".NAME.TAG" beside the target) stays behind. A file that exists
 * keeps its permissions, a new one has 0644 without the umask; a symbolic link stays and the file behind it
 * is replaced. A relative path is relative to the working folder of each call.
 *
 * A character device or a pipe (/dev/null, a fifo, the shell's `>(command)`) cannot be replaced: it is
 * written to as it is, and what was written before an error has arrived there.
 *
 *     struct mill_replacement out;
 *     int status = mill_replacement_open(&out, path, &error);
 *     if (status == 0)
 *         status = mill_replacement_write(&out, text, length, &error);
 *     if (status == 0)
 *         status = mill_replacement_commit(&out, &error);
 *     mill_replacement_close(&out);
 *
 * Opening early tells about an unwritable target before the measuring, not after it. One thread at a time.
 */
#ifndef MILL_CORE_FILE_H
#define MILL_CORE_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/error.h"

struct mill_replacement {
    int descriptor;
    int failed;  /* the first error of a write: a file that lacks a part is never committed */
    bool direct; /* a device or a pipe: nothing is renamed */
    char target[PATH_MAX];
    char temporary[PATH_MAX];
};

/* Creates the temporary file beside `path`, or opens a device or pipe (a fifo waits for its reader). 0 or a
 * negative errno with a message that names the path: -EISDIR for a folder, -EINVAL for what else can neither
 * be replaced nor written to as it comes (a block device, a socket), -EACCES for a file without write
 * permission.
 */
int mill_replacement_open(struct mill_replacement *out, const char *path, struct mill_error *error);

/* Appends. 0 or a negative errno (-ENOSPC: the disk is full, -EFBIG: over the process's limit). After an
 * error each further write and the commit fail with the same. */
int mill_replacement_write(struct mill_replacement *out, const void *data, size_t length,
                           struct mill_error *error);

/* Syncs and renames; of a device or pipe, only closes. After success there is nothing left to close. 0 or a
 * negative errno; the message tells
 * the one case where the target is replaced all the same: the folder could not be synced after the rename. */
int mill_replacement_commit(struct mill_replacement *out, struct mill_error *error);

/* Gives up what was not committed and removes the temporary file; harmless after a commit, after a failed
 * open and for a zero-initialised object. */
void mill_replacement_close(struct mill_replacement *out);

/* Makes folder `path` and those above it. 0 or a negative errno (-ENOTDIR: a part of it is a file); a folder
 * that exists is fine. Any thread may call it, as may other processes at the same time. */
int mill_make_folders(const char *path, struct mill_error *error);

/* The whole of a file as a string that the caller frees; `length` counts without the '\0' at its end, and a
 * file may hold others. Files over `limit` bytes are refused with -EFBIG. On errors *text and *length stay
 * what they were. */
int mill_read_file(const char *path, size_t limit, char **text, size_t *length, struct mill_error *error);

#endif
