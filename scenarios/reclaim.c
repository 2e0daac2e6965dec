/* Readers look at the current version of an object while one writer replaces it over and over, and retires
 * the old ones (row 9 of the patterns). Every word of an object holds its version; a freed one holds none,
 * and is written again as a later version as soon as the writer can. So a reader that finds two versions in
 * one object, or none, was looking at what had been freed. The objects are a pool that lives as long as the
 * sample: even the control reads no memory that is not ours.
 *
 * A reader that stalls keeps one object for the whole window, as a thread does that is preempted, or
 * debugged, or asleep in the middle of a look. Then it shows how many objects wait to be freed. When the pool
 * is empty the writer replaces nothing, and tries to have some freed instead: that is counted, and shown.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "core/pause.h"
#include "queue/reclaim.h"
#include "scenarios/list.h"

enum { STALLED, OBJECTS, BATCH };

static const struct mill_parameter parameters[] = {
    [STALLED] = {.name = "stalled",
                 .summary = "readers that keep one object for the whole window",
                 .type = MILL_INTEGER,
                 .minimum = 0,
                 .maximum = 256,
                 .fallback = 0},
    [OBJECTS] = {.name = "objects",
                 .summary = "objects that there are: when all wait to be freed, the writer replaces none",
                 .type = MILL_INTEGER,
                 .minimum = 2,
                 .maximum = 16 << 20,
                 .fallback = 256 << 10,
                 .hunted = 1 << 10},
    [BATCH] = {.name = "batch",
               .summary = "objects that are retired between two attempts to free some",
               .type = MILL_INTEGER,
               .minimum = 1,
               .maximum = 1 << 20,
               .fallback = MILL_RETIRED_BATCH,
               .hunted = 2},
};

#define WORDS         7u
#define FREED         0u /* the version of no object */
#define DAWDLE_EVERY  64u
#define DAWDLE_PAUSES 128u
#define STALL_NS      (100 * MILL_NS_PER_US)

struct object {
    struct mill_retired retired; /* first */
    uint64_t words[WORDS];
};

/* What one reader saw. */
struct witness {
    alignas(MILL_ISOLATION) uint64_t looks;
    uint64_t latest;
    uint64_t freed;     /* looks at an object that was freed meanwhile */
    uint64_t backwards; /* looks at an older version than the last one */
};

struct state {
    const struct mill_reclaim_ops *ops;
    struct mill_reclaim *domain;
    struct object *objects;
    struct witness *witnesses; /* one a thread */
    uint64_t stalled;
    alignas(MILL_ISOLATION) _Atomic(struct mill_retired *) current;
    /* the writer's */
    alignas(MILL_ISOLATION) struct mill_retired *pool; /* the object freed last is used first */
    uint64_t version;
    uint64_t retained, peak; /* objects that are retired and not freed */
    uint64_t refused;        /* looks into an empty pool */
};

static struct object *object_of(struct mill_retired *retired)
{
    return (struct object *)(void *)retired;
}

static void write_version(struct object *object, uint64_t version)
{
    for (unsigned i = 0; i < WORDS; i++) {
        object->words[i] = version;
    }
}

/* In the writer's thread: nobody else retires. */
static void free_objects(void *context, struct mill_retired *chain)
{
    struct state *state = context;
    while (chain) {
        struct mill_retired *next = chain->next;
        write_version(object_of(chain), FREED);
        chain->next = state->pool;
        state->pool = chain;
        state->retained--;
        chain = next;
    }
}

/* The next version, or NULL when the pool is empty. */
static struct mill_retired *make_version(struct state *state)
{
    struct mill_retired *object = state->pool;
    if (object) {
        state->pool = object->next;
        write_version(object_of(object), ++state->version);
    }
    return object;
}

static const char *unsupported(const struct mill_case *one)
{
    return one->values[STALLED] >= (int64_t)one->threads
               ? "needs a thread for the writer, beside those that stall"
               : NULL;
}

static int setup(struct mill_case *one)
{
    size_t count = (size_t)one->values[OBJECTS];
    struct state *state = mill_isolated_alloc(sizeof *state);
    if (!state) {
        return -ENOMEM;
    }
    int status = -ENOMEM;
    state->ops = mill_reclaim_ops_of(one->strategy);
    state->stalled = (uint64_t)one->values[STALLED];
    state->objects = mill_isolated_alloc(count * sizeof state->objects[0]);
    state->witnesses = mill_isolated_alloc(one->threads * sizeof state->witnesses[0]);
    if (state->objects && state->witnesses) {
        const struct mill_retired_options options = {
            .free = free_objects, .context = state, .batch = (size_t)one->values[BATCH]};
        status = state->ops->create(&options, &state->domain);
    }
    if (status < 0) {
        free(state->witnesses);
        free(state->objects);
        free(state);
        return status;
    }
    for (size_t i = count; i > 0; i--) {
        state->objects[i - 1].retired.next = state->pool;
        state->pool = &state->objects[i - 1].retired;
    }
    atomic_init(&state->current, make_version(state));
    one->state = state;
    return 0;
}

