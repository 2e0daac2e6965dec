/* Standard input for a program that is hunted: what the command itself got, from its beginning in each
 * schedule. */
#ifndef MILL_BENCH_HUNT_INPUT_H
#define MILL_BENCH_HUNT_INPUT_H

#include "core/error.h"

/* Reads the command's standard input to its end, into a file of memory. Returns its descriptor, which the
 * caller closes; or -1: there is none, since it is closed, a terminal or another device, or a pipe or socket
 * on which nothing comes, which is said; or a negative errno below -1 with `error`: it cannot be read or
 * kept, -ETIMEDOUT: it began, and then for 10 s nothing came, nor its end. Blocks. */
int mill_hunt_input(struct mill_error *error);

#endif
