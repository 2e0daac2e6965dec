/* Every scenario, one line each: the identifier of its table, mill_scenario_<identifier>. */
#ifndef MILL_SCENARIOS_LIST_H
#define MILL_SCENARIOS_LIST_H

#include "harness/scenario.h"

#define MILL_SCENARIOS(X)  \
    X(counter)             \
    X(critical_section)    \
    X(lock_try)            \
    X(lock_timed)          \
    X(lock_hog)            \
    X(lock_preempted)      \
    X(read_write)          \
    X(read_mostly)         \
    X(handoff)             \
    X(lock_table)          \
    X(lock_nested)         \
    X(fences)              \
    X(condvar_storm)       \
    X(aba)                 \
    X(false_sharing)       \
    X(event_storm)         \
    X(barrier)             \
    X(barrier_broken)      \
    X(producers_consumers) \
    X(queue_latency)       \
    X(ping_pong)           \
    X(burst)               \
    X(ledger)              \
    X(context_switch)      \
    X(reclaim)             \
    X(worker_stop)         \
    X(scope)               \
    X(collector_jitter)    \
    X(manager_pause)       \
    X(pool_tasks)          \
    X(transfer)            \
    X(singleton)           \
    X(pool_latency)        \
    X(fork_join)           \
    X(check_then_act)      \
    X(callback_reentrant)  \
    X(callback_slow)       \
    X(device_read)         \
    X(device_watchers)     \
    X(device_decide)       \
    X(device_commands)     \
    X(device_lost_update)  \
    X(device_power_cycle)  \
    X(device_async)        \
    X(recorder_load)       \
    X(tuner_shared)        \
    X(stream_callbacks)    \
    X(stream_fanout)       \
    X(store_buffering)     \
    X(message_passing)     \
    X(load_buffering)      \
    X(independent_reads)

#define MILL_SCENARIO_DECLARE(ident) extern const struct mill_scenario mill_scenario_##ident;
MILL_SCENARIOS(MILL_SCENARIO_DECLARE)
#undef MILL_SCENARIO_DECLARE

extern const struct mill_scenario_list mill_scenarios;

#endif
