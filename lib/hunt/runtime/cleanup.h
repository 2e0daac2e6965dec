/* What compilers and glibc's macros call, and no header declares, or not to every program.
 */
#ifndef MILL_HUNT_RUNTIME_CLEANUP_H
#define MILL_HUNT_RUNTIME_CLEANUP_H

#include <pthread.h>

/* pthread_cleanup_push and pthread_cleanup_pop in C without -fexceptions. */
void __pthread_register_cancel(__pthread_unwind_buf_t *buffer);
void __pthread_unregister_cancel(__pthread_unwind_buf_t *buffer);
void __pthread_register_cancel_defer(__pthread_unwind_buf_t *buffer);
void __pthread_unregister_cancel_restore(__pthread_unwind_buf_t *buffer);
_Noreturn void __pthread_unwind_next(__pthread_unwind_buf_t *buffer);

/* A thread_local object of C++ was made: it is destroyed when the thread ends. 0. */
int __cxa_thread_atexit_impl(void (*destroy)(void *), void *object, void *library);

#endif
