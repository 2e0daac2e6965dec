/* Only what holds on any machine, however busy: lower bounds and order. How close to a bound a wait comes is
 * measured by the benchmarks. */
#include "core/clock.h"

#include <math.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <sys/time.h>

#include <cmocka.h>

/* Both sources, whichever this machine has. */
static struct mill_clock clocks[2];

static int open_clocks(void **state)
{
    (void)state;
    mill_clock_open(&clocks[0]);
    clocks[1] = (struct mill_clock){.counter = false, .multiplier = 1ull << 32, .ticks_per_ns = 1.0};
    return 0;
}

static void a_clock_names_its_source(void **state)
{
    (void)state;
    assert_string_equal(mill_clock_source(&clocks[0]), clocks[0].counter ? "tsc" : "clock_gettime");
    assert_string_equal(mill_clock_source(&clocks[1]), "clock_gettime");
}

static void both_rates_of_a_clock_agree(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        double product = (double)clocks[i].multiplier / 4294967296.0 * clocks[i].ticks_per_ns;
        assert_true(product > 0.999999 && product < 1.000001);
    }
}

static void ticks_never_run_backwards(void **state)
{
    (void)state;
    for (size_t i = 0; i < 2; i++) {
        uint64_t last = mill_ticks_begin(&clocks[i]);
        for (int reading = 0; reading < 100000; reading++) {
            uint64_t begin = mill_ticks_begin(&clocks[i]);
            uint64_t end = mill_ticks_end(&clocks[i]);
            assert_true(last <= begin);
            assert_true(begin <= end);
            last = end;
        }
    }
}

static void nanoseconds_never_run_backwards(void **state)
{
    (void)state;
    uint64_t last = 0;
    for (int reading = 0; reading < 100000; reading++) {
        uint64_t now = mill_now_ns();
        assert_true(last <= now);
        last = now;
    }
    assert_true(last > 0);
}

static void ticks_convert_exactly(void **state)
{
    (void)state;
    static const struct {
        uint64_t multiplier, ticks, ns;
    } cases[] = {
        {1ull << 32, 0, 0},
        {1ull << 32, 1, 1},
        {1ull << 32, UINT64_MAX, UINT64_MAX},
        {1ull << 31, 1, 0}, /* rounded down */
        {1ull << 31, 3, 1},
        {1ull << 31, UINT64_MAX, UINT64_MAX / 2},
        {3ull << 30, 4000000001, 3000000000}, /* 0.75 ns a tick */
        {40ull << 32, 25, 1000},              /* a counter of 25 MHz */
        {0x5ed097b4, 2700000000,
         999999999}, /* 2.7 GHz: a tick is a little under 0.37037 ns, so is the second */
        {1, UINT64_MAX, UINT32_MAX},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mill_clock clock = {.multiplier = cases[i].multiplier};
        assert_int_equal(mill_ticks_to_ns(&clock, cases[i].ticks), cases[i].ns);
    }
}

static void a_timespec_converts(void **state)
{
    (void)state;
    assert_int_equal(mill_timespec_ns((struct timespec){.tv_sec = 0, .tv_nsec = 0}), 0);
    assert_int_equal(mill_timespec_ns((struct timespec){.tv_sec = 5000000000, .tv_nsec = 999999999}),
                     5000000000999999999ull);
}

static void assert_spent(const struct mill_clock *clock, uint64_t ns)
{
    for (int repeat = 0; repeat < 20; repeat++) {
        uint64_t from = mill_ticks_begin(clock);
        mill_spend(clock, ns);
        assert_true(mill_ticks_to_ns(clock, mill_ticks_end(clock) - from) >= ns);
    }
}

