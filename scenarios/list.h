/* Every scenario, one line each: the identifier of its table, mill_scenario_<identifier>. */
#ifndef MILL_SCENARIOS_LIST_H
#define MILL_SCENARIOS_LIST_H

#include "harness/scenario.h"

#define MILL_SCENARIOS(X) \
    X(counter)            \
    X(critical_section)   \
    X(handoff)            \
    X(aba)                \
    X(false_sharing)

#define MILL_SCENARIO_DECLARE(ident) extern const struct mill_scenario mill_scenario_##ident;
MILL_SCENARIOS(MILL_SCENARIO_DECLARE)
#undef MILL_SCENARIO_DECLARE

extern const struct mill_scenario_list mill_scenarios;

#endif
