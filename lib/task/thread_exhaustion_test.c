#include "task/thread.h"

#include "core/test_exhaustion.h"
#include "core/timeout.h"

static void nothing(void *argument)
{
    (void)argument;
}

static int attempt(void *context)
{
    bool *met = context;
    struct mill_thread *thread = NULL;
    int status = mill_thread_start(&thread, "thread", nothing, NULL);
    if (status == 0) {
        return mill_thread_join(&thread, MILL_FOREVER);
    }
    assert_null(thread);
    assert_true(status == -ENOMEM || status == -EAGAIN);
    met[status == -EAGAIN] = true;
    return status;
}

static void test_start_survives(void **state)
{
    (void)state;
    bool met[2] = {false, false};
    assert_int_equal(mill_exhaust(attempt, met), 2);
    assert_true(met[0]); /* no memory */
    assert_true(met[1]); /* no more threads */
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_start_survives)};
    return cmocka_run_group_tests_name("thread_exhaustion", tests, NULL, NULL);
}
