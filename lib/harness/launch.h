/* How a child is started: which program, behind which wrapper, in which environment.
 *
 * One thread at a time.
 */
#ifndef MILL_HARNESS_LAUNCH_H
#define MILL_HARNESS_LAUNCH_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "harness/tool.h"

/* The exit code of a child whose sanitizer, or Valgrind, reported something. */
#define MILL_CHILD_SANITIZER_EXIT 66

enum {
    MILL_WRAPPER_MAX = 12,
};

struct mill_launch {
    enum mill_tool tool;
    char program[PATH_MAX];                /* empty: this program again (/proc/self/exe) */
    const char *wrapper[MILL_WRAPPER_MAX]; /* what runs the program, ended by NULL; constant strings */
    char suppressions[PATH_MAX];           /* of Valgrind: valgrind.supp; empty: none */
    bool steady; /* at addresses that are not random, where the kernel allows it: ThreadSanitizer of clang 14
                    does not start where they are scattered widely */
};

/* What runs a child under `tool`. -ENOENT when that is not here, with a message that says what is missing and
 * how it comes. Blocks while it looks. */
int mill_launch_find(struct mill_launch *launch, enum mill_tool tool, struct mill_error *error);

/* Starts `threadmill sample` so, in a process group of its own, with the three descriptors as its standard
 * streams and the sanitizers told to end with MILL_CHILD_SANITIZER_EXIT (options that the user set stay).
 * NULL: this program again. 0 or a negative errno. */
int mill_launch_start(const struct mill_launch *launch, const int streams[3], pid_t *process);

#endif
