#include "core/test_exhaustion.h"
#include "task/manager.h"

static int receive_one(struct mill_member *me, void *argument)
{
    void *message;
    (void)argument;
    return mill_member_receive(me, &message, MILL_FOREVER);
}

static int live(struct mill_manager *manager)
{
    static char message;
    int status = mill_manager_add(manager, "a", receive_one, NULL);
    if (status == 0) {
        status = mill_manager_start(manager, "a");
        struct mill_member_metrics metrics;
        assert_int_equal(mill_manager_metrics(manager, "a", &metrics), 0);
        assert_int_equal(metrics.state == MILL_MEMBER_CREATED, status < 0);
    }
    if (status == 0) {
        status = mill_manager_send(manager, "a", &message, MILL_FOREVER);
    }
    return status;
}

static int attempt(void *context)
{
    (void)context;
    struct mill_manager *manager;
    const struct mill_manager_settings settings = {.mailbox_capacity = 4};
    int status = mill_manager_create(&settings, &manager);
    if (status < 0) {
        return status;
    }
    status = live(manager);
    assert_int_equal(mill_manager_shutdown(manager, MILL_FOREVER, NULL, 0, NULL), 0);
    assert_int_equal(mill_manager_destroy(manager), 0);
    return status;
}

static void test_manager_survives(void **state)
{
    (void)state;
    assert_true(mill_exhaust(attempt, NULL) >= 7);
}

int main(void)
{
    const struct CMUnitTest tests[] = {cmocka_unit_test(test_manager_survives)};
    return cmocka_run_group_tests_name("manager_exhaustion", tests, NULL, NULL);
}
