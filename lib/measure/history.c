#include "measure/history.h"

#include <errno.h>
#include <stdalign.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

#include "core/cacheline.h"

struct log {
    alignas(MILL_ISOLATION) struct mill_call *calls;
    size_t count;
    uint64_t missed;
    uint64_t first_missed; /* when it was called; MILL_PENDING: none was missed */
    bool open;             /* the last call has not returned */
    bool open_missed;      /* and is one of those that were missed */
};

/* Of threads without a number. Taken places beyond its capacity were missed. */
struct shared_log {
    struct mill_call *calls;
    alignas(MILL_ISOLATION) _Atomic size_t taken;
    _Atomic uint64_t first_missed;
};

struct mill_history {
    enum mill_stamps stamps;
    unsigned threads;
    size_t capacity;
    const struct mill_clock *clock;
    struct log *logs;
    struct shared_log beside;
    alignas(MILL_ISOLATION) _Atomic uint64_t counter;
    uint64_t plain;
};

enum mill_stamps mill_stamps_best(const struct mill_clock *clock)
{
    return clock->counter ? MILL_STAMPS_TICKS : MILL_STAMPS_COUNTER;
}

/* ---- stamps ---- */

/* A full fence of the machine, which ThreadSanitizer does not see: it orders the stamps and the operation,
 * and pairs with the same of other threads. */
static inline void fence(void)
{
#if defined(__x86_64__)
    __asm__ volatile("lock; orl $0, (%%rsp)" ::: "memory", "cc");
#elif defined(__aarch64__)
    __asm__ volatile("dmb ish" ::: "memory");
#else
    atomic_thread_fence(memory_order_seq_cst);
#endif
}

/* Not instrumented: contexts on one kernel thread take turns here, which is no race. */
__attribute__((no_sanitize("thread"))) static uint64_t next_plain(struct mill_history *history)
{
    return ++history->plain;
}

static inline uint64_t next_count(struct mill_history *history)
{
    /* relaxed: the fences beside it order what the machine does, and nothing shall order what the program
     * does */
    return atomic_fetch_add_explicit(&history->counter, 1, memory_order_relaxed) + 1;
}

static uint64_t stamp_call(struct mill_history *history)
{
    uint64_t stamp;
    switch (history->stamps) {
    case MILL_STAMPS_TICKS:
        return mill_ticks_begin(history->clock);
    case MILL_STAMPS_PLAIN:
        return next_plain(history);
    case MILL_STAMPS_COUNTER:
    default:
        stamp = next_count(history);
        fence(); /* nothing of the operation comes before its stamp */
        return stamp;
    }
}

static uint64_t stamp_return(struct mill_history *history)
{
    switch (history->stamps) {
    case MILL_STAMPS_TICKS:
        fence();
        return mill_ticks_end(history->clock);
    case MILL_STAMPS_PLAIN:
        return next_plain(history);
    case MILL_STAMPS_COUNTER:
    default:
        fence();
        return next_count(history);
    }
}

/* ---- making one ---- */

/* Written to, so that no page is new while operations are timed. */
static struct mill_call *alloc_calls(size_t count)
{
    size_t size;
    if (__builtin_mul_overflow(count, sizeof(struct mill_call), &size) || size > SIZE_MAX - MILL_ISOLATION) {
        return NULL;
    }
    struct mill_call *calls = mill_isolated_alloc(size);
    return calls ? memset(calls, 0xff, size) : NULL;
}

static size_t beside_capacity(const struct mill_history *history)
{
    return history->threads * history->capacity;
}

static int open_logs(struct mill_history *history)
{
    for (unsigned i = 0; i < history->threads; i++) {
        history->logs[i].calls = alloc_calls(history->capacity);
        if (!history->logs[i].calls) {
            return -ENOMEM;
        }
    }
    history->beside.calls = alloc_calls(beside_capacity(history));
    if (!history->beside.calls) {
        return -ENOMEM;
    }
    mill_history_reset(history);
    return 0;
}

void mill_history_reset(struct mill_history *history)
{
    for (unsigned i = 0; i < history->threads; i++) {
        struct log *log = &history->logs[i];
        *log = (struct log){.calls = log->calls, .first_missed = MILL_PENDING};
    }
    /* relaxed, all: nobody records meanwhile */
    atomic_store_explicit(&history->beside.taken, 0, memory_order_relaxed);
    atomic_store_explicit(&history->beside.first_missed, MILL_PENDING, memory_order_relaxed);
    atomic_store_explicit(&history->counter, 0, memory_order_relaxed);
    history->plain = 0;
}