static int replace(struct mill_worker *worker)
{
    struct state *state = worker->state;
    struct mill_retired *next = make_version(state);
    void *seat = state->ops->enter(state->domain);
    if (!next) {
        state->refused++;
        state->ops->collect(state->domain, seat);
        state->ops->leave(state->domain, seat);
        return MILL_DONE;
    }
    /* release: hands on the version's words; acquire: those of the last one are ours again when it is freed
     */
    struct mill_retired *last = atomic_exchange_explicit(&state->current, next, memory_order_acq_rel);
    state->retained++;
    state->peak = state->retained > state->peak ? state->retained : state->peak;
    state->ops->retire(state->domain, seat, last);
    state->ops->leave(state->domain, seat);
    return MILL_DONE;
}

/* All words are read again, after whatever came between: plain reads, so that ThreadSanitizer may judge them,
 * too. */
static void compare(struct witness *witness, const struct object *object, uint64_t version)
{
    bool whole = version != FREED;
    atomic_signal_fence(
        memory_order_seq_cst); /* keeps the compiler from taking the first look for this one */
    for (unsigned i = 0; i < WORDS; i++) {
        whole = whole && object->words[i] == version;
    }
    witness->looks++;
    witness->freed += !whole;
    witness->backwards += whole && version < witness->latest;
    witness->latest = whole ? version : witness->latest;
}

/* Sleeps out the rest of the window. relaxed: see mill_stopping */
static void stall(const struct mill_worker *worker)
{
    while (atomic_load_explicit(worker->phase, memory_order_relaxed) < MILL_PHASE_COOL) {
        mill_sleep_until(mill_now_ns() + STALL_NS);
    }
}

/* Pauses, and does not yield: to a kernel that takes the rest of its share from a thread that yields, readers
 * that do it often are due again only after seconds. */
static void dawdle(void)
{
    for (unsigned pauses = DAWDLE_PAUSES; pauses > 0; pauses--) {
        mill_pause();
    }
}

/* Now and then the reader is slow in the middle of a look, as a preemption would make it. */
static int look(struct mill_worker *worker)
{
    struct state *state = worker->state;
    struct witness *witness = &state->witnesses[worker->index];
    void *seat = state->ops->enter(state->domain);
    const struct object *object = object_of(state->ops->acquire(seat, 0, &state->current));
    uint64_t version = object->words[0];
    if (worker->index_in_role < state->stalled) {
        stall(worker);
    } else if (witness->looks % DAWDLE_EVERY == 0) {
        dawdle();
    }
    compare(witness, object, version);
    state->ops->leave(state->domain, seat);
    return MILL_DONE;
}

static void verify_bound(const struct state *state, struct mill_check *check)
{
    size_t bound = state->ops->bound ? state->ops->bound(state->domain) : SIZE_MAX;
    if (state->peak > bound) {
        mill_check_found(check, MILL_CORRUPTION,
                         "%" PRIu64 " objects waited to be freed, and no more than %zu should ever",
                         state->peak, bound);
    }
    mill_check_measured(check, "peak retained", "", (double)state->peak);
    mill_check_measured(check, "peak memory", "B", (double)(state->peak * sizeof(struct object)));
    mill_check_measured(check, "writes refused", "", (double)state->refused);
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    struct state *state = one->state;
    uint64_t looks = 0, freed = 0, backwards = 0;
    for (unsigned i = 0; i < one->threads; i++) {
        looks += state->witnesses[i].looks;
        freed += state->witnesses[i].freed;
        backwards += state->witnesses[i].backwards;
    }
    if (freed > 0) {
        mill_check_found(check, MILL_CORRUPTION, "%" PRIu64 " of %" PRIu64 " looks were at a freed object",
                         freed, looks);
    }
    if (backwards > 0) {
        mill_check_found(check, MILL_CORRUPTION,
                         "%" PRIu64 " of %" PRIu64 " looks found an older version than the one before",
                         backwards, looks);
    }
    uint64_t writes = state->version - 1 + state->refused; /* the first version was there before */
    if (looks + writes != one->operations) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "%" PRIu64 " operations, but %" PRIu64 " looks and %" PRIu64 " writes",
                         one->operations, looks, writes);
    }
    verify_bound(state, check);
}

static void teardown(struct mill_case *one)
{
    struct state *state = one->state;
    state->ops->destroy(state->domain);
    free(state->witnesses);
    free(state->objects);
    free(state);
}

static const struct mill_role roles[] = {
    {.name = "writer",
     .summary = "replaces the object and retires the last one",
     .operation = replace,
     .threads = 1},
    {.name = "reader", .summary = "looks at the current object", .operation = look},
};

static const struct mill_expectation expectations[] = {
    {.strategy = "immediate",
     .findings = MILL_CORRUPTION | MILL_RACE,
     .min_threads = 2,
     .why = "the object is freed, and written again, while a reader looks at it"},
};

const struct mill_scenario mill_scenario_reclaim = {
    .name = "reclaim",
    .summary = "readers look at an object that a writer replaces and retires",
    .family = &mill_reclaim_family,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .expectations = expectations,
    .expectation_count = sizeof expectations / sizeof expectations[0],
    .unsupported = unsupported,
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
};
