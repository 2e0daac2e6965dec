#include "hunt/lock_order.h"
#include "hunt/runtime/test_scheduler.h"

static pthread_mutex_t a, b;
static pthread_rwlock_t shelf;
static pthread_spinlock_t spin;
static pthread_cond_t word;

/* ---- what a thread does, and another in the other order ---- */

static void *mutex_mutex(void *unused)
{
    pthread_mutex_lock(&a);
    pthread_mutex_lock(&b);
    pthread_mutex_unlock(&b);
    pthread_mutex_unlock(&a);
    return unused;
}

static void *mutex_mutex_back(void *unused)
{
    pthread_mutex_lock(&b);
    pthread_mutex_lock(&a);
    pthread_mutex_unlock(&a);
    pthread_mutex_unlock(&b);
    return unused;
}

static void *write_spin(void *unused)
{
    pthread_rwlock_wrlock(&shelf);
    pthread_spin_lock(&spin);
    pthread_spin_unlock(&spin);
    pthread_rwlock_unlock(&shelf);
    return unused;
}

static void *spin_read(void *unused)
{
    pthread_spin_lock(&spin);
    pthread_rwlock_rdlock(&shelf);
    pthread_rwlock_unlock(&shelf);
    pthread_spin_unlock(&spin);
    return unused;
}

static void *read_mutex(void *unused)
{
    pthread_rwlock_rdlock(&shelf);
    pthread_mutex_lock(&a);
    pthread_mutex_unlock(&a);
    pthread_rwlock_unlock(&shelf);
    return unused;
}

static void *mutex_read(void *unused)
{
    pthread_mutex_lock(&a);
    pthread_rwlock_rdlock(&shelf);
    pthread_rwlock_unlock(&shelf);
    pthread_mutex_unlock(&a);
    return unused;
}

static void *mutex_try_back(void *unused)
{
    pthread_mutex_lock(&b);
    if (pthread_mutex_trylock(&a) == 0) {
        pthread_mutex_unlock(&a);
    }
    pthread_mutex_unlock(&b);
    return unused;
}

static void *mutex_timed_back(void *unused)
{
    const struct timespec past = {.tv_sec = 0};
    pthread_mutex_lock(&b);
    if (pthread_mutex_timedlock(&a, &past) == 0) {
        pthread_mutex_unlock(&a);
    }
    pthread_mutex_unlock(&b);
    return unused;
}

static void *write_mutex(void *unused)
{
    pthread_rwlock_wrlock(&shelf);
    pthread_mutex_lock(&a);
    pthread_mutex_unlock(&a);
    pthread_rwlock_unlock(&shelf);
    return unused;
}

static void *mutex_timed_read(void *unused)
{
    const struct timespec past = {.tv_sec = 0};
    pthread_mutex_lock(&a);
    if (pthread_rwlock_timedrdlock(&shelf, &past) == 0) {
        pthread_rwlock_unlock(&shelf);
    }
    pthread_mutex_unlock(&a);
    return unused;
}

static void *try_then_mutex(void *unused)
{
    if (pthread_mutex_trylock(&b) == 0) {
        pthread_mutex_lock(&a);
        pthread_mutex_unlock(&a);
        pthread_mutex_unlock(&b);
    }
    return unused;
}

/* The wait gives a back and takes it again, while b is held. */
static void *wait_inside(void *unused)
{
    const struct timespec past = {.tv_sec = 0};
    pthread_mutex_lock(&a);
    pthread_mutex_lock(&b);
    pthread_cond_timedwait(&word, &a, &past);
    pthread_mutex_unlock(&b);
    pthread_mutex_unlock(&a);
    return unused;
}

/* Nothing is held while it waits: what is taken then is taken alone. */
static void *wait_alone(void *unused)
{
    const struct timespec past = {.tv_sec = 0};
    pthread_mutex_lock(&a);
    pthread_cond_timedwait(&word, &a, &past);
    pthread_mutex_unlock(&a);
    pthread_mutex_lock(&b);
    pthread_mutex_unlock(&b);
    return unused;
}

/* ---- the same of each kind of lock ---- */

static union {
    pthread_mutex_t mutex;
    pthread_rwlock_t rwlock;
    pthread_spinlock_t spin;
} locks[2];

