#include "measure/history.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

static struct mill_history *make(unsigned threads, size_t capacity)
{
    struct mill_history *history = NULL;
    assert_int_equal(mill_history_create(threads, capacity, MILL_STAMPS_PLAIN, NULL, &history), 0);
    return history;
}

static void a_history_of_nothing_is_refused(void **state)
{
    (void)state;
    struct mill_history *history = NULL;
    struct mill_clock slow = {.counter = false};
    assert_int_equal(mill_history_create(0, 1, MILL_STAMPS_PLAIN, NULL, &history), -EINVAL);
    assert_int_equal(mill_history_create(1, 0, MILL_STAMPS_PLAIN, NULL, &history), -EINVAL);
    assert_int_equal(mill_history_create(1, 1, MILL_STAMPS_PLAIN, NULL, NULL), -EINVAL);
    assert_int_equal(mill_history_create(1, 1, (enum mill_stamps)7, NULL, &history), -EINVAL);
    assert_int_equal(mill_history_create(1, 1, MILL_STAMPS_TICKS, NULL, &history), -EINVAL);
    assert_int_equal(mill_history_create(1, 1, MILL_STAMPS_TICKS, &slow, &history), -ENOTSUP);
    assert_int_equal(mill_history_create(1, SIZE_MAX / 8, MILL_STAMPS_PLAIN, NULL, &history), -ENOMEM);
    assert_null(history);
    mill_history_destroy(NULL);
}

static void calls_come_out_by_their_invocation(void **state)
{
    (void)state;
    struct mill_history *history = make(2, 4);
    struct mill_calls calls;
    assert_int_equal(mill_history_call(history, 1, 5, 6, 7, 8), 0);
    assert_int_equal(mill_history_call(history, 0, 1, 2, 3, 4), 0);
    assert_int_equal(mill_history_return(history, 1, -9), 0);
    assert_int_equal(mill_history_return(history, 0, 10), 0);
    assert_int_equal(mill_history_collect(history, &calls), 0);
    assert_int_equal(calls.count, 2);
    assert_int_equal(calls.pending, 0);
    const struct mill_call *first = &calls.calls[0], *then = &calls.calls[1];
    assert_int_equal(first->thread, 1);
    assert_int_equal(first->operation, 5);
    assert_int_equal(first->object, 6);
    assert_int_equal(first->argument, 7);
    assert_int_equal(first->second, 8);
    assert_int_equal(first->result, -9);
    assert_int_equal(then->thread, 0);
    assert_int_equal(then->result, 10);
    assert_true(first->invoked < then->invoked);
    assert_true(then->invoked < first->returned);
    assert_true(first->returned < then->returned);
    mill_calls_free(&calls);
    mill_history_destroy(history);
}

static void a_call_without_a_return_is_pending(void **state)
{
    (void)state;
    struct mill_history *history = make(1, 4);
    struct mill_calls calls;
    assert_int_equal(mill_history_call(history, 0, 1, 0, 0, 0), 0); /* given up */
    assert_int_equal(mill_history_call(history, 0, 2, 0, 0, 0), 0);
    assert_int_equal(mill_history_return(history, 0, 1), 0);
    assert_int_equal(mill_history_call(history, 0, 3, 0, 0, 0), 0);
    assert_int_equal(mill_history_collect(history, &calls), 0);
    assert_int_equal(calls.count, 3);
    assert_int_equal(calls.pending, 2);
    assert_true(mill_call_is_pending(&calls.calls[0]));
    assert_false(mill_call_is_pending(&calls.calls[1]));
    assert_true(mill_call_is_pending(&calls.calls[2]));
    mill_calls_free(&calls);
    mill_history_destroy(history);
}

static void what_is_no_call_is_refused(void **state)
{
    (void)state;
    struct mill_history *history = make(1, 1);
    struct mill_calls calls;
    assert_int_equal(mill_history_return(history, 0, 1), -EINVAL);
    assert_int_equal(mill_history_return(history, 1, 1), -EINVAL);
    assert_int_equal(mill_history_call(history, 1, 0, 0, 0, 0), -EINVAL);
    assert_int_equal(mill_history_call(history, 0, 0, 0, 0, 0), 0);
    assert_int_equal(mill_history_return(history, 0, 1), 0);
    assert_int_equal(mill_history_return(history, 0, 2), -EINVAL);
    assert_int_equal(mill_history_collect(history, &calls), 0);
    assert_int_equal(calls.count, 1);
    assert_int_equal(calls.calls[0].result, 1);
    mill_calls_free(&calls);
    mill_history_destroy(history);
}

