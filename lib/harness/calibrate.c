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
    spins_per_look = 1024, /* no trip takes as many pauses while both sides run: the clock is not read then */
};

/* A batch takes 50 microseconds. Where each side waits for the other to be scheduled, a single trip takes
 * milliseconds, and without an end to it the watchdog of the sample would take the subject for hung. */
static const uint64_t patience_ns = 100 * MILL_NS_PER_MS;

struct rally {
    alignas(MILL_ISOLATION) atomic_uint ball; /* even: the server's turn, odd: the returner's */
    alignas(MILL_ISOLATION) atomic_bool over; /* apart, so that a late return cannot undo it */
    int returner_cpu;
};

/* acquire and release on both sides: each hit happens after the other's, which is the hand-over that is
 * timed. `over` carries nothing else: relaxed. */
static void *return_balls(void *argument)
{
    struct rally *rally = argument;
    mill_cpu_pin_self(rally->returner_cpu);
    for (;;) {
        unsigned ball = atomic_load_explicit(&rally->ball, memory_order_acquire);
        if (ball & 1u) {
            atomic_store_explicit(&rally->ball, ball + 1, memory_order_release);
        } else if (atomic_load_explicit(&rally->over, memory_order_relaxed)) {
            return NULL;
        } else {
            mill_pause();
        }
    }
}

static bool await_return(struct rally *rally, unsigned ball, uint64_t late_ns)
{
    for (unsigned spins = 1; atomic_load_explicit(&rally->ball, memory_order_acquire) != ball; spins++) {
        if (spins % spins_per_look == 0 && mill_now_ns() > late_ns) {
            return false;
        }
        mill_pause();
    }
    return true;
}

/* How many trips were made until patience ended. */
static int serve_batch(struct rally *rally, unsigned *ball)
{
    uint64_t late_ns = mill_now_ns() + patience_ns;
    for (int trip = 0; trip < trips_per_batch; trip++) {
        atomic_store_explicit(&rally->ball, *ball + 1, memory_order_release);
        *ball += 2;
        if (!await_return(rally, *ball, late_ns)) {
            return trip;
        }
    }
    return trips_per_batch;
}

struct server {
    struct rally *rally;
    const struct mill_clock *clock;
    int cpu;
    uint64_t budget_ns;
    double round_trip_ns;
    bool late;
};

/* False when it was late; *trip_ns then is of the trips that were made. */
static bool time_batch(const struct server *server, unsigned *ball, double *trip_ns)
{
    uint64_t from = mill_ticks_begin(server->clock);
    int trips = serve_batch(server->rally, ball);
    uint64_t took = mill_ticks_to_ns(server->clock, mill_ticks_end(server->clock) - from);
    *trip_ns = (double)took / (trips > 0 ? trips : 1);
    return trips == trips_per_batch;
}

static void time_batches(struct server *server)
{
    double trip_ns[batches_max];
    size_t batches = 0;
    unsigned ball = 0;
    server->late = !time_batch(server, &ball, &server->round_trip_ns); /* in it the other thread starts */
    uint64_t end_ns = mill_now_ns() + server->budget_ns;
    while (!server->late && batches < batches_max && (batches == 0 || mill_now_ns() < end_ns)) {
        server->late = !time_batch(server, &ball, &trip_ns[batches++]);
    }
    if (batches > 0) {
        server->round_trip_ns = server->late ? trip_ns[batches - 1] : mill_median(trip_ns, batches);
    }
}

/* In a thread of its own, so that the caller's affinity stays what it was. */
static void *serve(void *argument)
{
    struct server *server = argument;
    mill_cpu_pin_self(server->cpu);
    time_batches(server);
    atomic_store_explicit(&server->rally->over, true, memory_order_relaxed);
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
        atomic_store_explicit(&rally.over, true, memory_order_relaxed);
    }
    pthread_join(returning, NULL);
    *round_trip_ns = server.round_trip_ns;
    return server.late ? -ETIMEDOUT : -status;
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
