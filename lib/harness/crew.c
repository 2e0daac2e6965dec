#include "harness/crew.h"

#include <errno.h>
#include <stdlib.h>
#include <unistd.h>

#include "core/cacheline.h"
#include "core/cpu.h"
#include "core/valgrind.h"

/* How long a hand may take for the operation in which the window's end finds it. */
static const uint64_t patience_ns = 100 * MILL_NS_PER_MS;

/* The phase only rises: a hand whose operation failed may have ended the run before the engine's thread went
 * on. relaxed: see phase_before in worker.c */
static void raise_phase(struct mill_crew *crew, enum mill_phase phase)
{
    unsigned now = atomic_load_explicit(&crew->phase, memory_order_relaxed);
    while (now < (unsigned)phase &&
           !atomic_compare_exchange_weak_explicit(&crew->phase, &now, phase, memory_order_relaxed,
                                                  memory_order_relaxed)) {
    }
}

/* Waits until the gate is no longer shut; true when the run begins. */
static bool pass_gate(struct mill_crew *crew)
{
    pthread_mutex_lock(&crew->gate_mutex);
    crew->waiting++;
    pthread_cond_broadcast(&crew->gate_changed);
    while (crew->gate == MILL_GATE_SHUT) {
        pthread_cond_wait(&crew->gate_changed, &crew->gate_mutex);
    }
    bool open = crew->gate == MILL_GATE_OPEN;
    pthread_mutex_unlock(&crew->gate_mutex);
    return open;
}

/* Opens the gate once all hands stand before it, or calls the run off. */
static void release_gate(struct mill_crew *crew, enum mill_gate gate)
{
    pthread_mutex_lock(&crew->gate_mutex);
    while (crew->waiting < crew->started) {
        pthread_cond_wait(&crew->gate_changed, &crew->gate_mutex);
    }
    crew->gate = gate;
    pthread_cond_broadcast(&crew->gate_changed);
    pthread_mutex_unlock(&crew->gate_mutex);
}

static int work(struct mill_hand *hand)
{
    struct mill_worker *worker = &hand->worker;
    int status = mill_worker_run(worker, MILL_PHASE_MEASURE, UINT64_MAX);
    uint64_t acquired = worker->acquisitions, reacquired = worker->reacquisitions;
    if (status == 0) {
        status = hand->crew->spec->kind == MILL_THROUGHPUT
                     ? mill_worker_run(worker, MILL_PHASE_COOL, UINT64_MAX)
                     : mill_worker_run_timed(worker, MILL_PHASE_COOL, UINT64_MAX, &hand->recording);
    }
    hand->acquisitions = worker->acquisitions - acquired;
    hand->reacquisitions = worker->reacquisitions - reacquired;
    return status;
}

static void *hand_main(void *argument)
{
    struct mill_hand *hand = argument;
    struct mill_crew *crew = hand->crew;
    hand->id = gettid();
    /* A processor that went offline meanwhile shows as a sample that did not have its cores. */
    mill_cpu_pin_self(hand->processor);
    if (!pass_gate(crew)) {
        return NULL;
    }
    hand->status = work(hand);
    if (hand->status < 0) {
        raise_phase(crew, MILL_PHASE_END);
    }
    /* relaxed: the engine's thread reads the number; what was measured is ordered by the join */
    atomic_fetch_add_explicit(&crew->measured, 1, memory_order_relaxed);
    if (hand->status == 0) {
        hand->status = mill_worker_run(&hand->worker, MILL_PHASE_END, UINT64_MAX);
    }
    mill_worker_finish(&hand->worker);
    return NULL;
}

