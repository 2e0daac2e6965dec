/* The strategies that draw: is each schedule as likely as the strategy says? Seeds are fixed, so the counts
 * are the same in each run, and bounds need no room for bad luck. */
#include "hunt/test_machine.h"

#include <stdio.h>

#define BRANCHES 4096

/* How often each interleaving was seen, of the threads 0 and 1 in what counts: bits, the first step highest.
 */
struct tally {
    unsigned count[BRANCHES];
    unsigned total;
};

static double chi_square(const struct tally *tally, double (*probability)(unsigned bits))
{
    double sum = 0;
    for (unsigned bits = 0; bits < BRANCHES; bits++) {
        double expected = tally->total * probability(bits);
        if (expected > 0) {
            sum += (tally->count[bits] - expected) * (tally->count[bits] - expected) / expected;
        } else {
            assert_int_equal(tally->count[bits], 0);
        }
    }
    return sum;
}

/* Runs schedules; those in which is learnt do not count. */
static void sample(struct tally *tally, const struct mill_explorer *explorer,
                   const struct machine_program *program, unsigned schedules, uintptr_t counted)
{
    static struct machine machine;
    machine.program = program;
    memset(tally, 0, sizeof(*tally));
    void *state = machine_open(explorer, 11, 0, 0, 0);
    for (unsigned number = 0; number < schedules + MILL_EXPLORE_LEARNING; number++) {
        bool learning = number < MILL_EXPLORE_LEARNING;
        machine_run(&machine, explorer, state, number, learning);
        unsigned bits = 0;
        for (unsigned i = 0; i < machine.steps; i++) {
            if (counted == 0 ? machine.done[i].kind != MILL_STEP_CREATE : machine.done[i].object == counted) {
                bits = bits << 1 | machine.trace[i];
            }
        }
        assert_true(bits < BRANCHES);
        tally->count[bits] += !learning;
        tally->total += !learning;
    }
    free(state);
}

/* ---- random walk ---- */

static const struct machine_op two_steps[] = {WRITE(0, 1), WRITE(0, 2), DONE};
static const struct machine_program two_and_two = {.threads = {two_steps, two_steps}, .started = 2};

static double of_walk(unsigned bits)
{
    return bits >= 16 || __builtin_popcount(bits) != 2 ? 0 : bits == 3 || bits == 12 ? 0.25 : 0.125;
}

static void test_a_random_walk_goes_everywhere(void **state)
{
    (void)state;
    static struct tally tally;
    sample(&tally, &mill_explore_random, &two_and_two, 40000, 0);
    double sum = chi_square(&tally, of_walk);
    if (sum > 20.5) { /* 5 degrees of freedom, one in a thousand */
        fail_msg("chi square: %g", sum);
    }
}

/* ---- URW and SURW ---- */

static const struct machine_op five_steps[] = {WRITE(0, 1), READ(1), READ(2), READ(0), WRITE(0, 1), DONE};
static const struct machine_op three_steps[] = {WRITE(0, 1), READ(1), READ(2), DONE};
static const struct machine_program five_and_three = {.threads = {five_steps, three_steps}, .started = 2};

static double of_five_and_three(unsigned bits)
{
    return bits < 256 && __builtin_popcount(bits) == 3 ? 1 / 56.0 : 0;
}

static void test_urw_draws_every_interleaving_as_often(void **state)
{
    (void)state;
    static struct tally tally;
    sample(&tally, &mill_explore_urw, &five_and_three, 56 * 500, 0);
    double sum = chi_square(&tally, of_five_and_three);
    if (sum > 93.2) { /* 55 degrees, one in a thousand */
        fail_msg("chi square: %g", sum);
    }
    sample(&tally, &mill_explore_random, &five_and_three, 56 * 500, 0);
    assert_true(chi_square(&tally, of_five_and_three) > 1000); /* a plain walk does not */
}

/* One that begins others has their steps before it: 0 begins 1 after a step of its own. */
static const struct machine_op begins_one[] = {WRITE(0, 1), READ(1), SPAWN(1), READ(0), WRITE(0, 1), DONE};
static const struct machine_op beside[] = {WRITE(2, 1), WRITE(0, 1), DONE};
static const struct machine_program family = {.threads = {begins_one, three_steps, beside}, .started = 1};
static const struct machine_op begins_both[] = {SPAWN(2), READ(3), SPAWN(1), READ(3), DONE};
static const struct machine_program two_children = {.threads = {begins_both, three_steps, three_steps},
                                                    .started = 1};

static double of_family(unsigned bits)
{
    return bits < 128 && __builtin_popcount(bits) == 3 && bits < 32 ? 1 / 10.0 : 0;
}

