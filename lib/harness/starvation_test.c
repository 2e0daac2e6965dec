#include "harness/starvation.h"

#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/clock.h"

/* A child that goes `way` until it is killed. */
static pid_t start(void (*way)(void))
{
    pid_t child = fork();
    if (child == 0) {
        way();
        _exit(0);
    }
    return child;
}

static void end(pid_t child)
{
    kill(child, SIGKILL);
    waitpid(child, NULL, 0);
}

static void sleep_for_ever(void)
{
    for (;;) {
        pause();
    }
}

static void run_for_ever(void)
{
    for (volatile int i = 0;; i++) {
    }
}

static void a_sleeper_is_not_starved(void **state)
{
    (void)state;
    uint64_t cpu_ns;
    pid_t child = start(sleep_for_ever);
    /* It is ready to run until it first sleeps, which has no bound in time but comes. */
    while (mill_process_starved(child, 3600 * MILL_NS_PER_S, &cpu_ns)) {
    }
    assert_false(mill_process_starved(child, 3600 * MILL_NS_PER_S, &cpu_ns));
    end(child);
}

/* The same child, judged by how long it is said to have been there. */
static void a_runner_is_starved_when_it_had_too_little(void **state)
{
    (void)state;
    uint64_t cpu_ns;
    pid_t child = start(run_for_ever);
    assert_true(mill_process_starved(child, 3600 * MILL_NS_PER_S, &cpu_ns));
    while (mill_process_starved(child, 10 * MILL_NS_PER_MS, &cpu_ns)) {
    }
    assert_false(mill_process_starved(child, 10 * MILL_NS_PER_MS, &cpu_ns));
    assert_true(cpu_ns >= MILL_NS_PER_MS);
    end(child);
}

static void a_process_that_is_not_there_is_not_starved(void **state)
{
    (void)state;
    uint64_t cpu_ns;
    pid_t child = start(sleep_for_ever);
    end(child);
    assert_false(mill_process_starved(child, MILL_NS_PER_S, &cpu_ns));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sleeper_is_not_starved),
        cmocka_unit_test(a_runner_is_starved_when_it_had_too_little),
        cmocka_unit_test(a_process_that_is_not_there_is_not_starved),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
