#include "harness/schema.h"

#include <errno.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "harness/schema_node.h"

struct compiler {
    struct mill_schema *schema;
    struct mill_error *error;
};

static int compile(struct compiler *compiler, const json_t *source, struct mill_schema_node *node);

static struct mill_schema_node *new_node(struct mill_schema *schema)
{
    struct mill_schema_node *node = calloc(1, sizeof *node);
    if (node) {
        node->next = schema->nodes;
        schema->nodes = node;
    }
    return node;
}

static int compile_new(struct compiler *compiler, const json_t *source, const struct mill_schema_node **into)
{
    struct mill_schema_node *node = new_node(compiler->schema);
    *into = node;
    return node ? compile(compiler, source, node) : -ENOMEM;
}

static int refuse(const struct compiler *compiler, const char *keyword)
{
    return mill_error_set(compiler->error, -EINVAL, "the schema's '%s' has a value that makes no sense",
                          keyword);
}

/* ---- keywords ---- */

static int add_type(struct mill_schema_node *node, const char *name)
{
    static const struct {
        const char *name;
        unsigned types;
    } types[] = {
        {"object", 1u << JSON_OBJECT},
        {"array", 1u << JSON_ARRAY},
        {"string", 1u << JSON_STRING},
        {"integer", 1u << JSON_INTEGER},
        {"null", 1u << JSON_NULL},
        {"number", 1u << JSON_INTEGER | 1u << JSON_REAL},
        {"boolean", 1u << JSON_TRUE | 1u << JSON_FALSE},
    };
    for (size_t i = 0; name && i < sizeof types / sizeof types[0]; i++) {
        if (strcmp(types[i].name, name) == 0) {
            node->types |= types[i].types;
            return 0;
        }
    }
    return -EINVAL;
}

static int take_type(struct compiler *compiler, struct mill_schema_node *node, const json_t *value)
{
    size_t index;
    json_t *name;
    int status = json_is_array(value) ? 0 : add_type(node, json_string_value(value));
    json_array_foreach(value, index, name)
    {
        status = status < 0 ? status : add_type(node, json_string_value(name));
    }
    node->type_names = value;
    return status < 0 ? refuse(compiler, "type") : 0;
}

static int take_reference(struct compiler *compiler, struct mill_schema_node *node, const json_t *value)
{
    static const char prefix[] = "#/$defs/";
    const struct mill_schema *schema = compiler->schema;
    const char *name = json_string_value(value);
    for (size_t i = 0; name && strncmp(name, prefix, sizeof prefix - 1) == 0 && i < schema->definition_count;
         i++) {
        if (strcmp(schema->definitions[i].name, name + sizeof prefix - 1) == 0) {
            node->reference = schema->definitions[i].node;
            return 0;
        }
    }
    return mill_error_set(compiler->error, -ENOTSUP, "the schema refers to '%s', which is not in it",
                          name ? name : "?");
}

static int take_pattern(struct compiler *compiler, struct mill_schema_node *node, const json_t *value)
{
    node->pattern_text = json_string_value(value);
    if (!node->pattern_text || regcomp(&node->pattern, node->pattern_text, REG_EXTENDED | REG_NOSUB) != 0) {
        return refuse(compiler, "pattern");
    }
    node->has_pattern = true;
    return 0;
}

static int by_name(const void *left, const void *right)
{
    return strcmp(((const struct mill_schema_property *)left)->name,
                  ((const struct mill_schema_property *)right)->name);
}

static int take_properties(struct compiler *compiler, struct mill_schema_node *node, const json_t *value)
{
    const char *name;
    json_t *member;
    node->properties = calloc(json_object_size(value) + 1, sizeof *node->properties);
    if (!node->properties) {
        return -ENOMEM;
    }
    json_object_foreach((json_t *)(uintptr_t)value, name, member)
    {
        struct mill_schema_property *property = &node->properties[node->property_count];
        property->name = name;
        int status = compile_new(compiler, member, &property->node);
        if (status < 0) {
            return status;
        }
        node->property_count++;
    }
    qsort(node->properties, node->property_count, sizeof *node->properties, by_name);
    return 0;
}

static int take_nodes(struct compiler *compiler, struct mill_schema_nodes *nodes, const json_t *value)
{
    size_t index;
    json_t *member;
    nodes->items = calloc(json_array_size(value) + 1, sizeof(const struct mill_schema_node *));
    if (!nodes->items) {
        return -ENOMEM;
    }
    json_array_foreach(value, index, member)
    {
        int status = compile_new(compiler, member, &nodes->items[nodes->count]);
        if (status < 0) {
            return status;
        }
        nodes->count++;
    }
    return nodes->count > 0 ? 0 : refuse(compiler, "allOf, oneOf, anyOf or prefixItems");
}

enum form {
    form_note, /* says nothing of the value */
    form_value,
    form_number,
    form_count,
    form_list,   /* of values */
    form_object, /* of lists */
    form_node,
    form_nodes,
    form_special,
};

#define AT(member) offsetof(struct mill_schema_node, member)

