/* The text that strdup copies (interpose_heap.c, to which it jumps). A sanitizer's heap has its own. */
#include <stdint.h>
#include <string.h>

#include "hunt/runtime/accesses.h"
#include "hunt/runtime/interpose.h"

char *__wrap_strdup(const char *text);
char *__wrap_strdup(const char *text)
{
    if (mill_accesses_seen()) {
        mill_reads_text(text, SIZE_MAX, MILL_CALLER);
    }
    MILL_JUMP strdup(text);
}
