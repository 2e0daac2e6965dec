#include "device/fault_dice.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

enum { draws = 20000 };

static void parse(const char *text, struct mill_faults *faults)
{
    assert_int_equal(mill_faults_parse(text, faults, NULL), 0);
}

/* How many of `draws` replies meet `fault`. */
static unsigned count(const char *text, uint64_t seed, enum mill_reply_fault fault)
{
    struct mill_faults faults;
    struct mill_fault_dice dice;
    struct mill_reply_fate fate;
    unsigned found = 0;
    parse(text, &faults);
    mill_fault_dice_seed(&dice, seed);
    for (int i = 0; i < draws; i++) {
        mill_fault_dice_reply(&dice, &faults, &fate);
        found += fate.fault == fault;
    }
    return found;
}

/* Five standard deviations around what is expected; the seeds are fixed, so it holds always or never. */
static void assert_share(unsigned found, double probability)
{
    double expected = draws * probability;
    double variance = expected * (1 - probability);
    double off = (double)found - expected;
    assert_true(off * off <= 25 * variance);
}

static void nothing_strikes_without_faults(void **state)
{
    (void)state;
    struct mill_faults faults;
    struct mill_fault_dice dice;
    struct mill_reply_fate fate;
    parse("", &faults);
    mill_fault_dice_seed(&dice, 1);
    for (int i = 0; i < draws; i++) {
        mill_fault_dice_reply(&dice, &faults, &fate);
        assert_int_equal(fate.fault, MILL_REPLY_WHOLE);
        assert_int_equal(fate.delay_ns, 0);
        assert_int_equal(mill_fault_dice_sample(&dice, &faults), MILL_SAMPLE_ONCE);
    }
}

static void each_fault_strikes_as_often_as_ordered(void **state)
{
    (void)state;
    assert_share(count("drop=0.1", 2, MILL_REPLY_DROP), 0.1);
    assert_share(count("reset=0.1", 3, MILL_REPLY_RESET), 0.1);
    assert_share(count("half=0.1", 4, MILL_REPLY_HALF), 0.1);
    assert_share(count("garbage=0.1", 5, MILL_REPLY_GARBAGE), 0.1);
    assert_share(count("stall=0.1:1s", 6, MILL_REPLY_STALL), 0.1);
    assert_share(count("5xx=0.1:1", 7, MILL_REPLY_BURST), 0.1);
    assert_share(count("power=0.1:1s", 10, MILL_REPLY_POWER), 0.1);
    assert_int_equal(count("drop=1", 8, MILL_REPLY_DROP), draws);
    assert_int_equal(count("drop=0", 8, MILL_REPLY_WHOLE), draws);
}

static void a_burst_is_as_long_as_ordered(void **state)
{
    (void)state;
    struct mill_faults faults;
    struct mill_fault_dice dice;
    struct mill_reply_fate fate;
    parse("5xx=0.01:7", &faults);
    mill_fault_dice_seed(&dice, 9);
    unsigned run = 0, runs = 0;
    for (int i = 0; i < draws; i++) {
        mill_fault_dice_reply(&dice, &faults, &fate);
        if (fate.fault == MILL_REPLY_BURST) {
            run++;
        } else if (run > 0) {
            assert_true(run >= 7);
            runs++;
            run = 0;
        }
    }
    assert_true(runs > 100);
}

static void the_same_seed_gives_the_same_fates(void **state)
{
    (void)state;
    struct mill_faults faults;
    struct mill_fault_dice one, two, other;
    struct mill_reply_fate first, second, third;
    unsigned different = 0;
    parse("latency=normal:3ms:1ms,drop=0.2,garbage=0.3,gap=0.5", &faults);
    mill_fault_dice_seed(&one, 10);
    mill_fault_dice_seed(&two, 10);
    mill_fault_dice_seed(&other, 11);
    for (int i = 0; i < 1000; i++) {
        mill_fault_dice_reply(&one, &faults, &first);
        mill_fault_dice_sample(&two, &faults); /* samples do not disturb replies */
        mill_fault_dice_reply(&two, &faults, &second);
        mill_fault_dice_reply(&other, &faults, &third);
        assert_int_equal(first.fault, second.fault);
        assert_int_equal(first.delay_ns, second.delay_ns);
        assert_int_equal(first.noise, second.noise);
        different += first.delay_ns != third.delay_ns;
    }
    assert_true(different > 900);
}

