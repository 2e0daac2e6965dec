#include "report/progress.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/clock.h"
#include "report/display.h"
#include "report/style.h"

static const uint64_t redraw_ns = 100 * MILL_NS_PER_MS;

enum {
    bar_columns = 10,
    tenths = 10,
};

struct mill_progress_view {
    FILE *stream;
    unsigned width; /* 0: no terminal */
    uint64_t begun_ns;
    uint64_t budget_ns;
    uint64_t drawn_ns;
    bool drawn;   /* the line is on the screen */
    size_t tenth; /* the last that was told */
    size_t bad;   /* samples that were told */
};

int mill_progress_create_at(struct mill_progress_view **progress, FILE *stream, unsigned width,
                            uint64_t now_ns)
{
    *progress = malloc(sizeof **progress);
    if (!*progress) {
        return -ENOMEM;
    }
    **progress = (struct mill_progress_view){.stream = stream, .width = width, .begun_ns = now_ns};
    return 0;
}

int mill_progress_create(struct mill_progress_view **progress, FILE *stream, uint64_t now_ns)
{
    return mill_progress_create_at(progress, stream, mill_terminal_width(stream), now_ns);
}

void mill_progress_budget(struct mill_progress_view *progress, uint64_t budget_ns)
{
    progress->budget_ns = budget_ns;
}

static void clear_line(struct mill_progress_view *progress)
{
    if (progress->drawn) {
        fputs("\r\033[K", progress->stream);
        fflush(progress->stream);
        progress->drawn = false;
    }
}

void mill_progress_destroy(struct mill_progress_view *progress)
{
    if (progress) {
        clear_line(progress);
    }
    free(progress);
}

/* ---- estimates ---- */

uint64_t mill_progress_left(uint64_t elapsed_ns, size_t done, size_t total)
{
    if (done == 0) {
        return UINT64_MAX;
    }
    return done < total ? (uint64_t)((double)elapsed_ns / (double)done * (double)(total - done)) : 0;
}

void mill_progress_time(struct mill_text *text, uint64_t ns)
{
    uint64_t seconds = (ns + MILL_NS_PER_S - 1) / MILL_NS_PER_S;
    if (seconds > 60) {
        uint64_t step = seconds > 600 ? 60 : 5;
        seconds = (seconds + step - 1) / step * step;
    }
    unsigned long long hours = seconds / 3600, minutes = seconds / 60 % 60, rest = seconds % 60;
    if (hours > 0) {
        mill_text_add(text, "%llu h %llu min", hours, minutes);
    } else if (minutes > 0 && rest > 0) {
        mill_text_add(text, "%llu min %llu s", minutes, rest);
    } else if (minutes > 0) {
        mill_text_add(text, "%llu min", minutes);
    } else {
        mill_text_add(text, "%llu s", rest);
    }
}

/* How many rounds there will be: the run begins none that would not fit into its budget. */
static unsigned expected_rounds(const struct mill_progress_view *progress, const struct mill_run_event *event,
                                uint64_t now_ns)
{
    if (progress->budget_ns == 0 || event->done == 0 || event->rounds == 0) {
        return event->rounds;
    }
    double slots = (double)event->total / event->rounds;
    double round_ns = (double)(now_ns - progress->begun_ns) / (double)event->done * slots;
    double fitting = round_ns > 0 ? (double)progress->budget_ns / round_ns : event->rounds;
    unsigned rounds = fitting < event->rounds ? (unsigned)fitting : event->rounds;
    return rounds > event->round ? rounds : event->round;
}

/* ---- words ---- */

struct state {
    size_t total; /* that will be done */
    unsigned rounds;
    unsigned percent;
    uint64_t left_ns;
};

static struct state estimate(const struct mill_progress_view *progress, const struct mill_run_event *event,
                             uint64_t now_ns)
{
    struct state state = {.rounds = expected_rounds(progress, event, now_ns)};
    state.total = event->rounds > 0 ? event->total / event->rounds * state.rounds : event->total;
    state.percent = state.total > 0 ? (unsigned)(100 * event->done / state.total) : 100;
    state.left_ns = mill_progress_left(now_ns - progress->begun_ns, event->done, state.total);
    return state;
}

static void add_left(struct mill_text *text, uint64_t left_ns)
{
    if (left_ns != UINT64_MAX && left_ns > 0) {
        mill_text_add(text, ", about ");
        mill_progress_time(text, left_ns);
        mill_text_add(text, " left");
    }
}

