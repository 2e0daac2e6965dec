/* A loop of read and compare-and-swap: some thread always succeeds, a particular one may fail for ever. Once
 * without and once with back-off after a lost race.
 */
#include "core/backoff.h"
#include "sync/cas_integer.h"
#include "sync/counter_list.h"

struct mill_counter {
    struct mill_cas_integer integer;
};

static bool try_add(struct mill_counter *counter, int64_t amount)
{
    int64_t before = mill_cas_integer_get(&counter->integer);
    return mill_compare_and_swap(&counter->integer, before, before + amount);
}

static void add(struct mill_counter *counter, unsigned slot, int64_t amount)
{
    (void)slot;
    while (!try_add(counter, amount)) {
    }
}

static void add_with_backoff(struct mill_counter *counter, unsigned slot, int64_t amount)
{
    (void)slot;
    struct mill_backoff backoff = MILL_BACKOFF_INIT;
    while (!try_add(counter, amount)) {
        mill_backoff_wait(&backoff);
    }
}

static int64_t read(struct mill_counter *counter)
{
    return mill_cas_integer_get(&counter->integer);
}

const struct mill_counter_ops mill_counter_cas = {
    .about =
        {
            .name = "cas",
            .summary = "a loop of read and compare-and-swap",
            .source = "Herlihy 1991",
            .progress = MILL_LOCK_FREE,
            .size = sizeof(struct mill_counter),
        },
    .create = mill_counter_create_word,
    .destroy = mill_counter_destroy_word,
    .add = add,
    .read = read,
};

const struct mill_counter_ops mill_counter_cas_backoff = {
    .about =
        {
            .name = "cas-backoff",
            .summary = "a loop of read and compare-and-swap with exponential back-off",
            .source = "Herlihy 1991; Anderson 1990",
            .progress = MILL_LOCK_FREE,
            .size = sizeof(struct mill_counter),
        },
    .create = mill_counter_create_word,
    .destroy = mill_counter_destroy_word,
    .add = add_with_backoff,
    .read = read,
};
