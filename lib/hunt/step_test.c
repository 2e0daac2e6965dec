#include "hunt/step.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

static struct mill_step memory(enum mill_step_kind kind, uintptr_t address, uint32_t size)
{
    return (struct mill_step){.kind = (uint8_t)kind, .object = address, .size = size};
}

static void test_memory_that_overlaps_depends_when_one_writes(void **state)
{
    (void)state;
    struct mill_step write = memory(MILL_STEP_WRITE, 100, 8);
    struct mill_step last_byte = memory(MILL_STEP_READ, 107, 1);
    struct mill_step behind = memory(MILL_STEP_ATOMIC_UPDATE, 108, 4);
    assert_true(mill_steps_depend(&write, &last_byte));
    assert_true(mill_steps_depend(&last_byte, &write));
    assert_false(mill_steps_depend(&last_byte, &last_byte));
    assert_false(mill_steps_depend(&write, &behind));
    struct mill_step nothing = memory(MILL_STEP_WRITE, 0, 1);
    assert_false(mill_steps_depend(&nothing, &nothing));
}

static void test_a_wait_depends_on_its_mutex_too(void **state)
{
    (void)state;
    struct mill_step wait = {.kind = MILL_STEP_WAIT, .object = 100, .size = 1, .second = 200};
    struct mill_step lock = memory(MILL_STEP_LOCK, 200, 1);
    struct mill_step other = memory(MILL_STEP_LOCK, 300, 1);
    assert_true(mill_steps_depend(&wait, &lock));
    assert_true(mill_steps_depend(&lock, &wait));
    assert_true(mill_steps_depend(&wait, &wait));
    assert_false(mill_steps_depend(&wait, &other));
}

static void test_every_kind_has_a_name(void **state)
{
    (void)state;
    for (int kind = 0; kind < MILL_STEP_KINDS; kind++) {
        assert_non_null(mill_step_name((enum mill_step_kind)kind));
        for (int other = 0; other < kind; other++) {
            assert_string_not_equal(mill_step_name((enum mill_step_kind)kind),
                                    mill_step_name((enum mill_step_kind)other));
        }
    }
    assert_string_equal(mill_step_name(MILL_STEP_KINDS), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_memory_that_overlaps_depends_when_one_writes),
        cmocka_unit_test(test_a_wait_depends_on_its_mutex_too),
        cmocka_unit_test(test_every_kind_has_a_name),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
