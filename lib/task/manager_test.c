#include "task/manager.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "queue/queue_list.h"
#include "task/stop.h"

#define CAPACITY 4

static char messages[64]; /* their addresses are what is sent */

struct manager_test {
    struct mill_manager *manager;
    atomic_uint disposed;
};

static void count_disposed(void *context, void *message)
{
    struct manager_test *test = context;
    assert_true((char *)message >= messages && (char *)message < messages + sizeof messages);
    atomic_fetch_add(&test->disposed, 1);
}

static struct mill_manager *open_manager(struct manager_test *test)
{
    *test = (struct manager_test){0};
    const struct mill_manager_settings settings = {
        .mailbox_capacity = CAPACITY, .dispose = count_disposed, .context = test};
    assert_int_equal(mill_manager_create(&settings, &test->manager), 0);
    return test->manager;
}

static void close_manager(struct manager_test *test)
{
    size_t count = 99;
    assert_int_equal(mill_manager_shutdown(test->manager, MILL_FOREVER, NULL, 0, &count), 0);
    assert_int_equal(count, 0);
    assert_int_equal(mill_manager_destroy(test->manager), 0);
}

static struct mill_member_metrics metrics_of(struct mill_manager *manager, const char *name)
{
    struct mill_member_metrics metrics;
    assert_int_equal(mill_manager_metrics(manager, name, &metrics), 0);
    assert_string_equal(metrics.name, name);
    return metrics;
}

/* Ended members are joined by the monitor; until then they are busy. */
static struct mill_member_metrics forget(struct mill_manager *manager, const char *name)
{
    struct mill_member_metrics metrics;
    int status;
    while ((status = mill_manager_forget(manager, name, &metrics)) == -EBUSY) {
        sched_yield();
    }
    assert_int_equal(status, 0);
    assert_int_equal(mill_manager_metrics(manager, name, &metrics), -ENOENT);
    return metrics;
}

/* ---- bodies ---- */

/* A body that works until the shutdown, or until it is let go. */
struct laborer {
    struct mill_stop began;
    struct mill_stop hold;  /* waited for before the first pause point, if `held` */
    struct mill_stop leave; /* ends it */
    bool held;
    int result;
    atomic_ulong progress;
};

static int labor(struct mill_member *me, void *argument)
{
    struct laborer *laborer = argument;
    mill_stop_request(&laborer->began);
    if (laborer->held) {
        mill_stop_wait(&laborer->hold, MILL_FOREVER);
    }
    while (!mill_stop_requested(&laborer->leave) && mill_member_check_pause(me) == 0) {
        atomic_fetch_add(&laborer->progress, 1);
        mill_member_count(me, 0);
        sched_yield();
    }
    return laborer->result;
}

static void employ(struct mill_manager *manager, const char *name, struct laborer *laborer)
{
    assert_int_equal(mill_manager_add(manager, name, labor, laborer), 0);
    assert_int_equal(mill_manager_start(manager, name), 0);
    assert_int_equal(mill_stop_wait(&laborer->began, MILL_FOREVER), 0);
}

static void await_progress(struct laborer *laborer)
{
    unsigned long before = atomic_load(&laborer->progress);
    while (atomic_load(&laborer->progress) == before) {
        sched_yield();
    }
}

/* A body that receives until its mailbox is closed. */
struct listener {
    unsigned count;
    void *heard[64];
    int last;
};

static int listen_on(struct mill_member *me, void *argument)
{
    struct listener *listener = argument;
    void *message;
    while ((listener->last = mill_member_receive(me, &message, MILL_FOREVER)) == 0) {
        listener->heard[listener->count % 64] = message;
        listener->count++;
    }
    return 0;
}

static int return_at_once(struct mill_member *me, void *argument)
{
    (void)me;
    return *(int *)argument;
}

/* ---- bad input ---- */

