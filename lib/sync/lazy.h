/* Objects that are made when they are first asked for, each exactly once (row 11 of the patterns: singleton,
 * lazy initialisation).
 *
 *     static void build(void *context, size_t cell, void *object);       fills the object
 *
 *     const struct mill_lazy_plan plan = {.cells = 1, .size = sizeof(struct connection), .build = build};
 *     struct mill_lazy *lazy;
 *     int status = mill_lazy_create(mill_lazy_ops_find("acquire-release"), &plan, &lazy);
 *
 *     any thread:  struct connection *connection = mill_lazy_get(lazy, 0);
 *
 *     mill_lazy_destroy(lazy);
 *
 * The memory of every object is there from the start, zeroed, so that `get` cannot fail; building is the
 * caller's, and an object that can turn out bad says so itself. The first caller builds; whoever comes
 * meanwhile waits; what the builder wrote is seen by all that get the object. Any thread may get, at any
 * time. `build` may get other cells, except with the strategies that have one lock for all (`one_lock`);
 * getting its own cell from within is a deadlock. Blocking until an object is built, wait-free afterwards
 * (`locked`: always blocking).
 *
 * The control publishes an object before it is built: others see it half-built.
 */
#ifndef MILL_SYNC_LAZY_H
#define MILL_SYNC_LAZY_H

#include <pthread.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>

#include "core/cacheline.h"
#include "core/strategy.h"

typedef void mill_lazy_build(void *context, size_t cell, void *object);

struct mill_lazy_plan {
    size_t cells; /* objects */
    size_t size;  /* bytes of each; it is aligned for anything */
    mill_lazy_build *build;
    void *context;
};

struct mill_lazy_ops;

struct mill_lazy {
    const struct mill_lazy_ops *ops;
    struct mill_lazy_plan plan;
    size_t object;         /* where it stands in a cell, behind the strategy's part */
    size_t stride;         /* from one cell to the next */
    pthread_mutex_t mutex; /* of the strategies with one lock for all: protects building */
    alignas(MILL_ISOLATION) unsigned char memory[];
};

struct mill_lazy_ops {
    struct mill_strategy about; /* about.size: bytes of the strategy's part of a cell, ready when zeroed */
    bool one_lock;              /* one object is built at a time */
    void *(*get)(struct mill_lazy *lazy, size_t cell);
};

/* What cells * size may come to. */
#define MILL_LAZY_BYTES_MAX ((size_t)1 << 32)

extern const struct mill_family mill_lazy_family;

static inline const struct mill_lazy_ops *mill_lazy_ops_of(const struct mill_strategy *strategy)
{
    return (const struct mill_lazy_ops *)(const void *)strategy;
}

/* The table of that name, or NULL. */
const struct mill_lazy_ops *mill_lazy_ops_find(const char *name);

/* 0; -EINVAL (no table, no cells, no size, no build, or more than MILL_LAZY_BYTES_MAX); -ENOMEM; -ENOTSUP
 * where the strategy is missing in this build. */
int mill_lazy_create(const struct mill_lazy_ops *ops, const struct mill_lazy_plan *plan,
                     struct mill_lazy **lazy);

/* The objects go with it. Nobody uses them any more. NULL is fine. */
void mill_lazy_destroy(struct mill_lazy *lazy);

/* Makes every object unbuilt again. Nobody uses them meanwhile. */
void mill_lazy_renew(struct mill_lazy *lazy);

/* The object of that cell (below plan.cells), built. */
static inline void *mill_lazy_get(struct mill_lazy *lazy, size_t cell)
{
    return lazy->ops->get(lazy, cell);
}

#endif
