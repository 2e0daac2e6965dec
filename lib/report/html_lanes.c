/* A failing schedule as a picture that needs no script: a lane for each thread, time downwards, a dot for
 * each step. What several threads touch and one changes has a letter and a colour; a switch that nobody asked
 * for is dashed. Long runs of one thread are shortened, and say by how much; the list below has every step.
 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "report/html_parts.h"

enum {
    lanes_max = 24,
    rows_max = 160,
    shared_kept = 5, /* steps on shared things, at each end of a run */
    colours = 7,
    listed_max = 5000, /* steps of the list */
    row = 20,
    head = 36,
};

struct thing {
    unsigned threads; /* a bit for each lane */
    bool changed;
    int letter; /* -1: it is nobody else's */
};

struct schedule {
    const json_t *steps;
    size_t count, rows;
    unsigned lanes;
    double lane; /* the width of one */
    struct thing *things;
    bool *kept;
};

static const json_t *step_at(const struct schedule *schedule, size_t index)
{
    return json_array_get(schedule->steps, index);
}

static unsigned lane_of(const struct schedule *schedule, size_t index)
{
    return (unsigned)mill_view_integer(step_at(schedule, index), "thread");
}

/* NULL: it is on none, or on one whose number makes no sense. */
static struct thing *thing_of(const struct schedule *schedule, size_t index)
{
    long long object = mill_view_integer(step_at(schedule, index), "object");
    return object >= 1 && (size_t)object <= schedule->count ? &schedule->things[object] : NULL;
}

static int letter_of(const struct schedule *schedule, size_t index)
{
    const struct thing *thing = thing_of(schedule, index);
    return thing ? thing->letter : -1;
}

/* ---- what is worth showing ---- */

static bool changes(const char *what)
{
    static const char *const others[] = {"read",  "atomic read", "create thread", "join",
                                         "begin", "end",         "detach"};
    for (size_t i = 0; i < sizeof others / sizeof others[0]; i++) {
        if (strcmp(others[i], what) == 0) {
            return false;
        }
    }
    return true;
}

static void find_shared(struct schedule *schedule)
{
    int letters = 0;
    for (size_t i = 0; i < schedule->count; i++) {
        struct thing *thing = thing_of(schedule, i);
        if (thing) {
            thing->threads |= 1u << lane_of(schedule, i);
            thing->changed = thing->changed || changes(mill_view_text(step_at(schedule, i), "what"));
            thing->letter = -1;
        }
    }
    for (size_t i = 0; i < schedule->count; i++) {
        struct thing *thing = thing_of(schedule, i);
        bool several = thing && (thing->threads & (thing->threads - 1)) != 0;
        if (several && thing->changed && thing->letter < 0) {
            thing->letter = letters++;
        }
    }
}

/* Of the steps from..to, all of one thread: the first, the last two, and the first and last ones on what is
 * shared, since a run begins and ends where threads get into each other's way. */
static void keep_run(struct schedule *schedule, size_t from, size_t to)
{
    unsigned early = 0, late = 0;
    for (size_t i = from; i < to; i++) {
        bool on_shared = letter_of(schedule, i) >= 0 && early < shared_kept;
        early += on_shared;
        schedule->kept[i] = i == from || to - from <= 5 || to - i <= 2 || on_shared;
    }
    for (size_t i = to; i > from; i--) {
        bool on_shared = letter_of(schedule, i - 1) >= 0 && late < shared_kept;
        late += on_shared;
        schedule->kept[i - 1] = schedule->kept[i - 1] || on_shared;
    }
}

/* Rows of the picture: kept steps, and one for each gap between them. */
static size_t count_rows(const struct schedule *schedule)
{
    size_t rows = 0;
    for (size_t i = 0; i < schedule->count; i++) {
        rows += schedule->kept[i] || i == 0 || schedule->kept[i - 1];
    }
    return rows;
}

static void keep(struct schedule *schedule)
{
    size_t from = 0;
    for (size_t i = 1; i <= schedule->count; i++) {
        if (i == schedule->count || lane_of(schedule, i) != lane_of(schedule, from)) {
            keep_run(schedule, from, i);
            from = i;
        }
    }
    /* Of a very long schedule the end counts: it is what failed. */
    for (size_t i = 0; count_rows(schedule) > rows_max && i < schedule->count; i += 64) {
        for (size_t j = i; j < i + 64 && j < schedule->count; j++) {
            schedule->kept[j] = false;
        }
    }
    schedule->rows = count_rows(schedule);
}

/* ---- drawing ---- */

static double x_of(const struct schedule *schedule, unsigned lane)
{
    return 16 + lane * schedule->lane;
}

static double y_of(size_t at)
{
    return head + (double)(at * row) + row / 2.0;
}

static const char *base_name(const char *path)
{
    const char *slash = strrchr(path, '/');
    return slash ? slash + 1 : path;
}

