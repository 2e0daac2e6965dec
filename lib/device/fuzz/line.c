/* Lines of the stream, and commands to it: an input is read as both. */
#include <errno.h>
#include <string.h>

#include "core/test_fuzz.h"
#include "device/wire_print.h"
#include "device/wire_read.h"

static char printed[MILL_WIRE_LINE_MAX];

static void line_again(const struct mill_stream_line *line)
{
    int length = line->kind == MILL_LINE_HELLO ? mill_print_hello(line->interval_ms, printed, sizeof printed)
                 : line->kind == MILL_LINE_SYNC
                     ? mill_print_sync(&line->sample, line->token, printed, sizeof printed)
                     : mill_print_sample(&line->sample, 0, printed, sizeof printed);
    must(length > 0 && printed[length - 1] == '\n');
    struct mill_stream_line again;
    must(mill_read_line(printed, (size_t)length - 1, &again, NULL) == 0);
    must(again.kind == line->kind && again.sample.seq == line->sample.seq);
    must(again.interval_ms == line->interval_ms && strcmp(again.token, line->token) == 0);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
    const char *text = (const char *)data;
    struct mill_error error = {.message = ""};
    struct mill_stream_line line;
    int result = mill_read_line(text, size, &line, &error);
    must(result == 0 || result == -EBADMSG || result == -EMSGSIZE);
    must(result == 0 || error.message[0] != '\0');
    if (result == 0) {
        line_again(&line);
    }
    struct mill_stream_command command;
    result = mill_read_command(text, size, &command);
    must(result == 0 || result == -EBADMSG);
    if (result == 0 && command.kind == MILL_COMMAND_SYNC) {
        must(memchr(command.token, '\0', sizeof command.token) != NULL);
        /* A token of any bytes is sent back, and a client may refuse it: that is all. */
        int length =
            mill_print_sync(&(struct mill_sample_line){.seq = 1}, command.token, printed, sizeof printed);
        must(length > 0);
        result = mill_read_line(printed, (size_t)length - 1, &line, NULL);
        must(result == -EBADMSG || (result == 0 && strcmp(line.token, command.token) == 0));
    }
    return 0;
}
