/* Holds every strategy of reclamation to its contract. The objects are never given back to malloc before the
 * end, so the control can be run, too. */
#include "queue/reclaim.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/sanitizer.h"
#include "queue/epoch.h"
#include "queue/hazard.h"
#include "queue/reclaim_list.h"

#define BATCH   8u
#define WRITERS 3u
#define READERS 3u
#define EACH    1000u

enum fate {
    FRESH,
    LIVE,
    FREED,
};

/* Plain: written before it is published and when it is freed, read in between. ThreadSanitizer's builds check
 * that nobody reads while it is freed. */
struct object {
    struct mill_retired retired; /* first */
    enum fate fate;
};

/* What the frees see. */
struct yard {
    atomic_uint freed;
    atomic_uint twice;
};

static bool is_seen(const struct mill_strategy *about)
{
    return !about->missing && !(MILL_UNDER_TSAN && (about->traits & MILL_HIDES_ATOMICS));
}

/* The strategy that a test is run with, if it is there and ThreadSanitizer can see into it. */
static const struct mill_reclaim_ops *strategy_of(void **state)
{
    const struct mill_reclaim_ops *ops = *state;
    if (!is_seen(&ops->about)) {
        print_message("%s: left out: %s\n", ops->about.name,
                      ops->about.missing ? ops->about.missing : "ThreadSanitizer cannot see into it");
        skip();
    }
    return ops;
}

static struct object *object_of(struct mill_retired *retired)
{
    return (struct object *)(void *)retired;
}

static void free_objects(void *context, struct mill_retired *chain)
{
    struct yard *yard = context;
    for (; chain; chain = chain->next) {
        struct object *object = object_of(chain);
        atomic_fetch_add_explicit(object->fate == LIVE ? &yard->freed : &yard->twice, 1,
                                  memory_order_relaxed);
        object->fate = FREED;
    }
}

static struct mill_reclaim *made(const struct mill_reclaim_ops *ops, struct yard *yard)
{
    struct mill_reclaim *domain;
    const struct mill_retired_options options = {.free = free_objects, .context = yard, .batch = BATCH};
    assert_int_equal(ops->create(&options, &domain), 0);
    return domain;
}

static void retire(const struct mill_reclaim_ops *ops, struct mill_reclaim *domain, struct object *object)
{
    void *seat = ops->enter(domain);
    object->fate = LIVE;
    ops->retire(domain, seat, &object->retired);
    ops->leave(domain, seat);
}

/* ---- one thread ---- */

static void test_all_is_freed_once(void **state)
{
    const struct mill_reclaim_ops *ops = strategy_of(state);
    static const unsigned counts[] = {0, 1, BATCH - 1, BATCH, BATCH + 1, 100 * BATCH + 3};
    static struct object objects[100 * BATCH + 3];
    for (size_t c = 0; c < sizeof counts / sizeof counts[0]; c++) {
        struct yard yard = {0};
        struct mill_reclaim *domain = made(ops, &yard);
        for (unsigned i = 0; i < counts[c]; i++) {
            retire(ops, domain, &objects[i]);
        }
        assert_true(yard.freed <= counts[c]);
        /* a few batches may wait, not all of them */
        assert_true(yard.freed + 4 * BATCH >= counts[c]);
        ops->destroy(domain);
        assert_int_equal(yard.freed, counts[c]);
        assert_int_equal(yard.twice, 0);
    }
}

/* Less than a batch, and nobody looks: nothing needs to wait for more to be retired. */
static void test_collects_on_demand(void **state)
{
    const struct mill_reclaim_ops *ops = strategy_of(state);
    struct object objects[BATCH - 1];
    struct yard yard = {0};
    struct mill_reclaim *domain = made(ops, &yard);
    for (unsigned round = 1; round <= 3; round++) {
        for (unsigned i = 0; i < BATCH - 1; i++) {
            retire(ops, domain, &objects[i]);
        }
        for (unsigned i = 0; i < 3; i++) {
            void *seat = ops->enter(domain);
            ops->collect(domain, seat);
            ops->leave(domain, seat);
        }
        assert_int_equal(yard.freed, round * (BATCH - 1));
    }
    ops->destroy(domain);
    assert_int_equal(yard.freed, 3 * (BATCH - 1));
    assert_int_equal(yard.twice, 0);
}

