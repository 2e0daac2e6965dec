#include "sync/event.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/sanitizer.h"
#include "sync/event_list.h"
#include "sync/test_sleep.h"

/* So long that only a wait that hangs gets there. */
#define LONG (60 * (int64_t)MILL_NS_PER_S)

static void need(const struct mill_event_ops *ops)
{
    if (ops->about.missing) {
        print_message("%s: %s\n", ops->about.name, ops->about.missing);
        skip();
    }
    if (MILL_UNDER_TSAN && (ops->about.traits & MILL_HIDES_ATOMICS)) {
        print_message("%s: ThreadSanitizer cannot see into it\n", ops->about.name);
        skip();
    }
}

static struct mill_event *make(const struct mill_event_ops *ops)
{
    struct mill_event *event;
    need(ops);
    assert_int_equal(mill_event_create(ops, &event), 0);
    return event;
}

static void test_tables_are_well_formed(void **state)
{
    (void)state;
    for (size_t i = 0; i < mill_event_family.count; i++) {
        const struct mill_event_ops *ops = mill_event_ops_of(mill_event_family.strategies[i]);
        assert_ptr_equal(mill_event_ops_find(ops->about.name), ops);
        assert_non_null(ops->about.summary);
        assert_non_null(ops->about.source);
        bool whole =
            ops->create && ops->destroy && ops->set && ops->clear && ops->is_set && ops->abandon && ops->wait;
        assert_int_equal(whole, ops->about.missing == NULL);
    }
    assert_null(mill_event_ops_find("no-such-event"));
}

static void test_refuses_what_is_wrong(void **state)
{
    (void)state;
    static const struct mill_event_ops absent = {.about = {.name = "absent", .missing = "not there"}};
    struct mill_event *event;
    assert_int_equal(mill_event_create(NULL, &event), -EINVAL);
    assert_int_equal(mill_event_create(&mill_event_monitor, NULL), -EINVAL);
    assert_int_equal(mill_event_create(&absent, &event), -ENOTSUP);
    mill_event_destroy(NULL);
}

/* ---- one thread ---- */

static void test_is_what_it_was_told(void **state)
{
    struct mill_event *event = make(*state);
    assert_false(mill_event_is_set(event));
    assert_int_equal(mill_event_wait(event, 0), -ETIMEDOUT);
    assert_int_equal(mill_event_wait(event, 1000), -ETIMEDOUT);
    assert_int_equal(mill_event_wait(event, -1), -EINVAL);
    mill_event_clear(event);
    assert_false(mill_event_is_set(event));
    for (int i = 0; i < 3; i++) {
        mill_event_set(event);
        mill_event_set(event);
        assert_true(mill_event_is_set(event));
        assert_int_equal(mill_event_wait(event, 0), 0);
        assert_int_equal(mill_event_wait(event, MILL_FOREVER), 0);
        assert_int_equal(mill_event_wait(event, -1), -EINVAL);
        mill_event_clear(event);
        mill_event_clear(event);
        assert_false(mill_event_is_set(event));
        assert_int_equal(mill_event_wait(event, 0), -ETIMEDOUT);
    }
    mill_event_destroy(event);
}

static void test_sleeps_until_its_deadline(void **state)
{
    struct mill_event *event = make(*state);
    uint64_t from = mill_now_ns();
    assert_int_equal(mill_event_wait(event, 3 * MILL_NS_PER_MS), -ETIMEDOUT);
    assert_true(mill_now_ns() - from >= 2 * MILL_NS_PER_MS); /* nsync's clock is another one */
    mill_event_destroy(event);
}

static void test_abandoned_for_ever(void **state)
{
    struct mill_event *event = make(*state);
    mill_event_abandon(event);
    mill_event_abandon(event);
    assert_int_equal(mill_event_wait(event, MILL_FOREVER), -ECANCELED);
    mill_event_set(event);
    assert_true(mill_event_is_set(event));
    assert_int_equal(mill_event_wait(event, MILL_FOREVER), 0);
    mill_event_clear(event);
    assert_int_equal(mill_event_wait(event, MILL_FOREVER), -ECANCELED);
    mill_event_destroy(event);
}

