#include "measure/counterexample.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/types.h>

#include "measure/counterexample_units.h"
#include "measure/linearizability_search.h"

enum {
    settle_configurations = 20000, /* for each beginning that may be left away */
    trial_configurations = 20000,  /* at least, for each smaller history that is tried */
    readable = 12,                 /* so few calls are better shown from their beginning on */
};

struct shrinker {
    const struct mill_model *model;
    struct mill_linearizability_limits limits;
    uint64_t budget; /* configurations and calls that are left to be looked at */
    uint64_t used;   /* of them, by the last search */
    struct mill_counterexample *example;
    struct mill_call *trial; /* room for as many calls as there were */
};

static int by_invocation(const void *a, const void *b)
{
    const struct mill_call *left = a, *right = b;
    if (left->invoked != right->invoked) {
        return left->invoked < right->invoked ? -1 : 1;
    }
    return (left->thread > right->thread) - (left->thread < right->thread);
}

/* Blind where the example begins in a state: who took what was in it is not known. */
static struct mill_search_request request_of(const struct shrinker *shrinker, const struct mill_call *calls,
                                             size_t count)
{
    return (struct mill_search_request){.model = shrinker->model,
                                        .from = shrinker->example->begun ? &shrinker->example->from : NULL,
                                        .calls = calls,
                                        .count = count,
                                        .limits = &shrinker->limits,
                                        .blind = shrinker->example->begun};
}

/* Are these calls not linearizable, for sure? 1, 0 or a negative errno. Out of budget nothing is sure. */
static int is_broken(struct shrinker *shrinker, const struct mill_call *calls, size_t count)
{
    enum mill_history_verdict verdict;
    uint64_t used = count;
    const struct mill_search_request request = request_of(shrinker, calls, count);
    if (shrinker->budget == 0) {
        return 0;
    }
    if (shrinker->limits.configurations > shrinker->budget) {
        shrinker->limits.configurations = shrinker->budget;
    }
    int status = mill_linearizability_search(&request, &verdict, &used, NULL);
    shrinker->budget -= used < shrinker->budget ? used : shrinker->budget;
    shrinker->used = used;
    return status < 0 ? status : verdict == MILL_NOT_LINEARIZABLE;
}

/* If the first `count` of the trial are not linearizable either, they are the example now. 1, 0 or a negative
 * errno. */
static int keep_if_broken(struct shrinker *shrinker, size_t count)
{
    int broken = is_broken(shrinker, shrinker->trial, count);
    if (broken > 0) {
        memcpy(shrinker->example->calls, shrinker->trial, count * sizeof *shrinker->trial);
        shrinker->example->count = count;
    }
    return broken;
}

/* ---- the end ---- */

/* What there was up to the stamp; what was under way then is pending. */
static size_t cut_behind(struct shrinker *shrinker, uint64_t stamp)
{
    size_t used = 0;
    for (size_t i = 0; i < shrinker->example->count && shrinker->example->calls[i].invoked <= stamp; i++) {
        struct mill_call call = shrinker->example->calls[i];
        if (call.returned > stamp) {
            call.returned = MILL_PENDING;
        }
        shrinker->trial[used++] = call;
    }
    return used;
}

static int by_number(const void *a, const void *b)
{
    uint64_t left = *(const uint64_t *)a, right = *(const uint64_t *)b;
    return (left > right) - (left < right);
}

/* A beginning of a linearizable history is linearizable, so the first that is not is found by halving. 1: it
 * became shorter; 0 or a negative errno. */
static int cut_the_end(struct shrinker *shrinker)
{
    const struct mill_counterexample *example = shrinker->example;
    uint64_t *returns = calloc(example->count + 1, sizeof *returns);
    size_t right = 0, wrong = 0;
    int status = returns ? 0 : -ENOMEM;
    for (size_t i = 0; status == 0 && i < example->count; i++) {
        if (!mill_call_is_pending(&example->calls[i])) {
            returns[wrong++] = example->calls[i].returned;
        }
    }
    if (status == 0) {
        qsort(returns, wrong, sizeof *returns, by_number);
    }
    size_t all = wrong; /* with so many returns it is wrong; with `right` it is not, or that is not known */
    while (status >= 0 && wrong - right > 1) {
        size_t middle = right + (wrong - right) / 2;
        status = is_broken(shrinker, shrinker->trial, cut_behind(shrinker, returns[middle - 1]));
        wrong = status > 0 ? middle : wrong;
        right = status > 0 ? right : middle;
    }
    if (status >= 0) {
        size_t used = cut_behind(shrinker, returns[wrong - 1]);
        status = wrong < all || used < example->count ? keep_if_broken(shrinker, used) : 0;
    }
    free(returns);
    return status;
}

