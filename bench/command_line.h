/* What commands that run for a while have in common: how they were called, and that they can be interrupted.
 *
 * For the program's main thread.
 */
#ifndef MILL_BENCH_COMMAND_LINE_H
#define MILL_BENCH_COMMAND_LINE_H

#include <stdbool.h>
#include <stdint.h>

#include "core/text.h"

/* The command line as it could be pasted back. */
void mill_command_quote(struct mill_text *text, int argc, char **argv);

/* A seed that can be typed, where none was given. */
void mill_seed_draw(uint64_t *seed, bool given);

/* From here on Ctrl-C, a hang-up and SIGTERM only set what mill_interrupted tells. */
void mill_interrupt_catch(void);

/* For the `interrupted` of a run's observer; `context` means nothing. */
bool mill_interrupted(void *context);

#endif
