#include "device/streamer.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>

#include "device/streamer_parts.h"

#define SILENCE_NS (5 * MILL_NS_PER_S)
#define LONGEST_NS (24 * 3600 * MILL_NS_PER_S)
#define CAPACITY   256u

const struct mill_streamer_retry mill_streamer_retry_default = {
    .reconnects = 10,
    .backoff_ns = MILL_NS_PER_S,
    .backoff_max_ns = 30 * MILL_NS_PER_S,
    .silence_ns = SILENCE_NS,
};

static const char *const names[] = {
    [MILL_STREAMER_STOPPED] = "stopped",
    [MILL_STREAMER_CONNECTING] = "connecting",
    [MILL_STREAMER_STREAMING] = "streaming",
    [MILL_STREAMER_FAILED] = "failed",
};

const char *mill_streamer_state_name(enum mill_streamer_state state)
{
    return (size_t)state < sizeof names / sizeof names[0] ? names[state] : NULL;
}

/* ---- made and unmade ---- */

static bool is_retry(const struct mill_streamer_retry *retry)
{
    return retry->backoff_ns <= retry->backoff_max_ns && retry->backoff_max_ns <= LONGEST_NS &&
           retry->silence_ns <= LONGEST_NS;
}

static int check_plan(const struct mill_streamer_plan *plan)
{
    if (!plan || !plan->source || plan->interval_ms > MILL_WIRE_INTERVAL_MAX_MS ||
        plan->min_interval_ms > MILL_WIRE_INTERVAL_MAX_MS || plan->capacity > MILL_PUBLISHER_CAPACITY_MAX ||
        (plan->retry && !is_retry(plan->retry))) {
        return -EINVAL;
    }
    return 0;
}

static void complete_plan(struct mill_streamer *streamer)
{
    struct mill_streamer_plan *plan = &streamer->plan;
    streamer->retry = plan->retry ? *plan->retry : mill_streamer_retry_default;
    streamer->retry.silence_ns = streamer->retry.silence_ns > 0 ? streamer->retry.silence_ns : SILENCE_NS;
    plan->retry = NULL; /* the caller's may go */
    plan->min_interval_ms = plan->min_interval_ms > 0 ? plan->min_interval_ms : MILL_WIRE_INTERVAL_MIN_MS;
    plan->capacity = plan->capacity > 0 ? plan->capacity : CAPACITY;
}

static int create_publishers(struct mill_streamer *streamer)
{
    const struct mill_publisher_plan plan = {.sample_size = sizeof(struct mill_stream_sample),
                                             .capacity = streamer->plan.capacity};
    int status = mill_publisher_create(mill_publisher_ops_find("inline"), &plan, &streamer->direct);
    if (status == 0) {
        status = mill_publisher_create(mill_publisher_ops_find("queued"), &plan, &streamer->queued);
    }
    return status;
}

static void destroy_parts(struct mill_streamer *streamer)
{
    mill_publisher_destroy(streamer->queued);
    mill_publisher_destroy(streamer->direct);
    mill_histogram_destroy(streamer->lag);
    free(streamer);
}

