#include "measure/counterexample_units.h"

#include <errno.h>
#include <stdlib.h>

/* A unit while it is put together; kept at the place of its root. */
struct unit {
    uint64_t from, until; /* when what it stands for was there */
    size_t opened, closed;
};

struct marked {
    int64_t mark;
    size_t call;
};

struct workshop {
    const struct mill_model *model;
    const struct mill_counterexample *example;
    size_t *parent; /* of each call, towards the root of its unit */
    bool *grouped;
    struct unit *units;
    struct marked *marks;
    size_t mark_count;
};

static struct mill_leaving leaving_of(const struct mill_model *model, const struct mill_call *call)
{
    struct mill_leaving leaving = {0};
    if (model->leaving) {
        model->leaving(model, call, &leaving);
    }
    return leaving;
}

static size_t root_of(const struct workshop *shop, size_t call)
{
    while (shop->parent[call] != call) {
        shop->parent[call] = shop->parent[shop->parent[call]];
        call = shop->parent[call];
    }
    return call;
}

/* The earlier call stays the root. */
static void join(struct workshop *shop, size_t a, size_t b)
{
    size_t left = root_of(shop, a), right = root_of(shop, b);
    if (left < right) {
        shop->parent[right] = left;
    } else {
        shop->parent[left] = right;
    }
}

/* ---- what belongs together ---- */

static int by_mark(const void *a, const void *b)
{
    const struct marked *left = a, *right = b;
    if (left->mark != right->mark) {
        return left->mark < right->mark ? -1 : 1;
    }
    return (left->call > right->call) - (left->call < right->call);
}

static void join_marked(struct workshop *shop)
{
    for (size_t i = 0; i < shop->example->count; i++) {
        struct mill_leaving leaving = leaving_of(shop->model, &shop->example->calls[i]);
        for (unsigned j = 0; j < leaving.marks; j++) {
            shop->marks[shop->mark_count++] = (struct marked){leaving.mark[j], i};
            shop->grouped[i] = true;
        }
    }
    qsort(shop->marks, shop->mark_count, sizeof *shop->marks, by_mark);
    for (size_t i = 1; i < shop->mark_count; i++) {
        if (shop->marks[i].mark == shop->marks[i - 1].mark) {
            join(shop, shop->marks[i].call, shop->marks[i - 1].call);
        }
    }
}

/* A call that opens a section which the model refused opens none. */
static enum mill_section section_of(const struct workshop *shop, size_t call)
{
    const struct mill_call *one = &shop->example->calls[call];
    return leaving_of(shop->model, one).refusal ? MILL_SECTION_NONE
                                                : shop->model->operations[one->operation].section;
}

static void join_section(struct workshop *shop, size_t opening)
{
    const struct mill_call *calls = shop->example->calls;
    size_t inner = 0;
    for (size_t i = opening + 1; i < shop->example->count; i++) {
        if (calls[i].thread != calls[opening].thread) {
            continue;
        }
        enum mill_section section = section_of(shop, i);
        bool pending = section != MILL_SECTION_NONE && mill_call_is_pending(&calls[i]);
        if (pending || (section == MILL_SECTION_CLOSES && inner == 0)) {
            join(shop, opening, i);
            return;
        }
        inner += section == MILL_SECTION_OPENS;
        inner -= section == MILL_SECTION_CLOSES;
    }
}

/* Whether a pending call had an effect is not known, and so not which of the thread's later calls are a pair.
 */
static void join_all_later(struct workshop *shop, size_t pending)
{
    const struct mill_call *calls = shop->example->calls;
    for (size_t i = pending + 1; i < shop->example->count; i++) {
        if (calls[i].thread == calls[pending].thread && section_of(shop, i) != MILL_SECTION_NONE) {
            join(shop, pending, i);
        }
    }
}

