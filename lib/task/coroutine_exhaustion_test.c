#include "core/test_exhaustion.h"
#include "task/coroutine.h"

static void nothing(struct mill_coroutine *self, void *argument)
{
    (void)self;
    (void)argument;
}

static int live(void *context)
{
    struct mill_coroutine *coroutine;
    (void)context;
    int status = mill_coroutine_create(&coroutine, 0, nothing, NULL);
    if (status == 0) {
        assert_int_equal(mill_coroutine_resume(coroutine), 1);
        assert_int_equal(mill_coroutine_destroy(coroutine), 0);
    }
    return status;
}

static void a_coroutine_survives_a_lack_of_memory(void **state)
{
    (void)state;
    assert_int_equal(mill_exhaust(live, NULL), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(a_coroutine_survives_a_lack_of_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
