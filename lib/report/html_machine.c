/* Where a document is from: machine, build, settings, and the command that makes it again; and what several
 * of them differ in. */
#include <stdio.h>
#include <string.h>

#include "report/html_parts.h"

/* A member of a document as text; "" for none, NULL members and containers. */
static const char *value_of(const json_t *object, const char *name, char *buffer, size_t size)
{
    const json_t *value = json_object_get(object, name);
    buffer[0] = '\0';
    switch (value ? json_typeof(value) : JSON_NULL) {
    case JSON_STRING:
        return json_string_value(value);
    case JSON_INTEGER:
        snprintf(buffer, size, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
        return buffer;
    case JSON_REAL:
        snprintf(buffer, size, "%.9g", json_real_value(value));
        return buffer;
    case JSON_TRUE:
        return "yes";
    case JSON_FALSE:
        return "no";
    default:
        return buffer;
    }
}

static bool is_duration(const char *name)
{
    size_t length = strlen(name);
    return length > 3 && strcmp(name + length - 3, "_ns") == 0;
}

/* "warmup_ns": "warmup", with its value as a duration. */
static void add_fact(struct mill_text *out, const json_t *object, const char *name)
{
    char buffer[64];
    const char *value = value_of(object, name, buffer, sizeof buffer);
    if (!value[0]) {
        return;
    }
    bool duration = is_duration(name) && json_is_integer(json_object_get(object, name));
    mill_text_add(out, "<dt>");
    for (const char *c = name; *c && !(duration && strcmp(c, "_ns") == 0); c++) {
        char letter[2] = {*c == '_' ? ' ' : *c, '\0'};
        mill_html_text(out, letter);
    }
    mill_text_add(out, "</dt><dd>");
    if (duration) {
        mill_html_duration(out, (double)json_integer_value(json_object_get(object, name)));
    } else {
        mill_html_text(out, value);
    }
    mill_text_add(out, "</dd>");
}

static void add_facts(struct mill_text *out, const char *title, const json_t *object)
{
    const char *name;
    json_t *value;
    if (json_object_size(object) == 0) {
        return;
    }
    mill_text_add(out, "<div><h4>%s</h4><dl>", title);
    json_object_foreach((json_t *)(uintptr_t)object, name, value)
    {
        add_fact(out, object, name);
    }
    mill_text_add(out, "</dl></div>\n");
}

void mill_html_machine(const struct mill_html_part *part)
{
    char id[64];
    char buffer[64];
    struct mill_text *out = part->out;
    const json_t *document = part->source->document;
    const char *command = mill_view_text(document, "command");
    snprintf(id, sizeof id, "%s-machine", part->id);
    mill_text_add(out, "<section class=\"machine\">\n");
    mill_html_heading(part, 3, id, "Where this is from");
    mill_text_add(out, "<p>To do it again, in the same order:</p>\n<pre class=\"command\"><code>");
    mill_html_text(out, command);
    const char *seed = value_of(document, "seed", buffer, sizeof buffer);
    if (seed[0] && !strstr(command, "--seed") && !strstr(command, " -s ")) {
        mill_text_add(out, " --seed %s", seed);
    }
    mill_text_add(out, "</code></pre>\n<div class=\"facts\">\n");
    add_facts(out, "Machine", json_object_get(document, "machine"));
    add_facts(out, "Build", json_object_get(document, "build"));
    add_facts(out, "Settings", json_object_get(document, "settings"));
    add_facts(out, "Method", json_object_get(document, "method"));
    mill_text_add(out, "</div>\n</section>\n");
}

/* ---- several ---- */

/* Of those that have it. */
static bool differs(const struct mill_view_input *sources, size_t count, const char *part, const char *name)
{
    const json_t *first = NULL;
    for (size_t i = 0; i < count; i++) {
        const json_t *value = json_object_get(json_object_get(sources[i].document, part), name);
        first = first ? first : value;
        if (value && !json_equal(first, value)) {
            return true;
        }
    }
    return false;
}

static void add_difference(struct mill_text *out, const struct mill_view_input *sources, size_t count,
                           const char *part, const char *name)
{
    char buffer[64];
    mill_text_add(out, "<tr><th scope=\"row\">%s: ", part);
    mill_html_text(out, name);
    mill_text_add(out, "</th>");
    for (size_t i = 0; i < count; i++) {
        const char *value = value_of(json_object_get(sources[i].document, part), name, buffer, sizeof buffer);
        mill_text_add(out, "<td>");
        mill_html_text(out, value[0] ? value : "\xe2\x80\x93");
        mill_text_add(out, "</td>");
    }
    mill_text_add(out, "</tr>\n");
}

/* Was the member told of by an earlier document? */
static bool is_told(const struct mill_view_input *sources, size_t count, const char *part, const char *name)
{
    for (size_t i = 0; i < count; i++) {
        if (json_object_get(json_object_get(sources[i].document, part), name)) {
            return true;
        }
    }
    return false;
}

void mill_html_differences(struct mill_text *out, const struct mill_view_input *sources, size_t count)
{
    static const char *const parts[] = {"machine", "build", "settings"};
    struct mill_text rows = {0};
    for (size_t p = 0; p < sizeof parts / sizeof parts[0]; p++) {
        for (size_t i = 0; i < count; i++) {
            const char *name;
            json_t *value;
            json_object_foreach(json_object_get(sources[i].document, parts[p]), name, value)
            {
                if (!is_told(sources, i, parts[p], name) && differs(sources, count, parts[p], name)) {
                    add_difference(&rows, sources, count, parts[p], name);
                }
            }
        }
    }
    if (rows.length > 0) {
        mill_text_add(
            out,
            "<p>They differ in what stands below, besides the time: their numbers are not to be compared "
            "without thinking of it.</p>\n<div class=\"scroll\" tabindex=\"0\"><table><thead><tr>"
            "<th scope=\"col\"></th>");
        for (size_t i = 0; i < count; i++) {
            mill_text_add(out, "<th scope=\"col\">");
            mill_html_text(out, sources[i].path);
            mill_text_add(out, "</th>");
        }
        mill_text_add(out, "</tr></thead>\n<tbody>\n%s</tbody></table></div>\n", rows.text);
    } else {
        mill_text_add(out, "<p>Nothing says that their machines, builds or settings differ; they were "
                           "measured at different times.</p>\n");
    }
    out->failed = out->failed || rows.failed;
    mill_text_free(&rows);
}