static void test_bad_arguments(void **state)
{
    const struct mill_reclaim_ops *ops = strategy_of(state);
    struct mill_reclaim *domain;
    assert_int_equal(ops->create(&(struct mill_retired_options){.free = NULL}, &domain), -EINVAL);
}

static void test_small_seats_are_refused(void **state)
{
    (void)state;
    struct mill_hazards hazards;
    struct mill_epochs epochs;
    assert_int_equal(
        mill_hazards_open(&hazards, &(struct mill_retired_options){.free = free_objects, .seat_size = 1}),
        -EINVAL);
    assert_int_equal(
        mill_epochs_open(&epochs, &(struct mill_retired_options){.free = free_objects, .seat_size = 1}),
        -EINVAL);
}

/* ---- a reader that stalls ---- */

struct stalled {
    const struct mill_reclaim_ops *ops;
    struct mill_reclaim *domain;
    _Atomic(struct mill_retired *) current;
    atomic_bool holds, leave;
};

static void *stall(void *argument)
{
    struct stalled *stalled = argument;
    void *seat = stalled->ops->enter(stalled->domain);
    struct mill_retired *object = stalled->ops->acquire(seat, 0, &stalled->current);
    atomic_store(&stalled->holds, true);
    while (!atomic_load(&stalled->leave)) {
        sched_yield();
    }
    bool lives = object_of(object)->fate == LIVE;
    stalled->ops->leave(stalled->domain, seat);
    return (void *)(intptr_t)lives;
}

/* Returns how many objects were retained while it stalled. */
static unsigned retained_while_stalled(const struct mill_reclaim_ops *ops, size_t *bound)
{
    static struct object objects[40 * BATCH];
    const unsigned count = sizeof objects / sizeof objects[0];
    struct yard yard = {0};
    struct stalled stalled = {.ops = ops, .domain = made(ops, &yard)};
    pthread_t thread;
    void *lived;
    objects[0].fate = LIVE;
    atomic_store(&stalled.current, &objects[0].retired);
    assert_int_equal(pthread_create(&thread, NULL, stall, &stalled), 0);
    while (!atomic_load(&stalled.holds)) {
        sched_yield();
    }
    for (unsigned i = 0; i < count / 2; i++) {
        retire(ops, stalled.domain, &objects[i]);
    }
    unsigned retained = count / 2 - yard.freed;
    *bound = ops->bound ? ops->bound(stalled.domain) : SIZE_MAX;
    atomic_store(&stalled.leave, true);
    pthread_join(thread, &lived);
    assert_true(lived != NULL);
    for (unsigned i = count / 2; i < count; i++) {
        retire(ops, stalled.domain, &objects[i]);
    }
    assert_true(yard.freed + 4 * BATCH >= count); /* it has recovered */
    ops->destroy(stalled.domain);
    assert_int_equal(yard.freed, count);
    assert_int_equal(yard.twice, 0);
    return retained;
}

static void test_hazards_stay_bounded(void **state)
{
    (void)state;
    size_t bound;
    unsigned retained = retained_while_stalled(&mill_reclaim_hazard, &bound);
    assert_in_range(retained, 1, BATCH + 1); /* what it holds, and less than a batch */
    assert_true(retained <= bound);
}

static void test_epochs_do_not(void **state)
{
    size_t bound;
    assert_int_equal(retained_while_stalled(strategy_of(state), &bound), 20 * BATCH);
    assert_int_equal(bound, SIZE_MAX);
}

/* ---- more hazards than one look compares ---- */

#define HOLDERS 60u

struct holder {
    struct mill_hazards *hazards;
    struct object *objects;
    atomic_uint *hold;
    atomic_bool *leave;
};