static int prepare(struct mill_hand *hand, struct mill_crew *crew, unsigned index, int processor)
{
    const struct mill_sample_spec *spec = crew->spec;
    hand->crew = crew;
    hand->processor = processor;
    mill_worker_init(&hand->worker, crew->one, index, &crew->phase);
    mill_valgrind_ignore(&hand->worker.operations, sizeof hand->worker.operations);
    hand->recording = (struct mill_recording){.every = spec->every, .drain_ns = spec->window_ns};
    if (spec->kind == MILL_LATENCY && spec->rate > 0) {
        hand->recording.interval_ns = (double)spec->threads / spec->rate * (double)MILL_NS_PER_S;
        hand->recording.offset_ns = (uint64_t)(hand->recording.interval_ns * index / spec->threads);
    }
    return spec->kind == MILL_LATENCY ? mill_recording_create(&hand->recording, spec->scenario) : 0;
}

static void join_all(struct mill_crew *crew, int *status)
{
    for (unsigned i = 0; i < crew->started; i++) {
        pthread_join(crew->hands[i].thread, NULL);
        if (*status == 0) {
            *status = crew->hands[i].status;
        }
    }
    crew->started = 0;
}

int mill_crew_start(struct mill_crew *crew, const struct mill_sample_spec *spec, const struct mill_case *one,
                    const int *place)
{
    *crew = (struct mill_crew){.spec = spec, .one = one};
    atomic_init(&crew->phase, MILL_PHASE_WARM);
    mill_valgrind_ignore(&crew->phase, sizeof crew->phase);
    mill_valgrind_ignore(&crew->measured, sizeof crew->measured);
    crew->hands = mill_isolated_alloc(spec->threads * sizeof *crew->hands);
    if (!crew->hands) {
        return -ENOMEM;
    }
    pthread_mutex_init(&crew->gate_mutex, NULL);
    pthread_cond_init(&crew->gate_changed, NULL);
    for (unsigned i = 0; i < spec->threads; i++) {
        int status = prepare(&crew->hands[i], crew, i, place[i]);
        if (status < 0) {
            return status;
        }
    }
    for (; crew->started < spec->threads; crew->started++) {
        struct mill_hand *hand = &crew->hands[crew->started];
        int status = pthread_create(&hand->thread, NULL, hand_main, hand);
        if (status != 0) {
            int unused = 0;
            release_gate(crew, MILL_GATE_CALLED_OFF);
            join_all(crew, &unused);
            return -status;
        }
    }
    release_gate(crew, MILL_GATE_OPEN);
    return 0;
}

void mill_crew_measure(struct mill_crew *crew)
{
    raise_phase(crew, MILL_PHASE_MEASURE);
}

/* When a hand that has not finished measuring is no longer waited for: where operations block for good, only
 * an interrupt lets them go, and it comes once the run is over. */
static uint64_t end_of_patience(const struct mill_crew *crew)
{
    uint64_t backlog_ns = crew->spec->rate > 0 ? crew->spec->window_ns : 0;
    return crew->one->scenario->interrupt ? mill_now_ns() + backlog_ns + patience_ns : UINT64_MAX;
}

int mill_crew_finish(struct mill_crew *crew)
{
    raise_phase(crew, MILL_PHASE_COOL);
    uint64_t end_ns = end_of_patience(crew);
    while (atomic_load_explicit(&crew->measured, memory_order_relaxed) < crew->started &&
           atomic_load_explicit(&crew->phase, memory_order_relaxed) < MILL_PHASE_END &&
           mill_now_ns() < end_ns) {
        mill_sleep_until(mill_now_ns() + 200 * MILL_NS_PER_US);
    }
    raise_phase(crew, MILL_PHASE_END);
    if (crew->one->scenario->interrupt) {
        crew->one->scenario->interrupt((struct mill_case *)(uintptr_t)crew->one);
    }
    int status = 0;
    join_all(crew, &status);
    return status;
}

void mill_crew_destroy(struct mill_crew *crew)
{
    if (crew->hands) {
        for (unsigned i = 0; i < crew->spec->threads; i++) {
            mill_recording_destroy(&crew->hands[i].recording);
        }
        pthread_cond_destroy(&crew->gate_changed);
        pthread_mutex_destroy(&crew->gate_mutex);
    }
    free(crew->hands);
    crew->hands = NULL;
}
