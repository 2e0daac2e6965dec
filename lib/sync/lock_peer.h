/* Whose implementation a strategy is, and what follows from that: for each of OURS, LIBC, CK and NSYNC
 *
 *     MILL_<peer>_LIBRARY   about.library
 *     MILL_<peer>_MISSING   about.missing
 *     MILL_<peer>_TRAITS    traits that its strategies have beside their own
 *     MILL_<peer>(function) the function, or a null pointer where the library is missing
 *
 * MILL_HAVE_CK and MILL_HAVE_NSYNC come from the build. A strategy whose library is missing keeps its table,
 * so that it is reported as unavailable instead of vanishing.
 */
#ifndef MILL_SYNC_LOCK_PEER_H
#define MILL_SYNC_LOCK_PEER_H

#include <features.h>
#include <stddef.h>

#include "core/strategy.h"

#define MILL_PEER_QUOTE(text)     #text
#define MILL_PEER_TEXT(expansion) MILL_PEER_QUOTE(expansion)

#define MILL_OURS_LIBRARY         NULL
#define MILL_OURS_MISSING         NULL
#define MILL_OURS_TRAITS          0

#define MILL_LIBC_MISSING         NULL
#define MILL_LIBC_TRAITS          0
#ifdef __GLIBC__
#define MILL_LIBC_LIBRARY "glibc"
#define MILL_LIBC_SOURCE  "glibc " MILL_PEER_TEXT(__GLIBC__) "." MILL_PEER_TEXT(__GLIBC_MINOR__)
#else
#define MILL_LIBC_LIBRARY "libc"
#define MILL_LIBC_SOURCE  "C library"
#endif

#define MILL_CK_LIBRARY "Concurrency Kit"
#define MILL_CK_TRAITS  MILL_HIDES_ATOMICS /* inline assembly */
#if defined(MILL_HAVE_CK)
#define MILL_CK_MISSING      NULL
#define MILL_CK(implemented) implemented
#else
#define MILL_CK_MISSING      "built without Concurrency Kit: install its headers (libck-dev) and configure again"
#define MILL_CK(implemented) 0
#endif

#define MILL_NSYNC_LIBRARY "nsync"
#define MILL_NSYNC_TRAITS  MILL_HIDES_ATOMICS /* a library without instrumentation */
#if defined(MILL_HAVE_NSYNC)
#define MILL_NSYNC_MISSING      NULL
#define MILL_NSYNC(implemented) implemented
#else
#define MILL_NSYNC_MISSING      "built without nsync: install it (libnsync-dev) and configure again"
#define MILL_NSYNC(implemented) 0
#endif

#endif
