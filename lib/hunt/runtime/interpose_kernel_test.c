/* Time, futexes and other calls of the kernel's, and what is asked about threads. */
#include "hunt/runtime/test_scheduler.h"

#include <errno.h>
#include <linux/futex.h>
#include <linux/membarrier.h>
#include <poll.h>
#include <signal.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

static void *nothing(void *unused)
{
    return unused;
}

/* ---- time ---- */

static void sleep_in_every_way(void)
{
    struct timespec start;
    struct timespec now_is;
    struct timeval day;
    expect(clock_gettime(CLOCK_MONOTONIC, &start) == 0);
    expect(sleep(3600) == 0);
    expect(usleep(1000000) == 0);
    struct timespec length = {.tv_sec = 1};
    expect(nanosleep(&length, NULL) == 0);
    expect(clock_nanosleep(CLOCK_MONOTONIC, 0, &length, NULL) == 0);
    expect(syscall(SYS_nanosleep, &length, NULL) == 0);
    expect(syscall(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, &length, NULL) == 0);
    expect(poll(NULL, 0, 1000) == 0);
    struct timeval second = {.tv_sec = 1};
    expect(select(0, NULL, NULL, NULL, &second) == 0);
    expect(clock_gettime(CLOCK_MONOTONIC, &now_is) == 0);
    expect(now_is.tv_sec == start.tv_sec + 3607);
    struct timespec later = {.tv_sec = now_is.tv_sec + 10};
    expect(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &later, NULL) == 0);
    expect(clock_nanosleep(CLOCK_MONOTONIC, TIMER_ABSTIME, &start, NULL) == 0);
    expect(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &now_is) == 0 && now_is.tv_sec == later.tv_sec);
    expect(gettimeofday(&day, NULL) == 0 && time(NULL) == day.tv_sec);
    length.tv_nsec = 1000000000;
    expect(nanosleep(&length, NULL) == -1 && errno == EINVAL);
    expect(clock_nanosleep(CLOCK_MONOTONIC, 0, &length, NULL) == EINVAL);
    expect(clock_gettime(1000, &now_is) == -1 && errno == EINVAL);
}

static uint64_t ends[3];

static void *sleep_for_seconds(void *number)
{
    sleep((unsigned)(uintptr_t)number);
    ends[(uintptr_t)number] = mill_virtual_now();
    return NULL;
}

static void sleep_beside_another(void)
{
    pthread_t one = spawn(sleep_for_seconds, (void *)1);
    pthread_t two = spawn(sleep_for_seconds, (void *)2);
    join(one);
    join(two);
    expect(ends[1] >= 1000000000 && ends[2] >= 2000000000);
    result(ends[1] < ends[2] ? 0 : 1);
}

static void test_time_is_virtual(void **state)
{
    (void)state;
    assert_ends(sleep_in_every_way);
    assert_ends(sleep_beside_another);
    assert_true(seen.results[0] > 0 && seen.results[1] > 0); /* a sleep may take longer */
}

/* ---- futexes ---- */

static uint32_t word, other_word;

static long futex(uint32_t *address, int operation, uint32_t value, const void *timeout, uint32_t *second,
                  uint32_t third)
{
    return syscall(SYS_futex, address, operation, value, timeout, second, third);
}

static void *wait_while_zero(void *number)
{
    mark((unsigned)(uintptr_t)number);
    while (__atomic_load_n(&word, __ATOMIC_SEQ_CST) == 0) {
        long value = futex(&word, FUTEX_WAIT | FUTEX_PRIVATE_FLAG, 0, NULL, NULL, 0);
        expect(value == 0 || errno == EAGAIN);
    }
    mark((unsigned)(uintptr_t)number + 2);
    return NULL;
}

static void wake_two(void)
{
    word = 0;
    pthread_t one = spawn(wait_while_zero, (void *)1);
    pthread_t two = spawn(wait_while_zero, (void *)2);
    sched_yield();
    mark(5);
    __atomic_store_n(&word, 1, __ATOMIC_SEQ_CST);
    long woken = futex(&word, FUTEX_WAKE, 2, NULL, NULL, 0);
    expect(woken >= 0 && woken <= 2);
    result((unsigned)woken);
    join(one);
    join(two);
}

static void *wait_once(void *number)
{
    expect(futex(&word, FUTEX_WAIT_BITSET, 0, NULL, NULL, 1U << (uintptr_t)number) == 0);
    result((unsigned)(uintptr_t)number);
    return NULL;
}

