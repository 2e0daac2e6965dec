/* What went wrong, in words: filled in where it is known, printed by the program and nowhere else.
 *
 * Functions that can fail return 0 or a negative errno and take a `struct mill_error *` that says which
 * thing, which value and what to do. The message is one line without a final stop or newline.
 *
 *     struct mill_error error;
 *     int status = mill_plan_make(..., &error);
 *     if (status < 0)
 *         fprintf(stderr, "threadmill: %s\n", error.message);
 *
 * Belongs to the caller; not shared between threads.
 */
#ifndef MILL_CORE_ERROR_H
#define MILL_CORE_ERROR_H

struct mill_error {
    char message[1024];
};

/* Formats the message and returns `status`, so that a failing function can `return mill_error_set(error,
 * -EINVAL, …)`. `error` may be NULL: then only the status is passed on. A message too long for the buffer
 * ends in "…", with no UTF-8 character cut in half. The old message may be among the arguments:
 *
 *     return mill_error_set(error, status, "%s: %s", path, error->message);
 */
int mill_error_set(struct mill_error *error, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

#endif
