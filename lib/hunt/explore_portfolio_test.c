#include "hunt/test_machine.h"

#include <stdio.h>

#define SCHEDULES 400

static const struct machine_op worker[] = {LOCK(0),   READ(0), ADD(0, 1),   UNLOCK(0),   READ(1),
                                           CHOOSE(2), READ(2), WRITE(1, 4), WRITE(2, 1), DONE};
static const struct machine_op starts[] = {READ(0), SPAWN(2), SPAWN(1), READ(1), WRITE(2, 2), SPAWN(3), DONE};
static const struct machine_program program = {.threads = {starts, worker, worker, worker}, .started = 1};

static const struct machine_op one[] = {WRITE(0, 1), DONE};
static const struct machine_program tiny = {.threads = {one, one}, .started = 2};

static void learn(void *state)
{
    static struct machine machine;
    machine.program = &program;
    for (uint64_t number = 0; number < MILL_EXPLORE_LEARNING; number++) {
        machine_run(&machine, &mill_explore_portfolio, state, number, true);
    }
}

/* What each schedule does is the same for any number of processes that share them after the first ones:
 * schedules i = s mod j in the order of any one of them. */
static void test_schedules_do_not_depend_on_how_they_are_shared(void **unused)
{
    (void)unused;
    static struct machine machine;
    static uint8_t traces[SCHEDULES][100];
    static unsigned steps[SCHEDULES];
    machine.program = &program;
    for (unsigned processes = 1; processes <= 5; processes += 2) {
        for (unsigned own = 0; own < processes; own++) {
            void *state = machine_open(&mill_explore_portfolio, 77, 0, 2, 1000);
            learn(state);
            for (uint64_t number = MILL_EXPLORE_LEARNING; number < SCHEDULES; number++) {
                if (number % processes != own) {
                    continue;
                }
                machine_run(&machine, &mill_explore_portfolio, state, number, false);
                assert_true(machine.steps < 100);
                if (processes == 1) {
                    memcpy(traces[number], machine.trace, machine.steps);
                    steps[number] = machine.steps;
                }
                assert_int_equal(machine.steps, steps[number]);
                assert_memory_equal(machine.trace, traces[number], machine.steps);
            }
            free(state);
        }
    }
}

static void test_a_tiny_program_is_exhausted(void **unused)
{
    (void)unused;
    static struct machine machine;
    machine.program = &tiny;
    void *state = machine_open(&mill_explore_portfolio, 77, 0, 0, 1000);
    uint64_t number = 0;
    while (!mill_explore_portfolio.exhausted(state)) {
        assert_true(number < MILL_EXPLORE_LEARNING);
        machine_run(&machine, &mill_explore_portfolio, state, number++, true);
    }
    char text[2000];
    mill_explore_portfolio.worth(state, number, text, sizeof(text));
    assert_string_equal(text, "exhaustive: all 2 schedules, with any number of preemptions: no failure");
    machine_run(&machine, &mill_explore_portfolio, state, number + number % 2, true); /* it may go on */
    assert_true(mill_explore_portfolio.exhausted(state));
    free(state);
}

static void test_a_program_of_some_size_is_not(void **unused)
{
    (void)unused;
    static struct machine machine;
    machine.program = &program;
    void *state = machine_open(&mill_explore_portfolio, 77, 0, 0, 1000);
    for (uint64_t number = 0; number < 1000; number++) {
        machine_run(&machine, &mill_explore_portfolio, state, number, number < MILL_EXPLORE_LEARNING);
        assert_false(mill_explore_portfolio.exhausted(state));
    }
    free(state);
}

/* What members say of how many schedules they had: all but those of the search, which counts for itself. */
static unsigned long count_said(const char *text)
{
    unsigned long sum = 0;
    for (const char *line = text; line; line = strchr(line, '\n')) {
        line += *line == '\n';
        const char *number = strstr(line, ": ") + 2;
        if (strncmp(line, "pct", 3) == 0) {
            number = strstr(line, "one of these ") + strlen("one of these ");
        }
        sum += strncmp(line, "exhaustive", 10) == 0 ? 0 : strtoul(number, NULL, 10);
    }
    return sum;
}

static void test_shares_are_counted_right(void **unused)
{
    (void)unused;
    void *state = machine_open(&mill_explore_portfolio, 77, 0, 0, 1000);
    learn(state);
    for (uint64_t schedules = MILL_EXPLORE_LEARNING; schedules < 1000; schedules += 37) {
        char text[4000];
        mill_explore_portfolio.worth(state, schedules, text, sizeof(text));
        assert_int_equal(count_said(text), schedules - MILL_EXPLORE_LEARNING / 2);
        assert_null(strstr(text, "k = 1 points")); /* all learn from what others lead */
        assert_null(strstr(text, " of 0 shared objects"));
    }
    free(state);
}

/* The members see different seeds, and each leads: a schedule of the walk is not one of the others. */
static void test_members_differ(void **unused)
{
    (void)unused;
    static struct machine machine;
    machine.program = &program;
    void *state = machine_open(&mill_explore_portfolio, 77, 0, 0, 1000);
    learn(state);
    uint64_t seen[64] = {0};
    unsigned same = 0;
    machine.classifies = true;
    for (unsigned i = 0; i < 64; i++) {
        machine_run(&machine, &mill_explore_portfolio, state, 1600 + i, false);
        seen[i] = machine.class;
        for (unsigned j = 0; j < i; j++) {
            same += seen[i] == seen[j];
        }
    }
    assert_true(same < 64);
    free(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_schedules_do_not_depend_on_how_they_are_shared),
        cmocka_unit_test(test_a_tiny_program_is_exhausted),
        cmocka_unit_test(test_a_program_of_some_size_is_not),
        cmocka_unit_test(test_shares_are_counted_right),
        cmocka_unit_test(test_members_differ),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
