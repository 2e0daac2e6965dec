/* Looks whether the flag is down, and raises it: two threads that look before either has raised it both have
 * the resource. Kept on purpose.
 */
#include <sched.h>

#include "core/pause.h"
#include "sync/claim_list.h"

#define DAWDLE_EVERY  32u
#define DAWDLE_PAUSES 64u

struct flag {
    struct mill_claim claim;
    volatile bool busy; /* volatile: the guides' languages read it each time; it orders nothing */
    unsigned tries;     /* roughly */
};

/* Between its look and its store a thread may lose its processor; here it now and then gives it away, so that
 * the mistake shows in a run of milliseconds. */
static void dawdle(struct flag *flag)
{
    if (++flag->tries % DAWDLE_EVERY == 0) {
        sched_yield();
        for (unsigned pauses = DAWDLE_PAUSES; pauses > 0; pauses--) {
            mill_pause();
        }
    }
}

static bool try(struct mill_claim *claim)
{
    struct flag *flag = (struct flag *)claim;
    if (flag->busy) {
        return false;
    }
    dawdle(flag);
    flag->busy = true;
    return true;
}

static void release(struct mill_claim *claim)
{
    ((struct flag *)claim)->busy = false;
}

const struct mill_claim_ops mill_claim_plain_flag = {
    .about =
        {
            .name = "plain-flag",
            .summary = "a flag that is looked at and raised in two steps: two owners at once",
            .source = "the mistake of check-then-act",
            .traits = MILL_CONTROL,
            .progress = MILL_WAIT_FREE,
            .size = sizeof(struct flag),
        },
    .try = try,
    .release = release,
};
