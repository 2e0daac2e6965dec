#include "core/test_exhaustion.h"
#include "task/scope.h"

static int end_at_once(struct mill_stop *stop, void *argument)
{
    (void)stop;
    atomic_store((atomic_int *)argument, 1);
    return 0;
}

static int attempt(void *context)
{
    (void)context;
    atomic_int ran = 0;
    int status;
    {
        MILL_SCOPE(scope,
                   &(struct mill_scope_settings){
                       .name = "scope", .body = end_at_once, .argument = &ran, .timeout_ns = MILL_FOREVER});
        status = scope.status;
    }
    assert_int_equal(atomic_load(&ran), status == 0);
    return status;
}

static void test_scope_survives(void **state)
{
    (void)state;
    assert_true(mill_exhaust(attempt, NULL) >= 3);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_scope_survives)};
    return cmocka_run_group_tests_name("scope_exhaustion", tests, NULL, NULL);
}