/* ---- the beginning ---- */

/* Where the calls from `first` to `next - 1`, begun in `from` (NULL: as the model does), end: moves *from
 * there if that is one state. 1, 0 or a negative errno. */
static int settle(struct shrinker *shrinker, struct mill_model_state *from, size_t first, size_t next)
{
    struct mill_model_state end;
    uint64_t used = next - first;
    const struct mill_linearizability_limits limits = {settle_configurations, shrinker->limits.bytes};
    struct mill_search_request request = request_of(shrinker, shrinker->example->calls + first, next - first);
    request.limits = &limits;
    request.blind = true;
    request.from = from->words ? from : NULL;
    int status = shrinker->budget > 0 ? mill_linearizability_end_state(&request, &end, &used) : 0;
    shrinker->budget -= used < shrinker->budget ? used : shrinker->budget;
    if (status > 0) {
        free(from->words);
        *from = end;
    }
    return status;
}

/* Goes from one moment at which nothing was under way to the next, as far as one state is reached. How many
 * calls come before, with *from that state; or a negative errno. */
static ssize_t find_beginning(struct shrinker *shrinker, struct mill_model_state *from)
{
    const struct mill_counterexample *example = shrinker->example;
    uint64_t busy_until = 0;
    size_t first = 0;
    for (size_t i = 0; i < example->count; i++) {
        if (i > first && busy_until < example->calls[i].invoked) {
            int status = settle(shrinker, from, first, i);
            if (status < 0) {
                return status;
            }
            first = status > 0 ? i : first;
        }
        if (example->calls[i].returned > busy_until) {
            busy_until = example->calls[i].returned; /* for ever, if that is pending */
        }
    }
    return (ssize_t)first;
}

static int copy_state(const struct mill_model_state *from, struct mill_model_state *copy)
{
    *copy = (struct mill_model_state){0};
    if (!from->words) {
        return 0;
    }
    copy->words = calloc(from->count + 1, sizeof *copy->words);
    if (!copy->words) {
        return -ENOMEM;
    }
    copy->count = from->count;
    memcpy(copy->words, from->words, from->count * sizeof *from->words);
    return 0;
}

/* The example begins in the state, behind its first calls, if the rest is not linearizable from there (it is
 * not, but the search may come to its limit). 1, 0 or a negative errno. */
static int begin_in(struct shrinker *shrinker, struct mill_model_state *state, size_t first)
{
    struct mill_counterexample *example = shrinker->example;
    const struct mill_model_state before = example->from;
    bool begun = example->begun;
    size_t left = example->count - first;
    memcpy(shrinker->trial, example->calls + first, left * sizeof *shrinker->trial);
    example->from = *state;
    example->begun = true;
    int status = keep_if_broken(shrinker, left);
    if (status > 0) {
        *state = before;
    } else {
        example->from = before;
        example->begun = begun;
    }
    return status;
}

static int cut_the_beginning(struct shrinker *shrinker)
{
    struct mill_model_state state;
    int status = copy_state(&shrinker->example->from, &state);
    if (status < 0) {
        return status;
    }
    ssize_t first = find_beginning(shrinker, &state);
    status = first > 0 ? begin_in(shrinker, &state, (size_t)first) : (int)first;
    free(state.words); /* the one that is not used */
    return status;
}

/* ---- the middle ---- */

/* The trial without the units from `first` to `first + size - 1`; how many calls are left. */
static size_t leave_units_away(struct shrinker *shrinker, const struct mill_units *units, size_t first,
                               size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < shrinker->example->count; i++) {
        size_t unit = units->of[i];
        if (unit == MILL_NO_UNIT || unit < first || unit - first >= size) {
            shrinker->trial[used++] = shrinker->example->calls[i];
        }
    }
    return used;
}

/* The numbers of the units of the calls that are left. */
static void forget_units(struct mill_units *units, size_t count, size_t first, size_t size)
{
    size_t used = 0;
    for (size_t i = 0; i < count; i++) {
        size_t unit = units->of[i];
        if (unit == MILL_NO_UNIT || unit < first || unit - first >= size) {
            units->of[used++] = unit == MILL_NO_UNIT || unit < first ? unit : unit - size;
        }
    }
    units->count -= size;
}