/* ---- waiters ---- */

#define WAITERS 4u

struct waiter {
    struct mill_event *event;
    const uint64_t *published; /* plain: written before the set */
    int64_t timeout_ns;
    uint64_t seen;
    int status;
    pthread_t thread;
    _Atomic pid_t id; /* set right before it waits */
};

static void *wait_once(void *argument)
{
    struct waiter *waiter = argument;
    atomic_store_explicit(&waiter->id, gettid(), memory_order_relaxed);
    waiter->status = mill_event_wait(waiter->event, waiter->timeout_ns);
    waiter->seen = waiter->status == 0 ? *waiter->published : 0;
    return NULL;
}

static void start(struct waiter *waiter, struct mill_event *event, const uint64_t *published,
                  int64_t timeout_ns)
{
    *waiter = (struct waiter){.event = event, .published = published, .timeout_ns = timeout_ns};
    assert_int_equal(pthread_create(&waiter->thread, NULL, wait_once, waiter), 0);
}

static void await_id(struct waiter *waiter)
{
    while (atomic_load_explicit(&waiter->id, memory_order_relaxed) == 0) {
        sched_yield();
    }
}

static void test_set_wakes_all(void **state)
{
    struct mill_event *event = make(*state);
    struct waiter waiters[WAITERS];
    uint64_t published = 0;
    for (unsigned i = 0; i < WAITERS; i++) {
        start(&waiters[i], event, &published, i % 2 ? MILL_FOREVER : LONG);
    }
    for (unsigned i = 0; i < WAITERS; i++) {
        mill_test_await_sleep(&waiters[i].id);
    }
    published = 42;
    mill_event_set(event);
    for (unsigned i = 0; i < WAITERS; i++) {
        pthread_join(waiters[i].thread, NULL);
        assert_int_equal(waiters[i].status, 0);
        assert_int_equal(waiters[i].seen, 42);
    }
    mill_event_destroy(event);
}

/* A clear that follows a set at once takes nothing back from those that wait. When all are abandoned after
 * it, they still say what let them through; when they are not, the pulse alone has to wake them. */
static void pulse(const struct mill_event_ops *ops, bool then_abandon)
{
    struct mill_event *event = make(ops);
    struct waiter waiters[WAITERS];
    uint64_t published = 0;
    for (unsigned i = 0; i < WAITERS; i++) {
        start(&waiters[i], event, &published, i % 2 ? MILL_FOREVER : LONG);
        mill_test_await_sleep(&waiters[i].id);
    }
    published = 7;
    mill_event_set(event);
    mill_event_clear(event);
    assert_int_equal(mill_event_wait(event, 0), -ETIMEDOUT); /* and nobody else */
    if (then_abandon) {
        mill_event_abandon(event);
    }
    for (unsigned i = 0; i < WAITERS; i++) {
        pthread_join(waiters[i].thread, NULL);
        assert_int_equal(waiters[i].status, 0);
        assert_int_equal(waiters[i].seen, 7);
    }
    mill_event_destroy(event);
}

static void test_a_pulse_lets_through_those_that_wait(void **state)
{
    pulse(*state, false);
    pulse(*state, true);
}

static void test_abandon_wakes_all(void **state)
{
    struct mill_event *event = make(*state);
    struct waiter waiters[WAITERS];
    uint64_t published = 0;
    for (unsigned i = 0; i < WAITERS; i++) {
        start(&waiters[i], event, &published, i % 2 ? MILL_FOREVER : LONG);
    }
    mill_test_await_sleep(&waiters[0].id);
    mill_event_abandon(event);
    for (unsigned i = 0; i < WAITERS; i++) {
        pthread_join(waiters[i].thread, NULL);
        assert_int_equal(waiters[i].status, -ECANCELED);
    }
    mill_event_destroy(event);
}

