#include "device/stream_count.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "device/firmware.h"

static struct mill_stream_count counting_every(unsigned interval_ms)
{
    struct mill_stream_count count;
    const struct mill_stream_count_plan plan = {.interval_ms = interval_ms};
    assert_int_equal(mill_stream_count_init(&count, &plan), 0);
    return count;
}

static struct mill_sample_line at(uint64_t ms, uint64_t seq, enum mill_sample_status status)
{
    return (struct mill_sample_line){
        .timestamp_ms = ms, .seq = seq, .t_us = seq * 1000, .status = status, .data_valid = true};
}

static struct mill_sample_line running(uint64_t ms, uint64_t seq)
{
    return at(ms, seq, MILL_SAMPLE_RUNNING);
}

static struct mill_sample_line idle(uint64_t ms, uint64_t seq)
{
    return at(ms, seq, MILL_SAMPLE_IDLE);
}

static struct mill_stream_step tell(struct mill_stream_count *count, struct mill_sample_line line)
{
    struct mill_stream_step step;
    mill_stream_count_line(count, &line, &step);
    return step;
}

#define assert_step(count, line, wanted) \
    assert_string_equal(mill_stream_step_name(tell(count, line).kind), wanted)

static void ticks_are_not_lines(void **state)
{
    (void)state;
    struct mill_stream_count count = counting_every(10);
    assert_step(&count, running(5000, 100), "first");
    for (uint64_t i = 1; i < 100; i++) {
        struct mill_stream_step step = tell(&count, running(5000 + 10 * i, 100 + 10 * i));
        assert_int_equal(step.kind, MILL_STREAM_NEXT);
        assert_int_equal(step.ms, 10);
        assert_int_equal(step.ticks, 10);
    }
    assert_int_equal(count.totals.missing, 0);
    assert_int_equal(count.totals.frozen, 0);
    assert_int_equal(count.totals.next, 99);
}

static void missing_lines_are_counted_in_intervals(void **state)
{
    (void)state;
    struct mill_stream_count count = counting_every(10);
    tell(&count, running(0, 0));
    struct mill_stream_step step = tell(&count, running(50, 50));
    assert_int_equal(step.kind, MILL_STREAM_GAP);
    assert_int_equal(step.missing, 4);
    assert_int_equal(tell(&count, running(71, 71)).missing, 1);   /* late by one */
    assert_int_equal(tell(&count, running(100, 100)).missing, 2); /* 29 ms: rounded */
    assert_int_equal(count.totals.gaps, 3);
    assert_int_equal(count.totals.missing, 7);
}

static void a_late_line_is_no_gap(void **state)
{
    (void)state;
    struct mill_stream_count count = counting_every(10);
    tell(&count, running(0, 0));
    assert_step(&count, running(14, 14), "next");
    assert_step(&count, running(20, 20), "next");
    assert_step(&count, running(35, 35), "gap"); /* one and a half */
}

static void slack_says_what_a_late_line_at_1_khz_is(void **state)
{
    (void)state;
    struct mill_stream_count strict = counting_every(1);
    struct mill_stream_count lenient;
    const struct mill_stream_count_plan plan = {.interval_ms = 1, .slack_ms = 1};
    mill_stream_count_init(&lenient, &plan);
    tell(&strict, running(0, 0));
    tell(&lenient, running(0, 0));
    assert_int_equal(tell(&strict, running(2, 2)).missing, 1);
    assert_step(&lenient, running(2, 2), "next");
    assert_int_equal(tell(&lenient, running(5, 5)).missing, 2);
}

static void a_frozen_seq_is_no_duplicate(void **state)
{
    (void)state;
    struct mill_stream_count count = counting_every(10);
    tell(&count, running(0, 700));
    assert_step(&count, idle(10, 705), "next"); /* stopped in between */
    for (uint64_t i = 2; i < 50; i++) {
        assert_step(&count, idle(10 * i, 705), "next");
    }
    assert_int_equal(count.totals.frozen, 48);
    assert_int_equal(count.totals.duplicates, 0);
    assert_int_equal(tell(&count, idle(530, 705)).missing, 3); /* gaps are told all the same */
}

static void the_same_line_is_a_duplicate(void **state)
{
    (void)state;
    struct mill_stream_count count = counting_every(10);
    tell(&count, running(0, 0));
    tell(&count, running(10, 10));
    assert_step(&count, running(10, 10), "duplicate");
    assert_step(&count, running(10, 10), "duplicate");
    assert_step(&count, running(20, 20), "next");
    assert_step(&count, idle(30, 25), "next");
    assert_step(&count, idle(30, 25), "duplicate");
    assert_int_equal(count.totals.duplicates, 3);
    assert_int_equal(count.totals.missing, 0);
}