static void test_urw_counts_the_steps_of_threads_to_come(void **state)
{
    (void)state;
    static struct tally tally;
    sample(&tally, &mill_explore_urw, &family, 20000, 0);
    double sum = chi_square(&tally, of_family);
    if (sum > 27.9) { /* 9 degrees */
        fail_msg("chi square: %g", sum);
    }
    /* thread 2 is begun first and has 3 of the 9 steps that follow; of the rest of thread 0, 3 steps, one
     * begins 3 more: thread 2 comes first with 3 in 9 */
    static struct machine machine;
    machine.program = &two_children;
    void *explorer = machine_open(&mill_explore_urw, 2, 0, 0, 0);
    unsigned first = 0;
    for (unsigned number = 0; number < 9000 + MILL_EXPLORE_LEARNING; number++) {
        machine_run(&machine, &mill_explore_urw, explorer, number, number < MILL_EXPLORE_LEARNING);
        first += number >= MILL_EXPLORE_LEARNING && machine.trace[1] == 2;
    }
    free(explorer);
    if (first < 2850 || first > 3150) {
        fail_msg("%u of 9000", first);
    }
}

/* Word 0 is of interest; the rest is each thread's own. */
static const struct machine_op much_beside[] = {
    READ(1),     READ(1),     WRITE(1, 1), READ(1), READ(1), READ(1), READ(1),     READ(1),
    WRITE(0, 1), WRITE(0, 1), READ(1),     READ(1), READ(1), READ(1), READ(1),     READ(1),
    READ(1),     READ(1),     READ(1),     READ(1), READ(1), READ(1), WRITE(0, 1), DONE};
static const struct machine_op only[] = {WRITE(0, 1), WRITE(0, 1), READ(0), READ(2), WRITE(2, 2), DONE};
static const struct machine_program aside = {.threads = {much_beside, only}, .started = 2};

static double of_three_and_three(unsigned bits)
{
    return bits < 64 && __builtin_popcount(bits) == 3 ? 1 / 20.0 : 0;
}

static void test_surw_is_uniform_in_what_is_shared(void **state)
{
    (void)state;
    static struct tally tally;
    sample(&tally, &mill_explore_surw, &aside, 20000, 0x10000);
    double sum = chi_square(&tally, of_three_and_three);
    if (sum > 43.8) { /* 19 degrees */
        fail_msg("chi square: %g", sum);
    }
    sample(&tally, &mill_explore_urw, &aside, 20000, 0x10000);
    assert_true(chi_square(&tally, of_three_and_three) > 1000);
}

/* The other thread's write must come between the last two steps of a long one. */
static const struct machine_op needle[] = {
    READ(1), READ(1), READ(1), READ(1), READ(1), READ(1), READ(1),     READ(1), READ(1),    READ(1), READ(1),
    READ(1), READ(1), READ(1), READ(1), READ(1), READ(1), READ(1),     READ(1), READ(1),    READ(1), READ(1),
    READ(1), READ(1), READ(1), READ(1), READ(1), READ(1), WRITE(0, 1), READ(0), FAIL_IF(2), DONE};
static const struct machine_op eye[] = {WRITE(0, 2), DONE};
static const struct machine_program haystack = {.threads = {needle, eye}, .started = 2};

static unsigned failures(const struct mill_explorer *explorer, const struct machine_program *program,
                         unsigned depth, unsigned schedules)
{
    static struct machine machine;
    machine.program = program;
    void *state = machine_open(explorer, 4, depth, 0, 0);
    unsigned failed = 0;
    for (unsigned number = 0; number < schedules; number++) {
        machine_run(&machine, explorer, state, number, number < MILL_EXPLORE_LEARNING);
        failed += machine.failed;
    }
    free(state);
    return failed;
}

static void test_surw_finds_the_needle(void **state)
{
    (void)state;
    assert_int_equal(failures(&mill_explore_random, &haystack, 0, 20000), 0);
    assert_true(failures(&mill_explore_surw, &haystack, 0, 1000) > 200); /* one in three */
}

/* ---- PCT ---- */

/* Depth 2: 1 must have read before 0 writes, and 0 write before 1 reads again. */
static const struct machine_op late_writer[] = {READ(1), READ(1), READ(1), READ(1), READ(1),     READ(1),
                                                READ(1), READ(1), READ(1), READ(1), WRITE(0, 1), DONE};
static const struct machine_op reads_twice[] = {READ(2), READ(2), READ(2),    READ(0), FAIL_IF(1), READ(2),
                                                READ(2), READ(0), FAIL_IF(1), READ(2), DONE};
static const struct machine_program order = {.threads = {late_writer, reads_twice}, .started = 2};

static const struct machine_op reads_first[] = {READ(0), DONE};
static const struct machine_program first_comes = {.threads = {late_writer, reads_first}, .started = 2};

