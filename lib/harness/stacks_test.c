/* A process with more threads than are shown, looked at by its parent. */
#include "harness/stacks.h"

#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/sanitizer.h"

#define LEFT_OUT 5u
#define CROWD    (MILL_STACKS_MAX + LEFT_OUT) /* its first thread included */

static void *stay(void *unused)
{
    (void)unused;
    for (;;) {
        pause();
    }
    return NULL;
}

/* In the child: says by a byte that all are there. */
static void be_a_crowd(int ready)
{
    for (unsigned i = 1; i < CROWD; i++) {
        pthread_t thread;
        if (pthread_create(&thread, NULL, stay, NULL) != 0) {
            _exit(1);
        }
    }
    if (write(ready, "", 1) != 1) {
        _exit(1);
    }
    stay(NULL);
}

static pid_t start_crowd(void)
{
    int ready[2];
    char byte;
    assert_int_equal(pipe(ready), 0);
    pid_t crowd = fork();
    if (crowd == 0) {
        be_a_crowd(ready[1]);
    }
    assert_true(crowd > 0);
    close(ready[1]);
    assert_int_equal(read(ready[0], &byte, 1), 1);
    close(ready[0]);
    return crowd;
}

static void end_crowd(pid_t crowd)
{
    kill(crowd, SIGKILL);
    assert_int_equal(waitpid(crowd, NULL, 0), crowd);
}

static unsigned threads_in(const char *text)
{
    unsigned count = 0;
    for (const char *at = text; (at = strstr(at, "thread ")) != NULL; at++) {
        count += at == text || at[-1] == '\n';
    }
    return count;
}

static void test_leaves_out_what_is_too_much(void **state)
{
    (void)state;
    pid_t crowd = start_crowd();
    char *text = mill_stacks_of(crowd, NULL, NULL);
    end_crowd(crowd);
    assert_non_null(text);
    assert_int_equal(threads_in(text), MILL_STACKS_MAX);
    /* a sanitizer's runtime may have threads of its own */
    unsigned left_out = 0;
    const char *told = strstr(text, "the stacks of ");
    assert_non_null(told);
    left_out = (unsigned)strtoul(told + strlen("the stacks of "), NULL, 10);
    assert_true(MILL_UNDER_TSAN || MILL_UNDER_ASAN ? left_out >= LEFT_OUT : left_out == LEFT_OUT);
    free(text);
}

static bool after_two(void *context)
{
    return ++*(unsigned *)context > 2;
}

static void test_ends_when_it_is_interrupted(void **state)
{
    (void)state;
    unsigned asked = 0;
    pid_t crowd = start_crowd();
    char *text = mill_stacks_of(crowd, after_two, &asked);
    end_crowd(crowd);
    assert_non_null(text);
    assert_int_equal(threads_in(text), 2);
    assert_int_equal(asked, 3);
    assert_non_null(strstr(text, "more threads are left out"));
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_leaves_out_what_is_too_much),
        cmocka_unit_test(test_ends_when_it_is_interrupted),
    };
    return cmocka_run_group_tests_name("stacks", tests, NULL, NULL);
}
