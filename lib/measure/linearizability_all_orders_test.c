/* The search beside a checker that tries all orders, on small random histories of every model. */
#include <inttypes.h>
#include <stdio.h>

#include "core/sanitizer.h"
#include "measure/linearizability.h"
#include "measure/test_histories.h"

#define SEED UINT64_C(20261121)

enum {
    histories = MILL_UNDER_TSAN || MILL_UNDER_ASAN ? 600 : 4000, /* of each model */
};

struct subject {
    const struct mill_model *model;
    int64_t parameter;
    bool loose;
};

static const struct subject subjects[] = {
    {&mill_model_counter, 0, false},     {&mill_model_register, 1, false}, {&mill_model_cached, 1, false},
    {&mill_model_queue, 0, false},       {&mill_model_queue, 2, false},    {&mill_model_queue, 1, true},
    {&mill_model_drop_oldest, 2, false}, {&mill_model_stack, 0, false},    {&mill_model_stack, 2, false},
    {&mill_model_lock, 0, false},        {&mill_model_lock, 0, true},      {&mill_model_rwlock, 0, false},
    {&mill_model_event, 0, false},       {&mill_model_barrier, 2, false},  {&mill_model_barrier, 3, false},
    {&mill_model_future, 0, false},
};

static void print_history(const struct mill_model *model, const struct mill_call *calls, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct mill_text text = {0};
        mill_model_print_call(model, &calls[i], &text);
        mill_text_add(&text, " → ");
        mill_model_print_answer(model, &calls[i], &text);
        print_error("T%u %s  [%" PRIu64 ", %" PRIu64 "]\n", calls[i].thread, text.text, calls[i].invoked,
                    calls[i].returned);
        mill_text_free(&text);
    }
}

/* Returns whether it was linearizable; fails when the two do not agree. */
static bool both_agree(const struct mill_model *model, const struct mill_call *calls, size_t count)
{
    struct mill_linearizability result;
    struct mill_error error;
    bool expected = linearizable_by_all_orders(model, calls, count);
    assert_int_equal(mill_linearizability_check(model, calls, count, NULL, &result, &error), 0);
    if (result.verdict != (expected ? MILL_LINEARIZABLE : MILL_NOT_LINEARIZABLE)) {
        print_history(model, calls, count);
        fail_msg("%s: the search says %s, all orders %s", model->name,
                 mill_history_verdict_name(result.verdict), expected ? "linearizable" : "not");
    }
    return expected;
}

static void the_search_agrees_with_all_orders(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof subjects / sizeof subjects[0]; i++) {
        struct mill_model model = *subjects[i].model;
        model.parameter = subjects[i].parameter;
        model.loose_refusals = subjects[i].loose;
        struct mill_random random;
        mill_random_seed(&random, SEED, i);
        unsigned right = 0, wrong = 0;
        for (unsigned j = 0; j < histories; j++) {
            struct mill_call calls[small_calls_max];
            unsigned threads = 2 + (unsigned)mill_random_below(&random, 3);
            size_t count = 1 + (size_t)mill_random_below(&random, small_calls_max - 1);
            count = random_history(&random, &model, threads, count, calls);
            if (both_agree(&model, calls, count)) {
                right++;
            } else {
                wrong++;
            }
        }
        print_message("%-12s %5" PRId64 "  seed %" PRIu64 ": %u linearizable, %u not\n", model.name,
                      model.parameter, SEED, right, wrong);
        assert_true(right > histories / 20 && wrong > histories / 20);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {cmocka_unit_test(the_search_agrees_with_all_orders)};
    return cmocka_run_group_tests_name("linearizability_all_orders", tests, NULL, NULL);
}
