/* What containers foresee: who takes what who brought. Private to their models. */
#ifndef MILL_MEASURE_MODEL_FORESIGHT_H
#define MILL_MEASURE_MODEL_FORESIGHT_H

#include "measure/model.h"

/* Of a container's calls: those that bring their argument, or may if they are pending; and those that take
 * their result, or anything if they are pending. */
struct mill_foresight_words {
    bool (*brings)(const struct mill_call *call);
    bool (*takes)(const struct mill_call *call);
};

/* Of each call that brings a value which no other brings and at most one takes. 0 or -ENOMEM. */
int mill_foresee(const struct mill_foresight_words *words, const struct mill_call *calls, size_t count,
                 struct mill_foresight *foresight);

/* In a container, what was brought goes with what was taken: for struct mill_model's `leaving`. */
void mill_leaves_with_its_value(const struct mill_call *call, bool brings, struct mill_leaving *leaving);

#endif
