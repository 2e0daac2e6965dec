/* Random perturbation of a crew: at random moments a thread is interrupted, wherever it is, and yields its
 * processor or sleeps for a while. A thread that holds a lock, or stands between a read and the write that
 * belongs to it, is then preempted there; on an idle machine that hardly ever happens by itself.
 *
 * A thread of its own sends the crew's threads a signal, whose handler does what the signal says; what is
 * sent to whom, and when, follows from the seed. ThreadSanitizer delivers a signal behind the next atomic
 * operation or call of the C library: just when a lock was taken, say. Calls of the kernel that a signal can
 * break off are begun again (SA_RESTART) where the kernel does so.
 *
 *     struct mill_perturber *perturber;
 *     int status = mill_perturber_start(&perturber, &crew, seed);
 *     … the crew works …
 *     mill_perturber_stop(perturber);
 */
#ifndef MILL_HARNESS_PERTURB_H
#define MILL_HARNESS_PERTURB_H

#include "harness/crew.h"

struct mill_perturber;

/* The crew has been started, and outlives the perturber; it is stopped before the crew's threads are joined.
 * Takes SIGRTMIN for the process. 0 or a negative errno. The engine's thread alone calls both; stopping
 * blocks for the thread's last nap, some milliseconds, and takes NULL. */
int mill_perturber_start(struct mill_perturber **perturber, struct mill_crew *crew, uint64_t seed);
void mill_perturber_stop(struct mill_perturber *perturber);

/* What is done to whom, and after which pause: one step of the seed's sequence. */
struct mill_perturbation {
    uint64_t pause_ns;
    unsigned thread;
    uint64_t sleep_ns; /* 0: the thread yields its processor */
};

struct mill_perturbation mill_perturbation_next(struct mill_random *random, unsigned threads);

#endif