int mill_history_create(unsigned threads, size_t capacity, enum mill_stamps stamps,
                        const struct mill_clock *clock, struct mill_history **history)
{
    if (threads == 0 || capacity == 0 || !history || stamps > MILL_STAMPS_PLAIN ||
        (stamps == MILL_STAMPS_TICKS && !clock)) {
        return -EINVAL;
    }
    if (stamps == MILL_STAMPS_TICKS && !clock->counter) {
        return -ENOTSUP;
    }
    struct mill_history *made = mill_isolated_alloc(sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    made->stamps = stamps;
    made->threads = threads;
    made->capacity = capacity;
    made->clock = clock;
    made->logs = mill_isolated_alloc(threads * sizeof *made->logs);
    int status = made->logs ? open_logs(made) : -ENOMEM;
    if (status < 0) {
        mill_history_destroy(made);
        return status;
    }
    *history = made;
    return 0;
}

void mill_history_destroy(struct mill_history *history)
{
    if (!history) {
        return;
    }
    for (unsigned i = 0; history->logs && i < history->threads; i++) {
        free(history->logs[i].calls);
    }
    free(history->logs);
    free(history->beside.calls);
    free(history);
}

/* ---- recording ---- */

int mill_history_call(struct mill_history *history, unsigned thread, unsigned operation, int64_t object,
                      int64_t argument, int64_t second)
{
    if (thread >= history->threads) {
        return -EINVAL;
    }
    struct log *log = &history->logs[thread];
    log->open = true;
    log->open_missed = log->missed > 0 || log->count == history->capacity;
    if (log->open_missed) {
        if (log->missed++ == 0) {
            log->first_missed = stamp_call(history);
        }
        return -ENOSPC;
    }
    struct mill_call *call = &log->calls[log->count++];
    *call = (struct mill_call){.thread = thread,
                               .operation = operation,
                               .object = object,
                               .argument = argument,
                               .second = second,
                               .returned = MILL_PENDING};
    call->invoked = stamp_call(history);
    return 0;
}

int mill_history_return(struct mill_history *history, unsigned thread, int64_t result)
{
    if (thread >= history->threads || !history->logs[thread].open) {
        return -EINVAL;
    }
    struct log *log = &history->logs[thread];
    log->open = false;
    if (log->open_missed) {
        return -ENOSPC;
    }
    struct mill_call *call = &log->calls[log->count - 1];
    call->returned = stamp_return(history);
    call->result = result;
    return 0;
}

int mill_history_return_of(struct mill_history *history, unsigned thread, int64_t object, int64_t result)
{
    int status = mill_history_return(history, thread, result);
    if (status == 0) {
        struct log *log = &history->logs[thread];
        log->calls[log->count - 1].object = object;
    }
    return status;
}

static void note_missed(struct mill_history *history)
{
    uint64_t now = stamp_call(history);
    /* relaxed, here and where a place is taken: what is recorded is read behind a join */
    uint64_t first = atomic_load_explicit(&history->beside.first_missed, memory_order_relaxed);
    while (now < first &&
           !atomic_compare_exchange_weak_explicit(&history->beside.first_missed, &first, now,
                                                  memory_order_relaxed, memory_order_relaxed)) {
    }
}

size_t mill_history_call_beside(struct mill_history *history, unsigned operation, int64_t object,
                                int64_t argument, int64_t second)
{
    size_t place = atomic_fetch_add_explicit(&history->beside.taken, 1, memory_order_relaxed);
    if (place >= beside_capacity(history)) {
        note_missed(history);
        return MILL_CALL_MISSED;
    }
    struct mill_call *call = &history->beside.calls[place];
    *call = (struct mill_call){.thread = history->threads + (unsigned)place,
                               .operation = operation,
                               .object = object,
                               .argument = argument,
                               .second = second,
                               .returned = MILL_PENDING};
    call->invoked = stamp_call(history);
    return place;
}

int mill_history_return_beside(struct mill_history *history, size_t call, int64_t result)
{
    if (call == MILL_CALL_MISSED) {
        return -ENOSPC;
    }
    if (call >= beside_capacity(history) ||
        call >= atomic_load_explicit(&history->beside.taken, memory_order_relaxed)) {
        return -EINVAL;
    }
    history->beside.calls[call].returned = stamp_return(history);
    history->beside.calls[call].result = result;
    return 0;
}

/* ---- collecting ---- */

static int by_invocation(const void *a, const void *b)
{
    const struct mill_call *left = a, *right = b;
    if (left->invoked != right->invoked) {
        return left->invoked < right->invoked ? -1 : 1;
    }
    return (left->thread > right->thread) - (left->thread < right->thread);
}

/* Adds what a log holds, up to the first call that is missing. */
static void add_calls(struct mill_calls *calls, const struct mill_call *recorded, size_t count, uint64_t end)
{
    for (size_t i = 0; i < count; i++) {
        struct mill_call call = recorded[i];
        if (call.invoked >= end) {
            calls->cut++;
            continue;
        }
        if (call.returned >= end) {
            call.returned = MILL_PENDING;
        }
        calls->pending += mill_call_is_pending(&call);
        calls->calls[calls->count++] = call;
    }
}

int mill_history_collect(const struct mill_history *history, struct mill_calls *calls)
{
    *calls = (struct mill_calls){0};
    size_t beside = atomic_load_explicit(&history->beside.taken, memory_order_relaxed);
    uint64_t end = atomic_load_explicit(&history->beside.first_missed, memory_order_relaxed);
    if (beside > beside_capacity(history)) {
        calls->missed = beside - beside_capacity(history);
        beside = beside_capacity(history);
    }
    size_t recorded = beside;
    for (unsigned i = 0; i < history->threads; i++) {
        const struct log *log = &history->logs[i];
        recorded += log->count;
        calls->missed += log->missed;
        if (log->first_missed < end) {
            end = log->first_missed;
        }
    }
    calls->calls = calloc(recorded > 0 ? recorded : 1, sizeof *calls->calls);
    if (!calls->calls) {
        return -ENOMEM;
    }
    for (unsigned i = 0; i < history->threads; i++) {
        add_calls(calls, history->logs[i].calls, history->logs[i].count, end);
    }
    add_calls(calls, history->beside.calls, beside, end);
    qsort(calls->calls, calls->count, sizeof *calls->calls, by_invocation);
    return 0;
}

void mill_calls_free(struct mill_calls *calls)
{
    free(calls->calls);
    *calls = (struct mill_calls){0};
}

/* ---- telling recordings apart ---- */

/* Each half is a chain of its own of steps that lose nothing: a word that differs makes both differ, and
 * later words would have to undo it in both. */
static void add_word(struct mill_fingerprint *sum, uint64_t word)
{
    sum->low = (sum->low ^ word) * UINT64_C(0x9e3779b97f4a7c15);
    sum->low ^= sum->low >> 32;
    sum->high = (sum->high + word) * UINT64_C(0xd6e8feb86659fd93);
    sum->high ^= sum->high >> 29;
}

static void add_log(struct mill_fingerprint *sum, const struct mill_call *calls, size_t count)
{
    add_word(sum, count);
    for (size_t i = 0; i < count; i++) {
        add_word(sum, (uint64_t)calls[i].thread << 32 | calls[i].operation);
        add_word(sum, (uint64_t)calls[i].object);
        add_word(sum, (uint64_t)calls[i].argument);
        add_word(sum, (uint64_t)calls[i].second);
        add_word(sum, (uint64_t)calls[i].result);
        add_word(sum, calls[i].invoked);
        add_word(sum, calls[i].returned);
    }
}

bool mill_history_fingerprint(const struct mill_history *history, struct mill_fingerprint *fingerprint)
{
    size_t beside = atomic_load_explicit(&history->beside.taken, memory_order_relaxed);
    struct mill_fingerprint sum = {0};
    if (beside > beside_capacity(history)) {
        return false;
    }
    for (unsigned i = 0; i < history->threads; i++) {
        if (history->logs[i].missed > 0) {
            return false;
        }
        add_log(&sum, history->logs[i].calls, history->logs[i].count);
    }
    add_log(&sum, history->beside.calls, beside);
    *fingerprint = sum;
    return true;
}
