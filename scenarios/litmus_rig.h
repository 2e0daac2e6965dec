/* What the litmus tests share: batches of cells, which all threads go through in step, one operation a cell.
 *
 * An operation is one thread's part of one test, in a cell that no test has used since it was cleared. When
 * all have gone through a batch, one thread notes how each cell came out and clears it, and the next batch
 * begins for all. Threads that go through the same cells at about the same time meet in some of them; how
 * often decides how rare an outcome shows.
 */
#ifndef MILL_SCENARIOS_LITMUS_RIG_H
#define MILL_SCENARIOS_LITMUS_RIG_H

#include <stdint.h>

#include "harness/scenario.h"
#include "sync/litmus.h"

#define MILL_LITMUS_PARTIES 4
#define MILL_LITMUS_NAMES   4

struct mill_litmus_cell {
    struct mill_litmus_variable x, y;
};

/* What a party saw: a bit for each of its loads, the first one lowest. */
typedef uint8_t mill_litmus_seen;

/* One test. */
struct mill_litmus_shape {
    unsigned parties;
    unsigned weak; /* of enum mill_litmus_outcome: what the orders differ in */
    mill_litmus_seen (*play)(const struct mill_litmus_ops *ops, struct mill_litmus_cell *cell,
                             unsigned party);
    unsigned (*classify)(const mill_litmus_seen *seen); /* of all parties → which of the outcomes below */
    size_t count;                                       /* of outcomes, the last of which is the weak one */
    struct mill_declared_outcome allowed[MILL_LITMUS_NAMES];   /* where the order allows it */
    struct mill_declared_outcome forbidden[MILL_LITMUS_NAMES]; /* and where not */
};

/* The one parameter of these scenarios. */
enum { MILL_LITMUS_BATCH, MILL_LITMUS_PARAMETERS };
extern const struct mill_parameter mill_litmus_parameters[MILL_LITMUS_PARAMETERS];

extern const struct mill_expectation mill_litmus_expectations[1];

/* A scenario's functions, of its shape. */
int mill_litmus_setup(struct mill_case *one, const struct mill_litmus_shape *shape);
void mill_litmus_teardown(struct mill_case *one);
int mill_litmus_operation(struct mill_worker *worker);
int mill_litmus_count(const struct mill_case *one, struct mill_outcomes *outcomes);
const struct mill_declared_outcome *mill_litmus_outcomes(const struct mill_litmus_shape *shape,
                                                         const struct mill_case *one, size_t *count);

/* The whole of a scenario that is a litmus test: its identifier, name, summary, the shape, the threads. */
#define MILL_LITMUS_SCENARIO(ident, word, line, shape, threads)                                     \
    static int setup(struct mill_case *one)                                                         \
    {                                                                                               \
        return mill_litmus_setup(one, &(shape));                                                    \
    }                                                                                               \
    static const struct mill_declared_outcome *outcomes(const struct mill_case *one, size_t *count) \
    {                                                                                               \
        return mill_litmus_outcomes(&(shape), one, count);                                          \
    }                                                                                               \
    static const struct mill_role roles[] = {                                                       \
        {.name = "party",                                                                           \
         .summary = "does its part of the test, in the next cell",                                  \
         .operation = mill_litmus_operation},                                                       \
    };                                                                                              \
    const struct mill_scenario mill_scenario_##ident = {                                            \
        .name = (word),                                                                             \
        .summary = (line),                                                                          \
        .family = &mill_litmus_family,                                                              \
        .parameters = mill_litmus_parameters,                                                       \
        .parameter_count = MILL_LITMUS_PARAMETERS,                                                  \
        .roles = roles,                                                                             \
        .role_count = 1,                                                                            \
        .min_threads = (threads),                                                                   \
        .max_threads = (threads),                                                                   \
        .expectations = mill_litmus_expectations,                                                   \
        .expectation_count = 1,                                                                     \
        .outcomes = outcomes,                                                                       \
        .count = mill_litmus_count,                                                                 \
        .setup = setup,                                                                             \
        .teardown = mill_litmus_teardown,                                                           \
    }

#endif
