#include "measure/outcomes.h"

#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

struct row {
    char *owned; /* the name of an unknown outcome; NULL: its name is a declaration's */
    struct mill_outcome_count count;
};

struct mill_outcomes {
    struct row *rows; /* in the order in which they came */
    size_t count, capacity;
    size_t *slots; /* open addressing: a row and one, or 0; a power of two of them, at most half used */
    size_t slot_count;
    size_t unknown;
    uint64_t total; /* of all, the refused included */
    uint64_t refused;
};

static const char unknown_sentence[] = "nobody declared it";

const char *mill_outcome_grade_name(enum mill_outcome_grade grade)
{
    static const char *const names[] = {[MILL_OUTCOME_ACCEPTABLE] = "acceptable",
                                        [MILL_OUTCOME_INTERESTING] = "interesting",
                                        [MILL_OUTCOME_FORBIDDEN] = "forbidden",
                                        [MILL_OUTCOME_UNKNOWN] = "unknown"};
    return names[grade];
}

/* ---- finding by name ---- */

/* Fowler, Noll and Vo. */
static size_t hash_of(const char *name)
{
    uint64_t hash = 0xcbf29ce484222325ull;
    for (; *name; name++) {
        hash = (hash ^ (unsigned char)*name) * 0x100000001b3ull;
    }
    return (size_t)(hash ^ (hash >> 29));
}

/* The slot of the name, or the empty one where it would stand. */
static size_t slot_of(const struct mill_outcomes *outcomes, const char *name)
{
    size_t mask = outcomes->slot_count - 1;
    size_t slot = hash_of(name) & mask;
    while (outcomes->slots[slot] &&
           strcmp(outcomes->rows[outcomes->slots[slot] - 1].count.outcome, name) != 0) {
        slot = (slot + 1) & mask;
    }
    return slot;
}

static struct row *find(const struct mill_outcomes *outcomes, const char *name)
{
    size_t row = outcomes->slots[slot_of(outcomes, name)];
    return row > 0 ? &outcomes->rows[row - 1] : NULL;
}

/* ---- room ---- */

static int widen_slots(struct mill_outcomes *outcomes, size_t rows)
{
    size_t wanted = outcomes->slot_count > 0 ? outcomes->slot_count : 16;
    while (wanted < 2 * rows) {
        wanted *= 2;
    }
    if (wanted == outcomes->slot_count) {
        return 0;
    }
    size_t *slots = calloc(wanted, sizeof *slots);
    if (!slots) {
        return -ENOMEM;
    }
    free(outcomes->slots);
    outcomes->slots = slots;
    outcomes->slot_count = wanted;
    for (size_t i = 0; i < outcomes->count; i++) {
        outcomes->slots[slot_of(outcomes, outcomes->rows[i].count.outcome)] = i + 1;
    }
    return 0;
}

/* Room for so many rows more. 0 or -ENOMEM. */
static int reserve(struct mill_outcomes *outcomes, size_t more)
{
    size_t rows = outcomes->count + more;
    if (rows > outcomes->capacity) {
        size_t capacity = rows > 2 * outcomes->capacity ? rows : 2 * outcomes->capacity;
        struct row *wider = realloc(outcomes->rows, capacity * sizeof *wider);
        if (!wider) {
            return -ENOMEM;
        }
        outcomes->rows = wider;
        outcomes->capacity = capacity;
    }
    return widen_slots(outcomes, rows);
}

/* Room is reserved, and it is not there yet. */
static void append(struct mill_outcomes *outcomes, struct row row)
{
    outcomes->slots[slot_of(outcomes, row.count.outcome)] = outcomes->count + 1;
    outcomes->rows[outcomes->count++] = row;
    outcomes->unknown += row.count.grade == MILL_OUTCOME_UNKNOWN;
}

static struct row unknown_row(char *name, uint64_t count)
{
    return (struct row){name, {name, MILL_OUTCOME_UNKNOWN, unknown_sentence, count}};
}

/* ---- making one ---- */

static int declare(struct mill_outcomes *outcomes, const struct mill_declared_outcome *declared)
{
    if (!declared->outcome || !declared->outcome[0] || !declared->sentence || !declared->sentence[0] ||
        declared->grade >= MILL_OUTCOME_UNKNOWN || strlen(declared->outcome) > MILL_OUTCOME_LENGTH_MAX ||
        find(outcomes, declared->outcome)) {
        return -EINVAL;
    }
    append(outcomes, (struct row){NULL, {declared->outcome, declared->grade, declared->sentence, 0}});
    return 0;
}

int mill_outcomes_create(const struct mill_declared_outcome *declared, size_t count,
                         struct mill_outcomes **outcomes)
{
    if (!outcomes || (count > 0 && !declared)) {
        return -EINVAL;
    }
    struct mill_outcomes *made = calloc(1, sizeof *made);
    if (!made) {
        return -ENOMEM;
    }
    int status = reserve(made, count + 1);
    for (size_t i = 0; status == 0 && i < count; i++) {
        status = declare(made, &declared[i]);
    }
    if (status < 0) {
        mill_outcomes_destroy(made);
        return status;
    }
    *outcomes = made;
    return 0;
}

void mill_outcomes_destroy(struct mill_outcomes *outcomes)
{
    if (!outcomes) {
        return;
    }
    for (size_t i = 0; i < outcomes->count; i++) {
        free(outcomes->rows[i].owned);
    }
    free(outcomes->rows);
    free(outcomes->slots);
    free(outcomes);
}

/* ---- counting ---- */

