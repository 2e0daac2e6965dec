#include "harness/cores.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "core/clock.h"

static uint64_t tick_ns(void)
{
    return MILL_NS_PER_S / (uint64_t)sysconf(_SC_CLK_TCK);
}

/* The columns of /proc/stat's first line (proc(5)). */
enum column {
    user,
    nice_,
    system_,
    idle,
    iowait,
    irq,
    softirq,
    steal,
    columns,
};

void mill_cores_read(struct mill_cores_reading *reading)
{
    *reading = (struct mill_cores_reading){.processors = (unsigned)sysconf(_SC_NPROCESSORS_ONLN)};
    unsigned long long ticks[columns] = {0};
    FILE *file = fopen("/proc/stat", "re");
    if (file) {
        reading->known = fscanf(file, "cpu %llu %llu %llu %llu %llu %llu %llu %llu", &ticks[user],
                                &ticks[nice_], &ticks[system_], &ticks[idle], &ticks[iowait], &ticks[irq],
                                &ticks[softirq], &ticks[steal]) == columns;
        fclose(file);
    }
    if (reading->known) {
        reading->busy_ns =
            (ticks[user] + ticks[nice_] + ticks[system_] + ticks[irq] + ticks[softirq]) * tick_ns();
        reading->steal_ns = ticks[steal] * tick_ns();
    }
    struct timespec own;
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &own);
    reading->own_ns = mill_timespec_ns(own);
    reading->at_ns = mill_now_ns();
}

void mill_cores_between(const struct mill_cores_reading *before, const struct mill_cores_reading *after,
                        struct mill_cores_use *use)
{
    double window = (double)(after->at_ns - before->at_ns);
    *use = (struct mill_cores_use){.known = before->known && after->known && window > 0};
    if (!use->known) {
        return;
    }
    double busy = (double)(after->busy_ns - before->busy_ns);
    double own = (double)(after->own_ns - before->own_ns);
    use->own = own / window;
    use->foreign = busy > own ? (busy - own) / window : 0;
    use->steal = (double)(after->steal_ns - before->steal_ns) / window;
    use->resolution = (double)tick_ns() / window;
}
