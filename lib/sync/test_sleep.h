/* For tests: waits until another thread of this process sleeps in the kernel. A thread that has said that it
 * is about to wait, and has nothing else to sleep in, is then inside its wait.
 *
 *     in the thread:  atomic_store(&id, gettid());  wait();
 *     in the test:    mill_test_await_sleep(&id);
 */
#ifndef MILL_SYNC_TEST_SLEEP_H
#define MILL_SYNC_TEST_SLEEP_H

#include <sched.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>
#include <sys/types.h>

/* The letter of proc(5): 'S' for a thread that sleeps; '?' when that cannot be told. */
static char mill_test_thread_state(pid_t thread)
{
    char path[64], line[256];
    snprintf(path, sizeof path, "/proc/self/task/%d/stat", (int)thread);
    FILE *file = fopen(path, "r");
    if (!file) {
        return '?';
    }
    const char *end_of_name = fgets(line, sizeof line, file) ? strrchr(line, ')') : NULL;
    fclose(file);
    return end_of_name ? end_of_name[2] : '?';
}

/* Until *id is set, and the thread was asleep at several looks in a row. */
static void mill_test_await_sleep(_Atomic pid_t *id)
{
    for (int asleep = 0; asleep < 5;) {
        sched_yield();
        pid_t thread = atomic_load_explicit(id, memory_order_relaxed);
        asleep = thread != 0 && mill_test_thread_state(thread) == 'S' ? asleep + 1 : 0;
    }
}

#endif
