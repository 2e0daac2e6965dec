#include "sync/barrier.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/random.h"
#include "core/sanitizer.h"
#include "sync/barrier_list.h"
#include "sync/test_sleep.h"

#define MAX_PARTIES 5u

/* So long that only a wait that hangs gets there. */
#define LONG        (60 * (int64_t)MILL_NS_PER_S)

static bool breaks(const struct mill_barrier_ops *ops)
{
    return ops->shape & MILL_BARRIER_BREAKS;
}

static void need(const struct mill_barrier_ops *ops)
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

static void need_breaks(const struct mill_barrier_ops *ops)
{
    need(ops);
    if (!breaks(ops)) {
        print_message("%s: knows no breaking\n", ops->about.name);
        skip();
    }
}

static struct mill_barrier *make(const struct mill_barrier_ops *ops, unsigned parties)
{
    struct mill_barrier *barrier;
    need(ops);
    assert_int_equal(mill_barrier_create(ops, parties, &barrier), 0);
    return barrier;
}

static void test_tables_are_well_formed(void **state)
{
    (void)state;
    for (size_t i = 0; i < mill_barrier_family.count; i++) {
        const struct mill_barrier_ops *ops = mill_barrier_ops_of(mill_barrier_family.strategies[i]);
        assert_ptr_equal(mill_barrier_ops_find(ops->about.name), ops);
        assert_non_null(ops->about.summary);
        assert_non_null(ops->about.source);
        assert_int_equal(ops->create && ops->destroy && ops->wait, ops->about.missing == NULL);
        assert_int_equal(ops->abort && ops->reset && ops->is_broken, breaks(ops));
    }
    assert_null(mill_barrier_ops_find("no-such-barrier"));
}

static void test_refuses_what_is_wrong(void **state)
{
    const struct mill_barrier_ops *ops = *state;
    static const struct mill_barrier_ops absent = {.about = {.name = "absent", .missing = "not there"}};
    struct mill_barrier *barrier = make(ops, 2);
    assert_int_equal(mill_barrier_create(NULL, 1, &barrier), -EINVAL);
    assert_int_equal(mill_barrier_create(ops, 1, NULL), -EINVAL);
    assert_int_equal(mill_barrier_create(ops, 0, &barrier), -EINVAL);
    assert_int_equal(mill_barrier_create(ops, MILL_BARRIER_PARTIES_MAX + 1, &barrier), -EINVAL);
    assert_int_equal(mill_barrier_create(ops, UINT32_MAX, &barrier), -EINVAL);
    assert_int_equal(mill_barrier_create(&absent, 1, &barrier), -ENOTSUP);
    assert_int_equal(mill_barrier_wait(barrier, 2, MILL_FOREVER), -EINVAL);
    assert_int_equal(mill_barrier_wait(barrier, 0, -1), -EINVAL);
    assert_false(mill_barrier_is_broken(barrier));
    if (!breaks(ops)) {
        assert_int_equal(mill_barrier_wait(barrier, 0, 0), -ENOTSUP);
        assert_int_equal(mill_barrier_wait(barrier, 0, LONG), -ENOTSUP);
        assert_int_equal(mill_barrier_abort(barrier), -ENOTSUP);
        assert_int_equal(mill_barrier_reset(barrier), -ENOTSUP);
    }
    assert_int_equal(mill_barrier_destroy(barrier), 0);
    assert_int_equal(mill_barrier_destroy(NULL), 0);
    assert_int_equal(mill_barrier_create(ops, MILL_BARRIER_PARTIES_MAX, &barrier), 0);
    assert_int_equal(mill_barrier_destroy(barrier), 0);
}

static void test_one_party_never_waits(void **state)
{
    struct mill_barrier *barrier = make(*state, 1);
    for (int i = 0; i < 5; i++) {
        assert_int_equal(mill_barrier_wait(barrier, 0, MILL_FOREVER), MILL_BARRIER_LEADER);
        if (breaks(*state)) {
            assert_int_equal(mill_barrier_wait(barrier, 0, 0), MILL_BARRIER_LEADER);
        }
    }
    mill_barrier_destroy(barrier);
}

/* ---- crossing ---- */

struct party {
    struct crossing *all;
    unsigned index;
    unsigned led;
    unsigned failed;        /* waits that did not get through */
    unsigned strayed;       /* others that were found in another generation */
    uint64_t generation[2]; /* plain, of even and odd ones: the barrier orders them */
    pthread_t thread;
};

