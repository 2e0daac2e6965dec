/* One word on a futex (Franke, Russell and Kirkwood 2002): a set is one read-modify-write, and a system call
 * only if somebody may be asleep; a wait for what is set already is one load. Once with waiters that sleep at
 * once, once with waiters that look for a while first (Karlin et al. 1991).
 */
#include <stdlib.h>

#include "core/cacheline.h"
#include "core/pause.h"
#include "sync/event_list.h"
#include "sync/event_word.h"
#include "sync/futex.h"

/* Looks before a waiter goes to sleep: a few microseconds, as a sleep and a wake-up take. */
#define LOOKS 100

struct event {
    struct mill_event event;
    alignas(MILL_ISOLATION) _Atomic uint32_t word; /* event_word.h */
};

static struct event *event_of(struct mill_event *event)
{
    return (struct event *)event;
}

static int create(struct mill_event **event)
{
    struct event *made = mill_isolated_alloc(sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    *event = &made->event;
    return 0;
}

static void destroy(struct mill_event *event)
{
    free(event);
}

/* Sets one of the two bits that end waits. Whoever sets it first wakes; later ones find nobody asleep.
 * release: pairs with the acquires in `wait` and `is_set` */
static void raise_bit(struct mill_event *base, uint32_t bit)
{
    struct event *event = event_of(base);
    uint32_t before = atomic_fetch_or_explicit(&event->word, bit, memory_order_release);
    if ((before & MILL_EVENT_SLEEPERS) && !(before & bit)) {
        mill_futex_wake(&event->word, INT_MAX);
    }
}

static void set(struct mill_event *event)
{
    raise_bit(event, MILL_EVENT_SET);
}

static void abandon(struct mill_event *event)
{
    raise_bit(event, MILL_EVENT_ABANDONED);
}

static void clear(struct mill_event *event)
{
    mill_event_word_clear(&event_of(event)->word);
}

static bool is_set(struct mill_event *event)
{
    return atomic_load_explicit(&event_of(event)->word, memory_order_acquire) & MILL_EVENT_SET;
}

/* The word is marked before the kernel compares it, so that a set either sees the mark or is seen. acquire:
 * pairs with the release in raise_bit */
static int wait_after(struct event *event, uint32_t first, uint32_t word, uint64_t deadline)
{
    int late = deadline == 0 ? -ETIMEDOUT : 0;
    int status = mill_event_word_look(first, word);
    while (status == -EAGAIN && late == 0) {
        if ((word & MILL_EVENT_SLEEPERS) ||
            atomic_compare_exchange_weak_explicit(&event->word, &word, word | MILL_EVENT_SLEEPERS,
                                                  memory_order_relaxed, memory_order_relaxed)) {
            late = mill_futex_wait_until(&event->word, word | MILL_EVENT_SLEEPERS, deadline);
        }
        word = atomic_load_explicit(&event->word, memory_order_acquire);
        status = mill_event_word_look(first, word);
    }
    return status == -EAGAIN ? late : status;
}

static int wait(struct mill_event *base, uint64_t deadline)
{
    struct event *event = event_of(base);
    uint32_t first = atomic_load_explicit(&event->word, memory_order_acquire); /* as above */
    return wait_after(event, first, first, deadline);
}

static int wait_spinning(struct mill_event *base, uint64_t deadline)
{
    struct event *event = event_of(base);
    uint32_t first = atomic_load_explicit(&event->word, memory_order_acquire); /* as above */
    uint32_t word = first;
    for (int looks = 0; deadline > 0 && looks < LOOKS && mill_event_word_look(first, word) == -EAGAIN;
         looks++) {
        mill_pause();
        word = atomic_load_explicit(&event->word, memory_order_acquire);
    }
    return wait_after(event, first, word, deadline);
}

#define EVENT(ident, its_name, its_summary, its_source, its_wait) \
    const struct mill_event_ops mill_event_##ident = {            \
        .about =                                                  \
            {                                                     \
                .name = its_name,                                 \
                .summary = its_summary,                           \
                .source = its_source,                             \
                .algorithm = "event-count",                       \
                .traits = MILL_PARKS,                             \
                .progress = MILL_LOCK_FREE,                       \
                .size = sizeof(struct event),                     \
            },                                                    \
        .create = create,                                         \
        .destroy = destroy,                                       \
        .set = set,                                               \
        .clear = clear,                                           \
        .is_set = is_set,                                         \
        .abandon = abandon,                                       \
        .wait = its_wait,                                         \
    };

EVENT(futex, "futex", "one word on a futex: a set enters the kernel only if somebody may be asleep",
      "Franke, Russell and Kirkwood 2002", wait)
EVENT(futex_spin, "futex-spin", "one word on a futex; a waiter spins briefly before it sleeps",
      "Franke, Russell and Kirkwood 2002; Karlin et al. 1991", wait_spinning)
