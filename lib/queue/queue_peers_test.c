/* Which of our queues is set beside which of another library's: like with like, and nothing else. */
#include "queue/queue.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

struct pair {
    const char *ours, *theirs;
};

/* All of them. What stands here differs in nothing but who wrote it. */
static const struct pair pairs[] = {
    {"ms-hazard", "ck-hp-fifo"},        {"ms-hazard", "xenium-ms-hazard"},  {"ms-epoch", "xenium-ms-epoch"},
    {"mpsc", "urcu-wfcqueue-mpsc"},     {"mpmc-ring", "xenium-vyukov"},     {"lscq", "xenium-ramalhete"},
    {"spsc-ring", "atomic-queue-spsc"}, {"spsc-cached", "moodycamel-spsc"}, {"lanes", "moodycamel"},
    {"lanes", "moodycamel-tokens"},
};

#define PAIRS (sizeof pairs / sizeof pairs[0])

static bool is_listed(const struct mill_strategy *ours, const struct mill_strategy *theirs)
{
    for (size_t i = 0; i < PAIRS; i++) {
        if (strcmp(pairs[i].ours, ours->name) == 0 && strcmp(pairs[i].theirs, theirs->name) == 0) {
            return true;
        }
    }
    return false;
}

static bool are_peers(const struct mill_strategy *one, const struct mill_strategy *other)
{
    return one->algorithm && other->algorithm && strcmp(one->algorithm, other->algorithm) == 0;
}

static void test_the_pairs_are_those_listed(void **state)
{
    (void)state;
    size_t found = 0;
    for (size_t i = 0; i < mill_queue_family.count; i++) {
        const struct mill_strategy *ours = mill_queue_family.strategies[i];
        for (size_t j = 0; j < mill_queue_family.count && !ours->library; j++) {
            const struct mill_strategy *theirs = mill_queue_family.strategies[j];
            if (theirs->library && are_peers(ours, theirs) != is_listed(ours, theirs)) {
                fail_msg("%s and %s are %speers", ours->name, theirs->name,
                         are_peers(ours, theirs) ? "" : "not ");
            }
            found += theirs->library && are_peers(ours, theirs);
        }
    }
    assert_int_equal(found, PAIRS);
}

/* What is in one pair is bounded or not, and for one thread or many on each side, like the other. */
static void test_a_pair_is_of_one_shape(void **state)
{
    (void)state;
    const unsigned alike = MILL_QUEUE_BOUNDED | MILL_QUEUE_ONE_PRODUCER | MILL_QUEUE_ONE_CONSUMER |
                           MILL_QUEUE_PRODUCER_ORDER | MILL_QUEUE_DROPS_OLDEST | MILL_QUEUE_LOOSE_ORDER;
    for (size_t i = 0; i < PAIRS; i++) {
        const struct mill_queue_ops *ours = mill_queue_ops_find(pairs[i].ours);
        const struct mill_queue_ops *theirs = mill_queue_ops_find(pairs[i].theirs);
        assert_non_null(ours);
        assert_non_null(theirs);
        assert_int_equal(ours->shape & alike, theirs->shape & alike);
    }
}

/* A peer without an algorithm could never be found to be like ours. */
static void test_every_peer_has_an_algorithm(void **state)
{
    (void)state;
    for (size_t i = 0; i < mill_queue_family.count; i++) {
        const struct mill_strategy *strategy = mill_queue_family.strategies[i];
        assert_true(!strategy->library || strategy->algorithm);
    }
    assert_non_null(mill_queue_ops_find("scq")->about.algorithm);
    assert_non_null(mill_queue_ops_find("bbq")->about.algorithm);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_the_pairs_are_those_listed),
        cmocka_unit_test(test_a_pair_is_of_one_shape),
        cmocka_unit_test(test_every_peer_has_an_algorithm),
    };
    return cmocka_run_group_tests_name("queue_peers", tests, NULL, NULL);
}
