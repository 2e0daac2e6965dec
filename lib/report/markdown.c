/* Markdown as GitHub and GitLab show it below a pull request: the verdict, what is wrong with its evidence,
 * the tables, and what else a reader may unfold. A name is shown as it is, whatever it holds: it makes no
 * markup, no link, and calls nobody. */
#include "report/markdown.h"

#include <ctype.h>
#include <string.h>

/* ---- text ---- */

static void add_entity(struct mill_text *out, const char *text, unsigned character)
{
    mill_text_add(out, "&#%u;", character);
    /* "@name" and "#1" are looked for in what is left when entities are resolved: a comment parts them. */
    if ((character == '@' || character == '#') && text[1] != '\0') {
        mill_text_add(out, "<!-- -->");
    }
}

void mill_markdown_text(struct mill_text *out, const char *text)
{
    static const char special[] = "\\`*_{}[]<>#!|~&@$:";
    const char *begin = text;
    for (size_t length = 0; *text; text += length) {
        length = mill_view_plain(text, special);
        const char *address = memmem(text, length, "www.", 4);
        if (address) { /* a link would begin there */
            length = (size_t)(address - text) + 4;
            mill_text_add(out, "%.*s&#46;", (int)length - 1, text);
            continue;
        }
        if (length > 0) {
            mill_text_add(out, "%.*s", (int)length, text);
            continue;
        }
        unsigned character = mill_view_character(text, &length);
        if (character == '\n' || character == '\t' || character == '\r') {
            mill_text_add(out, " ");
        } else if (character == ':' && (text[1] == ' ' || text[1] == '\0')) {
            mill_text_add(out, ":"); /* neither an address nor a picture by its name */
        } else if (character == '_' && text > begin && isalnum((unsigned char)text[-1]) &&
                   isalnum((unsigned char)text[1])) {
            mill_text_add(out, "_"); /* within a word it emphasises nothing */
        } else if (character < 0x80 && strchr(special, (int)character)) {
            add_entity(out, text, character);
        } else if (character == 0xfffd || mill_view_is_unseen(character)) {
            mill_text_add(out, "\xef\xbf\xbd");
        } else {
            mill_text_add(out, "%.*s", (int)length, text);
        }
    }
}

/* The longest run of backticks. */
static size_t longest_fence(const char *text)
{
    size_t longest = 0;
    while (*text) {
        size_t run = strspn(text, "`");
        longest = run > longest ? run : longest;
        text += run;
        text += strcspn(text, "`");
    }
    return longest;
}

void mill_markdown_block(struct mill_text *out, const char *text)
{
    size_t fence = longest_fence(text) + 1;
    fence = fence < 3 ? 3 : fence;
    mill_text_add(out, "\n");
    for (size_t i = 0; i < fence; i++) {
        mill_text_add(out, "`");
    }
    mill_text_add(out, "text\n");
    size_t length = 0;
    bool ended = true;
    for (const char *at = text; *at; at += length) {
        length = mill_view_plain(at, "");
        unsigned character = length > 0 ? ' ' : mill_view_character(at, &length);
        bool hidden =
            character == 0xfffd || (mill_view_is_unseen(character) && character != '\n' && character != '\t');
        mill_text_add(out, "%.*s", hidden ? 3 : (int)length, hidden ? "\xef\xbf\xbd" : at);
        ended = character == '\n';
    }
    mill_text_add(out, "%s", ended ? "" : "\n");
    for (size_t i = 0; i < fence; i++) {
        mill_text_add(out, "`");
    }
    mill_text_add(out, "\n");
}

void mill_markdown_row(struct mill_text *out, const char *const *words, size_t count)
{
    mill_text_add(out, "|");
    for (size_t i = 0; i < count; i++) {
        mill_text_add(out, " ");
        mill_markdown_text(out, words[i]);
        mill_text_add(out, " |");
    }
    mill_text_add(out, "\n");
}

void mill_markdown_head(struct mill_text *out, const char *const *words, const char *aligned, size_t count)
{
    mill_text_add(out, "\n");
    mill_markdown_row(out, words, count);
    mill_text_add(out, "|");
    for (size_t i = 0; i < count; i++) {
        mill_text_add(out, "%s", aligned[i] == 'r' ? " --: |" : " :-- |");
    }
    mill_text_add(out, "\n");
}

void mill_markdown_open(struct mill_text *out, const char *summary, bool open)
{
    mill_text_add(out, "\n<details%s><summary>", open ? " open" : "");
    mill_markdown_text(out, summary);
    mill_text_add(out, "</summary>\n");
}

void mill_markdown_close(struct mill_text *out)
{
    mill_text_add(out, "\n</details>\n");
}

/* ---- what stands in every one ---- */