static void test_refuses_bad_settings(void **state)
{
    (void)state;
    struct mill_manager *manager = NULL;
    struct mill_manager_settings settings = {.mailbox_capacity = 0};
    assert_int_equal(mill_manager_create(&settings, &manager), -EINVAL);
    settings.mailbox_capacity = SIZE_MAX;
    assert_int_equal(mill_manager_create(&settings, &manager), -EINVAL);
    settings.mailbox_capacity = 1;
    assert_int_equal(mill_manager_create(NULL, &manager), -EINVAL);
    assert_int_equal(mill_manager_create(&settings, NULL), -EINVAL);
    struct mill_queue_ops unfit = mill_queue_mutex_ring;
    unfit.shape |= MILL_QUEUE_DROPS_OLDEST;
    settings.mailbox = &unfit;
    assert_int_equal(mill_manager_create(&settings, &manager), -ENOTSUP);
    assert_null(manager);
    assert_int_equal(mill_manager_destroy(NULL), 0);
}

static void test_refuses_bad_input(void **state)
{
    (void)state;
    struct manager_test test;
    struct mill_manager *manager = open_manager(&test);
    struct laborer laborer = {0};
    assert_int_equal(mill_manager_add(manager, "a", NULL, NULL), -EINVAL);
    assert_int_equal(mill_manager_add(manager, NULL, labor, NULL), -EINVAL);
    assert_int_equal(mill_manager_add(manager, "", labor, NULL), -EINVAL);
    assert_int_equal(mill_manager_add(manager, "a name of 16 chr", labor, NULL), -EINVAL);
    assert_int_equal(mill_manager_add(manager, "a", labor, &laborer), 0);
    assert_int_equal(mill_manager_add(manager, "a", labor, &laborer), -EEXIST);

    struct mill_member_metrics metrics;
    static const char *const unknown[] = {"b", "", NULL};
    for (size_t i = 0; i < sizeof unknown / sizeof unknown[0]; i++) {
        assert_int_equal(mill_manager_start(manager, unknown[i]), -ENOENT);
        assert_int_equal(mill_manager_pause(manager, unknown[i], 0), -ENOENT);
        assert_int_equal(mill_manager_resume(manager, unknown[i]), -ENOENT);
        assert_int_equal(mill_manager_send(manager, unknown[i], messages, 0), -ENOENT);
        assert_int_equal(mill_manager_metrics(manager, unknown[i], &metrics), -ENOENT);
        assert_int_equal(mill_manager_forget(manager, unknown[i], &metrics), -ENOENT);
    }
    assert_int_equal(mill_manager_pause(manager, "a", -1), -EINVAL);
    assert_int_equal(mill_manager_pause(manager, "a", 0), -ESRCH);
    assert_int_equal(mill_manager_resume(manager, "a"), -ESRCH);
    assert_int_equal(mill_manager_send(manager, "a", NULL, 0), -EINVAL);
    assert_int_equal(mill_manager_send(manager, "a", messages, -1), -EINVAL);
    assert_int_equal(mill_manager_broadcast(manager, NULL, NULL), -EINVAL);
    assert_int_equal(mill_manager_metrics(manager, "a", NULL), -EINVAL);
    assert_int_equal(mill_manager_shutdown(manager, -1, NULL, 0, NULL), -EINVAL);
    assert_int_equal(mill_manager_destroy(manager), -EBUSY);
    close_manager(&test);
}

/* ---- life ---- */

