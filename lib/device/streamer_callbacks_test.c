#include "device/streamer.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "device/delivery.h"
#include "device/test_streamer_rig.h"

/* ---- who is called ---- */

struct order {
    atomic_uint *turn;
    unsigned seen;
    pthread_t thread;
};

static void note_turn(void *context, const struct mill_stream_sample *sample)
{
    struct order *order = context;
    (void)sample;
    order->seen = ++*order->turn;
    order->thread = pthread_self();
}

static void direct_callbacks_are_called_one_after_the_other(void **state)
{
    (void)state;
    struct rig rig;
    atomic_uint turn = 0;
    struct order orders[5];
    unsigned id;
    open_default(&rig);
    for (unsigned i = 0; i < 5; i++) {
        orders[i] = (struct order){.turn = &turn};
        assert_int_equal(mill_streamer_subscribe(rig.streamer, note_turn, &orders[i], &id), 0);
    }
    start(&rig);
    put_sample(&rig);
    await_samples(&rig, 1);
    for (unsigned i = 0; i < 5; i++) {
        assert_int_equal(orders[i].seen, i + 1);
        assert_true(pthread_equal(orders[i].thread, orders[0].thread));
        assert_false(pthread_equal(orders[i].thread, pthread_self()));
    }
    close_rig(&rig);
}

static void who_subscribes_later_gets_what_comes_later(void **state)
{
    (void)state;
    struct rig rig;
    struct listener early = LISTENER;
    struct listener late = LISTENER;
    open_default(&rig);
    unsigned id = subscribe(&rig, &early);
    start(&rig);
    put_samples(&rig, 3);
    await_samples(&rig, 3);
    subscribe(&rig, &late);
    put_samples(&rig, 2);
    await_samples(&rig, 5);
    assert_int_equal(mill_streamer_unsubscribe(rig.streamer, id), 0);
    assert_int_equal(mill_streamer_unsubscribe(rig.streamer, id), -ENOENT);
    put_samples(&rig, 2);
    await_samples(&rig, 7);
    assert_int_equal(early.calls, 5);
    assert_int_equal(late.calls, 4);
    close_rig(&rig);
}

struct guest {
    struct rig *rig;
    struct listener *listener;
    unsigned own_id;
    unsigned listener_id;
    unsigned calls;
    int statuses[6];
};

static void come_back(void *context, const struct mill_stream_sample *sample)
{
    struct guest *guest = context;
    struct mill_streamer *streamer = guest->rig->streamer;
    guest->calls++;
    if (sample->number == 1) {
        guest->statuses[0] =
            mill_streamer_subscribe(streamer, listen_to, guest->listener, &guest->listener_id);
    } else if (sample->number == 3) {
        guest->statuses[1] = mill_streamer_unsubscribe(streamer, guest->listener_id);
        guest->statuses[2] = mill_streamer_unsubscribe(streamer, guest->own_id);
        guest->statuses[3] = mill_streamer_stop(streamer, MILL_FOREVER);
        guest->statuses[4] = mill_streamer_await(streamer, 100, MILL_FOREVER);
        guest->statuses[5] = mill_streamer_settle(streamer, MILL_FOREVER);
    }
}

static void callbacks_may_come_back(void **state)
{
    (void)state;
    struct rig rig;
    struct listener listener = LISTENER;
    struct guest guest = {.rig = &rig, .listener = &listener};
    open_default(&rig);
    assert_int_equal(mill_streamer_subscribe(rig.streamer, come_back, &guest, &guest.own_id), 0);
    start(&rig);
    put_samples(&rig, 5);
    await_samples(&rig, 5);
    assert_int_equal(guest.calls, 3);
    assert_int_equal(listener.calls, 1); /* the second; with the third it was told to leave before its turn */
    assert_int_equal(guest.statuses[0], 0);
    assert_int_equal(guest.statuses[1], 0);
    assert_int_equal(guest.statuses[2], 0);
    assert_int_equal(guest.statuses[3], -EDEADLK);
    assert_int_equal(guest.statuses[4], -EDEADLK);
    assert_int_equal(guest.statuses[5], -EDEADLK);
    close_rig(&rig);
}