#define KIND(name, member, lock_call, try_call, unlock_call, init_call, destroy_call) \
    static int name##_lock(unsigned i)                                                \
    {                                                                                 \
        return lock_call(&locks[i].member);                                           \
    }                                                                                 \
    static int name##_try(unsigned i)                                                 \
    {                                                                                 \
        return try_call(&locks[i].member);                                            \
    }                                                                                 \
    static int name##_unlock(unsigned i)                                              \
    {                                                                                 \
        return unlock_call(&locks[i].member);                                         \
    }                                                                                 \
    static int name##_init(unsigned i)                                                \
    {                                                                                 \
        return init_call(&locks[i].member, 0);                                        \
    }                                                                                 \
    static int name##_destroy(unsigned i)                                             \
    {                                                                                 \
        return destroy_call(&locks[i].member);                                        \
    }

KIND(mutex, mutex, pthread_mutex_lock, pthread_mutex_trylock, pthread_mutex_unlock, pthread_mutex_init,
     pthread_mutex_destroy)
KIND(writer, rwlock, pthread_rwlock_wrlock, pthread_rwlock_trywrlock, pthread_rwlock_unlock,
     pthread_rwlock_init, pthread_rwlock_destroy)
KIND(spin, spin, pthread_spin_lock, pthread_spin_trylock, pthread_spin_unlock, pthread_spin_init,
     pthread_spin_destroy)

#define CALLS(name)                                                         \
    {                                                                       \
        name##_lock, name##_try, name##_unlock, name##_init, name##_destroy \
    }

static const struct kind {
    int (*lock)(unsigned), (*try)(unsigned), (*unlock)(unsigned), (*init)(unsigned), (*destroy)(unsigned);
} kinds[] = {CALLS(mutex), CALLS(writer), CALLS(spin)};

enum { kind_count = sizeof kinds / sizeof kinds[0] };

static const struct kind *kind;

static void nest(unsigned outer, unsigned inner)
{
    expect(kind->lock(outer) == 0);
    expect(kind->lock(inner) == 0);
    expect(kind->unlock(inner) == 0);
    expect(kind->unlock(outer) == 0);
}

static void *forth(void *unused)
{
    nest(0, 1);
    return unused;
}

static void *back(void *unused)
{
    nest(1, 0);
    return unused;
}

static void *one_by_one(void *unused)
{
    for (unsigned i = 0; i < 2; i++) {
        expect(kind->lock(i) == 0);
        expect(kind->unlock(i) == 0);
    }
    return unused;
}

static void *try_inside(void *unused)
{
    expect(kind->lock(1) == 0);
    if (kind->try(0) == 0) {
        expect(kind->unlock(0) == 0);
    }
    expect(kind->unlock(1) == 0);
    return unused;
}

/* The lock at the address is another one afterwards. */
static void *forth_and_init(void *unused)
{
    nest(0, 1);
    expect(kind->init(0) == 0);
    return unused;
}

static void *forth_and_destroy(void *unused)
{
    nest(0, 1);
    __typeof__(locks[0]) before = locks[0];
    expect(kind->destroy(0) == 0);
    locks[0] = before;
    return unused;
}

/* ---- programs ---- */

static void make(void)
{
    a = b = (pthread_mutex_t)PTHREAD_MUTEX_INITIALIZER;
    shelf = (pthread_rwlock_t)PTHREAD_RWLOCK_INITIALIZER;
    word = (pthread_cond_t)PTHREAD_COND_INITIALIZER;
    expect(pthread_spin_init(&spin, PTHREAD_PROCESS_PRIVATE) == 0);
    for (unsigned i = 0; kind && i < 2; i++) {
        expect(kind->init(i) == 0);
    }
}

static void *(*one)(void *), *(*other)(void *);
static sem_t turn;

static void *one_then_word(void *unused)
{
    one(NULL);
    sem_post(&turn);
    return unused;
}

/* Never at the same time, so that nobody waits for a lock; but a semaphore is no order here. */
static void in_turn(void)
{
    make();
    expect(sem_init(&turn, 0, 0) == 0);
    pthread_t thread = spawn(one_then_word, NULL);
    expect(sem_wait(&turn) == 0);
    other(NULL);
    join(thread);
}

static void joined_before(void)
{
    make();
    join(spawn(one, NULL));
    other(NULL);
}

static void created_after(void)
{
    make();
    one(NULL);
    join(spawn(other, NULL));
}

static void two(void *(*first)(void *), void *(*second)(void *))
{
    one = first;
    other = second;
}

/* ---- tests ---- */

static void assert_circle(void *(*first)(void *), void *(*second)(void *))
{
    two(first, second);
    assert_fails(in_turn, MILL_FAILURE_LOCK_ORDER, "locks are taken in a circle: thread 0 holds");
    assert_int_equal(seen.deadlocks, 0);
}

static void assert_none(void *(*first)(void *), void *(*second)(void *))
{
    two(first, second);
    assert_ends(in_turn);
}

