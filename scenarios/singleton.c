/* A storm of first uses (row 11 of the patterns): all threads ask for the same object that nobody has asked
 * for yet, then for the next one, and so on; each must be built once, and be whole whenever it is had.
 *
 * There is a number of objects, and when all are used they are made new. That is one thread's job, with
 * nobody inside: each thread shows on a line of its own that it is (as in the big-reader lock that Linux
 * had), so that nothing else orders what two users of one object do.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "scenarios/list.h"
#include "sync/futex.h"
#include "sync/lazy.h"

enum { OBJECTS, BUILD };

static const struct mill_parameter parameters[] = {
    [OBJECTS] = {.name = "objects",
                 .summary = "objects that are first used before all are made new",
                 .type = MILL_INTEGER,
                 .minimum = 1,
                 .maximum = 1 << 20,
                 .fallback = 4096},
    [BUILD] = {.name = "build",
               .summary = "how long one takes to build",
               .type = MILL_DURATION,
               .minimum = 0,
               .maximum = MILL_NS_PER_S,
               .fallback = MILL_NS_PER_US},
};

enum { WORDS = 4 };

struct object {
    atomic_uint builds; /* relaxed: a witness */
    uint64_t words[WORDS];
};

/* Of one thread. */
struct user {
    alignas(MILL_ISOLATION) _Atomic uint32_t inside; /* 1 or 0 */
    uint64_t half_built;                             /* objects that it had before they were whole */
};

struct state {
    struct mill_lazy *lazy;
    const struct mill_clock *clock;
    uint64_t build_ns;
    size_t objects;
    unsigned threads;
    alignas(MILL_ISOLATION) atomic_size_t next; /* the object that all go for; relaxed: it orders nothing */
    alignas(MILL_ISOLATION) _Atomic uint32_t renewing; /* 1 or 0 */
    uint64_t renewed;  /* objects so far; like the next one, by the thread that renews */
    uint64_t not_once; /* of them, built twice or not at all */
    struct user users[];
};

static uint64_t word_of(size_t index, unsigned word)
{
    return (index + 1) * 0x9e3779b97f4a7c15ull + word;
}

/* The time passes in the middle, as with anything that has parts. */
static void build(void *context, size_t index, void *built)
{
    const struct state *state = context;
    struct object *object = built;
    atomic_fetch_add_explicit(&object->builds, 1, memory_order_relaxed);
    for (unsigned word = 0; word < WORDS; word++) {
        object->words[word] = word_of(index, word);
        mill_spend(state->clock, word == 0 ? state->build_ns : 0);
    }
}

static bool is_whole(const struct object *object, size_t index)
{
    bool whole = true;
    for (unsigned word = 0; word < WORDS; word++) {
        whole = whole && object->words[word] == word_of(index, word);
    }
    return whole;
}

static int setup(struct mill_case *one)
{
    struct state *state = mill_isolated_alloc(sizeof *state + one->threads * sizeof state->users[0]);
    if (!state) {
        return -ENOMEM;
    }
    state->clock = one->clock;
    state->build_ns = (uint64_t)one->values[BUILD];
    state->objects = (size_t)one->values[OBJECTS];
    state->threads = one->threads;
    const struct mill_lazy_plan plan = {
        .cells = state->objects, .size = sizeof(struct object), .build = build, .context = state};
    int status = mill_lazy_create(mill_lazy_ops_of(one->strategy), &plan, &state->lazy);
    if (status < 0) {
        free(state);
        return status;
    }
    one->state = state;
    return 0;
}

/* Whoever renews may sleep on it. */
static void leave(struct state *state, struct user *user)
{
    atomic_store_explicit(&user->inside, 0, memory_order_seq_cst);
    if (atomic_load_explicit(&state->renewing, memory_order_seq_cst)) {
        mill_futex_wake(&user->inside, INT_MAX);
    }
}

/* False when the run is over. seq_cst, here and in `leave`: of a thread that enters and one that renews, at
 * least one sees the other. */
