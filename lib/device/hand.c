#include "device/hand.h"

#include <errno.h>
#include <math.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "core/text.h"

#define SHORTEST_US 1000u
#define SECONDS_MAX 1e9 /* thirty years, and a double still tells microseconds apart */

struct point {
    uint64_t at_us;
    double degrees;
};

struct mill_hand {
    enum { SINE, STEPS, POINTS } kind;
    double degrees;
    uint64_t period_us;
    size_t count; /* of points, at least two */
    struct point points[];
};

/* A decimal number and nothing else. */
static bool number_from(const char *text, double *value)
{
    char *end;
    if (text[0] == '\0' || text[strspn(text, "+-.0123456789eE")] != '\0') {
        return false;
    }
    *value = strtod(text, &end);
    return *end == '\0' && isfinite(*value);
}

static int periodic(const char *text, const char *rest, bool sine, struct mill_hand **hand,
                    struct mill_error *error)
{
    char degrees_text[32] = "";
    const char *colon = strchr(rest, ':');
    double degrees;
    uint64_t period_ns;
    if (colon == NULL || (size_t)(colon - rest) >= sizeof degrees_text) {
        return mill_error_set(error, -EINVAL, "hand: '%s' is not %s:DEGREES:PERIOD", text,
                              sine ? "sine" : "steps");
    }
    memcpy(degrees_text, rest, (size_t)(colon - rest));
    if (!number_from(degrees_text, &degrees) || fabs(degrees) > MILL_HAND_DEGREES_MAX) {
        return mill_error_set(error, -EINVAL, "hand: '%s' is no number of degrees up to %g", degrees_text,
                              MILL_HAND_DEGREES_MAX);
    }
    if (mill_parse_duration(colon + 1, &period_ns) < 0 || period_ns < SHORTEST_US * 1000u ||
        period_ns % 1000 != 0) {
        return mill_error_set(
            error, -EINVAL, "hand: '%s' is no period of whole microseconds from 1ms on, such as 2s or 500ms",
            colon + 1);
    }
    struct mill_hand *made = calloc(1, sizeof *made);
    if (made == NULL) {
        return mill_error_set(error, -ENOMEM, "hand: no memory");
    }
    made->kind = sine ? SINE : STEPS;
    made->degrees = degrees;
    made->period_us = period_ns / 1000;
    *hand = made;
    return 0;
}

/* One line of a file. 1 with a point, 0 without, -EINVAL. */
static int point_from(char *line, struct point *point)
{
    line[strcspn(line, "#")] = '\0';
    char *rest;
    const char *seconds_text = strtok_r(line, " \t\r", &rest);
    if (seconds_text == NULL) {
        return 0;
    }
    const char *degrees_text = strtok_r(NULL, " \t\r", &rest);
    double seconds;
    if (degrees_text == NULL || strtok_r(NULL, " \t\r", &rest) != NULL ||
        !number_from(seconds_text, &seconds) || !number_from(degrees_text, &point->degrees) ||
        !(seconds >= 0 && seconds <= SECONDS_MAX) || fabs(point->degrees) > MILL_HAND_DEGREES_MAX) {
        return -EINVAL;
    }
    point->at_us = (uint64_t)llround(seconds * 1e6);
    return 1;
}

static size_t lines_of(const char *text, size_t length)
{
    size_t lines = 1;
    for (size_t i = 0; i < length; i++) {
        lines += text[i] == '\n';
    }
    return lines;
}

