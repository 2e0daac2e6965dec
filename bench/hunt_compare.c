#include "hunt_compare.h"

#include <string.h>

#include "hunt/lines.h"

struct side {
    const struct mill_job *job;
    const char *program;
    struct mill_lines *lines;
};

static struct mill_line line_of(const struct side *side, uint32_t at)
{
    return mill_lines_find(side->lines, (uintptr_t)side->job->trace[at].step.pc);
}

static bool is_same(const struct side *one, const struct side *other, uint32_t at)
{
    const struct mill_traced *this = &one->job->trace[at];
    const struct mill_traced *that = &other->job->trace[at];
    if (this->thread != that->thread || this->step.kind != that->step.kind ||
        this->step.size != that->step.size) {
        return false;
    }
    struct mill_line here = line_of(one, at);
    struct mill_line there = line_of(other, at);
    return here.line == there.line && strcmp(here.file, there.file) == 0;
}

static void print_step(FILE *out, const struct side *side, uint32_t at)
{
    const struct mill_traced *traced = &side->job->trace[at];
    struct mill_line line = line_of(side, at);
    fprintf(out, "  %s: thread %u %s:%d %s\n", side->program, traced->thread, line.file, line.line,
            mill_step_name((enum mill_step_kind)traced->step.kind));
}

bool mill_hunt_compare(FILE *out, const struct mill_drive *one, const char *one_program,
                       const struct mill_drive *other, const char *other_program)
{
    struct side this = {one->job, one_program, mill_lines_open(one_program, one->job->base)};
    struct side that = {other->job, other_program, mill_lines_open(other_program, other->job->base)};
    uint32_t both = one->job->traced < other->job->traced ? one->job->traced : other->job->traced;
    uint32_t at = 0;
    bool opened = this.lines && that.lines;
    while (opened && at < both && is_same(&this, &that, at)) {
        at++;
    }
    if (opened && at < both) {
        fprintf(out, "the builds differ at step %u:\n", at + 1);
        print_step(out, &this, at);
        print_step(out, &that, at);
    } else if (opened) {
        fprintf(out, "%s and %s take the same %u steps", one_program, other_program, at);
        if (one->job->traced != other->job->traced) {
            fprintf(out, ", then %s %u more", one->job->traced > at ? one_program : other_program,
                    one->job->traced > at ? one->job->traced - at : other->job->traced - at);
        }
        fprintf(out, "\n");
    }
    mill_lines_close(this.lines);
    mill_lines_close(that.lines);
    return opened && at == both;
}
