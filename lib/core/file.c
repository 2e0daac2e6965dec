#include "core/file.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <unistd.h>

static int cannot(const char *what, const char *path, int status, struct mill_error *error)
{
    return mill_error_set(error, status, "cannot %s %s: %s", what, path, strerror(-status));
}

/* Where the name begins behind the last '/'. */
static size_t name_offset(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? (size_t)(slash - path) + 1 : 0;
}

/* The file that `path` means, behind symbolic links: the link stays and what it points to is replaced. */
static int resolve_target(struct mill_replacement *out, const char *path, struct mill_error *error)
{
    struct stat link;
    size_t length = strlen(path);
    if (length >= sizeof out->target) {
        return cannot("write", path, -ENAMETOOLONG, error);
    }
    if (lstat(path, &link) == 0 && S_ISLNK(link.st_mode)) {
        if (!realpath(path, out->target)) {
            int status = -errno;
            return mill_error_set(error, status,
                                  "cannot write %s: it is a symbolic link that leads nowhere: %s", path,
                                  strerror(-status));
        }
        return 0;
    }
    memcpy(out->target, path, length + 1);
    return 0;
}

/* What has no content to replace: it takes what is written as it comes. */
static bool is_direct(const char *path)
{
    struct stat target;
    return stat(path, &target) == 0 && (S_ISCHR(target.st_mode) || S_ISFIFO(target.st_mode));
}

static int open_direct(struct mill_replacement *out, const char *path, struct mill_error *error)
{
    size_t length = strlen(path);
    if (length >= sizeof out->target) {
        return cannot("write", path, -ENAMETOOLONG, error);
    }
    memcpy(out->target, path, length + 1);
    out->direct = true;
    do {
        out->descriptor = open(path, O_WRONLY | O_NOCTTY | O_CLOEXEC);
    } while (out->descriptor < 0 && errno == EINTR);
    return out->descriptor < 0 ? cannot("write", path, -errno, error) : 0;
}

/* Whether the target may be replaced; *mode becomes the permissions that it has, or those of a new file. */
static int check_target(const char *path, mode_t *mode, bool *exists, struct mill_error *error)
{
    struct stat target;
    size_t length = strlen(path);
    if (length == 0) {
        return mill_error_set(error, -EINVAL, "cannot write '': a file name is needed");
    }
    *exists = stat(path, &target) == 0;
    if (!*exists && errno != ENOENT) {
        return cannot("write", path, -errno, error);
    }
    if ((*exists && S_ISDIR(target.st_mode)) || path[length - 1] == '/') {
        return mill_error_set(error, -EISDIR,
                              "cannot write %s: it is a folder; give the name of a file in it", path);
    }
    if (*exists && !S_ISREG(target.st_mode)) {
        return mill_error_set(
            error, -EINVAL,
            "cannot write %s: it is not a regular file and cannot be replaced; give another name", path);
    }
    if (*exists && faccessat(AT_FDCWD, path, W_OK, AT_EACCESS) < 0) {
        return cannot("write", path, -errno, error);
    }
    *mode = *exists ? target.st_mode & 0777 : 0644;
    return 0;
}

/* open() rather than mkostemp(): it gives the process's umask and the folder's default access list their say,
 * which cannot be asked for without changing them for other threads. */
static int create_temporary(struct mill_replacement *out, mode_t mode)
{
    size_t folder = name_offset(out->target);
    for (int attempt = 0; attempt < 100; attempt++) {
        uint64_t tag;
        if (getrandom(&tag, sizeof tag, 0) != (ssize_t)sizeof tag) {
            return -EIO;
        }
        /* The name is cut so that the tag fits into NAME_MAX. */
        int length = snprintf(out->temporary, sizeof out->temporary, "%.*s.%.200s.%016" PRIx64, (int)folder,
                              out->target, out->target + folder, tag);
        if (length < 0 || (size_t)length >= sizeof out->temporary) {
            return -ENAMETOOLONG;
        }
        out->descriptor = open(out->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, mode);
        if (out->descriptor >= 0) {
            return 0;
        }
        if (errno != EEXIST) {
            return -errno;
        }
    }
    return -EEXIST;
}

int mill_replacement_open(struct mill_replacement *out, const char *path, struct mill_error *error)
{
    mode_t mode = 0;
    bool exists = false;
    out->descriptor = -1;
    out->failed = 0;
    out->direct = false;
    out->target[0] = '\0';
    out->temporary[0] = '\0';
    if (is_direct(path)) {
        return open_direct(out, path, error);
    }
    int status = check_target(path, &mode, &exists, error);
    if (status < 0) {
        return status;
    }
    status = resolve_target(out, path, error);
    if (status < 0) {
        return status;
    }
    status = create_temporary(out, mode);
    if (status < 0) {
        out->temporary[0] = '\0';
        return cannot("write", path, status, error);
    }
    if (exists && fchmod(out->descriptor, mode) < 0) { /* the old permissions whatever the umask */
        status = -errno;
        mill_replacement_close(out);
        return cannot("write", path, status, error);
    }
    return 0;
}

int mill_replacement_write(struct mill_replacement *out, const void *data, size_t length,
                           struct mill_error *error)
{
    const char *from = data;
    while (length > 0 && out->failed == 0) {
        ssize_t written = write(out->descriptor, from, length);
        if (written > 0) {
            from += written;
            length -= (size_t)written;
        } else if (written == 0) {
            out->failed = -EIO;
        } else if (errno != EINTR) {
            out->failed = -errno;
        }
    }
    return out->failed < 0 ? cannot("write", out->target, out->failed, error) : 0;
}

