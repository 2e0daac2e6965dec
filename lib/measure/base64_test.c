#include "measure/base64.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/random.h"

#define SEED 64u

/* RFC 4648, section 10. */
static const char *const vectors[][2] = {
    {"", ""},
    {"f", "Zg=="},
    {"fo", "Zm8="},
    {"foo", "Zm9v"},
    {"foob", "Zm9vYg=="},
    {"fooba", "Zm9vYmE="},
    {"foobar", "Zm9vYmFy"},
    {"\xfb\xff\xbf", "+/+/"},
};

static void the_vectors_of_the_rfc(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof vectors / sizeof vectors[0]; i++) {
        const char *plain = vectors[i][0];
        char text[MILL_BASE64_LENGTH(6) + 1];
        mill_base64_encode(text, (const uint8_t *)plain, strlen(plain));
        assert_string_equal(text, vectors[i][1]);
        uint8_t *data = NULL;
        size_t length = 0;
        assert_int_equal(mill_base64_decode(text, &data, &length), 0);
        assert_int_equal(length, strlen(plain));
        assert_memory_equal(data, plain, length);
        free(data);
    }
}

static void any_bytes_come_back(void **state)
{
    (void)state;
    struct mill_random random;
    mill_random_seed(&random, SEED, 0);
    uint8_t bytes[100];
    char text[MILL_BASE64_LENGTH(sizeof bytes) + 1];
    for (size_t length = 0; length <= sizeof bytes; length++) {
        for (size_t i = 0; i < length; i++) {
            bytes[i] = (uint8_t)mill_random_next(&random);
        }
        mill_base64_encode(text, bytes, length);
        assert_int_equal(strlen(text), MILL_BASE64_LENGTH(length));
        uint8_t *data = NULL;
        size_t decoded = 0;
        assert_int_equal(mill_base64_decode(text, &data, &decoded), 0);
        assert_int_equal(decoded, length);
        assert_memory_equal(data, bytes, length);
        free(data);
    }
}

static void anything_else_is_refused(void **state)
{
    (void)state;
    static const char *const bad[] = {
        "Z",
        "Zg",
        "Zg=",
        "Zm9vY",
        "=",
        "====",
        "Z===",
        "A===",
        "Zg==Zg==",
        "Zg=a",
        "Zm9v\n",
        " Zm9v",
        "Zm 9v",
        "Zm9-",
        "Zm9_",
        "Zm9\x80",
        "Zm9vY===",
        "Zh==" /* bits left over */,
        "Zm9=" /* here too */,
    };
    for (size_t i = 0; i < sizeof bad / sizeof bad[0]; i++) {
        uint8_t *data = NULL;
        size_t length = 0;
        assert_int_equal(mill_base64_decode(bad[i], &data, &length), -EBADMSG);
        assert_null(data);
    }
}

int main(void)
{
    static const struct CMUnitTest tests[] = {
        cmocka_unit_test(the_vectors_of_the_rfc),
        cmocka_unit_test(any_bytes_come_back),
        cmocka_unit_test(anything_else_is_refused),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
