#include "report/style.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

static bool is_able_terminal(FILE *stream)
{
    const char *term = getenv("TERM");
    int descriptor = fileno(stream); /* -1 for a stream in memory */
    return descriptor >= 0 && isatty(descriptor) && term && term[0] && strcmp(term, "dumb") != 0;
}

bool mill_colour_wanted(FILE *stream)
{
    const char *refused = getenv("NO_COLOR");
    return is_able_terminal(stream) && !(refused && refused[0]);
}

unsigned mill_terminal_width(FILE *stream)
{
    struct winsize size;
    if (!is_able_terminal(stream)) {
        return 0;
    }
    return ioctl(fileno(stream), TIOCGWINSZ, &size) == 0 && size.ws_col > 0 ? size.ws_col : 80;
}
