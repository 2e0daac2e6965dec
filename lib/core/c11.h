/* What of C11 a header needs that C++17 includes too. In C this is <stdatomic.h>. In C++ the same names stand
 * for those of <atomic>, as the <stdatomic.h> of C++23 has it; an atomic type is then written with
 * parentheses, _Atomic(uint32_t). Both languages lay all of it out alike.
 *
 *     extern "C" {
 *     #include "core/fence.h"
 *     }
 */
#ifndef MILL_CORE_C11_H
#define MILL_CORE_C11_H

#ifdef __cplusplus
extern "C++" {
#include <atomic>
}
#define _Atomic(type) std::atomic<type>
#define _Thread_local __thread /* C++'s own would look for a constructor at each access */
using std::atomic_bool;
using std::atomic_fetch_add_explicit;
using std::atomic_fetch_sub_explicit;
using std::atomic_load_explicit;
using std::atomic_signal_fence;
using std::atomic_store_explicit;
using std::atomic_thread_fence;
using std::atomic_uint;
using std::memory_order_acquire;
using std::memory_order_relaxed;
using std::memory_order_release;
using std::memory_order_seq_cst;
#else
#include <stdatomic.h>
#endif

#endif
