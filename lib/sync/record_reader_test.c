/* What readers of the urcu record are promised: they wait for no update, and what they have found is not
 * used again while they look at it. The strategy is included, so that a reader can be stopped in the middle
 * of its copy.
 */
#include "core/peer.h"
#include "sync/record_list.h"

#include <pthread.h>
#include <sched.h>
#include <semaphore.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static void *played_copy(void *to, const void *from, size_t size);

#define memcpy played_copy
#include "sync/record_urcu.c" // NOLINT(bugprone-suspicious-include)
#undef memcpy

#if defined(MILL_HAVE_URCU)
#include "core/sanitizer.h"
#include "sync/lock_check.h"
#include "sync/test_sleep.h"

#define UPDATES 300u /* so many that what was found would have been used again */

struct value {
    uint64_t words[8]; /* all equal: the number of updates */
};

static struct mill_record *record;
static _Thread_local bool stops; /* in the middle of the next copy */
static atomic_bool reading;
static atomic_uint updated;
static _Atomic pid_t updater;
static sem_t over;

/* Until the updater sleeps: it waits for this reader then, or, where nothing makes it wait, for the end of
 * the test, behind all its updates. */
static void await_updates(void)
{
    atomic_store(&reading, true);
    mill_test_await_sleep(&updater);
}

static void *played_copy(void *to, const void *from, size_t size)
{
    size_t half = stops ? size / 2 : 0;
    unsigned char *bytes = to;
    memcpy(bytes, from, half);
    if (stops) {
        stops = false;
        await_updates();
    }
    memcpy(bytes + half, (const unsigned char *)from + half, size - half);
    return to;
}

static void count_up(void *value, void *argument)
{
    struct value *words = value;
    (void)argument;
    for (size_t i = 0; i < sizeof words->words / sizeof words->words[0]; i++) {
        words->words[i]++;
    }
}

static void *update_all(void *unused)
{
    while (!atomic_load(&reading)) {
        sched_yield();
    }
    atomic_store(&updater, mill_lock_check_self());
    for (unsigned i = 0; i < UPDATES; i++) {
        if (mill_record_urcu.update(record, count_up, NULL) == 0) {
            atomic_fetch_add(&updated, 1);
        }
    }
    sem_wait(&over);
    return unused;
}

static void test_what_is_read_is_not_used_again(void **state)
{
    (void)state;
    struct value value;
    pthread_t thread;
    sem_init(&over, 0, 0);
    assert_int_equal(mill_record_create(&mill_record_urcu, sizeof value, &record), 0);
    assert_int_equal(pthread_create(&thread, NULL, update_all, NULL), 0);
    stops = true;
    mill_record_urcu.read(record, &value);
    sem_post(&over);
    for (size_t i = 0; i < sizeof value.words / sizeof value.words[0]; i++) {
        assert_int_equal(value.words[i], 0);
    }
    pthread_join(thread, NULL);
    assert_int_equal(atomic_load(&updated), UPDATES);
    mill_record_urcu.read(record, &value);
    assert_int_equal(value.words[0], UPDATES);
    mill_record_destroy(&mill_record_urcu, record);
}

static void *read_many_times(void *unused)
{
    struct value value;
    for (unsigned i = 0; i < 1000; i++) {
        mill_record_urcu.read(record, &value);
        if (value.words[0] != 0 || value.words[7] != 0) {
            return record;
        }
    }
    return unused;
}

/* In the middle of an update; ends only if no reader waits for it. */
static void let_others_read(void *value, void *argument)
{
    pthread_t thread;
    count_up(value, NULL);
    assert_int_equal(pthread_create(&thread, NULL, read_many_times, NULL), 0);
    pthread_join(thread, argument);
    ((struct value *)value)->words[0] = 77;
}

static void test_readers_wait_for_no_update(void **state)
{
    (void)state;
    struct value value;
    void *saw_half = record;
    assert_int_equal(mill_record_create(&mill_record_urcu, sizeof value, &record), 0);
    assert_int_equal(mill_record_urcu.update(record, let_others_read, &saw_half), 0);
    assert_null(saw_half);
    mill_record_urcu.read(record, &value);
    assert_int_equal(value.words[0], 77);
    mill_record_destroy(&mill_record_urcu, record);
}

int main(void)
{
    if (MILL_UNDER_TSAN && (mill_record_urcu.about.traits & MILL_HIDES_ATOMICS)) {
        print_message("left out: ThreadSanitizer cannot see into liburcu\n");
        return 77;
    }
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_what_is_read_is_not_used_again),
        cmocka_unit_test(test_readers_wait_for_no_update),
    };
    return cmocka_run_group_tests_name("record readers", tests, NULL, NULL);
}
#else
int main(void)
{
    return 77; /* left out: liburcu is not here */
}
#endif
