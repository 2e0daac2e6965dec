#include "report/progress.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/clock.h"

static const struct mill_scenario scenario = {.name = "counter"};
static const struct mill_strategy strategy = {.name = "ticket"};
static const struct mill_cell cell = {.scenario = &scenario, .strategy = &strategy, .threads = 2};

/* Progress that is written into memory; the stream keeps pointers into it. */
struct fixture {
    char *text;
    size_t size;
    FILE *stream;
    struct mill_progress_view *progress;
};

static void begin(struct fixture *fixture, unsigned width)
{
    fixture->stream = open_memstream(&fixture->text, &fixture->size);
    assert_non_null(fixture->stream);
    assert_int_equal(mill_progress_create_at(&fixture->progress, fixture->stream, width, 0), 0);
}

static void end(struct fixture *fixture)
{
    mill_progress_destroy(fixture->progress);
    fclose(fixture->stream);
}

static void step(struct fixture *fixture, size_t done, unsigned round, uint64_t now_ns)
{
    const struct mill_run_event event = {
        .done = done, .total = 90, .round = round, .rounds = 9, .rejected = 1, .cell = &cell};
    mill_progress_update(fixture->progress, &event, now_ns);
}

static size_t count(const char *text, const char *part)
{
    size_t found = 0;
    for (const char *at = strstr(text, part); at; at = strstr(at + 1, part)) {
        found++;
    }
    return found;
}

static void time_left_follows_the_pace(void **state)
{
    (void)state;
    assert_true(mill_progress_left(1000, 0, 10) == UINT64_MAX);
    assert_true(mill_progress_left(1000, 1, 10) == 9000);
    assert_true(mill_progress_left(1000, 5, 10) == 1000);
    assert_true(mill_progress_left(1000, 10, 10) == 0);
}

static void expect_time(double seconds, const char *expected)
{
    struct mill_text text = {0};
    mill_progress_time(&text, (uint64_t)(seconds * 1e9));
    assert_string_equal(text.text, expected);
    mill_text_free(&text);
}

static void times_are_as_coarse_as_an_estimate_deserves(void **state)
{
    (void)state;
    expect_time(0.2, "1 s");
    expect_time(45, "45 s");
    expect_time(60, "1 min");
    expect_time(78, "1 min 20 s");
    expect_time(119, "2 min");
    expect_time(685, "12 min");
    expect_time(7490, "2 h 5 min");
}

static void a_terminal_line_is_redrawn_in_place_and_cleared_at_the_end(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, 120);
    step(&fixture, 38, 4, 60 * MILL_NS_PER_S);
    end(&fixture);
    assert_string_equal(fixture.text,
                        "\r[####------]  42%  38/90, about 1 min 25 s left, round 4/9, 1 rejected: "
                        "counter, ticket, 2 threads\033[K\r\033[K");
    free(fixture.text);
}

static void a_terminal_line_is_cut_to_the_width(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, 20);
    step(&fixture, 38, 4, 60 * MILL_NS_PER_S);
    end(&fixture);
    assert_string_equal(fixture.text, "\r[####------]  42%\033[K\r\033[K");
    free(fixture.text);
}

static void a_narrow_terminal_shows_whole_parts(void **state)
{
    (void)state;
    static const char *const ends[] = {"]", "42%", "38/90", "left", "4/9", "rejected", "threads"};
    for (unsigned width = 1; width < 110; width++) {
        struct fixture fixture;
        begin(&fixture, width);
        step(&fixture, 38, 4, 60 * MILL_NS_PER_S);
        end(&fixture);
        size_t length = strcspn(fixture.text + 1, "\033");
        bool whole = length == 0;
        for (size_t i = 0; i < sizeof ends / sizeof ends[0]; i++) {
            size_t end = strlen(ends[i]);
            whole = whole || (length >= end && strncmp(fixture.text + 1 + length - end, ends[i], end) == 0);
        }
        if (!whole || length >= width) {
            fail_msg("at %u columns: '%.*s'", width, (int)length, fixture.text + 1);
        }
        free(fixture.text);
    }
}

