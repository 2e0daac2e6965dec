/* A recording as text. A table says the columns; a page of samples at a time is copied under the recorder's
 * lock and written without it.
 */
#include <errno.h>
#include <inttypes.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "core/file.h"
#include "device/recorder.h"
#include "device/wire_print.h"

#define PAGE     256u /* samples */
#define ROW_MAX  2048u
#define CELL_MAX 64u

/* ---- cells ---- */

enum column_type {
    UNSIGNED,
    SIGNED,
    NUMBER,
    SWITCH,
    STATUS,
    STEP,
};

struct column {
    const char *name;
    enum column_type type;
    size_t offset;
};

#define SAMPLE(type, member, label)                              \
    {                                                            \
        label, type, offsetof(struct mill_stream_sample, member) \
    }
#define LINE(type, member) SAMPLE(type, line.member, #member)

static const struct column columns[] = {
    SAMPLE(UNSIGNED, number, "number"),
    SAMPLE(UNSIGNED, arrived_ns, "arrived_ns"),
    SAMPLE(UNSIGNED, lag_ns, "lag_ns"),
    SAMPLE(STEP, step.kind, "step"),
    SAMPLE(UNSIGNED, step.missing, "missing"),
    LINE(UNSIGNED, timestamp_ms),
    LINE(UNSIGNED, t_us),
    LINE(UNSIGNED, loop_time_us),
    LINE(UNSIGNED, seq),
    LINE(NUMBER, position_turns),
    LINE(NUMBER, position_deg),
    LINE(NUMBER, torque_nm),
    LINE(NUMBER, filt_torque_nm),
    LINE(STATUS, status),
    LINE(NUMBER, omega_rad_s),
    LINE(SIGNED, passivity_mj),
    LINE(SWITCH, quiet),
    LINE(SIGNED, err),
    LINE(SIGNED, hb_age),
    LINE(SWITCH, data_valid),
};

#define COLUMNS (sizeof columns / sizeof columns[0])
_Static_assert(COLUMNS *(CELL_MAX + 24) <= ROW_MAX, "cells, names and what is around them fit into a row");

/* As few digits as give the same number again. */
static void print_number(char *cell, double number, const char *not_finite)
{
    if (!isfinite(number) && not_finite) {
        snprintf(cell, CELL_MAX, "%s", not_finite);
        return;
    }
    for (int digits = 15; digits <= 17; digits++) {
        snprintf(cell, CELL_MAX, "%.*g", digits, number);
        if (strtod(cell, NULL) == number) {
            return;
        }
    }
}

/* `quote`: around words, or "". */
static void print_word(char *cell, const char *word, const char *quote)
{
    snprintf(cell, CELL_MAX, "%s%s%s", quote, word ? word : "unknown", quote);
}

static void print_cell(char *cell, const struct mill_stream_sample *sample, const struct column *column,
                       enum mill_recorder_format format)
{
    const void *value = (const char *)sample + column->offset;
    bool json = format == MILL_RECORDER_JSONL;
    switch (column->type) {
    case UNSIGNED:
        snprintf(cell, CELL_MAX, "%" PRIu64, *(const uint64_t *)value);
        break;
    case SIGNED:
        snprintf(cell, CELL_MAX, "%" PRId64, *(const int64_t *)value);
        break;
    case NUMBER:
        print_number(cell, *(const double *)value, json ? "null" : NULL);
        break;
    case SWITCH:
        snprintf(cell, CELL_MAX, "%s", *(const bool *)value ? "true" : "false");
        break;
    case STATUS:
        print_word(cell, mill_sample_status_name(*(const enum mill_sample_status *)value), json ? "\"" : "");
        break;
    case STEP:
        print_word(cell, mill_stream_step_name(*(const enum mill_stream_step_kind *)value), json ? "\"" : "");
        break;
    }
}

/* ---- rows ---- */

struct row {
    size_t length;
    char text[ROW_MAX];
};

static void add(struct row *row, const char *before, const char *text)
{
    row->length +=
        (size_t)snprintf(row->text + row->length, sizeof row->text - row->length, "%s%s", before, text);
}

static void make_head(struct row *row)
{
    row->length = 0;
    for (size_t i = 0; i < COLUMNS; i++) {
        add(row, i > 0 ? "," : "", columns[i].name);
    }
    add(row, "\n", "");
}

static void make_row(struct row *row, const struct mill_stream_sample *sample,
                     enum mill_recorder_format format)
{
    char cell[CELL_MAX];
    row->length = 0;
    for (size_t i = 0; i < COLUMNS; i++) {
        print_cell(cell, sample, &columns[i], format);
        if (format == MILL_RECORDER_JSONL) {
            add(row, i > 0 ? ",\"" : "{\"", columns[i].name);
            add(row, "\":", cell);
        } else {
            add(row, i > 0 ? "," : "", cell);
        }
    }
    add(row, format == MILL_RECORDER_JSONL ? "}\n" : "\n", "");
}

