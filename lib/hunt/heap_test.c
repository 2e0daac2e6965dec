#include "hunt/heap.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#include <cmocka.h>

#include "core/random.h"

#define SEED  20260722u
#define COUNT 3000u /* chunks of a random schedule */

static const struct mill_heap_call nobody = {0};

static int open_heap(void **state)
{
    (void)state;
    return mill_heap_open();
}

static int close_heap(void **state)
{
    (void)state;
    mill_heap_close();
    return 0;
}

static char *allocate(size_t size)
{
    char *memory = mill_heap_allocate(size, 16, &nobody);
    assert_non_null(memory);
    return memory;
}

static enum mill_heap_freed release(void *memory)
{
    struct mill_chunk chunk;
    return mill_heap_release(memory, &nobody, &chunk);
}

static enum mill_heap_state look(const void *memory, size_t size)
{
    return mill_heap_look((uintptr_t)memory, size, NULL);
}

/* ---- random schedules against a list of what was done ---- */

struct known {
    struct mill_chunk chunk;
    bool freed;
};

static struct known known[COUNT];
static unsigned known_count;

static void expect_state_near(const struct mill_chunk *chunk, struct mill_random *random)
{
    uintptr_t address = chunk->address - 64 + mill_random_below(random, chunk->size + 128);
    size_t size = 1 + mill_random_below(random, 16);
    enum mill_heap_state expected = MILL_HEAP_OUTSIDE;
    const struct known *over = NULL;
    for (unsigned i = 0; i < known_count && !over; i++) {
        const struct mill_chunk *each = &known[i].chunk;
        if (address >= each->address && address < each->address + each->size) {
            over = &known[i];
        }
    }
    if (over && address + size <= over->chunk.address + over->chunk.size) {
        expected = over->freed ? MILL_HEAP_FREED : MILL_HEAP_LIVE;
    }
    struct mill_chunk found;
    assert_int_equal(mill_heap_look(address, size, &found), expected);
    if (over) {
        assert_memory_equal(&found, &over->chunk, sizeof found);
    }
}

static void expect_new_chunk(const struct mill_chunk *chunk, size_t alignment)
{
    assert_true(chunk->address != 0 && chunk->address % alignment == 0 && chunk->address % 16 == 0);
    assert_in_range(chunk->address, mill_heap_base, mill_heap_base + mill_heap_size - chunk->size);
    for (unsigned i = 0; i < known_count; i++) {
        const struct mill_chunk *each = &known[i].chunk;
        assert_true(chunk->address + chunk->size + 32 <= each->address ||
                    each->address + each->size + 32 <= chunk->address);
    }
    const char *bytes = (const char *)chunk->address;
    for (size_t i = 0; i < chunk->size; i++) {
        assert_int_equal(bytes[i], 0);
    }
    memset((char *)chunk->address, 0x5a, chunk->size);
}

static void expect_list_of_live(void)
{
    size_t live = 0;
    struct mill_chunk chunk = {0};
    struct mill_chunk first;
    size_t left = mill_heap_left(&first);
    for (unsigned i = 0; i < known_count; i++) {
        if (!known[i].freed) {
            if (live == 0) {
                chunk = first;
            } else {
                assert_true(mill_heap_next(&chunk));
            }
            assert_memory_equal(&chunk, &known[i].chunk, sizeof chunk);
            live++;
        }
    }
    assert_int_equal(left, live);
    assert_true(live > 0 && !mill_heap_next(&chunk));
}

static void free_one(uint32_t step, struct mill_random *random)
{
    struct known *one = &known[mill_random_below(random, known_count)];
    struct mill_heap_call call = {.thread = step % 5, .when = step, .pc = one};
    struct mill_chunk chunk;
    enum mill_heap_freed freed = mill_heap_release((void *)one->chunk.address, &call, &chunk);
    assert_int_equal(freed, one->freed ? MILL_HEAP_FREED_TWICE : MILL_HEAP_FREED_WELL);
    if (!one->freed) {
        one->chunk.freed = call;
        one->freed = true;
    }
    assert_memory_equal(&chunk, &one->chunk, sizeof chunk);
    uintptr_t inside = one->chunk.address + 1 + mill_random_below(random, 63);
    assert_int_equal(mill_heap_release((void *)inside, &call, &chunk), MILL_HEAP_FREED_NOTHING);
}

