#include "core/test_exhaustion.h"

#include "sync/barrier_list.h"

static int use(void *context)
{
    const struct mill_barrier_ops *ops = context;
    struct mill_barrier *barrier;
    int status = mill_barrier_create(ops, 5, &barrier);
    if (status < 0) {
        return status;
    }
    return mill_barrier_destroy(barrier);
}

static void test_survives(void **state)
{
    const struct mill_barrier_ops *ops = *state;
    if (ops->about.missing) {
        print_message("%s: %s\n", ops->about.name, ops->about.missing);
        skip();
    }
    assert_true(mill_exhaust(use, *state) >= 2);
}

#define EACH(ident) \
    {"survives: " #ident, test_survives, NULL, NULL, (void *)(uintptr_t)&mill_barrier_##ident},

int main(void)
{
    const struct CMUnitTest tests[] = {MILL_BARRIERS(EACH)};
    return cmocka_run_group_tests_name("sync/barrier_exhaustion", tests, NULL, NULL);
}
