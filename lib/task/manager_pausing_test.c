#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "task/manager.h"
#include "task/stop.h"

/* A member that counts between two pause points. */
struct runner {
    struct mill_stop *hold; /* waited for before the first pause point; or NULL */
    struct mill_stop began;
    atomic_ulong progress;
};

static int run_on(struct mill_member *me, void *argument)
{
    struct runner *runner = argument;
    mill_stop_request(&runner->began);
    if (runner->hold) {
        mill_stop_wait(runner->hold, MILL_FOREVER);
    }
    while (mill_member_check_pause(me) == 0) {
        atomic_fetch_add(&runner->progress, 1);
        sched_yield();
    }
    return 0;
}

static struct mill_manager *manager_of(struct runner *runner)
{
    struct mill_manager *manager;
    const struct mill_manager_settings settings = {.mailbox_capacity = 1};
    assert_int_equal(mill_manager_create(&settings, &manager), 0);
    assert_int_equal(mill_manager_add(manager, "runner", run_on, runner), 0);
    assert_int_equal(mill_manager_start(manager, "runner"), 0);
    assert_int_equal(mill_stop_wait(&runner->began, MILL_FOREVER), 0);
    return manager;
}

static void close_manager(struct mill_manager *manager)
{
    assert_int_equal(mill_manager_shutdown(manager, MILL_FOREVER, NULL, 0, NULL), 0);
    assert_int_equal(mill_manager_destroy(manager), 0);
}

static enum mill_member_state state_of(struct mill_manager *manager)
{
    struct mill_member_metrics metrics;
    assert_int_equal(mill_manager_metrics(manager, "runner", &metrics), 0);
    return metrics.state;
}

static void await_progress(struct runner *runner)
{
    unsigned long before = atomic_load(&runner->progress);
    while (atomic_load(&runner->progress) == before) {
        sched_yield();
    }
}

static void test_paused_stands_still(void **state)
{
    (void)state;
    struct runner runner = {0};
    struct mill_manager *manager = manager_of(&runner);
    for (int round = 0; round < 50; round++) {
        assert_int_equal(mill_manager_pause(manager, "runner", MILL_FOREVER), 0);
        unsigned long before = atomic_load(&runner.progress);
        assert_int_equal(state_of(manager), MILL_MEMBER_PAUSED);
        for (int i = 0; i < 20; i++) {
            sched_yield();
        }
        assert_int_equal(mill_manager_pause(manager, "runner", 0), 0); /* twice is fine */
        assert_int_equal(atomic_load(&runner.progress), before);
        assert_int_equal(mill_manager_resume(manager, "runner"), 0);
        if (round % 2 == 0) {
            await_progress(&runner);
            assert_int_equal(state_of(manager), MILL_MEMBER_RUNNING);
        }
    }
    assert_int_equal(mill_manager_resume(manager, "runner"), 0);
    await_progress(&runner);
    close_manager(manager);
}

/* Before the thread has woken up, which it seldom has this soon. */
static void test_resumed_is_running_at_once(void **state)
{
    (void)state;
    struct runner runner = {0};
    struct mill_manager *manager = manager_of(&runner);
    for (int round = 0; round < 200; round++) {
        assert_int_equal(mill_manager_pause(manager, "runner", MILL_FOREVER), 0);
        assert_int_equal(state_of(manager), MILL_MEMBER_PAUSED);
        assert_int_equal(mill_manager_resume(manager, "runner"), 0);
        assert_int_equal(state_of(manager), MILL_MEMBER_RUNNING);
    }
    close_manager(manager);
}

/* The shutdown lets it go on, too. */
static void test_a_shutdown_leaves_none_paused(void **state)
{
    (void)state;
    for (int round = 0; round < 50; round++) {
        struct runner runner = {0};
        struct mill_manager *manager = manager_of(&runner);
        assert_int_equal(mill_manager_pause(manager, "runner", MILL_FOREVER), 0);
        int status = mill_manager_shutdown(manager, 0, NULL, 0, NULL);
        assert_true(status == 0 || status == -ETIMEDOUT);
        assert_int_not_equal(state_of(manager), MILL_MEMBER_PAUSED);
        close_manager(manager);
    }
}

static uint64_t processor_time_of(struct mill_manager *manager)
{
    struct mill_member_metrics all[2];
    assert_int_equal(mill_manager_list(manager, all, 2), 2);
    return all[0].cpu_ns + all[1].cpu_ns;
}

