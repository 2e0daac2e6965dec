#include "harness/meter.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <time.h>

static const uint64_t tight_enough_ns = 20 * MILL_NS_PER_US;
static const int tries_max = 5;

int mill_meter_create(struct mill_meter *meter, unsigned threads)
{
    meter->at_ns = 0;
    meter->threads = calloc(threads, sizeof *meter->threads);
    return meter->threads ? 0 : -ENOMEM;
}

void mill_meter_destroy(struct mill_meter *meter)
{
    free(meter->threads);
    meter->threads = NULL;
}

static void read_operations(struct mill_meter *meter, const struct mill_crew *crew)
{
    for (int tries = 0; tries < tries_max; tries++) {
        uint64_t before = mill_now_ns();
        for (unsigned i = 0; i < crew->spec->threads; i++) {
            /* relaxed: a count that its only writer may be raising meanwhile */
            meter->threads[i].operations =
                atomic_load_explicit(&crew->hands[i].worker.operations, memory_order_relaxed);
        }
        uint64_t after = mill_now_ns();
        meter->at_ns = before + (after - before) / 2;
        if (after - before < tight_enough_ns) {
            return;
        }
    }
}

void mill_meter_read(struct mill_meter *meter, const struct mill_crew *crew)
{
    read_operations(meter, crew);
    for (unsigned i = 0; i < crew->spec->threads; i++) {
        clockid_t clock;
        struct timespec used = {0};
        if (pthread_getcpuclockid(crew->hands[i].thread, &clock) == 0) {
            clock_gettime(clock, &used);
        }
        meter->threads[i].cpu_ns = mill_timespec_ns(used);
    }
    meter->cpu_at_ns = mill_now_ns();
}

static void read_switches(struct mill_meter_thread *thread, pid_t id)
{
    char path[64];
    char line[256];
    unsigned long long value;
    snprintf(path, sizeof path, "/proc/self/task/%d/status", (int)id);
    FILE *file = fopen(path, "re");
    if (!file) {
        return;
    }
    while (fgets(line, sizeof line, file)) {
        if (sscanf(line, "voluntary_ctxt_switches: %llu", &value) == 1) {
            thread->voluntary = value;
        } else if (sscanf(line, "nonvoluntary_ctxt_switches: %llu", &value) == 1) {
            thread->involuntary = value;
        }
    }
    fclose(file);
}

void mill_meter_read_switches(struct mill_meter *meter, const struct mill_crew *crew)
{
    for (unsigned i = 0; i < crew->spec->threads; i++) {
        read_switches(&meter->threads[i], crew->hands[i].id);
    }
}
