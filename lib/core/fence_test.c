#include "core/fence.h"

#include <linux/membarrier.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/test_in_step.h"

static void test_light_ones_are_cheap_where_the_kernel_helps(void **state)
{
    (void)state;
    long offered = syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0, 0);
    bool helps = offered > 0 && (offered & MEMBARRIER_CMD_PRIVATE_EXPEDITED) != 0;
    assert_int_equal(mill_fence_open(), helps && !MILL_UNDER_TSAN);
    assert_int_equal(mill_fence_open(), helps && !MILL_UNDER_TSAN);
    mill_fence_heavy();
    mill_fence_light();
    mill_fence();
}

/* The engine's samples run in children: the kernel must not have forgotten there what it was told here. */
static void test_a_child_keeps_its_fences(void **state)
{
    (void)state;
    if (!mill_fence_open()) {
        print_message("left out: the kernel offers no barrier, or ThreadSanitizer does not see it\n");
        skip();
    }
    pid_t child = fork();
    assert_true(child >= 0);
    if (child == 0) {
        _exit(syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0, 0) == 0 ? 0 : 1);
    }
    int status = -1;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_int_equal(status, 0);
}

/* Store, fence, look at the other's store: Dekker's question, asked over a row of tables, each a cache line
 * of its own, so that the stores take their time and the looks have a chance to overtake them. */
#define TABLES 64u

struct dekker {
    struct {
        alignas(MILL_ISOLATION) _Atomic unsigned rounds; /* stored in so far */
    } table[2][TABLES];
    struct {
        alignas(MILL_ISOLATION) bool (*saw)[TABLES]; /* for each round: had the other stored? */
        void (*fence)(void);
    } side[2];
};

static void ask(void *context, unsigned side, unsigned round)
{
    struct dekker *dekker = context;
    for (unsigned i = 0; i < TABLES; i++) {
        /* relaxed, both: the fence between them is what is tested */
        atomic_store_explicit(&dekker->table[side][i].rounds, round + 1, memory_order_relaxed);
        dekker->side[side].fence();
        unsigned seen = atomic_load_explicit(&dekker->table[!side][i].rounds, memory_order_relaxed);
        dekker->side[side].saw[round][i] = seen > round;
    }
}

static void assert_one_sees_the_other(void (*fence)(void), void (*opposite)(void), unsigned rounds)
{
    struct dekker *dekker = mill_isolated_alloc(sizeof *dekker);
    assert_non_null(dekker);
    for (unsigned i = 0; i < 2; i++) {
        dekker->side[i].fence = i ? opposite : fence;
        dekker->side[i].saw = calloc(rounds, sizeof dekker->side[i].saw[0]);
        assert_non_null(dekker->side[i].saw);
    }
    mill_in_step(ask, dekker, rounds);
    unsigned blind = 0;
    for (unsigned i = 0; i < rounds * TABLES; i++) {
        blind += !dekker->side[0].saw[i / TABLES][i % TABLES] && !dekker->side[1].saw[i / TABLES][i % TABLES];
    }
    free(dekker->side[0].saw);
    free(dekker->side[1].saw);
    free(dekker);
    assert_int_equal(blind, 0);
}

static void test_full_ones_pair(void **state)
{
    (void)state;
    assert_one_sees_the_other(mill_fence, mill_fence, 400);
}

static void test_light_and_heavy_pair(void **state)
{
    (void)state;
    assert_one_sees_the_other(mill_fence_light, mill_fence_heavy, 100);
}

static void test_heavy_ones_pair(void **state)
{
    (void)state;
    assert_one_sees_the_other(mill_fence_heavy, mill_fence_heavy, 100);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_light_ones_are_cheap_where_the_kernel_helps),
        cmocka_unit_test(test_a_child_keeps_its_fences),
        cmocka_unit_test(test_full_ones_pair),
        cmocka_unit_test(test_light_and_heavy_pair),
        cmocka_unit_test(test_heavy_ones_pair),
    };
    return cmocka_run_group_tests_name("fence", tests, NULL, NULL);
}
