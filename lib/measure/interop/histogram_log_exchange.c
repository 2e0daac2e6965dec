/* The C side of the exchange with hdr-histogram-js, driven by histogram_log_test.mjs:
 *
 *     histogram_log_exchange write SEED     an interval log of several series, on standard output
 *     histogram_log_exchange expect SEED    what a reader must find in that log, as JSON
 *     histogram_log_exchange read           decodes each line of standard input, and prints what it found, as
 * JSON
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/random.h"
#include "measure/histogram_log.h"

#define STARTED_MS UINT64_C(1700000000123)

static const double percents[] = {0, 1, 25, 50, 75, 90, 95, 97.5, 99, 99.5, 99.9, 99.95, 99.99, 99.999, 100};

/* In (0, 1]. */
static double random_part(struct mill_random *random)
{
    return (double)((mill_random_next(random) >> 11) + 1) * 0x1p-53;
}

static void put_lognormal(struct mill_histogram *histogram, struct mill_random *random)
{
    for (int i = 0; i < 200000; i++) {
        double radius = sqrt(-2 * log(random_part(random)));
        double normal = radius * cos(6.283185307179586 * random_part(random));
        mill_histogram_record(histogram, (uint64_t)exp(7.6 + 1.2 * normal));
    }
}

/* Every width of value, up to beyond one hour. */
static void put_any_width(struct mill_histogram *histogram, struct mill_random *random)
{
    for (int i = 0; i < 30011; i++) {
        mill_histogram_record(histogram, mill_random_next(random) >> (20 + mill_random_below(random, 44)));
    }
}

static void put_large_counts(struct mill_histogram *histogram, struct mill_random *random)
{
    for (int i = 0; i < 100; i++) {
        uint64_t value = mill_random_below(random, 100000);
        uint64_t count = mill_random_next(random) >> (20 + mill_random_below(random, 40));
        histogram->slots[mill_histogram_slot(value)] += count;
        histogram->count += count;
        mill_histogram_record(histogram, value);
    }
}

static void put_one(struct mill_histogram *histogram, struct mill_random *random)
{
    mill_histogram_record(histogram, mill_random_below(random, 1000000000));
}

static void put_zeros(struct mill_histogram *histogram, struct mill_random *random)
{
    for (uint64_t i = 1 + mill_random_below(random, 1000); i > 0; i--) {
        mill_histogram_record(histogram, 0);
    }
}

static void put_nothing(struct mill_histogram *histogram, struct mill_random *random)
{
    (void)histogram;
    (void)random;
}

/* One line of the log each. */
static const struct series {
    const char *tag; /* as given to the writer; NULL for none */
    const char *tag_read;
    double start_s, length_s;
    void (*put)(struct mill_histogram *histogram, struct mill_random *random);
} all_series[] = {
    {"ticket", "ticket", 0, 1.5, put_lognormal},
    {NULL, NULL, 0.25, 1, put_lognormal},
    {"any width, of it", "any_width__of_it", 1.5, 2.125, put_any_width},
    {"large-counts", "large-counts", 3.625, 0.001, put_large_counts},
    {"ticket", "ticket", 10, 60, put_one},
    {"zeros", "zeros", 70, 1, put_zeros},
    {"nothing", "nothing", 71, 3600, put_nothing},
};

#define SERIES_COUNT (sizeof all_series / sizeof all_series[0])

static void fill(struct mill_histogram *histogram, size_t index, uint64_t seed)
{
    struct mill_random random;
    mill_random_seed(&random, seed, index);
    mill_histogram_reset(histogram);
    all_series[index].put(histogram, &random);
}

static int write_log(struct mill_histogram *histogram, uint64_t seed)
{
    struct mill_text log = {0};
    int status = 0;
    mill_histogram_log_header(&log, "histogram_log_exchange", STARTED_MS);
    for (size_t i = 0; i < SERIES_COUNT && status == 0; i++) {
        fill(histogram, i, seed);
        status = mill_histogram_log_line(&log, all_series[i].tag, all_series[i].start_s,
                                         all_series[i].length_s, histogram);
    }
    if (status == 0) {
        fputs(log.text, stdout);
    }
    mill_text_free(&log);
    return status;
}

/* An encoding holds slots, not the extremes within them: what is read from it is the end of a slot. */
static uint64_t end_of_slot(uint64_t value, double percent)
{
    value = value < MILL_HISTOGRAM_HIGHEST ? value : MILL_HISTOGRAM_HIGHEST;
    return percent > 0 ? mill_histogram_highest_equivalent(value) : mill_histogram_lowest_equivalent(value);
}

static void print_facts(const struct mill_histogram *histogram)
{
    bool any = histogram->count > 0;
    printf("\"count\": %" PRIu64 ", \"mean\": %.17g, \"percentiles\": [", histogram->count,
           mill_histogram_mean(histogram));
    for (size_t i = 0; i < sizeof percents / sizeof percents[0]; i++) {
        printf("%s[%.17g, %" PRIu64 "]", i > 0 ? ", " : "", percents[i],
               !any ? 0 : end_of_slot(mill_histogram_percentile(histogram, percents[i]), percents[i]));
    }
    printf("]");
}

static void print_expectations(struct mill_histogram *histogram, uint64_t seed)
{
    printf("[");
    for (size_t i = 0; i < SERIES_COUNT; i++) {
        const struct series *series = &all_series[i];
        fill(histogram, i, seed);
        const char *quote = series->tag_read ? "\"" : "";
        printf("%s{\"tag\": %s%s%s, \"start_ms\": %.17g, \"end_ms\": %.17g, ", i > 0 ? ",\n" : "", quote,
               series->tag_read ? series->tag_read : "null", quote,
               (double)STARTED_MS + 1000 * series->start_s,
               (double)STARTED_MS + 1000 * (series->start_s + series->length_s));
        print_facts(histogram);
        printf("}");
    }
    printf("]\n");
}

static int read_lines(struct mill_histogram *histogram)
{
    char *line = NULL;
    size_t size = 0;
    int status = 0;
    bool first = true;
    printf("[");
    while (status == 0 && getline(&line, &size, stdin) > 0) {
        struct mill_error error;
        line[strcspn(line, "\n")] = '\0';
        status = mill_histogram_decode(histogram, line, &error);
        if (status < 0) {
            fprintf(stderr, "%s\n", error.message);
            break;
        }
        printf("%s{", first ? "" : ",\n");
        print_facts(histogram);
        printf("}");
        first = false;
    }
    printf("]\n");
    free(line);
    return status;
}

int main(int argc, char **argv)
{
    const char *mode = argc > 1 ? argv[1] : "";
    uint64_t seed = argc > 2 ? strtoull(argv[2], NULL, 10) : 0;
    struct mill_histogram *histogram;
    int status = mill_histogram_create(&histogram);
    if (status < 0) {
        fprintf(stderr, "%s\n", strerror(-status));
        return EXIT_FAILURE;
    }
    if (strcmp(mode, "write") == 0 && argc == 3) {
        status = write_log(histogram, seed);
    } else if (strcmp(mode, "expect") == 0 && argc == 3) {
        print_expectations(histogram, seed);
    } else if (strcmp(mode, "read") == 0 && argc == 2) {
        status = read_lines(histogram);
    } else {
        fprintf(stderr, "usage: %s write SEED | expect SEED | read\n", argv[0]);
        status = -EINVAL;
    }
    mill_histogram_destroy(histogram);
    return status == 0 ? EXIT_SUCCESS : EXIT_FAILURE;
}
