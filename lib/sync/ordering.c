/* A few lines each, so they share this file. */
#include "sync/ordering.h"

#include "core/fence.h"
#include "core/sanitizer.h"

static inline void add_by_store(_Atomic uint64_t *own)
{
    /* relaxed: nobody else writes it, and the order is what comes behind */
    atomic_store_explicit(own, atomic_load_explicit(own, memory_order_relaxed) + 1, memory_order_relaxed);
}

static void add_release(_Atomic uint64_t *own)
{
    /* release: pairs with an acquiring load of the word, if anybody makes one */
    atomic_store_explicit(own, atomic_load_explicit(own, memory_order_relaxed) + 1, memory_order_release);
}

static void add_acquire_release_fence(_Atomic uint64_t *own)
{
    add_by_store(own);
#if MILL_UNDER_TSAN
    mill_fence(); /* ThreadSanitizer knows no stand-alone fences (core/fence.h) */
#else
    atomic_thread_fence(memory_order_acq_rel);
#endif
}

static void add_seq_cst_store(_Atomic uint64_t *own)
{
    atomic_store_explicit(own, atomic_load_explicit(own, memory_order_relaxed) + 1, memory_order_seq_cst);
}

static void add_seq_cst_fence(_Atomic uint64_t *own)
{
    add_by_store(own);
    mill_fence();
}

static void add_locked(_Atomic uint64_t *own)
{
    atomic_fetch_add_explicit(own, 1, memory_order_seq_cst);
}

static void add_light(_Atomic uint64_t *own)
{
    add_by_store(own);
    mill_fence_light();
}

static void add_heavy(_Atomic uint64_t *own)
{
    add_by_store(own);
    mill_fence_heavy();
}

static const struct mill_ordering_ops orderings[] = {
    {.about = {.name = "relaxed",
               .summary = "a store alone: what the others are read against",
               .source = "C11 memory_order_relaxed",
               .progress = MILL_WAIT_FREE},
     .add = add_by_store},
    {.about = {.name = "release",
               .summary = "a releasing store",
               .source = "C11 memory_order_release",
               .progress = MILL_WAIT_FREE},
     .add = add_release},
    {.about = {.name = "acquire-release-fence",
               .summary = "a store, and a fence that lets later loads pass it",
               .source = "C11 atomic_thread_fence, memory_order_acq_rel",
               .progress = MILL_WAIT_FREE},
     .add = add_acquire_release_fence},
    {.about = {.name = "seq-cst-store",
               .summary = "a sequentially consistent store",
               .source = "C11 memory_order_seq_cst",
               .progress = MILL_WAIT_FREE},
     .add = add_seq_cst_store},
    {.about = {.name = "seq-cst-fence",
               .summary = "a store, and a fence that no later load passes",
               .source = "C11 atomic_thread_fence, memory_order_seq_cst",
               .progress = MILL_WAIT_FREE},
     .add = add_seq_cst_fence},
    {.about = {.name = "locked-add",
               .summary = "a read-modify-write, which is a fence beside on x86-64",
               .source = "C11 atomic_fetch_add",
               .progress = MILL_WAIT_FREE},
     .add = add_locked},
    {.about = {.name = "asymmetric-light",
               .summary = "a store, and the side of an asymmetric fence that is no instruction",
               .source = "Linux membarrier(2); Desnoyers 2010",
               .progress = MILL_WAIT_FREE},
     .asymmetric = true,
     .add = add_light},
    {.about = {.name = "asymmetric-heavy",
               .summary = "a store, and the side of an asymmetric fence that asks the kernel",
               .source = "Linux membarrier(2); Desnoyers 2010",
               .progress = MILL_BLOCKING},
     .asymmetric = true,
     .add = add_heavy},
};

static const struct mill_strategy *const strategies[] = {
    &orderings[0].about, &orderings[1].about, &orderings[2].about, &orderings[3].about,
    &orderings[4].about, &orderings[5].about, &orderings[6].about, &orderings[7].about,
};

const struct mill_family mill_ordering_family = {
    .name = "ordering",
    .summary = "a store of one's own, and what orders it against what comes next",
    .strategies = strategies,
    .count = sizeof strategies / sizeof strategies[0],
};

const struct mill_ordering_ops *mill_ordering_ops_find(const char *name)
{
    return mill_ordering_ops_of(mill_family_find(&mill_ordering_family, name));
}
