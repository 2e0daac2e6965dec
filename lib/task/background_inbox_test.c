/* A background worker over every queue that can be its inbox, with many that submit, stop and start at once.
 */
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/sanitizer.h"
#include "queue/queue_list.h"
#include "task/background.h"
#include "task/inbox.h"
#include "task/stop.h"

#define SUBMITTERS 3
#define STOPPERS   2
#define ROUNDS     60

static void need(const struct mill_queue_ops *inbox)
{
    if (mill_inbox_choose(&inbox, 4) < 0 || (MILL_UNDER_TSAN && (inbox->about.traits & MILL_HIDES_ATOMICS)) ||
        (inbox->about.traits & (MILL_ONE_THREAD | MILL_CONTROL | MILL_EMPTY))) {
        print_message("%s: no inbox\n", inbox->about.name);
        skip();
    }
}

struct crowd {
    struct mill_background *background;
    struct mill_stop over;
    atomic_ulong accepted, ran, disposed, left;
};

static int count_run(void *argument)
{
    struct crowd *crowd = argument;
    atomic_fetch_add(&crowd->ran, 1);
    return 0;
}

static void count_disposal(void *argument)
{
    struct crowd *crowd = argument;
    atomic_fetch_add(&crowd->disposed, 1);
}

static int submit_one(struct crowd *crowd)
{
    const struct mill_background_task task = {count_run, count_disposal, crowd};
    int status = mill_background_submit(crowd->background, &task, MILL_FOREVER);
    assert_true(status == 0 || status == -EPIPE);
    atomic_fetch_add(&crowd->accepted, status == 0);
    return status;
}

static void *submit_many(void *argument)
{
    struct crowd *crowd = argument;
    while (!mill_stop_requested(&crowd->over)) {
        if (submit_one(crowd) < 0) {
            sched_yield();
        }
    }
    return NULL;
}

static void *stop_and_start(void *argument)
{
    struct crowd *crowd = argument;
    for (unsigned i = 0; i < ROUNDS; i++) {
        int status = mill_background_start(crowd->background);
        assert_true(status == 0 || status == -EBUSY);
        for (unsigned j = 0; j < i % 8; j++) {
            submit_one(crowd);
        }
        enum mill_background_end end = i % 2 ? MILL_BACKGROUND_DRAIN : MILL_BACKGROUND_LEAVE;
        assert_int_equal(mill_background_stop(crowd->background, end, MILL_FOREVER, NULL), 0);
        if (i % 4 == 0) {
            atomic_fetch_add(&crowd->left, mill_background_dispose_left(crowd->background));
        }
    }
    return NULL;
}

static struct mill_background *worker(const struct mill_queue_ops *inbox)
{
    struct mill_background *made = NULL;
    const struct mill_background_settings settings = {.name = "worker", .inbox = inbox, .capacity = 4};
    assert_int_equal(mill_background_create(&settings, &made), 0);
    return made;
}

static void test_runs_drains_and_restarts(void **state)
{
    need(*state);
    struct crowd crowd = {.background = worker(*state)};
    for (unsigned life = 1; life <= 20; life++) {
        assert_int_equal(mill_background_start(crowd.background), 0);
        for (unsigned i = 0; i < 10; i++) {
            assert_int_equal(submit_one(&crowd), 0);
        }
        size_t left = 1;
        assert_int_equal(mill_background_stop(crowd.background, MILL_BACKGROUND_DRAIN, MILL_FOREVER, &left),
                         0);
        assert_int_equal(left, 0);
        assert_int_equal(submit_one(&crowd), -EPIPE);
        assert_int_equal(atomic_load(&crowd.ran), life * 10);
        assert_int_equal(atomic_load(&crowd.disposed), life * 10);
    }
    assert_int_equal(mill_background_destroy(crowd.background), 0);
}

static void test_crowd_loses_nothing(void **state)
{
    need(*state);
    struct crowd crowd = {.background = worker(*state)};
    pthread_t submitter[SUBMITTERS], stopper[STOPPERS];
    for (int i = 0; i < SUBMITTERS; i++) {
        assert_int_equal(pthread_create(&submitter[i], NULL, submit_many, &crowd), 0);
    }
    for (int i = 0; i < STOPPERS; i++) {
        assert_int_equal(pthread_create(&stopper[i], NULL, stop_and_start, &crowd), 0);
    }
    for (int i = 0; i < STOPPERS; i++) {
        pthread_join(stopper[i], NULL);
    }
    mill_stop_request(&crowd.over);
    for (int i = 0; i < SUBMITTERS; i++) {
        pthread_join(submitter[i], NULL);
    }
    assert_int_equal(mill_background_stop(crowd.background, MILL_BACKGROUND_DRAIN, MILL_FOREVER, NULL), 0);
    atomic_fetch_add(&crowd.left, mill_background_dispose_left(crowd.background));
    unsigned long ran = atomic_load(&crowd.ran);
    unsigned long left = atomic_load(&crowd.left);
    assert_int_equal(atomic_load(&crowd.disposed), ran + left);
    assert_int_equal(atomic_load(&crowd.accepted), ran + left);
    struct mill_background_metrics metrics;
    mill_background_read(crowd.background, &metrics);
    assert_int_equal(metrics.accepted, ran + left);
    assert_int_equal(metrics.done, ran);
    assert_int_equal(metrics.left, left);
    assert_int_equal(metrics.waiting, 0);
    assert_int_equal(mill_background_destroy(crowd.background), 0);
}

#define TABLE(ident) (void *)(uintptr_t)&mill_queue_##ident
#define EACH(ident)                                                                                  \
    {"runs, drains and restarts: " #ident, test_runs_drains_and_restarts, NULL, NULL, TABLE(ident)}, \
        {"crowd loses nothing: " #ident, test_crowd_loses_nothing, NULL, NULL, TABLE(ident)},

int main(void)
{
    const struct CMUnitTest tests[] = {MILL_QUEUES(EACH)};
    return cmocka_run_group_tests_name("background_inbox", tests, NULL, NULL);
}
