#include "sync/seqlock.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>

#include <cmocka.h>

#define READERS 3u
#define WRITES  200000u
#define BYTES   61u /* no whole number of words */

struct shared {
    struct mill_seqlock lock;
    _Atomic(uint64_t) words[MILL_SEQLOCK_WORDS(BYTES)];
    atomic_bool over;
};

struct reader {
    struct shared *shared;
    uint64_t reads;
    uint64_t torn;
    uint64_t backwards;
};

/* Behind a count, all bytes are its last one. */
static void fill(unsigned char *value, uint32_t count)
{
    memcpy(value, &count, sizeof count);
    memset(value + sizeof count, (unsigned char)count, BYTES - sizeof count);
}

static uint32_t count_of(const unsigned char *value)
{
    uint32_t count;
    memcpy(&count, value, sizeof count);
    return count;
}

static bool is_whole(const unsigned char *value)
{
    unsigned char last = (unsigned char)count_of(value);
    for (unsigned i = sizeof(uint32_t); i < BYTES; i++) {
        if (value[i] != last) {
            return false;
        }
    }
    return true;
}

static void *read_on(void *argument)
{
    struct reader *reader = argument;
    uint32_t last = 0;
    while (!atomic_load_explicit(&reader->shared->over, memory_order_relaxed)) {
        unsigned char value[BYTES];
        mill_seqlock_read(&reader->shared->lock, reader->shared->words, value, sizeof value);
        reader->torn += !is_whole(value);
        reader->backwards += count_of(value) < last;
        last = count_of(value);
        reader->reads++;
    }
    return NULL;
}

static void test_reads_what_was_written(void **state)
{
    (void)state;
    struct shared shared = {0};
    for (size_t size = 1; size <= BYTES; size++) {
        unsigned char value[BYTES];
        unsigned char copy[BYTES + 1];
        fill(value, (unsigned)size);
        memset(copy, 0xaa, sizeof copy);
        mill_seqlock_write(&shared.lock, shared.words, value, size);
        mill_seqlock_read(&shared.lock, shared.words, copy, size);
        assert_memory_equal(copy, value, size);
        assert_int_equal(copy[size], 0xaa);
    }
    assert_int_equal(shared.lock.sequence, 2 * BYTES);
}

static void test_readers_never_see_half_a_write(void **state)
{
    (void)state;
    struct shared shared = {0};
    struct reader readers[READERS];
    pthread_t threads[READERS] = {0};
    unsigned char value[BYTES];
    fill(value, 0);
    mill_seqlock_write(&shared.lock, shared.words, value, sizeof value);
    for (unsigned i = 0; i < READERS; i++) {
        readers[i] = (struct reader){.shared = &shared};
        assert_int_equal(pthread_create(&threads[i], NULL, read_on, &readers[i]), 0);
    }
    for (unsigned count = 1; count <= WRITES; count++) {
        fill(value, count);
        mill_seqlock_write(&shared.lock, shared.words, value, sizeof value);
        if (count % 1024 == 0) {
            sched_yield(); /* on one processor, too, readers come amid the writes */
        }
    }
    atomic_store_explicit(&shared.over, true, memory_order_relaxed);
    for (unsigned i = 0; i < READERS; i++) {
        pthread_join(threads[i], NULL);
    }
    for (unsigned i = 0; i < READERS; i++) {
        assert_int_equal(readers[i].torn, 0);
        assert_int_equal(readers[i].backwards, 0);
    }
}

/* A reader that comes while a write is under way has the next whole value, not this one. */
struct late {
    struct shared *shared;
    unsigned char value[BYTES];
    atomic_bool done;
};

static void *read_once(void *argument)
{
    struct late *late = argument;
    mill_seqlock_read(&late->shared->lock, late->shared->words, late->value, BYTES);
    atomic_store(&late->done, true);
    return NULL;
}

static void test_a_reader_waits_for_the_writer(void **state)
{
    (void)state;
    struct shared shared = {0};
    struct late late = {.shared = &shared};
    unsigned char value[BYTES];
    pthread_t thread;
    fill(value, 1);
    mill_seqlock_write(&shared.lock, shared.words, value, sizeof value);
    atomic_store(&shared.lock.sequence, 3); /* as if a writer had begun … */
    atomic_store(&shared.words[0], 0);
    assert_int_equal(pthread_create(&thread, NULL, read_once, &late), 0);
    for (unsigned i = 0; i < 1000; i++) {
        assert_false(atomic_load(&late.done));
        sched_yield();
    }
    fill(value, 700); /* … and now ended, with the words and the number as mill_seqlock_write leaves them */
    for (size_t at = 0; at < BYTES; at += sizeof(uint64_t)) {
        uint64_t word = 0;
        memcpy(&word, value + at, BYTES - at < sizeof word ? BYTES - at : sizeof word);
        atomic_store(&shared.words[at / sizeof word], word);
    }
    atomic_store(&shared.lock.sequence, 4);
    pthread_join(thread, NULL);
    assert_memory_equal(late.value, value, BYTES);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_reads_what_was_written),
        cmocka_unit_test(test_readers_never_see_half_a_write),
        cmocka_unit_test(test_a_reader_waits_for_the_writer),
    };
    return cmocka_run_group_tests_name("sync/seqlock", tests, NULL, NULL);
}
