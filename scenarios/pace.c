#include "scenarios/pace.h"

#include <errno.h>
#include <stdlib.h>

#include "core/cacheline.h"

/* Two streams for each thread, and none that the engine gives to a worker. */
static uint64_t stream_of(unsigned thread, bool think)
{
    return ((uint64_t)1 << 32) + 2 * (uint64_t)thread + think;
}

void mill_pace_draw(struct mill_pace *pace)
{
    pace->hold_ns = mill_times_next(&pace->holds);
    pace->think_ns = mill_times_next(&pace->thinks);
}

static int init(struct mill_pace *pace, const struct mill_case *one, unsigned thread,
                const struct mill_times *like)
{
    int status = mill_times_init(&pace->holds, like->shape, pace->hold_ns, like->burst, one->seed,
                                 stream_of(thread, false));
    if (status == 0) {
        status = mill_times_init(&pace->thinks, like->shape, pace->think_ns, like->burst, one->seed,
                                 stream_of(thread, true));
    }
    return status;
}

int mill_paces_create(const struct mill_case *one, int64_t hold_ns, int64_t think_ns, int64_t shape,
                      int64_t burst, struct mill_pace **paces)
{
    const struct mill_times like = {.shape = (enum mill_times_shape)shape, .burst = (uint32_t)burst};
    struct mill_pace *made = mill_isolated_alloc(one->threads * sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    for (unsigned i = 0; i < one->threads; i++) {
        made[i].hold_ns = (uint64_t)hold_ns;
        made[i].think_ns = (uint64_t)think_ns;
        made[i].drawn = like.shape != MILL_TIMES_FIXED;
        int status = init(&made[i], one, i, &like);
        if (status < 0) {
            free(made);
            return status;
        }
        mill_pace_draw(&made[i]);
    }
    *paces = made;
    return 0;
}
