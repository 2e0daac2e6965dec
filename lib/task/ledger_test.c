#include "task/ledger.h"

#include <errno.h>
#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>

#include <cmocka.h>

#define ACCOUNTS 5u
#define THREADS  3u
#define ENTRIES  600

static struct mill_ledger *create(size_t strategy)
{
    struct mill_ledger *ledger;
    const struct mill_ledger_ops *ops = mill_ledger_ops_of(mill_ledger_family.strategies[strategy]);
    assert_int_equal(mill_ledger_create(ops, ACCOUNTS, &ledger), 0);
    return ledger;
}

static void balances_are_the_sums_of_what_was_added(void **state)
{
    (void)state;
    for (size_t s = 0; s < mill_ledger_family.count; s++) {
        struct mill_ledger *ledger = create(s);
        assert_int_equal(ledger->ops->add(ledger, 0, 5), 0);
        assert_int_equal(ledger->ops->add(ledger, 4, -7), 0);
        assert_int_equal(ledger->ops->add(ledger, 4, MILL_LEDGER_AMOUNT_MAX), 0);
        assert_int_equal(ledger->ops->add(ledger, 1, -MILL_LEDGER_AMOUNT_MAX), 0);
        assert_int_equal(ledger->ops->balance(ledger, 0), 5);
        assert_int_equal(ledger->ops->balance(ledger, 1), -MILL_LEDGER_AMOUNT_MAX);
        assert_int_equal(ledger->ops->balance(ledger, 2), 0);
        assert_int_equal(ledger->ops->balance(ledger, 4), MILL_LEDGER_AMOUNT_MAX - 7);
        mill_ledger_destroy(ledger);
    }
}

static void *add_all(void *argument)
{
    struct mill_ledger *ledger = argument;
    for (int i = 0; i < ENTRIES; i++) {
        if (ledger->ops->add(ledger, (unsigned)i % ACCOUNTS, i % 2 ? 3 : -1) < 0) {
            abort();
        }
    }
    return NULL;
}

static void nothing_is_lost_between_threads(void **state)
{
    (void)state;
    for (size_t s = 0; s < mill_ledger_family.count; s++) {
        if (mill_ledger_family.strategies[s]->traits & MILL_ONE_THREAD) {
            continue;
        }
        struct mill_ledger *ledger = create(s);
        pthread_t threads[THREADS];
        int64_t total = 0;
        for (unsigned i = 0; i < THREADS; i++) {
            assert_int_equal(pthread_create(&threads[i], NULL, add_all, ledger), 0);
        }
        for (unsigned i = 0; i < THREADS; i++) {
            pthread_join(threads[i], NULL);
        }
        for (unsigned account = 0; account < ACCOUNTS; account++) {
            total += ledger->ops->balance(ledger, account);
        }
        assert_int_equal(total, THREADS * ENTRIES);
        mill_ledger_destroy(ledger);
    }
}

static void bad_input_is_refused(void **state)
{
    (void)state;
    struct mill_ledger *ledger;
    const struct mill_ledger_ops *ops = mill_ledger_ops_find("mutex");
    assert_non_null(ops);
    assert_null(mill_ledger_ops_find("mutexes"));
    assert_int_equal(mill_ledger_create(NULL, 1, &ledger), -EINVAL);
    assert_int_equal(mill_ledger_create(ops, 0, &ledger), -EINVAL);
    assert_int_equal(mill_ledger_create(ops, MILL_LEDGER_ACCOUNTS_MAX + 1, &ledger), -EINVAL);
    assert_int_equal(mill_ledger_create(ops, 1, NULL), -EINVAL);
    mill_ledger_destroy(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(balances_are_the_sums_of_what_was_added),
        cmocka_unit_test(nothing_is_lost_between_threads),
        cmocka_unit_test(bad_input_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