struct crossing {
    struct mill_barrier *barrier;
    unsigned parties;
    unsigned generations;
    struct party party[MAX_PARTIES];
};

static void *cross(void *argument)
{
    struct party *me = argument;
    struct crossing *all = me->all;
    for (uint64_t g = 1; g <= all->generations; g++) {
        me->generation[g % 2] = g;
        int status = mill_barrier_wait(all->barrier, me->index, MILL_FOREVER);
        me->failed += status < 0;
        me->led += status == MILL_BARRIER_LEADER;
        for (unsigned i = 0; i < all->parties; i++) {
            me->strayed += all->party[i].generation[g % 2] != g;
        }
    }
    return NULL;
}

static void cross_with(struct mill_barrier *barrier, unsigned parties, unsigned generations)
{
    static struct crossing all;
    unsigned led = 0;
    memset(&all, 0, sizeof all);
    all.barrier = barrier;
    all.parties = parties;
    all.generations = generations;
    for (unsigned i = 0; i < parties; i++) {
        all.party[i].all = &all;
        all.party[i].index = i;
        assert_int_equal(pthread_create(&all.party[i].thread, NULL, cross, &all.party[i]), 0);
    }
    for (unsigned i = 0; i < parties; i++) {
        pthread_join(all.party[i].thread, NULL);
        assert_int_equal(all.party[i].failed, 0);
        assert_int_equal(all.party[i].strayed, 0);
        led += all.party[i].led;
    }
    assert_int_equal(led, generations);
}

/* Those that never yield take a time slice for each party without a processor. */
static void test_crosses_in_step(void **state)
{
    const struct mill_barrier_ops *ops = *state;
    for (unsigned parties = 2; parties <= MAX_PARTIES; parties++) {
        struct mill_barrier *barrier = make(ops, parties);
        cross_with(barrier, parties, ops->about.traits & MILL_SPINS ? 3 : 300);
        assert_int_equal(mill_barrier_destroy(barrier), 0);
    }
}

/* ---- one wait each ---- */

struct guest {
    struct mill_barrier *barrier;
    unsigned party;
    int64_t timeout_ns;
    int status;
    pthread_t thread;
    _Atomic pid_t id; /* set right before it waits */
};

static void *wait_once(void *argument)
{
    struct guest *guest = argument;
    atomic_store_explicit(&guest->id, gettid(), memory_order_relaxed);
    guest->status = mill_barrier_wait(guest->barrier, guest->party, guest->timeout_ns);
    return NULL;
}

/* Parties 1 … count come and wait; all are asleep when this returns. */
static void invite(struct guest *guests, struct mill_barrier *barrier, unsigned count)
{
    for (unsigned i = 0; i < count; i++) {
        guests[i] =
            (struct guest){.barrier = barrier, .party = i + 1, .timeout_ns = i % 2 ? LONG : MILL_FOREVER};
        assert_int_equal(pthread_create(&guests[i].thread, NULL, wait_once, &guests[i]), 0);
        mill_test_await_sleep(&guests[i].id);
    }
}

static void assert_all_told(struct guest *guests, unsigned count, int status)
{
    for (unsigned i = 0; i < count; i++) {
        pthread_join(guests[i].thread, NULL);
        assert_int_equal(guests[i].status, status);
    }
}

static void assert_refuses_until_reset(struct mill_barrier *barrier, unsigned parties)
{
    assert_true(mill_barrier_is_broken(barrier));
    for (unsigned i = 0; i < parties; i++) {
        assert_int_equal(mill_barrier_wait(barrier, i, MILL_FOREVER), -ECANCELED);
        assert_int_equal(mill_barrier_wait(barrier, i, 0), -ECANCELED);
    }
    assert_int_equal(mill_barrier_reset(barrier), 0);
    assert_false(mill_barrier_is_broken(barrier));
    cross_with(barrier, parties, 20);
}

static void test_a_timeout_is_told_to_all(void **state)
{
    need_breaks(*state);
    struct mill_barrier *barrier = make(*state, 4);
    struct guest guests[2];
    for (int64_t timeout_ns = 0; timeout_ns <= 1000000; timeout_ns += 1000000) {
        invite(guests, barrier, 2);
        assert_int_equal(mill_barrier_wait(barrier, 0, timeout_ns), -ETIMEDOUT);
        assert_all_told(guests, 2, -ECANCELED);
        assert_refuses_until_reset(barrier, 4);
    }
    assert_int_equal(mill_barrier_destroy(barrier), 0);
}