static void test_both_orders_fail_where_nobody_waits(void **state)
{
    (void)state;
    assert_circle(mutex_mutex, mutex_mutex_back);
    char message[MILL_FAILURE_TEXT];
    snprintf(message, sizeof message,
             "locks are taken in a circle: thread 0 holds %p and takes %p, thread 1 holds %p and takes %p",
             (void *)&b, (void *)&a, (void *)&a, (void *)&b);
    assert_string_equal(seen.failure.message, message);
    assert_int_equal(seen.failure.object, (uintptr_t)&a);
    assert_none(mutex_mutex, mutex_mutex);
}

static void test_a_place_is_told_for_each_lock_of_each_thread(void **state)
{
    (void)state;
    assert_circle(mutex_mutex, mutex_mutex_back);
    static const unsigned threads_told[] = {0, 0, 1, 1};
    const void *locks_told[] = {&a, &b, &b, &a};
    assert_int_equal(seen.failure.stacks, 4);
    for (unsigned i = 0; i < 4; i++) {
        const struct mill_failure_stack *stack = &seen.failure.stack[i];
        char label[sizeof stack->label];
        snprintf(label, sizeof label, i % 2 == 0 ? "takes lock %p" : "holds lock %p, which it took",
                 locks_told[i]);
        assert_string_equal(stack->label, label);
        assert_int_equal(stack->thread, threads_told[i]);
    }
    assert_true(seen.failure.stack[3].step < seen.failure.stack[2].step);
    assert_true(seen.failure.stack[2].step < seen.failure.stack[1].step);
    assert_true(seen.failure.stack[1].step < seen.failure.stack[0].step);
}

static void test_every_kind_of_lock_counts(void **state)
{
    (void)state;
    for (unsigned i = 0; i < kind_count; i++) {
        kind = &kinds[i];
        assert_circle(forth, back);
        assert_none(one_by_one, back);
        assert_none(back, one_by_one);
        assert_none(forth, try_inside);
    }
    kind = NULL;
    assert_circle(write_spin, spin_read);
    assert_circle(spin_read, write_spin);
    assert_none(read_mutex, mutex_read); /* readers do not wait for each other */
}

static void test_who_does_not_wait_closes_no_circle_but_holds(void **state)
{
    (void)state;
    assert_none(mutex_mutex, mutex_try_back);
    assert_none(mutex_mutex, mutex_timed_back);
    assert_circle(write_mutex, mutex_read);
    assert_none(write_mutex, mutex_timed_read);
    assert_circle(mutex_mutex, try_then_mutex);
}

static void test_a_wait_gives_back_and_takes_again(void **state)
{
    (void)state;
    assert_circle(wait_inside, mutex_mutex);
    assert_none(wait_alone, mutex_mutex_back);
}

static void test_another_lock_at_the_address_is_another(void **state)
{
    (void)state;
    for (unsigned i = 0; i < kind_count; i++) {
        kind = &kinds[i];
        assert_none(forth_and_init, back);
        assert_none(forth_and_destroy, back);
    }
    kind = NULL;
}

static void test_creation_and_join_are_orders(void **state)
{
    (void)state;
    two(mutex_mutex, mutex_mutex_back);
    assert_ends(joined_before);
    assert_ends(created_after);
}

static void only_one(void)
{
    make();
    join(spawn(one, NULL));
}

static void test_orders_of_another_schedule_are_forgotten(void **state)
{
    (void)state;
    two(mutex_mutex, NULL);
    assert_ends(only_one);
    two(mutex_mutex_back, NULL);
    assert_ends(only_one);
}

static void test_off_it_finds_nothing(void **state)
{
    (void)state;
    mill_hunt_lock_order = false;
    assert_none(mutex_mutex, mutex_mutex_back);
    mill_hunt_lock_order = true;
}

static int open_graph(void **state)
{
    (void)state;
    return mill_order_open();
}

static int close_graph(void **state)
{
    (void)state;
    mill_lock_order_close();
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_both_orders_fail_where_nobody_waits),
        cmocka_unit_test(test_a_place_is_told_for_each_lock_of_each_thread),
        cmocka_unit_test(test_every_kind_of_lock_counts),
        cmocka_unit_test(test_who_does_not_wait_closes_no_circle_but_holds),
        cmocka_unit_test(test_a_wait_gives_back_and_takes_again),
        cmocka_unit_test(test_another_lock_at_the_address_is_another),
        cmocka_unit_test(test_creation_and_join_are_orders),
        cmocka_unit_test(test_orders_of_another_schedule_are_forgotten),
        cmocka_unit_test(test_off_it_finds_nothing),
    };
    return cmocka_run_group_tests(tests, open_graph, close_graph);
}
