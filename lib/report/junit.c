/* JUnit's XML in the shape that Ant wrote first and that Jenkins, Surefire and GitLab read: testsuites, each
 * with properties, its cases and what was printed; no attribute that one of their schemas does not know. */
#include <stdlib.h>
#include <string.h>

#include "report/cases.h"

/* Text of an element or of an attribute: what XML 1.0 cannot hold is U+FFFD. */
static void escape(struct mill_text *out, const char *text)
{
    static const struct {
        char character;
        const char *entity;
    } entities[] = {{'&', "&amp;"}, {'<', "&lt;"}, {'>', "&gt;"}, {'"', "&quot;"}, {'\'', "&apos;"}};
    for (size_t length = 0; *text; text += length) {
        length = mill_view_plain(text, "&<>\"'");
        if (length > 0) {
            mill_text_add(out, "%.*s", (int)length, text);
            continue;
        }
        unsigned character = mill_view_character(text, &length);
        const char *entity = NULL;
        for (size_t i = 0; i < sizeof entities / sizeof entities[0]; i++) {
            entity = character == (unsigned char)entities[i].character ? entities[i].entity : entity;
        }
        bool blank = character == '\n' || character == '\t';
        if (entity || character == 0xfffd || (mill_view_is_unseen(character) && !blank)) {
            mill_text_add(out, "%s", entity ? entity : "\xef\xbf\xbd");
        } else {
            mill_text_add(out, "%.*s", (int)length, text);
        }
    }
}

/* ` name="value"`; ends of lines are kept as a reader would else make blanks of them. */
static void attribute(struct mill_text *out, const char *name, const char *value)
{
    mill_text_add(out, " %s=\"", name);
    while (*value) {
        size_t length = strcspn(value, "\n\t");
        struct mill_text part = {0};
        mill_text_add(&part, "%.*s", (int)length, value);
        escape(out, part.text ? part.text : "");
        out->failed = out->failed || part.failed;
        mill_text_free(&part);
        mill_text_add(out, "%s", value[length] == '\n' ? "&#10;" : value[length] ? "&#9;" : "");
        value += length + (value[length] != '\0');
    }
    mill_text_add(out, "\"");
}

static void element(struct mill_text *out, const char *indent, const char *name, const char *text)
{
    mill_text_add(out, "%s<%s>", indent, name);
    escape(out, text);
    mill_text_add(out, "</%s>\n", name);
}

static void property(struct mill_text *out, const char *name, const char *value)
{
    mill_text_add(out, "      <property");
    attribute(out, "name", name);
    attribute(out, "value", value);
    mill_text_add(out, "/>\n");
}

static void add_properties(struct mill_text *out, const struct mill_view_input *input)
{
    const json_t *machine = json_object_get(input->document, "machine");
    const json_t *build = json_object_get(input->document, "build");
    const json_t *seed = json_object_get(input->document, "seed");
    char number[32] = "";
    mill_text_add(out, "    <properties>\n");
    property(out, "format", input->format);
    property(out, "command", mill_view_text(input->document, "command"));
    if (json_is_integer(seed)) {
        snprintf(number, sizeof number, "%lld", (long long)json_integer_value(seed));
        property(out, "seed", number);
    }
    property(out, "processor", mill_view_text(machine, "processor"));
    property(out, "kernel", mill_view_text(machine, "kernel"));
    property(out, "commit", mill_view_text(build, "commit"));
    property(out, "interrupted",
             json_is_true(json_object_get(input->document, "interrupted")) ? "true" : "false");
    mill_text_add(out, "    </properties>\n");
}

static void add_case(struct mill_text *out, const struct mill_view_case *one)
{
    static const char *const elements[] = {
        [MILL_CASE_PASSED] = NULL,
        [MILL_CASE_FAILED] = "failure",
        [MILL_CASE_ERROR] = "error",
        [MILL_CASE_OPEN] = "skipped",
    };
    const char *name = elements[one->outcome];
    mill_text_add(out, "    <testcase");
    attribute(out, "classname", one->suite);
    attribute(out, "name", one->name);
    mill_text_add(out, " time=\"%.3f\"", one->seconds);
    if (!name) {
        mill_text_add(out, "/>\n");
        return;
    }
    struct mill_text message = {0};
    bool more = one->message && one->message[0];
    mill_text_add(&message, "%s%s%s", one->kind, more ? ": " : "", more ? one->message : "");
    mill_text_add(out, ">\n      <%s", name);
    attribute(out, "message", message.text ? message.text : "");
    out->failed = out->failed || message.failed;
    mill_text_free(&message);
    if (one->outcome != MILL_CASE_OPEN) {
        attribute(out, "type", one->kind);
    }
    mill_text_add(out, ">");
    escape(out, one->detail ? one->detail : "");
    mill_text_add(out, "</%s>\n    </testcase>\n", name);
}

/* The cases of the suite that case `first` opens. */
static void add_suite(struct mill_text *out, const struct mill_view_input *input,
                      const struct mill_cases *cases, size_t first, size_t id)
{
    const char *suite = cases->cases[first].suite, *created = mill_view_text(input->document, "created");
    size_t outcomes[MILL_CASE_OPEN + 1] = {0}, tests = 0;
    double seconds = 0;
    for (size_t i = first; i < cases->count; i++) {
        if (strcmp(cases->cases[i].suite, suite) == 0) {
            outcomes[cases->cases[i].outcome]++;
            seconds += cases->cases[i].seconds;
            tests++;
        }
    }
    mill_text_add(out, "  <testsuite");
    attribute(out, "name", suite);
    attribute(out, "package", input->format);
    mill_text_add(out,
                  " id=\"%zu\" timestamp=\"%.19s\" hostname=\"localhost\" tests=\"%zu\" failures=\"%zu\"", id,
                  created, tests, outcomes[MILL_CASE_FAILED]);
    mill_text_add(out, " errors=\"%zu\" skipped=\"%zu\" time=\"%.3f\">\n", outcomes[MILL_CASE_ERROR],
                  outcomes[MILL_CASE_OPEN], seconds);
    add_properties(out, input);
    for (size_t i = first; i < cases->count; i++) {
        if (strcmp(cases->cases[i].suite, suite) == 0) {
            add_case(out, &cases->cases[i]);
        }
    }
    element(out, "    ", "system-out", mill_view_text(input->document, "command"));
    element(out, "    ", "system-err", "");
    mill_text_add(out, "  </testsuite>\n");
}

static bool opens_suite(const struct mill_cases *cases, size_t index)
{
    for (size_t i = 0; i < index; i++) {
        if (strcmp(cases->cases[i].suite, cases->cases[index].suite) == 0) {
            return false;
        }
    }
    return true;
}

int mill_view_junit(struct mill_text *out, const struct mill_view_input *input,
                    const struct mill_view_options *options, struct mill_error *error)
{
    (void)options;
    struct mill_cases cases;
    size_t id = 0;
    int status = mill_cases_make(&cases, input, "junit", error);
    if (status < 0) {
        return status;
    }
    mill_text_add(out, "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n");
    for (size_t i = 0; i < cases.count; i++) {
        if (opens_suite(&cases, i)) {
            add_suite(out, input, &cases, i, id++);
        }
    }
    mill_text_add(out, "</testsuites>\n");
    mill_cases_destroy(&cases);
    return mill_view_done(out);
}
