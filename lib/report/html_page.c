/* The page around the documents: head, styles, what stands first, and the scripts at its end. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "report/html_assets.h"
#include "report/html_parts.h"

struct kind {
    const char *format;
    const char *title;
    int (*write)(const struct mill_html_part *part, struct mill_error *error);
    void (*headline)(struct mill_text *out, const json_t *document, enum mill_html_state *state);
};

static const struct kind kinds[] = {
    {"threadmill-result", "Run", mill_html_run, NULL},
    {"threadmill-compare", "Comparison", mill_html_compare, mill_html_compare_headline},
    {"threadmill-stress", "Stress", mill_html_stress, mill_html_stress_headline},
    {"threadmill-hunt", "Hunt", mill_html_hunt, mill_html_hunt_headline},
};

static const struct kind *find_kind(const char *format)
{
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strcmp(kinds[i].format, format) == 0) {
            return &kinds[i];
        }
    }
    return NULL;
}

static const struct kind *kind_of(const struct mill_view_input *source)
{
    return find_kind(source->format);
}

static void add_asset(struct mill_text *out, struct mill_html_asset asset)
{
    mill_text_add(out, "%.*s", (int)asset.length, asset.bytes);
}

static void headline_of(struct mill_text *out, const struct mill_view_input *source,
                        enum mill_html_state *state)
{
    const struct kind *kind = kind_of(source);
    if (kind->headline) {
        kind->headline(out, source->document, state);
    } else {
        mill_html_run_headline(out, source, state);
    }
}

/* ---- shared by the sections ---- */

void mill_html_verdict_begin(const struct mill_html_part *part, enum mill_html_state state)
{
    static const char *const words[] = {"good", "unsure", "bad"};
    static const char *const marks[] = {"\xe2\x9c\x93", "?", "!"};
    struct mill_text headline = {0};
    enum mill_html_state unused;
    headline_of(&headline, part->source, &unused);
    mill_text_add(part->out,
                  "<div class=\"verdict %s\" id=\"%s-verdict\"><span class=\"mark\" aria-hidden=\"true\">"
                  "%s</span><div><p class=\"headline\">",
                  words[state], part->id, marks[state]);
    mill_html_text(part->out, headline.text);
    mill_text_add(part->out, "</p>\n");
    part->out->failed = part->out->failed || headline.failed;
    mill_text_free(&headline);
}

void mill_html_verdict_end(const struct mill_html_part *part)
{
    mill_text_add(part->out, "</div></div>\n");
}

void mill_html_chart_place(const struct mill_html_part *part, const char *kind, const char *of,
                           const char *title, const char *hint)
{
    mill_text_add(part->out,
                  "<figure class=\"chart\" id=\"%s-%s\" data-chart=\"%s\" data-of=\"%s\"><figcaption>", of,
                  kind, kind, of);
    mill_html_text(part->out, title);
    mill_text_add(part->out,
                  " <a class=\"anchor\" href=\"#%s-%s\" aria-label=\"link to this chart\">#</a></figcaption>"
                  "<div class=\"plot\"><canvas role=\"img\" aria-label=\"",
                  of, kind);
    mill_html_text(part->out, title);
    mill_text_add(part->out, "\"></canvas></div><p class=\"hint\">");
    mill_html_text(part->out, hint);
    mill_text_add(part->out, "</p></figure>\n");
}

void mill_html_heading(const struct mill_html_part *part, int level, const char *id, const char *text)
{
    mill_text_add(part->out, "<h%d id=\"%s\">", level, id);
    mill_html_text(part->out, text);
    mill_text_add(part->out,
                  " <a class=\"anchor\" href=\"#%s\" aria-label=\"link to this place\">#</a></h%d>\n", id,
                  level);
}

/* ---- the page ---- */

/* "2026-01-02 03:04:05 UTC": as documents have it, but for people. */
static void add_time(struct mill_text *out, const json_t *document)
{
    int year, month, day, hour, minute, second;
    const char *created = mill_view_text(document, "created");
    if (sscanf(created, "%4d-%2d-%2dT%2d:%2d:%2dZ", &year, &month, &day, &hour, &minute, &second) == 6) {
        mill_text_add(out, "%04d-%02d-%02d %02d:%02d:%02d UTC", year, month, day, hour, minute, second);
    } else {
        mill_html_text(out, created);
    }
}

static void add_title(struct mill_text *out, const struct mill_view_input *sources, size_t count)
{
    mill_text_add(out, "threadmill: ");
    if (count == 1) {
        mill_text_add(out, "%s of ", kind_of(&sources[0])->title);
        add_time(out, sources[0].document);
    } else {
        mill_text_add(out, "%zu documents", count);
    }
}

