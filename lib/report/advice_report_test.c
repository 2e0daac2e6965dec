#include "report/advice_report.h"

#include "measure/histogram_encoding.h"
#include "report/test_document.h"

/* Adds nine rounds of a cell in a mode. */
static void add_mode(json_t *document, int cell, const char *mode, double rate)
{
    for (int round = 1; round <= rounds; round++) {
        json_t *sample = add_sample(document, cell, round, rate * (1 + 0.01 * (round % 3)), "ok", NULL);
        json_object_set_new(sample, "mode", json_string(mode));
    }
}

/* One latency sample whose every operation took `ns`. */
static void add_latency(json_t *document, int cell, uint64_t ns)
{
    struct mill_histogram *histogram;
    char *encoding;
    assert_int_equal(mill_histogram_create(&histogram), 0);
    mill_histogram_record(histogram, ns);
    assert_int_equal(mill_histogram_encode(histogram, &encoding), 0);
    json_t *sample = add_sample(document, cell, 1, 1e6, "ok", NULL);
    json_object_set_new(sample, "kind", json_string("latency"));
    json_object_set_new(sample, "latency",
                        json_pack("{s:i, s:i, s:I, s:I, s:s}", "count", 1, "unfinished", 0, "min_ns",
                                  (json_int_t)ns, "max_ns", (json_int_t)ns, "histogram", encoding));
    free(encoding);
    mill_histogram_destroy(histogram);
}

/* The answer to a document, whose reference is taken over, varied by another, or by NULL. */
static char *advice(json_t *document, json_t *varied)
{
    struct mill_summary summary, other;
    struct mill_text out = {0};
    assert_int_equal(mill_summary_make(&summary, document, NULL), 0);
    const struct mill_advice_variation variation = {.what = "4 threads", .summary = &other};
    if (varied) {
        assert_int_equal(mill_summary_make(&other, varied, NULL), 0);
    }
    const struct mill_advice_report report = {.workload = "a workload",
                                              .summary = &summary,
                                              .variations = &variation,
                                              .variation_count = varied != NULL};
    assert_int_equal(mill_advice_report(&out, &report), 0);
    mill_summary_destroy(&summary);
    if (varied) {
        mill_summary_destroy(&other);
    }
    json_decref(document);
    json_decref(varied);
    return out.text;
}

static void the_winner_comes_with_the_runner_up(void **state)
{
    (void)state;
    char *text = advice(make_document(), NULL);
    expect(text, "a workload\n\n  near: take ticket. 10.1 M operations a second");
    expect(text, "mcs, the runner-up: 8.08 M operations a second");
    expect(text, "ticket is 1.25 times as fast as mcs (95% interval 1.25 to 1.25, 9 rounds)\n");
    expect_not(text, "what would change");
    free(text);
}

static void what_is_undecided_is_said_to_be(void **state)
{
    (void)state;
    json_t *document = make_document();
    json_t *samples = json_object_get(document, "samples");
    for (size_t i = rounds; i < (size_t)2 * rounds; i++) { /* mcs: faster in four of nine rounds */
        json_object_set_new(json_array_get(samples, i), "operations_per_second",
                            json_real(i % 2 ? 9e6 : 12e6));
    }
    char *text = advice(document, NULL);
    expect(text, "ticket or mcs: nothing measured here tells which");
    expect_not(text, "take ");
    free(text);
}

/* A busy machine may leave one of two without a sample that counts. */
static void who_is_left_alone_is_no_winner(void **state)
{
    (void)state;
    json_t *document = make_document();
    json_t *samples = json_object_get(document, "samples");
    for (size_t i = rounds; i < json_array_size(samples); i++) { /* ticket's are the first */
        json_object_set_new(json_array_get(samples, i), "status", json_string("rejected"));
    }
    char *text = advice(document, NULL);
    expect(text,
           "near: only of ticket does a sample count, so nothing tells which. 10.1 M operations a second");
    expect_not(text, "take ");
    free(text);
}

static void each_mode_has_an_answer_and_the_greater_comes_first(void **state)
{
    (void)state;
    json_t *document = make_document();
    add_mode(document, cell_mcs, "far", 5e6);
    add_mode(document, cell_ticket, "far", 4e6);
    char *text = advice(document, NULL);
    expect(text, "near: take ticket");
    expect(text, "far: take mcs");
    assert_true(strstr(text, "near: take") < strstr(text, "far: take"));
    free(text);
}

