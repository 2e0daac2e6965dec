#include "core/cacheline.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void sizes_are_rounded_up_to_whole_blocks(void **state)
{
    (void)state;
    assert_int_equal(MILL_ISOLATED_SIZE(0), 0);
    assert_int_equal(MILL_ISOLATED_SIZE(1), MILL_ISOLATION);
    assert_int_equal(MILL_ISOLATED_SIZE(MILL_ISOLATION), MILL_ISOLATION);
    assert_int_equal(MILL_ISOLATED_SIZE(MILL_ISOLATION + 1), 2 * MILL_ISOLATION);
}

static void memory_is_aligned_zeroed_and_whole_blocks(void **state)
{
    (void)state;
    static const size_t sizes[] = {0, 1, MILL_ISOLATION - 1, MILL_ISOLATION, MILL_ISOLATION + 1, 1000000};
    for (int round = 0; round < 3; round++) { /* later rounds get memory that was written to */
        for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
            size_t whole = MILL_ISOLATED_SIZE(sizes[i] > 0 ? sizes[i] : 1);
            unsigned char *memory = mill_isolated_alloc(sizes[i]);
            assert_non_null(memory);
            assert_int_equal((uintptr_t)memory % MILL_ISOLATION, 0);
            for (size_t byte = 0; byte < whole; byte++) {
                assert_int_equal(memory[byte], 0);
            }
            memset(memory, 0xff, whole); /* AddressSanitizer would object if the last block were not whole */
            free(memory);
        }
    }
}

static void a_size_that_wraps_round_is_refused(void **state)
{
    (void)state;
    assert_null(mill_isolated_alloc(SIZE_MAX));
    assert_null(mill_isolated_alloc(SIZE_MAX - MILL_ISOLATION + 1));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(sizes_are_rounded_up_to_whole_blocks),
        cmocka_unit_test(memory_is_aligned_zeroed_and_whole_blocks),
        cmocka_unit_test(a_size_that_wraps_round_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
