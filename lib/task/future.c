#include "task/future.h"

#include <errno.h>

#include "core/pause.h"
#include "sync/futex.h"
#include "task/future_set.h"
#include "task/pool_strategy.h"

/* The state is a phase and some flags, in one word: whoever moves the phase sees who is to be told. A
 * cancelled future has settled, but some queue still points to it. */
enum {
    IDLE, /* never submitted */
    QUEUED,
    RUNNING,
    CANCELLED,
    SETTLED,
    PHASE = 7,
    AWAITED = 8,   /* threads sleep on the word */
    ASSISTED = 16, /* a worker of the same pool runs other tasks until it settles */
    IN_SET = 32,   /* `set` has it, and has not delivered it */
    FLAGS = AWAITED | ASSISTED | IN_SET,
};

/* The futures whose tasks run on this thread's stack. */
struct frame {
    const struct mill_future *future;
    const struct frame *up;
};
static _Thread_local const struct frame *innermost;

static uint32_t state_of(const struct mill_future *future)
{
    /* acquire: pairs with the release of `move`, so that a settled one's result and writes are seen */
    return atomic_load_explicit(&future->state, memory_order_acquire);
}

/* Of a state that is not idle: it was written before. relaxed: the state orders, and a late reader may meet
 * the writer for the next life. */
static struct mill_pool *last_pool(const struct mill_future *future)
{
    return atomic_load_explicit(&future->pool, memory_order_relaxed);
}

static bool is_settled(uint32_t state)
{
    return (state & PHASE) >= CANCELLED;
}

/* What was there before a move: behind it the future may be somebody else's, or gone. */
struct past {
    uint32_t state;
    struct mill_pool *pool;
};

/* Sets the phase to `to` if it is `from`, keeps the flags in `keep` and returns all in `past`. acquire and
 * release: who moves a phase has seen what was written before the last move, and shows what it wrote. */
static bool move(struct mill_future *future, uint32_t from, uint32_t to, uint32_t keep, struct past *past)
{
    past->state = state_of(future);
    while ((past->state & PHASE) == from) {
        past->pool = last_pool(future); /* behind the state */
        if (atomic_compare_exchange_weak_explicit(&future->state, &past->state, to | (past->state & keep),
                                                  memory_order_acq_rel, memory_order_acquire)) {
            return true;
        }
    }
    return false;
}

/* Tells those that the flags name. A wake needs no more than the future's address. */
static void tell(struct mill_future *future, const struct past *past)
{
    if (past->state & AWAITED) {
        mill_futex_wake(&future->state, INT_MAX);
    }
    if (past->state & ASSISTED) {
        past->pool->ops->nudge(past->pool);
    }
}

/* From queued or running to cancelled or settled: false when it was not `from`. */
static bool settle(struct mill_future *future, uint32_t from, uint32_t to)
{
    struct past past;
    if (!move(future, from, to, IN_SET, &past)) {
        return false;
    }
    tell(future, &past);
    if (past.state & IN_SET) {
        mill_future_set_put(future->set, future); /* the set has it until then, so it is still there */
    }
    return true;
}

static void finish(struct mill_future *future, int result)
{
    future->result = result;
    settle(future, RUNNING, SETTLED);
}

/* Leaves a cancelled future, which has settled and been delivered before, to its owner. */
static void let_go(struct mill_future *future)
{
    struct past past;
    future->result = -ECANCELED;
    if (move(future, CANCELLED, SETTLED, IN_SET, &past)) { /* nobody else does so */
        tell(future, &past);
    }
}

/* ---- what the pool calls ---- */

static int run(void *argument)
{
    struct mill_future *future = argument;
    struct past past;
    if (!move(future, QUEUED, RUNNING, FLAGS, &past)) {
        let_go(future);
        return -ECANCELED;
    }
    struct frame frame = {.future = future, .up = innermost};
    innermost = &frame;
    int result = future->run(future->argument);
    innermost = frame.up;
    finish(future, result);
    return result;
}

static void drop(void *argument)
{
    struct mill_future *future = argument;
    struct past past;
    if (move(future, QUEUED, RUNNING, FLAGS, &past)) {
        finish(future, -ECANCELED);
    } else {
        let_go(future);
    }
}

/* ---- what its owner calls ---- */

int mill_future_init(struct mill_future *future, int (*run_it)(void *argument), void *argument)
{
    if (!future || !run_it) {
        return -EINVAL;
    }
    *future = (struct mill_future){
        .task = {.run = run, .argument = future, .drop = drop},
        .run = run_it,
        .argument = argument,
    };
    return 0;
}

/* The future was not taken. As before, if nobody has noticed; those that have cancelled it, wait for it or
 * put it into a set are told that it is cancelled. */
static void undo(struct mill_future *future, uint32_t before)
{
    uint32_t queued = QUEUED;
    /* release: as in submit */
    if (!atomic_compare_exchange_strong_explicit(&future->state, &queued, before, memory_order_release,
                                                 memory_order_relaxed)) {
        drop(future);
    }
}

int mill_pool_submit_future(struct mill_pool *pool, struct mill_future *future)
{
    if (!pool || !future || !future->run) {
        return -EINVAL;
    }
    uint32_t before = state_of(future);
    do {
        uint32_t phase = before & PHASE;
        if ((phase != IDLE && phase != SETTLED) || (before & IN_SET)) {
            return -EBUSY;
        }
        atomic_store_explicit(&future->pool, pool, memory_order_relaxed);
        /* acquire: pairs with the release of who settled it before. release: who sees it queued sees where */
    } while (!atomic_compare_exchange_weak_explicit(&future->state, &before, QUEUED, memory_order_acq_rel,
                                                    memory_order_acquire));
    int status = mill_pool_submit(pool, &future->task);
    if (status < 0) {
        undo(future, before);
    }
    return status;
}

