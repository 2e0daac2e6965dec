/* HdrHistogram's exchange format: the compressed V2 encoding, as base64 text.
 *
 * What is written here is read by every HdrHistogram implementation. The decoder reads what
 * mill_histogram_encode wrote and any other V2 histogram of the same bounds.
 *
 *     char *text;
 *     int status = mill_histogram_encode(latency, &text);
 *     …
 *     free(text);
 *
 * Encodings are of one thread's or of merged histograms; nobody may record meanwhile.
 */
#ifndef MILL_MEASURE_HISTOGRAM_ENCODING_H
#define MILL_MEASURE_HISTOGRAM_ENCODING_H

#include "core/error.h"
#include "measure/histogram.h"

/* base64 of the V2 encoding (ZigZag LEB128 counts, runs of zeros), compressed with zlib. The caller frees
 * *text. 0, -ENOMEM, or -ERANGE when a slot counts more than INT64_MAX, which the encoding has no room for.
 */
int mill_histogram_encode(const struct mill_histogram *histogram, char **text);

/* Decodes into `histogram` (reset first). Never trusts the text: -EBADMSG with a message for anything that is
 * not a whole V2 histogram, -ERANGE for one with other bounds or digits, or counts that do not fit, -ENOMEM;
 * the histogram is then empty. `minimum` and `maximum` are the lowest and the highest value of the outermost
 * slots and `beyond` is 0 (the exact ones are not in the encoding). */
int mill_histogram_decode(struct mill_histogram *histogram, const char *text, struct mill_error *error);

#endif