int mill_streamer_create(const struct mill_streamer_plan *plan, struct mill_streamer **streamer)
{
    int status = streamer ? check_plan(plan) : -EINVAL;
    if (status < 0) {
        return status;
    }
    struct mill_streamer *made = mill_isolated_alloc(sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    made->plan = *plan;
    complete_plan(made);
    made->interval_ms = plan->interval_ms;
    mill_random_seed(&made->random, made->retry.seed, 0);
    const struct mill_stream_count_plan counting = {.slack_ms = plan->slack_ms};
    status = mill_stream_count_init(&made->count, &counting);
    if (status == 0) {
        status = mill_histogram_create(&made->lag);
    }
    if (status == 0) {
        status = create_publishers(made);
    }
    if (status < 0) {
        goto failed;
    }
    status = mill_monitor_init(&made->monitor);
    if (status < 0) {
        goto failed;
    }
    status = mill_runner_init(&made->runner, "streamer", mill_streamer_receive, made);
    if (status < 0) {
        goto no_runner;
    }
    *streamer = made;
    return 0;

no_runner:
    mill_monitor_destroy(&made->monitor);
failed:
    destroy_parts(made);
    return status;
}

void mill_streamer_destroy(struct mill_streamer *streamer)
{
    if (!streamer) {
        return;
    }
    mill_streamer_stop(streamer, MILL_FOREVER);
    mill_runner_destroy(&streamer->runner);
    mill_publisher_close(streamer->queued); /* waits for what is still called, and may use the rest */
    mill_publisher_close(streamer->direct);
    mill_streamer_forget_all(streamer);
    mill_monitor_destroy(&streamer->monitor);
    destroy_parts(streamer);
}

/* ---- start and stop ---- */

int mill_streamer_start(struct mill_streamer *streamer)
{
    if (!streamer) {
        return -EINVAL;
    }
    mill_monitor_enter(&streamer->monitor);
    bool gave_up = streamer->metrics.state == MILL_STREAMER_FAILED;
    mill_monitor_leave(&streamer->monitor);
    if (gave_up) {
        int status = mill_streamer_stop(streamer, MILL_FOREVER); /* there is nothing left to wait for */
        if (status < 0) {
            return -EBUSY;
        }
    }
    /* The receiver waits for the monitor before it does anything. */
    mill_monitor_enter(&streamer->monitor);
    int status = mill_runner_start(&streamer->runner, &streamer->run);
    if (status == 0) {
        streamer->metrics.state = MILL_STREAMER_CONNECTING;
    }
    mill_monitor_leave(&streamer->monitor);
    return status == -EALREADY ? 0 : status;
}

/* The request comes before the interruption, and the receiver takes back an old interruption before it looks
 * for a request: so it meets one of both. */
int mill_streamer_stop(struct mill_streamer *streamer, int64_t timeout_ns)
{
    uint64_t deadline;
    int status = streamer ? mill_deadline_after(timeout_ns, &deadline) : -EINVAL;
    if (status < 0) {
        return status;
    }
    mill_monitor_enter(&streamer->monitor);
    uint64_t run = streamer->run;
    mill_monitor_leave(&streamer->monitor);
    status = mill_runner_stop(&streamer->runner, 0);
    if (status == -ETIMEDOUT) {
        streamer->plan.source->ops->interrupt(streamer->plan.source, 1);
        status = mill_runner_join(&streamer->runner, run, deadline);
    }
    return status;
}

/* ---- read ---- */

void mill_streamer_read(struct mill_streamer *streamer, struct mill_streamer_metrics *metrics)
{
    mill_monitor_enter(&streamer->monitor);
    *metrics = streamer->metrics;
    metrics->count = streamer->count.totals;
    mill_monitor_leave(&streamer->monitor);
}

void mill_streamer_lag(struct mill_streamer *streamer, struct mill_histogram *lag)
{
    mill_monitor_enter(&streamer->monitor);
    mill_histogram_add(lag, streamer->lag);
    mill_monitor_leave(&streamer->monitor);
}

static bool is_receiving(const struct mill_streamer *streamer)
{
    return streamer->metrics.state == MILL_STREAMER_CONNECTING ||
           streamer->metrics.state == MILL_STREAMER_STREAMING;
}

int mill_streamer_await(struct mill_streamer *streamer, uint64_t samples, int64_t timeout_ns)
{
    uint64_t deadline;
    int status = streamer ? mill_deadline_after(timeout_ns, &deadline) : -EINVAL;
    if (status < 0) {
        return status;
    }
    if (mill_runner_is_self(&streamer->runner)) {
        return -EDEADLK;
    }
    mill_monitor_enter(&streamer->monitor);
    while (streamer->metrics.samples < samples && status == 0) {
        status = is_receiving(streamer) ? mill_monitor_wait(&streamer->monitor, deadline) : -EPIPE;
    }
    if (streamer->metrics.samples >= samples) {
        status = 0;
    }
    mill_monitor_leave(&streamer->monitor);
    return status;
}

int mill_streamer_send_interval(struct mill_streamer *streamer)
{
    char command[32];
    unsigned interval_ms = streamer->interval_ms;
    int length = snprintf(command, sizeof command, "interval %u\n", interval_ms);
    int status = streamer->plan.source->ops->write(streamer->plan.source, command, (size_t)length);
    if (status == 0) {
        unsigned least_ms = streamer->plan.min_interval_ms;
        mill_stream_count_interval(&streamer->count, interval_ms < least_ms ? least_ms : interval_ms);
    }
    return status;
}

int mill_streamer_set_interval(struct mill_streamer *streamer, unsigned interval_ms)
{
    if (!streamer || interval_ms == 0 || interval_ms > MILL_WIRE_INTERVAL_MAX_MS) {
        return -EINVAL;
    }
    mill_monitor_enter(&streamer->monitor);
    streamer->interval_ms = interval_ms;
    bool streams = streamer->metrics.state == MILL_STREAMER_STREAMING;
    int status = streams ? mill_streamer_send_interval(streamer) : -ENOTCONN;
    mill_monitor_leave(&streamer->monitor);
    return status;
}
