/* A counterexample in words: what happened, how far it can be explained, and where that ends. */
#include <errno.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "measure/counterexample.h"
#include "measure/linearizability_search.h"

struct event {
    uint64_t stamp;
    size_t call;
    bool returns;
};

struct printer {
    const struct mill_model *model;
    const struct mill_counterexample *example;
    mill_line_writer *write;
    void *context;
    struct event *events;
    size_t event_count;
    unsigned *threads; /* those that called, in order: the columns */
    size_t thread_count;
    size_t width;    /* of a column */
    bool *under_way; /* of each column */
};

/* Writes the line, without blanks at its end, and frees it. */
static int put(struct printer *printer, struct mill_text *line)
{
    int status = -ENOMEM;
    mill_text_add(line, "\n");
    if (!line->failed) {
        size_t end = line->length - 1;
        while (end > 0 && line->text[end - 1] == ' ') {
            end--;
        }
        line->text[end] = '\n';
        status = printer->write(printer->context, line->text, end + 1);
    }
    mill_text_free(line);
    return status;
}

static void add_call(struct mill_text *line, const struct mill_model *model, const struct mill_call *call)
{
    mill_text_add(line, "T%u ", call->thread);
    mill_model_print_call(model, call, line);
    mill_text_add(line, " → ");
    mill_model_print_answer(model, call, line);
}

/* ---- the timeline ---- */

static int by_time(const void *a, const void *b)
{
    const struct event *left = a, *right = b;
    if (left->stamp != right->stamp) {
        return left->stamp < right->stamp ? -1 : 1;
    }
    if (left->returns != right->returns) {
        return left->returns ? 1 : -1;
    }
    return (left->call > right->call) - (left->call < right->call);
}

static int by_thread(const void *a, const void *b)
{
    unsigned left = *(const unsigned *)a, right = *(const unsigned *)b;
    return (left > right) - (left < right);
}

static size_t column_of(const struct printer *printer, const struct mill_call *call)
{
    size_t column = 0;
    while (printer->threads[column] != call->thread) {
        column++;
    }
    return column;
}

/* What stands in the column; a call that returns before anything else happens stands in one line. */
static void add_cell(const struct printer *printer, struct mill_text *cell, size_t event)
{
    const struct mill_call *call = &printer->example->calls[printer->events[event].call];
    if (printer->events[event].returns) {
        mill_text_add(cell, "└ ");
        mill_model_print_answer(printer->model, call, cell);
        return;
    }
    bool at_once = event + 1 < printer->event_count && printer->events[event + 1].returns &&
                   printer->events[event + 1].call == printer->events[event].call;
    mill_text_add(cell, at_once ? "─ " : "┌ ");
    mill_model_print_call(printer->model, call, cell);
    if (at_once) {
        mill_text_add(cell, " → ");
        mill_model_print_answer(printer->model, call, cell);
    }
}

/* Characters, not bytes. */
static size_t width_of(const struct mill_text *text)
{
    size_t width = 0;
    for (size_t i = 0; i < text->length; i++) {
        width += ((unsigned char)text->text[i] & 0xc0) != 0x80;
    }
    return width;
}

static void pad(struct mill_text *line, size_t width)
{
    size_t now = width_of(line);
    mill_text_add(line, "%*s", (int)(width > now ? width - now : 0), "");
}

static void collect_events(struct printer *printer)
{
    const struct mill_counterexample *example = printer->example;
    for (size_t i = 0; i < example->count; i++) {
        const struct mill_call *call = &example->calls[i];
        printer->events[printer->event_count++] = (struct event){call->invoked, i, false};
        if (!mill_call_is_pending(call)) {
            printer->events[printer->event_count++] = (struct event){call->returned, i, true};
        }
        printer->threads[printer->thread_count++] = call->thread;
    }
    qsort(printer->events, printer->event_count, sizeof *printer->events, by_time);
    qsort(printer->threads, printer->thread_count, sizeof *printer->threads, by_thread);
    size_t used = 0;
    for (size_t i = 0; i < printer->thread_count; i++) {
        if (used == 0 || printer->threads[used - 1] != printer->threads[i]) {
            printer->threads[used++] = printer->threads[i];
        }
    }
    printer->thread_count = used;
}

static int measure_columns(struct printer *printer)
{
    printer->width = 12;
    for (size_t i = 0; i < printer->event_count; i++) {
        struct mill_text cell = {0};
        add_cell(printer, &cell, i);
        size_t width = width_of(&cell) + 2;
        bool failed = cell.failed;
        mill_text_free(&cell);
        if (failed) {
            return -ENOMEM;
        }
        printer->width = width > printer->width ? width : printer->width;
    }
    return 0;
}

