/* Barriers, spin locks, semaphores, once. */
#include "hunt/runtime/test_scheduler.h"

#include <errno.h>
#include <limits.h>

/* ---- barriers ---- */

static pthread_barrier_t barrier;
static int before, serials;

static void *two_rounds(void *number)
{
    unsigned me = (unsigned)(uintptr_t)number;
    for (int round = 1; round <= 2; round++) {
        unsigned place = me + 4 * (unsigned)(round - 1);
        before++;
        mark(place);
        int value = pthread_barrier_wait(&barrier);
        expect(value == 0 || value == PTHREAD_BARRIER_SERIAL_THREAD);
        serials += value == PTHREAD_BARRIER_SERIAL_THREAD;
        expect(before >= 2 * round);
        mark(place + 2);
    }
    return NULL;
}

static void meet_twice(void)
{
    before = serials = 0;
    expect(pthread_barrier_init(&barrier, NULL, 2) == 0);
    pthread_t other = spawn(two_rounds, (void *)1);
    two_rounds((void *)2);
    join(other);
    expect(serials == 2);
    expect(pthread_barrier_destroy(&barrier) == 0);
}

static void test_a_barrier_orders_all_to_all(void **state)
{
    (void)state;
    assert_ends(meet_twice);
    for (int round = 0; round < 2; round++) {
        assert_int_equal(seen.unordered[4 * round + 1][4 * round + 4],
                         0); /* one's before, the other's after */
        assert_int_equal(seen.unordered[4 * round + 2][4 * round + 3], 0);
    }
    assert_true(seen.unordered[3][4] > 0 && seen.unordered[4][3] > 0); /* afters are not ordered */
}

static void *next_round_early(void *unused)
{
    pthread_barrier_wait(&barrier);
    mark(1);
    pthread_barrier_wait(&barrier);
    return unused;
}

static void first_round_late(void)
{
    expect(pthread_barrier_init(&barrier, NULL, 2) == 0);
    pthread_t other = spawn(next_round_early, NULL);
    pthread_barrier_wait(&barrier);
    mark(2);
    pthread_barrier_wait(&barrier);
    join(other);
}

static void test_who_is_late_to_leave_is_not_ordered_by_the_next_round(void **state)
{
    (void)state;
    assert_ends(first_round_late);
    assert_int_equal(seen.unordered[1][2] + seen.unordered[2][1], seen.schedules);
}

static void *arrive_alone(void *unused)
{
    pthread_barrier_wait(&barrier);
    return unused;
}

static void too_few_arrive(void)
{
    expect(pthread_barrier_init(&barrier, NULL, 0) == EINVAL);
    expect(pthread_barrier_init(&barrier, NULL, 2) == 0);
    arrive_alone(NULL);
}

static void destroy_while_waited_at(void)
{
    expect(pthread_barrier_init(&barrier, NULL, 2) == 0);
    spawn(arrive_alone, NULL);
    do {
        sched_yield();
    } while (mill_waiting_count(&barrier) == 0);
    pthread_barrier_destroy(&barrier);
}

static void wait_at_a_destroyed(void)
{
    expect(pthread_barrier_init(&barrier, NULL, 1) == 0);
    expect(pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD);
    expect(pthread_barrier_destroy(&barrier) == 0);
    pthread_barrier_wait(&barrier);
}

static void test_barriers_wait_and_are_misused(void **state)
{
    (void)state;
    explore(too_few_arrive);
    assert_int_equal(seen.deadlocks, seen.schedules);
    assert_fails(destroy_while_waited_at, MILL_FAILURE_MISUSE, "at which thread 1 waits");
    assert_fails(wait_at_a_destroyed, MILL_FAILURE_MISUSE, "was destroyed");
}

/* ---- spin locks ---- */

static pthread_spinlock_t spin;
static int counter;

static void *spin_add(void *number)
{
    expect(pthread_spin_lock(&spin) == 0);
    expect(mill_spin_holder(&spin) == (int)mill_self());
    int old = counter;
    sched_yield();
    counter = old + 1;
    mark((unsigned)(uintptr_t)number);
    expect(pthread_spin_unlock(&spin) == 0);
    return NULL;
}

static void spin_two(void)
{
    counter = 0;
    expect(pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE) == 0);
    pthread_t other = spawn(spin_add, (void *)1);
    spin_add((void *)2);
    join(other);
    expect(counter == 2);
    expect(pthread_spin_trylock(&spin) == 0);
    expect(pthread_spin_trylock(&spin) == EBUSY);
    expect(pthread_spin_unlock(&spin) == 0);
    expect(mill_spin_holder(&spin) == -1);
    expect(pthread_spin_destroy(&spin) == 0);
}

