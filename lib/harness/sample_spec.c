#include "harness/sample.h"

#include <errno.h>
#include <string.h>

const char *mill_sample_kind_name(enum mill_sample_kind kind)
{
    return kind == MILL_LATENCY ? "latency" : kind == MILL_HISTORY ? "history" : "throughput";
}

json_t *mill_sample_spec_encode(const struct mill_sample_spec *spec)
{
    json_t *values = json_array();
    for (unsigned i = 0; i < spec->scenario->parameter_count; i++) {
        json_array_append_new(values, json_integer(spec->values[i]));
    }
    return json_pack("{s:s, s:s, s:o, s:i, s:s, s:I, s:f, s:s, s:I, s:I, s:I, s:I, s:I, s:b, s:b, s:I}", /* */
                     "scenario", spec->scenario->name, "strategy", spec->strategy->name, "values",
                     values,                                                                           /* */
                     "threads", (int)spec->threads, "kind", mill_sample_kind_name(spec->kind),         /* */
                     "every", (json_int_t)spec->every, "rate", spec->rate,                             /* */
                     "pin", mill_pin_name(spec->pin), "warmup_ns", (json_int_t)spec->warmup_ns,        /* */
                     "window_ns", (json_int_t)spec->window_ns, "slice_ns", (json_int_t)spec->slice_ns, /* */
                     "calibration_ns", (json_int_t)spec->calibration_ns, "history", (json_int_t)spec->history,
                     "perturb", spec->perturb, "helped", spec->helped, "seed", (json_int_t)spec->seed);
}

int mill_sample_spec_decode(struct mill_sample_spec *spec, const json_t *json,
                            const struct mill_scenario_list *list, struct mill_error *error)
{
    const char *scenario, *strategy, *kind, *pin;
    json_t *values;
    int threads, perturb, helped;
    json_int_t every, warmup, window, slice, calibration, history, seed;
    json_error_t wrong;
    *spec = (struct mill_sample_spec){0};
    if (json_unpack_ex((json_t *)(uintptr_t)json, &wrong, JSON_STRICT,
                       "{s:s, s:s, s:o, s:i, s:s, s:I, s:F, s:s, s:I, s:I, s:I, s:I, s:I, s:b, s:b, s:I}",
                       "scenario", &scenario, "strategy", &strategy, "values", &values, "threads", &threads,
                       "kind", &kind, "every", &every, "rate", &spec->rate, "pin", &pin, "warmup_ns", &warmup,
                       "window_ns", &window, "slice_ns", &slice, "calibration_ns", &calibration, "history",
                       &history, "perturb", &perturb, "helped", &helped, "seed", &seed) != 0) {
        return mill_error_set(error, -EINVAL, "the specification is no sample's: %s", wrong.text);
    }
    spec->scenario = mill_scenario_find(list, scenario);
    if (!spec->scenario) {
        return mill_error_set(error, -EINVAL, "the specification names an unknown scenario '%s'", scenario);
    }
    spec->strategy = mill_family_find(spec->scenario->family, strategy);
    if (!spec->strategy) {
        return mill_error_set(error, -EINVAL, "the specification names an unknown strategy '%s'", strategy);
    }
    if (json_array_size(values) != spec->scenario->parameter_count) {
        return mill_error_set(error, -EINVAL,
                              "the specification has %zu parameter values where '%s' takes %u",
                              json_array_size(values), scenario, spec->scenario->parameter_count);
    }
    for (unsigned i = 0; i < spec->scenario->parameter_count; i++) {
        spec->values[i] = json_integer_value(json_array_get(values, i));
    }
    if (threads < 1 || threads > MILL_THREADS_MAX || every < 1 || window <= 0 || warmup < 0 || slice <= 0 ||
        calibration < 0 || history < 0 || history > MILL_HISTORY_MAX || seed < 0 || !(spec->rate >= 0) ||
        mill_pin_parse(pin, &spec->pin) < 0) {
        return mill_error_set(error, -EINVAL, "the specification holds a value out of bounds");
    }
    spec->kind = strcmp(kind, "latency") == 0   ? MILL_LATENCY
                 : strcmp(kind, "history") == 0 ? MILL_HISTORY
                                                : MILL_THROUGHPUT;
    spec->threads = (unsigned)threads;
    spec->every = (uint64_t)every;
    spec->warmup_ns = (uint64_t)warmup;
    spec->window_ns = (uint64_t)window;
    spec->slice_ns = (uint64_t)slice;
    spec->calibration_ns = (uint64_t)calibration;
    spec->history = (uint64_t)history;
    spec->perturb = perturb != 0;
    spec->helped = helped != 0;
    spec->seed = (uint64_t)seed;
    return 0;
}