enum { margin = 6 };

static int put_event(struct printer *printer, size_t event, size_t row)
{
    struct mill_text line = {0};
    size_t own = column_of(printer, &printer->example->calls[printer->events[event].call]);
    mill_text_add(&line, "%4zu", row);
    for (size_t column = 0; column < printer->thread_count; column++) {
        pad(&line, margin + column * printer->width);
        if (column == own) {
            add_cell(printer, &line, event);
        } else if (printer->under_way[column]) {
            mill_text_add(&line, "│");
        }
    }
    printer->under_way[own] = !printer->events[event].returns;
    return put(printer, &line);
}

static int put_heads(struct printer *printer)
{
    struct mill_text line = {0};
    for (size_t column = 0; column < printer->thread_count; column++) {
        pad(&line, margin + column * printer->width);
        mill_text_add(&line, "T%u", printer->threads[column]);
    }
    return put(printer, &line);
}

/* What is under way at the end is pending. */
static int put_pending(struct printer *printer)
{
    struct mill_text line = {0};
    bool any = false;
    for (size_t column = 0; column < printer->thread_count; column++) {
        pad(&line, margin + column * printer->width);
        mill_text_add(&line, "%s", printer->under_way[column] ? "┊ pending" : "");
        any |= printer->under_way[column];
    }
    if (any) {
        return put(printer, &line);
    }
    mill_text_free(&line);
    return 0;
}

static int put_timeline(struct printer *printer)
{
    collect_events(printer);
    int status = measure_columns(printer);
    status = status < 0 ? status : put_heads(printer);
    size_t row = 0;
    for (size_t i = 0; status >= 0 && i < printer->event_count; i++) {
        bool at_once = i > 0 && printer->events[i].returns && !printer->events[i - 1].returns &&
                       printer->events[i].call == printer->events[i - 1].call;
        if (at_once) {
            printer->under_way[column_of(printer, &printer->example->calls[printer->events[i].call])] = false;
        } else {
            status = put_event(printer, i, ++row);
        }
    }
    return status < 0 ? status : put_pending(printer);
}

/* ---- how far it can be explained ---- */

static int put_step(struct printer *printer, size_t number, struct mill_search_step step,
                    struct mill_model_state *state)
{
    static const struct mill_foresight none = {0, UINT64_MAX};
    const struct mill_call *call = &printer->example->calls[step.call];
    const struct mill_model_step next = {call, step.point, none};
    unsigned points = mill_model_points(printer->model, call);
    struct mill_text line = {0};
    printer->model->step(printer->model, state, &next);
    mill_text_add(&line, "%4zu  ", number);
    add_call(&line, printer->model, call);
    if (points > 1) {
        mill_text_add(&line, " (%u of %u)", step.point + 1, points);
    }
    pad(&line, margin + printer->width + 16);
    mill_text_add(&line, "  %s ", printer->model->name);
    printer->model->describe(printer->model, state, &line);
    return put(printer, &line);
}

static void begin_state(const struct printer *printer, struct mill_model_state *state)
{
    const struct mill_counterexample *example = printer->example;
    if (!example->begun) {
        printer->model->begin(printer->model, state);
        return;
    }
    state->count = example->from.count;
    memcpy(state->words, example->from.words, state->count * sizeof *state->words);
}

/* The next point of each call, by the order. */
static unsigned *points_taken(const struct printer *printer, const struct mill_dead_end *dead_end)
{
    unsigned *taken = calloc(printer->example->count + 1, sizeof *taken);
    for (size_t i = 0; taken && i < dead_end->count; i++) {
        taken[dead_end->order[i].call]++;
    }
    return taken;
}

/* Why not this one? It is not refused when it led to where the search had been. */
static int put_candidate(struct printer *printer, size_t which, unsigned point,
                         const struct mill_model_state *state, struct mill_model_state *scratch)
{
    static const struct mill_foresight none = {0, UINT64_MAX};
    const struct mill_call *call = &printer->example->calls[which];
    const struct mill_model_step next = {call, point, none};
    struct mill_text line = {0};
    scratch->count = state->count;
    memcpy(scratch->words, state->words, state->count * sizeof *state->words);
    bool fits = printer->model->step(printer->model, scratch, &next);
    mill_text_add(&line, "      ");
    add_call(&line, printer->model, call);
    mill_text_add(&line, "%s",
                  fits                         ? ": fits, but leads nowhere"
                  : mill_call_is_pending(call) ? ": changes nothing now"
                                               : ": does not fit");
    return put(printer, &line);
}

