#include "core/cpu.h"

#include <errno.h>
#include <hwloc.h>
#include <sched.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"

struct mill_cpus {
    size_t count, cores, packages, nodes;
    int *compact; /* processor numbers in topology order */
    int *spread;  /* the same numbers, each as far as can be from those before it */
    struct mill_text summary;
};

/* What this process may use, of what the machine has: hwloc leaves away what a cgroup forbids, the affinity
 * mask is taken away here. The mask is the caller's alone: a sanitizer's own thread keeps the mask of the
 * machine. */
static int load(hwloc_topology_t topology, struct mill_error *error)
{
    hwloc_bitmap_t allowed = hwloc_bitmap_alloc();
    int status = 0;
    if (!allowed) {
        return mill_error_set(error, -ENOMEM, "cannot read the processors: out of memory");
    }
    /* Discovery by running on each processor in turn would move this thread about. */
    if (hwloc_topology_set_flags(topology, HWLOC_TOPOLOGY_FLAG_DONT_CHANGE_BINDING) < 0 ||
        hwloc_topology_load(topology) < 0 || hwloc_get_cpubind(topology, allowed, HWLOC_CPUBIND_THREAD) < 0 ||
        hwloc_topology_restrict(topology, allowed, HWLOC_RESTRICT_FLAG_REMOVE_CPULESS) < 0) {
        status = errno > 0 ? -errno : -EIO;
        mill_error_set(error, status, "cannot read the processors (hwloc): %s", strerror(-status));
    }
    hwloc_bitmap_free(allowed);
    return status;
}

static size_t count_of(hwloc_topology_t topology, hwloc_obj_type_t type, size_t if_unknown)
{
    int count = hwloc_get_nbobjs_by_type(topology, type);
    return count > 0 ? (size_t)count : if_unknown;
}

struct spot {
    int number;
    size_t turn;   /* its place in the round robin of the level at hand */
    size_t rank;   /* which hardware thread of its core it is */
    size_t before; /* its place before sorting, since qsort() need not be stable */
};

static int by_rank_and_turn(const void *a, const void *b)
{
    const struct spot *left = a, *right = b;
    if (left->rank != right->rank) {
        return left->rank < right->rank ? -1 : 1;
    }
    if (left->turn != right->turn) {
        return left->turn < right->turn ? -1 : 1;
    }
    return left->before < right->before ? -1 : left->before > right->before;
}

static size_t rank_in_core(hwloc_topology_t topology, hwloc_obj_t processor)
{
    hwloc_obj_t core = hwloc_get_ancestor_obj_by_type(topology, HWLOC_OBJ_CORE, processor);
    int rank = core ? hwloc_get_obj_index_inside_cpuset(topology, core->cpuset, processor) : 0;
    return rank > 0 ? (size_t)rank : 0;
}

/* Orders the processors below `object` into spots[0..n) and returns n: the orders of its children, one of
 * each in turn. So packages alternate before caches, caches before cores; and a core's second hardware thread
 * comes after the first ones of all cores, even where the children are of different size. */
static size_t spread_below(hwloc_topology_t topology, hwloc_obj_t object, struct spot *spots)
{
    if (object->type == HWLOC_OBJ_PU) {
        spots[0] = (struct spot){.number = (int)object->os_index, .rank = rank_in_core(topology, object)};
        return 1;
    }
    size_t count = 0;
    for (unsigned i = 0; i < object->arity; i++) {
        size_t added = spread_below(topology, object->children[i], spots + count);
        for (size_t turn = 0; turn < added; turn++) {
            spots[count + turn].turn = turn;
            spots[count + turn].before = count + turn;
        }
        count += added;
    }
    qsort(spots, count, sizeof *spots, by_rank_and_turn);
    return count;
}

static int fill_orders(struct mill_cpus *cpus, hwloc_topology_t topology)
{
    struct spot *spots = calloc(cpus->count, sizeof *spots);
    cpus->compact = calloc(cpus->count, sizeof *cpus->compact);
    cpus->spread = calloc(cpus->count, sizeof *cpus->spread);
    if (!spots || !cpus->compact || !cpus->spread) {
        free(spots);
        return -ENOMEM;
    }
    spread_below(topology, hwloc_get_root_obj(topology), spots);
    for (size_t i = 0; i < cpus->count; i++) {
        cpus->compact[i] = (int)hwloc_get_obj_by_type(topology, HWLOC_OBJ_PU, (unsigned)i)->os_index;
        cpus->spread[i] = spots[i].number;
    }
    free(spots);
    return 0;
}

static void add_count(struct mill_text *text, size_t count, const char *thing)
{
    mill_text_add(text, "%s%zu %s%s", text->length > 0 ? ", " : "", count, thing, count == 1 ? "" : "s");
}

static void add_size(struct mill_text *text, uint64_t bytes)
{
    const uint64_t kib = 1024, mib = 1024 * kib;
    if (bytes % mib == 0) {
        mill_text_add(text, "%llu MiB", (unsigned long long)(bytes / mib));
    } else {
        mill_text_add(text, "%llu KiB", (unsigned long long)(bytes / kib));
    }
}