static void test_life_of_a_member(void **state)
{
    (void)state;
    struct manager_test test;
    struct mill_manager *manager = open_manager(&test);
    struct laborer laborer = {0};
    assert_int_equal(mill_manager_add(manager, "a", labor, &laborer), 0);
    struct mill_member_metrics metrics = metrics_of(manager, "a");
    assert_int_equal(metrics.state, MILL_MEMBER_CREATED);
    assert_int_equal(metrics.start_ns, 0);

    uint64_t before = mill_now_ns();
    assert_int_equal(mill_manager_start(manager, "a"), 0);
    assert_int_equal(mill_manager_start(manager, "a"), -EALREADY);
    await_progress(&laborer);
    metrics = metrics_of(manager, "a");
    assert_int_equal(metrics.state, MILL_MEMBER_RUNNING);
    assert_true(metrics.start_ns >= before);
    assert_int_equal(metrics.end_ns, 0);
    assert_true(metrics.cpu_ns > 0);
    assert_int_equal(mill_manager_forget(manager, "a", NULL), -EBUSY);

    mill_stop_request(&laborer.leave);
    metrics = forget(manager, "a");
    assert_int_equal(metrics.state, MILL_MEMBER_STOPPED);
    assert_true(metrics.end_ns >= metrics.start_ns);
    assert_true(metrics.cpu_ns > 0);
    assert_int_equal(metrics.tasks, atomic_load(&laborer.progress));
    assert_int_equal(metrics.errors, 0);
    /* the name is free again */
    assert_int_equal(mill_manager_add(manager, "a", labor, &laborer), 0);
    assert_int_equal(mill_manager_forget(manager, "a", NULL), 0);
    close_manager(&test);
}

static void test_failing_body_is_an_error(void **state)
{
    (void)state;
    struct manager_test test;
    struct mill_manager *manager = open_manager(&test);
    int failure = -EIO;
    assert_int_equal(mill_manager_add(manager, "a", return_at_once, &failure), 0);
    assert_int_equal(mill_manager_start(manager, "a"), 0);
    struct mill_member_metrics metrics;
    do {
        metrics = metrics_of(manager, "a");
        sched_yield();
    } while (metrics.state == MILL_MEMBER_RUNNING);
    assert_int_equal(mill_manager_start(manager, "a"), -EALREADY);
    assert_int_equal(mill_manager_pause(manager, "a", MILL_FOREVER), -ESRCH);
    assert_int_equal(mill_manager_send(manager, "a", messages, MILL_FOREVER), -EPIPE);
    metrics = forget(manager, "a");
    assert_int_equal(metrics.state, MILL_MEMBER_ERROR);
    assert_int_equal(metrics.errors, 1);
    assert_int_equal(metrics.last_error, -EIO);
    close_manager(&test);
}

static void test_list_of_members(void **state)
{
    (void)state;
    struct manager_test test;
    struct mill_manager *manager = open_manager(&test);
    static const char *const names[] = {"a", "b", "c"};
    struct mill_member_metrics all[3];
    assert_int_equal(mill_manager_list(manager, all, 3), 0);
    for (int i = 0; i < 3; i++) {
        assert_int_equal(mill_manager_add(manager, names[i], labor, NULL), 0);
    }
    assert_int_equal(mill_manager_list(manager, NULL, 0), 3);
    assert_int_equal(mill_manager_list(manager, all, 2), 3);
    assert_string_equal(all[1].name, "b");
    assert_int_equal(mill_manager_forget(manager, "c", NULL), 0);
    assert_int_equal(mill_manager_forget(manager, "a", NULL), 0);
    assert_int_equal(mill_manager_add(manager, "d", labor, NULL), 0);
    assert_int_equal(mill_manager_list(manager, all, 3), 2);
    assert_string_equal(all[0].name, "b");
    assert_string_equal(all[1].name, "d");
    assert_string_equal(mill_member_state_name(all[0].state), "created");
    assert_string_equal(mill_member_state_name(MILL_MEMBER_ERROR), "error");
    close_manager(&test);
}

/* ---- messages ---- */

static void test_messages_arrive_in_order(void **state)
{
    (void)state;
    struct manager_test test;
    struct mill_manager *manager = open_manager(&test);
    struct listener listener = {0};
    assert_int_equal(mill_manager_add(manager, "a", listen_on, &listener), 0);
    for (size_t i = 0; i < CAPACITY; i++) { /* before the start, too */
        assert_int_equal(mill_manager_send(manager, "a", &messages[i], 0), 0);
    }
    assert_int_equal(mill_manager_send(manager, "a", messages, 0), -ETIMEDOUT);
    assert_int_equal(mill_manager_send(manager, "a", messages, 1), -ETIMEDOUT);
    assert_int_equal(mill_manager_start(manager, "a"), 0);
    for (size_t i = CAPACITY; i < 64; i++) {
        assert_int_equal(mill_manager_send(manager, "a", &messages[i], MILL_FOREVER), 0);
    }
    size_t count;
    assert_int_equal(mill_manager_shutdown(manager, MILL_FOREVER, NULL, 0, &count), 0);
    assert_int_equal(listener.count, 64);
    assert_int_equal(listener.last, -EPIPE);
    for (size_t i = 0; i < 64; i++) {
        assert_ptr_equal(listener.heard[i], &messages[i]);
    }
    assert_int_equal(metrics_of(manager, "a").unread, 0);
    assert_int_equal(atomic_load(&test.disposed), 0);
    close_manager(&test);
}