static void *hold_some(void *argument)
{
    struct holder *holder = argument;
    struct mill_hazard_seat *seat = mill_hazards_enter(holder->hazards);
    for (unsigned slot = 0; slot < MILL_HAZARDS; slot++) {
        mill_hazard_protect(seat, slot, &holder->objects[slot].retired);
    }
    atomic_fetch_add(holder->hold, 1);
    while (!atomic_load(holder->leave)) {
        sched_yield();
    }
    mill_hazards_leave(holder->hazards, seat);
    return NULL;
}

static void test_many_hazards_are_all_seen(void **state)
{
    (void)state;
    static struct object objects[HOLDERS * MILL_HAZARDS + 1];
    const unsigned held = HOLDERS * MILL_HAZARDS;
    struct holder holders[HOLDERS];
    pthread_t thread[HOLDERS];
    struct yard yard = {0};
    struct mill_hazards hazards;
    atomic_uint hold = 0;
    atomic_bool leave = false;
    assert_int_equal(
        mill_hazards_open(&hazards,
                          &(struct mill_retired_options){.free = free_objects, .context = &yard, .batch = 1}),
        0);
    for (unsigned i = 0; i < HOLDERS; i++) {
        holders[i] = (struct holder){&hazards, &objects[(size_t)i * MILL_HAZARDS], &hold, &leave};
        assert_int_equal(pthread_create(&thread[i], NULL, hold_some, &holders[i]), 0);
    }
    while (atomic_load(&hold) < HOLDERS) {
        sched_yield();
    }
    struct mill_hazard_seat *seat = mill_hazards_enter(&hazards);
    for (unsigned i = 0; i < held; i++) {
        objects[i].fate = LIVE;
        mill_hazard_retire(&hazards, seat, &objects[i].retired);
    }
    assert_int_equal(yard.freed, 0);
    atomic_store(&leave, true);
    for (unsigned i = 0; i < HOLDERS; i++) {
        pthread_join(thread[i], NULL);
    }
    objects[held].fate = LIVE;
    mill_hazard_retire(&hazards, seat, &objects[held].retired); /* one more, and all go */
    assert_int_equal(yard.freed, held + 1);
    mill_hazards_leave(&hazards, seat);
    mill_hazards_close(&hazards);
    assert_int_equal(yard.twice, 0);
}

/* ---- writers and readers ---- */

struct traffic {
    const struct mill_reclaim_ops *ops;
    struct mill_reclaim *domain;
    _Atomic(struct mill_retired *) current;
    atomic_bool over;
    atomic_uint dead; /* looks at an object that had been freed */
};

struct writer {
    struct traffic *traffic;
    struct object *objects;
};

static void *write_many(void *argument)
{
    struct writer *writer = argument;
    struct traffic *traffic = writer->traffic;
    for (unsigned i = 0; i < EACH; i++) {
        writer->objects[i].fate = LIVE;
        void *seat = traffic->ops->enter(traffic->domain);
        struct mill_retired *last =
            atomic_exchange_explicit(&traffic->current, &writer->objects[i].retired, memory_order_acq_rel);
        traffic->ops->retire(traffic->domain, seat, last);
        traffic->ops->leave(traffic->domain, seat);
    }
    return NULL;
}

static void *read_many(void *argument)
{
    struct traffic *traffic = argument;
    /* relaxed: a flag to leave by */
    while (!atomic_load_explicit(&traffic->over, memory_order_relaxed)) {
        void *seat = traffic->ops->enter(traffic->domain);
        struct mill_retired *object = traffic->ops->acquire(seat, 0, &traffic->current);
        sched_yield();
        if (object_of(object)->fate != LIVE) {
            atomic_fetch_add_explicit(&traffic->dead, 1, memory_order_relaxed);
        }
        traffic->ops->leave(traffic->domain, seat);
    }
    return NULL;
}