static void add_problem(struct mill_text *out, const struct mill_view_case *one)
{
    mill_text_add(out, "- **");
    mill_markdown_text(out, one->kind);
    mill_text_add(out, "** ");
    mill_markdown_text(out, one->suite);
    mill_text_add(out, ", ");
    mill_markdown_text(out, one->name);
    if (one->message && one->message[0]) {
        mill_text_add(out, ": ");
        mill_markdown_text(out, one->message);
    }
    mill_text_add(out, "\n");
}

static void add_problems(struct mill_text *out, const struct mill_cases *cases)
{
    for (size_t i = 0; i < cases->count; i++) {
        const struct mill_view_case *one = &cases->cases[i];
        if (one->outcome != MILL_CASE_FAILED && one->outcome != MILL_CASE_ERROR) {
            continue;
        }
        mill_text_add(out, "\n");
        add_problem(out, one);
        if (one->detail) {
            mill_markdown_open(out, "evidence", false);
            mill_markdown_block(out, one->detail);
            mill_markdown_close(out);
        }
    }
}

static void add_open(struct mill_text *out, const struct mill_cases *cases)
{
    char summary[64];
    if (cases->outcomes[MILL_CASE_OPEN] == 0) {
        return;
    }
    snprintf(summary, sizeof summary, "%zu without a verdict", cases->outcomes[MILL_CASE_OPEN]);
    mill_markdown_open(out, summary, false);
    mill_text_add(out, "\n");
    for (size_t i = 0; i < cases->count; i++) {
        if (cases->cases[i].outcome == MILL_CASE_OPEN) {
            add_problem(out, &cases->cases[i]);
        }
    }
    mill_markdown_close(out);
}

static void add_fact(struct mill_text *out, const char *what, const char *fact)
{
    if (*fact) {
        mill_text_add(out, "- %s: ", what);
        mill_markdown_text(out, fact);
        mill_text_add(out, "\n");
    }
}

static void add_origin(struct mill_text *out, const json_t *document)
{
    const json_t *machine = json_object_get(document, "machine"), *build = json_object_get(document, "build");
    const json_t *seed = json_object_get(document, "seed");
    mill_markdown_open(out, "machine, build and command", false);
    mill_text_add(out, "\n");
    add_fact(out, "processor", mill_view_text(machine, "processor"));
    add_fact(out, "topology", mill_view_text(machine, "topology"));
    add_fact(out, "kernel", mill_view_text(machine, "kernel"));
    add_fact(out, "compiler", mill_view_text(build, "compiler"));
    add_fact(out, "commit", mill_view_text(build, "commit"));
    add_fact(out, "measured", mill_view_text(document, "created"));
    if (json_is_integer(seed)) {
        mill_text_add(out, "- seed: %lld\n", (long long)json_integer_value(seed));
    }
    mill_markdown_block(out, mill_view_text(document, "command"));
    mill_markdown_close(out);
}

/* "### threadmill stress: 2 findings", and how many there are of what. */
static void add_verdict(struct mill_text *out, const struct mill_view_input *input,
                        const struct mill_cases *cases)
{
    const char *format = strchr(input->format, '-');
    const char *name = format && strcmp(format + 1, "result") != 0 ? format + 1 : "run";
    bool interrupted = json_is_true(json_object_get(input->document, "interrupted"));
    size_t findings = cases->outcomes[MILL_CASE_FAILED], errors = cases->outcomes[MILL_CASE_ERROR];
    mill_text_add(out, "### threadmill %s: ", name);
    if (mill_view_is(input, "threadmill-compare")) {
        mill_markdown_text(out, mill_view_text(input->document, "verdict"));
    } else if (findings + errors > 0) {
        mill_text_add(out, "%zu finding%s", findings, findings == 1 ? "" : "s");
        if (errors > 0) {
            mill_text_add(out, ", %zu failed", errors);
        }
    } else {
        mill_text_add(out, "%s",
                      cases->outcomes[MILL_CASE_PASSED] > 0 ? "as expected" : "nothing was judged");
    }
    mill_text_add(out, "%s\n\n%zu as expected, %zu not, %zu failed, %zu without a verdict\n",
                  interrupted ? " (interrupted)" : "", cases->outcomes[MILL_CASE_PASSED], findings, errors,
                  cases->outcomes[MILL_CASE_OPEN]);
}

int mill_view_markdown(struct mill_text *out, const struct mill_view_input *input,
                       const struct mill_view_options *options, struct mill_error *error)
{
    (void)options;
    struct mill_cases cases;
    int status = mill_cases_make(&cases, input, "markdown", error);
    if (status < 0) {
        return status;
    }
    add_verdict(out, input, &cases);
    add_problems(out, &cases);
    mill_markdown_tables(out, input);
    add_open(out, &cases);
    add_origin(out, input->document);
    mill_cases_destroy(&cases);
    return mill_view_done(out);
}
