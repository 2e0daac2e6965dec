/* Every fault against every way of sharing: nothing hangs, every failure has a name, and the valve did what
 * its callers were told. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "device/fault_matrix.h"
#include "device/sharing_list.h"

static struct mill_fault_plan short_plan(void)
{
    struct mill_fault_plan plan = mill_fault_plan_default;
    plan.window_ns = 20 * MILL_NS_PER_MS;
    plan.refresh_ns = 5 * MILL_NS_PER_MS;
    plan.policy.timeout_ns = 100 * (int64_t)MILL_NS_PER_MS;
    plan.policy.retries = 1;
    plan.seed = 1;
    return plan;
}

/* Nothing is late where only what goes wrong is to be seen: a machine that is busy is none of it. */
static struct mill_fault_plan patient_plan(void)
{
    struct mill_fault_plan plan = short_plan();
    plan.policy.timeout_ns = 60 * (int64_t)MILL_NS_PER_S;
    return plan;
}

static void run(const struct mill_fault_case *what, const struct mill_sharing_ops *strategy,
                const struct mill_fault_plan *plan, struct mill_fault_cell *cell)
{
    struct mill_error error;
    if (mill_fault_cell_run(what, strategy, plan, cell, &error) < 0) {
        fail_msg("%s under '%s': %s", strategy->about.name, what->name, error.message);
    }
    const char *mistake = mill_fault_cell_mistake(cell);
    if (mistake) {
        fail_msg("%s under '%s': %s (%s)", strategy->about.name, what->name, mistake, cell->why);
    }
}

static uint64_t sum(const uint64_t seen[MILL_SEEN_KINDS])
{
    uint64_t all = 0;
    for (unsigned i = 0; i < MILL_SEEN_KINDS; i++) {
        all += seen[i];
    }
    return all;
}

static bool is_shared_by_mistake(const struct mill_strategy *strategy)
{
    return (strategy->traits & MILL_CONTROL) != 0;
}

static void test_the_whole_matrix(void **state)
{
    (void)state;
    struct mill_fault_plan plan = short_plan();
    for (size_t row = 0; row < mill_fault_case_count; row++) {
        for (size_t i = 0; i < mill_sharing_family.count; i++) {
            const struct mill_strategy *strategy = mill_sharing_family.strategies[i];
            struct mill_fault_cell cell;
            if (is_shared_by_mistake(strategy)) {
                continue;
            }
            run(&mill_fault_cases[row], mill_sharing_ops_of(strategy), &plan, &cell);
            assert_true(sum(cell.reads) >= 3 * plan.threads);
            assert_true(sum(cell.writes) >= plan.threads);
            assert_true(cell.slowest_ns > 0);
        }
    }
}

/* ---- each fault, always: what is seen is known ---- */

struct sure {
    struct mill_fault_case what;
    enum mill_seen reads, writes; /* of who asks the valve; the only thing that is seen */
    bool maybe;                   /* a write that failed may have been done, and was */
};

static const struct sure certain[] = {
    {{.name = "none", .faults = ""}, MILL_SEEN_OK, MILL_SEEN_OK, false},
    {{.name = "late", .faults = "latency=fixed:5ms"}, MILL_SEEN_OK, MILL_SEEN_OK, false},
    {{.name = "drop", .faults = "drop=1"}, MILL_SEEN_CONNECTION, MILL_SEEN_CONNECTION, true},
    {{.name = "reset", .faults = "reset=1"}, MILL_SEEN_CONNECTION, MILL_SEEN_CONNECTION, true},
    {{.name = "half", .faults = "half=1"}, MILL_SEEN_CONNECTION, MILL_SEEN_CONNECTION, true},
    {{.name = "burst", .faults = "5xx=1:1"}, MILL_SEEN_API, MILL_SEEN_API, false},
};

static void check_certain(const struct sure *sure, const struct mill_sharing_ops *strategy)
{
    struct mill_fault_plan plan = patient_plan();
    struct mill_fault_cell cell;
    run(&sure->what, strategy, &plan, &cell);
    uint64_t writes = sum(cell.writes);
    assert_int_equal(cell.writes[sure->writes], writes);
    assert_int_equal(cell.done, sure->writes == MILL_SEEN_OK ? writes : 0);
    assert_int_equal(cell.maybe, sure->maybe ? writes : 0);
    assert_int_equal(cell.applied, cell.done + cell.maybe);
    if (strategy->promises & MILL_SHARING_CACHED) {
        /* copies are had, whatever becomes of the refreshes */
        assert_int_equal(cell.reads[MILL_SEEN_OK] + cell.reads[MILL_SEEN_STALE] +
                             cell.reads[MILL_SEEN_TOLD_STALE],
                         sum(cell.reads));
        assert_true(sure->reads != MILL_SEEN_OK || cell.reads[MILL_SEEN_TOLD_STALE] == 0);
    } else {
        assert_int_equal(cell.reads[sure->reads], sum(cell.reads));
    }
    assert_int_equal(cell.why[0] != '\0', sure->writes != MILL_SEEN_OK);
}

