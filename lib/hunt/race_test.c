#include "hunt/race.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "hunt/race_parts.h"

/* Addresses that mean nothing: the detector never looks behind them. */
#define DATA 0x10000u
#define FLAG 0x20000u
#define LOCK 0x30000u

static struct mill_race last; /* as told by the last access that raced */
static uint32_t steps;

static bool touch(unsigned thread, uintptr_t address, unsigned size, bool write, bool atomic)
{
    steps++;
    const struct mill_access access = {
        .thread = thread,
        .when = steps,
        .pc = (const void *)(uintptr_t)(0x400000 + steps), /* each is a place of its own */
        .address = address,
        .size = size,
        .write = write,
        .atomic = atomic,
    };
    return mill_race_access(&access, &last);
}

static bool reads(unsigned thread, uintptr_t address, unsigned size)
{
    return touch(thread, address, size, false, false);
}

static bool writes(unsigned thread, uintptr_t address, unsigned size)
{
    return touch(thread, address, size, true, false);
}

/* A schedule of threads 0 and `others` more, which nothing orders among each other. */
static void begin(unsigned others)
{
    mill_race_begin();
    mill_race_forget();
    for (unsigned i = 1; i <= others; i++) {
        mill_race_spawned(0, i);
    }
    steps = 0;
}

static int open_race(void **state)
{
    (void)state;
    return mill_race_open();
}

static int close_race(void **state)
{
    (void)state;
    mill_race_close();
    return 0;
}

/* ---- accesses ---- */

static void test_a_race_is_two_threads_one_write_one_plain(void **state)
{
    (void)state;
    for (unsigned kinds = 0; kinds < 16; kinds++) {
        bool write[] = {kinds & 1, kinds & 2}, atomic[] = {kinds & 4, kinds & 8};
        bool race = (write[0] || write[1]) && !(atomic[0] && atomic[1]);
        begin(2);
        assert_false(touch(1, DATA, 4, write[0], atomic[0]));
        assert_int_equal(touch(2, DATA, 4, write[1], atomic[1]), race);
        begin(2);
        assert_false(touch(1, DATA, 4, write[0], atomic[0]));
        assert_false(touch(1, DATA, 4, write[1], atomic[1]));
    }
}

static void test_both_accesses_are_told(void **state)
{
    (void)state;
    begin(2);
    assert_false(reads(2, 0x999, 1));
    assert_false(touch(1, DATA + 4, 2, true, true));
    assert_true(reads(2, DATA, 8));
    assert_int_equal(last.earlier.thread, 1);
    assert_int_equal(last.earlier.when, 2);
    assert_int_equal((uintptr_t)last.earlier.pc, 0x400002);
    assert_int_equal(last.earlier.address, DATA + 4);
    assert_int_equal(last.earlier.size, 2);
    assert_true(last.earlier.write && last.earlier.atomic);
    assert_int_equal(last.later.thread, 2);
    assert_int_equal(last.later.when, 3);
    assert_int_equal(last.later.address, DATA);
    assert_int_equal(last.later.size, 8);
    assert_false(last.later.write || last.later.atomic);
}

static void test_only_the_same_bytes_race(void **state)
{
    (void)state;
    for (unsigned at = 0; at < 16; at++) {
        for (unsigned size = 1; size <= 16; size++) {
            for (unsigned byte = 0; byte < 40; byte++) {
                begin(2);
                assert_false(writes(1, DATA + at, size));
                assert_int_equal(writes(2, DATA + byte, 1), byte >= at && byte < at + size);
            }
        }
    }
    begin(2);
    assert_false(writes(1, DATA + 3, 100000));
    assert_false(reads(2, DATA, 3));
    assert_true(reads(2, DATA + 100002, 1));
    assert_false(reads(2, DATA + 100003, 1));
}

static void test_what_is_at_the_edges_of_addresses_does_no_harm(void **state)
{
    (void)state;
    begin(2);
    assert_false(writes(1, UINTPTR_MAX, 1));
    assert_false(writes(2, UINTPTR_MAX - 3, 16));
    assert_false(writes(2, 0, 0));
    assert_false(writes(1, MILL_SHADOW_ADDRESSES - 4, 4));
    assert_true(writes(2, MILL_SHADOW_ADDRESSES - 1, 16));
    mill_race_allocated(UINTPTR_MAX - 10, SIZE_MAX);
    mill_race_allocated(0, SIZE_MAX);
    assert_false(writes(2, MILL_SHADOW_ADDRESSES - 4, 4));
    assert_false(mill_race_exhausted());
}

