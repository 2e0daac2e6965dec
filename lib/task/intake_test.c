#include "task/intake.h"

#include <errno.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define SLOTS 16

static struct mill_task tasks[SLOTS + 8];

static struct mill_intake *open_intake(struct mill_intake *intake)
{
    assert_int_equal(mill_intake_init(intake, SLOTS), 0);
    assert_true(mill_intake_empty(intake));
    return intake;
}

static void test_takes_in_order(void **state)
{
    (void)state;
    struct mill_intake intake;
    struct mill_task *taken[MILL_INTAKE_BATCH];
    open_intake(&intake);
    assert_int_equal(mill_intake_take(&intake, taken, MILL_INTAKE_BATCH, 1, NULL), 0);
    for (int round = 0; round < 5; round++) { /* over the end of the ring */
        for (size_t i = 0; i < 7; i++) {
            assert_int_equal(mill_intake_put(&intake, &tasks[i]), 0);
        }
        assert_false(mill_intake_empty(&intake));
        assert_int_equal(mill_intake_take(&intake, taken, 3, 1, NULL), 3);
        assert_int_equal(mill_intake_take(&intake, taken + 3, MILL_INTAKE_BATCH - 3, 1, NULL), 4);
        for (size_t i = 0; i < 7; i++) {
            assert_ptr_equal(taken[i], &tasks[i]);
        }
        assert_true(mill_intake_empty(&intake));
    }
    mill_intake_destroy(&intake);
}

static void test_takes_a_share(void **state)
{
    (void)state;
    struct mill_intake intake;
    struct mill_task *taken[MILL_INTAKE_BATCH];
    open_intake(&intake);
    for (size_t i = 0; i < 10; i++) {
        assert_int_equal(mill_intake_put(&intake, &tasks[i]), 0);
    }
    assert_int_equal(mill_intake_take(&intake, taken, MILL_INTAKE_BATCH, 4, NULL),
                     3); /* a quarter, rounded up */
    assert_int_equal(mill_intake_take(&intake, taken, MILL_INTAKE_BATCH, 64, NULL), 1);
    assert_int_equal(mill_intake_take(&intake, taken, MILL_INTAKE_BATCH, 1, NULL), 6);
    mill_intake_destroy(&intake);
}

/* What the ring does not hold comes out too, and not after all that the ring is given meanwhile. */
static void test_spills(void **state)
{
    (void)state;
    struct mill_intake intake;
    struct mill_task *taken[MILL_INTAKE_BATCH];
    size_t count = SLOTS + 8;
    unsigned seen = 0;
    open_intake(&intake);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(mill_intake_put(&intake, &tasks[i]), 0);
    }
    assert_int_equal(mill_intake_take(&intake, taken, 8, 1, NULL), 8);
    for (size_t i = 0; i < 4; i++) {
        assert_ptr_equal(taken[i], &tasks[SLOTS + i]);
        assert_ptr_equal(taken[4 + i], &tasks[i]);
    }
    while (!mill_intake_empty(&intake)) {
        seen += (unsigned)mill_intake_take(&intake, taken, MILL_INTAKE_BATCH, 1, NULL);
    }
    assert_int_equal(seen, count - 8);
    mill_intake_destroy(&intake);
}

static void test_closes(void **state)
{
    (void)state;
    struct mill_intake intake;
    struct mill_task *taken[MILL_INTAKE_BATCH];
    open_intake(&intake);
    assert_int_equal(mill_intake_put(&intake, &tasks[0]), 0);
    mill_intake_close(&intake);
    mill_intake_close(&intake);
    assert_int_equal(mill_intake_put(&intake, &tasks[1]), -EPIPE);
    mill_intake_put_back(&intake, &tasks[2]);
    assert_false(mill_intake_empty(&intake));
    assert_int_equal(mill_intake_take(&intake, taken, MILL_INTAKE_BATCH, 1, NULL), 2);
    assert_true(mill_intake_empty(&intake));
    mill_intake_destroy(&intake);

    open_intake(&intake); /* and when it is full */
    for (size_t i = 0; i < SLOTS; i++) {
        assert_int_equal(mill_intake_put(&intake, &tasks[i]), 0);
    }
    mill_intake_close(&intake);
    assert_int_equal(mill_intake_put(&intake, &tasks[SLOTS]), -EPIPE);
    mill_intake_destroy(&intake);
}

