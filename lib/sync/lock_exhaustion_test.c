/* A lock for which there is no memory is not made, and says so. */
#include "core/test_exhaustion.h"

#include "core/node.h"
#include "sync/test_locks.h"

static int use(void *context)
{
    const struct mill_lock_ops *ops = context;
    struct mill_lock *lock;
    struct mill_lock_context me;
    int status = mill_lock_create_for(ops, 3, &lock);
    if (status < 0) {
        return status;
    }
    mill_lock_acquire(ops, lock, &me);
    mill_lock_release(ops, lock, &me);
    mill_lock_destroy(ops, lock);
    return 0;
}

static void test_survives(void **state)
{
    const struct mill_lock_ops *ops = *state;
    need(ops);
    assert_true(mill_exhaust(use, *state) >= 1);
}

#define EACH(ident, name, peer) TEST_OF_LOCK("survives", test_survives, ident, name),

int main(void)
{
    const struct CMUnitTest tests[] = {MILL_LOCKS(EACH)};
    mill_nodes_pretend(2); /* what hwloc makes of a lack of memory is its own */
    return cmocka_run_group_tests_name("lock exhaustion", tests, NULL, NULL);
}