/* The outermost cache: "L3 480 MiB", or "4 x L3 32 MiB" where there are several. */
static void add_cache(struct mill_text *text, hwloc_topology_t topology)
{
    static const struct {
        hwloc_obj_type_t type;
        const char *name;
    } levels[] = {
        {HWLOC_OBJ_L5CACHE, "L5"}, {HWLOC_OBJ_L4CACHE, "L4"}, {HWLOC_OBJ_L3CACHE, "L3"},
        {HWLOC_OBJ_L2CACHE, "L2"}, {HWLOC_OBJ_L1CACHE, "L1"},
    };
    for (size_t i = 0; i < sizeof levels / sizeof levels[0]; i++) {
        uint64_t least = UINT64_MAX, most = 0;
        size_t count = 0;
        hwloc_obj_t cache = NULL;
        while ((cache = hwloc_get_next_obj_by_type(topology, levels[i].type, cache))) {
            uint64_t size = cache->attr->cache.size;
            least = size < least ? size : least;
            most = size > most ? size : most;
            count++;
        }
        if (most == 0) {
            continue;
        }
        mill_text_add(text, ", ");
        if (count > 1) {
            mill_text_add(text, "%zu x ", count);
        }
        mill_text_add(text, "%s ", levels[i].name);
        if (least < most) {
            add_size(text, least);
            mill_text_add(text, " to ");
        }
        add_size(text, most);
        return;
    }
}

static int describe(struct mill_cpus *cpus, hwloc_topology_t topology)
{
    add_count(&cpus->summary, cpus->packages, "package");
    add_count(&cpus->summary, cpus->cores, "core");
    add_count(&cpus->summary, cpus->count, "hardware thread");
    add_count(&cpus->summary, cpus->nodes, "NUMA node");
    add_cache(&cpus->summary, topology);
    return cpus->summary.failed ? -ENOMEM : 0;
}

int mill_cpus_open(struct mill_cpus **cpus, struct mill_error *error)
{
    hwloc_topology_t topology = NULL;
    struct mill_cpus *opened = calloc(1, sizeof *opened);
    int status = 0;
    if (!opened || hwloc_topology_init(&topology) < 0) {
        topology = NULL;
        status = mill_error_set(error, -ENOMEM, "cannot read the processors: out of memory");
        goto out;
    }
    status = load(topology, error);
    if (status < 0) {
        goto out;
    }
    opened->count = count_of(topology, HWLOC_OBJ_PU, 0);
    if (opened->count == 0) {
        status = mill_error_set(error, -ENODEV, "cannot read the processors: hwloc sees none");
        goto out;
    }
    opened->cores = count_of(topology, HWLOC_OBJ_CORE, opened->count);
    opened->packages = count_of(topology, HWLOC_OBJ_PACKAGE, 1);
    opened->nodes = count_of(topology, HWLOC_OBJ_NUMANODE, 1);
    status = fill_orders(opened, topology);
    if (status == 0) {
        status = describe(opened, topology);
    }
    if (status < 0) {
        mill_error_set(error, status, "cannot read the processors: out of memory");
        goto out;
    }
    *cpus = opened;
    opened = NULL;
out:
    if (topology) {
        hwloc_topology_destroy(topology);
    }
    mill_cpus_close(opened);
    return status;
}

void mill_cpus_close(struct mill_cpus *cpus)
{
    if (!cpus) {
        return;
    }
    free(cpus->compact);
    free(cpus->spread);
    mill_text_free(&cpus->summary);
    free(cpus);
}

size_t mill_cpus_count(const struct mill_cpus *cpus)
{
    return cpus->count;
}

size_t mill_cpus_cores(const struct mill_cpus *cpus)
{
    return cpus->cores;
}

size_t mill_cpus_packages(const struct mill_cpus *cpus)
{
    return cpus->packages;
}

size_t mill_cpus_nodes(const struct mill_cpus *cpus)
{
    return cpus->nodes;
}

int mill_cpus_number(const struct mill_cpus *cpus, size_t i)
{
    return i < cpus->count ? cpus->compact[i] : -EINVAL;
}

const char *mill_cpus_summary(const struct mill_cpus *cpus)
{
    return cpus->summary.text;
}

void mill_cpus_place(const struct mill_cpus *cpus, enum mill_pin pin, size_t threads, int *place)
{
    const int *order = pin == MILL_PIN_COMPACT ? cpus->compact : pin == MILL_PIN_SPREAD ? cpus->spread : NULL;
    for (size_t i = 0; i < threads; i++) {
        place[i] = order ? order[i % cpus->count] : -1;
    }
}

int mill_cpu_pin_self(int number)
{
    if (number == -1) {
        return 0;
    }
    if (number < 0) {
        return -EINVAL;
    }
    size_t size = CPU_ALLOC_SIZE((size_t)number + 1);
    cpu_set_t *set = CPU_ALLOC((size_t)number + 1);
    if (!set) {
        return -ENOMEM;
    }
    CPU_ZERO_S(size, set);
    CPU_SET_S((size_t)number, size, set);
    int status = sched_setaffinity(0, size, set) < 0 ? -errno : 0;
    CPU_FREE(set);
    return status;
}

static const char *const pin_names[] = {
    [MILL_PIN_NONE] = "none",
    [MILL_PIN_COMPACT] = "compact",
    [MILL_PIN_SPREAD] = "spread",
};

const char *mill_pin_name(enum mill_pin pin)
{
    return pin_names[pin];
}

int mill_pin_parse(const char *word, enum mill_pin *pin)
{
    for (size_t i = 0; i < sizeof pin_names / sizeof pin_names[0]; i++) {
        if (strcmp(pin_names[i], word) == 0) {
            *pin = (enum mill_pin)i;
            return 0;
        }
    }
    return -EINVAL;
}
