/* Threads that last as long as a block, and blocks that are left in every way there is: by their end, return,
 * break and goto (row 4 of the patterns). Behind each block its thread must have ended, or have been handed
 * over.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "scenarios/list.h"
#include "task/scope_late.h"

enum { LATE, PATIENCE };

static const struct mill_parameter parameters[] = {
    [LATE] = {.name = "late",
              .summary = "what one body in eight takes to end once it is asked to",
              .type = MILL_DURATION,
              .maximum = 100 * (int64_t)MILL_NS_PER_MS,
              .fallback = 300000},
    [PATIENCE] = {.name = "patience",
                  .summary = "how long a block waits before its thread counts as late",
                  .type = MILL_DURATION,
                  .maximum = MILL_NS_PER_S,
                  .fallback = 200000},
};

/* One for each thread: its blocks, and the thread of the block that it is in. */
struct visitor {
    alignas(MILL_ISOLATION) uint64_t visits, late, handed_over;
    uint64_t running; /* blocks behind which the thread still ran, though nobody had been handed it */
    int64_t late_ns;  /* of the body that runs now */
    alignas(MILL_ISOLATION) _Atomic uint64_t begun; /* bodies, written by the body that runs */
    _Atomic uint64_t ended;
};

static int setup(struct mill_case *one)
{
    one->state = mill_isolated_alloc(one->threads * sizeof(struct visitor));
    return one->state ? 0 : -ENOMEM;
}

/* relaxed, here and in `check_out`: witnesses; the join orders them where it is right */
static int attend(struct mill_stop *stop, void *argument)
{
    struct visitor *me = argument;
    atomic_fetch_add_explicit(&me->begun, 1, memory_order_relaxed);
    mill_stop_wait(stop, MILL_FOREVER);
    if (me->late_ns > 0) {
        mill_sleep_until(mill_now_ns() + (uint64_t)me->late_ns);
    }
    atomic_fetch_add_explicit(&me->ended, 1, memory_order_relaxed);
    return 0;
}

enum way {
    BY_RETURN,
    BY_BREAK,
    BY_GOTO,
    BY_ITS_END,
    WAYS,
};

static int leave_block(struct visitor *me, enum way way, const struct mill_scope_settings *settings)
{
    do {
        MILL_SCOPE(attendant, settings);
        if (attendant.status < 0 || way == BY_RETURN) {
            return attendant.status;
        }
        if (way == BY_BREAK) {
            break;
        }
        if (way == BY_GOTO) {
            goto out;
        }
    } while (false);
out:
    me->visits++;
    return 0;
}

/* What is handed over is the reader's to stop; everything else has ended. */
static int check_out(struct visitor *me, struct mill_scope_end *end)
{
    int status = 0;
    me->late += end->late;
    if (end->survivor) {
        me->handed_over++;
        status = mill_managed_stop(&end->survivor, MILL_FOREVER, NULL);
    }
    uint64_t begun = atomic_load_explicit(&me->begun, memory_order_relaxed);
    me->running += begun != atomic_load_explicit(&me->ended, memory_order_relaxed);
    return status;
}

static int visit(struct mill_worker *worker)
{
    struct visitor *visitors = worker->state;
    struct visitor *me = &visitors[worker->index];
    const struct mill_case *one = worker->the_case;
    struct mill_scope_end end = {0};
    enum way way = (enum way)mill_random_below(&worker->random, WAYS);
    me->late_ns = mill_random_below(&worker->random, 8) == 0 ? one->values[LATE] : 0;
    int status = leave_block(
        me, way,
        &(struct mill_scope_settings){.name = "attendant",
                                      .body = attend,
                                      .argument = me,
                                      .timeout_ns = one->values[PATIENCE],
                                      .when_late = mill_scope_late_ops_of(one->strategy)->when_late,
                                      .end = &end});
    if (status < 0) {
        return status;
    }
    me->visits += way == BY_RETURN;
    return check_out(me, &end);
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    const struct visitor *visitors = one->state;
    uint64_t visits = 0, late = 0, handed_over = 0;
    for (unsigned i = 0; i < one->threads; i++) {
        const struct visitor *visitor = &visitors[i];
        uint64_t ended = atomic_load_explicit(&visitor->ended, memory_order_relaxed);
        if (visitor->running > 0) {
            mill_check_found(check, MILL_CORRUPTION, "behind %" PRIu64 " blocks their thread still ran",
                             visitor->running);
        }
        if (ended != visitor->visits) {
            mill_check_found(check, MILL_LOST_UPDATE,
                             "%" PRIu64 " blocks were left, but %" PRIu64 " threads ended", visitor->visits,
                             ended);
        }
        visits += visitor->visits;
        late += visitor->late;
        handed_over += visitor->handed_over;
    }
    if (visits > 0) {
        mill_check_measured(check, "late", "%", 100.0 * (double)late / (double)visits);
        mill_check_measured(check, "handed over", "%", 100.0 * (double)handed_over / (double)visits);
    }
}

static void teardown(struct mill_case *one)
{
    free(one->state);
}

static const struct mill_role roles[] = {
    {.name = "visitor",
     .summary = "enters a block with a thread of its own, and leaves it",
     .operation = visit},
};

const struct mill_scenario mill_scenario_scope = {
    .name = "scope",
    .summary = "threads that last as long as a block, left in every way there is",
    .family = &mill_scope_late_family,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
};
