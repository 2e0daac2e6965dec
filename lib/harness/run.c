#include "harness/run.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "harness/child.h"
#include "harness/result.h"

/* One cell's sample of one kind. */
struct slot {
    size_t cell;
    enum mill_sample_kind kind;
    size_t block; /* the first of those that are measured next to each other */
};

/* Slots that are measured next to each other; each round runs all blocks in a new order. */
struct block {
    size_t first, count;
};

struct runner {
    const struct mill_plan *plan;
    const struct mill_run_settings *settings;
    const struct mill_run_observer *observer;
    struct mill_random random;
    struct slot *slots;
    struct block *blocks;
    size_t *order;  /* of the blocks */
    size_t *within; /* of the slots, each block's at its place */
    size_t count, block_count;
    struct mill_run_event event;
    json_t *result;
    uint64_t begun_ns;
};

static void tell(struct runner *runner, const struct mill_cell *cell, const json_t *sample)
{
    runner->event.cell = cell;
    runner->event.sample = sample;
    if (runner->observer->event) {
        runner->observer->event(runner->observer->context, &runner->event);
    }
}

static bool interrupted(const struct runner *runner)
{
    return runner->observer->interrupted && runner->observer->interrupted(runner->observer->context);
}

static struct mill_sample_spec specify(const struct runner *runner, const struct slot *slot, uint64_t seed)
{
    const struct mill_run_settings *settings = runner->settings;
    const struct mill_cell *cell = &runner->plan->cells[slot->cell];
    struct mill_sample_spec spec = {
        .scenario = cell->scenario,
        .strategy = cell->strategy,
        .threads = cell->threads,
        .kind = slot->kind,
        .every = settings->latency_every > 0 ? settings->latency_every : 1,
        .rate = slot->kind == MILL_LATENCY ? settings->rate : 0,
        .pin = settings->pin,
        .warmup_ns = settings->warmup_ns,
        .window_ns = settings->window_ns,
        .slice_ns = settings->slice_ns,
        .calibration_ns = settings->calibration_ns,
        .perturb = settings->perturb,
        .helped = settings->helped,
        .seed = seed,
    };
    memcpy(spec.values, cell->values, sizeof spec.values);
    return spec;
}

/* From its block's place in the run: repeating a rejected sample changes neither the seeds nor the order of
 * what follows, and what is compared draws alike. */
static uint64_t sample_seed(const struct runner *runner, const struct slot *slot, unsigned round,
                            unsigned attempt)
{
    struct mill_random random;
    mill_random_seed(&random, runner->settings->seed,
                     1 + attempt + 1000 * (slot->block + runner->count * (uint64_t)round));
    return mill_random_next(&random) >> 1;
}

/* Runs one slot until a sample of it is not rejected, or the attempts are used up. */
static int run_slot(struct runner *runner, const struct slot *slot, unsigned round, struct mill_error *error)
{
    const struct mill_cell *cell = &runner->plan->cells[slot->cell];
    const struct mill_child_options options = {
        .launch = cell->launch ? cell->launch : runner->settings->launch,
        .grace_ns = runner->settings->grace_ns,
        .interrupted = runner->observer->interrupted,
        .context = runner->observer->context,
    };
    bool rejected = true;
    for (unsigned attempt = 1; rejected && attempt <= runner->settings->attempts; attempt++) {
        json_t *sample;
        uint64_t seed = sample_seed(runner, slot, round, attempt);
        struct mill_sample_spec spec = specify(runner, slot, seed);
        tell(runner, cell, NULL);
        int status = mill_child_run(&options, &spec, &sample, error);
        if (status < 0) {
            return status;
        }
        const char *outcome = json_string_value(json_object_get(sample, "status"));
        rejected = outcome && strcmp(outcome, "rejected") == 0;
        bool expected = cell->expectation != NULL;
        runner->event.rejected += rejected;
        runner->event.bad += !rejected && !expected && !(outcome && strcmp(outcome, "ok") == 0);
        runner->event.done += !rejected || attempt == runner->settings->attempts;
        json_incref(sample);
        status = mill_result_add(runner->result, sample, slot->cell, round, attempt, slot->kind, seed);
        tell(runner, cell, sample);
        json_decref(sample);
        if (status < 0) {
            return mill_error_set(error, status, "no memory to keep a sample");
        }
    }
    return 0;
}

static bool out_of_time(const struct runner *runner)
{
    uint64_t budget = runner->settings->budget_ns;
    return budget > 0 && mill_now_ns() - runner->begun_ns > budget;
}

/* A new order, or that of the round before in reverse. */
static void order_within(struct runner *runner, const struct block *block, unsigned round)
{
    size_t *order = &runner->within[block->first];
    if (round % 2 == 1) {
        mill_random_shuffle(&runner->random, order, block->count);
        return;
    }
    for (size_t i = 0; i < block->count / 2; i++) {
        size_t swap = order[i];
        order[i] = order[block->count - 1 - i];
        order[block->count - 1 - i] = swap;
    }
}

