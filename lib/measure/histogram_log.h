/* HdrHistogram's interval log, format 1.3: one line an interval, its histogram encoded in it.
 *
 * What is written here is read by HdrHistogram's own tools (HistogramLogProcessor, hdr-histogram-js, the
 * online plotter).
 *
 *     struct mill_text log = {0};
 *     mill_histogram_log_header(&log, "threadmill run", started_ms);
 *     int status = mill_histogram_log_line(&log, "ticket", 0.0, 1.5, latency);
 *     …
 *     mill_text_free(&log);
 *
 * The histograms are one thread's or merged; nobody may record meanwhile.
 */
#ifndef MILL_MEASURE_HISTOGRAM_LOG_H
#define MILL_MEASURE_HISTOGRAM_LOG_H

#include <stdint.h>

#include "core/text.h"
#include "measure/histogram.h"
#include "measure/histogram_encoding.h"

/* Appends the log's header; `started_ms` is the wall-clock time since the epoch that the line times are
 * relative to. Control characters in `program` are written as '_'. Out of memory shows in log->failed. */
void mill_histogram_log_header(struct mill_text *log, const char *program, uint64_t started_ms);

/* Appends one interval line. `tag` names the series, or is NULL or empty for none; commas, white space and
 * control characters in it are written as '_'. Times are seconds, from 0 to 10^12. The line's maximum is the
 * exact one, in ms as the format asks. 0, -EINVAL for a time out of range, -ENOMEM, or what
 * mill_histogram_encode returned; after an error nothing was appended. */
int mill_histogram_log_line(struct mill_text *log, const char *tag, double start_s, double length_s,
                            const struct mill_histogram *histogram);

#endif
