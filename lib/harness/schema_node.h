/* A schema, compiled: private to schema.c (which compiles) and schema_check.c (which checks). */
#ifndef MILL_HARNESS_SCHEMA_NODE_H
#define MILL_HARNESS_SCHEMA_NODE_H

#include <jansson.h>
#include <regex.h>
#include <stdbool.h>
#include <stddef.h>

struct mill_schema_property {
    const char *name;
    const struct mill_schema_node *node;
};

struct mill_schema_nodes {
    const struct mill_schema_node **items;
    size_t count;
};

/* One schema: every member that is set has to hold. Strings and values belong to the schema's document. */
struct mill_schema_node {
    struct mill_schema_node *next; /* of all, to be freed */
    const struct mill_schema_node *reference;
    bool never;     /* the schema `false` */
    unsigned types; /* a bit for each json_type; 0: any */
    const json_t *type_names;
    const json_t *constant;
    const json_t *words; /* of an enumeration */
    const json_t *minimum, *maximum, *above;
    const json_t *least_length, *most_length, *least_items, *most_items, *least_members;
    bool has_pattern;
    regex_t pattern;
    const char *pattern_text;
    struct mill_schema_property *properties; /* sorted by name */
    size_t property_count;
    const struct mill_schema_node *others;       /* members that are no property */
    const struct mill_schema_node *member_names; /* each name, as a string */
    struct mill_schema_nodes first;              /* of the first items, one each */
    const struct mill_schema_node *items;        /* of those behind */
    const json_t *required;
    const json_t *required_beside; /* by name: what has to be there along with it */
    struct mill_schema_nodes all, one, any;
    const struct mill_schema_node *condition, *consequence, *alternative, *not ;
};

struct mill_schema {
    json_t *document;
    struct mill_schema_node *nodes; /* all of them */
    struct mill_schema_node *root;
    struct mill_schema_property *definitions;
    size_t definition_count;
};

#endif
