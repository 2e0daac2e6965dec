#include "sync/claim.h"

#include <errno.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "sync/claim_list.h"

#define STRATEGY(ident) &mill_claim_##ident.about,
static const struct mill_strategy *const strategies[] = {MILL_CLAIMS(STRATEGY)};

const struct mill_family mill_claim_family = {
    .name = "claim",
    .summary = "a resource that one thread at a time has, and others find taken",
    .strategies = strategies,
    .count = sizeof strategies / sizeof strategies[0],
};

const struct mill_claim_ops *mill_claim_ops_find(const char *name)
{
    return mill_claim_ops_of(mill_family_find(&mill_claim_family, name));
}

int mill_claim_create(const struct mill_claim_ops *ops, struct mill_claim **claim)
{
    if (!ops || !claim) {
        return -EINVAL;
    }
    struct mill_claim *made = mill_isolated_alloc(ops->about.size);
    if (!made) {
        return -ENOMEM;
    }
    made->ops = ops;
    int status = ops->open ? ops->open(made) : 0;
    if (status < 0) {
        free(made);
        return status;
    }
    *claim = made;
    return 0;
}

void mill_claim_destroy(struct mill_claim *claim)
{
    if (claim && claim->ops->close) {
        claim->ops->close(claim);
    }
    free(claim);
}
