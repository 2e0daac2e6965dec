/* SARIF 2.1.0 (OASIS, 2020): what code scanning shows beside the lines of a pull request. A result for each
 * finding that nobody expected and for each control that was not found; what controls are expected to show is
 * counted, and is no result. */
#include "report/sarif.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define SCHEMA "https://docs.oasis-open.org/sarif/sarif/v2.1.0/errata01/os/schemas/sarif-schema-2.1.0.json"
#define ROOT   "SRCROOT"

/* ---- values ---- */

/* `object` with `array` as its `name`, or without where that is empty; both are taken over. */
static json_t *with_any(json_t *object, const char *name, json_t *array)
{
    if (array && json_array_size(array) == 0) {
        json_decref(array);
        return object;
    }
    return mill_json_with(object, name, array);
}

/* ---- places ---- */

/* A relative URI of a file of the tree, or an absolute one; every byte that a path of a URI may not hold is
 * escaped, a colon too, which would make the beginning a scheme. */
static void add_uri(struct mill_text *uri, const char *file)
{
    static const char unreserved[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-._~/+@";
    if (*file == '/') {
        mill_text_add(uri, "file://");
    }
    while (*file) {
        size_t length = strspn(file, unreserved);
        mill_text_add(uri, "%.*s", (int)length, file);
        file += length;
        if (*file) {
            mill_text_add(uri, "%%%02X", (unsigned char)*file);
            file++;
        }
    }
}

/* {"artifactLocation", "region"}; line 0: not known. */
static json_t *new_place(const char *file, long long line)
{
    struct mill_text uri = {0};
    add_uri(&uri, file);
    json_t *artifact = uri.failed ? NULL : json_pack("{s:s}", "uri", uri.text);
    mill_text_free(&uri);
    if (*file != '/') {
        artifact = mill_json_with(artifact, "uriBaseId", json_string(ROOT));
    }
    json_t *place = mill_json_with(json_object(), "artifactLocation", artifact);
    return line > 0 ? mill_json_with(place, "region", json_pack("{s:I}", "startLine", (json_int_t)line))
                    : place;
}

/* {"physicalLocation", "logicalLocations", "message"}, of which there is what is known. */
static json_t *new_location(const char *file, long long line, const char *function, const char *message)
{
    json_t *location = json_object();
    if (*file) {
        location = mill_json_with(location, "physicalLocation", new_place(file, line));
    }
    if (*function) {
        location = mill_json_with(location, "logicalLocations",
                                  json_pack("[{s:s, s:s}]", "name", function, "kind", "function"));
    }
    return *message ? mill_json_with(location, "message", json_pack("{s:s}", "text", message)) : location;
}

json_t *mill_sarif_location(const json_t *frame, const char *message)
{
    return new_location(mill_view_text(frame, "file"), mill_view_integer(frame, "line"),
                        mill_view_text(frame, "function"), message);
}

/* Where a reader should look: the innermost frame within the tree; NULL when there is none. */
static const json_t *frame_to_show(const json_t *stack)
{
    size_t index;
    json_t *frame;
    json_array_foreach(json_object_get(stack, "frames"), index, frame)
    {
        const char *file = mill_view_text(frame, "file");
        if (*file && *file != '/' && mill_view_integer(frame, "line") > 0) {
            return frame;
        }
    }
    return NULL;
}

/* The source of a scenario, for what has no stack: one file a scenario is a rule of the tree. */
static json_t *location_of_scenario(const char *scenario)
{
    struct mill_text file = {0};
    mill_text_add(&file, "scenarios/%s.c", scenario);
    for (size_t i = 0; file.text && i < file.length; i++) {
        file.text[i] = file.text[i] == '-' ? '_' : file.text[i];
    }
    json_t *location = file.text && !file.failed ? new_location(file.text, 0, "", "") : NULL;
    mill_text_free(&file);
    return location;
}

/* ---- stacks ---- */

static json_t *new_stack(const json_t *stack)
{
    json_t *frames = json_array();
    size_t index;
    json_t *frame;
    json_array_foreach(json_object_get(stack, "frames"), index, frame)
    {
        frames =
            mill_json_and(frames, mill_json_with(json_object(), "location", mill_sarif_location(frame, "")));
    }
    return mill_json_with(json_pack("{s:{s:s}}", "message", "text", mill_view_text(stack, "what")), "frames",
                          frames);
}

/* Takes `result` over and returns it with "locations", "stacks" and "relatedLocations". */
static json_t *with_stacks(json_t *result, const json_t *stacks, const char *scenario)
{
    json_t *kept = json_array(), *related = json_array(), *locations = json_array();
    size_t index;
    json_t *stack;
    json_array_foreach(stacks, index, stack)
    {
        const json_t *frame = frame_to_show(stack);
        if (json_array_size(json_object_get(stack, "frames")) > 0) {
            kept = mill_json_and(kept, new_stack(stack));
        }
        if (frame && json_array_size(locations) == 0 && !json_is_true(json_object_get(stack, "context"))) {
            locations = mill_json_and(locations, mill_sarif_location(frame, ""));
        } else if (frame) {
            json_t *other = mill_sarif_location(frame, mill_view_text(stack, "what"));
            json_int_t id = (json_int_t)json_array_size(related) + 1;
            related = mill_json_and(related, mill_json_with(other, "id", json_integer(id)));
        }
    }
    if (locations && json_array_size(locations) == 0 && *scenario) {
        locations = mill_json_and(locations, location_of_scenario(scenario));
    }
    result = mill_json_with(result, "locations", locations);
    return with_any(with_any(result, "stacks", kept), "relatedLocations", related);
}

/* ---- results ---- */

/* FNV-1a, 64 bits: the same finding has the same number in every run. */
static unsigned long long hash(unsigned long long sum, const char *text)
{
    do {
        sum = (sum ^ (unsigned char)*text) * 0x100000001b3ull;
    } while (*text++);
    return sum;
}

/* By rule, subject and the functions of the stacks: not by lines, which move when something else is changed.
 */
static json_t *new_fingerprint(const char *rule, const char *subject, const json_t *stacks)
{
    unsigned long long sum = hash(hash(0xcbf29ce484222325ull, rule), subject);
    char text[32];
    size_t index, which;
    json_t *stack, *frame;
    json_array_foreach(stacks, index, stack)
    {
        json_array_foreach(json_object_get(stack, "frames"), which, frame)
        {
            sum = hash(hash(sum, mill_view_text(frame, "function")), mill_view_text(frame, "file"));
        }
    }
    snprintf(text, sizeof text, "%016llx", sum);
    return json_pack("{s:s}", "threadmillFinding/v1", text);
}

/* "ThreadSanitizer/data-race": words of a finding's kind, joined. */
static void add_rule_id(struct mill_text *id, const char *by, const char *kind)
{
    mill_text_add(id, "%s/", by);
    for (; *kind; kind++) {
        bool blank = *kind == ' ' || *kind == '/';
        mill_text_add(id, "%c", blank ? '-' : *kind);
    }
}

/* The rule's place in the list, which it enters when it is new. */
static json_int_t rule_index(json_t *rules, const char *id, const char *by, const char *kind)
{
    size_t index;
    json_t *rule;
    json_array_foreach(rules, index, rule)
    {
        if (strcmp(mill_view_text(rule, "id"), id) == 0) {
            return (json_int_t)index;
        }
    }
    struct mill_text text = {0};
    mill_text_add(&text, "%s: %s", by, kind);
    rule = text.failed ? NULL
                       : json_pack("{s:s, s:{s:s}, s:{s:s}}", "id", id, "shortDescription", "text", text.text,
                                   "defaultConfiguration", "level", "error");
    mill_text_free(&text);
    return json_array_append_new(rules, rule) == 0 ? (json_int_t)index : -1;
}

json_t *mill_sarif_result(struct mill_sarif *sarif, const struct mill_sarif_finding *finding)
{
    struct mill_text id = {0};
    json_t *result = NULL;
    add_rule_id(&id, finding->by, finding->kind);
    json_int_t index = id.failed ? -1 : rule_index(sarif->rules, id.text, finding->by, finding->kind);
    if (index >= 0) {
        result = json_pack("{s:s, s:I, s:s, s:{s:s}}", "ruleId", id.text, "ruleIndex", index, "level",
                           "error", "message", "text", finding->message);
        result = with_stacks(result, finding->stacks, finding->scenario);
        result = mill_json_with(result, "partialFingerprints",
                                new_fingerprint(id.text, finding->subject, finding->stacks));
    }
    mill_text_free(&id);
    return result;
}

/* ---- the whole ---- */

static json_t *new_run(const struct mill_view_input *input, const struct mill_sarif *sarif)
{
    const json_t *build = json_object_get(input->document, "build");
    const char *version = mill_view_text(build, "version");
    json_t *driver = json_pack("{s:s, s:s, s:O}", "name", "threadmill", "semanticVersion",
                               *version ? version : "0.0.0", "rules", sarif->rules);
    json_t *invocation = json_pack("{s:b, s:s, s:s}", "executionSuccessful", 1, "commandLine",
                                   mill_view_text(input->document, "command"), "startTimeUtc",
                                   mill_view_text(input->document, "created"));
    return json_pack("{s:{s:o}, s:[o], s:{s:{s:{s:s}}}, s:s, s:O, s:{s:I, s:s}}", "tool", "driver", driver,
                     "invocations", invocation, "originalUriBaseIds", ROOT, "description", "text",
                     "the source tree", "columnKind", "unicodeCodePoints", "results", sarif->results,
                     "properties", "expectedFindings", (json_int_t)sarif->expected, "document",
                     input->format);
}

int mill_view_sarif(struct mill_text *out, const struct mill_view_input *input,
                    const struct mill_view_options *options, struct mill_error *error)
{
    (void)options;
    static const struct {
        const char *format;
        void (*add)(struct mill_sarif *sarif, const struct mill_view_input *input);
    } formats[] = {
        {"threadmill-result", mill_sarif_of_result},
        {"threadmill-stress", mill_sarif_of_stress},
        {"threadmill-hunt", mill_sarif_of_hunt},
    };
    size_t i = 0;
    while (i < sizeof formats / sizeof formats[0] && !mill_view_is(input, formats[i].format)) {
        i++;
    }
    if (i == sizeof formats / sizeof formats[0]) {
        return mill_view_unfit(input, "sarif", "it holds no findings in source files", error);
    }
    struct mill_sarif sarif = {.rules = json_array(), .results = json_array()};
    sarif.failed = !sarif.rules || !sarif.results;
    formats[i].add(&sarif, input);
    json_t *document = sarif.failed ? NULL
                                    : json_pack("{s:s, s:s, s:[o]}", "$schema", SCHEMA, "version", "2.1.0",
                                                "runs", new_run(input, &sarif));
    int status = document ? 0 : -ENOMEM;
    if (document) {
        mill_json_text(out, document, JSON_INDENT(2));
        mill_text_add(out, "\n");
        status = mill_view_done(out);
    }
    json_decref(document);
    json_decref(sarif.rules);
    json_decref(sarif.results);
    return status;
}
