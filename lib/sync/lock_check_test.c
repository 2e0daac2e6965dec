/* What misuse of a lock comes to in a checked build: each is committed in a child, which has to end by
 * SIGABRT and to name the lock, what was done, and both threads.
 */
#include "sync/lock_check.h"

#include "sync/lock_list.h"
#include "sync/test_misuse.h"

/* ---- children that misuse ---- */

struct misuse {
    const struct mill_lock_ops *ops;
    struct mill_lock *lock;
    struct mill_lock_context context; /* of the child's first thread */
    void (*commit)(struct misuse *misuse);
};

static void acquire(struct misuse *misuse, struct mill_lock_context *me)
{
    mill_lock_acquire(misuse->ops, misuse->lock, me);
}

static void release(struct misuse *misuse, struct mill_lock_context *me)
{
    mill_lock_release(misuse->ops, misuse->lock, me);
}

static void acquire_by_other(void *context)
{
    struct mill_lock_context me;
    acquire(context, &me);
}

static void release_by_other(void *context)
{
    struct mill_lock_context me;
    release(context, &me);
}

static void destroy_by_other(void *context)
{
    struct misuse *misuse = context;
    mill_lock_destroy(misuse->ops, misuse->lock);
}

static void release_by_another(struct misuse *misuse)
{
    acquire(misuse, &misuse->context);
    another_thread(release_by_other, misuse);
}

static void release_what_is_free(struct misuse *misuse)
{
    release(misuse, &misuse->context);
}

static void release_with_another_context(struct misuse *misuse)
{
    struct mill_lock_context another;
    acquire(misuse, &misuse->context);
    release(misuse, &another);
}

static void acquire_twice(struct misuse *misuse)
{
    struct mill_lock_context another;
    acquire(misuse, &misuse->context);
    acquire(misuse, &another);
}

static void acquire_twice_until(struct misuse *misuse)
{
    struct mill_lock_context another;
    acquire(misuse, &misuse->context);
    mill_lock_acquire_until(misuse->ops, misuse->lock, &another, 0);
}

static void destroy_while_held(struct misuse *misuse)
{
    acquire(misuse, &misuse->context);
    another_thread(destroy_by_other, misuse);
}

static void come_as_one_too_many(struct misuse *misuse)
{
    acquire(misuse, &misuse->context);
    another_thread(acquire_by_other, misuse);
}

/* Nothing at all is wrong with this. */
static void behave(struct misuse *misuse)
{
    acquire(misuse, &misuse->context);
    release(misuse, &misuse->context);
    another_thread(destroy_by_other, misuse);
}

static void create_and_commit(void *context)
{
    struct misuse *misuse = context;
    if (mill_lock_create_for(misuse->ops, 1, &misuse->lock) < 0) {
        _exit(2);
    }
    misuse->commit(misuse);
}

static void see_end(const struct mill_lock_ops *ops, void (*commit)(struct misuse *misuse), struct end *end)
{
    struct misuse misuse = {.ops = ops, .commit = commit};
    see_end_of(create_and_commit, &misuse, end);
}

/* ---- tests ---- */

static void need_checks(void)
{
    if (!MILL_CHECKED) {
        print_message("left out: this build checks nothing\n");
        skip();
    }
}

static void assert_ends(const char *lock, void (*commit)(struct misuse *misuse), const char *words,
                        const char *thread)
{
    struct end end;
    char name[64];
    need_checks();
    snprintf(name, sizeof name, "lock '%s' at ", lock);
    see_end(mill_lock_ops_find(lock), commit, &end);
    if (!end.aborted || !strstr(end.said, name) || !strstr(end.said, words) || !strstr(end.said, thread)) {
        fail_msg("%s, and said: %s", end.aborted ? "aborted" : "did not abort", end.said);
    }
}

static void test_release_by_another(void **state)
{
    (void)state;
    assert_ends("pthread", release_by_another, "(other) releases it: it is held by thread ", "(first)");
    assert_ends("mcs", release_by_another, "(other) releases it: it is held by thread ", "(first)");
}

static void test_release_of_what_is_free(void **state)
{
    (void)state;
    assert_ends("ticket", release_what_is_free, "releases it: it is held by nobody", "(first)");
}

static void test_another_context(void **state)
{
    (void)state;
    assert_ends("mcs", release_with_another_context, "releases it with another context", "(first)");
}

static void test_acquire_twice(void **state)
{
    (void)state;
    assert_ends("ttas", acquire_twice, "acquires it a second time: it is held by thread ", "(first)");
    assert_ends("ttas", acquire_twice_until, "acquires it a second time: it is held by thread ", "(first)");
}

static void test_destroy_while_held(void **state)
{
    (void)state;
    assert_ends("futex", destroy_while_held,
                "(other) destroys it: 1 hold it or wait for it, and the holder is", "(first)");
}

static void test_use_as_intended(void **state)
{
    (void)state;
    struct end end;
    see_end(mill_lock_ops_find("mcs"), behave, &end);
    assert_false(end.aborted);
    assert_string_equal(end.said, "");
}

/* ---- locks of this test ---- */

static void do_nothing(struct mill_lock *lock, struct mill_lock_context *me)
{
    (void)lock;
    (void)me;
}

/* Lets everybody in, and was built for some. */
static const struct mill_lock_ops open_to_all = {
    .about = {.name = "open-to-all", .traits = MILL_BOUNDED, .size = 1},
    .acquire = do_nothing,
    .release = do_nothing,
};

static void test_one_too_many(void **state)
{
    (void)state;
    struct end end;
    need_checks();
    see_end(&open_to_all, come_as_one_too_many, &end);
    assert_true(end.aborted);
    assert_non_null(strstr(end.said, "(other) is one too many: it was built for 1"));
    assert_non_null(strstr(end.said, "(first)"));
}

static const struct mill_lock_ops open_to_many = {
    .about = {.name = "open-to-many", .size = 1},
    .acquire = do_nothing,
    .release = do_nothing,
};

static void test_two_holders(void **state)
{
    (void)state;
    struct end end;
    need_checks();
    see_end(&open_to_many, come_as_one_too_many, &end);
    assert_true(end.aborted);
    assert_non_null(strstr(end.said, "(other) was given it while it is held by thread"));
    assert_non_null(strstr(end.said, "(first)"));
}

static void test_controls_are_left_alone(void **state)
{
    (void)state;
    struct end end;
    static const struct mill_lock_ops control = {
        .about = {.name = "control", .traits = MILL_CONTROL, .size = 1},
        .acquire = do_nothing,
        .release = do_nothing,
    };
    see_end(&control, come_as_one_too_many, &end);
    assert_false(end.aborted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_release_by_another),
        cmocka_unit_test(test_release_of_what_is_free),
        cmocka_unit_test(test_another_context),
        cmocka_unit_test(test_acquire_twice),
        cmocka_unit_test(test_destroy_while_held),
        cmocka_unit_test(test_use_as_intended),
        cmocka_unit_test(test_one_too_many),
        cmocka_unit_test(test_two_holders),
        cmocka_unit_test(test_controls_are_left_alone),
    };
    return cmocka_run_group_tests_name("lock checks", tests, NULL, NULL);
}