static void test_what_is_certain_is_seen(void **state)
{
    (void)state;
    for (size_t row = 0; row < sizeof certain / sizeof certain[0]; row++) {
        check_certain(&certain[row], &mill_sharing_internal_lock);
        check_certain(&certain[row], &mill_sharing_pool);
        check_certain(&certain[row], &mill_sharing_command_queue);
        check_certain(&certain[row], &mill_sharing_async);
        check_certain(&certain[row], &mill_sharing_cached_seqlock);
    }
}

/* A caller that was answered after a burst of one knows that it took two tries, however it shares. */
static void test_retries_are_told(void **state)
{
    (void)state;
    static const struct mill_fault_case now_and_then = {.name = "5xx", .faults = "5xx=0.5:1"};
    static const struct mill_sharing_ops *const asking[] = {&mill_sharing_internal_lock,
                                                            &mill_sharing_client_each, &mill_sharing_async};
    struct mill_fault_plan plan = patient_plan();
    plan.policy.retries = 100;
    plan.policy.backoff_ns = 0;
    for (size_t i = 0; i < sizeof asking / sizeof asking[0]; i++) {
        struct mill_fault_cell cell;
        run(&now_and_then, asking[i], &plan, &cell);
        assert_true(cell.reads[MILL_SEEN_RETRIED] + cell.writes[MILL_SEEN_RETRIED] > 0);
        assert_int_equal(cell.reads[MILL_SEEN_RETRIED] + cell.reads[MILL_SEEN_OK], sum(cell.reads));
        assert_int_equal(cell.done, sum(cell.writes));
        assert_int_equal(cell.applied, cell.done);
    }
}

/* ---- the judge ---- */

static void test_mistakes_are_found(void **state)
{
    (void)state;
    struct mill_fault_cell cell = {.recovered = true, .done = 2, .maybe = 1, .applied = 3};
    assert_null(mill_fault_cell_mistake(&cell));
    cell.applied = 1;
    assert_non_null(strstr(mill_fault_cell_mistake(&cell), "does not know"));
    cell.applied = 4;
    assert_non_null(strstr(mill_fault_cell_mistake(&cell), "reported not done"));
    cell.applied = 2;
    cell.recovered = false;
    assert_non_null(strstr(mill_fault_cell_mistake(&cell), "not found again"));
    cell.recovered = true;
    cell.writes[MILL_SEEN_OTHER] = 1;
    assert_non_null(strstr(mill_fault_cell_mistake(&cell), "no name"));
}

static void test_wrong_use_is_refused(void **state)
{
    (void)state;
    const struct mill_fault_case wrong = {.name = "wrong", .faults = "drop=2"};
    const struct mill_fault_case *none = mill_fault_case_find("none");
    struct mill_fault_plan plan = short_plan();
    struct mill_fault_cell cell;
    struct mill_error error;
    assert_non_null(none);
    assert_null(mill_fault_case_find("nothing"));
    assert_int_equal(mill_fault_cell_run(&wrong, &mill_sharing_pool, &plan, &cell, &error), -EINVAL);
    assert_non_null(strstr(error.message, "drop=2"));
    assert_int_equal(mill_fault_cell_run(NULL, &mill_sharing_pool, &plan, &cell, &error), -EINVAL);
    assert_int_equal(mill_fault_cell_run(none, NULL, &plan, &cell, &error), -EINVAL);
    assert_int_equal(mill_fault_cell_run(none, &mill_sharing_unshared, &plan, &cell, &error), -ENOTSUP);
    assert_non_null(strstr(error.message, "unshared"));
    plan.threads = 0;
    assert_int_equal(mill_fault_cell_run(none, &mill_sharing_pool, &plan, &cell, &error), -EINVAL);
    plan.threads = MILL_FAULT_THREADS_MAX + 1;
    assert_int_equal(mill_fault_cell_run(none, &mill_sharing_pool, &plan, &cell, &error), -EINVAL);
    assert_string_equal(mill_seen_name(MILL_SEEN_TOLD_STALE), "told stale");
    assert_string_equal(mill_seen_name(MILL_SEEN_KINDS), "unknown");
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_whole_matrix),     cmocka_unit_test(test_what_is_certain_is_seen),
        cmocka_unit_test(test_retries_are_told),     cmocka_unit_test(test_mistakes_are_found),
        cmocka_unit_test(test_wrong_use_is_refused),
    };
    return cmocka_run_group_tests_name("device/fault_matrix", tests, NULL, NULL);
}
