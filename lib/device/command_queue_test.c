#include "device/command_queue.h"

#include <pthread.h>

#include "device/test_valve.h"

#define COMMANDS 50u
#define SENDERS  3u

static struct mill_command_queue *open_queue(const struct mill_sharing_plan *plan)
{
    struct mill_command_queue *queue;
    struct mill_device_failure failure;
    assert_int_equal(mill_command_queue_create(plan->transport, &plan->to, &plan->policy, &queue, &failure),
                     0);
    return queue;
}

/* ---- commands ---- */

/* All in the owner's thread: plain. */
struct ledger {
    pthread_t owner;
    bool owned;
    unsigned foreign; /* commands in another thread than the first one's */
    unsigned ran;
    unsigned order[SENDERS * COMMANDS]; /* which ran, one after the other */
};

struct entry {
    struct mill_command command;
    struct ledger *ledger;
    unsigned number;
    double wanted;
};

static int enter(struct mill_device_client *client, void *argument)
{
    struct entry *entry = argument;
    struct ledger *ledger = entry->ledger;
    const struct mill_valve_config change = {.fields = MILL_CONFIG_WALL_STIFFNESS,
                                             .wall_stiffness = entry->wanted};
    struct mill_valve_config config = {0};
    if (!ledger->owned) {
        ledger->owner = pthread_self();
        ledger->owned = true;
    }
    ledger->foreign += !pthread_equal(ledger->owner, pthread_self());
    ledger->order[ledger->ran++] = entry->number;
    int status = mill_device_update_config(client, &change, NULL);
    if (status == 0) {
        status = mill_device_get_config(client, &config, NULL);
    }
    return status < 0 ? status : config.wall_stiffness == entry->wanted ? 0 : -EILSEQ;
}

static void send_all(struct mill_command_queue *queue, struct entry *entries, struct ledger *ledger,
                     unsigned sender)
{
    for (unsigned i = 0; i < COMMANDS; i++) {
        entries[i].ledger = ledger;
        entries[i].number = sender * COMMANDS + i;
        entries[i].wanted = 1 + entries[i].number;
        assert_int_equal(mill_command_send(queue, &entries[i].command, enter, &entries[i]), 0);
    }
}

static void test_runs_in_order_in_one_thread(void **state)
{
    (void)state;
    static struct entry entries[COMMANDS];
    struct ledger ledger = {0};
    struct mill_sharing_plan plan = test_valve_plan(1);
    struct mill_command_queue *queue = open_queue(&plan);
    send_all(queue, entries, &ledger, 0);
    for (unsigned i = 0; i < COMMANDS; i++) {
        int result = -1;
        assert_int_equal(mill_command_wait(&entries[i].command, MILL_FOREVER, &result), 0);
        assert_int_equal(result, 0);
        assert_int_equal(ledger.order[i], i);
    }
    assert_int_equal(ledger.foreign, 0);
    assert_false(pthread_equal(ledger.owner, pthread_self()));
    assert_int_equal(mill_model_applied(plan.to.model), COMMANDS);
    mill_command_queue_destroy(queue);
    mill_model_destroy(plan.to.model);
}

struct sender {
    struct mill_command_queue *queue;
    struct ledger *ledger;
    unsigned number;
    unsigned failed;
    struct entry entries[COMMANDS];
};

static void *send_and_wait(void *argument)
{
    struct sender *sender = argument;
    send_all(sender->queue, sender->entries, sender->ledger, sender->number);
    for (unsigned i = 0; i < COMMANDS; i++) {
        int result = -1;
        sender->failed +=
            mill_command_wait(&sender->entries[i].command, MILL_FOREVER, &result) < 0 || result < 0;
    }
    return NULL;
}

