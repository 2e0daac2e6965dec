#include "harness/worker.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

enum {
    stall_ms = 50,
};

/* What the operations below do at a given turn. */
static uint64_t fail_at, stop_at, stall_at;
static uint64_t turns, pauses;

static int counted_operation(struct mill_worker *worker)
{
    (void)worker;
    turns++;
    if (turns == fail_at) {
        return -EIO;
    }
    if (turns == stop_at) {
        return MILL_STOPPED;
    }
    if (turns == stall_at) {
        mill_sleep_until(mill_now_ns() + stall_ms * MILL_NS_PER_MS);
    }
    return MILL_DONE;
}

static void counted_pause(struct mill_worker *worker)
{
    (void)worker;
    pauses++;
}

static unsigned finishes;

static void counted_finish(struct mill_worker *worker)
{
    (void)worker;
    finishes++;
}

static const struct mill_role three_roles[] = {
    {.name = "one", .operation = counted_operation, .between = counted_pause, .finish = counted_finish},
    {.name = "fixed", .operation = counted_operation, .threads = 2},
    {.name = "other", .operation = counted_operation},
};

static const struct mill_scenario scenario = {.name = "test", .roles = three_roles, .role_count = 1};
static const struct mill_scenario with_roles = {.name = "test", .roles = three_roles, .role_count = 3};

struct bench {
    struct mill_clock clock;
    struct mill_case one;
    struct mill_worker worker;
    atomic_uint phase;
};

static void prepare(struct bench *bench)
{
    fail_at = stop_at = stall_at = turns = pauses = 0;
    mill_clock_open(&bench->clock);
    bench->one = (struct mill_case){.scenario = &scenario, .clock = &bench->clock, .threads = 1};
    atomic_init(&bench->phase, MILL_PHASE_MEASURE);
    mill_worker_init(&bench->worker, &bench->one, 0, &bench->phase);
}

static uint64_t operations_of(const struct bench *bench)
{
    return atomic_load_explicit(&bench->worker.operations, memory_order_relaxed);
}

static void the_limit_is_met_exactly(void **state)
{
    (void)state;
    struct bench bench;
    prepare(&bench);
    assert_int_equal(mill_worker_run(&bench.worker, MILL_PHASE_END, 1000), 0);
    assert_int_equal(turns, 1000);
    assert_int_equal(pauses, 1000);
    assert_int_equal(operations_of(&bench), 1000);
}

static void a_phase_that_is_over_runs_nothing(void **state)
{
    (void)state;
    struct bench bench;
    prepare(&bench);
    assert_int_equal(mill_worker_run(&bench.worker, MILL_PHASE_MEASURE, 10), 0);
    assert_int_equal(turns, 0);
}

static void failures_and_stops_do_not_count(void **state)
{
    (void)state;
    struct bench bench;
    prepare(&bench);
    fail_at = 5;
    assert_int_equal(mill_worker_run(&bench.worker, MILL_PHASE_END, 1000), -EIO);
    assert_int_equal(operations_of(&bench), 4);
    prepare(&bench);
    stop_at = 5;
    assert_int_equal(mill_worker_run(&bench.worker, MILL_PHASE_END, 1000), 0);
    assert_int_equal(operations_of(&bench), 4);
}

static void every_nth_operation_is_recorded(void **state)
{
    (void)state;
    static const struct {
        uint64_t every, limit, recorded;
    } cases[] = {{1, 100, 100}, {10, 100, 10}, {10, 95, 9}, {7, 7, 1}, {1000, 100, 0}};
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct bench bench;
        struct mill_recording recording = {.every = cases[i].every};
        prepare(&bench);
        assert_int_equal(mill_histogram_create(&recording.latency), 0);
        assert_int_equal(mill_worker_run_timed(&bench.worker, MILL_PHASE_END, cases[i].limit, &recording), 0);
        assert_int_equal(turns, cases[i].limit);
        assert_int_equal(recording.latency->count, cases[i].recorded);
        mill_histogram_destroy(recording.latency);
    }
}

/* At one operation a millisecond, a stall of 50 ms delays the 50 that were due meanwhile. Timed from their
 * intended starts, half of them took over 25 ms; timed from their real starts, only the one that stalled did.
 * The bound is a lower one: a slower machine only makes more of them late. */
