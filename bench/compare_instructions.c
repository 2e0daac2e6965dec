#include "compare_instructions.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "core/file.h"
#include "subprocess.h"

enum {
    operations = 1000,
    counts_most = 64 << 20, /* bytes of what callgrind writes */
};

int mill_compare_instructions_find(struct mill_error *error)
{
    struct mill_text said = {0};
    char *const command[] = {"valgrind", "--version", NULL};
    int code = mill_subprocess(command, NULL, &said, error);
    mill_text_free(&said);
    return code == 0
               ? 0
               : mill_error_set(error, -ENOENT,
                                "--instructions: there is no valgrind in PATH; install the package valgrind");
}

/* The number behind "totals: ", of the file that callgrind wrote. */
static int read_total(const char *path, uint64_t *total, struct mill_error *error)
{
    char *text;
    size_t length;
    int status = mill_read_file(path, counts_most, &text, &length, error);
    if (status < 0) {
        return status;
    }
    const char *line = strstr(text, "\ntotals: ");
    char *end = NULL;
    unsigned long long number = line ? strtoull(line + strlen("\ntotals: "), &end, 10) : 0;
    free(text);
    *total = number;
    return line && number > 0
               ? 0
               : mill_error_set(error, -ENODATA, "callgrind counted nothing: is the program stripped?");
}

static char *specify(const struct mill_cell *cell)
{
    struct mill_sample_spec spec = {
        .scenario = cell->scenario,
        .strategy = cell->strategy,
        .threads = 1,
        .every = 1,
        .pin = MILL_PIN_NONE,
        .window_ns = MILL_NS_PER_MS,
        .slice_ns = MILL_NS_PER_MS,
        .seed = 1,
    };
    memcpy(spec.values, cell->values, sizeof spec.values);
    json_t *json = mill_sample_spec_encode(&spec);
    char *text = json ? json_dumps(json, JSON_COMPACT) : NULL;
    json_decref(json);
    return text;
}

/* Instructions of so many operations. -ENODATA with a message when this build cannot tell; another negative
 * errno when the machine failed. */
static int count(const char *program, const struct mill_cell *cell, unsigned times, uint64_t *total,
                 struct mill_error *error)
{
    char file[] = "/tmp/threadmill-count-XXXXXX", output[64], number[32], path[PATH_MAX];
    struct mill_text said = {0};
    char *spec = specify(cell);
    int descriptor = spec ? mkstemp(file) : -1;
    if (descriptor < 0) {
        free(spec);
        return mill_error_set(error, spec ? -errno : -ENOMEM, "no file for callgrind's counts: %s", file);
    }
    close(descriptor);
    snprintf(output, sizeof output, "--callgrind-out-file=%s", file);
    snprintf(number, sizeof number, "%u", times * operations);
    snprintf(path, sizeof path, "%s", program);
    char *const command[] = {"valgrind",
                             "--tool=callgrind",
                             "-q",
                             output,
                             "--collect-atstart=no",
                             "--toggle-collect=mill_counted_operations",
                             path,
                             "count",
                             spec,
                             number,
                             NULL};
    int code = mill_subprocess(command, NULL, &said, error);
    if (code > 0) {
        const char *text = said.text ? said.text : "";
        code = mill_error_set(error, -ENODATA, "%.*s", (int)strcspn(text, "\n"), text);
    } else if (code == 0) {
        code = read_total(file, total, error);
    }
    unlink(file);
    free(spec);
    mill_text_free(&said);
    return code;
}

/* Instructions an operation; *repeats says whether the same was counted twice. */
static int count_operation(const char *program, const struct mill_cell *cell, double *each, bool *repeats,
                           struct mill_error *error)
{
    uint64_t once = 0, twice = 0, again = 0;
    int status = count(program, cell, 1, &once, error);
    status = status < 0 ? status : count(program, cell, 2, &twice, error);
    status = status < 0 ? status : count(program, cell, 2, &again, error);
    if (status == 0 && twice <= once) {
        status = mill_error_set(error, -ENODATA, "twice the operations took no more instructions");
    }
    if (status == 0) {
        *each = (double)(twice - once) / operations;
        *repeats = twice == again;
    }
    return status;
}

static int compare_cell(struct mill_comparison *comparison, const struct mill_compare_builds *builds,
                        const struct mill_cell *base, const struct mill_cell *head, const json_t *json,
                        double margin, json_t *not_measured, struct mill_error *error)
{
    double one = 0, other = 0;
    bool repeats[2] = {false, false};
    char reason[1100];
    const char *side = "base";
    int status = count_operation(builds->base.launch.program, base, &one, &repeats[0], error);
    if (status == 0) {
        side = "head";
        status = count_operation(builds->head.launch.program, head, &other, &repeats[1], error);
    }
    if (status == -ENODATA) {
        snprintf(reason, sizeof reason, "instructions, %s: %s", side, error->message);
        json_array_append_new(not_measured,
                              mill_compare_left_out(base->scenario->name, base->strategy->name, 1, reason));
        return 0;
    }
    if (status < 0) {
        return status;
    }
    const struct mill_pairing pairing = {
        .kind = repeats[0] && repeats[1] ? MILL_ROW_GATES : MILL_ROW_SHOWN,
        .why_not =
            repeats[0] && repeats[1] ? NULL : "its instructions do not repeat: it waits for time to pass"};
    return mill_comparison_add_counts(comparison, &pairing, json, json, one, other, margin);
}

int mill_compare_instructions(struct mill_comparison *comparison, const struct mill_compare_builds *builds,
                              const struct mill_plan *base, const struct mill_plan *head, const json_t *cells,
                              double margin, json_t *not_measured, struct mill_error *error)
{
    int status = 0;
    for (size_t i = 0; status == 0 && i < base->count; i++) {
        const struct mill_cell *cell = &base->cells[i];
        if (mill_scenario_is_control(cell->scenario, cell->strategy)) {
            continue; /* as of the times: told there */
        }
        if (cell->unsupported) {
            char reason[256];
            snprintf(reason, sizeof reason, "instructions, one thread: %s", cell->unsupported);
            json_array_append_new(
                not_measured, mill_compare_left_out(cell->scenario->name, cell->strategy->name, 1, reason));
            continue;
        }
        status = compare_cell(comparison, builds, cell, &head->cells[i], json_array_get(cells, i), margin,
                              not_measured, error);
    }
    return status;
}
