/* A small machine for tests of explorers: programs of a few threads, each a list of instructions over words
 * and locks, which an explorer is driven through as a scheduler would drive it.
 *
 *     static const struct machine_op writer[] = {WRITE(0, 1), WRITE(1, 1), DONE};
 *     static const struct machine_op reader[] = {READ(1), FAIL_UNLESS(0), DONE};
 *     static const struct machine_program program = {.threads = {writer, reader}, .started = 2};
 *
 *     struct machine machine = {.program = &program};
 *     machine_run(&machine, &mill_explore_random, state, number, false);
 *     … machine.failed, machine.trace …
 *
 * Threads below `started` are there from the beginning, the others when a SPAWN has named them. A thread's
 * end is no step. One that yields is left out until another has taken a step, or nobody else can.
 */
#ifndef MILL_HUNT_TEST_MACHINE_H
#define MILL_HUNT_TEST_MACHINE_H

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "hunt/choices.h"
#include "hunt/explorers.h"

#define MACHINE_THREADS 8
#define MACHINE_WORDS   8
#define MACHINE_STEPS   4000

enum machine_code {
    CODE_DONE,
    CODE_READ,
    CODE_WRITE,
    CODE_ADD, /* writes what was read, and the value */
    CODE_LOCK,
    CODE_UNLOCK,
    CODE_AWAIT, /* blocked until the word is the value */
    CODE_SPIN,  /* reads until the word is the value; yields in between */
    CODE_LOOK,  /* the same without a yield */
    CODE_YIELD,
    CODE_CHOOSE, /* reads 0 … value-1 */
    CODE_SPAWN,
    CODE_FAIL_IF, /* what was read is the value: no step, a part of the one before */
    CODE_FAIL_UNLESS,
};

struct machine_op {
    enum machine_code code;
    unsigned object;
    int value;
};

#define DONE            \
    {                   \
        CODE_DONE, 0, 0 \
    }
#define READ(word)         \
    {                      \
        CODE_READ, word, 0 \
    }
#define WRITE(word, value)      \
    {                           \
        CODE_WRITE, word, value \
    }
#define ADD(word, value)      \
    {                         \
        CODE_ADD, word, value \
    }
#define LOCK(lock)         \
    {                      \
        CODE_LOCK, lock, 0 \
    }
#define UNLOCK(lock)         \
    {                        \
        CODE_UNLOCK, lock, 0 \
    }
#define AWAIT(word, value)      \
    {                           \
        CODE_AWAIT, word, value \
    }
#define SPIN(word, value)      \
    {                          \
        CODE_SPIN, word, value \
    }
#define LOOK(word, value)      \
    {                          \
        CODE_LOOK, word, value \
    }
#define YIELD            \
    {                    \
        CODE_YIELD, 0, 0 \
    }
#define CHOOSE(ways)         \
    {                        \
        CODE_CHOOSE, 0, ways \
    }
#define SPAWN(thread)         \
    {                         \
        CODE_SPAWN, thread, 0 \
    }
#define FAIL_IF(value)         \
    {                          \
        CODE_FAIL_IF, 0, value \
    }
#define FAIL_UNLESS(value)         \
    {                              \
        CODE_FAIL_UNLESS, 0, value \
    }

struct machine_program {
    const struct machine_op *threads[MACHINE_THREADS];
    unsigned started;
};

struct machine {
    const struct machine_program *program;
    struct mill_choices *choices; /* recorded into, if there is one */
    uint32_t steps_max;           /* 0: MACHINE_STEPS */
    bool classifies;              /* sets `class`: slow */
    /* the last run */
    bool failed, deadlocked, cut;
    unsigned steps, points, preemptions;
    uint64_t class; /* equal for schedules that differ in the order of independent steps alone */
    uint8_t trace[MACHINE_STEPS];
    /* while it runs */
    bool alive[MACHINE_THREADS], yielded[MACHINE_THREADS];
    unsigned at[MACHINE_THREADS];
    int was_read[MACHINE_THREADS], word[MACHINE_WORDS];
    int owner[MACHINE_WORDS]; /* of each lock, plus one */
    struct mill_step pending[MACHINE_THREADS], done[MACHINE_STEPS];
    uint16_t clock[MACHINE_STEPS][MACHINE_THREADS];
};

static const struct machine_op *machine_op(const struct machine *machine, unsigned thread)
{
    return &machine->program->threads[thread][machine->at[thread]];
}