static void spending_never_ends_early(void **state)
{
    (void)state;
    static const uint64_t spans[] = {0, 1, 2, 9, 10, 99, 100, 1000, 12345, 1000000};
    for (size_t i = 0; i < sizeof spans / sizeof spans[0]; i++) {
        assert_spent(&clocks[0], spans[i]);
        assert_spent(&clocks[1], spans[i]);
    }
    /* A slow clock, of which a nanosecond takes a microsecond: even one too few shows behind the cost of the
     * calls. */
    const struct mill_clock slow = {
        .counter = false, .multiplier = (1ull << 32) / 1000, .ticks_per_ns = 1000};
    assert_spent(&slow, 1);
    assert_spent(&slow, 10);
    assert_spent(&slow, 1000);
}

/* A wrong unit or a rate wrong by half would show; the rate itself is that of two clocks which drift. */
static void the_counter_goes_at_its_measured_rate(void **state)
{
    (void)state;
    uint64_t from = mill_now_ns();
    mill_spend(&clocks[0], 20 * MILL_NS_PER_MS);
    assert_true(mill_now_ns() - from >= 10 * MILL_NS_PER_MS);
}

static volatile sig_atomic_t signals;

static void count_signal(int number)
{
    (void)number;
    signals++;
}

static void sleeping_ends_after_the_deadline_whatever_signals_come(void **state)
{
    (void)state;
    struct sigaction action, old;
    memset(&action, 0, sizeof action);
    action.sa_handler = count_signal;
    assert_int_equal(sigaction(SIGALRM, &action, &old), 0);
    const struct itimerval often = {.it_interval = {.tv_usec = 1000}, .it_value = {.tv_usec = 1000}};
    const struct itimerval never = {0};
    assert_int_equal(setitimer(ITIMER_REAL, &often, NULL), 0);

    uint64_t deadline = mill_now_ns() + 20 * MILL_NS_PER_MS;
    mill_sleep_until(deadline);
    uint64_t woken = mill_now_ns();

    assert_int_equal(setitimer(ITIMER_REAL, &never, NULL), 0);
    assert_int_equal(sigaction(SIGALRM, &old, NULL), 0);
    assert_true(woken >= deadline);
    assert_true(signals > 0);
}

static void a_deadline_in_the_past_is_no_wait(void **state)
{
    (void)state;
    mill_sleep_until(0);
    mill_sleep_until(mill_now_ns() - 1);
}

/* Whole steps lie between any two readings: what is left over of them is next to nothing, or next to a step.
 */
static void readings_are_whole_steps_apart(void **state)
{
    (void)state;
    const struct mill_clock by_hand = {.counter = false, .multiplier = 1ull << 32, .ticks_per_ns = 1.0};
    struct mill_clock clock;
    mill_clock_open(&clock);
    double step_ns = mill_clock_step_ns(&clock);
    assert_true(step_ns > 0 && step_ns < 1000);
    assert_true(mill_clock_step_ns(&by_hand) >= 1);
    unsigned whole = 0;
    for (int i = 0; i < 1000; i++) {
        uint64_t from = mill_ticks_end(&clock);
        double steps = (double)(mill_ticks_end(&clock) - from) / clock.ticks_per_ns / step_ns;
        whole += fabs(steps - round(steps)) < 0.2;
    }
    assert_true(whole > 900);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(readings_are_whole_steps_apart),
        cmocka_unit_test(a_clock_names_its_source),
        cmocka_unit_test(both_rates_of_a_clock_agree),
        cmocka_unit_test(ticks_never_run_backwards),
        cmocka_unit_test(nanoseconds_never_run_backwards),
        cmocka_unit_test(ticks_convert_exactly),
        cmocka_unit_test(a_timespec_converts),
        cmocka_unit_test(spending_never_ends_early),
        cmocka_unit_test(the_counter_goes_at_its_measured_rate),
        cmocka_unit_test(sleeping_ends_after_the_deadline_whatever_signals_come),
        cmocka_unit_test(a_deadline_in_the_past_is_no_wait),
    };
    return cmocka_run_group_tests(tests, open_clocks, NULL);
}
