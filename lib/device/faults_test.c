#include "device/faults.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "core/error.h"

static void an_empty_text_is_no_fault(void **state)
{
    (void)state;
    struct mill_faults faults = {.drop = 1};
    assert_int_equal(mill_faults_parse("", &faults, NULL), 0);
    assert_memory_equal(&faults, &(struct mill_faults){0}, sizeof faults);
}

static void each_kind_of_latency(void **state)
{
    (void)state;
    struct mill_faults faults;
    assert_int_equal(mill_faults_parse("latency=fixed:3ms", &faults, NULL), 0);
    assert_int_equal(faults.latency, MILL_LATENCY_FIXED);
    assert_int_equal(faults.latency_ns, 3000000);
    assert_int_equal(mill_faults_parse("latency=normal:3ms:1ms", &faults, NULL), 0);
    assert_int_equal(faults.latency, MILL_LATENCY_NORMAL);
    assert_true(faults.latency_spread == 1e6);
    assert_int_equal(mill_faults_parse("latency=tail:60s:1.5", &faults, NULL), 0);
    assert_int_equal(faults.latency, MILL_LATENCY_TAIL);
    assert_int_equal(faults.latency_ns, 60000000000);
    assert_true(faults.latency_spread == 1.5);
}

static void a_list_of_all(void **state)
{
    (void)state;
    struct mill_faults faults;
    assert_int_equal(mill_faults_parse("drop=0.5,reset=.25,half=0,garbage=1,stall=1e-3:2s,5xx=0.02:5,gap=0.1,"
                                       "twice=0.2,power=0.03:500ms,slow-loris=7",
                                       &faults, NULL),
                     0);
    assert_true(faults.drop == 0.5);
    assert_true(faults.reset == 0.25);
    assert_true(faults.half == 0);
    assert_true(faults.garbage == 1);
    assert_true(faults.stall == 1e-3);
    assert_int_equal(faults.stall_ns, 2000000000);
    assert_true(faults.burst == 0.02);
    assert_int_equal(faults.burst_length, 5);
    assert_true(faults.power == 0.03);
    assert_int_equal(faults.power_off_ns, 500000000);
    assert_int_equal(faults.kept_connections, 7);
    assert_true(faults.gap == 0.1);
    assert_true(faults.twice == 0.2);
    assert_int_equal(faults.latency, MILL_LATENCY_NONE);
}

static void nonsense_is_named_and_changes_nothing(void **state)
{
    (void)state;
    static const struct {
        const char *text;
        const char *named;
    } cases[] = {
        {"drip=0.5", "'drip', perhaps 'drop'"},
        {"drop", "'drop'"},
        {"drop=", "'drop='"},
        {"drop=1.01", "'drop=1.01'"},
        {"drop=-0", "'drop=-0'"},
        {"drop=nan", "'drop=nan'"},
        {"drop=0x1", "'drop=0x1'"},
        {"drop=1e999", "'drop=1e999'"},
        {"drop=0.5:1", "'drop=0.5:1'"},
        {"power=0.5", "'power=0.5'"},
        {"power=2:1s", "'power=2:1s'"},
        {"power=0.5:61s", "'power=0.5:61s'"},
        {"slow-loris=8", "'slow-loris=8'"},
        {"slow-loris=-1", "'slow-loris=-1'"},
        {"slow-loris=1:2", "'slow-loris=1:2'"},
        {"slow-loris=0.5", "'slow-loris=0.5'"},
        {"drop= 1", "'drop= 1'"},
        {"drop=0.1,drop=0.2", "'drop' comes twice"},
        {"drop=0.1,,half=1", "joined by commas"},
        {",", "joined by commas"},
        {"latency=3ms", "'latency=3ms'"},
        {"latency=fixed", "'latency=fixed'"},
        {"latency=fixed:3", "'latency=fixed:3'"},
        {"latency=fixed:61s", "'latency=fixed:61s'"},
        {"latency=fixed:3ms:1ms", "'latency=fixed:3ms:1ms'"},
        {"latency=normal:3ms", "'latency=normal:3ms'"},
        {"latency=tail:3ms:0", "'latency=tail:3ms:0'"},
        {"latency=uniform:3ms:1ms", "'latency=uniform:3ms:1ms'"},
        {"latency=normal:3ms:1ms:1ms", "'latency=normal:3ms:1ms:1ms'"},
        {"stall=0.5", "'stall=0.5'"},
        {"5xx=0.5", "'5xx=0.5'"},
        {"5xx=0.5:0", "'5xx=0.5:0'"},
        {"5xx=0.5:1000001", "'5xx=0.5:1000001'"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mill_faults faults = {.twice = 0.75};
        struct mill_error error;
        if (mill_faults_parse(cases[i].text, &faults, &error) != -EINVAL ||
            strstr(error.message, cases[i].named) == NULL || faults.twice != 0.75 || faults.drop != 0) {
            fail_msg("'%s' was taken, or not named: %s", cases[i].text, error.message);
        }
    }
    assert_int_equal(mill_faults_parse(NULL, &(struct mill_faults){0}, NULL), -EINVAL);
    assert_int_equal(mill_faults_parse("", NULL, NULL), -EINVAL);
}

static void a_word_too_long_is_refused(void **state)
{
    (void)state;
    char text[300];
    struct mill_faults faults;
    struct mill_error error;
    memset(text, 'x', sizeof text - 1);
    text[sizeof text - 1] = '\0';
    assert_int_equal(mill_faults_parse(text, &faults, &error), -EINVAL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_empty_text_is_no_fault),
        cmocka_unit_test(each_kind_of_latency),
        cmocka_unit_test(a_list_of_all),
        cmocka_unit_test(nonsense_is_named_and_changes_nothing),
        cmocka_unit_test(a_word_too_long_is_refused),
    };
    return cmocka_run_group_tests_name("faults", tests, NULL, NULL);
}