/* Twice, so that the second crowd of threads inherits the seats of the first. */
static void test_nobody_reads_the_dead(void **state)
{
    const struct mill_reclaim_ops *ops = strategy_of(state);
    static struct object objects[2][WRITERS][EACH];
    struct object first = {.fate = LIVE};
    struct yard yard = {0};
    struct traffic traffic = {.ops = ops, .domain = made(ops, &yard)};
    atomic_store(&traffic.current, &first.retired);
    for (unsigned round = 0; round < 2; round++) {
        pthread_t writers[WRITERS], readers[READERS];
        struct writer arguments[WRITERS];
        atomic_store(&traffic.over, false);
        for (unsigned i = 0; i < READERS; i++) {
            assert_int_equal(pthread_create(&readers[i], NULL, read_many, &traffic), 0);
        }
        for (unsigned i = 0; i < WRITERS; i++) {
            arguments[i] = (struct writer){&traffic, objects[round][i]};
            assert_int_equal(pthread_create(&writers[i], NULL, write_many, &arguments[i]), 0);
        }
        for (unsigned i = 0; i < WRITERS; i++) {
            pthread_join(writers[i], NULL);
        }
        atomic_store(&traffic.over, true);
        for (unsigned i = 0; i < READERS; i++) {
            pthread_join(readers[i], NULL);
        }
    }
    ops->destroy(traffic.domain);
    assert_int_equal(traffic.dead, 0);
    assert_int_equal(yard.twice, 0);
    assert_int_equal(yard.freed, 2 * WRITERS * EACH); /* all but the current one */
}

/* ---- the tables ---- */

static void test_tables_are_well_formed(void **state)
{
    (void)state;
    for (size_t i = 0; i < mill_reclaim_family.count; i++) {
        const struct mill_strategy *about = mill_reclaim_family.strategies[i];
        const struct mill_reclaim_ops *ops = mill_reclaim_ops_of(about);
        assert_ptr_equal(mill_reclaim_ops_find(about->name), ops);
        assert_non_null(about->summary);
        assert_non_null(about->source);
        if (about->missing) {
            continue;
        }
        assert_non_null(ops->create);
        assert_non_null(ops->destroy);
        assert_non_null(ops->enter);
        assert_non_null(ops->acquire);
        assert_non_null(ops->retire);
        assert_non_null(ops->collect);
        assert_non_null(ops->leave);
    }
    assert_null(mill_reclaim_ops_find("no-such-reclamation"));
}

#define TABLE(ident) (void *)(uintptr_t)&mill_reclaim_##ident
#define EACH_TABLE(ident)                                                                   \
    {"frees all once: " #ident, test_all_is_freed_once, NULL, NULL, TABLE(ident)},          \
        {"collects on demand: " #ident, test_collects_on_demand, NULL, NULL, TABLE(ident)}, \
        {"bad arguments: " #ident, test_bad_arguments, NULL, NULL, TABLE(ident)},

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables_are_well_formed),
        MILL_RECLAIMS(EACH_TABLE) cmocka_unit_test(test_small_seats_are_refused),
        cmocka_unit_test(test_hazards_stay_bounded),
        {"epochs do not: epoch", test_epochs_do_not, NULL, NULL, TABLE(epoch)},
        {"epochs do not: ck_epoch", test_epochs_do_not, NULL, NULL, TABLE(ck_epoch)},
        cmocka_unit_test(test_many_hazards_are_all_seen),
        {"nobody reads the dead: hazard", test_nobody_reads_the_dead, NULL, NULL, TABLE(hazard)},
        {"nobody reads the dead: epoch", test_nobody_reads_the_dead, NULL, NULL, TABLE(epoch)},
        {"nobody reads the dead: ck_epoch", test_nobody_reads_the_dead, NULL, NULL, TABLE(ck_epoch)},
        {"nobody reads the dead: urcu_bp", test_nobody_reads_the_dead, NULL, NULL, TABLE(urcu_bp)},
    };
    return cmocka_run_group_tests_name("reclaim", tests, NULL, NULL);
}
