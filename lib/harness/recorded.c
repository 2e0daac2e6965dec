#include "harness/recorded.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

#include "measure/counterexample.h"

/* ---- recording: see scenario.h ---- */

bool mill_worker_records_unseen(const struct mill_worker *worker)
{
    return worker->history != NULL;
}

void mill_worker_note_call(struct mill_worker *worker, unsigned operation, int64_t object, int64_t argument,
                           int64_t second)
{
    mill_history_call(worker->history, worker->index, operation, object, argument, second);
}

void mill_worker_note_return(struct mill_worker *worker, int64_t result)
{
    mill_history_return(worker->history, worker->index, result);
}

void mill_worker_note_return_of(struct mill_worker *worker, int64_t object, int64_t result)
{
    mill_history_return_of(worker->history, worker->index, object, result);
}

size_t mill_case_called(const struct mill_case *one, unsigned operation, int64_t object, int64_t argument,
                        int64_t second)
{
    return one->history ? mill_history_call_beside(one->history, operation, object, argument, second)
                        : MILL_CALL_MISSED;
}

void mill_case_returned(const struct mill_case *one, size_t call, int64_t result)
{
    if (one->history) {
        mill_history_return_beside(one->history, call, result);
    }
}

/* ---- judging ---- */

static int add_line(void *context, const char *line, size_t size)
{
    struct mill_text *text = context;
    mill_text_add(text, "%.*s", (int)size, line);
    return text->failed ? -ENOMEM : 0;
}

/* The sentence is the first line of the timeline. A violation is one whether or not there is memory to say
 * why. */
static void explain(const struct mill_model *model, const struct mill_calls *calls, int64_t key,
                    const struct mill_linearizability_limits *limits, struct mill_recorded *recorded)
{
    struct mill_counterexample example = {0};
    int status = mill_counterexample_make(model, calls->calls, calls->count, key, limits, &example, NULL);
    if (status == 0) {
        status = mill_counterexample_print(model, &example, add_line, &recorded->timeline);
    }
    mill_counterexample_free(&example);
    if (status < 0 || !recorded->timeline.text) {
        mill_text_free(&recorded->timeline);
        snprintf(recorded->sentence, sizeof recorded->sentence,
                 "%s %" PRId64 " is not linearizable, and it could not be shown why: %s", model->name, key,
                 strerror(-status));
        return;
    }
    snprintf(recorded->sentence, sizeof recorded->sentence, "%.*s",
             (int)strcspn(recorded->timeline.text, "\n"), recorded->timeline.text);
}

int mill_recorded_judge(const struct mill_model *model, const struct mill_history *history,
                        const struct mill_linearizability_limits *limits, struct mill_recorded *recorded,
                        struct mill_error *error)
{
    struct mill_calls calls;
    struct mill_linearizability result;
    *recorded = (struct mill_recorded){.verdict = MILL_LINEARIZABLE};
    if (!model || !history) {
        return 0;
    }
    int status = mill_history_collect(history, &calls);
    if (status < 0) {
        return mill_error_set(error, status, "no memory for a history");
    }
    recorded->checked = true;
    recorded->calls = calls.count;
    recorded->pending = calls.pending;
    recorded->missed = calls.missed;
    status = mill_linearizability_check(model, calls.calls, calls.count, limits, &result, error);
    if (status == 0) {
        recorded->verdict = result.verdict;
        recorded->configurations = result.configurations;
    }
    if (recorded->verdict == MILL_NOT_LINEARIZABLE) {
        explain(model, &calls, result.broken_key, limits, recorded);
    }
    mill_calls_free(&calls);
    return status;
}

void mill_recorded_free(struct mill_recorded *recorded)
{
    mill_text_free(&recorded->timeline);
}