/* Leaves away as many units as it can: first all, then half of them, and so on. 1, 0 or a negative errno. */
static int cut_units(struct shrinker *shrinker, struct mill_units *units)
{
    bool shorter = false;
    for (size_t size = units->count; size > 0; size = size > units->count ? units->count : size / 2) {
        for (size_t first = 0; first < units->count;) {
            size_t some = size < units->count - first ? size : units->count - first;
            size_t before = shrinker->example->count;
            int status = keep_if_broken(shrinker, leave_units_away(shrinker, units, first, some));
            if (status < 0) {
                return status;
            }
            if (status > 0) {
                forget_units(units, before, first, some);
                shorter = true;
            } else {
                first += some;
            }
        }
    }
    return shorter;
}

static int cut_the_middle(struct shrinker *shrinker, bool together)
{
    struct mill_units units;
    int status = mill_units_open(&units, shrinker->model, shrinker->example, together);
    if (status == 0) {
        status = cut_units(shrinker, &units);
        mill_units_close(&units);
    }
    return status;
}

/* ---- all of it ---- */

static int shrink(struct shrinker *shrinker)
{
    bool shorter = true;
    while (shorter && shrinker->budget > 0) {
        int status = cut_the_end(shrinker);
        shorter = status > 0;
        if (status >= 0) {
            status = cut_the_middle(shrinker, false);
            shorter |= status > 0;
        }
        if (status >= 0) {
            status = cut_the_middle(shrinker, true);
            shorter |= status > 0;
        }
        if (status >= 0 && !shorter && shrinker->example->count > readable) {
            status = cut_the_beginning(shrinker);
            shorter = status > 0;
        }
        if (status < 0) {
            return status;
        }
    }
    shrinker->example->smallest = shrinker->budget > 0;
    return 0;
}

static int open_example(const struct mill_model *model, const struct mill_call *calls, size_t count,
                        struct mill_counterexample *example)
{
    example->calls = calloc(count + 1, sizeof *example->calls);
    if (!example->calls) {
        return -ENOMEM;
    }
    for (size_t i = 0; i < count; i++) {
        if ((model->key ? model->key(&calls[i]) : 0) == example->key) {
            example->calls[example->count++] = calls[i];
        }
    }
    example->whole = example->count;
    qsort(example->calls, example->count, sizeof *example->calls, by_invocation);
    return 0;
}

static int make(const struct mill_model *model, const struct mill_call *calls, size_t count,
                const struct mill_linearizability_limits *limits, struct mill_counterexample *example)
{
    int status = open_example(model, calls, count, example);
    if (status < 0) {
        return status;
    }
    struct shrinker shrinker = {.model = model, .limits = *limits, .budget = UINT64_MAX, .example = example};
    shrinker.trial = calloc(example->count + 1, sizeof *shrinker.trial);
    status = shrinker.trial ? is_broken(&shrinker, example->calls, example->count) : -ENOMEM;
    if (status > 0) {
        shrinker.budget = limits->configurations;
        uint64_t trial = 2 * shrinker.used > trial_configurations ? 2 * shrinker.used : trial_configurations;
        shrinker.limits.configurations = trial < limits->configurations ? trial : limits->configurations;
        status = shrink(&shrinker);
    } else if (status == 0) {
        status = -ENOENT;
    }
    free(shrinker.trial);
    return status;
}

int mill_counterexample_make(const struct mill_model *model, const struct mill_call *calls, size_t count,
                             int64_t key, const struct mill_linearizability_limits *limits,
                             struct mill_counterexample *example, struct mill_error *error)
{
    static const struct mill_linearizability_limits usual = {MILL_LINEARIZABILITY_CONFIGURATIONS,
                                                             MILL_LINEARIZABILITY_BYTES};
    limits = limits ? limits : &usual;
    if (!example || limits->configurations == 0 || limits->bytes == 0) {
        return mill_error_set(error, -EINVAL, "a counterexample needs a place, and limits above 0");
    }
    *example = (struct mill_counterexample){.key = key};
    int status = mill_linearizability_validate(model, calls, count, error);
    if (status < 0) {
        return status;
    }
    status = make(model, calls, count, limits, example);
    if (status < 0) {
        mill_counterexample_free(example);
        return mill_error_set(error, status, "%s",
                              status == -ENOENT ? "the part is linearizable, or the search was undecided"
                                                : "no room to look for a counterexample");
    }
    return 0;
}

void mill_counterexample_free(struct mill_counterexample *example)
{
    free(example->calls);
    free(example->from.words);
    *example = (struct mill_counterexample){0};
}
