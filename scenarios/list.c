#include "scenarios/list.h"

#define SCENARIO(ident) &mill_scenario_##ident,
static const struct mill_scenario *const scenarios[] = {MILL_SCENARIOS(SCENARIO)};

const struct mill_scenario_list mill_scenarios = {
    .scenarios = scenarios,
    .count = sizeof scenarios / sizeof scenarios[0],
};
