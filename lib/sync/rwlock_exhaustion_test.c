/* A read-write lock, or a record, for which there is no memory is not made, and says so; an update for which
 * there is none changes nothing. */
#include "core/test_exhaustion.h"

#include "core/peer.h"
#include "core/sanitizer.h"
#include "sync/record_list.h"

static void need(const struct mill_strategy *about)
{
    if (about->missing) {
        print_message("%s: %s\n", about->name, about->missing);
        skip();
    }
    if (MILL_UNDER_TSAN && (about->traits & MILL_HIDES_ATOMICS)) {
        print_message("%s: ThreadSanitizer cannot see into it\n", about->name);
        skip();
    }
}

static int use_lock(void *context)
{
    const struct mill_rwlock_ops *ops = context;
    struct mill_rwlock *lock;
    struct mill_rwlock_context me;
    int status = mill_rwlock_create(ops, &lock);
    if (status < 0) {
        return status;
    }
    mill_rwlock_read_acquire(ops, lock, &me);
    mill_rwlock_read_release(ops, lock, &me);
    mill_rwlock_write_acquire(ops, lock, &me);
    mill_rwlock_write_release(ops, lock, &me);
    mill_rwlock_destroy(ops, lock);
    return 0;
}

static void test_lock_survives(void **state)
{
    const struct mill_rwlock_ops *ops = *state;
    need(&ops->about);
    assert_true(mill_exhaust(use_lock, *state) >= 1);
}

static void count_up(void *value, void *argument)
{
    (void)argument;
    ++*(uint64_t *)value;
}

static int use_record(void *context)
{
    const struct mill_record_ops *ops = context;
    struct mill_record *record;
    uint64_t value;
    int status = mill_record_create(ops, sizeof value, &record);
    if (status < 0) {
        return status;
    }
    uint64_t updates = 0;
    for (int i = 0; i < 3 && status == 0; i++) {
        status = ops->update(record, count_up, NULL);
        updates += status == 0;
    }
    ops->read(record, &value);
    assert_int_equal(value, updates);
    mill_record_destroy(ops, record);
    return status;
}

static void test_record_survives(void **state)
{
    const struct mill_record_ops *ops = *state;
    need(&ops->about);
    assert_true(mill_exhaust(use_record, *state) >= 1);
}

#define LOCK(ident, name, peer) \
    {"lock: " name, test_lock_survives, NULL, NULL, (void *)(uintptr_t)&mill_rwlock_##ident},
#define RECORD(ident, name, peer) \
    {"record: " name, test_record_survives, NULL, NULL, (void *)(uintptr_t)&mill_record_##ident},
#define UNDER(ident, name, peer)                               \
    {"record: rwlock-" name, test_record_survives, NULL, NULL, \
     (void *)(uintptr_t)&mill_record_rwlock_##ident},

int main(void)
{
    const struct CMUnitTest tests[] = {MILL_RWLOCKS(LOCK) MILL_OTHER_RECORDS(RECORD)
                                           MILL_RIGHT_RWLOCKS(UNDER)};
    return cmocka_run_group_tests_name("read-write lock exhaustion", tests, NULL, NULL);
}
