#include "sync/record.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/peer.h"
#include "core/sanitizer.h"
#include "sync/record_list.h"

#define MAX_THREADS 3u
#define WORDS       12u

/* Ends the test as skipped, and says why, where this build cannot run the strategy. */
static void need(const struct mill_record_ops *ops)
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

struct value {
    uint64_t words[WORDS]; /* all equal */
};

static void count_up(void *value, void *argument)
{
    struct value *words = value;
    for (unsigned i = 0; i < WORDS; i++) {
        words->words[i] += *(const uint64_t *)argument;
    }
}

struct crowd {
    const struct mill_record_ops *ops;
    struct mill_record *record;
    unsigned threads, operations;
    atomic_uint ready;
    atomic_uint mistakes;
};

/* Reads what is whole and never older than before; each fourth operation is an update, seen by the next read.
 */
static void *read_and_update(void *argument)
{
    struct crowd *crowd = argument;
    uint64_t one = 1, last = 0;
    unsigned mistakes = 0;
    atomic_fetch_add_explicit(&crowd->ready, 1, memory_order_relaxed);
    while (atomic_load_explicit(&crowd->ready, memory_order_relaxed) < crowd->threads) {
        sched_yield();
    }
    for (unsigned i = 0; i < crowd->operations; i++) {
        struct value value;
        uint64_t least = last;
        if (i % 4 == 0) {
            mistakes += crowd->ops->update(crowd->record, count_up, &one) != 0;
            least++;
        }
        crowd->ops->read(crowd->record, &value);
        last = value.words[0];
        mistakes += last < least;
        for (unsigned at = 1; at < WORDS; at++) {
            mistakes += value.words[at] != last;
        }
    }
    atomic_fetch_add_explicit(&crowd->mistakes, mistakes, memory_order_relaxed);
    return NULL;
}

/* Whether every read was whole, and no update lost. */
static bool is_right(const struct mill_record_ops *ops, unsigned threads, unsigned operations)
{
    struct crowd crowd = {.ops = ops, .threads = threads, .operations = operations};
    pthread_t thread[MAX_THREADS];
    struct value value;
    assert_int_equal(mill_record_create(ops, sizeof value, &crowd.record), 0);
    ops->read(crowd.record, &value);
    assert_int_equal(value.words[0] | value.words[WORDS - 1], 0);
    for (unsigned i = 0; i < threads; i++) {
        assert_int_equal(pthread_create(&thread[i], NULL, read_and_update, &crowd), 0);
    }
    for (unsigned i = 0; i < threads; i++) {
        pthread_join(thread[i], NULL);
    }
    ops->read(crowd.record, &value);
    mill_record_destroy(ops, crowd.record);
    return crowd.mistakes == 0 && value.words[0] == (uint64_t)threads * ((operations + 3) / 4);
}

static void test_reads_are_whole(void **state)
{
    const struct mill_record_ops *ops = *state;
    need(ops);
    bool yields = !ops->about.library || !ops->lock || (ops->lock->about.traits & MILL_PARKS);
    assert_true(is_right(ops, 1, 1000));
    assert_true(is_right(ops, 2, 4000));
    assert_true(is_right(ops, 3, yields ? 1000 : 48)); /* see rwlock_test.c */
}

/* ---- what was written before an update ---- */

#define PAGES 400u

struct book {
    const struct mill_record_ops *ops;
    struct mill_record *record;
    uint64_t
        pages[PAGES + 1]; /* each written once, by the update that shows its number; read by who saw that */
    atomic_uint mistakes;
};

static void write_page(void *value, void *argument)
{
    struct value *shown = value;
    struct book *book = argument;
    uint64_t page = shown->words[0] + 1;
    book->pages[page] = 3 * page;
    for (unsigned i = 0; i < WORDS; i++) {
        shown->words[i] = page;
    }
}

