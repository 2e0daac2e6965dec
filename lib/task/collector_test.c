#include "task/collector.h"

#include <pthread.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdatomic.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"

#define INTERVAL (50 * MILL_NS_PER_US)
#define LOG      4096
#define WORDS    16

/* Many words of one value, so that a torn copy shows. */
struct record {
    uint64_t word[WORDS];
};

/* What the callback does, and what it saw. Written by the collector's thread, read after the stop. */
struct probe {
    uint64_t until;       /* requests `enough` at so many calls */
    uint64_t fails_every; /* 0: never */
    uint64_t spends_ns;
    struct mill_stop enough;
    struct mill_stop *hold;       /* the first call waits for it; or NULL */
    struct mill_collector *stops; /* or NULL */
    int stopped;
    uint64_t calls;
    struct mill_collected about[LOG]; /* of the latest calls */
};

/* The first call that is still in the log: a test that is kept waiting has more of them than it asked for. */
static uint64_t first_logged(const struct probe *probe)
{
    return probe->calls > LOG ? probe->calls - LOG : 0;
}

static int collect(void *sample, const struct mill_collected *about, void *argument)
{
    struct probe *probe = argument;
    probe->about[probe->calls % LOG] = *about;
    probe->calls++;
    struct record *record = sample;
    for (size_t i = 0; i < WORDS; i++) {
        record->word[i] = about->sequence;
    }
    if (probe->calls >= probe->until) {
        mill_stop_request(&probe->enough);
    }
    if (probe->hold) {
        mill_stop_wait(probe->hold, MILL_FOREVER);
    }
    if (probe->stops) {
        probe->stopped = mill_collector_stop(probe->stops, MILL_FOREVER);
    }
    mill_sleep_until(mill_now_ns() + probe->spends_ns);
    return probe->fails_every > 0 && probe->calls % probe->fails_every == 0 ? -EIO : 0;
}

static struct mill_collector *make(struct probe *probe, const struct mill_pace_ops *pace, int64_t interval_ns,
                                   size_t capacity)
{
    const struct mill_collector_settings settings = {
        .name = "collector",
        .pace = pace,
        .interval_ns = interval_ns,
        .capacity = capacity,
        .sample_size = sizeof(struct record),
        .collect = collect,
        .argument = probe,
    };
    struct mill_collector *collector = NULL;
    assert_int_equal(mill_collector_create(&settings, &collector), 0);
    return collector;
}

/* One run of at least `calls` calls. */
static void run(struct mill_collector *collector, struct probe *probe, uint64_t calls)
{
    mill_stop_clear(&probe->enough);
    probe->until = probe->calls + calls;
    assert_int_equal(mill_collector_start(collector), 0);
    assert_int_equal(mill_stop_wait(&probe->enough, MILL_FOREVER), 0);
    assert_int_equal(mill_collector_stop(collector, MILL_FOREVER), 0);
}

static struct mill_collector_metrics metrics_of(struct mill_collector *collector)
{
    struct mill_collector_metrics metrics;
    mill_collector_read(collector, &metrics);
    assert_int_equal(metrics.taken, metrics.drained + metrics.dropped + metrics.buffered);
    return metrics;
}

static void assert_whole(const struct record *record, uint64_t sequence)
{
    for (size_t i = 0; i < WORDS; i++) {
        assert_int_equal(record->word[i], sequence);
    }
}

static void test_refuses_bad_input(void **state)
{
    (void)state;
    static struct probe probe;
    const struct mill_collector_settings good = {.name = "collector",
                                                 .interval_ns = INTERVAL,
                                                 .capacity = 4,
                                                 .sample_size = sizeof(struct record),
                                                 .collect = collect,
                                                 .argument = &probe};
    struct mill_collector_settings bad[9];
    for (size_t i = 0; i < 9; i++) {
        bad[i] = good;
    }
    bad[0].name = NULL;
    bad[1].name = "a name of 16 chr";
    bad[2].interval_ns = 0;
    bad[3].interval_ns = -1;
    bad[4].capacity = 0;
    bad[5].sample_size = 0;
    bad[6].capacity = SIZE_MAX;
    bad[7].sample_size = MILL_COLLECTOR_BYTES_MAX;
    bad[8].collect = NULL;
    struct mill_collector *collector = NULL;
    for (size_t i = 0; i < 9; i++) {
        assert_int_equal(mill_collector_create(&bad[i], &collector), -EINVAL);
    }
    assert_int_equal(mill_collector_create(NULL, &collector), -EINVAL);
    assert_int_equal(mill_collector_create(&good, NULL), -EINVAL);
    assert_null(collector);
    assert_int_equal(mill_collector_destroy(NULL), 0);

    collector = make(&probe, NULL, INTERVAL, 4);
    struct record record;
    size_t count;
    assert_int_equal(mill_collector_stop(collector, -1), -EINVAL);
    assert_int_equal(mill_collector_latest(collector, NULL, NULL), -EINVAL);
    assert_int_equal(mill_collector_latest(collector, &record, NULL), -ENOENT);
    assert_int_equal(mill_collector_drain(collector, NULL, NULL, 1, &count), -EINVAL);
    assert_int_equal(mill_collector_drain(collector, &record, NULL, 1, NULL), -EINVAL);
    assert_int_equal(mill_collector_drain(collector, NULL, NULL, 0, &count), 0);
    assert_int_equal(mill_collector_drain(collector, &record, NULL, 1, &count), 0);
    assert_int_equal(count, 0);
    assert_int_equal(mill_collector_destroy(collector), 0);
}

