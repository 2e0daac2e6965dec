#include "task/coroutine.h"

#include <errno.h>
#include <fenv.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/sanitizer.h"

static struct mill_coroutine *create(void (*body)(struct mill_coroutine *, void *), void *argument)
{
    struct mill_coroutine *coroutine;
    assert_int_equal(mill_coroutine_create(&coroutine, 0, body, argument), 0);
    return coroutine;
}

static void count_to_three(struct mill_coroutine *self, void *argument)
{
    for (int i = 1; i <= 3; i++) {
        *(int *)argument = i;
        mill_coroutine_yield(self);
    }
}

static void it_goes_on_where_it_left_off(void **state)
{
    (void)state;
    int number = 0;
    struct mill_coroutine *coroutine = create(count_to_three, &number);
    assert_int_equal(number, 0);
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(mill_coroutine_resume(coroutine), 0);
        assert_int_equal(number, i);
        assert_false(mill_coroutine_ended(coroutine));
    }
    assert_int_equal(mill_coroutine_resume(coroutine), 1);
    assert_true(mill_coroutine_ended(coroutine));
    assert_int_equal(mill_coroutine_resume(coroutine), -ESRCH);
    assert_int_equal(mill_coroutine_destroy(coroutine), 0);
}

#define MANY 50

static void many_take_turns(void **state)
{
    (void)state;
    struct mill_coroutine *coroutines[MANY];
    int numbers[MANY] = {0};
    for (int i = 0; i < MANY; i++) {
        coroutines[i] = create(count_to_three, &numbers[i]);
    }
    for (int round = 1; round <= 3; round++) {
        for (int i = 0; i < MANY; i++) {
            assert_int_equal(mill_coroutine_resume(coroutines[i]), 0);
            assert_int_equal(numbers[i], round);
        }
    }
    /* Half of them end, half are destroyed where they stand. */
    for (int i = 0; i < MANY; i++) {
        assert_int_equal(i % 2 ? mill_coroutine_resume(coroutines[i]) : 1, 1);
        assert_int_equal(mill_coroutine_destroy(coroutines[i]), 0);
    }
}

/* ---- one within another ---- */

struct nest {
    struct mill_coroutine *self, *inner;
    int number, self_resumed, self_destroyed, outer_resumed;
};

static void resume_outer(struct mill_coroutine *self, void *argument)
{
    struct nest *nest = argument;
    (void)self;
    nest->outer_resumed = mill_coroutine_resume(nest->self);
}

static void resume_others(struct mill_coroutine *self, void *argument)
{
    struct nest *nest = argument;
    nest->self_resumed = mill_coroutine_resume(self);
    nest->self_destroyed = mill_coroutine_destroy(self);
    while (mill_coroutine_resume(nest->inner) == 0) {
        mill_coroutine_yield(self);
    }
    struct mill_coroutine *loop = create(resume_outer, nest);
    mill_coroutine_resume(loop);
    mill_coroutine_destroy(loop);
}

static void one_may_resume_another_and_not_itself(void **state)
{
    (void)state;
    struct nest nest = {0};
    nest.inner = create(count_to_three, &nest.number);
    nest.self = create(resume_others, &nest);
    for (int i = 1; i <= 3; i++) {
        assert_int_equal(mill_coroutine_resume(nest.self), 0);
        assert_int_equal(nest.number, i);
    }
    assert_int_equal(mill_coroutine_resume(nest.self), 1);
    assert_int_equal(nest.self_resumed, -EBUSY);
    assert_int_equal(nest.self_destroyed, -EBUSY);
    assert_int_equal(nest.outer_resumed, -EBUSY);
    assert_int_equal(mill_coroutine_destroy(nest.inner), 0);
    assert_int_equal(mill_coroutine_destroy(nest.self), 0);
}

/* ---- what a switch keeps ---- */

struct sums {
    double real;
    uint64_t whole;
    int rounding;
};

/* Enough live values that some stand in registers that a callee preserves. */
static void sum_up(struct mill_coroutine *self, void *argument)
{
    struct sums *sums = argument;
    double a = 1.5, b = 2.25, c = 3.125;
    uint64_t k = 1, l = 2, m = 3, n = 4, o = 5, p = 6;
    fesetround(FE_UPWARD);
    for (int i = 0; i < 100; i++) {
        a += 1;
        b += a;
        c += b;
        k += l, l += m, m += n, n += o, o += p, p += k;
        mill_coroutine_yield(self);
    }
    sums->real = a + b + c;
    sums->whole = k + l + m + n + o + p;
    sums->rounding = fegetround();
}