/* Within one millisecond of a device without limits. */
static void one_timestamp_and_another_tick_is_no_duplicate(void **state)
{
    (void)state;
    struct mill_stream_count count = counting_every(1);
    tell(&count, running(10, 10));
    assert_step(&count, running(10, 11), "next");
}

static void a_start_is_a_restart_and_its_second_no_gap(void **state)
{
    (void)state;
    struct mill_stream_count count = counting_every(10);
    tell(&count, idle(0, 705));
    struct mill_stream_step step = tell(&count, running(1010, 8));
    assert_int_equal(step.kind, MILL_STREAM_RESTART);
    assert_int_equal(step.unknown_ms, 1010);
    assert_int_equal(step.ticks, 8);
    assert_int_equal(step.missing, 0);
    assert_step(&count, running(1020, 18), "next");
    assert_int_equal(count.totals.unknown_ms, 1010);
}

/* Stopped and started between two lines: seq need not go back for that. */
static void a_restart_is_seen_where_seq_moved_too_little(void **state)
{
    (void)state;
    struct mill_stream_count count = counting_every(10);
    tell(&count, running(0, 100));
    assert_step(&count, running(1300, 290), "restart");
    assert_step(&count, running(1310, 300), "next");
    assert_step(&count, running(2600, 40), "restart");
    assert_step(&count, idle(2610, 45), "next");
    assert_step(&count, idle(4000, 345), "restart"); /* ran and was stopped again */
    assert_int_equal(count.totals.missing, 0);
    assert_int_equal(count.totals.restarts, 3);
}

static void a_stop_is_no_restart(void **state)
{
    (void)state;
    struct mill_stream_count count = counting_every(1000);
    tell(&count, running(0, 0));
    assert_step(&count, idle(1000, 300), "next");
    assert_step(&count, idle(2000, 300), "next");
}

static void with_a_seq_that_never_stands_a_start_is_seen_by_its_status(void **state)
{
    (void)state;
    struct mill_stream_count count = counting_every(10);
    tell(&count, idle(0, 0));
    assert_step(&count, idle(10, 10), "next");
    assert_step(&count, running(1020, 1020), "restart");
    assert_step(&count, running(1030, 1030), "next");
}

static void lines_without_data_say_nothing_of_seq(void **state)
{
    (void)state;
    struct mill_stream_count count = counting_every(10);
    struct mill_sample_line invalid = running(30, 0);
    invalid.data_valid = false;
    tell(&count, running(0, 500));
    assert_step(&count, at(10, 0, MILL_SAMPLE_NO_DATA), "next");
    assert_step(&count, at(20, 0, MILL_SAMPLE_NO_DATA), "next");
    assert_step(&count, invalid, "next");
    assert_step(&count, running(40, 540), "next");
    assert_int_equal(tell(&count, at(80, 0, MILL_SAMPLE_NO_DATA)).missing, 3);
    assert_int_equal(count.totals.frozen, 0);
}

static void a_clock_that_goes_back_is_a_reboot(void **state)
{
    (void)state;
    struct mill_stream_count count = counting_every(10);
    tell(&count, running(500000, 900));
    assert_step(&count, idle(120, 0), "reboot");
    assert_step(&count, idle(130, 0), "next");
    assert_step(&count, running(1200, 3), "restart");
    assert_int_equal(count.totals.reboots, 1);
    assert_int_equal(count.totals.missing, 0);
}

static void counts_of_32_bits_start_over(void **state)
{
    (void)state;
    struct mill_stream_count count = counting_every(10);
    tell(&count, running(UINT32_MAX - 4, UINT32_MAX - 1));
    struct mill_stream_step step = tell(&count, running(5, 8));
    assert_int_equal(step.kind, MILL_STREAM_NEXT);
    assert_int_equal(step.ms, 10);
    assert_int_equal(step.ticks, 10);
    tell(&count, running(UINT32_MAX - 4, UINT32_MAX - 1));
    assert_int_equal(tell(&count, running(35, 38)).missing, 3);
    /* more ticks than time: not around the end, but from the beginning */
    tell(&count, running(100000, UINT32_MAX - 9));
    assert_step(&count, running(100010, 700), "restart");
}

