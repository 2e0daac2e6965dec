#include "core/node.h"

#include <errno.h>
#include <hwloc.h>
#include <pthread.h>
#include <sched.h>
#include <stdint.h>

#include "core/sanitizer.h"
#include "core/thread_index.h"

#define PROCESSORS 4096 /* whose nodes are known; those above count as of the first */

/* The process's nodes: the one context that changes here. */
static struct {
    pthread_once_t once;
    int status;
    unsigned count;
    unsigned pretended; /* 0: none */
    uint16_t of[PROCESSORS];
} nodes = {.once = PTHREAD_ONCE_INIT, .count = 1, .pretended = MILL_UNDER_HUNT ? 2 : 0};

static void read_from(hwloc_topology_t topology)
{
    int count = hwloc_get_nbobjs_by_type(topology, HWLOC_OBJ_NUMANODE);
    nodes.count = count > 0 && count <= UINT16_MAX ? (unsigned)count : 1;
    for (unsigned node = 0; nodes.count > 1 && node < nodes.count; node++) {
        hwloc_obj_t object = hwloc_get_obj_by_type(topology, HWLOC_OBJ_NUMANODE, node);
        int processor;
        hwloc_bitmap_foreach_begin(processor, object->cpuset) if (processor < PROCESSORS)
        {
            nodes.of[processor] = (uint16_t)node;
        }
        hwloc_bitmap_foreach_end();
    }
}

static void read_once(void)
{
    hwloc_topology_t topology;
    if (nodes.pretended > 0) {
        return;
    }
    if (hwloc_topology_init(&topology) < 0) {
        nodes.status = -ENOMEM;
        return;
    }
    if (hwloc_topology_set_flags(topology, HWLOC_TOPOLOGY_FLAG_DONT_CHANGE_BINDING) < 0 ||
        hwloc_topology_load(topology) < 0) {
        nodes.status = errno > 0 ? -errno : -EIO;
    } else {
        read_from(topology);
    }
    hwloc_topology_destroy(topology);
}

int mill_nodes_open(void)
{
    pthread_once(&nodes.once, read_once);
    return nodes.status;
}

unsigned mill_nodes_count(void)
{
    return nodes.pretended > 0 ? nodes.pretended : nodes.count;
}

unsigned mill_node_self(void)
{
    if (nodes.pretended > 0) {
        int index = mill_thread_index();
        return index > 0 ? (unsigned)index % nodes.pretended : 0;
    }
    if (nodes.count == 1) {
        return 0;
    }
    int processor = sched_getcpu();
    return processor >= 0 && processor < PROCESSORS ? nodes.of[processor] : 0;
}

void mill_nodes_pretend(unsigned count)
{
    nodes.pretended = count;
}