static void start_two_that_wait(void)
{
    word = other_word = 0;
    spawn(wait_once, (void *)1);
    spawn(wait_once, (void *)2);
    while (mill_waiting_count(&word) < 2) {
        sched_yield();
    }
}

static void wake_one_of_two(void)
{
    start_two_that_wait();
    expect(futex(&word, FUTEX_WAKE, 1, NULL, NULL, 0) == 1);
}

static void wake_by_bits(void)
{
    start_two_that_wait();
    expect(futex(&word, FUTEX_WAKE_BITSET, 2, NULL, NULL, 1U << 2) == 1);
}

static void requeue_one(void)
{
    start_two_that_wait();
    expect(futex(&word, FUTEX_CMP_REQUEUE, 1, (void *)1, &other_word, 7) == -1 && errno == EAGAIN);
    expect(futex(&word, FUTEX_CMP_REQUEUE, 1, (void *)1, &other_word, 0) == 2);
    expect(futex(&word, FUTEX_WAKE, 2, NULL, NULL, 0) == 0);
    expect(mill_waiting_count(&other_word) == 1);
    expect(futex(&other_word, FUTEX_WAKE, 2, NULL, NULL, 0) == 1);
}

static void test_futexes_wait_and_wake(void **state)
{
    (void)state;
    assert_ends(wake_two);
    assert_true(seen.results[0] > 0 && seen.results[1] > 0 && seen.results[2] > 0);
    assert_true(seen.unordered[5][3] > 0); /* a wake orders nothing */
    explore(wake_one_of_two);
    assert_int_equal(seen.deadlocks, seen.schedules);
    assert_true(seen.results[1] > 0 && seen.results[2] > 0);
    assert_int_equal(seen.results[1] + seen.results[2], seen.schedules);
    assert_int_equal(seen.blocked[0].object, (uintptr_t)&word);
    assert_int_equal(seen.blocked[0].size, 4);
    explore(wake_by_bits);
    assert_int_equal(seen.results[1], 0);
    assert_int_equal(seen.results[2], seen.schedules);
    assert_ends(requeue_one);
    assert_int_equal(seen.results[1], seen.schedules);
    assert_int_equal(seen.results[2], seen.schedules);
}

static void futex_timeouts(void)
{
    word = 0;
    uint64_t start = mill_virtual_now();
    struct timespec second = {.tv_sec = 1};
    expect(futex(&word, FUTEX_WAIT, 1, &second, NULL, 0) == -1 && errno == EAGAIN);
    expect(futex(&word, FUTEX_WAIT, 0, &second, NULL, 0) == -1 && errno == ETIMEDOUT);
    expect(mill_virtual_now() >= start + 1000000000);
    expect(futex(&word, FUTEX_WAIT_BITSET, 0, &second, NULL, 1) == -1 && errno == ETIMEDOUT);
    expect(futex(&word, FUTEX_WAIT_BITSET, 0, NULL, NULL, 0) == -1 && errno == EINVAL);
    second.tv_nsec = -1;
    expect(futex(&word, FUTEX_WAIT, 0, &second, NULL, 0) == -1 && errno == EINVAL);
    expect(mill_waiting_count(&word) == 0);
}

static void futex_lock(void)
{
    futex(&word, FUTEX_LOCK_PI, 0, NULL, NULL, 0);
}

static void test_futexes_time_out_and_some_are_refused(void **state)
{
    (void)state;
    assert_ends(futex_timeouts);
    assert_fails(futex_lock, MILL_FAILURE_UNSUPPORTED, "futex operation 6");
}

/* ---- other calls ---- */

static void barrier_of_all(void)
{
    pthread_t other = spawn(nothing, NULL);
    fences = 0;
    syscall(SYS_membarrier, MEMBARRIER_CMD_PRIVATE_EXPEDITED, 0);
    result(fences == 3 ? 0 : 1);
    expect(fences == 3 || (fences == 1 && mill_thread_is_over(1)));
    fences = 0;
    syscall(SYS_membarrier, MEMBARRIER_CMD_QUERY, 0);
    expect(fences == 0);
    join(other);
}

static void *tell_its_id(void *unused)
{
    expect(gettid() == getpid() + 1);
    expect(syscall(SYS_gettid) == gettid());
    expect(syscall(SYS_sched_yield) == 0);
    return unused;
}

