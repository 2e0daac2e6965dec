/* threadmill device faults: every fault against every way of sharing a valve: what did the callers see? */
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include <jansson.h>

#include "command_device.h"
#include "command_line.h"
#include "commands.h"
#include "core/text.h"
#include "device/fault_matrix.h"
#include "options.h"

enum { rows_max = 32, columns_max = 32 }; /* what there is, and more */

struct request {
    struct mill_fault_plan plan;
    const struct mill_fault_case *rows[rows_max];
    const struct mill_sharing_ops *columns[columns_max];
    size_t row_count, column_count;
    bool seeded, json;
};

/* ---- one function an option ---- */

/* Names of a list become their places among `names`, each once. */
static int take_names(const char *option, const char *list, const char *const *names, size_t count,
                      size_t *places, size_t *place_count, struct mill_error *error)
{
    char word[64], near[128];
    int status;
    while ((status = mill_list_next(&list, word, sizeof word)) > 0) {
        size_t place = 0;
        while (place < count && strcmp(names[place], word) != 0) {
            place++;
        }
        if (place == count) {
            mill_nearest(near, sizeof near, word, names, count);
            return mill_error_set(error, -EINVAL, "'%s' is no value for --%s%s%s", word, option,
                                  near[0] ? "; perhaps " : "", near);
        }
        for (size_t i = 0; i < *place_count; i++) {
            if (places[i] == place) {
                return mill_error_set(error, -EINVAL, "'%s' comes twice in --%s", word, option);
            }
        }
        places[(*place_count)++] = place;
    }
    return status < 0 ? mill_error_set(error, -EINVAL, "--%s: no list of names joined by commas", option) : 0;
}

static int take_faults(void *target, const char *value, struct mill_error *error)
{
    struct request *request = target;
    const char *names[rows_max];
    size_t places[rows_max] = {0};
    for (size_t i = 0; i < mill_fault_case_count; i++) {
        names[i] = mill_fault_cases[i].name;
    }
    int status = take_names("fault", value, names, mill_fault_case_count, places, &request->row_count, error);
    for (size_t i = 0; status == 0 && i < request->row_count; i++) {
        request->rows[i] = &mill_fault_cases[places[i]];
    }
    return status;
}

static int take_strategies(void *target, const char *value, struct mill_error *error)
{
    struct request *request = target;
    const char *names[columns_max];
    size_t places[columns_max] = {0};
    for (size_t i = 0; i < mill_sharing_family.count; i++) {
        names[i] = mill_sharing_family.strategies[i]->name;
    }
    int status = take_names("strategy", value, names, mill_sharing_family.count, places,
                            &request->column_count, error);
    for (size_t i = 0; status == 0 && i < request->column_count; i++) {
        request->columns[i] = mill_sharing_ops_of(mill_sharing_family.strategies[places[i]]);
    }
    return status;
}

static int take_threads(void *target, const char *value, struct mill_error *error)
{
    int64_t threads;
    int status = mill_option_number("threads", value, 1, MILL_FAULT_THREADS_MAX, &threads, error);
    ((struct request *)target)->plan.threads = (unsigned)threads;
    return status;
}

static int take_window(void *target, const char *value, struct mill_error *error)
{
    return mill_option_duration("window", value, 1000000, MILL_FAULT_WINDOW_MAX,
                                &((struct request *)target)->plan.window_ns, error);
}

static int take_seed(void *target, const char *value, struct mill_error *error)
{
    struct request *request = target;
    int64_t seed;
    int status = mill_option_number("seed", value, 0, INT64_MAX, &seed, error);
    request->plan.seed = (uint64_t)seed;
    request->seeded = status == 0;
    return status;
}

static int take_json(void *target, const char *value, struct mill_error *error)
{
    (void)value;
    (void)error;
    ((struct request *)target)->json = true;
    return 0;
}

static const struct mill_option options[] = {
    {"fault", 'f', "A,B", "which faults (all)", take_faults, false},
    {"strategy", 's', "A,B", "which ways of sharing the valve (all that can)", take_strategies, false},
    {"threads", 't', "N", "callers that share it (4)", take_threads, false},
    {"window", 0, "TIME", "how long each fault lasts (200ms)", take_window, false},
    {"seed", 0, "N", "of the faults (drawn, and printed)", take_seed, false},
    {"json", 0, NULL, "a document instead of the tables", take_json, false},
};

