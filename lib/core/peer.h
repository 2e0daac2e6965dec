/* Whose implementation a strategy is, and what follows from that: for each peer below
 *
 *     MILL_<peer>_LIBRARY   about.library
 *     MILL_<peer>_MISSING   about.missing
 *     MILL_<peer>_TRAITS    traits that all its strategies have beside their own, where there are such
 *     MILL_<peer>(function) the function, or a null pointer where the library is missing (peers used from C)
 *
 * MILL_HAVE_<peer> comes from the build of the folder that uses it. A strategy whose library is missing keeps
 * its table, so that it is reported as unavailable instead of vanishing. Headers that C++ includes too.
 */
#ifndef MILL_CORE_PEER_H
#define MILL_CORE_PEER_H

#include <features.h>
#include <stddef.h>

#include "core/strategy.h"

#define MILL_PEER_QUOTE(text)             #text
#define MILL_PEER_TEXT(expansion)         MILL_PEER_QUOTE(expansion)

#define MILL_PEER_WITHOUT(name, packages) "built without " name ": install " packages " and configure again"

#define MILL_OURS_LIBRARY                 NULL
#define MILL_OURS_MISSING                 NULL
#define MILL_OURS_TRAITS                  0

#define MILL_LIBC_MISSING                 NULL
#define MILL_LIBC_TRAITS                  MILL_PTHREADS
#ifdef __GLIBC__
#define MILL_LIBC_LIBRARY "glibc"
#define MILL_LIBC_SOURCE  "glibc " MILL_PEER_TEXT(__GLIBC__) "." MILL_PEER_TEXT(__GLIBC_MINOR__)
#else
#define MILL_LIBC_LIBRARY "libc"
#define MILL_LIBC_SOURCE  "C library"
#endif

/* C11's mutex: the same library, by names that ThreadSanitizer and Valgrind do not know. */
#define MILL_C11_LIBRARY MILL_LIBC_LIBRARY
#define MILL_C11_MISSING NULL
#define MILL_C11_TRAITS  MILL_HIDES_ATOMICS

#define MILL_CK_LIBRARY  "Concurrency Kit"
#define MILL_CK_TRAITS   MILL_HIDES_ATOMICS /* inline assembly */
#if defined(MILL_HAVE_CK)
#define MILL_CK_MISSING      NULL
#define MILL_CK(implemented) implemented
#else
#define MILL_CK_MISSING      MILL_PEER_WITHOUT(MILL_CK_LIBRARY, "it (libck-dev)")
#define MILL_CK(implemented) 0
#endif

#define MILL_NSYNC_LIBRARY "nsync"
#define MILL_NSYNC_TRAITS  MILL_HIDES_ATOMICS /* a library without instrumentation */
#if defined(MILL_HAVE_NSYNC)
#define MILL_NSYNC_MISSING      NULL
#define MILL_NSYNC(implemented) implemented
#else
#define MILL_NSYNC_MISSING      MILL_PEER_WITHOUT(MILL_NSYNC_LIBRARY, "it (libnsync-dev)")
#define MILL_NSYNC(implemented) 0
#endif

#define MILL_URCU_LIBRARY "liburcu"
#define MILL_URCU_TRAITS  MILL_HIDES_ATOMICS /* inline assembly, and a library without instrumentation */
#if defined(MILL_HAVE_URCU)                  /* its version, which its headers do not tell */
#define MILL_URCU_SOURCE       "liburcu " MILL_HAVE_URCU
#define MILL_URCU_MISSING      NULL
#define MILL_URCU(implemented) implemented
#else
#define MILL_URCU_SOURCE       "liburcu"
#define MILL_URCU_MISSING      MILL_PEER_WITHOUT(MILL_URCU_LIBRARY, "it (liburcu-dev)")
#define MILL_URCU(implemented) 0
#endif

#define MILL_MOODYCAMEL_LIBRARY "moodycamel"
#if defined(MILL_HAVE_MOODYCAMEL)
#define MILL_MOODYCAMEL_MISSING NULL
#else
#define MILL_MOODYCAMEL_MISSING \
    MILL_PEER_WITHOUT("moodycamel's ConcurrentQueue", "it (libconcurrentqueue-dev)")
#endif

#if defined(MILL_HAVE_READERWRITER)
#define MILL_READERWRITER_MISSING NULL
#else
#define MILL_READERWRITER_MISSING \
    MILL_PEER_WITHOUT("moodycamel's ReaderWriterQueue", "it (libreaderwriterqueue-dev)")
#endif

#define MILL_ATOMIC_QUEUE_LIBRARY "atomic_queue"
#if defined(MILL_HAVE_ATOMIC_QUEUE)
#define MILL_ATOMIC_QUEUE_MISSING NULL
#else
#define MILL_ATOMIC_QUEUE_MISSING MILL_PEER_WITHOUT("atomic_queue", "it (libatomic-queue-dev)")
#endif

#define MILL_XENIUM_LIBRARY "xenium"
#if defined(MILL_HAVE_XENIUM)
#define MILL_XENIUM_MISSING NULL
#else
#define MILL_XENIUM_MISSING MILL_PEER_WITHOUT("xenium", "it (libxenium-dev)")
#endif

#define MILL_TBB_LIBRARY "oneTBB"
#if defined(MILL_HAVE_TBB)
#define MILL_TBB_MISSING      NULL
#define MILL_TBB(implemented) implemented
#else
#define MILL_TBB_MISSING      MILL_PEER_WITHOUT("oneTBB", "it (libtbb-dev)")
#define MILL_TBB(implemented) 0
#endif

#define MILL_GLIB_LIBRARY "GLib"
#define MILL_GLIB_TRAITS  MILL_HIDES_ATOMICS /* a library without instrumentation */
#if defined(MILL_HAVE_GLIB)
#define MILL_GLIB_MISSING      NULL
#define MILL_GLIB(implemented) implemented
#else
#define MILL_GLIB_MISSING      MILL_PEER_WITHOUT(MILL_GLIB_LIBRARY, "it (libglib2.0-dev)")
#define MILL_GLIB(implemented) 0
#endif

/* The compiler's own. */
#if defined(__clang__)
#define MILL_OPENMP_LIBRARY "LLVM OpenMP"
#else
#define MILL_OPENMP_LIBRARY "GNU OpenMP"
#endif
#if defined(MILL_HAVE_OPENMP)
#define MILL_OPENMP_MISSING      NULL
#define MILL_OPENMP(implemented) implemented
#else
#define MILL_OPENMP_MISSING      MILL_PEER_WITHOUT(MILL_OPENMP_LIBRARY, "it (libomp-dev, or gcc's libgomp)")
#define MILL_OPENMP(implemented) 0
#endif

#define MILL_BOOST_LIBRARY "Boost.Lockfree"
#if defined(MILL_HAVE_BOOST)
#define MILL_BOOST_MISSING NULL
#else
#define MILL_BOOST_MISSING MILL_PEER_WITHOUT("Boost.Lockfree", "it (libboost-dev)")
#endif

#endif
