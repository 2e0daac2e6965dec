/* What threads called and what they were told, and when: the material of the check for linearizability
 * (linearizability.h).
 *
 *     struct mill_history *history;
 *     int status = mill_history_create(threads, 10000, mill_stamps_best(&clock), &clock, &history);
 *
 *     thread `i`:  mill_history_call(history, i, MILL_CALL_QUEUE_TRY_GET, 0, 0, 0);
 *                  status = mill_queue_try_get(queue, &item);
 *                  mill_history_return(history, i, status < 0 ? status : number_of(item));
 *
 *     struct mill_calls calls;
 *     status = mill_history_collect(history, &calls);            nobody records any more
 *     mill_calls_free(&calls);
 *     mill_history_destroy(history);
 *
 * A call is an interval from the stamp taken before it to the one taken after it. One that comes before
 * another (its return is stamped below the other's invocation) had ended when that began; others overlap, and
 * so do those that touch. A call without a return is pending: it may have taken effect, or not.
 *
 * Each thread has a log of its own, of a fixed size: recording allocates nothing, never waits and shares
 * nothing but the stamps. What finds its log full is counted, and the history then ends, for all threads,
 * where the first call is missing (see mill_history_collect).
 *
 * Where stamps come from:
 *
 *   MILL_STAMPS_TICKS    the time stamp counter, where it is invariant and the kernel trusts it to be one
 *                        clock for all processors. Threads write nothing that is shared, so recording neither
 *                        slows them down nor orders them.
 *   MILL_STAMPS_COUNTER  a shared counter: everywhere, but its line goes from thread to thread with every
 *                        call, which puts them in step and makes short overlaps rarer.
 *   MILL_STAMPS_PLAIN    a counter that is not atomic: where all threads are contexts on one kernel thread.
 *
 * ThreadSanitizer sees none of them as an order between threads (the counter is relaxed, the fences are of
 * the machine), so no race is hidden. For the machine, a return is stamped behind a full fence: what the
 * operation wrote can be seen by then, else a store that is still on its way would look like a violation. The
 * price is that two calls of one thread are never reordered by the machine while a history is recorded.
 */
#ifndef MILL_MEASURE_HISTORY_H
#define MILL_MEASURE_HISTORY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/clock.h"

/* In the place of a return that never came. */
#define MILL_PENDING UINT64_MAX

struct mill_call {
    unsigned thread;
    unsigned operation; /* of the model (model.h) */
    int64_t object;     /* which lock, which task; 0 where there is one */
    int64_t argument;
    int64_t second; /* of operations with two arguments */
    int64_t result; /* means nothing while pending */
    uint64_t invoked;
    uint64_t returned; /* or MILL_PENDING */
};

static inline bool mill_call_is_pending(const struct mill_call *call)
{
    return call->returned == MILL_PENDING;
}

enum mill_stamps {
    MILL_STAMPS_TICKS,
    MILL_STAMPS_COUNTER,
    MILL_STAMPS_PLAIN,
};

struct mill_history;

/* Ticks where the clock's are the time stamp counter, else the counter. */
enum mill_stamps mill_stamps_best(const struct mill_clock *clock);

/* With a log of `capacity` calls for each of `threads` threads, all of it touched already. The clock is
 * needed for ticks alone, and must outlive the history. 0; -EINVAL (no threads, no capacity, ticks without a
 * clock, no such stamps, no place for the history); -ENOTSUP (ticks, but the clock's are no time stamp
 * counter); -ENOMEM.
 */
int mill_history_create(unsigned threads, size_t capacity, enum mill_stamps stamps,
                        const struct mill_clock *clock, struct mill_history **history);

/* As it was when it was made: what was recorded is forgotten, the memory stays. Nobody records meanwhile. */
void mill_history_reset(struct mill_history *history);

/* NULL is fine. */
void mill_history_destroy(struct mill_history *history);

/* The next thing that thread `thread` does is the call; the thread's own number only, one kernel thread at a
 * time. A call that was open before stays pending for ever: a caller that gives up need not say so.
 * Wait-free. 0; -ENOSPC: the log is full, the call is counted as missed and so is every later one of the
 * thread; -EINVAL (no such thread). */
int mill_history_call(struct mill_history *history, unsigned thread, unsigned operation, int64_t object,
                      int64_t argument, int64_t second);

/* The open call of the thread has returned `result`. Wait-free. 0; -ENOSPC: it was missed; -EINVAL (no such
 * thread, or it has no open call). */
int mill_history_return(struct mill_history *history, unsigned thread, int64_t result);

/* The same of a call that did not know before which object it would be about: which item a consumer is given
 * tells whose item it was. As mill_history_return. */
int mill_history_return_of(struct mill_history *history, unsigned thread, int64_t object, int64_t result);

/* The same for threads that have no number of their own (a pool's workers, an engine's own thread): each call
 * counts as that of another thread, whose number is `threads` or more, so it is of use where a model does not
 * ask which thread it is. All such calls share a log of `threads` times `capacity`, of which they take their
 * places by a relaxed counter. Lock-free; any thread, also beside those with numbers. The call's place, for
 * its return; MILL_CALL_MISSED: the log is full, it was counted as missed. */
#define MILL_CALL_MISSED SIZE_MAX
size_t mill_history_call_beside(struct mill_history *history, unsigned operation, int64_t object,
                                int64_t argument, int64_t second);

/* That call has returned; the thread that called, once. 0; -ENOSPC: it was missed; -EINVAL (no such call). */
int mill_history_return_beside(struct mill_history *history, size_t call, int64_t result);

struct mill_calls {
    struct mill_call *calls; /* owned; by their invocation */
    size_t count;
    size_t pending;  /* of them */
    uint64_t missed; /* never recorded: a log was full */
    size_t cut;      /* recorded, but begun after the first that was missed, and so not among `calls` */
};

/* All that was recorded up to the first call that is missing; what was open then is pending. That is a
 * beginning of the true history, and the beginnings of a linearizable history are linearizable. Nobody
 * records meanwhile, and the recorders' last calls are ordered before (a join). 0 or -ENOMEM. */
int mill_history_collect(const struct mill_history *history, struct mill_calls *calls);

void mill_calls_free(struct mill_calls *calls);

/* Two numbers that are the same for the same recording: every call with all that it was told, and the stamps.
 * Recordings that differ differ in them, but by an accident of one in 2^64 and less. For histories that are
 * recorded over and over by a controlled scheduler: one that was judged need not be judged again. */
struct mill_fingerprint {
    uint64_t low;
    uint64_t high;
};

/* Of all that was recorded, unless calls were missed: then false, and nothing is written. Nobody records
 * meanwhile. */
bool mill_history_fingerprint(const struct mill_history *history, struct mill_fingerprint *fingerprint);

#endif
