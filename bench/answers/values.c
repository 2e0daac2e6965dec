/* The counter, the number, the cached value. */
#include "answers.h"

/* Wrong: what is told was looked up behind the addition, when another's was there, too. */
int answers_counter(struct mill_worker *worker, struct answers *answers)
{
    mill_worker_called(worker, MILL_CALL_COUNTER_ADD_AND_FETCH, 0, 1, 0);
    pthread_mutex_lock(&answers->mutex);
    int64_t told = ++answers->value;
    pthread_mutex_unlock(&answers->mutex);
    if (answers->wrong) {
        pthread_mutex_lock(&answers->mutex);
        told = answers->value;
        pthread_mutex_unlock(&answers->mutex);
    }
    mill_worker_returned(worker, told);
    return MILL_DONE;
}

/* Wrong: an exchange in two steps. */
int answers_number(struct mill_worker *worker, struct answers *answers)
{
    int64_t mine = answers_own(worker);
    mill_worker_called(worker, MILL_CALL_REGISTER_EXCHANGE, 0, mine, 0);
    pthread_mutex_lock(&answers->mutex);
    int64_t told = answers->value;
    if (answers->wrong) {
        pthread_mutex_unlock(&answers->mutex);
        pthread_mutex_lock(&answers->mutex);
    }
    answers->value = mine;
    pthread_mutex_unlock(&answers->mutex);
    mill_worker_returned(worker, told);
    return MILL_DONE;
}

static void write_copy(struct answers *answers, unsigned copy, int64_t value)
{
    pthread_mutex_lock(&answers->mutex);
    answers->copies[copy] = value;
    pthread_mutex_unlock(&answers->mutex);
}

/* Wrong: a copy is renewed after the other, and readers look at them in turns. */
int answers_cached(struct mill_worker *worker, struct answers *answers)
{
    if (worker->index == 0) {
        int64_t mine = answers_own(worker);
        mill_worker_called(worker, MILL_CALL_CACHED_WRITE, 0, mine, 0);
        write_copy(answers, 0, mine);
        write_copy(answers, 1, mine);
        mill_worker_returned(worker, 0);
        return MILL_DONE;
    }
    for (unsigned copy = 0; copy < 2; copy++) {
        mill_worker_called(worker, MILL_CALL_CACHED_READ, 0, 0, 0);
        pthread_mutex_lock(&answers->mutex);
        int64_t told = answers->copies[answers->wrong ? copy : 0];
        pthread_mutex_unlock(&answers->mutex);
        mill_worker_returned(worker, told);
    }
    return MILL_DONE;
}
