#include "core/test_exhaustion.h"

#include "sync/accounts.h"

static int transfer_once(void *context)
{
    struct mill_accounts *accounts;
    int status = mill_accounts_create(context, 2, 100, 2, &accounts);
    if (status < 0) {
        return status;
    }
    status = mill_watch_attach(&accounts->watch, 0);
    if (status == 0) {
        status = mill_accounts_transfer(accounts, 0, 1, 50);
    }
    mill_accounts_destroy(accounts);
    return status;
}

static void test_survives(void **state)
{
    (void)state;
    for (size_t i = 0; i < mill_accounts_family.count; i++) {
        const struct mill_accounts_ops *ops = mill_accounts_ops_of(mill_accounts_family.strategies[i]);
        assert_int_equal(mill_exhaust(transfer_once, (void *)(uintptr_t)ops), 3);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_survives),
    };
    return cmocka_run_group_tests_name("sync/accounts_exhaustion", tests, NULL, NULL);
}