static const struct mill_usage usage = {
    "device faults",
    "",
    "Lets callers share a simulated valve in every way, over loopback, while every fault befalls it, and\n"
    "prints as Markdown what each of them saw: answers, answers after a retry, copies that were old (with\n"
    "and without the failure), and failures by kind. Three reads for one write. A try has 200 ms, and there\n"
    "are three more; copies are renewed every 50 ms.\n\n"
    "faults: none, fixed, normal, tail (latencies), drop, reset, half, garbage, stall, 5xx, power, "
    "slow-loris\n\n"
    "Exit code 1: a failure had no name, the valve did what was reported not done or did not do what was\n"
    "reported done, a call did not end, or the valve was not found again once the fault was over.",
    options,
    sizeof options / sizeof options[0],
    "  threadmill device faults\n"
    "  threadmill device faults --fault power,5xx --strategy pool,cached-rcu --window 2s\n"
    "  threadmill device faults --seed 1 --json | jq '.cells[] | select(.mistake)'\n",
};

/* ---- what was seen ---- */

static uint64_t sum(const uint64_t seen[MILL_SEEN_KINDS])
{
    uint64_t all = 0;
    for (unsigned i = 0; i < MILL_SEEN_KINDS; i++) {
        all += seen[i];
    }
    return all;
}

/* "ok 80%, retried 20%" */
static void print_shares(const uint64_t seen[MILL_SEEN_KINDS])
{
    uint64_t all = sum(seen);
    const char *between = "";
    for (unsigned i = 0; i < MILL_SEEN_KINDS; i++) {
        double share = 100 * (double)seen[i] / (double)all;
        if (seen[i] > 0) {
            printf(share < 1 ? "%s%s <1%%" : "%s%s %.0f%%", between, mill_seen_name((enum mill_seen)i),
                   share);
            between = ", ";
        }
    }
}

static void print_reads(const struct mill_fault_cell *cell)
{
    print_shares(cell->reads);
}

static void print_writes(const struct mill_fault_cell *cell)
{
    print_shares(cell->writes);
}

static void print_longest(const struct mill_fault_cell *cell)
{
    char text[32];
    fputs(mill_format_duration(text, sizeof text, (double)cell->slowest_ns), stdout);
}

static void print_table(const struct request *request, const struct mill_fault_cell *cells, const char *title,
                        void (*print)(const struct mill_fault_cell *cell))
{
    printf("\n### %s\n\n| fault |", title);
    for (size_t column = 0; column < request->column_count; column++) {
        printf(" %s |", request->columns[column]->about.name);
    }
    printf("\n|---|");
    for (size_t column = 0; column < request->column_count; column++) {
        printf("---|");
    }
    for (size_t row = 0; row < request->row_count; row++) {
        printf("\n| %s |", request->rows[row]->name);
        for (size_t column = 0; column < request->column_count; column++) {
            putchar(' ');
            print(&cells[row * request->column_count + column]);
            fputs(" |", stdout);
        }
    }
    putchar('\n');
}

static void print_tables(const struct request *request, const struct mill_fault_cell *cells)
{
    uint64_t done = 0, maybe = 0, applied = 0;
    for (size_t i = 0; i < request->row_count * request->column_count; i++) {
        done += cells[i].done;
        maybe += cells[i].maybe;
        applied += cells[i].applied;
    }
    printf("%u callers, each fault for %.0f ms, seed %" PRIu64 "\n\n", request->plan.threads,
           (double)request->plan.window_ns / 1e6, request->plan.seed);
    for (size_t row = 0; row < request->row_count; row++) {
        const struct mill_fault_case *what = request->rows[row];
        printf("- %s: %s%s%s%s\n", what->name, what->summary, what->faults[0] ? " (`" : "", what->faults,
               what->faults[0] ? "`)" : "");
    }
    print_table(request, cells, "What readers saw", print_reads);
    print_table(request, cells, "What writers saw", print_writes);
    print_table(request, cells, "The longest call", print_longest);
    printf("\nWrites: %" PRIu64 " were reported done, %" PRIu64 " failed and may have been done; the valves "
           "did %" PRIu64 ".\n",
           done, maybe, applied);
}

static json_t *encode_seen(const uint64_t seen[MILL_SEEN_KINDS])
{
    json_t *object = json_object();
    for (unsigned i = 0; i < MILL_SEEN_KINDS; i++) {
        json_object_set_new(object, mill_seen_name((enum mill_seen)i), json_integer((json_int_t)seen[i]));
    }
    return object;
}

