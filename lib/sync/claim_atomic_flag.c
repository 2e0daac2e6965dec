/* One exchange looks and raises: the cure that costs least. */
#include <stdatomic.h>

#include "sync/claim_list.h"

struct flag {
    struct mill_claim claim;
    atomic_bool busy;
};

static bool try(struct mill_claim *claim)
{
    struct flag *flag = (struct flag *)claim;
    /* relaxed: only a hint, which spares the owner the loss of its cache line. acquire: pairs with the
     * release of the owner before. */
    return !atomic_load_explicit(&flag->busy, memory_order_relaxed) &&
           !atomic_exchange_explicit(&flag->busy, true, memory_order_acquire);
}

static void release(struct mill_claim *claim)
{
    atomic_store_explicit(&((struct flag *)claim)->busy, false, memory_order_release);
}

const struct mill_claim_ops mill_claim_atomic_flag = {
    .about =
        {
            .name = "atomic-flag",
            .summary = "one atomic exchange looks and raises",
            .source = "Rudolph and Segall 1984",
            .progress = MILL_WAIT_FREE,
            .size = sizeof(struct flag),
        },
    .try = try,
    .release = release,
};
