#include "hunt/minimise.h"

#include <errno.h>

/* A thread that there is not: where it is chosen, nobody is preempted (replay.h, leniently). */
#define NOBODY MILL_CHOICE_VALUE

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

/* Runs what is in `try`, if it had room there; it becomes the best if it is better. */
static bool attempt(struct mill_minimise *work)
{
    return work->attempts < work->attempts_max && work->try->lost == 0 && run(work) &&
           is_better(work->ran, work->best) && mill_choices_copy(work->best, work->ran) == 0;
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

/* The best without `count` of its runs from `first` on. */
static void leave_out(struct mill_minimise *work, uint32_t first, uint32_t count)
{
    mill_choices_clear(work->try);
    uint32_t index = 0;
    for (uint32_t at = 0; at < work->best->count; index++) {
        struct mill_choices_run next = mill_choices_run(work->best, at);
        at += next.length;
        if (index < first || index >= first + count) {
            mill_choices_add_run(work->try, next);
        }
    }
}

static struct mill_choices_run run_at(const struct mill_choices *list, uint32_t index)
{
    uint32_t at = 0;
    while (index-- > 0) {
        at += mill_choices_run(list, at).length;
    }
    return mill_choices_run(list, at);
}

/* The best with run `from` between those that are run `to` and the one before it. */
static void move_run(struct mill_minimise *work, uint32_t from, uint32_t to)
{
    struct mill_choices_run moved = run_at(work->best, from);
    mill_choices_clear(work->try);
    uint32_t index = 0;
    for (uint32_t at = 0; at < work->best->count; index++) {
        struct mill_choices_run next = mill_choices_run(work->best, at);
        at += next.length;
        if (index == to) {
            mill_choices_add_run(work->try, moved);
        }
        if (index != from) {
            mill_choices_add_run(work->try, next);
        }
    }
}

static bool drop_runs(struct mill_minimise *work)
{
    bool improved = false;
    for (uint32_t size = count_runs(work->best) / 2 + 1; size > 0; size /= 2) {
        for (uint32_t first = 0; first < count_runs(work->best);) {
            leave_out(work, first, size);
            bool better = attempt(work);
            improved |= better;
            first += better ? 0 : size;
        }
    }
    return improved;
}

/* The next run of the thread that run `index` is of, or UINT32_MAX. */
static uint32_t next_of_same(const struct mill_choices *list, uint32_t index)
{
    uint32_t item = 0;
    uint32_t at_run = 0;
    for (uint32_t at = 0; at < list->count; at_run++) {
        struct mill_choices_run next = mill_choices_run(list, at);
        at += next.length;
        next.item &= ~MILL_CHOICE_PREEMPTS;
        if (at_run == index) {
            item = next.item;
        } else if (at_run > index && next.item == item) {
            return at_run;
        }
    }
    return UINT32_MAX;
}

/* Brings runs of the same thread together: the later one forward, or the earlier one back. */
static bool join_runs(struct mill_minimise *work)
{
    bool improved = false;
    for (uint32_t index = 0; index < count_runs(work->best) && work->attempts < work->attempts_max;) {
        uint32_t next = next_of_same(work->best, index);
        bool better = false;
        if (next != UINT32_MAX) {
            move_run(work, next, index + 1);
            better = attempt(work);
        }
        if (next != UINT32_MAX && !better) {
            move_run(work, index, next);
            better = attempt(work);
        }
        improved |= better;
        index += better ? 0 : 1;
    }
    return improved;
}

/* From each point on nobody is preempted any more, but for one more choice there. */
static bool cut_at_switches(struct mill_minimise *work, uint32_t threads)
{
    for (uint32_t kept = 0; kept < work->best->count && work->attempts < work->attempts_max; kept++) {
        for (uint32_t thread = 0; thread < threads; thread++) {
            mill_choices_clear(work->try);
            for (uint32_t i = 0; i < kept; i++) {
                mill_choices_add(work->try, work->best->items[i]);
            }
            mill_choices_thread(work->try, thread, false);
            if (attempt(work)) {
                return true;
            }
        }
    }
    return false;
}

/* One more than the highest number of a thread that was chosen. */
static uint32_t count_threads(const struct mill_choices *list)
{
    uint32_t threads = 0;
    for (uint32_t i = 0; i < list->count; i++) {
        uint32_t value = list->items[i] & MILL_CHOICE_VALUE;
        if (!(list->items[i] & MILL_CHOICE_DATA) && value >= threads) {
            threads = value + 1;
        }
    }
    return threads;
}

/* All schedules with a single preemption, and the lowest thread wherever one ends or is blocked: what was
 * given may fail by two threads in one order, and need fewer preemptions in the other. */
static void search_single(struct mill_minimise *work, uint32_t threads)
{
    mill_choices_clear(work->try);
    attempt(work);
    uint32_t points = work->ran->count;
    for (uint32_t kept = 0; kept < points && mill_choices_preemptions(work->best) > 1; kept++) {
        for (uint32_t thread = 0; thread < threads && work->attempts < work->attempts_max; thread++) {
            mill_choices_clear(work->try);
            mill_choices_add_run(work->try, (struct mill_choices_run){NOBODY, kept});
            mill_choices_thread(work->try, thread, false);
            attempt(work);
        }
    }
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
        improved |= join_runs(work);
        improved = improved || cut_at_switches(work, count_threads(work->best));
    }
    if (mill_choices_preemptions(work->best) > 1 && work->attempts < work->attempts_max) {
        search_single(work, count_threads(failing));
    }
    return 0;
}
