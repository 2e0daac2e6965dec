#include "sync/condvar.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>
#include <unistd.h>

#include <cmocka.h>

#include "core/sanitizer.h"
#include "sync/condvar_list.h"
#include "sync/test_sleep.h"

static struct mill_condvar *make(const struct mill_condvar_ops *ops)
{
    struct mill_condvar *condvar;
    if (ops->about.missing) {
        print_message("%s: %s\n", ops->about.name, ops->about.missing);
        skip();
    }
    if (MILL_UNDER_TSAN && (ops->about.traits & MILL_HIDES_ATOMICS)) {
        print_message("%s: ThreadSanitizer cannot see into it\n", ops->about.name);
        skip();
    }
    assert_int_equal(mill_condvar_create(ops, &condvar), 0);
    return condvar;
}

static void test_tables_are_well_formed(void **state)
{
    (void)state;
    for (size_t i = 0; i < mill_condvar_family.count; i++) {
        const struct mill_condvar_ops *ops = mill_condvar_ops_of(mill_condvar_family.strategies[i]);
        assert_ptr_equal(mill_condvar_ops_find(ops->about.name), ops);
        assert_non_null(ops->about.summary);
        assert_non_null(ops->about.source);
        bool whole = ops->create && ops->destroy && ops->enter && ops->leave && ops->wait && ops->wake_one &&
                     ops->wake_all && ops->abandon;
        assert_int_equal(whole, ops->about.missing == NULL);
    }
    assert_null(mill_condvar_ops_find("no-such-condvar"));
}

static void test_refuses_what_is_wrong(void **state)
{
    (void)state;
    static const struct mill_condvar_ops absent = {.about = {.name = "absent", .missing = "not there"}};
    struct mill_condvar *condvar;
    assert_int_equal(mill_condvar_create(NULL, &condvar), -EINVAL);
    assert_int_equal(mill_condvar_create(&mill_condvar_pthread, NULL), -EINVAL);
    assert_int_equal(mill_condvar_create(&absent, &condvar), -ENOTSUP);
    mill_condvar_destroy(NULL);
}

/* ---- the mutex ---- */

#define ADDERS    3u
#define ADDITIONS 2000u

struct sum {
    struct mill_condvar *condvar;
    uint64_t value; /* plain: protected by the condvar's mutex and by nothing else */
};

static void *add_many(void *argument)
{
    struct sum *sum = argument;
    for (unsigned i = 0; i < ADDITIONS; i++) {
        mill_condvar_enter(sum->condvar);
        uint64_t before = sum->value;
        if (i % 64 == 0) {
            sched_yield(); /* now and then who is inside loses its processor */
        }
        sum->value = before + 1;
        mill_condvar_leave(sum->condvar);
    }
    return NULL;
}

static void test_one_is_inside(void **state)
{
    struct sum sum = {.condvar = make(*state)};
    pthread_t threads[ADDERS];
    for (unsigned i = 0; i < ADDERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, add_many, &sum), 0);
    }
    for (unsigned i = 0; i < ADDERS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(sum.value, ADDERS * ADDITIONS);
    mill_condvar_destroy(sum.condvar);
}

/* ---- waits ---- */

#define TAKERS 4u

/* What is taken. */
struct shelf {
    struct mill_condvar *condvar;
    unsigned items; /* plain */
    unsigned taken;
};

struct taker {
    struct shelf *shelf;
    int status;
    pthread_t thread;
    _Atomic pid_t id; /* set inside, right before it waits */
};

static void *take_one(void *argument)
{
    struct taker *taker = argument;
    struct shelf *shelf = taker->shelf;
    mill_condvar_enter(shelf->condvar);
    atomic_store_explicit(&taker->id, gettid(), memory_order_relaxed);
    while (shelf->items == 0 && taker->status == 0) {
        taker->status = mill_condvar_wait(shelf->condvar);
    }
    if (taker->status == 0) {
        shelf->items--;
        shelf->taken++;
    }
    mill_condvar_leave(shelf->condvar);
    return NULL;
}