/* An access of a third thread, by its own order, neither hides a race nor makes one. */
static void test_the_write_before_the_last_is_not_lost(void **state)
{
    (void)state;
    begin(3);
    assert_false(touch(1, DATA, 8, true, true));
    assert_false(touch(2, DATA, 8, true, true));
    mill_race_release(2, LOCK);
    mill_race_acquire(3, LOCK);
    assert_true(reads(3, DATA, 8)); /* of thread 1's, although it is ordered after thread 2's */
    assert_int_equal(last.earlier.thread, 1);
}

static void test_a_pair_of_places_is_told_once(void **state)
{
    (void)state;
    static const char places[2];
    struct mill_access a = {.thread = 1, .pc = &places[0], .address = DATA, .size = 4, .write = true};
    struct mill_access b = {.thread = 2, .pc = &places[1], .address = DATA, .size = 4, .write = true};
    begin(2);
    assert_false(mill_race_access(&a, &last));
    assert_true(mill_race_access(&b, &last));
    assert_false(mill_race_access(&b, &last));
    for (int schedule = 0; schedule < 3; schedule++) {
        mill_race_begin();
        mill_race_spawned(0, 1);
        mill_race_spawned(0, 2);
        assert_false(mill_race_access(&b, &last)); /* the other way round: the same pair */
        assert_false(mill_race_access(&a, &last));
    }
    mill_race_forget();
    assert_true(mill_race_access(&b, &last));
    assert_false(mill_race_access(&b, &last));
}

static void test_pairs_without_room_are_told_each_time(void **state)
{
    (void)state;
    begin(2);
    assert_false(writes(1, DATA, 1));
    for (unsigned i = 0; i < MILL_PLACES + 10; i++) {
        assert_true(writes(2, DATA, 1));
    }
    for (unsigned i = 0; i < MILL_PLACES + 10; i++) {
        steps = i + 1;
        assert_int_equal(writes(2, DATA, 1), i >= MILL_PLACES);
    }
}

/* ---- memory ---- */

static void test_new_memory_has_no_past(void **state)
{
    (void)state;
    begin(2);
    assert_false(writes(1, DATA, 64));
    mill_race_release(1, DATA + 8);
    mill_race_atomic_store(1, DATA + 16, __ATOMIC_RELEASE);
    assert_false(writes(1, LOCK, 8));
    mill_race_allocated(DATA + 2, 60);
    assert_false(writes(2, DATA + 2, 60));
    mill_race_acquire(2, DATA + 8);
    mill_race_atomic_load(2, DATA + 16, __ATOMIC_ACQUIRE);
    assert_true(writes(2, DATA + 1, 1));
    assert_true(writes(2, DATA + 62, 1));
    assert_true(writes(2, LOCK, 1));
}

static void test_a_free_is_a_write_to_all_of_it(void **state)
{
    (void)state;
    begin(2);
    assert_false(reads(1, DATA + 100, 1));
    struct mill_access release = {.thread = 2, .pc = &last, .address = DATA, .write = true, .released = true};
    assert_false(mill_race_freed(&release, 100, &last));
    assert_true(mill_race_freed(&release, 101, &last));
    assert_int_equal(last.earlier.address, DATA + 100);
    assert_true(last.later.released);
    assert_false(mill_race_freed(&release, 101, &last)); /* forgotten */
    mill_race_forget();
    assert_false(mill_race_freed(&release, 101, &last));
}

/* ---- order ---- */

static void test_a_thread_comes_after_its_creation_and_before_its_join(void **state)
{
    (void)state;
    begin(0);
    assert_false(writes(0, DATA, 4));
    mill_race_spawned(0, 1);
    assert_false(writes(0, DATA + 4, 4));
    assert_false(reads(1, DATA, 4));
    assert_true(reads(1, DATA + 4, 4));
    mill_race_spawned(1, 2);
    assert_false(writes(2, DATA + 8, 4));
    assert_true(reads(0, DATA + 8, 4));
    assert_true(reads(1, DATA + 8, 4));
    mill_race_joined(1, 2);
    assert_false(reads(1, DATA + 8, 4));
    mill_race_joined(0, 1);
    assert_false(writes(0, DATA, 16));
}

