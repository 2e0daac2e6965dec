/* What views share; private to this folder. Pure functions; those that append set `failed` of the text when
 * memory runs out.
 */
#ifndef MILL_REPORT_VIEW_PARTS_H
#define MILL_REPORT_VIEW_PARTS_H

#include "report/views.h"

/* Members of an object: "" and 0 where there is none of that type. */
const char *mill_view_text(const json_t *object, const char *name);
long long mill_view_integer(const json_t *object, const char *name);

/* Is the document of this format? */
bool mill_view_is(const struct mill_view_input *input, const char *format);

/* -ENOTSUP: a document of this format has nothing for a view called `view`, for `reason`. */
int mill_view_unfit(const struct mill_view_input *input, const char *view, const char *reason,
                    struct mill_error *error);

/* 0 or -ENOMEM, by whether text could be appended. */
int mill_view_done(const struct mill_text *out);

/* "hold=100ns, think=0ns"; an empty string where there are none. */
void mill_view_parameters(struct mill_text *out, const json_t *parameters);

/* How many bytes of `text` from its beginning are printable ASCII and none of `special`. */
size_t mill_view_plain(const char *text, const char *special);

/* The next character of UTF-8 text, in `*length` bytes: its code point; what is no UTF-8 is one byte, and
 * 0xfffd. */
unsigned mill_view_character(const char *text, size_t *length);

/* Is the character one that neither shows nor parts words: a control, a mark of direction, an invisible
 * one? A view shows U+FFFD for it. */
bool mill_view_is_unseen(unsigned character);

#endif