/* One at a time, from both in turn. */
static void test_takes_single_ones_from_both(void **state)
{
    (void)state;
    struct mill_intake intake;
    struct mill_task *task;
    unsigned spilled = 0;
    open_intake(&intake);
    for (size_t i = 0; i < SLOTS + 8; i++) {
        assert_int_equal(mill_intake_put(&intake, &tasks[i]), 0);
    }
    for (int i = 0; i < 8; i++) {
        assert_int_equal(mill_intake_take(&intake, &task, 1, 1, NULL), 1);
        spilled += task >= &tasks[SLOTS];
    }
    assert_int_equal(spilled, 4);
    for (size_t i = 8; i < SLOTS + 8; i++) {
        assert_int_equal(mill_intake_take(&intake, &task, 1, 1, NULL), 1);
    }
    assert_int_equal(mill_intake_take(&intake, &task, 1, 1, NULL), 0);
    mill_intake_destroy(&intake);
}

/* ---- calls that have come half-way ---- */

/* What a thread has done that was stopped in the middle, which no test can bring about from outside: a put
 * between its claim and its store, a take between its claim and the clearing of its slot. */
static void claim_for_put(struct mill_intake *intake)
{
    atomic_fetch_add(&intake->tail, 2);
}

static void claim_for_take(struct mill_intake *intake)
{
    atomic_fetch_add(&intake->head, 1);
}

static void set_slot(struct mill_intake *intake, size_t slot, struct mill_task *task)
{
    atomic_store(&intake->slots[slot], task);
}

/* `first` and, where not NULL, `second`, in any order, and nothing else. */
static void assert_takes(struct mill_intake *intake, const struct mill_task *first,
                         const struct mill_task *second)
{
    struct mill_task *taken[MILL_INTAKE_BATCH];
    size_t count = mill_intake_take(intake, taken, MILL_INTAKE_BATCH, 1, NULL);
    count += mill_intake_take(intake, taken + count, MILL_INTAKE_BATCH - count, 1, NULL);
    assert_int_equal(count, second ? 2 : 1);
    assert_true(taken[0] == first || taken[count - 1] == first);
    assert_true(!second || taken[0] == second || taken[1] == second);
    assert_true(mill_intake_empty(intake));
}

/* A slot that is empty since a put of the lap before has not stored yet is not free. */
static void test_waits_for_a_put_of_the_lap_before(void **state)
{
    (void)state;
    struct mill_intake intake;
    struct mill_task *taken[MILL_INTAKE_BATCH];
    assert_int_equal(mill_intake_init(&intake, 2), 0);
    claim_for_put(&intake);
    assert_int_equal(mill_intake_put(&intake, &tasks[1]), 0);
    assert_int_equal(mill_intake_put(&intake, &tasks[2]), 0); /* onto the list */
    assert_int_equal(atomic_load(&intake.spilled), 1);
    assert_false(mill_intake_empty(&intake));
    assert_int_equal(mill_intake_take(&intake, taken, 1, 1, NULL),
                     1); /* the one behind the first waits for it */
    assert_ptr_equal(taken[0], &tasks[2]);
    assert_int_equal(mill_intake_take(&intake, taken, MILL_INTAKE_BATCH, 1, NULL), 0);
    set_slot(&intake, 0, &tasks[0]);
    assert_takes(&intake, &tasks[0], &tasks[1]);
    mill_intake_destroy(&intake);
}

/* Nor is one from which a take has taken its task and not cleared it yet. */
static void test_waits_for_a_take_of_the_lap_before(void **state)
{
    (void)state;
    struct mill_intake intake;
    assert_int_equal(mill_intake_init(&intake, 2), 0);
    assert_int_equal(mill_intake_put(&intake, &tasks[0]), 0);
    claim_for_take(&intake);
    assert_int_equal(mill_intake_put(&intake, &tasks[1]), 0);
    assert_int_equal(mill_intake_put(&intake, &tasks[2]), 0); /* onto the list */
    set_slot(&intake, 0, NULL);
    assert_takes(&intake, &tasks[1], &tasks[2]);
    assert_int_equal(mill_intake_put(&intake, &tasks[3]), 0); /* now it is free */
    assert_ptr_equal(atomic_load(&intake.slots[0]), &tasks[3]);
    mill_intake_destroy(&intake);
}