static void redraws_are_at_most_ten_a_second(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, 120);
    for (uint64_t ms = 0; ms < 1000; ms++) {
        step(&fixture, 38, 4, 60 * MILL_NS_PER_S + ms * MILL_NS_PER_MS);
    }
    end(&fixture);
    assert_int_equal(count(fixture.text, "42%"), 10);
    free(fixture.text);
}

static void elsewhere_each_tenth_is_one_plain_line(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, 0);
    for (size_t done = 0; done <= 90; done++) {
        step(&fixture, done, (unsigned)(done / 10 + (done < 90)), done * MILL_NS_PER_S);
        step(&fixture, done, (unsigned)(done / 10 + (done < 90)), done * MILL_NS_PER_S);
    }
    end(&fixture);
    assert_int_equal(count(fixture.text, "\n"), 10);
    assert_int_equal(count(fixture.text, "\033"), 0);
    assert_int_equal(count(fixture.text, "\r"), 0);
    assert_non_null(
        strstr(fixture.text, "50%: 45 of 90 samples, round 5 of 9, 1 rejected, about 45 s left\n"));
    assert_non_null(strstr(fixture.text, "100%: 90 of 90 samples, round 9 of 9, 1 rejected\n"));
    free(fixture.text);
}

static void bad_sample(unsigned width, const char *expected)
{
    struct fixture fixture;
    begin(&fixture, width);
    json_t *sample = json_pack("{s:s, s:s}", "status", "crashed", "reason", "signal 11\033[31m");
    struct mill_run_event event = {
        .done = 3, .total = 90, .round = 1, .rounds = 9, .bad = 1, .cell = &cell, .sample = sample};
    mill_progress_update(fixture.progress, &event, MILL_NS_PER_S);
    mill_progress_update(fixture.progress, &event, MILL_NS_PER_S); /* told once */
    end(&fixture);
    assert_string_equal(fixture.text, expected);
    json_decref(sample);
    free(fixture.text);
}

static void a_bad_sample_has_a_line_of_its_own(void **state)
{
    (void)state;
    bad_sample(0, "crashed: counter, ticket, 2 threads, round 1: signal 11?[31m\n");
    bad_sample(30, "crashed: counter, ticket, 2 threads, round 1: signal 11?[31m\n"
                   "\r[----------]   3%  3/90\033[K\r\033[K");
}

/* Ten samples took ten seconds: of nine rounds of ten samples, three and a half fit into 35 seconds. */
static void rounds_beyond_the_budget_are_not_waited_for(void **state)
{
    (void)state;
    struct fixture fixture;
    begin(&fixture, 120);
    mill_progress_budget(fixture.progress, 35 * MILL_NS_PER_S);
    step(&fixture, 10, 1, 10 * MILL_NS_PER_S);
    end(&fixture);
    assert_non_null(strstr(fixture.text, " 33%  10/30, about 20 s left, round 1/3"));
    free(fixture.text);
}

static void a_stream_in_memory_is_no_terminal(void **state)
{
    (void)state;
    char *text;
    size_t size;
    struct mill_progress_view *progress;
    FILE *stream = open_memstream(&text, &size);
    const struct mill_run_event event = {.done = 1, .total = 2, .round = 1, .rounds = 2};
    assert_non_null(stream);
    assert_int_equal(mill_progress_create(&progress, stream, 0), 0);
    mill_progress_update(progress, &event, MILL_NS_PER_S);
    mill_progress_destroy(progress);
    fclose(stream);
    assert_string_equal(text, "50%: 1 of 2 samples, round 1 of 2, about 1 s left\n");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(time_left_follows_the_pace),
        cmocka_unit_test(times_are_as_coarse_as_an_estimate_deserves),
        cmocka_unit_test(a_terminal_line_is_redrawn_in_place_and_cleared_at_the_end),
        cmocka_unit_test(a_terminal_line_is_cut_to_the_width),
        cmocka_unit_test(a_narrow_terminal_shows_whole_parts),
        cmocka_unit_test(redraws_are_at_most_ten_a_second),
        cmocka_unit_test(elsewhere_each_tenth_is_one_plain_line),
        cmocka_unit_test(a_bad_sample_has_a_line_of_its_own),
        cmocka_unit_test(rounds_beyond_the_budget_are_not_waited_for),
        cmocka_unit_test(a_stream_in_memory_is_no_terminal),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
