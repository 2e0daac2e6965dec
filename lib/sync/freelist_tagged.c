/* Treiber's stack (1986) with a tag beside the head, swapped together with it (IBM System/370 1983, appendix
 * A): a head that went and came back has another tag. The tag has 32 bits: a thread would have to sleep
 * through exactly 2^32 changes between its read and its swap to be fooled.
 */
#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "sync/freelist_list.h"

struct mill_freelist {
    alignas(MILL_ISOLATION) _Atomic uint64_t head; /* tag in the upper half, node in the lower */
    alignas(MILL_ISOLATION) _Atomic int32_t next[];
};

static int32_t node_of(uint64_t head)
{
    return (int32_t)(uint32_t)head;
}

/* `node` as the head that follows `head`. */
static uint64_t follow(uint64_t head, int32_t node)
{
    uint64_t tag = (head >> 32) + 1;
    return (tag << 32) | (uint32_t)node;
}

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

static int32_t take(struct mill_freelist *list)
{
    /* acquire: pairs with the release in `give` */
    uint64_t head = atomic_load_explicit(&list->head, memory_order_acquire);
    while (node_of(head) != MILL_FREELIST_EMPTY) {
        /* relaxed: ordered by the acquire of `head`; atomic because another thread may own the node by now,
         * and then what is read here is thrown away with the failed swap */
        int32_t next = atomic_load_explicit(&list->next[node_of(head)], memory_order_relaxed);
        if (atomic_compare_exchange_weak_explicit(&list->head, &head, follow(head, next),
                                                  memory_order_acquire, memory_order_acquire)) {
            break;
        }
    }
    return node_of(head);
}

static void give(struct mill_freelist *list, int32_t node)
{
    uint64_t head = atomic_load_explicit(&list->head, memory_order_relaxed); /* the swap checks it */
    do {
        atomic_store_explicit(&list->next[node], node_of(head),
                              memory_order_relaxed); /* published by the swap */
        /* release: pairs with the acquire in `take` */
    } while (!atomic_compare_exchange_weak_explicit(&list->head, &head, follow(head, node),
                                                    memory_order_release, memory_order_relaxed));
}

const struct mill_freelist_ops mill_freelist_tagged = {
    .about =
        {
            .name = "tagged",
            .summary = "a stack whose head carries a tag in the same word: the cure for ABA",
            .source = "IBM System/370 1983; Treiber 1986",
            .progress = MILL_LOCK_FREE,
        },
    .create = create,
    .destroy = destroy,
    .take = take,
    .give = give,
};
