#include "measure/model.h"

#include <inttypes.h>
#include <string.h>

int64_t mill_model_key_object(const struct mill_call *call)
{
    return call->object;
}

void mill_model_print_call(const struct mill_model *model, const struct mill_call *call,
                           struct mill_text *text)
{
    const struct mill_model_operation *operation = &model->operations[call->operation];
    mill_text_add(text, "%s(", operation->name);
    if (operation->arguments > 0) {
        mill_text_add(text, "%" PRId64, call->argument);
    }
    if (operation->arguments > 1) {
        mill_text_add(text, ", %" PRId64, call->second);
    }
    mill_text_add(text, ")");
}

static void print_status(int64_t status, struct mill_text *text)
{
    const char *name = status < 0 && status > -4096 ? strerrorname_np((int)-status) : NULL;
    if (name) {
        mill_text_add(text, "-%s", name);
    } else {
        mill_text_add(text, "%" PRId64, status);
    }
}

void mill_model_print_answer(const struct mill_model *model, const struct mill_call *call,
                             struct mill_text *text)
{
    if (mill_call_is_pending(call)) {
        mill_text_add(text, "pending");
        return;
    }
    switch (model->operations[call->operation].answer) {
    case MILL_ANSWER_NUMBER:
        mill_text_add(text, "%" PRId64, call->result);
        break;
    case MILL_ANSWER_TRUTH:
        mill_text_add(text, "%s", call->result ? "yes" : "no");
        break;
    case MILL_ANSWER_STATUS:
    case MILL_ANSWER_ITEM:
        print_status(call->result, text);
        break;
    case MILL_ANSWER_NONE:
    default:
        mill_text_add(text, "done");
        break;
    }
}
