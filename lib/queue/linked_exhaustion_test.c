/* The queues of nodes use what was taken out again: once they have settled, memory may be out for good. */
#include "core/test_exhaustion.h"

#include <sched.h>

#include "queue/queue_list.h"
#include "queue/retired.h"

#define SETTLES_WITHIN (10 * MILL_RETIRED_BATCH)

static void pass_one(struct mill_queue *queue)
{
    int item;
    void *got;
    assert_int_equal(mill_queue_try_put(queue, &item), 0);
    assert_int_equal(mill_queue_try_get(queue, &got), 0);
    assert_ptr_equal(got, &item);
}

struct visitor {
    struct mill_queue *queue;
    atomic_bool was_there, leave;
};

static void *visit_and_idle(void *argument)
{
    struct visitor *visitor = argument;
    pass_one(visitor->queue);
    atomic_store(&visitor->was_there, true);
    while (!atomic_load(&visitor->leave)) {
        sched_yield();
    }
    return NULL;
}

/* A thread that was there once, and lives on, holds nothing up. */
static void test_nodes_are_used_again(void **state)
{
    struct visitor visitor = {.leave = false};
    pthread_t thread;
    assert_int_equal(mill_queue_create(*state, 1, &visitor.queue), 0);
    assert_int_equal(pthread_create(&thread, NULL, visit_and_idle, &visitor), 0);
    while (!atomic_load(&visitor.was_there)) {
        sched_yield();
    }
    for (unsigned i = 0; i < SETTLES_WITHIN; i++) {
        pass_one(visitor.queue);
    }
    for (unsigned i = 0; i < SETTLES_WITHIN; i++) {
        atomic_store(&mill_exhaustion_left, 0);
        pass_one(visitor.queue);
    }
    atomic_store(&mill_exhaustion_left, -1);
    atomic_store(&visitor.leave, true);
    pthread_join(thread, NULL);
    mill_queue_destroy(visitor.queue);
}

static int attempt(void *context)
{
    struct mill_queue *queue;
    int item;
    int status = mill_queue_create(context, 1, &queue);
    if (status == 0) {
        status = mill_queue_try_put(queue, &item);
        mill_queue_destroy(queue);
    }
    return status;
}

/* The queue, what it reclaims with, and nodes: each is missing once. */
static void test_survives_exhaustion(void **state)
{
    assert_true(mill_exhaust(attempt, *state) >= 3);
}

#define TABLE(ident) (void *)(uintptr_t)&mill_queue_##ident
#define EACH(ident)                                                                         \
    {"nodes are used again: " #ident, test_nodes_are_used_again, NULL, NULL, TABLE(ident)}, \
        {"survives exhaustion: " #ident, test_survives_exhaustion, NULL, NULL, TABLE(ident)},

int main(void)
{
    const struct CMUnitTest tests[] = {EACH(ms_hazard) EACH(ms_epoch) EACH(mpsc)};
    return cmocka_run_group_tests_name("linked_exhaustion", tests, NULL, NULL);
}
