#include "harness/schema.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

#include "harness/schemas.h"

static json_t *json(const char *text)
{
    json_error_t error;
    json_t *value = json_loads(text, JSON_DECODE_ANY, &error);
    if (!value) {
        fail_msg("%s: %s", text, error.text);
    }
    return value;
}

static int check(const char *schema, const char *value, struct mill_error *error)
{
    struct mill_schema *compiled;
    json_t *source = json(schema), *document = json(value);
    assert_int_equal(mill_schema_compile(&compiled, source, error), 0);
    json_decref(source);
    int status = mill_schema_check(compiled, document, error);
    mill_schema_destroy(compiled);
    json_decref(document);
    return status;
}

/* Each keyword with a value that it lets pass and one that it does not, and what is said of that one. */
static void each_keyword_refuses_what_it_should(void **state)
{
    (void)state;
    static const struct {
        const char *schema, *good, *bad, *message;
    } cases[] = {
        {"{\"type\": \"string\"}", "\"a\"", "1", "$: it is not of type \"string\""},
        {"{\"type\": \"integer\"}", "1", "1.0", "$: it is not of type \"integer\""},
        {"{\"type\": \"number\"}", "1.5", "null", "\"number\""},
        {"{\"type\": \"number\"}", "1", "true", "\"number\""},
        {"{\"type\": \"boolean\"}", "false", "0", "\"boolean\""},
        {"{\"type\": [\"string\", \"null\"]}", "null", "[]", "[\"string\",\"null\"]"},
        {"{\"type\": \"array\"}", "[]", "{}", "\"array\""},
        {"{\"const\": 7}", "7", "8", "it is not 7"},
        {"{\"const\": false}", "false", "0", "it is not false"},
        {"{\"enum\": [\"a\", null]}", "null", "\"b\"", "it is none of [\"a\",null]"},
        {"{\"minimum\": 2}", "2", "1.9", "it is less than 2"},
        {"{\"maximum\": 2}", "2", "2.1", "it is more than 2"},
        {"{\"exclusiveMinimum\": 0}", "0.1", "0", "it is not above 0"},
        {"{\"minLength\": 1}", "\"a\"", "\"\"", "the text is empty"},
        {"{\"minLength\": 2}", "\"\xc3\xa4\xc3\xa4\"", "\"\xc3\xa4\"", "too short"},
        {"{\"maxLength\": 1}", "\"\xc3\xa4\"", "\"ab\"", "too long"},
        {"{\"pattern\": \"^[0-9]{2}$\"}", "\"12\"", "\"123\"", "not of the form ^[0-9]{2}$"},
        {"{\"minItems\": 1}", "[0]", "[]", "too few"},
        {"{\"maxItems\": 1}", "[0]", "[0, 0]", "too many"},
        {"{\"minProperties\": 1}", "{\"a\": 0}", "{}", "too few members"},
        {"{\"items\": {\"minimum\": 0}}", "[0, 1]", "[0, -1]", "$[1]: it is less than 0"},
        {"{\"prefixItems\": [{\"minimum\": 0}], \"items\": false}", "[0]", "[-1]", "$[0]: it is less"},
        {"{\"prefixItems\": [{\"minimum\": 0}], \"items\": false}", "[]", "[1, 2]", "$[1]: it must not"},
        {"{\"required\": [\"a\"]}", "{\"a\": null}", "{\"b\": 0}", "$: it has no member a"},
        {"{\"properties\": {\"a\": {\"type\": \"null\"}}}", "{\"b\": 0}", "{\"a\": 0}",
         "$.a: it is not of type"},
        {"{\"properties\": {\"b\": true, \"a\": true}, \"additionalProperties\": false}",
         "{\"a\": 0, \"b\": 0}", "{\"c\": 0}", "$: it has a member that is not known here: c"},
        {"{\"additionalProperties\": {\"type\": \"string\"}}", "{\"c\": \"\"}", "{\"c\": 0}",
         "$.c: it is not"},
        {"{\"propertyNames\": {\"maxLength\": 1}}", "{\"a\": 0}", "{\"ab\": 0}", "too long"},
        {"{\"dependentRequired\": {\"a\": [\"b\"]}}", "{\"b\": 0}", "{\"a\": 0}", "it has no member b"},
        {"{\"$ref\": \"#/$defs/x\", \"$defs\": {\"x\": {\"$ref\": \"#/$defs/y\"}, \"y\": {\"minimum\": 1}}}",
         "1", "0", "it is less than 1"},
        {"{\"allOf\": [{\"minimum\": 1}, {\"maximum\": 2}]}", "2", "3", "it is more than 2"},
        {"{\"anyOf\": [{\"minimum\": 5}, {\"maximum\": 2}]}", "1", "3", "none of the forms"},
        {"{\"oneOf\": [{\"minimum\": 1}, {\"maximum\": 2}]}", "0", "1", "exactly one"},
        {"{\"not\": {\"minimum\": 1}}", "0", "1", "what it must not be"},
        {"{\"if\": {\"minimum\": 1}, \"then\": {\"minimum\": 5}}", "0", "2", "less than 5"},
        {"{\"if\": {\"minimum\": 1}, \"else\": {\"maximum\": -5}}", "2", "0", "more than -5"},
        {"{\"properties\": {\"a\": false}}", "{}", "{\"a\": 0}", "$.a: it must not be there"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mill_error error = {""};
        if (check(cases[i].schema, cases[i].good, &error) != 0) {
            fail_msg("%s refuses %s: %s", cases[i].schema, cases[i].good, error.message);
        }
        assert_int_equal(check(cases[i].schema, cases[i].bad, &error), -EBADMSG);
        if (!strstr(error.message, cases[i].message)) {
            fail_msg("%s of %s: '%s' and not '%s'", cases[i].schema, cases[i].bad, error.message,
                     cases[i].message);
        }
        assert_int_equal(check(cases[i].schema, cases[i].bad, NULL), -EBADMSG);
    }
}

static void a_schema_that_is_not_understood_is_refused(void **state)
{
    (void)state;
    static const struct {
        const char *schema;
        int status;
        const char *message;
    } cases[] = {
        {"{\"multipleOf\": 2}", -ENOTSUP, "'multipleOf'"},
        {"{\"properties\": {\"a\": {\"format\": \"date\"}}}", -ENOTSUP, "'format'"},
        {"{\"$ref\": \"#/$defs/none\"}", -ENOTSUP, "'#/$defs/none'"},
        {"{\"$ref\": \"https://example.org\"}", -ENOTSUP, "example.org"},
        {"{\"type\": \"text\"}", -EINVAL, "'type'"},
        {"{\"type\": [\"string\", 1]}", -EINVAL, "'type'"},
        {"{\"pattern\": \"(\"}", -EINVAL, "'pattern'"},
        {"{\"minimum\": \"1\"}", -EINVAL, "'minimum'"},
        {"{\"minLength\": -1}", -EINVAL, "'minLength'"},
        {"{\"required\": \"a\"}", -EINVAL, "'required'"},
        {"{\"allOf\": []}", -EINVAL, "allOf"},
        {"{\"items\": 1}", -EINVAL, "neither"},
        {"[]", -EINVAL, "neither"},
    };
    for (size_t i = 0; i < sizeof cases / sizeof cases[0]; i++) {
        struct mill_schema *schema;
        struct mill_error error = {""};
        json_t *source = json(cases[i].schema);
        if (mill_schema_compile(&schema, source, &error) != cases[i].status || schema ||
            !strstr(error.message, cases[i].message)) {
            fail_msg("%s: %s", cases[i].schema, error.message);
        }
        json_decref(source);
    }
}

/* Every schema that is part of the program is understood whole, and says which format and version it is of.
 */
static void the_schemas_of_the_program_are_understood(void **state)
{
    (void)state;
    assert_true(mill_schema_text_count >= 2);
    for (size_t i = 0; i < mill_schema_text_count; i++) {
        const struct mill_schema_text *text = &mill_schema_texts[i];
        struct mill_schema *schema;
        struct mill_error error = {""};
        char name[64];
        json_t *source = json_loadb((const char *)text->bytes, text->length, JSON_REJECT_DUPLICATES, NULL);
        const json_t *members = json_object_get(source, "properties");
        const char *format = json_string_value(json_object_get(json_object_get(members, "format"), "const"));
        json_int_t version =
            json_integer_value(json_object_get(json_object_get(members, "version"), "const"));
        assert_non_null(format);
        (void)snprintf(name, sizeof name, "%s-%lld", format, (long long)version);
        assert_int_equal(strncmp(name, "threadmill-", 11), 0);
        assert_string_equal(name + 11, text->name); /* by which document.c finds it */
        if (mill_schema_compile(&schema, source, &error) != 0) {
            fail_msg("%s: %s", text->name, error.message);
        }
        mill_schema_destroy(schema);
        json_decref(source);
    }
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(each_keyword_refuses_what_it_should),
        cmocka_unit_test(a_schema_that_is_not_understood_is_refused),
        cmocka_unit_test(the_schemas_of_the_program_are_understood),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