/* And such a task is not taken a second time, as long as nobody has put one there anew. */
static void test_takes_none_of_the_lap_before(void **state)
{
    (void)state;
    struct mill_intake intake;
    struct mill_task *taken[MILL_INTAKE_BATCH];
    assert_int_equal(mill_intake_init(&intake, 2), 0);
    assert_int_equal(mill_intake_put(&intake, &tasks[0]), 0);
    claim_for_take(&intake);
    assert_int_equal(mill_intake_put(&intake, &tasks[1]), 0);
    assert_int_equal(mill_intake_take(&intake, taken, MILL_INTAKE_BATCH, 1, NULL), 1);
    assert_ptr_equal(taken[0], &tasks[1]);
    assert_int_equal(mill_intake_take(&intake, taken, MILL_INTAKE_BATCH, 1, NULL), 0);
    assert_true(mill_intake_empty(&intake));
    set_slot(&intake, 0, NULL);
    assert_int_equal(mill_intake_put(&intake, &tasks[2]), 0);
    assert_takes(&intake, &tasks[2], NULL);
    mill_intake_destroy(&intake);
}

/* ---- races ---- */

#define EACH    8000
#define PUTTERS 2
#define TAKERS  2

struct crowd {
    struct mill_intake intake;
    struct mill_task tasks[PUTTERS][EACH];
    atomic_uint had[PUTTERS][EACH];
    atomic_uint left; /* not yet taken */
    atomic_uint refused;
    atomic_uint putter;
};

static void *put_all(void *argument)
{
    struct crowd *crowd = argument;
    unsigned me = atomic_fetch_add(&crowd->putter, 1);
    for (size_t i = 0; i < EACH; i++) {
        struct mill_task *task = &crowd->tasks[me][i];
        task->argument = &crowd->had[me][i]; /* seen by the taker */
        if (mill_intake_put(&crowd->intake, task) < 0) {
            atomic_fetch_add(&crowd->refused, 1);
            atomic_fetch_add((atomic_uint *)task->argument, 1);
            atomic_fetch_sub(&crowd->left, 1);
        }
    }
    return NULL;
}

static void *take_all(void *argument)
{
    struct crowd *crowd = argument;
    struct mill_task *taken[MILL_INTAKE_BATCH];
    while (atomic_load(&crowd->left) > 0) {
        size_t count = mill_intake_take(&crowd->intake, taken, MILL_INTAKE_BATCH, TAKERS, NULL);
        for (size_t i = 0; i < count; i++) {
            atomic_fetch_add((atomic_uint *)taken[i]->argument, 1);
        }
        atomic_fetch_sub(&crowd->left, (unsigned)count);
        if (count == 0) {
            sched_yield();
        }
    }
    return NULL;
}

/* A small ring, so that it is full and empty all the time; closed on the way where `closes`. Each task is
 * either taken once or refused. */
static void crowd_in(bool closes)
{
    static struct crowd crowd;
    pthread_t threads[PUTTERS + TAKERS];
    crowd = (struct crowd){.left = PUTTERS * EACH};
    open_intake(&crowd.intake);
    for (int i = 0; i < PUTTERS + TAKERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, i < PUTTERS ? put_all : take_all, &crowd), 0);
    }
    while (closes && atomic_load(&crowd.left) > PUTTERS * EACH / 2) {
        sched_yield();
    }
    if (closes) {
        mill_intake_close(&crowd.intake);
    }
    for (int i = 0; i < PUTTERS + TAKERS; i++) {
        pthread_join(threads[i], NULL);
    }
    for (size_t i = 0; i < PUTTERS * EACH; i++) {
        assert_int_equal(crowd.had[i / EACH][i % EACH], 1);
    }
    assert_true(closes || crowd.refused == 0);
    assert_true(mill_intake_empty(&crowd.intake));
    mill_intake_destroy(&crowd.intake);
}

static void test_each_task_once(void **state)
{
    (void)state;
    crowd_in(false);
    crowd_in(true);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_takes_in_order),
        cmocka_unit_test(test_takes_a_share),
        cmocka_unit_test(test_spills),
        cmocka_unit_test(test_takes_single_ones_from_both),
        cmocka_unit_test(test_closes),
        cmocka_unit_test(test_each_task_once),
        cmocka_unit_test(test_waits_for_a_put_of_the_lap_before),
        cmocka_unit_test(test_waits_for_a_take_of_the_lap_before),
        cmocka_unit_test(test_takes_none_of_the_lap_before),
    };
    return cmocka_run_group_tests_name("intake", tests, NULL, NULL);
}
