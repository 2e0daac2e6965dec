#include "core/test_exhaustion.h"

#include "sync/watched_lock.h"

static int watch_a_lock(void *context)
{
    (void)context;
    struct mill_watch watch;
    struct mill_watched_lock lock;
    int status = mill_watch_open(&watch, 2);
    if (status < 0) {
        return status;
    }
    status = mill_watched_lock_init(&lock, &watch, "lock");
    if (status == 0) {
        status = mill_watch_attach(&watch, 0);
    }
    if (status == 0) {
        status = mill_watched_lock_acquire(&lock);
    }
    if (status == 0) {
        mill_watched_lock_release(&lock);
        mill_watch_break(&watch, NULL, 0);
    }
    mill_watch_close(&watch);
    return status;
}

static void test_survives(void **state)
{
    (void)state;
    assert_int_equal(mill_exhaust(watch_a_lock, NULL), 2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_survives),
    };
    return cmocka_run_group_tests_name("sync/watched_lock_exhaustion", tests, NULL, NULL);
}
