/* threadmill count: one thread makes a number of operations, for a tool that counts instructions
 * (compare_instructions.h). Not for people: threadmill count SPECIFICATION OPERATIONS. */
#include <semaphore.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pthread.h>

#include "commands.h"
#include "core/cacheline.h"
#include "core/text.h"
#include "harness/sample.h"
#include "harness/worker.h"
#include "scenarios/list.h"

enum {
    rehearsal = 64, /* operations before: what is bound, allocated or built at the first ones is no
                       operation's cost */
    operations_most = 100000000,
};

/* What is counted: the tool collects while this function is on the stack, and knows it by its name. */
__attribute__((noinline)) static int mill_counted_operations(struct mill_worker *worker, uint64_t limit)
{
    int status = mill_worker_run(worker, MILL_PHASE_END, limit);
    __asm__ volatile("" ::: "memory"); /* not the last call of the function, which would be a jump */
    return status;
}

/* glibc leaves atomic instructions out while a process has one thread. */
static void *idle(void *argument)
{
    sem_wait(argument);
    return NULL;
}

static int count(const struct mill_sample_spec *spec, uint64_t operations)
{
    struct mill_clock clock;
    struct mill_case one = {.scenario = spec->scenario,
                            .strategy = spec->strategy,
                            .values = spec->values,
                            .clock = &clock,
                            .threads = 1,
                            .seed = spec->seed};
    atomic_uint phase;
    sem_t end;
    pthread_t other;
    mill_clock_open(&clock);
    atomic_init(&phase, MILL_PHASE_MEASURE);
    struct mill_worker *worker = mill_isolated_alloc(sizeof *worker);
    int status = worker && sem_init(&end, 0, 0) == 0 ? 0 : -1;
    if (status == 0 && pthread_create(&other, NULL, idle, &end) != 0) {
        status = -1;
    }
    if (status < 0) {
        free(worker);
        return mill_complain(MILL_EXIT_MACHINE, "no memory, or no thread, to count with");
    }
    status = spec->scenario->setup(&one);
    if (status == 0) {
        mill_worker_init(worker, &one, 0, &phase);
        status = mill_worker_run(worker, MILL_PHASE_END, rehearsal);
        status = status < 0 ? status : mill_counted_operations(worker, operations);
        mill_worker_finish(worker);
        spec->scenario->teardown(&one);
    }
    sem_post(&end);
    pthread_join(other, NULL);
    sem_destroy(&end);
    free(worker);
    return status == 0 ? MILL_EXIT_EXPECTED
                       : mill_complain(MILL_EXIT_MACHINE, "an operation failed: %s", strerror(-status));
}

static int run(int argc, char **argv)
{
    struct mill_sample_spec spec;
    struct mill_error error;
    int64_t operations;
    if (argc != 3 || mill_parse_integer(argv[2], &operations) < 0 || operations < 1 ||
        operations > operations_most) {
        return mill_complain(MILL_EXIT_USAGE,
                             "'threadmill count' takes a specification and a number of operations");
    }
    json_t *json = json_loads(argv[1], 0, NULL);
    int status = mill_sample_spec_decode(&spec, json, &mill_scenarios, &error);
    json_decref(json);
    if (status < 0) {
        return mill_complain(MILL_EXIT_USAGE, "%s", error.message);
    }
    return count(&spec, (uint64_t)operations);
}

const struct mill_command mill_command_count = {"count", NULL, run};