static void a_stall_shows_in_the_tail_of_an_open_loop(void **state)
{
    (void)state;
    struct bench bench;
    struct mill_recording recording = {.every = 1, .interval_ns = MILL_NS_PER_MS, .drain_ns = MILL_NS_PER_S};
    prepare(&bench);
    stall_at = 3;
    assert_int_equal(mill_histogram_create(&recording.latency), 0);
    assert_int_equal(mill_worker_run_timed(&bench.worker, MILL_PHASE_END, 60, &recording), 0);
    assert_int_equal(recording.latency->count, 60);
    uint64_t late = 0;
    for (size_t i = mill_histogram_slot(stall_ms * MILL_NS_PER_MS / 2); i < MILL_HISTOGRAM_SLOTS; i++) {
        late += recording.latency->slots[i];
    }
    assert_in_range(late, 20, 60);
    mill_histogram_destroy(recording.latency);
}

static void *end_the_window_soon(void *phase)
{
    mill_sleep_until(mill_now_ns() + 20 * MILL_NS_PER_MS);
    atomic_store_explicit((atomic_uint *)phase, MILL_PHASE_COOL, memory_order_relaxed);
    return NULL;
}

/* A thousand are due in each millisecond and the first stalls past the window: nothing that was due is left
 * out. */
static void what_was_due_is_recorded_even_if_never_begun(void **state)
{
    (void)state;
    struct bench bench;
    pthread_t ender;
    struct mill_recording recording = {.every = 1, .interval_ns = MILL_NS_PER_US, .drain_ns = 0};
    prepare(&bench);
    stall_at = 1;
    assert_int_equal(mill_histogram_create(&recording.latency), 0);
    assert_int_equal(pthread_create(&ender, NULL, end_the_window_soon, &bench.phase), 0);
    assert_int_equal(mill_worker_run_timed(&bench.worker, MILL_PHASE_COOL, UINT64_MAX, &recording), 0);
    pthread_join(ender, NULL);
    assert_in_range(recording.unfinished, 20000, UINT64_MAX);
    assert_int_equal(recording.latency->count, recording.unfinished + operations_of(&bench));
    mill_histogram_destroy(recording.latency);
}

static void roles_are_dealt_as_the_scenario_says(void **state)
{
    (void)state;
    struct bench bench;
    unsigned players[3] = {0};
    prepare(&bench);
    bench.one.scenario = &with_roles;
    bench.one.threads = 7;
    for (unsigned i = 0; i < bench.one.threads; i++) {
        mill_worker_init(&bench.worker, &bench.one, i, &bench.phase);
        assert_int_equal(bench.worker.index_in_role, players[bench.worker.role]);
        players[bench.worker.role]++;
    }
    assert_int_equal(players[0], 3);
    assert_int_equal(players[1], 2);
    assert_int_equal(players[2], 2);
}

static unsigned dealt(const struct mill_case *one, unsigned role)
{
    static const unsigned threads[] = {1, 0, 3};
    return role < one->scenario->role_count ? threads[role] : 0;
}

static void roles_are_dealt_as_the_case_says(void **state)
{
    (void)state;
    struct bench bench;
    unsigned players[3] = {0};
    prepare(&bench);
    struct mill_scenario with_dealer = with_roles;
    with_dealer.role_threads = dealt;
    bench.one.scenario = &with_dealer;
    bench.one.threads = 6;
    for (unsigned i = 0; i < bench.one.threads; i++) {
        mill_worker_init(&bench.worker, &bench.one, i, &bench.phase);
        players[bench.worker.role]++;
    }
    assert_int_equal(players[0], 1);
    assert_int_equal(players[1], 2);
    assert_int_equal(players[2], 3);
}

static void a_role_finishes_where_it_has_something_to_finish(void **state)
{
    (void)state;
    struct bench bench;
    prepare(&bench);
    finishes = 0;
    mill_worker_finish(&bench.worker);
    assert_int_equal(finishes, 1);
    bench.one.scenario = &with_roles;
    bench.one.threads = 4;
    mill_worker_init(&bench.worker, &bench.one, 1, &bench.phase);
    mill_worker_finish(&bench.worker);
    assert_int_equal(finishes, 1);
}

/* The first operation began an hour ago, the second has no latency, the third is timed as it is. */
static int aged_operation(struct mill_worker *worker)
{
    static const uint64_t hour_ns = 3600 * MILL_NS_PER_S;
    turns++;
    if (turns == 1) {
        uint64_t ticks = (uint64_t)((double)hour_ns * worker->clock->ticks_per_ns);
        uint64_t now = mill_ticks_begin(worker->clock);
        mill_worker_latency_since(worker, now > ticks ? now - ticks : 1);
    } else if (turns == 2) {
        mill_worker_latency_since(worker, MILL_NO_LATENCY);
    }
    return MILL_DONE;
}

