#include "task/publisher.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "task/publisher_list.h"

#define CAPACITY 4u
#define SAMPLES  3000u

/* What one subscriber got. Plain members are its own until the publisher is closed. */
struct subscriber {
    struct bed *bed;
    unsigned id;
    uint64_t received;
    uint64_t first;
    uint64_t sum; /* of the numbers */
    bool disordered;
    atomic_bool held;   /* it waits inside its call … */
    atomic_uint inside; /* … and how often it has been there */
    unsigned place;     /* of its last call among all calls */
    int status;         /* of what it did within */
};

struct bed {
    struct mill_watch watch;
    struct mill_publisher *publisher;
    struct subscriber subscribers[3];
    atomic_uint calls;
    uint64_t sample;
};

static void take(void *context, uint64_t number, const void *sample)
{
    struct subscriber *subscriber = context;
    const uint64_t *value = sample;
    atomic_fetch_add_explicit(&subscriber->inside, 1, memory_order_relaxed);
    while (atomic_load_explicit(&subscriber->held, memory_order_relaxed)) {
        sched_yield();
    }
    subscriber->disordered = subscriber->disordered || *value != 10 * number ||
                             (subscriber->received > 0 && number <= subscriber->first);
    subscriber->first = subscriber->received == 0 ? number : subscriber->first;
    subscriber->received++;
    subscriber->sum += number;
    subscriber->place = atomic_fetch_add_explicit(&subscriber->bed->calls, 1, memory_order_relaxed);
}

static void make_bed(struct bed *bed, const struct mill_publisher_ops *ops)
{
    memset(bed, 0, sizeof *bed);
    assert_int_equal(mill_watch_open(&bed->watch, 4), 0);
    assert_int_equal(mill_watch_attach(&bed->watch, 0), 0);
    const struct mill_publisher_plan plan = {
        .sample_size = sizeof(uint64_t), .capacity = CAPACITY, .watch = &bed->watch};
    assert_int_equal(mill_publisher_create(ops, &plan, &bed->publisher), 0);
    for (unsigned i = 0; i < 3; i++) {
        bed->subscribers[i].bed = bed;
    }
}

static void clear_bed(struct bed *bed)
{
    mill_publisher_destroy(bed->publisher);
    mill_watch_close(&bed->watch);
}

static void subscribe(struct bed *bed, unsigned i)
{
    struct subscriber *subscriber = &bed->subscribers[i];
    assert_int_equal(mill_publisher_subscribe(bed->publisher, take, subscriber, &subscriber->id), 0);
}

static void publish(struct bed *bed, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        bed->sample = 10 * (mill_publisher_published(bed->publisher) + 1);
        assert_int_equal(mill_publisher_publish(bed->publisher, &bed->sample), 0);
    }
}

/* ---- every strategy ---- */

static void test_delivers_from_then_on_until_then(void **state)
{
    static struct bed bed;
    make_bed(&bed, *state);
    publish(&bed, 1); /* to nobody */
    subscribe(&bed, 0);
    publish(&bed, 1);
    subscribe(&bed, 1);
    publish(&bed, 2);
    /* what is on its way is waited for, so that leaving takes nothing with it */
    while (bed.subscribers[0].inside < 3) {
        sched_yield();
    }
    assert_int_equal(mill_publisher_unsubscribe(bed.publisher, bed.subscribers[0].id), 0);
    assert_int_equal(mill_publisher_unsubscribe(bed.publisher, bed.subscribers[0].id), -ENOENT);
    publish(&bed, 1);
    assert_int_equal(mill_publisher_published(bed.publisher), 5);
    assert_int_equal(mill_publisher_close(bed.publisher), 0);
    assert_int_equal(mill_publisher_close(bed.publisher), 0);
    assert_int_equal(bed.subscribers[0].received, 3);
    assert_int_equal(bed.subscribers[0].sum, 2 + 3 + 4);
    assert_int_equal(bed.subscribers[1].received, 3);
    assert_int_equal(bed.subscribers[1].sum, 3 + 4 + 5);
    for (unsigned i = 0; i < 2; i++) {
        assert_false(bed.subscribers[i].disordered);
    }
    assert_int_equal(mill_publisher_publish(bed.publisher, &bed.sample), -EPIPE);
    assert_int_equal(
        mill_publisher_subscribe(bed.publisher, take, &bed.subscribers[2], &bed.subscribers[2].id), -EPIPE);
    clear_bed(&bed);
    mill_publisher_destroy(NULL);
}

