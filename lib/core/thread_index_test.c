#include "core/thread_index.h"

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define THREADS 40

/* Threads that have asked for their number, and stay until they are told to go. */
struct crowd {
    atomic_uint asked;
    atomic_bool go;
    atomic_int index[THREADS];
};

static void *ask_and_stay(void *argument)
{
    struct crowd *crowd = argument;
    int index = mill_thread_index();
    atomic_store(&crowd->index[atomic_fetch_add(&crowd->asked, 1)], index);
    while (!atomic_load(&crowd->go)) {
        sched_yield();
    }
    return (void *)(intptr_t)(mill_thread_index() == index);
}

static void *ask(void *argument)
{
    (void)argument;
    return (void *)(intptr_t)mill_thread_index();
}

static int index_of_new_thread(void)
{
    pthread_t thread;
    void *index;
    assert_int_equal(pthread_create(&thread, NULL, ask, NULL), 0);
    assert_int_equal(pthread_join(thread, &index), 0);
    return (int)(intptr_t)index;
}

static void test_a_thread_keeps_its_number(void **state)
{
    (void)state;
    int mine = mill_thread_index();
    assert_in_range(mine, 0, MILL_THREAD_INDEX_MAX - 1);
    assert_int_equal(mill_thread_index(), mine);
    assert_true((unsigned)mine < mill_thread_index_limit());
}

static void test_no_two_living_threads_share_one(void **state)
{
    (void)state;
    static struct crowd crowd;
    pthread_t thread[THREADS];
    bool seen[THREADS + 1] = {false};
    seen[mill_thread_index()] = true;
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&thread[i], NULL, ask_and_stay, &crowd), 0);
    }
    while (atomic_load(&crowd.asked) < THREADS) {
        sched_yield();
    }
    for (unsigned i = 0; i < THREADS; i++) {
        int index = atomic_load(&crowd.index[i]);
        assert_in_range(index, 0, THREADS); /* dense: no more than there are threads */
        assert_false(seen[index]);
        seen[index] = true;
    }
    assert_int_equal(mill_thread_index_limit(), THREADS + 1);
    atomic_store(&crowd.go, true);
    for (unsigned i = 0; i < THREADS; i++) {
        void *same;
        pthread_join(thread[i], &same);
        assert_true(same != NULL);
    }
}

static void test_a_number_goes_to_the_next(void **state)
{
    (void)state;
    unsigned limit = mill_thread_index_limit();
    int first = index_of_new_thread();
    for (unsigned i = 0; i < 3 * THREADS; i++) {
        assert_int_equal(index_of_new_thread(), first);
    }
    assert_int_equal(mill_thread_index_limit(), limit);
}

static void test_a_run_that_begins_anew_has_the_limit_of_a_new_process(void **state)
{
    (void)state;
    unsigned mine = (unsigned)mill_thread_index();
    assert_true(mill_thread_index_limit() > mine + 1); /* threads that have ended had greater ones */
    mill_thread_index_begin_anew();
    assert_int_equal(mill_thread_index_limit(), mine + 1);
    assert_true((unsigned)index_of_new_thread() < mill_thread_index_limit());
}

/* Two threads that are not ordered but by their number: ThreadSanitizer's builds check that they are. */
static int kept_by_number[THREADS + 1];

static void *add_to_own(void *argument)
{
    (void)argument;
    int index = mill_thread_index();
    if (index >= 0 && index <= THREADS) {
        kept_by_number[index]++;
    }
    return NULL;
}

static void test_what_was_written_is_seen_by_the_next(void **state)
{
    (void)state;
    pthread_t thread[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&thread[i], NULL, add_to_own, NULL), 0);
    }
    int sum = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
    }
    for (unsigned i = 0; i <= THREADS; i++) {
        sum += kept_by_number[i];
    }
    assert_int_equal(sum, THREADS);
}

/* A destructor of another key asks once more, after the number was given back and another thread has got it.
 */
static pthread_key_t late_key;

static void ask_late(void *argument)
{
    struct crowd *crowd = argument;
    pthread_t other;
    if (pthread_create(&other, NULL, ask_and_stay, crowd) == 0) {
        while (atomic_load(&crowd->asked) == 0) {
            sched_yield();
        }
        atomic_store(&crowd->index[1], mill_thread_index());
        atomic_store(&crowd->go, true);
        pthread_join(other, NULL);
    }
}

static void *leave_late(void *crowd)
{
    (void)mill_thread_index();
    pthread_setspecific(late_key, crowd);
    return NULL;
}

static void test_asking_late(void **state)
{
    (void)state;
    unsigned limit = mill_thread_index_limit();
    int first = index_of_new_thread();
    assert_int_equal(pthread_key_create(&late_key, ask_late), 0);
    for (unsigned i = 0; i < 3; i++) {
        struct crowd crowd = {.go = false};
        pthread_t thread;
        assert_int_equal(pthread_create(&thread, NULL, leave_late, &crowd), 0);
        pthread_join(thread, NULL);
        assert_int_equal(crowd.asked, 1);
        assert_int_not_equal(crowd.index[0], crowd.index[1]);
    }
    pthread_key_delete(late_key);
    assert_int_equal(index_of_new_thread(), first); /* and none is lost */
    assert_int_equal(mill_thread_index_limit(), limit);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_thread_keeps_its_number),
        cmocka_unit_test(test_no_two_living_threads_share_one),
        cmocka_unit_test(test_a_number_goes_to_the_next),
        cmocka_unit_test(test_what_was_written_is_seen_by_the_next),
        cmocka_unit_test(test_asking_late),
        cmocka_unit_test(test_a_run_that_begins_anew_has_the_limit_of_a_new_process),
    };
    return cmocka_run_group_tests_name("thread_index", tests, NULL, NULL);
}