static void join_sections(struct workshop *shop)
{
    for (size_t i = 0; i < shop->example->count; i++) {
        enum mill_section section = section_of(shop, i);
        shop->grouped[i] |= section != MILL_SECTION_NONE;
        if (section == MILL_SECTION_OPENS) {
            join_section(shop, i);
        }
        if (section != MILL_SECTION_NONE && mill_call_is_pending(&shop->example->calls[i])) {
            join_all_later(shop, i);
        }
    }
}

/* ---- what may go ---- */

static void measure_units(struct workshop *shop)
{
    for (size_t i = 0; i < shop->example->count; i++) {
        const struct mill_call *call = &shop->example->calls[i];
        struct mill_leaving leaving = leaving_of(shop->model, call);
        enum mill_section section = section_of(shop, i);
        struct unit *unit = &shop->units[root_of(shop, i)];
        if (root_of(shop, i) == i) {
            unit->from = call->invoked;
        }
        unit->until = call->returned > unit->until ? call->returned : unit->until;
        unit->opened += leaving.brings || section == MILL_SECTION_OPENS;
        unit->closed += leaving.takes_away || section == MILL_SECTION_CLOSES;
    }
}

/* Does the answer of a refusal that is still there perhaps rest on the unit? */
static bool bears_a_refusal(const struct workshop *shop, const struct unit *unit)
{
    uint64_t until = unit->opened > unit->closed ? UINT64_MAX : unit->until;
    for (size_t i = 0; i < shop->example->count; i++) {
        const struct mill_call *call = &shop->example->calls[i];
        if (leaving_of(shop->model, call).refusal &&
            (shop->model->lasting || (call->invoked <= until && call->returned >= unit->from))) {
            return true;
        }
    }
    return false;
}

/* What a unit closes may have been opened before the example begins; then it stays. */
static bool may_go(const struct workshop *shop, size_t root)
{
    const struct unit *unit = &shop->units[root];
    return shop->grouped[root] && !(shop->example->begun && unit->closed > unit->opened) &&
           !bears_a_refusal(shop, unit);
}

static void number_units(struct workshop *shop, struct mill_units *units)
{
    for (size_t i = 0; i < shop->example->count; i++) {
        size_t root = root_of(shop, i);
        if (root == i) {
            units->of[i] = may_go(shop, i) ? units->count++ : MILL_NO_UNIT;
        } else {
            units->of[i] = units->of[root]; /* the root comes first */
        }
    }
}

static int group(struct mill_units *units, const struct mill_model *model,
                 const struct mill_counterexample *example)
{
    size_t count = example->count + 1;
    struct workshop shop = {.model = model, .example = example};
    shop.parent = calloc(count, sizeof *shop.parent);
    shop.grouped = calloc(count, sizeof *shop.grouped);
    shop.units = calloc(count, sizeof *shop.units);
    shop.marks = calloc(2 * count, sizeof *shop.marks);
    bool all = shop.parent && shop.grouped && shop.units && shop.marks;
    if (all) {
        for (size_t i = 0; i < example->count; i++) {
            shop.parent[i] = i;
        }
        join_marked(&shop);
        join_sections(&shop);
        measure_units(&shop);
        number_units(&shop, units);
    }
    free(shop.parent);
    free(shop.grouped);
    free(shop.units);
    free(shop.marks);
    return all ? 0 : -ENOMEM;
}

int mill_units_open(struct mill_units *units, const struct mill_model *model,
                    const struct mill_counterexample *example, bool together)
{
    units->count = 0;
    units->of = calloc(example->count + 1, sizeof *units->of);
    if (!units->of) {
        return -ENOMEM;
    }
    if (together) {
        int status = group(units, model, example);
        if (status < 0) {
            mill_units_close(units);
        }
        return status;
    }
    for (size_t i = 0; i < example->count; i++) {
        bool alone = leaving_of(model, &example->calls[i]).alone;
        units->of[i] = alone ? units->count++ : MILL_NO_UNIT;
    }
    return 0;
}

void mill_units_close(struct mill_units *units)
{
    free(units->of);
    *units = (struct mill_units){0};
}