static int run_block(struct runner *runner, const struct block *block, unsigned round,
                     struct mill_error *error)
{
    order_within(runner, block, round);
    for (size_t i = block->first; i < block->first + block->count; i++) {
        if (interrupted(runner)) {
            return -EINTR;
        }
        /* A machine that rejects much takes its time; the budget holds all the same. */
        if (out_of_time(runner)) {
            return -ETIME;
        }
        int status = run_slot(runner, &runner->slots[runner->within[i]], round, error);
        if (status < 0) {
            return status;
        }
    }
    return 0;
}

static int run_round(struct runner *runner, unsigned round, struct mill_error *error)
{
    int status = 0;
    mill_random_shuffle(&runner->random, runner->order, runner->block_count);
    for (size_t i = 0; status == 0 && i < runner->block_count; i++) {
        status = run_block(runner, &runner->blocks[runner->order[i]], round, error);
    }
    return status;
}

/* The slots of cells first … end of one kind, as a block. */
static void add_block(struct runner *runner, size_t first, size_t end, enum mill_sample_kind kind)
{
    struct block *block = &runner->blocks[runner->block_count];
    *block = (struct block){.first = runner->count};
    for (size_t i = first; i < end; i++) {
        if (!runner->plan->cells[i].unsupported) {
            runner->slots[runner->count++] = (struct slot){i, kind, block->first};
            block->count++;
        }
    }
    if (block->count > 0) {
        runner->order[runner->block_count] = runner->block_count;
        runner->block_count++;
    }
}

static int find_slots(struct runner *runner)
{
    const struct mill_plan *plan = runner->plan;
    const struct mill_run_settings *settings = runner->settings;
    runner->slots = calloc(2 * plan->count + 1, sizeof *runner->slots);
    runner->blocks = calloc(2 * plan->count + 1, sizeof *runner->blocks);
    runner->order = calloc(2 * plan->count + 1, sizeof *runner->order);
    runner->within = calloc(2 * plan->count + 1, sizeof *runner->within);
    if (!runner->slots || !runner->blocks || !runner->order || !runner->within) {
        return -ENOMEM;
    }
    for (size_t first = 0, end; first < plan->count; first = end) {
        for (end = first + 1; end < plan->count && plan->cells[end].beside_previous; end++) {
        }
        if (settings->throughput) {
            add_block(runner, first, end, MILL_THROUGHPUT);
        }
        if (settings->latency_every > 0) {
            add_block(runner, first, end, MILL_LATENCY);
        }
    }
    for (size_t i = 0; i < runner->count; i++) {
        runner->within[i] = i;
    }
    return 0;
}

/* Would one more round, as long as the rounds so far, still fit? */
static bool fits(const struct runner *runner, unsigned rounds_done)
{
    uint64_t budget = runner->settings->budget_ns;
    uint64_t used = mill_now_ns() - runner->begun_ns;
    return budget == 0 || used + used / rounds_done <= budget;
}

int mill_run(const struct mill_plan *plan, const struct mill_run_settings *settings,
             const struct mill_run_observer *observer, json_t *result, struct mill_error *error)
{
    struct runner runner = {.plan = plan, .settings = settings, .observer = observer, .result = result};
    mill_random_seed(&runner.random, settings->seed, 0);
    int status = find_slots(&runner);
    if (status < 0) {
        mill_error_set(error, status, "no memory for a run of %zu cells", plan->count);
        goto out;
    }
    runner.event.total = runner.count * settings->rounds;
    runner.event.rounds = settings->rounds;
    runner.begun_ns = mill_now_ns();
    unsigned done = 0;
    while (done < settings->rounds && runner.count > 0 && (done == 0 || fits(&runner, done))) {
        runner.event.round = done + 1;
        status = run_round(&runner, done + 1, error);
        if (status < 0) {
            break;
        }
        done++;
    }
    json_object_set_new(json_object_get(result, "settings"), "rounds_done", json_integer(done));
    if (status == -EINTR) {
        json_object_set_new(result, "interrupted", json_true());
        status = 0;
    } else if (status == -ETIME) {
        status = 0; /* "rounds_done" tells */
    }
out:
    free(runner.slots);
    free(runner.blocks);
    free(runner.order);
    free(runner.within);
    return status;
}

json_t *mill_run_settings_encode(const struct mill_run_settings *settings)
{
    return json_pack("{s:i, s:i, s:b, s:I, s:f, s:s, s:I, s:I, s:I, s:I, s:b, s:I, s:I}",          /* */
                     "rounds", (int)settings->rounds, "attempts", (int)settings->attempts,         /* */
                     "throughput", settings->throughput,                                           /* */
                     "latency_every", (json_int_t)settings->latency_every, "rate", settings->rate, /* */
                     "pin", mill_pin_name(settings->pin),                                          /* */
                     "warmup_ns", (json_int_t)settings->warmup_ns,                                 /* */
                     "window_ns", (json_int_t)settings->window_ns,                                 /* */
                     "slice_ns", (json_int_t)settings->slice_ns,                                   /* */
                     "calibration_ns", (json_int_t)settings->calibration_ns,                       /* */
                     "helped", settings->helped,                                                   /* */
                     "grace_ns", (json_int_t)settings->grace_ns,                                   /* */
                     "budget_ns", (json_int_t)settings->budget_ns);
}
