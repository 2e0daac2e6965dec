#include "hunt/token.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "core/random.h"

#define ROOM 4096

static struct mill_choices *make(uint32_t capacity)
{
    size_t size = mill_choices_size(capacity);
    struct mill_choices *list = mill_choices_make(malloc(size), size);
    assert_non_null(list);
    return list;
}

static void fill_at_random(struct mill_choices *list, struct mill_random *random, uint32_t count)
{
    mill_choices_clear(list);
    while (list->count < count) {
        bool data = mill_random_below(random, 8) == 0;
        uint32_t value = (uint32_t)mill_random_below(random, mill_random_below(random, 4) ? 3 : 1024);
        uint32_t flag = data ? MILL_CHOICE_DATA : mill_random_below(random, 2) ? MILL_CHOICE_PREEMPTS : 0;
        uint32_t length = (uint32_t)mill_random_below(random, 200) + 1;
        uint32_t left = count - list->count;
        mill_choices_add_run(list, (struct mill_choices_run){value | flag, length < left ? length : left});
    }
}

static char *token_of(const struct mill_choices *list, uint64_t program)
{
    size_t size = mill_token_size(list, program);
    char *text = malloc(size);
    assert_int_equal(mill_token_encode(list, program, text, size - 1), -ENOBUFS);
    assert_int_equal(mill_token_encode(list, program, text, size), size - 1);
    assert_int_equal(strlen(text), size - 1);
    return text;
}

static void test_a_list_tells_what_it_lost(void **state)
{
    (void)state;
    uint64_t memory[4];
    assert_null(mill_choices_make(memory, sizeof(struct mill_choices)));
    struct mill_choices *list = mill_choices_make(memory, mill_choices_size(2));
    mill_choices_thread(list, 3, false);
    mill_choices_data(list, 1);
    assert_int_equal(list->lost, 0);
    mill_choices_thread(list, 2, true);
    assert_int_equal(list->count, 2);
    assert_int_equal(list->lost, 1);
    char text[100];
    assert_int_equal(mill_token_encode(list, 1, text, sizeof(text)), -EOVERFLOW);
}

static void test_runs_begin_where_a_thread_is_preempted(void **state)
{
    (void)state;
    struct mill_choices *list = make(20);
    mill_choices_thread(list, 0, false);
    mill_choices_thread(list, 0, false);
    mill_choices_thread(list, 1, true);
    mill_choices_thread(list, 1, false);
    mill_choices_data(list, 1);
    mill_choices_thread(list, 1, true);
    uint32_t lengths[] = {2, 2, 1, 1};
    uint32_t at = 0;
    for (int i = 0; i < 4; i++) {
        struct mill_choices_run run = mill_choices_run(list, at);
        assert_int_equal(run.length, lengths[i]);
        at += run.length;
    }
    assert_int_equal(mill_choices_run(list, at).length, 0);
    assert_int_equal(mill_choices_preemptions(list), 2);
    assert_int_equal(mill_choices_switches(list), 1);
    struct mill_choices *small = make(5);
    assert_int_equal(mill_choices_copy(small, list), -ENOBUFS);
    free(small);
    free(list);
}

static void test_every_list_comes_back(void **state)
{
    (void)state;
    struct mill_random random;
    mill_random_seed(&random, 1, 0);
    struct mill_choices *list = make(ROOM);
    struct mill_choices *back = make(ROOM);
    for (uint32_t count = 0; count <= 400; count++) {
        fill_at_random(list, &random, count < 400 ? count : ROOM);
        uint64_t program = mill_random_next(&random);
        char *text = token_of(list, program);
        uint64_t of = 0;
        struct mill_error error;
        assert_int_equal(mill_token_decode(text, back, &of, &error), 0);
        assert_true(of == program);
        assert_true(mill_choices_equal(list, back));
        free(text);
    }
    free(list);
    free(back);
}

/* What was printed once stays readable. */
static void test_the_text_of_version_1(void **state)
{
    (void)state;
    struct mill_choices *list = make(8);
    mill_choices_add_run(list, (struct mill_choices_run){0, 3});
    mill_choices_add_run(list, (struct mill_choices_run){1 | MILL_CHOICE_PREEMPTS, 2});
    char *text = token_of(list, 0x0807060504030201);
    assert_string_equal(text, "tm1.AQIDBAUGBwgAAgUBVIl2AQ");
    free(text);
    free(list);
}

static int decode(const char *text, uint32_t room, const char *says)
{
    struct mill_choices *list = make(room);
    uint64_t program;
    struct mill_error error = {""};
    int status = mill_token_decode(text, list, &program, &error);
    if (!strstr(error.message, says)) {
        fail_msg("'%s' does not say '%s'", error.message, says);
    }
    assert_int_equal(list->count, 0);
    assert_int_equal(list->capacity, room);
    free(list);
    return status;
}

