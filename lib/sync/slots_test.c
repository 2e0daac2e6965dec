#include "sync/slots.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/cacheline.h"

#define THREADS 3u

struct adder {
    const struct mill_slots_ops *ops;
    struct mill_slots *slots;
    unsigned slot;
};

static void *add_many(void *argument)
{
    struct adder *adder = argument;
    for (unsigned i = 0; i < 10000; i++) {
        adder->ops->add(adder->slots, adder->slot, (int64_t)adder->slot + 1);
    }
    return NULL;
}

static void test_slots_do_not_mix(void **state)
{
    (void)state;
    for (size_t s = 0; s < mill_slots_family.count; s++) {
        const struct mill_slots_ops *ops = mill_slots_ops_of(mill_slots_family.strategies[s]);
        assert_ptr_equal(mill_slots_ops_find(ops->about.name), ops);
        struct mill_slots *slots;
        assert_int_equal(ops->create(ops, THREADS, &slots), 0);
        struct adder adders[THREADS];
        pthread_t thread[THREADS];
        for (unsigned i = 0; i < THREADS; i++) {
            adders[i] = (struct adder){ops, slots, i};
            assert_int_equal(pthread_create(&thread[i], NULL, add_many, &adders[i]), 0);
        }
        for (unsigned i = 0; i < THREADS; i++) {
            pthread_join(thread[i], NULL);
        }
        for (unsigned i = 0; i < THREADS; i++) {
            assert_int_equal(ops->read(slots, i), 10000 * (i + 1));
        }
        ops->destroy(slots);
    }
}

static void test_distances_are_as_named(void **state)
{
    (void)state;
    assert_int_equal(mill_slots_ops_find("packed")->stride, sizeof(int64_t));
    assert_int_equal(mill_slots_ops_find("line")->stride, MILL_CACHE_LINE);
    assert_int_equal(mill_slots_ops_find("padded")->stride, MILL_ISOLATION);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_slots_do_not_mix),
        cmocka_unit_test(test_distances_are_as_named),
    };
    return cmocka_run_group_tests_name("slots", tests, NULL, NULL);
}
