#include "core/text.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

__extension__ typedef unsigned __int128 wide;

static bool is_digit(char c)
{
    return c >= '0' && c <= '9';
}

/* Reads digits from *text on and moves it behind them. A value over UINT64_MAX stays at that and sets
 * *overflow, so that the syntax of what follows can still be judged. */
static uint64_t read_digits(const char **text, bool *overflow)
{
    uint64_t value = 0;
    for (; is_digit(**text); (*text)++) {
        if (__builtin_mul_overflow(value, 10u, &value) ||
            __builtin_add_overflow(value, (uint64_t)(**text - '0'), &value)) {
            *overflow = true;
            value = UINT64_MAX;
        }
    }
    return value;
}

int mill_parse_integer(const char *text, int64_t *value)
{
    bool negative = *text == '-';
    text += negative;
    if (!is_digit(*text)) {
        return -EINVAL;
    }
    bool overflow = false;
    uint64_t magnitude = read_digits(&text, &overflow);
    if (*text != '\0') {
        return -EINVAL;
    }
    if (overflow || magnitude > (uint64_t)INT64_MAX + negative) {
        return -ERANGE;
    }
    if (negative && magnitude > 0) {
        *value = -(int64_t)(magnitude - 1) - 1; /* reaches INT64_MIN without passing INT64_MAX */
    } else {
        *value = (int64_t)magnitude;
    }
    return 0;
}

struct unit {
    const char *name;
    uint64_t size; /* in the first unit of its table */
};

static const struct unit durations[] = {
    {"ns", 1},          {"us", 1000},          {"ms", 1000000},
    {"s", 1000000000u}, {"m", 60000000000ull}, {"h", 3600000000000ull},
};
static const size_t duration_count = sizeof durations / sizeof durations[0];

static const struct unit powers[] = {
    {"", 1},
    {"k", 1000},
    {"M", 1000000},
    {"G", 1000000000u},
    {"T", 1000000000000ull},
    {"P", 1000000000000000ull},
    {"E", 1000000000000000000ull},
};
static const size_t power_count = sizeof powers / sizeof powers[0];

static const struct unit *duration_unit(const char *name)
{
    for (size_t i = 0; i < duration_count; i++) {
        if (strcmp(durations[i].name, name) == 0) {
            return &durations[i];
        }
    }
    return NULL;
}

/* Reads ".digits", if it is there, as numerator / denominator without trailing zeros. -EINVAL without digits,
 * or with more than 19: no unit has a whole number of nanoseconds in its tenth to the twentieth part. */
static int read_fraction(const char **text, uint64_t *numerator, uint64_t *denominator)
{
    *numerator = 0;
    *denominator = 1;
    if (**text != '.') {
        return 0;
    }
    const char *end = ++*text;
    while (is_digit(*end)) {
        end++;
    }
    const char *last = end;
    while (last > *text && last[-1] == '0') {
        last--;
    }
    if (end == *text || last - *text > 19) {
        return -EINVAL;
    }
    for (; *text < last; (*text)++) {
        *numerator = *numerator * 10 + (uint64_t)(**text - '0');
        *denominator *= 10;
    }
    *text = end;
    return 0;
}

int mill_parse_duration(const char *text, uint64_t *ns)
{
    if (strcmp(text, "0") == 0) {
        *ns = 0;
        return 0;
    }
    if (!is_digit(*text)) {
        return -EINVAL;
    }
    bool overflow = false;
    uint64_t whole = read_digits(&text, &overflow);
    uint64_t numerator, denominator;
    int status = read_fraction(&text, &numerator, &denominator);
    if (status < 0) {
        return status;
    }
    const struct unit *unit = duration_unit(text);
    if (!unit) {
        return -EINVAL;
    }
    wide part = (wide)numerator * unit->size;
    if (part % denominator != 0) {
        return -EINVAL;
    }
    wide total = (wide)whole * unit->size + part / denominator;
    if (overflow || total > UINT64_MAX) {
        return -ERANGE;
    }
    *ns = (uint64_t)total;
    return 0;
}

/* `value` rounded to three significant digits; *decimals is how many of them stand behind the point. */
static double round_three(double value, int *decimals)
{
    char text[32];
    snprintf(text, sizeof text, "%.2e", value);
    int exponent = (int)strtol(strchr(text, 'e') + 1, NULL, 10);
    *decimals = exponent < 2 ? 2 - exponent : 0;
    return strtod(text, NULL);
}

static const char *format_scaled(char *buffer, size_t size, double value, const struct unit *units,
                                 size_t count)
{
    const char *sign = value < 0 ? "-" : "";
    double left = value < 0 ? -value : value;
    int decimals = 0;
    size_t i = 0;
    for (; i + 1 < count; i++) {
        double ratio = (double)units[i + 1].size / (double)units[i].size;
        double rounded = round_three(left, &decimals);
        if (rounded < ratio) {
            break;
        }
        left = (left < ratio ? rounded : left) / ratio; /* 999.9 ns and 59.99 s are one of the next unit */
    }
    round_three(left, &decimals);
    if (decimals > 9) {
        snprintf(buffer, size, "%s%.2e%s%s", sign, left, units[i].name[0] ? " " : "", units[i].name);
    } else {
        snprintf(buffer, size, "%s%.*f%s%s", sign, decimals, left, units[i].name[0] ? " " : "",
                 units[i].name);
    }
    return buffer;
}

/* Neither a number that can be scaled, nor one that needs it. */
static bool is_plain(double value)
{
    return value == 0 || value != value || value - value != 0;
}

