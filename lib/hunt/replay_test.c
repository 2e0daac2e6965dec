#include "hunt/replay.h"

#include <errno.h>
#include <stdio.h>

#include "hunt/test_machine.h"

#define ROOM 4000

static const struct machine_op locks[] = {LOCK(0),   READ(0),     ADD(0, 1), UNLOCK(0),
                                          CHOOSE(3), WRITE(1, 1), DONE};
static const struct machine_op other[] = {YIELD, LOCK(0), READ(0), ADD(0, 1), UNLOCK(0), READ(1), DONE};
static const struct machine_program program = {.threads = {locks, other, locks}, .started = 3};

static const struct machine_op short_one[] = {WRITE(0, 1), DONE};
static const struct machine_op long_one[] = {WRITE(0, 2), WRITE(0, 3), WRITE(0, 4), DONE};
static const struct machine_program small = {.threads = {long_one, short_one}, .started = 2};

static void *make_state(void)
{
    size_t size = 64 * 1024;
    void *state = calloc(1, size);
    assert_non_null(state);
    mill_explore_replay.open(state, &(struct mill_explore_options){0});
    return state;
}

/* Replays a list that is made by hand; the trace as digits goes to `trace`. */
static struct mill_replay_verdict replay(const struct machine_program *of, const uint32_t *items,
                                         uint32_t count, bool strict, char trace[100])
{
    static struct machine machine;
    machine.program = of;
    struct mill_choices *list = machine_choices(100);
    for (uint32_t i = 0; i < count; i++) {
        mill_choices_add(list, items[i]);
    }
    void *state = make_state();
    assert_int_equal(mill_replay_load(state, 64 * 1024, list, strict), 0);
    machine_run(&machine, &mill_explore_replay, state, 0, false);
    for (unsigned i = 0; i < machine.steps; i++) {
        trace[i] = (char)('0' + machine.trace[i]);
    }
    trace[machine.steps] = '\0';
    struct mill_replay_verdict verdict = mill_replay_verdict(state);
    free(state);
    free(list);
    return verdict;
}

static void test_what_was_recorded_comes_again(void **unused)
{
    (void)unused;
    static struct machine machine, again;
    machine.program = again.program = &program;
    machine.choices = machine_choices(ROOM);
    again.choices = machine_choices(ROOM);
    void *state = make_state();
    for (unsigned i = 0; mill_explorers[i]; i++) {
        void *explorer = machine_open(mill_explorers[i], 8, 0, 3, 0);
        for (uint64_t number = 0; number < 100; number++) {
            machine_run(&machine, mill_explorers[i], explorer, number, number < MILL_EXPLORE_LEARNING);
            for (int strict = 0; strict < 2; strict++) {
                assert_int_equal(mill_replay_load(state, 64 * 1024, machine.choices, strict), 0);
                machine_run(&again, &mill_explore_replay, state, 0, false);
                struct mill_replay_verdict verdict = mill_replay_verdict(state);
                assert_int_equal(verdict.reason, MILL_REPLAY_FITS);
                assert_int_equal(verdict.position, machine.choices->count);
                assert_true(mill_choices_equal(machine.choices, again.choices));
                assert_int_equal(machine.steps, again.steps);
                assert_memory_equal(machine.trace, again.trace, machine.steps);
                assert_memory_equal(machine.word, again.word, sizeof(again.word));
            }
        }
        free(explorer);
    }
    free(state);
    free(machine.choices);
    free(again.choices);
}

