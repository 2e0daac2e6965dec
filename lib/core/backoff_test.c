#include "core/backoff.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

static void the_limit_doubles_up_to_the_maximum(void **state)
{
    (void)state;
    struct mill_backoff backoff = MILL_BACKOFF_INIT;
    for (uint32_t limit = MILL_BACKOFF_MINIMUM; limit < MILL_BACKOFF_MAXIMUM; limit *= 2) {
        assert_int_equal(backoff.limit, limit);
        mill_backoff_wait(&backoff);
    }
    for (int i = 0; i < 3; i++) {
        assert_int_equal(backoff.limit, MILL_BACKOFF_MAXIMUM);
        mill_backoff_wait(&backoff);
    }
}

static void draws_reach_both_ends_and_nothing_beyond(void **state)
{
    (void)state;
    struct mill_backoff backoff = MILL_BACKOFF_INIT;
    backoff.state = 1; /* a fixed seed: the address would be another in every run */
    int seen[MILL_BACKOFF_MINIMUM + 1] = {0};
    for (int i = 0; i < 1000; i++) {
        uint32_t draw = mill_backoff_draw(&backoff);
        assert_in_range(draw, 1, MILL_BACKOFF_MINIMUM);
        seen[draw]++;
    }
    for (size_t i = 1; i <= MILL_BACKOFF_MINIMUM; i++) {
        assert_true(seen[i] > 0);
    }
}

/* Threads run the same code, so their objects sit at the same place of stacks that begin a stack size apart.
 * The memory is only reserved: nothing but the objects' own pages is touched. */
static void threads_do_not_draw_in_step(void **state)
{
    (void)state;
    enum { threads = 8, stack = 0x801000, draws = 8 };
    char *stacks = malloc((size_t)threads * stack);
    assert_non_null(stacks);
    uint32_t drawn[threads][draws];
    for (size_t i = 0; i < threads; i++) {
        struct mill_backoff *backoff = (struct mill_backoff *)(void *)(stacks + i * stack);
        *backoff = MILL_BACKOFF_INIT;
        for (size_t j = 0; j < draws; j++) {
            drawn[i][j] = mill_backoff_draw(backoff); /* from [1, 4]: the first, decisive rounds */
        }
    }
    free(stacks);
    for (size_t i = 0; i < threads; i++) {
        for (size_t j = 0; j < i; j++) {
            assert_memory_not_equal(drawn[i], drawn[j], sizeof drawn[i]);
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_limit_doubles_up_to_the_maximum),
        cmocka_unit_test(draws_reach_both_ends_and_nothing_beyond),
        cmocka_unit_test(threads_do_not_draw_in_step),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
