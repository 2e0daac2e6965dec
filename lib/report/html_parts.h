/* The parts of the page; private to this folder. One thread; each part appends to `out`, whose `failed` is
 * set when memory runs out.
 */
#ifndef MILL_REPORT_HTML_PARTS_H
#define MILL_REPORT_HTML_PARTS_H

#include "report/html.h"
#include "report/page.h"
#include "report/view_parts.h"

enum mill_html_state {
    MILL_HTML_GOOD,
    MILL_HTML_UNSURE,
    MILL_HTML_BAD,
};

/* One document's section: `id` is "r1", "r2", … and begins every id in it. */
struct mill_html_part {
    struct mill_text *out;
    const struct mill_view_input *source;
    const char *id;
};

/* The verdict of a document: its state, one sentence, and then any content up to mill_html_verdict_end. */
void mill_html_verdict_begin(const struct mill_html_part *part, enum mill_html_state state);
void mill_html_verdict_end(const struct mill_html_part *part);

/* A chart's place, drawn by page/script: `kind` is one of its charts, `of` the data it is about. */
void mill_html_chart_place(const struct mill_html_part *part, const char *kind, const char *of,
                           const char *title, const char *hint);

/* A heading with an id and a link to itself. `level` 2 to 4. */
void mill_html_heading(const struct mill_html_part *part, int level, const char *id, const char *text);

/* A ratio and its interval as a small picture: 1 in the middle, more and less to the sides; `margin` 0: no
 * band. Shows without JavaScript. */
void mill_html_ratio_picture(struct mill_text *out, double ratio, double low, double high, double margin);

/* A share and its interval as a small picture, from 0 to 1. */
void mill_html_share_picture(struct mill_text *out, double share, double low, double high);

/* "1.24×", "1.20 to 1.30" or "–". */
void mill_html_ratio(struct mill_text *out, double ratio);
void mill_html_interval(struct mill_text *out, double low, double high);

/* The sections of documents: 0 or a negative errno. */
int mill_html_run(const struct mill_html_part *part, struct mill_error *error);
int mill_html_compare(const struct mill_html_part *part, struct mill_error *error);
int mill_html_stress(const struct mill_html_part *part, struct mill_error *error);
int mill_html_hunt(const struct mill_html_part *part, struct mill_error *error);

/* One sentence on a document, for the head of a page of several; no markup. */
void mill_html_compare_headline(struct mill_text *out, const json_t *document, enum mill_html_state *state);
void mill_html_stress_headline(struct mill_text *out, const json_t *document, enum mill_html_state *state);
void mill_html_hunt_headline(struct mill_text *out, const json_t *document, enum mill_html_state *state);
void mill_html_run_headline(struct mill_text *out, const struct mill_view_input *source,
                            enum mill_html_state *state);

/* Stacks as they stand in stress and hunt documents. */
void mill_html_stacks(struct mill_text *out, const json_t *stacks);

/* The steps of a hunt's finding: a picture with a lane for each thread, and the same as a list. */
void mill_html_lanes(struct mill_text *out, const json_t *finding);

/* Machine, build and settings of a document, and the command that makes it again. */
void mill_html_machine(const struct mill_html_part *part);

/* What the documents differ in. */
void mill_html_differences(struct mill_text *out, const struct mill_view_input *sources, size_t count);

#endif
