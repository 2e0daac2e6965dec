/* What an object may answer, one call after the other: the sequential models that histories are checked
 * against (linearizability.h).
 *
 * A model is a constant table of functions. Its state is a row of 64-bit words; two states are the same when
 * their words are. A model that takes a parameter (a capacity, an initial value) is copied with it set:
 *
 *     struct mill_model model = mill_model_queue;
 *     model.parameter = 16;
 *     status = mill_linearizability_check(&model, calls, count, &limits, &result, &error);
 *
 * A model has operations; each is one step that takes effect at one moment between its call and its return.
 * Where one moment is not enough to say what is meant (a barrier: all come, then all go) an operation has
 * several **points**, each a step of its own, in order, between the call and the return.
 *
 * A call may be refused: a try that fails, a wait whose time is over. Such an answer is right when there was
 * a moment at which it was true (the lock was held, the queue empty). With `loose_refusals` it needs no
 * reason: for subjects that may refuse although they need not.
 *
 * Models are read-only and may be used by any number of threads at once. Their functions neither block nor
 * allocate, except where they say so.
 */
#ifndef MILL_MEASURE_MODEL_H
#define MILL_MEASURE_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "core/text.h"
#include "measure/history.h"

struct mill_model;

struct mill_model_state {
    size_t count;
    int64_t *words; /* room for as many as model->room says */
};

/* When what a call brought leaves again, as far as the history tells: between the invocation and the return
 * of the call that takes it. A search that knows this sees at once that an order has no future. */
struct mill_foresight {
    uint64_t earliest; /* 0 when nothing is known */
    uint64_t latest;   /* UINT64_MAX when nothing is known, or it stays */
};

struct mill_model_step {
    const struct mill_call *call;
    unsigned point;
    struct mill_foresight foresight;
};

enum mill_answer {
    MILL_ANSWER_NONE,   /* the result means nothing */
    MILL_ANSWER_NUMBER, /* a number */
    MILL_ANSWER_TRUTH,  /* 1 or 0: yes or no */
    MILL_ANSWER_STATUS, /* 0 or a negative errno */
    MILL_ANSWER_ITEM,   /* 0 or more: a value; or a negative errno */
};

/* Calls that come in pairs of one thread: what is between them can be taken out of a history whole. */
enum mill_section { MILL_SECTION_NONE, MILL_SECTION_OPENS, MILL_SECTION_CLOSES };

struct mill_model_operation {
    const char *name;
    unsigned arguments; /* 0 to 2: how many are shown */
    enum mill_answer answer;
    unsigned points; /* 0 counts as 1 */
    enum mill_section section;
};

/* Which calls may be taken out of a history without making a right one wrong. See counterexample.h. */
struct mill_leaving {
    bool alone;      /* by itself: it changes nothing, whatever order it is in */
    bool refusal;    /* its answer rests on what others hold in place */
    unsigned marks;  /* how many of: */
    int64_t mark[2]; /* with all calls that share one of its marks */
    bool brings;     /* opens what its mark stands for … */
    bool takes_away; /* … and this closes it */
};

struct mill_model {
    const char *name;
    const char *summary;
    const struct mill_model_operation *operations;
    unsigned operation_count;
    int64_t parameter; /* of the model: see below */
    bool loose_refusals;

    /* The part of the object that a call is about: parts are independent of each other, and so are their
     * histories (Herlihy and Wing's locality). NULL: all is one. */
    int64_t (*key)(const struct mill_call *call);

    /* The most words that a state needs in a history of so many calls. */
    size_t (*room)(const struct mill_model *model, size_t calls);

    /* The state at the beginning. */
    void (*begin)(const struct mill_model *model, struct mill_model_state *state);

    /* May this point of the call take effect now, with the result that it had? If so makes the state what it
     * is afterwards; if not leaves it as it was.
     *
     * A pending call has no result: its step makes the one effect on others that it may have had. It answers
     * false when there can be none now, for to leave the call out says the same. */
    bool (*step)(const struct mill_model *model, struct mill_model_state *state,
                 const struct mill_model_step *step);

    /* Fills in the foresight of each call; those of all calls are {0, UINT64_MAX} before. Optional. May
     * allocate: 0 or -ENOMEM. */
    int (*foresee)(const struct mill_model *model, const struct mill_call *calls, size_t count,
                   struct mill_foresight *foresight);

