/* Workers that end while a task is on its way in: a put that is stopped between its claim and its store. The
 * test plays that put.
 */
#include "task/team.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

/* A store for one task. */
struct house {
    struct mill_team team;
    atomic_bool claimed;            /* a put is under way */
    struct mill_task *_Atomic task; /* NULL: none is stored */
};

static struct mill_task *take(struct mill_team *team, unsigned worker)
{
    (void)worker;
    return atomic_exchange(&((struct house *)team)->task, NULL);
}

static bool any(const struct mill_team *team)
{
    const struct house *house = (const struct house *)team;
    return atomic_load(&house->claimed) || atomic_load(&house->task);
}

static void close_house(struct mill_team *team)
{
    (void)team;
}

static int count(void *argument)
{
    atomic_fetch_add((atomic_uint *)argument, 1);
    return 0;
}

static void test_a_task_on_its_way_in_is_waited_for(void **state)
{
    (void)state;
    static const struct mill_team_store store = {.take = take, .any = any, .close = close_house};
    static const struct mill_pool_ops ops = {.about = {.name = "house"}};
    for (int spins = 0; spins < 2; spins++) {
        struct mill_pool_options options = {.workers = 2, .spin_ns = spins ? MILL_POOL_SPIN : 0};
        atomic_uint ran = 0;
        struct mill_task task = {.run = count, .argument = &ran};
        struct house *house = mill_isolated_alloc(sizeof *house);
        assert_non_null(house);
        atomic_store(&house->claimed, true);
        assert_int_equal(mill_team_open(&house->team, &ops, &options, &store), 0);
        assert_int_equal(mill_team_start(&house->team), 0);
        /* none ends, however long it takes */
        uint64_t deadline = mill_now_ns() + 100 * MILL_NS_PER_MS;
        assert_int_equal(mill_team_shutdown(&house->team.pool, deadline), -ETIMEDOUT);
        atomic_store(&house->task, &task);
        atomic_store(&house->claimed, false);
        mill_idlers_notice(&house->team.idlers);
        assert_int_equal(mill_team_shutdown(&house->team.pool, MILL_NO_DEADLINE), 0);
        assert_int_equal(atomic_load(&ran), 1);
        mill_team_close(&house->team);
        free(house);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_task_on_its_way_in_is_waited_for),
    };
    return cmocka_run_group_tests_name("team", tests, NULL, NULL);
}