static void test_the_last_one_needs_no_time(void **state)
{
    need_breaks(*state);
    struct mill_barrier *barrier = make(*state, 3);
    struct guest guests[2];
    invite(guests, barrier, 2);
    int last = mill_barrier_wait(barrier, 0, LONG);
    assert_true(last == 0 || last == MILL_BARRIER_LEADER);
    for (unsigned i = 0; i < 2; i++) {
        pthread_join(guests[i].thread, NULL);
        assert_in_range(guests[i].status, 0, 1);
    }
    assert_int_equal(last + guests[0].status + guests[1].status, MILL_BARRIER_LEADER);
    assert_int_equal(mill_barrier_destroy(barrier), 0);
}

static void test_an_abort_is_told_to_all(void **state)
{
    need_breaks(*state);
    struct mill_barrier *barrier = make(*state, 4);
    struct guest guests[3];
    invite(guests, barrier, 3);
    assert_int_equal(mill_barrier_abort(barrier), 0);
    assert_int_equal(mill_barrier_abort(barrier), 0);
    assert_all_told(guests, 3, -ECANCELED);
    assert_refuses_until_reset(barrier, 4);
    assert_int_equal(mill_barrier_abort(barrier), 0); /* nobody is there */
    assert_refuses_until_reset(barrier, 4);
    assert_int_equal(mill_barrier_destroy(barrier), 0);
}

static void test_a_reset_is_told_to_those_that_wait(void **state)
{
    need_breaks(*state);
    struct mill_barrier *barrier = make(*state, 4);
    struct guest guests[3];
    assert_int_equal(mill_barrier_reset(barrier), 0);
    for (int i = 0; i < 3; i++) {
        invite(guests, barrier, 3);
        assert_int_equal(mill_barrier_reset(barrier), 0);
        assert_false(mill_barrier_is_broken(barrier));
        assert_all_told(guests, 3, -ECANCELED);
        cross_with(barrier, 4, 20);
    }
    assert_int_equal(mill_barrier_destroy(barrier), 0);
}

/* A slow waiter still hears of the break of its own generation, however much has happened since. */
static void test_a_break_is_not_forgotten_by_resets(void **state)
{
    need_breaks(*state);
    struct mill_barrier *barrier = make(*state, 3);
    struct guest guest;
    for (int i = 0; i < 20; i++) {
        invite(&guest, barrier, 1);
        mill_barrier_abort(barrier);
        mill_barrier_reset(barrier);
        mill_barrier_abort(barrier);
        mill_barrier_reset(barrier);
        assert_all_told(&guest, 1, -ECANCELED);
    }
    cross_with(barrier, 3, 20);
    assert_int_equal(mill_barrier_destroy(barrier), 0);
}

static void test_is_not_destroyed_under_a_waiter(void **state)
{
    const struct mill_barrier_ops *ops = *state;
    need(ops);
    if (!(ops->about.traits & MILL_PARKS)) {
        print_message("%s: its waiters never sleep, so it is not seen when they wait\n", ops->about.name);
        skip();
    }
    struct mill_barrier *barrier = make(ops, 2);
    struct guest guest = {.barrier = barrier, .party = 1, .timeout_ns = MILL_FOREVER};
    assert_int_equal(pthread_create(&guest.thread, NULL, wait_once, &guest), 0);
    mill_test_await_sleep(&guest.id);
    assert_int_equal(mill_barrier_destroy(barrier), -EBUSY);
    assert_int_equal(mill_barrier_wait(barrier, 1, MILL_FOREVER), -EBUSY);
    int status = mill_barrier_wait(barrier, 0, MILL_FOREVER);
    pthread_join(guest.thread, NULL);
    assert_int_equal(status + guest.status, MILL_BARRIER_LEADER);
    assert_int_equal(mill_barrier_destroy(barrier), 0);
}

/* ---- tripped for all, or broken for all ---- */

#define VOTERS 3u
#define VOTES  300u

enum ballot { ALL_WAIT, ONE_ABORTS, BALLOTS };

struct vote {
    struct mill_barrier *barrier; /* that is tested */
    pthread_barrier_t step;       /* that keeps the rounds apart */
    struct voter {
        struct vote *vote;
        unsigned index;
        pthread_t thread;
        int status;
    } voter[VOTERS];
    unsigned split; /* rounds in which they were not told the same */
    unsigned tripped, broken;
};