static void settle_waits_for_a_call_at_work(bool queued)
{
    struct rig rig;
    struct listener listener = LISTENER;
    open_default(&rig);
    listener.shut = true;
    unsigned id = queued ? subscribe_queued(&rig, &listener) : subscribe(&rig, &listener);
    start(&rig);
    put_samples(&rig, 2);
    await_inside(&listener);
    assert_int_equal(mill_streamer_settle(rig.streamer, 0), 0); /* it has not left */
    assert_int_equal(mill_streamer_unsubscribe(rig.streamer, id), 0);
    assert_int_equal(mill_streamer_settle(rig.streamer, 0), -ETIMEDOUT);
    assert_int_equal(mill_streamer_settle(rig.streamer, MILL_NS_PER_MS), -ETIMEDOUT);
    assert_int_equal(mill_streamer_settle(rig.streamer, -1), -EINVAL);
    set_gate(&listener, false);
    assert_int_equal(mill_streamer_settle(rig.streamer, MILL_TEST_PATIENCE_NS), 0);
    await_samples(&rig, 2);
    assert_int_equal(listener.calls, 1); /* what waited is not delivered */
    close_rig(&rig);
}

static void settle_waits(void **state)
{
    (void)state;
    settle_waits_for_a_call_at_work(false);
    settle_waits_for_a_call_at_work(true);
}

/* ---- who is slow ---- */

static void be_slow(void *context, const struct mill_stream_sample *sample)
{
    (void)context;
    (void)sample;
    mill_sleep_until(mill_now_ns() + 20 * MILL_NS_PER_MS);
}

/* It is the first whose own time is long, and the second that is called late. Lower bounds alone. */
static void histograms_tell_who_delays_whom(void **state)
{
    (void)state;
    struct rig rig;
    struct listener listener = LISTENER;
    struct mill_streamer_callback slow = {0};
    struct mill_streamer_callback late = {0};
    struct mill_histogram *lag;
    unsigned id;
    open_default(&rig);
    assert_int_equal(mill_histogram_create(&slow.busy), 0);
    assert_int_equal(mill_histogram_create(&late.delay), 0);
    assert_int_equal(mill_histogram_create(&lag), 0);
    assert_int_equal(mill_streamer_subscribe(rig.streamer, be_slow, NULL, &id), 0);
    unsigned late_id = subscribe(&rig, &listener);
    start(&rig);
    put_samples(&rig, 5);
    await_samples(&rig, 5);
    assert_int_equal(mill_streamer_callback(rig.streamer, id, &slow), 0);
    assert_int_equal(mill_streamer_callback(rig.streamer, late_id, &late), 0);
    assert_int_equal(slow.calls, 5);
    assert_int_equal(slow.busy->count, 5);
    assert_true(slow.busy->minimum >= 20 * MILL_NS_PER_MS);
    assert_int_equal(late.delay->count, 5);
    assert_true(late.delay->minimum >= 20 * MILL_NS_PER_MS);
    mill_streamer_lag(rig.streamer, lag);
    assert_int_equal(lag->count, 5);
    assert_int_equal(mill_streamer_callback(rig.streamer, 77, &late), -ENOENT);
    assert_int_equal(mill_streamer_callback(rig.streamer, id, NULL), -EINVAL);
    mill_histogram_destroy(slow.busy);
    mill_histogram_destroy(late.delay);
    mill_histogram_destroy(lag);
    close_rig(&rig);
}

static void a_queued_callback_loses_its_oldest_alone(void **state)
{
    (void)state;
    struct rig rig;
    struct listener slow = LISTENER;
    struct listener fast = LISTENER;
    struct mill_streamer_callback seen = {0};
    open_rig(&rig, &(struct mill_line_feed_plan){.interval_ms = 10},
             &(struct mill_streamer_plan){.capacity = 4});
    slow.shut = true;
    unsigned id = subscribe_queued(&rig, &slow);
    subscribe(&rig, &fast);
    start(&rig);
    put_sample(&rig);
    await_inside(&slow);
    put_samples(&rig, 50);
    await_samples(&rig, 51);
    assert_int_equal(fast.calls, 51); /* the stream has not waited */
    assert_int_equal(mill_streamer_callback(rig.streamer, id, &seen), 0);
    assert_int_equal(seen.dropped, 46); /* one is in hand, four wait */
    set_gate(&slow, false);
    mill_streamer_destroy(rig.streamer); /* delivers what waits */
    rig.streamer = NULL;
    assert_int_equal(slow.calls, 5);
    assert_int_equal(slow.disorder, 0);
    assert_int_equal(slow.last, 51);
    assert_false(pthread_equal(slow.thread, fast.thread));
    close_rig(&rig);
}

/* ---- many ---- */

