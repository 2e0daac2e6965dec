#include "device/hand.h"

#include <errno.h>
#include <math.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

static struct mill_error error;

static struct mill_hand *made(const char *text)
{
    struct mill_hand *hand = NULL;
    if (mill_hand_create(text, &hand, &error) < 0) {
        fail_msg("%s", error.message);
    }
    return hand;
}

/* A file with that content; the hand's text for it, until the next call. */
static const char *file_of(const char *content, size_t length)
{
    static char text[64];
    static char path[] = "/tmp/hand_test.XXXXXX";
    memcpy(path, "/tmp/hand_test.XXXXXX", sizeof path);
    int descriptor = mkstemp(path);
    assert_true(descriptor >= 0);
    assert_int_equal(write(descriptor, content, length), length);
    close(descriptor);
    snprintf(text, sizeof text, "file:%s", path);
    return text;
}

static void forget(const char *text)
{
    unlink(text + strlen("file:"));
}

static void assert_refused(const char *text, int status, const char *words)
{
    struct mill_hand *hand = (struct mill_hand *)&error;
    assert_int_equal(mill_hand_create(text, &hand, &error), status);
    assert_ptr_equal(hand, &error);
    if (strstr(error.message, words) == NULL) {
        fail_msg("'%s' is not in '%s'", words, error.message);
    }
}

static void assert_near(double is, double expected)
{
    if (!(fabs(is - expected) < 1e-9)) {
        fail_msg("%.17g is not %.17g", is, expected);
    }
}

static void a_sine(void **state)
{
    (void)state;
    struct mill_hand *hand = made("sine:45:3s");
    assert_near(mill_hand_degrees(hand, 0), 0);
    assert_near(mill_hand_degrees(hand, 250000), 22.5);
    assert_near(mill_hand_degrees(hand, 750000), 45);
    assert_near(mill_hand_degrees(hand, 2250000), -45);
    assert_near(mill_hand_degrees(hand, 3000000), 0);
    assert_near(mill_hand_degrees(hand, 3000000u * 1000003ull + 750000), 45);
    mill_hand_destroy(hand);
}

static void steps(void **state)
{
    (void)state;
    struct mill_hand *hand = made("steps:-30.5:500ms");
    assert_near(mill_hand_degrees(hand, 0), 0);
    assert_near(mill_hand_degrees(hand, 499999), 0);
    assert_near(mill_hand_degrees(hand, 500000), -30.5);
    assert_near(mill_hand_degrees(hand, 999999), -30.5);
    assert_near(mill_hand_degrees(hand, 1000000), 0);
    mill_hand_destroy(hand);
}

static void a_file(void **state)
{
    (void)state;
    static const char lines[] = "# recorded\n\n0.1 10\n\t0.2   20 # and up\r\n1 -60";
    const char *text = file_of(lines, strlen(lines));
    struct mill_hand *hand = made(text);
    forget(text);
    assert_near(mill_hand_degrees(hand, 0), 10);
    assert_near(mill_hand_degrees(hand, 100000), 10);
    assert_near(mill_hand_degrees(hand, 150000), 15);
    assert_near(mill_hand_degrees(hand, 200000), 20);
    assert_near(mill_hand_degrees(hand, 600000), -20);
    assert_near(mill_hand_degrees(hand, 999999), -59.9999);
    assert_near(mill_hand_degrees(hand, 1000000), 10); /* again from its start */
    assert_near(mill_hand_degrees(hand, 7150000), 15);
    mill_hand_destroy(hand);
}

static void texts_that_are_refused(void **state)
{
    (void)state;
    assert_refused("", -EINVAL, "'' is none");
    assert_refused("cosine:1:1s", -EINVAL, "'cosine:1:1s' is none");
    assert_refused("sine", -EINVAL, "'sine' is none");
    assert_refused("sine:45", -EINVAL, "sine:DEGREES:PERIOD");
    assert_refused("sine::2s", -EINVAL, "''");
    assert_refused("sine:nan:2s", -EINVAL, "'nan'");
    assert_refused("sine:0x10:2s", -EINVAL, "'0x10'");
    assert_refused("sine:1e999:2s", -EINVAL, "'1e999'");
    assert_refused("sine:1000001:2s", -EINVAL, "'1000001'");
    assert_refused("sine:1:", -EINVAL, "''");
    assert_refused("sine:1:0", -EINVAL, "'0'");
    assert_refused("steps:1:999us", -EINVAL, "'999us'");
    assert_refused("steps:1:2", -EINVAL, "'2'");
    assert_refused("steps:1:1000001ns", -EINVAL, "'1000001ns'");
    assert_refused("steps:1:2s:3", -EINVAL, "'2s:3'");
    assert_refused(NULL, -EINVAL, "none given");
    assert_int_equal(mill_hand_create("sine:1:1s", NULL, NULL), -EINVAL);
}

static void files_that_are_refused_with_their_line(void **state)
{
    (void)state;
    static const struct {
        const char *content;
        size_t length;
        const char *words;
    } files[] = {
        {"", 0, ": 0 lines"},
        {"0 1\n", 4, ": 1 lines"},
        {"0 1\n1\n", 6, ":2: expected"},
        {"0 1\n1 2 3\n", 10, ":2: expected"},
        {"0 1\n\n1 x\n", 9, ":3: expected"},
        {"0 nan\n", 6, ":1: expected"},
        {"-1 1\n", 5, ":1: expected"},
        {"0 2000000\n", 10, ":1: expected"},
        {"2e9 1\n", 6, ":1: expected"},
        {"0 1\n0.0005 1\n", 13, ":2: not at least"},
        {"1 1\n0 1\n", 8, ":2: not at least"},
        {"0 1\n1 2\0 3\n2 3\n", 15, ":2: expected"},
    };
    for (size_t i = 0; i < sizeof files / sizeof files[0]; i++) {
        const char *text = file_of(files[i].content, files[i].length);
        assert_refused(text, -EINVAL, files[i].words);
        assert_non_null(strstr(error.message, text + strlen("file:")));
        forget(text);
    }
    assert_refused("file:/nowhere/at/all", -ENOENT, "/nowhere/at/all");
    assert_int_equal(mill_hand_create("file:/nowhere", &(struct mill_hand *){NULL}, NULL), -ENOENT);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_sine),
        cmocka_unit_test(steps),
        cmocka_unit_test(a_file),
        cmocka_unit_test(texts_that_are_refused),
        cmocka_unit_test(files_that_are_refused_with_their_line),
    };
    return cmocka_run_group_tests_name("hand", tests, NULL, NULL);
}
