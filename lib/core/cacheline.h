/* Keeping data that different threads write apart.
 *
 * A line is 64 bytes on every x86-64 and most arm64 parts, but neighbouring lines are fetched in pairs
 * (Intel's adjacent-line prefetcher) and Apple's lines hold 128: so data of different writers is kept
 * MILL_ISOLATION apart.
 *
 *     struct mill_slot {
 *         alignas(MILL_ISOLATION) atomic_ulong count;
 *     };
 */
#ifndef MILL_CORE_CACHELINE_H
#define MILL_CORE_CACHELINE_H

#include <stdalign.h>
#include <stddef.h>

#define MILL_CACHE_LINE          64
#define MILL_ISOLATION           128

/* `size` rounded up to whole isolated blocks. */
#define MILL_ISOLATED_SIZE(size) (((size) + MILL_ISOLATION - 1) / MILL_ISOLATION * MILL_ISOLATION)

/* Zeroed memory that begins on an isolated block and shares none. NULL when memory is out. Free with free().
 */
void *mill_isolated_alloc(size_t size);

#endif