static void a_longer_interval_is_no_gap(void **state)
{
    (void)state;
    struct mill_stream_count count = counting_every(10);
    tell(&count, running(0, 0));
    assert_int_equal(mill_stream_count_interval(&count, 100), 0);
    assert_step(&count, running(10, 10), "next"); /* not yet */
    assert_step(&count, running(110, 110), "next");
    assert_step(&count, running(210, 210), "next");
    assert_int_equal(tell(&count, running(410, 410)).missing, 1);
    assert_int_equal(count.interval_ms, 100);
}

static void a_shorter_interval_counts_once_it_shows(void **state)
{
    (void)state;
    struct mill_stream_count count = counting_every(100);
    tell(&count, running(0, 0));
    mill_stream_count_interval(&count, 10);
    assert_step(&count, running(100, 100), "next");
    assert_step(&count, running(160, 160), "next"); /* in between */
    assert_step(&count, running(170, 170), "next");
    assert_int_equal(tell(&count, running(270, 270)).missing, 9);
}

static void a_faster_stream_than_told_is_learned(void **state)
{
    (void)state;
    struct mill_stream_count count = counting_every(100);
    uint64_t now = 0;
    tell(&count, running(now, now));
    for (int i = 0; i < 4; i++) {
        now += 20;
        assert_step(&count, running(now, now), "next");
    }
    assert_int_equal(count.interval_ms, 20);
    now += 60;
    assert_int_equal(tell(&count, running(now, now)).missing, 2);
}

/* A line that was late is followed by one that comes soon: that is jitter. */
static void jitter_is_not_learned(void **state)
{
    (void)state;
    struct mill_stream_count count = counting_every(10);
    for (uint64_t i = 0; i < 100; i++) {
        uint64_t now = 10 * i + (i % 2 ? 4 : 0);
        assert_string_not_equal(mill_stream_step_name(tell(&count, running(now, now)).kind), "gap");
    }
    assert_int_equal(count.interval_ms, 10);
}

/* Every second line lost looks like twice the interval: it stays a loss. */
static void a_slower_stream_than_told_stays_a_loss(void **state)
{
    (void)state;
    struct mill_stream_count count = counting_every(10);
    for (uint64_t i = 0; i < 50; i++) {
        tell(&count, running(20 * i, 20 * i));
    }
    assert_int_equal(count.totals.missing, 49);
}

static void a_new_connection_tells_what_was_missed_meanwhile(void **state)
{
    (void)state;
    struct mill_stream_count count = counting_every(10);
    tell(&count, running(0, 0));
    tell(&count, running(10, 10));
    assert_int_equal(mill_stream_count_connected(&count, 10), 0);
    struct mill_stream_step step = tell(&count, running(510, 510));
    assert_int_equal(step.kind, MILL_STREAM_GAP);
    assert_int_equal(step.missing, 49);
    assert_int_equal(mill_stream_count_connected(&count, 100), 0);
    assert_step(&count, running(610, 610), "next");
}

/* ---- the firmware itself ---- */

static uint64_t ask(struct mill_firmware *firmware, uint64_t now_us, const char *body)
{
    struct mill_firmware_reply reply;
    assert_int_equal(mill_firmware_request(firmware, now_us, "POST", MILL_WIRE_BASE "/control", body,
                                           strlen(body), &reply),
                     0);
    assert_int_equal(reply.status, 200);
    return now_us + reply.before_us + reply.after_us;
}

static uint64_t tell_samples(struct mill_stream_count *count, struct mill_firmware *firmware, uint64_t now_us,
                             unsigned lines)
{
    for (unsigned i = 0; i < lines; i++) {
        struct mill_sample_line line;
        now_us += 10000;
        mill_firmware_sample(firmware, now_us, &line);
        mill_stream_count_line(count, &line, NULL);
    }
    return now_us;
}

/* Through starts, stops and a loss of power: nothing is told missing that was sent, and what was not is. */
static void the_firmware_is_understood(unsigned quirks)
{
    struct mill_stream_count count = counting_every(10);
    struct mill_firmware *firmware;
    const struct mill_firmware_plan plan = {.quirks = quirks};
    assert_int_equal(mill_firmware_create(&plan, &firmware), 0);
    uint64_t now_us = tell_samples(&count, firmware, 0, 50);
    for (unsigned i = 0; i < 5; i++) {
        now_us = ask(firmware, now_us, "{\"action\":\"start\",\"preset\":1}");
        now_us = tell_samples(&count, firmware, now_us, 50 + 40 * i);
        now_us = ask(firmware, now_us, "{\"action\":\"stop\"}");
        now_us = tell_samples(&count, firmware, now_us, 100);
    }
    assert_int_equal(count.totals.restarts, 5);
    assert_int_equal(count.totals.missing, 0);
    assert_int_equal(count.totals.duplicates, 0);
    assert_int_equal(count.totals.frozen > 0, (quirks & MILL_QUIRK_SEQ) != 0);
    now_us = tell_samples(&count, firmware, now_us + 70000, 1);
    assert_int_equal(count.totals.missing, 7);
    mill_firmware_power_cycle(firmware, now_us);
    tell_samples(&count, firmware, now_us + 1000, 100);
    assert_int_equal(count.totals.reboots, 1);
    assert_int_equal(count.totals.missing, 7);
    mill_firmware_destroy(firmware);
}