static void spin_again(void)
{
    pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
    pthread_spin_lock(&spin);
    pthread_spin_lock(&spin);
}

static void *spin_unlock_it(void *unused)
{
    pthread_spin_unlock(&spin);
    return unused;
}

static void spin_unlock_of_a_stranger(void)
{
    pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
    pthread_spin_lock(&spin);
    join(spawn(spin_unlock_it, NULL));
}

static void spin_destroy_while_held(void)
{
    pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE);
    pthread_spin_lock(&spin);
    pthread_spin_destroy(&spin);
}

static void test_spin_locks(void **state)
{
    (void)state;
    assert_ends(spin_two);
    assert_int_equal(seen.unordered[1][2] + seen.unordered[2][1], 0);
    explore(spin_again);
    assert_int_equal(seen.deadlocks, seen.schedules);
    assert_fails(spin_unlock_of_a_stranger, MILL_FAILURE_MISUSE, "which it does not hold");
    assert_fails(spin_destroy_while_held, MILL_FAILURE_MISUSE, "which thread 0 holds");
}

static void *nothing(void *unused)
{
    return unused;
}

static sem_t semaphore;

static void use_what_was_made_before(void)
{
    join(spawn(nothing, NULL));
    expect(pthread_spin_lock(&spin) == 0);
    expect(pthread_spin_unlock(&spin) == 0);
    expect(pthread_barrier_wait(&barrier) == PTHREAD_BARRIER_SERIAL_THREAD);
    expect(sem_trywait(&semaphore) == 0);
    expect(sem_trywait(&semaphore) == -1);
    expect(sem_post(&semaphore) == 0);
}

static void test_what_the_c_library_made_means_the_same_here_and_back(void **state)
{
    (void)state;
    assert_int_equal(pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE), 0);
    assert_int_equal(pthread_barrier_init(&barrier, NULL, 1), 0);
    assert_int_equal(pthread_barrier_wait(&barrier), PTHREAD_BARRIER_SERIAL_THREAD);
    assert_int_equal(sem_init(&semaphore, 0, 1), 0);
    assert_ends(use_what_was_made_before);
    assert_int_equal(pthread_spin_trylock(&spin), 0);
    assert_int_equal(pthread_spin_trylock(&spin), EBUSY);
    assert_int_equal(pthread_spin_unlock(&spin), 0);
    assert_int_equal(pthread_barrier_wait(&barrier), PTHREAD_BARRIER_SERIAL_THREAD);
    assert_int_equal(pthread_barrier_destroy(&barrier), 0);
    assert_int_equal(sem_wait(&semaphore), 0);
    assert_int_equal(sem_trywait(&semaphore), -1);
    assert_int_equal(sem_destroy(&semaphore), 0);
}

/* ---- semaphores ---- */

static void *post_marked(void *number)
{
    mark((unsigned)(uintptr_t)number);
    expect(sem_post(&semaphore) == 0);
    mark((unsigned)(uintptr_t)number + 2);
    return NULL;
}

static void posts_of_two(void)
{
    expect(sem_init(&semaphore, 0, 0) == 0);
    pthread_t one = spawn(post_marked, (void *)1);
    pthread_t two = spawn(post_marked, (void *)2);
    expect(sem_wait(&semaphore) == 0);
    expect(sem_wait(&semaphore) == 0);
    mark(5);
    join(one);
    join(two);
    int value = -1;
    expect(sem_getvalue(&semaphore, &value) == 0 && value == 0);
    expect(sem_destroy(&semaphore) == 0);
}

static void test_a_post_is_ordered_before_the_wait_and_not_with_posts(void **state)
{
    (void)state;
    assert_ends(posts_of_two);
    assert_int_equal(seen.unordered[1][5], 0);
    assert_int_equal(seen.unordered[2][5], 0);
    assert_true(seen.unordered[1][2] > 0 && seen.unordered[2][1] > 0);
    assert_int_equal(seen.unordered[1][2] + seen.unordered[2][1], seen.schedules);
    assert_int_equal(seen.unordered[1][4] + seen.unordered[4][1], seen.schedules);
    assert_int_equal(seen.unordered[2][3] + seen.unordered[3][2], seen.schedules);
}

