/* The same five functions in four orders. */
#include "sync/litmus.h"

#define PLAIN_STORE(variable)   ((variable)->value.plain = 1)
#define PLAIN_LOAD(variable)    ((variable)->value.plain)
#define RELAXED_STORE(variable) atomic_store_explicit(&(variable)->value.ordered, 1, memory_order_relaxed)
#define RELAXED_LOAD(variable)  atomic_load_explicit(&(variable)->value.ordered, memory_order_relaxed)
/* pairs with the acquiring load of the same variable, which sees the 1 */
#define RELEASE_STORE(variable) atomic_store_explicit(&(variable)->value.ordered, 1, memory_order_release)
#define ACQUIRE_LOAD(variable)  atomic_load_explicit(&(variable)->value.ordered, memory_order_acquire)
#define SEQ_CST_STORE(variable) atomic_store_explicit(&(variable)->value.ordered, 1, memory_order_seq_cst)
#define SEQ_CST_LOAD(variable)  atomic_load_explicit(&(variable)->value.ordered, memory_order_seq_cst)

#define ACCESSES(ident, STORE, LOAD)                                                                      \
    static void ident##_store(struct mill_litmus_variable *variable)                                      \
    {                                                                                                     \
        STORE(variable);                                                                                  \
    }                                                                                                     \
    static void ident##_store_both(struct mill_litmus_variable *first, struct mill_litmus_variable *then) \
    {                                                                                                     \
        STORE(first);                                                                                     \
        STORE(then);                                                                                      \
    }                                                                                                     \
    static int ident##_store_then_load(struct mill_litmus_variable *stored,                               \
                                       struct mill_litmus_variable *loaded)                               \
    {                                                                                                     \
        STORE(stored);                                                                                    \
        return LOAD(loaded);                                                                              \
    }                                                                                                     \
    static int ident##_load_then_store(struct mill_litmus_variable *loaded,                               \
                                       struct mill_litmus_variable *stored)                               \
    {                                                                                                     \
        int seen = LOAD(loaded);                                                                          \
        STORE(stored);                                                                                    \
        return seen;                                                                                      \
    }                                                                                                     \
    static void ident##_load_both(struct mill_litmus_variable *first, struct mill_litmus_variable *then,  \
                                  int seen[2])                                                            \
    {                                                                                                     \
        seen[0] = LOAD(first);                                                                            \
        seen[1] = LOAD(then);                                                                             \
    }

#define TABLE(ident)                                                                                      \
    .store = ident##_store, .store_both = ident##_store_both, .store_then_load = ident##_store_then_load, \
    .load_then_store = ident##_load_then_store, .load_both = ident##_load_both

ACCESSES(plain, PLAIN_STORE, PLAIN_LOAD)
ACCESSES(relaxed, RELAXED_STORE, RELAXED_LOAD)
ACCESSES(release_acquire, RELEASE_STORE, ACQUIRE_LOAD)
ACCESSES(seq_cst, SEQ_CST_STORE, SEQ_CST_LOAD)

static const struct mill_litmus_ops orders[] = {
    {.about = {.name = "plain",
               .summary = "plain accesses: a data race, whose outcome nobody promises",
               .source = "C11 5.1.2.4",
               .traits = MILL_CONTROL,
               .progress = MILL_WAIT_FREE},
     TABLE(plain)},
    {.about = {.name = "relaxed",
               .summary = "atomic accesses that order nothing but themselves",
               .source = "C11 memory_order_relaxed",
               .progress = MILL_WAIT_FREE},
     TABLE(relaxed)},
    {.about = {.name = "release-acquire",
               .summary = "stores release, loads acquire: who sees a store sees what came before it",
               .source = "C11 memory_order_release, memory_order_acquire",
               .progress = MILL_WAIT_FREE},
     .forbids = MILL_LITMUS_MESSAGE_PASSING | MILL_LITMUS_LOAD_BUFFERING,
     TABLE(release_acquire)},
    {.about = {.name = "seq-cst",
               .summary = "all accesses stand in one order that all threads agree on",
               .source = "C11 memory_order_seq_cst; Lamport 1979",
               .progress = MILL_WAIT_FREE},
     .forbids = MILL_LITMUS_STORE_BUFFERING | MILL_LITMUS_MESSAGE_PASSING | MILL_LITMUS_LOAD_BUFFERING |
                MILL_LITMUS_INDEPENDENT_READS,
     TABLE(seq_cst)},
};

static const struct mill_strategy *const strategies[] = {&orders[0].about, &orders[1].about, &orders[2].about,
                                                         &orders[3].about};

const struct mill_family mill_litmus_family = {
    .name = "litmus",
    .summary = "loads and stores in one memory order",
    .strategies = strategies,
    .count = sizeof strategies / sizeof strategies[0],
};

const struct mill_litmus_ops *mill_litmus_ops_find(const char *name)
{
    return mill_litmus_ops_of(mill_family_find(&mill_litmus_family, name));
}
