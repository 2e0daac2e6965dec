/* What a run says, in words: as expected or not, who leads where, and how far that is to be trusted. */
#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/html_run.h"

struct tally {
    size_t of[MILL_VERDICT_UNAVAILABLE + 1];
    size_t findings;
    const struct mill_summary_cell *first; /* finding */
};

static struct tally count(const struct mill_summary *summary)
{
    struct tally tally = {.findings = 0};
    for (size_t i = 0; i < summary->cell_count; i++) {
        const struct mill_summary_cell *cell = &summary->cells[i];
        tally.of[cell->verdict]++;
        if (mill_verdict_is_finding(cell->verdict)) {
            tally.first = tally.findings++ == 0 ? cell : tally.first;
        }
    }
    return tally;
}

static void say(struct mill_text *out, size_t number, const char *one, const char *many)
{
    if (number > 0) {
        mill_text_add(out, ", %zu %s", number, number == 1 ? one : many);
    }
}

static bool is_plain(const json_t *result)
{
    return strcmp(mill_view_text(json_object_get(result, "build"), "flavour"), "plain") == 0;
}

void mill_html_run_headline(struct mill_text *out, const struct mill_view_input *source,
                            enum mill_html_state *state)
{
    const struct tally tally = count(source->summary);
    size_t nothing = tally.of[MILL_VERDICT_UNTRUSTED] + tally.of[MILL_VERDICT_NOT_RUN];
    size_t judged = tally.of[MILL_VERDICT_PASS] + tally.of[MILL_VERDICT_CAUGHT];
    bool interrupted = json_is_true(json_object_get(source->document, "interrupted"));
    *state = tally.findings > 0                                                         ? MILL_HTML_BAD
             : nothing > 0 || judged == 0 || interrupted || !is_plain(source->document) ? MILL_HTML_UNSURE
                                                                                        : MILL_HTML_GOOD;
    if (tally.findings > 0) {
        mill_text_add(out, "Something is wrong: %zu finding%s; the first is %s with %s at %u thread%s, %s. ",
                      tally.findings, tally.findings == 1 ? "" : "s", tally.first->scenario,
                      tally.first->strategy, tally.first->threads, tally.first->threads == 1 ? "" : "s",
                      mill_verdict_name(tally.first->verdict));
    } else {
        mill_text_add(out, "%s: ",
                      judged == 0   ? "Nothing could be judged"
                      : nothing > 0 ? "As expected where it could be judged"
                                    : "As expected");
    }
    mill_text_add(out, "%zu cell%s passed", tally.of[MILL_VERDICT_PASS],
                  tally.of[MILL_VERDICT_PASS] == 1 ? "" : "s");
    say(out, tally.of[MILL_VERDICT_CAUGHT], "control was caught", "controls were caught");
    say(out, tally.of[MILL_VERDICT_UNTRUSTED], "has no sample that counts", "have no sample that counts");
    say(out, tally.of[MILL_VERDICT_NOT_RUN], "was not run", "were not run");
    say(out, tally.of[MILL_VERDICT_UNSUPPORTED] + tally.of[MILL_VERDICT_UNAVAILABLE], "cannot run here",
        "cannot run here");
    mill_text_add(out, ".");
}

/* ---- who leads ---- */

static void add_leader(const struct mill_html_run *run, const struct mill_summary_pair *pair)
{
    struct mill_text *out = run->out;
    const struct mill_summary_cell *one = &run->summary->cells[pair->cell];
    const struct mill_summary_cell *other = &run->summary->cells[pair->other];
    const struct mill_paired *ratio = &pair->ratio;
    bool leads = ratio->rounds > 0 && ratio->low > 1.0;
    mill_text_add(out, "<li%s>%u thread%s", leads ? " class=\"leads\"" : "", one->threads,
                  one->threads == 1 ? "" : "s");
    mill_html_mode(out, pair->mode);
    mill_text_add(out, "%s", one->oversubscribed ? ", oversubscribed" : "");
    if (one->shape) {
        mill_text_add(out, ", ");
        mill_html_text(out, one->shape);
    }
    mill_text_add(out, ": %s<b>", leads ? "" : "no winner, ");
    mill_html_text(out, one->strategy);
    mill_text_add(out, "</b> %s ", leads ? "leads" : "against");
    mill_html_text(out, other->strategy);
    mill_text_add(out, " ");
    if (ratio->rounds == 0) {
        mill_text_add(out, "(they share no round)");
    } else {
        mill_html_ratio(out, ratio->ratio);
        mill_text_add(out, " <span class=\"dim\">(");
        if (isfinite(ratio->high)) {
            mill_text_add(out, "95\xc2\xa0%% interval ");
            mill_html_interval(out, ratio->low, ratio->high);
            mill_text_add(out, ", ");
        }
        mill_text_add(out, "%zu round%s%s)</span>", ratio->rounds, ratio->rounds == 1 ? "" : "s",
                      isfinite(ratio->high) ? "" : ": too few for an interval");
    }
    mill_text_add(out, "</li>\n");
}

void mill_html_run_leaders(const struct mill_html_run *run, size_t table)
{
    bool any = false;
    for (size_t i = 0; i < run->summary->leader_count; i++) {
        const struct mill_summary_pair *pair = &run->summary->leaders[i];
        if (mill_html_in_table(run->summary, table, pair->cell)) {
            mill_text_add(run->out, "%s", any ? "" : "<ul class=\"leaders\">\n");
            add_leader(run, pair);
            any = true;
        }
    }
    mill_text_add(run->out, "%s", any ? "</ul>\n" : "");
}

/* ---- how far it is to be trusted ---- */

static void add_doubts(const struct mill_html_run *run)
{
    const struct mill_summary *summary = run->summary;
    const json_t *settings = json_object_get(run->result, "settings");
    size_t decided = 0;
    for (size_t i = 0; i < summary->leader_count; i++) {
        decided += summary->leaders[i].ratio.rounds > 0 && summary->leaders[i].ratio.low > 1.0;
    }
    mill_text_add(run->out, "<ul>\n");
    if (summary->leader_count > 0) {
        mill_text_add(
            run->out,
            "<li>One strategy is the fastest beyond doubt in %zu of %zu comparisons; in the others the "
            "interval allows that the next is as fast.</li>\n",
            decided, summary->leader_count);
    }
    mill_text_add(run->out,
                  "<li>%zu samples, %zu of them rejected because the machine was not theirs alone; %lld of "
                  "%lld rounds.</li>\n",
                  summary->samples, summary->rejected, mill_view_integer(settings, "rounds_done"),
                  mill_view_integer(settings, "rounds"));
    if (json_is_true(json_object_get(run->result, "interrupted"))) {
        mill_text_add(run->out, "<li>It was interrupted: this is what was measured until then.</li>\n");
    }
    if (!is_plain(run->result)) {
        mill_text_add(run->out, "<li>An instrumented build: its verdicts count, its speeds do not.</li>\n");
    }
    if (json_is_true(json_object_get(settings, "helped"))) {
        mill_text_add(run->out,
                      "<li>The device is served by another process of this machine: the time that others "
                      "used did not count against a sample.</li>\n");
    }
    mill_text_add(run->out, "</ul>\n");
}

void mill_html_run_verdict(const struct mill_html_run *run)
{
    struct mill_text unused = {0};
    enum mill_html_state state;
    mill_html_run_headline(&unused, run->part->source, &state);
    mill_text_free(&unused);
    mill_html_verdict_begin(run->part, state);
    add_doubts(run);
    mill_html_verdict_end(run->part);
}
