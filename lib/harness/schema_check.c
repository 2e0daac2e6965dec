#include <errno.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "core/text.h"
#include "harness/schema.h"
#include "harness/schema_node.h"

/* Where in the document a value stands, as a chain up to the root. */
struct place {
    const struct place *above;
    const char *name; /* of a member; NULL: an item of an array */
    size_t index;
};

static void write_place(struct mill_text *text, const struct place *place)
{
    if (!place) {
        mill_text_add(text, "$");
        return;
    }
    write_place(text, place->above);
    if (place->name) {
        mill_text_add(text, ".%s", place->name);
    } else {
        mill_text_add(text, "[%zu]", place->index);
    }
}

/* "$.cells[0].threads: what is wrong"; a name out of a document is told as it is, cut where it is long. */
static int wrong(const struct place *place, struct mill_error *error, const char *what, const char *detail)
{
    struct mill_text where = {0};
    if (!error) {
        return -EBADMSG;
    }
    write_place(&where, place);
    mill_error_set(error, -EBADMSG, "%.300s: %s%.300s", where.text ? where.text : "$", what, detail);
    mill_text_free(&where);
    return -EBADMSG;
}

/* The value as JSON, for a message; cut by the message. */
static int wrong_value(const struct place *place, struct mill_error *error, const char *what,
                       const json_t *value)
{
    char *text = error ? json_dumps(value, JSON_ENCODE_ANY | JSON_COMPACT) : NULL;
    int status = wrong(place, error, what, text ? text : "");
    free(text);
    return status;
}

static int check(const struct mill_schema_node *node, const json_t *value, const struct place *place,
                 struct mill_error *error);

static bool holds(const struct mill_schema_node *node, const json_t *value)
{
    return check(node, value, NULL, NULL) == 0;
}

static int check_number(const struct mill_schema_node *node, const json_t *value, const struct place *place,
                        struct mill_error *error)
{
    double number = json_number_value(value);
    if (node->minimum && !(number >= json_number_value(node->minimum))) {
        return wrong_value(place, error, "it is less than ", node->minimum);
    }
    if (node->maximum && !(number <= json_number_value(node->maximum))) {
        return wrong_value(place, error, "it is more than ", node->maximum);
    }
    if (node->above && !(number > json_number_value(node->above))) {
        return wrong_value(place, error, "it is not above ", node->above);
    }
    return 0;
}

static size_t characters(const char *text)
{
    size_t count = 0;
    for (; *text; text++) {
        count += (*text & 0xc0) != 0x80;
    }
    return count;
}

static bool outside(size_t size, const json_t *least, const json_t *most)
{
    return (least && (json_int_t)size < json_integer_value(least)) ||
           (most && (json_int_t)size > json_integer_value(most));
}

static int check_string(const struct mill_schema_node *node, const json_t *value, const struct place *place,
                        struct mill_error *error)
{
    const char *text = json_string_value(value);
    if ((node->least_length || node->most_length) &&
        outside(characters(text), node->least_length, node->most_length)) {
        return wrong(place, error, *text ? "the text is too short or too long" : "the text is empty", "");
    }
    if (node->has_pattern && regexec(&node->pattern, text, 0, NULL, 0) != 0) {
        return wrong(place, error, "the text is not of the form ", node->pattern_text);
    }
    return 0;
}

static int check_array(const struct mill_schema_node *node, const json_t *value, const struct place *place,
                       struct mill_error *error)
{
    size_t index;
    json_t *item;
    if (outside(json_array_size(value), node->least_items, node->most_items)) {
        return wrong(place, error, "it has too few or too many items", "");
    }
    json_array_foreach(value, index, item)
    {
        const struct place here = {place, NULL, index};
        const struct mill_schema_node *its =
            index < node->first.count ? node->first.items[index] : node->items;
        int status = its ? check(its, item, &here, error) : 0;
        if (status < 0) {
            return status;
        }
    }
    return 0;
}

static int has_all(const json_t *names, const json_t *value, const struct place *place,
                   struct mill_error *error)
{
    size_t index;
    json_t *name;
    json_array_foreach(names, index, name)
    {
        if (!json_object_get(value, json_string_value(name))) {
            return wrong(place, error, "it has no member ", json_string_value(name));
        }
    }
    return 0;
}

static int by_name(const void *name, const void *property)
{
    return strcmp(name, ((const struct mill_schema_property *)property)->name);
}

