// moodycamel's queues of one producer and one consumer: the bounded one is a single block that never grows,
// the other a circle of blocks that gets another one when it is full. Its third, a ring between two
// semaphores, is left out: it writes through a null pointer when memory is out.
#include "queue/peer_cxx.h"

#if defined(MILL_HAVE_READERWRITER)
#include <readerwriterqueue.h>

namespace
{

struct bounded {
    // The block is the power of two above its items, up to twice this number: so there is always one, and the
    // capacity is known.
    static constexpr size_t largest_block = MILL_QUEUE_CAPACITY_MAX;
    moodycamel::ReaderWriterQueue<void *, largest_block> queue;
    size_t held;

    explicit bounded(size_t capacity) : queue(capacity), held(mill_peer_power_of_two(capacity + 1) - 1)
    {
    }
    size_t capacity() const
    {
        return held;
    }
    bool put(void *item)
    {
        return queue.try_enqueue(item);
    }
    bool get(void *&item)
    {
        return queue.try_dequeue(item);
    }
};

struct growing {
    moodycamel::ReaderWriterQueue<void *> queue;

    explicit growing(size_t capacity) : queue(capacity)
    {
    }
    size_t capacity() const
    {
        return 0;
    }
    bool put(void *item)
    {
        return queue.enqueue(item);
    }
    bool get(void *&item)
    {
        return queue.try_dequeue(item);
    }
};

} // namespace
#else
using bounded = mill_peer_missing;
using growing = mill_peer_missing;
#endif

// It orders by stand-alone fences, which ThreadSanitizer does not know.
constexpr mill_queue_ops mill_queue_moodycamel_spsc =
    mill_peer_ops<bounded, MILL_QUEUE_BOUNDED | MILL_QUEUE_ONE_PRODUCER | MILL_QUEUE_ONE_CONSUMER>({
        .name = "moodycamel-spsc",
        .summary = "moodycamel's ring of one producer and one consumer",
        .source = "moodycamel::ReaderWriterQueue (Desrochers 2013), one block, try_enqueue",
        .algorithm = "spsc-ring-cached",
        .library = MILL_MOODYCAMEL_LIBRARY,
        .missing = MILL_READERWRITER_MISSING,
        .traits = MILL_HIDES_ATOMICS,
        .progress = MILL_WAIT_FREE,
        .size = 0,
        .size_each = 0,
    });

constexpr mill_queue_ops mill_queue_moodycamel_spsc_list =
    mill_peer_ops<growing, MILL_QUEUE_ONE_PRODUCER | MILL_QUEUE_ONE_CONSUMER>({
        .name = "moodycamel-spsc-list",
        .summary = "moodycamel's circle of blocks of one producer and one consumer, which grows",
        .source = "moodycamel::ReaderWriterQueue (Desrochers 2013), enqueue",
        .algorithm = "spsc-list",
        .library = MILL_MOODYCAMEL_LIBRARY,
        .missing = MILL_READERWRITER_MISSING,
        .traits = MILL_HIDES_ATOMICS,
        .progress = MILL_WAIT_FREE,
        .size = 0,
        .size_each = 0,
    });
