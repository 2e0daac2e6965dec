/* Every ledger strategy, one line each: the identifier of its table, mill_ledger_<identifier>. */
#ifndef MILL_TASK_LEDGER_LIST_H
#define MILL_TASK_LEDGER_LIST_H

#include "task/ledger.h"

#define MILL_LEDGERS(X) \
    X(one_thread)       \
    X(mutex)            \
    X(atomic)           \
    X(actor_ask)        \
    X(actor_tell)       \
    X(loop_call)

#define MILL_LEDGER_DECLARE(ident) extern const struct mill_ledger_ops mill_ledger_##ident;
MILL_LEDGERS(MILL_LEDGER_DECLARE)
#undef MILL_LEDGER_DECLARE

#endif
