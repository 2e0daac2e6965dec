/* What is particular to the lanes: rings that grow while others take from them, consumers that change lanes,
 * and that nothing found means that nothing was there.
 */
#include <semaphore.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "core/cacheline.h"
#include "queue/gate.h"
#include "queue/positions.h"
#include "queue/queue_list.h"

struct lane;
struct ring;

/* What others do behind the next load of this word. */
static const void *_Atomic watched;
static void (*behind_load)(void);

static void play(const void *word)
{
    if (word == atomic_load_explicit(&watched, memory_order_relaxed)) {
        atomic_store_explicit(&watched, NULL, memory_order_relaxed);
        behind_load();
    }
}

#define PLAYED(name, type)                                                   \
    static type played_##name(const _Atomic(type) *word, memory_order order) \
    {                                                                        \
        type value = atomic_load_explicit(word, order);                      \
        play((const void *)word);                                            \
        return value;                                                        \
    }
typedef struct lane *lane_pointer;
typedef struct ring *ring_pointer;
typedef void *item_pointer;
PLAYED(position, uint64_t)
PLAYED(lane, lane_pointer)
PLAYED(ring, ring_pointer)
PLAYED(slot, item_pointer)

#undef atomic_load_explicit
#define atomic_load_explicit(word, order) \
    _Generic((word),                                     \
        _Atomic(uint64_t) *: played_position,            \
        _Atomic(lane_pointer) *: played_lane,            \
        const _Atomic(lane_pointer) *: played_lane,      \
        _Atomic(ring_pointer) *: played_ring,            \
        _Atomic(item_pointer) *: played_slot)(word, order)
#include "queue/lanes.c" // NOLINT(bugprone-suspicious-include)

#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/sanitizer.h"

#define ROUNDS (MILL_UNDER_TSAN ? 20000u : 200000u)

static struct mill_queue *made(size_t capacity)
{
    struct mill_queue *queue;
    assert_int_equal(mill_queue_create(&mill_queue_lanes, capacity, &queue), 0);
    return queue;
}

/* ---- growing ---- */

#define TAKERS 2u
#define BURST  37u /* of puts without a look at what was taken */

struct grown {
    unsigned number; /* written before it is put */
    unsigned taken;  /* how often; by whoever got it */
};

struct growth {
    struct mill_queue *queue;
    struct grown items[200000];
    atomic_uint out_of_order;
};

static void *take_all(void *argument)
{
    struct growth *growth = argument;
    unsigned last = 0;
    void *item;
    while (mill_queue_get(growth->queue, &item, MILL_FOREVER) == 0) {
        struct grown *now = item;
        if (now->number <= last) {
            atomic_fetch_add(&growth->out_of_order, 1);
        }
        last = now->number;
        now->taken++;
    }
    return NULL;
}

static void test_grows_while_others_take(void **state)
{
    (void)state;
    static struct growth growth;
    growth.queue = made(1);
    pthread_t takers[TAKERS];
    for (unsigned i = 0; i < TAKERS; i++) {
        assert_int_equal(pthread_create(&takers[i], NULL, take_all, &growth), 0);
    }
    for (unsigned i = 0; i < ROUNDS; i++) {
        if (i % BURST == 0) {
            sched_yield();
        }
        growth.items[i].number = i + 1;
        assert_int_equal(mill_queue_put(growth.queue, &growth.items[i], 0), 0);
    }
    mill_queue_close(growth.queue);
    for (unsigned i = 0; i < TAKERS; i++) {
        pthread_join(takers[i], NULL);
    }
    for (unsigned i = 0; i < ROUNDS; i++) {
        assert_int_equal(growth.items[i].taken, 1);
    }
    assert_int_equal(growth.out_of_order, 0);
    mill_queue_destroy(growth.queue);
}

/* ---- emptiness ---- */

#define CARRIERS 3u

struct carriers {
    struct mill_queue *queue;
    atomic_uint found_nothing;
};

/* Takes an item and puts it back, into its own lane. */
static void *carry(void *argument)
{
    struct carriers *carriers = argument;
    for (unsigned i = 0; i < ROUNDS; i++) {
        void *item;
        if (mill_queue_try_get(carriers->queue, &item) < 0) {
            atomic_fetch_add(&carriers->found_nothing, 1);
        } else {
            mill_queue_put(carriers->queue, item, MILL_FOREVER);
        }
    }
    return NULL;
}

/* One item more than there are threads that hold one: it is never empty, though an item may always be in the
 * lane that a consumer has just left. */
