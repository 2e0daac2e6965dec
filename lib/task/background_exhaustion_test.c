#include "core/test_exhaustion.h"
#include "task/background.h"

static int nothing(void *argument)
{
    (void)argument;
    return 0;
}

static int live(struct mill_background *background)
{
    const struct mill_background_task task = {.run = nothing, .dispose = free, .argument = malloc(1)};
    int status = task.argument ? mill_background_submit(background, &task, MILL_FOREVER) : -ENOMEM;
    if (status < 0) {
        free(task.argument);
    }
    size_t left = 1;
    assert_int_equal(mill_background_stop(background, MILL_BACKGROUND_DRAIN, MILL_FOREVER, &left), 0);
    assert_int_equal(left, 0);
    return status;
}

/* Two lives, since each makes an inbox and a thread. */
static int attempt(void *context)
{
    (void)context;
    struct mill_background *background;
    const struct mill_background_settings settings = {.name = "worker", .capacity = 4};
    int status = mill_background_create(&settings, &background);
    if (status < 0) {
        return status;
    }
    for (int life = 0; life < 2 && status == 0; life++) {
        status = mill_background_start(background);
        if (status == 0) {
            status = live(background);
        }
    }
    assert_int_equal(mill_background_destroy(background), 0);
    return status;
}

static void test_background_survives(void **state)
{
    (void)state;
    assert_true(mill_exhaust(attempt, NULL) >= 9);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_background_survives)};
    return cmocka_run_group_tests_name("background_exhaustion", tests, NULL, NULL);
}
