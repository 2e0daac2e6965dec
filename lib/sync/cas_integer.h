/* An integer changed by compare-and-swap alone (row 7 of the patterns).
 *
 *     struct mill_cas_integer integer = {0};
 *     int64_t now = mill_increment_and_get(&integer);
 *     if (mill_compare_and_swap(&integer, now, now * 2))
 *         …
 *
 * Any thread may call any function at any time. Each change is sequentially consistent, so it can publish
 * other data and be read as a version; lock-free. A change of the value and back (ABA) is not noticed: where
 * that matters the value must carry a tag, as freelist_tagged.c does. An overflow is the caller's mistake.
 */
#ifndef MILL_SYNC_CAS_INTEGER_H
#define MILL_SYNC_CAS_INTEGER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct mill_cas_integer {
    _Atomic int64_t value;
};

static inline int64_t mill_cas_integer_get(const struct mill_cas_integer *integer)
{
    return atomic_load_explicit(&integer->value, memory_order_seq_cst);
}

/* Changes the value to `desired` if it is `expected`, and says whether it did. Never fails for another
 * reason. */
static inline bool mill_compare_and_swap(struct mill_cas_integer *integer, int64_t expected, int64_t desired)
{
    return atomic_compare_exchange_strong_explicit(&integer->value, &expected, desired, memory_order_seq_cst,
                                                   memory_order_seq_cst);
}

/* Adds one, and returns the value that this call made. */
static inline int64_t mill_increment_and_get(struct mill_cas_integer *integer)
{
    int64_t before;
    do {
        before = mill_cas_integer_get(integer);
    } while (!mill_compare_and_swap(integer, before, before + 1));
    return before + 1;
}

#endif
