/* A linked list of items behind a dummy node, for queues under locks (Michael and Scott 1996): the head is a
 * node whose item was taken, so that whoever puts and whoever takes touch different nodes except for one
 * `next`.
 *
 * Any number of threads may use it when puts exclude each other and takes exclude each other; a put and a
 * take need not.
 */
#ifndef MILL_QUEUE_LINKED_ITEMS_H
#define MILL_QUEUE_LINKED_ITEMS_H

#include <errno.h>
#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stdlib.h>

struct mill_linked_item {
    struct mill_linked_item *_Atomic next;
    void *item;
};

/* NULL when memory is out. */
static inline struct mill_linked_item *mill_linked_item_make(void *item)
{
    struct mill_linked_item *made = malloc(sizeof *made);
    if (made) {
        atomic_init(&made->next, NULL);
        made->item = item;
    }
    return made;
}

/* Appends an item under the mutex that excludes appends: 0, -ENOMEM, or -EPIPE where `*tail` is NULL, which
 * is how a queue says that it is closed. The node is made before the lock, so that a thread that waits in the
 * allocator holds nobody up. */
static inline int mill_linked_item_put(pthread_mutex_t *mutex, struct mill_linked_item **tail, void *item)
{
    struct mill_linked_item *last = mill_linked_item_make(item);
    if (!last) {
        return -ENOMEM;
    }
    pthread_mutex_lock(mutex);
    bool closed = !*tail;
    if (!closed) {
        /* release: pairs with the acquire in mill_linked_item_take, which reads what is in `last` */
        atomic_store_explicit(&(*tail)->next, last, memory_order_release);
        *tail = last;
    }
    pthread_mutex_unlock(mutex);
    if (closed) {
        free(last);
    }
    return closed ? -EPIPE : 0;
}

/* Takes the oldest item. Returns the node to free, or NULL when there is no item. */
static inline struct mill_linked_item *mill_linked_item_take(struct mill_linked_item **head, void **item)
{
    struct mill_linked_item *dummy = *head;
    /* acquire: pairs with the release in mill_linked_item_put */
    struct mill_linked_item *first = atomic_load_explicit(&dummy->next, memory_order_acquire);
    if (!first) {
        return NULL;
    }
    *item = first->item;
    *head = first;
    return dummy;
}

/* Frees the list. Nobody uses it any more. */
static inline void mill_linked_item_free_all(struct mill_linked_item *head)
{
    while (head) {
        /* relaxed: nobody else is there */
        struct mill_linked_item *next = atomic_load_explicit(&head->next, memory_order_relaxed);
        free(head);
        head = next;
    }
}

#endif