static void values_and_modes_survive_a_switch(void **state)
{
    (void)state;
    struct sums one = {0}, other = {0}, alone = {0};
    struct mill_coroutine *first = create(sum_up, &one), *second = create(sum_up, &other);
    struct mill_coroutine *third = create(sum_up, &alone);
    int here = fegetround();
    int ended = 0;
    while (ended < 2) {
        ended = mill_coroutine_resume(first) + mill_coroutine_resume(second);
        assert_int_equal(fegetround(), here);
    }
    while (mill_coroutine_resume(third) == 0) {
    }
    assert_true(one.real == alone.real && other.real == alone.real);
    assert_int_equal(one.whole, alone.whole);
    assert_int_equal(other.whole, alone.whole);
    assert_int_equal(one.rounding, FE_UPWARD);
    mill_coroutine_destroy(first);
    mill_coroutine_destroy(second);
    mill_coroutine_destroy(third);
}

/* ---- limits ---- */

static void fill(struct mill_coroutine *self, void *argument)
{
    volatile unsigned char buffer[40 << 10];
    (void)self;
    for (size_t i = 0; i < sizeof buffer; i += 64) {
        buffer[i] = 1;
    }
    *(int *)argument = buffer[64];
}

static void a_stack_is_as_large_as_was_asked(void **state)
{
    (void)state;
    int filled = 0;
    struct mill_coroutine *coroutine;
    assert_int_equal(mill_coroutine_create(&coroutine, 256 << 10, fill, &filled), 0);
    assert_int_equal(mill_coroutine_resume(coroutine), 1);
    assert_int_equal(filled, 1);
    assert_int_equal(mill_coroutine_destroy(coroutine), 0);
}

static void running_over_the_stack_is_a_fault(void **state)
{
    (void)state;
    if (MILL_UNDER_TSAN || MILL_UNDER_ASAN) {
        skip(); /* their handlers would report it as the error that it is */
    }
    pid_t child = fork();
    if (child == 0) {
        struct mill_coroutine *coroutine;
        int filled = 0;
        signal(SIGSEGV, SIG_DFL);
        if (mill_coroutine_create(&coroutine, MILL_COROUTINE_STACK_MIN, fill, &filled) == 0) {
            mill_coroutine_resume(coroutine);
        }
        _exit(0);
    }
    int status;
    assert_int_equal(waitpid(child, &status, 0), child);
    assert_true(WIFSIGNALED(status) && WTERMSIG(status) == SIGSEGV);
}

static void *resume_elsewhere(void *argument)
{
    return (void *)(intptr_t)mill_coroutine_resume(argument);
}

static void it_belongs_to_the_thread_that_began_it(void **state)
{
    (void)state;
    int number = 0;
    struct mill_coroutine *coroutine = create(count_to_three, &number);
    pthread_t thread;
    void *status;
    assert_int_equal(mill_coroutine_resume(coroutine), 0);
    assert_int_equal(pthread_create(&thread, NULL, resume_elsewhere, coroutine), 0);
    pthread_join(thread, &status);
    assert_int_equal((intptr_t)status, -EPERM);
    assert_int_equal(mill_coroutine_destroy(coroutine), 0);
}

static void bad_input_is_refused(void **state)
{
    (void)state;
    struct mill_coroutine *coroutine;
    assert_int_equal(mill_coroutine_create(NULL, 0, fill, NULL), -EINVAL);
    assert_int_equal(mill_coroutine_create(&coroutine, 0, NULL, NULL), -EINVAL);
    assert_int_equal(mill_coroutine_create(&coroutine, MILL_COROUTINE_STACK_MIN - 1, fill, NULL), -EINVAL);
    assert_int_equal(mill_coroutine_create(&coroutine, SIZE_MAX, fill, NULL), -EINVAL);
    assert_int_equal(mill_coroutine_resume(NULL), -EINVAL);
    assert_int_equal(mill_coroutine_destroy(NULL), 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(it_goes_on_where_it_left_off),
        cmocka_unit_test(many_take_turns),
        cmocka_unit_test(one_may_resume_another_and_not_itself),
        cmocka_unit_test(values_and_modes_survive_a_switch),
        cmocka_unit_test(a_stack_is_as_large_as_was_asked),
        cmocka_unit_test(running_over_the_stack_is_a_fault),
        cmocka_unit_test(it_belongs_to_the_thread_that_began_it),
        cmocka_unit_test(bad_input_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
