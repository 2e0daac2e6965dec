#include "measure/model_foresight.h"

#include <errno.h>
#include <stdlib.h>

struct brought {
    int64_t value;
    size_t call;
    bool takes;
};

static int by_value(const void *a, const void *b)
{
    const struct brought *left = a, *right = b;
    if (left->value != right->value) {
        return left->value < right->value ? -1 : 1;
    }
    return (left->takes > right->takes) - (left->takes < right->takes);
}

/* Of items that come once and are taken at most once, in `calls` order by value. An item that nobody is seen
 * to take stays, unless a pending call has it: then it leaves after that was called. */
static void foresee_each(const struct brought *all, size_t count, const struct mill_call *calls,
                         uint64_t first_pending, struct mill_foresight *foresight)
{
    for (size_t i = 0, next; i < count; i = next) {
        size_t takers = 0;
        for (next = i; next < count && all[next].value == all[i].value; next++) {
            takers += all[next].takes;
        }
        if (all[i].takes || next - i - takers > 1 || takers > 1) {
            continue; /* never brought, or equal to another */
        }
        struct mill_foresight *item = &foresight[all[i].call];
        if (takers == 1) {
            item->earliest = calls[all[i + 1].call].invoked;
            item->latest = calls[all[i + 1].call].returned;
        } else {
            item->earliest = first_pending;
        }
    }
}

int mill_foresee(const struct mill_foresight_words *words, const struct mill_call *calls, size_t count,
                 struct mill_foresight *foresight)
{
    struct brought *all = calloc(count > 0 ? count : 1, sizeof *all);
    uint64_t first_pending = UINT64_MAX;
    size_t used = 0;
    if (!all) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        const struct mill_call *call = &calls[i];
        if (words->brings(call)) {
            all[used++] = (struct brought){call->argument, i, false};
        } else if (words->takes(call) && !mill_call_is_pending(call)) {
            all[used++] = (struct brought){call->result, i, true};
        } else if (words->takes(call) && call->invoked < first_pending) {
            first_pending = call->invoked;
        }
    }
    qsort(all, used, sizeof *all, by_value);
    foresee_each(all, used, calls, first_pending, foresight);
    free(all);
    return 0;
}

void mill_leaves_with_its_value(const struct mill_call *call, bool brings, struct mill_leaving *leaving)
{
    leaving->brings = brings;
    leaving->takes_away = !brings;
    leaving->marks = brings || !mill_call_is_pending(call);
    leaving->mark[0] = brings ? call->argument : call->result;
}
