/* NUMA nodes: how many this process's processors belong to, and on which one the calling thread runs. What
 * locks that keep a line within a node go by.
 *
 *     int status = mill_nodes_open();
 *     struct of_node *each = calloc(mill_nodes_count(), sizeof *each);
 *     each[mill_node_self()] …
 *
 * A thread may be moved at any time, so the answer is a hint: right for most of the time, and never beyond
 * the count. The topology is hwloc's, so a machine may be faked: HWLOC_SYNTHETIC="numa:2 pu:1" makes one
 * processor each of two nodes. Under a hunt, and for tests, threads are dealt out to nodes instead.
 */
#ifndef MILL_CORE_NODE_H
#define MILL_CORE_NODE_H

/* Reads the topology, once a process; any thread. 0; -ENOMEM; or what hwloc said, -EIO where it said nothing.
 * A further call says the same. */
int mill_nodes_open(void);

/* At least 1; of a process that has opened them. */
unsigned mill_nodes_count(void);

/* Below mill_nodes_count(). A few nanoseconds, and none at all where there is one node. Wait-free but for the
 * first call of a thread to which a node is dealt. */
unsigned mill_node_self(void);

/* From now on there are so many nodes, and the thread of number i (core/thread_index.h) is on node i modulo
 * `count`; 0: as it really is. For tests, while no other thread asks. */
void mill_nodes_pretend(unsigned count);

#endif
