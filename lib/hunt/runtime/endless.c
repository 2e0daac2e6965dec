#include "hunt/runtime/endless.h"

#include <stdint.h>
#include <string.h>

/* Instructions of such a loop, at most. */
#define LONGEST 16

#if defined(__x86_64__)

/* Length of an instruction that does nothing, or 0: pauses, and the fillings of compilers and assemblers. */
static unsigned nothing(const unsigned char *at)
{
    unsigned prefixes = 0;
    if (at[0] == 0xf3 && at[1] == 0x90) { /* pause */
        return 2;
    }
    while (prefixes < 10 && (at[prefixes] == 0x66 || at[prefixes] == 0x2e)) {
        prefixes++;
    }
    at += prefixes;
    if (at[0] == 0x90) {
        return prefixes + 1;
    }
    if (at[0] != 0x0f || at[1] != 0x1f) { /* nopw, nopl, of an operand that nobody reads */
        return 0;
    }
    static const unsigned operand[] = {0, 1, 4, 0}; /* bytes of the displacement, by the mode */
    unsigned mode = at[2] >> 6;
    bool scaled = mode != 3 && (at[2] & 7) == 4;
    bool absolute = mode == 0 && (at[2] & 7) == 5;
    return prefixes + 3 + operand[mode] + scaled + (absolute ? 4 : 0);
}

/* Where the one at `at` goes on; NULL: it is neither a jump nor nothing. */
static const unsigned char *behind(const unsigned char *at)
{
    if (at[0] == 0xeb) { /* jmp, by one byte and by four */
        return at + 2 + (int8_t)at[1];
    }
    if (at[0] == 0xe9) {
        int32_t distance;
        memcpy(&distance, at + 1, sizeof distance);
        return at + 5 + distance;
    }
    unsigned length = nothing(at);
    return length > 0 ? at + length : NULL;
}

#elif defined(__aarch64__)

static const unsigned char *behind(const unsigned char *at)
{
    uint32_t word;
    memcpy(&word, at, sizeof word);
    if (word >> 26 == 5) { /* b */
        return at + ((int32_t)(word << 6) >> 4);
    }
    return (word & 0xfffff01fu) == 0xd503201fu ? at + 4 : NULL; /* nop, yield and other hints */
}

#else

static const unsigned char *behind(const unsigned char *at)
{
    (void)at;
    return NULL;
}

#endif

bool mill_is_endless(const void *code)
{
    const unsigned char *at = code;
    for (unsigned i = 0; i < LONGEST; i++) {
        at = behind(at);
        if (!at || at == code) {
            return at != NULL;
        }
    }
    return false;
}