/* Both are true of an idle one too, which it may become again when it is not taken: there is nothing to wait
 * for. */
static bool is_done_with(const void *what)
{
    uint32_t state = state_of(what);
    return (state & PHASE) == IDLE || is_settled(state);
}

static bool has_left(const void *what)
{
    uint32_t phase = state_of(what) & PHASE;
    return phase == IDLE || phase == SETTLED;
}

/* Sets a flag, so that whoever settles it tells us; false when there is nothing to wait for any more. */
static bool ask(struct mill_future *future, bool (*settled)(const void *what), uint32_t flag)
{
    uint32_t state = state_of(future);
    while (!settled(future)) {
        /* release: pairs with the acquire of `move` */
        if (atomic_compare_exchange_weak_explicit(&future->state, &state, state | flag, memory_order_release,
                                                  memory_order_acquire)) {
            return true;
        }
    }
    return false;
}

/* Looks for as long as the pool's workers do, since a short task is over before the kernel has put us to
 * sleep. */
static void look_on(const struct mill_future *future, bool (*settled)(const void *what), uint64_t deadline)
{
    int64_t spin_ns = last_pool(future)->spin_ns;
    uint64_t now = mill_now_ns();
    uint64_t until = spin_ns == MILL_FOREVER ? MILL_NO_DEADLINE : now + (uint64_t)spin_ns;
    for (unsigned looks = 0; !settled(future) && now < until && now < deadline; looks++) {
        mill_pause();
        now = looks % 16 == 15 ? mill_now_ns() : now;
    }
}

static int sleep_on(struct mill_future *future, bool (*settled)(const void *what), uint64_t deadline)
{
    int status = 0;
    look_on(future, settled, deadline);
    while (status == 0 && ask(future, settled, AWAITED)) {
        uint32_t state = state_of(future);
        if (!settled(future) && (state & AWAITED)) {
            status = mill_futex_wait_until(&future->state, state, deadline);
        }
    }
    return settled(future) ? 0 : status;
}

static bool on_our_stack(const struct mill_future *future)
{
    for (const struct frame *frame = innermost; frame; frame = frame->up) {
        if (frame->future == future) {
            return true;
        }
    }
    return false;
}

/* Until settled(future). */
static int wait_until(struct mill_future *future, bool (*settled)(const void *what), int64_t timeout_ns)
{
    uint64_t deadline;
    int status = future ? mill_deadline_after(timeout_ns, &deadline) : -EINVAL;
    if (status < 0) {
        return status;
    }
    if (settled(future)) {
        return 0;
    }
    if (on_our_stack(future)) {
        return -EDEADLK;
    }
    struct mill_pool *pool = last_pool(future);
    if (!mill_pool_inside(pool)) {
        return sleep_on(future, settled, deadline);
    }
    if (pool->ops->shape & MILL_POOL_NO_ASSIST) {
        return -EDEADLK;
    }
    return ask(future, settled, ASSISTED) ? pool->ops->assist(pool, settled, future, deadline) : 0;
}

int mill_future_wait(struct mill_future *future, int64_t timeout_ns, int *result)
{
    int status = wait_until(future, is_done_with, timeout_ns);
    if (status < 0) {
        return status;
    }
    uint32_t phase = state_of(future) & PHASE;
    if (phase == IDLE) {
        return -EINVAL;
    }
    if (result) {
        /* of a cancelled one the pool writes the same into `result`, at a time of its own */
        *result = phase == CANCELLED ? -ECANCELED : future->result;
    }
    return 0;
}

int mill_future_retire(struct mill_future *future, int64_t timeout_ns)
{
    return wait_until(future, has_left, timeout_ns);
}

int mill_future_cancel(struct mill_future *future)
{
    static const int refusals[] = {[IDLE] = -EINVAL,
                                   [QUEUED] = -EBUSY,
                                   [RUNNING] = -EBUSY,
                                   [CANCELLED] = -EALREADY,
                                   [SETTLED] = -EALREADY};
    if (!future) {
        return -EINVAL;
    }
    return settle(future, QUEUED, CANCELLED) ? 0 : refusals[state_of(future) & PHASE];
}

bool mill_future_settled(const struct mill_future *future)
{
    return is_settled(state_of(future));
}

/* ---- what sets call ---- */

int mill_future_enter_set(struct mill_future *future, struct mill_future_set *set)
{
    uint32_t state = state_of(future);
    do {
        if ((state & PHASE) == IDLE || (state & IN_SET)) {
            return state & IN_SET ? -EBUSY : -EINVAL;
        }
        future->set = set;
        /* release: pairs with the acquire of `move`, so that `set` is seen */
    } while (!atomic_compare_exchange_weak_explicit(&future->state, &state, state | IN_SET,
                                                    memory_order_release, memory_order_acquire));
    return is_settled(state) ? -EALREADY : 0;
}

void mill_future_leave_set(struct mill_future *future)
{
    /* release: the set's list is done with it before it may be submitted again */
    atomic_fetch_and_explicit(&future->state, ~(uint32_t)IN_SET, memory_order_release);
}