/* ---- no missed wake-up ---- */

/* Sets while a waiter is on its way into its wait, then abandons: a waiter that missed the set is told so.
 * Returns how many of so many did. */
static unsigned missed_of(const struct mill_event_ops *ops, unsigned attempts)
{
    unsigned missed = 0;
    for (unsigned i = 0; i < attempts; i++) {
        struct mill_event *event = make(ops);
        struct waiter waiter;
        uint64_t published = 0;
        start(&waiter, event, &published, MILL_FOREVER);
        await_id(&waiter);
        published = i;
        mill_event_set(event);
        mill_event_abandon(event);
        pthread_join(waiter.thread, NULL);
        missed += waiter.status != 0;
        mill_event_destroy(event);
    }
    return missed;
}

static void test_no_wakeup_is_missed(void **state)
{
    const struct mill_event_ops *ops = *state;
    need(ops);
    assert_int_equal(missed_of(ops, 200), 0);
}

static void test_the_control_misses_wakeups(void **state)
{
    (void)state;
    unsigned missed = 0;
    for (unsigned attempt = 0; attempt < 100 && missed == 0; attempt++) {
        missed = missed_of(&mill_event_check_then_wait, 50);
    }
    assert_true(missed > 0);
}

/* Two threads pass a turn to and fro: each clears its own event, then sets the other's. */
#define TURNS 1000u

struct player {
    struct mill_event *mine, *other;
    uint64_t *turns; /* plain: the events' */
    unsigned failed;
};

static void *play(void *argument)
{
    struct player *player = argument;
    for (unsigned i = 0; i < TURNS; i++) {
        player->failed += mill_event_wait(player->mine, LONG) != 0;
        mill_event_clear(player->mine);
        *player->turns += 1;
        mill_event_set(player->other);
    }
    return NULL;
}

static void test_hands_a_turn_to_and_fro(void **state)
{
    struct mill_event *events[2] = {make(*state), make(*state)};
    uint64_t turns = 0;
    struct player players[2];
    pthread_t threads[2];
    for (unsigned i = 0; i < 2; i++) {
        players[i] = (struct player){.mine = events[i], .other = events[1 - i], .turns = &turns};
        assert_int_equal(pthread_create(&threads[i], NULL, play, &players[i]), 0);
    }
    mill_event_set(events[0]);
    for (unsigned i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(players[i].failed, 0);
    }
    assert_int_equal(turns, 2 * TURNS);
    assert_true(mill_event_is_set(events[0]));
    assert_false(mill_event_is_set(events[1]));
    mill_event_destroy(events[0]);
    mill_event_destroy(events[1]);
}

#define TABLE(ident) (void *)(uintptr_t)&mill_event_##ident
#define EACH(ident, test)                                 \
    {                                                     \
#ident ": " #test, test, NULL, NULL, TABLE(ident) \
    }
#define ALONE(ident)                                                                    \
    EACH(ident, test_is_what_it_was_told), EACH(ident, test_sleeps_until_its_deadline), \
        EACH(ident, test_abandoned_for_ever),
#define CONTRACT(ident)                                                                      \
    ALONE(ident)                                                                             \
    EACH(ident, test_set_wakes_all), EACH(ident, test_a_pulse_lets_through_those_that_wait), \
        EACH(ident, test_abandon_wakes_all), EACH(ident, test_no_wakeup_is_missed),          \
        EACH(ident, test_hands_a_turn_to_and_fro),

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables_are_well_formed),
        cmocka_unit_test(test_refuses_what_is_wrong),
        MILL_SOUND_EVENTS(CONTRACT) ALONE(check_then_wait) cmocka_unit_test(test_the_control_misses_wakeups),
    };
    return cmocka_run_group_tests_name("event", tests, NULL, NULL);
}
