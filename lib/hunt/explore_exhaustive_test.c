#include "hunt/test_machine.h"

#include <stdio.h>

/* ---- brute force: every schedule there is, without any idea ---- */

#define SEEN 12000

struct seen {
    uint64_t class;
    unsigned preemptions; /* the fewest */
    unsigned visits;
};

/* Classes of schedules: those that differ in the order of independent steps alone. */
struct classes {
    unsigned count;
    uint64_t schedules;
    uint64_t by_preemptions[64];
    struct seen seen[SEEN];
};

static struct seen *find_class(struct classes *classes, uint64_t class)
{
    size_t at = class % SEEN;
    while (classes->seen[at].visits > 0 && classes->seen[at].class != class) {
        at = (at + 1) % SEEN;
    }
    return &classes->seen[at];
}

static void note(struct classes *classes, const struct machine *machine)
{
    struct seen *seen = find_class(classes, machine->class);
    if (seen->visits == 0) {
        classes->count++;
        assert_true(classes->count < SEEN / 2);
        *seen = (struct seen){.class = machine->class, .preemptions = machine->preemptions};
    }
    seen->visits++;
    seen->preemptions = machine->preemptions < seen->preemptions ? machine->preemptions : seen->preemptions;
    classes->schedules++;
    classes->by_preemptions[machine->preemptions]++;
}

struct brute {
    unsigned depth, valid;
    unsigned ways[64], taken[64];
};

static unsigned brute_way(struct brute *brute, unsigned ways)
{
    assert_true(brute->depth < 64);
    if (brute->depth == brute->valid) {
        brute->ways[brute->valid] = ways;
        brute->taken[brute->valid++] = 0;
    }
    return brute->taken[brute->depth++];
}

static void brute_begin(void *memory, uint64_t number, bool learning)
{
    (void)number;
    (void)learning;
    struct brute *brute = memory;
    brute->depth = 0;
}

static unsigned brute_pick(void *memory, const struct mill_view *view)
{
    return view->enabled[brute_way(memory, view->enabled_count)];
}

static unsigned brute_choose(void *memory, unsigned ways)
{
    return brute_way(memory, ways);
}

static void brute_end(void *memory, bool failed)
{
    (void)failed;
    struct brute *brute = memory;
    while (brute->valid > 0 && ++brute->taken[brute->valid - 1] == brute->ways[brute->valid - 1]) {
        brute->valid--;
    }
}

static const struct mill_explorer by_force = {
    .begin = brute_begin, .pick = brute_pick, .choose = brute_choose, .end = brute_end};

/* NULL: there are more than `most`. */
static struct classes *try_all(const struct machine_program *program, uint64_t most)
{
    static struct machine machine;
    machine.program = program;
    machine.classifies = true;
    struct classes *classes = calloc(1, sizeof(*classes));
    assert_non_null(classes);
    struct brute brute = {0};
    do {
        machine_run(&machine, &by_force, &brute, 0, false);
        note(classes, &machine);
    } while (brute.valid > 0 && classes->schedules <= most);
    if (classes->schedules > most) {
        free(classes);
        return NULL;
    }
    return classes;
}

/* Until it is exhausted; its last word goes to `worth`. */
static struct classes *search(const struct machine_program *program, unsigned preemptions, char worth[500])
{
    static struct machine machine;
    machine.program = program;
    machine.classifies = true;
    struct classes *classes = calloc(1, sizeof(*classes));
    assert_non_null(classes);
    void *state = machine_open(&mill_explore_exhaustive, 0, 0, preemptions, 0);
    for (uint64_t number = 0; !mill_explore_exhaustive.exhausted(state); number++) {
        assert_true(number < 1000000);
        machine_run(&machine, &mill_explore_exhaustive, state, number, false);
        note(classes, &machine);
    }
    if (worth) {
        mill_explore_exhaustive.worth(state, classes->schedules, worth, 500);
    }
    free(state);
    return classes;
}

/* ---- counts ---- */

/* Every step depends on every other: there is nothing to leave out. */
static const struct machine_op writes[] = {WRITE(0, 1), WRITE(0, 2), WRITE(0, 3), DONE};
static const struct machine_program three_writers = {.threads = {writes, writes, writes}, .started = 3};

static void test_where_all_depends_all_are_tried(void **state)
{
    (void)state;
    char worth[500];
    struct classes *found = search(&three_writers, MILL_EXPLORE_UNBOUNDED, worth);
    assert_int_equal(found->schedules, 1680); /* 9! / 3!^3 */
    assert_int_equal(found->count, 1680);
    assert_string_equal(worth, "all 1680 schedules, with any number of preemptions: no failure");
    free(found);
}