static void there_is_room_for_so_many(void **state)
{
    (void)state;
    struct rig rig;
    struct listener listener = LISTENER;
    unsigned ids[MILL_STREAMER_CALLBACKS_MAX];
    unsigned id;
    open_default(&rig);
    for (unsigned i = 0; i < MILL_STREAMER_CALLBACKS_MAX; i++) {
        ids[i] = i % 8 == 0 ? subscribe_queued(&rig, &listener) : subscribe(&rig, &listener);
    }
    assert_int_equal(mill_streamer_subscribe(rig.streamer, listen_to, &listener, &id), -ENOSPC);
    assert_int_equal(mill_streamer_subscribe_queued(rig.streamer, listen_to, &listener, &id), -ENOSPC);
    assert_int_equal(mill_streamer_unsubscribe(rig.streamer, ids[1]), 0);
    assert_int_equal(mill_streamer_subscribe(rig.streamer, listen_to, &listener, &id), 0);
    assert_true(id > ids[MILL_STREAMER_CALLBACKS_MAX - 1]);
    assert_int_equal(mill_streamer_unsubscribe(rig.streamer, ids[0]), 0);
    /* its thread has to end first */
    uint64_t end = mill_now_ns() + MILL_TEST_PATIENCE_NS;
    while (mill_streamer_subscribe_queued(rig.streamer, listen_to, &listener, &id) == -ENOSPC) {
        assert_true(mill_now_ns() < end);
        mill_sleep_until(mill_now_ns() + MILL_NS_PER_MS);
    }
    close_rig(&rig);
}

#define VISITS 200u

static void *come_and_go(void *context)
{
    struct rig *rig = context;
    for (unsigned i = 0; i < VISITS; i++) {
        struct listener listener = LISTENER;
        struct mill_streamer_callback seen = {0};
        unsigned id;
        int status = i % 4 == 0 ? mill_streamer_subscribe_queued(rig->streamer, listen_to, &listener, &id)
                                : mill_streamer_subscribe(rig->streamer, listen_to, &listener, &id);
        if (status == 0) {
            mill_streamer_callback(rig->streamer, id, &seen);
            mill_streamer_unsubscribe(rig->streamer, id);
            mill_streamer_settle(rig->streamer, MILL_FOREVER); /* then the listener may go */
        }
        if (status < 0 && status != -ENOSPC) {
            return rig;
        }
    }
    return NULL;
}

/* Their contexts stand on stacks that go on: AddressSanitizer sees a call that comes too late. */
static void the_stream_goes_on_while_others_come_and_go(void **state)
{
    (void)state;
    enum { THREADS = 4 };
    struct rig rig;
    struct listener listener = LISTENER;
    pthread_t threads[THREADS];
    open_default(&rig);
    subscribe(&rig, &listener);
    start(&rig);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, come_and_go, &rig), 0);
    }
    put_samples(&rig, 500);
    for (unsigned i = 0; i < THREADS; i++) {
        void *failed;
        pthread_join(threads[i], &failed);
        assert_null(failed);
    }
    await_samples(&rig, 500);
    assert_int_equal(listener.calls, 500);
    assert_int_equal(listener.disorder, 0);
    close_rig(&rig);
}

static void deliveries_are_found_by_name(void **state)
{
    (void)state;
    struct rig rig;
    struct listener listener = LISTENER;
    unsigned id;
    open_default(&rig);
    assert_int_equal(mill_delivery_ops_find("inline")->subscribe(rig.streamer, listen_to, &listener, &id), 0);
    assert_int_equal(mill_delivery_ops_find("queued")->subscribe(rig.streamer, listen_to, &listener, &id), 0);
    assert_null(mill_delivery_ops_find("locked"));
    start(&rig);
    put_samples(&rig, 3);
    await_samples(&rig, 3);
    mill_streamer_destroy(rig.streamer);
    rig.streamer = NULL;
    assert_int_equal(listener.calls, 6);
    close_rig(&rig);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(direct_callbacks_are_called_one_after_the_other),
        cmocka_unit_test(who_subscribes_later_gets_what_comes_later),
        cmocka_unit_test(callbacks_may_come_back),
        cmocka_unit_test(settle_waits),
        cmocka_unit_test(histograms_tell_who_delays_whom),
        cmocka_unit_test(a_queued_callback_loses_its_oldest_alone),
        cmocka_unit_test(there_is_room_for_so_many),
        cmocka_unit_test(the_stream_goes_on_while_others_come_and_go),
        cmocka_unit_test(deliveries_are_found_by_name),
    };
    return cmocka_run_group_tests_name("device/streamer_callbacks", tests, NULL, NULL);
}
