#include "hunt/classes.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define THREADS   3
#define STEPS_MAX 8

static struct mill_class class;
static struct mill_classes classes;

static uint64_t words[200];

static struct mill_step at(enum mill_step_kind kind, const void *object, uint32_t size)
{
    return (struct mill_step){.kind = (uint8_t)kind, .size = size, .object = (uintptr_t)object};
}

static struct mill_step on(enum mill_step_kind kind, unsigned word)
{
    return at(kind, &words[word], sizeof words[0]);
}

/* What each thread does; thread 0 has created the others. */
struct program {
    unsigned threads;
    unsigned counts[THREADS];
    struct mill_step steps[THREADS][STEPS_MAX];
};

static void run(const struct program *program, const unsigned *order, unsigned count)
{
    unsigned taken[THREADS] = {0};
    mill_class_begin(&class);
    for (unsigned thread = 1; thread < program->threads; thread++) {
        mill_class_spawned(&class, 0, thread);
    }
    for (unsigned i = 0; i < count; i++) {
        unsigned thread = order[i];
        mill_class_step(&class, thread, &program->steps[thread][taken[thread]++]);
    }
}

static unsigned interleave(const struct program *program, unsigned *order, unsigned count, unsigned *taken)
{
    unsigned schedules = 0;
    bool over = true;
    for (unsigned thread = 0; thread < program->threads; thread++) {
        if (taken[thread] < program->counts[thread]) {
            over = false;
            taken[thread]++;
            order[count] = thread;
            schedules += interleave(program, order, count + 1, taken);
            taken[thread]--;
        }
    }
    if (over) {
        run(program, order, count);
        mill_classes_add(&classes, mill_class_end(&class, program->threads));
        schedules++;
    }
    return schedules;
}

/* All interleavings; how many there are, and how many classes. */
static void expect_classes(const struct program *program, unsigned schedules, uint64_t distinct)
{
    unsigned order[THREADS * STEPS_MAX];
    unsigned taken[THREADS] = {0};
    memset(&classes, 0, sizeof classes);
    assert_int_equal(interleave(program, order, 0, taken), schedules);
    assert_int_equal(classes.count, distinct);
    assert_int_equal(classes.lost, 0);
}

static void test_independent_steps_are_one_class(void **state)
{
    (void)state;
    const struct program writers = {
        .threads = 2,
        .counts = {3, 3},
        .steps = {{on(MILL_STEP_WRITE, 0), on(MILL_STEP_WRITE, 1), on(MILL_STEP_WRITE, 0)},
                  {on(MILL_STEP_WRITE, 2), on(MILL_STEP_READ, 3), on(MILL_STEP_WRITE, 2)}},
    };
    expect_classes(&writers, 20, 1);
    const struct program readers = {
        .threads = 3,
        .counts = {2, 2, 2},
        .steps = {{on(MILL_STEP_READ, 0), on(MILL_STEP_READ, 0)},
                  {on(MILL_STEP_READ, 0), on(MILL_STEP_ATOMIC_READ, 0)},
                  {on(MILL_STEP_READ, 0), on(MILL_STEP_READ, 1)}},
    };
    expect_classes(&readers, 90, 1);
}

static void test_each_order_of_dependent_steps_is_one(void **state)
{
    (void)state;
    const struct program updates = {
        .threads = 2,
        .counts = {3, 3},
        .steps = {{on(MILL_STEP_ATOMIC_UPDATE, 0), on(MILL_STEP_ATOMIC_UPDATE, 0),
                   on(MILL_STEP_ATOMIC_UPDATE, 0)},
                  {on(MILL_STEP_ATOMIC_UPDATE, 0), on(MILL_STEP_ATOMIC_UPDATE, 0),
                   on(MILL_STEP_ATOMIC_UPDATE, 0)}},
    };
    expect_classes(&updates, 20, 20);
    /* A writer before, between or after two readers, which do not disturb each other: 2 to the power of 2. */
    const struct program reads = {
        .threads = 3,
        .counts = {1, 1, 1},
        .steps = {{on(MILL_STEP_WRITE, 0)}, {on(MILL_STEP_READ, 0)}, {on(MILL_STEP_READ, 0)}},
    };
    expect_classes(&reads, 6, 4);
    /* Two words in opposite order: of 6 interleavings of the 4 steps, those two that differ in the order of
     * the middle ones alone are the same. */
    const struct program crossed = {
        .threads = 2,
        .counts = {2, 2},
        .steps = {{on(MILL_STEP_WRITE, 0), on(MILL_STEP_READ, 1)},
                  {on(MILL_STEP_WRITE, 1), on(MILL_STEP_READ, 0)}},
    };
    expect_classes(&crossed, 6, 3);
}