static void test_refuses_what_is_wrong(void **state)
{
    const struct mill_publisher_ops *ops = *state;
    static const struct {
        size_t sample_size, capacity;
    } wrong[] = {{0, 1}, {1, 0}, {MILL_PUBLISHER_SAMPLE_MAX + 1, 1}, {1, MILL_PUBLISHER_CAPACITY_MAX + 1}};
    static struct bed bed;
    struct mill_publisher *publisher;
    unsigned id;
    make_bed(&bed, ops);
    for (size_t i = 0; i < sizeof wrong / sizeof wrong[0]; i++) {
        const struct mill_publisher_plan plan = {
            .sample_size = wrong[i].sample_size, .capacity = wrong[i].capacity, .watch = &bed.watch};
        assert_int_equal(mill_publisher_create(ops, &plan, &publisher), -EINVAL);
    }
    const struct mill_publisher_plan plan = {.sample_size = 1, .capacity = 1, .watch = &bed.watch};
    assert_int_equal(mill_publisher_create(NULL, &plan, &publisher), -EINVAL);
    assert_int_equal(mill_publisher_create(ops, NULL, &publisher), -EINVAL);
    assert_int_equal(mill_publisher_create(ops, &plan, NULL), -EINVAL);
    assert_int_equal(mill_publisher_subscribe(bed.publisher, NULL, NULL, &id), -EINVAL);
    assert_int_equal(mill_publisher_subscribe(bed.publisher, take, NULL, NULL), -EINVAL);
    assert_int_equal(mill_publisher_publish(bed.publisher, NULL), -EINVAL);
    assert_int_equal(mill_publisher_unsubscribe(bed.publisher, 1), -ENOENT);
    clear_bed(&bed);
}

static void test_has_places_for_so_many(void **state)
{
    static struct bed bed;
    unsigned ids[MILL_PUBLISHER_SUBSCRIBERS_MAX];
    unsigned id;
    make_bed(&bed, *state);
    for (unsigned i = 0; i < MILL_PUBLISHER_SUBSCRIBERS_MAX; i++) {
        assert_int_equal(mill_publisher_subscribe(bed.publisher, take, &bed.subscribers[0], &ids[i]), 0);
    }
    assert_int_equal(mill_publisher_subscribe(bed.publisher, take, &bed.subscribers[0], &id), -ENOSPC);
    assert_int_equal(mill_publisher_unsubscribe(bed.publisher, ids[7]), 0);
    int status = -ENOSPC;
    while (status == -ENOSPC) { /* until its thread has ended */
        status = mill_publisher_subscribe(bed.publisher, take, &bed.subscribers[0], &id);
    }
    assert_int_equal(status, 0);
    for (unsigned i = 0; i < MILL_PUBLISHER_SUBSCRIBERS_MAX; i++) {
        assert_int_not_equal(id, ids[i]);
    }
    clear_bed(&bed);
}

/* Others come and go while the stream goes on. */
static void *come_and_go(void *argument)
{
    struct bed *bed = argument;
    struct subscriber *guest = &bed->subscribers[1];
    unsigned id;
    mill_watch_attach(&bed->watch, 1);
    for (unsigned i = 0; i < 300 && guest->status == 0; i++) {
        int status = mill_publisher_subscribe(bed->publisher, take, guest, &id);
        if (status == 0) {
            guest->status = mill_publisher_unsubscribe(bed->publisher, id);
        } else {
            guest->status = status == -ENOSPC ? 0 : status;
        }
    }
    return NULL;
}

static void count_only(void *context, uint64_t number, const void *sample)
{
    struct subscriber *steady = context;
    (void)sample;
    steady->disordered = steady->disordered || number <= steady->first;
    steady->first = number;
    steady->received++;
}

static void test_goes_on_while_others_come_and_go(void **state)
{
    static struct bed bed;
    struct subscriber *steady = &bed.subscribers[0];
    pthread_t guest;
    uint64_t dropped;
    make_bed(&bed, *state);
    assert_int_equal(mill_publisher_subscribe(bed.publisher, count_only, steady, &steady->id), 0);
    bed.subscribers[1].held = false;
    assert_int_equal(pthread_create(&guest, NULL, come_and_go, &bed), 0);
    publish(&bed, SAMPLES);
    pthread_join(guest, NULL);
    assert_int_equal(mill_publisher_close(bed.publisher), 0);
    assert_int_equal(mill_publisher_dropped(bed.publisher, steady->id, &dropped), 0);
    assert_int_equal(steady->received + dropped, SAMPLES);
    assert_int_equal(steady->first, SAMPLES); /* the newest is never dropped */
    assert_false(steady->disordered);
    assert_int_equal(bed.subscribers[1].status, 0);
    clear_bed(&bed);
}

