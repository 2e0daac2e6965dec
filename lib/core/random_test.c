#include "core/random.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof(array)[0])

/* The first outputs of Vigna's splitmix64.c for the seed 1234567. */
static void splitmix_gives_the_published_numbers(void **state)
{
    (void)state;
    static const uint64_t expected[] = {
        6457827717110365317u, 3203168211198807973u,  9817491932198370423u,
        4593380528125082431u, 16408922859458223821u,
    };
    uint64_t split = 1234567;
    for (size_t i = 0; i < COUNT(expected); i++) {
        assert_true(mill_random_split(&split) == expected[i]);
    }
}

/* The first outputs of Blackman and Vigna's xoshiro256starstar.c for the state 1, 2, 3, 4. */
static void xoshiro_gives_the_published_numbers(void **state)
{
    (void)state;
    static const uint64_t expected[] = {
        11520u,
        0u,
        1509978240u,
        1215971899390074240u,
        1216172134540287360u,
        607988272756665600u,
        16172922978634559625u,
        8476171486693032832u,
        10595114339597558777u,
        2904607092377533576u,
    };
    struct mill_random random = {{1, 2, 3, 4}};
    for (size_t i = 0; i < COUNT(expected); i++) {
        assert_true(mill_random_next(&random) == expected[i]);
    }
}

/* A stored seed must give the same order for ever: these numbers never change. They come from a model written
 * in another language after the description in random.h. */
static void a_seed_keeps_its_meaning(void **state)
{
    (void)state;
    static const struct {
        uint64_t seed, stream, expected[3];
    } cases[] = {
        {42, 0, {0x19e479e2aaa77bfbu, 0x5e3efe753be27527u, 0xc3ed7125b780200au}},
        {42, 1, {0xc2faaa11a6d3ad7du, 0x20df191928673a4au, 0x9f1f3bef7f9a3f54u}},
        {0, 0, {0xfb5405f7bd79c540u, 0x780c98e26cea5883u, 0x2a146e0980febc66u}},
    };
    for (size_t i = 0; i < COUNT(cases); i++) {
        struct mill_random random;
        mill_random_seed(&random, cases[i].seed, cases[i].stream);
        for (size_t j = 0; j < 3; j++) {
            assert_true(mill_random_next(&random) == cases[i].expected[j]);
        }
    }
}

static void draws_stay_below_their_bound(void **state)
{
    (void)state;
    static const uint64_t bounds[] = {1, 2, 3, 6, 1000, 1ull << 32, (1ull << 63) + 1, UINT64_MAX};
    struct mill_random random;
    mill_random_seed(&random, 1, 0);
    for (size_t i = 0; i < COUNT(bounds); i++) {
        for (int draw = 0; draw < 10000; draw++) {
            assert_true(mill_random_below(&random, bounds[i]) < bounds[i]);
        }
    }
}

/* 60,000 throws: each face 10,000 times, give or take 91 (one standard deviation); the seed is fixed. */
static void draws_are_even(void **state)
{
    (void)state;
    int faces[6] = {0};
    struct mill_random random;
    mill_random_seed(&random, 2, 0);
    for (int draw = 0; draw < 60000; draw++) {
        faces[mill_random_below(&random, 6)]++;
    }
    for (size_t face = 0; face < 6; face++) {
        assert_in_range(faces[face], 9500, 10500);
    }
}

static void a_shuffle_keeps_every_element(void **state)
{
    (void)state;
    struct mill_random random;
    mill_random_seed(&random, 3, 0);
    for (size_t count = 0; count <= 100; count++) {
        size_t order[101];
        unsigned char seen[100] = {0};
        for (size_t i = 0; i < count; i++) {
            order[i] = i;
        }
        order[count] = 12345; /* behind the end: not to be touched */
        mill_random_shuffle(&random, order, count);
        for (size_t i = 0; i < count; i++) {
            assert_true(order[i] < count);
            seen[order[i]]++;
        }
        for (size_t i = 0; i < count; i++) {
            assert_int_equal(seen[i], 1);
        }
        assert_int_equal(order[count], 12345);
    }
}

/* 6,000 shuffles: each of the six orders 1,000 times, give or take 29; the seed is fixed. */
static void every_order_is_as_likely(void **state)
{
    (void)state;
    int orders[3][3] = {{0}};
    struct mill_random random;
    mill_random_seed(&random, 4, 0);
    for (int repeat = 0; repeat < 6000; repeat++) {
        size_t order[] = {0, 1, 2};
        mill_random_shuffle(&random, order, 3);
        orders[order[0]][order[1]]++;
    }
    for (size_t first = 0; first < 3; first++) {
        for (size_t second = 0; second < 3; second++) {
            if (first != second) {
                assert_in_range(orders[first][second], 850, 1150);
            }
        }
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(splitmix_gives_the_published_numbers),
        cmocka_unit_test(xoshiro_gives_the_published_numbers),
        cmocka_unit_test(a_seed_keeps_its_meaning),
        cmocka_unit_test(draws_stay_below_their_bound),
        cmocka_unit_test(draws_are_even),
        cmocka_unit_test(a_shuffle_keeps_every_element),
        cmocka_unit_test(every_order_is_as_likely),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
