#include "scenarios/queue_load.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#define PRODUCER 2u

static struct mill_check check_of(const uint64_t *sequences, size_t count, uint64_t put, uint64_t dropped)
{
    struct mill_load_tally tallies[PRODUCER + 1] = {0};
    struct mill_load_tally total = {0};
    struct mill_check check = {0};
    for (size_t i = 0; i < count; i++) {
        mill_load_got(tallies, mill_load_item(PRODUCER, sequences[i]));
    }
    mill_load_add(&total, &tallies[PRODUCER]);
    mill_load_check(&check, PRODUCER, put, &total, dropped);
    return check;
}

#define EXPECT(finding, put, dropped, ...)                                                                   \
    do {                                                                                                     \
        static const uint64_t sequences[] = {__VA_ARGS__};                                                   \
        assert_int_equal(check_of(sequences, sizeof sequences / sizeof sequences[0], put, dropped).findings, \
                         finding);                                                                           \
    } while (0)

static void an_item_says_who_put_it_and_as_which(void **state)
{
    (void)state;
    void *item = mill_load_item(0, 0);
    assert_non_null(item);
    assert_int_equal(mill_load_producer(item), 0);
    assert_int_equal(mill_load_sequence(item), 0);
    item = mill_load_item(1023, (1ull << MILL_LOAD_SEQUENCE_BITS) - 1);
    assert_int_equal(mill_load_producer(item), 1023);
    assert_int_equal(mill_load_sequence(item), (1ull << MILL_LOAD_SEQUENCE_BITS) - 1);
}

static void what_came_once_and_in_order_passes(void **state)
{
    (void)state;
    EXPECT(MILL_NO_FINDING, 5, 0, 0, 1, 2, 3, 4);
    EXPECT(MILL_NO_FINDING, 5, 2, 0, 3, 4); /* two of them dropped */
    assert_int_equal(check_of(NULL, 0, 0, 0).findings, MILL_NO_FINDING);
}

static void a_lost_item_is_missed(void **state)
{
    (void)state;
    EXPECT(MILL_LOST_UPDATE, 5, 0, 0, 1, 3, 4);
    EXPECT(MILL_LOST_UPDATE, 5, 0, 0, 1, 2, 3);
    assert_int_equal(check_of(NULL, 0, 1, 0).findings, MILL_LOST_UPDATE);
}

static void an_item_that_came_twice_is_noticed(void **state)
{
    (void)state;
    EXPECT(MILL_CORRUPTION, 4, 0, 0, 1, 2, 3, 3);
    EXPECT(MILL_CORRUPTION, 4, 1, 0, 1, 2, 3, 3);
}

static void one_lost_and_another_twice_is_noticed(void **state)
{
    (void)state;
    /* 1 and 4 lost, 2 and 3 twice: number and sum are right, the squares are not */
    struct mill_load_tally total = {0};
    struct mill_check check = {0};
    static const uint64_t sequences[] = {0, 2, 2, 3, 3, 5};
    for (size_t i = 0; i < sizeof sequences / sizeof sequences[0]; i++) {
        total.count++;
        total.sum += sequences[i];
        total.squares += sequences[i] * sequences[i];
    }
    mill_load_check(&check, PRODUCER, 6, &total, 0);
    assert_int_equal(check.findings, MILL_CORRUPTION);
}

static void an_earlier_item_behind_a_later_one_is_noticed(void **state)
{
    (void)state;
    EXPECT(MILL_CORRUPTION, 5, 0, 0, 2, 1, 3, 4);
}

static void sums_are_right_beyond_the_width_of_a_word(void **state)
{
    (void)state;
    struct mill_load_tally total = {0};
    struct mill_check check = {0};
    uint64_t count = 3000001; /* of squares that sum up beyond 2^63 */
    for (uint64_t i = 0; i < count; i++) {
        total.count++;
        total.sum += i;
        total.squares += i * i;
    }
    mill_load_check(&check, PRODUCER, count, &total, 0);
    assert_int_equal(check.findings, MILL_NO_FINDING);
}

static void a_queue_is_not_given_more_threads_than_it_is_for(void **state)
{
    (void)state;
    struct mill_queue_ops ops = {.shape = MILL_QUEUE_ONE_PRODUCER | MILL_QUEUE_ONE_CONSUMER};
    assert_null(mill_load_misfit(&ops.about, 1, 1));
    assert_non_null(mill_load_misfit(&ops.about, 2, 1));
    assert_non_null(mill_load_misfit(&ops.about, 1, 2));
    ops.shape = MILL_QUEUE_BOUNDED;
    assert_null(mill_load_misfit(&ops.about, 4, 4));
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(an_item_says_who_put_it_and_as_which),
        cmocka_unit_test(what_came_once_and_in_order_passes),
        cmocka_unit_test(a_lost_item_is_missed),
        cmocka_unit_test(an_item_that_came_twice_is_noticed),
        cmocka_unit_test(one_lost_and_another_twice_is_noticed),
        cmocka_unit_test(an_earlier_item_behind_a_later_one_is_noticed),
        cmocka_unit_test(sums_are_right_beyond_the_width_of_a_word),
        cmocka_unit_test(a_queue_is_not_given_more_threads_than_it_is_for),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
