/* What misuse of a read-write lock comes to in a checked build: each is committed in a child, which has to
 * end by SIGABRT and to name the lock, what was done, and both threads.
 */
#include "sync/rwlock_check.h"

#include <semaphore.h>

#include "sync/rwlock_list.h"
#include "sync/test_misuse.h"

struct misuse {
    const struct mill_rwlock_ops *ops;
    struct mill_rwlock *lock;
    struct mill_rwlock_context context; /* of the child's first thread */
    void (*commit)(struct misuse *misuse);
};

/* ---- what threads do ---- */

static void read_own(struct misuse *misuse)
{
    mill_rwlock_read_acquire(misuse->ops, misuse->lock, &misuse->context);
}

static void write_own(struct misuse *misuse)
{
    mill_rwlock_write_acquire(misuse->ops, misuse->lock, &misuse->context);
}

static void leave_read(struct misuse *misuse)
{
    mill_rwlock_read_release(misuse->ops, misuse->lock, &misuse->context);
}

static void leave_write(struct misuse *misuse)
{
    mill_rwlock_write_release(misuse->ops, misuse->lock, &misuse->context);
}

static void other_reads(void *context)
{
    struct misuse *misuse = context;
    struct mill_rwlock_context me;
    mill_rwlock_read_acquire(misuse->ops, misuse->lock, &me);
}

static void other_writes(void *context)
{
    struct misuse *misuse = context;
    struct mill_rwlock_context me;
    mill_rwlock_write_acquire(misuse->ops, misuse->lock, &me);
}

static void other_leaves_read(void *context)
{
    leave_read(context);
}

static void other_leaves_write(void *context)
{
    leave_write(context);
}

static void other_destroys(void *context)
{
    struct misuse *misuse = context;
    mill_rwlock_destroy(misuse->ops, misuse->lock);
}

/* ---- misuse ---- */

static void release_the_read_of_another(struct misuse *misuse)
{
    read_own(misuse);
    another_thread(other_leaves_read, misuse);
}

static void release_the_write_of_another(struct misuse *misuse)
{
    write_own(misuse);
    another_thread(other_leaves_write, misuse);
}

static void release_a_read_that_is_a_write(struct misuse *misuse)
{
    write_own(misuse);
    leave_read(misuse);
}

static void release_a_write_that_is_a_read(struct misuse *misuse)
{
    read_own(misuse);
    leave_write(misuse);
}

static void release_with_another_context(struct misuse *misuse)
{
    struct mill_rwlock_context another;
    read_own(misuse);
    mill_rwlock_read_release(misuse->ops, misuse->lock, &another);
}

static void read_twice(struct misuse *misuse)
{
    struct mill_rwlock_context another;
    read_own(misuse);
    mill_rwlock_read_acquire(misuse->ops, misuse->lock, &another);
}

static void try_to_read_twice(struct misuse *misuse)
{
    struct mill_rwlock_context another;
    read_own(misuse);
    mill_rwlock_read_try(misuse->ops, misuse->lock, &another);
}

static void write_twice(struct misuse *misuse)
{
    struct mill_rwlock_context another;
    write_own(misuse);
    mill_rwlock_write_acquire(misuse->ops, misuse->lock, &another);
}

static void upgrade(struct misuse *misuse)
{
    struct mill_rwlock_context another;
    read_own(misuse);
    mill_rwlock_write_acquire(misuse->ops, misuse->lock, &another);
}

static void downgrade(struct misuse *misuse)
{
    struct mill_rwlock_context another;
    write_own(misuse);
    mill_rwlock_read_acquire(misuse->ops, misuse->lock, &another);
}

static void destroy_while_read(struct misuse *misuse)
{
    read_own(misuse);
    another_thread(other_destroys, misuse);
}

static void destroy_while_written(struct misuse *misuse)
{
    write_own(misuse);
    another_thread(other_destroys, misuse);
}

static void end_while_reading(struct misuse *misuse)
{
    another_thread(other_reads, misuse);
    another_thread(other_reads, misuse);
}

static void let_in_a_writer(struct misuse *misuse)
{
    read_own(misuse);
    another_thread(other_writes, misuse);
}

static void let_in_a_second_writer(struct misuse *misuse)
{
    write_own(misuse);
    another_thread(other_writes, misuse);
}

