#include "device/sharing.h"

#include "device/test_valve.h"

static void leave_alone(void *context, const struct mill_valve_status *status,
                        const struct mill_valve_config *config, struct mill_valve_config *change)
{
    (void)context;
    (void)status;
    (void)config;
    (void)change;
}

static void test_refuses_what_no_device_is_to_be_asked(void **state)
{
    struct mill_sharing_plan plan = test_valve_plan(1);
    const struct mill_valve_config nothing = {0};
    struct mill_sharing *sharing;
    struct mill_valve_status status;
    struct mill_device_failure failure = {0};
    assert_int_equal(mill_sharing_create(*state, &plan, &sharing, NULL), 0);
    unsigned posts = atomic_load(&test_valve_posts);
    assert_int_equal(mill_sharing_update_config(sharing, 0, &nothing, &failure), -EINVAL);
    assert_int_equal(failure.kind, MILL_DEVICE_VALIDATION);
    assert_int_equal(mill_sharing_update_config(sharing, 1, &nothing, &failure), -EINVAL);
    assert_int_equal(mill_sharing_update_config(sharing, 0, NULL, NULL), -EINVAL);
    assert_int_equal(mill_sharing_get_status(sharing, 1, &status, NULL, &failure), -EINVAL);
    assert_non_null(strstr(failure.message, "thread 1 of 1"));
    assert_int_equal(mill_sharing_get_status(sharing, 0, NULL, NULL, NULL), -EINVAL);
    assert_int_equal(mill_sharing_get_status(NULL, 0, &status, NULL, &failure), -EINVAL);
    assert_int_equal(mill_sharing_transact(sharing, 0, NULL, NULL, &failure), -EINVAL);
    assert_int_equal(mill_sharing_transact(sharing, 7, leave_alone, NULL, &failure), -EINVAL);
    assert_int_equal(mill_sharing_get_status(sharing, 0, &status, NULL, NULL), 0);
    assert_int_equal(atomic_load(&test_valve_posts), posts);
    mill_sharing_destroy(sharing);
    mill_model_destroy(plan.to.model);
}

static void test_is_idle_between_making_and_unmaking(void **state)
{
    const struct mill_sharing_ops *ops = *state;
    struct mill_sharing_plan plan = test_valve_plan(2);
    struct mill_sharing *sharing;
    plan.refresh_ns = MILL_SHARING_REFRESH_MAX;
    for (unsigned i = 0; i < 20; i++) {
        unsigned asked = atomic_load(&test_valve_asked);
        assert_int_equal(mill_sharing_create(ops, &plan, &sharing, NULL), 0);
        mill_sharing_destroy(sharing);
        unsigned first = (ops->promises & MILL_SHARING_CACHED) ? 1 : 0;
        assert_int_equal(atomic_load(&test_valve_asked) - asked, first);
    }
    mill_model_destroy(plan.to.model);
}

static void test_a_dead_device_is_noticed_where_it_is_read_first(void **state)
{
    const struct mill_sharing_ops *ops = *state;
    struct mill_sharing_plan plan = test_valve_plan(2);
    struct mill_sharing *sharing;
    struct mill_device_failure failure = {0};
    atomic_store(&test_valve_fault, 503);
    int status = mill_sharing_create(ops, &plan, &sharing, &failure);
    if (ops->promises & MILL_SHARING_CACHED) {
        assert_int_equal(status, -EREMOTEIO);
        assert_int_equal(failure.status, 503);
    } else {
        assert_int_equal(status, 0);
        mill_sharing_destroy(sharing);
    }
    mill_model_destroy(plan.to.model);
}

static void assert_refused(const struct mill_sharing_ops *ops, const struct mill_sharing_plan *plan,
                           int expected)
{
    struct mill_sharing *sharing;
    struct mill_device_failure failure = {0};
    assert_int_equal(mill_sharing_create(ops, plan, &sharing, &failure), expected);
    assert_int_equal(failure.kind, MILL_DEVICE_VALIDATION);
    assert_true(strlen(failure.message) > 0);
    assert_int_equal(mill_sharing_create(ops, plan, &sharing, NULL), expected);
}

static void test_bad_plans_are_refused(void **state)
{
    const struct mill_sharing_ops *ops = *state;
    struct mill_sharing_plan good = test_valve_plan(2);
    struct mill_sharing_plan plan = good;
    assert_refused(ops, NULL, -EINVAL);
    assert_refused(NULL, &good, -EINVAL);
    assert_int_equal(mill_sharing_create(ops, &good, NULL, NULL), -EINVAL);
    plan.transport = NULL;
    assert_refused(ops, &plan, -EINVAL);
    plan = good;
    plan.threads = 0;
    assert_refused(ops, &plan, -EINVAL);
    plan.threads = MILL_SHARING_THREADS_MAX + 1;
    assert_refused(ops, &plan, -EINVAL);
    plan = good;
    plan.connections = MILL_SHARING_CONNECTIONS_MAX + 1;
    assert_refused(ops, &plan, -EINVAL);
    plan = good;
    plan.refresh_ns = MILL_SHARING_REFRESH_MAX + 1;
    assert_refused(ops, &plan, -EINVAL);
    plan = good;
    plan.lock = mill_lock_ops_find("none");
    if (ops->promises & MILL_SHARING_LOCKS) {
        assert_refused(ops, &plan, -EINVAL);
    }
    mill_sharing_destroy(NULL);
    mill_model_destroy(good.to.model);
}

static void test_without_a_lock_a_librarys_handle_is_refused(void **state)
{
    (void)state;
    struct mill_sharing_plan plan = {
        .transport = &mill_transport_http, .to = {.host = "127.0.0.1", .port = 1}, .threads = 2};
    assert_refused(&mill_sharing_unshared, &plan, -ENOTSUP);
}

static void test_family_finds_its_strategies(void **state)
{
    (void)state;
    for (size_t i = 0; i < mill_sharing_family.count; i++) {
        const struct mill_strategy *about = mill_sharing_family.strategies[i];
        assert_ptr_equal(&mill_sharing_ops_find(about->name)->about, about);
    }
    assert_null(mill_sharing_ops_find("no-such-sharing"));
}

#define ONE(ident, words, test) \
    {words ": " #ident, test, NULL, NULL, (void *)(uintptr_t)&mill_sharing_##ident},
#define EACH(ident)                                                                   \
    ONE(ident, "refuses", test_refuses_what_no_device_is_to_be_asked)                 \
    ONE(ident, "idle", test_is_idle_between_making_and_unmaking)                      \
    ONE(ident, "a dead device", test_a_dead_device_is_noticed_where_it_is_read_first) \
    ONE(ident, "bad plans", test_bad_plans_are_refused)

int main(void)
{
    const struct CMUnitTest tests[] = {
        MILL_SHARINGS_ANYWHERE(EACH) cmocka_unit_test(test_without_a_lock_a_librarys_handle_is_refused),
        cmocka_unit_test(test_family_finds_its_strategies),
    };
    return cmocka_run_group_tests_name("device/sharing_plan", tests, NULL, NULL);
}
