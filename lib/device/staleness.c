#include "device/staleness.h"

#include <errno.h>
#include <stdlib.h>

#include "core/cacheline.h"
#include "measure/histogram.h"

struct own {
    alignas(MILL_ISOLATION) struct mill_histogram *ages;
    uint64_t backwards;
};

struct mill_staleness {
    unsigned threads;
    struct mill_histogram *all;
    struct own own[];
};

void mill_staleness_destroy(struct mill_staleness *staleness)
{
    if (staleness) {
        for (unsigned i = 0; i < staleness->threads; i++) {
            mill_histogram_destroy(staleness->own[i].ages);
        }
        mill_histogram_destroy(staleness->all);
        free(staleness);
    }
}

int mill_staleness_create(unsigned threads, struct mill_staleness **staleness)
{
    if (threads == 0 || !staleness) {
        return -EINVAL;
    }
    struct mill_staleness *made = mill_isolated_alloc(sizeof *made + threads * sizeof made->own[0]);
    if (!made) {
        return -ENOMEM;
    }
    made->threads = threads;
    int status = mill_histogram_create(&made->all);
    for (unsigned i = 0; i < threads && status == 0; i++) {
        status = mill_histogram_create(&made->own[i].ages);
    }
    if (status < 0) {
        mill_staleness_destroy(made);
        return status;
    }
    *staleness = made;
    return 0;
}

void mill_staleness_note(struct mill_staleness *staleness, unsigned thread, uint64_t asked_ns,
                         uint64_t had_ns)
{
    struct own *own = &staleness->own[thread];
    if (had_ns < asked_ns) {
        own->backwards++;
    } else {
        mill_histogram_record(own->ages, had_ns - asked_ns);
    }
}

void mill_staleness_read(struct mill_staleness *staleness, struct mill_staleness_summary *summary)
{
    struct mill_histogram *all = staleness->all;
    *summary = (struct mill_staleness_summary){0};
    mill_histogram_reset(all);
    for (unsigned i = 0; i < staleness->threads; i++) {
        mill_histogram_add(all, staleness->own[i].ages);
        summary->backwards += staleness->own[i].backwards;
    }
    summary->count = all->count;
    summary->p50_ns = mill_histogram_percentile(all, 50);
    summary->p99_ns = mill_histogram_percentile(all, 99);
    summary->max_ns = all->maximum;
}
