/* Two readers share a letter by a count of references. Each gives its reference back and reads the letter
 * then.
 *
 * Shows when: between the one's giving back and its reading the other gives back too, is the last, and
 * frees it.
 * Preemptions: 1.
 * Finding: use-after-free, race, exit.
 */
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

struct letter {
    int words;
};

static struct letter *letter;
static atomic_int references = 2;

static void *read_letter(void *argument)
{
    int *words = argument;
#ifdef FIXED
    *words = letter->words;
    bool is_last = atomic_fetch_sub(&references, 1) == 1;
#else
    bool is_last = atomic_fetch_sub(&references, 1) == 1;
    *words = letter->words;
#endif
    if (is_last) {
        free(letter);
    }
    return NULL;
}

int main(void)
{
    pthread_t readers[2];
    int words[2];
    letter = malloc(sizeof *letter);
    if (!letter) {
        return 2;
    }
    letter->words = 9;
    for (int i = 0; i < 2; i++) {
        pthread_create(&readers[i], NULL, read_letter, &words[i]);
    }
    for (int i = 0; i < 2; i++) {
        pthread_join(readers[i], NULL);
    }
    return words[0] == 9 && words[1] == 9 ? 0 : 1;
}
