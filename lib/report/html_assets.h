/* The files that stand in every page, as bytes of the program (page/, and Debian's Chart.js); private to this
 * folder. They never change; any thread.
 */
#ifndef MILL_REPORT_HTML_ASSETS_H
#define MILL_REPORT_HTML_ASSETS_H

#include <stddef.h>

struct mill_html_asset {
    const char *bytes; /* not ended by a NUL */
    size_t length;
};

struct mill_html_asset mill_html_css(void);
struct mill_html_asset mill_html_script(void);

/* Chart.js, which has its notice in it, and the licence in full as text. Of length 0 in a build without it:
 * then the page says so, and has its tables and pictures. */
struct mill_html_asset mill_html_chart(void);
struct mill_html_asset mill_html_chart_licence(void);

#endif
