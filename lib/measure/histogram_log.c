#include "measure/histogram_log.h"

#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#define TIME_MAXIMUM_S 1e12

struct decimal {
    char text[32];
};

/* printf would write the decimal point of the locale. */
static struct decimal thousandths(uint64_t count)
{
    struct decimal decimal;
    snprintf(decimal.text, sizeof decimal.text, "%" PRIu64 ".%03" PRIu64, count / 1000, count % 1000);
    return decimal;
}

/* A copy in which characters up to `last_refused`, commas if those are refused, and DEL are '_'; NULL when
 * memory is out. */
static char *cleaned(const char *text, char last_refused, const char *also_refused)
{
    char *copy = strdup(text);
    for (char *c = copy; c && *c != '\0'; c++) {
        unsigned char byte = (unsigned char)*c;
        if (byte <= (unsigned char)last_refused || byte == 0x7f || strchr(also_refused, *c)) {
            *c = '_';
        }
    }
    return copy;
}

void mill_histogram_log_header(struct mill_text *log, const char *program, uint64_t started_ms)
{
    char date[64] = "";
    struct tm utc;
    time_t seconds = (time_t)(started_ms / 1000);
    if (gmtime_r(&seconds, &utc)) {
        strftime(date, sizeof date, ", %Y-%m-%dT%H:%M:%SZ", &utc);
    }
    char *name = cleaned(program, '\x1f', "");
    if (!name) {
        log->failed = true;
        return;
    }
    mill_text_add(
        log,
        "#[Logged by %s]\n"
        "#[Histogram log format version 1.3]\n"
        "#[StartTime: %s (seconds since epoch)%s]\n"
        "\"StartTimestamp\",\"Interval_Length\",\"Interval_Max\",\"Interval_Compressed_Histogram\"\n",
        name, thousandths(started_ms).text, date);
    free(name);
}

static bool time_valid(double seconds)
{
    return seconds >= 0 && seconds <= TIME_MAXIMUM_S;
}

int mill_histogram_log_line(struct mill_text *log, const char *tag, double start_s, double length_s,
                            const struct mill_histogram *histogram)
{
    if (!time_valid(start_s) || !time_valid(length_s)) {
        return -EINVAL;
    }
    char *encoded = NULL;
    char *name = cleaned(tag ? tag : "", ' ', ",");
    int status = name ? mill_histogram_encode(histogram, &encoded) : -ENOMEM;
    if (status == 0) {
        /* microseconds with a decimal point in front of the last three digits are milliseconds */
        uint64_t maximum_us = histogram->maximum / 1000 + (histogram->maximum % 1000 >= 500);
        mill_text_add(log, "%s%s%s%s,%s,%s,%s\n", *name ? "Tag=" : "", name, *name ? "," : "",
                      thousandths((uint64_t)llround(start_s * 1000)).text,
                      thousandths((uint64_t)llround(length_s * 1000)).text, thousandths(maximum_us).text,
                      encoded);
        status = log->failed ? -ENOMEM : 0;
    }
    free(encoded);
    free(name);
    return status;
}
