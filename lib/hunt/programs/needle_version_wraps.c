/* A reader takes a pair for whole if its version is even and the same before and after. The version has
 * three bits, and comes round after four writes.
 *
 * Shows when: between the reader's two loads of the pair exactly four writes are made.
 * Preemptions: 2.
 * Finding: assertion.
 */
#include <assert.h>
#include <pthread.h>
#include <stdatomic.h>

#define WRITES 5

#ifdef FIXED
#define VERSIONS (1u << 16)
#else
#define VERSIONS (1u << 3)
#endif

static atomic_uint version; /* odd while a write is under way */
static atomic_int left;
static atomic_int right; /* as left is */

static void *write_pair(void *argument)
{
    (void)argument;
    for (int i = 1; i <= WRITES; i++) {
        atomic_store(&version, (2u * (unsigned)i - 1) % VERSIONS);
        atomic_store(&left, i);
        atomic_store(&right, i);
        atomic_store(&version, 2u * (unsigned)i % VERSIONS);
    }
    return NULL;
}

static void *read_pair(void *argument)
{
    (void)argument;
    unsigned before = atomic_load(&version);
    int seen_left = atomic_load(&left);
    int seen_right = atomic_load(&right);
    unsigned after = atomic_load(&version);
    if (before % 2 == 0 && before == after) {
        assert(seen_left == seen_right);
    }
    return NULL;
}

int main(void)
{
    pthread_t writer;
    pthread_t reader;
    pthread_create(&writer, NULL, write_pair, NULL);
    pthread_create(&reader, NULL, read_pair, NULL);
    pthread_join(writer, NULL);
    pthread_join(reader, NULL);
    return 0;
}