static void one_fault_does_not_move_another(void **state)
{
    (void)state;
    struct mill_faults few, more;
    struct mill_fault_dice one, two;
    struct mill_reply_fate first, second;
    parse("drop=0.1", &few);
    parse("latency=tail:1ms:2,drop=0.1,half=0.5", &more);
    mill_fault_dice_seed(&one, 12);
    mill_fault_dice_seed(&two, 12);
    for (int i = 0; i < 1000; i++) {
        mill_fault_dice_reply(&one, &few, &first);
        mill_fault_dice_reply(&two, &more, &second);
        assert_int_equal(first.fault == MILL_REPLY_DROP, second.fault == MILL_REPLY_DROP);
    }
}

static void latencies_have_their_middle(void **state)
{
    (void)state;
    static const char *const texts[] = {"latency=normal:3ms:1ms", "latency=tail:3ms:1.2"};
    for (size_t k = 0; k < 2; k++) {
        struct mill_faults faults;
        struct mill_fault_dice dice;
        struct mill_reply_fate fate;
        unsigned below = 0, far = 0;
        parse(texts[k], &faults);
        mill_fault_dice_seed(&dice, 13);
        for (int i = 0; i < draws; i++) {
            mill_fault_dice_reply(&dice, &faults, &fate);
            assert_true(fate.delay_ns <= MILL_FAULT_DELAY_MAX_NS);
            below += fate.delay_ns < 3000000;
            far += fate.delay_ns > 9000000;
        }
        assert_share(below, 0.5);
        if (k == 0) {
            assert_int_equal(far, 0); /* six deviations */
        } else {
            assert_share(far, 0.5 * 0.26758); /* 3 to the power of -1.2 */
        }
    }
}

static void no_draw_is_longer_than_a_minute(void **state)
{
    (void)state;
    struct mill_faults faults;
    struct mill_fault_dice dice;
    struct mill_reply_fate fate;
    unsigned longest = 0, none = 0;
    parse("latency=tail:1s:0.01", &faults);
    mill_fault_dice_seed(&dice, 14);
    for (int i = 0; i < 100; i++) {
        mill_fault_dice_reply(&dice, &faults, &fate);
        assert_true(fate.delay_ns <= MILL_FAULT_DELAY_MAX_NS);
        longest += fate.delay_ns == MILL_FAULT_DELAY_MAX_NS;
    }
    assert_true(longest > 0);
    parse("latency=normal:1ms:10s", &faults); /* below nothing is nothing */
    for (int i = 0; i < 100; i++) {
        mill_fault_dice_reply(&dice, &faults, &fate);
        none += fate.delay_ns == 0;
    }
    assert_true(none > 20 && none < 80);
}

static void samples_are_left_out_and_doubled(void **state)
{
    (void)state;
    struct mill_faults faults;
    struct mill_fault_dice dice;
    unsigned out = 0, twice = 0;
    parse("gap=0.1,twice=0.2", &faults);
    mill_fault_dice_seed(&dice, 15);
    for (int i = 0; i < draws; i++) {
        enum mill_sample_fate fate = mill_fault_dice_sample(&dice, &faults);
        out += fate == MILL_SAMPLE_LEFT_OUT;
        twice += fate == MILL_SAMPLE_TWICE;
    }
    assert_share(out, 0.1);
    assert_share(twice, 0.9 * 0.2);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(nothing_strikes_without_faults),
        cmocka_unit_test(each_fault_strikes_as_often_as_ordered),
        cmocka_unit_test(a_burst_is_as_long_as_ordered),
        cmocka_unit_test(the_same_seed_gives_the_same_fates),
        cmocka_unit_test(one_fault_does_not_move_another),
        cmocka_unit_test(latencies_have_their_middle),
        cmocka_unit_test(no_draw_is_longer_than_a_minute),
        cmocka_unit_test(samples_are_left_out_and_doubled),
    };
    return cmocka_run_group_tests_name("fault_dice", tests, NULL, NULL);
}
