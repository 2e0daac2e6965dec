/* Counterexamples: what may be left away is left away soundly, what is left is wrong, and it is said in
 * words. */
#include <inttypes.h>

#include "core/sanitizer.h"
#include "measure/counterexample.h"
#include "measure/counterexample_units.h"
#include "measure/test_histories.h"

#define SEED UINT64_C(7)

enum {
    histories = MILL_UNDER_TSAN || MILL_UNDER_ASAN ? 500 : 3000, /* of each model */
};

struct subject {
    const struct mill_model *model;
    int64_t parameter;
};

static const struct subject subjects[] = {
    {&mill_model_counter, 0}, {&mill_model_register, 1},    {&mill_model_cached, 1}, {&mill_model_queue, 0},
    {&mill_model_queue, 2},   {&mill_model_drop_oldest, 2}, {&mill_model_stack, 0},  {&mill_model_stack, 1},
    {&mill_model_lock, 0},    {&mill_model_rwlock, 0},      {&mill_model_event, 0},  {&mill_model_barrier, 2},
    {&mill_model_future, 0},
};

/* The calls without those of unit `which`. */
static size_t without_unit(const struct mill_units *units, const struct mill_call *calls, size_t count,
                           size_t which, struct mill_call *left)
{
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        if (units->of[i] != which) {
            left[used++] = calls[i];
        }
    }
    return used;
}

/* Returns how many units could be left away; each must leave the history linearizable. */
static size_t leave_each_unit_away(const struct mill_model *model, struct mill_call *calls, size_t count,
                                   bool together)
{
    struct mill_counterexample whole = {.calls = calls, .count = count};
    struct mill_units units;
    assert_int_equal(mill_units_open(&units, model, &whole, together), 0);
    size_t found = units.count;
    for (size_t i = 0; i < units.count; i++) {
        struct mill_call left[small_calls_max];
        size_t used = without_unit(&units, calls, count, i, left);
        assert_true(used < count);
        if (!linearizable_by_all_orders(model, left, used)) {
            fail_msg("%s: a right history became wrong, without unit %zu of %zu", model->name, i,
                     units.count);
        }
    }
    mill_units_close(&units);
    return found;
}

static void a_right_history_stays_right_without_what_may_go(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
        struct mill_model model = *subjects[i].model;
        struct mill_random random;
        size_t alone = 0, together = 0;
        model.parameter = subjects[i].parameter;
        mill_random_seed(&random, SEED, i);
        for (unsigned j = 0; j < histories; j++) {
            struct mill_call calls[small_calls_max];
            size_t count = random_history(&random, &model, 2 + j % 2, 2 + j % (small_calls_max - 1), calls);
            if (linearizable_by_all_orders(&model, calls, count)) {
                alone += leave_each_unit_away(&model, calls, count, false);
                together += leave_each_unit_away(&model, calls, count, true);
            }
        }
        print_message("%-12s seed %" PRIu64 ": %zu could go alone, %zu together\n", model.name, SEED, alone,
                      together);
        assert_true(!model.leaving || alone > 0);
    }
}

/* Is it wrong from where it begins, by all orders? */
static bool example_is_right(const struct mill_model *model, const struct mill_counterexample *example)
{
    struct all_orders all = {.model = model, .calls = example->calls, .count = example->count};
    struct model_state_here state = begin_here(model);
    if (example->begun) {
        state.count = example->from.count;
        memcpy(state.words, example->from.words, state.count * sizeof *state.words);
    }
    return some_order_works(&all, &state);
}

static void what_is_left_of_a_wrong_history_is_wrong(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
        struct mill_model model = *subjects[i].model;
        struct mill_random random;
        size_t found = 0, before = 0, after = 0;
        model.parameter = subjects[i].parameter;
        mill_random_seed(&random, SEED + 1, i);
        for (unsigned j = 0; j < histories; j++) {
            struct mill_call calls[small_calls_max];
            struct mill_counterexample example;
            size_t count = random_history(&random, &model, 2 + j % 3, 3 + j % (small_calls_max - 2), calls);
            bool right = linearizable_by_all_orders(&model, calls, count);
            int status = mill_counterexample_make(&model, calls, count, 0, NULL, &example, NULL);
            assert_int_equal(status, right ? -ENOENT : 0);
            if (!right) {
                assert_false(example_is_right(&model, &example));
                assert_true(example.smallest);
                assert_int_equal(example.whole, count);
                found++;
                before += count;
                after += example.count;
                mill_counterexample_free(&example);
            }
        }
        print_message("%-12s seed %" PRIu64 ": %zu wrong, %zu calls became %zu\n", model.name, SEED + 1,
                      found, before, after);
        assert_true(found > 0 && after < before);
    }
}