static void numbers(void)
{
    expect(gettid() == getpid());
    expect(syscall(SYS_getppid) == getppid());
    expect(syscall(SYS_close, -1) == -1 && errno == EBADF);
    join(spawn(tell_its_id, NULL));
}

static void clone_it(void)
{
    syscall(SYS_clone, 0, 0, 0, 0, 0);
}

static void pause_it(void)
{
    pause();
}

static void sigwait_it(void)
{
    sigset_t set;
    sigemptyset(&set);
    int signal;
    sigwait(&set, &signal);
}

static void poll_a_file(void)
{
    struct pollfd file = {.fd = 0, .events = POLLIN};
    expect(poll(&file, 1, 0) >= 0);
    poll(&file, 1, -1);
}

static void test_calls_that_cannot_be_controlled_are_named(void **state)
{
    (void)state;
    assert_ends(barrier_of_all);
    assert_true(seen.results[0] > 0);
    assert_ends(numbers);
    assert_fails(clone_it, MILL_FAILURE_UNSUPPORTED, "SYS_clone");
    assert_fails(pause_it, MILL_FAILURE_UNSUPPORTED, "pause cannot");
    assert_fails(sigwait_it, MILL_FAILURE_UNSUPPORTED, "sigwait cannot");
    assert_fails(poll_a_file, MILL_FAILURE_UNSUPPORTED, "poll cannot");
}

/* ---- about threads ---- */

static volatile sig_atomic_t signals;

static void handle(int signal)
{
    signals += signal == SIGUSR1;
}

static void ask_about_threads(void)
{
    pthread_t other = spawn(nothing, NULL);
    expect(pthread_setname_np(other, "fifteen letters") == 0);
    char name[16];
    expect(pthread_getname_np(other, name, sizeof name) == 0 && strcmp(name, "fifteen letters") == 0);
    expect(pthread_getname_np(other, name, 15) == ERANGE);
    expect(pthread_setname_np(other, "sixteen letters!") == ERANGE);
    pthread_attr_t attributes;
    void *stack;
    size_t size;
    expect(pthread_getattr_np(pthread_self(), &attributes) == 0);
    expect(pthread_attr_getstack(&attributes, &stack, &size) == 0);
    expect(stack != NULL && size > 0);
    int detached;
    expect(pthread_attr_getdetachstate(&attributes, &detached) == 0 && detached == PTHREAD_CREATE_JOINABLE);
    pthread_attr_destroy(&attributes);
    cpu_set_t cpus;
    expect(pthread_getaffinity_np(other, sizeof cpus, &cpus) == 0 && CPU_COUNT(&cpus) > 0);
    expect(pthread_setaffinity_np(other, sizeof cpus, &cpus) == 0);
    int policy;
    struct sched_param parameters;
    expect(pthread_getschedparam(other, &policy, &parameters) == 0 && policy == SCHED_OTHER);
    expect(pthread_setschedparam(other, policy, &parameters) == 0);
    clockid_t clock;
    expect(pthread_getcpuclockid(other, &clock) == 0 && clock_gettime(clock, &(struct timespec){0}) == 0);
    expect(pthread_kill(other, 0) == 0);
    signals = 0;
    signal(SIGUSR1, handle);
    expect(pthread_kill(pthread_self(), SIGUSR1) == 0 && signals == 1);
    join(other);
    expect(pthread_kill(other, 0) == ESRCH && pthread_setname_np(other, "x") == ESRCH);
    expect(pthread_getattr_np(other, &attributes) == ESRCH);
}

static void kill_another(void)
{
    pthread_t other = spawn(nothing, NULL);
    if (pthread_kill(other, SIGUSR1) == 0) { /* it has ended */
        result(0);
    }
}

static void test_what_is_asked_about_threads(void **state)
{
    (void)state;
    assert_ends(ask_about_threads);
    explore(kill_another);
    assert_int_equal(seen.failures + seen.results[0], seen.schedules);
    assert_int_equal(seen.failure.kind, MILL_FAILURE_UNSUPPORTED);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_time_is_virtual),
        cmocka_unit_test(test_futexes_wait_and_wake),
        cmocka_unit_test(test_futexes_time_out_and_some_are_refused),
        cmocka_unit_test(test_calls_that_cannot_be_controlled_are_named),
        cmocka_unit_test(test_what_is_asked_about_threads),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
