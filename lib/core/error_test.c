#include "core/error.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

static const char ellipsis[] = "…";

static void the_status_is_passed_on(void **state)
{
    (void)state;
    struct mill_error error;
    assert_int_equal(mill_error_set(&error, -EINVAL, "'%s' is not %d", "a", 7), -EINVAL);
    assert_string_equal(error.message, "'a' is not 7");
    assert_int_equal(mill_error_set(NULL, -ENOSPC, "%s", "nobody listens"), -ENOSPC);
}

static void the_old_message_may_be_an_argument(void **state)
{
    (void)state;
    struct mill_error error;
    mill_error_set(&error, -ENOENT, "cannot read it");
    mill_error_set(&error, -ENOENT, "plan: %s, really: %s", error.message, error.message);
    assert_string_equal(error.message, "plan: cannot read it, really: cannot read it");
}

static void a_message_that_just_fits_is_whole(void **state)
{
    (void)state;
    struct mill_error error;
    char text[sizeof error.message + 1];
    memset(text, 'x', sizeof text);
    text[sizeof error.message - 1] = '\0';
    mill_error_set(&error, 0, "%s", text);
    assert_string_equal(error.message, text);

    text[sizeof error.message - 1] = 'x';
    text[sizeof error.message] = '\0';
    mill_error_set(&error, 0, "%s", text);
    assert_int_equal(strlen(error.message), sizeof error.message - 1);
    assert_string_equal(error.message + sizeof error.message - sizeof ellipsis, ellipsis);
}

static bool is_utf8(const char *text)
{
    const unsigned char *byte = (const unsigned char *)text;
    while (*byte) {
        int more = *byte < 0x80 ? 0 : *byte >= 0xf0 ? 3 : *byte >= 0xe0 ? 2 : *byte >= 0xc0 ? 1 : -1;
        if (more < 0) {
            return false;
        }
        for (byte++; more > 0; more--, byte++) {
            if ((*byte & 0xc0) != 0x80) {
                return false;
            }
        }
    }
    return true;
}

static void no_character_is_cut_in_half(void **state)
{
    (void)state;
    static const char *const characters[] = {"é", "€", "𝛌"};
    for (size_t c = 0; c < sizeof characters / sizeof characters[0]; c++) {
        for (size_t ahead = 0; ahead < 4; ahead++) {
            struct mill_error error;
            char text[2 * sizeof error.message] = "";
            memset(text, 'x', ahead);
            size_t length = ahead;
            while (length < sizeof text - 8) {
                memcpy(text + length, characters[c], strlen(characters[c]) + 1);
                length += strlen(characters[c]);
            }
            mill_error_set(&error, 0, "%s", text);
            size_t kept = strlen(error.message);
            assert_true(is_utf8(error.message));
            assert_string_equal(error.message + kept - strlen(ellipsis), ellipsis);
            assert_true(kept >= sizeof error.message - sizeof ellipsis - 3);
            assert_memory_equal(error.message, text, kept - strlen(ellipsis));
        }
    }
}

static void bytes_that_are_no_utf8_are_cut_all_the_same(void **state)
{
    (void)state;
    struct mill_error error;
    char text[2 * sizeof error.message];
    memset(text, 0x80, sizeof text);
    text[sizeof text - 1] = '\0';
    mill_error_set(&error, 0, "%s", text);
    size_t kept = strlen(error.message);
    assert_true(kept < sizeof error.message);
    assert_string_equal(error.message + kept - strlen(ellipsis), ellipsis);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_status_is_passed_on),
        cmocka_unit_test(the_old_message_may_be_an_argument),
        cmocka_unit_test(a_message_that_just_fits_is_whole),
        cmocka_unit_test(no_character_is_cut_in_half),
        cmocka_unit_test(bytes_that_are_no_utf8_are_cut_all_the_same),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