/* ---- where it goes ---- */

struct sink {
    FILE *stream; /* or NULL: then the file */
    struct mill_replacement file;
};

static int put(struct sink *sink, const struct row *row, struct mill_error *error)
{
    if (!sink->stream) {
        return mill_replacement_write(&sink->file, row->text, row->length, error);
    }
    errno = 0;
    if (fwrite(row->text, 1, row->length, sink->stream) == row->length) {
        return 0;
    }
    int status = errno > 0 ? -errno : -EIO;
    return mill_error_set(error, status, "recording: writing: %s", strerror(-status));
}

static int put_page(struct sink *sink, enum mill_recorder_format format,
                    const struct mill_stream_sample *page, size_t count, struct mill_error *error)
{
    struct row row;
    int status = 0;
    for (size_t i = 0; i < count && status == 0; i++) {
        make_row(&row, &page[i], format);
        status = put(sink, &row, error);
    }
    return status;
}

/* From the oldest that is held to `end`, which is the next position when it began. */
static int put_pages(struct mill_recorder *recorder, enum mill_recorder_format format, struct sink *sink,
                     struct mill_recorder_saved *saved, struct mill_error *error)
{
    struct mill_recorder_metrics metrics;
    int status = 0;
    struct mill_stream_sample *page = calloc(PAGE, sizeof page[0]);
    if (!page) {
        return mill_error_set(error, -ENOMEM, "recording: out of memory");
    }
    mill_recorder_read(recorder, &metrics);
    uint64_t end = metrics.taken;
    for (uint64_t next = metrics.dropped; next < end && status == 0;) {
        uint64_t from = next;
        size_t count;
        size_t room = end - next < PAGE ? (size_t)(end - next) : PAGE;
        status = mill_recorder_copy(recorder, metrics.recording_number, &from, page, room, &count);
        if (status < 0) {
            mill_error_set(error, status, "recording: another one was started meanwhile");
            break;
        }
        uint64_t skipped_to = from < end ? from : end;
        size_t wanted = end - skipped_to < count ? (size_t)(end - skipped_to) : count;
        saved->missed += skipped_to - next;
        status = put_page(sink, format, page, wanted, error);
        saved->samples += status == 0 ? wanted : 0;
        next = skipped_to + wanted;
    }
    free(page);
    return status;
}

static int put_all(struct mill_recorder *recorder, enum mill_recorder_format format, struct sink *sink,
                   struct mill_recorder_saved *saved, struct mill_error *error)
{
    struct mill_recorder_saved unwanted;
    struct row head;
    int status = 0;
    saved = saved ? saved : &unwanted;
    *saved = (struct mill_recorder_saved){0};
    if (format == MILL_RECORDER_CSV) {
        make_head(&head);
        status = put(sink, &head, error);
    }
    return status == 0 ? put_pages(recorder, format, sink, saved, error) : status;
}

/* ---- export ---- */

const char *mill_recorder_format_name(enum mill_recorder_format format)
{
    static const char *const names[] = {[MILL_RECORDER_CSV] = "csv", [MILL_RECORDER_JSONL] = "jsonl"};
    return (size_t)format < sizeof names / sizeof names[0] ? names[format] : NULL;
}

int mill_recorder_write(struct mill_recorder *recorder, enum mill_recorder_format format, FILE *stream,
                        struct mill_recorder_saved *saved, struct mill_error *error)
{
    if (!recorder || !stream || !mill_recorder_format_name(format)) {
        return mill_error_set(error, -EINVAL, "recording: no recorder, no stream, or no such format");
    }
    struct sink sink = {.stream = stream};
    int status = put_all(recorder, format, &sink, saved, error);
    if (status == 0 && fflush(stream) != 0) {
        status = mill_error_set(error, -errno, "recording: writing: %s", strerror(errno));
    }
    return status;
}

int mill_recorder_save(struct mill_recorder *recorder, enum mill_recorder_format format, const char *path,
                       struct mill_recorder_saved *saved, struct mill_error *error)
{
    if (!recorder || !path || !mill_recorder_format_name(format)) {
        return mill_error_set(error, -EINVAL, "recording: no recorder, no path, or no such format");
    }
    struct sink sink = {0};
    int status = mill_replacement_open(&sink.file, path, error);
    if (status == 0) {
        status = put_all(recorder, format, &sink, saved, error);
    }
    if (status == 0) {
        status = mill_replacement_commit(&sink.file, error);
    }
    mill_replacement_close(&sink.file);
    return status;
}
