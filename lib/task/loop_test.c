#include "task/loop.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>
#include <uv.h>

#include <cmocka.h>

#include "core/sanitizer.h"

#define POSTERS 4u
#define POSTS   2000u

static struct mill_loop *start(void)
{
    struct mill_loop *loop;
    assert_int_equal(mill_loop_start(&loop, "test"), 0);
    return loop;
}

static void stop(struct mill_loop *loop)
{
    assert_int_equal(mill_loop_stop(loop, MILL_FOREVER), 0);
}

/* ---- what the loop owns: plain, since only its thread touches it ---- */

struct owned {
    struct mill_loop *loop;
    unsigned next[POSTERS]; /* the post that must come next from each poster */
    unsigned disordered, foreign, total;
};

struct letter {
    struct owned *owned;
    unsigned poster, number;
};

static void open_letter(void *argument)
{
    struct letter *letter = argument;
    struct owned *owned = letter->owned;
    owned->foreign += !mill_loop_is_owner(owned->loop);
    owned->disordered += owned->next[letter->poster] != letter->number;
    owned->next[letter->poster] = letter->number + 1;
    owned->total++;
    free(letter);
}

struct poster {
    struct owned *owned;
    unsigned index;
};

static void *post_all(void *argument)
{
    struct poster *poster = argument;
    for (unsigned i = 0; i < POSTS; i++) {
        struct letter *letter = malloc(sizeof *letter);
        *letter = (struct letter){poster->owned, poster->index, i};
        if (mill_loop_post(poster->owned->loop, open_letter, letter) < 0) {
            abort();
        }
    }
    return NULL;
}

static void posts_of_a_thread_run_in_order_on_the_owner(void **state)
{
    (void)state;
    struct owned owned = {.loop = start()};
    struct poster posters[POSTERS];
    pthread_t threads[POSTERS];
    for (unsigned i = 0; i < POSTERS; i++) {
        posters[i] = (struct poster){&owned, i};
        assert_int_equal(pthread_create(&threads[i], NULL, post_all, &posters[i]), 0);
    }
    for (unsigned i = 0; i < POSTERS; i++) {
        pthread_join(threads[i], NULL);
    }
    stop(owned.loop);
    assert_int_equal(owned.total, POSTERS * POSTS);
    assert_int_equal(owned.disordered, 0);
    assert_int_equal(owned.foreign, 0);
}

static void add_one(void *argument)
{
    (*(unsigned *)argument)++;
}

static void a_call_has_run_when_it_returns(void **state)
{
    (void)state;
    struct mill_loop *loop = start();
    unsigned count = 0;
    for (unsigned i = 1; i <= 500; i++) {
        assert_int_equal(mill_loop_call(loop, add_one, &count, MILL_FOREVER), 0);
        assert_int_equal(count, i);
    }
    stop(loop);
}

/* ---- the loop held up ---- */

struct hold {
    atomic_bool entered, leave;
    struct mill_loop *loop;
    int inner;
    unsigned count;
};

static void hold_up(void *argument)
{
    struct hold *hold = argument;
    atomic_store(&hold->entered, true);
    while (!atomic_load(&hold->leave)) {
        usleep(100);
    }
}

static void await_entry(struct hold *hold)
{
    while (!atomic_load(&hold->entered)) {
        usleep(100);
    }
}

static void a_call_that_is_late_still_runs(void **state)
{
    (void)state;
    struct hold hold = {.loop = start()};
    static unsigned count;
    count = 0;
    assert_int_equal(mill_loop_post(hold.loop, hold_up, &hold), 0);
    await_entry(&hold);
    assert_int_equal(mill_loop_call(hold.loop, add_one, &count, 0), -ETIMEDOUT);
    assert_int_equal(mill_loop_call(hold.loop, add_one, &count, MILL_NS_PER_MS), -ETIMEDOUT);
    atomic_store(&hold.leave, true);
    stop(hold.loop);
    assert_int_equal(count, 2);
}

static void stopping_while_busy_times_out_and_can_be_repeated(void **state)
{
    (void)state;
    struct hold hold = {.loop = start()};
    unsigned count = 0;
    assert_int_equal(mill_loop_post(hold.loop, hold_up, &hold), 0);
    await_entry(&hold);
    assert_int_equal(mill_loop_post(hold.loop, add_one, &count), 0);
    assert_int_equal(mill_loop_stop(hold.loop, MILL_NS_PER_MS), -ETIMEDOUT);
    assert_int_equal(mill_loop_stop(hold.loop, 0), -ETIMEDOUT);
    atomic_store(&hold.leave, true);
    stop(hold.loop);
    assert_int_equal(count, 1);
}

static void *post_until_refused(void *argument)
{
    struct hold *hold = argument;
    uintptr_t taken = 0;
    int status = 0;
    while (status == 0) {
        status = mill_loop_post(hold->loop, add_one, &hold->count);
        taken += status == 0;
    }
    hold->inner = status;
    return (void *)taken;
}

/* The loop is held up so that it is still there for the poster's last attempt. */
static void what_is_posted_beside_a_stop_runs_or_is_refused(void **state)
{
    (void)state;
    for (unsigned round = 0; round < 20; round++) {
        struct hold hold = {.loop = start()};
        pthread_t thread;
        void *taken;
        assert_int_equal(mill_loop_post(hold.loop, hold_up, &hold), 0);
        await_entry(&hold);
        assert_int_equal(pthread_create(&thread, NULL, post_until_refused, &hold), 0);
        usleep(round * 20);
        assert_int_equal(mill_loop_stop(hold.loop, 0), -ETIMEDOUT);
        pthread_join(thread, &taken);
        assert_int_equal(hold.inner, -EPIPE);
        assert_int_equal(mill_loop_call(hold.loop, add_one, &hold.count, MILL_FOREVER), -EPIPE);
        atomic_store(&hold.leave, true);
        stop(hold.loop);
        assert_int_equal(hold.count, (uintptr_t)taken);
    }
}

