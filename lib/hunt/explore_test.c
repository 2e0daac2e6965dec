/* What all explorers have in common. */
#include "hunt/test_machine.h"

#include <stdio.h>

static const struct machine_op four_writes[] = {WRITE(0, 1), READ(1), WRITE(1, 2), WRITE(0, 3), DONE};
static const struct machine_op four_more[] = {WRITE(1, 1), READ(0), CHOOSE(3), WRITE(1, 3), DONE};
static const struct machine_op spawns[] = {READ(0), SPAWN(3), WRITE(2, 1), WRITE(1, 1), DONE};
static const struct machine_program busy = {.threads = {four_writes, four_more, spawns, four_writes},
                                            .started = 3};

static const struct machine_op three_ways[] = {CHOOSE(3), WRITE(0, 1), DONE};
static const struct machine_op one_write[] = {WRITE(0, 2), DONE};
static const struct machine_program ways = {.threads = {three_ways, one_write}, .started = 2};

static void learn(struct machine *machine, const struct mill_explorer *explorer, void *state)
{
    for (uint64_t number = 0; number < MILL_EXPLORE_LEARNING; number++) {
        machine_run(machine, explorer, state, number, true);
    }
}

static void assert_same_run(const struct machine *a, const struct machine *b)
{
    assert_int_equal(a->steps, b->steps);
    assert_memory_equal(a->trace, b->trace, a->steps);
    assert_memory_equal(a->word, b->word, sizeof(a->word));
}

static void test_each_is_found_by_its_name(void **state)
{
    (void)state;
    unsigned count = 0;
    for (; mill_explorers[count]; count++) {
        assert_ptr_equal(mill_explorer_find(mill_explorers[count]->name), mill_explorers[count]);
        assert_non_null(mill_explorers[count]->summary);
    }
    assert_int_equal(count, 7);
    assert_null(mill_explorer_find("rando"));
    assert_null(mill_explorer_find(""));
}

/* Nothing but the number, the seed and what was learnt decides: not the schedules before, not where the state
 * lies. */
static void test_a_schedule_is_the_same_each_time(void **unused)
{
    (void)unused;
    static struct machine first, again;
    first.program = again.program = &busy;
    for (unsigned i = 0; mill_explorers[i]; i++) {
        const struct mill_explorer *explorer = mill_explorers[i];
        if (explorer->sequential) {
            continue;
        }
        void *state = machine_open(explorer, 5, 0, 2, 1000);
        void *other = machine_open(explorer, 5, 0, 2, 1000);
        void *otherwise = machine_open(explorer, 6, 0, 2, 1000);
        learn(&first, explorer, state);
        learn(&first, explorer, other);
        learn(&first, explorer, otherwise);
        unsigned differ = 0;
        for (uint64_t number = 64; number < 264; number++) {
            machine_run(&first, explorer, state, number, false);
            machine_run(&again, explorer, other, 64 + (number - 64) * 7 % 200, false); /* another order */
            machine_run(&again, explorer, other, number, false);
            assert_same_run(&first, &again);
            machine_run(&again, explorer, otherwise, number, false);
            differ += first.steps != again.steps || memcmp(first.trace, again.trace, first.steps) != 0;
        }
        assert_true(differ > 50);
        free(state);
        free(other);
        free(otherwise);
    }
}

static void test_a_state_may_be_moved(void **unused)
{
    (void)unused;
    static struct machine first, again;
    first.program = again.program = &busy;
    for (unsigned i = 0; mill_explorers[i]; i++) {
        const struct mill_explorer *explorer = mill_explorers[i];
        void *state = machine_open(explorer, 5, 0, 2, 1000);
        learn(&first, explorer, state);
        void *moved = malloc(explorer->size);
        assert_non_null(moved);
        memcpy(moved, state, explorer->size);
        for (uint64_t number = 64; number < 96; number++) {
            machine_run(&first, explorer, state, number, false);
            machine_run(&again, explorer, moved, number, false);
            assert_same_run(&first, &again);
        }
        free(state);
        free(moved);
    }
}