static void test_an_object_gathers_all_that_release_it(void **state)
{
    (void)state;
    begin(3);
    assert_false(writes(1, DATA, 1));
    mill_race_release(1, LOCK);
    assert_false(writes(1, DATA + 1, 1));
    assert_false(writes(2, DATA + 2, 1));
    mill_race_release(2, LOCK);
    mill_race_acquire(3, LOCK + 1);
    assert_true(reads(3, DATA, 1)); /* another object */
    mill_race_acquire(3, LOCK);
    assert_false(reads(3, DATA, 1));
    assert_false(reads(3, DATA + 2, 1));
    assert_true(reads(3, DATA + 1, 1)); /* done after the release */
}

static void test_a_store_orders_when_it_releases_and_the_load_acquires(void **state)
{
    (void)state;
    static const struct {
        int store, load;
        bool orders;
    } pairs[] = {
        {__ATOMIC_RELAXED, __ATOMIC_RELAXED, false}, {__ATOMIC_RELAXED, __ATOMIC_ACQUIRE, false},
        {__ATOMIC_RELAXED, __ATOMIC_SEQ_CST, false}, {__ATOMIC_RELEASE, __ATOMIC_RELAXED, false},
        {__ATOMIC_RELEASE, __ATOMIC_CONSUME, true},  {__ATOMIC_RELEASE, __ATOMIC_ACQUIRE, true},
        {__ATOMIC_RELEASE, __ATOMIC_SEQ_CST, true},  {__ATOMIC_SEQ_CST, __ATOMIC_RELAXED, false},
        {__ATOMIC_SEQ_CST, __ATOMIC_ACQUIRE, true},  {__ATOMIC_SEQ_CST, __ATOMIC_SEQ_CST, true},
    };
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        for (int update = 0; update < 4; update++) {
            begin(2);
            assert_false(writes(1, DATA, 4));
            (update & 1 ? mill_race_atomic_update : mill_race_atomic_store)(1, FLAG, pairs[i].store);
            (update & 2 ? mill_race_atomic_update : mill_race_atomic_load)(2, FLAG, pairs[i].load);
            assert_int_equal(reads(2, DATA, 4), !pairs[i].orders);
        }
    }
}

/* 5.1.2.4p10: after thread 1's release store, what must happen for thread 3's acquire to see thread 1? */
static void test_release_sequences(void **state)
{
    (void)state;
    const int relaxed = __ATOMIC_RELAXED, release = __ATOMIC_RELEASE;
    static const struct step {
        unsigned thread;
        enum { NOTHING, STORE, UPDATE, PLAIN } what;
        int order;
    } none = {0};
    const struct {
        struct step steps[3];
        bool sees_1, sees_2;
    } cases[] = {
        {{none}, true, false},
        {{{2, UPDATE, relaxed}}, true, false},
        {{{2, UPDATE, relaxed}, {1, UPDATE, relaxed}}, true, false},
        {{{2, UPDATE, release}}, true, true},
        {{{2, STORE, relaxed}}, false, false},
        {{{2, STORE, release}}, false, true},
        {{{1, STORE, relaxed}}, true, false},
        {{{2, UPDATE, relaxed}, {1, STORE, relaxed}}, true, false},
        {{{2, UPDATE, release}, {1, STORE, relaxed}}, true, false},
        {{{2, UPDATE, release}, {2, STORE, relaxed}}, false, true},
        {{{2, UPDATE, release}, {1, STORE, relaxed}, {2, UPDATE, relaxed}}, true, false},
        {{{2, STORE, relaxed}, {1, STORE, relaxed}}, false, false},
        {{{2, STORE, relaxed}, {1, UPDATE, relaxed}}, false, false},
        {{{2, STORE, release}, {1, UPDATE, relaxed}}, false, true},
        {{{2, STORE, release}, {1, UPDATE, release}}, true, true},
        {{{1, PLAIN, 0}}, false, false},
        {{{1, PLAIN, 0}, {1, UPDATE, relaxed}}, false, false},
    };
    for (size_t i = 0; i < sizeof cases / sizeof *cases; i++) {
        begin(3);
        assert_false(writes(1, DATA, 4));
        assert_false(writes(2, DATA + 4, 4));
        mill_race_atomic_store(1, FLAG, release);
        for (size_t j = 0; j < 3; j++) {
            const struct step *step = &cases[i].steps[j];
            if (step->what == STORE) {
                mill_race_atomic_store(step->thread, FLAG, step->order);
            } else if (step->what == UPDATE) {
                mill_race_atomic_update(step->thread, FLAG, step->order);
            } else if (step->what == PLAIN) {
                assert_false(writes(step->thread, FLAG, 4));
            }
        }
        mill_race_atomic_load(3, FLAG, __ATOMIC_ACQUIRE);
        assert_int_equal(reads(3, DATA, 4), !cases[i].sees_1);
        assert_int_equal(reads(3, DATA + 4, 4), !cases[i].sees_2);
    }
}