static int print_json(const struct request *request, const struct mill_fault_cell *cells)
{
    json_t *list = json_array();
    for (size_t row = 0; row < request->row_count; row++) {
        for (size_t column = 0; column < request->column_count; column++) {
            const struct mill_fault_cell *cell = &cells[row * request->column_count + column];
            json_array_append_new(
                list,
                json_pack("{s:s, s:s, s:o, s:o, s:I, s:I, s:I, s:I, s:b, s:s?, s:s}", "fault",
                          request->rows[row]->name, "strategy", request->columns[column]->about.name, "reads",
                          encode_seen(cell->reads), "writes", encode_seen(cell->writes), "done",
                          (json_int_t)cell->done, "maybe", (json_int_t)cell->maybe, "applied",
                          (json_int_t)cell->applied, "longest_ns", (json_int_t)cell->slowest_ns, "recovered",
                          cell->recovered, "mistake", mill_fault_cell_mistake(cell), "failure", cell->why));
        }
    }
    json_t *document =
        json_pack("{s:s, s:i, s:I, s:i, s:I, s:o}", "format", "threadmill-device-faults", "version", 1,
                  "seed", (json_int_t)request->plan.seed, "threads", (int)request->plan.threads, "window_ns",
                  (json_int_t)request->plan.window_ns, "cells", list);
    int status = document ? json_dumpf(document, stdout, JSON_INDENT(1)) : -1;
    json_decref(document);
    putchar('\n');
    return status < 0 ? mill_complain(MILL_EXIT_MACHINE, "the document cannot be made: out of memory")
                      : MILL_EXIT_EXPECTED;
}

/* ---- the command ---- */

/* One client without a lock cannot be had over HTTP: all others. */
static void take_all(struct request *request)
{
    for (size_t i = 0; request->row_count == 0 && i < mill_fault_case_count; i++) {
        request->rows[i] = &mill_fault_cases[i];
    }
    request->row_count = request->row_count > 0 ? request->row_count : mill_fault_case_count;
    if (request->column_count == 0) {
        for (size_t i = 0; i < mill_sharing_family.count; i++) {
            if (!(mill_sharing_family.strategies[i]->traits & MILL_CONTROL)) {
                request->columns[request->column_count++] =
                    mill_sharing_ops_of(mill_sharing_family.strategies[i]);
            }
        }
    }
}

static int run_cells(const struct request *request, struct mill_fault_cell *cells)
{
    struct mill_error error;
    int code = MILL_EXIT_EXPECTED;
    for (size_t row = 0; row < request->row_count; row++) {
        for (size_t column = 0; column < request->column_count; column++) {
            const char *strategy = request->columns[column]->about.name;
            struct mill_fault_cell *cell = &cells[row * request->column_count + column];
            int status = mill_fault_cell_run(request->rows[row], request->columns[column], &request->plan,
                                             cell, &error);
            if (status < 0) {
                return mill_complain(status == -EDEADLK   ? MILL_EXIT_FINDING
                                     : status == -ENOTSUP ? MILL_EXIT_USAGE
                                                          : MILL_EXIT_MACHINE,
                                     "%s under '%s': %s", strategy, request->rows[row]->name, error.message);
            }
            const char *mistake = mill_fault_cell_mistake(cell);
            if (mistake) {
                code = mill_complain(MILL_EXIT_FINDING, "%s under '%s': %s", strategy,
                                     request->rows[row]->name, mistake);
            }
        }
    }
    return code;
}

int mill_device_faults(int argc, char **argv)
{
    static struct mill_fault_cell cells[rows_max * columns_max];
    if (mill_fault_case_count > rows_max || mill_sharing_family.count > columns_max) {
        return mill_complain(MILL_EXIT_MACHINE,
                             "there are more faults or strategies than this was built for");
    }
    struct request request = {.plan = mill_fault_plan_default};
    struct mill_error error;
    int status = mill_options_parse(&usage, argc, argv, &request, NULL, &error);
    if (status != 0) {
        return status > 0 ? MILL_EXIT_EXPECTED : mill_complain(MILL_EXIT_USAGE, "%s", error.message);
    }
    mill_seed_draw(&request.plan.seed, request.seeded);
    take_all(&request);
    int code = run_cells(&request, cells);
    if (code != MILL_EXIT_EXPECTED && code != MILL_EXIT_FINDING) {
        return code;
    }
    if (!request.json) {
        print_tables(&request, cells);
        return code;
    }
    int printed = print_json(&request, cells);
    return printed != MILL_EXIT_EXPECTED ? printed : code;
}