/* ---- who calls, and under what ---- */

static void test_calls_in_the_order_of_subscription(void **state)
{
    static struct bed bed;
    make_bed(&bed, *state);
    subscribe(&bed, 2);
    subscribe(&bed, 0);
    subscribe(&bed, 1);
    publish(&bed, 1);
    assert_int_equal(bed.subscribers[2].place, 0);
    assert_int_equal(bed.subscribers[0].place, 1);
    assert_int_equal(bed.subscribers[1].place, 2);
    assert_int_equal(mill_publisher_unsubscribe(bed.publisher, bed.subscribers[0].id), 0);
    subscribe(&bed, 0);
    publish(&bed, 1);
    assert_int_equal(bed.subscribers[2].place, 3);
    assert_int_equal(bed.subscribers[1].place, 4);
    assert_int_equal(bed.subscribers[0].place, 5);
    clear_bed(&bed);
}

/* Leaves, and subscribes another. */
static void re_enter(void *context, uint64_t number, const void *sample)
{
    struct subscriber *subscriber = context;
    struct bed *bed = subscriber->bed;
    (void)number;
    (void)sample;
    subscriber->received++;
    subscriber->status = mill_publisher_unsubscribe(bed->publisher, subscriber->id);
    if (subscriber->status == 0) {
        subscriber->status =
            mill_publisher_subscribe(bed->publisher, take, &bed->subscribers[1], &bed->subscribers[1].id);
    }
    atomic_fetch_add_explicit(&subscriber->inside, 1, memory_order_release);
}

static void test_callbacks_may_re_enter(void **state)
{
    static struct bed bed;
    struct subscriber *subscriber = &bed.subscribers[0];
    make_bed(&bed, *state);
    assert_int_equal(mill_publisher_subscribe(bed.publisher, re_enter, subscriber, &subscriber->id), 0);
    publish(&bed, 1);
    while (atomic_load_explicit(&subscriber->inside, memory_order_acquire) == 0) {
        sched_yield();
    }
    publish(&bed, 2);
    assert_int_equal(mill_publisher_close(bed.publisher), 0);
    assert_int_equal(subscriber->status, 0);
    assert_int_equal(subscriber->received, 1);
    assert_int_equal(bed.subscribers[1].received, 2);
    clear_bed(&bed);
}

static void *publish_one(void *argument)
{
    struct bed *bed = argument;
    uint64_t sample = 10;
    mill_watch_attach(&bed->watch, 1);
    mill_publisher_publish(bed->publisher, &sample);
    return NULL;
}

static void test_locked_deadlocks_when_re_entered(void **state)
{
    (void)state;
    static struct bed bed;
    struct subscriber *subscriber = &bed.subscribers[0];
    char words[128];
    pthread_t stream;
    make_bed(&bed, &mill_publisher_locked);
    assert_int_equal(mill_publisher_subscribe(bed.publisher, re_enter, subscriber, &subscriber->id), 0);
    assert_int_equal(pthread_create(&stream, NULL, publish_one, &bed), 0);
    while (mill_watch_find_circle(&bed.watch, words, sizeof words) == 0) {
        sched_yield();
    }
    assert_string_equal(words, "thread 1 holds the registrar's lock and waits for it itself");
    mill_watch_break(&bed.watch, words, sizeof words);
    pthread_join(stream, NULL);
    assert_int_equal(subscriber->status, -EDEADLK);
    assert_int_equal(mill_publisher_publish(bed.publisher, &bed.sample), -ECANCELED);
    clear_bed(&bed);
}

/* Where one thread calls both, the second callback waits for the first, and the stream for both. */
static void test_a_slow_callback_delays_the_others(void **state)
{
    static struct bed bed;
    pthread_t stream;
    make_bed(&bed, *state);
    subscribe(&bed, 0);
    subscribe(&bed, 1);
    bed.subscribers[0].held = true;
    assert_int_equal(pthread_create(&stream, NULL, publish_one, &bed), 0);
    while (bed.subscribers[0].inside == 0) {
        sched_yield();
    }
    assert_int_equal(bed.subscribers[1].inside, 0);
    bed.subscribers[0].held = false;
    pthread_join(stream, NULL);
    assert_int_equal(bed.subscribers[1].inside, 1);
    clear_bed(&bed);
}

