/* Words in, numbers out, and back: parsing that refuses what it does not understand, and names what was
 * meant.
 *
 * All functions are pure but for the buffers they are given; any thread may call them.
 */
#ifndef MILL_CORE_TEXT_H
#define MILL_CORE_TEXT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* A whole decimal number, optionally negative, nothing around it. 0, -EINVAL (not a number) or -ERANGE. */
int mill_parse_integer(const char *text, int64_t *value);

/* A duration: a decimal number and one of ns, us, ms, s, m, h ("100ns", "1.5ms"); a bare 0 needs no unit. The
 * result is exact: what is not a whole number of nanoseconds ("0.5ns") is -EINVAL. 0, -EINVAL or -ERANGE. */
int mill_parse_duration(const char *text, uint64_t *ns);

/* "12.3 us" and the like: three significant digits and the unit that fits, ns to h; "0 ns". Returns
 * `buffer`. */
const char *mill_format_duration(char *buffer, size_t size, double ns);

/* "12.3 M" and the like: three significant digits and a power of a thousand; whole numbers below a
 * thousand as they are ("7"). Returns `buffer`. */
const char *mill_format_count(char *buffer, size_t size, double count);

/* Writes into `buffer` the up to three names nearest to `word` (Damerau-Levenshtein distance at most a third
 * of the word's length plus one, or the word as a part of the name; case is ignored), nearest first and else
 * in the order of `names`, as "'a', 'b' or 'c'"; an empty string when none is near. Names that do not fit are
 * left away whole. Names and words over 63 bytes are near only as a part. Returns `buffer`. */
const char *mill_nearest(char *buffer, size_t size, const char *word, const char *const *names, size_t count);

/* The next item of a comma-separated list: copies it into `item` and moves *list on, to NULL behind the last.
 * Returns 1, 0 at the end (*list is NULL), -EINVAL for an empty item ("", "a,,b", "a,") and -ENAMETOOLONG for
 * one that does not fit; after an error *list stays at that item.
 *
 *     while ((status = mill_list_next(&list, item, sizeof item)) > 0)
 *         use(item);
 */
int mill_list_next(const char **list, char *item, size_t size);

/* A growing string. Zero-initialised it is empty. After memory ran out `failed` is true, text stays what it
 * was and further additions do nothing. Belongs to one thread. */
struct mill_text {
    char *text; /* owned; NULL while empty */
    size_t length;
    size_t capacity;
    bool failed;
};

void mill_text_add(struct mill_text *text, const char *format, ...) __attribute__((format(printf, 2, 3)));
void mill_text_free(struct mill_text *text);

#endif