static void an_operation_may_say_since_when_it_lasts(void **state)
{
    (void)state;
    static const struct mill_role aged = {.name = "aged", .operation = aged_operation};
    static const struct mill_scenario with_age = {.name = "test", .roles = &aged, .role_count = 1};
    struct bench bench;
    struct mill_recording recording = {.every = 1};
    prepare(&bench);
    bench.one.scenario = &with_age;
    assert_int_equal(mill_histogram_create(&recording.latency), 0);
    assert_int_equal(mill_worker_run_timed(&bench.worker, MILL_PHASE_END, 3, &recording), 0);
    assert_int_equal(recording.latency->count, 2);
    uint64_t uptime_ns = mill_now_ns();
    assert_true(recording.latency->maximum > uptime_ns / 2 ||
                recording.latency->maximum > 3500 * MILL_NS_PER_S);
    mill_histogram_destroy(recording.latency);
}

/* Each operation has one long span and, every second time, a short one. */
static int spanning_operation(struct mill_worker *worker)
{
    turns++;
    if (!mill_worker_is_timed(worker)) {
        return MILL_DONE;
    }
    uint64_t now = mill_ticks_begin(worker->clock);
    uint64_t second = (uint64_t)((double)MILL_NS_PER_S * worker->clock->ticks_per_ns);
    mill_worker_span(worker, 1, now, now + second);
    if (turns % 2 == 0) {
        mill_worker_span(worker, 0, now + second, now); /* backwards, as between two processors: nothing */
    }
    return MILL_DONE;
}

static void spans_are_recorded_of_timed_operations(void **state)
{
    (void)state;
    static const struct mill_span spans[] = {{"short", ""}, {"long", ""}};
    static const struct mill_role spanning = {.name = "spanning", .operation = spanning_operation};
    static const struct mill_scenario with_spans = {
        .name = "test", .roles = &spanning, .role_count = 1, .spans = spans, .span_count = 2};
    struct bench bench;
    struct mill_recording recording = {.every = 5};
    prepare(&bench);
    bench.one.scenario = &with_spans;
    assert_int_equal(mill_recording_create(&recording, &with_spans), 0);
    assert_int_equal(mill_worker_run_timed(&bench.worker, MILL_PHASE_END, 40, &recording), 0);
    assert_int_equal(turns, 40);
    assert_int_equal(recording.spans[1]->count, 8);
    assert_in_range(recording.spans[1]->minimum, MILL_NS_PER_S - 1000, MILL_NS_PER_S + 1000);
    assert_int_equal(recording.spans[0]->count, 4); /* turns 10, 20, 30, 40 */
    assert_int_equal(recording.spans[0]->maximum, 0);
    assert_null(recording.spans[2]);
    assert_false(mill_worker_is_timed(&bench.worker));
    assert_int_equal(mill_worker_run(&bench.worker, MILL_PHASE_END, 10), 0);
    assert_int_equal(recording.spans[1]->count, 8);
    mill_recording_destroy(&recording);
}

/* A caller that makes no histograms for spans has none recorded. */
static void spans_need_histograms(void **state)
{
    (void)state;
    static const struct mill_role spanning = {.name = "spanning", .operation = spanning_operation};
    static const struct mill_scenario without = {.name = "test", .roles = &spanning, .role_count = 1};
    struct bench bench;
    struct mill_recording recording = {.every = 1};
    prepare(&bench);
    bench.one.scenario = &without;
    assert_int_equal(mill_recording_create(&recording, &without), 0);
    assert_int_equal(mill_worker_run_timed(&bench.worker, MILL_PHASE_END, 3, &recording), 0);
    assert_int_equal(recording.latency->count, 3);
    mill_recording_destroy(&recording);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_limit_is_met_exactly),
        cmocka_unit_test(a_phase_that_is_over_runs_nothing),
        cmocka_unit_test(failures_and_stops_do_not_count),
        cmocka_unit_test(every_nth_operation_is_recorded),
        cmocka_unit_test(a_stall_shows_in_the_tail_of_an_open_loop),
        cmocka_unit_test(what_was_due_is_recorded_even_if_never_begun),
        cmocka_unit_test(roles_are_dealt_as_the_scenario_says),
        cmocka_unit_test(roles_are_dealt_as_the_case_says),
        cmocka_unit_test(a_role_finishes_where_it_has_something_to_finish),
        cmocka_unit_test(an_operation_may_say_since_when_it_lasts),
        cmocka_unit_test(spans_are_recorded_of_timed_operations),
        cmocka_unit_test(spans_need_histograms),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