/* Held in its first call, it loses the oldest of what comes; another subscriber notices nothing. */
static void test_queued_drops_the_oldest_of_who_is_slow(void **state)
{
    (void)state;
    static struct bed bed;
    uint64_t dropped;
    make_bed(&bed, &mill_publisher_queued);
    subscribe(&bed, 0);
    subscribe(&bed, 1);
    bed.subscribers[0].held = true;
    publish(&bed, 1);
    while (bed.subscribers[0].inside == 0) {
        sched_yield();
    }
    for (unsigned i = 2; i <= 3 * CAPACITY; i++) {
        publish(&bed, 1);
        while (bed.subscribers[1].inside < i) { /* the other one keeps up */
            sched_yield();
        }
    }
    assert_int_equal(bed.subscribers[0].inside, 1);
    bed.subscribers[0].held = false;
    assert_int_equal(mill_publisher_close(bed.publisher), 0);
    assert_int_equal(mill_publisher_dropped(bed.publisher, bed.subscribers[0].id, &dropped), 0);
    assert_int_equal(bed.subscribers[0].received, 1 + CAPACITY);
    assert_int_equal(dropped, 3 * CAPACITY - 1 - CAPACITY);
    assert_int_equal(bed.subscribers[0].sum, 1 + 9 + 10 + 11 + 12);
    assert_int_equal(bed.subscribers[1].received, 3 * CAPACITY);
    assert_int_equal(mill_publisher_dropped(bed.publisher, bed.subscribers[1].id, &dropped), 0);
    assert_int_equal(dropped, 0);
    assert_int_equal(mill_publisher_dropped(bed.publisher, 99, &dropped), -ENOENT);
    clear_bed(&bed);
}

static void close_within(void *context, uint64_t number, const void *sample)
{
    struct subscriber *subscriber = context;
    (void)number;
    (void)sample;
    subscriber->status = mill_publisher_close(subscriber->bed->publisher);
}

static void test_queued_does_not_wait_for_itself(void **state)
{
    (void)state;
    static struct bed bed;
    struct subscriber *subscriber = &bed.subscribers[0];
    make_bed(&bed, &mill_publisher_queued);
    assert_int_equal(mill_publisher_subscribe(bed.publisher, close_within, subscriber, &subscriber->id), 0);
    publish(&bed, 1);
    assert_int_equal(mill_publisher_close(bed.publisher), 0);
    assert_int_equal(subscriber->status, -EDEADLK);
    clear_bed(&bed);
}

static void test_locked_wants_a_watch(void **state)
{
    (void)state;
    struct mill_publisher *publisher;
    const struct mill_publisher_plan plan = {.sample_size = 1, .capacity = 1};
    assert_int_equal(mill_publisher_create(&mill_publisher_locked, &plan, &publisher), -EINVAL);
}

static void test_family_finds_its_strategies(void **state)
{
    (void)state;
    for (size_t i = 0; i < mill_publisher_family.count; i++) {
        const struct mill_strategy *about = mill_publisher_family.strategies[i];
        assert_ptr_equal(&mill_publisher_ops_find(about->name)->about, about);
    }
    assert_null(mill_publisher_ops_find("no-such-publisher"));
}

#define TABLE(ident) (void *)(uintptr_t)&mill_publisher_##ident
#define EACH(ident)                                                                         \
    {"delivers: " #ident, test_delivers_from_then_on_until_then, NULL, NULL, TABLE(ident)}, \
        {"refuses: " #ident, test_refuses_what_is_wrong, NULL, NULL, TABLE(ident)},         \
        {"places: " #ident, test_has_places_for_so_many, NULL, NULL, TABLE(ident)},         \
        {"come and go: " #ident, test_goes_on_while_others_come_and_go, NULL, NULL, TABLE(ident)},

int main(void)
{
    const struct CMUnitTest tests[] = {
        MILL_PUBLISHERS(EACH){"order: locked", test_calls_in_the_order_of_subscription, NULL, NULL,
                              TABLE(locked)},
        {"order: inline", test_calls_in_the_order_of_subscription, NULL, NULL, TABLE(inline)},
        {"re-enters: inline", test_callbacks_may_re_enter, NULL, NULL, TABLE(inline)},
        {"re-enters: queued", test_callbacks_may_re_enter, NULL, NULL, TABLE(queued)},
        {"delays: locked", test_a_slow_callback_delays_the_others, NULL, NULL, TABLE(locked)},
        {"delays: inline", test_a_slow_callback_delays_the_others, NULL, NULL, TABLE(inline)},
        cmocka_unit_test(test_locked_deadlocks_when_re_entered),
        cmocka_unit_test(test_queued_drops_the_oldest_of_who_is_slow),
        cmocka_unit_test(test_queued_does_not_wait_for_itself),
        cmocka_unit_test(test_locked_wants_a_watch),
        cmocka_unit_test(test_family_finds_its_strategies),
    };
    return cmocka_run_group_tests_name("task/publisher", tests, NULL, NULL);
}
