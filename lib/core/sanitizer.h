/* Which sanitizer this object was compiled under. */
#ifndef MILL_CORE_SANITIZER_H
#define MILL_CORE_SANITIZER_H

#if defined(__SANITIZE_THREAD__)
#define MILL_UNDER_TSAN 1
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define MILL_UNDER_TSAN 1
#endif
#endif
#ifndef MILL_UNDER_TSAN
#define MILL_UNDER_TSAN 0
#endif

#if defined(__SANITIZE_ADDRESS__)
#define MILL_UNDER_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define MILL_UNDER_ASAN 1
#endif
#endif
#ifndef MILL_UNDER_ASAN
#define MILL_UNDER_ASAN 0
#endif

#endif
