#include "report/grid.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "report/display.h"

static const struct mill_grid_column columns[] = {
    {"name", MILL_LEFT},
    {"op per\ncpu-s", MILL_RIGHT},
    {"verdict", MILL_LEFT},
};

static struct mill_grid *two_rows(void)
{
    struct mill_grid *grid;
    assert_int_equal(mill_grid_create(&grid, columns, 3), 0);
    mill_grid_heading(grid, "2 threads");
    mill_grid_cell(grid, MILL_BOLD, "%s", "ticket");
    mill_grid_cell(grid, MILL_PLAIN, "%.1f M", 12.25);
    mill_grid_cell(grid, MILL_GREEN, "%s", "pass");
    mill_grid_line(grid, MILL_DIM, "%s", "ticket leads everything else by a long way");
    mill_grid_cell(grid, MILL_PLAIN, "%s", "größer");
    mill_grid_cell(grid, MILL_PLAIN, "%s", "±4%");
    mill_grid_cell(grid, MILL_RED, "%s", "FOUND");
    return grid;
}

static void expect_rendered(struct mill_grid *grid, bool colour, const char *expected)
{
    struct mill_text out = {0};
    assert_int_equal(mill_grid_render(grid, &out, colour), 0);
    assert_string_equal(out.text, expected);
    mill_text_free(&out);
    mill_grid_destroy(grid);
}

static void columns_are_aligned_as_a_terminal_shows_them(void **state)
{
    (void)state;
    expect_rendered(two_rows(), false,
                    "           op per\n"
                    "2 threads   cpu-s  verdict\n"
                    "ticket     12.2 M  pass\n"
                    "ticket leads everything else by a long way\n"
                    "größer        ±4%  FOUND\n");
}

static void styles_are_escape_sequences_only_with_colour(void **state)
{
    (void)state;
    expect_rendered(two_rows(), true,
                    "           \033[2mop per\033[0m\n"
                    "\033[1m2 threads\033[0m   \033[2mcpu-s\033[0m  \033[2mverdict\033[0m\n"
                    "\033[1mticket\033[0m     12.2 M  \033[32mpass\033[0m\n"
                    "\033[2mticket leads everything else by a long way\033[0m\n"
                    "größer        ±4%  \033[31mFOUND\033[0m\n");
}

static void a_hidden_column_leaves_no_trace_and_no_second_heading_line(void **state)
{
    (void)state;
    struct mill_grid *grid = two_rows();
    assert_int_equal(mill_grid_width(grid), 9 + 2 + 6 + 2 + 7);
    mill_grid_hide(grid, 1);
    assert_int_equal(mill_grid_width(grid), 9 + 2 + 7);
    expect_rendered(grid, false,
                    "2 threads  verdict\n"
                    "ticket     pass\n"
                    "ticket leads everything else by a long way\n"
                    "größer     FOUND\n");
}

static void a_line_ends_an_unfinished_row(void **state)
{
    (void)state;
    struct mill_grid *grid;
    assert_int_equal(mill_grid_create(&grid, columns, 3), 0);
    mill_grid_cell(grid, MILL_PLAIN, "%s", "alone");
    mill_grid_line(grid, MILL_PLAIN, "%s", "line");
    mill_grid_cell(grid, MILL_PLAIN, "%s", "next");
    mill_grid_cell(grid, MILL_PLAIN, "%s", "1");
    mill_grid_cell(grid, MILL_PLAIN, "%s", "x");
    expect_rendered(grid, false, "alone\nline\nnext   1  x\n");
}

static void what_a_cell_holds_cannot_steer_the_terminal(void **state)
{
    (void)state;
    struct mill_grid *grid;
    assert_int_equal(mill_grid_create(&grid, columns, 1), 0);
    mill_grid_cell(grid, MILL_PLAIN, "%s",
                   "a\033[2Jb\nc\xc2\x9b"
                   "d\xff");
    expect_rendered(grid, false, "a?[2Jb?c?d?\n");
}

static void width_counts_columns_and_cut_keeps_characters_whole(void **state)
{
    (void)state;
    assert_int_equal(mill_display_width(""), 0);
    assert_int_equal(mill_display_width("±é"), 2);
    assert_int_equal(mill_display_width("e\xcc\x81"), 1); /* with a combining accent */
    assert_int_equal(mill_display_width("日本"), 4);
    assert_int_equal(mill_display_width("\xff\xe2"), 2); /* not UTF-8 */
    assert_int_equal(mill_display_cut("±é", 1), 2);
    assert_int_equal(mill_display_cut("日本", 3), 3);
    assert_int_equal(mill_display_cut("abc", 9), 3);
}

static void a_paragraph_is_wrapped_between_words(void **state)
{
    (void)state;
    struct mill_text out = {0};
    mill_display_paragraph(&out, 2, 12, "one two three  averyverylongword four");
    assert_string_equal(out.text, "  one two\n    three\n    averyverylongword\n    four\n");
    mill_text_free(&out);
    mill_display_paragraph(&out, 1, 0, "one two three");
    assert_string_equal(out.text, " one two three\n");
    mill_text_free(&out);
}

static void a_stream_that_is_no_terminal_gets_no_colour_and_no_width(void **state)
{
    (void)state;
    char *text;
    size_t size;
    FILE *memory = open_memstream(&text, &size);
    FILE *file = tmpfile();
    assert_non_null(memory);
    assert_non_null(file);
    assert_false(mill_colour_wanted(memory));
    assert_false(mill_colour_wanted(file));
    assert_int_equal(mill_terminal_width(memory), 0);
    assert_int_equal(mill_terminal_width(file), 0);
    fclose(memory);
    fclose(file);
    free(text);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(columns_are_aligned_as_a_terminal_shows_them),
        cmocka_unit_test(styles_are_escape_sequences_only_with_colour),
        cmocka_unit_test(a_hidden_column_leaves_no_trace_and_no_second_heading_line),
        cmocka_unit_test(a_line_ends_an_unfinished_row),
        cmocka_unit_test(what_a_cell_holds_cannot_steer_the_terminal),
        cmocka_unit_test(width_counts_columns_and_cut_keeps_characters_whole),
        cmocka_unit_test(a_paragraph_is_wrapped_between_words),
        cmocka_unit_test(a_stream_that_is_no_terminal_gets_no_colour_and_no_width),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
