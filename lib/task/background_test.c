#include "task/background.h"

#include <setjmp.h>
#include <stdarg.h>
#include <string.h>

#include <cmocka.h>

#include "queue/queue_list.h"
#include "task/stop.h"

static struct mill_background *worker(size_t capacity)
{
    struct mill_background *made = NULL;
    const struct mill_background_settings settings = {.name = "worker", .capacity = capacity};
    assert_int_equal(mill_background_create(&settings, &made), 0);
    assert_non_null(made);
    return made;
}

/* A task that counts what happens to it, and may be held up or fail. */
struct job {
    unsigned runs, disposals;
    int result;
    struct mill_stop *began; /* or NULL */
    struct mill_stop *go;    /* or NULL */
};

static int run_job(void *argument)
{
    struct job *job = argument;
    job->runs++;
    if (job->began) {
        mill_stop_request(job->began);
    }
    if (job->go) {
        mill_stop_wait(job->go, MILL_FOREVER);
    }
    return job->result;
}

static void dispose_job(void *argument)
{
    struct job *job = argument;
    job->disposals++;
}

static int submit(struct mill_background *background, struct job *job, int64_t timeout_ns)
{
    const struct mill_background_task task = {.run = run_job, .dispose = dispose_job, .argument = job};
    return mill_background_submit(background, &task, timeout_ns);
}

static void assert_job(const struct job *job, unsigned runs, unsigned disposals)
{
    assert_int_equal(job->runs, runs);
    assert_int_equal(job->disposals, disposals);
}

static void assert_stops(struct mill_background *background, enum mill_background_end end, size_t expected)
{
    size_t left = 99;
    assert_int_equal(mill_background_stop(background, end, MILL_FOREVER, &left), 0);
    assert_int_equal(left, expected);
}

static void assert_metrics(struct mill_background *background, uint64_t done, uint64_t failed, uint64_t left)
{
    struct mill_background_metrics metrics;
    mill_background_read(background, &metrics);
    assert_int_equal(metrics.done, done);
    assert_int_equal(metrics.failed, failed);
    assert_int_equal(metrics.left, left);
    assert_int_equal(metrics.accepted, done + failed + left + metrics.waiting);
}

static void test_refuses_bad_input(void **state)
{
    (void)state;
    struct mill_background *background = NULL;
    struct mill_background_settings settings = {.name = "worker", .capacity = 4};
    assert_int_equal(mill_background_create(NULL, &background), -EINVAL);
    assert_int_equal(mill_background_create(&settings, NULL), -EINVAL);
    settings.capacity = 0;
    assert_int_equal(mill_background_create(&settings, &background), -EINVAL);
    settings.capacity = MILL_QUEUE_CAPACITY_MAX + 1;
    assert_int_equal(mill_background_create(&settings, &background), -EINVAL);
    settings.capacity = 4;
    static const char *const names[] = {NULL, "", "a name of 16 chr"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        settings.name = names[i];
        assert_int_equal(mill_background_create(&settings, &background), -EINVAL);
    }
    settings.name = "worker";
    static const unsigned shapes[] = {MILL_QUEUE_ONE_PRODUCER, MILL_QUEUE_DROPS_OLDEST,
                                      MILL_QUEUE_LOOSE_CLOSE};
    for (size_t i = 0; i < sizeof shapes / sizeof shapes[0]; i++) {
        struct mill_queue_ops unfit = mill_queue_mutex_ring;
        unfit.shape |= shapes[i];
        settings.inbox = &unfit;
        assert_int_equal(mill_background_create(&settings, &background), -ENOTSUP);
    }
    assert_null(background);
    assert_int_equal(mill_background_destroy(NULL), 0);

    background = worker(4);
    struct job job = {0};
    const struct mill_background_task nothing = {.argument = &job};
    assert_int_equal(mill_background_submit(background, NULL, 0), -EINVAL);
    assert_int_equal(mill_background_submit(background, &nothing, 0), -EINVAL);
    assert_int_equal(submit(background, &job, -1), -EINVAL);
    assert_int_equal(mill_background_stop(background, MILL_BACKGROUND_DRAIN, -1, NULL), -EINVAL);
    assert_int_equal(mill_background_stop(background, (enum mill_background_end)7, 0, NULL), -EINVAL);
    assert_int_equal(mill_background_take_left(background, NULL), -EINVAL);
    assert_int_equal(mill_background_destroy(background), 0);
}