static void test_things_and_threads_are_objects(void **state)
{
    (void)state;
    struct mill_step wait = at(MILL_STEP_WAIT, &words[0], 1);
    wait.second = (uintptr_t)&words[1];
    const struct program second = {
        .threads = 2, .counts = {1, 1}, .steps = {{wait}, {at(MILL_STEP_LOCK, &words[1], 1)}}};
    expect_classes(&second, 2, 2);
    const struct program joined = {
        .threads = 2,
        .counts = {1, 1},
        .steps = {{at(MILL_STEP_TRY_LOCK, mill_thread_object(1), 1)},
                  {at(MILL_STEP_END, mill_thread_object(1), 1)}},
    };
    expect_classes(&joined, 2, 2);
    const struct program others = {
        .threads = 2,
        .counts = {1, 1},
        .steps = {{at(MILL_STEP_END, mill_thread_object(0), 1)},
                  {at(MILL_STEP_END, mill_thread_object(1), 1)}},
    };
    expect_classes(&others, 2, 1);
}

static void test_ranges_reach_over_words(void **state)
{
    (void)state;
    const struct program far = {
        .threads = 2,
        .counts = {1, 1},
        .steps = {{at(MILL_STEP_WRITE, &words[0], 8 * MILL_CLASS_WORDS)},
                  {on(MILL_STEP_READ, MILL_CLASS_WORDS - 1)}},
    };
    expect_classes(&far, 2, 2);
    const struct program farther = {
        .threads = 2,
        .counts = {1, 1},
        .steps = {{at(MILL_STEP_WRITE, &words[0], 8 * 200)}, {on(MILL_STEP_READ, MILL_CLASS_WORDS)}},
    };
    expect_classes(&farther, 2, 1); /* as documented */
}

/* Which of two threads, that do the same, comes first is not told by their numbers alone. */
static void test_a_class_has_a_name_whatever_the_addresses(void **state)
{
    (void)state;
    const unsigned order[] = {1, 0, 1};
    const struct program here = {
        .threads = 2,
        .steps = {{on(MILL_STEP_WRITE, 5)}, {on(MILL_STEP_WRITE, 5), on(MILL_STEP_READ, 5)}},
    };
    const struct program there = {
        .threads = 2,
        .steps = {{on(MILL_STEP_WRITE, 70)}, {on(MILL_STEP_WRITE, 70), on(MILL_STEP_READ, 70)}},
    };
    run(&here, order, 3);
    uint64_t name = mill_class_end(&class, 2);
    run(&there, order, 3);
    assert_true(name != 0);
    assert_int_equal(mill_class_end(&class, 2), name);
    const unsigned other[] = {0, 1, 1};
    run(&here, other, 3);
    assert_int_not_equal(mill_class_end(&class, 2), name);
    run(&here, order, 3);
    mill_class_way(&class, 1, 1);
    assert_int_not_equal(mill_class_end(&class, 2), name);
}

static void test_too_many_words_have_no_name(void **state)
{
    (void)state;
    mill_class_begin(&class);
    for (uintptr_t word = 1; word <= MILL_CLASS_PLACES; word++) {
        const struct mill_step step = at(MILL_STEP_WRITE, (const void *)(0x100000 + 8 * word), 8);
        mill_class_step(&class, 0, &step);
    }
    assert_int_equal(mill_class_end(&class, 1), 0);
    mill_class_begin(&class);
    assert_int_not_equal(mill_class_end(&class, 1), 0);
}

static void test_names_are_counted_once_and_up_to_a_bound(void **state)
{
    (void)state;
    static struct mill_classes all;
    memset(&classes, 0, sizeof classes);
    assert_true(mill_classes_add(&classes, 7));
    assert_false(mill_classes_add(&classes, 7));
    assert_true(mill_classes_add(&classes, 7 + MILL_CLASSES_PLACES)); /* the same place */
    assert_false(mill_classes_add(&classes, 7 + MILL_CLASSES_PLACES));
    assert_false(mill_classes_add(&classes, 0));
    assert_int_equal(classes.count, 2);
    assert_int_equal(classes.lost, 1);
    mill_classes_add(&all, 7);
    mill_classes_add(&all, 8);
    mill_classes_join(&all, &classes);
    assert_int_equal(all.count, 3);
    assert_int_equal(all.lost, 1);
    for (uint64_t name = 1; all.lost < 10; name++) {
        mill_classes_add(&all, name * 0x9e3779b97f4a7c15u);
    }
    assert_int_equal(all.count, MILL_CLASSES_MAX);
    assert_false(mill_classes_add(&all, 8)); /* known all the same */
    assert_int_equal(all.lost, 10);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_independent_steps_are_one_class),
        cmocka_unit_test(test_each_order_of_dependent_steps_is_one),
        cmocka_unit_test(test_things_and_threads_are_objects),
        cmocka_unit_test(test_ranges_reach_over_words),
        cmocka_unit_test(test_a_class_has_a_name_whatever_the_addresses),
        cmocka_unit_test(test_too_many_words_have_no_name),
        cmocka_unit_test(test_names_are_counted_once_and_up_to_a_bound),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