/* Reads the lines of `text`, which are cut up by that, into `made`, which has room for all of them. */
static int points_from(const char *path, char *text, size_t length, struct mill_hand *made,
                       struct mill_error *error)
{
    char *line = text;
    for (size_t number = 1; line <= text + length; number++) {
        char *end = memchr(line, '\n', (size_t)(text + length - line));
        end = end != NULL ? end : text + length;
        *end = '\0';
        struct point *point = &made->points[made->count];
        int found = strlen(line) == (size_t)(end - line) ? point_from(line, point) : -EINVAL;
        if (found < 0) {
            return mill_error_set(error, -EINVAL,
                                  "hand: %s:%zu: expected `seconds degrees`, from 0 to %g and up to %g", path,
                                  number, SECONDS_MAX, MILL_HAND_DEGREES_MAX);
        }
        if (found > 0 && made->count > 0 && point->at_us < point[-1].at_us + SHORTEST_US) {
            return mill_error_set(error, -EINVAL, "hand: %s:%zu: not at least 1 ms after the line before",
                                  path, number);
        }
        made->count += (size_t)found;
        line = end + 1;
    }
    if (made->count < 2) {
        return mill_error_set(error, -EINVAL, "hand: %s: %zu lines with a position, and two are the least",
                              path, made->count);
    }
    made->period_us = made->points[made->count - 1].at_us;
    return 0;
}

static int from_file(const char *path, struct mill_hand **hand, struct mill_error *error)
{
    char *text = NULL;
    size_t length;
    int status = mill_read_file(path, MILL_HAND_FILE_MAX, &text, &length, error);
    if (status < 0) {
        return mill_error_set(error, status, "hand: %s", error != NULL ? error->message : "");
    }
    struct mill_hand *made = calloc(1, sizeof *made + lines_of(text, length) * sizeof made->points[0]);
    if (made == NULL) {
        status = mill_error_set(error, -ENOMEM, "hand: %s: no memory", path);
    } else {
        made->kind = POINTS;
        status = points_from(path, text, length, made, error);
    }
    free(text);
    if (status < 0) {
        free(made);
        return status;
    }
    *hand = made;
    return 0;
}

int mill_hand_create(const char *text, struct mill_hand **hand, struct mill_error *error)
{
    if (text == NULL || hand == NULL) {
        return mill_error_set(error, -EINVAL, "hand: none given");
    }
    const char *rest = strchr(text, ':');
    size_t word = rest != NULL ? (size_t)(rest - text) : 0;
    if (word == 4 && strncmp(text, "sine", word) == 0) {
        return periodic(text, rest + 1, true, hand, error);
    }
    if (word == 5 && strncmp(text, "steps", word) == 0) {
        return periodic(text, rest + 1, false, hand, error);
    }
    if (word == 4 && strncmp(text, "file", word) == 0) {
        return from_file(rest + 1, hand, error);
    }
    return mill_error_set(
        error, -EINVAL,
        "hand: '%s' is none; there are sine:DEGREES:PERIOD, steps:DEGREES:PERIOD and file:PATH", text);
}

void mill_hand_destroy(struct mill_hand *hand)
{
    free(hand);
}

/* The points are in the order of time, and the last is at the period's end, where `at_us` never is. */
static double between_points(const struct mill_hand *hand, uint64_t at_us)
{
    size_t low = 0;
    size_t high = hand->count - 1;
    if (at_us <= hand->points[0].at_us) {
        return hand->points[0].degrees;
    }
    while (high - low > 1) {
        size_t middle = low + (high - low) / 2;
        *(hand->points[middle].at_us <= at_us ? &low : &high) = middle;
    }
    const struct point *from = &hand->points[low];
    const struct point *to = &hand->points[high];
    double part = (double)(at_us - from->at_us) / (double)(to->at_us - from->at_us);
    return from->degrees + part * (to->degrees - from->degrees);
}

double mill_hand_degrees(const struct mill_hand *hand, uint64_t t_us)
{
    const double two_pi = 6.28318530717958647692;
    uint64_t at_us = t_us % hand->period_us;
    switch (hand->kind) {
    case SINE:
        return hand->degrees * sin(two_pi * (double)at_us / (double)hand->period_us);
    case STEPS:
        return t_us / hand->period_us % 2 == 1 ? hand->degrees : 0;
    case POINTS:
        break;
    }
    return between_points(hand, at_us);
}