static void count_votes(struct vote *vote)
{
    unsigned through = 0, led = 0, late = 0, told = 0;
    for (unsigned i = 0; i < VOTERS; i++) {
        int status = vote->voter[i].status;
        through += status == 0 || status == MILL_BARRIER_LEADER;
        led += status == MILL_BARRIER_LEADER;
        late += status == -ETIMEDOUT;
        told += status == -ECANCELED;
    }
    bool tripped = through == VOTERS && led == 1;
    bool broken = told + late == VOTERS && late <= 1;
    vote->split += !tripped && !broken;
    vote->tripped += tripped;
    vote->broken += broken;
    if (mill_barrier_is_broken(vote->barrier)) {
        mill_barrier_reset(vote->barrier);
    }
}

static void *cast(void *argument)
{
    static const int64_t timeouts_ns[] = {0, 1000, 5000, 20000, 100000, 1000000, MILL_FOREVER, MILL_FOREVER};
    struct voter *me = argument;
    struct vote *vote = me->vote;
    struct mill_random random;
    mill_random_seed(&random, 1, me->index);
    for (unsigned round = 0; round < VOTES; round++) {
        bool aborts = me->index == 0 && round % BALLOTS == ONE_ABORTS;
        uint64_t pick = mill_random_below(&random, sizeof timeouts_ns / sizeof timeouts_ns[0]);
        pthread_barrier_wait(&vote->step);
        if (aborts) {
            mill_barrier_abort(vote->barrier);
            me->status = -ECANCELED;
        } else {
            me->status = mill_barrier_wait(vote->barrier, me->index, timeouts_ns[pick]);
        }
        pthread_barrier_wait(&vote->step);
        if (me->index == 0) {
            count_votes(vote);
        }
    }
    return NULL;
}

static void test_all_are_told_the_same(void **state)
{
    need_breaks(*state);
    struct vote vote = {.barrier = make(*state, VOTERS)};
    assert_int_equal(pthread_barrier_init(&vote.step, NULL, VOTERS), 0);
    for (unsigned i = 0; i < VOTERS; i++) {
        vote.voter[i] = (struct voter){.vote = &vote, .index = i};
        assert_int_equal(pthread_create(&vote.voter[i].thread, NULL, cast, &vote.voter[i]), 0);
    }
    for (unsigned i = 0; i < VOTERS; i++) {
        pthread_join(vote.voter[i].thread, NULL);
    }
    assert_int_equal(vote.split, 0);
    assert_int_equal(vote.tripped + vote.broken, VOTES);
    assert_true(vote.broken >= VOTES / BALLOTS);
    pthread_barrier_destroy(&vote.step);
    assert_int_equal(mill_barrier_destroy(vote.barrier), 0);
}

/* ---- the control ---- */

/* A party that has just been let through comes again, while the other one still wakes up. */
static void test_the_control_is_lapped(void **state)
{
    (void)state;
    bool lapped = false;
    for (int attempt = 0; attempt < 1000 && !lapped; attempt++) {
        struct mill_barrier *barrier = make(&mill_barrier_no_generation, 2);
        struct guest guest;
        invite(&guest, barrier, 1);
        assert_in_range(mill_barrier_wait(barrier, 0, MILL_FOREVER), 0, 1);
        lapped = mill_barrier_wait(barrier, 0, 0) >= 0;
        mill_barrier_abort(barrier);
        pthread_join(guest.thread, NULL);
        assert_int_equal(mill_barrier_destroy(barrier), 0);
    }
    assert_true(lapped);
}

#define TABLE(ident)      (void *)(uintptr_t)&mill_barrier_##ident
#define EACH(ident, test) {#ident ": " #test, test, NULL, NULL, TABLE(ident)},
#define CONTRACT(ident)                                  \
    EACH(ident, test_refuses_what_is_wrong)              \
    EACH(ident, test_one_party_never_waits)              \
    EACH(ident, test_crosses_in_step)                    \
    EACH(ident, test_a_timeout_is_told_to_all)           \
    EACH(ident, test_the_last_one_needs_no_time)         \
    EACH(ident, test_an_abort_is_told_to_all)            \
    EACH(ident, test_a_reset_is_told_to_those_that_wait) \
    EACH(ident, test_a_break_is_not_forgotten_by_resets) \
    EACH(ident, test_is_not_destroyed_under_a_waiter)    \
    EACH(ident, test_all_are_told_the_same)

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables_are_well_formed),
        MILL_SOUND_BARRIERS(CONTRACT) cmocka_unit_test(test_the_control_is_lapped),
    };
    return cmocka_run_group_tests_name("barrier", tests, NULL, NULL);
}
