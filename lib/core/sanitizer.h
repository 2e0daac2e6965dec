/* Which sanitizer this object was compiled under. A hunted program has ThreadSanitizer's instrumentation and
 * not its runtime (hunt/README.md): MILL_UNDER_HUNT comes from the build. */
#ifndef MILL_CORE_SANITIZER_H
#define MILL_CORE_SANITIZER_H

#ifndef MILL_UNDER_HUNT
#define MILL_UNDER_HUNT 0
#endif

#if MILL_UNDER_HUNT
#define MILL_UNDER_TSAN 0
#elif defined(__SANITIZE_THREAD__)
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
