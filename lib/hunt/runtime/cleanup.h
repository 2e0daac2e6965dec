/* What pthread_cleanup_push and pthread_cleanup_pop of glibc call in C without -fexceptions. <pthread.h>
 * declares them only to such programs.
 */
#ifndef MILL_HUNT_RUNTIME_CLEANUP_H
#define MILL_HUNT_RUNTIME_CLEANUP_H

#include <pthread.h>

void __pthread_register_cancel(__pthread_unwind_buf_t *buffer);
void __pthread_unregister_cancel(__pthread_unwind_buf_t *buffer);
void __pthread_register_cancel_defer(__pthread_unwind_buf_t *buffer);
void __pthread_unregister_cancel_restore(__pthread_unwind_buf_t *buffer);
_Noreturn void __pthread_unwind_next(__pthread_unwind_buf_t *buffer);

#endif
