#include "hunt_input.h"

#include <errno.h>
#include <poll.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

/* A pipe that nobody writes to, nor closes, is no input: many a script leaves its own there. */
#define FIRST_MS 500
#define NEXT_MS  10000

static int write_all(int file, const char *bytes, size_t size)
{
    while (size > 0) {
        ssize_t written = write(file, bytes, size);
        if (written < 0 && errno != EINTR) {
            return -errno;
        }
        size_t done = written > 0 ? (size_t)written : 0;
        bytes += done;
        size -= done;
    }
    return 0;
}

static bool is_silent(int milliseconds)
{
    struct pollfd input = {.fd = STDIN_FILENO, .events = POLLIN};
    return poll(&input, 1, milliseconds) == 0;
}

static int copy(int file)
{
    char bytes[65536];
    for (;;) {
        if (is_silent(NEXT_MS)) {
            return -ETIMEDOUT;
        }
        ssize_t size = read(STDIN_FILENO, bytes, sizeof bytes);
        if (size < 0 && errno != EINTR) {
            return -errno;
        }
        int status = size > 0 ? write_all(file, bytes, (size_t)size) : 0;
        if (size == 0 || status < 0) {
            return status;
        }
    }
}

int mill_hunt_input(struct mill_error *error)
{
    struct stat about;
    if (fstat(STDIN_FILENO, &about) < 0 || S_ISCHR(about.st_mode) || S_ISDIR(about.st_mode)) {
        return -1;
    }
    if (is_silent(FIRST_MS)) {
        fputs("threadmill: nothing comes on standard input: the program's is empty\n", stderr);
        return -1;
    }
    int file = memfd_create("threadmill-input", MFD_CLOEXEC);
    int status = file < 0 ? -errno : copy(file);
    if (status == 0) {
        return file;
    }
    if (file >= 0) {
        close(file);
    }
    return mill_error_set(error, status == -EPERM ? -EIO : status,
                          "standard input cannot be kept for the program: %s", strerror(-status));
}
