#include "hunt/minimise.h"

#include <errno.h>
#include <stdio.h>

#include "hunt/replay.h"
#include "hunt/test_machine.h"

#define ROOM 4000

struct bench {
    struct machine machine;
    void *replay;
    bool flaky; /* never fails */
    uint32_t calls;
};

static bool fails(void *context, const struct mill_choices *try, struct mill_choices *ran)
{
    struct bench *bench = context;
    bench->calls++;
    assert_int_equal(ran->count, 0);
    assert_int_equal(mill_replay_load(bench->replay, 64 * 1024, try, false), 0);
    bench->machine.choices = ran;
    machine_run(&bench->machine, &mill_explore_replay, bench->replay, 0, false);
    return bench->machine.failed && !bench->flaky;
}

static struct mill_minimise make(struct bench *bench, const struct machine_program *program)
{
    bench->machine.program = program;
    bench->replay = calloc(1, 64 * 1024);
    return (struct mill_minimise){.fails = fails,
                                  .context = bench,
                                  .attempts_max = 2000,
                                  .best = machine_choices(ROOM),
                                  .try = machine_choices(ROOM),
                                  .ran = machine_choices(ROOM)};
}

static void dispose(struct mill_minimise *work, struct bench *bench)
{
    free(work->best);
    free(work->try);
    free(work->ran);
    free(bench->replay);
}

/* Looks for schedules that fail, by a random walk, and reduces so many of them; each must come to the fewest
 * preemptions that a search finds. */
static void reduce(const struct machine_program *program, unsigned fewest, unsigned wanted)
{
    static struct bench bench;
    struct mill_minimise work = make(&bench, program);
    static struct machine machine;
    machine.program = program;
    machine.choices = machine_choices(ROOM);
    void *walk = machine_open(&mill_explore_random, 5, 0, 0, 0);
    unsigned found = 0;
    unsigned reduced = 0;
    for (uint64_t number = 0; found < wanted; number++) {
        assert_true(number < 100000);
        machine_run(&machine, &mill_explore_random, walk, number, false);
        if (!machine.failed) {
            continue;
        }
        found++;
        bench.calls = 0;
        assert_int_equal(mill_minimise(&work, machine.choices), 0);
        assert_int_equal(work.attempts, bench.calls);
        assert_true(work.attempts <= work.attempts_max);
        reduced += mill_choices_preemptions(machine.choices) > fewest;
        if (mill_choices_preemptions(work.best) != fewest) {
            fail_msg("schedule %u: %u preemptions left of %u, not %u", (unsigned)number,
                     mill_choices_preemptions(work.best), mill_choices_preemptions(machine.choices), fewest);
        }
        /* what is left is a schedule that really was, and fails */
        mill_choices_clear(work.ran);
        assert_true(fails(&bench, work.best, work.ran));
        assert_true(mill_choices_equal(work.best, work.ran));
    }
    assert_true(reduced > wanted / 2);
    free(walk);
    free(machine.choices);
    dispose(&work, &bench);
}

/* Two that add one to a word, and a third that looks: an update is lost with one preemption. */
static const struct machine_op adds[] = {READ(1), READ(1), READ(0), ADD(0, 1), READ(1), READ(1), DONE};
static const struct machine_op busy[] = {READ(2), WRITE(3, 1), READ(2), WRITE(3, 1),
                                         READ(2), YIELD,       READ(3), DONE};
static const struct machine_op adds_and_looks[] = {READ(1),     READ(0), ADD(0, 1),  WRITE(4, 1),
                                                   AWAIT(5, 1), READ(0), FAIL_IF(1), DONE};
static const struct machine_op adds_and_tells[] = {READ(1), READ(0), ADD(0, 1), WRITE(5, 1), READ(1), DONE};
static const struct machine_program lost_update = {.threads = {adds_and_looks, adds_and_tells, busy, busy},
                                                   .started = 4};

static void test_a_lost_update_needs_one_preemption(void **state)
{
    (void)state;
    reduce(&lost_update, 1, 100);
}

/* 1 must read old, then new: 0 runs in between; then 0 must have been left before its end. */
static const struct machine_op writes_twice[] = {READ(1), WRITE(0, 1), READ(1), WRITE(0, 2), READ(1), DONE};
static const struct machine_op sees_both[] = {READ(2), READ(0), ADD(4, 0), READ(4), FAIL_UNLESS(1), DONE};
static const struct machine_program inverse = {.threads = {writes_twice, adds, sees_both}, .started = 3};