/* ---- words ---- */

#define CALL(who, what, first, answer, from, until)                                              \
    {                                                                                            \
        .thread = (who), .operation = MILL_CALL_##what, .argument = (first), .result = (answer), \
        .invoked = (from), .returned = (until)                                                   \
    }

static int keep(void *context, const char *line, size_t size)
{
    mill_text_add(context, "%.*s", (int)size, line);
    return 0;
}

static void assert_printed(const struct mill_model *model, const struct mill_call *calls, size_t count,
                           const char *expected)
{
    struct mill_counterexample example;
    struct mill_text text = {0};
    assert_int_equal(mill_counterexample_make(model, calls, count, 0, NULL, &example, NULL), 0);
    assert_int_equal(mill_counterexample_print(model, &example, keep, &text), 0);
    assert_string_equal(text.text, expected);
    mill_text_free(&text);
    mill_counterexample_free(&example);
}

static void items_that_came_out_in_the_wrong_order_are_shown(void **state)
{
    static const struct mill_call calls[] = {
        CALL(0, QUEUE_PUT, 7, 0, 1, 2),
        CALL(1, QUEUE_GET, 0, 7, 3, 4),
        CALL(0, QUEUE_PUT, 1, 0, 5, 6),
        CALL(0, QUEUE_PUT, 2, 0, 7, 8),
        CALL(2, QUEUE_PUT, 8, 0, 7, 30),
        CALL(1, QUEUE_GET, 0, 2, 9, 10),
        CALL(0, QUEUE_GET, 0, 1, 11, 12),
        CALL(0, QUEUE_GET, 0, 8, 13, 14),
        CALL(1, QUEUE_TRY_GET, 0, -EAGAIN, 15, 16),
    };
    (void)state;
    assert_printed(&mill_model_queue, calls, sizeof calls / sizeof calls[0],
                   "queue 0 is not linearizable: 3 of 9 calls show it\n"
                   "      T0            T1\n"
                   "   1  ─ put(1) → 0\n"
                   "   2  ─ put(2) → 0\n"
                   "   3                ─ get() → 2\n"
                   "The longest order that works (queue is empty at the beginning):\n"
                   "   1  T0 put(1) → 0                   queue holds 1\n"
                   "   2  T0 put(2) → 0                   queue holds 1, 2\n"
                   "Then it cannot go on. Of what may be next:\n"
                   "      T1 get() → 2: does not fit\n");
}

/* Fifty increments, and then one that is lost. */
static void a_long_beginning_is_told_by_where_it_led(void **state)
{
    struct mill_call calls[53];
    (void)state;
    for (unsigned i = 0; i < 50; i++) {
        calls[i] = (struct mill_call)CALL(i % 2, COUNTER_INCREMENT, 0, 0, 2 * i + 1, 2 * i + 2);
    }
    calls[50] = (struct mill_call)CALL(0, COUNTER_ADD_AND_FETCH, 1, 51, 201, 204);
    calls[51] = (struct mill_call)CALL(1, COUNTER_ADD_AND_FETCH, 1, 51, 202, 203);
    calls[52] = (struct mill_call)CALL(2, COUNTER_READ, 0, 51, 205, 206);
    assert_printed(&mill_model_counter, calls, 53,
                   "counter 0 is not linearizable: 2 of 53 calls show it\n"
                   "      T0                       T1\n"
                   "   1  ┌ add_and_fetch(1)\n"
                   "   2  │                        ─ add_and_fetch(1) → 51\n"
                   "   3  └ 51\n"
                   "The longest order that works (counter is 50 at the beginning):\n"
                   "   1  T1 add_and_fetch(1) → 51                   counter is 51\n"
                   "Then it cannot go on. Of what may be next:\n"
                   "      T0 add_and_fetch(1) → 51: does not fit\n");
}

