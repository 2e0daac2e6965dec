#include "sync/lazy.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <threads.h>

#include <cmocka.h>

#include "core/sanitizer.h"
#include "sync/lazy_list.h"

#define CELLS   2000u
#define THREADS 3u

static void need(const struct mill_lazy_ops *ops)
{
    if (ops->about.missing || (MILL_UNDER_TSAN && (ops->about.traits & MILL_HIDES_ATOMICS))) {
        skip();
    }
}

struct object {
    atomic_uint builds;
    uint64_t value; /* plain: what `get` must order */
    uint64_t same;
};

struct works {
    struct mill_lazy *lazy;
    atomic_bool pause;  /* a builder waits in the middle … */
    atomic_uint inside; /* … once it is there */
    atomic_uint wrong;
};

static void build(void *context, size_t cell, void *built)
{
    struct works *works = context;
    struct object *object = built;
    atomic_fetch_add_explicit(&object->builds, 1, memory_order_relaxed);
    object->value = cell + 1;
    atomic_fetch_add_explicit(&works->inside, 1, memory_order_relaxed);
    while (atomic_load_explicit(&works->pause, memory_order_relaxed)) {
        sched_yield();
    }
    object->same = cell + 1;
}

static void open_works(struct works *works, const struct mill_lazy_ops *ops, size_t cells)
{
    memset(works, 0, sizeof *works);
    const struct mill_lazy_plan plan = {
        .cells = cells, .size = sizeof(struct object), .build = build, .context = works};
    assert_int_equal(mill_lazy_create(ops, &plan, &works->lazy), 0);
}

static void test_builds_when_asked_and_once(void **state)
{
    const struct mill_lazy_ops *ops = *state;
    need(ops);
    struct works works;
    open_works(&works, ops, 3);
    for (unsigned lap = 1; lap <= 2; lap++) {
        assert_int_equal(works.inside, 2 * (lap - 1));
        struct object *object = mill_lazy_get(works.lazy, 1);
        assert_int_equal((uintptr_t)object % alignof(max_align_t), 0);
        assert_int_equal(object->value, 2);
        assert_int_equal(object->same, 2);
        assert_ptr_equal(mill_lazy_get(works.lazy, 1), object);
        assert_int_equal(object->builds, 1);
        assert_ptr_not_equal(mill_lazy_get(works.lazy, 2), object);
        assert_int_equal(works.inside, 2 * lap);
        mill_lazy_renew(works.lazy);
        assert_int_equal(object->builds, 0);
    }
    mill_lazy_destroy(works.lazy);
    mill_lazy_destroy(NULL);
}

static void *ask_for_all(void *argument)
{
    struct works *works = argument;
    for (size_t cell = 0; cell < CELLS; cell++) {
        const struct object *object = mill_lazy_get(works->lazy, cell);
        if (object->value != cell + 1 || object->same != cell + 1 || object->builds != 1) {
            atomic_fetch_add_explicit(&works->wrong, 1, memory_order_relaxed);
        }
    }
    return NULL;
}

static void test_all_see_it_whole(void **state)
{
    const struct mill_lazy_ops *ops = *state;
    need(ops);
    if (ops->about.traits & MILL_CONTROL) {
        skip();
    }
    struct works works;
    pthread_t threads[THREADS] = {0};
    open_works(&works, ops, CELLS);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, ask_for_all, &works), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(works.wrong, 0);
    assert_int_equal(works.inside, CELLS);
    mill_lazy_destroy(works.lazy);
}

static void *ask_for_one(void *argument)
{
    const struct works *works = argument;
    const struct object *object = mill_lazy_get(works->lazy, 0);
    return object->same == 1 ? NULL : argument; /* NULL: whole */
}

/* One builds and is held in the middle; a second one comes. With the control it gets the object at once. */
static void test_unordered_gives_it_away_half_built(void **state)
{
    (void)state;
    if (MILL_UNDER_TSAN) {
        print_message("left out: ThreadSanitizer rightly reports the race that this test is made of\n");
        skip();
    }
    struct works works;
    pthread_t builder;
    open_works(&works, &mill_lazy_unordered, 1);
    works.pause = true;
    assert_int_equal(pthread_create(&builder, NULL, ask_for_one, &works), 0);
    while (works.inside == 0) {
        sched_yield();
    }
    assert_non_null(ask_for_one(&works));
    works.pause = false;
    pthread_join(builder, NULL);
    mill_lazy_destroy(works.lazy);
}

