/* A sanitizer's report, as the failure of a schedule. */
#ifndef MILL_HUNT_RUNTIME_SANITIZED_TELLING_H
#define MILL_HUNT_RUNTIME_SANITIZED_TELLING_H

#include "hunt/job.h"

/* The kind of failure that goes by the sanitizer's name for it ("data-race", "heap-use-after-free"). */
enum mill_failure_kind mill_sanitized_kind(const char *description);

/* Adds a stack of so many frames, of which a NULL is the end. */
void mill_sanitized_stack(struct mill_failure *failure, unsigned thread, const char *what, void **frames,
                          unsigned most);

/* Keeps the report's text, as much as there is room for. */
void mill_sanitized_keep(struct mill_job *job, const char *text, size_t size);

#endif
