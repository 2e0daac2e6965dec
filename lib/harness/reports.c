#include "harness/reports.h"

#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "harness/build_info.h"
#include "harness/reports_parse.h"

enum {
    line_max = 2048,   /* what a line of a report has beyond is of no use */
    frames_max = 16,   /* of a stack */
    key_frames = 4,    /* by which stacks are told apart */
    stacks_in_key = 4, /* a lock order has as many as locks */
};

/* ---- reading ---- */

void mill_reports_begin(struct mill_reports_reading *reading, const char *by, const char *kind)
{
    mill_reports_end(reading);
    reading->report = json_pack("{s:s, s:s, s:[]}", "by", by, "kind", kind, "stacks");
    if (!reading->report) { /* or what was written is no UTF-8 */
        reading->report = json_pack("{s:s, s:s, s:[]}", "by", by, "kind", "(not UTF-8)", "stacks");
    }
    if (!reading->report || json_array_append_new(reading->reports, reading->report) < 0) {
        reading->report = NULL;
        reading->failed = true;
    }
    reading->title[0] = '\0';
    reading->file[0] = '\0';
}

void mill_reports_end(struct mill_reports_reading *reading)
{
    if (reading->report && reading->file[0] &&
        json_array_size(json_object_get(reading->report, "stacks")) == 0) {
        mill_reports_frame(reading, "", reading->file, reading->line);
    }
    reading->report = NULL;
    reading->frames = NULL;
}

void mill_reports_title(struct mill_reports_reading *reading, const char *line)
{
    mill_reports_clean(reading->title, sizeof reading->title, line);
    reading->frames = NULL;
}

/* Stacks that tell where something came from, not what happened. */
static bool is_context(const char *title)
{
    static const char *const beginnings[] = {
        "Thread ", "Location ", "Other segment", "freed by", "previously allocated",
        "As if ",  "Address ",  "allocated by"};
    static const char *const parts[] = {" created at", "was first observed", "created by"};
    for (size_t i = 0; i < sizeof beginnings / sizeof beginnings[0]; i++) {
        if (strncmp(title, beginnings[i], strlen(beginnings[i])) == 0) {
            return true;
        }
    }
    for (size_t i = 0; i < sizeof parts / sizeof parts[0]; i++) {
        if (strstr(title, parts[i])) {
            return true;
        }
    }
    return false;
}

/* What stands below main and below a thread's function says nothing. */
static bool is_start(const char *function)
{
    static const char *const names[] = {
        "_start", "__libc_start_main", "__libc_start_call_main", "start_thread", "clone",
        "clone3", "__clone3",          "(below main)",           "???"};
    for (size_t i = 0; i < sizeof names / sizeof names[0]; i++) {
        if (strcmp(function, names[i]) == 0) {
            return true;
        }
    }
    return false;
}

const char *mill_reports_in_tree(const char *file)
{
    size_t length = sizeof MILL_BUILD_SOURCE - 1;
    if (strncmp(file, MILL_BUILD_SOURCE, length) == 0 && file[length] == '/') {
        file += length + 1;
    }
    const char *detour = strstr(file, "/../");
    while (detour) {
        file = detour + 4;
        detour = strstr(file, "/../");
    }
    while (strncmp(file, "../", 3) == 0 || strncmp(file, "./", 2) == 0) {
        file = strchr(file, '/') + 1;
    }
    return file;
}

void mill_reports_frame(struct mill_reports_reading *reading, const char *function, const char *file,
                        int line)
{
    static const char interceptor[] = "__interceptor_";
    if (!reading->report || is_start(function)) {
        return;
    }
    if (!reading->frames) {
        json_t *stack = json_pack("{s:s, s:b, s:[]}", "what", reading->title, "context",
                                  is_context(reading->title), "frames");
        if (!stack || json_array_append_new(json_object_get(reading->report, "stacks"), stack) < 0) {
            reading->failed = true;
            return;
        }
        reading->frames = json_object_get(stack, "frames");
    }
    if (strncmp(function, interceptor, sizeof interceptor - 1) == 0) {
        function += sizeof interceptor - 1;
    }
    if (json_array_size(reading->frames) < frames_max) {
        const char *known = file[0] ? mill_reports_in_tree(file) : NULL;
        json_t *frame = json_pack("{s:s, s:s?, s:i}", "function", function, "file", known, "line", line);
        reading->failed = reading->failed || json_array_append_new(reading->frames, frame) < 0;
    }
}

char *mill_reports_clean(char *buffer, size_t size, const char *line)
{
    size_t length = 0;
    line += strspn(line, " \t");
    while (*line && length + 1 < size) {
        static const char *const forms[] = {" at 0x", " (0x", " 0x", " (tid="};
        size_t skip = 0;
        for (size_t i = 0; i < sizeof forms / sizeof forms[0] && skip == 0; i++) {
            if (strncmp(line, forms[i], strlen(forms[i])) == 0) {
                skip = strcspn(line + 1, forms[i][1] == '(' ? ")" : " ,:;)") + 1;
                skip = i == 0 ? strlen(forms[i]) + strspn(line + strlen(forms[i]), "0123456789abcdefABCDEF")
                              : skip;
                skip += line[skip] == ')' && forms[i][1] == '(';
            }
        }
        if (skip > 0) {
            line += skip;
        } else {
            buffer[length++] = *line++;
        }
    }
    while (length > 0 && (buffer[length - 1] == ':' || buffer[length - 1] == ' ')) {
        length--;
    }
    buffer[length] = '\0';
    return buffer;
}