static struct mill_step machine_step(const struct machine *machine, unsigned thread)
{
    static const enum mill_step_kind kinds[] = {
        [CODE_READ] = MILL_STEP_READ,        [CODE_WRITE] = MILL_STEP_WRITE,
        [CODE_ADD] = MILL_STEP_WRITE,        [CODE_LOCK] = MILL_STEP_LOCK,
        [CODE_UNLOCK] = MILL_STEP_UNLOCK,    [CODE_AWAIT] = MILL_STEP_TAKE,
        [CODE_SPIN] = MILL_STEP_ATOMIC_READ, [CODE_LOOK] = MILL_STEP_ATOMIC_READ,
        [CODE_YIELD] = MILL_STEP_YIELD,      [CODE_CHOOSE] = MILL_STEP_WAKE,
        [CODE_SPAWN] = MILL_STEP_CREATE,
    };
    const struct machine_op *op = machine_op(machine, thread);
    struct mill_step step = {.kind = (uint8_t)kinds[op->code], .size = 8};
    bool is_lock = op->code == CODE_LOCK || op->code == CODE_UNLOCK;
    step.object = op->code == CODE_YIELD   ? 0
                  : op->code == CODE_SPAWN ? op->object
                                           : (is_lock ? 0x20000u : 0x10000u) + 8 * (uintptr_t)op->object;
    step.flags = op->code == CODE_SPIN ? MILL_STEP_YIELDS : 0;
    return step;
}

static bool machine_ready(const struct machine *machine, unsigned thread)
{
    const struct machine_op *op = machine_op(machine, thread);
    return machine->alive[thread] && op->code != CODE_DONE &&
           (op->code != CODE_LOCK || machine->owner[op->object] == 0) &&
           (op->code != CODE_AWAIT || machine->word[op->object] == op->value);
}

/* Who may go on, ascending. */
static unsigned machine_enabled(const struct machine *machine, uint16_t *enabled)
{
    unsigned count = 0;
    for (int pass = 0; pass < 2 && count == 0; pass++) {
        for (unsigned i = 0; i < MACHINE_THREADS; i++) {
            if (machine->alive[i] && machine_ready(machine, i) && (pass == 1 || !machine->yielded[i])) {
                enabled[count++] = (uint16_t)i;
            }
        }
    }
    return count;
}

/* The checks behind a step are part of it. */
static void machine_advance(struct machine *machine, unsigned thread)
{
    machine->at[thread]++;
    for (;;) {
        const struct machine_op *op = machine_op(machine, thread);
        if (op->code != CODE_FAIL_IF && op->code != CODE_FAIL_UNLESS) {
            return;
        }
        machine->failed |= (machine->was_read[thread] == op->value) == (op->code == CODE_FAIL_IF);
        machine->at[thread]++;
    }
}

static void machine_take(struct machine *machine, const struct mill_explorer *explorer, void *state,
                         unsigned thread)
{
    const struct machine_op *op = machine_op(machine, thread);
    int *word = &machine->word[op->object];
    bool stays = false;
    switch (op->code) {
    case CODE_READ:
        machine->was_read[thread] = *word;
        break;
    case CODE_WRITE:
        *word = op->value;
        break;
    case CODE_ADD:
        *word = machine->was_read[thread] + op->value;
        break;
    case CODE_LOCK:
        machine->owner[op->object] = (int)thread + 1;
        break;
    case CODE_UNLOCK:
        machine->owner[op->object] = 0;
        break;
    case CODE_SPIN:
    case CODE_LOOK:
        stays = *word != op->value;
        machine->yielded[thread] = op->code == CODE_SPIN;
        break;
    case CODE_YIELD:
        machine->yielded[thread] = true;
        break;
    case CODE_CHOOSE: {
        unsigned way = explorer->choose(state, (unsigned)op->value);
        assert_true(way < (unsigned)op->value);
        machine->was_read[thread] = (int)way;
        if (machine->choices) {
            mill_choices_data(machine->choices, way);
        }
        break;
    }
    case CODE_SPAWN:
        machine->alive[op->object] = true;
        machine->pending[op->object] = machine_step(machine, op->object);
        if (explorer->spawned) {
            explorer->spawned(state, thread, op->object);
        }
        break;
    default:
        break;
    }
    for (unsigned i = 0; i < MACHINE_THREADS; i++) {
        machine->yielded[i] = machine->yielded[i] && i == thread;
    }
    if (!stays) {
        machine_advance(machine, thread);
    }
}

static bool machine_depend(const struct mill_step *a, const struct mill_step *b)
{
    return mill_explore_yields(a) || mill_explore_yields(b) || mill_steps_depend(a, b);
}

