#include "task/answer.h"

#include "sync/futex.h"

void mill_answer_init(struct mill_answer *answer)
{
    atomic_init(&answer->users, 2);
    atomic_init(&answer->given, 0);
}

void mill_answer_give(struct mill_answer *answer)
{
    /* release: pairs with the acquire in await */
    atomic_store_explicit(&answer->given, 1, memory_order_release);
    mill_futex_wake(&answer->given, 1);
}

int mill_answer_await(struct mill_answer *answer, uint64_t deadline)
{
    int status = 0;
    while (!atomic_load_explicit(&answer->given, memory_order_acquire)) {
        if (status < 0) {
            return status;
        }
        status = mill_futex_wait_until(&answer->given, 0, deadline);
    }
    return 0;
}

bool mill_answer_leave(struct mill_answer *answer)
{
    /* acq_rel: whoever frees comes after all that the other did */
    return atomic_fetch_sub_explicit(&answer->users, 1, memory_order_acq_rel) == 1;
}
