/* The parts of `threadmill device`: one file each. argv[0] is the part's name; returns an exit code. */
#ifndef MILL_BENCH_COMMAND_DEVICE_H
#define MILL_BENCH_COMMAND_DEVICE_H

#include "core/error.h"

int mill_device_serve(int argc, char **argv);
int mill_device_probe(int argc, char **argv);
int mill_device_record(int argc, char **argv);
int mill_device_faults(int argc, char **argv);

/* Where a valve is. */
struct mill_device_target {
    char host[256];
    unsigned port;
};

/* "http://HOST:PORT", "HOST:PORT" or "HOST"; an IPv6 address stands in brackets. 0 or -EINVAL, said in
 * `error`. */
int mill_device_target_parse(const char *word, unsigned default_port, struct mill_device_target *target,
                             struct mill_error *error);

#endif
