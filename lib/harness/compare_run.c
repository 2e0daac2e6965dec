#include "harness/compare_run.h"

#include <errno.h>
#include <stdlib.h>

#include "harness/result.h"

static const char *const not_flagged = "not flagged the first time";

int mill_plan_append(struct mill_plan *plan, const struct mill_cell *cell)
{
    struct mill_cell *grown = realloc(plan->cells, (plan->count + 1) * sizeof *grown);
    if (!grown) {
        return -ENOMEM;
    }
    plan->cells = grown;
    plan->cells[plan->count] = *cell;
    if (cell->unsupported == cell->reason) {
        plan->cells[plan->count].unsupported = plan->cells[plan->count].reason;
    }
    plan->count++;
    return 0;
}

/* Samples of a kind are taken for metrics that need them. */
static struct mill_run_settings settings_of(const struct mill_compare_order *order)
{
    struct mill_run_settings settings = *order->settings;
    if (!order->metrics[MILL_METRIC_P50] && !order->metrics[MILL_METRIC_P99]) {
        settings.latency_every = 0;
    }
    settings.throughput = settings.throughput &&
                          (order->metrics[MILL_METRIC_THROUGHPUT] || order->metrics[MILL_METRIC_FAIRNESS]);
    return settings;
}

static int measure(const struct mill_compare_order *order, const struct mill_run_observer *observer,
                   uint64_t seed, json_t **result, struct mill_error *error)
{
    struct mill_run_settings settings = settings_of(order);
    settings.seed = seed;
    *result = mill_result_create(order->plan, order->command, seed, json_deep_copy(order->machine),
                                 json_deep_copy(order->build), mill_run_settings_encode(&settings));
    return *result ? mill_run(order->plan, &settings, observer, *result, error)
                   : mill_error_set(error, -ENOMEM, "no memory for a comparison of %zu cells",
                                    order->plan->count);
}

/* Leaves in the plan what the second measurement is about; `kept` remembers what it was. */
static void narrow(const struct mill_compare_order *order, const struct mill_comparison *comparison,
                   const char **kept)
{
    for (size_t i = 0; i < order->plan->count; i++) {
        kept[i] = order->plan->cells[i].unsupported;
        order->plan->cells[i].unsupported = not_flagged;
    }
    for (size_t i = 0; i < comparison->count; i++) {
        const struct mill_compare_row *row = &comparison->rows[i];
        if (row->kind == MILL_ROW_GATES && row->measured == MILL_CHANGE_REGRESSED) {
            const struct mill_pairing *pairing = &order->pairings[row->pairing];
            order->plan->cells[pairing->base].unsupported = kept[pairing->base];
            order->plan->cells[pairing->head].unsupported = kept[pairing->head];
        }
    }
}

static int measure_again(const struct mill_compare_order *order, const struct mill_run_observer *observer,
                         struct mill_compare_measured *measured, struct mill_error *error)
{
    const char **kept = calloc(order->plan->count + 1, sizeof *kept);
    if (!kept) {
        return mill_error_set(error, -ENOMEM, "no memory for a second measurement");
    }
    narrow(order, &measured->comparison, kept);
    measured->again_seed = (order->settings->seed + 1) & INT64_MAX;
    int status = measure(order, observer, measured->again_seed, &measured->again, error);
    for (size_t i = 0; i < order->plan->count; i++) {
        order->plan->cells[i].unsupported = kept[i];
    }
    free(kept);
    if (status == 0 && !json_is_true(json_object_get(measured->again, "interrupted"))) {
        struct mill_compare_input again = measured->input;
        again.base = again.head = measured->again;
        status = mill_compare_confirm(&measured->comparison, &again, error);
    }
    return status;
}

int mill_compare_run(const struct mill_compare_order *order, const struct mill_run_observer *observer,
                     struct mill_compare_measured *measured, struct mill_error *error)
{
    *measured = (struct mill_compare_measured){0};
    int status = measure(order, observer, order->settings->seed, &measured->result, error);
    if (status == 0) {
        measured->input = (struct mill_compare_input){
            .base = measured->result,
            .head = measured->result,
            .paired = true,
            .pairings = order->pairings,
            .count = order->count,
            .margin = order->margin,
        };
        for (int i = 0; i < MILL_METRIC_COUNT; i++) {
            measured->input.metrics[i] = order->metrics[i];
        }
        status = mill_compare(&measured->comparison, &measured->input, error);
    }
    bool interrupted = json_is_true(json_object_get(measured->result, "interrupted"));
    if (status == 0 && !interrupted && !order->once && mill_comparison_flagged(&measured->comparison) > 0) {
        status = measure_again(order, observer, measured, error);
    }
    if (status < 0) {
        mill_compare_measured_destroy(measured);
        return status;
    }
    measured->comparison.must_confirm = !order->once;
    mill_comparison_settle(&measured->comparison);
    return 0;
}

void mill_compare_measured_destroy(struct mill_compare_measured *measured)
{
    mill_comparison_destroy(&measured->comparison);
    json_decref(measured->result);
    json_decref(measured->again);
    *measured = (struct mill_compare_measured){0};
}