static void test_start_twice_and_stop_twice(void **state)
{
    (void)state;
    static struct probe probe;
    memset(&probe, 0, sizeof probe);
    struct mill_collector *collector = make(&probe, NULL, INTERVAL, 4);
    assert_int_equal(mill_collector_stop(collector, 0), 0);
    probe.until = 1;
    assert_int_equal(mill_collector_start(collector), 0);
    assert_int_equal(mill_stop_wait(&probe.enough, MILL_FOREVER), 0);
    assert_int_equal(mill_collector_start(collector), 0);
    assert_int_equal(mill_collector_destroy(collector), -EBUSY);
    assert_int_equal(mill_collector_stop(collector, MILL_FOREVER), 0);
    assert_int_equal(mill_collector_stop(collector, MILL_FOREVER), 0);
    assert_int_equal(mill_collector_stop(collector, 0), 0);
    uint64_t calls = probe.calls;
    assert_true(calls >= 1);
    struct mill_collected last = probe.about[(calls - 1) % LOG];
    /* period 0 again, and the sequence goes on */
    run(collector, &probe, 3);
    if (first_logged(&probe) <= calls) {
        const struct mill_collected *first = &probe.about[calls % LOG];
        assert_int_equal(first->sequence, calls + 1);
        assert_true(first->due_ns > last.due_ns);
        assert_true(first->period <= metrics_of(collector).missed);
    }
    assert_int_equal(metrics_of(collector).taken, probe.calls);
    assert_int_equal(mill_collector_destroy(collector), 0);
}

/* Every sample is taken within its own period, and every period is accounted for. */
static void test_keeps_absolute_deadlines(void **state)
{
    static struct probe probe;
    memset(&probe, 0, sizeof probe);
    struct mill_collector *collector = make(&probe, *state, INTERVAL, 8);
    run(collector, &probe, 100);
    struct mill_collector_metrics metrics = metrics_of(collector);
    assert_int_equal(metrics.taken, probe.calls);
    uint64_t first = first_logged(&probe);
    uint64_t start = probe.about[first % LOG].due_ns - probe.about[first % LOG].period * INTERVAL;
    uint64_t next = 0;
    for (uint64_t i = first; i < probe.calls; i++) {
        const struct mill_collected *about = &probe.about[i % LOG];
        assert_int_equal(about->sequence, i + 1);
        assert_true(about->period >= next);
        assert_int_equal(about->due_ns, start + about->period * INTERVAL);
        assert_true(about->taken_ns >= about->due_ns);
        assert_true(about->taken_ns < about->due_ns + INTERVAL);
        next = about->period + 1;
    }
    assert_int_equal(metrics.taken + metrics.failed + metrics.missed, next);
    assert_int_equal(mill_collector_destroy(collector), 0);
}

static void test_full_buffer_drops_the_oldest(void **state)
{
    (void)state;
    static struct probe probe;
    memset(&probe, 0, sizeof probe);
    struct mill_collector *collector = make(&probe, NULL, INTERVAL, 4);
    run(collector, &probe, 10);
    struct mill_collector_metrics metrics = metrics_of(collector);
    assert_int_equal(metrics.buffered, 4);
    assert_int_equal(metrics.dropped, metrics.taken - 4);

    struct record record[5];
    struct mill_collected about[5];
    size_t count = 0;
    assert_int_equal(mill_collector_drain(collector, record, about, 3, &count), 0);
    assert_int_equal(count, 3);
    assert_int_equal(mill_collector_drain(collector, record + 3, about + 3, 2, &count), 0);
    assert_int_equal(count, 1);
    for (size_t i = 0; i < 4; i++) {
        assert_int_equal(about[i].sequence, metrics.taken - 3 + i);
        assert_whole(&record[i], about[i].sequence);
        assert_memory_equal(&about[i], &probe.about[(about[i].sequence - 1) % LOG], sizeof about[i]);
    }
    assert_int_equal(mill_collector_latest(collector, record, about), 0);
    assert_int_equal(about[0].sequence, metrics.taken);
    assert_whole(&record[0], metrics.taken);
    metrics = metrics_of(collector);
    assert_int_equal(metrics.drained, 4);
    assert_int_equal(metrics.buffered, 0);
    assert_int_equal(mill_collector_destroy(collector), 0);
}