/* Adds the step that was taken to what tells schedules apart: which steps happen before it. */
static void machine_classify(struct machine *machine, unsigned thread)
{
    unsigned last = machine->steps;
    uint16_t *clock = machine->clock[last];
    memset(clock, 0, sizeof(machine->clock[last]));
    for (unsigned i = 0; i < last; i++) {
        if (machine->trace[i] == thread || machine_depend(&machine->done[i], &machine->done[last])) {
            for (unsigned j = 0; j < MACHINE_THREADS; j++) {
                clock[j] = clock[j] > machine->clock[i][j] ? clock[j] : machine->clock[i][j];
            }
        }
    }
    clock[thread]++;
    uint64_t hash = thread;
    for (unsigned j = 0; j < MACHINE_THREADS; j++) {
        hash += clock[j];
        hash = mill_random_split(&hash);
    }
    machine->class += hash;
}

static unsigned machine_pick(struct machine *machine, const struct mill_explorer *explorer, void *state,
                             unsigned current, unsigned count, const uint16_t *enabled)
{
    struct mill_view view = {
        .current = current, .enabled_count = count, .enabled = enabled, .pending = machine->pending};
    unsigned picked = explorer->pick(state, &view);
    assert_true(mill_explore_enabled(&view, picked));
    bool preempts = picked != current && mill_explore_enabled(&view, current);
    machine->points++;
    machine->preemptions += preempts;
    if (machine->choices) {
        mill_choices_thread(machine->choices, picked, preempts);
    }
    return picked;
}

static void machine_reset(struct machine *machine)
{
    size_t kept = offsetof(struct machine, failed);
    memset((char *)machine + kept, 0, offsetof(struct machine, trace) - kept);
    memset(machine->alive, 0, offsetof(struct machine, done) - offsetof(struct machine, alive));
    if (machine->choices) {
        mill_choices_clear(machine->choices);
    }
}

/* Runs one schedule. */
__attribute__((unused)) static void machine_run(struct machine *machine, const struct mill_explorer *explorer,
                                                void *state, uint64_t number, bool learning)
{
    machine_reset(machine);
    explorer->begin(state, number, learning);
    for (unsigned i = 0; i < machine->program->started; i++) {
        machine->alive[i] = true;
        machine->pending[i] = machine_step(machine, i);
        if (i > 0 && explorer->spawned) {
            explorer->spawned(state, 0, i);
        }
    }
    uint32_t most = machine->steps_max > 0 ? machine->steps_max : MACHINE_STEPS;
    unsigned current = 0;
    for (;;) {
        uint16_t enabled[MACHINE_THREADS];
        unsigned count = machine_enabled(machine, enabled);
        machine->cut = count > 0 && machine->steps == most;
        if (count == 0 || machine->cut || machine->failed) {
            break;
        }
        current = count == 1 ? enabled[0] : machine_pick(machine, explorer, state, current, count, enabled);
        machine->done[machine->steps] = machine->pending[current];
        machine_take(machine, explorer, state, current);
        machine->trace[machine->steps] = (uint8_t)current;
        if (machine->classifies) {
            machine_classify(machine, current);
        }
        if (explorer->executed) {
            explorer->executed(state, current, &machine->done[machine->steps]);
        }
        machine->pending[current] = machine_step(machine, current);
        machine->steps++;
    }
    for (unsigned i = 0; i < MACHINE_THREADS; i++) {
        machine->deadlocked |= machine->alive[i] && !machine->cut && !machine->failed &&
                               machine_op(machine, i)->code != CODE_DONE;
    }
    machine->failed |= machine->deadlocked;
    if (explorer->end) {
        explorer->end(state, machine->failed);
    }
}

/* A state as a hunt gives one: zeroed, and opened. free() it. */
__attribute__((unused)) static void *machine_open(const struct mill_explorer *explorer, uint64_t seed,
                                                  unsigned depth, unsigned preemptions, uint32_t steps_max)
{
    assert_true(explorer->size <= MILL_EXPLORE_STATE);
    void *state = calloc(1, explorer->size);
    assert_non_null(state);
    explorer->open(state,
                   &(struct mill_explore_options){
                       .seed = seed, .depth = depth, .preemptions = preemptions, .steps_max = steps_max});
    return state;
}

__attribute__((unused)) static struct mill_choices *machine_choices(uint32_t capacity)
{
    size_t size = mill_choices_size(capacity);
    struct mill_choices *list = mill_choices_make(malloc(size), size);
    assert_non_null(list);
    return list;
}

#endif
