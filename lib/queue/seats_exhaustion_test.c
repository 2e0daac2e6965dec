/* Seats, with memory and without: a thread for which there is none is a guest. */
#include "core/test_exhaustion.h"

#include <sched.h>

#include "queue/seats.h"

#define THREADS 40u

struct seat {
    int owner;     /* number of the thread, plus one; plain: nobody else may have the seat */
    unsigned uses; /* by all owners it ever had */
};

struct crowd {
    struct mill_seats seats;
    atomic_uint arrived, done;
    atomic_bool go, leave;
    atomic_uint strangers; /* times that a seat had another owner */
    atomic_uint guests;    /* times that it was the guest's */
};

static void use_seat(struct crowd *crowd)
{
    struct seat *seat = mill_seats_take(&crowd->seats);
    if (seat == crowd->seats.guest) {
        atomic_fetch_add(&crowd->guests, 1);
    } else if (seat->owner != 0 && seat->owner != mill_thread_index() + 1) {
        atomic_fetch_add(&crowd->strangers, 1);
    }
    seat->owner = mill_thread_index() + 1;
    seat->uses++;
    mill_seats_leave(&crowd->seats, seat);
}

static void *stay_a_while(void *argument)
{
    struct crowd *crowd = argument;
    (void)mill_thread_index();
    atomic_fetch_add(&crowd->arrived, 1);
    while (!atomic_load(&crowd->go)) {
        sched_yield();
    }
    for (unsigned i = 0; i < 10; i++) {
        use_seat(crowd);
    }
    atomic_fetch_add(&crowd->done, 1);
    while (!atomic_load(&crowd->leave)) {
        sched_yield();
    }
    return NULL;
}

/* THREADS threads that live at once use their seats ten times each; without `memory`, the allocations that
 * they make meanwhile fail, as good as all. */
static void run_crowd(struct crowd *crowd, bool memory)
{
    pthread_t thread[THREADS];
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&thread[i], NULL, stay_a_while, crowd), 0);
    }
    while (atomic_load(&crowd->arrived) < THREADS) {
        sched_yield();
    }
    atomic_store(&crowd->go, true);
    while (atomic_load(&crowd->done) < THREADS) {
        if (!memory) {
            atomic_store(&mill_exhaustion_left, 0);
        }
        sched_yield();
    }
    atomic_store(&mill_exhaustion_left, -1);
    atomic_store(&crowd->leave, true);
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(thread[i], NULL);
    }
}

static void sum_up(const struct mill_seats *seats, unsigned *used, unsigned *uses)
{
    const struct seat *seat;
    *used = *uses = 0;
    for (unsigned cursor = 0; (seat = mill_seats_next(seats, &cursor));) {
        *used += seat->owner != 0;
        *uses += seat->uses;
    }
}

static void test_every_thread_has_its_own(void **state)
{
    (void)state;
    struct crowd crowd = {.guests = 0};
    unsigned used, uses;
    assert_int_equal(mill_seats_open(&crowd.seats, sizeof(struct seat)), 0);
    run_crowd(&crowd, true);
    sum_up(&crowd.seats, &used, &uses);
    assert_int_equal(crowd.guests, 0);
    assert_int_equal(crowd.strangers, 0);
    assert_int_equal(used, THREADS);
    assert_int_equal(uses, 10 * THREADS);

    /* A second crowd finds the seats of the first, and what is in them. */
    struct mill_seats seats = crowd.seats;
    crowd = (struct crowd){.seats = seats};
    run_crowd(&crowd, true);
    sum_up(&crowd.seats, &used, &uses);
    assert_int_equal(used, THREADS);
    assert_int_equal(uses, 20 * THREADS);
    mill_seats_close(&crowd.seats);
}

/* Guests share one seat one after the other; nothing that they write there gets lost. */
static void test_without_memory_they_are_guests(void **state)
{
    (void)state;
    struct crowd crowd = {.guests = 0};
    unsigned used, uses;
    bool met = false;
    for (unsigned attempt = 0; attempt < 100 && !met; attempt++) {
        crowd = (struct crowd){.guests = 0};
        assert_int_equal(mill_seats_open(&crowd.seats, sizeof(struct seat)), 0);
        run_crowd(&crowd, false);
        sum_up(&crowd.seats, &used, &uses);
        assert_int_equal(crowd.strangers, 0);
        assert_int_equal(uses, 10 * THREADS);
        met = crowd.guests > 0;
        mill_seats_close(&crowd.seats);
    }
    assert_true(met);
}

static void test_bad_sizes_are_refused(void **state)
{
    (void)state;
    struct mill_seats seats;
    assert_int_equal(mill_seats_open(&seats, 0), -EINVAL);
    assert_int_equal(mill_seats_open(&seats, SIZE_MAX), -EINVAL);
}

static int attempt_open(void *context)
{
    (void)context;
    struct mill_seats seats;
    int status = mill_seats_open(&seats, 1000);
    if (status == 0) {
        mill_seats_close(&seats);
    }
    return status;
}

static void test_opening_survives_exhaustion(void **state)
{
    (void)state;
    assert_int_equal(mill_exhaust(attempt_open, NULL), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_thread_has_its_own),
        cmocka_unit_test(test_without_memory_they_are_guests),
        cmocka_unit_test(test_bad_sizes_are_refused),
        cmocka_unit_test(test_opening_survives_exhaustion),
    };
    return cmocka_run_group_tests_name("seats", tests, NULL, NULL);
}
