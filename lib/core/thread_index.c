#include "core/thread_index.h"

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#define WORD_BITS 64

_Thread_local int mill_thread_index_next;

/* The process's numbers: the one context that changes here. */
static struct {
    pthread_once_t once;
    pthread_key_t key;     /* its destructor gives the number of a thread back when that ends */
    int key_status;        /* 0: there is a key */
    pthread_mutex_t mutex; /* protects `given`, and orders the last owner of a number before the next */
    uint64_t given[MILL_THREAD_INDEX_MAX / WORD_BITS];
    atomic_uint limit; /* written under the mutex */
} numbers = {.once = PTHREAD_ONCE_INIT, .mutex = PTHREAD_MUTEX_INITIALIZER};

static int smallest_free(void)
{
    for (int word = 0; word < MILL_THREAD_INDEX_MAX / WORD_BITS; word++) {
        if (numbers.given[word] != UINT64_MAX) {
            return word * WORD_BITS + __builtin_ctzll(~numbers.given[word]);
        }
    }
    return -EAGAIN;
}

static int take(void)
{
    pthread_mutex_lock(&numbers.mutex);
    int index = smallest_free();
    if (index >= 0) {
        numbers.given[index / WORD_BITS] |= UINT64_C(1) << index % WORD_BITS;
        /* relaxed: see the header; the mutex keeps two writers apart */
        if ((unsigned)index >= atomic_load_explicit(&numbers.limit, memory_order_relaxed)) {
            atomic_store_explicit(&numbers.limit, (unsigned)index + 1, memory_order_relaxed);
        }
    }
    pthread_mutex_unlock(&numbers.mutex);
    return index;
}

static void give_back(int index)
{
    pthread_mutex_lock(&numbers.mutex);
    numbers.given[index / WORD_BITS] &= ~(UINT64_C(1) << index % WORD_BITS);
    pthread_mutex_unlock(&numbers.mutex);
}

/* A later destructor of the same thread may ask again; then this one is called again, too. */
static void thread_ends(void *next)
{
    mill_thread_index_next = 0;
    give_back((int)(intptr_t)next - 1);
}

static void make_key(void)
{
    numbers.key_status = -pthread_key_create(&numbers.key, thread_ends);
}

int mill_thread_index_assign(void)
{
    pthread_once(&numbers.once, make_key);
    if (numbers.key_status < 0) {
        return numbers.key_status;
    }
    int index = take();
    if (index < 0) {
        return index;
    }
    int status = -pthread_setspecific(numbers.key, (void *)(intptr_t)(index + 1));
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
