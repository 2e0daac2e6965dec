#include "device/stream_count.h"

#include <errno.h>
#include <stddef.h>

/* Timestamp and tick are read one after the other, and each is rounded. */
#define TICK_SLACK_MS   2u
#define FASTER_IN_A_ROW 4u

static const char *const names[] = {
    [MILL_STREAM_FIRST] = "first", [MILL_STREAM_NEXT] = "next",       [MILL_STREAM_DUPLICATE] = "duplicate",
    [MILL_STREAM_GAP] = "gap",     [MILL_STREAM_RESTART] = "restart", [MILL_STREAM_REBOOT] = "reboot",
};

const char *mill_stream_step_name(enum mill_stream_step_kind kind)
{
    return (size_t)kind < sizeof names / sizeof names[0] ? names[kind] : NULL;
}

/* ---- the interval ---- */

int mill_stream_count_init(struct mill_stream_count *count, const struct mill_stream_count_plan *plan)
{
    if (!count || !plan || plan->interval_ms > MILL_WIRE_INTERVAL_MAX_MS) {
        return -EINVAL;
    }
    *count = (struct mill_stream_count){
        .plan = *plan,
        .interval_ms = plan->interval_ms > 0 ? plan->interval_ms : MILL_WIRE_INTERVAL_MS,
    };
    return 0;
}

static bool is_interval(unsigned interval_ms)
{
    return interval_ms > 0 && interval_ms <= MILL_WIRE_INTERVAL_MAX_MS;
}

static void settle(struct mill_stream_count *count, unsigned interval_ms)
{
    count->interval_ms = interval_ms;
    count->asked_ms = 0;
    count->faster = 0;
    count->faster_ms = 0;
}

int mill_stream_count_connected(struct mill_stream_count *count, unsigned interval_ms)
{
    if (!count || !is_interval(interval_ms)) {
        return -EINVAL;
    }
    settle(count, interval_ms);
    return 0;
}

int mill_stream_count_interval(struct mill_stream_count *count, unsigned interval_ms)
{
    if (!count || !is_interval(interval_ms)) {
        return -EINVAL;
    }
    count->asked_ms = interval_ms == count->interval_ms ? 0 : interval_ms;
    return 0;
}

/* The longest time that one line may take. */
static unsigned longest_interval(const struct mill_stream_count *count)
{
    return count->asked_ms > count->interval_ms ? count->asked_ms : count->interval_ms;
}

/* What the time between two lines says of the interval. */
static void learn(struct mill_stream_count *count, uint64_t ms)
{
    unsigned asked = count->asked_ms;
    uint64_t near = 1 + asked / 4;
    if (asked > 0 && ms + near >= asked && ms <= asked + near) {
        settle(count, asked);
    } else if (4 * ms < 3 * (uint64_t)count->interval_ms) {
        count->faster++;
        count->faster_ms += ms;
        if (count->faster == FASTER_IN_A_ROW) {
            uint64_t each = (count->faster_ms + FASTER_IN_A_ROW / 2) / FASTER_IN_A_ROW;
            settle(count, each > 0 ? (unsigned)each : 1);
        }
    } else {
        count->faster = 0;
        count->faster_ms = 0;
    }
}

/* ---- the rules ---- */

static bool is_same(const struct mill_sample_line *a, const struct mill_sample_line *b)
{
    return a->timestamp_ms == b->timestamp_ms && a->seq == b->seq && a->t_us == b->t_us;
}

/* How far a count of 32 bits went, also around its end; false when it went back. */
static bool advance(uint64_t before, uint64_t now, uint64_t *steps)
{
    *steps = now - before;
    if (now < before && before <= UINT32_MAX) {
        *steps = (uint32_t)*steps;
        return *steps <= INT32_MAX;
    }
    return now >= before;
}

static bool has_data(const struct mill_sample_line *line)
{
    return line->data_valid && line->status != MILL_SAMPLE_NO_DATA;
}

/* Rule 3, of two lines with data. */
static bool was_restarted(const struct mill_stream_count *count, const struct mill_sample_line *line,
                          uint64_t *ticks)
{
    const struct mill_sample_line *before = &count->data;
    uint64_t ms;
    advance(before->timestamp_ms, line->timestamp_ms, &ms); /* it does: or the device was rebooted */
    uint64_t slack = TICK_SLACK_MS + count->plan.slack_ms;
    bool forward = advance(before->seq, line->seq, ticks);
    bool around = line->seq < before->seq;
    if (!forward || (around && *ticks > ms + slack)) {
        return true;
    }
    bool started = before->status == MILL_SAMPLE_IDLE && line->status == MILL_SAMPLE_RUNNING;
    bool stopped = before->status == MILL_SAMPLE_RUNNING && line->status != MILL_SAMPLE_RUNNING;
    return started || (!stopped && *ticks > 0 && *ticks + slack < ms);
}

/* Rules 4 and 5. */
static void judge_time(const struct mill_stream_count *count, struct mill_stream_step *step)
{
    uint64_t interval = longest_interval(count);
    uint64_t whole = step->ms / interval;
    uint64_t rest = step->ms % interval;
    uint64_t intervals = whole + (2 * rest >= interval);
    if (intervals >= 2 && step->ms > interval + count->plan.slack_ms) {
        step->kind = MILL_STREAM_GAP;
        step->missing = intervals - 1;
    }
}

static struct mill_stream_step judge(const struct mill_stream_count *count,
                                     const struct mill_sample_line *line)
{
    struct mill_stream_step step = {.kind = MILL_STREAM_NEXT};
    if (!count->begun) {
        step.kind = MILL_STREAM_FIRST;
    } else if (is_same(&count->last, line)) {
        step.kind = MILL_STREAM_DUPLICATE;
    } else if (!advance(count->last.timestamp_ms, line->timestamp_ms, &step.ms)) {
        step = (struct mill_stream_step){.kind = MILL_STREAM_REBOOT};
    } else if (count->has_data && has_data(line) && was_restarted(count, line, &step.ticks)) {
        step.kind = MILL_STREAM_RESTART;
        step.ticks = line->seq;
        step.unknown_ms = step.ms;
    } else {
        judge_time(count, &step);
    }
    return step;
}

static void add_up(struct mill_stream_count_totals *totals, const struct mill_stream_step *step)
{
    totals->lines++;
    totals->next += step->kind == MILL_STREAM_NEXT;
    totals->duplicates += step->kind == MILL_STREAM_DUPLICATE;
    totals->gaps += step->kind == MILL_STREAM_GAP;
    totals->restarts += step->kind == MILL_STREAM_RESTART;
    totals->reboots += step->kind == MILL_STREAM_REBOOT;
    totals->missing += step->missing;
    totals->unknown_ms += step->unknown_ms;
}

void mill_stream_count_line(struct mill_stream_count *count, const struct mill_sample_line *line,
                            struct mill_stream_step *step)
{
    struct mill_stream_step judged = judge(count, line);
    add_up(&count->totals, &judged);
    if (judged.kind == MILL_STREAM_NEXT || judged.kind == MILL_STREAM_GAP) {
        bool stands = count->has_data && has_data(line) && judged.ticks == 0;
        count->totals.frozen += stands;
        learn(count, judged.ms);
    }
    if (judged.kind == MILL_STREAM_REBOOT) {
        count->has_data = false;
    }
    if (judged.kind != MILL_STREAM_DUPLICATE) {
        count->begun = true;
        count->last = *line;
        if (has_data(line)) {
            count->has_data = true;
            count->data = *line;
        }
    }
    if (step) {
        *step = judged;
    }
}