static void let_in_a_reader(struct misuse *misuse)
{
    write_own(misuse);
    another_thread(other_reads, misuse);
}

/* ---- nothing is wrong with these ---- */

static void read_and_leave(void *context)
{
    struct misuse *misuse = context;
    struct mill_rwlock_context me;
    mill_rwlock_read_acquire(misuse->ops, misuse->lock, &me);
    mill_rwlock_read_release(misuse->ops, misuse->lock, &me);
    if (mill_rwlock_read_try(misuse->ops, misuse->lock, &me) == 0) {
        mill_rwlock_read_release(misuse->ops, misuse->lock, &me);
    }
}

static void behave(struct misuse *misuse)
{
    for (int again = 0; again < 2; again++) {
        read_own(misuse);
        another_thread(read_and_leave, misuse);
        leave_read(misuse);
        write_own(misuse);
        leave_write(misuse);
        if (mill_rwlock_write_try(misuse->ops, misuse->lock, &misuse->context) == 0) {
            leave_write(misuse);
        }
    }
    another_thread(other_destroys, misuse);
}

#define CROWD (MILL_RWLOCK_CHECK_READERS + 8)

struct crowd {
    struct misuse *misuse;
    sem_t inside;
    sem_t leave;
};

static void *read_in_a_crowd(void *argument)
{
    struct crowd *crowd = argument;
    struct mill_rwlock_context me;
    mill_rwlock_read_acquire(crowd->misuse->ops, crowd->misuse->lock, &me);
    sem_post(&crowd->inside);
    sem_wait(&crowd->leave);
    mill_rwlock_read_release(crowd->misuse->ops, crowd->misuse->lock, &me);
    return NULL;
}

/* More than are known by name. */
static void read_all_at_once(struct misuse *misuse)
{
    static pthread_t threads[CROWD];
    struct crowd crowd = {.misuse = misuse};
    sem_init(&crowd.inside, 0, 0);
    sem_init(&crowd.leave, 0, 0);
    for (unsigned i = 0; i < CROWD; i++) {
        if (pthread_create(&threads[i], NULL, read_in_a_crowd, &crowd) != 0) {
            _exit(3);
        }
    }
    for (unsigned i = 0; i < CROWD; i++) {
        sem_wait(&crowd.inside);
    }
    for (unsigned i = 0; i < CROWD; i++) {
        sem_post(&crowd.leave);
    }
    for (unsigned i = 0; i < CROWD; i++) {
        pthread_join(threads[i], NULL);
    }
    write_own(misuse);
    leave_write(misuse);
    mill_rwlock_destroy(misuse->ops, misuse->lock);
}

/* ---- tests ---- */

static void create_and_commit(void *context)
{
    struct misuse *misuse = context;
    if (mill_rwlock_create(misuse->ops, &misuse->lock) < 0) {
        _exit(2);
    }
    misuse->commit(misuse);
}

static void see_end(const struct mill_rwlock_ops *ops, void (*commit)(struct misuse *misuse), struct end *end)
{
    struct misuse misuse = {.ops = ops, .commit = commit};
    see_end_of(create_and_commit, &misuse, end);
}

static void do_nothing(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    (void)lock;
    (void)me;
}

static bool always(struct mill_rwlock *lock, struct mill_rwlock_context *me)
{
    (void)lock;
    (void)me;
    return true;
}

#define OPEN(own_name, own_traits)                                                                        \
    {                                                                                                     \
        .about = {.name = own_name, .traits = own_traits, .size = 1}, .read_acquire = do_nothing,         \
        .read_try = always, .read_release = do_nothing, .write_acquire = do_nothing, .write_try = always, \
        .write_release = do_nothing,                                                                      \
    }

/* Locks that let everybody in. */
static const struct mill_rwlock_ops open_to_all = OPEN("open-to-all", 0);
static const struct mill_rwlock_ops control = OPEN("control", MILL_CONTROL);