static void add_head(struct mill_text *out, const struct mill_view_input *sources, size_t count)
{
    mill_text_add(out,
                  "<!DOCTYPE html>\n<html lang=\"en\" class=\"plain\">\n<head>\n<meta charset=\"utf-8\">\n"
                  "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src "
                  "'unsafe-inline'; script-src 'unsafe-inline'; img-src data:; base-uri 'none'; form-action "
                  "'none'\">\n"
                  "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
                  "<meta name=\"color-scheme\" content=\"light dark\">\n"
                  "<meta name=\"generator\" content=\"threadmill\">\n<link rel=\"icon\" href=\"data:,\">\n"
                  "<title>");
    add_title(out, sources, count);
    mill_text_add(out, "</title>\n<style>\n");
    add_asset(out, mill_html_css());
    mill_text_add(out, "</style>\n</head>\n<body>\n<header class=\"top\"><h1>threadmill</h1><button "
                       "type=\"button\" id=\"theme\" hidden>theme</button></header>\n<main>\n");
}

/* Of several documents: each with its sentence. */
static void add_overview(struct mill_text *out, const struct mill_view_input *sources, size_t count)
{
    static const char *const words[] = {"good", "unsure", "bad"};
    mill_text_add(
        out, "<section class=\"overview\"><h2 id=\"documents\">Documents</h2>\n<ol class=\"documents\">\n");
    for (size_t i = 0; i < count; i++) {
        enum mill_html_state state = MILL_HTML_UNSURE;
        struct mill_text headline = {0};
        headline_of(&headline, &sources[i], &state);
        mill_text_add(out, "<li class=\"%s\"><a href=\"#r%zu\">%s ", words[state], i + 1,
                      kind_of(&sources[i])->title);
        mill_html_text(out, sources[i].path);
        mill_text_add(out, "</a>: ");
        mill_html_text(out, headline.text);
        mill_text_add(out, "</li>\n");
        out->failed = out->failed || headline.failed;
        mill_text_free(&headline);
    }
    mill_text_add(out, "</ol>\n");
    mill_html_differences(out, sources, count);
    mill_text_add(out, "</section>\n");
}

static int add_document(struct mill_text *out, const struct mill_view_input *source, size_t number,
                        struct mill_error *error)
{
    char id[32];
    const struct kind *kind = kind_of(source);
    snprintf(id, sizeof id, "r%zu", number);
    const struct mill_html_part part = {.out = out, .source = source, .id = id};
    mill_text_add(out, "<section class=\"document\">\n<h2 id=\"%s\">%s of ", id, kind->title);
    add_time(out, source->document);
    mill_text_add(out, " <a class=\"anchor\" href=\"#%s\" aria-label=\"link to this document\">#</a></h2>\n",
                  id);
    mill_text_add(out, "<p class=\"source\"><code>");
    mill_html_text(out, source->path);
    mill_text_add(out, "</code></p>\n");
    int status = kind->write(&part, error);
    if (status == 0) {
        mill_html_machine(&part);
        mill_text_add(out, "</section>\n");
    }
    return status;
}

static void add_end(struct mill_text *out)
{
    mill_text_add(out,
                  "</main>\n<footer><p>Written by <code>threadmill report</code>. It loads nothing and sends "
                  "nothing.");
    if (mill_html_chart().length > 0) {
        mill_text_add(
            out, " Charts by Chart.js, \xc2\xa9 2022 Chart.js Contributors, MIT licence.</p></footer>\n"
                 "<noscript><p class=\"note\">Charts need JavaScript; the tables have every number that is "
                 "drawn.</p></noscript>\n<script>\n/*\n");
        add_asset(out, mill_html_chart_licence());
        mill_text_add(out, "*/\n");
        add_asset(out, mill_html_chart());
        mill_text_add(out, "</script>\n");
    } else {
        mill_text_add(out, "</p><p class=\"note\">This threadmill was built without Chart.js (Debian's "
                           "libjs-chart.js), so the page has no charts; the tables have every number.</p>"
                           "</footer>\n");
    }
    mill_text_add(out, "<script>\n");
    add_asset(out, mill_html_script());
    mill_text_add(out, "</script>\n</body>\n</html>\n");
}

int mill_page_write(struct mill_text *out, const struct mill_view_input *sources, size_t count,
                    struct mill_error *error)
{
    int status = 0;
    if (count == 0) {
        return mill_error_set(error, -EINVAL, "a page needs a document");
    }
    for (size_t i = 0; i < count; i++) {
        if (!kind_of(&sources[i])) {
            return mill_error_set(error, -ENOTSUP, "'%s' is a %s, of which a page has nothing to show",
                                  sources[i].path, sources[i].format);
        }
    }
    add_head(out, sources, count);
    if (count > 1) {
        add_overview(out, sources, count);
    }
    for (size_t i = 0; i < count && status == 0; i++) {
        status = add_document(out, &sources[i], i + 1, error);
    }
    if (status == 0) {
        add_end(out);
        status = out->failed ? mill_error_set(error, -ENOMEM, "no memory for the page") : 0;
    }
    return status;
}
