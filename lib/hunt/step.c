#include "hunt/step.h"

static const struct {
    const char *name;
    bool modifies;
} kinds[MILL_STEP_KINDS] = {
    [MILL_STEP_NONE] = {"nothing", false},
    [MILL_STEP_BEGIN] = {"begin", false},
    [MILL_STEP_READ] = {"read", false},
    [MILL_STEP_WRITE] = {"write", true},
    [MILL_STEP_ATOMIC_READ] = {"atomic read", false},
    [MILL_STEP_ATOMIC_WRITE] = {"atomic write", true},
    [MILL_STEP_ATOMIC_UPDATE] = {"atomic update", true},
    [MILL_STEP_FENCE] = {"fence", false},
    [MILL_STEP_LOCK] = {"lock", true},
    [MILL_STEP_TRY_LOCK] = {"try lock", true},
    [MILL_STEP_UNLOCK] = {"unlock", true},
    [MILL_STEP_SHARE] = {"read lock", true},
    [MILL_STEP_TRY_SHARE] = {"try read lock", true},
    [MILL_STEP_WAIT] = {"wait", true},
    [MILL_STEP_WAKE] = {"wake one", true},
    [MILL_STEP_WAKE_ALL] = {"wake all", true},
    [MILL_STEP_ARRIVE] = {"arrive", true},
    [MILL_STEP_TAKE] = {"take", true},
    [MILL_STEP_TRY_TAKE] = {"try take", true},
    [MILL_STEP_GIVE] = {"give", true},
    [MILL_STEP_ONCE] = {"once", true},
    [MILL_STEP_CREATE] = {"create thread", true},
    [MILL_STEP_JOIN] = {"join", true},
    [MILL_STEP_DETACH] = {"detach", true},
    [MILL_STEP_CANCEL] = {"cancel", true},
    [MILL_STEP_END] = {"end", true},
    [MILL_STEP_YIELD] = {"yield", false},
    [MILL_STEP_SLEEP] = {"sleep", false},
    [MILL_STEP_ALLOCATE] = {"allocate", false},
    [MILL_STEP_FREE] = {"free", true},
    [MILL_STEP_CHOICE] = {"choice", false},
};

const char *mill_step_name(enum mill_step_kind kind)
{
    return (unsigned)kind < MILL_STEP_KINDS ? kinds[kind].name : "unknown";
}

bool mill_step_modifies(enum mill_step_kind kind)
{
    return (unsigned)kind < MILL_STEP_KINDS && kinds[kind].modifies;
}

static bool overlap(uintptr_t a, uint32_t a_size, uintptr_t b, uint32_t b_size)
{
    return a != 0 && b != 0 && a < b + b_size && b < a + a_size;
}

bool mill_steps_depend(const struct mill_step *a, const struct mill_step *b)
{
    if (!mill_step_modifies(a->kind) && !mill_step_modifies(b->kind)) {
        return false;
    }
    return overlap(a->object, a->size, b->object, b->size) || overlap(a->object, a->size, b->second, 1) ||
           overlap(a->second, 1, b->object, b->size) || overlap(a->second, 1, b->second, 1);
}
