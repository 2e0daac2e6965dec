#include "task/scope.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

/* A body that waits for its stop, and then perhaps for more. */
struct resident {
    struct mill_stop began;
    struct mill_stop *then; /* waited for after the stop; or NULL */
    int result;
    atomic_bool ended;
    struct mill_managed *self; /* stopped by the body itself; or NULL */
    int stopped;
};

static int reside(struct mill_stop *stop, void *argument)
{
    struct resident *resident = argument;
    mill_stop_request(&resident->began);
    mill_stop_wait(stop, MILL_FOREVER);
    if (resident->then) {
        mill_stop_wait(resident->then, MILL_FOREVER);
    }
    if (resident->self) {
        resident->stopped = mill_managed_stop(&resident->self, MILL_FOREVER, NULL);
    }
    atomic_store(&resident->ended, true);
    return resident->result;
}

static struct mill_scope_settings settings_for(struct resident *resident, struct mill_scope_end *end)
{
    return (struct mill_scope_settings){
        .name = "resident", .body = reside, .argument = resident, .timeout_ns = MILL_FOREVER, .end = end};
}

static void assert_ended(const struct resident *resident, const struct mill_scope_end *end)
{
    assert_true(atomic_load(&resident->ended));
    assert_int_equal(end->result, resident->result);
    assert_false(end->late);
    assert_null(end->survivor);
}

/* ---- every way out ---- */

enum way { FALLS_OUT, RETURNS, BREAKS, CONTINUES, JUMPS };

static void leave_by(enum way way, struct resident *resident, struct mill_scope_end *end)
{
    const struct mill_scope_settings settings = settings_for(resident, end);
    for (int turn = 0; turn < 1; turn++) {
        MILL_SCOPE(scope, &settings);
        assert_int_equal(scope.status, 0);
        assert_int_equal(mill_stop_wait(&resident->began, MILL_FOREVER), 0);
        assert_false(atomic_load(&resident->ended));
        if (way == RETURNS) {
            return;
        }
        if (way == BREAKS) {
            break;
        }
        if (way == CONTINUES) {
            continue;
        }
        if (way == JUMPS) {
            goto out;
        }
    }
out:
    assert_ended(resident, end);
}

static void test_every_way_out_joins(void **state)
{
    (void)state;
    for (enum way way = FALLS_OUT; way <= JUMPS; way++) {
        struct resident resident = {.result = -(int)way};
        struct mill_scope_end end = {.late = true};
        leave_by(way, &resident, &end);
        assert_ended(&resident, &end);
    }
}

static void test_nested_scopes_end_inside_out(void **state)
{
    (void)state;
    struct resident outer = {0}, inner = {0};
    struct mill_scope_end outer_end, inner_end;
    const struct mill_scope_settings outer_settings = settings_for(&outer, &outer_end);
    const struct mill_scope_settings inner_settings = settings_for(&inner, &inner_end);
    {
        MILL_SCOPE(first, &outer_settings);
        {
            MILL_SCOPE(second, &inner_settings);
            assert_int_equal(first.status, 0);
            assert_int_equal(second.status, 0);
        }
        assert_ended(&inner, &inner_end);
        assert_false(mill_stop_requested(first.stop));
        assert_false(atomic_load(&outer.ended));
    }
    assert_ended(&outer, &outer_end);
}

static void test_ended_before_the_block(void **state)
{
    (void)state;
    struct resident resident = {.result = 7};
    struct mill_scope_end end;
    struct mill_scope_settings settings = settings_for(&resident, &end);
    settings.timeout_ns = 60 * (int64_t)MILL_NS_PER_S;
    {
        MILL_SCOPE(scope, &settings);
        assert_int_equal(scope.status, 0);
        mill_stop_request(scope.stop);
    }
    assert_ended(&resident, &end);
}

/* ---- late ---- */

/* Lets a resident go some time after its scope is being left. */
struct releaser {
    struct mill_stop *scope_stop; /* set before `look` */
    struct mill_stop look;
    struct mill_stop go;
};

static int release_later(struct mill_stop *stop, void *argument)
{
    struct releaser *releaser = argument;
    mill_stop_wait(&releaser->look, MILL_FOREVER);
    mill_stop_wait(releaser->scope_stop, MILL_FOREVER);
    mill_stop_wait(stop, MILL_NS_PER_MS);
    mill_stop_request(&releaser->go);
    return 0;
}

static bool is_late_and_waits(void)
{
    struct releaser releaser = {0};
    struct resident resident = {.then = &releaser.go, .result = 3};
    struct mill_scope_end end;
    struct mill_scope_settings settings = settings_for(&resident, &end);
    settings.timeout_ns = 0;
    struct mill_managed *helper;
    assert_int_equal(mill_managed_start(&helper, "helper", release_later, &releaser), 0);
    {
        MILL_SCOPE(scope, &settings);
        assert_int_equal(scope.status, 0);
        releaser.scope_stop = scope.stop;
        mill_stop_request(&releaser.look);
    }
    assert_true(atomic_load(&resident.ended));
    assert_null(end.survivor);
    assert_int_equal(end.result, 3);
    assert_int_equal(mill_managed_stop(&helper, MILL_FOREVER, NULL), 0);
    return end.late;
}

