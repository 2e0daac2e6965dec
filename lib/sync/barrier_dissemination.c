/* Each party tells in round k the party 2^k places on that it has come, and waits to be told by the one 2^k
 * places back: after log2 N rounds each has heard of all, and no word was written by more than one party
 * (Hensgen, Finkel and Manber 1988). A flag holds the number of the generation, so it needs no clearing.
 *
 * That a generation is tripped for all or broken for all takes one word more, as any agreement does: the
 * first party that has heard of all reverses the sense there, and is the leader; a party whose time is over
 * breaks the generation there, if nobody has heard of all yet. Once tripped, all parties go on with their
 * rounds, since others wait to be told.
 */
#include <stdlib.h>

#include "core/cacheline.h"
#include "sync/barrier_list.h"
#include "sync/barrier_word.h"

struct flag {
    alignas(MILL_ISOLATION) _Atomic uint32_t word; /* number of a generation, and the mark of mill_linger */
};

struct barrier {
    struct mill_barrier barrier;
    unsigned rounds;
    alignas(MILL_ISOLATION) _Atomic uint64_t word; /* barrier_word.h; nobody is counted */
    struct flag flags[];                           /* of each party, one a round */
};

static struct barrier *barrier_of(struct mill_barrier *barrier)
{
    return (struct barrier *)barrier;
}

static struct flag *flag_of(struct barrier *barrier, unsigned party, unsigned round)
{
    return &barrier->flags[party * barrier->rounds + round];
}

static int create(const struct mill_barrier_ops *ops, unsigned parties, struct mill_barrier **barrier)
{
    (void)ops;
    unsigned rounds = 0;
    while (1u << rounds < parties) {
        rounds++;
    }
    struct barrier *made = mill_isolated_alloc(sizeof *made + parties * rounds * sizeof made->flags[0]);
    if (!made) {
        return -ENOMEM;
    }
    made->rounds = rounds;
    atomic_init(&made->word, MILL_BARRIER_GENERATION); /* no flag shows the first generation yet */
    *barrier = &made->barrier;
    return 0;
}

static void destroy(struct mill_barrier *barrier)
{
    free(barrier);
}

/* One step from `*word` to `next`. acq_rel: as a trip it hands on what all wrote before they came, and
 * seq_cst for the sake of mill_linger_disturb */
/* NOLINTNEXTLINE(readability-non-const-parameter): a swap that fails writes what it saw there */
static bool step(struct barrier *barrier, uint64_t *word, uint64_t next)
{
    return atomic_compare_exchange_strong_explicit(&barrier->word, word, next, memory_order_seq_cst,
                                                   memory_order_seq_cst);
}

static void disturb_all(struct barrier *barrier)
{
    for (unsigned i = 0; i < barrier->barrier.parties * barrier->rounds; i++) {
        mill_linger_disturb(&barrier->flags[i].word);
    }
}

/* The time of a party is over. 0 when the generation was tripped by then. */
static int give_up(struct barrier *barrier, uint64_t first)
{
    uint64_t word = first;
    if (step(barrier, &word, mill_barrier_broken(first))) {
        disturb_all(barrier);
        return -ETIMEDOUT;
    }
    return mill_barrier_look(first, word);
}

/* Numbers of 31 bits go round. */
static bool has_reached(uint32_t flag, uint32_t generation)
{
    return (int32_t)((flag & ~MILL_LINGER_MARK) - (generation << 1)) >= 0;
}

/* Until the flag shows the generation of `first`. 0, -ETIMEDOUT or -ECANCELED. */
static int await(struct barrier *barrier, struct flag *flag, uint64_t first, uint64_t deadline)
{
    unsigned steps = 0;
    for (;;) {
        /* acquire: pairs with the release of mill_linger_end. Both seq_cst: first the flag, with its mark,
         * then the word; see mill_linger */
        uint32_t told = atomic_load_explicit(&flag->word, memory_order_seq_cst);
        if (has_reached(told, (uint32_t)(first / MILL_BARRIER_GENERATION))) {
            return 0;
        }
        int status = mill_barrier_look(first, atomic_load_explicit(&barrier->word, memory_order_seq_cst));
        if (status == -ECANCELED) {
            return status;
        }
        uint64_t until = status == 0 ? MILL_NO_DEADLINE : deadline;
        if (mill_linger(&flag->word, told, &steps, barrier->barrier.crowded, until) < 0) {
            status = give_up(barrier, first);
            if (status < 0) {
                return status;
            }
        }
    }
}

/* This party has heard of all. The look spares all but the first the write. acquire: pairs with `step` */
static int trip(struct barrier *barrier, uint64_t first)
{
    uint64_t word = atomic_load_explicit(&barrier->word, memory_order_acquire);
    int status = mill_barrier_look(first, word);
    if (status == -EAGAIN) {
        status = step(barrier, &word, mill_barrier_tripped(word)) ? MILL_BARRIER_LEADER
                                                                  : mill_barrier_look(first, word);
    }
    return status;
}

static int wait(struct mill_barrier *base, unsigned party, uint64_t deadline)
{
    struct barrier *barrier = barrier_of(base);
    uint64_t first = atomic_load_explicit(&barrier->word, memory_order_acquire); /* pairs with `step` */
    if (first & MILL_BARRIER_BROKEN) {
        return -ECANCELED;
    }
    for (unsigned round = 0; round < barrier->rounds; round++) {
        unsigned next = (party + (1u << round)) % base->parties;
        mill_linger_end(&flag_of(barrier, next, round)->word, (uint32_t)(first / MILL_BARRIER_GENERATION));
        int status = await(barrier, flag_of(barrier, party, round), first, deadline);
        if (status < 0) {
            return status;
        }
    }
    return trip(barrier, first);
}

static void abort_barrier(struct mill_barrier *base)
{
    struct barrier *barrier = barrier_of(base);
    uint64_t word = atomic_load_explicit(&barrier->word, memory_order_acquire); /* pairs with `step` */
    while (!(word & MILL_BARRIER_BROKEN)) {
        if (step(barrier, &word, mill_barrier_broken(word))) {
            disturb_all(barrier);
            return;
        }
    }
}

static void reset(struct mill_barrier *base)
{
    struct barrier *barrier = barrier_of(base);
    uint64_t word = atomic_load_explicit(&barrier->word, memory_order_acquire); /* pairs with `step` */
    while (!step(barrier, &word, mill_barrier_mended(word))) {
    }
    disturb_all(barrier);
}

static bool is_broken(struct mill_barrier *base)
{
    return atomic_load_explicit(&barrier_of(base)->word, memory_order_acquire) & MILL_BARRIER_BROKEN;
}

const struct mill_barrier_ops mill_barrier_dissemination = {
    .about =
        {
            .name = "dissemination",
            .summary = "each tells another in every round, for log2 N rounds; spins, yields, then sleeps",
            .source = "Hensgen, Finkel and Manber 1988",
            .algorithm = "dissemination",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
        },
    .shape = MILL_BARRIER_BREAKS,
    .create = create,
    .destroy = destroy,
    .wait = wait,
    .abort = abort_barrier,
    .reset = reset,
    .is_broken = is_broken,
};