static void test_pct_keeps_its_bound(void **unused)
{
    (void)unused;
    static struct machine machine;
    static const struct machine_op again[] = {READ(2), READ(0), WRITE(3, 0), READ(0), DONE};
    static const struct machine_program program = {.threads = {late_writer, again}, .started = 2};
    machine.program = &program;
    unsigned within = 0; /* 0 writes between the two reads of 1: depth 2 */
    for (uint64_t seed = 0; seed < 40; seed++) {
        void *state = machine_open(&mill_explore_pct, seed, 2, 0, 0);
        for (unsigned number = 0; number < 508; number++) {
            machine_run(&machine, &mill_explore_pct, state, number, number < MILL_EXPLORE_LEARNING);
            unsigned reads_before = 0;
            for (unsigned i = 0; machine.done[i].kind != MILL_STEP_WRITE || machine.trace[i] != 0; i++) {
                reads_before += machine.trace[i] == 1 && machine.done[i].object == 0x10000;
            }
            within += number >= 8 && reads_before == 1;
        }
        free(state);
    }
    /* of 20000: at least 1/(n k), for 2 threads and at most 15 points */
    if (within < 20000 / (2 * 15)) {
        fail_msg("%u of 20000", within);
    }
}

static void test_pct_preempts_less_often_than_its_depth(void **unused)
{
    (void)unused;
    static struct machine machine;
    machine.program = &order;
    for (unsigned depth = 1; depth < 6; depth++) {
        void *state = machine_open(&mill_explore_pct, 9, depth, 0, 0);
        unsigned most = 0;
        for (unsigned number = 0; number < 2000; number++) {
            machine_run(&machine, &mill_explore_pct, state, number, number < MILL_EXPLORE_LEARNING);
            machine.preemptions = number < 8 ? 0 : machine.preemptions;
            most = machine.preemptions > most ? machine.preemptions : most;
        }
        assert_int_equal(most, depth); /* one more than d-1: that the first thread is not the first */
        free(state);
    }
}

static void test_pct_says_its_bound(void **unused)
{
    (void)unused;
    static struct machine machine;
    machine.program = &first_comes;
    void *state = machine_open(&mill_explore_pct, 9, 0, 0, 0);
    unsigned most = 0;
    for (unsigned number = 0; number < 100; number++) {
        machine_run(&machine, &mill_explore_pct, state, number, number < MILL_EXPLORE_LEARNING);
        most = number < 8 && machine.points > most ? machine.points : most;
    }
    char text[400];
    char expected[100];
    mill_explore_pct.worth(state, 1000000, text, sizeof(text));
    snprintf(expected, sizeof(expected), "(n = 2 threads, k = %u points)", most);
    assert_non_null(strstr(text, "depth 3 "));
    assert_non_null(strstr(text, "1/(n k^2)"));
    assert_non_null(strstr(text, expected));
    assert_non_null(strstr(text, "with 100%"));
    mill_explore_pct.worth(state, 1, text, sizeof(text));
    snprintf(expected, sizeof(expected), "with %.4g%%", 50.0 / most / most);
    assert_non_null(strstr(text, expected));
    free(state);
}

/* ---- POS ---- */

static unsigned last_writer(const struct mill_explorer *explorer, const struct machine_program *program,
                            unsigned thread, unsigned schedules)
{
    static struct machine machine;
    machine.program = program;
    void *state = machine_open(explorer, 21, 0, 0, 0);
    unsigned count = 0;
    for (unsigned number = 0; number < schedules; number++) {
        machine_run(&machine, explorer, state, number, number < MILL_EXPLORE_LEARNING);
        count += machine.trace[machine.steps - 1] == thread;
    }
    free(state);
    return count;
}

/* The write of 1 comes last if it is the lowest of twelve that were drawn once; a walk loses it eleven times.
 */
static void test_pos_leaves_independent_steps_in_peace(void **state)
{
    (void)state;
    static const struct machine_program program = {.threads = {late_writer, eye}, .started = 2};
    unsigned last = last_writer(&mill_explore_pos, &program, 1, 24000);
    if (last < 1850 || last > 2150) {
        fail_msg("%u of 24000, not about 2000", last);
    }
    assert_true(last_writer(&mill_explore_random, &program, 1, 24000) < 50);
}

/* The write of 1 is drawn again after the first of 0's: last with 1/4; with 1/3, were it not. */
static void test_pos_draws_again_what_depends(void **state)
{
    (void)state;
    static const struct machine_program program = {.threads = {two_steps, eye}, .started = 2};
    unsigned last = last_writer(&mill_explore_pos, &program, 1, 24000);
    if (last < 5750 || last > 6250) {
        fail_msg("%u of 24000, not about 6000", last);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_random_walk_goes_everywhere),
        cmocka_unit_test(test_urw_draws_every_interleaving_as_often),
        cmocka_unit_test(test_urw_counts_the_steps_of_threads_to_come),
        cmocka_unit_test(test_surw_is_uniform_in_what_is_shared),
        cmocka_unit_test(test_surw_finds_the_needle),
        cmocka_unit_test(test_pct_keeps_its_bound),
        cmocka_unit_test(test_pct_preempts_less_often_than_its_depth),
        cmocka_unit_test(test_pct_says_its_bound),
        cmocka_unit_test(test_pos_leaves_independent_steps_in_peace),
        cmocka_unit_test(test_pos_draws_again_what_depends),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
