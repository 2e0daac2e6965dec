// moodycamel's queue of many producers and consumers: a list of blocks for each producer, so the items of one
// producer alone come out in order. Twice: with the plain calls, which find the calling thread's list by a
// hash of its number, and with the tokens that its author recommends, which are in the thread's seat
// (seats.h). Blocks that are used again are ordered by stand-alone fences, which ThreadSanitizer does not
// know.
#include "queue/peer_cxx.h"

#if defined(MILL_HAVE_MOODYCAMEL)
#include <cstddef>
#include <memory>
#include <optional>

#include <concurrentqueue.h>

extern "C" {
#include "queue/seats.h"
}

namespace
{

using blocks = moodycamel::ConcurrentQueue<void *>;

// The library says 'empty' also while another consumer has announced itself and not yet found that there was
// nothing for it. Waiting (queue.c) relies on an empty queue being empty, so look until it is.
template <class Attempt> bool take_until_empty(const blocks &queue, Attempt attempt)
{
    while (!attempt()) {
        if (queue.size_approx() == 0) {
            return false;
        }
    }
    return true;
}

// A thread for whose list there was no memory when it was made is refused for good.
struct plain {
    blocks queue;

    explicit plain(size_t capacity) : queue(capacity)
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
        return take_until_empty(queue, [&] { return queue.try_dequeue(item); });
    }
};

// Of one thread. A producer's token registers a list with the queue, so a thread that only gets has none.
struct hand {
    std::optional<moodycamel::ProducerToken> producer;
    moodycamel::ConsumerToken consumer;

    explicit hand(blocks &queue) : consumer(queue)
    {
    }
};

struct tokens {
    struct seat {
        hand *own;
    };

    blocks queue;
    mill_seats seats;

    explicit tokens(size_t capacity) : queue(capacity)
    {
        if (mill_seats_open(&seats, sizeof(seat)) < 0) {
            throw std::bad_alloc();
        }
    }
    tokens(const tokens &) = delete;
    tokens &operator=(const tokens &) = delete;
    ~tokens()
    {
        unsigned cursor = 0;
        while (void *taken = mill_seats_next(&seats, &cursor)) {
            delete static_cast<seat *>(taken)->own;
        }
        mill_seats_close(&seats);
    }

    // Runs `use` with the calling thread's tokens.
    template <class Use> bool with_hand(Use use)
    {
        const auto leave = [this](seat *taken) { mill_seats_leave(&seats, taken); };
        const std::unique_ptr<seat, decltype(leave)> mine(static_cast<seat *>(mill_seats_take(&seats)),
                                                          leave);
        if (mine->own == nullptr) {
            mine->own = new hand(queue);
        }
        return use(*mine->own);
    }

    size_t capacity() const
    {
        return 0;
    }
    bool put(void *item)
    {
        return with_hand([&](hand &mine) {
            if (!mine.producer) {
                mine.producer.emplace(queue);
            }
            if (!mine.producer->valid()) {
                mine.producer.reset();
                return false;
            }
            return queue.enqueue(*mine.producer, item);
        });
    }
    bool get(void *&item)
    {
        return with_hand([&](hand &mine) {
            return take_until_empty(queue, [&] { return queue.try_dequeue(mine.consumer, item); });
        });
    }
};

} // namespace
#else
using plain = mill_peer_missing;
using tokens = mill_peer_missing;
#endif

constexpr mill_queue_ops mill_queue_moodycamel =
    mill_peer_ops<plain, MILL_QUEUE_PRODUCER_ORDER | MILL_QUEUE_LOOSE_MEMORY>({
        .name = "moodycamel",
        .summary = "moodycamel's blocks for each producer, by the plain calls",
        .source = "moodycamel::ConcurrentQueue (Desrochers 2013), without tokens",
        .algorithm = "producer-lists",
        .library = MILL_MOODYCAMEL_LIBRARY,
        .missing = MILL_MOODYCAMEL_MISSING,
        .traits = MILL_HIDES_ATOMICS,
        .progress = MILL_LOCK_FREE,
        .size = 0,
        .size_each = 0,
    });

constexpr mill_queue_ops mill_queue_moodycamel_tokens = mill_peer_ops<tokens, MILL_QUEUE_PRODUCER_ORDER>({
    .name = "moodycamel-tokens",
    .summary = "moodycamel's blocks for each producer, a token of each kind a thread",
    .source = "moodycamel::ConcurrentQueue (Desrochers 2013), with ProducerToken and ConsumerToken",
    .algorithm = "producer-lists",
    .library = MILL_MOODYCAMEL_LIBRARY,
    .missing = MILL_MOODYCAMEL_MISSING,
    .traits = MILL_HIDES_ATOMICS,
    .progress = MILL_LOCK_FREE,
    .size = 0,
    .size_each = 0,
});