static bool enter(struct state *state, struct user *user, const struct mill_worker *worker)
{
    atomic_store_explicit(&user->inside, 1, memory_order_seq_cst);
    while (atomic_load_explicit(&state->renewing, memory_order_seq_cst)) {
        leave(state, user);
        mill_futex_wait(&state->renewing, 1);
        if (mill_stopping(worker)) {
            return false;
        }
        atomic_store_explicit(&user->inside, 1, memory_order_seq_cst);
    }
    return true;
}

static void count_builds(struct state *state, size_t used)
{
    for (size_t i = 0; i < used; i++) {
        const struct object *object = mill_lazy_get(state->lazy, i);
        state->not_once += atomic_load_explicit(&object->builds, memory_order_relaxed) != 1;
    }
    state->renewed += used;
}

/* One of the threads that find all objects used makes them new; the others wait in `enter`. */
static void renew(struct state *state)
{
    uint32_t renewing = 0;
    if (!atomic_compare_exchange_strong_explicit(&state->renewing, &renewing, 1, memory_order_seq_cst,
                                                 memory_order_relaxed)) {
        return;
    }
    for (unsigned i = 0; i < state->threads; i++) {
        while (atomic_load_explicit(&state->users[i].inside, memory_order_seq_cst)) {
            mill_futex_wait(&state->users[i].inside, 1);
        }
    }
    /* somebody else may have been here between the look at `next` and this turn */
    if (atomic_load_explicit(&state->next, memory_order_relaxed) == state->objects) {
        count_builds(state, state->objects);
        mill_lazy_renew(state->lazy);
        atomic_store_explicit(&state->next, 0, memory_order_relaxed);
    }
    /* release: pairs with the load in `enter` */
    atomic_store_explicit(&state->renewing, 0, memory_order_release);
    mill_futex_wake(&state->renewing, INT_MAX);
}

static int use_next(struct mill_worker *worker)
{
    struct state *state = worker->state;
    struct user *user = &state->users[worker->index];
    size_t index = state->objects;
    while (index == state->objects) {
        if (!enter(state, user, worker)) {
            return MILL_STOPPED;
        }
        index = atomic_load_explicit(&state->next, memory_order_relaxed);
        if (index == state->objects) {
            leave(state, user);
            renew(state);
        }
    }
    user->half_built += !is_whole(mill_lazy_get(state->lazy, index), index);
    /* Whoever is first takes all to the next one. */
    atomic_compare_exchange_strong_explicit(&state->next, &index, index + 1, memory_order_relaxed,
                                            memory_order_relaxed);
    leave(state, user);
    return MILL_DONE;
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    struct state *state = one->state;
    count_builds(state, atomic_load_explicit(&state->next, memory_order_relaxed));
    uint64_t half_built = 0;
    for (unsigned i = 0; i < state->threads; i++) {
        half_built += state->users[i].half_built;
    }
    if (half_built > 0) {
        mill_check_found(check, MILL_CORRUPTION,
                         "%" PRIu64 " times an object was had half-built, of %" PRIu64 " first uses",
                         half_built, state->renewed);
    }
    if (state->not_once > 0) {
        mill_check_found(check, MILL_CORRUPTION,
                         "%" PRIu64 " of %" PRIu64 " objects were not built just once", state->not_once,
                         state->renewed);
    }
    if (one->operations > 0) {
        mill_check_measured(check, "first uses", "%",
                            100.0 * (double)state->renewed / (double)one->operations);
    }
}

static void teardown(struct mill_case *one)
{
    struct state *state = one->state;
    mill_lazy_destroy(state->lazy);
    free(state);
}

static const struct mill_role roles[] = {
    {.name = "user", .summary = "asks for the object that all ask for", .operation = use_next},
};

static const struct mill_expectation expectations[] = {
    {.strategy = "unordered",
     .findings = MILL_CORRUPTION | MILL_RACE,
     .min_threads = 2,
     .why = "the instance is published before it is built, and the first look is outside the lock"},
};

const struct mill_scenario mill_scenario_singleton = {
    .name = "singleton",
    .summary = "all threads ask at once for an object that is made when it is first asked for",
    .family = &mill_lazy_family,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .expectations = expectations,
    .expectation_count = sizeof expectations / sizeof expectations[0],
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
};
