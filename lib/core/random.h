/* Random numbers from a seed that is printed: xoshiro256** (Blackman and Vigna 2018), seeded by splitmix64.
 *
 *     struct mill_random random;
 *     mill_random_seed(&random, seed, thread_index);
 *     uint64_t pick = mill_random_below(&random, 6);
 *
 * A generator belongs to one thread. Wait-free.
 */
#ifndef MILL_CORE_RANDOM_H
#define MILL_CORE_RANDOM_H

#include <stddef.h>
#include <stdint.h>

struct mill_random {
    uint64_t word[4];
};

static inline uint64_t mill_random_split(uint64_t *state)
{
    uint64_t z = (*state += 0x9e3779b97f4a7c15ull);
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9ull;
    z = (z ^ (z >> 27)) * 0x94d049bb133111ebull;
    return z ^ (z >> 31);
}

/* Streams of one seed are independent of each other. */
static inline void mill_random_seed(struct mill_random *random, uint64_t seed, uint64_t stream)
{
    uint64_t state = seed;
    state = mill_random_split(&state) ^ (stream * 0xd1342543de82ef95ull);
    for (int i = 0; i < 4; i++) {
        random->word[i] = mill_random_split(&state);
    }
}

static inline uint64_t mill_random_rotate(uint64_t value, int bits)
{
    return (value << bits) | (value >> (64 - bits));
}

static inline uint64_t mill_random_next(struct mill_random *random)
{
    uint64_t *w = random->word;
    uint64_t result = mill_random_rotate(w[1] * 5, 7) * 9;
    uint64_t t = w[1] << 17;
    w[2] ^= w[0];
    w[3] ^= w[1];
    w[1] ^= w[2];
    w[0] ^= w[3];
    w[2] ^= t;
    w[3] = mill_random_rotate(w[3], 45);
    return result;
}

/* Uniform in [0, bound), bound > 0 (Lemire 2019, without the rejection step: the bias is below bound / 2^64).
 */
static inline uint64_t mill_random_below(struct mill_random *random, uint64_t bound)
{
    __extension__ typedef unsigned __int128 wide;
    return (uint64_t)(((wide)mill_random_next(random) * bound) >> 64);
}

/* Puts order[0..count) into a random order (Fisher and Yates). */
static inline void mill_random_shuffle(struct mill_random *random, size_t *order, size_t count)
{
    for (size_t i = count; i > 1; i--) {
        size_t j = (size_t)mill_random_below(random, i);
        size_t swap = order[i - 1];
        order[i - 1] = order[j];
        order[j] = swap;
    }
}

#endif
