// Boost.Lockfree's queues: Michael and Scott's, its nodes from a free list with tagged pointers that is as
// long as the queue may be, and the ring of one producer and one consumer. When that list cannot be made
// whole, the library leaks what there is of it.
#include "queue/peer_cxx.h"

#if defined(MILL_HAVE_BOOST)
#include <boost/lockfree/queue.hpp>
#include <boost/lockfree/spsc_queue.hpp>
#include <boost/version.hpp>

#define BOOST_SOURCE "Boost.Lockfree " BOOST_LIB_VERSION

namespace
{

struct bounded {
    boost::lockfree::queue<void *> queue;
    size_t nodes;

    explicit bounded(size_t capacity) : queue(capacity), nodes(capacity)
    {
    }
    size_t capacity() const
    {
        return nodes;
    }
    bool put(void *item)
    {
        return queue.bounded_push(item);
    }
    bool get(void *&item)
    {
        return queue.pop(item);
    }
};

struct one_of_each {
    boost::lockfree::spsc_queue<void *> queue;
    size_t slots;

    explicit one_of_each(size_t capacity) : queue(capacity), slots(capacity)
    {
    }
    size_t capacity() const
    {
        return slots;
    }
    bool put(void *item)
    {
        return queue.push(item);
    }
    bool get(void *&item)
    {
        return queue.pop(item);
    }
};

} // namespace
#else
#define BOOST_SOURCE "Boost.Lockfree"
using bounded = mill_peer_missing;
using one_of_each = mill_peer_missing;
#endif

constexpr mill_queue_ops mill_queue_boost_queue = mill_peer_ops<bounded, MILL_QUEUE_BOUNDED |
                                                                             MILL_QUEUE_LOOSE_MEMORY>({
    .name = "boost-queue",
    .summary = "Boost's queue of Michael and Scott over a free list of fixed length",
    .source = BOOST_SOURCE ", queue, bounded_push",
    .algorithm = "michael-scott-tagged",
    .library = MILL_BOOST_LIBRARY,
    .missing = MILL_BOOST_MISSING,
    // A thread reads the link of a free node that another one may just take and write: the tag tells later.
    .traits = MILL_HIDES_ATOMICS,
    .progress = MILL_LOCK_FREE,
    .size = 0,
    .size_each = 0,
});

constexpr mill_queue_ops mill_queue_boost_spsc =
    mill_peer_ops<one_of_each, MILL_QUEUE_BOUNDED | MILL_QUEUE_ONE_PRODUCER | MILL_QUEUE_ONE_CONSUMER>({
        .name = "boost-spsc",
        .summary = "Boost's ring of one producer and one consumer",
        .source = BOOST_SOURCE ", spsc_queue",
        .algorithm = "spsc-ring",
        .library = MILL_BOOST_LIBRARY,
        .missing = MILL_BOOST_MISSING,
        .traits = 0,
        .progress = MILL_WAIT_FREE,
        .size = 0,
        .size_each = 0,
    });