/* Two that stand still use no processor time, and so do not wake each other for ever. */
static void test_two_that_are_paused_sleep(void **state)
{
    (void)state;
    struct runner runner = {0}, other = {0};
    struct mill_manager *manager = manager_of(&runner);
    assert_int_equal(mill_manager_add(manager, "other", run_on, &other), 0);
    assert_int_equal(mill_manager_start(manager, "other"), 0);
    assert_int_equal(mill_manager_pause(manager, "runner", MILL_FOREVER), 0);
    assert_int_equal(mill_manager_pause(manager, "other", MILL_FOREVER), 0);
    struct mill_stop nobody = {0};
    uint64_t late = mill_now_ns() + 10 * MILL_NS_PER_S, used, before;
    do { /* they may still be on their way into the sleep */
        before = processor_time_of(manager);
        mill_stop_wait(&nobody, 50 * MILL_NS_PER_MS);
        used = processor_time_of(manager) - before;
    } while (used > 0 && mill_now_ns() < late);
    assert_int_equal(used, 0);
    close_manager(manager);
}

static void test_pause_times_out_and_stands(void **state)
{
    (void)state;
    struct mill_stop hold = {0};
    struct runner runner = {.hold = &hold};
    struct mill_manager *manager = manager_of(&runner);
    assert_int_equal(mill_manager_pause(manager, "runner", 0), -ETIMEDOUT);
    assert_int_equal(mill_manager_pause(manager, "runner", MILL_NS_PER_MS), -ETIMEDOUT);
    assert_int_equal(state_of(manager), MILL_MEMBER_RUNNING);
    mill_stop_request(&hold);
    assert_int_equal(mill_manager_pause(manager, "runner", MILL_FOREVER), 0);
    assert_int_equal(atomic_load(&runner.progress), 0); /* it was asked before */
    close_manager(manager);
    assert_int_equal(atomic_load(&runner.progress), 0); /* a shutdown lets it out, and not through */
}

static void *wait_for_pause(void *argument)
{
    return (void *)(intptr_t)mill_manager_pause(argument, "runner", MILL_FOREVER);
}

/* What a thread that waits for a pause is told after `action`; one that has not come that far yet is told
 * something else.
 */
static int answer(int (*action)(struct mill_manager *manager))
{
    struct mill_stop hold = {0};
    struct runner runner = {.hold = &hold};
    struct mill_manager *manager = manager_of(&runner);
    pthread_t thread;
    assert_int_equal(pthread_create(&thread, NULL, wait_for_pause, manager), 0);
    for (int i = 0; i < 100; i++) {
        sched_yield();
    }
    int status = action(manager);
    assert_true(status == 0 || status == -ETIMEDOUT);
    mill_stop_request(&hold);
    void *result;
    pthread_join(thread, &result);
    close_manager(manager);
    return (int)(intptr_t)result;
}

static int resume(struct mill_manager *manager)
{
    return mill_manager_resume(manager, "runner");
}

static int shut_down(struct mill_manager *manager)
{
    return mill_manager_shutdown(manager, 0, NULL, 0, NULL);
}

static void assert_told(int (*action)(struct mill_manager *manager), int expected, int too_late)
{
    int status = too_late;
    for (int attempt = 0; attempt < 500 && status == too_late; attempt++) {
        status = answer(action);
    }
    assert_int_equal(status, expected);
}

static void test_who_waits_for_a_pause_is_told(void **state)
{
    (void)state;
    assert_told(resume, -ECANCELED, 0);
    assert_told(shut_down, -EPIPE, -ESRCH);
}

/* ---- the family ---- */

static void test_only_asking_confirms_nothing(void **state)
{
    (void)state;
    struct mill_stop hold = {0};
    struct runner runner = {.hold = &hold};
    struct mill_manager *manager = manager_of(&runner);
    const struct mill_strategy *asked = mill_family_find(&mill_pausing_family, "asked");
    assert_int_equal(mill_pausing_ops_of(asked)->pause(manager, "runner", MILL_FOREVER), 0);
    assert_int_equal(state_of(manager), MILL_MEMBER_RUNNING);
    assert_int_equal(mill_pausing_ops_of(asked)->pause(manager, "nobody", MILL_FOREVER), -ENOENT);
    mill_stop_request(&hold);
    close_manager(manager);
}

static void test_confirmed_confirms(void **state)
{
    (void)state;
    struct runner runner = {0};
    struct mill_manager *manager = manager_of(&runner);
    const struct mill_strategy *confirmed = mill_family_find(&mill_pausing_family, "confirmed");
    assert_int_equal(mill_pausing_ops_of(confirmed)->pause(manager, "runner", MILL_FOREVER), 0);
    assert_int_equal(state_of(manager), MILL_MEMBER_PAUSED);
    close_manager(manager);
}

