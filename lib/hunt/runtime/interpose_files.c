/* Reading and writing of files: of the buffer that goes or comes. What is written to a descriptor is before
 * what is read from one later, so that a pipe orders; which descriptors belong together nobody asks.
 */
#include <stdio.h>
#include <sys/socket.h>
#include <unistd.h>

#include "hunt/runtime/accesses.h"
#include "hunt/runtime/interpose.h"

#define WRAP(type, name, parameters) \
    type __wrap_##name parameters;   \
    type __wrap_##name parameters

/* What writers of descriptors release, and readers acquire. */
static const char descriptors;

/* ---- stdio ---- */

WRAP(int, puts, (const char *text))
{
    if (mill_accesses_seen()) {
        mill_reads_text(text, SIZE_MAX, MILL_CALLER);
    }
    MILL_JUMP puts(text);
}

WRAP(int, fputs, (const char *restrict text, FILE *restrict file))
{
    if (mill_accesses_seen()) {
        mill_reads_text(text, SIZE_MAX, MILL_CALLER);
    }
    MILL_JUMP fputs(text, file);
}

/* SIZE_MAX: more than there is memory. */
static size_t product(size_t size, size_t count)
{
    size_t bytes;
    return __builtin_mul_overflow(size, count, &bytes) ? SIZE_MAX : bytes;
}

WRAP(size_t, fwrite, (const void *restrict from, size_t size, size_t count, FILE *restrict file))
{
    if (mill_accesses_seen()) {
        mill_reads(from, product(size, count), MILL_CALLER);
    }
    MILL_JUMP fwrite(from, size, count, file);
}

WRAP(size_t, fread, (void *restrict to, size_t size, size_t count, FILE *restrict file))
{
    if (!mill_accesses_seen() || product(size, count) == 0) {
        MILL_JUMP fread(to, size, count, file);
    }
    const struct mill_step step = mill_will_write(to, product(size, count), MILL_CALLER);
    if (mill_accesses_checked_elsewhere()) {
        MILL_JUMP fread(to, size, count, file);
    }
    size_t got = fread(to, size, count, file);
    mill_has_written(&step, got * size);
    return got;
}

WRAP(char *, fgets, (char *restrict to, int size, FILE *restrict file))
{
    if (!mill_accesses_seen() || size <= 0) {
        MILL_JUMP fgets(to, size, file);
    }
    const struct mill_step step = mill_will_write(to, (size_t)size, MILL_CALLER);
    if (mill_accesses_checked_elsewhere()) {
        MILL_JUMP fgets(to, size, file);
    }
    char *got = fgets(to, size, file);
    mill_has_written(&step, got ? mill_bytes_up_to(got, '\0', (size_t)size, true) : 0);
    return got;
}

/* ---- descriptors ---- */

/* The standard streams order nothing: nobody in the program reads what was written there. */
static void gives(int file, const void *from, size_t size, const void *pc)
{
    mill_reads(from, size, pc);
    if (file > STDERR_FILENO && !mill_accesses_checked_elsewhere()) {
        mill_released(&descriptors);
    }
}

static ssize_t took(int file, const struct mill_step *step, ssize_t size)
{
    if (size >= 0) {
        mill_has_written(step, (size_t)size);
    }
    if (size >= 0 && file > STDERR_FILENO) {
        mill_acquired(&descriptors);
    }
    return size;
}

#define GIVE(name, parameters, arguments)         \
    WRAP(ssize_t, name, parameters)               \
    {                                             \
        if (mill_accesses_seen()) {               \
            gives(file, from, size, MILL_CALLER); \
        }                                         \
        MILL_JUMP name arguments;                 \
    }
#define TAKE(name, parameters, arguments)                                     \
    WRAP(ssize_t, name, parameters)                                           \
    {                                                                         \
        if (!mill_accesses_seen() || size == 0) {                             \
            MILL_JUMP name arguments;                                         \
        }                                                                     \
        const struct mill_step step = mill_will_write(to, size, MILL_CALLER); \
        if (mill_accesses_checked_elsewhere()) {                              \
            MILL_JUMP name arguments;                                         \
        }                                                                     \
        return took(file, &step, name arguments);                             \
    }

GIVE(write, (int file, const void *from, size_t size), (file, from, size))
GIVE(pwrite, (int file, const void *from, size_t size, off_t at), (file, from, size, at))
GIVE(send, (int file, const void *from, size_t size, int flags), (file, from, size, flags))
TAKE(read, (int file, void *to, size_t size), (file, to, size))
TAKE(pread, (int file, void *to, size_t size, off_t at), (file, to, size, at))
TAKE(recv, (int file, void *to, size_t size, int flags), (file, to, size, flags))
