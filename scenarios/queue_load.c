#include "scenarios/queue_load.h"

#include <inttypes.h>

void mill_load_add(struct mill_load_tally *total, const struct mill_load_tally *one)
{
    total->count += one->count;
    total->sum += one->sum;
    total->squares += one->squares;
    total->disordered += one->disordered;
}

/* Of 0 … count-1, modulo 2^64; of three factors one is divisible by three and one by two. */
static uint64_t sum_of_squares(uint64_t count)
{
    __extension__ typedef unsigned __int128 wide;
    wide n = count;
    return count == 0 ? 0 : (uint64_t)((n - 1) * n * (2 * n - 1) / 6);
}

static uint64_t sum_of(uint64_t count)
{
    __extension__ typedef unsigned __int128 wide;
    wide n = count;
    return count == 0 ? 0 : (uint64_t)((n - 1) * n / 2);
}

void mill_load_check(struct mill_check *check, unsigned producer, uint64_t put,
                     const struct mill_load_tally *got, uint64_t dropped)
{
    if (got->disordered > 0) {
        mill_check_found(check, MILL_CORRUPTION, "%" PRIu64 " items of producer %u came after a later one",
                         got->disordered, producer);
    }
    if (got->count > put || (dropped == 0 && got->count < put)) {
        mill_check_found(check, got->count > put ? MILL_CORRUPTION : MILL_LOST_UPDATE,
                         "producer %u put %" PRIu64 " items, %" PRIu64 " were got", producer, put,
                         got->count);
    } else if (dropped == 0 && (got->sum != sum_of(put) || got->squares != sum_of_squares(put))) {
        mill_check_found(check, MILL_CORRUPTION,
                         "of the %" PRIu64 " items of producer %u some were lost and others were got twice",
                         put, producer);
    }
}

const char *mill_load_misfit(const struct mill_strategy *strategy, unsigned producers, unsigned consumers)
{
    unsigned shape = mill_queue_ops_of(strategy)->shape;
    if ((shape & MILL_QUEUE_ONE_PRODUCER) && producers > 1) {
        return "the queue is for one producer";
    }
    return (shape & MILL_QUEUE_ONE_CONSUMER) && consumers > 1 ? "the queue is for one consumer" : NULL;
}
