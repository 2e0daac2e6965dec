#include "queue/mpsc_intrusive.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#define PRODUCERS 3u
#define EACH      2000u

struct message {
    struct mill_mpsc_node node; /* first */
    unsigned producer, number;
};

static struct message *message_of(struct mill_mpsc_node *node)
{
    return (struct message *)(void *)node;
}

static void assert_pops(struct mill_mpsc *queue, struct message *expected)
{
    struct mill_mpsc_node *node;
    assert_int_equal(mill_mpsc_pop(queue, &node), 0);
    assert_ptr_equal(message_of(node), expected);
}

static void test_first_in_first_out(void **state)
{
    (void)state;
    struct mill_mpsc queue;
    struct mill_mpsc_node *node;
    struct message messages[3];
    mill_mpsc_init(&queue);
    assert_int_equal(mill_mpsc_pop(&queue, &node), -EAGAIN);
    /* the same nodes again and again: one, two and three in the queue at once */
    for (unsigned depth = 1; depth <= 3; depth++) {
        for (unsigned round = 0; round < 3; round++) {
            for (unsigned i = 0; i < depth; i++) {
                mill_mpsc_push(&queue, &messages[i].node);
            }
            for (unsigned i = 0; i < depth; i++) {
                assert_pops(&queue, &messages[i]);
            }
            assert_int_equal(mill_mpsc_pop(&queue, &node), -EAGAIN);
        }
    }
}

static void test_never_quite_empty(void **state)
{
    (void)state;
    struct mill_mpsc queue;
    struct message messages[4];
    mill_mpsc_init(&queue);
    mill_mpsc_push(&queue, &messages[0].node);
    for (unsigned i = 1; i < 40; i++) {
        mill_mpsc_push(&queue, &messages[i % 4].node);
        assert_pops(&queue, &messages[(i - 1) % 4]);
    }
    assert_pops(&queue, &messages[39 % 4]);
}

/* The two steps of a push, with time between them. */
static struct mill_mpsc_node *begin_push(struct mill_mpsc *queue, struct message *message)
{
    atomic_store(&message->node.next, NULL);
    return atomic_exchange(&queue->last, &message->node);
}

static void end_push(struct mill_mpsc_node *before, struct message *message)
{
    atomic_store(&before->next, &message->node);
}

static void test_a_stopped_pusher_is_not_an_empty_queue(void **state)
{
    (void)state;
    struct mill_mpsc queue;
    struct mill_mpsc_node *node;
    struct message messages[3];
    mill_mpsc_init(&queue);

    struct mill_mpsc_node *before = begin_push(&queue, &messages[0]);
    assert_int_equal(mill_mpsc_pop(&queue, &node), -EBUSY);
    mill_mpsc_push(&queue, &messages[1].node); /* complete, and hidden behind the first */
    assert_int_equal(mill_mpsc_pop(&queue, &node), -EBUSY);
    end_push(before, &messages[0]);
    assert_pops(&queue, &messages[0]);
    assert_pops(&queue, &messages[1]);
    assert_int_equal(mill_mpsc_pop(&queue, &node), -EAGAIN);

    /* behind a message: that one cannot leave before its successor is known */
    mill_mpsc_push(&queue, &messages[0].node);
    before = begin_push(&queue, &messages[1]);
    assert_int_equal(mill_mpsc_pop(&queue, &node), -EBUSY);
    end_push(before, &messages[1]);
    assert_pops(&queue, &messages[0]);
    assert_pops(&queue, &messages[1]);
    assert_int_equal(mill_mpsc_pop(&queue, &node), -EAGAIN);
}

struct producer {
    struct mill_mpsc *queue;
    unsigned number;
    struct message messages[EACH];
};

static void *produce(void *argument)
{
    struct producer *producer = argument;
    for (unsigned i = 0; i < EACH; i++) {
        producer->messages[i].producer = producer->number;
        producer->messages[i].number = i;
        mill_mpsc_push(producer->queue, &producer->messages[i].node);
    }
    return NULL;
}

static void test_many_producers(void **state)
{
    (void)state;
    static struct producer producers[PRODUCERS];
    pthread_t thread[PRODUCERS];
    unsigned next[PRODUCERS] = {0};
    struct mill_mpsc queue;
    mill_mpsc_init(&queue);
    for (unsigned p = 0; p < PRODUCERS; p++) {
        producers[p].queue = &queue;
        producers[p].number = p;
        assert_int_equal(pthread_create(&thread[p], NULL, produce, &producers[p]), 0);
    }
    for (unsigned popped = 0; popped < PRODUCERS * EACH;) {
        struct mill_mpsc_node *node;
        if (mill_mpsc_pop(&queue, &node) < 0) {
            sched_yield();
            continue;
        }
        struct message *message = message_of(node);
        assert_int_equal(message->number, next[message->producer]++);
        message->number = UINT32_MAX; /* plain: it is the consumer's now */
        popped++;
    }
    struct mill_mpsc_node *node;
    for (unsigned p = 0; p < PRODUCERS; p++) {
        pthread_join(thread[p], NULL);
    }
    assert_int_equal(mill_mpsc_pop(&queue, &node), -EAGAIN);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_first_in_first_out),
        cmocka_unit_test(test_never_quite_empty),
        cmocka_unit_test(test_a_stopped_pusher_is_not_an_empty_queue),
        cmocka_unit_test(test_many_producers),
    };
    return cmocka_run_group_tests_name("mpsc_intrusive", tests, NULL, NULL);
}
