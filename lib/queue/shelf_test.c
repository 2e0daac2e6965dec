#include "queue/shelf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <cmocka.h>

static struct mill_retired *chain_of(unsigned length)
{
    struct mill_retired *chain = NULL;
    for (; length > 0; length--) {
        struct mill_retired *node = malloc(sizeof *node);
        assert_non_null(node);
        node->next = chain;
        chain = node;
    }
    return chain;
}

static unsigned length_of(const struct mill_retired *chain)
{
    unsigned length = 0;
    for (; chain; chain = chain->next) {
        length++;
    }
    return length;
}

/* Chains of 1, 2, … nodes; AddressSanitizer's builds tell whether those beyond the places are freed, once. */
static void test_keeps_so_many_and_no_more(void **state)
{
    (void)state;
    struct mill_shelf shelf = {.places = {NULL}};
    for (unsigned length = 1; length <= MILL_SHELF_PLACES + 2; length++) {
        mill_shelf_give(&shelf, chain_of(length));
    }
    bool seen[MILL_SHELF_PLACES + 1] = {false};
    for (unsigned i = 0; i < MILL_SHELF_PLACES; i++) {
        struct mill_retired *chain = mill_shelf_take(&shelf);
        unsigned length = length_of(chain);
        assert_in_range(length, 1, MILL_SHELF_PLACES);
        assert_false(seen[length]);
        seen[length] = true;
        mill_chain_free(chain);
    }
    assert_null(mill_shelf_take(&shelf));
}

static void test_clears(void **state)
{
    (void)state;
    struct mill_shelf shelf = {.places = {NULL}};
    mill_shelf_clear(&shelf);
    mill_shelf_give(&shelf, chain_of(3));
    mill_shelf_give(&shelf, chain_of(1));
    mill_shelf_clear(&shelf);
    assert_null(mill_shelf_take(&shelf));
    mill_chain_free(NULL);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_keeps_so_many_and_no_more),
        cmocka_unit_test(test_clears),
    };
    return cmocka_run_group_tests_name("shelf", tests, NULL, NULL);
}
