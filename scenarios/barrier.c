/* All threads cross one barrier over and over (row 13 of the patterns), one of them late if so wished: nobody
 * may be a generation ahead of the others or behind, and each generation has one leader.
 *
 * Every party writes down its generation before it arrives, and reads what the others wrote when it is
 * through: plain reads and writes that the barrier alone orders. What is written stays for four generations,
 * so that no party that is let through early writes over what is being read.
 *
 * The latency is a party's from arriving to going on, with its wait for the others. What the crossing itself
 * takes is from the last one's arrival to the last one's going on, and is shown beside it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "scenarios/list.h"
#include "sync/barrier.h"

enum { STRAGGLER };

static const struct mill_parameter parameters[] = {
    [STRAGGLER] = {.name = "straggler",
                   .summary = "how long the last thread works before each crossing, the others not at all",
                   .type = MILL_DURATION,
                   .minimum = 0,
                   .maximum = MILL_NS_PER_S,
                   .fallback = 0},
};

#define KEPT      4u
#define LEAVE_FOR ((int64_t)(2 * MILL_NS_PER_S))

struct note {
    uint64_t generation;
    uint64_t arrived_at, through_at; /* by mill_now_ns */
    bool leaving;                    /* has no more operations, and crosses for the others' sake */
};

struct party {
    alignas(MILL_ISOLATION) struct note notes[KEPT];
    uint64_t crossings;
    uint64_t led;
    uint64_t broken;        /* waits that failed though nobody had ended the run */
    uint64_t ahead, behind; /* others that were found in a later or an earlier generation */
    uint64_t measured;      /* crossings in the sum; of party 0 */
    uint64_t crossing_ns;
};

struct state {
    struct mill_barrier *barrier;
    unsigned count;
    bool breaks;
    struct party parties[];
};

static int setup(struct mill_case *one)
{
    const struct mill_barrier_ops *ops = mill_barrier_ops_of(one->strategy);
    struct state *state = mill_isolated_alloc(sizeof *state + one->threads * sizeof state->parties[0]);
    if (!state) {
        return -ENOMEM;
    }
    state->count = one->threads;
    state->breaks = ops->shape & MILL_BARRIER_BREAKS;
    int status = mill_barrier_create(ops, one->threads, &state->barrier);
    if (status < 0) {
        free(state);
        return status;
    }
    one->state = state;
    return 0;
}

static struct note *note_of(struct party *party, uint64_t generation)
{
    return &party->notes[generation % KEPT];
}

/* The next generation. MILL_BARRIER_LEADER, 0 or a negative errno. */
static int cross(struct mill_worker *worker, bool leaving)
{
    struct state *state = worker->state;
    struct party *me = &state->parties[worker->index];
    struct note *note = note_of(me, me->crossings + 1);
    *note = (struct note){.generation = me->crossings + 1, .leaving = leaving, .arrived_at = mill_now_ns()};
    mill_worker_called(worker, MILL_CALL_BARRIER_WAIT, 0, 0, 0);
    int status =
        mill_barrier_wait(state->barrier, worker->index, leaving && state->breaks ? LEAVE_FOR : MILL_FOREVER);
    mill_worker_returned(worker, status);
    if (status < 0) {
        return status;
    }
    note->through_at = mill_now_ns();
    me->crossings++;
    me->led += status == MILL_BARRIER_LEADER;
    return status;
}

/* After a crossing: looks where the others are. True when all of them are leaving. */
static bool look_around(struct state *state, struct party *me)
{
    bool all_leaving = true;
    for (unsigned i = 0; i < state->count; i++) {
        const struct note *note = note_of(&state->parties[i], me->crossings);
        me->ahead += note->generation > me->crossings;
        me->behind += note->generation < me->crossings;
        all_leaving = all_leaving && note->leaving;
    }
    return all_leaving;
}

/* The generation before is over for all: whoever arrived in this one had gone on from that. */
static void measure(struct state *state, struct party *me)
{
    uint64_t arrived_at = 0, through_at = 0;
    for (unsigned i = 0; i < state->count; i++) {
        const struct note *note = note_of(&state->parties[i], me->crossings - 1);
        arrived_at = note->arrived_at > arrived_at ? note->arrived_at : arrived_at;
        through_at = note->through_at > through_at ? note->through_at : through_at;
    }
    me->measured++;
    me->crossing_ns += through_at > arrived_at ? through_at - arrived_at : 0;
}

