/* Who is called with a sample, and what that costs. The publishers (task/publisher.h) keep the lists and make
 * the calls; here each call is timed, and a subscription is kept until no call can be on its way to it:
 *
 * - direct: the receiver takes its list of calls anew for each sample, so one that has left may go as soon as
 *   the receiver is not in the middle of a sample;
 * - queued: the publisher knows it as long as its thread has not ended.
 */
#include <errno.h>
#include <stdlib.h>

#include "device/streamer_parts.h"

struct mill_streamer_subscription {
    struct mill_streamer_subscription *next;
    struct mill_streamer *streamer;
    mill_streamer_call *call;
    void *context;
    struct mill_publisher *publisher;
    unsigned id;
    /* under the streamer's monitor */
    unsigned publisher_id;
    bool detached;    /* the publisher was told that it leaves */
    unsigned readers; /* that look at it without the monitor */

    alignas(MILL_ISOLATION) pthread_mutex_t mutex; /* protects all below */
    bool left;                                     /* no call begins any more */
    bool calling;
    uint64_t calls;
    struct mill_histogram *busy;
    struct mill_histogram *delay;
};

/* ---- a call ---- */

static _Thread_local const struct mill_streamer *calling;

const struct mill_streamer *mill_streamer_set_calling(const struct mill_streamer *streamer)
{
    const struct mill_streamer *before = calling;
    calling = streamer;
    return before;
}

static bool begin_call(struct mill_streamer_subscription *subscription)
{
    pthread_mutex_lock(&subscription->mutex);
    bool begins = !subscription->left;
    subscription->calling = begins;
    pthread_mutex_unlock(&subscription->mutex);
    return begins;
}

/* Has it left meanwhile? */
static bool end_call(struct mill_streamer_subscription *subscription, uint64_t delay_ns, uint64_t busy_ns)
{
    pthread_mutex_lock(&subscription->mutex);
    subscription->calling = false;
    subscription->calls++;
    mill_histogram_record(subscription->delay, delay_ns);
    mill_histogram_record(subscription->busy, busy_ns);
    bool left = subscription->left;
    pthread_mutex_unlock(&subscription->mutex);
    return left;
}

static void wake_settlers(struct mill_streamer *streamer)
{
    mill_monitor_enter(&streamer->monitor);
    mill_monitor_wake_all(&streamer->monitor);
    mill_monitor_leave(&streamer->monitor);
}

static void call_timed(void *context, uint64_t number, const void *bytes)
{
    struct mill_streamer_subscription *subscription = context;
    struct mill_streamer *streamer = subscription->streamer;
    const struct mill_stream_sample *sample = bytes;
    (void)number;
    if (!begin_call(subscription)) {
        return;
    }
    const struct mill_streamer *before = mill_streamer_set_calling(streamer);
    uint64_t from_ns = mill_now_ns();
    subscription->call(subscription->context, sample);
    uint64_t to_ns = mill_now_ns();
    mill_streamer_set_calling(before);
    uint64_t delay_ns = from_ns > sample->arrived_ns ? from_ns - sample->arrived_ns : 0;
    if (end_call(subscription, delay_ns, to_ns - from_ns)) {
        wake_settlers(streamer);
    }
}

/* ---- made and unmade ---- */

static void destroy_subscription(struct mill_streamer_subscription *subscription)
{
    mill_histogram_destroy(subscription->busy);
    mill_histogram_destroy(subscription->delay);
    pthread_mutex_destroy(&subscription->mutex);
    free(subscription);
}