static int check_member(const struct mill_schema_node *node, const char *name, const json_t *member,
                        const struct place *place, struct mill_error *error)
{
    const struct place here = {place, name, 0};
    const struct mill_schema_property *property =
        node->properties
            ? bsearch(name, node->properties, node->property_count, sizeof *node->properties, by_name)
            : NULL;
    if (property) {
        return check(property->node, member, &here, error);
    }
    if (node->others && node->others->never) {
        return wrong(place, error, "it has a member that is not known here: ", name);
    }
    return node->others ? check(node->others, member, &here, error) : 0;
}

static int check_name(const struct mill_schema_node *node, const char *name, const struct place *place,
                      struct mill_error *error)
{
    json_t *text = json_string(name);
    int status = text ? check(node, text, place, error) : -ENOMEM;
    json_decref(text);
    return status;
}

static int check_object(const struct mill_schema_node *node, const json_t *value, const struct place *place,
                        struct mill_error *error)
{
    const char *name;
    json_t *member;
    int status = has_all(node->required, value, place, error);
    if (status == 0 && outside(json_object_size(value), node->least_members, NULL)) {
        status = wrong(place, error, "it has too few members", "");
    }
    if (status < 0 || !(node->properties || node->others || node->required_beside || node->member_names)) {
        return status;
    }
    json_object_foreach((json_t *)(uintptr_t)value, name, member)
    {
        status = check_member(node, name, member, place, error);
        if (status == 0 && node->required_beside) {
            status = has_all(json_object_get(node->required_beside, name), value, place, error);
        }
        if (status == 0 && node->member_names) {
            status = check_name(node->member_names, name, place, error);
        }
        if (status < 0) {
            return status;
        }
    }
    return 0;
}

static size_t count_holding(const struct mill_schema_nodes *nodes, const json_t *value)
{
    size_t count = 0;
    for (size_t i = 0; i < nodes->count; i++) {
        count += holds(nodes->items[i], value);
    }
    return count;
}

/* What other schemas say of the same value. */
static int check_combined(const struct mill_schema_node *node, const json_t *value, const struct place *place,
                          struct mill_error *error)
{
    int status = node->reference ? check(node->reference, value, place, error) : 0;
    for (size_t i = 0; status == 0 && i < node->all.count; i++) {
        status = check(node->all.items[i], value, place, error);
    }
    if (status == 0 && node->condition) {
        const struct mill_schema_node *then =
            holds(node->condition, value) ? node->consequence : node->alternative;
        status = then ? check(then, value, place, error) : 0;
    }
    if (status == 0 && node->one.count > 0 && count_holding(&node->one, value) != 1) {
        status = wrong(place, error, "it is not of exactly one of the forms that it may have", "");
    }
    if (status == 0 && node->any.count > 0 && count_holding(&node->any, value) == 0) {
        status = wrong(place, error, "it is of none of the forms that it may have", "");
    }
    if (status == 0 && node->not &&holds(node->not, value)) {
        status = wrong(place, error, "it is what it must not be", "");
    }
    return status;
}

static bool is_word(const json_t *words, const json_t *value)
{
    size_t index;
    json_t *word;
    json_array_foreach(words, index, word)
    {
        if (json_equal(word, value)) {
            return true;
        }
    }
    return false;
}

static int check(const struct mill_schema_node *node, const json_t *value, const struct place *place,
                 struct mill_error *error)
{
    static int (*const by_type[])(const struct mill_schema_node *node, const json_t *value,
                                  const struct place *place, struct mill_error *error) = {
        [JSON_OBJECT] = check_object,  [JSON_ARRAY] = check_array, [JSON_STRING] = check_string,
        [JSON_INTEGER] = check_number, [JSON_REAL] = check_number, [JSON_NULL] = NULL,
    };
    if (node->never) {
        return wrong(place, error, "it must not be there", "");
    }
    if (node->types && !(node->types & 1u << json_typeof(value))) {
        return wrong_value(place, error, "it is not of type ", node->type_names);
    }
    if (node->constant && !json_equal(node->constant, value)) {
        return wrong_value(place, error, "it is not ", node->constant);
    }
    if (node->words && !is_word(node->words, value)) {
        return wrong_value(place, error, "it is none of ", node->words);
    }
    size_t type = (size_t)json_typeof(value);
    int status = type < sizeof by_type / sizeof by_type[0] && by_type[type]
                     ? by_type[type](node, value, place, error)
                     : 0;
    return status < 0 ? status : check_combined(node, value, place, error);
}

int mill_schema_check(const struct mill_schema *schema, const json_t *value, struct mill_error *error)
{
    return check(schema->root, value, NULL, error);
}
