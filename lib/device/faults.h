/* What goes wrong between a device and its clients, to order and repeatable by a seed.
 *
 *     "latency=normal:3ms:1ms,drop=0.01,5xx=0.02:5"       a list of fault[=value], joined by commas
 *
 *   latency=fixed:TIME | normal:MEAN:DEVIATION | tail:MEDIAN:ALPHA   before each reply; `tail` is Pareto's
 *
 *   drop=P         the connection is closed without a reply
 *
 *   reset=P        the same with a reset
 *
 *   half=P         the reply ends in the middle
 *
 *   garbage=P      bytes that are no HTTP, or no JSON, in the place of the reply
 *
 *   stall=P:TIME   the reply stops in the middle for so long
 *
 *   5xx=P:N        a burst of N replies 503
 *
 *   power=P:TIME   the power goes off, for so long, before the reply
 *
 *   slow-loris=N   N of the 8 connections are kept by clients that never end a request; at most 7
 *
 *   gap=P          a sample of the stream is left out
 *
 *   twice=P        a sample of the stream is sent twice
 *
 * What was asked is done under all of them but 5xx, though a power cut may take it back.
 * P is a probability from 0 to 1, for each reply or sample. No time is longer than a minute: a longer one is
 * refused, and a draw of `tail` that is longer is a minute. What happens to which reply is drawn by
 * fault_dice.h. Plain values; each holder locks its own.
 */
#ifndef MILL_DEVICE_FAULTS_H
#define MILL_DEVICE_FAULTS_H

#include <stdint.h>

#include "core/error.h"

#define MILL_FAULT_DELAY_MAX_NS UINT64_C(60000000000)

enum mill_latency_kind {
    MILL_LATENCY_NONE,
    MILL_LATENCY_FIXED,
    MILL_LATENCY_NORMAL,
    MILL_LATENCY_TAIL,
};

struct mill_faults {
    enum mill_latency_kind latency;
    uint64_t latency_ns;                                                /* fixed, mean or median */
    double latency_spread;                                              /* deviation in ns, or alpha */
    double drop, reset, half, garbage, stall, burst, power, gap, twice; /* probabilities */
    uint64_t stall_ns;
    uint64_t power_off_ns;
    unsigned burst_length;
    unsigned kept_connections;
};

/* The list above; an empty text is no fault. 0 or -EINVAL, said in `error` with the word that is wrong; then
 * `faults` is what it was. Pure; any thread. */
int mill_faults_parse(const char *text, struct mill_faults *faults, struct mill_error *error);

#endif
