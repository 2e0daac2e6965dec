/* Histories for tests: small random ones of any model, and a checker that tries all orders and knows no
 * trick. Included by tests.
 */
#ifndef MILL_MEASURE_TEST_HISTORIES_H
#define MILL_MEASURE_TEST_HISTORIES_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/random.h"
#include "measure/model.h"

enum { small_calls_max = 8, small_words_max = 64 };

struct model_state_here {
    size_t count;
    int64_t words[small_words_max];
};

/* One step of the model on a state that is kept by value. A refused step must leave the state as it was. */
static bool step_here(const struct mill_model *model, struct model_state_here *state,
                      const struct mill_call *call, unsigned point)
{
    struct model_state_here before = *state;
    struct mill_model_state view = {state->count, state->words};
    struct mill_model_step step = {call, point, {0, UINT64_MAX}};
    bool done = model->step(model, &view, &step);
    state->count = view.count;
    assert_true(state->count <= small_words_max);
    if (!done) {
        assert_int_equal(state->count, before.count);
        assert_memory_equal(state->words, before.words, before.count * sizeof *before.words);
    }
    return done;
}

static struct model_state_here begin_here(const struct mill_model *model)
{
    struct model_state_here state = {0};
    struct mill_model_state view = {0, state.words};
    assert_true(model->room(model, small_calls_max) <= small_words_max);
    model->begin(model, &view);
    state.count = view.count;
    return state;
}

/* ---- all orders ---- */

struct all_orders {
    const struct mill_model *model;
    const struct mill_call *calls;
    size_t count;
    unsigned points_done[small_calls_max];
};

static bool is_whole(const struct all_orders *all, size_t call)
{
    return all->points_done[call] == mill_model_points(all->model, &all->calls[call]);
}

static bool may_be_next(const struct all_orders *all, size_t call)
{
    for (size_t i = 0; i < all->count; i++) {
        if (!is_whole(all, i) && all->calls[i].returned < all->calls[call].invoked) {
            return false;
        }
    }
    return !is_whole(all, call);
}

static bool some_order_works(struct all_orders *all, const struct model_state_here *state)
{
    bool open = false;
    for (size_t i = 0; i < all->count; i++) {
        open |= !is_whole(all, i) && !mill_call_is_pending(&all->calls[i]);
    }
    for (size_t i = 0; open && i < all->count; i++) {
        struct model_state_here next = *state;
        if (!may_be_next(all, i) || !step_here(all->model, &next, &all->calls[i], all->points_done[i])) {
            continue;
        }
        all->points_done[i]++;
        open = !some_order_works(all, &next);
        all->points_done[i]--;
    }
    return !open;
}

static bool linearizable_by_all_orders(const struct mill_model *model, const struct mill_call *calls,
                                       size_t count)
{
    struct all_orders all = {.model = model, .calls = calls, .count = count};
    struct model_state_here state = begin_here(model);
    assert_true(count <= small_calls_max);
    return some_order_works(&all, &state);
}

/* ---- random histories ---- */

/* Results that some operation of some model can have. */
static const int64_t some_results[] = {0,          1,      2,          3,      -EAGAIN,
                                       -ETIMEDOUT, -EPIPE, -ECANCELED, -EBUSY, -EALREADY};
enum { some_results_count = sizeof some_results / sizeof some_results[0] };

/* `count` calls of `threads` threads, with stamps from 1 on and no results yet: at each moment one thread
 * calls or returns. Some calls stay pending. Returns how many there are. */
static size_t random_calls(struct mill_random *random, const struct mill_model *model, unsigned threads,
                           size_t count, struct mill_call *calls)
{
    size_t open[8]; /* its call + 1 */
    size_t made = 0, under_way = 0;
    memset(open, 0, sizeof open);
    assert_true(threads <= 8);
    for (uint64_t stamp = 1; made < count || under_way > 0; stamp++) {
        unsigned thread = (unsigned)mill_random_below(random, threads);
        if (open[thread] > 0) {
            calls[open[thread] - 1].returned = stamp;
            open[thread] = 0;
            under_way--;
        } else if (made < count) {
            calls[made] = (struct mill_call){
                .thread = thread,
                .operation = (unsigned)mill_random_below(random, model->operation_count),
                .argument = (int64_t)mill_random_below(random, 4),
                .second = (int64_t)mill_random_below(random, 4),
                .invoked = stamp,
                .returned = MILL_PENDING,
            };
            made++;
            if (mill_random_below(random, 12) > 0) {
                open[thread] = made;
                under_way++;
            }
        }
    }
    return made;
}

/* Gives the call a result with which the model lets it take effect, or none: then it becomes pending. */
static void answer_somehow(struct mill_random *random, struct all_orders *all, struct mill_call *call,
                           struct model_state_here *state)
{
    size_t which = (size_t)(call - all->calls);
    uint64_t from = mill_random_below(random, some_results_count);
    bool first = all->points_done[which] == 0;
    for (size_t i = 0; i < some_results_count; i++) {
        if (first || all->points_done[which] + 1 == mill_model_points(all->model, call)) {
            call->result = some_results[(from + i) % some_results_count];
        }
        if (step_here(all->model, state, call, all->points_done[which])) {
            all->points_done[which]++;
            return;
        }
    }
    all->points_done[which] = mill_model_points(all->model, call);
    call->returned = MILL_PENDING;
}

/* Results from one random order in which the calls take effect: it is linearizable, mostly (a call that
 * became pending half way, or one that others should have waited for, may make it not so). */
static void random_results(struct mill_random *random, const struct mill_model *model,
                           struct mill_call *calls, size_t count)
{
    struct all_orders all = {.model = model, .calls = calls, .count = count};
    struct model_state_here state = begin_here(model);
    for (size_t left = count; left > 0;) {
        size_t which = (size_t)mill_random_below(random, count);
        if (may_be_next(&all, which)) {
            answer_somehow(random, &all, &calls[which], &state);
            left -= is_whole(&all, which);
        }
    }
}

/* In a third of them one result is changed. */
static size_t random_history(struct mill_random *random, const struct mill_model *model, unsigned threads,
                             size_t count, struct mill_call *calls)
{
    count = random_calls(random, model, threads, count, calls);
    random_results(random, model, calls, count);
    if (count > 0 && mill_random_below(random, 3) == 0) {
        calls[mill_random_below(random, count)].result =
            some_results[mill_random_below(random, some_results_count)];
    }
    return count;
}

#endif
