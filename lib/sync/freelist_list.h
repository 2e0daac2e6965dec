/* Every free list strategy, one line each. */
#ifndef MILL_SYNC_FREELIST_LIST_H
#define MILL_SYNC_FREELIST_LIST_H

#include "sync/freelist.h"

#define MILL_FREELISTS(X) \
    X(untagged)           \
    X(tagged)             \
    X(locked)

#define MILL_FREELIST_DECLARE(ident) extern const struct mill_freelist_ops mill_freelist_##ident;
MILL_FREELISTS(MILL_FREELIST_DECLARE)
#undef MILL_FREELIST_DECLARE

#endif
