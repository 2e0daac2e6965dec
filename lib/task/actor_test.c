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

#include "task/inbox.h"

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
    TIME_OUT,
    HOLD,
    INNER,
};

static void *message(enum kind kind, unsigned sender, uint32_t number)
{
    return (void *)(((uintptr_t)number << 16) | ((uintptr_t)sender << 8) | ((uintptr_t)kind << 1));
}

static int inner_use(struct notes *notes)
{
    return mill_actor_ask(notes->actor, message(NOTE, 0, 0), 0, NULL) == -EDEADLK &&
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
    case TIME_OUT:
        return -ETIMEDOUT;
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
        int status = i % 3 == 0 ? mill_actor_ask(sender->notes->actor, one, MILL_FOREVER, NULL)
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
    int result = 1;
    assert_int_equal(mill_actor_ask(notes.actor, message(FAIL, 0, 0), MILL_FOREVER, &result), 0);
    assert_int_equal(result, -EIO);
    assert_int_equal(mill_actor_ask(notes.actor, message(NOTE, 0, 0), MILL_FOREVER, &result), 0);
    assert_int_equal(result, 0);
    struct mill_actor_counts counts = mill_actor_counts(notes.actor);
    assert_int_equal(counts.received, 3);
    assert_int_equal(counts.failed, 2);
    stop(&notes);
}

/* What is refused is never received: the sender may free it, or send it again. */
static void a_full_mailbox_refuses(void **state)
{
    (void)state;
    static const int64_t timeouts_ns[] = {0, MILL_NS_PER_MS};
    struct notes notes;
    start(&notes, 1);
    hold(&notes);
    assert_int_equal(mill_actor_tell(notes.actor, message(NOTE, 0, 0), 0), 0);
    for (size_t i = 0; i < sizeof timeouts_ns / sizeof timeouts_ns[0]; i++) {
        int result = 1;
        assert_int_equal(mill_actor_tell(notes.actor, message(NOTE, 0, 1), timeouts_ns[i]), -ETIMEDOUT);
        assert_int_equal(mill_actor_ask(notes.actor, message(NOTE, 0, 1), timeouts_ns[i], &result),
                         -ETIMEDOUT);
        assert_int_equal(result, 1);
    }
    atomic_store(&notes.leave, true);
    stop(&notes);
    assert_int_equal(notes.received, 2);
}

/* What was taken is received once, though nobody waits for the answer any more, and whatever it is. */
static void a_question_that_is_late_is_still_received(void **state)
{
    (void)state;
    struct notes notes;
    int result = 1;
    start(&notes, 8);
    hold(&notes);
    assert_int_equal(mill_actor_ask(notes.actor, message(NOTE, 0, 0), MILL_NS_PER_MS, &result), -EINPROGRESS);
    assert_int_equal(mill_actor_ask(notes.actor, message(NOTE, 0, 1), 0, &result), -EINPROGRESS);
    assert_int_equal(mill_actor_ask(notes.actor, message(FAIL, 0, 0), 0, &result), -EINPROGRESS);
    atomic_store(&notes.leave, true);
    assert_int_equal(mill_actor_ask(notes.actor, message(NOTE, 0, 2), MILL_FOREVER, NULL), 0);
    struct mill_actor_counts counts = mill_actor_counts(notes.actor);
    stop(&notes);
    assert_int_equal(notes.next[0], 3);
    assert_int_equal(notes.received, 5);
    assert_int_equal(notes.disordered, 0);
    assert_int_equal(counts.failed, 1);
    assert_int_equal(result, 1);
}

/* The receiver's own words are not taken for those of ask. */
static void what_the_receiver_says_is_its_own(void **state)
{
    (void)state;
    struct notes notes;
    start(&notes, 1);
    int result = 0;
    assert_int_equal(mill_actor_ask(notes.actor, message(TIME_OUT, 0, 0), MILL_FOREVER, &result), 0);
    assert_int_equal(result, -ETIMEDOUT);
    stop(&notes);
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
    assert_int_equal(mill_actor_ask(notes.actor, message(NOTE, 0, 1), MILL_FOREVER, NULL), -EPIPE);
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
    assert_int_equal(mill_actor_ask(notes.actor, message(INNER, 0, 0), MILL_FOREVER, NULL), 0);
    stop(&notes);
    assert_int_equal(notes.inner, 1);
    assert_int_equal(notes.received, 2);
}

/* What cannot be an inbox, each for its own reason, cannot be a mailbox. */
static void refuse_unfit_mailboxes(struct mill_actor_options *options)
{
    unsigned refused = 0;
    for (size_t i = 0; i < mill_queue_family.count; i++) {
        const struct mill_queue_ops *ops = mill_queue_ops_of(mill_queue_family.strategies[i]);
        if ((ops->shape & MILL_INBOX_REFUSES) || ops->about.missing) {
            struct mill_actor *actor = NULL;
            options->mailbox = ops;
            assert_int_equal(mill_actor_start(&actor, options), -ENOTSUP);
            assert_null(actor);
            refused |= ops->shape & MILL_INBOX_REFUSES;
        }
    }
    assert_int_equal(refused, MILL_INBOX_REFUSES);
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
    options.name = "x";
    refuse_unfit_mailboxes(&options);
    start(&notes, 1);
    assert_int_equal(mill_actor_tell(NULL, message(NOTE, 0, 0), 0), -EINVAL);
    assert_int_equal(mill_actor_tell(notes.actor, NULL, 0), -EINVAL);
    assert_int_equal(mill_actor_tell(notes.actor, (void *)(uintptr_t)3, 0), -EINVAL);
    assert_int_equal(mill_actor_tell(notes.actor, message(NOTE, 0, 0), -1), -EINVAL);
    assert_int_equal(mill_actor_ask(notes.actor, NULL, 0, NULL), -EINVAL);
    assert_int_equal(mill_actor_ask(notes.actor, message(NOTE, 0, 0), -1, NULL), -EINVAL);
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
        cmocka_unit_test(a_full_mailbox_refuses),
        cmocka_unit_test(a_question_that_is_late_is_still_received),
        cmocka_unit_test(what_the_receiver_says_is_its_own),
        cmocka_unit_test(stopping_while_busy_keeps_what_was_told_before),
        cmocka_unit_test(an_actor_may_tell_itself_and_not_wait_for_itself),
        cmocka_unit_test(bad_input_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