/* Each once, each whole (what it wrote is what it reads back), and each sender's in its order. */
static void test_many_senders(void **state)
{
    (void)state;
    static struct sender senders[SENDERS];
    struct ledger ledger = {0};
    struct mill_sharing_plan plan = test_valve_plan(1);
    struct mill_command_queue *queue = open_queue(&plan);
    pthread_t threads[SENDERS] = {0};
    unsigned next[SENDERS] = {0};
    for (unsigned i = 0; i < SENDERS; i++) {
        senders[i] = (struct sender){.queue = queue, .ledger = &ledger, .number = i};
        assert_int_equal(pthread_create(&threads[i], NULL, send_and_wait, &senders[i]), 0);
    }
    for (unsigned i = 0; i < SENDERS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(senders[i].failed, 0);
    }
    assert_int_equal(ledger.ran, SENDERS * COMMANDS);
    assert_int_equal(ledger.foreign, 0);
    for (unsigned i = 0; i < ledger.ran; i++) {
        unsigned sender = ledger.order[i] / COMMANDS;
        assert_int_equal(ledger.order[i] % COMMANDS, next[sender]++);
    }
    assert_int_equal(mill_model_applied(plan.to.model), SENDERS * COMMANDS);
    mill_command_queue_destroy(queue);
    mill_model_destroy(plan.to.model);
}

/* ---- commands that do not run ---- */

struct gate {
    atomic_bool entered;
    atomic_bool open;
};

static int wait_at(struct mill_device_client *client, void *argument)
{
    struct gate *gate = argument;
    (void)client;
    atomic_store(&gate->entered, true);
    while (!atomic_load(&gate->open)) {
        mill_sleep_until(mill_now_ns() + MILL_NS_PER_MS);
    }
    return 0;
}

static void occupy(struct mill_command_queue *queue, struct mill_command *command, struct gate *gate)
{
    assert_int_equal(mill_command_send(queue, command, wait_at, gate), 0);
    while (!atomic_load(&gate->entered)) {
        mill_sleep_until(mill_now_ns() + MILL_NS_PER_MS);
    }
}

static void test_a_cancelled_command_never_runs(void **state)
{
    (void)state;
    struct mill_sharing_plan plan = test_valve_plan(1);
    struct mill_command_queue *queue = open_queue(&plan);
    struct gate gate = {0};
    struct ledger ledger = {0};
    struct mill_command busy;
    struct entry waits = {.ledger = &ledger, .wanted = 5};
    int result = 0;
    occupy(queue, &busy, &gate);
    assert_int_equal(mill_command_send(queue, &waits.command, enter, &waits), 0);
    assert_int_equal(mill_command_wait(&waits.command, 0, &result), -ETIMEDOUT);
    assert_int_equal(mill_command_cancel(&busy), -EBUSY);
    assert_int_equal(mill_command_cancel(&waits.command), 0);
    assert_int_equal(mill_command_wait(&waits.command, MILL_FOREVER, &result), 0);
    assert_int_equal(result, -ECANCELED);
    atomic_store(&gate.open, true);
    assert_int_equal(mill_command_retire(&waits.command, MILL_FOREVER), 0);
    assert_int_equal(mill_command_wait(&busy, MILL_FOREVER, &result), 0);
    assert_int_equal(result, 0);
    assert_int_equal(mill_command_cancel(&busy), -EALREADY);
    mill_command_queue_destroy(queue);
    assert_int_equal(ledger.ran, 0);
    assert_int_equal(mill_model_applied(plan.to.model), 0);
    mill_model_destroy(plan.to.model);
}

static void *open_late(void *argument)
{
    struct gate *gate = argument;
    mill_sleep_until(mill_now_ns() + 20 * MILL_NS_PER_MS);
    atomic_store(&gate->open, true);
    return NULL;
}