static void add_counts(struct mill_text *text, const struct mill_run_event *event)
{
    if (event->rejected > 0) {
        mill_text_add(text, ", %zu rejected", event->rejected);
    }
    if (event->bad > 0) {
        mill_text_add(text, ", %zu bad", event->bad);
    }
}

static void add_cell(struct mill_text *text, const struct mill_cell *cell)
{
    mill_text_add(text, "%s, %s, %u thread%s", cell->scenario->name, cell->strategy->name, cell->threads,
                  cell->threads == 1 ? "" : "s");
}

/* Ends a part of the line: *kept follows while all of it fits. The last column stays free: writing there
 * makes some terminals wrap. */
static void end_part(const struct mill_text *text, unsigned width, size_t *kept)
{
    if (text->text && mill_display_width(text->text) < width) {
        *kept = text->length;
    }
}

/* "[####------]  42%  38/90, about 1 min 20 s left, round 4/9, 1 rejected: counter, ticket, 2 threads", of
 * which a narrow terminal shows as many whole parts as it has room for. */
static void add_line(struct mill_text *text, const struct state *state, const struct mill_run_event *event,
                     unsigned width)
{
    static const char full[] = "##########", empty[] = "----------";
    int filled = (int)(state->percent > 100 ? bar_columns : state->percent * bar_columns / 100);
    size_t kept = 0;
    mill_text_add(text, "[%.*s%.*s]", filled, full, bar_columns - filled, empty);
    end_part(text, width, &kept);
    mill_text_add(text, " %3u%%", state->percent);
    end_part(text, width, &kept);
    mill_text_add(text, "  %zu/%zu", event->done, state->total);
    end_part(text, width, &kept);
    add_left(text, state->left_ns);
    end_part(text, width, &kept);
    mill_text_add(text, ", round %u/%u", event->round, state->rounds);
    end_part(text, width, &kept);
    add_counts(text, event);
    end_part(text, width, &kept);
    if (event->cell) {
        mill_text_add(text, ": ");
        add_cell(text, event->cell);
        end_part(text, width, &kept);
    }
    if (text->text) {
        text->text[kept] = '\0';
    }
}

/* ---- writing ---- */

static void write_text(struct mill_progress_view *progress, const char *before, struct mill_text *text,
                       const char *after)
{
    if (text->text && !text->failed) {
        fprintf(progress->stream, "%s%s%s", before, text->text, after);
        fflush(progress->stream);
    }
    mill_text_free(text);
}

static void tell_bad(struct mill_progress_view *progress, const struct mill_run_event *event)
{
    const char *status = json_string_value(json_object_get(event->sample, "status"));
    const char *reason = json_string_value(json_object_get(event->sample, "reason"));
    struct mill_text text = {0};
    clear_line(progress);
    mill_text_add(&text, "%s: ", status ? status : "bad");
    if (event->cell) {
        add_cell(&text, event->cell);
    }
    mill_text_add(&text, ", round %u%s", event->round, reason ? ": " : "");
    mill_display_printable(&text, reason ? reason : "", reason ? strlen(reason) : 0);
    write_text(progress, "", &text, "\n");
}

static void draw(struct mill_progress_view *progress, const struct mill_run_event *event, uint64_t now_ns)
{
    struct state state = estimate(progress, event, now_ns);
    struct mill_text text = {0};
    add_line(&text, &state, event, progress->width);
    write_text(progress, "\r", &text, "\033[K");
    progress->drawn = true;
    progress->drawn_ns = now_ns;
}

static void tell_tenth(struct mill_progress_view *progress, const struct mill_run_event *event,
                       uint64_t now_ns)
{
    struct state state = estimate(progress, event, now_ns);
    size_t tenth = state.percent / tenths;
    struct mill_text text = {0};
    if (tenth <= progress->tenth) {
        return;
    }
    progress->tenth = tenth;
    mill_text_add(&text, "%u%%: %zu of %zu samples, round %u of %u", state.percent, event->done, state.total,
                  event->round, state.rounds);
    add_counts(&text, event);
    add_left(&text, state.left_ns);
    write_text(progress, "", &text, "\n");
}

void mill_progress_update(struct mill_progress_view *progress, const struct mill_run_event *event,
                          uint64_t now_ns)
{
    bool told = false;
    if (event->bad > progress->bad && event->sample) {
        tell_bad(progress, event);
        progress->bad = event->bad;
        told = true;
    }
    if (progress->width == 0) {
        tell_tenth(progress, event, now_ns);
    } else if (told || !progress->drawn || now_ns - progress->drawn_ns >= redraw_ns) {
        draw(progress, event, now_ns);
    }
}