static void semaphore_answers(void)
{
    expect(sem_init(&semaphore, 0, SEM_VALUE_MAX) == 0);
    expect(sem_post(&semaphore) == -1 && errno == EOVERFLOW);
    expect(sem_init(&semaphore, 0, 1) == 0);
    expect(sem_trywait(&semaphore) == 0);
    expect(sem_trywait(&semaphore) == -1 && errno == EAGAIN);
    struct timespec past = {.tv_sec = 1};
    struct timespec bad = {.tv_nsec = 1000000000};
    expect(sem_timedwait(&semaphore, &past) == -1 && errno == ETIMEDOUT);
    expect(sem_timedwait(&semaphore, &bad) == -1 && errno == EINVAL);
    expect(sem_clockwait(&semaphore, CLOCK_MONOTONIC, &past) == -1 && errno == ETIMEDOUT);
    expect(sem_clockwait(&semaphore, CLOCK_TAI, &past) == -1 && errno == EINVAL);
    expect(sem_post(&semaphore) == 0);
    expect(sem_timedwait(&semaphore, &bad) == 0);
}

static void *wait_for_it(void *unused)
{
    sem_wait(&semaphore);
    return unused;
}

static void wait_for_nothing(void)
{
    sem_init(&semaphore, 0, 0);
    wait_for_it(NULL);
}

static void destroy_while_waited_for(void)
{
    sem_init(&semaphore, 0, 0);
    spawn(wait_for_it, NULL);
    do {
        sched_yield();
    } while (mill_thread_data(1)->blocked_on == NULL);
    sem_destroy(&semaphore);
}

static void open_by_name(void)
{
    sem_open("/name", 0);
}

static void test_semaphores_answer_wait_and_are_misused(void **state)
{
    (void)state;
    assert_ends(semaphore_answers);
    explore(wait_for_nothing);
    assert_int_equal(seen.deadlocks, seen.schedules);
    assert_int_equal(seen.blocked[0].kind, MILL_STEP_TAKE);
    assert_fails(destroy_while_waited_for, MILL_FAILURE_MISUSE, "at which thread 1 waits");
    assert_fails(open_by_name, MILL_FAILURE_UNSUPPORTED, "sem_open");
}

/* ---- once ---- */

static pthread_once_t once;
static int initialised;

static void initialise(void)
{
    expect(mill_once_holder(&once) == (int)mill_self());
    sched_yield();
    initialised++;
    mark(1);
}

static void *use(void *unused)
{
    expect(pthread_once(&once, initialise) == 0);
    expect(initialised == 1);
    mark(2);
    return unused;
}

static void use_of_three(void)
{
    once = PTHREAD_ONCE_INIT;
    initialised = 0;
    pthread_t one = spawn(use, NULL);
    pthread_t two = spawn(use, NULL);
    use(NULL);
    join(one);
    join(two);
    expect(mill_once_holder(&once) == -1);
}

static void initialise_by_itself(void)
{
    pthread_once(&once, initialise_by_itself);
}

static void once_in_itself(void)
{
    once = PTHREAD_ONCE_INIT;
    initialise_by_itself();
}

static void give_up(void)
{
    mark((unsigned)++initialised);
    if (initialised == 1) {
        pthread_exit(NULL);
    }
}

static void *use_that_gives_up(void *unused)
{
    pthread_once(&once, give_up);
    result((unsigned)initialised);
    return unused;
}

static void an_initialiser_that_ends_its_thread(void)
{
    once = PTHREAD_ONCE_INIT;
    initialised = 0;
    pthread_t one = spawn(use_that_gives_up, NULL);
    pthread_t two = spawn(use_that_gives_up, NULL);
    join(one);
    join(two);
}

static void test_once(void **state)
{
    (void)state;
    assert_ends(use_of_three);
    assert_int_equal(seen.unordered[1][2], 0);
    explore(once_in_itself);
    assert_int_equal(seen.deadlocks, seen.schedules);
    assert_ends(an_initialiser_that_ends_its_thread);
    assert_int_equal(seen.results[2], seen.schedules); /* by the other, in its turn */
    assert_int_equal(seen.unordered[1][2], 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_barrier_orders_all_to_all),
        cmocka_unit_test(test_who_is_late_to_leave_is_not_ordered_by_the_next_round),
        cmocka_unit_test(test_barriers_wait_and_are_misused),
        cmocka_unit_test(test_spin_locks),
        cmocka_unit_test(test_what_the_c_library_made_means_the_same_here_and_back),
        cmocka_unit_test(test_a_post_is_ordered_before_the_wait_and_not_with_posts),
        cmocka_unit_test(test_semaphores_answer_wait_and_are_misused),
        cmocka_unit_test(test_once),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