static void test_strictly_the_first_that_does_not_fit_ends_it(void **unused)
{
    (void)unused;
    char trace[100];
#define ITEMS(...) (const uint32_t[]){__VA_ARGS__}, sizeof((const uint32_t[]){__VA_ARGS__}) / sizeof(uint32_t)
    const uint32_t one_preempts = 1 | MILL_CHOICE_PREEMPTS;
    struct mill_replay_verdict verdict = replay(&small, ITEMS(0, one_preempts), true, trace);
    assert_int_equal(verdict.reason, MILL_REPLAY_FITS);
    assert_string_equal(trace, "0100");

    verdict = replay(&small, ITEMS(5, one_preempts), true, trace);
    assert_int_equal(verdict.reason, MILL_REPLAY_NOT_ENABLED);
    assert_int_equal(verdict.position, 0);
    assert_string_equal(trace, "0001");

    verdict = replay(&small, ITEMS(0, 1), true, trace);
    assert_int_equal(verdict.reason, MILL_REPLAY_OTHERWISE);
    assert_int_equal(verdict.position, 1);
    assert_string_equal(trace, "0001");

    verdict = replay(&small, ITEMS(0, 0 | MILL_CHOICE_DATA, one_preempts), true, trace);
    assert_int_equal(verdict.reason, MILL_REPLAY_NOT_A_THREAD);
    assert_int_equal(verdict.position, 1);
    assert_string_equal(trace, "0001");

    verdict = replay(&small, ITEMS(0), true, trace);
    assert_int_equal(verdict.reason, MILL_REPLAY_LIST_ENDED);
    assert_int_equal(verdict.position, 1);

    verdict = replay(&small, ITEMS(0, one_preempts, 0), true, trace);
    assert_int_equal(verdict.reason, MILL_REPLAY_TOO_EARLY);
    assert_int_equal(verdict.position, 2);
}

static void test_leniently_only_that_choice_is_lost(void **unused)
{
    (void)unused;
    char trace[100];
    struct mill_replay_verdict verdict = replay(&small, ITEMS(7, 1), false, trace);
    assert_int_equal(verdict.reason, MILL_REPLAY_NOT_ENABLED);
    assert_int_equal(verdict.position, 0);
    assert_string_equal(trace, "0100");
    replay(&small, ITEMS(MILL_CHOICE_DATA, 1), false, trace);
    assert_string_equal(trace, "1000");
    replay(&small, ITEMS(0), false, trace); /* and then nobody is preempted */
    assert_string_equal(trace, "0001");
}

static void test_ways_that_do_not_fit(void **unused)
{
    (void)unused;
    static const struct machine_op chooses[] = {CHOOSE(2), WRITE(0, 2), DONE};
    static const struct machine_program ways = {.threads = {chooses, short_one}, .started = 2};
    char trace[100];
    struct mill_replay_verdict verdict = replay(&ways, ITEMS(0, 1 | MILL_CHOICE_DATA, 0), true, trace);
    assert_int_equal(verdict.reason, MILL_REPLAY_FITS);
    verdict = replay(&ways, ITEMS(0, 2 | MILL_CHOICE_DATA, 0), true, trace);
    assert_int_equal(verdict.reason, MILL_REPLAY_NO_SUCH_WAY);
    assert_int_equal(verdict.position, 1);
    verdict = replay(&ways, ITEMS(0, 1 | MILL_CHOICE_PREEMPTS), true, trace);
    assert_int_equal(verdict.reason, MILL_REPLAY_NOT_A_WAY);
    assert_int_equal(verdict.position, 1);
    assert_string_equal(trace, "001");
    verdict = replay(&ways, ITEMS(0, 1 | MILL_CHOICE_PREEMPTS), false, trace);
    assert_int_equal(verdict.reason, MILL_REPLAY_NOT_A_WAY);
    assert_string_equal(trace, "010");
    verdict = replay(&ways, ITEMS(0), true, trace);
    assert_int_equal(verdict.reason, MILL_REPLAY_LIST_ENDED);
    for (int reason = 0; reason <= MILL_REPLAY_TOO_EARLY; reason++) {
        assert_string_not_equal(mill_replay_reason_text((enum mill_replay_reason)reason), "unknown");
    }
    assert_string_equal(mill_replay_reason_text(MILL_REPLAY_TOO_EARLY + 1), "unknown");
}

static void test_a_list_that_cannot_be_replayed(void **unused)
{
    (void)unused;
    struct mill_choices *list = machine_choices(20);
    uint64_t memory[8] = {0};
    for (int i = 0; i < 20; i++) {
        mill_choices_thread(list, 0, false);
    }
    assert_int_equal(mill_replay_load(memory, sizeof(memory), list, true), -ENOBUFS);
    mill_choices_thread(list, 0, false);
    assert_int_equal(mill_replay_load(memory, sizeof(memory), list, true), -EOVERFLOW);
    free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_was_recorded_comes_again),
        cmocka_unit_test(test_strictly_the_first_that_does_not_fit_ends_it),
        cmocka_unit_test(test_leniently_only_that_choice_is_lost),
        cmocka_unit_test(test_ways_that_do_not_fit),
        cmocka_unit_test(test_a_list_that_cannot_be_replayed),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
