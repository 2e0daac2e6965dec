/* Treiber's stack (1986) of nodes that are used again, with a bare compare-and-swap: the ABA mistake, kept on
 * purpose. `next` holds nothing but indices of nodes and the end mark, so even a broken list is never left.
 */
#include <errno.h>
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "core/pause.h"
#include "sync/freelist_list.h"

struct mill_freelist {
    alignas(MILL_ISOLATION) _Atomic uint32_t takes; /* roughly */
    alignas(MILL_ISOLATION) _Atomic int32_t head;
    alignas(MILL_ISOLATION) _Atomic int32_t next[];
};

#define DAWDLE_EVERY  64u
#define DAWDLE_PAUSES 64u

static int create(int32_t nodes, struct mill_freelist **list)
{
    if (nodes < 1) {
        return -EINVAL;
    }
    struct mill_freelist *made = mill_isolated_alloc(sizeof *made + (size_t)nodes * sizeof made->next[0]);
    if (!made) {
        return -ENOMEM;
    }
    for (int32_t node = 0; node < nodes; node++) {
        atomic_init(&made->next[node], node + 1 < nodes ? node + 1 : MILL_FREELIST_EMPTY);
    }
    *list = made;
    return 0;
}

static void destroy(struct mill_freelist *list)
{
    free(list);
}

/* Between its read and its swap a taker is now and then made slow, as a preemption there would make it: so
 * the mistake shows in a run of milliseconds, and not once a day. */
static void dawdle(struct mill_freelist *list)
{
    /* relaxed, and losing some: any count will do */
    uint32_t takes = atomic_load_explicit(&list->takes, memory_order_relaxed) + 1;
    atomic_store_explicit(&list->takes, takes, memory_order_relaxed);
    if (takes % DAWDLE_EVERY == 0) {
        sched_yield();
        for (unsigned pauses = DAWDLE_PAUSES; pauses > 0; pauses--) {
            mill_pause();
        }
    }
}

static int32_t take(struct mill_freelist *list)
{
    /* acquire: pairs with the release in `give` */
    int32_t head = atomic_load_explicit(&list->head, memory_order_acquire);
    while (head != MILL_FREELIST_EMPTY) {
        /* relaxed: ordered by the acquire of `head`; atomic because another thread may own the node by now */
        int32_t next = atomic_load_explicit(&list->next[head], memory_order_relaxed);
        dawdle(list);
        /* Here is the mistake: `head` may have gone and come back, and `next` be no longer its successor. */
        if (atomic_compare_exchange_weak_explicit(&list->head, &head, next, memory_order_acquire,
                                                  memory_order_acquire)) {
            break;
        }
    }
    return head;
}

static void give(struct mill_freelist *list, int32_t node)
{
    int32_t head = atomic_load_explicit(&list->head, memory_order_relaxed); /* the swap checks it */
    do {
        atomic_store_explicit(&list->next[node], head, memory_order_relaxed); /* published by the swap */
        /* release: pairs with the acquire in `take` */
    } while (!atomic_compare_exchange_weak_explicit(&list->head, &head, node, memory_order_release,
                                                    memory_order_relaxed));
}

const struct mill_freelist_ops mill_freelist_untagged = {
    .about =
        {
            .name = "untagged",
            .summary = "a stack on a bare compare-and-swap: suffers from ABA",
            .source = "Treiber 1986, without its tag",
            .traits = MILL_CONTROL,
            .progress = MILL_LOCK_FREE,
        },
    .create = create,
    .destroy = destroy,
    .take = take,
    .give = give,
};
