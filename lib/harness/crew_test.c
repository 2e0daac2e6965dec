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

/* In the warm-up each section goes to who had it last, and never in the window. */
static int hold(struct mill_worker *worker)
{
    unsigned holder = worker->index;
    if (atomic_load_explicit(worker->phase, memory_order_relaxed) > MILL_PHASE_WARM) {
        holder++;
    }
    mill_worker_holds(worker, &holder);
    return MILL_DONE;
}

static const struct mill_role holders[] = {
    {.name = "one", .summary = "holds", .operation = hold},
    {.name = "other", .summary = "holds", .operation = hold},
};

static void wait_for_operations(struct mill_crew *crew, uint64_t more)
{
    for (unsigned i = 0; i < crew->spec->threads; i++) {
        uint64_t begin = atomic_load(&crew->hands[i].worker.operations);
        while (atomic_load(&crew->hands[i].worker.operations) < begin + more) {
            sched_yield();
        }
    }
}

static void counts_no_acquisitions_of_the_warm_up(void **state)
{
    (void)state;
    static const enum mill_sample_kind kinds[] = {MILL_THROUGHPUT, MILL_LATENCY};
    const struct mill_scenario scenario = {.name = "hold", .roles = holders, .role_count = 2};
    struct mill_clock clock;
    mill_clock_open(&clock);
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const struct mill_case one = {.scenario = &scenario, .clock = &clock, .threads = 2};
        const struct mill_sample_spec spec = {
            .scenario = &scenario, .threads = 2, .kind = kinds[i], .every = 1, .window_ns = MILL_NS_PER_MS};
        const int place[] = {-1, -1};
        struct mill_crew crew;
        assert_int_equal(mill_crew_start(&crew, &spec, &one, place), 0);
        wait_for_operations(&crew, 10);
        mill_crew_measure(&crew);
        wait_for_operations(&crew, 10);
        assert_int_equal(mill_crew_finish(&crew), 0);
        for (unsigned hand = 0; hand < 2; hand++) {
            assert_true(crew.hands[hand].worker.reacquisitions >= 10);
            assert_true(crew.hands[hand].acquisitions > 0);
            assert_int_equal(crew.hands[hand].reacquisitions, 0);
        }
        mill_crew_destroy(&crew);
    }
}

/* A rate is that of all threads together, whatever their roles: each gets an equal share of it. */
static void a_rate_is_shared_by_the_threads_of_all_roles(void **state)
{
    (void)state;
    const struct mill_scenario scenario = {.name = "hold", .roles = holders, .role_count = 2};
    struct mill_clock clock;
    mill_clock_open(&clock);
    const struct mill_case one = {.scenario = &scenario, .clock = &clock, .threads = 2};
    const struct mill_sample_spec spec = {
        .scenario = &scenario, .threads = 2, .kind = MILL_LATENCY, .rate = 1000, .window_ns = MILL_NS_PER_MS};
    const int place[] = {-1, -1};
    struct mill_crew crew;
    assert_int_equal(mill_crew_start(&crew, &spec, &one, place), 0);
    assert_int_not_equal(crew.hands[0].worker.role, crew.hands[1].worker.role);
    assert_true(crew.hands[0].recording.interval_ns == 2e6); /* 500 a second */
    assert_true(crew.hands[1].recording.interval_ns == 2e6);
    assert_int_equal(crew.hands[1].recording.offset_ns, 1000000); /* in between */
    mill_crew_measure(&crew);
    assert_int_equal(mill_crew_finish(&crew), 0);
    mill_crew_destroy(&crew);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(finishes_with_operations_that_only_an_interrupt_ends),
        cmocka_unit_test(counts_no_acquisitions_of_the_warm_up),
        cmocka_unit_test(a_rate_is_shared_by_the_threads_of_all_roles),
    };
    return cmocka_run_group_tests_name("harness/crew", tests, NULL, NULL);
}
