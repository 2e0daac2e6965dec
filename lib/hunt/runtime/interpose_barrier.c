/* Barriers. The thread that completes a round is its serial thread, as in glibc. What every thread of a round
 * did before is ordered before what each of them does after: who completes it acquires for all, at once, so
 * that nobody who comes for the next round is ordered before those that have not left this one yet.
 */
#include "hunt/runtime/interpose.h"

#include "hunt/runtime/real.h"

/* As glibc's struct pthread_barrier. Between rounds `in`, `round` and `out` are alike; here they are 0 then.
 */
struct barrier {
    unsigned in;    /* threads that came */
    unsigned round; /* of those, in rounds that are complete */
    unsigned count;
    int shared;
    unsigned out;
};
_Static_assert(sizeof(struct barrier) <= sizeof(pthread_barrier_t), "glibc's layout");

void mill_barrier_arrived(const pthread_barrier_t *object, unsigned *arrived, unsigned *count)
{
    const struct barrier *barrier = (const struct barrier *)object;
    *arrived = barrier->in - barrier->round;
    *count = barrier->count;
}

static void complete(struct barrier *barrier)
{
    barrier->in = barrier->round = barrier->out = 0;
    mill_acquired(barrier);
    for (int thread = mill_waiting(barrier, 0); thread >= 0; thread = mill_waiting(barrier, 0)) {
        if (mill_hunt_races) {
            mill_race_acquire((unsigned)thread, (uintptr_t)barrier);
        }
        mill_wake((unsigned)thread);
    }
}

static int arrive(pthread_barrier_t *object, const void *pc)
{
    struct barrier *barrier = (struct barrier *)object;
    const struct mill_step step = mill_thing_step(MILL_STEP_ARRIVE, MILL_THING_BARRIER, object, pc);
    mill_call(&step);
    mill_touch(object, sizeof *object, false, pc);
    if (barrier->count == 0) {
        mill_fail_here(MILL_FAILURE_MISUSE, object, "barrier %p is not initialised, or was destroyed",
                       (void *)object);
    }
    mill_released(barrier);
    barrier->in++;
    if (barrier->in - barrier->round == barrier->count) {
        complete(barrier);
        return PTHREAD_BARRIER_SERIAL_THREAD;
    }
    mill_enqueue(barrier);
    mill_wait(&step, mill_is_woken, barrier, NULL, false);
    mill_thread_data(mill_self())->waits_for = NULL;
    return 0;
}

static int make(pthread_barrier_t *object, const pthread_barrierattr_t *attributes, unsigned count,
                const void *pc)
{
    const struct mill_step step = mill_thing_step(MILL_STEP_WRITE, MILL_THING_BARRIER, object, pc);
    mill_call(&step);
    mill_touch(object, sizeof *object, true, pc);
    return mill_real()->pthread_barrier_init(object, attributes, count);
}

static int destroy(pthread_barrier_t *object, const void *pc)
{
    struct barrier *barrier = (struct barrier *)object;
    const struct mill_step step = mill_thing_step(MILL_STEP_WRITE, MILL_THING_BARRIER, object, pc);
    mill_call(&step);
    mill_touch(object, sizeof *object, true, pc);
    int waiting = mill_waiting(barrier, 0);
    if (waiting >= 0) {
        mill_fail_here(MILL_FAILURE_MISUSE, object, "thread %u destroys barrier %p, at which thread %d waits",
                       mill_self(), (void *)object, waiting);
    }
    barrier->count = 0;
    return 0;
}

/* ---- the names ---- */

int pthread_barrier_init(pthread_barrier_t *barrier, const pthread_barrierattr_t *attributes, unsigned count)
{
    return mill_hunt_on ? make(barrier, attributes, count, MILL_CALLER)
                        : mill_real()->pthread_barrier_init(barrier, attributes, count);
}

int pthread_barrier_destroy(pthread_barrier_t *barrier)
{
    return mill_hunt_on ? destroy(barrier, MILL_CALLER) : mill_real()->pthread_barrier_destroy(barrier);
}

int pthread_barrier_wait(pthread_barrier_t *barrier)
{
    return mill_hunt_on ? arrive(barrier, MILL_CALLER) : mill_real()->pthread_barrier_wait(barrier);
}
