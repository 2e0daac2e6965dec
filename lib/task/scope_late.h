/* What a scope does with a thread that is late (task/scope.h), as a family for the scenario `scope`.
 * Constant. */
#ifndef MILL_TASK_SCOPE_LATE_H
#define MILL_TASK_SCOPE_LATE_H

#include "core/strategy.h"
#include "task/scope.h"

struct mill_scope_late_ops {
    struct mill_strategy about;
    enum mill_scope_late when_late;
};

extern const struct mill_family mill_scope_late_family;

static inline const struct mill_scope_late_ops *mill_scope_late_ops_of(const struct mill_strategy *strategy)
{
    return (const struct mill_scope_late_ops *)(const void *)strategy;
}

#endif