static void test_is_never_called_empty_beside_an_item(void **state)
{
    (void)state;
    static char items[CARRIERS + 1];
    struct carriers carriers = {.queue = made(1)};
    for (unsigned i = 0; i <= CARRIERS; i++) {
        assert_int_equal(mill_queue_put(carriers.queue, &items[i], 0), 0);
    }
    pthread_t threads[CARRIERS];
    for (unsigned i = 0; i < CARRIERS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, carry, &carriers), 0);
    }
    for (unsigned i = 0; i < CARRIERS; i++) {
        pthread_join(threads[i], NULL);
    }
    assert_int_equal(carriers.found_nothing, 0);
    mill_queue_destroy(carriers.queue);
}

/* A consumer that stops between two lanes, and another one that meanwhile carries the item of the second into
 * the first. */
static struct {
    struct mill_queue *queue;
    sem_t go, done;
    bool carried; /* read when its thread has been joined */
} beside;

static void let_it_carry(void)
{
    sem_post(&beside.go);
    while (sem_wait(&beside.done) != 0) {
    }
}

/* Puts an item and takes it, and so has a lane; then carries what it finds there. */
static void *carry_once(void *item)
{
    void *found = NULL;
    mill_queue_put(beside.queue, item, MILL_FOREVER);
    mill_queue_try_get(beside.queue, &found);
    sem_post(&beside.done);
    while (sem_wait(&beside.go) != 0) {
    }
    bool got = mill_queue_try_get(beside.queue, &found) == 0;
    beside.carried = got && mill_queue_put(beside.queue, found, MILL_FOREVER) == 0;
    sem_post(&beside.done);
    return NULL;
}

static void test_an_item_that_moves_into_a_lane_behind_the_look_is_found(void **state)
{
    (void)state;
    static char item, other;
    pthread_t thread;
    void *found = NULL;
    beside.queue = made(4);
    sem_init(&beside.go, 0, 0);
    sem_init(&beside.done, 0, 0);
    assert_int_equal(mill_queue_put(beside.queue, &item, 0), 0);
    assert_int_equal(pthread_create(&thread, NULL, carry_once, &other), 0);
    while (sem_wait(&beside.done) != 0) {
    }
    /* the other thread's lane was listed last, and is looked into first */
    behind_load = let_it_carry;
    atomic_store(&watched, &atomic_load(&lanes_of(beside.queue)->first)->tail);
    assert_int_equal(mill_queue_try_get(beside.queue, &found), 0);
    pthread_join(thread, NULL);
    assert_true(beside.carried);
    assert_ptr_equal(found, &item);
    sem_destroy(&beside.go);
    sem_destroy(&beside.done);
    mill_queue_destroy(beside.queue);
}

/* ---- whose turn a lane is ---- */

struct filler {
    struct mill_queue *queue;
    void *item;
    unsigned count;
};

static void *fill(void *argument)
{
    struct filler *filler = argument;
    for (unsigned i = 0; i < filler->count; i++) {
        mill_queue_put(filler->queue, filler->item, MILL_FOREVER);
    }
    return NULL;
}

/* Two lanes with more than a quota each: a consumer serves both by turns. The threads that fill them live at
 * the same time, since a thread inherits the lane of one that has ended. */
static void test_a_full_lane_does_not_starve_the_others(void **state)
{
    (void)state;
    static char of_first, of_second;
    struct mill_queue *queue = made(4);
    struct filler fillers[2] = {{queue, &of_first, 4 * QUOTA}, {queue, &of_second, 4 * QUOTA}};
    pthread_t thread;
    fill(&fillers[0]);
    assert_int_equal(pthread_create(&thread, NULL, fill, &fillers[1]), 0);
    pthread_join(thread, NULL);
    unsigned in_a_row = 0, longest = 0;
    void *item, *last = NULL;
    for (unsigned i = 0; i < 8 * QUOTA; i++) {
        assert_int_equal(mill_queue_try_get(queue, &item), 0);
        in_a_row = item == last ? in_a_row + 1 : 1;
        longest = longest < in_a_row ? in_a_row : longest;
        last = item;
    }
    assert_int_equal(longest, QUOTA);
    mill_queue_destroy(queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_grows_while_others_take),
        cmocka_unit_test(test_is_never_called_empty_beside_an_item),
        cmocka_unit_test(test_an_item_that_moves_into_a_lane_behind_the_look_is_found),
        cmocka_unit_test(test_a_full_lane_does_not_starve_the_others),
    };
    return cmocka_run_group_tests_name("lanes", tests, NULL, NULL);
}
