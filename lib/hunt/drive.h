/* The hunter's side of a job: starts the program that is hunted, and sees what it answers (job.h).
 *
 *     struct mill_drive drive;
 *     int status = mill_drive_open(&drive, &error);
 *     … fill in drive.job …
 *     status = mill_drive_run(&drive, &prey, &error);     0: look at drive.job->state
 *     mill_drive_close(&drive);
 *
 * A drive belongs to one thread; several may run side by side. mill_drive_run blocks until the program has
 * ended; a program that takes no more steps ends itself after job->patience_s.
 */
#ifndef MILL_HUNT_DRIVE_H
#define MILL_HUNT_DRIVE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "core/error.h"
#include "hunt/choices.h"
#include "hunt/job.h"

/* What is hunted: linked with the runtime. */
struct mill_prey {
    const char *program;
    char *const *arguments; /* the program's name first, ended by NULL */
    int input;              /* becomes its standard input, from its beginning each time; -1: empty */
    int output;             /* takes what it prints, if the job wants that; -1: ours */
};

struct mill_drive {
    struct mill_job *job; /* fresh: a version and defaults are filled in */
    int memory;           /* its file descriptor */
    pid_t process;        /* while one runs; else 0 */
};

/* 0, or -ENOMEM and such. */
int mill_drive_open(struct mill_drive *drive, struct mill_error *error);
void mill_drive_close(struct mill_drive *drive);

/* Starts the program, without waiting. What it answered before is forgotten, but for what its explorer has
 * learnt. 0, or: -ENOENT and such, it cannot be started. */
int mill_drive_start(struct mill_drive *drive, const struct mill_prey *prey, struct mill_error *error);

/* The calling process becomes `program` (looked up as a shell does), with the job: the prey itself, or what
 * starts it, as a debugger. Returns only if that fails: a negative errno. */
int mill_drive_become(const struct mill_drive *drive, const char *program, char *const *arguments);

/* Waits for its end. With `timeout_ms` at most so long: -ETIMEDOUT then; -1 is for ever. -ENOEXEC: it was not
 * linked with the runtime. A program that ended without a word is told in `error`, -EIO. */
int mill_drive_wait(struct mill_drive *drive, int timeout_ms, struct mill_error *error);

/* Ends a program that runs. */
void mill_drive_kill(struct mill_drive *drive);

int mill_drive_run(struct mill_drive *drive, const struct mill_prey *prey, struct mill_error *error);

/* The choices of the last schedule. */
struct mill_choices *mill_drive_made(const struct mill_drive *drive);

/* From now on the job is to follow these choices. 0 or -ENOBUFS. */
int mill_drive_follow(struct mill_drive *drive, const struct mill_choices *choices, bool strict);

/* What tells one program from another: a hash of the file. 0 or a negative errno. */
int mill_drive_identify(const char *program, uint64_t *hash, struct mill_error *error);

#endif
