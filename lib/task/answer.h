/* One answer from one thread to another, where the one that asked may give up waiting.
 *
 * It stands in a request that both share, beside what is asked and what is answered; whoever leaves last
 * frees the request:
 *
 *     struct question { struct mill_answer answer; int sum; } *question = malloc(sizeof *question);
 *     mill_answer_init(&question->answer);
 *     hand_over(question);
 *
 *     asks:                                                  answers:
 *
 *     status = mill_answer_await(&question->answer, late);   question->sum = add_up();
 *     sum = status == 0 ? question->sum : 0;                 mill_answer_give(&question->answer);
 *     if (mill_answer_leave(&question->answer))              if (mill_answer_leave(&question->answer))
 *         free(question);                                        free(question);
 *
 * What the answering thread wrote before it gave the answer is seen by the one that awaited it. Waiting is
 * blocking, giving is wait-free but for the wake.
 */
#ifndef MILL_TASK_ANSWER_H
#define MILL_TASK_ANSWER_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct mill_answer {
    atomic_uint users;      /* of the request: who asked, and who answers */
    _Atomic uint32_t given; /* 0 or 1, and the word that the asking thread sleeps on */
};

void mill_answer_init(struct mill_answer *answer);

/* Once. */
void mill_answer_give(struct mill_answer *answer);

/* Waits until `deadline` (core/timeout.h) for the answer. 0 or -ETIMEDOUT. */
int mill_answer_await(struct mill_answer *answer, uint64_t deadline);

/* True for the last of the two to leave, to which the request then belongs. */
bool mill_answer_leave(struct mill_answer *answer);

#endif
