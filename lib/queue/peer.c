#include "queue/peer.h"

void mill_peer_close(struct mill_queue *queue)
{
    struct mill_peer_queue *peer = (struct mill_peer_queue *)(void *)queue;
    /* release: pairs with the acquire in mill_peer_closed */
    atomic_store_explicit(&peer->closed, true, memory_order_release);
}