static int talk_to_itself(struct mill_member *me, void *argument)
{
    struct mill_manager *manager = argument;
    void *message;
    int status = 0;
    for (int i = 0; i < CAPACITY && status == 0; i++) {
        status = mill_manager_send(manager, mill_member_name(me), &messages[i], MILL_FOREVER);
    }
    assert_int_equal(status, 0);
    assert_int_equal(mill_manager_send(manager, "a", messages, MILL_FOREVER), -EDEADLK);
    assert_int_equal(mill_manager_send(manager, "a", messages, 0), -ETIMEDOUT);
    assert_int_equal(mill_manager_pause(manager, "a", MILL_FOREVER), -EDEADLK);
    assert_int_equal(mill_manager_shutdown(manager, MILL_FOREVER, NULL, 0, NULL), -EDEADLK);
    assert_int_equal(mill_member_receive(me, NULL, 0), -EINVAL);
    assert_int_equal(mill_member_receive(me, &message, -1), -EINVAL);
    assert_int_equal(mill_member_receive(me, &message, 0), 0);
    assert_ptr_equal(message, &messages[0]);
    return 0;
}

static void test_unread_messages_are_disposed_of(void **state)
{
    (void)state;
    struct manager_test test;
    struct mill_manager *manager = open_manager(&test);
    assert_int_equal(mill_manager_add(manager, "a", talk_to_itself, manager), 0);
    assert_int_equal(mill_manager_start(manager, "a"), 0);
    struct mill_member_metrics metrics = forget(manager, "a");
    assert_int_equal(metrics.unread, CAPACITY - 1);
    assert_int_equal(atomic_load(&test.disposed), CAPACITY - 1);
    /* of members that never ran: when they are forgotten, and with the manager */
    assert_int_equal(mill_manager_add(manager, "b", labor, NULL), 0);
    assert_int_equal(mill_manager_send(manager, "b", messages, 0), 0);
    assert_int_equal(forget(manager, "b").unread, 1);
    assert_int_equal(atomic_load(&test.disposed), CAPACITY);
    assert_int_equal(mill_manager_add(manager, "c", labor, NULL), 0);
    assert_int_equal(mill_manager_send(manager, "c", messages, 0), 0);
    close_manager(&test);
    assert_int_equal(atomic_load(&test.disposed), CAPACITY + 1);
}

static void test_broadcast_goes_to_all_that_live(void **state)
{
    (void)state;
    struct manager_test test;
    struct mill_manager *manager = open_manager(&test);
    struct mill_broadcast result = {9, 9};
    assert_int_equal(mill_manager_broadcast(manager, messages, &result), 0);
    assert_int_equal(result.delivered, 0);
    int zero = 0;
    struct listener listener = {0};
    assert_int_equal(mill_manager_add(manager, "dead", return_at_once, &zero), 0);
    assert_int_equal(mill_manager_add(manager, "listener", listen_on, &listener), 0);
    assert_int_equal(mill_manager_add(manager, "full", listen_on, NULL), 0);
    assert_int_equal(mill_manager_start(manager, "dead"), 0);
    while (metrics_of(manager, "dead").state != MILL_MEMBER_STOPPED) {
        sched_yield();
    }
    for (int i = 0; i < CAPACITY; i++) {
        assert_int_equal(mill_manager_send(manager, "full", messages, 0), 0);
    }
    for (unsigned i = 0; i < CAPACITY; i++) {
        assert_int_equal(mill_manager_broadcast(manager, &messages[i], &result), -EAGAIN);
        assert_int_equal(result.delivered, 1);
        assert_int_equal(result.refused, 1);
    }
    assert_int_equal(mill_manager_start(manager, "listener"), 0);
    size_t count;
    assert_int_equal(mill_manager_shutdown(manager, MILL_FOREVER, NULL, 0, &count), 0);
    assert_int_equal(listener.count, CAPACITY);
    for (size_t i = 0; i < CAPACITY; i++) {
        assert_ptr_equal(listener.heard[i], &messages[i]);
    }
    assert_int_equal(metrics_of(manager, "full").refused, CAPACITY);
    assert_int_equal(metrics_of(manager, "listener").refused, 0);
    assert_int_equal(metrics_of(manager, "dead").refused, 0);
    assert_int_equal(mill_manager_broadcast(manager, messages, &result), -EPIPE);
    close_manager(&test);
}