static void *read_pages(void *argument)
{
    struct book *book = argument;
    struct value value;
    unsigned mistakes = 0;
    do {
        book->ops->read(book->record, &value);
        mistakes += value.words[0] > 0 && book->pages[value.words[0]] != 3 * value.words[0];
        sched_yield();
    } while (value.words[0] < PAGES);
    atomic_fetch_add_explicit(&book->mistakes, mistakes, memory_order_relaxed);
    return NULL;
}

static void test_updates_publish(void **state)
{
    static struct book book;
    book = (struct book){.ops = *state};
    pthread_t readers[2];
    need(book.ops);
    assert_int_equal(mill_record_create(book.ops, sizeof(struct value), &book.record), 0);
    for (unsigned i = 0; i < 2; i++) {
        assert_int_equal(pthread_create(&readers[i], NULL, read_pages, &book), 0);
    }
    for (unsigned page = 1; page <= PAGES; page++) {
        assert_int_equal(book.ops->update(book.record, write_page, &book), 0);
        sched_yield();
    }
    for (unsigned i = 0; i < 2; i++) {
        pthread_join(readers[i], NULL);
    }
    mill_record_destroy(book.ops, book.record);
    assert_int_equal(book.mistakes, 0);
}

static void test_the_control_is_caught(void **state)
{
    (void)state;
    if (MILL_UNDER_TSAN) {
        print_message("left out: ThreadSanitizer rightly reports the race that this test is made of\n");
        skip();
    }
    bool caught = false;
    for (unsigned attempt = 0; attempt < 200 && !caught; attempt++) {
        caught = !is_right(&mill_record_unprotected, 3, 20000);
    }
    assert_true(caught);
}

static void test_any_size_will_do(void **state)
{
    const struct mill_record_ops *ops = *state;
    static const size_t sizes[] = {1, 7, 8, 9, 63, 4096, MILL_RECORD_SIZE_MAX};
    static unsigned char copy[MILL_RECORD_SIZE_MAX + 1];
    need(ops);
    for (size_t i = 0; i < sizeof sizes / sizeof sizes[0]; i++) {
        struct mill_record *record;
        assert_int_equal(mill_record_create(ops, sizes[i], &record), 0);
        memset(copy, 0xa5, sizeof copy);
        ops->read(record, copy);
        assert_int_equal(copy[0] | copy[sizes[i] - 1], 0);
        assert_int_equal(copy[sizes[i]], 0xa5);
        mill_record_destroy(ops, record);
    }
    struct mill_record *record = NULL;
    assert_int_equal(mill_record_create(ops, 0, &record), -EINVAL);
    assert_int_equal(mill_record_create(ops, MILL_RECORD_SIZE_MAX + 1, &record), -EINVAL);
    assert_null(record);
    mill_record_destroy(ops, NULL);
}

static void test_tables_are_well_formed(void **state)
{
    (void)state;
    for (size_t i = 0; i < mill_record_family.count; i++) {
        const struct mill_strategy *about = mill_record_family.strategies[i];
        const struct mill_record_ops *ops = mill_record_ops_of(about);
        assert_ptr_equal(mill_record_ops_find(about->name), ops);
        assert_non_null(about->summary);
        assert_non_null(about->source);
        assert_int_equal(ops->read == NULL && !ops->lock, about->missing != NULL && !ops->lock);
    }
    assert_null(mill_record_ops_find("no-such-record"));
}

#define ONE(ident, name)                                                                                 \
    {"whole: " name, test_reads_are_whole, NULL, NULL, (void *)(uintptr_t)&mill_record_##ident},         \
        {"publishes: " name, test_updates_publish, NULL, NULL, (void *)(uintptr_t)&mill_record_##ident}, \
        {"size: " name, test_any_size_will_do, NULL, NULL, (void *)(uintptr_t)&mill_record_##ident},
#define UNDER(ident, name, peer) ONE(rwlock_##ident, "rwlock-" name)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables_are_well_formed), cmocka_unit_test(test_the_control_is_caught),
        ONE(mutex, "mutex") ONE(seqlock, "seqlock") ONE(urcu, "urcu") MILL_RIGHT_RWLOCKS(UNDER)};
    return cmocka_run_group_tests_name("record", tests, NULL, NULL);
}
