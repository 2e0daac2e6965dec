#include "task/switcher.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "core/sanitizer.h"

static void the_partner_has_every_turn(void **state)
{
    (void)state;
    for (size_t s = 0; s < mill_switcher_family.count; s++) {
        const struct mill_switcher_ops *ops = mill_switcher_ops_of(mill_switcher_family.strategies[s]);
        struct mill_switcher *one, *other;
        if (MILL_UNDER_TSAN && (ops->about.traits & MILL_HIDES_ATOMICS)) {
            print_message("%s: not under ThreadSanitizer\n", ops->about.name);
            continue;
        }
        assert_int_equal(ops->create(&one), 0);
        assert_int_equal(ops->create(&other), 0);
        assert_int_equal(ops->turns(one), 0);
        for (uint64_t turn = 1; turn <= 300; turn++) {
            assert_int_equal(ops->there_and_back(one), 0);
            assert_int_equal(ops->turns(one), turn);
            if (turn % 3 == 0) {
                assert_int_equal(ops->there_and_back(other), 0);
            }
        }
        assert_int_equal(ops->turns(other), 100);
        ops->destroy(one);
        ops->destroy(other);
        ops->destroy(NULL);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(the_partner_has_every_turn)};
    return cmocka_run_group_tests(tests, NULL, NULL);
}