/* The second thread's log is full at its third call: what began before it stays, what was open is pending. */
static void a_full_log_ends_the_history_and_is_counted(void **state)
{
    (void)state;
    struct mill_history *history = make(2, 2);
    struct mill_calls calls;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(mill_history_call(history, 1, 0, 0, i, 0), 0);
        assert_int_equal(mill_history_return(history, 1, 0), 0);
    }
    assert_int_equal(mill_history_call(history, 0, 0, 0, 10, 0), 0);
    assert_int_equal(mill_history_call(history, 1, 0, 0, 2, 0), -ENOSPC);
    assert_int_equal(mill_history_return(history, 1, 0), -ENOSPC);
    assert_int_equal(mill_history_return(history, 1, 0), -EINVAL);
    assert_int_equal(mill_history_return(history, 0, 0), 0);
    assert_int_equal(mill_history_call(history, 0, 0, 0, 11, 0), 0);
    assert_int_equal(mill_history_return(history, 0, 0), 0);
    assert_int_equal(mill_history_call(history, 1, 0, 0, 3, 0), -ENOSPC);
    assert_int_equal(mill_history_collect(history, &calls), 0);
    assert_int_equal(calls.count, 3);
    assert_int_equal(calls.missed, 2);
    assert_int_equal(calls.cut, 1);
    assert_int_equal(calls.pending, 1);
    assert_int_equal(calls.calls[2].argument, 10);
    assert_true(mill_call_is_pending(&calls.calls[2]));
    mill_calls_free(&calls);
    mill_history_destroy(history);
}

static void a_history_without_calls_is_empty(void **state)
{
    (void)state;
    struct mill_history *history = make(3, 1);
    struct mill_calls calls;
    assert_int_equal(mill_history_collect(history, &calls), 0);
    assert_int_equal(calls.count + calls.pending + calls.cut + calls.missed, 0);
    mill_calls_free(&calls);
    mill_history_destroy(history);
}

static void a_history_that_is_reset_is_empty_and_usable(void **state)
{
    (void)state;
    struct mill_history *history = make(1, 1);
    struct mill_calls calls;
    for (int i = 0; i < 3; i++) {
        assert_int_equal(mill_history_call(history, 0, 0, 0, i, 0), 0);
        assert_int_equal(mill_history_call(history, 0, 0, 0, i, 0), -ENOSPC);
        assert_int_equal(mill_history_call_beside(history, 0, 0, 10 + i, 0), 0);
        assert_int_equal(mill_history_call_beside(history, 0, 0, 10 + i, 0), MILL_CALL_MISSED);
        assert_int_equal(mill_history_collect(history, &calls), 0);
        assert_int_equal(calls.count + calls.cut, 2);
        assert_int_equal(calls.missed, 2);
        assert_int_equal(calls.calls[0].argument, i);
        assert_int_equal(calls.calls[0].invoked, 1);
        mill_calls_free(&calls);
        mill_history_reset(history);
        assert_int_equal(mill_history_return(history, 0, 0), -EINVAL);
        assert_int_equal(mill_history_return_beside(history, 0, 0), -EINVAL);
        assert_int_equal(mill_history_collect(history, &calls), 0);
        assert_int_equal(calls.count + calls.cut + calls.missed, 0);
        mill_calls_free(&calls);
    }
    mill_history_destroy(history);
}

static void calls_beside_are_of_threads_of_their_own(void **state)
{
    (void)state;
    struct mill_history *history = make(2, 2);
    struct mill_calls calls;
    size_t first = mill_history_call_beside(history, 7, 1, 2, 3);
    size_t second = mill_history_call_beside(history, 8, 0, 0, 0);
    assert_int_equal(mill_history_return_beside(history, first, 9), 0);
    assert_int_equal(mill_history_return_beside(history, 2, 0), -EINVAL);
    assert_int_equal(mill_history_return_beside(history, 100, 0), -EINVAL);
    assert_int_equal(mill_history_collect(history, &calls), 0);
    assert_int_equal(calls.count, 2);
    assert_int_equal(calls.pending, 1);
    assert_int_equal(calls.calls[0].thread, 2);
    assert_int_equal(calls.calls[0].operation, 7);
    assert_int_equal(calls.calls[0].object, 1);
    assert_int_equal(calls.calls[0].argument, 2);
    assert_int_equal(calls.calls[0].second, 3);
    assert_int_equal(calls.calls[0].result, 9);
    assert_int_equal(calls.calls[1].thread, 2 + second);
    assert_true(mill_call_is_pending(&calls.calls[1]));
    mill_calls_free(&calls);
    mill_history_destroy(history);
}

