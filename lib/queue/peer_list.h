/* The queues of other libraries, one line each, as in queue_list.h. A peer is one adapter peer_*.c or
 * peer_*.cc, what it needs in CMakeLists.txt and core/peer.h, and its row in README.md.
 */
#ifndef MILL_QUEUE_PEER_LIST_H
#define MILL_QUEUE_PEER_LIST_H

#define MILL_QUEUE_PEERS(X) \
    X(ck_ring_spsc)         \
    X(ck_ring_spmc)         \
    X(ck_ring_mpsc)         \
    X(ck_ring_mpmc)         \
    X(ck_hp_fifo)           \
    X(urcu_wfcqueue)        \
    X(urcu_wfcqueue_mpsc)   \
    X(urcu_lfqueue)         \
    X(moodycamel)           \
    X(moodycamel_tokens)    \
    X(moodycamel_spsc)      \
    X(moodycamel_spsc_list) \
    X(atomic_queue)         \
    X(atomic_queue_spsc)    \
    X(xenium_ms_hazard)     \
    X(xenium_ms_epoch)      \
    X(xenium_vyukov)        \
    X(xenium_ramalhete)     \
    X(tbb_bounded)          \
    X(tbb_unbounded)        \
    X(boost_queue)          \
    X(boost_spsc)

#endif