/* Returns the sum of all addresses, relative to the base. */
static uintptr_t random_schedule(uint64_t stream)
{
    struct mill_random random;
    mill_random_seed(&random, SEED, stream);
    memset(known, 0, sizeof known);
    known_count = 0;
    mill_heap_begin();
    uintptr_t sum = 0;
    for (uint32_t step = 0; known_count < COUNT; step++) {
        if (known_count > 0 && mill_random_below(&random, 5) < 2) {
            free_one(step, &random);
        } else {
            struct known *one = &known[known_count];
            size_t size = mill_random_below(&random, 1ull << mill_random_below(&random, 14));
            size_t alignment = mill_random_below(&random, 4) ? 16 : 1ull << mill_random_below(&random, 13);
            struct mill_heap_call call = {.thread = step % 7, .when = step, .pc = &known[step % 3]};
            uintptr_t address = (uintptr_t)mill_heap_allocate(size, alignment, &call);
            one->chunk = (struct mill_chunk){.address = address, .size = size, .allocated = call};
            expect_new_chunk(&one->chunk, alignment);
            known_count++;
            sum = sum * 31 + address - mill_heap_base;
        }
        expect_state_near(&known[mill_random_below(&random, known_count)].chunk, &random);
    }
    expect_list_of_live();
    assert_false(mill_heap_reused());
    mill_heap_end();
    return sum;
}

static void test_random_schedules_are_as_the_list_says(void **state)
{
    (void)state;
    uintptr_t first = random_schedule(1);
    uintptr_t second = random_schedule(2);
    assert_int_not_equal(first, second);
    assert_int_equal(random_schedule(1), first); /* the same calls, the same addresses */
}

/* ---- by hand ---- */

static void test_sizes_from_nothing_to_absurd(void **state)
{
    (void)state;
    mill_heap_begin();
    char *nothing = allocate(0);
    assert_int_equal(look(nothing, 1), MILL_HEAP_OUTSIDE);
    assert_int_equal(release(nothing), MILL_HEAP_FREED_WELL);
    for (size_t size = 1; size < (size_t)1 << 30; size = size * 5 / 4 + 1) {
        char *memory = mill_heap_allocate(size, 1, &nobody);
        if (size <= ((size_t)1 << 30) - 2048) {
            assert_non_null(memory);
            assert_int_equal(look(memory + size - 1, 1), MILL_HEAP_LIVE);
            assert_int_equal(look(memory + size, 1), MILL_HEAP_OUTSIDE);
            assert_int_equal(look(memory + size + 31, 1), MILL_HEAP_OUTSIDE);
        }
    }
    static const size_t absurd[] = {SIZE_MAX, SIZE_MAX - 15, SIZE_MAX / 2, (size_t)1 << 32, (size_t)1 << 30};
    for (size_t i = 0; i < sizeof absurd / sizeof *absurd; i++) {
        assert_null(mill_heap_allocate(absurd[i], 16, &nobody));
        assert_null(mill_heap_allocate(1, absurd[i], &nobody));
        assert_null(mill_heap_allocate(absurd[i], (size_t)1 << 63, &nobody));
    }
    assert_null(mill_heap_allocate(8, 24, &nobody));
    mill_heap_end();
}

static void test_small_overruns_end_outside_and_name_the_nearest(void **state)
{
    (void)state;
    mill_heap_begin();
    struct mill_chunk chunk;
    assert_int_equal(mill_heap_look(mill_heap_base + 5000, 1, &chunk), MILL_HEAP_OUTSIDE);
    assert_int_equal(chunk.address, 0); /* there is none yet */
    char *first = allocate(20);
    char *second = allocate(20);
    char *large = allocate(4000);
    const struct {
        char *at;
        size_t size;
        char *nearest;
    } looks[] = {
        {first - 1, 1, first},   {first - 1, 2, first},      {first + 20, 1, first},
        {first + 17, 4, first},  {first + 30, 1, first},     {second - 1, 4, second},
        {second - 8, 8, second}, {second + 20, 1, second},   {second + 1000, 1, second},
        {large - 1, 1, large},   {large + 4000, 999, large},
    };
    for (size_t i = 0; i < sizeof looks / sizeof *looks; i++) {
        assert_int_equal(mill_heap_look((uintptr_t)looks[i].at, looks[i].size, &chunk), MILL_HEAP_OUTSIDE);
        assert_ptr_equal(chunk.address, looks[i].nearest);
    }
    assert_int_equal(mill_heap_look((uintptr_t)&chunk, 1, &chunk), MILL_HEAP_ELSEWHERE);
    assert_int_equal(look(NULL, 1), MILL_HEAP_ELSEWHERE);
    assert_int_equal(mill_heap_look(mill_heap_base + mill_heap_size, 1, NULL), MILL_HEAP_ELSEWHERE);
    assert_int_equal(look(first, SIZE_MAX), MILL_HEAP_OUTSIDE);
    mill_heap_end();
}

