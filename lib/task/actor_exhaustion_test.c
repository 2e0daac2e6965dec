#include "core/test_exhaustion.h"
#include "task/actor.h"

static int add(void *total, void *amount)
{
    *(uintptr_t *)total += (uintptr_t)amount;
    return 0;
}

/* What was refused was not received. */
static int live(void *context)
{
    struct mill_actor *actor;
    uintptr_t total = 0, expected = 0;
    (void)context;
    int status = mill_actor_start(
        &actor, &(struct mill_actor_options){.name = "sum", .receive = add, .state = &total, .capacity = 4});
    if (status < 0) {
        return status;
    }
    status = mill_actor_tell(actor, (void *)(uintptr_t)2, MILL_FOREVER);
    expected += status == 0 ? 2 : 0;
    int asked = mill_actor_ask(actor, (void *)(uintptr_t)4, MILL_FOREVER, NULL);
    expected += asked == 0 ? 4 : 0;
    assert_int_equal(mill_actor_stop(&actor, MILL_FOREVER), 0);
    assert_int_equal(total, expected);
    return status < 0 ? status : asked;
}

static void an_actor_survives_a_lack_of_memory(void **state)
{
    (void)state;
    assert_true(mill_exhaust(live, NULL) >= 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(an_actor_survives_a_lack_of_memory)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
