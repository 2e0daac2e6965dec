#include "core/test_exhaustion.h"

#include "sync/lazy.h"

static void build(void *context, size_t cell, void *object)
{
    (void)context;
    *(size_t *)object = cell;
}

static int use_once(void *context)
{
    const struct mill_lazy_plan plan = {.cells = 3, .size = sizeof(size_t), .build = build};
    struct mill_lazy *lazy;
    int status = mill_lazy_create(context, &plan, &lazy);
    if (status == 0) {
        assert_int_equal(*(size_t *)mill_lazy_get(lazy, 2), 2);
        mill_lazy_destroy(lazy);
    }
    return status;
}

static void test_survives(void **state)
{
    (void)state;
    for (size_t i = 0; i < mill_lazy_family.count; i++) {
        const struct mill_lazy_ops *ops = mill_lazy_ops_of(mill_lazy_family.strategies[i]);
        if (!ops->about.missing) {
            assert_int_equal(mill_exhaust(use_once, (void *)(uintptr_t)ops), 1);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_survives),
    };
    return cmocka_run_group_tests_name("sync/lazy_exhaustion", tests, NULL, NULL);
}
