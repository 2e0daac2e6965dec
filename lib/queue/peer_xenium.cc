// xenium's queues: Michael and Scott's with two ways to reclaim nodes, Ramalhete and Correia's list of
// arrays, and Vyukov's bounded ring. What is allocated for a thread at its first call is allocated by
// functions that may not throw: without memory the process ends there.
#include "queue/peer_cxx.h"

#if defined(MILL_HAVE_XENIUM)
#include <array> // for generic_epoch_based.hpp, which does not say so

#include <xenium/michael_scott_queue.hpp>
#include <xenium/ramalhete_queue.hpp>
#include <xenium/reclamation/generic_epoch_based.hpp>
#include <xenium/reclamation/hazard_pointer.hpp>
#include <xenium/vyukov_bounded_queue.hpp>

namespace
{

using hazard = xenium::policy::reclaimer<xenium::reclamation::hazard_pointer<>>;
using epoch = xenium::policy::reclaimer<xenium::reclamation::epoch_based<>>;

template <class Queue> struct unbounded {
    Queue queue;

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

using ms_hazard = unbounded<xenium::michael_scott_queue<void *, hazard>>;
using ms_epoch = unbounded<xenium::michael_scott_queue<void *, epoch>>;

// Its queue takes typed pointers and none to void.
struct ramalhete {
    xenium::ramalhete_queue<char *, hazard> queue;

    explicit ramalhete(size_t)
    {
    }
    size_t capacity() const
    {
        return 0;
    }
    bool put(void *item)
    {
        queue.push(static_cast<char *>(item));
        return true;
    }
    bool get(void *&item)
    {
        char *got = nullptr;
        bool found = queue.try_pop(got);
        item = found ? got : item;
        return found;
    }
};

struct vyukov {
    size_t held; // before the ring, which is made of it
    xenium::vyukov_bounded_queue<void *> queue;

    explicit vyukov(size_t capacity) : held(mill_peer_power_of_two(capacity)), queue(held)
    {
    }
    size_t capacity() const
    {
        return held;
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

} // namespace
#else
using ms_hazard = mill_peer_missing;
using ms_epoch = mill_peer_missing;
using ramalhete = mill_peer_missing;
using vyukov = mill_peer_missing;
#endif

constexpr mill_queue_ops mill_queue_xenium_ms_hazard = mill_peer_ops<ms_hazard, MILL_QUEUE_LOOSE_MEMORY>({
    .name = "xenium-ms-hazard",
    .summary = "xenium's queue of Michael and Scott with hazard pointers",
    .source = "xenium (Pöter 2018), michael_scott_queue over hazard_pointer",
    .algorithm = "michael-scott-hazard",
    .library = MILL_XENIUM_LIBRARY,
    .missing = MILL_XENIUM_MISSING,
    .traits = 0,
    .progress = MILL_LOCK_FREE,
    .size = 0,
    .size_each = 0,
});

constexpr mill_queue_ops mill_queue_xenium_ms_epoch = mill_peer_ops<ms_epoch, MILL_QUEUE_LOOSE_MEMORY>({
    .name = "xenium-ms-epoch",
    .summary = "xenium's queue of Michael and Scott with epochs",
    .source = "xenium (Pöter 2018), michael_scott_queue over epoch_based",
    .algorithm = "michael-scott-epoch",
    .library = MILL_XENIUM_LIBRARY,
    .missing = MILL_XENIUM_MISSING,
    .traits = 0,
    .progress = MILL_LOCK_FREE,
    .size = 0,
    .size_each = 0,
});

constexpr mill_queue_ops mill_queue_xenium_ramalhete = mill_peer_ops<ramalhete, MILL_QUEUE_LOOSE_MEMORY>({
    .name = "xenium-ramalhete",
    .summary = "xenium's list of arrays claimed by fetch-and-add, with hazard pointers",
    .source = "xenium (Pöter 2018), ramalhete_queue over hazard_pointer",
    .algorithm = "list-of-rings",
    .library = MILL_XENIUM_LIBRARY,
    .missing = MILL_XENIUM_MISSING,
    .traits = 0,
    .progress = MILL_LOCK_FREE,
    .size = 0,
    .size_each = 0,
});

constexpr mill_queue_ops mill_queue_xenium_vyukov = mill_peer_ops<vyukov, MILL_QUEUE_BOUNDED>({
    .name = "xenium-vyukov",
    .summary = "xenium's bounded ring of Vyukov, the calls that wait for a pending one",
    .source = "xenium (Pöter 2018), vyukov_bounded_queue",
    .algorithm = "mpmc-ring",
    .library = MILL_XENIUM_LIBRARY,
    .missing = MILL_XENIUM_MISSING,
    .traits = MILL_SPINS,
    .progress = MILL_BLOCKING,
    .size = 0,
    .size_each = 0,
});
