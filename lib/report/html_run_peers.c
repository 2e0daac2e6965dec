/* Ours beside a library's implementation of the same algorithm. */
#include <math.h>
#include <stdio.h>

#include "report/html_run.h"

static void add_peer(const struct mill_html_run *run, const struct mill_summary_pair *pair)
{
    struct mill_text *out = run->out;
    const struct mill_summary_cell *ours = &run->summary->cells[pair->cell];
    const struct mill_summary_cell *theirs = &run->summary->cells[pair->other];
    const struct mill_paired *ratio = &pair->ratio;
    bool ahead = ratio->decided && ratio->ratio > 1, behind = ratio->decided && !ahead;
    mill_text_add(out, "<tr><th scope=\"row\">");
    mill_html_text(out, ours->scenario);
    mill_text_add(out, "</th><td class=\"n\" data-v=\"%u\">%u%s</td><td>%s</td><td>", ours->threads,
                  ours->threads, ours->oversubscribed ? "*" : "", pair->mode);
    mill_html_text(out, ours->strategy);
    mill_text_add(out, "</td><td>");
    mill_html_text(out, theirs->strategy);
    mill_text_add(out, " <span class=\"dim\">");
    mill_html_text(out, theirs->library);
    mill_text_add(out, "</span></td><td class=\"n\" data-v=\"%.6g\">",
                  isfinite(ratio->ratio) ? ratio->ratio : 0);
    mill_html_ratio(out, ratio->ratio);
    mill_text_add(out, "</td><td>");
    if (ratio->rounds > 0) {
        mill_html_ratio_picture(out, ratio->ratio, ratio->low, ratio->high, 0);
    }
    mill_text_add(out, "</td><td class=\"n\">");
    mill_html_interval(out, ratio->low, ratio->rounds > 0 ? ratio->high : (double)NAN);
    mill_text_add(out, "</td><td class=\"n\" data-v=\"%zu\">%zu</td><td>%s</td></tr>\n", ratio->rounds,
                  ratio->rounds,
                  ahead    ? "ahead"
                  : behind ? "behind"
                           : "undecided");
}

void mill_html_run_peers(const struct mill_html_run *run)
{
    char id[MILL_HTML_ID];
    if (run->summary->peer_count == 0) {
        return;
    }
    snprintf(id, sizeof id, "%s-peers", run->part->id);
    mill_text_add(run->out, "<section class=\"scenario\">\n");
    mill_html_heading(run->part, 3, id, "Ours beside the peers of the same algorithm");
    mill_text_add(run->out, "<div class=\"charts wide\">\n");
    mill_html_chart_place(
        run->part, "peers", id, "Ours over the peer, round by round",
        "Operations a second, median over rounds with the 95 % interval. Right of 1 ours is faster; an "
        "interval that holds 1 decides nothing.");
    mill_text_add(run->out,
                  "</div>\n<div class=\"scroll\" tabindex=\"0\"><table class=\"sortable\"><thead><tr>"
                  "<th scope=\"col\">scenario</th><th scope=\"col\" class=\"n\">threads</th>"
                  "<th scope=\"col\">mode</th><th scope=\"col\">ours</th><th scope=\"col\">peer</th>"
                  "<th scope=\"col\" class=\"n\">ours / peer</th><th scope=\"col\"></th>"
                  "<th scope=\"col\" class=\"n\">95 %% interval</th><th scope=\"col\" class=\"n\">rounds</th>"
                  "<th scope=\"col\">ours is</th></tr></thead>\n<tbody>\n");
    for (size_t i = 0; i < run->summary->peer_count; i++) {
        add_peer(run, &run->summary->peers[i]);
    }
    mill_text_add(run->out, "</tbody></table></div></section>\n");
}