static void test_each_bound_tries_all_up_to_it(void **state)
{
    (void)state;
    struct classes *all = try_all(&three_writers, 5000);
    uint64_t expected = 0;
    uint64_t within = 0;
    for (unsigned bound = 0; bound < 4; bound++) {
        char worth[500];
        char says[100];
        struct classes *found = search(&three_writers, bound, worth);
        within += all->by_preemptions[bound];
        expected += within; /* each round repeats the one before */
        assert_int_equal(found->schedules, expected);
        assert_int_equal(found->count, within);
        snprintf(says, sizeof(says), "all %u schedules up to bound %u: no failure", (unsigned)within, bound);
        assert_string_equal(worth, says);
        free(found);
    }
    /* 0 first, without a preemption: two orders; 1 or 2 first preempts 0, which has not begun */
    assert_int_equal(all->by_preemptions[0], 2);
    free(all);
}

static void test_a_round_that_leaves_nothing_out_is_the_last(void **state)
{
    (void)state;
    static const struct machine_op one[] = {WRITE(0, 1), DONE};
    static const struct machine_program program = {.threads = {one, one}, .started = 2};
    char worth[500];
    struct classes *found = search(&program, 1000, worth);
    assert_int_equal(found->schedules, 1 + 2);
    assert_string_equal(worth, "all 2 schedules, with any number of preemptions: no failure");
    free(found);
}

static void test_independent_steps_are_tried_once(void **state)
{
    (void)state;
    static const struct machine_op zero[] = {WRITE(0, 1), WRITE(0, 2), DONE};
    static const struct machine_op one[] = {WRITE(1, 1), WRITE(1, 2), DONE};
    static const struct machine_op two[] = {WRITE(2, 1), WRITE(2, 2), DONE};
    static const struct machine_program program = {.threads = {zero, one, two}, .started = 3};
    struct classes *found = search(&program, MILL_EXPLORE_UNBOUNDED, NULL);
    assert_int_equal(found->count, 1);
    assert_true(found->schedules < 20); /* of 90: those that end asleep */
    free(found);
    struct classes *all = try_all(&program, 5000);
    assert_int_equal(all->schedules, 90);
    assert_int_equal(all->count, 1);
    free(all);
}

static void test_every_way_of_every_call(void **state)
{
    (void)state;
    static const struct machine_op chooses[] = {CHOOSE(3), CHOOSE(2), DONE};
    static const struct machine_op writes_once[] = {WRITE(0, 1), DONE};
    static const struct machine_program program = {.threads = {chooses, writes_once}, .started = 2};
    struct classes *found = search(&program, MILL_EXPLORE_UNBOUNDED, NULL);
    assert_int_equal(found->schedules, 3 * 6);
    free(found);
}

/* ---- random programs: no class is missed ---- */

#define LONGEST 12

struct drawn {
    struct machine_op ops[3][LONGEST];
    struct machine_program program;
};

/* Threads of a few steps on three words and two locks, taken in any order, so that some end in a deadlock. */
static void draw_program(struct drawn *drawn, struct mill_random *random)
{
    static const struct machine_op blocks[][3] = {
        {READ(0), DONE, DONE},
        {READ(1), DONE, DONE},
        {WRITE(0, 1), DONE, DONE},
        {WRITE(1, 1), DONE, DONE},
        {READ(2), DONE, DONE},
        {WRITE(2, 1), DONE, DONE},
        {LOCK(0), UNLOCK(0), DONE},
        {LOCK(1), WRITE(1, 1), UNLOCK(1)},
        {LOCK(0), LOCK(1), UNLOCK(1)},
        {LOCK(1), LOCK(0), UNLOCK(0)},
        {YIELD, DONE, DONE},
        {AWAIT(0, 1), DONE, DONE},
        {LOCK(0), AWAIT(2, 1), UNLOCK(0)},
    };
    memset(drawn, 0, sizeof(*drawn));
    drawn->program.started = 2 + (unsigned)mill_random_below(random, 2);
    unsigned most = drawn->program.started == 2 ? 8 : 5;
    for (unsigned thread = 0; thread < drawn->program.started; thread++) {
        unsigned count = 0;
        bool has_yielded = false;
        while (count < most && (count == 0 || mill_random_below(random, 6) > 0)) {
            const struct machine_op *block =
                blocks[mill_random_below(random, sizeof(blocks) / sizeof(blocks[0]))];
            bool yields = block[0].code == CODE_YIELD;
            for (unsigned i = 0; i < 3 && block[i].code != CODE_DONE && !(yields && has_yielded); i++) {
                drawn->ops[thread][count++] = block[i];
            }
            has_yielded |= yields;
        }
        drawn->program.threads[thread] = drawn->ops[thread];
    }
}

