/* Each run of the worker has an inbox of its own, since a closed queue stays closed. A gate before it counts
 * the submitters inside: once it is shut and empty, and the thread has ended, the inbox belongs to whoever
 * finishes the stop, and what is still in it is what was left.
 */
#include "task/background.h"

#include <errno.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "task/inbox.h"
#include "task/runner.h"

/* The gate: the highest bit says shut, the others count submitters inside. */
#define SHUT 0x80000000u

struct node {
    struct mill_background_task task;
    struct node *next; /* in the list of those left */
};

struct mill_background {
    const struct mill_queue_ops *ops;
    size_t capacity;
    void (*on_error)(void *context, const struct mill_background_task *task, int status);
    void *context;
    struct mill_runner runner;

    struct mill_monitor monitor; /* protects what follows; entered before the runner's */
    uint64_t run;                /* the runner's number of the run that has `inbox` */
    struct node *left_first, *left_last;
    size_t left_now;
    uint64_t left_ever;

    /* Written by the submitters. `inbox` changes only while the gate is shut and empty. */
    alignas(MILL_ISOLATION) _Atomic uint32_t gate;
    _Atomic uint64_t accepted;
    struct mill_queue *inbox; /* NULL: stopped */

    /* Written by the worker's thread. */
    alignas(MILL_ISOLATION) _Atomic uint64_t done;
    _Atomic uint64_t failed;
    atomic_int last_error;
};

/* ---- the worker's thread ---- */

static void dispose(struct node *node)
{
    if (node->task.dispose) {
        node->task.dispose(node->task.argument);
    }
    free(node);
}

/* release: pairs with count_tasks, which must not see more run than accepted */
static void run_one(struct mill_background *background, struct node *node)
{
    int status = node->task.run(node->task.argument);
    if (status < 0) {
        atomic_store_explicit(&background->last_error, status, memory_order_relaxed); /* a word on its own */
        atomic_fetch_add_explicit(&background->failed, 1, memory_order_release);
        if (background->on_error) {
            background->on_error(background->context, &node->task, status);
        }
    } else {
        atomic_fetch_add_explicit(&background->done, 1, memory_order_release);
    }
    dispose(node);
}

static void work(void *argument)
{
    struct mill_background *background = argument;
    void *node;
    while (!mill_stop_requested(&background->runner.stop) &&
           mill_queue_get(background->inbox, &node, MILL_FOREVER) == 0) {
        run_one(background, node);
    }
}

/* ---- made and unmade ---- */

