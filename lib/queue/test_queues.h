/* Runs checks over every strategy of the queue family: each check is one cmocka test for each strategy, named
 * "strategy: check". What a strategy cannot be held to is skipped with the reason. Included once by a test.
 *
 *     static void test_closing(void **state)
 *     {
 *         const struct mill_queue_ops *ops = strategy_of(state);
 *         …
 *     }
 *
 *     int main(void)
 *     {
 *         static const struct check checks[] = {{"closing", test_closing}};
 *         return run_checks("queue", checks, sizeof checks / sizeof checks[0]);
 *     }
 */
#ifndef MILL_QUEUE_TEST_QUEUES_H
#define MILL_QUEUE_TEST_QUEUES_H

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include <cmocka.h>

#include "core/sanitizer.h"
#include "queue/queue.h"

struct check {
    const char *name;
    CMUnitTestFunction run;
};

/* Bounds a wait that should end by itself, so that a lost wake-up is told and not waited for. */
#define SOON (60 * (int64_t)MILL_NS_PER_S)

static inline bool shaped(const struct mill_queue_ops *ops, unsigned shape)
{
    return (ops->shape & shape) != 0;
}

/* Full is something that its put can meet. */
static inline bool fills(const struct mill_queue_ops *ops)
{
    return shaped(ops, MILL_QUEUE_BOUNDED) && !shaped(ops, MILL_QUEUE_DROPS_OLDEST);
}

static inline void leave_out(const struct mill_queue_ops *ops, const char *why)
{
    print_message("%s: left out: %s\n", ops->about.name, why);
    skip();
}

/* The strategy that a test is run with, if it can be held to the contract here. */
static inline const struct mill_queue_ops *strategy_of(void **state)
{
    const struct mill_queue_ops *ops = *state;
    if (ops->about.missing) {
        leave_out(ops, ops->about.missing);
    }
    if (ops->about.traits & (MILL_CONTROL | MILL_EMPTY)) {
        leave_out(ops, "it breaks the contract on purpose");
    }
    /* Not even by one thread: libraries have threads of their own, which free what they were given. */
    if (MILL_UNDER_TSAN && (ops->about.traits & MILL_HIDES_ATOMICS)) {
        leave_out(ops, "ThreadSanitizer cannot see into it");
    }
    return ops;
}

/* The same for a test of several threads. */
static inline const struct mill_queue_ops *strategy_of_threads(void **state)
{
    const struct mill_queue_ops *ops = strategy_of(state);
    if (ops->about.traits & MILL_ONE_THREAD) {
        leave_out(ops, "for one thread only");
    }
    return ops;
}

static inline struct mill_queue *made(const struct mill_queue_ops *ops, size_t capacity)
{
    struct mill_queue *queue = NULL;
    assert_int_equal(mill_queue_create(ops, capacity, &queue), 0);
    assert_non_null(queue);
    assert_ptr_equal(queue->ops, ops);
    return queue;
}

/* Waits for what happens without being waited on. True when it has happened. */
static inline bool becomes(bool (*true_of)(const void *context), const void *context)
{
    uint64_t late = mill_now_ns() + (uint64_t)SOON;
    while (!true_of(context)) {
        if (mill_now_ns() > late) {
            return false;
        }
        sched_yield();
    }
    return true;
}

static int run_checks(const char *group, const struct check *checks, size_t count)
{
    size_t total = count * mill_queue_family.count;
    struct CMUnitTest *tests = calloc(total, sizeof *tests);
    char(*names)[80] = calloc(total, sizeof *names);
    if (!tests || !names) {
        free(tests);
        free(names);
        return EXIT_FAILURE;
    }
    for (size_t i = 0; i < total; i++) {
        const struct mill_strategy *strategy = mill_queue_family.strategies[i / count];
        const struct check *check = &checks[i % count];
        snprintf(names[i], sizeof names[i], "%s: %s", strategy->name, check->name);
        tests[i] = (struct CMUnitTest){
            .name = names[i], .test_func = check->run, .initial_state = (void *)(uintptr_t)strategy};
    }
    int failed = _cmocka_run_group_tests(group, tests, total, NULL, NULL);
    free(names);
    free(tests);
    return failed;
}

#endif
