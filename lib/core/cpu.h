/* Processors: which there are, where they sit, and keeping a thread on one (hwloc).
 *
 *     struct mill_cpus *cpus;
 *     int status = mill_cpus_open(&cpus, &error);
 *     int place[4];
 *     mill_cpus_place(cpus, MILL_PIN_SPREAD, 4, place);
 *     mill_cpu_pin_self(place[index]);
 *     mill_cpus_close(cpus);
 *
 * Only processors that this process may use count: those in its cgroup and in the affinity mask of the thread
 * that opens, which therefore opens before it pins itself. The object is constant after opening and may be
 * read by any thread. hwloc's environment variables (HWLOC_SYNTHETIC, HWLOC_XMLFILE) are respected.
 */
#ifndef MILL_CORE_CPU_H
#define MILL_CORE_CPU_H

#include <stddef.h>

#include "core/error.h"

enum mill_pin {
    MILL_PIN_NONE,    /* the scheduler decides */
    MILL_PIN_COMPACT, /* neighbours in the topology first: shared caches, hardware threads of one core */
    MILL_PIN_SPREAD,  /* as far apart as the topology allows */
};

struct mill_cpus;

/* Reads the topology. 0 or a negative errno; close with mill_cpus_close, to which NULL is harmless. */
int mill_cpus_open(struct mill_cpus **cpus, struct mill_error *error);
void mill_cpus_close(struct mill_cpus *cpus);

/* What this process may use: hardware threads, and the cores, packages and NUMA nodes that hold at least one
 * of them. All are at least 1. */
size_t mill_cpus_count(const struct mill_cpus *cpus);
size_t mill_cpus_cores(const struct mill_cpus *cpus);
size_t mill_cpus_packages(const struct mill_cpus *cpus);
size_t mill_cpus_nodes(const struct mill_cpus *cpus);

/* The operating system's number of the i-th usable processor in topology order; -EINVAL beyond the last. */
int mill_cpus_number(const struct mill_cpus *cpus, size_t i);

/* "1 package, 2 cores, 2 hardware threads, 1 NUMA node, L3 480 MiB": one line of what this process may use
 * and of its outermost caches ("4 x L3 32 MiB" when there are several). Owned by `cpus`. */
const char *mill_cpus_summary(const struct mill_cpus *cpus);

/* Fills place[0..threads) with processor numbers, or with -1 for MILL_PIN_NONE. Fewer threads get the first
 * places of more threads. Spread takes packages in turn, in each of them caches, in each of these cores, and
 * a core's second hardware thread only when every core has one. Threads beyond the processors wrap round; the
 * caller marks them as oversubscribed. */
void mill_cpus_place(const struct mill_cpus *cpus, enum mill_pin pin, size_t threads, int *place);

/* Keeps the calling thread on processor `number`; -1 does nothing. 0 or a negative errno (-EINVAL: there
 * is no such processor, or this process may not use it). */
int mill_cpu_pin_self(int number);

const char *mill_pin_name(enum mill_pin pin);

/* Sets *pin from "none", "compact" or "spread"; -EINVAL for any other word. */
int mill_pin_parse(const char *word, enum mill_pin *pin);

#endif