static void the_firmware_is_understood_with_its_quirks_and_without(void **state)
{
    (void)state;
    the_firmware_is_understood(MILL_QUIRKS_FIRMWARE);
    the_firmware_is_understood(MILL_QUIRKS_NONE);
}

static void every_line_is_of_one_kind(void **state)
{
    (void)state;
    struct mill_stream_count count = counting_every(10);
    static const uint64_t extremes[] = {0, 1, UINT32_MAX, (uint64_t)UINT32_MAX + 1, INT64_MAX, UINT64_MAX};
    enum { EXTREMES = sizeof extremes / sizeof extremes[0] };
    for (unsigned i = 0; i < EXTREMES * EXTREMES; i++) {
        struct mill_sample_line line = running(extremes[i % EXTREMES], extremes[i / EXTREMES]);
        assert_non_null(mill_stream_step_name(tell(&count, line).kind));
        mill_stream_count_line(&count, &line, NULL);
    }
    const struct mill_stream_count_totals *totals = &count.totals;
    assert_int_equal(totals->lines, 2 * EXTREMES * EXTREMES);
    assert_int_equal(totals->lines, 1 + totals->next + totals->duplicates + totals->gaps + totals->restarts +
                                        totals->reboots);
}

static void nonsense_is_refused(void **state)
{
    (void)state;
    struct mill_stream_count count = counting_every(0);
    assert_int_equal(count.interval_ms, MILL_WIRE_INTERVAL_MS);
    assert_int_equal(mill_stream_count_init(NULL, &count.plan), -EINVAL);
    assert_int_equal(mill_stream_count_init(&count, NULL), -EINVAL);
    const struct mill_stream_count_plan plan = {.interval_ms = MILL_WIRE_INTERVAL_MAX_MS + 1};
    assert_int_equal(mill_stream_count_init(&count, &plan), -EINVAL);
    assert_int_equal(mill_stream_count_interval(&count, 0), -EINVAL);
    assert_int_equal(mill_stream_count_interval(&count, 1001), -EINVAL);
    assert_int_equal(mill_stream_count_connected(&count, 0), -EINVAL);
    assert_int_equal(mill_stream_count_connected(NULL, 10), -EINVAL);
    assert_null(mill_stream_step_name((enum mill_stream_step_kind)6));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(ticks_are_not_lines),
        cmocka_unit_test(missing_lines_are_counted_in_intervals),
        cmocka_unit_test(a_late_line_is_no_gap),
        cmocka_unit_test(slack_says_what_a_late_line_at_1_khz_is),
        cmocka_unit_test(a_frozen_seq_is_no_duplicate),
        cmocka_unit_test(the_same_line_is_a_duplicate),
        cmocka_unit_test(one_timestamp_and_another_tick_is_no_duplicate),
        cmocka_unit_test(a_start_is_a_restart_and_its_second_no_gap),
        cmocka_unit_test(a_restart_is_seen_where_seq_moved_too_little),
        cmocka_unit_test(a_stop_is_no_restart),
        cmocka_unit_test(with_a_seq_that_never_stands_a_start_is_seen_by_its_status),
        cmocka_unit_test(lines_without_data_say_nothing_of_seq),
        cmocka_unit_test(a_clock_that_goes_back_is_a_reboot),
        cmocka_unit_test(counts_of_32_bits_start_over),
        cmocka_unit_test(a_longer_interval_is_no_gap),
        cmocka_unit_test(a_shorter_interval_counts_once_it_shows),
        cmocka_unit_test(a_faster_stream_than_told_is_learned),
        cmocka_unit_test(jitter_is_not_learned),
        cmocka_unit_test(a_slower_stream_than_told_stays_a_loss),
        cmocka_unit_test(a_new_connection_tells_what_was_missed_meanwhile),
        cmocka_unit_test(the_firmware_is_understood_with_its_quirks_and_without),
        cmocka_unit_test(every_line_is_of_one_kind),
        cmocka_unit_test(nonsense_is_refused),
    };
    return cmocka_run_group_tests_name("device/stream_count", tests, NULL, NULL);
}
