/* Each subscriber has a line: a thread that calls it, and the samples that wait for it. The publishing thread
 * only appends, and where a line is full it takes the oldest sample's place. A line owns as many samples as
 * may wait and one more, the one that its thread is busy with; they go round between two queues.
 */
#include <errno.h>
#include <pthread.h>
#include <stdalign.h>
#include <stdlib.h>
#include <string.h>

#include "queue/queue.h"
#include "task/publisher_list.h"
#include "task/thread.h"

struct sample {
    uint64_t number;
    alignas(max_align_t) unsigned char bytes[];
};

struct line {
    struct line *next;
    unsigned id;
    mill_publisher_call *call;
    void *context;
    struct mill_thread *thread;
    struct mill_queue *waiting;
    struct mill_queue *unused;
    unsigned char *samples;
    atomic_bool left;         /* it has unsubscribed: what waits is not delivered */
    _Atomic uint64_t dropped; /* relaxed: a count */
};

struct queued {
    struct mill_publisher publisher;
    pthread_mutex_t mutex; /* protects all below */
    struct line *lines;    /* in the order in which they subscribed; those that have left, too */
    unsigned count;        /* lines */
    unsigned last_id;
    bool closing;
};

static size_t sample_stride(size_t sample_size)
{
    const size_t alignment = alignof(max_align_t);
    return sizeof(struct sample) + (sample_size + alignment - 1) / alignment * alignment;
}

/* ---- a line ---- */

static void serve(void *argument)
{
    struct line *line = argument;
    void *item;
    while (mill_queue_get(line->waiting, &item, MILL_FOREVER) == 0) {
        const struct sample *sample = item;
        /* relaxed: a call that is on its way may still come */
        if (!atomic_load_explicit(&line->left, memory_order_relaxed)) {
            line->call(line->context, sample->number, sample->bytes);
        }
        mill_queue_try_put(line->unused, item);
    }
}

static void destroy_line(struct line *line)
{
    mill_queue_destroy(line->unused);
    mill_queue_destroy(line->waiting);
    free(line->samples);
    free(line);
}

static int fill_line(struct line *line, const struct mill_publisher_plan *plan)
{
    const struct mill_queue_ops *ops = mill_queue_ops_find("mutex-ring");
    size_t stride = sample_stride(plan->sample_size);
    size_t count = plan->capacity + 1;
    line->samples = calloc(count, stride);
    if (!line->samples) {
        return -ENOMEM;
    }
    int status = mill_queue_create(ops, count, &line->waiting);
    if (status == 0) {
        status = mill_queue_create(ops, count, &line->unused);
    }
    for (size_t i = 0; status == 0 && i < count; i++) {
        status = mill_queue_try_put(line->unused, line->samples + i * stride);
    }
    return status;
}