static void test_each_way_of_a_call_is_taken(void **unused)
{
    (void)unused;
    static struct machine machine;
    machine.program = &ways;
    for (unsigned i = 0; mill_explorers[i]; i++) {
        void *state = machine_open(mill_explorers[i], 1, 0, 2, 1000);
        unsigned seen[3] = {0};
        for (uint64_t number = 0; number < 600; number++) {
            machine_run(&machine, mill_explorers[i], state, number, number < MILL_EXPLORE_LEARNING);
            seen[machine.was_read[0]]++;
            if (mill_explorers[i]->exhausted && mill_explorers[i]->exhausted(state)) {
                break;
            }
        }
        assert_true(seen[0] > 0 && seen[1] > 0 && seen[2] > 0);
        free(state);
    }
}

/* Loops that wait, with and without yielding, for a thread that has to be let go on: these end. */
static void test_loops_that_wait_end(void **unused)
{
    (void)unused;
    static const struct machine_op spins[] = {SPIN(0, 2), WRITE(1, 1), DONE};
    static const struct machine_op looks[] = {LOOK(0, 2), WRITE(1, 1), DONE};
    static const struct machine_op sets[] = {READ(2), LOOK(0, 1), WRITE(2, 2), READ(2), WRITE(0, 2), DONE};
    static const struct machine_op begins[] = {READ(3), YIELD, WRITE(0, 1), DONE};
    static const struct machine_program program = {.threads = {spins, looks, sets, begins, spins},
                                                   .started = 5};
    static struct machine machine;
    machine.program = &program;
    for (unsigned i = 0; mill_explorers[i]; i++) {
        void *state = machine_open(mill_explorers[i], 3, 0, 2, MACHINE_STEPS);
        unsigned cut = 0;
        for (uint64_t number = 0; number < 300; number++) {
            machine_run(&machine, mill_explorers[i], state, number, number < MILL_EXPLORE_LEARNING);
            assert_false(machine.deadlocked);
            cut += machine.cut;
        }
        if (cut > 0) {
            fail_msg("%s: %u schedules did not end", mill_explorers[i]->name, cut);
        }
        free(state);
    }
}

/* One waits in a loop that does not yield, for another with a few steps of its own before it, or one that
 * uses what is shared first: not one of many is let wait for long. */
static void test_nobody_waits_for_long(void **unused)
{
    (void)unused;
    static const struct machine_op looks[] = {LOOK(0, 1), WRITE(1, 1), DONE};
    static const struct machine_op sets[] = {READ(2), READ(2),     READ(2),     READ(2), READ(2),
                                             READ(2), WRITE(1, 2), WRITE(0, 1), DONE};
    static const struct machine_program program = {.threads = {looks, sets}, .started = 2};
    static struct machine machine;
    machine.program = &program;
    machine.steps_max = 2000;
    for (unsigned i = 0; mill_explorers[i]; i++) {
        void *state = machine_open(mill_explorers[i], 3, 0, 2, machine.steps_max);
        for (uint64_t number = 0; number < 6000; number++) {
            machine_run(&machine, mill_explorers[i], state, number, number < MILL_EXPLORE_LEARNING);
            if (machine.cut) {
                fail_msg("%s: schedule %u did not end", mill_explorers[i]->name, (unsigned)number);
            }
            if (mill_explorers[i]->sequential && mill_explorers[i]->exhausted(state)) {
                break;
            }
        }
        free(state);
    }
}

static void test_each_says_what_its_silence_is_worth(void **unused)
{
    (void)unused;
    static struct machine machine;
    machine.program = &busy;
    for (unsigned i = 0; mill_explorers[i]; i++) {
        void *state = machine_open(mill_explorers[i], 3, 0, 2, 1000);
        learn(&machine, mill_explorers[i], state);
        char whole[4000];
        char part[20];
        memset(part, 'x', sizeof(part));
        int length = mill_explorers[i]->worth(state, 64, whole, sizeof(whole));
        assert_int_equal(length, strlen(whole));
        assert_true(length > 20);
        assert_int_equal(mill_explorers[i]->worth(state, 64, part, 12), length);
        assert_int_equal(strlen(part), 11);
        assert_memory_equal(part, whole, 11);
        assert_int_equal(part[12], 'x');
        free(state);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_is_found_by_its_name),
        cmocka_unit_test(test_a_schedule_is_the_same_each_time),
        cmocka_unit_test(test_a_state_may_be_moved),
        cmocka_unit_test(test_each_way_of_a_call_is_taken),
        cmocka_unit_test(test_loops_that_wait_end),
        cmocka_unit_test(test_nobody_waits_for_long),
        cmocka_unit_test(test_each_says_what_its_silence_is_worth),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
