/* Threads take turns in a fixed order, with the turn kept under the lock: what it costs to hand work from one
 * thread to the next (row 26 of the patterns).
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "core/backoff.h"
#include "scenarios/list.h"
#include "scenarios/lock_memory.h"
#include "sync/lock.h"

struct state {
    const struct mill_lock_ops *ops;
    struct mill_lock *lock;
    unsigned threads;
    /* protected by `lock`, and apart from the above, which is only read */
    alignas(MILL_ISOLATION) uint64_t turns; /* taken so far; the next one belongs to thread turns % threads */
    unsigned holder;
};

static int setup(struct mill_case *one)
{
    struct state *state = mill_isolated_alloc(sizeof *state);
    if (!state) {
        return -ENOMEM;
    }
    state->ops = mill_lock_ops_of(one->strategy);
    state->threads = one->threads;
    int status = mill_lock_create_for(state->ops, one->threads, &state->lock);
    if (status < 0) {
        free(state);
        return status;
    }
    one->state = state;
    return 0;
}

static bool try_turn(struct mill_worker *worker)
{
    struct state *state = worker->state;
    struct mill_lock_context me;
    mill_lock_acquire(state->ops, state->lock, &me);
    mill_worker_holds(worker, &state->holder);
    bool mine = state->turns % state->threads == worker->index;
    state->turns += mine;
    mill_lock_release(state->ops, state->lock, &me);
    return mine;
}

/* Backs off between two looks: a lock without order may otherwise give itself back to the thread that only
 * looks, and keep it from the one whose turn it is. */
static int take_turn(struct mill_worker *worker)
{
    struct mill_backoff backoff = MILL_BACKOFF_INIT;
    while (!try_turn(worker)) {
        if (mill_stopping(worker)) {
            return MILL_STOPPED;
        }
        mill_backoff_wait(&backoff);
    }
    return MILL_DONE;
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    const struct state *state = one->state;
    if (state->turns != one->operations) {
        mill_check_found(check, MILL_LOST_UPDATE, "%" PRIu64 " turns were taken, but %" PRIu64 " counted",
                         one->operations, state->turns);
    }
    mill_lock_measure_memory(one, 1, check);
}

static void teardown(struct mill_case *one)
{
    struct state *state = one->state;
    mill_lock_destroy(state->ops, state->lock);
    free(state);
}

static const char *unsupported(const struct mill_case *one)
{
    return one->strategy->traits & MILL_CONTROL ? "a broken lock is looked for in critical-section" : NULL;
}

static const struct mill_role roles[] = {
    {.name = "player", .summary = "waits for its turn and passes it on", .operation = take_turn},
};

const struct mill_scenario mill_scenario_handoff = {
    .name = "handoff",
    .summary = "threads take strict turns under one lock",
    .family = &mill_lock_family,
    .plain = true,
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .min_threads = 2,
    .unsupported = unsupported,
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
};
