/* How cohort goes by nodes: it stays on one up to its bound, then crosses; nobody is starved, and those of
 * one node are served as they came. That it keeps others out at all is tested where every lock is.
 */
#include "sync/test_turns.h"

#define mill_pause       turns_pause
#define mill_node_self   turns_node
#define mill_nodes_open  turns_open
#define mill_nodes_count turns_nodes
#include "sync/lock_cohort.c" // NOLINT(bugprone-suspicious-include)

int main(void)
{
    const struct CMUnitTest tests[] = {TESTS_IN_TURNS(cohort)};
    return cmocka_run_group_tests_name("lock cohort", tests, NULL, NULL);
}