static void test_a_free_that_is_none(void **state)
{
    (void)state;
    mill_heap_begin();
    char *memory = allocate(100);
    assert_int_equal(release(memory + 16), MILL_HEAP_FREED_NOTHING);
    assert_int_equal(release(memory - 16), MILL_HEAP_FREED_NOTHING);
    assert_int_equal(release(&memory), MILL_HEAP_FREED_NOTHING);
    assert_int_equal(release(NULL), MILL_HEAP_FREED_NOTHING);
    assert_int_equal(release(memory), MILL_HEAP_FREED_WELL);
    assert_int_equal(look(memory, 8), MILL_HEAP_FREED);
    assert_int_equal(look(memory + 100, 1), MILL_HEAP_OUTSIDE);
    assert_int_equal(release(memory), MILL_HEAP_FREED_TWICE);
    assert_int_equal(release(memory), MILL_HEAP_FREED_TWICE);
    mill_heap_end();
}

static void test_after_a_schedule_chunks_can_go_but_not_come(void **state)
{
    (void)state;
    struct mill_chunk first;
    mill_heap_begin();
    char *memory = allocate(100);
    char *forgotten = allocate(50);
    mill_heap_end();
    assert_null(mill_heap_allocate(100, 16, &nobody));
    assert_int_equal(release(memory), MILL_HEAP_FREED_WELL);
    assert_int_equal(mill_heap_left(&first), 1);
    assert_ptr_equal(first.address, forgotten);
    mill_heap_begin();
    assert_int_equal(mill_heap_left(&first), 0);
    assert_int_equal(look(forgotten, 1), MILL_HEAP_OUTSIDE);
    assert_int_equal(release(forgotten), MILL_HEAP_FREED_NOTHING); /* of a schedule that is over */
    first = (struct mill_chunk){.address = (uintptr_t)forgotten};
    assert_false(mill_heap_next(&first));
    mill_heap_end();
}

/* Without room, what was freed first is given out first, cleared; what is not freed never. */
static void test_when_room_ends_the_oldest_goes_first(void **state)
{
    (void)state;
    enum { MANY = 100 };
    const size_t size = ((size_t)3 << 19) + 100; /* 1.5 MiB and a bit; a slot has 1.75 */
    mill_heap_begin();
    char *chunks[MANY] = {NULL};
    unsigned count = 0;
    for (; count < MANY && !mill_heap_reused(); count++) {
        chunks[count] = allocate(size);
        memset(chunks[count], 1, size);
        if (count > 0) { /* the first stays */
            assert_int_equal(release(chunks[count]), MILL_HEAP_FREED_WELL);
        }
    }
    assert_in_range(count, 30, MANY - 1);
    assert_ptr_equal(chunks[count - 1], chunks[1]);
    for (unsigned i = 2; i < 5; i++) {
        char *again = allocate(size);
        assert_ptr_equal(again, chunks[i]);
        for (size_t at = 0; at < size; at += 509) {
            assert_int_equal(again[at], 0);
        }
        assert_int_equal(again[size - 1], 0);
        assert_int_equal(look(again, size), MILL_HEAP_LIVE);
    }
    mill_heap_begin();
    assert_false(mill_heap_reused());
    char *again = allocate(size);
    assert_ptr_equal(again, chunks[0]);
    for (size_t at = 0; at < size; at += 509) {
        assert_int_equal(again[at], 0);
    }
    mill_heap_end();
}

/* Nothing was freed: chunks go on beyond the room for what is freed, up to the end of the region. */
static void test_a_full_region_gives_nothing(void **state)
{
    (void)state;
    mill_heap_begin();
    const size_t size = (size_t)100 << 20;
    unsigned count = 0;
    char *memory = NULL;
    for (char *next; (next = mill_heap_allocate(size, 16, &nobody)); count++) {
        memory = next;
    }
    assert_int_equal(count, 9); /* slots of 112 MiB, the smallest that fit */
    assert_int_equal(release(memory), MILL_HEAP_FREED_WELL);
    assert_ptr_equal(mill_heap_allocate(size, 16, &nobody), memory);
    assert_true(mill_heap_reused());
    mill_heap_end();
}

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(test_random_schedules_are_as_the_list_says),
        cmocka_unit_test(test_sizes_from_nothing_to_absurd),
        cmocka_unit_test(test_small_overruns_end_outside_and_name_the_nearest),
        cmocka_unit_test(test_a_free_that_is_none),
        cmocka_unit_test(test_after_a_schedule_chunks_can_go_but_not_come),
        cmocka_unit_test(test_when_room_ends_the_oldest_goes_first),
        cmocka_unit_test(test_a_full_region_gives_nothing),
    };
    return cmocka_run_group_tests(tests, open_heap, close_heap);
}
