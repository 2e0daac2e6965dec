#include "report/display.h"

#include <stdbool.h>
#include <stdint.h>
#include <string.h>

/* Blocks that do not take one column each, in order. */
static const struct {
    uint32_t first, last;
    unsigned columns;
} blocks[] = {
    {0x0300, 0x036f, 0},   {0x1100, 0x115f, 2}, {0x200b, 0x200f, 0}, {0x2e80, 0x303e, 2},
    {0x3041, 0xa4cf, 2},   {0xac00, 0xd7a3, 2}, {0xf900, 0xfaff, 2}, {0xfe00, 0xfe0f, 0},
    {0xfe30, 0xfe6f, 2},   {0xff00, 0xff60, 2}, {0xffe0, 0xffe6, 2}, {0x1f300, 0x1faff, 2},
    {0x20000, 0x3fffd, 2},
};

/* The bytes of the character that begins at `text`, at least one; its code point, or U+FFFD for a byte that
 * begins none. */
static size_t decode(const char *text, uint32_t *point)
{
    unsigned char lead = (unsigned char)text[0];
    size_t length = lead < 0x80                   ? 1
                    : lead >= 0xf0 && lead < 0xf8 ? 4
                    : lead >= 0xe0                ? 3
                    : lead >= 0xc0                ? 2
                                                  : 0;
    if (lead >= 0xf8 || length == 0) {
        *point = 0xfffd;
        return 1;
    }
    *point = length == 1 ? lead : lead & (0x7fu >> length);
    for (size_t i = 1; i < length; i++) {
        unsigned char next = (unsigned char)text[i]; /* the final NUL is no continuation */
        if ((next & 0xc0) != 0x80) {
            *point = 0xfffd;
            return 1;
        }
        *point = *point << 6 | (next & 0x3fu);
    }
    return length;
}

static unsigned columns_of(uint32_t point)
{
    for (size_t i = 0; i < sizeof blocks / sizeof blocks[0] && blocks[i].first <= point; i++) {
        if (point <= blocks[i].last) {
            return blocks[i].columns;
        }
    }
    return 1;
}

size_t mill_display_width_of(const char *text, size_t length)
{
    size_t columns = 0;
    uint32_t point;
    for (size_t at = 0; at < length;) {
        at += decode(text + at, &point);
        columns += columns_of(point);
    }
    return columns;
}

size_t mill_display_width(const char *text)
{
    return mill_display_width_of(text, strlen(text));
}

size_t mill_display_cut(const char *text, size_t columns)
{
    size_t at = 0;
    while (text[at]) {
        uint32_t point;
        size_t length = decode(text + at, &point);
        if (columns_of(point) > columns) {
            break;
        }
        columns -= columns_of(point);
        at += length;
    }
    return at;
}

/* Marks of direction among them, which would show a name backwards. */
static bool is_control(uint32_t point)
{
    return (point < 0x20 && point != '\t') || (point >= 0x7f && point < 0xa0) ||
           (point >= 0x202a && point <= 0x202e) || (point >= 0x2066 && point <= 0x2069);
}

void mill_display_printable(struct mill_text *out, const char *text, size_t length)
{
    size_t begin = 0; /* of what is fine and not yet appended */
    for (size_t at = 0; at < length && text[at];) {
        uint32_t point;
        size_t bytes = decode(text + at, &point);
        if (is_control(point) || (point == 0xfffd && bytes == 1)) {
            mill_text_add(out, "%.*s?", (int)(at - begin), text + begin);
            begin = at + bytes;
        }
        at += bytes;
    }
    if (begin < length) {
        mill_text_add(out, "%.*s", (int)(length - begin), text + begin);
    }
}

void mill_display_paragraph(struct mill_text *out, size_t indent, size_t width, const char *text)
{
    size_t column = indent;
    mill_text_add(out, "%*s", (int)indent, "");
    for (const char *word = text; *word;) {
        size_t length = strcspn(word, " ");
        size_t columns = mill_display_width_of(word, length);
        bool first = word == text;
        if (!first && width > 0 && column + 1 + columns > width) {
            mill_text_add(out, "\n%*s", (int)indent + 2, "");
            column = indent + 2;
            first = true;
        }
        mill_text_add(out, "%s", first ? "" : " ");
        mill_display_printable(out, word, length);
        column += columns + !first;
        word += length + strspn(word + length, " ");
    }
    mill_text_add(out, "\n");
}