/* Makes the rename last. Folders that may not be read, and file systems that cannot sync one, are let be:
 * nothing more can be done there. */
static int sync_folder_of(const char *path)
{
    char folder[PATH_MAX] = ".";
    size_t length = name_offset(path);
    if (length > 0) {
        memcpy(folder, path, length);
        folder[length] = '\0';
    }
    int descriptor = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (descriptor < 0) {
        return errno == EACCES ? 0 : -errno;
    }
    int status = fsync(descriptor) < 0 && errno != EINVAL && errno != ENOTSUP ? -errno : 0;
    close(descriptor);
    return status;
}

int mill_replacement_commit(struct mill_replacement *out, struct mill_error *error)
{
    int status = out->failed;
    if (status == 0 && !out->direct && fsync(out->descriptor) < 0) {
        status = -errno;
    }
    if (status == 0) {
        int descriptor = out->descriptor;
        out->descriptor = -1; /* close() frees the number even where it fails */
        if (close(descriptor) < 0) {
            status = -errno;
        }
    }
    if (status == 0 && !out->direct && rename(out->temporary, out->target) < 0) {
        status = -errno;
    }
    if (status < 0) {
        out->failed = status;
        return cannot("write", out->target, status, error);
    }
    out->temporary[0] = '\0';
    status = out->direct ? 0 : sync_folder_of(out->target);
    if (status < 0) {
        return mill_error_set(error, status, "%s is written, but its folder cannot be synced to the disk: %s",
                              out->target, strerror(-status));
    }
    return 0;
}

void mill_replacement_close(struct mill_replacement *out)
{
    if (out->temporary[0] == '\0' && !out->direct) {
        return;
    }
    if (out->descriptor >= 0) {
        close(out->descriptor);
        out->descriptor = -1;
    }
    if (out->direct) {
        out->direct = false;
        return;
    }
    unlink(out->temporary);
    out->temporary[0] = '\0';
}

static int make_folder(const char *path, const char *whole, struct mill_error *error)
{
    struct stat there;
    if (mkdir(path, 0777) == 0) {
        return 0;
    }
    int status = -errno;
    if (stat(path, &there) == 0) {
        if (S_ISDIR(there.st_mode)) {
            return 0;
        }
        return mill_error_set(error, -ENOTDIR, "cannot make folder %s: %s is not a folder", whole, path);
    }
    return cannot("make folder", path, status, error);
}

int mill_make_folders(const char *path, struct mill_error *error)
{
    char part[PATH_MAX];
    size_t length = strlen(path);
    if (length == 0) {
        return mill_error_set(error, -EINVAL, "cannot make folder '': a name is needed");
    }
    if (length >= sizeof part) {
        return cannot("make folder", path, -ENAMETOOLONG, error);
    }
    memcpy(part, path, length + 1);
    for (size_t i = 1; i <= length; i++) {
        if ((part[i] != '/' && part[i] != '\0') || part[i - 1] == '/') {
            continue;
        }
        char kept = part[i];
        part[i] = '\0';
        int status = make_folder(part, path, error);
        if (status < 0) {
            return status;
        }
        part[i] = kept;
    }
    return 0;
}

/* Makes room for at least one byte more and for the string's end. */
static int grow(char **text, size_t *capacity, size_t limit)
{
    size_t larger = *capacity < SIZE_MAX / 2 ? *capacity * 2 : SIZE_MAX;
    if (limit < SIZE_MAX - 2 && larger > limit + 2) {
        larger = limit + 2; /* one byte over the limit tells that the file is */
    }
    char *grown = realloc(*text, larger);
    if (!grown) {
        return -ENOMEM;
    }
    *text = grown;
    *capacity = larger;
    return 0;
}

static int read_all(int descriptor, size_t limit, char **text, size_t *length)
{
    size_t capacity = 2048;
    *length = 0;
    *text = NULL;
    for (;;) {
        if (!*text || *length + 1 >= capacity) {
            int status = grow(text, &capacity, limit);
            if (status < 0) {
                return status;
            }
        }
        ssize_t got = read(descriptor, *text + *length, capacity - 1 - *length);
        if (got < 0 && errno == EINTR) {
            continue;
        }
        if (got < 0) {
            return -errno;
        }
        *length += (size_t)got;
        if (*length > limit) {
            return -EFBIG;
        }
        if (got == 0) {
            (*text)[*length] = '\0';
            return 0;
        }
    }
}

int mill_read_file(const char *path, size_t limit, char **text, size_t *length, struct mill_error *error)
{
    char *content = NULL;
    size_t count = 0;
    int status = 0;
    int descriptor = open(path, O_RDONLY | O_CLOEXEC);
    if (descriptor < 0) {
        return cannot("read", path, -errno, error);
    }
    status = read_all(descriptor, limit, &content, &count);
    if (status == -EFBIG) {
        mill_error_set(error, status, "cannot read %s: it has more than %zu bytes", path, limit);
        goto out;
    }
    if (status < 0) {
        cannot("read", path, status, error);
        goto out;
    }
    *text = content;
    *length = count;
    content = NULL;
out:
    free(content);
    close(descriptor);
    return status;
}
