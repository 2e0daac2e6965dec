#include "report/view_parts.h"

#include <errno.h>
#include <stdint.h>
#include <string.h>

const char *mill_view_text(const json_t *object, const char *name)
{
    const char *text = json_string_value(json_object_get(object, name));
    return text ? text : "";
}

long long mill_view_integer(const json_t *object, const char *name)
{
    return json_integer_value(json_object_get(object, name));
}

bool mill_view_is(const struct mill_view_input *input, const char *format)
{
    return strcmp(input->format, format) == 0;
}

int mill_view_unfit(const struct mill_view_input *input, const char *view, const char *reason,
                    struct mill_error *error)
{
    return mill_error_set(error, -ENOTSUP, "'%s' is a %s document, which has no view as %s: %s", input->path,
                          input->format, view, reason);
}

int mill_view_done(const struct mill_text *out)
{
    return out->failed ? -ENOMEM : 0;
}

void mill_view_parameters(struct mill_text *out, const json_t *parameters)
{
    const char *name, *between = "";
    json_t *value;
    json_object_foreach((json_t *)(uintptr_t)parameters, name, value)
    {
        const char *text = json_string_value(value);
        mill_text_add(out, "%s%s=%s", between, name, text ? text : "?");
        between = ", ";
    }
}

size_t mill_view_plain(const char *text, const char *special)
{
    size_t length = 0;
    while (text[length] >= ' ' && text[length] <= '~' && !strchr(special, text[length])) {
        length++;
    }
    return length;
}

unsigned mill_view_character(const char *text, size_t *length)
{
    static const struct {
        unsigned char mask, lead;
        unsigned least;
    } forms[] = {{0x80, 0x00, 0}, {0xe0, 0xc0, 0x80}, {0xf0, 0xe0, 0x800}, {0xf8, 0xf0, 0x10000}};
    const unsigned char *bytes = (const unsigned char *)text;
    for (size_t form = 0; form < sizeof forms / sizeof forms[0]; form++) {
        if ((bytes[0] & forms[form].mask) != forms[form].lead) {
            continue;
        }
        unsigned character = bytes[0] & (unsigned char)~forms[form].mask;
        size_t at = 1;
        for (; at <= form && (bytes[at] & 0xc0) == 0x80; at++) {
            character = character << 6 | (bytes[at] & 0x3fu);
        }
        bool surrogate = character >= 0xd800 && character <= 0xdfff;
        if (at == form + 1 && character >= forms[form].least && character <= 0x10ffff && !surrogate) {
            *length = at;
            return character;
        }
    }
    *length = 1;
    return 0xfffd;
}

bool mill_view_is_unseen(unsigned character)
{
    static const struct {
        unsigned first, last;
    } ranges[] = {
        {0x00, 0x1f},     {0x7f, 0x9f},     {0x200b, 0x200f},   {0x2028, 0x202e},
        {0x2060, 0x206f}, {0xfeff, 0xfeff}, {0xfff9, 0xfffb},   {0xfffe, 0xffff},
        {0x61c, 0x61c},   {0xad, 0xad},     {0xe0000, 0xe007f},
    };
    for (size_t i = 0; i < sizeof ranges / sizeof ranges[0]; i++) {
        if (character >= ranges[i].first && character <= ranges[i].last) {
            return true;
        }
    }
    return false;
}