int mill_background_create(const struct mill_background_settings *settings,
                           struct mill_background **background)
{
    if (!settings || !background) {
        return -EINVAL;
    }
    const struct mill_queue_ops *ops = settings->inbox;
    int status = mill_inbox_choose(&ops, settings->capacity);
    if (status < 0) {
        return status;
    }
    struct mill_background *made = mill_isolated_alloc(sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    made->ops = ops;
    made->capacity = settings->capacity;
    made->on_error = settings->on_error;
    made->context = settings->context;
    atomic_init(&made->gate, SHUT);
    status = mill_monitor_init(&made->monitor);
    if (status < 0) {
        goto no_monitor;
    }
    status = mill_runner_init(&made->runner, settings->name, work, made);
    if (status < 0) {
        goto no_runner;
    }
    *background = made;
    return 0;

no_runner:
    mill_monitor_destroy(&made->monitor);
no_monitor:
    free(made);
    return status;
}

int mill_background_destroy(struct mill_background *background)
{
    if (!background) {
        return 0;
    }
    mill_monitor_enter(&background->monitor);
    bool stopped = !background->inbox;
    mill_monitor_leave(&background->monitor);
    if (!stopped || mill_runner_destroy(&background->runner) < 0) {
        return -EBUSY;
    }
    mill_background_dispose_left(background);
    mill_monitor_destroy(&background->monitor);
    free(background);
    return 0;
}

/* ---- start ---- */

/* Under the monitor, with the gate shut and empty. */
static int open_inbox(struct mill_background *background)
{
    int status = mill_queue_create(background->ops, background->capacity, &background->inbox);
    if (status < 0) {
        return status;
    }
    status = mill_runner_start(&background->runner, &background->run);
    if (status < 0) {
        mill_queue_destroy(background->inbox);
        background->inbox = NULL;
        return status;
    }
    /* release: pairs with the acquire of a submitter, which then finds the inbox. Not a store: a submitter
     * that was turned away may still be counted. */
    atomic_fetch_and_explicit(&background->gate, ~SHUT, memory_order_release);
    return 0;
}

int mill_background_start(struct mill_background *background)
{
    mill_monitor_enter(&background->monitor);
    int status;
    if (!background->inbox) {
        status = open_inbox(background);
    } else {
        bool open = !(atomic_load_explicit(&background->gate, memory_order_relaxed) & SHUT);
        status = open ? 0 : -EBUSY; /* relaxed: the gate is shut and opened under the monitor */
    }
    mill_monitor_leave(&background->monitor);
    return status;
}

/* ---- submit ---- */

/* The last one out of a shut gate tells the stop that waits for it. */
static void leave_gate(struct mill_background *background)
{
    /* release: pairs with the acquire in finish_stop */
    if (atomic_fetch_sub_explicit(&background->gate, 1, memory_order_release) == (SHUT | 1)) {
        mill_monitor_enter(&background->monitor);
        mill_monitor_wake_all(&background->monitor);
        mill_monitor_leave(&background->monitor);
    }
}

static bool enter_gate(struct mill_background *background)
{
    /* A look first, so that a crowd that is turned away does not keep the gate from being seen empty.
     * relaxed: only to turn away */
    if (atomic_load_explicit(&background->gate, memory_order_relaxed) & SHUT) {
        return false;
    }
    /* acquire: pairs with the opening */
    if (atomic_fetch_add_explicit(&background->gate, 1, memory_order_acquire) & SHUT) {
        leave_gate(background);
        return false;
    }
    return true;
}

/* Inside the gate. */
static int put(struct mill_background *background, struct node *node, int64_t timeout_ns)
{
    bool self = mill_runner_is_self(&background->runner);
    /* Counted before it can be run. relaxed: the inbox orders it before the count of those run. */
    atomic_fetch_add_explicit(&background->accepted, 1, memory_order_relaxed);
    int status = mill_queue_put(background->inbox, node, self ? 0 : timeout_ns);
    if (status < 0) {
        atomic_fetch_sub_explicit(&background->accepted, 1, memory_order_relaxed);
    }
    return self && timeout_ns > 0 && status == -ETIMEDOUT ? -EDEADLK : status;
}

int mill_background_submit(struct mill_background *background, const struct mill_background_task *task,
                           int64_t timeout_ns)
{
    if (!task || !task->run || timeout_ns < 0) {
        return -EINVAL;
    }
    struct node *node = malloc(sizeof *node);
    if (!node) {
        return -ENOMEM;
    }
    *node = (struct node){.task = *task};
    int status = -EPIPE;
    if (enter_gate(background)) {
        status = put(background, node, timeout_ns);
        leave_gate(background);
    }
    if (status < 0) {
        free(node);
    }
    return status;
}

/* ---- stop ---- */

/* Under the monitor, so that a start comes before it or after it. The number of the run to be ended. */
static uint64_t shut_gate(struct mill_background *background, enum mill_background_end end)
{
    if (background->inbox) {
        if (end == MILL_BACKGROUND_LEAVE) {
            mill_stop_request(&background->runner.stop);
        }
        /* relaxed: refuses submitters, and says nothing */
        uint32_t before = atomic_fetch_or_explicit(&background->gate, SHUT, memory_order_relaxed);
        if (!(before & SHUT)) {
            mill_queue_close(background->inbox);
        }
    }
    return background->run;
}

/* Under the monitor, when nobody else has the inbox any more. */
static void collect_left(struct mill_background *background)
{
    void *item;
    while (mill_queue_get(background->inbox, &item, 0) == 0) {
        struct node *node = item;
        *(background->left_last ? &background->left_last->next : &background->left_first) = node;
        background->left_last = node;
        background->left_now++;
        background->left_ever++;
    }
    mill_queue_destroy(background->inbox);
    background->inbox = NULL;
}

/* Under the monitor; the thread of run `run` is gone. Several stops may come here, the first one finishes. */
static int finish_stop(struct mill_background *background, uint64_t run, uint64_t deadline)
{
    int status = 0;
    while (background->inbox && background->run == run) {
        if (atomic_load_explicit(&background->gate, memory_order_acquire) == SHUT) { /* see leave_gate */
            collect_left(background);
            mill_monitor_wake_all(&background->monitor);
        } else if (status < 0) {
            return status;
        } else {
            status = mill_monitor_wait(&background->monitor, deadline);
        }
    }
    return 0;
}

/* Under the monitor. Those that are over are read first, with acquire, which pairs with the release in
 * run_one: then the tasks that they count are among the accepted that are read after. */
static void count_tasks(struct mill_background *background, struct mill_background_metrics *metrics)
{
    metrics->done = atomic_load_explicit(&background->done, memory_order_acquire);
    metrics->failed = atomic_load_explicit(&background->failed, memory_order_acquire);
    metrics->left = background->left_ever;
    metrics->accepted = atomic_load_explicit(&background->accepted, memory_order_relaxed);
    metrics->waiting = metrics->accepted - metrics->done - metrics->failed - metrics->left;
}

int mill_background_stop(struct mill_background *background, enum mill_background_end end, int64_t timeout_ns,
                         size_t *left)
{
    uint64_t deadline;
    bool known = end == MILL_BACKGROUND_DRAIN || end == MILL_BACKGROUND_LEAVE;
    int status = known ? mill_deadline_after(timeout_ns, &deadline) : -EINVAL;
    if (status < 0) {
        return status;
    }
    if (mill_runner_is_self(&background->runner)) {
        return -EDEADLK;
    }
    mill_monitor_enter(&background->monitor);
    uint64_t run = shut_gate(background, end);
    mill_monitor_leave(&background->monitor);
    status = mill_runner_join(&background->runner, run, deadline);
    mill_monitor_enter(&background->monitor);
    if (status == 0) {
        status = finish_stop(background, run, deadline);
    }
    if (left) {
        struct mill_background_metrics metrics;
        count_tasks(background, &metrics);
        *left = status == 0 ? background->left_now : (size_t)metrics.waiting;
    }
    mill_monitor_leave(&background->monitor);
    return status;
}

/* ---- what is left ---- */

static struct node *take_left(struct mill_background *background)
{
    mill_monitor_enter(&background->monitor);
    struct node *node = background->left_first;
    if (node) {
        background->left_first = node->next;
        background->left_last = node->next ? background->left_last : NULL;
        background->left_now--;
    }
    mill_monitor_leave(&background->monitor);
    return node;
}

int mill_background_take_left(struct mill_background *background, struct mill_background_task *task)
{
    if (!task) {
        return -EINVAL;
    }
    struct node *node = take_left(background);
    if (!node) {
        return -ENOENT;
    }
    *task = node->task;
    free(node);
    return 0;
}

size_t mill_background_dispose_left(struct mill_background *background)
{
    size_t count = 0;
    for (struct node *node = take_left(background); node; node = take_left(background)) {
        dispose(node);
        count++;
    }
    return count;
}

struct mill_stop *mill_background_stop_event(struct mill_background *background)
{
    return &background->runner.stop;
}

void mill_background_read(struct mill_background *background, struct mill_background_metrics *metrics)
{
    mill_monitor_enter(&background->monitor);
    count_tasks(background, metrics);
    metrics->last_error = atomic_load_explicit(&background->last_error, memory_order_relaxed);
    mill_monitor_leave(&background->monitor);
}