static void test_fences_make_relaxed_accesses_count(void **state)
{
    (void)state;
    enum { BEFORE = 1, AFTER = 2 };
    for (int fences = 0; fences < 16; fences++) {
        int writer = fences & 3, reader = fences >> 2;
        begin(2);
        assert_false(writes(1, DATA, 4));
        if (writer & BEFORE) {
            mill_race_fence(1, __ATOMIC_RELEASE);
        }
        mill_race_atomic_store(1, FLAG, __ATOMIC_RELAXED);
        if (writer & AFTER) {
            mill_race_fence(1, __ATOMIC_SEQ_CST);
        }
        if (reader & BEFORE) {
            mill_race_fence(2, __ATOMIC_SEQ_CST);
        }
        mill_race_atomic_load(2, FLAG, __ATOMIC_RELAXED);
        if (reader & AFTER) {
            mill_race_fence(2, __ATOMIC_ACQUIRE);
        }
        assert_int_equal(reads(2, DATA, 4), !((writer & BEFORE) && (reader & AFTER)));
    }
}

static void test_a_fence_and_an_order_meet(void **state)
{
    (void)state;
    begin(3);
    assert_false(writes(1, DATA, 4));
    mill_race_fence(1, __ATOMIC_ACQ_REL);
    assert_false(writes(1, DATA + 4, 4));
    mill_race_atomic_store(1, FLAG, __ATOMIC_RELAXED);
    mill_race_atomic_update(2, FLAG, __ATOMIC_RELAXED); /* carries it on */
    mill_race_atomic_load(3, FLAG, __ATOMIC_ACQUIRE);
    assert_false(reads(3, DATA, 4));
    assert_true(reads(3, DATA + 4, 4)); /* after the fence */

    begin(3);
    assert_false(writes(1, DATA, 4));
    mill_race_atomic_store(1, FLAG, __ATOMIC_SEQ_CST);
    mill_race_atomic_update(2, FLAG, __ATOMIC_RELAXED);
    assert_true(reads(2, DATA, 4));
    mill_race_fence(2, __ATOMIC_RELEASE); /* of the wrong kind */
    assert_true(reads(2, DATA, 4));
    mill_race_fence(2, __ATOMIC_ACQ_REL);
    assert_false(reads(2, DATA, 4));
}

/* ---- schedules ---- */

static void test_a_schedule_knows_nothing_of_the_one_before(void **state)
{
    (void)state;
    begin(2);
    assert_false(writes(1, DATA, 4));
    mill_race_release(1, LOCK);
    mill_race_fence(2, __ATOMIC_RELEASE);
    begin(2);
    assert_false(writes(2, DATA, 4)); /* no race with what is over */
    mill_race_acquire(1, LOCK);       /* and no order */
    assert_true(writes(1, DATA, 4));
}

static void test_the_numbers_of_schedules_come_round(void **state)
{
    (void)state;
    begin(2);
    mill_race_state.shadow.schedule = 5;
    assert_false(writes(1, DATA, 4)); /* a cell of schedule 5 */
    mill_race_state.shadow.schedule = UINT32_MAX - 1;
    for (int i = 0; i < 10; i++) {
        begin(2);
        assert_false(writes(2, DATA, 4));
    }
    assert_in_range(mill_race_state.shadow.schedule, 1, 10);
}

