#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "hunt/runtime/endless.h"

#if defined(__x86_64__)

/* Each is looked at from its offset on; what is not given is 0, which adds to memory. */
static const struct {
    const char *what;
    bool endless;
    unsigned from;
    unsigned char code[64];
} codes[] = {
    {"a jump to itself", true, 0, {0xeb, 0xfe}},
    {"the same, by a long one", true, 0, {0xe9, 0xfb, 0xff, 0xff, 0xff}},
    {"a pause in it, from the pause", true, 0, {0xf3, 0x90, 0xeb, 0xfc}},
    {"a pause in it, from the jump", true, 2, {0xf3, 0x90, 0xeb, 0xfc}},
    {"nopw 0(%rax,%rax)", true, 0, {0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00, 0xeb, 0xf8}},
    {"nopl (%rax) and data16 nop", true, 0, {0x0f, 0x1f, 0x00, 0x66, 0x90, 0xeb, 0xf9}},
    {"nopl 512(%rax,%rax)", true, 0, {0x0f, 0x1f, 0x84, 0x00, 0x00, 0x02, 0x00, 0x00, 0xeb, 0xf6}},
    {"forward and back", true, 0, {0xeb, 0x02, 0x00, 0x00, 0xeb, 0xfa}},
    {"a jump into one, which is not come back to", false, 0, {0xeb, 0x00, 0xeb, 0xfe}},
    {"a conditional jump", false, 0, {0x74, 0xfe}},
    {"a load in it", false, 0, {0x8b, 0x07, 0xeb, 0xfc}},
    {"something is counted", false, 0, {0xff, 0xc0, 0xeb, 0xfc}},
    {"a return", false, 0, {0xf3, 0x90, 0xc3}},
    {"a call", false, 0, {0xe8, 0xfb, 0xff, 0xff, 0xff}},
};

static void loops_without_an_end_are_told_from_others(void **state)
{
    (void)state;
    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (mill_is_endless(codes[i].code + codes[i].from) != codes[i].endless) {
            fail_msg("%s: taken for %s", codes[i].what, codes[i].endless ? "other code" : "endless");
        }
    }
}

#else

static void loops_without_an_end_are_told_from_others(void **state)
{
    (void)state;
    skip();
}

#endif

int main(void)
{
    const struct CMUnitTest tests[] = {
        cmocka_unit_test(loops_without_an_end_are_told_from_others),
    };
    return cmocka_run_group_tests(tests, NULL, NULL);
}