/* ---- shutdown ---- */

static void test_shutdown_names_who_did_not_end(void **state)
{
    (void)state;
    struct manager_test test;
    struct mill_manager *manager = open_manager(&test);
    struct laborer laborer[3] = {{.held = true}, {.held = false}, {.held = true}};
    static const char *const names[] = {"slow", "willing", "slower"};
    for (int i = 0; i < 3; i++) {
        employ(manager, names[i], &laborer[i]);
    }
    assert_int_equal(mill_manager_add(manager, "unused", labor, NULL), 0);
    char left[3][MILL_THREAD_NAME_MAX + 1];
    size_t count = 0;
    do { /* the willing one needs its time */
        assert_int_equal(mill_manager_shutdown(manager, MILL_NS_PER_MS, left, 3, &count), -ETIMEDOUT);
    } while (count == 3);
    assert_int_equal(count, 2);
    assert_string_equal(left[0], "slow");
    assert_string_equal(left[1], "slower");
    memset(left, 'x', sizeof left);
    assert_int_equal(mill_manager_shutdown(manager, 0, left, 1, &count), -ETIMEDOUT);
    assert_int_equal(count, 2);
    assert_string_equal(left[0], "slow");
    assert_int_equal(left[1][0], 'x');
    assert_int_equal(mill_manager_shutdown(manager, 0, NULL, 0, NULL), -ETIMEDOUT);
    assert_int_equal(mill_manager_destroy(manager), -EBUSY);
    /* no new ones meanwhile */
    assert_int_equal(mill_manager_add(manager, "new", labor, NULL), -EPIPE);
    assert_int_equal(mill_manager_start(manager, "unused"), -EPIPE);
    assert_int_equal(mill_manager_send(manager, "slow", messages, MILL_FOREVER), -EPIPE);
    assert_int_equal(mill_manager_pause(manager, "slow", MILL_FOREVER), -EPIPE);

    mill_stop_request(&laborer[0].hold);
    mill_stop_request(&laborer[2].hold);
    assert_int_equal(mill_manager_shutdown(manager, MILL_FOREVER, left, 3, &count), 0);
    assert_int_equal(count, 0);
    assert_int_equal(mill_manager_shutdown(manager, 0, left, 3, &count), 0);
    assert_int_equal(metrics_of(manager, "slower").state, MILL_MEMBER_STOPPED);
    assert_int_equal(metrics_of(manager, "unused").state, MILL_MEMBER_CREATED);
    assert_int_equal(mill_manager_destroy(manager), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refuses_bad_settings),
        cmocka_unit_test(test_refuses_bad_input),
        cmocka_unit_test(test_life_of_a_member),
        cmocka_unit_test(test_failing_body_is_an_error),
        cmocka_unit_test(test_list_of_members),
        cmocka_unit_test(test_messages_arrive_in_order),
        cmocka_unit_test(test_unread_messages_are_disposed_of),
        cmocka_unit_test(test_broadcast_goes_to_all_that_live),
        cmocka_unit_test(test_shutdown_names_who_did_not_end),
    };
    return cmocka_run_group_tests_name("manager", tests, NULL, NULL);
}