json_t *mill_reports_parse(enum mill_tool tool, const char *text)
{
    struct mill_reports_reading reading = {.tool = tool, .reports = json_array()};
    bool valgrind = tool == MILL_HELGRIND || tool == MILL_DRD;
    if (!reading.reports) {
        return NULL;
    }
    while (*text) {
        char line[line_max];
        size_t length = strcspn(text, "\n");
        snprintf(line, sizeof line, "%.*s", (int)(length < line_max ? length : line_max), text);
        if (valgrind) {
            mill_reports_valgrind_line(&reading, line);
        } else {
            mill_reports_sanitizer_line(&reading, line);
        }
        text += length + (text[length] == '\n');
    }
    mill_reports_end(&reading);
    if (reading.failed) {
        json_decref(reading.reports);
        return NULL;
    }
    return reading.reports;
}

/* ---- what a report says ---- */

static const char *text_of(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

enum mill_finding mill_report_finding(const json_t *report)
{
    static const struct {
        const char *kind; /* how it begins */
        enum mill_finding finding;
    } kinds[] = {
        {"data race", MILL_RACE},
        {"lock-order-inversion", MILL_DEADLOCK},
        {"lock order violated", MILL_DEADLOCK},
        {"heap-use-after-free", MILL_CORRUPTION},
        {"heap-buffer-overflow", MILL_CORRUPTION},
        {"attempting double-free", MILL_CORRUPTION},
        {"SEGV", MILL_CORRUPTION},
    };
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        if (strncmp(text_of(report, "kind"), kinds[i].kind, strlen(kinds[i].kind)) == 0) {
            return kinds[i].finding;
        }
    }
    return MILL_NO_FINDING;
}

/* The first frame with a source, else the first. */
static const json_t *place_of(const json_t *stack)
{
    const json_t *frames = json_object_get(stack, "frames");
    size_t index;
    json_t *frame;
    json_array_foreach(frames, index, frame)
    {
        if (json_is_string(json_object_get(frame, "file"))) {
            return frame;
        }
    }
    return json_array_get(frames, 0);
}

/* Stacks that say what happened; of a report that has none but context, all. */
static bool counts(const json_t *report, const json_t *stack)
{
    const json_t *stacks = json_object_get(report, "stacks");
    size_t index;
    json_t *other;
    json_array_foreach(stacks, index, other)
    {
        if (!json_is_true(json_object_get(other, "context"))) {
            return !json_is_true(json_object_get(stack, "context"));
        }
    }
    return true;
}

char *mill_report_line(const json_t *report, char *line, size_t size)
{
    size_t index;
    json_t *stack;
    size_t length = (size_t)snprintf(line, size, "%s: %s", text_of(report, "by"), text_of(report, "kind"));
    const char *between = ": ";
    json_array_foreach(json_object_get(report, "stacks"), index, stack)
    {
        const json_t *frame = place_of(stack);
        if (length >= size || !frame || !counts(report, stack)) {
            continue;
        }
        const char *file = text_of(frame, "file");
        length += (size_t)snprintf(line + length, size - length, "%s%s", between, text_of(frame, "function"));
        if (file[0] && length < size) {
            length += (size_t)snprintf(line + length, size - length, " (%s:%d)", file,
                                       (int)json_integer_value(json_object_get(frame, "line")));
        }
        between = ", ";
    }
    return line;
}

static int by_text(const void *a, const void *b)
{
    return strcmp(((const struct mill_text *)a)->text, ((const struct mill_text *)b)->text);
}

/* The engine's own frames, below those of the scenario, differ with the phase of the run. */
static bool is_engine(const json_t *frame)
{
    return strncmp(text_of(frame, "file"), "lib/harness/", 12) == 0;
}

static void add_stack_key(const json_t *stack, struct mill_text *key)
{
    size_t index, taken = 0;
    json_t *frame;
    mill_text_add(key, "|");
    json_array_foreach(json_object_get(stack, "frames"), index, frame)
    {
        if (taken < key_frames && !is_engine(frame)) {
            mill_text_add(key, "%s %s %d;", text_of(frame, "function"), text_of(frame, "file"),
                          (int)json_integer_value(json_object_get(frame, "line")));
            taken++;
        }
    }
}

void mill_report_key(const json_t *report, struct mill_text *key)
{
    struct mill_text stacks[stacks_in_key] = {{0}};
    size_t count = 0, index;
    json_t *stack;
    json_array_foreach(json_object_get(report, "stacks"), index, stack)
    {
        if (count < stacks_in_key && counts(report, stack)) {
            add_stack_key(stack, &stacks[count]);
            key->failed = key->failed || stacks[count].failed;
            count++;
        }
    }
    if (!key->failed) {
        qsort(stacks, count, sizeof stacks[0], by_text);
    }
    mill_text_add(key, "%s %s", text_of(report, "by"), text_of(report, "kind"));
    for (size_t i = 0; i < count; i++) {
        if (!key->failed) {
            mill_text_add(key, "%s", stacks[i].text);
        }
        mill_text_free(&stacks[i]);
    }
}

bool mill_reports_tool_failed(const char *text, char *line, size_t size)
{
    static const char *const marks[] = {"FATAL: ThreadSanitizer",
                                        "LeakSanitizer has encountered a fatal error",
                                        "ThreadSanitizer failed to allocate",
                                        "AddressSanitizer failed to allocate",
                                        "threadmill sample: ",
                                        "valgrind: ",
                                        "Valgrind: debuginfo reader: "};
    for (size_t i = 0; i < sizeof marks / sizeof marks[0]; i++) {
        const char *found = strstr(text, marks[i]);
        if (found) {
            snprintf(line, size, "%.*s", (int)strcspn(found, "\n"), found);
            return true;
        }
    }
    return false;
}