static void add_place(struct mill_text *out, const json_t *step)
{
    const char *file = mill_view_text(step, "file");
    if (file[0]) {
        mill_text_add(out, " %s:%lld", base_name(file), mill_view_integer(step, "line"));
    }
}

/* The label of a step, cut to its lane. */
static void add_label(struct mill_text *out, const struct schedule *schedule, const json_t *step, double x,
                      double y, bool last_lane)
{
    struct mill_text label = {0};
    size_t most = (size_t)((schedule->lane - 26) / 6.2) + (last_lane ? 12 : 0);
    mill_text_add(&label, "%s", mill_view_text(step, "what"));
    add_place(&label, step);
    mill_text_add(out, "<text x=\"%.0f\" y=\"%.0f\">", x + 13, y + 4);
    if (label.text && label.length > most) {
        size_t cut = most;
        while (cut > 0 && ((unsigned char)label.text[cut] & 0xc0) == 0x80) {
            cut--;
        }
        label.text[cut] = '\0';
        mill_html_text(out, label.text);
        mill_text_add(out, "\xe2\x80\xa6");
    } else {
        mill_html_text(out, label.text);
    }
    mill_text_add(out, "</text>");
    out->failed = out->failed || label.failed;
    mill_text_free(&label);
}

static void add_title(struct mill_text *out, const json_t *step)
{
    mill_text_add(out, "<title>thread %lld: ", mill_view_integer(step, "thread"));
    mill_html_text(out, mill_view_text(step, "what"));
    mill_text_add(out, " in ");
    mill_html_text(out, mill_view_text(step, "function"));
    mill_text_add(out, " ");
    mill_html_text(out, mill_view_text(step, "file"));
    mill_text_add(out, ":%lld</title>", mill_view_integer(step, "line"));
}

static void add_step(struct mill_text *out, const struct schedule *schedule, size_t index, size_t at)
{
    const json_t *step = step_at(schedule, index);
    unsigned lane = lane_of(schedule, index);
    int letter = letter_of(schedule, index);
    double x = x_of(schedule, lane), y = y_of(at);
    mill_text_add(out, "<g>");
    add_title(out, step);
    if (letter >= 0) {
        mill_text_add(
            out,
            "<circle class=\"c%d\" cx=\"%.0f\" cy=\"%.0f\" r=\"8\"/><text class=\"letter\" x=\"%.0f\" "
            "y=\"%.0f\">%c</text>",
            letter % colours, x, y, x, y + 3.5, 'A' + letter % 26);
    } else {
        mill_text_add(out, "<circle class=\"step\" cx=\"%.0f\" cy=\"%.0f\" r=\"3.5\"/>", x, y);
    }
    add_label(out, schedule, step, x, y, lane + 1 == schedule->lanes);
    mill_text_add(out, "</g>\n");
}

static void add_gap(struct mill_text *out, const struct schedule *schedule, size_t from, size_t to, size_t at)
{
    mill_text_add(out, "<text class=\"gap\" x=\"%.0f\" y=\"%.0f\">\xe2\x8b\xae %zu step%s</text>\n",
                  x_of(schedule, lane_of(schedule, from)) + 13, y_of(at) + 4, to - from,
                  to - from == 1 ? "" : "s");
}

/* From a row of one lane to the next row of another. */
static void add_switch(struct mill_text *out, const struct schedule *schedule, unsigned from, size_t index,
                       size_t at)
{
    unsigned to = lane_of(schedule, index);
    double x = x_of(schedule, from), next = x_of(schedule, to), y = y_of(at);
    bool preempts = json_is_true(json_object_get(step_at(schedule, index), "preempts"));
    if (from == to) {
        mill_text_add(out, "<path class=\"run\" d=\"M%.0f %.0fV%.0f\"/>\n", x, y - row, y);
        return;
    }
    double middle = y - row / 2.0, bend = next > x ? 4 : -4; /* between two rows, where no label is */
    mill_text_add(
        out, "<path class=\"%s\" d=\"M%.0f %.0fV%.0fQ%.0f %.0f %.0f %.0fH%.0fQ%.0f %.0f %.0f %.0fV%.0f\"/>\n",
        preempts ? "preempts" : "switch", x, y - row, middle - 4, x, middle, x + bend, middle, next - bend,
        next, middle, next, middle + 4, y);
}

static void add_lanes(struct mill_text *out, const struct schedule *schedule)
{
    for (unsigned lane = 0; lane < schedule->lanes; lane++) {
        double x = x_of(schedule, lane);
        mill_text_add(out,
                      "<text class=\"thread\" x=\"%.0f\" y=\"18\">thread %u</text><path class=\"lane\" "
                      "d=\"M%.0f %dV%.0f\"/>\n",
                      x - 8, lane, x, head - 8, head + (double)(schedule->rows * row) + 4);
    }
}

