/* Every claim strategy, one line each. */
#ifndef MILL_SYNC_CLAIM_LIST_H
#define MILL_SYNC_CLAIM_LIST_H

#include "sync/claim.h"

#define MILL_CLAIMS(X) \
    X(plain_flag)      \
    X(atomic_flag)     \
    X(locked)

#define MILL_CLAIM_DECLARE(ident) extern const struct mill_claim_ops mill_claim_##ident;
MILL_CLAIMS(MILL_CLAIM_DECLARE)
#undef MILL_CLAIM_DECLARE

#endif
