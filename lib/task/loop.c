/* Posts stand in a list that threads push onto and the loop takes whole: the newest first, so the loop turns
 * it round. An exchange takes all there is, so no node is ever seen twice by a swap (there is no ABA), and
 * nothing needs reclaiming. When the loop ends it leaves a mark in the list's place that refuses every later
 * push.
 */
#include "task/loop.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <uv.h>

#include "core/cacheline.h"
#include "task/answer.h"
#include "task/thread.h"

struct post {
    struct post *next;
    void (*run)(void *argument);
    void *argument;
};

struct timer {
    uv_timer_t handle;
    void (*run)(void *argument);
    void *argument;
};

struct mill_loop {
    uv_loop_t uv;
    uv_async_t wake;
    struct mill_thread *thread;
    atomic_bool stopping; /* rises once; posts that see it are refused */
    bool leaving;         /* the loop's own: it ends once the list is empty */
    struct post last;     /* asks it to leave; here, so that stopping needs no memory */
    struct post refused;  /* its address stands in the list's place once nothing is taken any more */
    alignas(MILL_ISOLATION) _Atomic(struct post *) posts;
};

/* ---- the loop's thread ---- */

static struct post *oldest_first(struct post *newest)
{
    struct post *turned = NULL;
    while (newest) {
        struct post *next = newest->next;
        newest->next = turned;
        turned = newest;
        newest = next;
    }
    return turned;
}

static void close_handle(uv_handle_t *handle, void *unused);

/* acquire: pairs with the release in push; what the posters wrote is seen. Leaving puts the mark there only
 * in exchange for an empty list: what was posted before still runs. */
static void run_posts(uv_async_t *wake)
{
    struct mill_loop *loop = wake->data;
    struct post *post = oldest_first(atomic_exchange_explicit(&loop->posts, NULL, memory_order_acquire));
    while (post) {
        struct post *next = post->next;
        post->run(post->argument);
        if (post != &loop->last) {
            free(post);
        }
        post = next;
    }
    if (!loop->leaving) {
        return;
    }
    struct post *nothing = NULL;
    if (atomic_compare_exchange_strong_explicit(&loop->posts, &nothing, &loop->refused, memory_order_acquire,
                                                memory_order_relaxed)) {
        uv_walk(&loop->uv, close_handle, NULL);
    } else {
        uv_async_send(wake);
    }
}

static void leave(void *argument)
{
    struct mill_loop *loop = argument;
    loop->leaving = true;
}

static void run_timer(uv_timer_t *handle)
{
    struct timer *timer = handle->data;
    timer->run(timer->argument);
}

static void free_timer(uv_handle_t *handle)
{
    free(handle->data);
}

static void close_handle(uv_handle_t *handle, void *unused)
{
    (void)unused;
    if (!uv_is_closing(handle)) {
        uv_close(handle, handle->type == UV_TIMER ? free_timer : NULL);
    }
}

/* Runs until all handles are closed, which run_posts does last. */
static void loop_main(void *argument)
{
    struct mill_loop *loop = argument;
    uv_run(&loop->uv, UV_RUN_DEFAULT);
}

/* ---- any thread ---- */

/* release: pairs with the acquire in run_posts. Beside a stop some pushes come behind the request to leave:
 * they are run or meet the mark. A push onto an empty list wakes the loop; on any other the push that came
 * before has done so. */
static int push(struct mill_loop *loop, struct post *post)
{
    struct post *newest = atomic_load_explicit(&loop->posts, memory_order_relaxed);
    do {
        if (newest == &loop->refused) {
            return -EPIPE;
        }
        post->next = newest;
    } while (!atomic_compare_exchange_weak_explicit(&loop->posts, &newest, post, memory_order_release,
                                                    memory_order_relaxed));
    if (!newest) {
        uv_async_send(&loop->wake);
    }
    return 0;
}

int mill_loop_post(struct mill_loop *loop, void (*run)(void *argument), void *argument)
{
    if (!loop || !run) {
        return -EINVAL;
    }
    /* acquire: pairs with the release in mill_loop_stop */
    if (atomic_load_explicit(&loop->stopping, memory_order_acquire)) {
        return -EPIPE;
    }
    struct post *post = malloc(sizeof *post);
    if (!post) {
        return -ENOMEM;
    }
    *post = (struct post){.run = run, .argument = argument};
    int status = push(loop, post);
    if (status < 0) {
        free(post);
    }
    return status;
}