/* Lines first, so that dots lie on them: `dots` says which of the two is drawn. */
static void add_rows(struct mill_text *out, const struct schedule *schedule, bool dots)
{
    size_t at = 0;
    unsigned before = schedule->lanes;
    for (size_t i = 0; i < schedule->count; at++) {
        size_t end = i + 1;
        while (!schedule->kept[i] && end < schedule->count && !schedule->kept[end]) {
            end++;
        }
        if (!dots && before < schedule->lanes) {
            add_switch(out, schedule, before, i, at);
        }
        if (dots && schedule->kept[i]) {
            add_step(out, schedule, i, at);
        } else if (dots) {
            add_gap(out, schedule, i, end, at);
        }
        before = lane_of(schedule, end - 1);
        i = end;
    }
}

static void draw(struct mill_text *out, const struct schedule *schedule, const json_t *finding)
{
    double width = schedule->lanes * schedule->lane + 110;
    double height = head + (double)(schedule->rows * row) + 34;
    unsigned last = lane_of(schedule, schedule->count - 1);
    mill_text_add(
        out,
        "<div class=\"scroll\" tabindex=\"0\"><svg class=\"lanes\" viewBox=\"0 0 %.0f %.0f\" width=\"%.0f\" "
        "height=\"%.0f\" role=\"img\" aria-label=\"the steps that led to it, a lane for each thread\">\n",
        width, height, width, height);
    add_lanes(out, schedule);
    add_rows(out, schedule, false);
    add_rows(out, schedule, true);
    mill_text_add(
        out,
        "<path class=\"end\" d=\"M%.0f %.0fl10 10m0 -10l-10 10\"/><text class=\"end\" x=\"%.0f\" y=\"%.0f\">",
        x_of(schedule, last) - 5, height - 26, x_of(schedule, last) + 13, height - 16);
    mill_html_text(out, mill_view_text(finding, "kind"));
    mill_text_add(
        out,
        "</text>\n</svg></div>\n<p class=\"hint\">Time goes down. A letter and its colour are one thing that "
        "several threads touch and one changes; dashed: the thread was stopped where it could have gone "
        "on.</p>\n");
}

static void list(struct mill_text *out, const struct schedule *schedule)
{
    mill_text_add(out, "<details><summary>All %zu steps as a list</summary><ol class=\"steps\">\n",
                  schedule->count);
    for (size_t i = 0; i < schedule->count && i < listed_max; i++) {
        const json_t *step = step_at(schedule, i);
        const char *file = mill_view_text(step, "file");
        mill_text_add(out, "<li>thread %lld: ", mill_view_integer(step, "thread"));
        mill_html_text(out, mill_view_text(step, "what"));
        mill_text_add(out, " <span class=\"dim\">");
        mill_html_text(out, file);
        if (file[0]) {
            mill_text_add(out, ":%lld ", mill_view_integer(step, "line"));
            mill_html_text(out, mill_view_text(step, "function"));
        }
        mill_text_add(
            out, "</span>%s</li>\n",
            json_is_true(json_object_get(step, "preempts")) ? " (the thread before could have gone on)" : "");
    }
    mill_text_add(out, "</ol>");
    if (schedule->count > listed_max) {
        mill_text_add(out, "<p>and %zu more, which the document has</p>", schedule->count - listed_max);
    }
    mill_text_add(out, "</details>\n");
}

/* Lanes of the picture; 0: there are too many, or a thread's number makes no sense. */
static unsigned count_lanes(const json_t *steps)
{
    long long most = -1;
    size_t index;
    json_t *step;
    json_array_foreach(steps, index, step)
    {
        long long thread = mill_view_integer(step, "thread");
        most = thread > most ? thread : most;
        if (thread < 0) {
            return 0;
        }
    }
    return most < lanes_max ? (unsigned)(most + 1) : 0;
}

void mill_html_lanes(struct mill_text *out, const json_t *finding)
{
    struct schedule schedule = {.steps = json_object_get(finding, "steps")};
    schedule.count = json_array_size(schedule.steps);
    if (schedule.count == 0) {
        return;
    }
    schedule.lanes = count_lanes(schedule.steps);
    schedule.lane = schedule.lanes <= 3 ? 260 : 180;
    schedule.things = calloc(schedule.count + 1, sizeof *schedule.things);
    schedule.kept = calloc(schedule.count + 1, sizeof *schedule.kept);
    out->failed = out->failed || !schedule.things || !schedule.kept;
    if (schedule.things && schedule.kept && schedule.lanes > 0) {
        find_shared(&schedule);
        keep(&schedule);
        draw(out, &schedule, finding);
    } else {
        mill_text_add(out, "<p class=\"hint\">More than %d threads: too many for a picture.</p>\n",
                      lanes_max);
    }
    list(out, &schedule);
    free(schedule.things);
    free(schedule.kept);
}