    /* What is brought leaves in the order in which it came: the search then lets calls bring in the order
     * that is foreseen. */
    bool first_in_first_out;

    /* The state in words, as in "holds 3, 4". */
    void (*describe)(const struct mill_model *model, const struct mill_model_state *state,
                     struct mill_text *text);

    /* What may go with what. NULL: every call stays. */
    void (*leaving)(const struct mill_model *model, const struct mill_call *call,
                    struct mill_leaving *leaving);
    bool lasting; /* what a mark stands for may go on after its last call */
};

/* The points of a call's operation, at least 1. */
static inline unsigned mill_model_points(const struct mill_model *model, const struct mill_call *call)
{
    unsigned points = model->operations[call->operation].points;
    return points > 0 ? points : 1;
}

/* Writes the call as in "put(7)", and its answer as in "7", "yes", "-EAGAIN", "pending" or "done". */
void mill_model_print_call(const struct mill_model *model, const struct mill_call *call,
                           struct mill_text *text);
void mill_model_print_answer(const struct mill_model *model, const struct mill_call *call,
                             struct mill_text *text);

/* Key of all models here: the call's object. */
int64_t mill_model_key_object(const struct mill_call *call);

/* ---- numbers (models_numbers.c) ---- */

/* A counter that begins at `parameter` and wraps around. */
extern const struct mill_model mill_model_counter;
enum {
    MILL_CALL_COUNTER_READ,          /* → the value */
    MILL_CALL_COUNTER_INCREMENT,     /* → nothing */
    MILL_CALL_COUNTER_ADD,           /* (by) → nothing */
    MILL_CALL_COUNTER_ADD_AND_FETCH, /* (by) → the value after */
    MILL_CALL_COUNTER_FETCH_AND_ADD, /* (by) → the value before */
};

/* A number that begins as `parameter`. compare-and-swap says 1 when it changed the value, and 0 only when
 * that was not the expected one. */
extern const struct mill_model mill_model_register;
enum {
    MILL_CALL_REGISTER_READ,             /* → the value */
    MILL_CALL_REGISTER_WRITE,            /* (value) → nothing */
    MILL_CALL_REGISTER_COMPARE_AND_SWAP, /* (expected, desired) → 1 or 0 */
    MILL_CALL_REGISTER_EXCHANGE,         /* (value) → the value before */
};

/* A value behind one cache that all readers share. What is claimed: there is an order of all calls, in
 * keeping with time, in which each read gives a value that was written before it (or `parameter`, the first),
 * nothing older than any read before it gave, and nothing older than what the last refresh before it found.
 * So reads may be stale without bound between refreshes, but never from the future, never of a value that was
 * never written, and what one reader has seen no later reader, of any thread, is told the predecessor of. It
 * does not claim that a writer reads what it wrote. Where each reader has a cache of its own, each reader's
 * calls are checked by themselves, together with all writes. */
extern const struct mill_model mill_model_cached;
enum {
    MILL_CALL_CACHED_READ,    /* → a value */
    MILL_CALL_CACHED_WRITE,   /* (value) → nothing */
    MILL_CALL_CACHED_REFRESH, /* → nothing: the cache is as new as at some moment of this call */
};

/* ---- containers (models_queue.c, models_stack.c) ---- */

/* A first-in-first-out queue of values of 0 and more, with room for `parameter` of them; 0: without bound. As
 * in queue/queue.h: closed, it refuses every put, and every get once it is empty, with -EPIPE. What refuses
 * for want of room or of an item says -EAGAIN (the two tries) or -ETIMEDOUT (the two that wait); -ENOMEM from
 * a put needs no reason. */
extern const struct mill_model mill_model_queue;

/* The same, but a full one drops its oldest item to make room; `parameter` is at least 1. */
extern const struct mill_model mill_model_drop_oldest;
enum {
    MILL_CALL_QUEUE_PUT,     /* (value) → 0, -EPIPE, -ETIMEDOUT, -ENOMEM */
    MILL_CALL_QUEUE_TRY_PUT, /* (value) → 0, -EPIPE, -EAGAIN, -ENOMEM */
    MILL_CALL_QUEUE_GET,     /* → value, -EPIPE, -ETIMEDOUT */
    MILL_CALL_QUEUE_TRY_GET, /* → value, -EPIPE, -EAGAIN */
    MILL_CALL_QUEUE_CLOSE,   /* → nothing */
};

