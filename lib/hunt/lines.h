/* From addresses of a program to names and lines of its source (elfutils' libdwfl), when it does not run any
 * more.
 *
 * Addresses are those of the process that is gone; `base` is what it had added to the file's. One thread.
 */
#ifndef MILL_HUNT_LINES_H
#define MILL_HUNT_LINES_H

#include <stdbool.h>
#include <stdint.h>

struct mill_lines;

struct mill_line {
    const char *function; /* "?" if not known; valid until the next call */
    const char *file;     /* its name without folders; "?" if not known */
    const char *path;     /* the same as the compiler was given it */
    int line;             /* 0 if not known */
    bool runtime;         /* of ours, below or between the program's own */
};

/* Never fails for want of debugging information: then nothing is known. NULL: no memory. */
struct mill_lines *mill_lines_open(const char *program, uintptr_t base);
void mill_lines_close(struct mill_lines *lines);

/* The place of an address that a call returns to is that of the call. */
struct mill_line mill_lines_find(struct mill_lines *lines, uintptr_t address);

#endif
