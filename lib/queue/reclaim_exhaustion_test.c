#include "core/test_exhaustion.h"

#include "queue/reclaim_list.h"

static void forget(void *context, struct mill_retired *chain)
{
    (void)chain;
    ++*(unsigned *)context;
}

/* Retiring needs no memory: once there is a domain, nothing fails any more. */
static int attempt(void *context)
{
    const struct mill_reclaim_ops *ops = context;
    unsigned frees = 0;
    struct mill_retired objects[10];
    struct mill_reclaim *domain;
    int status =
        ops->create(&(struct mill_retired_options){.free = forget, .context = &frees, .batch = 3}, &domain);
    if (status < 0) {
        return status;
    }
    for (unsigned i = 0; i < sizeof objects / sizeof objects[0]; i++) {
        void *seat = ops->enter(domain);
        ops->retire(domain, seat, &objects[i]);
        ops->leave(domain, seat);
    }
    ops->destroy(domain);
    assert_true(frees > 0);
    return 0;
}

static void test_survives_exhaustion(void **state)
{
    const struct mill_reclaim_ops *ops = *state;
    if (ops->about.missing) {
        skip();
    }
    assert_true(mill_exhaust(attempt, *state) > 0);
}

#define EACH_TABLE(ident)                                                  \
    {"survives exhaustion: " #ident, test_survives_exhaustion, NULL, NULL, \
     (void *)(uintptr_t)&mill_reclaim_##ident},

int main(void)
{
    const struct CMUnitTest tests[] = {MILL_RECLAIMS(EACH_TABLE)};
    return cmocka_run_group_tests_name("reclaim_exhaustion", tests, NULL, NULL);
}
