#include "stress_request.h"

#include <errno.h>
#include <string.h>

#include "core/text.h"

static int take_with(void *target, const char *value, struct mill_error *error)
{
    struct mill_stress_request *request = target;
    char word[32];
    int status;
    while ((status = mill_list_next(&value, word, sizeof word)) > 0) {
        enum mill_tool tool;
        status = mill_tool_parse(word, &tool, error);
        if (status < 0) {
            return status;
        }
        for (size_t i = 0; i < request->tool_count; i++) {
            if (request->tools[i] == tool) {
                return mill_error_set(error, -EINVAL, "--with names '%s' twice", word);
            }
        }
        request->tools[request->tool_count++] = tool;
    }
    request->tools_named = true;
    return status < 0
               ? mill_error_set(error, -EINVAL, "--with takes tools joined by commas: tsan,asan,helgrind,drd")
               : 0;
}

static int take_window(void *target, const char *value, struct mill_error *error)
{
    struct mill_stress_request *request = target;
    request->run.windowed = true;
    return mill_option_duration("window", value, MILL_NS_PER_MS, 3600 * MILL_NS_PER_S,
                                &request->run.run.window_ns, error);
}

static int take_time(void *target, const char *value, struct mill_error *error)
{
    struct mill_stress_request *request = target;
    request->run.budget_given = true;
    return mill_option_duration("time", value, 1, 24 * 3600 * MILL_NS_PER_S, &request->run.run.budget_ns,
                                error);
}

static const struct mill_option options[] = {
    {"strategy", 's', "A,B", "strategies, or all (those that stand for their family)", mill_take_strategy,
     false},
    {"threads", 't', "N,..", "numbers of threads (2,4)", mill_take_threads, false},
    {"set", 0, "NAME=VALUE",
     "a parameter of the scenario, as 'threadmill list' shows it; several\njoined by commas", mill_take_set,
     true},
    {"with", 'w', "A,B",
     "tools: tsan, asan (with undefined behaviour and leaks), helgrind, drd (all that are here;\none that is "
     "named and is not here is an error)",
     take_with, false},
    {"time", 0, "TIME",
     "go on for this long, shared among the tools, in as many rounds as fit (one round\nof each tool, "
     "without "
     "a limit)",
     take_time, false},
    {"rounds", 'r', "N", "how often each cell is run under each tool (1; with --time: as fit)",
     mill_take_rounds, false},
    {"window", 0, "TIME", "how long each run works (20ms; 100ms under Valgrind)", take_window, false},
    {"warmup", 0, "TIME", "how long it works before, which counts as well (2ms)", mill_take_warmup, false},
    {"timeout", 0, "TIME", "a run this much over its time is taken for hung (60s)", mill_take_timeout, false},
    {"seed", 0, "N", "for the perturbation, the order and each run (drawn, and printed)", mill_take_seed,
     false},
    {"output", 'o', "FILE", "where the result document goes (nowhere)", mill_take_output, false},
    {"quiet", 'q', NULL, "no progress", mill_take_quiet, false},
};

static const struct mill_usage usage = {
    "stress",
    "[SCENARIO...]",
    "Runs scenarios under ThreadSanitizer, Address+UndefinedBehaviorSanitizer with its leak check, and\n"
    "Valgrind's Helgrind and DRD, while threads are preempted at random: each cell in a fresh process.\n"
    "What the tools and the scenario's own check find is grouped by stack and shown once. Controls,\n"
    "mistakes kept on purpose, must be found: one that is not is itself a finding.\n\n"
    "exit codes: 0 the controls were found and the rest is clean; 1 a finding; 2 wrong use; 3 the\n"
    "machine or a tool failed; 4 some cell came to no run that tells; 130 interrupted",
    options,
    sizeof options / sizeof options[0],
    "  threadmill stress counter --with tsan\n"
    "  threadmill stress --with tsan,asan --time 10m -o stress.json\n"
    "  threadmill stress critical-section --strategy mcs,ticket --threads 2,3,8 --seed 7\n"
    "  threadmill stress transfer --with helgrind,drd\n",
};

int mill_stress_request_parse(struct mill_stress_request *request, int argc, char **argv,
                              struct mill_error *error)
{
    *request = (struct mill_stress_request){
        .run = {.threads = NULL,
                .run = {.rounds = 1,
                        .attempts = 3,
                        .throughput = true,
                        .pin = MILL_PIN_NONE,
                        .warmup_ns = 2 * MILL_NS_PER_MS,
                        .grace_ns = 60 * MILL_NS_PER_S}},
    };
    int status = mill_options_parse(&usage, argc, argv, request, mill_take_scenario, error);
    if (status != 0) {
        return status;
    }
    struct mill_run_request *run = &request->run;
    run->threads = run->threads ? run->threads : "2,4";
    if (run->budget_given && !run->rounds_given) {
        run->run.rounds = 100000;
    }
    for (enum mill_tool tool = MILL_TSAN; !request->tools_named && tool < MILL_TOOL_COUNT; tool++) {
        request->tools[request->tool_count++] = tool;
    }
    mill_run_request_draw_seed(run);
    return 0;
}

void mill_stress_request_free(struct mill_stress_request *request)
{
    mill_run_request_free(&request->run);
}

uint64_t mill_stress_window_ns(const struct mill_stress_request *request, enum mill_tool tool)
{
    return request->run.windowed                     ? request->run.run.window_ns
           : mill_tool_takes_atomics_for_plain(tool) ? 100 * MILL_NS_PER_MS
                                                     : 20 * MILL_NS_PER_MS;
}
