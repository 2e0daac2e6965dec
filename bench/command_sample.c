/* threadmill sample: the child of a run; specification in, sample out (harness/child.h). Not for people. */
#include "commands.h"
#include "harness/child.h"
#include "scenarios/list.h"

static int run(int argc, char **argv)
{
    (void)argc;
    (void)argv;
    return mill_child_main(&mill_scenarios);
}

const struct mill_command mill_command_sample = {"sample", NULL, run};