/* A thread that is kept from running between its request and its join may find the resident gone. */
static void test_late_scope_waits(void **state)
{
    (void)state;
    bool late = false;
    for (int attempt = 0; attempt < 1000 && !late; attempt++) {
        late = is_late_and_waits();
    }
    assert_true(late);
}

static void test_late_scope_hands_over(void **state)
{
    (void)state;
    struct mill_stop go = {0};
    struct resident resident = {.then = &go, .result = 3};
    struct mill_scope_end end;
    struct mill_scope_settings settings = settings_for(&resident, &end);
    settings.timeout_ns = MILL_NS_PER_MS;
    settings.when_late = MILL_SCOPE_HAND_OVER;
    {
        MILL_SCOPE(scope, &settings);
        assert_int_equal(scope.status, 0);
    }
    assert_true(end.late);
    assert_non_null(end.survivor);
    assert_false(atomic_load(&resident.ended));
    assert_int_equal(mill_managed_stop(&end.survivor, 0, NULL), -ETIMEDOUT);
    mill_stop_request(&go);
    int result = 0;
    assert_int_equal(mill_managed_stop(&end.survivor, MILL_FOREVER, &result), 0);
    assert_int_equal(result, 3);
    assert_true(atomic_load(&resident.ended));
}

/* ---- bad input ---- */

static void test_refuses_bad_input(void **state)
{
    (void)state;
    struct resident resident = {0};
    struct mill_scope_end end = {.result = 5};
    struct mill_scope_settings bad[5];
    for (size_t i = 0; i < 5; i++) {
        bad[i] = settings_for(&resident, &end);
    }
    bad[0].name = "a name of 16 chr";
    bad[1].body = NULL;
    bad[2].timeout_ns = -1;
    bad[3].when_late = MILL_SCOPE_HAND_OVER;
    bad[3].end = NULL;
    bad[4].name = NULL;
    for (size_t i = 0; i < 5; i++) {
        MILL_SCOPE(scope, &bad[i]);
        assert_int_equal(scope.status, -EINVAL);
        assert_null(scope.stop);
    }
    MILL_SCOPE(nothing, NULL);
    assert_int_equal(nothing.status, -EINVAL);
    assert_int_equal(mill_managed_start(NULL, "name", reside, &resident), -EINVAL);
    assert_int_equal(mill_managed_stop(NULL, 0, NULL), -EINVAL);
}

static void test_body_cannot_join_itself(void **state)
{
    (void)state;
    struct resident resident = {0};
    struct mill_managed *managed;
    assert_int_equal(mill_managed_start(&managed, "resident", reside, &resident), 0);
    assert_int_equal(mill_stop_wait(&resident.began, MILL_FOREVER), 0);
    resident.self = managed; /* read after the stop */
    assert_int_equal(mill_managed_stop(&managed, -1, NULL), -EINVAL);
    assert_false(mill_stop_requested(mill_managed_stop_event(managed)));
    assert_int_equal(mill_managed_stop(&managed, MILL_FOREVER, NULL), 0);
    assert_null(managed);
    assert_int_equal(mill_managed_stop(&managed, MILL_FOREVER, NULL), -EINVAL); /* stopped before */
    assert_int_equal(resident.stopped, -EDEADLK);
}

/* ---- stop ---- */

static void test_stop_is_waited_for(void **state)
{
    (void)state;
    struct mill_stop stop = {0};
    assert_false(mill_stop_requested(&stop));
    assert_int_equal(mill_stop_wait(&stop, -1), -EINVAL);
    assert_int_equal(mill_stop_wait(&stop, 0), -ETIMEDOUT);
    assert_int_equal(mill_stop_wait(&stop, 1), -ETIMEDOUT);
    mill_stop_request(&stop);
    mill_stop_request(&stop);
    assert_int_equal(mill_stop_wait(&stop, 0), 0);
    assert_int_equal(mill_stop_wait(&stop, MILL_FOREVER), 0);
    mill_stop_clear(&stop);
    assert_int_equal(mill_stop_wait(&stop, 0), -ETIMEDOUT);
}

/* ---- a monitor held for a block ---- */

static int leave_early(struct mill_monitor *monitor, int early)
{
    MILL_INSIDE(held, monitor);
    if (early) {
        return pthread_mutex_trylock(&monitor->mutex);
    }
    return -1;
}

static void test_monitor_is_left_on_every_way_out(void **state)
{
    (void)state;
    struct mill_monitor monitor;
    assert_int_equal(mill_monitor_init(&monitor), 0);
    assert_int_equal(leave_early(&monitor, 1), EBUSY);
    assert_int_equal(leave_early(&monitor, 0), -1);
    assert_int_equal(pthread_mutex_trylock(&monitor.mutex), 0);
    pthread_mutex_unlock(&monitor.mutex);
    mill_monitor_destroy(&monitor);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_every_way_out_joins),
        cmocka_unit_test(test_nested_scopes_end_inside_out),
        cmocka_unit_test(test_ended_before_the_block),
        cmocka_unit_test(test_late_scope_waits),
        cmocka_unit_test(test_late_scope_hands_over),
        cmocka_unit_test(test_refuses_bad_input),
        cmocka_unit_test(test_body_cannot_join_itself),
        cmocka_unit_test(test_stop_is_waited_for),
        cmocka_unit_test(test_monitor_is_left_on_every_way_out),
    };
    return cmocka_run_group_tests_name("scope", tests, NULL, NULL);
}