static int create_line(const struct mill_publisher_plan *plan, mill_publisher_call *call, void *context,
                       struct line **line)
{
    struct line *made = calloc(1, sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    made->call = call;
    made->context = context;
    int status = fill_line(made, plan);
    if (status == 0) {
        status = mill_thread_start(&made->thread, "subscriber", serve, made);
    }
    if (status < 0) {
        destroy_line(made);
        return status;
    }
    *line = made;
    return 0;
}

/* Room for a sample: an unused one, or else the oldest that waits. There is one more than the line's thread
 * can have in hand, so if neither is there the thread has moved one meanwhile. */
static struct sample *make_room(struct line *line)
{
    void *item = NULL;
    while (mill_queue_try_get(line->unused, &item) != 0) {
        if (mill_queue_try_get(line->waiting, &item) == 0) {
            atomic_fetch_add_explicit(&line->dropped, 1, memory_order_relaxed);
            break;
        }
    }
    return item;
}

static void append(struct line *line, uint64_t number, const void *bytes, size_t size)
{
    struct sample *sample = make_room(line);
    sample->number = number;
    memcpy(sample->bytes, bytes, size);
    mill_queue_try_put(line->waiting, sample); /* there is room for all */
}

/* ---- all lines ---- */

static struct queued *queued_of(struct mill_publisher *publisher)
{
    return (struct queued *)publisher;
}

static bool has_left(const struct line *line)
{
    return atomic_load_explicit(&line->left, memory_order_relaxed); /* written under the mutex */
}

/* The line of that subscription, even if it has left; or NULL. Under the mutex. */
static struct line *find(struct queued *queued, unsigned id)
{
    struct line *line = queued->lines;
    while (line && line->id != id) {
        line = line->next;
    }
    return line;
}

/* Frees the lines that have left and whose thread has ended; none once close goes along them. Under the
 * mutex.
 */
static void reap(struct queued *queued)
{
    for (struct line **link = &queued->lines; *link && !queued->closing;) {
        struct line *line = *link;
        if (has_left(line) && mill_thread_join(&line->thread, 0) == 0) {
            *link = line->next;
            queued->count--;
            destroy_line(line);
        } else {
            link = &line->next;
        }
    }
}

static int create(const struct mill_publisher_plan *plan, struct mill_publisher **publisher)
{
    (void)plan;
    struct queued *made = calloc(1, sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    int status = -pthread_mutex_init(&made->mutex, NULL);
    if (status < 0) {
        free(made);
        return status;
    }
    *publisher = &made->publisher;
    return 0;
}

static void destroy(struct mill_publisher *publisher)
{
    struct queued *queued = queued_of(publisher);
    for (struct line *line = queued->lines; line;) {
        struct line *next = line->next;
        destroy_line(line);
        line = next;
    }
    pthread_mutex_destroy(&queued->mutex);
    free(queued);
}

/* Puts a new line behind all others. Under the mutex. */
static int add_line(struct queued *queued, struct line *line, unsigned *id)
{
    struct line **end = &queued->lines;
    reap(queued);
    if (queued->closing) {
        return -EPIPE;
    }
    if (queued->count == MILL_PUBLISHER_SUBSCRIBERS_MAX) {
        return -ENOSPC;
    }
    while (*end) {
        end = &(*end)->next;
    }
    *end = line;
    queued->count++;
    line->id = ++queued->last_id;
    *id = line->id;
    return 0;
}

/* The stream does not wait until a thread has been made. */
static int subscribe(struct mill_publisher *publisher, mill_publisher_call *call, void *context, unsigned *id)
{
    struct queued *queued = queued_of(publisher);
    struct line *line;
    int status = create_line(&publisher->plan, call, context, &line);
    if (status < 0) {
        return status;
    }
    pthread_mutex_lock(&queued->mutex);
    status = add_line(queued, line, id);
    pthread_mutex_unlock(&queued->mutex);
    if (status < 0) {
        mill_queue_close(line->waiting);
        mill_thread_join(&line->thread, MILL_FOREVER);
        destroy_line(line);
    }
    return status;
}

static int unsubscribe(struct mill_publisher *publisher, unsigned id)
{
    struct queued *queued = queued_of(publisher);
    pthread_mutex_lock(&queued->mutex);
    struct line *line = find(queued, id);
    bool there = line && !has_left(line) && !queued->closing;
    if (there) {
        atomic_store_explicit(&line->left, true, memory_order_relaxed); /* as in `serve` */
        mill_queue_close(line->waiting);
    }
    reap(queued);
    pthread_mutex_unlock(&queued->mutex);
    return there ? 0 : -ENOENT;
}

static int publish(struct mill_publisher *publisher, uint64_t number, const void *sample)
{
    struct queued *queued = queued_of(publisher);
    pthread_mutex_lock(&queued->mutex);
    for (struct line *line = queued->lines; line; line = line->next) {
        if (!has_left(line)) {
            append(line, number, sample, publisher->plan.sample_size);
        }
    }
    pthread_mutex_unlock(&queued->mutex);
    return 0;
}

/* Ends the lines; false when the caller is one of them. */
static bool begin_to_close(struct queued *queued)
{
    bool mine = false;
    pthread_mutex_lock(&queued->mutex);
    for (const struct line *line = queued->lines; line; line = line->next) {
        mine = mine || mill_thread_is_self(line->thread);
    }
    queued->closing = queued->closing || !mine;
    for (struct line *line = queued->lines; line && !mine; line = line->next) {
        mill_queue_close(line->waiting);
    }
    pthread_mutex_unlock(&queued->mutex);
    return !mine;
}

/* Callbacks may still subscribe (-EPIPE) and unsubscribe (-ENOENT) while they are waited for, so that is done
 * without the mutex: no line comes or goes any more. */
static int close_lines(struct mill_publisher *publisher)
{
    struct queued *queued = queued_of(publisher);
    if (!begin_to_close(queued)) {
        return -EDEADLK;
    }
    for (struct line *line = queued->lines; line; line = line->next) {
        struct mill_thread *thread = line->thread; /* a copy: close in a callback looks at the line's */
        mill_thread_join(&thread, MILL_FOREVER);
    }
    return 0;
}

static int dropped(struct mill_publisher *publisher, unsigned id, uint64_t *count)
{
    struct queued *queued = queued_of(publisher);
    pthread_mutex_lock(&queued->mutex);
    const struct line *line = find(queued, id);
    if (line) {
        *count = atomic_load_explicit(&line->dropped, memory_order_relaxed);
    }
    pthread_mutex_unlock(&queued->mutex);
    return line ? 0 : -ENOENT;
}

const struct mill_publisher_ops mill_publisher_queued = {
    .about =
        {
            .name = "queued",
            .summary = "each subscriber has a thread and a bounded queue that drops the oldest",
            .source = "Lavender and Schmidt, Active Object, 1995",
            .traits = MILL_PARKS,
            .progress = MILL_BLOCKING,
        },
    .create = create,
    .destroy = destroy,
    .subscribe = subscribe,
    .unsubscribe = unsubscribe,
    .publish = publish,
    .close = close_lines,
    .dropped = dropped,
};
