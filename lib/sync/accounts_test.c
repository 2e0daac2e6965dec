#include "sync/accounts.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/random.h"
#include "sync/accounts_list.h"

#define THREADS   3u
#define TRANSFERS 3000u

static void test_moves_money(void **state)
{
    const struct mill_accounts_ops *ops = *state;
    struct mill_accounts *accounts;
    int64_t least;
    assert_int_equal(mill_accounts_create(ops, 3, 100, 1, &accounts), 0);
    assert_int_equal(mill_accounts_transfer(accounts, 0, 1, 1), -EPERM);
    assert_int_equal(mill_watch_attach(&accounts->watch, 0), 0);
    assert_int_equal(mill_accounts_transfer(accounts, 0, 2, 60), 0);
    assert_int_equal(mill_accounts_transfer(accounts, 2, 1, 160), 0);
    assert_int_equal(accounts->account[0].balance, 40);
    assert_int_equal(accounts->account[1].balance, 260);
    assert_int_equal(accounts->account[2].balance, 0);
    assert_int_equal(mill_accounts_transfer(accounts, 0, 1, 41), -ERANGE);
    assert_int_equal(mill_accounts_transfer(accounts, 0, 1, 40), 0);
    assert_int_equal(mill_accounts_sum(accounts, &least), 300);
    assert_int_equal(least, 0);
    mill_accounts_destroy(accounts);
    mill_accounts_destroy(NULL);
}

static void test_refuses_what_is_wrong(void **state)
{
    const struct mill_accounts_ops *ops = *state;
    struct mill_accounts *accounts;
    assert_int_equal(mill_accounts_create(NULL, 3, 100, 1, &accounts), -EINVAL);
    assert_int_equal(mill_accounts_create(ops, 3, 100, 1, NULL), -EINVAL);
    assert_int_equal(mill_accounts_create(ops, 1, 100, 1, &accounts), -EINVAL);
    assert_int_equal(mill_accounts_create(ops, MILL_ACCOUNTS_MAX + 1, 100, 1, &accounts), -EINVAL);
    assert_int_equal(mill_accounts_create(ops, 3, -1, 1, &accounts), -EINVAL);
    assert_int_equal(mill_accounts_create(ops, 3, INT64_MAX / 2, 1, &accounts), -EINVAL);
    assert_int_equal(mill_accounts_create(ops, 3, 100, 0, &accounts), -EINVAL);
    assert_int_equal(mill_accounts_create(ops, 2, 100, 1, &accounts), 0);
    assert_int_equal(mill_watch_attach(&accounts->watch, 0), 0);
    assert_int_equal(mill_accounts_transfer(accounts, 0, 0, 1), -EINVAL);
    assert_int_equal(mill_accounts_transfer(accounts, 2, 0, 1), -EINVAL);
    assert_int_equal(mill_accounts_transfer(accounts, 0, 2, 1), -EINVAL);
    assert_int_equal(mill_accounts_transfer(accounts, 0, 1, -1), -EINVAL);
    mill_accounts_destroy(accounts);
}

/* Once the watch is broken nothing moves any more, and nothing stays locked. */
static void test_a_broken_watch_ends_transfers(void **state)
{
    const struct mill_accounts_ops *ops = *state;
    struct mill_accounts *accounts;
    assert_int_equal(mill_accounts_create(ops, 2, 100, 1, &accounts), 0);
    assert_int_equal(mill_watch_attach(&accounts->watch, 0), 0);
    assert_int_equal(mill_watch_break(&accounts->watch, NULL, 0), 0);
    assert_int_equal(mill_accounts_transfer(accounts, 0, 1, 1), -ECANCELED);
    assert_int_equal(mill_accounts_transfer(accounts, 1, 0, 1), -ECANCELED);
    assert_int_equal(accounts->account[0].balance, 100);
    for (unsigned i = 0; i < 2; i++) {
        assert_false(mill_watched_lock_is_mine(&accounts->account[i].lock.watched));
    }
    mill_accounts_destroy(accounts);
}

struct teller {
    struct mill_accounts *accounts;
    unsigned index;
    unsigned attempts;
    int status; /* of the transfer that ended it, or 0 */
};

static void *move_around(void *argument)
{
    struct teller *teller = argument;
    struct mill_random random;
    mill_random_seed(&random, 1, teller->index);
    mill_watch_attach(&teller->accounts->watch, teller->index);
    for (unsigned i = 0; i < teller->attempts && teller->status == 0; i++) {
        unsigned from = (unsigned)mill_random_below(&random, teller->accounts->count);
        unsigned to = (from + 1 + (unsigned)mill_random_below(&random, teller->accounts->count - 1)) %
                      teller->accounts->count;
        int status =
            mill_accounts_transfer(teller->accounts, from, to, (int64_t)mill_random_below(&random, 50));
        teller->status = status == -ERANGE ? 0 : status;
    }
    return NULL;
}

static void start(struct teller *tellers, pthread_t *threads, struct mill_accounts *accounts,
                  unsigned attempts)
{
    for (unsigned i = 0; i < THREADS; i++) {
        tellers[i] = (struct teller){.accounts = accounts, .index = i, .attempts = attempts};
        assert_int_equal(pthread_create(&threads[i], NULL, move_around, &tellers[i]), 0);
    }
}

