/* A counter that all arrive at and a sense that the last one reverses (Mellor-Crummey and Scott 1991, whose
 * waiters spin; here they spin, yield and then sleep). Arriving is one read-modify-write. Those that wait
 * watch a word of their own, away from the counter that the others still arrive at.
 *
 * The counter, the sense and whether it is broken are one word (barrier_word.h), so that a generation is
 * tripped or broken in one step. A full generation is never broken: whoever finds one, trips it, in case the
 * last party has lost its processor between arriving and doing so.
 */
#include <stdlib.h>

#include "core/cacheline.h"
#include "sync/barrier_list.h"
#include "sync/barrier_word.h"

struct barrier {
    struct mill_barrier barrier;
    alignas(MILL_ISOLATION) _Atomic uint64_t word;
    alignas(MILL_ISOLATION) _Atomic uint32_t turn; /* changes after every change of generation */
};

static struct barrier *barrier_of(struct mill_barrier *barrier)
{
    return (struct barrier *)barrier;
}

static int create(const struct mill_barrier_ops *ops, unsigned parties, struct mill_barrier **barrier)
{
    (void)ops;
    (void)parties;
    struct barrier *made = mill_isolated_alloc(sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    *barrier = &made->barrier;
    return 0;
}

static void destroy(struct mill_barrier *barrier)
{
    free(barrier);
}

static bool is_full(const struct barrier *barrier, uint64_t word)
{
    return (word & MILL_BARRIER_ARRIVED) / MILL_BARRIER_ARRIVAL == barrier->barrier.parties &&
           !(word & MILL_BARRIER_BROKEN);
}

/* One step from `*word` to `next`, and all that wait look again. acq_rel: what all wrote before they arrived
 * goes on to all that see the step. */
/* NOLINTNEXTLINE(readability-non-const-parameter): a swap that fails writes what it saw there */
static bool step(struct barrier *barrier, uint64_t *word, uint64_t next)
{
    if (!atomic_compare_exchange_strong_explicit(&barrier->word, word, next, memory_order_acq_rel,
                                                 memory_order_acquire)) {
        return false;
    }
    mill_linger_end(&barrier->turn, (uint32_t)(next / MILL_BARRIER_GENERATION));
    return true;
}

/* Ends a generation that is not full in the given way, one that is full by tripping it. True when it was the
 * given way. */
static bool end_generation(struct barrier *barrier, uint64_t *word, uint64_t (*way)(uint64_t word))
{
    bool full = is_full(barrier, *word);
    return step(barrier, word, full ? mill_barrier_tripped(*word) : way(*word)) && !full;
}

/* The time of a party is over. 0 when all had come by then. */
static int give_up(struct barrier *barrier, uint64_t first)
{
    uint64_t word = atomic_load_explicit(&barrier->word, memory_order_acquire); /* as in `wait_for_others` */
    int status;
    while ((status = mill_barrier_look(first, word)) == -EAGAIN) {
        if (end_generation(barrier, &word, mill_barrier_broken)) {
            return -ETIMEDOUT;
        }
        word = atomic_load_explicit(&barrier->word, memory_order_acquire);
    }
    return status;
}

/* acquire: pairs with the release in `step`; the turn is read before the word, and changes after it */
static int wait_for_others(struct barrier *barrier, uint64_t first, uint64_t deadline)
{
    unsigned steps = 0;
    for (;;) {
        uint32_t turn = atomic_load_explicit(&barrier->turn, memory_order_acquire);
        int status = mill_barrier_look(first, atomic_load_explicit(&barrier->word, memory_order_acquire));
        if (status != -EAGAIN) {
            return status;
        }
        if (mill_linger(&barrier->turn, turn, &steps, barrier->barrier.crowded, deadline) < 0) {
            return give_up(barrier, first);
        }
    }
}

static int wait(struct mill_barrier *base, unsigned party, uint64_t deadline)
{
    (void)party;
    struct barrier *barrier = barrier_of(base);
    /* A broken barrier is left alone; the few that arrive all the same, since it was broken meanwhile, are
     * swept away by the reset. relaxed: what follows decides */
    if (atomic_load_explicit(&barrier->word, memory_order_relaxed) & MILL_BARRIER_BROKEN) {
        return -ECANCELED;
    }
    /* acq_rel: hands on what was written before, and takes what the others handed on */
    uint64_t first = atomic_fetch_add_explicit(&barrier->word, MILL_BARRIER_ARRIVAL, memory_order_acq_rel) +
                     MILL_BARRIER_ARRIVAL;
    if (first & MILL_BARRIER_BROKEN) {
        return -ECANCELED;
    }
    if (!is_full(barrier, first)) {
        return wait_for_others(barrier, first, deadline);
    }
    step(barrier, &first, mill_barrier_tripped(first)); /* else somebody has done it */
    return MILL_BARRIER_LEADER;
}

static void abort_barrier(struct mill_barrier *base)
{
    struct barrier *barrier = barrier_of(base);
    uint64_t word = atomic_load_explicit(&barrier->word, memory_order_acquire);
    while (!(word & MILL_BARRIER_BROKEN) && !end_generation(barrier, &word, mill_barrier_broken)) {
        word = atomic_load_explicit(&barrier->word, memory_order_acquire);
    }
}

static void reset(struct mill_barrier *base)
{
    struct barrier *barrier = barrier_of(base);
    uint64_t word = atomic_load_explicit(&barrier->word, memory_order_acquire);
    while (!end_generation(barrier, &word, mill_barrier_mended)) {
        word = atomic_load_explicit(&barrier->word, memory_order_acquire);
    }
}

static bool is_broken(struct mill_barrier *base)
{
    return atomic_load_explicit(&barrier_of(base)->word, memory_order_acquire) & MILL_BARRIER_BROKEN;
}

const struct mill_barrier_ops mill_barrier_sense_reversing = {
    .about =
        {
            .name = "sense-reversing",
            .summary = "one counter, and a sense that the last one reverses; spins, yields, then sleeps",
            .source = "Mellor-Crummey and Scott 1991",
            .algorithm = "sense-reversing",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
            .size = sizeof(struct barrier),
        },
    .shape = MILL_BARRIER_BREAKS,
    .create = create,
    .destroy = destroy,
    .wait = wait,
    .abort = abort_barrier,
    .reset = reset,
    .is_broken = is_broken,
};
