/* A simulated valve in a process of its own: `PROGRAM device serve` on free ports of loopback. Its main loop
 * then shares nothing with the threads that ask it but the machine.
 *
 *     struct mill_device_process valve;
 *     struct mill_error error;
 *     int status = mill_device_process_start(&plan, &valve, &error);
 *     …http://127.0.0.1:valve.port
 *     mill_device_process_stop(&valve);
 *
 * It ends with the thread that started it, however that ends (PR_SET_PDEATHSIG). Independent ones may be
 * started and stopped by any threads.
 */
#ifndef MILL_SCENARIOS_DEVICE_PROCESS_H
#define MILL_SCENARIOS_DEVICE_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

#include "core/error.h"

struct mill_device_process_plan {
    const char *program; /* its path */
    const char *quirks;  /* as `device serve --quirks` takes them */
    uint64_t service_ns;
    uint64_t seed; /* its highest bit is left out: the option takes none */
};

struct mill_device_process {
    pid_t id; /* 0: none */
    unsigned port;
    int said; /* what it prints comes here */
};

/* 0; -EINVAL (NULL); -ENOEXEC: it ended, or said something else, before it served a valve; -ETIMEDOUT: it
 * said nothing for half a minute; -EMFILE, -EAGAIN and the like. `error` (which may be NULL) names the
 * program and has what it said. Blocks until it serves. On failure nothing is left behind. */
int mill_device_process_start(const struct mill_device_process_plan *plan,
                              struct mill_device_process *process, struct mill_error *error);

/* Ends it, and waits for its end. One that was never started (all zero) is fine. */
void mill_device_process_stop(struct mill_device_process *process);

#endif
