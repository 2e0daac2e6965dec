#include "device/hand.h"

#include <errno.h>
#include <stdlib.h>

struct mill_hand {
    int unused;
};

int mill_hand_create(const char *text, struct mill_hand **hand, struct mill_error *error)
{
    (void)text;
    (void)hand;
    return mill_error_set(error, -EINVAL, "hand: none yet");
}

void mill_hand_destroy(struct mill_hand *hand)
{
    free(hand);
}

double mill_hand_degrees(const struct mill_hand *hand, uint64_t t_us)
{
    (void)hand;
    return 0 * (double)t_us;
}
