/* What the tests over every lock share. */
#ifndef MILL_SYNC_TEST_LOCKS_H
#define MILL_SYNC_TEST_LOCKS_H

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/sanitizer.h"
#include "sync/lock_list.h"

#define MAX_THREADS 4u

/* One test of a group for a line of lock_list.h: `words` and the name, and the table as its state. */
#define TEST_OF_LOCK(words, test, ident, name)                                   \
    {                                                                            \
        words ": " name, test, NULL, NULL, (void *)(uintptr_t)&mill_lock_##ident \
    }

/* Ends the test as skipped, and says why, where this build cannot run the strategy. */
static void need(const struct mill_lock_ops *ops)
{
    if (ops->about.missing) {
        print_message("%s: %s\n", ops->about.name, ops->about.missing);
        skip();
    }
    if (MILL_UNDER_TSAN && (ops->about.traits & MILL_HIDES_ATOMICS)) {
        print_message("%s: ThreadSanitizer cannot see into it\n", ops->about.name);
        skip();
    }
}

static inline void start(pthread_t *thread, void *(*body)(void *), void *argument)
{
    assert_int_equal(pthread_create(thread, NULL, body, argument), 0);
}

/* What a strategy says that it ignores is not given to it. */
static inline struct mill_lock_context *if_used(const struct mill_lock_ops *ops, struct mill_lock_context *me)
{
    return ops->uses_context ? me : NULL;
}

#endif
