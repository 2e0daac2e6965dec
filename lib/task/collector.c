#include "task/collector.h"

#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>

#include "core/cacheline.h"
#include "task/runner.h"

struct mill_collector {
    struct mill_collector_settings settings;
    struct mill_runner runner;
    unsigned char *filling; /* what the callback writes to; the collector's thread alone */

    alignas(MILL_ISOLATION) pthread_mutex_t mutex; /* protects all below */
    unsigned char *newest; /* the latest sample, and what is known of it: kept when it is drained */
    struct mill_collected about_newest;
    size_t head; /* of the oldest sample buffered */
    struct mill_collector_metrics metrics;
    unsigned char *samples; /* the buffer */
    struct mill_collected *about;
};

/* ---- the collector's thread ---- */

static unsigned char *sample_at(struct mill_collector *collector, size_t slot)
{
    return collector->samples + slot * collector->settings.sample_size;
}

/* Under the mutex. */
static void buffer_newest(struct mill_collector *collector)
{
    size_t capacity = collector->settings.capacity;
    struct mill_collector_metrics *metrics = &collector->metrics;
    if (metrics->buffered == capacity) {
        collector->head = (collector->head + 1) % capacity;
        metrics->buffered--;
        metrics->dropped++;
    }
    size_t slot = (collector->head + metrics->buffered) % capacity;
    memcpy(sample_at(collector, slot), collector->newest, collector->settings.sample_size);
    collector->about[slot] = collector->about_newest;
    metrics->buffered++;
}

static void collect_one(struct mill_collector *collector, const struct mill_pace *pace, uint64_t missed)
{
    struct mill_collector_metrics *metrics = &collector->metrics;
    const struct mill_collected about = {
        .sequence = metrics->taken + 1, /* without the mutex: this thread alone writes it */
        .period = pace->period,
        .due_ns = pace->start_ns + pace->period * pace->interval_ns,
        .taken_ns = pace->taken_ns,
    };
    int status = collector->settings.collect(collector->filling, &about, collector->settings.argument);
    pthread_mutex_lock(&collector->mutex);
    metrics->missed += missed;
    if (status < 0) {
        metrics->failed++;
        metrics->last_error = status;
    } else {
        unsigned char *filled = collector->filling;
        collector->filling = collector->newest;
        collector->newest = filled;
        collector->about_newest = about;
        metrics->taken++;
        buffer_newest(collector);
    }
    pthread_mutex_unlock(&collector->mutex);
}

static void collect(void *argument)
{
    struct mill_collector *collector = argument;
    /* The kernel may delay a sleeper's timer by the slack, 50 µs where nobody asks for less. */
    prctl(PR_SET_TIMERSLACK, 1ul, 0ul, 0ul, 0ul);
    struct mill_pace pace = {
        .interval_ns = (uint64_t)collector->settings.interval_ns,
        .start_ns = mill_now_ns(),
    };
    uint64_t missed = 0;
    while (collector->settings.pace->await(&pace, &collector->runner.stop) == 0) {
        collect_one(collector, &pace, pace.missed - missed);
        missed = pace.missed;
        pace.period++;
    }
}

/* ---- made and unmade ---- */

static int check_settings(const struct mill_collector_settings *settings)
{
    if (!settings || !settings->collect || settings->interval_ns <= 0 || settings->capacity == 0 ||
        settings->sample_size == 0 || settings->sample_size > MILL_COLLECTOR_BYTES_MAX / settings->capacity) {
        return -EINVAL;
    }
    return settings->pace && settings->pace->about.missing ? -ENOTSUP : 0;
}

static void free_collector(struct mill_collector *collector)
{
    free(collector->filling);
    free(collector->newest);
    free(collector->samples);
    free(collector->about);
    free(collector);
}

int mill_collector_create(const struct mill_collector_settings *settings, struct mill_collector **collector)
{
    int status = collector ? check_settings(settings) : -EINVAL;
    if (status < 0) {
        return status;
    }
    struct mill_collector *made = mill_isolated_alloc(sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    made->settings = *settings;
    if (!made->settings.pace) {
        made->settings.pace = mill_pace_ops_find("absolute");
    }
    made->filling = calloc(1, settings->sample_size);
    made->newest = calloc(1, settings->sample_size);
    made->samples = calloc(settings->capacity, settings->sample_size);
    made->about = calloc(settings->capacity, sizeof made->about[0]);
    if (!made->filling || !made->newest || !made->samples || !made->about) {
        status = -ENOMEM;
        goto failed;
    }
    status = -pthread_mutex_init(&made->mutex, NULL);
    if (status < 0) {
        goto failed;
    }
    status = mill_runner_init(&made->runner, settings->name, collect, made);
    if (status < 0) {
        goto no_runner;
    }
    *collector = made;
    return 0;

no_runner:
    pthread_mutex_destroy(&made->mutex);
failed:
    free_collector(made);
    return status;
}

int mill_collector_destroy(struct mill_collector *collector)
{
    if (!collector) {
        return 0;
    }
    int status = mill_runner_destroy(&collector->runner);
    if (status == 0) {
        pthread_mutex_destroy(&collector->mutex);
        free_collector(collector);
    }
    return status;
}

int mill_collector_start(struct mill_collector *collector)
{
    int status = mill_runner_start(&collector->runner, NULL);
    return status == -EALREADY ? 0 : status;
}

int mill_collector_stop(struct mill_collector *collector, int64_t timeout_ns)
{
    uint64_t deadline;
    int status = mill_deadline_after(timeout_ns, &deadline);
    return status < 0 ? status : mill_runner_stop(&collector->runner, deadline);
}

/* ---- read ---- */

int mill_collector_latest(struct mill_collector *collector, void *sample, struct mill_collected *about)
{
    if (!sample) {
        return -EINVAL;
    }
    pthread_mutex_lock(&collector->mutex);
    int status = collector->metrics.taken > 0 ? 0 : -ENOENT;
    if (status == 0) {
        memcpy(sample, collector->newest, collector->settings.sample_size);
        if (about) {
            *about = collector->about_newest;
        }
    }
    pthread_mutex_unlock(&collector->mutex);
    return status;
}

int mill_collector_drain(struct mill_collector *collector, void *samples, struct mill_collected *about,
                         size_t room, size_t *count)
{
    if (!count || (!samples && room > 0)) {
        return -EINVAL;
    }
    size_t size = collector->settings.sample_size;
    struct mill_collector_metrics *metrics = &collector->metrics;
    size_t taken = 0;
    pthread_mutex_lock(&collector->mutex);
    for (; taken < room && metrics->buffered > 0; taken++) {
        memcpy((unsigned char *)samples + taken * size, sample_at(collector, collector->head), size);
        if (about) {
            about[taken] = collector->about[collector->head];
        }
        collector->head = (collector->head + 1) % collector->settings.capacity;
        metrics->buffered--;
        metrics->drained++;
    }
    pthread_mutex_unlock(&collector->mutex);
    *count = taken;
    return 0;
}

void mill_collector_read(struct mill_collector *collector, struct mill_collector_metrics *metrics)
{
    pthread_mutex_lock(&collector->mutex);
    *metrics = collector->metrics;
    pthread_mutex_unlock(&collector->mutex);
}
