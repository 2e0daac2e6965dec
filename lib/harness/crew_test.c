#include "harness/crew.h"

#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static atomic_bool let_go;

static int wait_to_be_let_go(struct mill_worker *worker)
{
    (void)worker;
    while (!atomic_load_explicit(&let_go, memory_order_relaxed)) {
        sched_yield();
    }
    return MILL_STOPPED;
}

static void interrupt(struct mill_case *one)
{
    (void)one;
    atomic_store_explicit(&let_go, true, memory_order_relaxed);
}

static const struct mill_role roles[] = {
    {.name = "waiter", .summary = "waits until it is interrupted", .operation = wait_to_be_let_go},
};

/* Two threads that would wait for ever, as in a deadlock: the window's end must reach them. */
static void finishes_with_operations_that_only_an_interrupt_ends(void **state)
{
    (void)state;
    static const enum mill_sample_kind kinds[] = {MILL_THROUGHPUT, MILL_LATENCY};
    const struct mill_scenario scenario = {
        .name = "block", .roles = roles, .role_count = 1, .interrupt = interrupt};
    struct mill_clock clock;
    mill_clock_open(&clock);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const struct mill_case one = {.scenario = &scenario, .clock = &clock, .threads = 2};
        const struct mill_sample_spec spec = {
            .scenario = &scenario, .threads = 2, .kind = kinds[i], .every = 1, .window_ns = MILL_NS_PER_MS};
        const int place[] = {-1, -1};
        struct mill_crew crew;
        atomic_store(&let_go, false);
        assert_int_equal(mill_crew_start(&crew, &spec, &one, place), 0);
        mill_crew_measure(&crew);
        assert_int_equal(mill_crew_finish(&crew), 0);
        assert_true(atomic_load(&let_go));
        mill_crew_destroy(&crew);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finishes_with_operations_that_only_an_interrupt_ends),
    };
    return cmocka_run_group_tests_name("harness/crew", tests, NULL, NULL);
}
