#include "report/html_assets.h"

/* The paths come from CMakeLists.txt, by which this file depends on what is in them. The assembler reads a
 * file as it is, in a moment and whatever its size, which a compiler does not with an array of it. */
#define EMBED(name, path)                                                                   \
    __asm__(".pushsection .rodata\n" #name "_begin:\n.incbin \"" path "\"\n" #name          \
            "_end:\n.byte 0\n.popsection\n");                                               \
    extern const char name##_begin[] __attribute__((visibility("hidden")));                 \
    extern const char name##_end[] __attribute__((visibility("hidden")));                   \
    struct mill_html_asset mill_html_##name(void)                                           \
    {                                                                                       \
        return (struct mill_html_asset){name##_begin, (size_t)(name##_end - name##_begin)}; \
    }

EMBED(css, MILL_PAGE_CSS)
EMBED(script, MILL_PAGE_SCRIPT)
EMBED(chart, MILL_PAGE_CHART)
EMBED(chart_licence, MILL_PAGE_CHART_LICENCE)
