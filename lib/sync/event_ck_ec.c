/* An event on Concurrency Kit's event count, a peer of ours: the event is a word beside it, and the count
 * says when to look again. The library leaves clock and futex to its user.
 */
#include <errno.h>

#include "core/peer.h"
#include "sync/event_list.h"

#if defined(MILL_HAVE_CK)
#include <stdlib.h>

#include <ck_ec.h>
#include <ck_md.h>

#include "core/cacheline.h"
#include "sync/event_word.h"
#include "sync/futex.h"

struct event {
    struct mill_event event;
    alignas(MILL_ISOLATION) struct ck_ec32 count;
    _Atomic uint32_t word; /* event_word.h */
};

static int read_clock(const struct ck_ec_ops *ops, struct timespec *now)
{
    (void)ops;
    return clock_gettime(CLOCK_MONOTONIC, now);
}

static _Atomic uint32_t *futex_of(const uint32_t *address)
{
    return (_Atomic uint32_t *)(uintptr_t)address;
}

static void sleep_on(const struct ck_ec_wait_state *state, const uint32_t *address, uint32_t expected,
                     const struct timespec *deadline)
{
    (void)state;
    mill_futex_wait_until(futex_of(address), expected,
                          deadline ? mill_timespec_ns(*deadline) : MILL_NO_DEADLINE);
}

static void wake_all(const struct ck_ec_ops *ops, const uint32_t *address)
{
    (void)ops;
    mill_futex_wake(futex_of(address), INT_MAX);
}

static const struct ck_ec_ops system_calls = {
    .gettime = read_clock,
    .wait32 = sleep_on,
    .wake32 = wake_all,
};

static const struct ck_ec_mode many_setters = {.ops = &system_calls, .single_producer = false};

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
    ck_ec32_init(&made->count, 0);
    *event = &made->event;
    return 0;
}

static void destroy(struct mill_event *event)
{
    free(event);
}

/* release: pairs with the acquires in `wait` and `is_set` */
static void raise_bit(struct mill_event *base, uint32_t bit)
{
    struct event *event = event_of(base);
    atomic_fetch_or_explicit(&event->word, bit, memory_order_release);
    ck_ec32_inc(&event->count, &many_setters);
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

/* acquire: pairs with the release in raise_bit; the count is read before the word (ck_ec32_value acquires) */
static int wait(struct mill_event *base, uint64_t deadline)
{
    struct event *event = event_of(base);
    struct timespec until = mill_deadline_timespec(deadline);
    uint32_t first = atomic_load_explicit(&event->word, memory_order_acquire);
    int late = deadline == 0 ? -ETIMEDOUT : 0;
    int status = mill_event_word_look(first, first);
    while (status == -EAGAIN && late == 0) {
        uint32_t count = ck_ec32_value(&event->count);
        status = mill_event_word_look(first, atomic_load_explicit(&event->word, memory_order_acquire));
        if (status == -EAGAIN &&
            ck_ec32_wait(&event->count, &many_setters, count, deadline == MILL_NO_DEADLINE ? NULL : &until)) {
            late = -ETIMEDOUT;
            status = mill_event_word_look(first, atomic_load_explicit(&event->word, memory_order_acquire));
        }
    }
    return status == -EAGAIN ? late : status;
}
#else
#define CK_VERSION ""
#endif

const struct mill_event_ops mill_event_ck_ec = {
    .about =
        {
            .name = "ck-ec",
            .summary = "a word and Concurrency Kit's event count",
            .source = "Concurrency Kit " CK_VERSION ", ck_ec32",
            .algorithm = "event-count",
            .library = MILL_CK_LIBRARY,
            .missing = MILL_CK_MISSING,
            .traits = MILL_PARKS | MILL_CK_TRAITS,
            .progress = MILL_LOCK_FREE,
            .size = MILL_CK(sizeof(struct event)),
        },
    .create = MILL_CK(create),
    .destroy = MILL_CK(destroy),
    .set = MILL_CK(set),
    .clear = MILL_CK(clear),
    .is_set = MILL_CK(is_set),
    .abandon = MILL_CK(abandon),
    .wait = MILL_CK(wait),
};