static void test_a_check_that_fails_at_once_needs_none(void **state)
{
    (void)state;
    reduce(&inverse, 0, 100);
}

static const struct machine_op one_way[] = {READ(0), LOCK(0), READ(0), LOCK(1), UNLOCK(1), UNLOCK(0), DONE};
static const struct machine_op other_way[] = {READ(0), LOCK(1), READ(0), LOCK(0), UNLOCK(0), UNLOCK(1), DONE};
static const struct machine_program deadlock = {.threads = {one_way, busy, other_way, busy}, .started = 4};

static void test_a_deadlock_needs_one_preemption(void **state)
{
    (void)state;
    reduce(&deadlock, 1, 100);
}

/* 1 must write 1, and not yet 2, between a write of 0 and its look at it. */
static const struct machine_op writes_and_looks[] = {READ(3),    WRITE(0, 5), READ(2), READ(0),
                                                     FAIL_IF(1), READ(3),     DONE};
static const struct machine_op writes_one_and_two[] = {READ(4), WRITE(0, 1), WRITE(0, 2), READ(4), DONE};
static const struct machine_program two_needed = {.threads = {writes_and_looks, writes_one_and_two, busy},
                                                  .started = 3};

static void test_what_needs_two_keeps_two(void **state)
{
    (void)state;
    static struct machine machine;
    machine.program = &two_needed;
    unsigned fewest = 100;
    void *search = machine_open(&mill_explore_exhaustive, 0, 0, 6, 0);
    for (uint64_t number = 0; !mill_explore_exhaustive.exhausted(search); number++) {
        machine_run(&machine, &mill_explore_exhaustive, search, number, false);
        if (machine.failed && machine.preemptions < fewest) {
            fewest = machine.preemptions;
        }
    }
    free(search);
    assert_int_equal(fewest, 2);
    reduce(&two_needed, 2, 60);
}

static void test_never_worse_than_what_was_given(void **state)
{
    (void)state;
    static struct bench bench;
    struct mill_minimise work = make(&bench, &deadlock);
    struct mill_choices *given = machine_choices(100);
    for (int i = 0; i < 30; i++) {
        mill_choices_thread(given, (unsigned)i % 4, true);
    }
    bench.flaky = true;
    assert_int_equal(mill_minimise(&work, given), -ENOENT);
    assert_int_equal(work.attempts, 1);
    assert_true(mill_choices_equal(work.best, given));
    work.attempts_max = 0;
    assert_int_equal(mill_minimise(&work, given), -ENOENT);
    assert_true(mill_choices_equal(work.best, given));
    struct mill_choices *small = work.best;
    work.best = machine_choices(5);
    assert_int_equal(mill_minimise(&work, given), -ENOBUFS);
    free(small);
    given->lost = 1;
    assert_int_equal(mill_minimise(&work, given), -EOVERFLOW);
    free(given);
    dispose(&work, &bench);
}

static void test_attempts_are_bounded(void **state)
{
    (void)state;
    static struct bench bench;
    struct mill_minimise work = make(&bench, &lost_update);
    static struct machine machine;
    machine.program = &lost_update;
    machine.choices = machine_choices(ROOM);
    void *walk = machine_open(&mill_explore_random, 5, 0, 0, 0);
    for (uint64_t number = 0; !machine.failed; number++) {
        machine_run(&machine, &mill_explore_random, walk, number, false);
    }
    uint32_t before = UINT32_MAX;
    for (work.attempts_max = 1; work.attempts_max < 60; work.attempts_max++) {
        bench.calls = 0;
        assert_int_equal(mill_minimise(&work, machine.choices), 0);
        assert_true(bench.calls <= work.attempts_max);
        uint32_t left = mill_choices_preemptions(work.best);
        assert_true(left <= mill_choices_preemptions(machine.choices));
        assert_true(left <= before);
        before = left;
    }
    free(walk);
    free(machine.choices);
    dispose(&work, &bench);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_lost_update_needs_one_preemption),
        cmocka_unit_test(test_a_check_that_fails_at_once_needs_none),
        cmocka_unit_test(test_a_deadlock_needs_one_preemption),
        cmocka_unit_test(test_what_needs_two_keeps_two),
        cmocka_unit_test(test_never_worse_than_what_was_given),
        cmocka_unit_test(test_attempts_are_bounded),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
