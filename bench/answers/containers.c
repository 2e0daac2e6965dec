/* The queues, the stack. */
#include <errno.h>

#include "answers.h"

static int64_t take_at(struct answers *answers, size_t place)
{
    int64_t item = answers->items[place];
    for (answers->count--; place < answers->count; place++) {
        answers->items[place] = answers->items[place + 1];
    }
    return item;
}

static void put(struct mill_worker *worker, struct answers *answers, unsigned operation)
{
    int64_t mine = answers_own(worker);
    mill_worker_called(worker, operation, 0, mine, 0);
    pthread_mutex_lock(&answers->mutex);
    answers->items[answers->count++] = mine;
    pthread_mutex_unlock(&answers->mutex);
    mill_worker_returned(worker, 0);
}

static void take(struct mill_worker *worker, struct answers *answers, unsigned operation, bool youngest)
{
    mill_worker_called(worker, operation, 0, 0, 0);
    pthread_mutex_lock(&answers->mutex);
    int64_t told =
        answers->count > 0 ? take_at(answers, youngest ? answers->count - 1 : 0) : (int64_t)-EAGAIN;
    pthread_mutex_unlock(&answers->mutex);
    mill_worker_returned(worker, told);
}

/* Wrong: the youngest comes out first. */
int answers_queue(struct mill_worker *worker, struct answers *answers)
{
    put(worker, answers, MILL_CALL_QUEUE_PUT);
    take(worker, answers, MILL_CALL_QUEUE_TRY_GET, answers->wrong);
    return MILL_DONE;
}

/* Wrong: the oldest comes out first. */
int answers_stack(struct mill_worker *worker, struct answers *answers)
{
    put(worker, answers, MILL_CALL_STACK_PUSH);
    take(worker, answers, MILL_CALL_STACK_POP, !answers->wrong);
    return MILL_DONE;
}

/* Two have room. Wrong: the youngest makes room. */
int answers_drop_oldest(struct mill_worker *worker, struct answers *answers)
{
    if (worker->index > 0) {
        take(worker, answers, MILL_CALL_QUEUE_TRY_GET, false);
        return MILL_DONE;
    }
    int64_t mine = answers_own(worker);
    mill_worker_called(worker, MILL_CALL_QUEUE_PUT, 0, mine, 0);
    pthread_mutex_lock(&answers->mutex);
    if (answers->count == 2) {
        take_at(answers, answers->wrong ? 1 : 0);
    }
    answers->items[answers->count++] = mine;
    pthread_mutex_unlock(&answers->mutex);
    mill_worker_returned(worker, 0);
    return MILL_DONE;
}
