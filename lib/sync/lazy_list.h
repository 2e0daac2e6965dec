/* Every lazy strategy, one line each; and what they are written with. */
#ifndef MILL_SYNC_LAZY_LIST_H
#define MILL_SYNC_LAZY_LIST_H

#include "sync/lazy.h"

#define MILL_LAZIES(X) \
    X(unordered)       \
    X(locked)          \
    X(acquire_release) \
    X(futex_once)      \
    X(pthread_once)    \
    X(call_once)       \
    X(nsync_once)

#define MILL_LAZY_DECLARE(ident) extern const struct mill_lazy_ops mill_lazy_##ident;
MILL_LAZIES(MILL_LAZY_DECLARE)
#undef MILL_LAZY_DECLARE

/* The strategy's part of a cell. */
static inline void *mill_lazy_cell(struct mill_lazy *lazy, size_t cell)
{
    return lazy->memory + cell * lazy->stride;
}

static inline void *mill_lazy_object(struct mill_lazy *lazy, size_t cell)
{
    return lazy->memory + cell * lazy->stride + lazy->object;
}

static inline void mill_lazy_build_now(struct mill_lazy *lazy, size_t cell)
{
    lazy->plan.build(lazy->plan.context, cell, mill_lazy_object(lazy, cell));
}

#endif
