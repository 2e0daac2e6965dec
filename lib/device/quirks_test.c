#include "device/quirks.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#include "core/error.h"

static void the_two_words(void **state)
{
    (void)state;
    unsigned quirks = 1;
    assert_int_equal(mill_quirks_parse("none", &quirks, NULL), 0);
    assert_int_equal(quirks, 0);
    assert_int_equal(mill_quirks_parse("firmware", &quirks, NULL), 0);
    assert_int_equal(quirks, MILL_QUIRKS_FIRMWARE);
}

static void every_quirk_has_a_name_that_is_read_back(void **state)
{
    (void)state;
    for (unsigned bit = 1; (bit & MILL_QUIRKS_FIRMWARE) != 0; bit <<= 1) {
        unsigned quirks;
        assert_non_null(mill_quirk_name((enum mill_quirk)bit));
        assert_int_equal(mill_quirks_parse(mill_quirk_name((enum mill_quirk)bit), &quirks, NULL), 0);
        assert_int_equal(quirks, bit);
    }
    assert_null(mill_quirk_name((enum mill_quirk)3));
}

static void lists(void **state)
{
    (void)state;
    unsigned quirks;
    assert_int_equal(mill_quirks_parse("sign,staged", &quirks, NULL), 0);
    assert_int_equal(quirks, MILL_QUIRK_SIGN | MILL_QUIRK_STAGED);
}

static void nonsense_is_named_and_changes_nothing(void **state)
{
    (void)state;
    struct mill_error error;
    unsigned quirks = 77;
    assert_int_equal(mill_quirks_parse("sign,stagd", &quirks, &error), -EINVAL);
    assert_non_null(strstr(error.message, "'stagd'"));
    assert_non_null(strstr(error.message, "'staged'"));
    assert_int_equal(mill_quirks_parse("sign,,staged", &quirks, &error), -EINVAL);
    assert_int_equal(mill_quirks_parse("", &quirks, &error), -EINVAL);
    assert_int_equal(mill_quirks_parse(NULL, &quirks, &error), -EINVAL);
    assert_int_equal(quirks, 77);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_two_words),
        cmocka_unit_test(every_quirk_has_a_name_that_is_read_back),
        cmocka_unit_test(lists),
        cmocka_unit_test(nonsense_is_named_and_changes_nothing),
    };
    return cmocka_run_group_tests_name("quirks", tests, NULL, NULL);
}
