#include "core/test_exhaustion.h"

#include "sync/claim.h"

static int claim_once(void *context)
{
    struct mill_claim *claim;
    int status = mill_claim_create(context, &claim);
    if (status == 0) {
        assert_true(mill_claim_try(claim));
        mill_claim_release(claim);
        mill_claim_destroy(claim);
    }
    return status;
}

static void test_survives(void **state)
{
    (void)state;
    for (size_t i = 0; i < mill_claim_family.count; i++) {
        const struct mill_claim_ops *ops = mill_claim_ops_of(mill_claim_family.strategies[i]);
        assert_int_equal(mill_exhaust(claim_once, (void *)(uintptr_t)ops), 1);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_survives),
    };
    return cmocka_run_group_tests_name("sync/claim_exhaustion", tests, NULL, NULL);
}
