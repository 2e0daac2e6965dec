#include "hunt/minimise.h"

#include <errno.h>

/* Fewer preemptions; among equals, fewer switches; among equals, fewer choices. */
static bool is_better(const struct mill_choices *a, const struct mill_choices *b)
{
    uint32_t costs_a[] = {mill_choices_preemptions(a), mill_choices_switches(a), a->count};
    uint32_t costs_b[] = {mill_choices_preemptions(b), mill_choices_switches(b), b->count};
    for (int i = 0; i < 3; i++) {
        if (costs_a[i] != costs_b[i]) {
            return costs_a[i] < costs_b[i];
        }
    }
    return false;
}

static bool run(struct mill_minimise *work)
{
    work->attempts++;
    mill_choices_clear(work->ran);
    return work->fails(work->context, work->try, work->ran) && work->ran->lost == 0;
}

/* Runs what is in `try`; it becomes the best if it is better. */
static bool attempt(struct mill_minimise *work)
{
    return work->attempts < work->attempts_max && run(work) && is_better(work->ran, work->best) &&
           mill_choices_copy(work->best, work->ran) == 0;
}

static uint32_t count_runs(const struct mill_choices *list)
{
    uint32_t runs = 0;
    for (uint32_t at = 0; at < list->count; at += mill_choices_run(list, at).length) {
        runs++;
    }
    return runs;
}

/* The beginning of the best, and then no more preemptions. */
static void cut_end(struct mill_minimise *work)
{
    uint32_t kept = work->best->count;
    for (uint32_t size = kept; size > 0; size = size > 1 ? (size + 1) / 2 : 0) {
        while (kept >= size) {
            mill_choices_clear(work->try);
            for (uint32_t i = 0; i < kept - size; i++) {
                mill_choices_add(work->try, work->best->items[i]);
            }
            if (!attempt(work)) {
                break;
            }
            kept -= size;
        }
    }
}

/* The best without `count` of its runs, or, if `swaps`, with run `first` behind the one that follows it. */
static void change_runs(struct mill_minimise *work, uint32_t first, uint32_t count, bool swaps)
{
    const struct mill_choices *best = work->best;
    struct mill_choices_run held = {0, 0};
    mill_choices_clear(work->try);
    uint32_t index = 0;
    for (uint32_t at = 0; at < best->count; index++) {
        struct mill_choices_run next = mill_choices_run(best, at);
        at += next.length;
        if (swaps && index == first) {
            held = next;
        } else if (swaps || index < first || index >= first + count) {
            mill_choices_add_run(work->try, next);
        }
        if (swaps && index == first + 1) {
            mill_choices_add_run(work->try, held);
        }
    }
}

static bool drop_runs(struct mill_minimise *work)
{
    bool improved = false;
    for (uint32_t size = count_runs(work->best) / 2 + 1; size > 0; size /= 2) {
        for (uint32_t first = 0; first < count_runs(work->best);) {
            change_runs(work, first, size, false);
            bool better = attempt(work);
            improved |= better;
            first += better ? 0 : size;
        }
    }
    return improved;
}

static bool swap_runs(struct mill_minimise *work)
{
    bool improved = false;
    for (uint32_t first = 0; first + 1 < count_runs(work->best);) {
        change_runs(work, first, 1, true);
        bool better = attempt(work);
        improved |= better;
        first += better ? 0 : 1;
    }
    return improved;
}

int mill_minimise(struct mill_minimise *work, const struct mill_choices *failing)
{
    work->attempts = 0;
    if (failing->lost > 0) {
        return -EOVERFLOW;
    }
    if (mill_choices_copy(work->best, failing) < 0 || mill_choices_copy(work->try, failing) < 0) {
        return -ENOBUFS;
    }
    if (work->attempts_max == 0 || !run(work)) {
        return -ENOENT;
    }
    cut_end(work);
    bool improved = true;
    while (improved && work->attempts < work->attempts_max) {
        improved = drop_runs(work);
        improved |= swap_runs(work);
    }
    return 0;
}
