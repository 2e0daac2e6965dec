#include "core/test_exhaustion.h"

#include "device/config_writer.h"

static int create_once(void *context)
{
    struct mill_config_writer *writer;
    (void)context;
    int status = mill_config_writer_create(mill_config_writer_ops_find("wait-a-tick"), &writer);
    if (status == 0) {
        mill_config_writer_destroy(writer);
    }
    return status;
}

static void test_survives(void **state)
{
    (void)state;
    assert_int_equal(mill_exhaust(create_once, NULL), 1);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_survives),
    };
    return cmocka_run_group_tests_name("device/config_writer_exhaustion", tests, NULL, NULL);
}
