#include "harness/calibrate.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>

#include "core/cacheline.h"
#include "core/cpu.h"
#include "core/pause.h"
#include "measure/paired.h"

enum {
    trips_per_batch = 100,
    batches_max = 64,
};

struct rally {
    alignas(MILL_ISOLATION)
        atomic_uint ball; /* even: the server's turn, odd: the returner's; `over` ends it */
    alignas(MILL_ISOLATION) int returner_cpu;
};

static const unsigned over = 1u << 31;

/* acquire and release on both sides: each hit happens after the other's, which is the hand-over that is timed
 */
static void *return_balls(void *argument)
{
    struct rally *rally = argument;
    mill_cpu_pin_self(rally->returner_cpu);
    for (;;) {
        unsigned ball = atomic_load_explicit(&rally->ball, memory_order_acquire);
        if (ball & over) {
            return NULL;
        }
        if (ball & 1u) {
            atomic_store_explicit(&rally->ball, ball + 1, memory_order_release);
        } else {
            mill_pause();
        }
    }
}

static void serve_batch(struct rally *rally, unsigned *ball)
{
    for (int trip = 0; trip < trips_per_batch; trip++) {
        *ball += 1;
        atomic_store_explicit(&rally->ball, *ball, memory_order_release);
        *ball = (*ball + 1) & ~over;
        while (atomic_load_explicit(&rally->ball, memory_order_acquire) != *ball) {
            mill_pause();
        }
    }
}

struct server {
    struct rally *rally;
    const struct mill_clock *clock;
    int cpu;
    uint64_t budget_ns;
    double median_ns;
};

/* In a thread of its own, so that the caller's affinity stays what it was. */
static void *serve(void *argument)
{
    struct server *server = argument;
    double trip_ns[batches_max];
    size_t batches = 0;
    unsigned ball = 0;
    mill_cpu_pin_self(server->cpu);
    serve_batch(server->rally, &ball); /* the other thread has surely started after this one */
    uint64_t end_ns = mill_now_ns() + server->budget_ns;
    do {
        uint64_t from = mill_ticks_begin(server->clock);
        serve_batch(server->rally, &ball);
        uint64_t took = mill_ticks_to_ns(server->clock, mill_ticks_end(server->clock) - from);
        trip_ns[batches++] = (double)took / trips_per_batch;
    } while (batches < batches_max && mill_now_ns() < end_ns);
    atomic_store_explicit(&server->rally->ball, over, memory_order_release);
    server->median_ns = mill_median(trip_ns, batches);
    return NULL;
}

int mill_calibrate(const struct mill_clock *clock, int a, int b, uint64_t budget_ns, double *round_trip_ns)
{
    *round_trip_ns = 0;
    if (a == b || a < 0 || b < 0) {
        return 0;
    }
    struct rally rally = {.returner_cpu = b};
    struct server server = {.rally = &rally, .clock = clock, .cpu = a, .budget_ns = budget_ns};
    pthread_t serving, returning;
    int status = pthread_create(&returning, NULL, return_balls, &rally);
    if (status != 0) {
        return -status;
    }
    status = pthread_create(&serving, NULL, serve, &server);
    if (status == 0) {
        pthread_join(serving, NULL);
    } else {
        atomic_store_explicit(&rally.ball, over, memory_order_release);
    }
    pthread_join(returning, NULL);
    *round_trip_ns = server.median_ns;
    return -status;
}

enum mill_mode mill_mode_of(double round_trip_ns)
{
    if (!(round_trip_ns > 0)) {
        return MILL_MODE_SINGLE;
    }
    return round_trip_ns > MILL_FAR_ABOVE_NS ? MILL_MODE_FAR : MILL_MODE_NEAR;
}

const char *mill_mode_name(enum mill_mode mode)
{
    static const char *const names[] = {
        [MILL_MODE_SINGLE] = "single",
        [MILL_MODE_NEAR] = "near",
        [MILL_MODE_FAR] = "far",
    };
    return names[mode];
}
