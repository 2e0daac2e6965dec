/* What the tests over every read-write lock share. */
#ifndef MILL_SYNC_TEST_RWLOCKS_H
#define MILL_SYNC_TEST_RWLOCKS_H

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/sanitizer.h"
#include "sync/rwlock_list.h"

#define MAX_THREADS 4u

/* One test of a group for a line of rwlock_list.h: `words` and the name, and the table as its state. */
#define TEST_OF_RWLOCK(words, test, ident, name)                                   \
    {                                                                              \
        words ": " name, test, NULL, NULL, (void *)(uintptr_t)&mill_rwlock_##ident \
    }

/* Ends the test as skipped, and says why, where this build cannot run the strategy. */
static void need(const struct mill_rwlock_ops *ops)
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

/* The same where it cannot be tried. */
static inline void need_try(const struct mill_rwlock_ops *ops)
{
    if (!ops->read_try || !ops->write_try) {
        assert_int_equal(mill_rwlock_read_try(ops, NULL, NULL), -ENOTSUP);
        assert_int_equal(mill_rwlock_write_try(ops, NULL, NULL), -ENOTSUP);
        print_message("%s: cannot try\n", ops->about.name);
        skip();
    }
}

#endif
