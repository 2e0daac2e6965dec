#include "sync/claim.h"

#include <errno.h>
#include <pthread.h>
#include <sched.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdint.h>

#include <cmocka.h>

#include "core/sanitizer.h"
#include "sync/claim_list.h"

#define THREADS 3u
#define CLAIMS  20000u

static void test_has_one_owner(void **state)
{
    const struct mill_claim_ops *ops = *state;
    struct mill_claim *claim;
    assert_int_equal(mill_claim_create(ops, &claim), 0);
    for (unsigned i = 0; i < 100; i++) {
        assert_true(mill_claim_try(claim));
        assert_false(mill_claim_try(claim));
        assert_false(mill_claim_try(claim));
        mill_claim_release(claim);
    }
    mill_claim_destroy(claim);
    mill_claim_destroy(NULL);
}

struct sharing {
    struct mill_claim *claim;
    bool control;
    uint64_t count; /* plain: the owner's */
    atomic_uint inside;
    atomic_uint overlaps;
};

static void *share(void *argument)
{
    struct sharing *run = argument;
    for (unsigned i = 0; i < CLAIMS; i++) {
        while (!mill_claim_try(run->claim)) {
            sched_yield();
        }
        if (atomic_fetch_add_explicit(&run->inside, 1, memory_order_relaxed) != 0) {
            atomic_fetch_add_explicit(&run->overlaps, 1, memory_order_relaxed);
        }
        run->count += !run->control;
        atomic_fetch_sub_explicit(&run->inside, 1, memory_order_relaxed);
        mill_claim_release(run->claim);
    }
    return NULL;
}

/* Whether it never had two owners. */
static bool shares(const struct mill_claim_ops *ops)
{
    struct sharing run = {.control = (ops->about.traits & MILL_CONTROL) != 0};
    pthread_t threads[THREADS] = {0};
    assert_int_equal(mill_claim_create(ops, &run.claim), 0);
    for (unsigned i = 0; i < THREADS; i++) {
        assert_int_equal(pthread_create(&threads[i], NULL, share, &run), 0);
    }
    for (unsigned i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    mill_claim_destroy(run.claim);
    return run.overlaps == 0 && (run.control || run.count == (uint64_t)THREADS * CLAIMS);
}

static void test_shares(void **state)
{
    const struct mill_claim_ops *ops = *state;
    if (ops->about.traits & MILL_CONTROL) {
        skip();
    }
    assert_true(shares(ops));
}

static void test_plain_flag_has_two_owners(void **state)
{
    (void)state;
    if (MILL_UNDER_TSAN) {
        print_message("left out: ThreadSanitizer rightly reports the race that this test is made of\n");
        skip();
    }
    bool caught = false;
    for (unsigned attempt = 0; attempt < 100 && !caught; attempt++) {
        caught = !shares(&mill_claim_plain_flag);
    }
    assert_true(caught);
}

static void test_family_finds_its_strategies(void **state)
{
    (void)state;
    struct mill_claim *claim;
    for (size_t i = 0; i < mill_claim_family.count; i++) {
        const struct mill_strategy *about = mill_claim_family.strategies[i];
        assert_ptr_equal(&mill_claim_ops_find(about->name)->about, about);
    }
    assert_null(mill_claim_ops_find("no-such-flag"));
    assert_int_equal(mill_claim_create(NULL, &claim), -EINVAL);
    assert_int_equal(mill_claim_create(&mill_claim_locked, NULL), -EINVAL);
}

#define TABLE(ident) (void *)(uintptr_t)&mill_claim_##ident
#define EACH(ident)                                                           \
    {"has one owner: " #ident, test_has_one_owner, NULL, NULL, TABLE(ident)}, \
        {"shares: " #ident, test_shares, NULL, NULL, TABLE(ident)},

int main(void)
{
    const struct CMUnitTest tests[] = {
        MILL_CLAIMS(EACH) cmocka_unit_test(test_plain_flag_has_two_owners),
        cmocka_unit_test(test_family_finds_its_strategies),
    };
    return cmocka_run_group_tests_name("sync/claim", tests, NULL, NULL);
}
