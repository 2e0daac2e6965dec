#include "core/test_exhaustion.h"

#include "device/staleness.h"

static int note_once(void *context)
{
    struct mill_staleness *staleness;
    (void)context;
    int status = mill_staleness_create(2, &staleness);
    if (status == 0) {
        mill_staleness_note(staleness, 1, 1, 2);
        mill_staleness_destroy(staleness);
    }
    return status;
}

static void test_survives(void **state)
{
    (void)state;
    assert_int_equal(mill_exhaust(note_once, NULL), 4);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_survives),
    };
    return cmocka_run_group_tests_name("device/staleness_exhaustion", tests, NULL, NULL);
}
