#include "core/test_exhaustion.h"

#include "sync/event_list.h"

static int use(void *context)
{
    const struct mill_event_ops *ops = context;
    struct mill_event *event;
    int status = mill_event_create(ops, &event);
    if (status < 0) {
        return status;
    }
    mill_event_set(event);
    status = mill_event_wait(event, MILL_FOREVER);
    mill_event_clear(event);
    mill_event_abandon(event);
    mill_event_destroy(event);
    return status;
}

static void test_survives(void **state)
{
    const struct mill_event_ops *ops = *state;
    if (ops->about.missing) {
        print_message("%s: %s\n", ops->about.name, ops->about.missing);
        skip();
    }
    assert_int_equal(mill_exhaust(use, *state), 1);
}

#define EACH(ident) {"survives: " #ident, test_survives, NULL, NULL, (void *)(uintptr_t)&mill_event_##ident},

int main(void)
{
    const struct CMUnitTest tests[] = {MILL_EVENTS(EACH)};
    return cmocka_run_group_tests_name("sync/event_exhaustion", tests, NULL, NULL);
}