/* What each is told; who did it comes first, and whom it did it to last. */
static const struct expected {
    const char *lock; /* NULL: the one that lets everybody in */
    void (*commit)(struct misuse *misuse);
    const char *words;
    const char *last;
} expected[] = {
    {"central", release_the_read_of_another,
     "(other) releases a read that it does not hold: it is read by thread ", "(first)"},
    {"pthread", release_the_write_of_another,
     "(other) releases a write that it does not hold: it is written by thread ", "(first)"},
    {"phase-fair", leave_read, "(first) releases a read that it does not hold: it is held by nobody", ""},
    {"phase-fair", leave_write, "(first) releases a write that it does not hold: it is held by nobody", ""},
    {"central", release_a_read_that_is_a_write,
     "(first) releases a read that it does not hold: it is written by thread ", "(first)"},
    {"central", release_a_write_that_is_a_read,
     "(first) releases a write that it does not hold: it is read by thread ", "(first)"},
    {"big-reader", release_with_another_context, "(first) releases it with another context", "(first)"},
    {"bravo-pthread", read_twice, "(first) acquires it to read a second time: it is read by thread ",
     "(first)"},
    {"pthread", try_to_read_twice, "(first) acquires it to read a second time: it is read by thread ",
     "(first)"},
    {"central", write_twice, "(first) acquires it to write a second time: it is written by thread ",
     "(first)"},
    {"phase-fair", upgrade, "(first) acquires it to write, and reads: it is read by thread ", "(first)"},
    {"bravo-phase-fair", downgrade, "(first) acquires it to read, and writes: it is written by thread ",
     "(first)"},
    {"big-reader", destroy_while_read, "(other) destroys it: 1 hold it or wait for it, and it is read by",
     "(first)"},
    {"pthread-writer", destroy_while_written,
     "(other) destroys it: 1 hold it or wait for it, and it is written by", "(first)"},
    {"central", end_while_reading, "(other) acquires it: thread ", "has ended, and left it read"},
    {NULL, let_in_a_writer, "(other) was let in to write: it is read by thread ", "(first)"},
    {NULL, let_in_a_second_writer, "(other) was let in to write: it is written by thread ", "(first)"},
    {NULL, let_in_a_reader, "(other) was let in to read: it is written by thread ", "(first)"},
};

static void test_each_is_named(void **state)
{
    (void)state;
    if (!MILL_CHECKED) {
        print_message("left out: this build checks nothing\n");
        skip();
    }
    for (size_t i = 0; i < sizeof expected / sizeof expected[0]; i++) {
        const struct mill_rwlock_ops *ops =
            expected[i].lock ? mill_rwlock_ops_find(expected[i].lock) : &open_to_all;
        struct end end;
        char name[64];
        snprintf(name, sizeof name, "lock '%s' at ", ops->about.name);
        see_end(ops, expected[i].commit, &end);
        const char *words = strstr(end.said, expected[i].words);
        if (!end.aborted || !strstr(end.said, name) || !words ||
            !strstr(words + strlen(expected[i].words), expected[i].last)) {
            fail_msg("'%s': %s, and said: %s", expected[i].words, end.aborted ? "aborted" : "did not abort",
                     end.said);
        }
    }
}

static void test_use_as_intended(void **state)
{
    (void)state;
#define INTENDED(ident, name, peer) &mill_rwlock_##ident,
    static const struct mill_rwlock_ops *const locks[] = {MILL_RIGHT_RWLOCKS(INTENDED)};
#undef INTENDED
    for (size_t i = 0; i < sizeof locks / sizeof locks[0]; i++) {
        struct end end;
        if (locks[i]->about.missing) {
            print_message("%s: %s\n", locks[i]->about.name, locks[i]->about.missing);
            continue;
        }
        see_end(locks[i], behave, &end);
        assert_false(end.aborted);
        assert_string_equal(end.said, "");
    }
}

static void test_more_readers_than_are_known(void **state)
{
    (void)state;
    struct end end;
    see_end(&mill_rwlock_central, read_all_at_once, &end);
    assert_false(end.aborted);
    assert_string_equal(end.said, "");
}

static void test_controls_are_left_alone(void **state)
{
    (void)state;
    struct end end;
    see_end(&control, let_in_a_writer, &end);
    assert_false(end.aborted);
    see_end(&control, leave_write, &end);
    assert_false(end.aborted);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_each_is_named),
        cmocka_unit_test(test_use_as_intended),
        cmocka_unit_test(test_more_readers_than_are_known),
        cmocka_unit_test(test_controls_are_left_alone),
    };
    return cmocka_run_group_tests_name("read-write lock checks", tests, NULL, NULL);
}