static void points_and_pending_calls_are_shown(void **state)
{
    static const struct mill_call calls[] = {
        CALL(3, BARRIER_WAIT, 0, 1, 1, 5),
        CALL(10, BARRIER_WAIT, 0, 1, 2, 4),
        CALL(4, BARRIER_WAIT, 0, 0, 3, 6),
    };
    struct mill_model model = mill_model_barrier;
    (void)state;
    model.parameter = 3;
    assert_printed(&model, calls, 3,
                   "barrier 0 is not linearizable: 3 of 3 calls show it\n"
                   "      T3          T4          T10\n"
                   "   1  ┌ wait()\n"
                   "   2  │                       ┌ wait()\n"
                   "   3  │           ┌ wait()    │\n"
                   "   4  │           │           └ 1\n"
                   "   5  └ 1         │\n"
                   "                  ┊ pending\n"
                   "The longest order that works (barrier is whole at the beginning):\n"
                   "   1  T10 wait() → 1 (1 of 2)       barrier is whole, T10 waits for 3 in all\n"
                   "   2  T3 wait() → 1 (1 of 2)        barrier is whole, T3 waits, T10 waits for 3 in all\n"
                   "   3  T4 wait() → pending (1 of 2)  barrier is whole, T3 may go, T4 may go, T10 may go\n"
                   "   4  T10 wait() → 1 (2 of 2)       barrier is whole, T3 may go, T4 may go\n"
                   "Then it cannot go on. Of what may be next:\n"
                   "      T3 wait() → 1: does not fit\n"
                   "      T4 wait() → pending: changes nothing now\n");
}

/* ---- what is refused, and given up ---- */

static int refuse(void *context, const char *line, size_t size)
{
    (void)line;
    (void)size;
    unsigned *left = context;
    return (*left)-- > 0 ? 0 : -EIO;
}

static void a_writer_that_fails_ends_the_printing(void **state)
{
    static const struct mill_call calls[] = {CALL(0, QUEUE_GET, 0, 2, 1, 2)};
    struct mill_counterexample example;
    unsigned lines = 0;
    (void)state;
    assert_int_equal(mill_counterexample_make(&mill_model_queue, calls, 1, 0, NULL, &example, NULL), 0);
    for (unsigned until = 0;; until++) {
        lines = until;
        int status = mill_counterexample_print(&mill_model_queue, &example, refuse, &lines);
        if (status == 0) {
            assert_int_equal(until, 6);
            break;
        }
        assert_int_equal(status, -EIO);
    }
    assert_int_equal(mill_counterexample_print(&mill_model_queue, &example, NULL, NULL), -EINVAL);
    mill_counterexample_free(&example);
}

static void what_makes_no_example_is_refused(void **state)
{
    static const struct mill_call calls[] = {CALL(0, QUEUE_GET, 0, 2, 1, 2), CALL(0, QUEUE_PUT, 2, 0, 1, 2)};
    static const struct mill_linearizability_limits none = {0, 1};
    struct mill_counterexample example;
    struct mill_error error;
    (void)state;
    assert_int_equal(mill_counterexample_make(&mill_model_queue, calls, 2, 0, NULL, &example, &error),
                     -EINVAL);
    assert_int_equal(mill_counterexample_make(&mill_model_queue, calls, 1, 0, &none, &example, &error),
                     -EINVAL);
    assert_int_equal(mill_counterexample_make(&mill_model_queue, calls, 1, 0, NULL, NULL, &error), -EINVAL);
    assert_int_equal(mill_counterexample_make(&mill_model_queue, calls, 1, 5, NULL, &example, &error),
                     -ENOENT);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_right_history_stays_right_without_what_may_go),
        cmocka_unit_test(what_is_left_of_a_wrong_history_is_wrong),
        cmocka_unit_test(items_that_came_out_in_the_wrong_order_are_shown),
        cmocka_unit_test(a_long_beginning_is_told_by_where_it_led),
        cmocka_unit_test(points_and_pending_calls_are_shown),
        cmocka_unit_test(a_writer_that_fails_ends_the_printing),
        cmocka_unit_test(what_makes_no_example_is_refused),
    };
    return cmocka_run_group_tests_name("counterexample", tests, NULL, NULL);
}
