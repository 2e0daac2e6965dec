#include <inttypes.h>

#include "scenarios/stream_callbacks_inside.h"

/* What the streamer counted, against what the device did. */
static void check_counts(const struct mill_callbacks_stream *stream,
                         const struct mill_streamer_metrics *metrics, struct mill_check *check)
{
    const struct mill_stream_count_totals *count = &metrics->count;
    if (metrics->samples != stream->put || metrics->bad > 0) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "%" PRIu64 " samples were sent; %" PRIu64 " arrived, and %" PRIu64
                         " lines could not be read",
                         stream->put, metrics->samples, metrics->bad);
    }
    if (count->missing > 0 || count->duplicates > 0 || count->reboots > 0 ||
        count->restarts != stream->starts) {
        mill_check_found(check, MILL_CORRUPTION,
                         "nothing was lost, and the valve started %" PRIu64 " times; told were %" PRIu64
                         " missing, %" PRIu64 " duplicates, %" PRIu64 " restarts, %" PRIu64 " reboots",
                         stream->starts, count->missing, count->duplicates, count->restarts, count->reboots);
    }
}

static void check_fast(const struct mill_callbacks_stream *stream, struct mill_check *check)
{
    /* relaxed: the streamer is gone, and its threads with it */
    uint64_t seen = atomic_load_explicit(&stream->seen, memory_order_relaxed);
    if (seen != stream->put || stream->gaps > 0) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "%" PRIu64 " samples were sent; the fast callback had them up to %" PRIu64
                         ", with %" PRIu64 " gaps",
                         stream->put, seen, stream->gaps);
    }
}

/* What a client alone can tell; `dropped` by the fast callback's queue. */
static void check_client(const struct mill_callbacks_stream *stream,
                         const struct mill_streamer_metrics *metrics, uint64_t dropped,
                         struct mill_check *check)
{
    if (metrics->bad > 0 || metrics->failures > 0) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "%" PRIu64 " lines could not be read, and %" PRIu64 " connections ended: %.150s",
                         metrics->bad, metrics->failures, metrics->last.message);
    }
    if (metrics->count.duplicates > 0 || stream->disorder > 0) {
        mill_check_found(check, MILL_CORRUPTION,
                         "%" PRIu64 " samples came twice, and the fast callback had %" PRIu64 " out of order",
                         metrics->count.duplicates, stream->disorder);
    }
    if (stream->had + dropped != metrics->samples) {
        mill_check_found(check, MILL_LOST_UPDATE,
                         "%" PRIu64 " samples arrived; the fast callback had %" PRIu64
                         ", and its queue dropped %" PRIu64,
                         metrics->samples, stream->had, dropped);
    }
}

static void check_callbacks(const struct mill_callbacks_stream *stream, struct mill_check *check)
{
    /* relaxed, all: as above */
    uint64_t waited_out = atomic_load_explicit(&stream->waited_out, memory_order_relaxed);
    uint64_t failures = atomic_load_explicit(&stream->failures, memory_order_relaxed);
    if (failures > 0) {
        mill_check_found(check, MILL_CORRUPTION, "%" PRIu64 " times a callback was refused what it asked for",
                         failures);
    }
    if (waited_out > 0 && atomic_load_explicit(&stream->overtaken, memory_order_relaxed) == 0) {
        mill_check_found(check, MILL_LATENCY_BOUND,
                         "the fast callback waited out every one of %" PRIu64
                         " calls of the slow one, and so did the stream",
                         waited_out);
    }
}

void mill_stream_callbacks_check(const struct mill_callbacks_stream *stream,
                                 const struct mill_streamer_metrics *metrics, uint64_t dropped,
                                 struct mill_check *check)
{
    if (stream->over_socket) {
        check_client(stream, metrics, dropped, check);
    } else {
        check_counts(stream, metrics, check);
        check_fast(stream, check);
    }
    check_callbacks(stream, check);
}
