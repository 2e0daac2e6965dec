/* Loops without an end and without an access: what a compiler makes of `while (!flag)` when it takes the
 * reading of a plain variable out of the loop.
 */
#ifndef MILL_HUNT_RUNTIME_ENDLESS_H
#define MILL_HUNT_RUNTIME_ENDLESS_H

#include <stdbool.h>

/* Does what runs at this address of code come back there without having looked at anything, so that it never
 * leaves? False also where that cannot be told; the code is only read. */
bool mill_is_endless(const void *code);

#endif