/* The control is the fastest by far. */
static void a_control_is_never_taken(void **state)
{
    (void)state;
    json_t *document = make_document();
    add_unsafe(document, true);
    char *text = advice(document, NULL);
    expect(text, "take ticket");
    expect_not(text, "unsafe");
    free(text);
}

static void other_measures_may_have_other_winners(void **state)
{
    (void)state;
    json_t *document = make_document();
    add_latency(document, cell_ticket, 900);
    add_latency(document, cell_mcs, 300);
    char *text = advice(document, NULL);
    expect(text, "take ticket");
    expect(text, "if the slowest operation in a hundred matters most: mcs, with ");
    expect(text, "p99 300 ns");
    expect_not(text, "if processor time matters most"); /* that is ticket, too */
    free(text);
}

static void a_change_of_the_answer_is_told_from_none(void **state)
{
    (void)state;
    char *text = advice(make_document(), make_document());
    expect(text,
           "what would change the answer\n  4 threads: near: still ticket, 1.25 times as fast as mcs (95%");
    free(text);
    json_t *changed = make_document();
    json_array_clear(json_object_get(changed, "samples"));
    add_mode(changed, cell_mcs, "near", 5e6);
    add_mode(changed, cell_ticket, "near", 4e6);
    text = advice(make_document(), changed);
    expect(text, "4 threads: near: mcs, 1.25 times as fast as ticket");
    free(text);
    changed = make_document();
    json_array_clear(json_object_get(changed, "samples"));
    text = advice(make_document(), changed);
    expect(text, "4 threads: no sample that counts in a mode of the above\n");
    free(text);
}

static void without_samples_there_is_no_answer(void **state)
{
    (void)state;
    json_t *document = make_document();
    json_array_clear(json_object_get(document, "samples"));
    char *text = advice(document, NULL);
    expect(text, "no answer: no sample counts");
    free(text);
}

/* The two fastest of each mode, each name once. */
static void the_shortlist_has_the_best_of_each_mode(void **state)
{
    (void)state;
    json_t *document = make_document();
    add_mode(document, cell_ck_ticket, "far", 9e6);
    add_mode(document, cell_ticket, "far", 8e6);
    add_unsafe(document, true);
    struct mill_summary summary;
    struct mill_text names = {0};
    assert_int_equal(mill_summary_make(&summary, document, NULL), 0);
    mill_advice_shortlist(&names, &summary, 2);
    assert_string_equal(names.text, "ticket,mcs,ck-ticket");
    mill_text_free(&names);
    mill_advice_shortlist(&names, &summary, 100);
    assert_string_equal(names.text, "ticket,mcs,ck-ticket");
    mill_text_free(&names);
    mill_summary_destroy(&summary);
    json_decref(document);
}

static void the_shortlist_has_those_of_which_nothing_is_known(void **state)
{
    (void)state;
    json_t *document = make_document();
    json_t *samples = json_object_get(document, "samples");
    for (size_t i = rounds; i < (size_t)2 * rounds; i++) { /* mcs */
        json_object_set_new(json_array_get(samples, i), "status", json_string("rejected"));
    }
    struct mill_summary summary;
    struct mill_text names = {0};
    assert_int_equal(mill_summary_make(&summary, document, NULL), 0);
    mill_advice_shortlist(&names, &summary, 1);
    assert_string_equal(names.text, "ticket,mcs");
    mill_text_free(&names);
    mill_summary_destroy(&summary);
    json_decref(document);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_winner_comes_with_the_runner_up),
        cmocka_unit_test(what_is_undecided_is_said_to_be),
        cmocka_unit_test(who_is_left_alone_is_no_winner),
        cmocka_unit_test(each_mode_has_an_answer_and_the_greater_comes_first),
        cmocka_unit_test(a_control_is_never_taken),
        cmocka_unit_test(other_measures_may_have_other_winners),
        cmocka_unit_test(a_change_of_the_answer_is_told_from_none),
        cmocka_unit_test(without_samples_there_is_no_answer),
        cmocka_unit_test(the_shortlist_has_the_best_of_each_mode),
        cmocka_unit_test(the_shortlist_has_those_of_which_nothing_is_known),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