static void test_failing_callback_is_counted(void **state)
{
    (void)state;
    static struct probe probe;
    memset(&probe, 0, sizeof probe);
    probe.fails_every = 3;
    struct mill_collector *collector = make(&probe, NULL, INTERVAL, 4);
    run(collector, &probe, 10);
    struct mill_collector_metrics metrics = metrics_of(collector);
    assert_int_equal(metrics.failed, probe.calls / 3);
    assert_int_equal(metrics.taken, probe.calls - probe.calls / 3);
    assert_int_equal(metrics.last_error, -EIO);
    struct record record[4];
    struct mill_collected about[4];
    size_t count;
    assert_int_equal(mill_collector_drain(collector, record, about, 4, &count), 0);
    for (size_t i = 0; i < count; i++) {
        assert_int_equal(about[i].sequence, metrics.taken + 1 - count + i);
        assert_whole(&record[i], about[i].sequence);
    }
    assert_int_equal(mill_collector_destroy(collector), 0);
}

static void test_periods_slept_through_are_missed(void **state)
{
    (void)state;
    static struct probe probe;
    memset(&probe, 0, sizeof probe);
    struct mill_stop hold = {0};
    probe.hold = &hold;
    probe.until = 1;
    struct mill_collector *collector = make(&probe, NULL, INTERVAL, 4);
    assert_int_equal(mill_collector_start(collector), 0);
    assert_int_equal(mill_stop_wait(&probe.enough, MILL_FOREVER), 0);
    mill_stop_clear(&probe.enough);
    uint64_t first = probe.about[0].period;
    mill_sleep_until(probe.about[0].due_ns + 5 * INTERVAL);
    probe.until = 2;
    mill_stop_request(&hold);
    assert_int_equal(mill_stop_wait(&probe.enough, MILL_FOREVER), 0);
    assert_int_equal(mill_collector_stop(collector, MILL_FOREVER), 0);
    struct mill_collector_metrics metrics = metrics_of(collector);
    assert_true(metrics.missed >= first + 4);
    assert_int_equal(metrics.taken + metrics.missed, probe.about[(probe.calls - 1) % LOG].period + 1);
    assert_int_equal(mill_collector_destroy(collector), 0);
}

static void test_stop_while_busy(void **state)
{
    (void)state;
    static struct probe probe;
    memset(&probe, 0, sizeof probe);
    struct mill_stop hold = {0};
    probe.hold = &hold;
    struct mill_collector *collector = make(&probe, NULL, INTERVAL, 4);
    assert_int_equal(mill_collector_start(collector), 0);
    assert_int_equal(mill_stop_wait(&probe.enough, MILL_FOREVER), 0);
    assert_int_equal(mill_collector_stop(collector, 0), -ETIMEDOUT);
    assert_int_equal(mill_collector_stop(collector, MILL_NS_PER_MS), -ETIMEDOUT);
    assert_int_equal(mill_collector_start(collector), -EBUSY);
    assert_int_equal(mill_collector_destroy(collector), -EBUSY);
    mill_stop_request(&hold);
    assert_int_equal(mill_collector_stop(collector, MILL_FOREVER), 0);
    assert_int_equal(probe.calls, 1);
    assert_int_equal(metrics_of(collector).taken, 1);
    assert_int_equal(mill_collector_destroy(collector), 0);
}

/* Else this takes three hundred years. */
static void test_stop_wakes_at_once(void **state)
{
    static struct probe probe;
    memset(&probe, 0, sizeof probe);
    struct mill_collector *collector = make(&probe, *state, INT64_MAX, 4);
    run(collector, &probe, 1);
    assert_int_equal(probe.calls, 1);
    assert_int_equal(mill_collector_destroy(collector), 0);
}

static void test_callback_cannot_stop(void **state)
{
    (void)state;
    static struct probe probe;
    memset(&probe, 0, sizeof probe);
    struct mill_collector *collector = make(&probe, NULL, INTERVAL, 4);
    probe.stops = collector;
    run(collector, &probe, 3);
    assert_int_equal(probe.stopped, -EDEADLK);
    assert_int_equal(mill_collector_destroy(collector), 0);
}