static void test_each_mistake_has_its_error(void **state)
{
    (void)state;
    struct mill_choices *list = make(8);
    mill_choices_add_run(list, (struct mill_choices_run){1, 5});
    char *text = token_of(list, 42);
    assert_int_equal(decode("", 8, "begins with 'tm1.'"), -EINVAL);
    assert_int_equal(decode("tm", 8, "begins with"), -EINVAL);
    assert_int_equal(decode("tm1", 8, "begins with"), -EINVAL);
    assert_int_equal(decode("tm123456789", 8, "begins with"), -EINVAL);
    assert_int_equal(decode(text + 1, 8, "begins with"), -EINVAL);
    assert_int_equal(decode("tm12.AAAA", 8, "version 12"), -EPROTONOSUPPORT);
    assert_int_equal(decode("tm1.", 8, "cut short"), -EBADMSG);
    assert_int_equal(decode(text, 4, "more than 4"), -EOVERFLOW);
    text[6] = ' ';
    assert_int_equal(decode(text, 8, "character 7"), -EINVAL);
    text[6] = text[7] == 'A' ? 'B' : 'A';
    text[9] = '\0';
    assert_int_equal(decode(text, 8, "damaged"), -EBADMSG);
    free(text);
    free(list);
}

/* A text with a good sum around bytes of the caller's: what somebody would make who means ill. */
static void seal(const uint8_t *bytes, size_t count, char *text)
{
    static const char digits[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_";
    uint8_t all[512] = {0};
    memcpy(all + 8, bytes, count);
    count += 8;
    uint32_t sum = UINT32_MAX;
    for (size_t i = 0; i < count; i++) {
        sum ^= all[i];
        for (int bit = 0; bit < 8; bit++) {
            sum = sum >> 1 ^ (sum & 1 ? 0xedb88320u : 0);
        }
    }
    for (int i = 0; i < 4; i++) {
        all[count++] = (uint8_t)(~sum >> 8 * i);
    }
    text += sprintf(text, "tm1.");
    for (size_t bit = 0; bit < 8 * count; bit += 6) {
        unsigned two = (unsigned)all[bit / 8] << 8 | all[bit / 8 + 1];
        *text++ = digits[two >> (10 - bit % 8) & 63];
    }
    *text = '\0';
}

static int decode_sealed(const uint8_t *bytes, size_t count, uint32_t room, const char *says)
{
    char text[1024];
    seal(bytes, count, text);
    return decode(text, room, says);
}

static void test_hostile_content_is_refused(void **state)
{
    (void)state;
#define SEALED(room, says, ...) \
    decode_sealed((const uint8_t[]){__VA_ARGS__}, sizeof((const uint8_t[]){__VA_ARGS__}), room, says)
    assert_int_equal(SEALED(8, "no end", 4), -EPROTO);
    assert_int_equal(SEALED(8, "no end", 4, 128), -EPROTO);
    assert_int_equal(SEALED(8, "no end", 4, 128, 0), -EPROTO);
    assert_int_equal(SEALED(8, "no end", 4, 255, 255, 255, 255, 255, 255, 1), -EPROTO);
    assert_int_equal(SEALED(8, "no end", 4, 255, 255, 255, 255, 31), -EPROTO);
    assert_int_equal(SEALED(8, "more than 8", 4, 255, 255, 255, 255, 15), -EOVERFLOW);
    assert_int_equal(SEALED(8, "more than 8", 4, 6, 8, 1), -EOVERFLOW);
    assert_int_equal(SEALED(8, "preempts nobody", 7, 0), -EPROTO);
    assert_int_equal(SEALED(8, "goes on", 4, 0, 4, 0), -EPROTO);
    assert_int_equal(SEALED(8, "goes on", 5, 0, 4, 0), -EPROTO);
#undef SEALED
}

/* A list that reads a text gives the same text back, or nothing; a changed text is never taken for another.
 */
static void test_corruptions_at_random(void **state)
{
    (void)state;
    struct mill_random random;
    mill_random_seed(&random, 7, 0);
    struct mill_choices *list = make(ROOM);
    uint64_t program;
    unsigned refused = 0;
    for (int round = 0; round < 20000; round++) {
        fill_at_random(list, &random, (uint32_t)mill_random_below(&random, 300));
        char *text = token_of(list, 5);
        size_t length = strlen(text);
        size_t at = (size_t)mill_random_below(&random, length);
        switch (mill_random_below(&random, 4)) {
        case 0: /* cut */
            text[at] = '\0';
            break;
        case 1: /* changed */
            text[at] = (char)(text[at] ^ (1 + (char)mill_random_below(&random, 127)));
            break;
        case 2: /* bytes gone from the middle */
            memmove(text + at, text + at + 1, length - at);
            break;
        default: /* anything at all behind the beginning */
            for (size_t i = 4; i < length; i++) {
                text[i] = (char)(1 + mill_random_below(&random, 255));
            }
        }
        int status = mill_token_decode(text, list, &program, NULL);
        assert_true(status <= 0);
        if (status < 0) {
            refused++;
            assert_int_equal(list->count, 0);
        } else {
            char *again = token_of(list, program);
            assert_string_equal(again, text);
            free(again);
        }
        free(text);
    }
    /* the one that is as good as it was: where the byte that is gone had an equal neighbour */
    assert_true(refused > 19800);
    free(list);
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_a_list_tells_what_it_lost),
        cmocka_unit_test(test_runs_begin_where_a_thread_is_preempted),
        cmocka_unit_test(test_every_list_comes_back),
        cmocka_unit_test(test_the_text_of_version_1),
        cmocka_unit_test(test_each_mistake_has_its_error),
        cmocka_unit_test(test_hostile_content_is_refused),
        cmocka_unit_test(test_corruptions_at_random),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