static void test_what_is_left_at_the_end_is_told(void **state)
{
    (void)state;
    static struct entry entries[COMMANDS];
    struct mill_sharing_plan plan = test_valve_plan(1);
    struct mill_command_queue *queue = open_queue(&plan);
    struct gate gate = {0};
    struct ledger ledger = {0};
    struct mill_command busy;
    pthread_t opener = 0;
    unsigned done = 0;
    occupy(queue, &busy, &gate);
    send_all(queue, entries, &ledger, 0);
    assert_int_equal(pthread_create(&opener, NULL, open_late, &gate), 0);
    mill_command_queue_destroy(queue);
    pthread_join(opener, NULL);
    for (unsigned i = 0; i < COMMANDS; i++) {
        assert_true(mill_future_settled(&entries[i].command.future));
        int result = entries[i].command.future.result;
        assert_true(result == 0 || result == -ECANCELED);
        done += result == 0;
    }
    assert_int_equal(ledger.ran, done);
    assert_int_equal(mill_model_applied(plan.to.model), done);
    assert_int_equal(busy.future.result, 0);
    mill_model_destroy(plan.to.model);
}

/* A command sends another and waits for it; it fails, and both are told. */
struct nested {
    struct mill_command_queue *queue;
    int inner;
};

static int be_refused(struct mill_device_client *client, void *argument)
{
    (void)client;
    (void)argument;
    return -EREMOTEIO;
}

static int send_from_within(struct mill_device_client *client, void *argument)
{
    struct nested *nested = argument;
    struct mill_command command;
    (void)client;
    int status = mill_command_send(nested->queue, &command, be_refused, NULL);
    return status < 0 ? status : mill_command_wait(&command, MILL_FOREVER, &nested->inner);
}

static void test_a_command_may_send_and_wait(void **state)
{
    (void)state;
    struct mill_sharing_plan plan = test_valve_plan(1);
    struct nested nested = {.queue = open_queue(&plan)};
    struct mill_command command;
    int result = -1;
    assert_int_equal(mill_command_send(nested.queue, &command, send_from_within, &nested), 0);
    assert_int_equal(mill_command_wait(&command, MILL_FOREVER, &result), 0);
    assert_int_equal(result, 0);
    assert_int_equal(nested.inner, -EREMOTEIO);
    mill_command_queue_destroy(nested.queue);
    mill_model_destroy(plan.to.model);
}

static void test_bad_arguments(void **state)
{
    (void)state;
    struct mill_sharing_plan plan = test_valve_plan(1);
    struct mill_command_queue *queue = open_queue(&plan);
    struct mill_command command = {0};
    int result;
    assert_int_equal(mill_command_send(NULL, &command, be_refused, NULL), -EINVAL);
    assert_int_equal(mill_command_send(queue, NULL, be_refused, NULL), -EINVAL);
    assert_int_equal(mill_command_send(queue, &command, NULL, NULL), -EINVAL);
    assert_int_equal(mill_command_wait(NULL, 0, &result), -EINVAL);
    assert_int_equal(mill_command_wait(&command, 0, NULL), -EINVAL);
    assert_int_equal(mill_command_cancel(NULL), -EINVAL);
    assert_int_equal(mill_command_retire(NULL, 0), -EINVAL);
    mill_command_queue_destroy(queue);
    mill_command_queue_destroy(NULL);
    assert_int_equal(mill_command_queue_create(NULL, &plan.to, NULL, &queue, NULL), -EINVAL);
    assert_int_equal(mill_command_queue_create(&test_valve, NULL, NULL, &queue, NULL), -EINVAL);
    assert_int_equal(mill_command_queue_create(&test_valve, &plan.to, NULL, NULL, NULL), -EINVAL);
    mill_model_destroy(plan.to.model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_runs_in_order_in_one_thread),
        cmocka_unit_test(test_many_senders),
        cmocka_unit_test(test_a_cancelled_command_never_runs),
        cmocka_unit_test(test_what_is_left_at_the_end_is_told),
        cmocka_unit_test(test_a_command_may_send_and_wait),
        cmocka_unit_test(test_bad_arguments),
    };
    return cmocka_run_group_tests_name("device/command_queue", tests, NULL, NULL);
}