/* ---- readers beside it ---- */

struct reader {
    struct mill_collector *collector;
    struct mill_stop *over;
    uint64_t drained; /* samples */
};

/* What is drained comes in order, what is latest never goes back, and neither is torn. */
static void *read_on(void *argument)
{
    struct reader *reader = argument;
    uint64_t last = 0, newest = 0;
    while (!mill_stop_requested(reader->over)) {
        struct record record[3];
        struct mill_collected about[3];
        size_t count = 0;
        assert_int_equal(mill_collector_drain(reader->collector, record, about, 3, &count), 0);
        for (size_t i = 0; i < count; i++) {
            assert_true(about[i].sequence > last);
            assert_whole(&record[i], about[i].sequence);
            last = about[i].sequence;
        }
        reader->drained += count;
        if (mill_collector_latest(reader->collector, record, about) == 0) {
            assert_true(about[0].sequence >= newest && about[0].sequence >= last);
            assert_whole(&record[0], about[0].sequence);
            newest = about[0].sequence;
        }
    }
    return NULL;
}

static void test_readers_see_whole_samples(void **state)
{
    (void)state;
    static struct probe probe;
    memset(&probe, 0, sizeof probe);
    struct mill_collector *collector = make(&probe, NULL, 1, 2);
    struct mill_stop over = {0};
    struct reader reader[2];
    pthread_t thread[2];
    for (int i = 0; i < 2; i++) {
        reader[i] = (struct reader){.collector = collector, .over = &over};
        assert_int_equal(pthread_create(&thread[i], NULL, read_on, &reader[i]), 0);
    }
    run(collector, &probe, 2000);
    mill_stop_request(&over);
    for (int i = 0; i < 2; i++) {
        pthread_join(thread[i], NULL);
    }
    assert_int_equal(metrics_of(collector).drained, reader[0].drained + reader[1].drained);
    assert_int_equal(mill_collector_destroy(collector), 0);
}

/* ---- the control ---- */

static void test_sleeping_the_interval_drifts(void **state)
{
    (void)state;
    static struct probe probe;
    memset(&probe, 0, sizeof probe);
    probe.spends_ns = INTERVAL;
    struct mill_collector *collector = make(&probe, mill_pace_ops_find("sleep-interval"), INTERVAL, 4);
    run(collector, &probe, 10);
    for (uint64_t i = first_logged(&probe); i < probe.calls; i++) {
        const struct mill_collected *about = &probe.about[i % LOG];
        assert_int_equal(about->period, i);
        assert_true(about->taken_ns >= about->due_ns + i * INTERVAL);
    }
    assert_int_equal(metrics_of(collector).missed, 0);
    assert_int_equal(mill_collector_destroy(collector), 0);
}

static void test_paces_are_well_formed(void **state)
{
    (void)state;
    for (size_t i = 0; i < mill_pace_family.count; i++) {
        const struct mill_strategy *about = mill_pace_family.strategies[i];
        assert_ptr_equal(mill_pace_ops_find(about->name), mill_pace_ops_of(about));
        assert_non_null(about->summary);
        assert_non_null(about->source);
        assert_non_null(mill_pace_ops_of(about)->await);
    }
    assert_null(mill_pace_ops_find("no-such-pace"));
}

static int use_absolute(void **state)
{
    *state = (void *)(uintptr_t)mill_pace_ops_find("absolute");
    return 0;
}

static int use_spinning(void **state)
{
    *state = (void *)(uintptr_t)mill_pace_ops_find("absolute-spinning");
    return 0;
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_refuses_bad_input),
        cmocka_unit_test(test_start_twice_and_stop_twice),
        cmocka_unit_test_setup(test_keeps_absolute_deadlines, use_absolute),
        cmocka_unit_test_setup(test_keeps_absolute_deadlines, use_spinning),
        cmocka_unit_test(test_full_buffer_drops_the_oldest),
        cmocka_unit_test(test_failing_callback_is_counted),
        cmocka_unit_test(test_periods_slept_through_are_missed),
        cmocka_unit_test(test_stop_while_busy),
        cmocka_unit_test_setup(test_stop_wakes_at_once, use_absolute),
        cmocka_unit_test_setup(test_stop_wakes_at_once, use_spinning),
        cmocka_unit_test(test_callback_cannot_stop),
        cmocka_unit_test(test_readers_see_whole_samples),
        cmocka_unit_test(test_sleeping_the_interval_drifts),
        cmocka_unit_test(test_paces_are_well_formed),
    };
    return cmocka_run_group_tests_name("collector", tests, NULL, NULL);
}
