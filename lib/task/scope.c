#include "task/scope.h"

#include <errno.h>
#include <stdlib.h>

#include "task/thread.h"

struct mill_managed {
    struct mill_stop stop;
    struct mill_thread *thread;
    int (*body)(struct mill_stop *stop, void *argument);
    void *argument;
    int result; /* written by the thread, read after the join */
};

static void run(void *argument)
{
    struct mill_managed *managed = argument;
    managed->result = managed->body(&managed->stop, managed->argument);
}

int mill_managed_start(struct mill_managed **managed, const char *name,
                       int (*body)(struct mill_stop *stop, void *argument), void *argument)
{
    if (!managed || !body) {
        return -EINVAL;
    }
    struct mill_managed *made = calloc(1, sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    made->body = body;
    made->argument = argument;
    int status = mill_thread_start(&made->thread, name, run, made);
    if (status < 0) {
        free(made);
        return status;
    }
    *managed = made;
    return 0;
}

struct mill_stop *mill_managed_stop_event(struct mill_managed *managed)
{
    return &managed->stop;
}

int mill_managed_stop(struct mill_managed **managed, int64_t timeout_ns, int *result)
{
    struct mill_managed *stopped = managed ? *managed : NULL;
    if (!stopped || timeout_ns < 0) {
        return -EINVAL;
    }
    mill_stop_request(&stopped->stop);
    int status = mill_thread_join(&stopped->thread, timeout_ns);
    if (status == 0) {
        if (result) {
            *result = stopped->result;
        }
        free(stopped);
        *managed = NULL;
    }
    return status;
}

struct mill_scope mill_scope_enter(const struct mill_scope_settings *settings)
{
    struct mill_scope scope = {.status = -EINVAL};
    if (!settings || settings->timeout_ns < 0 ||
        (settings->when_late == MILL_SCOPE_HAND_OVER && !settings->end)) {
        return scope;
    }
    scope.timeout_ns = settings->timeout_ns;
    scope.when_late = settings->when_late;
    scope.end = settings->end;
    scope.status = mill_managed_start(&scope.managed, settings->name, settings->body, settings->argument);
    scope.stop = scope.status == 0 ? mill_managed_stop_event(scope.managed) : NULL;
    if (scope.end) {
        *scope.end = (struct mill_scope_end){0};
    }
    return scope;
}

void mill_scope_leave(struct mill_scope *scope)
{
    if (scope->status < 0) {
        return;
    }
    struct mill_scope_end end = {0};
    end.late = mill_managed_stop(&scope->managed, scope->timeout_ns, &end.result) < 0;
    if (end.late && scope->when_late == MILL_SCOPE_HAND_OVER) {
        end.survivor = scope->managed;
    } else if (end.late) {
        mill_managed_stop(&scope->managed, MILL_FOREVER, &end.result);
    }
    if (scope->end) {
        *scope->end = end;
    }
}
