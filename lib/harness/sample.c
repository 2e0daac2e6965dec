/* One sample, in the order in which it happens:
 *
 *   set-up → calibration → threads to the gate → warm-up → window (looked at slice by slice) → cool-down →
 * join → calibration → verify → tear-down → the sample's JSON (observation.c)
 */
#include "harness/sample.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/cpu.h"
#include "harness/calibrate.h"
#include "harness/crew.h"
#include "harness/observation.h"
#include "harness/perturb.h"

/* Sleeps through the window and follows the threads' progress slice by slice. */
static int watch_window(const struct mill_crew *crew, struct mill_observation *seen)
{
    const struct mill_sample_spec *spec = crew->spec;
    uint64_t totals[MILL_THREADS_MAX];
    uint64_t end_ns = seen->before.at_ns + spec->window_ns;
    uint64_t origin_ns = seen->before.at_ns;
    for (unsigned i = 0; i < spec->threads; i++) {
        totals[i] = seen->before.threads[i].operations;
    }
    int status = mill_slices_add(seen->slices, totals, 0);
    for (uint64_t next_ns = origin_ns + spec->slice_ns; status == 0 && next_ns <= end_ns;
         next_ns += spec->slice_ns) {
        mill_sleep_until(next_ns);
        /* relaxed: counts that their only writers may be raising meanwhile */
        for (unsigned i = 0; i < spec->threads; i++) {
            totals[i] = atomic_load_explicit(&crew->hands[i].worker.operations, memory_order_relaxed);
        }
        uint64_t now_ns = mill_now_ns();
        status = mill_slices_add(seen->slices, totals, now_ns - origin_ns);
        origin_ns = now_ns;
    }
    mill_sleep_until(end_ns);
    return status;
}

static int measure(struct mill_crew *crew, struct mill_observation *seen)
{
    const struct mill_sample_spec *spec = crew->spec;
    mill_sleep_until(mill_now_ns() + spec->warmup_ns);
    mill_meter_read_switches(&seen->before, crew);
    mill_cores_read(&seen->cores_before);
    mill_crew_measure(crew);
    mill_meter_read(&seen->before, crew);
    int status = watch_window(crew, seen);
    mill_meter_read(&seen->after, crew);
    mill_cores_read(&seen->cores_after);
    mill_meter_read_switches(&seen->after, crew);
    return status;
}

/* Runs the threads over a case that is set up. */
static int run_crew(struct mill_crew *crew, const struct mill_sample_spec *spec, struct mill_case *one,
                    const int *place, struct mill_observation *seen)
{
    seen->failure = "starting the threads";
    int status = mill_crew_start(crew, spec, one, place);
    if (status < 0) {
        return status;
    }
    seen->failure = NULL;
    struct mill_perturber *perturber = NULL;
    if (spec->perturb) {
        seen->failure = "starting the perturbation";
        status = mill_perturber_start(&perturber, crew, spec->seed);
    }
    if (status == 0) {
        seen->failure = NULL;
        status = measure(crew, seen);
    }
    mill_perturber_stop(perturber);
    int finished = mill_crew_finish(crew);
    for (unsigned i = 0; i < spec->threads; i++) {
        one->operations += atomic_load_explicit(&crew->hands[i].worker.operations, memory_order_relaxed);
    }
    seen->completed = one->operations;
    if (status == 0 && finished < 0) {
        seen->failure = "operation";
    }
    return status < 0 ? status : finished;
}

/* Behind the join. */
static int judge_answers(const struct mill_case *one, struct mill_observation *seen)
{
    if (one->strategy->traits & MILL_EMPTY) {
        return 0;
    }
    if (one->scenario->verify) {
        one->scenario->verify(one, &seen->check);
    }
    int status = mill_case_outcomes(one, &seen->check, &seen->outcomes);
    seen->failure = status < 0 ? "counting the outcomes" : NULL;
    return status;
}

/* Behind teardown: now the subject's own threads record no more. The search is bounded: what takes longer
 * stays undecided, and is told so. */
static int judge_history(const struct mill_model *model, const struct mill_case *one,
                         struct mill_observation *seen)
{
    static const struct mill_linearizability_limits limits = {.configurations = 500000,
                                                              .bytes = (size_t)1 << 29};
    int status = mill_recorded_judge(model, one->history, &limits, &seen->recorded, NULL);
    seen->failure = status < 0 ? "judging the history" : NULL;
    if (seen->recorded.verdict == MILL_NOT_LINEARIZABLE) {
        mill_check_found(&seen->check, MILL_WRONG_ANSWER, "%s", seen->recorded.sentence);
    }
    return status;
}