static void start(struct taker *taker, struct shelf *shelf)
{
    *taker = (struct taker){.shelf = shelf};
    assert_int_equal(pthread_create(&taker->thread, NULL, take_one, taker), 0);
}

static void start_asleep(struct taker *takers, struct shelf *shelf)
{
    for (unsigned i = 0; i < TAKERS; i++) {
        start(&takers[i], shelf);
    }
    for (unsigned i = 0; i < TAKERS; i++) {
        mill_test_await_sleep(&takers[i].id);
    }
}

static void put(struct shelf *shelf, unsigned items)
{
    mill_condvar_enter(shelf->condvar);
    shelf->items += items;
    mill_condvar_leave(shelf->condvar);
}

static void join(struct taker *takers, int status)
{
    for (unsigned i = 0; i < TAKERS; i++) {
        pthread_join(takers[i].thread, NULL);
        assert_int_equal(takers[i].status, status);
    }
}

/* Each wake gets another one up, also while those before are still on their way. */
static void test_wakes_one_by_one(void **state)
{
    struct shelf shelf = {.condvar = make(*state)};
    struct taker takers[TAKERS];
    start_asleep(takers, &shelf);
    for (unsigned i = 0; i < TAKERS; i++) {
        put(&shelf, 1);
        mill_condvar_wake_one(shelf.condvar);
    }
    join(takers, 0);
    assert_int_equal(shelf.taken, TAKERS);
    mill_condvar_destroy(shelf.condvar);
}

static void test_wakes_one_from_inside(void **state)
{
    struct shelf shelf = {.condvar = make(*state)};
    struct taker takers[TAKERS];
    start_asleep(takers, &shelf);
    mill_condvar_enter(shelf.condvar);
    for (unsigned i = 0; i < TAKERS; i++) {
        shelf.items++;
        mill_condvar_wake_one(shelf.condvar);
    }
    mill_condvar_leave(shelf.condvar);
    join(takers, 0);
    mill_condvar_destroy(shelf.condvar);
}

static void test_wakes_all(void **state)
{
    struct shelf shelf = {.condvar = make(*state)};
    struct taker takers[TAKERS];
    start_asleep(takers, &shelf);
    put(&shelf, TAKERS);
    mill_condvar_wake_all(shelf.condvar);
    join(takers, 0);
    assert_int_equal(shelf.items, 0);
    mill_condvar_destroy(shelf.condvar);
}

/* Who finds nothing sleeps again, and is woken again. */
static void test_wakes_again(void **state)
{
    struct shelf shelf = {.condvar = make(*state)};
    struct taker takers[TAKERS];
    mill_condvar_wake_one(shelf.condvar); /* nobody */
    mill_condvar_wake_all(shelf.condvar);
    start_asleep(takers, &shelf);
    for (unsigned i = 0; i < 3; i++) {
        mill_condvar_wake_all(shelf.condvar);
        for (unsigned t = 0; t < TAKERS; t++) {
            mill_test_await_sleep(&takers[t].id);
        }
    }
    assert_int_equal(shelf.taken, 0);
    put(&shelf, TAKERS);
    mill_condvar_wake_all(shelf.condvar);
    join(takers, 0);
    mill_condvar_destroy(shelf.condvar);
}

static void test_abandoned_for_ever(void **state)
{
    struct shelf shelf = {.condvar = make(*state)};
    struct taker takers[TAKERS];
    start_asleep(takers, &shelf);
    mill_condvar_abandon(shelf.condvar);
    join(takers, -ECANCELED);
    mill_condvar_abandon(shelf.condvar);
    mill_condvar_enter(shelf.condvar);
    assert_int_equal(mill_condvar_wait(shelf.condvar), -ECANCELED);
    mill_condvar_leave(shelf.condvar);
    mill_condvar_destroy(shelf.condvar);
}

/* ---- no missed wake ---- */

static void await_id(struct taker *taker)
{
    while (atomic_load_explicit(&taker->id, memory_order_relaxed) == 0) {
        sched_yield();
    }
}

