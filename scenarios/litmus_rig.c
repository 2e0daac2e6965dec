#include "scenarios/litmus_rig.h"

#include <errno.h>
#include <sched.h>
#include <stdlib.h>

#include "core/pause.h"

#define LOOKS_A_YIELD 256u
#define PAUSES_MAX    64u

const struct mill_parameter mill_litmus_parameters[MILL_LITMUS_PARAMETERS] = {
    [MILL_LITMUS_BATCH] = {.name = "batch",
                           .summary = "tests between two meetings of all threads",
                           .type = MILL_INTEGER,
                           .minimum = 1,
                           .maximum = 1 << 16,
                           .fallback = 512},
};

const struct mill_expectation mill_litmus_expectations[1] = {
    {.strategy = "plain",
     .findings = MILL_RACE,
     .min_threads = 2,
     .why = "threads load and store the same variables, and nothing orders them"},
};

struct party {
    alignas(MILL_ISOLATION) uint64_t done; /* tests; its own until the join */
    uint32_t meeting;                      /* the number of the next */
    mill_litmus_seen *seen;                /* of each cell of the batch */
};

struct rig {
    const struct mill_litmus_shape *shape;
    const struct mill_litmus_ops *ops;
    size_t batch;
    struct mill_litmus_cell *cells;
    struct party parties[MILL_LITMUS_PARTIES];
    /* of the first party, until the join: */
    alignas(MILL_ISOLATION) uint64_t noted; /* tests, in whole batches */
    uint64_t came_out[MILL_LITMUS_NAMES];
    alignas(MILL_ISOLATION) _Atomic uint32_t arrived; /* at meetings: threads times meetings */
};

/* ---- meetings ---- */

/* False when the run is over, and others may not come. */
static bool meet(struct mill_worker *worker, struct rig *rig, struct party *party)
{
    uint32_t all = ++party->meeting * rig->shape->parties;
    /* acq_rel, and acquire in the loop: what any party did before is seen by all behind */
    atomic_fetch_add_explicit(&rig->arrived, 1, memory_order_acq_rel);
    for (unsigned looks = 1; atomic_load_explicit(&rig->arrived, memory_order_acquire) < all; looks++) {
        if (mill_stopping(worker)) {
            return false;
        }
        if (looks % LOOKS_A_YIELD == 0) {
            sched_yield();
        } else {
            mill_pause();
        }
    }
    return true;
}

/* Who clears the cells is the first to leave the meeting, every time: a little late, and not always as much,
 * it is now ahead of the others and now behind. */
static void hang_back(struct mill_worker *worker)
{
    for (uint64_t pauses = mill_random_below(&worker->random, PAUSES_MAX); pauses > 0; pauses--) {
        mill_pause();
    }
}

static void note(const struct rig *rig, size_t count, uint64_t *came_out)
{
    mill_litmus_seen seen[MILL_LITMUS_PARTIES] = {0};
    for (size_t i = 0; i < count; i++) {
        for (unsigned party = 0; party < rig->shape->parties; party++) {
            seen[party] = rig->parties[party].seen[i];
        }
        came_out[rig->shape->classify(seen)]++;
    }
}

static void end_batch(struct rig *rig)
{
    note(rig, rig->batch, rig->came_out);
    rig->noted += rig->batch;
    for (size_t i = 0; i < rig->batch; i++) {
        mill_litmus_clear(&rig->cells[i].x);
        mill_litmus_clear(&rig->cells[i].y);
    }
}

int mill_litmus_operation(struct mill_worker *worker)
{
    struct rig *rig = worker->state;
    struct party *me = &rig->parties[worker->index];
    size_t place = me->done % rig->batch;
    if (place == 0 && me->done > 0) {
        if (!meet(worker, rig, me)) {
            return MILL_STOPPED;
        }
        if (worker->index == 0) {
            end_batch(rig);
        }
        if (!meet(worker, rig, me)) {
            return MILL_STOPPED;
        }
        if (worker->index == 0) {
            hang_back(worker);
        }
    }
    me->seen[place] = rig->shape->play(rig->ops, &rig->cells[place], worker->index);
    me->done++;
    return MILL_DONE;
}

/* ---- the outcomes ---- */

const struct mill_declared_outcome *mill_litmus_outcomes(const struct mill_litmus_shape *shape,
                                                         const struct mill_case *one, size_t *count)
{
    *count = shape->count;
    return mill_litmus_ops_of(one->strategy)->forbids & shape->weak ? shape->forbidden : shape->allowed;
}

/* With the tests of the last batch that all parties have done. */
int mill_litmus_count(const struct mill_case *one, struct mill_outcomes *outcomes)
{
    const struct rig *rig = one->state;
    uint64_t came_out[MILL_LITMUS_NAMES];
    uint64_t done = UINT64_MAX;
    int status = 0;
    for (unsigned i = 0; i < rig->shape->parties; i++) {
        done = rig->parties[i].done < done ? rig->parties[i].done : done;
    }
    for (size_t i = 0; i < MILL_LITMUS_NAMES; i++) {
        came_out[i] = rig->came_out[i];
    }
    note(rig, (size_t)(done - rig->noted), came_out);
    for (size_t i = 0; i < rig->shape->count && status == 0; i++) {
        if (came_out[i] > 0) {
            status = mill_outcomes_count(outcomes, rig->shape->allowed[i].outcome, came_out[i]);
        }
    }
    return status;
}

/* ---- making and freeing ---- */

void mill_litmus_teardown(struct mill_case *one)
{
    struct rig *rig = one->state;
    for (unsigned i = 0; i < MILL_LITMUS_PARTIES; i++) {
        free(rig->parties[i].seen);
    }
    free(rig->cells);
    free(rig);
}

int mill_litmus_setup(struct mill_case *one, const struct mill_litmus_shape *shape)
{
    struct rig *rig = mill_isolated_alloc(sizeof *rig);
    if (!rig) {
        return -ENOMEM;
    }
    one->state = rig;
    rig->shape = shape;
    rig->ops = mill_litmus_ops_of(one->strategy);
    rig->batch = (size_t)one->values[MILL_LITMUS_BATCH];
    rig->cells = mill_isolated_alloc(rig->batch * sizeof *rig->cells);
    bool whole = rig->cells;
    for (unsigned i = 0; i < shape->parties && whole; i++) {
        rig->parties[i].seen = mill_isolated_alloc(rig->batch * sizeof *rig->parties[i].seen);
        whole = rig->parties[i].seen;
    }
    if (!whole) {
        mill_litmus_teardown(one);
        one->state = NULL;
        return -ENOMEM;
    }
    return 0;
}
