#include "report/html.h"

#include <math.h>
#include <stdio.h>
#include <string.h>

#include "report/view_parts.h"

/* Appends text[0..length) as it is. */
static void append(struct mill_text *out, const char *text, size_t length)
{
    if (length > 0) {
        mill_text_add(out, "%.*s", (int)length, text);
    }
}

/* How many bytes of what must not show as itself stand at `text`; 0: none. */
static size_t unseen(const char *text)
{
    size_t length;
    unsigned char first = (unsigned char)*text;
    if ((first >= 0x20 && first < 0x7f) || first == '\t' || first == '\n') {
        return 0;
    }
    unsigned character = mill_view_character(text, &length);
    return character == 0xfffd || mill_view_is_unseen(character) ? length : 0;
}

/* The bytes of a character that shows as itself. */
static size_t seen(const char *text)
{
    size_t length = 1;
    if ((unsigned char)*text >= 0x80) {
        mill_view_character(text, &length);
    }
    return length;
}

static const char *entity(char c)
{
    switch (c) {
    case '&':
        return "&amp;";
    case '<':
        return "&lt;";
    case '>':
        return "&gt;";
    case '"':
        return "&quot;";
    case '\'':
        return "&#39;";
    default:
        return NULL;
    }
}

void mill_html_text(struct mill_text *out, const char *text)
{
    const char *plain = text ? text : "";
    for (const char *c = plain; *c;) {
        const char *instead = entity(*c);
        size_t length = instead ? 1 : unseen(c);
        if (length == 0) {
            c += seen(c);
            continue;
        }
        append(out, plain, (size_t)(c - plain));
        mill_text_add(out, "%s", instead ? instead : "\xef\xbf\xbd");
        c += length;
        plain = c;
    }
    append(out, plain, strlen(plain));
}

void mill_html_json_text(struct mill_text *out, const char *text)
{
    if (!text) {
        mill_text_add(out, "null");
        return;
    }
    const char *plain = text;
    mill_text_add(out, "\"");
    for (const char *c = text; *c;) {
        size_t length = unseen(c);
        if (length == 0 && !strchr("\"\\<>&\t\n", *c)) {
            c += seen(c);
            continue;
        }
        append(out, plain, (size_t)(c - plain));
        if (length > 0) {
            mill_text_add(out, "\\ufffd");
        } else {
            mill_text_add(out, "\\u%04x", (unsigned)(unsigned char)*c);
        }
        c += length > 0 ? length : 1;
        plain = c;
    }
    append(out, plain, strlen(plain));
    mill_text_add(out, "\"");
}

void mill_html_json_number(struct mill_text *out, double value)
{
    if (isfinite(value)) {
        mill_text_add(out, "%.5g", value);
    } else {
        mill_text_add(out, "null");
    }
}

void mill_html_slug(struct mill_text *out, const char *text)
{
    size_t before = out->length;
    bool dash = false;
    for (const char *c = text; *c && out->length < before + 60; c++) {
        char small = (char)(*c >= 'A' && *c <= 'Z' ? *c - 'A' + 'a' : *c);
        if ((small >= 'a' && small <= 'z') || (small >= '0' && small <= '9')) {
            mill_text_add(out, "%s%c", dash && out->length > before ? "-" : "", small);
            dash = false;
        } else {
            dash = true;
        }
    }
    if (out->length == before) {
        mill_text_add(out, "x");
    }
}

static const char dash[] = "\xe2\x80\x93";

void mill_html_duration(struct mill_text *out, double ns)
{
    char text[64];
    if (!isfinite(ns)) {
        mill_text_add(out, "%s", dash);
        return;
    }
    mill_format_duration(text, sizeof text, ns);
    char *micro = strstr(text, "us");
    if (micro) { /* a page has the letter */
        mill_text_add(out, "%.*s\xc2\xb5s", (int)(micro - text), text);
    } else {
        mill_text_add(out, "%s", text);
    }
}

void mill_html_count(struct mill_text *out, double count)
{
    char text[64];
    mill_text_add(out, "%s", isfinite(count) ? mill_format_count(text, sizeof text, count) : dash);
}

double mill_html_real(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);
    return json_is_number(value) ? json_number_value(value) : (double)NAN;
}
