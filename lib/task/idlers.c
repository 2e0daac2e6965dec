#include "task/idlers.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>

#include "core/pause.h"
#include "sync/futex.h"

/* Looks, a pause each, whether a worker comes round: some hundreds of nanoseconds. */
#define LOOKS_ROUND 16

static unsigned processors(void)
{
    cpu_set_t set;
    int count = sched_getaffinity(0, sizeof set, &set) == 0 ? CPU_COUNT(&set) : 1;
    return count > 0 ? (unsigned)count : 1;
}

int mill_idlers_init(struct mill_idlers *idlers, unsigned workers, bool seldom,
                     bool (*more)(const void *context), const void *context)
{
    unsigned half = processors() / 2;
    idlers->seldom = seldom;
    idlers->more = more;
    idlers->context = context;
    idlers->everyone = UINT64_MAX >> (64 - workers);
    idlers->searchers_most = half > 0 ? half : 1;
    idlers->idlers = mill_isolated_alloc(workers * sizeof *idlers->idlers);
    return idlers->idlers ? 0 : -ENOMEM;
}

void mill_idlers_destroy(struct mill_idlers *idlers)
{
    free(idlers->idlers);
}

/* ---- waking ---- */

/* The sleeper's bit has been cleared by us, so nobody else calls it. */
static void call(struct mill_idlers *idlers, unsigned worker, enum mill_call why)
{
    struct mill_idler *idler = &idlers->idlers[worker];
    /* release: pairs with the acquire in wait_for_call */
    atomic_store_explicit(&idler->call, why, memory_order_release);
    mill_futex_wake(&idler->call, 1);
}

/* Clears the lowest bit among `of`, so that the same workers are woken again and the others sleep on; -1:
 * none is left. seq_cst, here and at all changes of `asleep` and `searching`: the fences' arguments in the
 * header then hold without further ones. */
static int pick(struct mill_idlers *idlers, uint64_t of)
{
    uint64_t asleep = atomic_load_explicit(&idlers->asleep, memory_order_seq_cst);
    while (asleep & of) {
        int worker = __builtin_ctzll(asleep & of);
        if (atomic_compare_exchange_weak_explicit(&idlers->asleep, &asleep, asleep & ~(1ull << worker),
                                                  memory_order_seq_cst, memory_order_seq_cst)) {
            return worker;
        }
    }
    return -1;
}

/* One that is awake searches, or has taken what there was. Whoever took our task needs no wake for it. */
static bool comes_round(const struct mill_idlers *idlers)
{
    for (unsigned looks = 0; looks < LOOKS_ROUND; looks++) {
        if (atomic_load_explicit(&idlers->asleep, memory_order_relaxed) == idlers->everyone) {
            return false;
        }
        if (atomic_load_explicit(&idlers->searching, memory_order_relaxed) > 0 ||
            !idlers->more(idlers->context)) {
            return true;
        }
        mill_pause();
    }
    return false;
}

/* The searcher's count is raised before there is a searcher, on behalf of the one that is woken. */
void mill_idlers_wake(struct mill_idlers *idlers)
{
    uint32_t none = 0;
    mill_fence();
    if (comes_round(idlers)) {
        return;
    }
    while (atomic_load_explicit(&idlers->searching, memory_order_relaxed) == 0 &&
           atomic_compare_exchange_strong_explicit(&idlers->searching, &none, 1, memory_order_seq_cst,
                                                   memory_order_relaxed)) {
        int worker = pick(idlers, idlers->everyone);
        if (worker >= 0) {
            call(idlers, (unsigned)worker, MILL_CALL_SEARCH);
            return;
        }
        /* All got up by themselves. Who put a task meanwhile and saw a searcher relied on us. */
        atomic_fetch_sub_explicit(&idlers->searching, 1, memory_order_seq_cst);
        mill_fence();
        if (atomic_load_explicit(&idlers->asleep, memory_order_relaxed) == 0) {
            return;
        }
    }
}

void mill_idlers_nudge(struct mill_idlers *idlers)
{
    mill_idlers_fence(idlers);
    uint64_t joining = atomic_load_explicit(&idlers->joining, memory_order_relaxed);
    int worker;
    while (joining != 0 && (worker = pick(idlers, joining)) >= 0) {
        joining &= ~(1ull << worker);
        call(idlers, (unsigned)worker, MILL_CALL_LOOK);
    }
}

void mill_idlers_rouse(struct mill_idlers *idlers)
{
    int worker;
    mill_idlers_fence(idlers);
    while ((worker = pick(idlers, idlers->everyone)) >= 0) {
        call(idlers, (unsigned)worker, MILL_CALL_LOOK);
    }
}

/* ---- searching ---- */

bool mill_idlers_search(struct mill_idlers *idlers)
{
    uint32_t searching = atomic_load_explicit(&idlers->searching, memory_order_relaxed);
    while (searching < idlers->searchers_most) {
        if (atomic_compare_exchange_weak_explicit(&idlers->searching, &searching, searching + 1,
                                                  memory_order_seq_cst, memory_order_relaxed)) {
            return true;
        }
    }
    return false;
}

