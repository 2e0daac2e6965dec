// oneTBB's queues, by their try calls: a list of pages for each of eight lanes, places claimed by two
// counters. Its calls that wait know no timeout, so waiting is ours, as for every peer. Pages come from the
// library's own allocator, which is built without instrumentation: where one is used again, ThreadSanitizer
// sees a race.
#include "queue/peer_cxx.h"

#if defined(MILL_HAVE_TBB)
#include <cstddef>

#include <oneapi/tbb/concurrent_queue.h>
#include <oneapi/tbb/version.h>

#define TBB_SOURCE "oneTBB " TBB_VERSION_STRING

namespace
{

struct bounded {
    tbb::concurrent_bounded_queue<void *> queue;

    explicit bounded(size_t capacity)
    {
        queue.set_capacity(static_cast<std::ptrdiff_t>(capacity));
    }
    size_t capacity() const
    {
        return static_cast<size_t>(queue.capacity());
    }
    bool put(void *item)
    {
        return queue.try_push(item);
    }
    bool get(void *&item)
    {
        return queue.try_pop(item);
    }
};

struct unbounded {
    tbb::concurrent_queue<void *> queue;

    explicit unbounded(size_t)
    {
    }
    size_t capacity() const
    {
        return 0;
    }
    bool put(void *item)
    {
        queue.push(item);
        return true;
    }
    bool get(void *&item)
    {
        return queue.try_pop(item);
    }
};

} // namespace
#else
#define TBB_SOURCE "oneTBB"
using bounded = mill_peer_missing;
using unbounded = mill_peer_missing;
#endif

constexpr mill_queue_ops mill_queue_tbb_bounded = mill_peer_ops<bounded, MILL_QUEUE_BOUNDED>({
    .name = "tbb-bounded",
    .summary = "TBB's bounded queue of eight lanes of pages",
    .source = TBB_SOURCE ", concurrent_bounded_queue",
    .algorithm = "lanes-of-pages",
    .library = MILL_TBB_LIBRARY,
    .missing = MILL_TBB_MISSING,
    .traits = MILL_SPINS | MILL_HIDES_ATOMICS,
    .progress = MILL_BLOCKING,
    .size = 0,
    .size_each = 0,
});

constexpr mill_queue_ops mill_queue_tbb_unbounded = mill_peer_ops<unbounded, 0>({
    .name = "tbb-unbounded",
    .summary = "TBB's queue of eight lanes of pages",
    .source = TBB_SOURCE ", concurrent_queue",
    .algorithm = "lanes-of-pages",
    .library = MILL_TBB_LIBRARY,
    .missing = MILL_TBB_MISSING,
    .traits = MILL_SPINS | MILL_HIDES_ATOMICS,
    .progress = MILL_BLOCKING,
    .size = 0,
    .size_each = 0,
});
