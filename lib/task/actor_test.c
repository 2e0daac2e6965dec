#include "task/actor.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdlib.h>
#include <unistd.h>

#include <cmocka.h>

#define SENDERS  4u
#define MESSAGES 2000u

/* ---- an actor that notes what it receives: plain, since only its thread touches it ---- */

struct notes {
    struct mill_actor *actor;
    uint32_t next[SENDERS];
    unsigned disordered;
    unsigned received;
    int inner;
    atomic_bool entered, leave; /* of a message that holds the actor up */
};

/* A message is a number: what is to be done, who sent it, and as which. */
enum kind {
    NOTE = 1,
    FAIL,
    HOLD,
    INNER,
};

static void *message(enum kind kind, unsigned sender, uint32_t number)
{
    return (void *)(((uintptr_t)number << 16) | ((uintptr_t)sender << 8) | ((uintptr_t)kind << 1));
}

static int inner_use(struct notes *notes)
{
    return mill_actor_ask(notes->actor, message(NOTE, 0, 0), 0) == -EDEADLK &&
           mill_actor_stop(&notes->actor, 0) == -EDEADLK &&
           mill_actor_tell(notes->actor, message(FAIL, 0, 0), 0) == 0;
}

static int receive(void *state, void *received)
{
    struct notes *notes = state;
    uintptr_t bits = (uintptr_t)received;
    unsigned sender = (bits >> 8) & 0xff;
    uint32_t number = (uint32_t)(bits >> 16);
    notes->received++;
    switch ((enum kind)((bits & 0xff) >> 1)) {
    case NOTE:
        notes->disordered += notes->next[sender] != number;
        notes->next[sender] = number + 1;
        return 0;
    case FAIL:
        return -EIO;
    case HOLD:
        atomic_store(&notes->entered, true);
        while (!atomic_load(&notes->leave)) {
            usleep(100);
        }
        return 0;
    case INNER:
        notes->inner = inner_use(notes);
        return 0;
    }
    return -EBADMSG;
}

static void start(struct notes *notes, size_t capacity)
{
    *notes = (struct notes){0};
    assert_int_equal(mill_actor_start(&notes->actor, &(struct mill_actor_options){.name = "notes",
                                                                                  .receive = receive,
                                                                                  .state = notes,
                                                                                  .capacity = capacity}),
                     0);
}

static void stop(struct notes *notes)
{
    assert_int_equal(mill_actor_stop(&notes->actor, MILL_FOREVER), 0);
}

static void hold(struct notes *notes)
{
    assert_int_equal(mill_actor_tell(notes->actor, message(HOLD, 0, 0), MILL_FOREVER), 0);
    while (!atomic_load(&notes->entered)) {
        usleep(100);
    }
}

/* ---- tests ---- */

struct sender {
    struct notes *notes;
    unsigned index;
};

static void *send_all(void *argument)
{
    struct sender *sender = argument;
    for (uint32_t i = 0; i < MESSAGES; i++) {
        void *one = message(NOTE, sender->index, i);
        int status = i % 3 == 0 ? mill_actor_ask(sender->notes->actor, one, MILL_FOREVER)
                                : mill_actor_tell(sender->notes->actor, one, MILL_FOREVER);
        if (status < 0) {
            abort();
        }
    }
    return NULL;
}

static void messages_of_a_sender_are_received_in_order(void **state)
{
    (void)state;
    struct notes notes;
    struct sender senders[SENDERS];
    pthread_t threads[SENDERS];
    start(&notes, 16);
    for (unsigned i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){&notes, i};
        assert_int_equal(pthread_create(&threads[i], NULL, send_all, &senders[i]), 0);
    }
    for (unsigned i = 0; i < SENDERS; i++) {
        pthread_join(threads[i], NULL);
    }
    stop(&notes);
    assert_int_equal(notes.received, SENDERS * MESSAGES);
    assert_int_equal(notes.disordered, 0);
}

static void a_failing_message_is_counted_and_told(void **state)
{
    (void)state;
    struct notes notes;
    start(&notes, 4);
    assert_int_equal(mill_actor_tell(notes.actor, message(FAIL, 0, 0), MILL_FOREVER), 0);
    assert_int_equal(mill_actor_ask(notes.actor, message(FAIL, 0, 0), MILL_FOREVER), -EIO);
    assert_int_equal(mill_actor_ask(notes.actor, message(NOTE, 0, 0), MILL_FOREVER), 0);
    struct mill_actor_counts counts = mill_actor_counts(notes.actor);
    assert_int_equal(counts.received, 3);
    assert_int_equal(counts.failed, 2);
    stop(&notes);
}