static int create_subscription(struct mill_streamer_subscription **subscription)
{
    struct mill_streamer_subscription *made = mill_isolated_alloc(sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    int status = -pthread_mutex_init(&made->mutex, NULL);
    if (status < 0) {
        free(made);
        return status;
    }
    status = mill_histogram_create(&made->busy);
    if (status == 0) {
        status = mill_histogram_create(&made->delay);
    }
    if (status < 0) {
        destroy_subscription(made);
        return status;
    }
    *subscription = made;
    return 0;
}

/* Can no call be on its way any more? Under the monitor. Asking the publisher to let it go once more makes it
 * look whose threads have ended. */
static bool is_over(const struct mill_streamer *streamer,
                    const struct mill_streamer_subscription *subscription)
{
    uint64_t dropped;
    if (!subscription->detached || subscription->readers > 0) {
        return false;
    }
    if (subscription->publisher == streamer->direct) {
        return !streamer->publishing;
    }
    mill_publisher_unsubscribe(subscription->publisher, subscription->publisher_id);
    return mill_publisher_dropped(subscription->publisher, subscription->publisher_id, &dropped) == -ENOENT;
}

/* Under the monitor. */
static void reap(struct mill_streamer *streamer)
{
    for (struct mill_streamer_subscription **link = &streamer->subscriptions; *link;) {
        struct mill_streamer_subscription *subscription = *link;
        if (is_over(streamer, subscription)) {
            *link = subscription->next;
            streamer->subscribed--;
            destroy_subscription(subscription);
        } else {
            link = &subscription->next;
        }
    }
}

void mill_streamer_forget_all(struct mill_streamer *streamer)
{
    while (streamer->subscriptions) {
        struct mill_streamer_subscription *subscription = streamer->subscriptions;
        streamer->subscriptions = subscription->next;
        destroy_subscription(subscription);
    }
}

/* ---- publish ---- */

/* Queues first: they do not keep anybody waiting. */
void mill_streamer_publish(struct mill_streamer *streamer, const struct mill_stream_sample *sample)
{
    mill_monitor_enter(&streamer->monitor);
    streamer->publishing = true;
    mill_monitor_leave(&streamer->monitor);

    mill_publisher_publish(streamer->queued, sample);
    mill_publisher_publish(streamer->direct, sample);

    mill_monitor_enter(&streamer->monitor);
    streamer->publishing = false;
    streamer->metrics.samples++;
    reap(streamer);
    mill_monitor_wake_all(&streamer->monitor);
    mill_monitor_leave(&streamer->monitor);
}

/* ---- subscribe ---- */

static int reserve(struct mill_streamer *streamer)
{
    mill_monitor_enter(&streamer->monitor);
    reap(streamer);
    bool room = streamer->subscribed < MILL_STREAMER_CALLBACKS_MAX;
    streamer->subscribed += room;
    mill_monitor_leave(&streamer->monitor);
    return room ? 0 : -ENOSPC;
}

static void give_back(struct mill_streamer *streamer)
{
    mill_monitor_enter(&streamer->monitor);
    streamer->subscribed--;
    mill_monitor_leave(&streamer->monitor);
}

/* It may be called before anybody knows its id: the call needs none. */
static int enlist(struct mill_streamer *streamer, struct mill_streamer_subscription *subscription,
                  unsigned *id)
{
    unsigned publisher_id;
    int status = mill_publisher_subscribe(subscription->publisher, call_timed, subscription, &publisher_id);
    if (status < 0) {
        return status;
    }
    mill_monitor_enter(&streamer->monitor);
    subscription->publisher_id = publisher_id;
    subscription->id = ++streamer->last_id;
    subscription->next = streamer->subscriptions;
    streamer->subscriptions = subscription;
    *id = subscription->id;
    mill_monitor_leave(&streamer->monitor);
    return 0;
}

static int subscribe(struct mill_streamer *streamer, struct mill_publisher *publisher,
                     mill_streamer_call *call, void *context, unsigned *id)
{
    struct mill_streamer_subscription *subscription;
    int status = reserve(streamer);
    if (status < 0) {
        return status;
    }
    status = create_subscription(&subscription);
    if (status < 0) {
        give_back(streamer);
        return status;
    }
    subscription->streamer = streamer;
    subscription->publisher = publisher;
    subscription->call = call;
    subscription->context = context;
    status = enlist(streamer, subscription, id);
    if (status < 0) {
        destroy_subscription(subscription);
        give_back(streamer);
    }
    return status;
}

int mill_streamer_subscribe(struct mill_streamer *streamer, mill_streamer_call *call, void *context,
                            unsigned *id)
{
    return streamer && call && id ? subscribe(streamer, streamer->direct, call, context, id) : -EINVAL;
}

int mill_streamer_subscribe_queued(struct mill_streamer *streamer, mill_streamer_call *call, void *context,
                                   unsigned *id)
{
    return streamer && call && id ? subscribe(streamer, streamer->queued, call, context, id) : -EINVAL;
}

/* That of this id which has not left; or NULL. Under the monitor, as all that writes `left` is. */
static struct mill_streamer_subscription *find(struct mill_streamer *streamer, unsigned id)
{
    struct mill_streamer_subscription *subscription = streamer->subscriptions;
    while (subscription && (subscription->id != id || subscription->left)) {
        subscription = subscription->next;
    }
    return subscription;
}

int mill_streamer_unsubscribe(struct mill_streamer *streamer, unsigned id)
{
    if (!streamer) {
        return -EINVAL;
    }
    mill_monitor_enter(&streamer->monitor);
    struct mill_streamer_subscription *subscription = find(streamer, id);
    if (subscription) {
        pthread_mutex_lock(&subscription->mutex);
        subscription->left = true;
        pthread_mutex_unlock(&subscription->mutex);
        mill_publisher_unsubscribe(subscription->publisher, subscription->publisher_id);
        subscription->detached = true;
        reap(streamer);
    }
    mill_monitor_leave(&streamer->monitor);
    return subscription ? 0 : -ENOENT;
}

/* Under the monitor. */
static bool one_is_at_work(struct mill_streamer *streamer)
{
    bool at_work = false;
    for (struct mill_streamer_subscription *one = streamer->subscriptions; one; one = one->next) {
        pthread_mutex_lock(&one->mutex);
        at_work = at_work || (one->left && one->calling);
        pthread_mutex_unlock(&one->mutex);
    }
    return at_work;
}

int mill_streamer_settle(struct mill_streamer *streamer, int64_t timeout_ns)
{
    uint64_t deadline;
    int status = streamer ? mill_deadline_after(timeout_ns, &deadline) : -EINVAL;
    if (status < 0) {
        return status;
    }
    if (calling == streamer) {
        return -EDEADLK;
    }
    mill_monitor_enter(&streamer->monitor);
    while (one_is_at_work(streamer)) {
        if (status < 0) {
            break;
        }
        status = mill_monitor_wait(&streamer->monitor, deadline);
    }
    if (!one_is_at_work(streamer)) {
        status = 0;
    }
    mill_monitor_leave(&streamer->monitor);
    return status;
}

/* ---- read ---- */

static void add_histogram(struct mill_histogram *into, const struct mill_histogram *from)
{
    if (into) {
        mill_histogram_add(into, from);
    }
}

int mill_streamer_callback(struct mill_streamer *streamer, unsigned id, struct mill_streamer_callback *seen)
{
    if (!streamer || !seen) {
        return -EINVAL;
    }
    mill_monitor_enter(&streamer->monitor);
    struct mill_streamer_subscription *subscription = find(streamer, id);
    if (subscription) {
        subscription->readers++;
        mill_publisher_dropped(subscription->publisher, subscription->publisher_id, &seen->dropped);
    }
    mill_monitor_leave(&streamer->monitor);
    if (!subscription) {
        return -ENOENT;
    }
    pthread_mutex_lock(&subscription->mutex);
    seen->calls = subscription->calls;
    add_histogram(seen->busy, subscription->busy);
    add_histogram(seen->delay, subscription->delay);
    pthread_mutex_unlock(&subscription->mutex);

    mill_monitor_enter(&streamer->monitor);
    subscription->readers--;
    mill_monitor_leave(&streamer->monitor);
    return 0;
}