/* ---- on the loop's own thread ---- */

static void use_from_inside(void *argument)
{
    struct hold *hold = argument;
    hold->inner = mill_loop_is_owner(hold->loop) && mill_loop_stop(hold->loop, 0) == -EDEADLK &&
                  mill_loop_call(hold->loop, add_one, &hold->count, 0) == 0 && hold->count == 1 &&
                  mill_loop_post(hold->loop, add_one, &hold->count) == 0 && hold->count == 1;
    mill_loop_assert_owner(hold->loop);
}

static void the_loop_may_use_itself(void **state)
{
    (void)state;
    struct hold hold = {.loop = start()};
    assert_int_equal(mill_loop_call(hold.loop, use_from_inside, &hold, MILL_FOREVER), 0);
    stop(hold.loop);
    assert_int_equal(hold.inner, 1);
    assert_int_equal(hold.count, 2);
}

static void three_times(void *argument)
{
    struct hold *hold = argument;
    if (++hold->count == 3) {
        atomic_store(&hold->leave, true);
    }
}

static void start_timer(void *argument)
{
    struct hold *hold = argument;
    hold->inner = mill_loop_every(hold->loop, MILL_NS_PER_MS, three_times, hold);
}

static void a_timer_comes_again_and_does_not_hold_up_the_end(void **state)
{
    (void)state;
    struct hold hold = {.loop = start()};
    assert_int_equal(mill_loop_every(hold.loop, MILL_NS_PER_MS, three_times, &hold), -EPERM);
    assert_int_equal(mill_loop_call(hold.loop, start_timer, &hold, MILL_FOREVER), 0);
    assert_int_equal(hold.inner, 0);
    while (!atomic_load(&hold.leave)) {
        usleep(100);
    }
    stop(hold.loop);
    assert_true(hold.count >= 3);
}

/* A foreign touch of what the loop owns ends the process. */
static void a_foreign_thread_is_caught(void **state)
{
    (void)state;
    if (MILL_UNDER_TSAN || MILL_UNDER_ASAN) {
        skip(); /* their run-times do not survive a fork of a process with threads */
    }
    struct mill_loop *loop = start();
    pid_t child = fork();
    if (child == 0) {
        signal(SIGABRT, SIG_DFL);
        mill_loop_assert_owner(loop);
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGABRT);
    stop(loop);
}

static void bad_input_is_refused(void **state)
{
    (void)state;
    struct mill_loop *loop = NULL;
    unsigned count = 0;
    assert_int_equal(mill_loop_start(NULL, "x"), -EINVAL);
    assert_int_equal(mill_loop_start(&loop, NULL), -EINVAL);
    assert_int_equal(mill_loop_start(&loop, "a name that is too long"), -EINVAL);
    loop = start();
    assert_int_equal(mill_loop_post(NULL, add_one, &count), -EINVAL);
    assert_int_equal(mill_loop_post(loop, NULL, &count), -EINVAL);
    assert_int_equal(mill_loop_call(loop, NULL, &count, 0), -EINVAL);
    assert_int_equal(mill_loop_call(loop, add_one, &count, -1), -EINVAL);
    assert_int_equal(mill_loop_every(loop, 0, add_one, &count), -EINVAL);
    assert_int_equal(mill_loop_every(loop, MILL_NS_PER_MS, NULL, &count), -EINVAL);
    assert_int_equal(mill_loop_stop(NULL, 0), -EINVAL);
    assert_int_equal(mill_loop_stop(loop, -1), -EINVAL);
    stop(loop);
    assert_int_equal(count, 0);
}

/* ---- handles of the caller's own ---- */

static void count_and_close(uv_timer_t *timer)
{
    (*(unsigned *)timer->data)++;
    uv_close((uv_handle_t *)timer, NULL);
}

struct own {
    struct mill_loop *loop;
    uv_timer_t timer;
    unsigned count;
};

static void start_own_timer(void *argument)
{
    struct own *own = argument;
    uv_timer_init(mill_loop_uv(own->loop), &own->timer);
    own->timer.data = &own->count;
    uv_timer_start(&own->timer, count_and_close, 0, 0);
}

static void is_own_timer_closed(void *argument)
{
    struct own *own = argument;
    own->count += uv_is_closing((uv_handle_t *)&own->timer) ? 10 : 0;
}

static void a_handle_of_the_callers_own_runs_on_the_loop(void **state)
{
    (void)state;
    struct own own = {.loop = start()};
    assert_int_equal(mill_loop_call(own.loop, start_own_timer, &own, MILL_FOREVER), 0);
    while (own.count < 10) {
        assert_int_equal(mill_loop_call(own.loop, is_own_timer_closed, &own, MILL_FOREVER), 0);
    }
    stop(own.loop);
    assert_int_equal(own.count, 11);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_handle_of_the_callers_own_runs_on_the_loop),
        cmocka_unit_test(posts_of_a_thread_run_in_order_on_the_owner),
        cmocka_unit_test(a_call_has_run_when_it_returns),
        cmocka_unit_test(a_call_that_is_late_still_runs),
        cmocka_unit_test(stopping_while_busy_times_out_and_can_be_repeated),
        cmocka_unit_test(what_is_posted_beside_a_stop_runs_or_is_refused),
        cmocka_unit_test(the_loop_may_use_itself),
        cmocka_unit_test(a_timer_comes_again_and_does_not_hold_up_the_end),
        cmocka_unit_test(a_foreign_thread_is_caught),
        cmocka_unit_test(bad_input_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