static void test_conserves_the_sum(void **state)
{
    const struct mill_accounts_ops *ops = *state;
    if (ops->about.traits & MILL_CONTROL) {
        skip(); /* it would wait for ever */
    }
    struct mill_accounts *accounts;
    struct teller tellers[THREADS];
    pthread_t threads[THREADS] = {0};
    int64_t least;
    assert_int_equal(mill_accounts_create(ops, 3, 100, THREADS, &accounts), 0);
    start(tellers, threads, accounts, TRANSFERS);
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_int_equal(tellers[i].status, 0);
    }
    assert_int_equal(mill_accounts_sum(accounts, &least), 300);
    assert_true(least >= 0);
    mill_accounts_destroy(accounts);
}

/* Runs until it has deadlocked, which its dawdling makes a matter of moments. */
static void test_unordered_deadlocks_and_is_named(void **state)
{
    (void)state;
    struct mill_accounts *accounts;
    struct teller tellers[THREADS];
    pthread_t threads[THREADS] = {0};
    char words[256];
    int64_t least;
    assert_int_equal(mill_accounts_create(&mill_accounts_unordered, 2, 100, THREADS, &accounts), 0);
    start(tellers, threads, accounts, UINT32_MAX);
    while (mill_watch_find_circle(&accounts->watch, words, sizeof words) == 0) {
        sched_yield();
    }
    assert_int_equal(mill_watch_break(&accounts->watch, words, sizeof words), 2);
    assert_non_null(strstr(words, " holds account "));
    assert_non_null(strstr(words, " waits for account "));
    unsigned deadlocked = 0;
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
        assert_true(tellers[i].status == -EDEADLK || tellers[i].status == -ECANCELED);
        deadlocked += tellers[i].status == -EDEADLK;
    }
    assert_int_equal(deadlocked, 2);
    assert_int_equal(mill_accounts_sum(accounts, &least), 200);
    mill_accounts_destroy(accounts);
}

/* ---- ranks ---- */

static void test_against_the_order_is_refused(void **state)
{
    (void)state;
    struct mill_watch watch;
    struct mill_ranked_lock locks[3];
    static const unsigned ranks[] = {1, 2, 2};
    assert_int_equal(mill_watch_open(&watch, 2), 0);
    for (unsigned i = 0; i < 3; i++) {
        assert_int_equal(mill_ranked_lock_init(&locks[i], &watch, "lock", ranks[i]), 0);
    }
    assert_int_equal(mill_ranked_lock_init(NULL, &watch, "lock", 1), -EINVAL);
    assert_int_equal(mill_ranked_lock_acquire(&locks[0]), -EPERM); /* not attached */
    assert_int_equal(mill_watch_attach(&watch, 0), 0);
    assert_int_equal(mill_ranked_lock_acquire(&locks[1]), 0);
    assert_int_equal(mill_ranked_lock_acquire(&locks[0]), -EPERM); /* lower */
    assert_int_equal(mill_ranked_lock_acquire(&locks[2]), -EPERM); /* equal */
    assert_int_equal(mill_ranked_lock_acquire(&locks[1]), -EPERM); /* itself */
    assert_false(mill_watched_lock_is_mine(&locks[0].watched));
    mill_ranked_lock_release(&locks[1]);

    assert_int_equal(mill_ranked_lock_acquire(&locks[0]), 0);
    assert_int_equal(mill_ranked_lock_acquire(&locks[1]), 0);
    mill_ranked_lock_release(&locks[0]); /* not in reverse */
    assert_int_equal(mill_ranked_lock_acquire(&locks[0]), -EPERM);
    mill_ranked_lock_release(&locks[1]);
    assert_int_equal(mill_ranked_lock_acquire(&locks[0]), 0);
    mill_ranked_lock_release(&locks[0]);

    mill_watch_break(&watch, NULL, 0);
    assert_int_equal(mill_ranked_lock_acquire(&locks[1]), -ECANCELED);
    assert_int_equal(mill_ranked_lock_acquire(&locks[0]), -ECANCELED); /* the failed one is not held */
    mill_watch_close(&watch);
}

static void test_family_finds_its_strategies(void **state)
{
    (void)state;
    for (size_t i = 0; i < mill_accounts_family.count; i++) {
        const struct mill_strategy *about = mill_accounts_family.strategies[i];
        assert_ptr_equal(&mill_accounts_ops_find(about->name)->about, about);
    }
    assert_null(mill_accounts_ops_find("no-such-order"));
}

#define TABLE(ident) (void *)(uintptr_t)&mill_accounts_##ident
#define EACH(ident)                                                                                  \
    {"moves money: " #ident, test_moves_money, NULL, NULL, TABLE(ident)},                            \
        {"refuses: " #ident, test_refuses_what_is_wrong, NULL, NULL, TABLE(ident)},                  \
        {"ends when broken: " #ident, test_a_broken_watch_ends_transfers, NULL, NULL, TABLE(ident)}, \
        {"conserves the sum: " #ident, test_conserves_the_sum, NULL, NULL, TABLE(ident)},

int main(void)
{
    const struct CMUnitTest tests[] = {
        MILL_ACCOUNTS(EACH) cmocka_unit_test(test_unordered_deadlocks_and_is_named),
        cmocka_unit_test(test_against_the_order_is_refused),
        cmocka_unit_test(test_family_finds_its_strategies),
    };
    return cmocka_run_group_tests_name("sync/accounts", tests, NULL, NULL);
}