static const struct keyword {
    const char *name;
    enum form form;
    size_t offset;
    int (*take)(struct compiler *compiler, struct mill_schema_node *node, const json_t *value);
} keywords[] = {
    {"$schema", form_note, 0, NULL},
    {"$id", form_note, 0, NULL},
    {"$comment", form_note, 0, NULL},
    {"$defs", form_note, 0, NULL}, /* compiled first */
    {"title", form_note, 0, NULL},
    {"description", form_note, 0, NULL},
    {"$ref", form_special, 0, take_reference},
    {"type", form_special, 0, take_type},
    {"pattern", form_special, 0, take_pattern},
    {"properties", form_special, 0, take_properties},
    {"const", form_value, AT(constant), NULL},
    {"enum", form_list, AT(words), NULL},
    {"minimum", form_number, AT(minimum), NULL},
    {"maximum", form_number, AT(maximum), NULL},
    {"exclusiveMinimum", form_number, AT(above), NULL},
    {"minLength", form_count, AT(least_length), NULL},
    {"maxLength", form_count, AT(most_length), NULL},
    {"minItems", form_count, AT(least_items), NULL},
    {"maxItems", form_count, AT(most_items), NULL},
    {"minProperties", form_count, AT(least_members), NULL},
    {"required", form_list, AT(required), NULL},
    {"dependentRequired", form_object, AT(required_beside), NULL},
    {"additionalProperties", form_node, AT(others), NULL},
    {"propertyNames", form_node, AT(member_names), NULL},
    {"items", form_node, AT(items), NULL},
    {"if", form_node, AT(condition), NULL},
    {"then", form_node, AT(consequence), NULL},
    {"else", form_node, AT(alternative), NULL},
    {"not", form_node, AT(not ), NULL},
    {"allOf", form_nodes, AT(all), NULL},
    {"oneOf", form_nodes, AT(one), NULL},
    {"anyOf", form_nodes, AT(any), NULL},
    {"prefixItems", form_nodes, AT(first), NULL},
};

static bool has_form(const struct keyword *keyword, const json_t *value)
{
    switch (keyword->form) {
    case form_number:
        return json_is_number(value);
    case form_count:
        return json_is_integer(value) && json_integer_value(value) >= 0;
    case form_list:
    case form_nodes:
        return json_is_array(value);
    case form_object:
        return json_is_object(value);
    default:
        return true;
    }
}

static int take(struct compiler *compiler, const struct keyword *keyword, struct mill_schema_node *node,
                const json_t *value)
{
    void *field = (char *)node + keyword->offset;
    if (!has_form(keyword, value)) {
        return refuse(compiler, keyword->name);
    }
    switch (keyword->form) {
    case form_note:
        return 0;
    case form_node:
        return compile_new(compiler, value, field);
    case form_nodes:
        return take_nodes(compiler, field, value);
    case form_special:
        return keyword->take(compiler, node, value);
    default:
        *(const json_t **)field = value;
        return 0;
    }
}

static int compile(struct compiler *compiler, const json_t *source, struct mill_schema_node *node)
{
    const char *name;
    json_t *value;
    if (json_is_boolean(source)) {
        node->never = json_is_false(source);
        return 0;
    }
    if (!json_is_object(source)) {
        return mill_error_set(compiler->error, -EINVAL, "a schema is neither an object nor true or false");
    }
    json_object_foreach((json_t *)(uintptr_t)source, name, value)
    {
        size_t i = 0;
        while (i < sizeof keywords / sizeof keywords[0] && strcmp(keywords[i].name, name) != 0) {
            i++;
        }
        if (i == sizeof keywords / sizeof keywords[0]) {
            return mill_error_set(compiler->error, -ENOTSUP,
                                  "the schema's keyword '%s' is not known to lib/harness/schema.c", name);
        }
        int status = take(compiler, &keywords[i], node, value);
        if (status < 0) {
            return status;
        }
    }
    return 0;
}

/* ---- the whole ---- */

/* Definitions refer to each other in any order: each has its place before any is compiled. */
static int compile_definitions(struct compiler *compiler)
{
    struct mill_schema *schema = compiler->schema;
    json_t *definitions = json_object_get(schema->document, "$defs");
    const char *name;
    json_t *member;
    schema->definitions = calloc(json_object_size(definitions) + 1, sizeof *schema->definitions);
    if (!schema->definitions) {
        return -ENOMEM;
    }
    json_object_foreach(definitions, name, member)
    {
        struct mill_schema_node *node = new_node(schema);
        if (!node) {
            return -ENOMEM;
        }
        schema->definitions[schema->definition_count++] = (struct mill_schema_property){name, node};
    }
    size_t index = 0;
    json_object_foreach(definitions, name, member)
    {
        struct mill_schema_node *node =
            (struct mill_schema_node *)(uintptr_t)schema->definitions[index++].node;
        int status = compile(compiler, member, node);
        if (status < 0) {
            return status;
        }
    }
    return 0;
}

int mill_schema_compile(struct mill_schema **schema, json_t *document, struct mill_error *error)
{
    struct compiler compiler = {.schema = calloc(1, sizeof **schema), .error = error};
    *schema = NULL;
    if (!compiler.schema) {
        return -ENOMEM;
    }
    compiler.schema->document = json_incref(document);
    compiler.schema->root = new_node(compiler.schema);
    int status = compiler.schema->root ? compile_definitions(&compiler) : -ENOMEM;
    if (status == 0) {
        status = compile(&compiler, document, compiler.schema->root);
    }
    if (status < 0) {
        mill_schema_destroy(compiler.schema);
    } else {
        *schema = compiler.schema;
    }
    return status == -ENOMEM ? mill_error_set(error, status, "no memory for a schema") : status;
}

void mill_schema_destroy(struct mill_schema *schema)
{
    while (schema && schema->nodes) {
        struct mill_schema_node *node = schema->nodes;
        schema->nodes = node->next;
        if (node->has_pattern) {
            regfree(&node->pattern);
        }
        free(node->properties);
        free(node->all.items);
        free(node->one.items);
        free(node->any.items);
        free(node->first.items);
        free(node);
    }
    if (schema) {
        json_decref(schema->document);
        free(schema->definitions);
    }
    free(schema);
}
