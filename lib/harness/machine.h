/* What a result needs to say about where it was measured and what was measured.
 */
#ifndef MILL_HARNESS_MACHINE_H
#define MILL_HARNESS_MACHINE_H

#include <jansson.h>

#include "core/clock.h"
#include "core/cpu.h"

/* {"processor", "processors", "cores", …, "kernel", "hypervisor", "clock", …}; what the system does not tell
 * is null. The caller owns the reference; NULL when memory ran out. */
json_t *mill_machine_describe(const struct mill_cpus *cpus, const struct mill_clock *clock);

/* This program's version, flavour and compiler in one line: "0.1.0 (plain, Clang 14.0.6)". */
const char *mill_build_line(void);

/* {"version", "flavour", "compiler", "flags", "commit"} of this program. */
json_t *mill_build_describe(void);

#endif