void mill_idlers_found(struct mill_idlers *idlers)
{
    /* seq_cst, all three: a submit that still saw us search has its fence, in mill_idlers_wake, before our
     * word that we do not; so we see the sleeper that it saw. Likewise a lookout that has left, and has
     * looked too early for that submit's task. */
    bool last = atomic_fetch_sub_explicit(&idlers->searching, 1, memory_order_seq_cst) == 1;
    if (!last || atomic_load_explicit(&idlers->asleep, memory_order_seq_cst) == 0 ||
        atomic_load_explicit(&idlers->brisk, memory_order_seq_cst)) {
        return;
    }
    mill_fence(); /* pairs with the one in mill_idlers_wake: either it sees us no longer, or we its task */
    if (idlers->more(idlers->context)) {
        mill_idlers_wake(idlers);
    }
}

/* ---- sleeping ---- */

/* Between the word that one sleeps and the last look. Pairs with mill_idlers_fence. */
static void fence_sleeper(const struct mill_idlers *idlers)
{
    if (idlers->seldom) {
        mill_fence_heavy();
    } else {
        mill_fence();
    }
}

/* What one worker is while it sleeps. */
struct sleeper {
    struct mill_idlers *idlers;
    const struct mill_rest *rest;
    _Atomic uint32_t *call;
    uint64_t bit;
    bool lookout;
};

static enum mill_call called(const struct sleeper *sleeper)
{
    return (enum mill_call)atomic_load_explicit(sleeper->call, memory_order_acquire);
}

/* Gets up by itself; or was called at the same moment, and then the call is on its way. */
static enum mill_call get_up(struct sleeper *sleeper)
{
    uint64_t asleep =
        atomic_fetch_and_explicit(&sleeper->idlers->asleep, ~sleeper->bit, memory_order_seq_cst);
    if (asleep & sleeper->bit) {
        return MILL_CALL_SELF;
    }
    while (called(sleeper) == MILL_CALL_NONE) {
        mill_futex_wait(sleeper->call, MILL_CALL_NONE);
    }
    return called(sleeper);
}

/* Those that saw the word still rely on the lookout, so it looks once more after it has taken it back. */
static bool leave_lookout(struct sleeper *sleeper)
{
    atomic_store_explicit(&sleeper->idlers->brisk, false, memory_order_seq_cst);
    sleeper->lookout = false;
    fence_sleeper(sleeper->idlers);
    return sleeper->rest->reason(sleeper->rest->context);
}

/* Who searches will find what has come. */
static bool has_reason(struct sleeper *sleeper)
{
    bool searched = atomic_load_explicit(&sleeper->idlers->searching, memory_order_relaxed) > 0;
    if (!searched && sleeper->rest->reason(sleeper->rest->context)) {
        return true;
    }
    bool alone = sleeper->lookout && atomic_load_explicit(&sleeper->idlers->asleep, memory_order_relaxed) ==
                                         sleeper->idlers->everyone;
    return alone && leave_lookout(sleeper);
}

static enum mill_call wait_for_call(struct sleeper *sleeper)
{
    enum mill_call why;
    while ((why = called(sleeper)) == MILL_CALL_NONE) {
        uint64_t until = sleeper->rest->deadline;
        if (sleeper->lookout) {
            uint64_t next = mill_now_ns() + MILL_LOOKOUT_NS;
            until = next < until ? next : until;
        }
        if (mill_futex_wait_until(sleeper->call, MILL_CALL_NONE, until) == -ETIMEDOUT &&
            (until == sleeper->rest->deadline || has_reason(sleeper))) {
            return get_up(sleeper);
        }
    }
    return why;
}

/* One worker, but not the last that is awake, may go on the lookout if tasks are short. */
static bool try_lookout(const struct sleeper *sleeper, uint64_t asleep)
{
    struct mill_idlers *idlers = sleeper->idlers;
    bool no = false;
    return !sleeper->rest->joining && asleep != idlers->everyone &&
           atomic_load_explicit(&idlers->pace, memory_order_relaxed) >= MILL_PACE_QUICK &&
           atomic_compare_exchange_strong_explicit(&idlers->brisk, &no, true, memory_order_seq_cst,
                                                   memory_order_relaxed);
}

enum mill_call mill_idlers_sleep(struct mill_idlers *idlers, const struct mill_rest *rest)
{
    struct sleeper sleeper = {
        .idlers = idlers,
        .rest = rest,
        .call = &idlers->idlers[rest->worker].call,
        .bit = 1ull << rest->worker,
    };
    if (rest->joining) {
        atomic_fetch_or_explicit(&idlers->joining, sleeper.bit, memory_order_seq_cst);
    }
    uint64_t asleep =
        atomic_fetch_or_explicit(&idlers->asleep, sleeper.bit, memory_order_seq_cst) | sleeper.bit;
    if (rest->searching) {
        atomic_fetch_sub_explicit(&idlers->searching, 1, memory_order_seq_cst);
    }
    sleeper.lookout = try_lookout(&sleeper, asleep);
    fence_sleeper(idlers);
    enum mill_call why = rest->reason(rest->context) ? get_up(&sleeper) : wait_for_call(&sleeper);
    /* relaxed: the next call comes after the next announcement */
    atomic_store_explicit(sleeper.call, MILL_CALL_NONE, memory_order_relaxed);
    if (rest->joining) {
        atomic_fetch_and_explicit(&idlers->joining, ~sleeper.bit, memory_order_seq_cst);
    }
    if (sleeper.lookout) {
        leave_lookout(&sleeper);
    }
    return why;
}
