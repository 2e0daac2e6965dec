#include "report/run_groups.h"

#include <string.h>

bool mill_report_in_group(const struct mill_summary *summary, size_t cell, const char *mode,
                          const struct mill_report_group *group)
{
    return summary->cells[cell].threads == group->threads && strcmp(mode, group->mode) == 0 &&
           mill_report_same_table(&summary->cells[group->table], &summary->cells[cell]);
}

unsigned mill_report_next_threads(const struct mill_summary *summary, size_t table, unsigned above)
{
    unsigned least = 0;
    for (size_t i = 0; i < summary->cell_count; i++) {
        unsigned threads = summary->cells[i].threads;
        if (threads > above && (least == 0 || threads < least) &&
            mill_report_same_table(&summary->cells[table], &summary->cells[i])) {
            least = threads;
        }
    }
    return least;
}

void mill_report_group_name(struct mill_text *text, const struct mill_summary *summary,
                            const struct mill_report_group *group)
{
    bool oversubscribed = false;
    for (size_t i = 0; i < summary->cell_count; i++) {
        oversubscribed = oversubscribed || (summary->cells[i].oversubscribed &&
                                            mill_report_in_group(summary, i, group->mode, group));
    }
    mill_text_add(text, "%u thread%s, %s%s", group->threads, group->threads == 1 ? "" : "s", group->mode,
                  oversubscribed ? "\noversubscribed" : "");
}
