#include "device/config_writer.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "device/quirks.h"
#include "device/transport_strategy.h"

#define THREADS 3u
#define WRITES  20u

static const struct mill_device_policy policy = {.timeout_ns = 20 * (int64_t)MILL_NS_PER_S,
                                                 .allow_motion = true};

static struct mill_device_client *open_client(struct mill_model_device *model)
{
    struct mill_device_client *client;
    struct mill_transport_plan to = {.model = model};
    assert_int_equal(mill_device_client_create(&mill_transport_in_process, &to, &policy, &client, NULL), 0);
    return client;
}

static struct mill_model_device *open_running_valve(void)
{
    struct mill_model_device *model;
    struct mill_model_plan plan = {.quirks = MILL_QUIRK_STAGED, .seed = 1};
    assert_int_equal(mill_model_create(&plan, &model), 0);
    struct mill_device_client *client = open_client(model);
    assert_int_equal(mill_device_start_valve(client, -1, NULL), 0);
    mill_device_client_destroy(client);
    return model;
}

struct thread {
    struct mill_config_writer *writer;
    struct mill_device_client *client;
    enum mill_config_field field;
    unsigned failed;
};

/* Each thread has a field of its own. */
static void *write_on(void *argument)
{
    struct thread *thread = argument;
    for (unsigned i = 1; i <= WRITES; i++) {
        const struct mill_valve_config change = {
            .fields = thread->field, .viscous = 0.01 * i, .coulomb = 0.01 * i, .wall_stiffness = i};
        thread->failed += mill_config_writer_write(thread->writer, thread->client, &change, NULL) < 0;
    }
    return NULL;
}

/* How many of the writes that were reported done were not. */
static unsigned lost_of(const char *name)
{
    static const enum mill_config_field own[THREADS] = {MILL_CONFIG_VISCOUS, MILL_CONFIG_COULOMB,
                                                        MILL_CONFIG_WALL_STIFFNESS};
    struct mill_model_device *model = open_running_valve();
    struct mill_config_writer *writer;
    struct thread threads[THREADS];
    pthread_t ids[THREADS] = {0};
    struct mill_valve_status status;
    assert_int_equal(mill_config_writer_create(mill_config_writer_ops_find(name), &writer), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        threads[i] = (struct thread){.writer = writer, .client = open_client(model), .field = own[i]};
        assert_int_equal(pthread_create(&ids[i], NULL, write_on, &threads[i]), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(ids[i], NULL);
        assert_int_equal(threads[i].failed, 0);
    }
    mill_sleep_until(mill_now_ns() + 2 * MILL_CONFIG_TICK_NS); /* what is staged takes effect … */
    assert_int_equal(mill_device_get_status(threads[0].client, &status, NULL), 0); /* … before this */
    uint64_t applied = mill_model_applied(model);
    for (unsigned i = 0; i < THREADS; i++) {
        mill_device_client_destroy(threads[i].client);
    }
    mill_config_writer_destroy(writer);
    mill_model_destroy(model);
    assert_true(applied <= THREADS * WRITES);
    return THREADS * WRITES - (unsigned)applied;
}

static void test_posting_loses(void **state)
{
    (void)state;
    unsigned lost = 0;
    for (unsigned attempt = 0; attempt < 100 && lost == 0; attempt++) {
        lost = lost_of("post");
    }
    assert_true(lost > 0);
}

static void test_waiting_a_tick_loses_nothing(void **state)
{
    (void)state;
    assert_int_equal(lost_of("wait-a-tick"), 0);
}

static void test_reading_back_loses_nothing(void **state)
{
    (void)state;
    assert_int_equal(lost_of("read-back"), 0);
}

/* A write whose change is replaced at once is written again. */
static void test_reading_back_sees_every_field(void **state)
{
    (void)state;
    struct mill_model_device *model = open_running_valve();
    struct mill_device_client *client = open_client(model);
    struct mill_config_writer *writer;
    struct mill_valve_config live;
    const struct mill_valve_config change = {
        .fields = MILL_CONFIG_CLOSED_POS | MILL_CONFIG_OPEN_POS | MILL_CONFIG_VISCOUS | MILL_CONFIG_COULOMB |
                  MILL_CONFIG_WALL_STIFFNESS | MILL_CONFIG_WALL_DAMPING | MILL_CONFIG_SMOOTHING |
                  MILL_CONFIG_TORQUE_LIMIT,
        .closed_pos = 1.237,
        .open_pos = 61.113,
        .viscous = 0.12345,
        .coulomb = 0.23456,
        .wall_stiffness = 12.345,
        .wall_damping = 0.34567,
        .smoothing = 0.0023456,
        .torque_limit = 4.321,
    };
    assert_int_equal(mill_config_writer_create(mill_config_writer_ops_find("read-back"), &writer), 0);
    assert_int_equal(mill_config_writer_write(writer, client, &change, NULL), 0);
    mill_model_config(model, &live);
    assert_true(live.viscous == change.viscous && live.torque_limit == change.torque_limit);
    assert_int_equal(mill_model_applied(model), 1); /* written once */
    mill_config_writer_destroy(writer);
    mill_device_client_destroy(client);
    mill_model_destroy(model);
}

static void test_bad_arguments(void **state)
{
    (void)state;
    struct mill_model_device *model = open_running_valve();
    struct mill_device_client *client = open_client(model);
    struct mill_device_failure failure = {0};
    const struct mill_valve_config travel = {.fields = MILL_CONFIG_TRAVEL, .travel = 90};
    const struct mill_valve_config bad = {.fields = MILL_CONFIG_VISCOUS, .viscous = -1};
    struct mill_config_writer *writer;
    for (size_t i = 0; i < mill_config_writer_family.count; i++) {
        const struct mill_strategy *about = mill_config_writer_family.strategies[i];
        assert_ptr_equal(&mill_config_writer_ops_find(about->name)->about, about);
        assert_int_equal(mill_config_writer_create(mill_config_writer_ops_of(about), &writer), 0);
        assert_int_equal(mill_config_writer_write(writer, client, &bad, &failure), -EINVAL);
        assert_int_equal(failure.kind, MILL_DEVICE_VALIDATION);
        assert_int_equal(mill_config_writer_write(writer, client, NULL, NULL), -EINVAL);
        assert_int_equal(mill_config_writer_write(writer, NULL, &travel, NULL), -EINVAL);
        assert_int_equal(mill_config_writer_write(writer, client, &travel, NULL),
                         strcmp(about->name, "read-back") == 0 ? -EINVAL : 0);
        mill_config_writer_destroy(writer);
    }
    assert_null(mill_config_writer_ops_find("no-such-writer"));
    assert_int_equal(mill_config_writer_create(NULL, &writer), -EINVAL);
    assert_int_equal(mill_config_writer_create(mill_config_writer_ops_find("post"), NULL), -EINVAL);
    assert_int_equal(mill_config_writer_write(NULL, client, &travel, NULL), -EINVAL);
    mill_config_writer_destroy(NULL);
    mill_device_client_destroy(client);
    mill_model_destroy(model);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_posting_loses),
        cmocka_unit_test(test_waiting_a_tick_loses_nothing),
        cmocka_unit_test(test_reading_back_loses_nothing),
        cmocka_unit_test(test_reading_back_sees_every_field),
        cmocka_unit_test(test_bad_arguments),
    };
    return cmocka_run_group_tests_name("device/config_writer", tests, NULL, NULL);
}
