// atomic_queue's ring of atomic pointers with two counters: a thread claims a place by its counter and then
// waits for the slot to become empty or full. A consumer takes the pointer with release order alone; what it
// points to is ordered by the fence here, which costs nothing on x86 and which ThreadSanitizer does not know.
#include "queue/peer_cxx.h"

#if defined(MILL_HAVE_ATOMIC_QUEUE)
#include <memory>

#include <atomic_queue/atomic_queue.h>

namespace
{

template <bool OneOfEach> struct ring {
    atomic_queue::AtomicQueueB<void *, std::allocator<void *>, nullptr, true, false, OneOfEach> queue;

    explicit ring(size_t capacity) : queue(static_cast<unsigned>(capacity))
    {
    }
    size_t capacity() const
    {
        return queue.capacity();
    }
    bool put(void *item)
    {
        return queue.try_push(item);
    }
    bool get(void *&item)
    {
        bool got = queue.try_pop(item);
        std::atomic_thread_fence(std::memory_order_acquire); // pairs with the release of try_push
        return got;
    }
};

using ring_of_many = ring<false>;
using ring_of_one = ring<true>;

} // namespace
#else
using ring_of_many = mill_peer_missing;
using ring_of_one = mill_peer_missing;
#endif

constexpr mill_queue_ops mill_queue_atomic_queue =
    mill_peer_ops<ring_of_many, MILL_QUEUE_BOUNDED | MILL_QUEUE_LOOSE_ORDER>({
        .name = "atomic-queue",
        .summary = "atomic_queue's ring of many producers and many consumers",
        .source = "atomic_queue (Egorushkin 2019), AtomicQueueB, try_push and try_pop",
        .algorithm = "mpmc-ring-of-marks",
        .library = MILL_ATOMIC_QUEUE_LIBRARY,
        .missing = MILL_ATOMIC_QUEUE_MISSING,
        .traits = MILL_SPINS | MILL_HIDES_ATOMICS,
        .progress = MILL_BLOCKING,
        .size = 0,
        .size_each = 0,
    });

constexpr mill_queue_ops mill_queue_atomic_queue_spsc =
    mill_peer_ops<ring_of_one, MILL_QUEUE_BOUNDED | MILL_QUEUE_ONE_PRODUCER | MILL_QUEUE_ONE_CONSUMER>({
        .name = "atomic-queue-spsc",
        .summary = "atomic_queue's ring of one producer and one consumer",
        .source = "atomic_queue (Egorushkin 2019), AtomicQueueB in its SPSC mode",
        .algorithm = "spsc-ring-of-marks",
        .library = MILL_ATOMIC_QUEUE_LIBRARY,
        .missing = MILL_ATOMIC_QUEUE_MISSING,
        .traits = MILL_SPINS | MILL_HIDES_ATOMICS,
        .progress = MILL_BLOCKING,
        .size = 0,
        .size_each = 0,
    });
