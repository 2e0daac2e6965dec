/* Plain memory from the kernel, for what runs inside a hunted program and must not call its malloc: address
 * space is taken at once, memory only where it is touched.
 */
#ifndef MILL_HUNT_RESERVE_H
#define MILL_HUNT_RESERVE_H

#include <stddef.h>

/* `size` bytes of zeros, at `hint` if that is free (NULL: anywhere). NULL: the system refuses. */
void *mill_reserve(size_t size, void *hint);

/* Gives the address space back; of NULL, nothing. */
void mill_unreserve(void *memory, size_t size);

/* The whole of it is zeros again, and takes no memory. `memory` begins a page; what is left
 * of the last page goes too. */
void mill_reserve_clear(void *memory, size_t size);

/* Small things that each schedule writes lie together: in a process that is forked each page costs its copy.
 */
#define MILL_WRITTEN __attribute__((section(".bss.mill_written")))

#endif
