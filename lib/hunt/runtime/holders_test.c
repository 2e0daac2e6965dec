#include "hunt/runtime/holders.h"

#include "hunt/runtime/test_scheduler.h"

static pthread_mutex_t mutex, other_mutex;
static pthread_cond_t condition;
static pthread_rwlock_t rwlock;
static pthread_barrier_t barrier;
static pthread_spinlock_t spin;
static sem_t semaphore;
static pthread_once_t once;
static pthread_t first;

/* Whoever waits so in the last deadlock. */
static unsigned entry_of(enum mill_step_kind kind)
{
    for (unsigned i = 0; i < seen.blocked_count; i++) {
        if (seen.blocked[i].kind == kind) {
            return i;
        }
    }
    fail_msg("nobody waits by %s", mill_step_name(kind));
    return 0;
}

/* In the last schedule there was a deadlock in which somebody waited so, for what this thread has. */
static void assert_held(void (*body)(void), enum mill_step_kind kind, int holder, const char *words)
{
    explore(body);
    assert_true(seen.deadlocks > 0);
    unsigned entry = entry_of(kind);
    assert_int_equal(seen.holders[entry], holder);
    if (strstr(seen.holder_texts[entry], words) == NULL) {
        fail_msg("'%s' says nothing of '%s'", seen.holder_texts[entry], words);
    }
}

static void *lock_other_way(void *unused)
{
    pthread_mutex_lock(&other_mutex);
    pthread_mutex_lock(&mutex);
    pthread_mutex_unlock(&mutex);
    pthread_mutex_unlock(&other_mutex);
    return unused;
}

static void lock_in_two_orders(void)
{
    mutex = other_mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    spawn(lock_other_way, NULL);
    pthread_mutex_lock(&mutex);
    pthread_mutex_lock(&other_mutex);
    pthread_mutex_unlock(&other_mutex);
    pthread_mutex_unlock(&mutex);
}

static void test_a_cycle_of_two_mutexes(void **state)
{
    (void)state;
    explore(lock_in_two_orders);
    assert_true(seen.deadlocks > 0);
    assert_int_equal(seen.blocked_count, 2);
    for (unsigned thread = 0; thread < 2; thread++) {
        assert_int_equal(seen.holders[thread], 1 - thread);
        assert_non_null(strstr(seen.holder_texts[thread], thread == 0 ? "thread 1 holds" : "thread 0 holds"));
        assert_int_equal(strncmp(seen.holder_texts[thread], "mutex 0x", 8), 0);
    }
}

static void *lock_and_end(void *unused)
{
    pthread_mutex_lock(&mutex);
    return unused;
}

static void lock_after_the_owners_end(void)
{
    mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    join(spawn(lock_and_end, NULL));
    pthread_mutex_lock(&mutex);
}

static void read_then_write(void)
{
    rwlock = (pthread_rwlock_t)PTHREAD_RWLOCK_INITIALIZER;
    pthread_rwlock_rdlock(&rwlock);
    pthread_rwlock_wrlock(&rwlock);
}

static void *write_and_end(void *unused)
{
    pthread_rwlock_wrlock(&rwlock);
    return unused;
}

static void read_after_a_writer(void)
{
    rwlock = (pthread_rwlock_t)PTHREAD_RWLOCK_INITIALIZER;
    join(spawn(write_and_end, NULL));
    pthread_rwlock_rdlock(&rwlock);
}

static void spin_twice(void)
{
    pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
    pthread_spin_lock(&spin);
    pthread_spin_lock(&spin);
}

static void initialise(void)
{
    pthread_once(&once, initialise);
}

static void once_in_itself(void)
{
    once = PTHREAD_ONCE_INIT;
    pthread_once(&once, initialise);
}

static void test_locks_and_once(void **state)
{
    (void)state;
    assert_held(lock_after_the_owners_end, MILL_STEP_LOCK, 1, "thread 1 holds, although it has ended");
    assert_held(read_then_write, MILL_STEP_LOCK, 0, "read-write lock 0x");
    assert_held(read_after_a_writer, MILL_STEP_SHARE, 1, "thread 1 holds");
    assert_held(spin_twice, MILL_STEP_LOCK, 0, "spin lock 0x");
    assert_held(once_in_itself, MILL_STEP_ONCE, 0, "which thread 0 runs");
}

static void *join_the_first(void *unused)
{
    pthread_join(first, NULL);
    return unused;
}

static void wait_for_each_other(void)
{
    first = pthread_self();
    sem_init(&semaphore, 0, 0);
    spawn(join_the_first, NULL);
    sem_wait(&semaphore);
}

static void wait_for_a_word(void)
{
    mutex = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    condition = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    pthread_mutex_lock(&mutex);
    pthread_cond_wait(&condition, &mutex);
}

static void arrive_alone(void)
{
    pthread_barrier_init(&barrier, NULL, 3);
    pthread_barrier_wait(&barrier);
}

static void test_what_nobody_in_particular_holds(void **state)
{
    (void)state;
    assert_held(wait_for_each_other, MILL_STEP_JOIN, 0, "the end of thread 0");
    assert_held(wait_for_each_other, MILL_STEP_TAKE, -1, "semaphore 0x");
    assert_held(wait_for_a_word, MILL_STEP_WAIT, -1, "condition 0x");
    assert_held(arrive_alone, MILL_STEP_ARRIVE, -1, "at which 1 of 3 are");
}

static void test_a_step_of_another_kind_is_survived(void **state)
{
    (void)state;
    const struct mill_step step = {.kind = MILL_STEP_WRITE, .flags = 0xf0, .object = 16};
    char text[64];
    assert_int_equal(mill_holder(&step), -1);
    mill_holder_text(&step, text, sizeof text);
    assert_string_equal(text, "object 0x10");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_cycle_of_two_mutexes),
        cmocka_unit_test(test_locks_and_once),
        cmocka_unit_test(test_what_nobody_in_particular_holds),
        cmocka_unit_test(test_a_step_of_another_kind_is_survived),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
