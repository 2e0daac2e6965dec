/* pthread_once and C11's call_once. As in glibc: 0 before, an odd number while the initialiser runs, 2 after
 * it; here the odd number tells who runs it. An initialiser that is cancelled, or throws in C++, has not run;
 * it is ordered before the next that does, as std::call_once promises.
 */
#include "hunt/runtime/interpose.h"

#include "hunt/runtime/real.h"

enum {
    ONCE_RUNS = 1,
    ONCE_DONE = 2,
    ONCE_STATE = 3,
    ONCE_OWNER = 2, /* the owner's number, plus 1, stands above so many bits */
};

static bool is_settled(const void *object, unsigned thread)
{
    (void)thread;
    return (*(const pthread_once_t *)object & ONCE_RUNS) == 0;
}

int mill_once_holder(const pthread_once_t *once)
{
    return (*once & ONCE_STATE) == ONCE_RUNS ? (*once >> ONCE_OWNER) - 1 : -1;
}

/* Its frame ends: by itself, or because the stack is unwound. */
static void end_of_run(pthread_once_t *const *place)
{
    pthread_once_t *once = *place;
    if ((*once & ONCE_STATE) == ONCE_RUNS) {
        *once = 0;
    }
    mill_released(once);
    mill_changed(once);
}

static void run(pthread_once_t *object, void (*initialise)(void))
{
    pthread_once_t *once __attribute__((cleanup(end_of_run))) = object;
    *once = ONCE_RUNS | ((int)mill_self() + 1) << ONCE_OWNER;
    initialise();
    *once = ONCE_DONE;
}

int mill_once(pthread_once_t *once, void (*initialise)(void), const void *pc)
{
    const struct mill_step step = mill_thing_step(MILL_STEP_ONCE, MILL_THING_ONCE, once, pc);
    mill_wait(&step, is_settled, once, NULL, false);
    mill_touch(once, sizeof *once, false, pc);
    mill_acquired(once);
    if ((*once & ONCE_STATE) != ONCE_DONE) {
        run(once, initialise);
    }
    return 0;
}

int pthread_once(pthread_once_t *once, void (*initialise)(void))
{
    return mill_hunt_on ? mill_once(once, initialise, MILL_CALLER)
                        : mill_real()->pthread_once(once, initialise);
}