/* There is room for four; what began before the fifth stays. */
static void what_finds_no_room_beside_ends_the_history(void **state)
{
    (void)state;
    struct mill_history *history = make(2, 2);
    struct mill_calls calls;
    for (int i = 0; i < 4; i++) {
        size_t call = mill_history_call_beside(history, 0, 0, i, 0);
        assert_int_equal(call, i);
        assert_int_equal(mill_history_return_beside(history, call, 0), 0);
    }
    assert_int_equal(mill_history_call_beside(history, 0, 0, 4, 0), MILL_CALL_MISSED);
    assert_int_equal(mill_history_return_beside(history, MILL_CALL_MISSED, 0), -ENOSPC);
    assert_int_equal(mill_history_call(history, 0, 0, 0, 5, 0), 0);
    assert_int_equal(mill_history_call_beside(history, 0, 0, 6, 0), MILL_CALL_MISSED);
    assert_int_equal(mill_history_collect(history, &calls), 0);
    assert_int_equal(calls.count, 4);
    assert_int_equal(calls.missed, 2);
    assert_int_equal(calls.cut, 1);
    mill_calls_free(&calls);
    mill_history_destroy(history);
}

static void a_call_may_learn_its_object_when_it_returns(void **state)
{
    (void)state;
    struct mill_history *history = make(1, 1);
    struct mill_calls calls;
    assert_int_equal(mill_history_return_of(history, 0, 5, 1), -EINVAL);
    assert_int_equal(mill_history_call(history, 0, 0, -1, 0, 0), 0);
    assert_int_equal(mill_history_return_of(history, 0, 5, 6), 0);
    assert_int_equal(mill_history_call(history, 0, 0, -1, 0, 0), -ENOSPC);
    assert_int_equal(mill_history_return_of(history, 0, 7, 8), -ENOSPC);
    assert_int_equal(mill_history_collect(history, &calls), 0);
    assert_int_equal(calls.count, 1);
    assert_int_equal(calls.calls[0].object, 5);
    assert_int_equal(calls.calls[0].result, 6);
    mill_calls_free(&calls);
    mill_history_destroy(history);
}

/* ---- stamps between threads ---- */

enum { turns = 2000 };

struct relay {
    struct mill_history *history;
    unsigned self;
    atomic_uint *turn;
};

/* Threads take turns; each turn is one call. */
/* Two calls of two threads that overlap, and one beside them; `change` names what is otherwise. */
static struct mill_fingerprint fingerprint_of(unsigned change)
{
    struct mill_history *history = make(2, 4);
    struct mill_fingerprint fingerprint;
    mill_history_call(history, change == 1, change == 2, change == 3, change == 4, change == 5);
    mill_history_call(history, change != 1, 0, 0, 0, 0);
    mill_history_return(history, change == 6, change == 7);
    mill_history_return(history, change != 6, 0);
    size_t beside = change == 8 ? MILL_CALL_MISSED : mill_history_call_beside(history, 0, 0, 0, 0);
    if (change != 9) {
        mill_history_return_beside(history, beside, 0);
    }
    assert_true(mill_history_fingerprint(history, &fingerprint));
    mill_history_destroy(history);
    return fingerprint;
}

static void recordings_that_differ_have_different_fingerprints(void **state)
{
    (void)state;
    struct mill_fingerprint of[10];
    for (unsigned i = 0; i < 10; i++) {
        of[i] = fingerprint_of(i);
        const struct mill_fingerprint again = fingerprint_of(i);
        assert_true(of[i].low == again.low && of[i].high == again.high);
        for (unsigned j = 0; j < i; j++) {
            assert_true(of[i].low != of[j].low);
            assert_true(of[i].high != of[j].high);
        }
    }
}

static void a_history_with_missed_calls_has_no_fingerprint(void **state)
{
    (void)state;
    struct mill_history *history = make(1, 1);
    struct mill_fingerprint fingerprint;
    mill_history_call(history, 0, 0, 0, 0, 0);
    assert_true(mill_history_fingerprint(history, &fingerprint));
    assert_int_equal(mill_history_call(history, 0, 0, 0, 0, 0), -ENOSPC);
    assert_false(mill_history_fingerprint(history, &fingerprint));
    mill_history_reset(history);
    mill_history_call_beside(history, 0, 0, 0, 0);
    assert_true(mill_history_fingerprint(history, &fingerprint));
    assert_int_equal(mill_history_call_beside(history, 0, 0, 0, 0), MILL_CALL_MISSED);
    assert_false(mill_history_fingerprint(history, &fingerprint));
    mill_history_destroy(history);
}

