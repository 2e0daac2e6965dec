#include "core/thread_index.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

#define WORD_BITS 64

_Thread_local int mill_thread_index_next;

/* The process's numbers: the one context that changes here. Nobody waits: a thread that is stopped in the
 * middle of this keeps none from a number. */
static struct {
    atomic_uint key; /* plus one; 0: none yet. Its destructor gives the number of a thread back */
    _Atomic uint64_t given[MILL_THREAD_INDEX_MAX / WORD_BITS];
    atomic_uint limit;
} numbers;

/* relaxed: a thread has raised the limit, or seen it raised, before it does anything with its number; see
 * the header */
static void raise_limit(unsigned limit)
{
    unsigned seen = atomic_load_explicit(&numbers.limit, memory_order_relaxed);
    while (seen < limit && !atomic_compare_exchange_weak_explicit(
                               &numbers.limit, &seen, limit, memory_order_relaxed, memory_order_relaxed)) {
    }
}

static int take(void)
{
    for (int word = 0; word < MILL_THREAD_INDEX_MAX / WORD_BITS; word++) {
        uint64_t given = atomic_load_explicit(&numbers.given[word], memory_order_relaxed);
        while (given != UINT64_MAX) {
            int bit = __builtin_ctzll(~given);
            /* acquire: pairs with the release of give_back; what the last owner wrote is seen */
            if (atomic_compare_exchange_weak_explicit(&numbers.given[word], &given,
                                                      given | UINT64_C(1) << bit, memory_order_acquire,
                                                      memory_order_relaxed)) {
                raise_limit((unsigned)(word * WORD_BITS + bit) + 1);
                return word * WORD_BITS + bit;
            }
        }
    }
    return -EAGAIN;
}

static void give_back(int index)
{
    /* release: pairs with the acquire of take */
    atomic_fetch_and_explicit(&numbers.given[index / WORD_BITS], ~(UINT64_C(1) << index % WORD_BITS),
                              memory_order_release);
}

/* A later destructor of the same thread may ask again; then this one is called again, too. */
static void thread_ends(void *next)
{
    mill_thread_index_next = 0;
    give_back((int)(intptr_t)next - 1);
}

/* Of all that make one at the same time, the key of the first is everybody's. */
static int find_key(pthread_key_t *key)
{
    /* relaxed: a key is a number, and nothing else was written with it */
    unsigned kept = atomic_load_explicit(&numbers.key, memory_order_relaxed);
    if (kept == 0) {
        int status = -pthread_key_create(key, thread_ends);
        if (status < 0) {
            return status;
        }
        if (atomic_compare_exchange_strong_explicit(&numbers.key, &kept, *key + 1, memory_order_relaxed,
                                                    memory_order_relaxed)) {
            return 0;
        }
        pthread_key_delete(*key);
    }
    *key = kept - 1;
    return 0;
}

int mill_thread_index_assign(void)
{
    pthread_key_t key;
    int status = find_key(&key);
    if (status < 0) {
        return status;
    }
    int index = take();
    if (index < 0) {
        return index;
    }
    status = -pthread_setspecific(key, (void *)(intptr_t)(index + 1));
    if (status < 0) {
        give_back(index);
        return status;
    }
    mill_thread_index_next = index + 1;
    return index;
}

unsigned mill_thread_index_limit(void)
{
    return atomic_load_explicit(&numbers.limit, memory_order_relaxed);
}

void mill_thread_index_begin_anew(void)
{
    unsigned limit = 0;
    for (unsigned word = 0; word < MILL_THREAD_INDEX_MAX / WORD_BITS; word++) {
        /* relaxed, here and below: nobody else is there */
        uint64_t given = atomic_load_explicit(&numbers.given[word], memory_order_relaxed);
        if (given != 0) {
            limit = (word + 1) * WORD_BITS - (unsigned)__builtin_clzll(given);
        }
    }
    atomic_store_explicit(&numbers.limit, limit, memory_order_relaxed);
}