static void assert_none_missed(struct classes *all, struct classes *found, unsigned bound, unsigned program)
{
    unsigned expected = 0;
    for (unsigned i = 0; i < SEEN; i++) {
        const struct seen *seen = &all->seen[i];
        if (seen->visits == 0 || seen->preemptions > bound) {
            continue;
        }
        expected++;
        if (find_class(found, seen->class)->visits == 0) {
            fail_msg("program %u, bound %u: a class with %u preemptions was not seen", program, bound,
                     seen->preemptions);
        }
    }
    assert_int_equal(found->count, expected); /* and none that is not there */
}

static void test_no_class_is_missed(void **state)
{
    (void)state;
    struct mill_random random;
    mill_random_seed(&random, 77, 0);
    uint64_t by_bound = 0;
    unsigned tried = 0;
    uint64_t with_sleep = 0;
    uint64_t by_brute_force = 0;
    for (unsigned i = 0; i < 210; i++) {
        struct drawn drawn;
        draw_program(&drawn, &random);
        struct classes *all = try_all(&drawn.program, 5000);
        if (!all) {
            continue;
        }
        tried++;
        struct classes *found = search(&drawn.program, MILL_EXPLORE_UNBOUNDED, NULL);
        assert_none_missed(all, found, UINT32_MAX, i);
        with_sleep += found->schedules;
        by_brute_force += all->schedules;
        free(found);
        for (unsigned bound = 0; bound < 3; bound++) {
            found = search(&drawn.program, bound, NULL);
            assert_none_missed(all, found, bound, i);
            by_bound += found->schedules;
            free(found);
        }
        free(all);
    }
    print_message("%u programs: brute force %lu schedules, with sleep sets %lu; bounds 0 to 2 %lu\n", tried,
                  (unsigned long)by_brute_force, (unsigned long)with_sleep, (unsigned long)by_bound);
    assert_true(tried > 100);
    assert_true(with_sleep < by_brute_force / 2);
}

/* With two preemptions 2 comes to wait for what 0 holds, is left for 1 for nothing, and 1 in favour of 0; had
 * 0 let go of it at once, as was tried first, 2 could have gone on and to leave it would be one more. */
static void test_a_thread_that_is_blocked_is_left_for_nothing(void **state)
{
    (void)state;
    static const struct machine_op zero[] = {LOCK(0), UNLOCK(0), YIELD, DONE};
    static const struct machine_op one[] = {AWAIT(0, 1), WRITE(1, 1), DONE};
    static const struct machine_op two[] = {WRITE(0, 1), LOCK(0), DONE};
    static const struct machine_program program = {.threads = {zero, one, two}, .started = 3};
    struct classes *all = try_all(&program, 5000);
    assert_non_null(all);
    for (unsigned bound = 0; bound < 5; bound++) {
        struct classes *found = search(&program, bound, NULL);
        assert_none_missed(all, found, bound, 0);
        free(found);
    }
    free(all);
}

/* ---- what it says when it cannot say all ---- */

static void test_a_program_that_does_not_repeat_itself_is_told(void **unused)
{
    (void)unused;
    static const struct machine_program two_writers = {.threads = {writes, writes}, .started = 2};
    static struct machine machine;
    void *state = machine_open(&mill_explore_exhaustive, 0, 0, 2, 0);
    for (uint64_t number = 0; number < 50 && !mill_explore_exhaustive.exhausted(state); number++) {
        machine.program = number % 3 == 2 ? &two_writers : &three_writers;
        machine_run(&machine, &mill_explore_exhaustive, state, number, false);
    }
    char worth[500];
    mill_explore_exhaustive.worth(state, 50, worth, sizeof(worth));
    assert_non_null(strstr(worth, "did not repeat the one before"));
    assert_null(strstr(worth, " 0 did not repeat"));
    free(state);
}

static void test_cut_schedules_are_told(void **unused)
{
    (void)unused;
    static struct machine machine;
    machine.program = &three_writers;
    machine.steps_max = 5;
    void *state = machine_open(&mill_explore_exhaustive, 0, 0, 1, 5);
    uint64_t number = 0;
    while (!mill_explore_exhaustive.exhausted(state)) {
        machine_run(&machine, &mill_explore_exhaustive, state, number++, false);
    }
    char worth[500];
    char says[50];
    mill_explore_exhaustive.worth(state, number, worth, sizeof(worth));
    snprintf(says, sizeof(says), "; but %u were cut", (unsigned)number);
    assert_non_null(strstr(worth, says));
    free(state);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_where_all_depends_all_are_tried),
        cmocka_unit_test(test_each_bound_tries_all_up_to_it),
        cmocka_unit_test(test_a_round_that_leaves_nothing_out_is_the_last),
        cmocka_unit_test(test_independent_steps_are_tried_once),
        cmocka_unit_test(test_every_way_of_every_call),
        cmocka_unit_test(test_no_class_is_missed),
        cmocka_unit_test(test_a_thread_that_is_blocked_is_left_for_nothing),
        cmocka_unit_test(test_a_program_that_does_not_repeat_itself_is_told),
        cmocka_unit_test(test_cut_schedules_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