static void *take_turns(void *argument)
{
    struct relay *relay = argument;
    for (unsigned i = relay->self; i < turns; i += 2) {
        while (atomic_load(relay->turn) != i) {
            sched_yield();
        }
        mill_history_call(relay->history, relay->self, 0, 0, i, 0);
        mill_history_return(relay->history, relay->self, i);
        atomic_store(relay->turn, i + 1);
    }
    return NULL;
}

static void turns_are_stamped_in_their_order(enum mill_stamps stamps, const struct mill_clock *clock)
{
    struct mill_history *history = NULL;
    struct mill_calls calls;
    atomic_uint turn = 0;
    struct relay relays[2];
    pthread_t threads[2];
    assert_int_equal(mill_history_create(2, turns, stamps, clock, &history), 0);
    for (unsigned i = 0; i < 2; i++) {
        relays[i] = (struct relay){history, i, &turn};
        assert_int_equal(pthread_create(&threads[i], NULL, take_turns, &relays[i]), 0);
    }
    for (unsigned i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(mill_history_collect(history, &calls), 0);
    assert_int_equal(calls.count, turns);
    for (size_t i = 0; i < turns; i++) {
        assert_int_equal(calls.calls[i].argument, i);
        assert_true(calls.calls[i].invoked <= calls.calls[i].returned);
        assert_true(i == 0 || calls.calls[i - 1].returned <= calls.calls[i].invoked);
    }
    mill_calls_free(&calls);
    mill_history_destroy(history);
}

static void *call_beside(void *history)
{
    for (int i = 0; i < turns; i++) {
        size_t call = mill_history_call_beside(history, 0, 0, i, 0);
        mill_history_return_beside(history, call, i);
    }
    return NULL;
}

/* Two at once, with room for one and a half. */
static void calls_beside_take_different_places(void **state)
{
    (void)state;
    struct mill_history *history = NULL;
    struct mill_calls calls;
    pthread_t threads[2];
    assert_int_equal(mill_history_create(1, turns + turns / 2, MILL_STAMPS_COUNTER, NULL, &history), 0);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, call_beside, history), 0);
    }
    for (unsigned i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(mill_history_collect(history, &calls), 0);
    assert_int_equal(calls.count + calls.cut, turns + turns / 2);
    assert_int_equal(calls.missed, turns / 2);
    for (size_t i = 0; i < calls.count; i++) {
        const struct mill_call *call = &calls.calls[i];
        assert_true(mill_call_is_pending(call) || call->result == call->argument);
    }
    mill_calls_free(&calls);
    mill_history_destroy(history);
}

static void the_counter_orders_what_came_after_another(void **state)
{
    (void)state;
    turns_are_stamped_in_their_order(MILL_STAMPS_COUNTER, NULL);
}

static void the_best_stamps_order_what_came_after_another(void **state)
{
    (void)state;
    struct mill_clock clock;
    mill_clock_open(&clock);
    assert_int_equal(mill_stamps_best(&clock), clock.counter ? MILL_STAMPS_TICKS : MILL_STAMPS_COUNTER);
    turns_are_stamped_in_their_order(mill_stamps_best(&clock), &clock);
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_history_of_nothing_is_refused),
        cmocka_unit_test(calls_come_out_by_their_invocation),
        cmocka_unit_test(a_call_without_a_return_is_pending),
        cmocka_unit_test(what_is_no_call_is_refused),
        cmocka_unit_test(a_full_log_ends_the_history_and_is_counted),
        cmocka_unit_test(a_history_without_calls_is_empty),
        cmocka_unit_test(a_history_that_is_reset_is_empty_and_usable),
        cmocka_unit_test(calls_beside_are_of_threads_of_their_own),
        cmocka_unit_test(what_finds_no_room_beside_ends_the_history),
        cmocka_unit_test(a_call_may_learn_its_object_when_it_returns),
        cmocka_unit_test(recordings_that_differ_have_different_fingerprints),
        cmocka_unit_test(a_history_with_missed_calls_has_no_fingerprint),
        cmocka_unit_test(calls_beside_take_different_places),
        cmocka_unit_test(the_counter_orders_what_came_after_another),
        cmocka_unit_test(the_best_stamps_order_what_came_after_another),
    };
    return cmocka_run_group_tests_name("history", tests, NULL, NULL);
}
