/* The control that is made of the two-lock queue; the queue itself is held to its contract by queue_test.c.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

#include "queue/queue_list.h"

#define CAPACITY 4u
#define ITEMS    1000u

static char items[ITEMS];

/* The mistake is there, and no other: it takes more than it promised, and gives all of it back. */
static void test_control_outgrows_its_bound(void **state)
{
    (void)state;
    struct mill_queue *queue;
    assert_int_equal(mill_queue_create(&mill_queue_unbounded_growth, CAPACITY, &queue), 0);
    assert_int_equal(queue->capacity, CAPACITY);
    for (size_t i = 0; i < ITEMS; i++) {
        assert_int_equal(mill_queue_try_put(queue, &items[i]), 0);
    }
    mill_queue_close(queue);
    void *got = NULL;
    for (size_t i = 0; i < ITEMS; i++) {
        assert_int_equal(mill_queue_try_get(queue, &got), 0);
        assert_ptr_equal(got, &items[i]);
    }
    assert_int_equal(mill_queue_try_get(queue, &got), -EPIPE);
    mill_queue_destroy(queue);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_control_outgrows_its_bound)};
    return cmocka_run_group_tests_name("two_lock", tests, NULL, NULL);
}
