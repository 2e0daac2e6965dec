/* One word for each object: the first to claim it builds, the others sleep on it. A look is one load, and
 * objects are built independently of each other. The kernel is entered only for somebody who sleeps.
 */
#include "core/backoff.h"
#include "sync/futex.h"
#include "sync/lazy_list.h"

enum {
    UNBUILT,
    BUILDING,
    AWAITED, /* being built, and someone may be asleep */
    BUILT,
};

/* Rounds of back-off before a waiter sleeps: a few microseconds, as a sleep and a wake-up take. */
#define ROUNDS 6u

struct cell {
    _Atomic uint32_t state;
};

/* acquire: pairs with the release in `settle`, so that the object is seen whole */
static uint32_t look(struct cell *cell)
{
    return atomic_load_explicit(&cell->state, memory_order_acquire);
}

static void await(struct cell *cell)
{
    struct mill_backoff backoff = MILL_BACKOFF_INIT;
    uint32_t state = look(cell);
    for (unsigned rounds = ROUNDS; state != BUILT && rounds > 0; rounds--) {
        mill_backoff_wait(&backoff);
        state = look(cell);
    }
    while (state != BUILT) {
        /* acquire: for where it fails, as in `look`; else it only tells the builder to wake */
        if (state == AWAITED ||
            atomic_compare_exchange_strong_explicit(&cell->state, &state, AWAITED, memory_order_acquire,
                                                    memory_order_acquire)) {
            mill_futex_wait(&cell->state, AWAITED);
            state = look(cell);
        }
    }
}

static __attribute__((noinline)) void settle(struct mill_lazy *lazy, size_t index, struct cell *cell)
{
    uint32_t state = UNBUILT;
    /* relaxed: a claim, which publishes nothing */
    if (!atomic_compare_exchange_strong_explicit(&cell->state, &state, BUILDING, memory_order_relaxed,
                                                 memory_order_relaxed)) {
        await(cell);
        return;
    }
    mill_lazy_build_now(lazy, index);
    /* release: pairs with the acquire in `look` */
    if (atomic_exchange_explicit(&cell->state, BUILT, memory_order_release) == AWAITED) {
        mill_futex_wake(&cell->state, INT_MAX);
    }
}

static void *get(struct mill_lazy *lazy, size_t index)
{
    struct cell *cell = mill_lazy_cell(lazy, index);
    if (look(cell) != BUILT) {
        settle(lazy, index, cell);
    }
    return mill_lazy_object(lazy, index);
}

const struct mill_lazy_ops mill_lazy_futex_once = {
    .about =
        {
            .name = "futex-once",
            .summary = "a flag of four states on a futex for each object",
            .source = "Drepper, Futexes Are Tricky, 2011",
            .algorithm = "once",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
            .size = sizeof(struct cell),
        },
    .get = get,
};
