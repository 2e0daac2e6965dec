/* Who gets in beside whom, of every read-write lock: by trying, which never waits; and readers all together.
 */
#include <sched.h>
#include <stdatomic.h>

#include "sync/test_rwlocks.h"

/* ---- tries ---- */

struct attempt {
    const struct mill_rwlock_ops *ops;
    struct mill_rwlock *lock;
    bool write;
    bool got;
};

static void *attempt(void *argument)
{
    struct attempt *try = argument;
    struct mill_rwlock_context me;
    int status = try->write ? mill_rwlock_write_try(try->ops, try->lock, &me)
                            : mill_rwlock_read_try(try->ops, try->lock, &me);
    try->got = status == 0;
    if (try->got && try->write) {
        mill_rwlock_write_release(try->ops, try->lock, &me);
    } else if (try->got) {
        mill_rwlock_read_release(try->ops, try->lock, &me);
    }
    return NULL;
}

static bool another_gets(const struct mill_rwlock_ops *ops, struct mill_rwlock *lock, bool write)
{
    struct attempt try = {.ops = ops, .lock = lock, .write = write};
    pthread_t thread;
    start(&thread, attempt, &try);
    pthread_join(thread, NULL);
    return try.got;
}

/* Whether it is had when nobody is in the way, and only then. What fails is left as it is. */
static bool is_had_when_free(const struct mill_rwlock_ops *ops, struct mill_rwlock *lock)
{
    struct mill_rwlock_context me;
    bool locks = !(ops->about.traits & MILL_EMPTY);
    if (!another_gets(ops, lock, false) || !another_gets(ops, lock, true)) {
        return false;
    }
    mill_rwlock_read_acquire(ops, lock, &me);
    if (!another_gets(ops, lock, false) || another_gets(ops, lock, true) == locks ||
        !another_gets(ops, lock, false)) { /* nothing is left of the try that failed */
        return false;
    }
    mill_rwlock_read_release(ops, lock, &me);
    mill_rwlock_write_acquire(ops, lock, &me);
    if (another_gets(ops, lock, false) == locks || another_gets(ops, lock, true) == locks) {
        return false;
    }
    mill_rwlock_write_release(ops, lock, &me);
    if (mill_rwlock_read_try(ops, lock, &me) < 0 || another_gets(ops, lock, true) == locks) {
        return false;
    }
    mill_rwlock_read_release(ops, lock, &me);
    if (mill_rwlock_write_try(ops, lock, &me) < 0 || another_gets(ops, lock, false) == locks ||
        another_gets(ops, lock, true) == locks) {
        return false;
    }
    mill_rwlock_write_release(ops, lock, &me);
    return true;
}

static bool can_be_tried(const struct mill_rwlock_ops *ops)
{
    struct mill_rwlock *lock;
    assert_int_equal(mill_rwlock_create(ops, &lock), 0);
    bool good = true;
    for (int again = 0; again < 3 && good; again++) {
        good = is_had_when_free(ops, lock);
    }
    mill_rwlock_destroy(ops, lock);
    return good;
}

static void test_try(void **state)
{
    const struct mill_rwlock_ops *ops = *state;
    need(ops);
    need_try(ops);
    assert_true(can_be_tried(ops));
}

/* A lock for tries that come one after the other; what it is told wrongly it gets over. */
struct mill_rwlock {
    atomic_int readers;
    atomic_int writers;
};

static void count_reader(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    (void)me;
    atomic_fetch_add(&lock->readers, 1);
}

static void count_reader_out(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    (void)me;
    atomic_fetch_sub(&lock->readers, 1);
}

static void count_writer(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    (void)me;
    atomic_fetch_add(&lock->writers, 1);
}

static void count_writer_out(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    (void)me;
    atomic_fetch_sub(&lock->writers, 1);
}

static bool always_read(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    count_reader(lock, me);
    return true;
}

static bool always_write(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    count_writer(lock, me);
    return true;
}

static bool read_if_not_written(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    return atomic_load(&lock->writers) == 0 && always_read(lock, me);
}

static bool write_if_free(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    return atomic_load(&lock->readers) == 0 && atomic_load(&lock->writers) == 0 && always_write(lock, me);
}

static bool never(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    (void)lock;
    (void)me;
    return false;
}

static void test_try_catches_one_that_says_always_the_same(void **state)
{
    (void)state;
    static const struct mill_rwlock_ops right = {
        .about = {.name = "counts", .traits = MILL_CONTROL, .size = sizeof(struct mill_rwlock)},
        .read_acquire = count_reader,
        .read_try = read_if_not_written,
        .read_release = count_reader_out,
        .write_acquire = count_writer,
        .write_try = write_if_free,
        .write_release = count_writer_out,
    };
    struct mill_rwlock_ops broken = right;
    assert_true(can_be_tried(&broken));
    broken.read_try = never;
    assert_false(can_be_tried(&broken));
    broken.read_try = always_read;
    assert_false(can_be_tried(&broken));
    broken.read_try = right.read_try;
    broken.write_try = never;
    assert_false(can_be_tried(&broken));
    broken.write_try = always_write;
    assert_false(can_be_tried(&broken));
}

/* ---- readers beside each other ---- */

struct party {
    const struct mill_rwlock_ops *ops;
    struct mill_rwlock *lock;
    atomic_uint inside; /* in all rounds so far */
    unsigned round;
};

static void *read_until_all_do(void *argument)
{
    struct party *party = argument;
    struct mill_rwlock_context me;
    mill_rwlock_read_acquire(party->ops, party->lock, &me);
    atomic_fetch_add(&party->inside, 1);
    while (atomic_load(&party->inside) < (party->round + 1) * MAX_THREADS) {
        sched_yield();
    }
    mill_rwlock_read_release(party->ops, party->lock, &me);
    return NULL;
}

/* Also behind a writer, which some locks treat otherwise. With a lock that keeps one reader out while others
 * are inside this never ends. */
static void test_readers_are_inside_together(void **state)
{
    const struct mill_rwlock_ops *ops = *state;
    need(ops);
    struct party party = {.ops = ops};
    struct mill_rwlock_context me;
    pthread_t threads[MAX_THREADS];
    assert_int_equal(mill_rwlock_create(ops, &party.lock), 0);
    for (party.round = 0; party.round < 3; party.round++) {
        for (unsigned i = 0; i < MAX_THREADS; i++) {
            start(&threads[i], read_until_all_do, &party);
        }
        for (unsigned i = 0; i < MAX_THREADS; i++) {
            pthread_join(threads[i], NULL);
        }
        mill_rwlock_write_acquire(ops, party.lock, &me);
        mill_rwlock_write_release(ops, party.lock, &me);
    }
    mill_rwlock_destroy(ops, party.lock);
}

#define EACH(ident, name, peer)                   \
    TEST_OF_RWLOCK("try", test_try, ident, name), \
        TEST_OF_RWLOCK("together", test_readers_are_inside_together, ident, name),

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_try_catches_one_that_says_always_the_same),
                                       EACH(none, "none", OURS) MILL_RIGHT_RWLOCKS(EACH)};
    return cmocka_run_group_tests_name("rwlock tries", tests, NULL, NULL);
}