/* The row of the outcome, made if need be. 0 or what mill_outcomes_count says. */
static int row_for(struct mill_outcomes *outcomes, const char *outcome, struct row **row)
{
    if (!outcome || !outcome[0]) {
        return -EINVAL;
    }
    if (strnlen(outcome, MILL_OUTCOME_LENGTH_MAX + 1) > MILL_OUTCOME_LENGTH_MAX) {
        return -ENAMETOOLONG;
    }
    *row = find(outcomes, outcome);
    if (*row) {
        return 0;
    }
    if (outcomes->unknown == MILL_OUTCOMES_UNKNOWN_MAX) {
        return -ENOSPC;
    }
    char *name = strdup(outcome);
    if (!name || reserve(outcomes, 1) < 0) {
        free(name);
        return -ENOMEM;
    }
    append(outcomes, unknown_row(name, 0));
    *row = &outcomes->rows[outcomes->count - 1];
    return 0;
}

int mill_outcomes_count(struct mill_outcomes *outcomes, const char *outcome, uint64_t times)
{
    if (times > UINT64_MAX - outcomes->total) {
        return -EOVERFLOW;
    }
    struct row *row;
    int status = row_for(outcomes, outcome, &row);
    outcomes->total += times;
    if (status < 0) {
        outcomes->refused += times;
    } else {
        row->count.count += times;
    }
    return status;
}

/* ---- adding tables together ---- */

/* Does `into` lack a row for it? An error when the two declare it differently. */
static int lacks(const struct mill_outcomes *into, const struct row *row)
{
    const struct row *own = find(into, row->count.outcome);
    if (own && own->count.grade != row->count.grade && own->count.grade != MILL_OUTCOME_UNKNOWN &&
        row->count.grade != MILL_OUTCOME_UNKNOWN) {
        return -EINVAL;
    }
    return !own;
}

static void free_names(char **names, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(names[i]);
    }
    free((void *)names);
}

/* Copies of the names of the unknown outcomes that `into` lacks, in the order of `from`, with room for rows
 * for all that it lacks: after this nothing can fail. */
static int prepare(struct mill_outcomes *into, const struct mill_outcomes *from, char ***names)
{
    char **copies = calloc(from->unknown + 1, sizeof(char *));
    size_t lacking = 0, unknown = 0;
    int status = copies ? 0 : -ENOMEM;
    for (size_t i = 0; status == 0 && i < from->count; i++) {
        status = lacks(into, &from->rows[i]);
        if (status <= 0) {
            continue;
        }
        status = 0;
        lacking++;
        if (from->rows[i].count.grade == MILL_OUTCOME_UNKNOWN) {
            copies[unknown] = strdup(from->rows[i].count.outcome);
            status = copies[unknown++] ? 0 : -ENOMEM;
        }
    }
    if (status == 0 && into->unknown + unknown > MILL_OUTCOMES_UNKNOWN_MAX) {
        status = -ENOSPC;
    }
    if (status == 0) {
        status = reserve(into, lacking);
    }
    if (status < 0) {
        free_names(copies, unknown);
        return status;
    }
    *names = copies;
    return 0;
}

/* What was unknown here is declared there: it takes that declaration over, and its place among the declared.
 */
static void take_over(struct mill_outcomes *into, struct row *own, const struct row *row)
{
    own->count.grade = row->count.grade;
    own->count.sentence = row->count.sentence;
    into->unknown--;
}

int mill_outcomes_add(struct mill_outcomes *into, const struct mill_outcomes *from)
{
    char **names;
    size_t used = 0;
    if (from->total > UINT64_MAX - into->total) {
        return -EOVERFLOW;
    }
    int status = prepare(into, from, &names);
    if (status < 0) {
        return status;
    }
    for (size_t i = 0; i < from->count; i++) {
        const struct row *row = &from->rows[i];
        bool declared = row->count.grade != MILL_OUTCOME_UNKNOWN;
        struct row *own = find(into, row->count.outcome);
        if (own) {
            own->count.count += row->count.count;
            if (declared && own->count.grade == MILL_OUTCOME_UNKNOWN) {
                take_over(into, own, row);
            }
        } else {
            append(into,
                   declared ? (struct row){NULL, row->count} : unknown_row(names[used++], row->count.count));
        }
    }
    free((void *)names); /* each name is a row's now */
    into->total += from->total;
    into->refused += from->refused;
    return 0;
}

/* ---- reading ---- */

size_t mill_outcomes_rows(const struct mill_outcomes *outcomes)
{
    return outcomes->count;
}

int mill_outcomes_row(const struct mill_outcomes *outcomes, size_t row, struct mill_outcome_count *count)
{
    size_t declared = outcomes->count - outcomes->unknown;
    bool unknown = row >= declared;
    size_t wanted = unknown ? row - declared : row;
    for (size_t i = 0; i < outcomes->count; i++) {
        if ((outcomes->rows[i].count.grade == MILL_OUTCOME_UNKNOWN) == unknown && wanted-- == 0) {
            *count = outcomes->rows[i].count;
            return 0;
        }
    }
    return -ENOENT;
}

uint64_t mill_outcomes_total(const struct mill_outcomes *outcomes, enum mill_outcome_grade grade)
{
    if (grade == MILL_OUTCOME_GRADES) {
        return outcomes->total;
    }
    uint64_t total = 0;
    for (size_t i = 0; i < outcomes->count; i++) {
        total += outcomes->rows[i].count.grade == grade ? outcomes->rows[i].count.count : 0;
    }
    return total;
}

uint64_t mill_outcomes_refused(const struct mill_outcomes *outcomes)
{
    return outcomes->refused;
}