static void test_memory_all_over_the_place_is_given_back(void **state)
{
    (void)state;
    begin(2);
    for (uintptr_t i = 0; i < MILL_SHADOW_CHUNKS; i++) {
        assert_false(writes(1, i * MILL_SHADOW_REACH, 1));
    }
    assert_false(mill_race_exhausted());
    assert_true(writes(2, 0, 1));
    assert_false(writes(1, MILL_SHADOW_CHUNKS * MILL_SHADOW_REACH, 1));
    assert_true(mill_race_exhausted());
    assert_false(writes(2, 0, 1)); /* nothing more is told */
    begin(2);
    assert_false(mill_race_exhausted());
    assert_false(writes(1, MILL_SHADOW_CHUNKS * MILL_SHADOW_REACH, 1));
    assert_true(writes(2, MILL_SHADOW_CHUNKS * MILL_SHADOW_REACH, 1));
}

static void test_without_room_no_race_is_told(void **state)
{
    (void)state;
    for (int room = 0; room < 4; room++) {
        begin(2);
        assert_false(writes(1, DATA, 4));
        mill_race_state.record_count = room == 0 ? MILL_RACE_RECORDS - 1 : 10;
        mill_race_state.object_count = room == 1 ? MILL_RACE_OBJECTS - 1 : 0;
        mill_race_state.clocks.used = room == 2 ? MILL_CLOCK_WORDS : 10000;
        mill_race_state.head_count = room == 3 ? MILL_RACE_HEADS - 1 : 0;
        memset(mill_race_state.clocks.free, 0, sizeof mill_race_state.clocks.free);
        assert_false(writes(1, DATA + 8, 4));
        mill_race_release(1, LOCK);
        mill_race_atomic_update(1, FLAG, __ATOMIC_SEQ_CST);
        mill_race_atomic_update(2, FLAG, __ATOMIC_SEQ_CST);
        assert_true(mill_race_exhausted());
        assert_false(writes(2, DATA, 4));
        begin(2);
        assert_false(mill_race_exhausted());
        assert_false(writes(1, DATA, 4));
        assert_true(writes(2, DATA, 4));
    }
}

static void test_as_many_threads_as_there_may_be(void **state)
{
    (void)state;
    const unsigned last_thread = MILL_HUNT_THREADS - 1;
    begin(last_thread);
    for (unsigned i = 1; i < last_thread; i++) {
        assert_false(reads(i, DATA, 8));
        mill_race_atomic_update(i, FLAG, __ATOMIC_ACQ_REL);
    }
    mill_race_atomic_load(last_thread, FLAG, __ATOMIC_ACQUIRE);
    assert_false(writes(last_thread, DATA, 8));
    assert_true(reads(1, DATA, 8));
    assert_int_equal(last.earlier.thread, last_thread);
    assert_false(mill_race_exhausted());
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_race_is_two_threads_one_write_one_plain),
        cmocka_unit_test(test_both_accesses_are_told),
        cmocka_unit_test(test_only_the_same_bytes_race),
        cmocka_unit_test(test_what_is_at_the_edges_of_addresses_does_no_harm),
        cmocka_unit_test(test_the_write_before_the_last_is_not_lost),
        cmocka_unit_test(test_a_pair_of_places_is_told_once),
        cmocka_unit_test(test_pairs_without_room_are_told_each_time),
        cmocka_unit_test(test_new_memory_has_no_past),
        cmocka_unit_test(test_a_free_is_a_write_to_all_of_it),
        cmocka_unit_test(test_a_thread_comes_after_its_creation_and_before_its_join),
        cmocka_unit_test(test_an_object_gathers_all_that_release_it),
        cmocka_unit_test(test_a_store_orders_when_it_releases_and_the_load_acquires),
        cmocka_unit_test(test_release_sequences),
        cmocka_unit_test(test_fences_make_relaxed_accesses_count),
        cmocka_unit_test(test_a_fence_and_an_order_meet),
        cmocka_unit_test(test_a_schedule_knows_nothing_of_the_one_before),
        cmocka_unit_test(test_the_numbers_of_schedules_come_round),
        cmocka_unit_test(test_memory_all_over_the_place_is_given_back),
        cmocka_unit_test(test_without_room_no_race_is_told),
        cmocka_unit_test(test_as_many_threads_as_there_may_be),
    };
    return cmocka_run_group_tests(tests, open_race, close_race);
}
