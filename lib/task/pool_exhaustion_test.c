#include "core/test_exhaustion.h"

#include <string.h>

#include "core/sanitizer.h"
#include "task/future.h"
#include "task/pool_list.h"

/* More than a worker's deque holds at first. */
#define CHILDREN 700

struct family {
    const struct mill_pool_ops *ops;
    struct mill_pool *pool;
    struct mill_task children[CHILDREN];
    atomic_int ran;
};

static int run_child(void *argument)
{
    struct family *family = argument;
    atomic_fetch_add_explicit(&family->ran, 1, memory_order_relaxed);
    return 0;
}

static int fork_children(void *argument)
{
    struct family *family = argument;
    for (int i = 0; i < CHILDREN; i++) {
        family->children[i] = (struct mill_task){.run = run_child, .argument = family};
        assert_int_equal(mill_pool_submit(family->pool, &family->children[i]), 0);
    }
    return 0;
}

/* Once a pool of ours is made, no want of memory keeps a task from it: neither one from outside nor one of a
 * task's own. */
static int make_and_use(void *context)
{
    struct family *family = context;
    struct mill_pool_options options = {.workers = 2};
    struct mill_future future;
    int result = -1;
    atomic_store(&family->ran, 0);
    int status = mill_pool_create(family->ops, &options, &family->pool);
    if (status < 0) {
        return status;
    }
    mill_future_init(&future, fork_children, family);
    assert_int_equal(mill_pool_submit_future(family->pool, &future), 0);
    assert_int_equal(mill_future_wait(&future, MILL_FOREVER, &result), 0);
    assert_int_equal(result, 0);
    assert_int_equal(mill_pool_shutdown(family->pool, MILL_POOL_DRAIN, MILL_FOREVER), 0);
    assert_int_equal(mill_pool_destroy(family->pool), 0);
    assert_int_equal(family->ran, CHILDREN);
    return 0;
}

static void test_survives(void **state)
{
    static struct family family;
    family.ops = *state;
    if (family.ops->shape & MILL_POOL_ALLOCATES) {
        print_message("%s: its library's memory is its own affair\n", family.ops->about.name);
        skip();
    }
    assert_true(mill_exhaust(make_and_use, &family) > 3);
}

/* libuv's adapter allocates for itself: such a submit may fail, and the next one not. */
static int use_libuv(void *context)
{
    struct mill_pool_options options = {.workers = 1};
    struct mill_future future;
    struct mill_pool *pool;
    int status = mill_pool_create(&mill_pool_libuv, &options, &pool);
    if (status < 0) {
        return status;
    }
    mill_future_init(&future, run_child, context);
    status = mill_pool_submit_future(pool, &future);
    if (status == 0) {
        assert_int_equal(mill_future_wait(&future, MILL_FOREVER, NULL), 0);
    }
    assert_int_equal(mill_pool_destroy(pool), 0);
    return status;
}

static void test_libuv_survives(void **state)
{
    (void)state;
    static struct family family;
    if (MILL_UNDER_TSAN) {
        print_message("ThreadSanitizer cannot see into it\n");
        skip();
    }
    assert_true(mill_exhaust(use_libuv, &family) > 2);
}

#define EACH(ident) {"survives: " #ident, test_survives, NULL, NULL, (void *)(uintptr_t)&mill_pool_##ident},

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_libuv_survives), MILL_POOLS(EACH)};
    return cmocka_run_group_tests_name("pool_exhaustion", tests, NULL, NULL);
}
