/* Threads update a hash table under the locks of its buckets: what many locks gain over one, and what they
 * weigh.
 *
 * However many locks there are, the table is the same: as many chains, of as many entries. A bucket is a lock
 * and every chain that it protects; one bucket is one lock for the whole table.
 */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "scenarios/list.h"
#include "scenarios/lock_memory.h"
#include "scenarios/lock_rig.h"
#include "scenarios/pace.h"
#include "sync/lock.h"

enum { BUCKETS, KEYS, HOLD, THINK, SHAPE, BURST };
enum { ACQUIRE };

#define CHAINS 1024u

static const struct mill_parameter parameters[] = {
    [BUCKETS] = {.name = "buckets",
                 .summary = "each with a lock of its own; 1: one lock for the whole table",
                 .type = MILL_INTEGER,
                 .minimum = 1,
                 .maximum = CHAINS,
                 .fallback = 16},
    [KEYS] = {.name = "keys",
              .summary = "in the table, all as likely to be updated",
              .type = MILL_INTEGER,
              .minimum = 1,
              .maximum = 65536,
              .fallback = 4096},
    [HOLD] = MILL_PACE_HOLD,
    [THINK] = MILL_PACE_THINK,
    [SHAPE] = MILL_PACE_SHAPE,
    [BURST] = MILL_PACE_BURST,
};

static const struct mill_span spans[] = {
    [ACQUIRE] = {"acquire", "from asking for a bucket's lock to having it"},
};

struct entry {
    struct entry *next; /* of its chain; constant after set-up */
    uint64_t key;
    uint64_t updates; /* protected by the lock of its bucket */
};

struct bucket {
    alignas(MILL_ISOLATION) uint64_t updates; /* of all its entries; protected by `lock` */
    struct mill_lock *lock;
};

struct state {
    const struct mill_lock_ops *ops;
    struct mill_pace *paces; /* one a thread */
    struct bucket *buckets;
    struct entry *entries;
    unsigned bucket_count;
    unsigned keys;
    struct entry *chains[CHAINS];
};

/* Fibonacci hashing (Knuth, volume 3, 6.4). */
static unsigned chain_of(uint64_t key)
{
    return (unsigned)((key * 0x9e3779b97f4a7c15ull) >> 32) % CHAINS;
}

static void dispose(struct state *state)
{
    for (unsigned i = 0; state->buckets && i < state->bucket_count; i++) {
        mill_lock_destroy(state->ops, state->buckets[i].lock);
    }
    free(state->paces);
    free(state->buckets);
    free(state->entries);
    free(state);
}

static int make_locks(struct state *state, unsigned threads)
{
    int status = 0;
    for (unsigned i = 0; status == 0 && i < state->bucket_count; i++) {
        status = mill_lock_create_for(state->ops, threads, &state->buckets[i].lock);
    }
    return status;
}

static void fill(struct state *state)
{
    for (unsigned key = 0; key < state->keys; key++) {
        struct entry **chain = &state->chains[chain_of(key)];
        state->entries[key] = (struct entry){.next = *chain, .key = key};
        *chain = &state->entries[key];
    }
}

static int setup(struct mill_case *one)
{
    struct state *state = mill_isolated_alloc(sizeof *state);
    if (!state) {
        return -ENOMEM;
    }
    state->ops = mill_lock_ops_of(one->strategy);
    state->bucket_count = (unsigned)one->values[BUCKETS];
    state->keys = (unsigned)one->values[KEYS];
    state->buckets = mill_isolated_alloc(state->bucket_count * sizeof state->buckets[0]);
    state->entries = mill_isolated_alloc(state->keys * sizeof state->entries[0]);
    int status = state->buckets && state->entries ? 0 : -ENOMEM;
    if (status == 0) {
        status = mill_paces_create(one, one->values[HOLD], one->values[THINK], one->values[SHAPE],
                                   one->values[BURST], &state->paces);
    }
    if (status == 0) {
        status = make_locks(state, one->threads);
    }
    if (status < 0) {
        dispose(state);
        return status;
    }
    fill(state);
    one->state = state;
    return 0;
}

