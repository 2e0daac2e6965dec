/* What Valgrind's Helgrind and DRD have to be told, since they cannot see it: which variables are atomic.
 *
 * Both take an atomic access for a plain one. Where an atomic orders nothing (a flag to leave by, a count
 * that is looked at), they can be told to leave it alone; where it orders what others read, they cannot
 * judge.
 *
 * Costs some instructions that do nothing outside of Valgrind. Any thread may call it. Without Valgrind's
 * headers (package valgrind) at build time it is empty, and MILL_KNOWS_VALGRIND is 0.
 */
#ifndef MILL_CORE_VALGRIND_H
#define MILL_CORE_VALGRIND_H

#include <stddef.h>

#if defined(__has_include) && __has_include(<valgrind/drd.h>) && __has_include(<valgrind/helgrind.h>)
#define MILL_KNOWS_VALGRIND 1
#include <valgrind/drd.h>
#include <valgrind/helgrind.h>
#else
#define MILL_KNOWS_VALGRIND 0
#endif

/* Accesses to these `size` bytes are atomic, and order nothing. */
static inline void mill_valgrind_ignore(const void *start, size_t size)
{
#if MILL_KNOWS_VALGRIND
    VALGRIND_HG_DISABLE_CHECKING(start, size);
    VALGRIND_DO_CLIENT_REQUEST_STMT(VG_USERREQ__DRD_START_SUPPRESSION, start, size, 0, 0, 0);
#else
    (void)start;
    (void)size;
#endif
}

#endif