/* A last-in-first-out stack of values of 0 and more, with room for `parameter` of them; 0: without bound. */
extern const struct mill_model mill_model_stack;
enum {
    MILL_CALL_STACK_PUSH, /* (value) → 0, -EAGAIN (full), -ENOMEM */
    MILL_CALL_STACK_POP,  /* → value, -EAGAIN (empty) */
};

/* ---- coordination (models_sync.c, models_barrier.c) ---- */

/* A lock, not recursive, that the thread which holds it releases. */
extern const struct mill_model mill_model_lock;
enum {
    MILL_CALL_LOCK_ACQUIRE, /* → nothing */
    MILL_CALL_LOCK_TRY,     /* → 1 or 0 */
    MILL_CALL_LOCK_TIMED,   /* → 0 or -ETIMEDOUT */
    MILL_CALL_LOCK_RELEASE, /* → nothing */
};

/* A read-write lock. A reader is refused for a writer that holds it, not for one that waits; locks that
 * prefer writers are checked with loose_refusals. */
extern const struct mill_model mill_model_rwlock;
enum {
    MILL_CALL_RWLOCK_READ_ACQUIRE, /* → nothing */
    MILL_CALL_RWLOCK_READ_TRY,     /* → 1 or 0 */
    MILL_CALL_RWLOCK_READ_TIMED,   /* → 0 or -ETIMEDOUT */
    MILL_CALL_RWLOCK_READ_RELEASE, /* → nothing */
    MILL_CALL_RWLOCK_WRITE_ACQUIRE,
    MILL_CALL_RWLOCK_WRITE_TRY,
    MILL_CALL_RWLOCK_WRITE_TIMED,
    MILL_CALL_RWLOCK_WRITE_RELEASE,
};

/* An event (sync/event.h) that begins clear. A wait returns at a moment at which the event is set, times out
 * at one at which it is not, and is cancelled at one at which it is abandoned and not set. A wait that missed
 * a set and the clear after it is not told from one that began behind them. */
extern const struct mill_model mill_model_event;
enum {
    MILL_CALL_EVENT_SET,     /* → nothing */
    MILL_CALL_EVENT_CLEAR,   /* → nothing */
    MILL_CALL_EVENT_IS_SET,  /* → 1 or 0 */
    MILL_CALL_EVENT_WAIT,    /* → 0, -ETIMEDOUT, -ECANCELED */
    MILL_CALL_EVENT_ABANDON, /* → nothing */
};

/* A barrier (sync/barrier.h) of `parameter` parties. A wait has two points, to come and to go. Nobody goes
 * with 0 or 1 before all parties of its generation have come, and exactly one of them goes with 1, the
 * leader. One goes with -ETIMEDOUT only while not all have come; that breaks the barrier. Those that wait
 * then, and those that come until a reset, go with -ECANCELED; so do those that wait at a reset. */
extern const struct mill_model mill_model_barrier;
enum {
    MILL_CALL_BARRIER_WAIT,  /* → 0, 1, -ETIMEDOUT, -ECANCELED */
    MILL_CALL_BARRIER_ABORT, /* → nothing */
    MILL_CALL_BARRIER_RESET, /* → nothing */
};

/* ---- tasks (models_task.c) ---- */

/* Tasks with futures, each an object of its own: submitted once, run at most once and only after it was
 * submitted, or cancelled before it ran and then never run. The call of a run is the task's own function. Its
 * future may settle a little later: until a wait or a cancel has said that it has, others may be told that it
 * has not. From then on each wait tells the result of the run, or -ECANCELED. A task that is submitted again
 * is another object. */
extern const struct mill_model mill_model_future;
enum {
    MILL_CALL_TASK_SUBMIT, /* → 0, or a negative errno: refused, needs no reason */
    MILL_CALL_TASK_RUN,    /* → its result */
    MILL_CALL_TASK_CANCEL, /* → 0; -EBUSY: it is running; -EALREADY: it has settled */
    MILL_CALL_TASK_WAIT,   /* → the result; -ETIMEDOUT: it has not settled */
};

#endif
