/* Running another program to its end, and keeping what it says.
 *
 *     struct mill_text said = {0};
 *     char *const command[] = {"git", "rev-parse", "HEAD", NULL};
 *     int code = mill_subprocess(command, "/a/folder", &said, &error);
 */
#ifndef MILL_BENCH_SUBPROCESS_H
#define MILL_BENCH_SUBPROCESS_H

#include "core/error.h"
#include "core/text.h"

/* Runs arguments[0], looked for in PATH, in `folder` (NULL: this one), with nothing on its standard input;
 * appends both its streams to `said`, at most the first megabyte. Its exit code, 0 to 255; -EINTR when it was
 * ended by a signal or this program was asked to stop; another negative errno, with a message that names it,
 * when it could not be started. Blocks until it has ended. One thread at a time. */
int mill_subprocess(char *const *arguments, const char *folder, struct mill_text *said,
                    struct mill_error *error);

#endif
