#include "device/faults.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "device/wire.h"

enum { value_parts = 3 };

/* Cuts `text` at its colons; the number of parts, or 0 where there are more than value_parts. */
static size_t split(char *text, char *parts[value_parts])
{
    size_t count = 0;
    for (char *part = text; part != NULL; count++) {
        if (count == value_parts) {
            return 0;
        }
        parts[count] = part;
        part = strchr(part, ':');
        if (part != NULL) {
            *part++ = '\0';
        }
    }
    return count;
}

/* A decimal number, not signed and nothing around it. */
static bool read_real(const char *text, double minimum, double maximum, double *value)
{
    char *end;
    if (text[0] == '\0' || strspn(text, "0123456789.eE-") != strlen(text) || text[0] == '-') {
        return false;
    }
    double found = strtod(text, &end);
    if (*end != '\0' || !isfinite(found) || found < minimum || found > maximum) {
        return false;
    }
    *value = found;
    return true;
}

static bool read_time(const char *text, uint64_t *ns)
{
    return mill_parse_duration(text, ns) == 0 && *ns <= MILL_FAULT_DELAY_MAX_NS;
}

static bool take_latency(struct mill_faults *faults, char *parts[value_parts], size_t count)
{
    uint64_t deviation;
    if (count < 2 || !read_time(parts[1], &faults->latency_ns)) {
        return false;
    }
    if (strcmp(parts[0], "fixed") == 0) {
        faults->latency = MILL_LATENCY_FIXED;
        return count == 2;
    }
    if (strcmp(parts[0], "normal") == 0 && count == 3 && read_time(parts[2], &deviation)) {
        faults->latency = MILL_LATENCY_NORMAL;
        faults->latency_spread = (double)deviation;
        return true;
    }
    faults->latency = MILL_LATENCY_TAIL;
    return strcmp(parts[0], "tail") == 0 && count == 3 &&
           read_real(parts[2], 0.01, 1000, &faults->latency_spread);
}

static bool take_stall(struct mill_faults *faults, char *parts[value_parts], size_t count)
{
    return count == 2 && read_real(parts[0], 0, 1, &faults->stall) && read_time(parts[1], &faults->stall_ns);
}

static bool take_burst(struct mill_faults *faults, char *parts[value_parts], size_t count)
{
    int64_t length;
    if (count != 2 || !read_real(parts[0], 0, 1, &faults->burst) ||
        mill_parse_integer(parts[1], &length) < 0 || length < 1 || length > 1000000) {
        return false;
    }
    faults->burst_length = (unsigned)length;
    return true;
}

static bool take_power(struct mill_faults *faults, char *parts[value_parts], size_t count)
{
    return count == 2 && read_real(parts[0], 0, 1, &faults->power) &&
           read_time(parts[1], &faults->power_off_ns);
}

/* One connection stays free: by it the fault is ended again. */
static bool take_slow_loris(struct mill_faults *faults, char *parts[value_parts], size_t count)
{
    int64_t kept;
    if (count != 1 || mill_parse_integer(parts[0], &kept) < 0 || kept < 0 || kept >= MILL_WIRE_HTTP_CLIENTS) {
        return false;
    }
    faults->kept_connections = (unsigned)kept;
    return true;
}

struct kind {
    const char *name;
    const char *form; /* of its value, for who got it wrong */
    bool (*take)(struct mill_faults *faults, char *parts[value_parts], size_t count);
    size_t probability; /* where `take` is NULL: the offset of a probability that stands alone */
};

#define A_PROBABILITY "a probability from 0 to 1"

static const struct kind kinds[] = {
    {"latency", "fixed:TIME, normal:MEAN:DEVIATION or tail:MEDIAN:ALPHA (0.01 to 1000), times up to 60s",
     take_latency, 0},
    {"drop", A_PROBABILITY, NULL, offsetof(struct mill_faults, drop)},
    {"reset", A_PROBABILITY, NULL, offsetof(struct mill_faults, reset)},
    {"half", A_PROBABILITY, NULL, offsetof(struct mill_faults, half)},
    {"garbage", A_PROBABILITY, NULL, offsetof(struct mill_faults, garbage)},
    {"stall", A_PROBABILITY ", a colon and a time up to 60s", take_stall, 0},
    {"5xx", A_PROBABILITY ", a colon and a whole number from 1 to 1000000", take_burst, 0},
    {"power", A_PROBABILITY ", a colon and a time up to 60s", take_power, 0},
    {"slow-loris", "a whole number from 0 to 7", take_slow_loris, 0},
    {"gap", A_PROBABILITY, NULL, offsetof(struct mill_faults, gap)},
    {"twice", A_PROBABILITY, NULL, offsetof(struct mill_faults, twice)},
};

enum { kind_count = sizeof kinds / sizeof kinds[0] };

static bool take_value(const struct kind *kind, char *value, struct mill_faults *faults)
{
    char *parts[value_parts];
    size_t count = split(value, parts);
    if (kind->take != NULL) {
        return kind->take(faults, parts, count);
    }
    return count == 1 && read_real(parts[0], 0, 1, (double *)(void *)((char *)faults + kind->probability));
}

static int take_word(char *word, unsigned *seen, struct mill_faults *faults, struct mill_error *error)
{
    const char *names[kind_count];
    char near[128], whole[64];
    snprintf(whole, sizeof whole, "%s", word);
    char *value = strchr(word, '=');
    if (value != NULL) {
        *value++ = '\0';
    }
    for (unsigned i = 0; i < kind_count; i++) {
        names[i] = kinds[i].name;
        if (strcmp(word, kinds[i].name) != 0) {
            continue;
        }
        if ((*seen & 1u << i) != 0) {
            return mill_error_set(error, -EINVAL, "faults: '%s' comes twice", word);
        }
        *seen |= 1u << i;
        if (value == NULL || !take_value(&kinds[i], value, faults)) {
            return mill_error_set(error, -EINVAL, "faults: '%s' is not understood; %s takes %s", whole, word,
                                  kinds[i].form);
        }
        return 0;
    }
    mill_nearest(near, sizeof near, word, names, kind_count);
    return mill_error_set(error, -EINVAL,
                          "faults: there is no '%s'%s%s; there are latency, drop, reset, half, garbage, "
                          "stall, 5xx, power, slow-loris, gap and twice",
                          word, near[0] != '\0' ? ", perhaps " : "", near);
}

int mill_faults_parse(const char *text, struct mill_faults *faults, struct mill_error *error)
{
    if (text == NULL || faults == NULL) {
        return mill_error_set(error, -EINVAL, "faults: no text");
    }
    struct mill_faults found = {0};
    char word[64];
    unsigned seen = 0;
    int status = 0;
    const char *rest = text[0] != '\0' ? text : NULL;
    while ((status = mill_list_next(&rest, word, sizeof word)) > 0) {
        status = take_word(word, &seen, &found, error);
        if (status < 0) {
            return status;
        }
    }
    if (status < 0) {
        return mill_error_set(error, -EINVAL, "faults: '%.100s' is no list of fault=value joined by commas",
                              text);
    }
    *faults = found;
    return 0;
}
