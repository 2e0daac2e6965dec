/* pthread_key_create and so on. Values are in the threads' data. A key that a schedule makes has a number
 * that the C library never gives out; one that was made before keeps its number, and is known here too. Both
 * stay in the schedules that come after in the same process, as static variables do that say which key it is.
 */
#include "hunt/runtime/interpose.h"

#include <errno.h>
#include <limits.h>

#include "hunt/reserve.h"
#include "hunt/runtime/real.h"

#define FIRST_OURS 0x10000U

static struct {
    bool used;
    unsigned number;
    void (*destructor)(void *);
} keys[MILL_THREAD_KEYS];

static int find(unsigned number)
{
    for (unsigned i = 0; i < MILL_THREAD_KEYS; i++) {
        if (keys[i].used && keys[i].number == number) {
            return (int)i;
        }
    }
    return -1;
}

/* -1: there is no room. */
static int add(void (*destructor)(void *))
{
    for (unsigned i = 0; i < MILL_THREAD_KEYS; i++) {
        if (!keys[i].used) {
            keys[i].used = true;
            keys[i].number = FIRST_OURS + i;
            keys[i].destructor = destructor;
            return (int)i;
        }
    }
    return -1;
}

int mill_key_create(unsigned *key, void (*destructor)(void *))
{
    int slot = add(destructor);
    if (slot < 0) {
        mill_fail_here(MILL_FAILURE_UNSUPPORTED, NULL, "more than %u keys of pthread_key_create at a time",
                       MILL_THREAD_KEYS);
    }
    for (unsigned thread = 0; thread < mill_thread_count(); thread++) {
        struct mill_thread_data *data = mill_thread_data(thread);
        if ((unsigned)slot < data->keys_set) {
            data->keys[slot] = NULL; /* of an earlier key */
        }
    }
    *key = keys[slot].number;
    return 0;
}

int mill_key_delete(unsigned key)
{
    int slot = find(key);
    if (slot < 0) {
        return EINVAL;
    }
    keys[slot].used = false;
    return 0;
}

void *mill_key_get(unsigned key)
{
    int slot = find(key);
    const struct mill_thread_data *data = mill_thread_data(mill_self());
    return slot < 0 || (unsigned)slot >= data->keys_set ? NULL : (void *)data->keys[slot];
}

int mill_key_set(unsigned key, void *value)
{
    int slot = find(key);
    if (slot < 0) {
        return EINVAL;
    }
    struct mill_thread_data *data = mill_thread_data(mill_self());
    while (data->keys_set <= (unsigned)slot) {
        data->keys[data->keys_set++] = NULL;
    }
    data->keys[slot] = value;
    return 0;
}

/* One round; were there any left? */
static bool destroy_round(struct mill_thread_data *data)
{
    bool any = false;
    for (unsigned i = 0; i < data->keys_set; i++) {
        void *value = (void *)data->keys[i];
        if (value != NULL && keys[i].used && keys[i].destructor != NULL) {
            data->keys[i] = NULL;
            keys[i].destructor(value);
            any = true;
        }
    }
    return any;
}

void mill_keys_destroy(void)
{
    struct mill_thread_data *data = mill_thread_data(mill_self());
    for (int round = 0; round < PTHREAD_DESTRUCTOR_ITERATIONS && destroy_round(data); round++) {
    }
}

bool mill_keys_crowded(void)
{
    unsigned used = 0;
    for (unsigned i = 0; i < MILL_THREAD_KEYS; i++) {
        used += keys[i].used;
    }
    return used > MILL_THREAD_KEYS / 2;
}

/* ---- the names ---- */

int pthread_key_create(pthread_key_t *key, void (*destructor)(void *))
{
    if (mill_hunt_on) {
        return mill_key_create(key, destructor);
    }
    int error = mill_real()->pthread_key_create(key, destructor);
    if (error == 0) {
        int slot = add(destructor);
        if (slot < 0) {
            mill_real()->pthread_key_delete(*key);
            return EAGAIN;
        }
        keys[slot].number = *key;
    }
    return error;
}

int pthread_key_delete(pthread_key_t key)
{
    if (mill_hunt_on) {
        return mill_key_delete(key);
    }
    mill_key_delete(key);
    return mill_real()->pthread_key_delete(key);
}

void *pthread_getspecific(pthread_key_t key)
{
    return mill_hunt_on ? mill_key_get(key) : mill_real()->pthread_getspecific(key);
}

int pthread_setspecific(pthread_key_t key, const void *value)
{
    return mill_hunt_on ? mill_key_set(key, (void *)value) : mill_real()->pthread_setspecific(key, value);
}
