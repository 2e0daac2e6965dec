#include "core/test_exhaustion.h"

#include "sync/condvar_list.h"

static int use(void *context)
{
    const struct mill_condvar_ops *ops = context;
    struct mill_condvar *condvar;
    int status = mill_condvar_create(ops, &condvar);
    if (status < 0) {
        return status;
    }
    mill_condvar_enter(condvar);
    mill_condvar_wake_one(condvar);
    mill_condvar_leave(condvar);
    mill_condvar_wake_all(condvar);
    mill_condvar_abandon(condvar);
    mill_condvar_destroy(condvar);
    return 0;
}

static void test_survives(void **state)
{
    const struct mill_condvar_ops *ops = *state;
    if (ops->about.missing) {
        print_message("%s: %s\n", ops->about.name, ops->about.missing);
        skip();
    }
    assert_true(mill_exhaust(use, *state) >= 1);
}

#define EACH(ident) \
    {"survives: " #ident, test_survives, NULL, NULL, (void *)(uintptr_t)&mill_condvar_##ident},

int main(void)
{
    const struct CMUnitTest tests[] = {MILL_CONDVARS(EACH)};
    return cmocka_run_group_tests_name("sync/condvar_exhaustion", tests, NULL, NULL);
}
