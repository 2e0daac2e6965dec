#include "hunt_compare.h"

#include <string.h>

#include "hunt/lines.h"

struct side {
    const struct mill_job *job;
    const char *program;
    struct mill_lines *lines;
};

#define PAIRS 1024

struct comparison {
    struct side one, other;
    /* Places that are of the same line: most pairs come again and again. */
    struct pair {
        const void *here, *there;
    } known[PAIRS];
};

static struct mill_line line_of(const struct side *side, uint32_t at)
{
    return mill_lines_find(side->lines, (uintptr_t)side->job->trace[at].step.pc);
}

static bool are_of_a_line(struct comparison *comparison, uint32_t at)
{
    const void *here = comparison->one.job->trace[at].step.pc;
    const void *there = comparison->other.job->trace[at].step.pc;
    struct pair *known = &comparison->known[((uintptr_t)here * 31 + (uintptr_t)there) % PAIRS];
    if (here && known->here == here && known->there == there) {
        return true;
    }
    struct mill_line this = line_of(&comparison->one, at);
    struct mill_line that = line_of(&comparison->other, at);
    if (this.line != that.line || strcmp(this.file, that.file) != 0) {
        return false;
    }
    *known = (struct pair){here, there};
    return true;
}

static bool is_same(struct comparison *comparison, uint32_t at)
{
    const struct mill_traced *this = &comparison->one.job->trace[at];
    const struct mill_traced *that = &comparison->other.job->trace[at];
    return this->thread == that->thread && this->step.kind == that->step.kind &&
           this->step.size == that->step.size && are_of_a_line(comparison, at);
}

static void print_step(FILE *out, const struct side *side, uint32_t at)
{
    const struct mill_traced *traced = &side->job->trace[at];
    struct mill_line line = line_of(side, at);
    fprintf(out, "  %s: thread %u %s:%d %s\n", side->program, traced->thread, line.file, line.line,
            mill_step_name((enum mill_step_kind)traced->step.kind));
}

static void print_outcome(FILE *out, const struct comparison *comparison, uint32_t same)
{
    const struct side *one = &comparison->one;
    const struct side *other = &comparison->other;
    if (same < one->job->traced && same < other->job->traced) {
        fprintf(out, "the builds differ at step %u:\n", same + 1);
        print_step(out, one, same);
        print_step(out, other, same);
        return;
    }
    fprintf(out, "%s and %s take the same %u steps", one->program, other->program, same);
    const struct side *longer = one->job->traced > same ? one : other;
    if (longer->job->traced > same) {
        fprintf(out, ", then %s %u more", longer->program, longer->job->traced - same);
    }
    fprintf(out, "%s\n",
            one->job->trace_lost > 0 || other->job->trace_lost > 0 ? "; later ones were not kept" : "");
}

bool mill_hunt_compare(FILE *out, const struct mill_drive *one, const char *one_program,
                       const struct mill_drive *other, const char *other_program)
{
    struct comparison comparison = {
        .one = {one->job, one_program, mill_lines_open(one_program, one->job->base)},
        .other = {other->job, other_program, mill_lines_open(other_program, other->job->base)},
    };
    uint32_t both = one->job->traced < other->job->traced ? one->job->traced : other->job->traced;
    uint32_t at = 0;
    bool opened = comparison.one.lines && comparison.other.lines;
    while (opened && at < both && is_same(&comparison, at)) {
        at++;
    }
    if (opened) {
        print_outcome(out, &comparison, at);
    }
    mill_lines_close(comparison.one.lines);
    mill_lines_close(comparison.other.lines);
    return opened && at == both;
}