/* ---- all at once ---- */

#define MEMBERS    3
#define BROADCASTS 200

static const char *const names[MEMBERS] = {"a", "b", "c"};
static char messages[BROADCASTS];

struct hearer {
    size_t heard;
    bool disordered;
};

static int hear(struct mill_member *me, void *argument)
{
    struct hearer *hearer = argument;
    ptrdiff_t next = 0;
    void *message;
    int status = 0;
    while (status != -EPIPE) { /* -EPIPE of the mailbox, which says that it is empty */
        mill_member_check_pause(me);
        status = mill_member_receive(me, &message, 50 * MILL_NS_PER_US);
        if (status == 0) {
            ptrdiff_t heard = (const char *)message - messages;
            hearer->disordered |= heard < next;
            next = heard + 1;
            hearer->heard++;
        }
    }
    return 0;
}

struct meddler {
    struct mill_manager *manager;
    struct mill_stop over;
    unsigned pauses;
};

static void *meddle(void *argument)
{
    struct meddler *meddler = argument;
    for (unsigned i = 0; !mill_stop_requested(&meddler->over); i++) {
        struct mill_member_metrics all[MEMBERS];
        const char *name = names[i % MEMBERS];
        int status = mill_manager_pause(meddler->manager, name, MILL_FOREVER);
        assert_true(status == 0 || status == -ECANCELED);
        meddler->pauses += status == 0;
        assert_int_equal(mill_manager_list(meddler->manager, all, MEMBERS), MEMBERS);
        assert_int_equal(mill_manager_resume(meddler->manager, name), 0);
    }
    return NULL;
}

static void test_broadcasts_beside_pauses(void **state)
{
    (void)state;
    struct mill_manager *manager;
    const struct mill_manager_settings settings = {.mailbox_capacity = 2};
    assert_int_equal(mill_manager_create(&settings, &manager), 0);
    struct hearer hearers[MEMBERS] = {{0}};
    for (int i = 0; i < MEMBERS; i++) {
        assert_int_equal(mill_manager_add(manager, names[i], hear, &hearers[i]), 0);
        assert_int_equal(mill_manager_start(manager, names[i]), 0);
    }
    struct meddler meddlers[2] = {{.manager = manager}, {.manager = manager}};
    pthread_t thread[2];
    for (int i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&thread[i], NULL, meddle, &meddlers[i]), 0);
    }
    size_t delivered = 0, refused = 0;
    for (int i = 0; i < BROADCASTS; i++) {
        struct mill_broadcast result;
        int status = mill_manager_broadcast(manager, &messages[i], &result);
        assert_int_equal(status, result.refused > 0 ? -EAGAIN : 0);
        assert_int_equal(result.delivered + result.refused, MEMBERS);
        delivered += result.delivered;
        refused += result.refused;
        sched_yield();
    }
    for (int i = 0; i < 2; i++) {
        mill_stop_request(&meddlers[i].over);
        pthread_join(thread[i], NULL);
    }
    assert_int_equal(mill_manager_shutdown(manager, MILL_FOREVER, NULL, 0, NULL), 0);
    for (int i = 0; i < MEMBERS; i++) {
        struct mill_member_metrics metrics;
        assert_int_equal(mill_manager_metrics(manager, names[i], &metrics), 0);
        assert_false(hearers[i].disordered);
        assert_int_equal(hearers[i].heard + metrics.refused, BROADCASTS);
        delivered -= hearers[i].heard;
        refused -= metrics.refused;
    }
    assert_int_equal(delivered, 0);
    assert_int_equal(refused, 0);
    assert_int_equal(mill_manager_destroy(manager), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_paused_stands_still),
        cmocka_unit_test(test_resumed_is_running_at_once),
        cmocka_unit_test(test_a_shutdown_leaves_none_paused),
        cmocka_unit_test(test_two_that_are_paused_sleep),
        cmocka_unit_test(test_pause_times_out_and_stands),
        cmocka_unit_test(test_who_waits_for_a_pause_is_told),
        cmocka_unit_test(test_only_asking_confirms_nothing),
        cmocka_unit_test(test_confirmed_confirms),
        cmocka_unit_test(test_broadcasts_beside_pauses),
    };
    return cmocka_run_group_tests_name("manager_pausing", tests, NULL, NULL);
}