/* Shared by the caller, which may not wait that long, and the closure. */
struct call {
    struct mill_answer answer;
    void (*run)(void *argument);
    void *argument;
};

static void leave_call(struct call *call)
{
    if (mill_answer_leave(&call->answer)) {
        free(call);
    }
}

static void run_call(void *argument)
{
    struct call *call = argument;
    call->run(call->argument);
    mill_answer_give(&call->answer, 0);
    leave_call(call);
}

int mill_loop_call(struct mill_loop *loop, void (*run)(void *argument), void *argument, int64_t timeout_ns)
{
    uint64_t deadline;
    int status = loop && run ? mill_deadline_after(timeout_ns, &deadline) : -EINVAL;
    if (status < 0) {
        return status;
    }
    if (mill_loop_is_owner(loop)) {
        run(argument);
        return 0;
    }
    struct call *call = malloc(sizeof *call);
    if (!call) {
        return -ENOMEM;
    }
    call->run = run;
    call->argument = argument;
    mill_answer_init(&call->answer);
    status = mill_loop_post(loop, run_call, call);
    if (status < 0) {
        free(call);
        return status;
    }
    status = mill_answer_await(&call->answer, deadline);
    leave_call(call);
    return status;
}

int mill_loop_every(struct mill_loop *loop, uint64_t interval_ns, void (*run)(void *argument), void *argument)
{
    if (!loop || !run || interval_ns < MILL_NS_PER_MS) {
        return -EINVAL;
    }
    if (!mill_loop_is_owner(loop)) {
        return -EPERM;
    }
    struct timer *timer = malloc(sizeof *timer);
    if (!timer) {
        return -ENOMEM;
    }
    *timer = (struct timer){.run = run, .argument = argument};
    timer->handle.data = timer;
    uv_timer_init(&loop->uv, &timer->handle);
    uint64_t interval_ms = interval_ns / MILL_NS_PER_MS;
    uv_timer_start(&timer->handle, run_timer, interval_ms, interval_ms);
    return 0;
}

uv_loop_t *mill_loop_uv(struct mill_loop *loop)
{
    return &loop->uv;
}

bool mill_loop_is_owner(const struct mill_loop *loop)
{
    return mill_thread_is_self(loop->thread);
}

void mill_loop_assert_owner(const struct mill_loop *loop)
{
    if (!mill_loop_is_owner(loop)) {
        abort();
    }
}

/* ---- start and stop ---- */

int mill_loop_start(struct mill_loop **loop, const char *name)
{
    struct mill_loop *made = loop ? mill_isolated_alloc(sizeof *made) : NULL;
    if (!made) {
        return loop ? -ENOMEM : -EINVAL;
    }
    int status = uv_loop_init(&made->uv);
    if (status < 0) {
        free(made);
        return status;
    }
    made->wake.data = made;
    status = uv_async_init(&made->uv, &made->wake, run_posts);
    if (status == 0) {
        status = mill_thread_start(&made->thread, name, loop_main, made);
        if (status < 0) {
            uv_close((uv_handle_t *)&made->wake, NULL);
            uv_run(&made->uv, UV_RUN_DEFAULT);
        }
    }
    if (status < 0) {
        uv_loop_close(&made->uv);
        free(made);
        return status;
    }
    *loop = made;
    return 0;
}

int mill_loop_stop(struct mill_loop *loop, int64_t timeout_ns)
{
    int status = loop && timeout_ns >= 0 ? 0 : -EINVAL;
    if (status < 0 || mill_loop_is_owner(loop)) {
        return status < 0 ? status : -EDEADLK;
    }
    if (!atomic_exchange_explicit(&loop->stopping, true, memory_order_acq_rel)) {
        loop->last = (struct post){.run = leave, .argument = loop};
        push(loop, &loop->last);
    }
    status = mill_thread_join(loop->thread, timeout_ns);
    if (status < 0) {
        return status;
    }
    uv_loop_close(&loop->uv);
    free(loop);
    return 0;
}