/* Wakes a taker that is inside, on its way into its wait. One that missed the wake would sleep for ever. */
static void test_no_wake_is_missed(void **state)
{
    for (unsigned attempt = 0; attempt < 300; attempt++) {
        struct shelf shelf = {.condvar = make(*state)};
        struct taker taker;
        start(&taker, &shelf);
        await_id(&taker);
        put(&shelf, 1);
        mill_condvar_wake_one(shelf.condvar);
        pthread_join(taker.thread, NULL);
        assert_int_equal(taker.status, 0);
        mill_condvar_destroy(shelf.condvar);
    }
}

/* The same, then abandons: the control tells who was not woken by then. */
static unsigned missed_by_control(unsigned attempts)
{
    unsigned missed = 0;
    for (unsigned attempt = 0; attempt < attempts; attempt++) {
        struct shelf shelf = {.condvar = make(&mill_condvar_missing_wake)};
        struct taker taker;
        start(&taker, &shelf);
        await_id(&taker);
        put(&shelf, 1);
        mill_condvar_wake_one(shelf.condvar);
        mill_condvar_abandon(shelf.condvar);
        pthread_join(taker.thread, NULL);
        missed += taker.status != 0;
        mill_condvar_destroy(shelf.condvar);
    }
    return missed;
}

static void test_the_control_misses_wakes(void **state)
{
    (void)state;
    unsigned missed = 0;
    for (unsigned attempt = 0; attempt < 100 && missed == 0; attempt++) {
        missed = missed_by_control(50);
    }
    assert_true(missed > 0);
}

/* Two threads pass a turn to and fro under one condition. */
#define TURNS 1000u

struct player {
    struct mill_condvar *condvar;
    unsigned *turn; /* plain; even ones are the first player's */
    unsigned which;
    unsigned canceled;
};

static void *play(void *argument)
{
    struct player *player = argument;
    for (unsigned i = 0; i < TURNS; i++) {
        mill_condvar_enter(player->condvar);
        while (*player->turn % 2 != player->which) {
            player->canceled += mill_condvar_wait(player->condvar) != 0;
        }
        ++*player->turn;
        mill_condvar_leave(player->condvar);
        mill_condvar_wake_one(player->condvar);
    }
    return NULL;
}

static void test_hands_a_turn_to_and_fro(void **state)
{
    struct mill_condvar *condvar = make(*state);
    unsigned turn = 0;
    struct player players[2];
    pthread_t threads[2];
    for (unsigned i = 0; i < 2; i++) {
        players[i] = (struct player){.condvar = condvar, .turn = &turn, .which = i};
        assert_int_equal(pthread_create(&threads[i], NULL, play, &players[i]), 0);
    }
    for (unsigned i = 0; i < 2; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(players[i].canceled, 0);
    }
    assert_int_equal(turn, 2 * TURNS);
    mill_condvar_destroy(condvar);
}

#define TABLE(ident) (void *)(uintptr_t)&mill_condvar_##ident
#define EACH(ident, test)                                 \
    {                                                     \
#ident ": " #test, test, NULL, NULL, TABLE(ident) \
    }
#define ALONE(ident) EACH(ident, test_one_is_inside), EACH(ident, test_abandoned_for_ever),
#define CONTRACT(ident)                                                                                  \
    ALONE(ident)                                                                                         \
    EACH(ident, test_wakes_one_by_one), EACH(ident, test_wakes_one_from_inside),                         \
        EACH(ident, test_wakes_all), EACH(ident, test_wakes_again), EACH(ident, test_no_wake_is_missed), \
        EACH(ident, test_hands_a_turn_to_and_fro),

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_tables_are_well_formed),
        cmocka_unit_test(test_refuses_what_is_wrong),
        MILL_SOUND_CONDVARS(CONTRACT) ALONE(missing_wake) cmocka_unit_test(test_the_control_misses_wakes),
    };
    return cmocka_run_group_tests_name("condvar", tests, NULL, NULL);
}
