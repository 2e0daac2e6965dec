#include "hunt_report.h"

#include <stdlib.h>
#include <string.h>

#include "hunt/lines.h"

#define COLUMNS_MAX  4
#define COLUMN_WIDTH 36

struct report {
    FILE *out;
    const struct mill_drive *drive;
    const struct mill_job *job;
    const struct mill_choices *made;
    struct mill_lines *lines;
    uint32_t threads; /* that took steps, and more */
    bool verbose;
};

/* ---- places ---- */

/* Frames of the runtime and of the C library say nothing. */
static bool is_known(const struct mill_line *line)
{
    return line->line > 0 && !line->runtime;
}

static void print_stack(const struct report *report, const struct mill_failure_stack *stack)
{
    fprintf(report->out, "  thread %u %s\n", stack->thread, stack->label);
    unsigned shown = 0;
    for (uint32_t i = 0; i < stack->frames; i++) {
        struct mill_line line = mill_lines_find(report->lines, stack->pcs[i]);
        if (is_known(&line)) {
            fprintf(report->out, "    #%u %s %s:%d\n", shown++, line.function, line.file, line.line);
        }
    }
    if (shown == 0) {
        fprintf(report->out, "    (no source lines: compile with -g)\n");
    }
}

const struct mill_failure_stack *mill_hunt_seen(const struct mill_job *job,
                                                const struct mill_failure_stack *stack)
{
    static struct mill_failure_stack whole;
    for (unsigned i = 0; i < sizeof job->watched / sizeof job->watched[0]; i++) {
        if (stack->step != UINT32_MAX && job->watched[i] == stack->step &&
            job->seen[i].frames > stack->frames && job->seen[i].step == stack->step) {
            whole = job->seen[i];
            memcpy(whole.label, stack->label, sizeof whole.label);
            return &whole;
        }
    }
    return stack;
}

bool mill_hunt_watch(struct mill_drive *drive, const struct mill_failure *failure)
{
    struct mill_job *job = drive->job;
    unsigned count = 0;
    for (uint32_t i = 0; i < failure->stacks && count < sizeof job->watched / sizeof job->watched[0]; i++) {
        if (failure->stack[i].step != UINT32_MAX && failure->stack[i].frames < 2) {
            job->watched[count++] = failure->stack[i].step;
        }
    }
    return count > 0;
}

/* ---- steps ---- */

static void describe(const struct report *report, const struct mill_traced *traced, char *text, size_t size)
{
    struct mill_line line = mill_lines_find(report->lines, (uintptr_t)traced->step.pc);
    const char *name = mill_step_name((enum mill_step_kind)traced->step.kind);
    if (is_known(&line)) {
        snprintf(text, size, "%s:%d %s", line.file, line.line, name);
    } else {
        snprintf(text, size, "%s", name);
    }
}

static void print_in_column(const struct report *report, unsigned thread, const char *text)
{
    if (report->threads > COLUMNS_MAX) {
        fprintf(report->out, "  %4u  %s\n", thread, text);
    } else {
        fprintf(report->out, "  %*s%s\n", (int)(thread * COLUMN_WIDTH), "", text);
    }
}

static const struct mill_traced *next_of(const struct mill_job *job, uint32_t from, unsigned thread)
{
    for (uint32_t i = from; i < job->traced; i++) {
        if (job->trace[i].thread == thread) {
            return &job->trace[i];
        }
    }
    return NULL;
}

bool mill_hunt_is_preemption(const struct mill_drive *drive, uint32_t at)
{
    const struct mill_choices *made = mill_drive_made(drive);
    uint32_t choice = drive->job->trace[at].choice;
    return choice < made->count && (made->items[choice] & MILL_CHOICE_PREEMPTS);
}

static void print_preemption(const struct report *report, uint32_t at)
{
    const struct mill_job *job = report->job;
    const struct mill_traced *last = &job->trace[at - 1];
    const struct mill_traced *next = next_of(job, at, last->thread);
    char before[200];
    char after[200] = "its next step";
    describe(report, last, before, sizeof before);
    if (next) {
        describe(report, next, after, sizeof after);
    }
    fprintf(report->out, "  -- thread %u is preempted between %s and %s\n", last->thread, before, after);
}

/* The steps from `from` up to `to`, all of one thread. */
static void print_run(const struct report *report, uint32_t from, uint32_t to)
{
    const struct mill_job *job = report->job;
    char text[200];
    uint32_t shown = report->verbose || to - from <= 5 ? to - from : 2;
    for (uint32_t i = from; i < to; i++) {
        if (i >= from + shown && i + 2 < to) {
            snprintf(text, sizeof text, "… %u steps", to - from - shown - 2);
            print_in_column(report, job->trace[i].thread, text);
            i = to - 3;
            continue;
        }
        describe(report, &job->trace[i], text, sizeof text);
        print_in_column(report, job->trace[i].thread, text);
    }
}

static void print_header(const struct report *report)
{
    if (report->threads > COLUMNS_MAX) {
        fprintf(report->out, "  thread\n");
        return;
    }
    for (unsigned thread = 0; thread < report->threads; thread++) {
        char name[32];
        snprintf(name, sizeof name, "thread %u", thread);
        fprintf(report->out, "%s%-*s", thread == 0 ? "  " : "",
                thread + 1 < report->threads ? COLUMN_WIDTH : 0, name);
    }
    fprintf(report->out, "\n");
}

static void print_schedule(const struct report *report)
{
    const struct mill_job *job = report->job;
    uint32_t preemptions = mill_choices_preemptions(report->made);
    fprintf(report->out, "\nthe schedule: %u threads, %u steps, %u preemption%s\n", report->threads,
            (unsigned)job->traced, preemptions, preemptions == 1 ? "" : "s");
    print_header(report);
    bool suspends = job->suspension.thread != 0 && job->suspension.others == 0;
    uint32_t suspended = suspends ? job->suspension.step : UINT32_MAX;
    uint32_t from = 0;
    for (uint32_t i = 1; i <= job->traced; i++) {
        if (i < job->traced && i != suspended && job->trace[i].thread == job->trace[from].thread) {
            continue;
        }
        print_run(report, from, i);
        if (i < job->traced && mill_hunt_is_preemption(report->drive, i)) {
            print_preemption(report, i);
        }
        if (i == suspended) {
            fprintf(report->out, "  -- thread %u is suspended for good\n", job->suspension.thread);
        }
        from = i;
    }
    if (job->trace_lost > 0) {
        fprintf(report->out, "  (and %u more steps, for which there is no room)\n", job->trace_lost);
    }
}

void mill_hunt_report(FILE *out, const struct mill_drive *drive, const char *program, bool verbose)
{
    const struct mill_job *job = drive->job;
    const struct mill_failure *failure = &job->failure;
    struct report report = {
        .out = out,
        .drive = drive,
        .job = job,
        .made = mill_drive_made(drive),
        .lines = mill_lines_open(program, job->base),
        .threads = job->threads_most,
        .verbose = verbose,
    };
    if (!report.lines) {
        return;
    }
    fprintf(out, "%s: %s\n", mill_failure_name((enum mill_failure_kind)failure->kind), failure->message);
    for (uint32_t i = 0; i < failure->stacks; i++) {
        print_stack(&report, mill_hunt_seen(job, &failure->stack[i]));
    }
    print_schedule(&report);
    mill_lines_close(report.lines);
}
