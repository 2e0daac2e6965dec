// The adapter of a C++ queue, all but the queue itself:
//
//     struct bounded {
//         their::queue<void *> queue;
//
//         explicit bounded(size_t capacity) : queue(capacity) {}     may throw
//         size_t capacity() const;                                   what it holds at most; 0 for unbounded
//         bool put(void *item);                                      false: full; unbounded: memory is out
//         bool get(void *&item);                                     false: empty
//     };
//
//     constexpr mill_queue_ops mill_queue_their = mill_peer_ops<bounded, MILL_QUEUE_BOUNDED>({...});
//
// The table is built by the compiler and its functions call the peer's directly, so that a peer in C++ costs
// what one in C does. No exception leaves them: what these libraries throw they throw for memory, and it
// becomes -ENOMEM. C++17.
#ifndef MILL_QUEUE_PEER_CXX_H
#define MILL_QUEUE_PEER_CXX_H

#include <cstdlib>
#include <new>
#include <type_traits>

extern "C" {
#include "queue/peer.h"
#include "queue/queue_list.h"
}

// Stands for an adapter whose library is missing in this build.
struct mill_peer_missing {
};

template <class Adapter, unsigned Shape> struct mill_peer_adapted : mill_peer_queue {
    alignas(MILL_ISOLATION) Adapter adapter;

    explicit mill_peer_adapted(size_t least) : mill_peer_queue{}, adapter(least)
    {
        queue.capacity = adapter.capacity();
    }

    static mill_peer_adapted *of(mill_queue *queue)
    {
        return static_cast<mill_peer_adapted *>(reinterpret_cast<mill_peer_queue *>(queue));
    }

    static int create(const mill_queue_ops *, size_t capacity, mill_queue **queue)
    {
        void *memory = mill_isolated_alloc(sizeof(mill_peer_adapted));
        if (memory == nullptr) {
            return -ENOMEM;
        }
        try {
            *queue = &(new (memory) mill_peer_adapted(capacity))->queue;
            return 0;
        } catch (...) {
            std::free(memory);
            return -ENOMEM;
        }
    }

    static void destroy(mill_queue *queue)
    {
        mill_peer_adapted *adapted = of(queue);
        adapted->~mill_peer_adapted();
        std::free(adapted);
    }

    static int add(mill_queue *queue, void *item)
    {
        try {
            return of(queue)->adapter.put(item) ? 0 : (Shape & MILL_QUEUE_BOUNDED) != 0 ? -EAGAIN : -ENOMEM;
        } catch (...) {
            return -ENOMEM;
        }
    }

    static int take(mill_queue *queue, void **item)
    {
        try {
            return of(queue)->adapter.get(*item) ? 0 : -EAGAIN;
        } catch (...) {
            return -ENOMEM;
        }
    }

    static int try_put(mill_queue *queue, void *item)
    {
        return mill_peer_put(queue, item, add);
    }

    static int try_get(mill_queue *queue, void **item)
    {
        return mill_peer_get(queue, item, take);
    }
};

template <class Adapter, unsigned Shape> constexpr mill_queue_ops mill_peer_ops(const mill_strategy &about)
{
    mill_queue_ops ops{};
    ops.about = about;
    ops.shape = Shape | MILL_QUEUE_LOOSE_CLOSE;
    if constexpr (!std::is_same_v<Adapter, mill_peer_missing>) {
        using adapted = mill_peer_adapted<Adapter, Shape>;
        ops.create = adapted::create;
        ops.destroy = adapted::destroy;
        ops.try_put = adapted::try_put;
        ops.try_get = adapted::try_get;
        ops.close = mill_peer_close;
    }
    return ops;
}

#endif