static void test_start_twice_and_stop_twice(void **state)
{
    (void)state;
    struct mill_background *background = worker(4);
    struct job job = {0};
    assert_int_equal(submit(background, &job, MILL_FOREVER), -EPIPE);
    assert_stops(background, MILL_BACKGROUND_DRAIN, 0);
    assert_int_equal(mill_background_start(background), 0);
    assert_int_equal(mill_background_start(background), 0);
    assert_int_equal(mill_background_destroy(background), -EBUSY);
    assert_int_equal(submit(background, &job, MILL_FOREVER), 0);
    assert_stops(background, MILL_BACKGROUND_DRAIN, 0);
    assert_stops(background, MILL_BACKGROUND_DRAIN, 0);
    assert_stops(background, MILL_BACKGROUND_LEAVE, 0);
    assert_job(&job, 1, 1);
    assert_int_equal(submit(background, &job, MILL_FOREVER), -EPIPE);
    assert_job(&job, 1, 1);
    assert_int_equal(mill_background_destroy(background), 0);
}

/* ---- failing tasks ---- */

struct complaint {
    unsigned count;
    int status;
    void *argument;
};

static void complain(void *context, const struct mill_background_task *task, int status)
{
    struct complaint *complaint = context;
    complaint->count++;
    complaint->status = status;
    complaint->argument = task->argument;
}

static void test_failing_task_is_counted(void **state)
{
    (void)state;
    struct mill_background *background;
    struct complaint complaint = {0};
    const struct mill_background_settings settings = {
        .name = "worker", .capacity = 8, .on_error = complain, .context = &complaint};
    assert_int_equal(mill_background_create(&settings, &background), 0);
    assert_int_equal(mill_background_start(background), 0);
    struct job jobs[3] = {{0}, {.result = -EIO}, {0}};
    for (int i = 0; i < 3; i++) {
        assert_int_equal(submit(background, &jobs[i], MILL_FOREVER), 0);
    }
    assert_stops(background, MILL_BACKGROUND_DRAIN, 0);
    for (int i = 0; i < 3; i++) {
        assert_job(&jobs[i], 1, 1);
    }
    assert_metrics(background, 2, 1, 0);
    struct mill_background_metrics metrics;
    mill_background_read(background, &metrics);
    assert_int_equal(metrics.last_error, -EIO);
    assert_int_equal(complaint.count, 1);
    assert_int_equal(complaint.status, -EIO);
    assert_ptr_equal(complaint.argument, &jobs[1]);
    assert_int_equal(mill_background_destroy(background), 0);
}

/* ---- stop while busy ---- */

struct held {
    struct mill_background *background;
    struct mill_stop began, go;
    struct job busy;
    struct job waiting[2];
};

/* A worker that is held up in a task, with two more tasks behind it that fill its inbox. */
static void hold(struct held *held)
{
    memset(held, 0, sizeof *held);
    held->background = worker(2);
    held->busy = (struct job){.began = &held->began, .go = &held->go};
    assert_int_equal(mill_background_start(held->background), 0);
    assert_int_equal(submit(held->background, &held->busy, MILL_FOREVER), 0);
    assert_int_equal(mill_stop_wait(&held->began, MILL_FOREVER), 0);
    assert_int_equal(submit(held->background, &held->waiting[0], 0), 0);
    assert_int_equal(submit(held->background, &held->waiting[1], 0), 0);
}

static void test_full_inbox_times_out(void **state)
{
    (void)state;
    struct held held;
    hold(&held);
    struct job job = {0};
    assert_int_equal(submit(held.background, &job, 0), -ETIMEDOUT);
    assert_int_equal(submit(held.background, &job, MILL_NS_PER_MS), -ETIMEDOUT);
    assert_metrics(held.background, 0, 0, 0);
    mill_stop_request(&held.go);
    assert_stops(held.background, MILL_BACKGROUND_DRAIN, 0);
    assert_job(&job, 0, 0);
    assert_job(&held.waiting[1], 1, 1);
    assert_int_equal(mill_background_destroy(held.background), 0);
}

static void test_stop_while_busy_drains_later(void **state)
{
    (void)state;
    struct held held;
    hold(&held);
    size_t left = 0;
    assert_int_equal(mill_background_stop(held.background, MILL_BACKGROUND_DRAIN, MILL_NS_PER_MS, &left),
                     -ETIMEDOUT);
    assert_int_equal(left, 3);
    assert_int_equal(mill_background_start(held.background), -EBUSY);
    assert_int_equal(mill_background_destroy(held.background), -EBUSY);
    struct job late = {0};
    assert_int_equal(submit(held.background, &late, MILL_FOREVER), -EPIPE);
    mill_stop_request(&held.go);
    assert_stops(held.background, MILL_BACKGROUND_DRAIN, 0);
    assert_job(&held.busy, 1, 1);
    assert_job(&held.waiting[0], 1, 1);
    assert_job(&held.waiting[1], 1, 1);
    assert_int_equal(mill_background_destroy(held.background), 0);
}