/* In all, with those of threads that are not the engine's: more would take gigabytes. */
static const uint64_t recorded_calls_max = 10000000;

/* NULL stays where the scenario has nothing to judge a history by. */
static int open_history(const struct mill_sample_spec *spec, struct mill_case *one)
{
    if (spec->history * spec->threads > recorded_calls_max) {
        return -E2BIG;
    }
    return spec->history > 0 && spec->scenario->model
               ? mill_history_create(spec->threads, spec->history, mill_stamps_best(one->clock), one->clock,
                                     &one->history)
               : 0;
}

/* The two processors whose distance the sample depends on: those of its first two threads, else any two. */
static void bracket_processors(const struct mill_cpus *cpus, const struct mill_sample_spec *spec,
                               const int *place, int pair[2])
{
    pair[0] = mill_cpus_number(cpus, 0);
    pair[1] = mill_cpus_count(cpus) > 1 ? mill_cpus_number(cpus, 1) : pair[0];
    for (unsigned i = 1; i < spec->threads; i++) {
        if (place[i] >= 0 && place[i] != place[0]) {
            pair[0] = place[0];
            pair[1] = place[i];
            return;
        }
    }
}

static int bracket(const struct mill_clock *clock, const struct mill_sample_spec *spec, const int pair[2],
                   struct mill_observation *seen, double *round_trip_ns)
{
    int status = spec->calibration_ns > 0
                     ? mill_calibrate(clock, pair[0], pair[1], spec->calibration_ns, round_trip_ns)
                     : 0;
    seen->calibration_late = seen->calibration_late || status == -ETIMEDOUT;
    return status == -ETIMEDOUT ? 0 : status;
}

/* What comes between set-up and tear-down. */
static int run_between(struct mill_crew *crew, const struct mill_sample_spec *spec, struct mill_case *one,
                       const int *place, const int pair[2], struct mill_observation *seen)
{
    int status = bracket(one->clock, spec, pair, seen, &seen->calibration_before_ns);
    if (status == 0) {
        status = run_crew(crew, spec, one, place, seen);
    }
    if (status == 0) {
        status = bracket(one->clock, spec, pair, seen, &seen->calibration_after_ns);
    }
    return status == 0 ? judge_answers(one, seen) : status;
}

int mill_sample_run(const struct mill_sample_spec *spec, json_t **sample, struct mill_error *error)
{
    struct mill_clock clock;
    struct mill_cpus *cpus = NULL;
    struct mill_observation seen;
    struct mill_crew crew = {0};
    struct mill_model copy;
    int *place = NULL;
    int pair[2];
    struct mill_case one = {
        .scenario = spec->scenario,
        .strategy = spec->strategy,
        .values = spec->values,
        .clock = &clock,
        .threads = spec->threads,
        .seed = spec->seed,
    };

    *sample = NULL;
    mill_clock_open(&clock);
    int status = mill_observation_create(&seen, spec);
    if (status < 0) {
        return mill_error_set(error, status, "no memory for a sample of %u threads", spec->threads);
    }
    status = mill_cpus_open(&cpus, error);
    if (status < 0) {
        goto out;
    }
    place = calloc(spec->threads, sizeof *place);
    if (!place) {
        status = mill_error_set(error, -ENOMEM, "no memory for a sample of %u threads", spec->threads);
        goto out;
    }
    mill_cpus_place(cpus, spec->pin, spec->threads, place);
    seen.oversubscribed = spec->threads > mill_cpus_count(cpus);
    bracket_processors(cpus, spec, place, pair);

    status = open_history(spec, &one);
    if (status < 0) {
        mill_error_set(error, status,
                       status == -E2BIG ? "calls of %u threads are too many to record: at most %llu in all"
                                        : "no memory to record the calls of %u threads (at most %llu in all)",
                       spec->threads, (unsigned long long)recorded_calls_max);
        goto out;
    }
    status = spec->scenario->setup(&one);
    if (status < 0) {
        seen.failure = "setup";
    } else {
        status = run_between(&crew, spec, &one, place, pair, &seen);
        const struct mill_model *model = status == 0 ? mill_case_model(&one, &copy) : NULL;
        spec->scenario->teardown(&one);
        if (status == 0 && !(spec->strategy->traits & MILL_EMPTY)) {
            status = judge_history(model, &one, &seen);
        }
    }
    seen.status = status;
    status = mill_observation_encode(&seen, spec, &crew, sample);
    if (status < 0) {
        mill_error_set(error, status, "no memory to write the sample down");
    }
    mill_crew_destroy(&crew);
out:
    mill_history_destroy(one.history);
    free(place);
    mill_cpus_close(cpus);
    mill_observation_destroy(&seen);
    return status;
}
