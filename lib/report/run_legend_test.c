#include "report/test_document.h"

static void words_are_explained_where_they_occur(void **state)
{
    (void)state;
    json_t *document = make_document();
    json_t *cells = json_object_get(document, "cells");
    char *text = report(json_deep_copy(document), (struct mill_report_options){0});
    expect(text, "op per cpu-s: ");
    expect(text, "switch/1000: ");
    expect_not(text, "control: cannot show");
    expect_not(text, "not checked");
    free(text);
    json_object_set_new(json_array_get(cells, cell_unsafe), "must_show", json_false());
    add_sample(document, cell_unsafe, 1, 50e6, "ok", NULL);
    json_object_set_new(json_array_get(cells, cell_mcs), "checked", json_false());
    text = report(document, (struct mill_report_options){0});
    expect(text, "  control: cannot show\n");
    expect(text, "  control: cannot show: a mistake kept on purpose that needs more threads");
    expect(text, "  not checked\n");
    expect(text, "  not checked: the strategy does nothing");
    free(text);
}

/* Nobody went a whole slice without an operation: that is less than a slice, not nothing. */
static void no_starvation_is_less_than_a_slice(void **state)
{
    (void)state;
    json_t *document = make_document();
    size_t index;
    json_t *sample;
    json_array_foreach(json_object_get(document, "samples"), index, sample)
    {
        json_object_set_new(json_object_get(sample, "fairness"), "starvation_ns", json_integer(0));
    }
    char *text = report(document, (struct mill_report_options){0});
    expect(text, "  <10.0 ms  ");
    expect_not(text, "  0 ns  ");
    free(text);
}

/* Neither of the two ways of not knowing passes for knowing. */
static void controls_without_a_verdict_are_told(void **state)
{
    (void)state;
    json_t *document = make_document();
    char *text = report(json_deep_copy(document), (struct mill_report_options){0});
    expect(text, "1 control was neither caught nor missed (1 not run, 0 without a sample that counts)");
    expect(text, ": counter with unsafe at 2. Only --strict");
    free(text);
    json_t *rejected = json_deep_copy(document);
    add_sample(rejected, cell_unsafe, 1, 50e6, "rejected", "other processes used 30% of a processor");
    text = report(rejected, (struct mill_report_options){0});
    expect(text, "(0 not run, 1 without a sample that counts)");
    free(text);
    add_unsafe(document, true);
    text = report(document, (struct mill_report_options){0});
    expect_not(text, "neither caught nor missed (");
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(words_are_explained_where_they_occur),
        cmocka_unit_test(no_starvation_is_less_than_a_slice),
        cmocka_unit_test(controls_without_a_verdict_are_told),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
