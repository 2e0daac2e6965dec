/* A scenario for the engine's own tests: its strategies behave well, or go wrong in every way the engine must
 * survive. Each test program that includes this has its own copy.
 */
#ifndef MILL_HARNESS_TEST_SCENARIOS_H
#define MILL_HARNESS_TEST_SCENARIOS_H

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "harness/scenario.h"

enum way {
    way_fine,
    way_crash,
    way_abort,
    way_hang,
    way_kill,
    way_exit,
    way_setup_fails,
    way_operation_fails,
    way_wrong,
    way_caught,
    way_missed,
    way_chatty,
    way_one_thread,
    way_closes,
    way_no_threads,
    way_lies,
    way_missing,
};

#define WAY(way, word, bits)                        \
    [way] = {.name = word,                          \
             .summary = "goes the way of its name", \
             .source = "here",                      \
             .algorithm = "way",                    \
             .traits = (bits),                      \
             .progress = MILL_BLOCKING}

static const struct mill_strategy ways[] = {
    WAY(way_fine, "fine", 0),
    WAY(way_crash, "crash", 0),
    WAY(way_abort, "abort", 0),
    WAY(way_hang, "hang", 0),
    WAY(way_kill, "kill", 0),
    WAY(way_exit, "exit", 0),
    WAY(way_setup_fails, "setup-fails", 0),
    WAY(way_operation_fails, "operation-fails", 0),
    WAY(way_wrong, "wrong", 0),
    WAY(way_caught, "caught", MILL_CONTROL),
    WAY(way_missed, "missed", MILL_CONTROL),
    WAY(way_chatty, "chatty", 0),
    WAY(way_one_thread, "one-thread", MILL_ONE_THREAD),
    WAY(way_closes, "closes", 0),
    WAY(way_no_threads, "no-threads", 0),
    WAY(way_lies, "lies", 0),
    [way_missing] = {.name = "missing",
                     .summary = "is not there",
                     .source = "nowhere",
                     .library = "a library",
                     .missing = "its library is not"},
};

enum {
    way_count = sizeof ways / sizeof ways[0],
};

static const struct mill_strategy *const way_list[way_count] = {
    &ways[0], &ways[1],  &ways[2],  &ways[3],  &ways[4],  &ways[5],  &ways[6],  &ways[7],  &ways[8],
    &ways[9], &ways[10], &ways[11], &ways[12], &ways[13], &ways[14], &ways[15], &ways[16],
};

static const struct mill_family way_family = {
    .name = "way", .summary = "ways to go", .strategies = way_list, .count = way_count};

static enum way way_of(const struct mill_case *one)
{
    return (enum way)(one->strategy - ways);
}

/* A frame whose name the watchdog's report must show. */
static void __attribute__((noinline)) wait_for_ever_here(void)
{
    for (;;) {
        pause();
    }
}

/* What ends the process does so here, where it surely happens; what needs a thread goes wrong in the
 * operation. */
static int test_setup(struct mill_case *one)
{
    switch (way_of(one)) {
    case way_crash:
        raise(SIGSEGV);
        return 0;
    case way_abort:
        signal(SIGABRT, SIG_DFL);
        abort();
    case way_kill:
        raise(SIGKILL);
        return 0;
    case way_exit:
        _exit(7);
    case way_chatty:
        printf("said to standard output\n");
        fflush(stdout);
        fprintf(stderr, "said to standard error\n");
        return 0;
    case way_closes: /* the pipes to its parent, and whatever else */
        close_range(0, ~0U, 0);
        wait_for_ever_here();
        return 0;
    case way_no_threads: {
        pthread_attr_t attributes; /* stacks of more than there are addresses */
        pthread_attr_init(&attributes);
        pthread_attr_setstacksize(&attributes, (size_t)1 << 48);
        int status = pthread_setattr_default_np(&attributes);
        pthread_attr_destroy(&attributes);
        return -status;
    }
    default:
        return way_of(one) == way_setup_fails ? -ENOENT : 0;
    }
}

/* Each thread counts for itself. One that lies says the same each time, which nothing but a history shows. */
static void count_aloud(struct mill_worker *worker)
{
    int64_t count = (int64_t)atomic_load_explicit(&worker->operations, memory_order_relaxed) + 1;
    mill_worker_called(worker, MILL_CALL_COUNTER_ADD_AND_FETCH, worker->index, 1, 0);
    mill_worker_returned(worker, way_of(worker->the_case) == way_lies ? 1 : count);
}

static const struct mill_model *test_model(const struct mill_case *one, struct mill_model *copy)
{
    (void)one;
    (void)copy;
    return &mill_model_counter;
}

static int test_operation(struct mill_worker *worker)
{
    count_aloud(worker);
    if (way_of(worker->the_case) == way_hang) {
        wait_for_ever_here();
    }
    return way_of(worker->the_case) == way_operation_fails ? -EPROTO : MILL_DONE;
}

static void test_verify(const struct mill_case *one, struct mill_check *check)
{
    if (way_of(one) == way_wrong || way_of(one) == way_caught) {
        mill_check_found(check, MILL_LOST_UPDATE, "lost %d of %d", 3, 7);
    }
}

static void test_teardown(struct mill_case *one)
{
    (void)one;
}

static const char *const test_choices[] = {"red", "green", NULL};

static const struct mill_parameter test_parameters[] = {
    {.name = "size",
     .summary = "a number",
     .type = MILL_INTEGER,
     .minimum = 1,
     .maximum = 100,
     .fallback = 10},
    {.name = "hold", .summary = "a time", .type = MILL_DURATION, .maximum = 1000000},
    {.name = "colour", .summary = "a choice", .type = MILL_CHOICE, .fallback = 1, .choices = test_choices},
    {.name = "loud", .summary = "a switch", .type = MILL_SWITCH, .maximum = 1},
};

static const struct mill_role test_roles[] = {
    {.name = "go", .summary = "goes its way", .operation = test_operation}};

static const struct mill_expectation test_expectations[] = {
    {.strategy = "caught", .findings = MILL_LOST_UPDATE | MILL_RACE, .min_threads = 1, .why = "it says so"},
    {.strategy = "missed", .findings = MILL_LOST_UPDATE, .min_threads = 1, .why = "it should, and does not"},
};

static const struct mill_scenario test_scenario = {
    .name = "ways",
    .summary = "goes every way",
    .family = &way_family,
    .parameters = test_parameters,
    .parameter_count = sizeof test_parameters / sizeof test_parameters[0],
    .roles = test_roles,
    .role_count = 1,
    .expectations = test_expectations,
    .expectation_count = sizeof test_expectations / sizeof test_expectations[0],
    .model = test_model,
    .setup = test_setup,
    .verify = test_verify,
    .teardown = test_teardown,
};

static const struct mill_scenario *const test_scenario_list[] = {&test_scenario};
static const struct mill_scenario_list test_list = {test_scenario_list, 1};

#endif