const char *mill_format_duration(char *buffer, size_t size, double ns)
{
    if (is_plain(ns)) {
        snprintf(buffer, size, "%.0f ns", ns == 0 ? 0.0 : ns);
        return buffer;
    }
    return format_scaled(buffer, size, ns, durations, duration_count);
}

const char *mill_format_count(char *buffer, size_t size, double count)
{
    if (is_plain(count) || (count > -1000 && count < 1000 && count == (double)(int)count)) {
        snprintf(buffer, size, "%.0f", count == 0 ? 0.0 : count);
        return buffer;
    }
    return format_scaled(buffer, size, count, powers, power_count);
}

enum { longest_word = 63, most_names = 3 };

static char lower(char c)
{
    return c >= 'A' && c <= 'Z' ? (char)(c - 'A' + 'a') : c;
}

static size_t least(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Insertions, deletions, substitutions and swaps of neighbours that lead from a to b (optimal string
 * alignment, the common form of Damerau-Levenshtein), ignoring case. Three rows of the table are alive at a
 * time. */
static size_t distance(const char *a, const char *b)
{
    size_t a_length = strlen(a);
    size_t b_length = strlen(b);
    if (a_length > longest_word || b_length > longest_word) {
        return SIZE_MAX;
    }
    size_t rows[3][longest_word + 1];
    for (size_t j = 0; j <= b_length; j++) {
        rows[0][j] = j;
    }
    for (size_t i = 1; i <= a_length; i++) {
        size_t *row = rows[i % 3];
        const size_t *above = rows[(i + 2) % 3];
        const size_t *second_above = rows[(i + 1) % 3];
        row[0] = i;
        for (size_t j = 1; j <= b_length; j++) {
            bool same = lower(a[i - 1]) == lower(b[j - 1]);
            row[j] = least(least(above[j], row[j - 1]) + 1, above[j - 1] + !same);
            if (i > 1 && j > 1 && lower(a[i - 1]) == lower(b[j - 2]) && lower(a[i - 2]) == lower(b[j - 1])) {
                row[j] = least(row[j], second_above[j - 2] + 1);
            }
        }
    }
    return rows[a_length % 3][b_length];
}

const char *mill_nearest(char *buffer, size_t size, const char *word, const char *const *names, size_t count)
{
    const char *best[most_names];
    size_t scores[most_names];
    size_t found = 0;
    size_t limit = strlen(word) / 3 + 1;
    for (size_t i = 0; i < count && word[0] != '\0'; i++) {
        size_t score = distance(word, names[i]);
        if (score > limit && strcasestr(names[i], word)) {
            score = limit;
        }
        if (score > limit) {
            continue;
        }
        size_t at = found;
        while (at > 0 && scores[at - 1] > score) {
            at--;
        }
        if (at == most_names) {
            continue;
        }
        size_t last = found < most_names ? found++ : most_names - 1;
        memmove(&best[at + 1], &best[at], (last - at) * sizeof best[0]);
        memmove(&scores[at + 1], &scores[at], (last - at) * sizeof scores[0]);
        best[at] = names[i];
        scores[at] = score;
    }
    /* Names are given whole: what does not fit is left away from the farthest on. */
    int length = 0;
    for (; found > 0; found--) {
        if (found == 3) {
            length = snprintf(buffer, size, "'%s', '%s' or '%s'", best[0], best[1], best[2]);
        } else if (found == 2) {
            length = snprintf(buffer, size, "'%s' or '%s'", best[0], best[1]);
        } else {
            length = snprintf(buffer, size, "'%s'", best[0]);
        }
        if (length >= 0 && (size_t)length < size) {
            return buffer;
        }
    }
    if (size > 0) {
        buffer[0] = '\0';
    }
    return buffer;
}

int mill_list_next(const char **list, char *item, size_t size)
{
    if (!*list) {
        return 0;
    }
    const char *comma = strchr(*list, ',');
    size_t length = comma ? (size_t)(comma - *list) : strlen(*list);
    if (length == 0) {
        return -EINVAL;
    }
    if (length >= size) {
        return -ENAMETOOLONG;
    }
    memcpy(item, *list, length);
    item[length] = '\0';
    *list = comma ? comma + 1 : NULL;
    return 1;
}

static bool reserve(struct mill_text *text, size_t added)
{
    size_t needed;
    if (__builtin_add_overflow(text->length, added, &needed) || __builtin_add_overflow(needed, 1u, &needed)) {
        return false;
    }
    if (needed <= text->capacity) {
        return true;
    }
    size_t capacity = text->capacity > 0 ? text->capacity : 64;
    while (capacity < needed) {
        if (__builtin_mul_overflow(capacity, 2u, &capacity)) {
            capacity = needed;
        }
    }
    char *grown = realloc(text->text, capacity);
    if (!grown) {
        return false;
    }
    text->text = grown;
    text->capacity = capacity;
    return true;
}

void mill_text_add(struct mill_text *text, const char *format, ...)
{
    if (text->failed) {
        return;
    }
    va_list arguments;
    va_start(arguments, format);
    va_list again;
    va_copy(again, arguments);
    int added = vsnprintf(NULL, 0, format, arguments);
    if (added < 0 || !reserve(text, (size_t)added)) {
        text->failed = true;
    } else {
        vsnprintf(text->text + text->length, (size_t)added + 1, format, again);
        text->length += (size_t)added;
    }
    va_end(again);
    va_end(arguments);
}

void mill_text_free(struct mill_text *text)
{
    free(text->text);
    *text = (struct mill_text){0};
}
