/* The text that strdup copies. What it jumps to is the one that interpose_heap.c puts in the C library's
 * place; a sanitizer's heap has its own.
 */
#include <stdint.h>

#include "hunt/runtime/accesses.h"
#include "hunt/runtime/interpose.h"

/* As the linker names it. In a target that is not linked with --wrap nobody comes here. */
extern char *__real_strdup(const char *text) __attribute__((weak));

char *__wrap_strdup(const char *text);
char *__wrap_strdup(const char *text)
{
    if (mill_accesses_seen()) {
        mill_reads_text(text, SIZE_MAX, MILL_CALLER);
    }
    MILL_JUMP __real_strdup(text);
}