static int put_candidates(struct printer *printer, const struct mill_dead_end *dead_end,
                          struct mill_model_state *scratch)
{
    const struct mill_counterexample *example = printer->example;
    unsigned *taken = points_taken(printer, dead_end);
    uint64_t first_return = UINT64_MAX;
    int status = taken ? 0 : -ENOMEM;
    for (size_t i = 0; status == 0 && i < example->count; i++) {
        bool whole = taken[i] == mill_model_points(printer->model, &example->calls[i]);
        if (!whole && example->calls[i].returned < first_return) {
            first_return = example->calls[i].returned;
        }
    }
    for (size_t i = 0; status >= 0 && i < example->count; i++) {
        bool whole = taken[i] == mill_model_points(printer->model, &example->calls[i]);
        if (!whole && example->calls[i].invoked <= first_return) {
            status = put_candidate(printer, i, taken[i], &dead_end->state, scratch);
        }
    }
    free(taken);
    return status;
}

static int put_dead_end(struct printer *printer, const struct mill_dead_end *dead_end)
{
    size_t room = printer->model->room(printer->model, printer->example->count) + dead_end->state.count +
                  printer->example->from.count + 1;
    struct mill_model_state state = {0, calloc(room, sizeof(int64_t))};
    struct mill_text line = {0};
    int status = state.words ? 0 : -ENOMEM;
    if (status == 0) {
        begin_state(printer, &state);
        mill_text_add(&line, "The longest order that works (%s ", printer->model->name);
        printer->model->describe(printer->model, &state, &line);
        mill_text_add(&line, " at the beginning):");
        status = put(printer, &line);
    }
    for (size_t i = 0; status >= 0 && i < dead_end->count; i++) {
        status = put_step(printer, i + 1, dead_end->order[i], &state);
    }
    if (status >= 0) {
        line = (struct mill_text){0};
        mill_text_add(&line, "Then it cannot go on. Of what may be next:");
        status = put(printer, &line);
    }
    if (status >= 0) {
        status = put_candidates(printer, dead_end, &state);
    }
    free(state.words);
    return status;
}

/* Without foresight, which would end an order before it goes wrong; with it, when that takes too long. */
static int find_dead_end(const struct printer *printer, struct mill_dead_end *dead_end)
{
    static const struct mill_linearizability_limits limits = {MILL_LINEARIZABILITY_CONFIGURATIONS / 4,
                                                              MILL_LINEARIZABILITY_BYTES};
    const struct mill_counterexample *example = printer->example;
    struct mill_search_request request = {.model = printer->model,
                                          .from = example->begun ? &example->from : NULL,
                                          .calls = example->calls,
                                          .count = example->count,
                                          .limits = &limits,
                                          .blind = true};
    enum mill_history_verdict verdict;
    uint64_t used = 0;
    int status = mill_linearizability_search(&request, &verdict, &used, dead_end);
    if (status == 0 && verdict == MILL_UNDECIDED && !example->begun) {
        request.blind = false;
        status = mill_linearizability_search(&request, &verdict, &used, dead_end);
    }
    return status;
}

static int put_all(struct printer *printer, const struct mill_dead_end *dead_end)
{
    const struct mill_counterexample *example = printer->example;
    struct mill_text line = {0};
    mill_text_add(&line, "%s %" PRId64 " is not linearizable: %zu of %zu calls show it%s",
                  printer->model->name, example->key, example->count, example->whole,
                  example->smallest ? "" : " (perhaps fewer would; the search for them was given up)");
    int status = put(printer, &line);
    status = status < 0 ? status : put_timeline(printer);
    if (status >= 0 && dead_end->order) {
        status = put_dead_end(printer, dead_end);
    } else if (status >= 0) {
        line = (struct mill_text){0};
        mill_text_add(&line, "Where it cannot go on was not found within the limits.");
        status = put(printer, &line);
    }
    return status;
}

int mill_counterexample_print(const struct mill_model *model, const struct mill_counterexample *example,
                              mill_line_writer *write, void *context)
{
    struct printer printer = {.model = model, .example = example, .write = write, .context = context};
    struct mill_dead_end dead_end = {0};
    if (!model || !example || !write) {
        return -EINVAL;
    }
    printer.events = calloc(2 * example->count + 1, sizeof *printer.events);
    printer.threads = calloc(example->count + 1, sizeof *printer.threads);
    printer.under_way = calloc(example->count + 1, sizeof *printer.under_way);
    int status = printer.events && printer.threads && printer.under_way ? 0 : -ENOMEM;
    if (status == 0) {
        status = find_dead_end(&printer, &dead_end);
    }
    if (status == 0) {
        status = put_all(&printer, &dead_end);
    }
    mill_dead_end_free(&dead_end);
    free(printer.events);
    free(printer.threads);
    free(printer.under_way);
    return status;
}
