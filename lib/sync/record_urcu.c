/* Read, copy, update by liburcu (McKenney and Slingwine 1998; Desnoyers et al. 2012): each value is a copy
 * that never changes once it is published; a reader finds the latest by one load and keeps writers from
 * reusing it by saying when it reads. Writers take turns. Copies that are no longer published are collected,
 * and used again when all who were reading have stopped, which is waited for once in BATCH updates.
 *
 * The flavour is "bulletproof", which registers threads by itself; its functions are called, not inlined,
 * since inside, its readers lie at addresses that are less aligned than their type says.
 */
#include "core/peer.h"
#include "sync/record_list.h"

#if defined(MILL_HAVE_URCU)
#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include <urcu/urcu-bp.h>

#include "core/cacheline.h"

#define BATCH 64u

struct version {
    struct version *next; /* in the writers' lists */
    unsigned char value[];
};

struct mill_record {
    size_t size;
    alignas(MILL_ISOLATION) struct version *_Atomic current;
    alignas(MILL_ISOLATION) pthread_mutex_t mutex; /* protects the rest */
    struct version *unused;                        /* read by nobody */
    struct version *retired;                       /* that readers may still have found */
    unsigned retired_count;
};

static struct version *make_version(const struct mill_record *record)
{
    return calloc(1, sizeof(struct version) + record->size);
}

static int create(const struct mill_record_ops *ops, size_t size, struct mill_record **record)
{
    (void)ops;
    struct mill_record *made = mill_isolated_alloc(sizeof *made);
    struct version *first = NULL;
    if (made) {
        made->size = size;
        first = make_version(made);
    }
    int status = first ? -pthread_mutex_init(&made->mutex, NULL) : -ENOMEM;
    if (status < 0) {
        free(first);
        free(made);
        return status;
    }
    atomic_init(&made->current, first);
    *record = made;
    return 0;
}

static void free_versions(struct version *chain)
{
    while (chain) {
        struct version *next = chain->next;
        free(chain);
        chain = next;
    }
}

static void destroy(struct mill_record *record)
{
    pthread_mutex_destroy(&record->mutex);
    free_versions(record->unused);
    free_versions(record->retired);
    free(atomic_load_explicit(&record->current, memory_order_relaxed));
    free(record);
}

static void read(struct mill_record *record, void *copy)
{
    urcu_bp_read_lock();
    /* acquire (consume would do): pairs with the release in `publish` */
    const struct version *version = atomic_load_explicit(&record->current, memory_order_acquire);
    memcpy(copy, version->value, record->size);
    urcu_bp_read_unlock();
}

/* Waits for who may read the retired ones, if there are enough of them to be worth it. */
static struct version *take_unused(struct mill_record *record)
{
    if (!record->unused && record->retired_count >= BATCH) {
        urcu_bp_synchronize_rcu();
        record->unused = record->retired;
        record->retired = NULL;
        record->retired_count = 0;
    }
    struct version *version = record->unused;
    if (!version) {
        return make_version(record);
    }
    record->unused = version->next;
    return version;
}

static void publish(struct mill_record *record, struct version *version)
{
    /* release: who finds it finds it filled in */
    struct version *before = atomic_exchange_explicit(&record->current, version, memory_order_release);
    before->next = record->retired;
    record->retired = before;
    record->retired_count++;
}

static int update(struct mill_record *record, mill_record_change *change, void *argument)
{
    pthread_mutex_lock(&record->mutex);
    struct version *version = take_unused(record);
    if (version) {
        /* relaxed: only writers change it, and the mutex orders them */
        const struct version *now = atomic_load_explicit(&record->current, memory_order_relaxed);
        memcpy(version->value, now->value, record->size);
        change(version->value, argument);
        publish(record, version);
    }
    pthread_mutex_unlock(&record->mutex);
    return version ? 0 : -ENOMEM;
}
#endif

const struct mill_record_ops mill_record_urcu = {
    .about =
        {
            .name = "urcu",
            .summary = "readers find the latest copy by a pointer; writers wait for them once in a while",
            .source = MILL_URCU_SOURCE ", flavour bp; McKenney and Slingwine 1998; Desnoyers et al. 2012",
            .library = MILL_URCU_LIBRARY,
            .missing = MILL_URCU_MISSING,
            .traits = MILL_URCU_TRAITS,
            .progress = MILL_BLOCKING,
        },
    .create = MILL_URCU(create),
    .destroy = MILL_URCU(destroy),
    .read = MILL_URCU(read),
    .update = MILL_URCU(update),
};
