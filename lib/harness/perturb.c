#include "harness/perturb.h"

#include <errno.h>
#include <sched.h>
#include <signal.h>
#include <stdlib.h>
#include <time.h>

#include "core/valgrind.h"

struct mill_perturber {
    struct mill_crew *crew;
    struct mill_random random;
    pthread_t thread;
    atomic_bool stopping; /* relaxed: a flag to leave by */
};

/* How often, how long and how: mostly short, seldom as long as a scheduler's time slice. */
static const struct {
    unsigned percent; /* of all that are left by the lines above it */
    uint64_t least_ns, most_ns;
} naps[] = {
    {50, 0, 0}, /* a yield */
    {70, 1 * MILL_NS_PER_US, 50 * MILL_NS_PER_US},
    {80, 50 * MILL_NS_PER_US, 500 * MILL_NS_PER_US},
    {100, 1 * MILL_NS_PER_MS, 4 * MILL_NS_PER_MS}, /* the preempted holder of a lock */
};

static const uint64_t least_pause_ns = 20 * MILL_NS_PER_US;
static const uint64_t most_pause_ns = 1 * MILL_NS_PER_MS;

static uint64_t between(struct mill_random *random, uint64_t least, uint64_t most)
{
    return least + mill_random_below(random, most - least + 1);
}

struct mill_perturbation mill_perturbation_next(struct mill_random *random, unsigned threads)
{
    struct mill_perturbation next = {
        .pause_ns = between(random, least_pause_ns, most_pause_ns),
        .thread = (unsigned)mill_random_below(random, threads),
    };
    size_t nap = 0;
    while (mill_random_below(random, 100) >= naps[nap].percent) {
        nap++;
    }
    next.sleep_ns = between(random, naps[nap].least_ns, naps[nap].most_ns);
    return next;
}

/* In the thread that is perturbed, anywhere: only what a handler may call. */
static void handle(int signal, siginfo_t *info, void *context)
{
    (void)signal;
    (void)context;
    int kept = errno;
    int sleep_ns = info->si_value.sival_int;
    if (sleep_ns > 0) {
        const struct timespec nap = {.tv_nsec = sleep_ns};
        nanosleep(&nap, NULL);
    } else {
        sched_yield();
    }
    errno = kept;
}

static void *perturb(void *argument)
{
    struct mill_perturber *perturber = argument;
    struct mill_crew *crew = perturber->crew;
    while (!atomic_load_explicit(&perturber->stopping, memory_order_relaxed)) {
        struct mill_perturbation next = mill_perturbation_next(&perturber->random, crew->spec->threads);
        mill_sleep_until(mill_now_ns() + next.pause_ns);
        /* A thread whose operation failed has ended, and is not joined yet: it gets nothing. */
        (void)pthread_sigqueue(crew->hands[next.thread].thread, SIGRTMIN,
                               (union sigval){.sival_int = (int)next.sleep_ns});
    }
    return NULL;
}

int mill_perturber_start(struct mill_perturber **perturber, struct mill_crew *crew, uint64_t seed)
{
    struct sigaction action = {.sa_sigaction = handle, .sa_flags = SA_SIGINFO | SA_RESTART};
    struct mill_perturber *made = calloc(1, sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    made->crew = crew;
    mill_valgrind_ignore(&made->stopping, sizeof made->stopping);
    mill_random_seed(&made->random, seed, UINT64_MAX); /* apart from the workers' */
    if (sigaction(SIGRTMIN, &action, NULL) < 0) {
        int status = -errno;
        free(made);
        return status;
    }
    int status = pthread_create(&made->thread, NULL, perturb, made);
    if (status != 0) {
        free(made);
        return -status;
    }
    *perturber = made;
    return 0;
}

void mill_perturber_stop(struct mill_perturber *perturber)
{
    if (perturber) {
        atomic_store_explicit(&perturber->stopping, true, memory_order_relaxed);
        pthread_join(perturber->thread, NULL);
    }
    free(perturber);
}
