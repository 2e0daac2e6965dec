/* What the objects of answers.c are made of, and their list: name, model, its parameter. */
#ifndef MILL_BENCH_ANSWERS_H
#define MILL_BENCH_ANSWERS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

#include "harness/scenario.h"

#define ANSWERS(X)                            \
    X(counter, mill_model_counter, 0)         \
    X(number, mill_model_register, 0)         \
    X(cached, mill_model_cached, 0)           \
    X(queue, mill_model_queue, 0)             \
    X(drop_oldest, mill_model_drop_oldest, 2) \
    X(stack, mill_model_stack, 0)             \
    X(lock, mill_model_lock, 0)               \
    X(rwlock, mill_model_rwlock, 0)           \
    X(event, mill_model_event, 0)             \
    X(barrier, mill_model_barrier, 2)         \
    X(future, mill_model_future, 0)

#define ANSWERS_ITEMS 64

struct answers {
    bool wrong;
    pthread_mutex_t mutex; /* protects value, copies, items and count */
    int64_t value;
    int64_t copies[2];
    int64_t items[ANSWERS_ITEMS];
    size_t count;
    atomic_int flag; /* of what does without the mutex */
    atomic_int readers;
    atomic_uint arrived;
    atomic_int tasks[ANSWERS_ITEMS];
};

/* One operation: a call of the object, or two, recorded. */
#define ANSWERS_DECLARE(ident, model, parameter) \
    int answers_##ident(struct mill_worker *worker, struct answers *answers);
ANSWERS(ANSWERS_DECLARE)
#undef ANSWERS_DECLARE

/* Numbers that no other thread has. */
static inline int64_t answers_own(const struct mill_worker *worker)
{
    return 100 * ((int64_t)worker->index + 1) + (int64_t)worker->operations;
}

#endif