/* Stops with work left, after a draining stop was too slow. */
static void leave_two(struct held *held)
{
    hold(held);
    assert_int_equal(mill_background_stop(held->background, MILL_BACKGROUND_DRAIN, 0, NULL), -ETIMEDOUT);
    assert_false(mill_stop_requested(mill_background_stop_event(held->background)));
    size_t left = 0;
    assert_int_equal(mill_background_stop(held->background, MILL_BACKGROUND_LEAVE, 0, &left), -ETIMEDOUT);
    assert_int_equal(left, 3);
    assert_true(mill_stop_requested(mill_background_stop_event(held->background)));
    mill_stop_request(&held->go);
    assert_stops(held->background, MILL_BACKGROUND_LEAVE, 2);
    assert_job(&held->busy, 1, 1);
    assert_metrics(held->background, 1, 0, 2);
}

static void test_left_tasks_are_taken_back(void **state)
{
    (void)state;
    struct held held;
    leave_two(&held);
    struct mill_background_task task;
    for (int i = 0; i < 2; i++) {
        assert_int_equal(mill_background_take_left(held.background, &task), 0);
        assert_ptr_equal(task.argument, &held.waiting[i]);
        assert_job(&held.waiting[i], 0, 0);
    }
    assert_int_equal(mill_background_take_left(held.background, &task), -ENOENT);
    assert_stops(held.background, MILL_BACKGROUND_DRAIN, 0);
    /* they can be submitted again */
    assert_int_equal(mill_background_start(held.background), 0);
    assert_int_equal(mill_background_submit(held.background, &task, MILL_FOREVER), 0);
    assert_stops(held.background, MILL_BACKGROUND_DRAIN, 0);
    assert_job(&held.waiting[1], 1, 1);
    assert_int_equal(mill_background_destroy(held.background), 0);
}

static void test_left_tasks_are_disposed_of(void **state)
{
    (void)state;
    struct held held;
    leave_two(&held);
    /* a further run does not touch them */
    assert_int_equal(mill_background_start(held.background), 0);
    assert_stops(held.background, MILL_BACKGROUND_DRAIN, 2);
    assert_int_equal(mill_background_dispose_left(held.background), 2);
    assert_int_equal(mill_background_dispose_left(held.background), 0);
    assert_job(&held.waiting[0], 0, 1);
    assert_job(&held.waiting[1], 0, 1);
    assert_int_equal(mill_background_destroy(held.background), 0);

    leave_two(&held);
    assert_int_equal(mill_background_destroy(held.background), 0);
    assert_job(&held.waiting[0], 0, 1);
    assert_job(&held.waiting[1], 0, 1);
}

/* ---- from within a task ---- */

struct insider {
    struct mill_background *background;
    struct mill_stop done;
    int stopped, submitted, tried;
    struct job job;
};

static int act_from_within(void *argument)
{
    struct insider *insider = argument;
    insider->stopped = mill_background_stop(insider->background, MILL_BACKGROUND_LEAVE, MILL_FOREVER, NULL);
    insider->submitted = 0;
    while (insider->submitted == 0) {
        insider->submitted = submit(insider->background, &insider->job, MILL_FOREVER);
    }
    insider->tried = submit(insider->background, &insider->job, 0);
    mill_stop_request(&insider->done);
    return 0;
}

static void test_task_cannot_wait_for_its_worker(void **state)
{
    (void)state;
    struct insider insider = {.background = worker(3)};
    assert_int_equal(mill_background_start(insider.background), 0);
    const struct mill_background_task task = {.run = act_from_within, .argument = &insider};
    assert_int_equal(mill_background_submit(insider.background, &task, MILL_FOREVER), 0);
    assert_int_equal(mill_stop_wait(&insider.done, MILL_FOREVER), 0);
    assert_int_equal(insider.stopped, -EDEADLK);
    assert_int_equal(insider.submitted, -EDEADLK);
    assert_int_equal(insider.tried, -ETIMEDOUT);
    assert_stops(insider.background, MILL_BACKGROUND_DRAIN, 0);
    assert_job(&insider.job, 3, 3);
    assert_int_equal(mill_background_destroy(insider.background), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refuses_bad_input),
        cmocka_unit_test(test_start_twice_and_stop_twice),
        cmocka_unit_test(test_failing_task_is_counted),
        cmocka_unit_test(test_full_inbox_times_out),
        cmocka_unit_test(test_stop_while_busy_drains_later),
        cmocka_unit_test(test_left_tasks_are_taken_back),
        cmocka_unit_test(test_left_tasks_are_disposed_of),
        cmocka_unit_test(test_task_cannot_wait_for_its_worker),
    };
    return cmocka_run_group_tests_name("background", tests, NULL, NULL);
}