/* Those that come while it is being built sleep until it is. */
static void test_waiters_get_it_whole(void **state)
{
    const struct mill_lazy_ops *ops = *state;
    need(ops);
    if (ops->about.traits & MILL_CONTROL) {
        skip();
    }
    struct works works;
    pthread_t threads[THREADS] = {0};
    open_works(&works, ops, 1);
    works.pause = true;
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, ask_for_one, &works), 0);
    }
    while (works.inside == 0) {
        sched_yield();
    }
    for (unsigned i = 0; i < 1000; i++) {
        sched_yield(); /* so that most of the others have come; whether they have is not relied upon */
    }
    works.pause = false;
    for (unsigned i = 0; i < THREADS; i++) {
        void *wrong;
        pthread_join(threads[i], &wrong);
        assert_null(wrong);
    }
    assert_int_equal(works.inside, 1);
    mill_lazy_destroy(works.lazy);
}

static void test_refuses_what_is_wrong(void **state)
{
    (void)state;
    static const struct mill_lazy_plan good = {.cells = 1, .size = 1, .build = build};
    struct mill_lazy_plan plan = good;
    struct mill_lazy *lazy;
    const struct mill_lazy_ops *ops = &mill_lazy_acquire_release;
    struct mill_lazy_ops missing = *ops;
    missing.about.missing = "not here";
    assert_int_equal(mill_lazy_create(NULL, &good, &lazy), -EINVAL);
    assert_int_equal(mill_lazy_create(ops, NULL, &lazy), -EINVAL);
    assert_int_equal(mill_lazy_create(ops, &good, NULL), -EINVAL);
    assert_int_equal(mill_lazy_create(&missing, &good, &lazy), -ENOTSUP);
    plan.cells = 0;
    assert_int_equal(mill_lazy_create(ops, &plan, &lazy), -EINVAL);
    plan.cells = SIZE_MAX;
    assert_int_equal(mill_lazy_create(ops, &plan, &lazy), -EINVAL);
    plan = good;
    plan.size = 0;
    assert_int_equal(mill_lazy_create(ops, &plan, &lazy), -EINVAL);
    plan.size = SIZE_MAX;
    assert_int_equal(mill_lazy_create(ops, &plan, &lazy), -EINVAL);
    plan = good;
    plan.build = NULL;
    assert_int_equal(mill_lazy_create(ops, &plan, &lazy), -EINVAL);
}

/* Cells are made new by zeroes. */
static void test_flags_of_libraries_begin_as_zeroes(void **state)
{
    (void)state;
    static const pthread_once_t posix = PTHREAD_ONCE_INIT;
    static const once_flag c11 = ONCE_FLAG_INIT;
    static const unsigned char zeroes[sizeof posix + sizeof c11];
    assert_memory_equal(&posix, zeroes, sizeof posix);
    assert_memory_equal(&c11, zeroes, sizeof c11);
}

static void test_family_finds_its_strategies(void **state)
{
    (void)state;
    for (size_t i = 0; i < mill_lazy_family.count; i++) {
        const struct mill_strategy *about = mill_lazy_family.strategies[i];
        assert_ptr_equal(&mill_lazy_ops_find(about->name)->about, about);
    }
    assert_null(mill_lazy_ops_find("no-such-flag"));
}

#define TABLE(ident) (void *)(uintptr_t)&mill_lazy_##ident
#define EACH(ident)                                                                      \
    {"builds once: " #ident, test_builds_when_asked_and_once, NULL, NULL, TABLE(ident)}, \
        {"all see it whole: " #ident, test_all_see_it_whole, NULL, NULL, TABLE(ident)},  \
        {"waiters: " #ident, test_waiters_get_it_whole, NULL, NULL, TABLE(ident)},

int main(void)
{
    const struct CMUnitTest tests[] = {
        MILL_LAZIES(EACH) cmocka_unit_test(test_unordered_gives_it_away_half_built),
        cmocka_unit_test(test_refuses_what_is_wrong),
        cmocka_unit_test(test_flags_of_libraries_begin_as_zeroes),
        cmocka_unit_test(test_family_finds_its_strategies),
    };
    return cmocka_run_group_tests_name("sync/lazy", tests, NULL, NULL);
}
