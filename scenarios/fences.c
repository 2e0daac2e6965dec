/* Each thread stores to a word of its own and orders that store in one way or another: what an order or a
 * fence costs (row 26 of the patterns). Whether an order keeps what it promises is what the litmus tests ask
 * (store-buffering and its kin).
 *
 * A fence waits for the stores that are still on their way, so there may be more of them before it.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "core/fence.h"
#include "scenarios/list.h"
#include "sync/ordering.h"

enum { LINES };

#define LINES_MAX 64

static const struct mill_parameter parameters[] = {
    [LINES] = {.name = "lines",
               .summary = "cache lines of the thread's own that it writes before",
               .type = MILL_INTEGER,
               .maximum = LINES_MAX},
};

struct line {
    alignas(MILL_CACHE_LINE) uint64_t written;
};

/* One thread's. */
struct own {
    alignas(MILL_ISOLATION) _Atomic uint64_t word;
    struct line lines[LINES_MAX];
};

struct state {
    const struct mill_ordering_ops *ops;
    unsigned lines;
    struct own own[];
};

static const char *unsupported(const struct mill_case *one)
{
    return mill_ordering_ops_of(one->strategy)->asymmetric && !mill_fence_open()
               ? "no asymmetric fences here: the kernel offers none, or ThreadSanitizer would not see them"
               : NULL;
}

static int setup(struct mill_case *one)
{
    struct state *state = mill_isolated_alloc(sizeof *state + one->threads * sizeof(struct own));
    if (!state) {
        return -ENOMEM;
    }
    state->ops = mill_ordering_ops_of(one->strategy);
    state->lines = (unsigned)one->values[LINES];
    mill_fence_open();
    one->state = state;
    return 0;
}

static int store_in_order(struct mill_worker *worker)
{
    struct state *state = worker->state;
    struct own *own = &state->own[worker->index];
    for (unsigned i = 0; i < state->lines; i++) {
        own->lines[i].written++;
    }
    state->ops->add(&own->word);
    return MILL_DONE;
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    struct state *state = one->state;
    uint64_t sum = 0, lines = 0;
    for (unsigned i = 0; i < one->threads; i++) {
        sum += atomic_load_explicit(&state->own[i].word, memory_order_relaxed); /* the join orders it */
        for (unsigned line = 0; line < state->lines; line++) {
            lines += state->own[i].lines[line].written;
        }
    }
    if (sum != one->operations || lines != one->operations * state->lines) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "%" PRIu64 " stores, but the words sum to %" PRIu64 ", and the %u lines to %" PRIu64,
                         one->operations, sum, state->lines, lines);
    }
}

static void teardown(struct mill_case *one)
{
    free(one->state);
}

static const struct mill_role roles[] = {
    {.name = "storer", .summary = "stores to its own word, in that order", .operation = store_in_order},
};

const struct mill_scenario mill_scenario_fences = {
    .name = "fences",
    .summary = "each thread stores to a word of its own, and orders the store",
    .family = &mill_ordering_family,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .unsupported = unsupported,
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
};
