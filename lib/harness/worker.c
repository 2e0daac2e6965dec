#include "harness/worker.h"

#include "core/pause.h"

/* Sleeping is for gaps that a timer meets; the rest of the way is spun. */
static const uint64_t sleep_margin_ns = 100 * MILL_NS_PER_US;

void mill_worker_init(struct mill_worker *worker, const struct mill_case *one, unsigned index,
                      const atomic_uint *phase)
{
    const struct mill_scenario *scenario = one->scenario;
    *worker = (struct mill_worker){
        .state = one->state,
        .the_case = one,
        .clock = one->clock,
        .phase = phase,
        .index = index,
    };
    mill_random_seed(&worker->random, one->seed, index);

    unsigned rest = index;
    unsigned open_roles = 0;
    for (unsigned role = 0; role < scenario->role_count; role++) {
        unsigned fixed = mill_case_role_threads(one, role);
        open_roles += fixed == 0;
        if (fixed > 0 && rest < fixed) {
            worker->role = role;
            worker->index_in_role = rest;
            return;
        }
        rest -= fixed;
    }
    for (unsigned role = 0, open = 0; open_roles > 0 && role < scenario->role_count; role++) {
        if (mill_case_role_threads(one, role) == 0 && open++ == rest % open_roles) {
            worker->role = role;
            worker->index_in_role = rest / open_roles;
            return;
        }
    }
}

int mill_recording_create(struct mill_recording *recording, const struct mill_scenario *scenario)
{
    int status = mill_histogram_create(&recording->latency);
    for (unsigned i = 0; status == 0 && i < scenario->span_count; i++) {
        status = mill_histogram_create(&recording->spans[i]);
    }
    return status;
}

void mill_recording_destroy(struct mill_recording *recording)
{
    mill_histogram_destroy(recording->latency);
    for (unsigned i = 0; i < MILL_SPANS_MAX; i++) {
        mill_histogram_destroy(recording->spans[i]);
    }
}

static const struct mill_role *role_of(const struct mill_worker *worker)
{
    return &worker->the_case->scenario->roles[worker->role];
}

/* relaxed: the phase is only a flag; results are ordered by the join */
static bool phase_before(const struct mill_worker *worker, enum mill_phase until)
{
    return atomic_load_explicit(worker->phase, memory_order_relaxed) < (unsigned)until;
}

/* One writer, so a load and a store make an increment. relaxed: the engine reads a count, nothing behind it.
 */
static void count_one(struct mill_worker *worker)
{
    uint64_t before = atomic_load_explicit(&worker->operations, memory_order_relaxed);
    atomic_store_explicit(&worker->operations, before + 1, memory_order_relaxed);
}

int mill_worker_run(struct mill_worker *worker, enum mill_phase until, uint64_t limit)
{
    const struct mill_role *role = role_of(worker);
    int (*const operation)(struct mill_worker *) = role->operation;
    void (*const between)(struct mill_worker *) = role->between;
    for (uint64_t done = 0; done < limit && phase_before(worker, until); done++) {
        int outcome = operation(worker);
        if (outcome != MILL_DONE) {
            return outcome < 0 ? outcome : 0;
        }
        count_one(worker);
        if (between) {
            between(worker);
        }
    }
    return 0;
}

/* Two processors' counters may differ by some ticks: what was put "later" than it was got took no time. */
static void record(struct mill_histogram *latency, const struct mill_clock *clock, uint64_t from, uint64_t to)
{
    mill_histogram_record(latency, to > from ? mill_ticks_to_ns(clock, to - from) : 0);
}

void mill_worker_span(struct mill_worker *worker, unsigned index, uint64_t from, uint64_t to)
{
    record(worker->spans[index], worker->clock, from, to);
}

/* One operation that records its spans. */
static int operate_timed(struct mill_worker *worker, const struct mill_role *role,
                         const struct mill_recording *recording)
{
    worker->spans = recording->spans[0] ? recording->spans : NULL;
    int outcome = role->operation(worker);
    worker->spans = NULL;
    return outcome;
}

