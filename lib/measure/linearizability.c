#include "measure/linearizability.h"

#include <errno.h>
#include <stdlib.h>

#include "measure/linearizability_search.h"

const char *mill_history_verdict_name(enum mill_history_verdict verdict)
{
    static const char *const names[] = {[MILL_LINEARIZABLE] = "linearizable",
                                        [MILL_NOT_LINEARIZABLE] = "not linearizable",
                                        [MILL_UNDECIDED] = "undecided"};
    return names[verdict];
}

/* ---- is it a history? ---- */

static int by_thread_and_time(const void *a, const void *b)
{
    const struct mill_call *left = *(const struct mill_call *const *)a;
    const struct mill_call *right = *(const struct mill_call *const *)b;
    if (left->thread != right->thread) {
        return left->thread < right->thread ? -1 : 1;
    }
    return (left->invoked > right->invoked) - (left->invoked < right->invoked);
}

static int validate_call(const struct mill_model *model, const struct mill_call *call, size_t which,
                         struct mill_error *error)
{
    if (call->operation >= model->operation_count) {
        return mill_error_set(error, -EINVAL, "call %zu: the model '%s' has no operation %u, only 0 to %u",
                              which, model->name, call->operation, model->operation_count - 1);
    }
    if (call->invoked == MILL_PENDING) {
        return mill_error_set(error, -EINVAL, "call %zu: a call needs a stamp below %llu", which,
                              (unsigned long long)MILL_PENDING);
    }
    if (call->returned < call->invoked) {
        return mill_error_set(error, -EINVAL, "call %zu: it returned at %llu, before it was called at %llu",
                              which, (unsigned long long)call->returned, (unsigned long long)call->invoked);
    }
    return 0;
}

static int validate_threads(const struct mill_call *calls, const struct mill_call **order, size_t count,
                            struct mill_error *error)
{
    uint64_t busy_until = 0;
    for (size_t i = 0; i < count; i++) {
        order[i] = &calls[i];
    }
    qsort(order, count, sizeof(const struct mill_call *), by_thread_and_time);
    for (size_t i = 0; i < count; i++) {
        bool first = i == 0 || order[i - 1]->thread != order[i]->thread;
        if (!first && (order[i]->invoked < busy_until || order[i]->invoked == order[i - 1]->invoked)) {
            return mill_error_set(
                error, -EINVAL,
                "call %zu: thread %u was called at %llu while call %zu of the same thread was under way",
                (size_t)(order[i] - calls), order[i]->thread, (unsigned long long)order[i]->invoked,
                (size_t)(order[i - 1] - calls));
        }
        busy_until = mill_call_is_pending(order[i]) ? 0 : order[i]->returned;
    }
    return 0;
}

int mill_linearizability_validate(const struct mill_model *model, const struct mill_call *calls, size_t count,
                                  struct mill_error *error)
{
    if (!model || (count > 0 && !calls)) {
        return mill_error_set(error, -EINVAL, "a history needs a model, and calls");
    }
    for (size_t i = 0; i < count; i++) {
        int status = validate_call(model, &calls[i], i, error);
        if (status < 0) {
            return status;
        }
    }
    const struct mill_call **order = calloc(count + 1, sizeof(const struct mill_call *));
    if (!order) {
        return mill_error_set(error, -ENOMEM, "no memory for %zu calls", count);
    }
    int status = validate_threads(calls, order, count, error);
    free((void *)order);
    return status;
}

/* ---- part by part ---- */

struct keyed {
    int64_t key;
    size_t call;
};

static int by_key(const void *a, const void *b)
{
    const struct keyed *left = a, *right = b;
    if (left->key != right->key) {
        return left->key < right->key ? -1 : 1;
    }
    return (left->call > right->call) - (left->call < right->call);
}

static int check_part(const struct mill_model *model, const struct mill_call *calls, size_t count,
                      int64_t key, const struct mill_linearizability_limits *limits,
                      struct mill_linearizability *result)
{
    enum mill_history_verdict verdict;
    const struct mill_search_request request = {
        .model = model, .calls = calls, .count = count, .limits = limits};
    int status = mill_linearizability_search(&request, &verdict, &result->configurations, NULL);
    if (status < 0) {
        return status;
    }
    result->parts++;
    if (verdict == MILL_NOT_LINEARIZABLE && result->broken_parts++ == 0) {
        result->broken_key = key;
    }
    result->undecided_parts += verdict == MILL_UNDECIDED;
    return 0;
}

static int check_parts(const struct mill_model *model, const struct mill_call *calls, size_t count,
                       const struct mill_linearizability_limits *limits, struct keyed *order,
                       struct mill_call *part, struct mill_linearizability *result)
{
    for (size_t i = 0; i < count; i++) {
        order[i] = (struct keyed){model->key ? model->key(&calls[i]) : 0, i};
    }
    qsort(order, count, sizeof *order, by_key);
    for (size_t i = 0, next; i < count; i = next) {
        size_t used = 0;
        for (next = i; next < count && order[next].key == order[i].key; next++) {
            part[used++] = calls[order[next].call];
        }
        int status = check_part(model, part, used, order[i].key, limits, result);
        if (status < 0) {
            return status;
        }
    }
    return 0;
}

int mill_linearizability_check(const struct mill_model *model, const struct mill_call *calls, size_t count,
                               const struct mill_linearizability_limits *limits,
                               struct mill_linearizability *result, struct mill_error *error)
{
    static const struct mill_linearizability_limits usual = {MILL_LINEARIZABILITY_CONFIGURATIONS,
                                                             MILL_LINEARIZABILITY_BYTES};
    limits = limits ? limits : &usual;
    if (!result || limits->configurations == 0 || limits->bytes == 0) {
        return mill_error_set(error, -EINVAL, "a check needs a place for its result, and limits above 0");
    }
    *result = (struct mill_linearizability){0};
    int status = mill_linearizability_validate(model, calls, count, error);
    if (status < 0) {
        return status;
    }
    struct keyed *order = calloc(count + 1, sizeof *order);
    struct mill_call *part = calloc(count + 1, sizeof *part);
    status = order && part ? check_parts(model, calls, count, limits, order, part, result) : -ENOMEM;
    free(order);
    free(part);
    if (status < 0) {
        return mill_error_set(error, status, "no room for a search among %zu calls", count);
    }
    result->verdict = result->broken_parts > 0      ? MILL_NOT_LINEARIZABLE
                      : result->undecided_parts > 0 ? MILL_UNDECIDED
                                                    : MILL_LINEARIZABLE;
    return 0;
}