/* Under the bucket's lock. */
static int update(struct state *state, struct bucket *bucket, uint64_t key)
{
    struct entry *entry = state->chains[chain_of(key)];
    while (entry && entry->key != key) {
        entry = entry->next;
    }
    if (!entry) {
        return -ENOENT; /* all keys were put in: a chain is broken */
    }
    entry->updates++;
    bucket->updates++;
    return MILL_DONE;
}

/* The first update of every thread is of one and the same key: however few there are, two threads meet. */
static uint64_t pick(struct mill_worker *worker, const struct state *state)
{
    uint64_t key = mill_random_below(&worker->random, state->keys);
    return atomic_load_explicit(&worker->operations, memory_order_relaxed) > 0 ? key : 0;
}

static int operate(struct mill_worker *worker)
{
    struct state *state = worker->state;
    uint64_t key = pick(worker, state);
    struct bucket *bucket = &state->buckets[chain_of(key) % state->bucket_count];
    struct mill_lock_context me;
    bool timed = mill_worker_is_timed(worker);
    uint64_t asked = timed ? mill_ticks_begin(worker->clock) : 0;
    mill_lock_acquire(state->ops, bucket->lock, &me);
    uint64_t had = timed ? mill_ticks_end(worker->clock) : 0;
    int status = update(state, bucket, key);
    mill_pace_hold(worker, &state->paces[worker->index]);
    mill_lock_release(state->ops, bucket->lock, &me);
    if (timed) {
        mill_worker_span(worker, ACQUIRE, asked, had);
    }
    return status;
}

static void think(struct mill_worker *worker)
{
    const struct state *state = worker->state;
    mill_pace_think(worker, &state->paces[worker->index]);
}

/* What a bucket counted, and what its entries did. */
static void verify_bucket(const struct state *state, unsigned index, struct mill_check *check)
{
    uint64_t sum = 0;
    for (unsigned chain = index; chain < CHAINS; chain += state->bucket_count) {
        for (const struct entry *entry = state->chains[chain]; entry; entry = entry->next) {
            sum += entry->updates;
        }
    }
    if (sum != state->buckets[index].updates) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "bucket %u counted %" PRIu64 " updates, and its entries show %" PRIu64, index,
                         state->buckets[index].updates, sum);
    }
}

static void verify(const struct mill_case *one, struct mill_check *check)
{
    const struct state *state = one->state;
    uint64_t sum = 0;
    for (unsigned key = 0; key < state->keys; key++) {
        sum += state->entries[key].updates;
    }
    if (sum != one->operations) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "%" PRIu64 " updates, but the table's entries show %" PRIu64, one->operations, sum);
    }
    for (unsigned i = 0; i < state->bucket_count; i++) {
        verify_bucket(state, i, check);
    }
    mill_lock_measure_memory(one, state->bucket_count, check);
}

static void teardown(struct mill_case *one)
{
    dispose(one->state);
}

static const struct mill_expectation expectations[] = {
    {.strategy = "early-release",
     .findings = MILL_LOST_UPDATE | MILL_RACE,
     .min_threads = 2,
     .why = "the lock is let go before the update that it should protect"},
};

static const struct mill_role roles[] = {
    {.name = "updater",
     .summary = "updates an entry under the lock of its bucket",
     .operation = operate,
     .between = think},
};

const struct mill_scenario mill_scenario_lock_table = {
    .name = "lock-table",
    .summary = "threads update a hash table under the locks of its buckets, or under one",
    .family = &mill_lock_family,
    .plain = true,
    .parameters = parameters,
    .parameter_count = sizeof parameters / sizeof parameters[0],
    .roles = roles,
    .role_count = sizeof roles / sizeof roles[0],
    .spans = spans,
    .span_count = sizeof spans / sizeof spans[0],
    .expectations = expectations,
    .expectation_count = sizeof expectations / sizeof expectations[0],
    .unsupported = mill_lock_rig_unsupported,
    .setup = setup,
    .verify = verify,
    .teardown = teardown,
};
