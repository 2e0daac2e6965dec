/* A sequence lock (Lameter 2005; Boehm, Can Seqlocks Get Along with Programming Language Memory Models?,
 * 2012): readers of a value take no lock and write nothing that is shared; they look at a number before and
 * after, and read again if a writer was there meanwhile.
 *
 *     struct reading { double position, torque; };
 *     struct {
 *         struct mill_seqlock lock;
 *         _Atomic(uint64_t) words[MILL_SEQLOCK_WORDS(sizeof(struct reading))];
 *     } shared = {0};
 *
 *     one writer:     mill_seqlock_write(&shared.lock, shared.words, &reading, sizeof reading);
 *     any thread:     mill_seqlock_read(&shared.lock, shared.words, &copy, sizeof copy);
 *
 * The value is plain bytes without pointers. One thread at a time writes; a write is wait-free and never held
 * up by readers. A reader is held up while a write is under way (it backs off, and yields in the end, since
 * the writer may have lost its processor), and reads what was whole at one moment between its call and its
 * return.
 *
 * Without data races, also for ThreadSanitizer: the value is read and written as atomic words. Boehm's
 * version has relaxed words and two stand-alone fences; here the words carry the order themselves (acquire
 * and release), which is the same plain moves on x86-64, and which the sanitizer understands.
 */
#ifndef MILL_SYNC_SEQLOCK_H
#define MILL_SYNC_SEQLOCK_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "core/backoff.h"

/* Atomic words that hold `size` bytes. */
#define MILL_SEQLOCK_WORDS(size) (((size) + sizeof(uint64_t) - 1) / sizeof(uint64_t))

struct mill_seqlock {
    _Atomic(uint64_t) sequence; /* odd: a write is under way */
};

static inline void mill_seqlock_write(struct mill_seqlock *lock, _Atomic(uint64_t) *words, const void *from,
                                      size_t size)
{
    /* relaxed: only the writer changes it */
    uint64_t before = atomic_load_explicit(&lock->sequence, memory_order_relaxed);
    /* relaxed: the release of each word keeps it before that word */
    atomic_store_explicit(&lock->sequence, before + 1, memory_order_relaxed);
    for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
        uint64_t word = 0;
        memcpy(&word, (const unsigned char *)from + at, size - at < sizeof word ? size - at : sizeof word);
        /* release: who reads this word sees the odd number; pairs with the acquire of the word in read */
        atomic_store_explicit(&words[at / sizeof(uint64_t)], word, memory_order_release);
    }
    /* release: who sees the even number sees all words; pairs with the first look in read */
    atomic_store_explicit(&lock->sequence, before + 2, memory_order_release);
}

static inline void mill_seqlock_read(const struct mill_seqlock *lock, const _Atomic(uint64_t) *words,
                                     void *into, size_t size)
{
    struct mill_backoff backoff = MILL_BACKOFF_INIT;
    for (;;) {
        uint64_t before = atomic_load_explicit(&lock->sequence, memory_order_acquire);
        for (size_t at = 0; at < size; at += sizeof(uint64_t)) {
            /* acquire: keeps the second look behind it, and that one sees the odd number of whoever wrote
             * this word */
            uint64_t word = atomic_load_explicit(&words[at / sizeof(uint64_t)], memory_order_acquire);
            memcpy((unsigned char *)into + at, &word, size - at < sizeof word ? size - at : sizeof word);
        }
        /* relaxed: ordered by the words */
        if (before % 2 == 0 && atomic_load_explicit(&lock->sequence, memory_order_relaxed) == before) {
            return;
        }
        mill_backoff_wait(&backoff);
    }
}

#endif
