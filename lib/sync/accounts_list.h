/* Every accounts strategy, one line each. */
#ifndef MILL_SYNC_ACCOUNTS_LIST_H
#define MILL_SYNC_ACCOUNTS_LIST_H

#include "sync/accounts.h"

#define MILL_ACCOUNTS(X) \
    X(unordered)         \
    X(ordered)           \
    X(trylock)           \
    X(hierarchical)      \
    X(one_lock)

#define MILL_ACCOUNTS_DECLARE(ident) extern const struct mill_accounts_ops mill_accounts_##ident;
MILL_ACCOUNTS(MILL_ACCOUNTS_DECLARE)
#undef MILL_ACCOUNTS_DECLARE

/* Takes the lock of `first`, calls `between` (or NULL), and takes that of `second`. 0, or what a lock said,
 * and then neither is held. */
int mill_accounts_enter_both(struct mill_accounts *accounts, unsigned first, unsigned second,
                             void (*between)(void));

/* `leave` of the strategies that hold the two accounts' locks. */
void mill_accounts_leave_both(struct mill_accounts *accounts, unsigned from, unsigned to);

#endif
