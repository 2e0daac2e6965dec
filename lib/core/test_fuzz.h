/* What fuzz targets (fuzz/ of a folder, scripts/flavours.cmake) share: `must` ends the process, for libFuzzer
 * to keep the input. */
#ifndef MILL_CORE_TEST_FUZZ_H
#define MILL_CORE_TEST_FUZZ_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

/* libFuzzer calls it with every input. */
int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

#define must(condition) must_be((condition), #condition, __FILE__, __LINE__)

static inline void must_be(bool is, const char *what, const char *file, int line)
{
    if (!is) {
        fprintf(stderr, "%s:%d: not so: %s\n", file, line, what);
        abort();
    }
}

#endif