static int cross_once(struct mill_worker *worker)
{
    struct state *state = worker->state;
    int status = cross(worker, false);
    if (status < 0) {
        state->parties[worker->index].broken += !mill_stopping(worker);
        return MILL_STOPPED;
    }
    return MILL_DONE;
}

static void between(struct mill_worker *worker)
{
    struct state *state = worker->state;
    struct party *me = &state->parties[worker->index];
    look_around(state, me);
    if (worker->index == 0 && me->crossings > 1) {
        measure(state, me);
    }
    if (worker->index == state->count - 1) {
        mill_spend(worker->clock, (uint64_t)worker->the_case->values[STRAGGLER]);
    }
}

/* The others may wait for this party once more: it crosses until all are leaving, which all of them then see
 * in the same generation. What can be broken does so at the end of the run, or when the control has lost
 * count of who is there. */
static void finish(struct mill_worker *worker)
{
    struct state *state = worker->state;
    while (cross(worker, true) >= 0 && !look_around(state, &state->parties[worker->index])) {
    }
}

static void interrupt(struct mill_case *one)
{
    struct state *state = one->state;
    if (state->breaks) {
        size_t call = mill_case_called(one, MILL_CALL_BARRIER_ABORT, 0, 0, 0);
        mill_barrier_abort(state->barrier);
        mill_case_returned(one, call, 0);
    }
}

static const struct mill_model *model(const struct mill_case *one, struct mill_model *copy)
{
    *copy = mill_model_barrier;
    copy->parameter = one->threads;
    return copy;
}

/* A party that waits in vain for a generation that another one has gone through sleeps until the run ends. */
static void verify_all_woke(const struct state *state, uint64_t generations, struct mill_check *check)
{
    for (unsigned i = 0; i < state->count; i++) {
        if (state->parties[i].crossings != generations) {
            mill_check_found(check, MILL_LOST_WAKEUP,
                             "party %u went through %" PRIu64 " generations, another one through %" PRIu64, i,
                             state->parties[i].crossings, generations);
        }
    }
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    const struct state *state = one->state;
    const struct party *first = &state->parties[0];
    uint64_t generations = 0, led = 0, ahead = 0, behind = 0, broken = 0;
    for (unsigned i = 0; i < state->count; i++) {
        const struct party *party = &state->parties[i];
        generations = party->crossings > generations ? party->crossings : generations;
        led += party->led;
        ahead += party->ahead;
        behind += party->behind;
        broken += party->broken;
    }
    if (ahead + behind > 0) {
        mill_check_found(check, MILL_CORRUPTION,
                         "a party that was let through found others ahead of it %" PRIu64
                         " times, and behind it %" PRIu64 " times",
                         ahead, behind);
    }
    verify_all_woke(state, generations, check);
    if (led != generations) {
        mill_check_found(check, MILL_CORRUPTION, "%" PRIu64 " generations had %" PRIu64 " leaders",
                         generations, led);
    }
    if (broken > 0) {
        mill_check_found(check, MILL_CORRUPTION, "%" PRIu64 " waits were broken though nobody broke them",
                         broken);
    }
    if (first->measured > 0) {
        mill_check_measured(check, "last in to last out", "ns",
                            (double)first->crossing_ns / (double)first->measured);
    }
    mill_check_measured(check, "generations", "", (double)generations);
}

static void teardown(struct mill_case *one)
{
    struct state *state = one->state;
    mill_barrier_destroy(state->barrier);
    free(state);
}

static const struct mill_role roles[] = {
    {.name = "party",
     .summary = "arrives, waits for the others and goes on",
     .operation = cross_once,
     .between = between,
     .finish = finish},
};

static const struct mill_expectation expectations[] = {
    {.strategy = "no-generation",
     .findings = MILL_CORRUPTION | MILL_RACE | MILL_LOST_WAKEUP | MILL_WRONG_ANSWER,
     .min_threads = 2,
     .why =
         "a party that comes again before the others have left finds the count full and laps them, and the "
         "count is set back under one that still wakes up"},
};

const struct mill_scenario mill_scenario_barrier = {
    .name = "barrier",
    .summary = "threads cross a barrier in step, with a straggler if so wished",
    .family = &mill_barrier_family,
    .plain = true,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .expectations = expectations,
    .expectation_count = sizeof expectations / sizeof expectations[0],
    .model = model,
    .setup = setup,
    .verify = verify,
    .interrupt = interrupt,
    .teardown = teardown,
};
