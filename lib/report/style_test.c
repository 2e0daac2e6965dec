/* Whether a stream wants colours, asked of a real pseudo-terminal. */
#include "report/style.h"

#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

struct terminal {
    int master;
    FILE *stream;
};

static int open_terminal(void **state)
{
    static struct terminal terminal;
    *state = NULL;
    terminal.master = posix_openpt(O_RDWR | O_NOCTTY);
    if (terminal.master < 0 || grantpt(terminal.master) < 0 || unlockpt(terminal.master) < 0) {
        return 0; /* the tests skip themselves */
    }
    terminal.stream = fopen(ptsname(terminal.master), "w");
    *state = terminal.stream ? &terminal : NULL;
    return 0;
}

static int close_terminal(void **state)
{
    struct terminal *terminal = *state;
    if (terminal) {
        fclose(terminal->stream);
        close(terminal->master);
    }
    return 0;
}

static FILE *stream_of(void **state)
{
    struct terminal *terminal = *state;
    if (!terminal) {
        skip();
        abort(); /* skip() does not return */
    }
    return terminal->stream;
}

static void a_terminal_wants_colours(void **state)
{
    FILE *stream = stream_of(state);
    setenv("TERM", "xterm", 1);
    unsetenv("NO_COLOR");
    assert_true(mill_colour_wanted(stream));
    setenv("NO_COLOR", "", 1);
    assert_true(mill_colour_wanted(stream));
}

static void no_color_is_obeyed(void **state)
{
    FILE *stream = stream_of(state);
    setenv("TERM", "xterm", 1);
    setenv("NO_COLOR", "1", 1);
    assert_false(mill_colour_wanted(stream));
}

static void a_dumb_terminal_gets_neither_colours_nor_redrawn_lines(void **state)
{
    FILE *stream = stream_of(state);
    unsetenv("NO_COLOR");
    setenv("TERM", "dumb", 1);
    assert_false(mill_colour_wanted(stream));
    assert_int_equal(mill_terminal_width(stream), 0);
    unsetenv("TERM");
    assert_false(mill_colour_wanted(stream));
}

static void the_width_is_the_terminals_and_80_when_it_does_not_say(void **state)
{
    FILE *stream = stream_of(state);
    struct winsize size = {.ws_row = 24, .ws_col = 0};
    setenv("TERM", "xterm", 1);
    assert_int_equal(ioctl(fileno(stream), TIOCSWINSZ, &size), 0);
    assert_int_equal(mill_terminal_width(stream), 80);
    size.ws_col = 133;
    assert_int_equal(ioctl(fileno(stream), TIOCSWINSZ, &size), 0);
    assert_int_equal(mill_terminal_width(stream), 133);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(a_terminal_wants_colours),
        cmocka_unit_test(no_color_is_obeyed),
        cmocka_unit_test(a_dumb_terminal_gets_neither_colours_nor_redrawn_lines),
        cmocka_unit_test(the_width_is_the_terminals_and_80_when_it_does_not_say),
    };
    return cmocka_run_group_tests(tests, open_terminal, close_terminal);
}
