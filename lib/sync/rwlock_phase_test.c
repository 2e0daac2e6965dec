/* Readers and writers take turns, and writers among themselves in the order in which they came: of the locks
 * that say they are fair. No time is involved: a thread waits once it has written to the lock's own bytes.
 */
#include <sched.h>
#include <stdatomic.h>
#include <stdlib.h>

#include "sync/test_rwlocks.h"

#define WAITERS 4u

struct line {
    const struct mill_rwlock_ops *ops;
    struct mill_rwlock *lock;
    atomic_uint served;
    unsigned order[WAITERS];
};

struct waiter {
    struct line *line;
    unsigned index;
    bool write;
};

static void be_served(const struct waiter *waiter)
{
    waiter->line->order[atomic_fetch_add(&waiter->line->served, 1)] = waiter->index;
}

static void *wait_in_line(void *argument)
{
    const struct waiter *waiter = argument;
    const struct line *line = waiter->line;
    struct mill_rwlock_context me;
    if (waiter->write) {
        mill_rwlock_write_acquire(line->ops, line->lock, &me);
        be_served(waiter);
        mill_rwlock_write_release(line->ops, line->lock, &me);
    } else {
        mill_rwlock_read_acquire(line->ops, line->lock, &me);
        be_served(waiter);
        mill_rwlock_read_release(line->ops, line->lock, &me);
    }
    return NULL;
}

/* Byte by byte while others write. Relaxed: nothing is concluded but that it changed. */
static void look(const struct line *line, unsigned char *copy)
{
    const atomic_uchar *bytes = (const atomic_uchar *)(const void *)line->lock;
    for (size_t i = 0; i < line->ops->about.size; i++) {
        copy[i] = atomic_load_explicit(&bytes[i], memory_order_relaxed);
    }
}

/* While a writer holds it there come, each behind the other, those of `who` ('r' or 'w'). Where each of them
 * was served, in `place`. */
static void serve(const struct mill_rwlock_ops *ops, const char *who, unsigned *place)
{
    struct line line = {.ops = ops};
    struct waiter waiters[WAITERS];
    pthread_t threads[WAITERS];
    struct mill_rwlock_context me;
    unsigned char *before = malloc(ops->about.size), *after = malloc(ops->about.size);
    assert_true(before && after);
    assert_int_equal(mill_rwlock_create(ops, &line.lock), 0);
    mill_rwlock_write_acquire(ops, line.lock, &me);
    for (unsigned i = 0; i < WAITERS; i++) {
        look(&line, before);
        waiters[i] = (struct waiter){.line = &line, .index = i, .write = who[i] == 'w'};
        start(&threads[i], wait_in_line, &waiters[i]);
        do {
            sched_yield();
            look(&line, after);
        } while (memcmp(before, after, ops->about.size) == 0);
    }
    mill_rwlock_write_release(ops, line.lock, &me);
    for (unsigned i = 0; i < WAITERS; i++) {
        pthread_join(threads[i], NULL);
    }
    mill_rwlock_destroy(ops, line.lock);
    free(before);
    free(after);
    for (unsigned i = 0; i < WAITERS; i++) {
        place[line.order[i]] = i;
    }
}

/* Readers that come while one writes are served behind that writer and before all others, wherever they
 * stand; and writers as they came. */
static bool takes_turns(const struct mill_rwlock_ops *ops)
{
    static const char *const lines[] = {"wrwr", "wwrr", "rwwr", "wwww"};
    bool good = true;
    for (size_t i = 0; i < sizeof lines / sizeof lines[0]; i++) {
        unsigned place[WAITERS];
        serve(ops, lines[i], place);
        for (unsigned a = 0; a < WAITERS; a++) {
            for (unsigned b = 0; b < WAITERS; b++) {
                bool first = lines[i][a] != lines[i][b] ? lines[i][a] == 'r' : lines[i][a] == 'w' && a < b;
                good = good && (!first || place[a] < place[b]);
            }
        }
    }
    return good;
}

static void test_turns(void **state)
{
    const struct mill_rwlock_ops *ops = *state;
    need(ops);
    if (!(ops->about.traits & MILL_FAIR)) {
        print_message("%s: promises no turns\n", ops->about.name);
        skip();
    }
    if (ops->under) {
        print_message("%s: its writers stand in the line of %s, which is tested\n", ops->about.name,
                      ops->under->about.name);
        skip();
    }
    assert_true(takes_turns(ops));
}

/* A lock that lets all writers go first. */
static void test_a_lock_without_turns_is_caught(void **state)
{
    (void)state;
    if (mill_rwlock_pthread_writer.about.missing) {
        skip();
    }
    assert_false(takes_turns(&mill_rwlock_pthread_writer));
}

#define EACH(ident, name, peer) TEST_OF_RWLOCK("turns", test_turns, ident, name),

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_a_lock_without_turns_is_caught),
                                       MILL_RIGHT_RWLOCKS(EACH)};
    return cmocka_run_group_tests_name("read-write lock turns", tests, NULL, NULL);
}