static void a_full_mailbox_says_so(void **state)
{
    (void)state;
    struct notes notes;
    start(&notes, 1);
    hold(&notes);
    assert_int_equal(mill_actor_tell(notes.actor, message(NOTE, 0, 0), 0), 0);
    assert_int_equal(mill_actor_tell(notes.actor, message(NOTE, 0, 1), 0), -EAGAIN);
    assert_int_equal(mill_actor_tell(notes.actor, message(NOTE, 0, 1), MILL_NS_PER_MS), -ETIMEDOUT);
    assert_int_equal(mill_actor_ask(notes.actor, message(NOTE, 0, 1), MILL_NS_PER_MS), -ETIMEDOUT);
    atomic_store(&notes.leave, true);
    stop(&notes);
    assert_int_equal(notes.received, 2);
}

static void a_question_that_is_late_is_still_received(void **state)
{
    (void)state;
    struct notes notes;
    start(&notes, 8);
    hold(&notes);
    assert_int_equal(mill_actor_ask(notes.actor, message(NOTE, 0, 0), MILL_NS_PER_MS), -ETIMEDOUT);
    assert_int_equal(mill_actor_ask(notes.actor, message(NOTE, 0, 1), 0), -ETIMEDOUT);
    atomic_store(&notes.leave, true);
    stop(&notes);
    assert_int_equal(notes.next[0], 2);
}

static void stopping_while_busy_keeps_what_was_told_before(void **state)
{
    (void)state;
    struct notes notes;
    start(&notes, 8);
    hold(&notes);
    assert_int_equal(mill_actor_tell(notes.actor, message(NOTE, 0, 0), MILL_FOREVER), 0);
    assert_int_equal(mill_actor_stop(&notes.actor, MILL_NS_PER_MS), -ETIMEDOUT);
    assert_int_equal(mill_actor_tell(notes.actor, message(NOTE, 0, 1), MILL_FOREVER), -EPIPE);
    assert_int_equal(mill_actor_ask(notes.actor, message(NOTE, 0, 1), MILL_FOREVER), -EPIPE);
    assert_int_equal(mill_actor_stop(&notes.actor, 0), -ETIMEDOUT);
    atomic_store(&notes.leave, true);
    stop(&notes);
    assert_int_equal(notes.next[0], 1);
}

static void an_actor_may_tell_itself_and_not_wait_for_itself(void **state)
{
    (void)state;
    struct notes notes;
    start(&notes, 4);
    assert_int_equal(mill_actor_ask(notes.actor, message(INNER, 0, 0), MILL_FOREVER), 0);
    stop(&notes);
    assert_int_equal(notes.inner, 1);
    assert_int_equal(notes.received, 2);
}

static void bad_input_is_refused(void **state)
{
    (void)state;
    struct notes notes;
    struct mill_actor *actor;
    struct mill_actor_options options = {.name = "x", .receive = receive, .state = &notes, .capacity = 1};
    assert_int_equal(mill_actor_start(NULL, &options), -EINVAL);
    assert_int_equal(mill_actor_start(&actor, NULL), -EINVAL);
    options.capacity = 0;
    assert_int_equal(mill_actor_start(&actor, &options), -EINVAL);
    options.capacity = SIZE_MAX;
    assert_int_equal(mill_actor_start(&actor, &options), -EINVAL);
    options.capacity = 1;
    options.receive = NULL;
    assert_int_equal(mill_actor_start(&actor, &options), -EINVAL);
    options.receive = receive;
    options.name = "";
    assert_int_equal(mill_actor_start(&actor, &options), -EINVAL);
    start(&notes, 1);
    assert_int_equal(mill_actor_tell(NULL, message(NOTE, 0, 0), 0), -EINVAL);
    assert_int_equal(mill_actor_tell(notes.actor, NULL, 0), -EINVAL);
    assert_int_equal(mill_actor_tell(notes.actor, (void *)(uintptr_t)3, 0), -EINVAL);
    assert_int_equal(mill_actor_tell(notes.actor, message(NOTE, 0, 0), -1), -EINVAL);
    assert_int_equal(mill_actor_ask(notes.actor, NULL, 0), -EINVAL);
    assert_int_equal(mill_actor_ask(notes.actor, message(NOTE, 0, 0), -1), -EINVAL);
    assert_int_equal(mill_actor_stop(NULL, 0), -EINVAL);
    assert_int_equal(mill_actor_stop(&notes.actor, -1), -EINVAL);
    assert_non_null(notes.actor);
    stop(&notes);
    assert_null(notes.actor);
    assert_int_equal(mill_actor_stop(&notes.actor, MILL_FOREVER), -EINVAL); /* stopped before */
    assert_int_equal(mill_actor_tell(notes.actor, message(NOTE, 0, 0), 0), -EINVAL);
    assert_int_equal(notes.received, 0);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(messages_of_a_sender_are_received_in_order),
        cmocka_unit_test(a_failing_message_is_counted_and_told),
        cmocka_unit_test(a_full_mailbox_says_so),
        cmocka_unit_test(a_question_that_is_late_is_still_received),
        cmocka_unit_test(stopping_while_busy_keeps_what_was_told_before),
        cmocka_unit_test(an_actor_may_tell_itself_and_not_wait_for_itself),
        cmocka_unit_test(bad_input_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
