#include "core/test_exhaustion.h"
#include "task/loop.h"

static void add_one(void *argument)
{
    (*(unsigned *)argument)++;
}

/* A post that was refused has not run, one that was taken has. */
static int live(void *context)
{
    struct mill_loop *loop;
    unsigned count = 0, expected = 0;
    (void)context;
    int status = mill_loop_start(&loop, "test");
    if (status < 0) {
        return status;
    }
    status = mill_loop_post(loop, add_one, &count);
    expected += status == 0;
    int called = mill_loop_call(loop, add_one, &count, MILL_FOREVER);
    expected += called == 0;
    assert_int_equal(mill_loop_stop(&loop, MILL_FOREVER), 0);
    assert_int_equal(count, expected);
    return status < 0 ? status : called;
}

static void the_loop_survives_a_lack_of_memory(void **state)
{
    (void)state;
    assert_int_equal(mill_exhaust(live, NULL), 6);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_loop_survives_a_lack_of_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
