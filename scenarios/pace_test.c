#include "scenarios/pace.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define THREADS 3u
#define HOLD    1000
#define THINK   5000
#define DRAWS   100000u

static struct mill_pace *make(enum mill_times_shape shape, uint64_t seed)
{
    const struct mill_case one = {.threads = THREADS, .seed = seed};
    struct mill_pace *paces;
    assert_int_equal(mill_paces_create(&one, HOLD, THINK, shape, 16, &paces), 0);
    return paces;
}

static void test_refuses_what_times_refuse(void **state)
{
    (void)state;
    const struct mill_case one = {.threads = THREADS};
    struct mill_pace *paces;
    assert_int_equal(mill_paces_create(&one, HOLD, THINK, MILL_TIMES_BURSTY, 0, &paces), -EINVAL);
    assert_int_equal(mill_paces_create(&one, HOLD, THINK, MILL_TIMES_BURSTY + 1, 16, &paces), -EINVAL);
    assert_int_equal(mill_paces_create(&one, -1, THINK, MILL_TIMES_FIXED, 16, &paces), -EINVAL);
    assert_int_equal(mill_paces_create(&one, HOLD, -1, MILL_TIMES_FIXED, 16, &paces), -EINVAL);
}

static void test_fixed_is_never_drawn_again(void **state)
{
    (void)state;
    struct mill_pace *paces = make(MILL_TIMES_FIXED, 1);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(paces[i].hold_ns, HOLD);
        assert_int_equal(paces[i].think_ns, THINK);
        assert_false(paces[i].drawn);
    }
    free(paces);
}

/* Within two in a hundred of the mean, for hold and think, in every thread. */
static void test_means(void **state)
{
    (void)state;
    struct mill_pace *paces = make(MILL_TIMES_EXPONENTIAL, 1);
    for (unsigned i = 0; i < THREADS; i++) {
        double hold = 0, think = 0;
        assert_true(paces[i].drawn);
        for (unsigned draw = 0; draw < DRAWS; draw++) {
            hold += (double)paces[i].hold_ns;
            think += (double)paces[i].think_ns;
            mill_pace_draw(&paces[i]);
        }
        assert_true(hold > 0.98 * HOLD * DRAWS && hold < 1.02 * HOLD * DRAWS);
        assert_true(think > 0.98 * THINK * DRAWS && think < 1.02 * THINK * DRAWS);
    }
    free(paces);
}

static bool alike(const struct mill_pace *one, const struct mill_pace *other)
{
    return one->hold_ns == other->hold_ns && one->think_ns == other->think_ns;
}

static void test_a_seed_decides_and_threads_differ(void **state)
{
    (void)state;
    struct mill_pace *paces = make(MILL_TIMES_EXPONENTIAL, 7);
    struct mill_pace *same = make(MILL_TIMES_EXPONENTIAL, 7);
    struct mill_pace *other = make(MILL_TIMES_EXPONENTIAL, 8);
    unsigned threads_alike = 0, seeds_alike = 0, parts_alike = 0;
    for (unsigned draw = 0; draw < 100; draw++) {
        for (unsigned i = 0; i < THREADS; i++) {
            assert_true(alike(&paces[i], &same[i]));
            seeds_alike += alike(&paces[i], &other[i]);
            threads_alike += alike(&paces[i], &paces[(i + 1) % THREADS]);
            parts_alike += paces[i].hold_ns * (THINK / HOLD) == paces[i].think_ns;
        }
        for (unsigned i = 0; i < THREADS; i++) {
            mill_pace_draw(&paces[i]);
            mill_pace_draw(&same[i]);
            mill_pace_draw(&other[i]);
        }
    }
    assert_true(seeds_alike + threads_alike < 3);
    assert_true(parts_alike < 30);
    free(paces);
    free(same);
    free(other);
}

/* What was drawn is spent: never less, by the same clock. */
static void test_spends_what_was_drawn(void **state)
{
    (void)state;
    struct mill_clock clock;
    mill_clock_open(&clock);
    const struct mill_worker worker = {.clock = &clock};
    struct mill_pace *paces = make(MILL_TIMES_EXPONENTIAL, 3);
    for (unsigned draw = 0; draw < 100; draw++) {
        uint64_t hold_ns = paces->hold_ns, think_ns = paces->think_ns;
        uint64_t from = mill_ticks_end(&clock);
        mill_pace_hold(&worker, paces);
        uint64_t held = mill_ticks_end(&clock);
        mill_pace_think(&worker, paces);
        uint64_t thought = mill_ticks_end(&clock);
        assert_true(mill_ticks_to_ns(&clock, held - from) >= hold_ns);
        assert_true(mill_ticks_to_ns(&clock, thought - held) >= think_ns);
        assert_false(paces->hold_ns == hold_ns && paces->think_ns == think_ns); /* the next was drawn */
    }
    free(paces);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refuses_what_times_refuse),
        cmocka_unit_test(test_fixed_is_never_drawn_again),
        cmocka_unit_test(test_means),
        cmocka_unit_test(test_a_seed_decides_and_threads_differ),
        cmocka_unit_test(test_spends_what_was_drawn),
    };
    return cmocka_run_group_tests_name("pace", tests, NULL, NULL);
}