static int run_closed(struct mill_worker *worker, enum mill_phase until, uint64_t limit,
                      struct mill_recording *recording)
{
    const struct mill_clock *clock = worker->clock;
    const struct mill_role *role = role_of(worker);
    for (uint64_t done = 0; done < limit && phase_before(worker, until); done++) {
        uint64_t untimed = recording->every - 1;
        if (untimed >= limit - done) {
            return mill_worker_run(worker, until, limit - done);
        }
        int status = mill_worker_run(worker, until, untimed);
        if (status < 0) {
            return status;
        }
        done += untimed;
        if (!phase_before(worker, until)) {
            return 0; /* the window ended meanwhile */
        }
        worker->since = 0;
        uint64_t from = mill_ticks_begin(clock);
        int outcome = operate_timed(worker, role, recording);
        uint64_t to = mill_ticks_end(clock);
        if (outcome != MILL_DONE) {
            return outcome < 0 ? outcome : 0;
        }
        if (worker->since != MILL_NO_LATENCY) {
            record(recording->latency, clock, worker->since > 0 ? worker->since : from, to);
        }
        count_one(worker);
        if (role->between) {
            role->between(worker);
        }
    }
    return 0;
}

/* Waits for an intended start; false when the window ended first. */
static bool await(const struct mill_worker *worker, enum mill_phase until, uint64_t start_ns)
{
    uint64_t now = mill_now_ns();
    while (now < start_ns) {
        if (!phase_before(worker, until)) {
            return false;
        }
        if (start_ns - now > 2 * sleep_margin_ns) {
            uint64_t nap = start_ns - now - sleep_margin_ns;
            mill_sleep_until(now + (nap < MILL_NS_PER_MS ? nap : MILL_NS_PER_MS));
        } else {
            mill_pause();
        }
        now = mill_now_ns();
    }
    return true;
}

/* From the first start, not from the last one: fractions of a nanosecond do not add up. */
static uint64_t intended_start(const struct mill_recording *recording, uint64_t first, uint64_t index)
{
    return first + (uint64_t)((double)index * recording->interval_ns);
}

static int run_open(struct mill_worker *worker, enum mill_phase until, uint64_t limit,
                    struct mill_recording *recording)
{
    const struct mill_role *role = role_of(worker);
    const uint64_t first = mill_now_ns() + recording->offset_ns;
    uint64_t intended = first;
    uint64_t window_end = UINT64_MAX; /* known when the phase has changed */
    for (uint64_t done = 0; done < limit; intended = intended_start(recording, first, ++done)) {
        if (!await(worker, until, intended)) {
            return 0;
        }
        uint64_t now = mill_now_ns();
        if (window_end == UINT64_MAX && !phase_before(worker, until)) {
            window_end = now;
        }
        if (intended > window_end) {
            return 0;
        }
        if (window_end != UINT64_MAX && now - window_end > recording->drain_ns) {
            for (; intended <= window_end; intended = intended_start(recording, first, ++done)) {
                mill_histogram_record(recording->latency, now - intended);
                recording->unfinished++;
            }
            return 0;
        }
        int outcome = operate_timed(worker, role, recording);
        if (outcome != MILL_DONE) {
            return outcome < 0 ? outcome : 0;
        }
        mill_histogram_record(recording->latency, mill_now_ns() - intended);
        count_one(worker);
        if (role->between) {
            role->between(worker);
        }
    }
    return 0;
}

int mill_worker_run_timed(struct mill_worker *worker, enum mill_phase until, uint64_t limit,
                          struct mill_recording *recording)
{
    return recording->interval_ns > 0 ? run_open(worker, until, limit, recording)
                                      : run_closed(worker, until, limit, recording);
}

void mill_worker_finish(struct mill_worker *worker)
{
    const struct mill_role *role = role_of(worker);
    if (role->finish) {
        role->finish(worker);
    }
}
