/* The two builds of a comparison: which programs they are, and what they say of themselves.
 *
 * One thread; what builds them blocks for as long as that takes.
 */
#ifndef MILL_BENCH_COMPARE_SIDES_H
#define MILL_BENCH_COMPARE_SIDES_H

#include "compare_request.h"
#include "harness/compare_document.h"
#include "harness/launch.h"

struct mill_compare_build {
    struct mill_launch launch;
    const char *label; /* as it was asked for */
    json_t *says;      /* its version line */
};

struct mill_compare_builds {
    struct mill_compare_build base, head;
    char folder[PATH_MAX]; /* of the work trees; empty: there are none */
};

/* Finds both programs, building those that are named by reference. -EINVAL for a folder that holds none,
 * -ENOEXEC for a program that does not say its version, -EINTR; a negative errno with a message when git or
 * the build failed. Release in every case. */
int mill_compare_builds_find(struct mill_compare_builds *builds, const struct mill_compare_request *request,
                             struct mill_error *error);

/* Removes the work trees. */
void mill_compare_builds_release(struct mill_compare_builds *builds);

struct mill_compare_side mill_compare_build_side(const struct mill_compare_build *build);

#endif
