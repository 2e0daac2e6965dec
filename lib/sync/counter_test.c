#include "sync/counter.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/sanitizer.h"
#include "sync/cas_integer.h"
#include "sync/counter_list.h"
#include "sync/lock.h"

#define MAX_THREADS 4u

static void need(const struct mill_counter_ops *ops)
{
    if (ops->about.missing) {
        print_message("%s: %s\n", ops->about.name, ops->about.missing);
        skip();
    }
    if (MILL_UNDER_TSAN && (ops->about.traits & MILL_HIDES_ATOMICS)) {
        print_message("%s: ThreadSanitizer cannot see into it\n", ops->about.name);
        skip();
    }
}

struct adder {
    const struct mill_counter_ops *ops;
    struct mill_counter *counter;
    atomic_uint *ready;
    unsigned threads;
    unsigned slot;
    unsigned operations;
};

static void *add_many(void *argument)
{
    struct adder *adder = argument;
    atomic_fetch_add_explicit(adder->ready, 1, memory_order_relaxed);
    while (atomic_load_explicit(adder->ready, memory_order_relaxed) < adder->threads) {
        sched_yield();
    }
    for (unsigned i = 0; i < adder->operations; i++) {
        adder->ops->add(adder->counter, adder->slot, i % 2 ? 5 : -2);
    }
    return NULL;
}

/* What the counter shows less what was added. */
static int64_t error_after(const struct mill_counter_ops *ops, unsigned threads, unsigned pairs)
{
    struct mill_counter *counter;
    assert_int_equal(ops->create(ops, threads, &counter), 0);
    assert_int_equal(ops->read(counter), 0);
    atomic_uint ready = 0;
    struct adder adders[MAX_THREADS];
    pthread_t thread[MAX_THREADS];
    for (unsigned i = 0; i < threads; i++) {
        adders[i] = (struct adder){ops, counter, &ready, threads, i, 2 * pairs};
        assert_int_equal(pthread_create(&thread[i], NULL, add_many, &adders[i]), 0);
    }
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(thread[i], NULL);
    }
    int64_t error = ops->read(counter) - (int64_t)threads * pairs * 3;
    ops->destroy(counter);
    return error;
}

static void test_adds_up(void **state)
{
    const struct mill_counter_ops *ops = *state;
    need(ops);
    if (ops->about.traits & MILL_EMPTY) {
        print_message("%s: counts nothing\n", ops->about.name);
        skip();
    }
    assert_int_equal(error_after(ops, 1, 1000), 0);
    if (ops->about.traits & (MILL_ONE_THREAD | MILL_CONTROL)) {
        return;
    }
    /* few for a lock that never yields: see lock_test.c */
    bool spins = ops->lock && (ops->lock->about.traits & MILL_SPINS);
    assert_int_equal(error_after(ops, 2, spins ? 50 : 2000), 0);
    assert_int_equal(error_after(ops, spins ? 3 : 4, 20), 0);
}

static void test_unsafe_loses_additions(void **state)
{
    (void)state;
    if (MILL_UNDER_TSAN) {
        print_message("left out: ThreadSanitizer rightly reports the race that this test is made of\n");
        skip();
    }
    bool lost = false;
    for (unsigned attempt = 0; attempt < 100 && !lost; attempt++) {
        lost = error_after(&mill_counter_unsafe, 2, 500000) != 0;
    }
    assert_true(lost);
}

static void test_tables_are_well_formed(void **state)
{
    (void)state;
    for (size_t i = 0; i < mill_counter_family.count; i++) {
        const struct mill_strategy *about = mill_counter_family.strategies[i];
        const struct mill_counter_ops *ops = mill_counter_ops_of(about);
        assert_ptr_equal(mill_counter_ops_find(about->name), ops);
        assert_non_null(about->summary);
        assert_non_null(about->source);
        assert_non_null(ops->create);
        assert_non_null(ops->destroy);
        assert_non_null(ops->add);
        assert_non_null(ops->read);
    }
    assert_null(mill_counter_ops_find("no-such-counter"));
}

static void test_every_working_lock_has_a_counter(void **state)
{
    (void)state;
    for (size_t i = 0; i < mill_lock_family.count; i++) {
        const struct mill_strategy *lock = mill_lock_family.strategies[i];
        if (lock->traits & (MILL_EMPTY | MILL_CONTROL)) {
            continue;
        }
        char name[64] = "mutex";
        if (strcmp(lock->name, "pthread") != 0) {
            snprintf(name, sizeof name, "lock-%s", lock->name);
        }
        const struct mill_counter_ops *counter = mill_counter_ops_find(name);
        assert_non_null(counter);
        assert_ptr_equal(&counter->lock->about, lock);
        assert_int_equal(counter->about.missing == NULL, lock->missing == NULL);
        assert_int_equal(counter->about.traits & MILL_HIDES_ATOMICS, lock->traits & MILL_HIDES_ATOMICS);
    }
    assert_null(mill_counter_ops_find("lock-pthread"));
}

static void test_cas_integer_compares(void **state)
{
    (void)state;
    struct mill_cas_integer integer = {0};
    assert_true(mill_compare_and_swap(&integer, 0, 7));
    assert_false(mill_compare_and_swap(&integer, 0, 9));
    assert_int_equal(mill_cas_integer_get(&integer), 7);
    assert_int_equal(mill_increment_and_get(&integer), 8);
    assert_true(mill_compare_and_swap(&integer, 8, -1));
    assert_int_equal(mill_increment_and_get(&integer), 0);
}

#define TICKETS 2000

struct drawer {
    struct mill_cas_integer *integer;
    int64_t drawn[TICKETS];
};

static void *draw(void *argument)
{
    struct drawer *drawer = argument;
    for (unsigned i = 0; i < TICKETS; i++) {
        drawer->drawn[i] = mill_increment_and_get(drawer->integer);
    }
    return NULL;
}

/* Each value is returned to exactly one caller. */
static void test_cas_integer_hands_out_each_value_once(void **state)
{
    (void)state;
    struct mill_cas_integer integer = {0};
    static struct drawer drawers[2];
    pthread_t thread[2];
    for (unsigned i = 0; i < 2; i++) {
        drawers[i].integer = &integer;
        assert_int_equal(pthread_create(&thread[i], NULL, draw, &drawers[i]), 0);
    }
    unsigned seen[2 * TICKETS + 1] = {0};
    for (unsigned i = 0; i < 2; i++) {
        pthread_join(thread[i], NULL);
        for (unsigned j = 0; j < TICKETS; j++) {
            assert_in_range(drawers[i].drawn[j], 1, 2 * TICKETS);
            seen[drawers[i].drawn[j]]++;
        }
    }
    for (unsigned value = 1; value <= 2 * TICKETS; value++) {
        assert_int_equal(seen[value], 1);
    }
}

#define TABLE(ident)                 (void *)(uintptr_t)&mill_counter_##ident
#define EACH(ident)                  {"adds up: " #ident, test_adds_up, NULL, NULL, TABLE(ident)},
#define EACH_LOCK(ident, name, peer) EACH(lock_##ident)

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_tables_are_well_formed),
                                       cmocka_unit_test(test_every_working_lock_has_a_counter),
                                       cmocka_unit_test(test_unsafe_loses_additions),
                                       cmocka_unit_test(test_cas_integer_compares),
                                       cmocka_unit_test(test_cas_integer_hands_out_each_value_once),
                                       MILL_COUNTERS(EACH) MILL_FURTHER_LOCKS(EACH_LOCK)};
    return cmocka_run_group_tests_name("counter", tests, NULL, NULL);
}
