/* Histories written by hand, each with its verdict. Included once by a test.
 *
 *     static const struct sample locks[] = {{"both in it", &mill_model_lock, 0, false, false, {…}}};
 *     CHECKS(locks)                                              makes the test samples_of_locks
 */
#ifndef MILL_MEASURE_TEST_SAMPLES_H
#define MILL_MEASURE_TEST_SAMPLES_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "measure/linearizability.h"

/* One call: thread, operation, arguments, result, when it was called and when it returned. */
#define CALL(who, what, first, then, answer, from, until)                                      \
    {                                                                                          \
        .thread = (who), .operation = MILL_CALL_##what, .argument = (first), .second = (then), \
        .result = (answer), .invoked = (from), .returned = (until)                             \
    }
#define OPEN(who, what, first, from) CALL(who, what, first, 0, 0, from, MILL_PENDING)

struct sample {
    const char *what;
    const struct mill_model *model;
    int64_t parameter;
    bool right;
    bool loose;
    struct mill_call calls[8]; /* those with invoked > 0 */
};

static void check_all(const struct sample *samples, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        struct mill_model model = *samples[i].model;
        struct mill_linearizability result;
        struct mill_error error;
        size_t used = 0;
        model.parameter = samples[i].parameter;
        model.loose_refusals = samples[i].loose;
        while (used < sizeof samples[i].calls / sizeof samples[i].calls[0] &&
               samples[i].calls[used].invoked) {
            used++;
        }
        assert_true(used > 0);
        int status = mill_linearizability_check(&model, samples[i].calls, used, NULL, &result, &error);
        if (status < 0) {
            fail_msg("%s: %s: %s", model.name, samples[i].what, error.message);
        }
        if (result.verdict != (samples[i].right ? MILL_LINEARIZABLE : MILL_NOT_LINEARIZABLE)) {
            fail_msg("%s: %s: is %s", model.name, samples[i].what, mill_history_verdict_name(result.verdict));
        }
    }
}

#define CHECKS(group)                                     \
    static void samples_of_##group(void **state)          \
    {                                                     \
        (void)state;                                      \
        check_all(group, sizeof group / sizeof group[0]); \
    }

#endif
