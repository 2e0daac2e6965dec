#include "harness/summary_compare.h"

#include <errno.h>
#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Cells that differ in their strategy alone. */
static bool same_group(const struct mill_summary_cell *a, const struct mill_summary_cell *b)
{
    return a->threads == b->threads && mill_summary_same_task(a, b);
}

static int compare_cells(struct mill_summary_pair *pair, const struct mill_index *index, size_t samples)
{
    struct mill_series a, b;
    double *first = calloc(samples + 1, sizeof *first);
    double *second = calloc(samples + 1, sizeof *second);
    struct mill_filter filter = {
        .index = index, .cell = pair->cell, .kind = "throughput", .mode = pair->mode};
    int status = mill_series_create(&a, samples);
    int other = mill_series_create(&b, samples);
    size_t rounds = 0;
    if (status == 0 && other == 0 && first && second) {
        mill_series_collect(&a, &filter, mill_sample_rate);
        filter.cell = pair->other;
        mill_series_collect(&b, &filter, mill_sample_rate);
        for (size_t i = 0; i < a.count; i++) {
            for (size_t j = 0; j < b.count; j++) {
                if (a.rounds[i] == b.rounds[j] && a.values[i] > 0 && b.values[j] > 0) {
                    first[rounds] = a.values[i];
                    second[rounds++] = b.values[j];
                    break; /* one a round: no more pairs than samples, whatever a document says */
                }
            }
        }
        status = mill_paired_compare(first, second, rounds, MILL_SUMMARY_CONFIDENCE, &pair->ratio);
    } else {
        status = -ENOMEM;
    }
    mill_series_destroy(&a);
    mill_series_destroy(&b);
    free(first);
    free(second);
    return status;
}

/* Rows that may lead: strategies that do the work, and do it right. */
static bool may_lead(const struct mill_summary *summary, const struct mill_summary_row *row)
{
    const struct mill_summary_cell *cell = &summary->cells[row->cell];
    return cell->verdict == MILL_VERDICT_PASS && cell->checked && !cell->control && row->samples > 0;
}

static bool same_table(const struct mill_summary *summary, const struct mill_summary_row *a,
                       const struct mill_summary_row *b)
{
    return a->mode == b->mode && same_group(&summary->cells[a->cell], &summary->cells[b->cell]);
}

bool mill_summary_same_shape(const struct mill_summary_cell *a, const struct mill_summary_cell *b)
{
    return a->shape && b->shape ? strcmp(a->shape, b->shape) == 0 : a->shape == b->shape;
}

int mill_summary_find_leaders(struct mill_summary *summary, const struct mill_index *index)
{
    for (size_t i = 0; i < summary->row_count; i++) {
        struct mill_summary_row *first = &summary->rows[i];
        const struct mill_summary_row *second = NULL;
        bool fastest = may_lead(summary, first);
        for (size_t j = 0; j < summary->row_count && fastest; j++) {
            const struct mill_summary_row *row = &summary->rows[j];
            if (j == i || !may_lead(summary, row) || !same_table(summary, first, row) ||
                !mill_summary_same_shape(&summary->cells[first->cell], &summary->cells[row->cell])) {
                continue;
            }
            fastest = row->rate.ratio < first->rate.ratio;
            second = second && second->rate.ratio > row->rate.ratio ? second : row;
        }
        if (!fastest || !second) {
            continue;
        }
        struct mill_summary_pair *pair = &summary->leaders[summary->leader_count++];
        *pair = (struct mill_summary_pair){.cell = first->cell, .other = second->cell, .mode = first->mode};
        int status = compare_cells(pair, index, summary->samples);
        if (status < 0) {
            return status;
        }
        first->leads = pair->ratio.low > 1.0;
    }
    return 0;
}

/* The fastest of the row's group and shape. */
static const struct mill_summary_row *fastest_beside(const struct mill_summary *summary,
                                                     const struct mill_summary_row *row)
{
    const struct mill_summary_row *fastest = NULL;
    for (size_t i = 0; i < summary->row_count; i++) {
        const struct mill_summary_row *other = &summary->rows[i];
        if (may_lead(summary, other) && same_table(summary, row, other) &&
            mill_summary_same_shape(&summary->cells[row->cell], &summary->cells[other->cell]) &&
            (!fastest || other->rate.ratio > fastest->rate.ratio)) {
            fastest = other;
        }
    }
    return fastest;
}

int mill_summary_behind(const struct mill_summary *summary, const json_t *result,
                        struct mill_summary_pair **pairs, size_t *count)
{
    struct mill_index index;
    *count = 0;
    *pairs = calloc(summary->row_count + 1, sizeof **pairs);
    int status = mill_index_create(&index, result, summary->cell_count);
    status = *pairs ? status : -ENOMEM;
    for (size_t i = 0; status == 0 && i < summary->row_count; i++) {
        const struct mill_summary_row *row = &summary->rows[i];
        const struct mill_summary_row *fastest = may_lead(summary, row) ? fastest_beside(summary, row) : NULL;
        if (fastest && fastest != row) {
            struct mill_summary_pair *pair = &(*pairs)[(*count)++];
            *pair = (struct mill_summary_pair){.cell = row->cell, .other = fastest->cell, .mode = row->mode};
            status = compare_cells(pair, &index, summary->samples);
            if (status ==
                -ERANGE) { /* the one next to nothing, the other astronomical: no ratio tells that */
                pair->ratio = (struct mill_paired){.ratio = NAN, .high = INFINITY, .confidence = 1};
                status = 0;
            }
        }
    }
    mill_index_destroy(&index);
    if (status < 0) {
        free(*pairs);
        *pairs = NULL;
        *count = 0;
    }
    return status;
}

int mill_summary_find_peers(struct mill_summary *summary, const struct mill_index *index)
{
    for (size_t i = 0; i < summary->row_count; i++) {
        const struct mill_summary_cell *ours = &summary->cells[summary->rows[i].cell];
        for (size_t j = 0; j < summary->row_count && !ours->library && ours->algorithm; j++) {
            const struct mill_summary_cell *theirs = &summary->cells[summary->rows[j].cell];
            if (!theirs->library || !theirs->algorithm || strcmp(ours->algorithm, theirs->algorithm) != 0 ||
                !same_table(summary, &summary->rows[i], &summary->rows[j])) {
                continue;
            }
            struct mill_summary_pair *grown =
                realloc(summary->peers, (summary->peer_count + 1) * sizeof *summary->peers);
            if (!grown) {
                return -ENOMEM;
            }
            summary->peers = grown;
            struct mill_summary_pair *pair = &summary->peers[summary->peer_count++];
            *pair = (struct mill_summary_pair){
                .cell = summary->rows[i].cell, .other = summary->rows[j].cell, .mode = summary->rows[i].mode};
            int status = compare_cells(pair, index, summary->samples);
            if (status < 0) {
                return status;
            }
        }
    }
    return 0;
}
